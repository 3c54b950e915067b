#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Shows that the campaign finds faults: it must fail on each build that has one wrong line.

Only the file with that line is compiled, from a copy, and linked in place of the right one."""

import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/release"

# For each fault: the file, the right line, the wrong line, the faults of the campaign that show it, and the
# invariants of which at least one must be violated.
BROKEN = {
    "a rotation that does not look at the counter": (
        "store/sql/rotation.cpp",
        """AND s.secret_hash = $6 AND s.counter = $7 AND s.rotated_4 <= $1 - $8
  AND s.ended IS NULL AND s.idle_end > $1 AND s.absolute_end > $1 AND s.client_id = ''
  AND ($9 = 0 OR s.delivery <> 'body')
RETURNING""",
        """AND s.secret_hash = $6 AND s.ended IS NULL
RETURNING""",
        ["rotate keys"],
        ("I1", "I2", "I3"),
    ),
    "revocations that a node does not read again when it starts": (
        "store/postgres/store.cpp",
        "return SqlStore::load_revocations();",
        "return {};",
        ["kill a node"],
        ("I3",),
    ),
    "a node that believes its own clock": (
        "base/clock.cpp",
        "if (!follows.load(std::memory_order_relaxed) && boot >= next_look)",
        "if (true)",
        ["skew a clock"],
        ("I1", "I3", "I4", "I5", "I9"),
    ),
}


def build(name):
    """Builds the broken program and returns its path."""
    file, right, wrong, _, _ = BROKEN[name]
    source = ROOT / "src" / file
    text = source.read_text(encoding="utf-8")
    if text.count(right) != 1:
        sys.exit(f"broken: {file} has changed: this is there {text.count(right)} times: {right}")
    out = ROOT / "build/broken" / name.replace(" ", "-")
    out.mkdir(parents=True, exist_ok=True)
    copy = out / source.name
    copy.write_text(text.replace(right, wrong), encoding="utf-8")
    commands = json.loads((BUILD / "compile_commands.json").read_text(encoding="utf-8"))
    compile_words = shlex.split(next(one["command"] for one in commands if one["file"] == str(source)))
    compile_words[compile_words.index("-o") + 1] = str(out / "broken.o")
    compile_words[compile_words.index(str(source))] = str(copy)
    run = {"cwd": BUILD, "check": True}
    subprocess.run(compile_words, **run)
    link = subprocess.run(
        ["ninja", "-t", "commands", "coatcheck"], **run, capture_output=True, text=True
    ).stdout.splitlines()[-1]
    link_words = shlex.split(link.removeprefix(": && ").removesuffix(" && :"))
    # Before the libraries: the linker takes no member of a library whose symbols it has already.
    first_library = next(i for i, word in enumerate(link_words) if word.endswith(".a"))
    link_words.insert(first_library, str(out / "broken.o"))
    link_words[link_words.index("-o") + 1] = str(out / "coatcheck")
    subprocess.run(link_words, **run)
    return out / "coatcheck"


def main():
    seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
    missed = []
    for name, (_, _, _, faults, invariants) in BROKEN.items():
        print(f"broken: {name}", flush=True)
        began = time.monotonic()
        ran = subprocess.run(
            [
                sys.executable,
                ROOT / "tests/campaign/campaign.py",
                "--seconds",
                seconds,
                "--stop-at-violation",
                "--faults",
                *faults,
            ],
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, "COATCHECK_BINARY": str(build(name))},
        )
        found = [
            line
            for line in ran.stderr.splitlines()
            if line.startswith("violation: ") and line.split()[1].rstrip(":") in invariants
        ]
        print(
            f"  {'caught' if found else 'NOT CAUGHT'} after {time.monotonic() - began:.0f} s: {found[0] if found else ran.stdout[-500:] + ran.stderr[-2000:]}",
            flush=True,
        )
        if not found or ran.returncode != 1:
            missed.append(name)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

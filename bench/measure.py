# SPDX-License-Identifier: Apache-2.0
"""Measures Coatcheck and what it is compared with, in turn and in one run.
script/bench calls this once the release binary is built."""

import argparse
import datetime
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import programs
import row_calls
import row_counts
import row_flood
import row_growth
import row_headline
import row_library
import row_memory
import row_mixed
import row_nodes
import row_refresh
import row_sign_in
import row_stalled
import row_start
import row_verify
from figures import as_markdown, as_text
from servers import BINARY, CORES, NGINX, ROOT, Failed, run, version_of
from town import Town

ROWS = {
    "verify": row_verify,
    "mixed": row_mixed,
    "calls": row_calls,
    "counts": row_counts,
    "sign-in": row_sign_in,
    "flood": row_flood,
    "refresh": row_refresh,
    "memory": row_memory,
    "stalled": row_stalled,
    "start": row_start,
    "library": row_library,
    "nodes": row_nodes,
    "growth": row_growth,
    "headline": row_headline,
}
RESULTS = ROOT / "bench/RESULTS.md"
IN_A_MINUTE = ["verify", "sign-in", "refresh", "start", "counts"]
LIMIT_SECONDS = 3600
COMMAND = "script/bench"


class Bench:
    """What the rows share: the options of the run, the users, and the output."""

    def __init__(self, options, directory):
        self.options = options
        self.town = Town(directory)
        self.filesystem = filesystem_of(directory)

    def rounds(self, at_most=None):
        return range(1, min(self.options.rounds, at_most or self.options.rounds) + 1)

    def seconds(self, usual):
        """How long a measurement takes; whole seconds stay whole."""
        return max(1, usual // 2) if self.options.quick else usual

    def say(self, figure, number, text, of=None):
        print(f"  {figure.name}, {number} of {of or self.options.rounds}: {text}", flush=True)


def filesystem_of(directory):
    return run("df", "--output=fstype", directory).split()[-1]


def cpu_model():
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found.group(1) if found else platform.machine()


def commit():
    def git(*words):
        return subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True).stdout.strip()

    changed = " with changes" if git("status", "--porcelain", "--", "src", "CMakeLists.txt") else ""
    return (git("rev-parse", "--short", "HEAD") or "unknown") + changed


def facts(bench, load):
    """What a reader needs in order to judge the figures. No names of machines, users or directories."""
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text()).group(1)) / 1024 / 1024
    return [
        ("date", datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")),
        ("command", " ".join([COMMAND, *sys.argv[1:]])),
        ("Coatcheck", f"{run(BINARY, '--version').strip()}, commit {commit()}"),
        (
            "machine",
            f"{CORES} cores, {cpu_model()}, {memory:.1f} GiB of memory; the load generators run on the same cores",
        ),
        ("load before the run", f"{load:.2f}"),
        ("kernel", f"{platform.system()} {platform.release()}"),
        ("file system of the databases", bench.filesystem),
        ("nginx", version_of(NGINX, r"nginx/(\S+)", "-v")),
        ("wrk", version_of("wrk", r"wrk (\S+)", "-v")),
        ("libsodium", run(programs.program("raw_argon2id"), "version").strip()),
        ("OpenSSL", run(programs.program("raw_sign"), "version").strip().removeprefix("OpenSSL ")),
        ("SQLite", run(programs.program("raw_sqlite"), "version").strip()),
    ]


def write_results(figures, known):
    notes = [
        f"- {figure.row}, {figure.name}: {text}"
        for figure in figures
        for text in figure.notes + [f"void: {wrong}" for wrong in figure.wrong]
    ]
    lines = [
        "# Results",
        "",
        f"Written by `{COMMAND} --write`. Each row is measured beside its reference, in turn, in one run. Figures are medians over",
        "the rounds, with the lowest and the highest in brackets; a ratio is the median of the rounds' ratios. Wrong answers in",
        "a run make its figure void.",
        "",
        as_markdown(figures),
        "",
        *notes,
        "",
        "| | |",
        "| --- | --- |",
        *(f"| {name} | {value} |" for name, value in known),
        "",
    ]
    RESULTS.write_text("\n".join(lines))
    print(f"bench: wrote {RESULTS.relative_to(ROOT)}")


def parse(words):
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__.splitlines()[0])
    parser.add_argument(
        "rows", nargs="*", metavar="ROW", help=f"rows to measure, all if none is given: {', '.join(ROWS)}"
    )
    parser.add_argument("--rounds", type=int, help="how often each row and its reference take turns (5)")
    parser.add_argument(
        "--quick", action="store_true", help="two short rounds: to see that it works, not how fast it is"
    )
    parser.add_argument(
        "--minute",
        action="store_true",
        help=f"one short round of what a minute suffices for: {', '.join(IN_A_MINUTE)}",
    )
    parser.add_argument("--write", action="store_true", help="write bench/RESULTS.md")
    options = parser.parse_args(words)
    unknown = [row for row in options.rows if row not in ROWS]
    if unknown:
        parser.error(f"there is no row {unknown[0]}; there are {', '.join(ROWS)}")
    options.rows = options.rows or (IN_A_MINUTE if options.minute else list(ROWS))
    options.rounds = options.rounds or (1 if options.minute else 2 if options.quick else 5)
    options.quick = options.quick or options.minute
    if options.rounds < 1:
        parser.error("at least one round")
    return options


def give_up(number, _):
    if number == signal.SIGALRM:
        raise Failed(f"not done after {LIMIT_SECONDS} s")
    sys.exit(128 + number)


def main():
    options = parse(sys.argv[1:])
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, give_up)
    signal.alarm(LIMIT_SECONDS)
    started = time.monotonic()
    load = os.getloadavg()[0]
    programs.compile_all()
    if load > 0.5:
        print(
            f"bench: something else runs on this machine (load {load:.1f}): figures will be noisy", flush=True
        )

    directory = Path(tempfile.mkdtemp(prefix="coatcheck-bench-"))
    figures, failed = [], []
    try:
        bench = Bench(options, directory)
        for row in options.rows:
            print(f"\n== {row} ({time.monotonic() - started:.0f} s)", flush=True)
            try:
                figures += ROWS[row].measure(bench)
            except (Failed, OSError, subprocess.TimeoutExpired) as error:
                print(f"bench: {row} cannot be measured: {error}", file=sys.stderr)
                failed.append(row)
        known = facts(bench, load)
    finally:
        shutil.rmtree(directory, ignore_errors=True)

    print(f"\n== results after {time.monotonic() - started:.0f} s\n\n{as_text(figures)}\n")
    for name, value in known:
        print(f"{name}: {value}")
    if options.write and not failed:
        write_results(figures, known)
    void = [figure for figure in figures if figure.wrong]
    return 1 if void or failed else 0


if __name__ == "__main__":
    sys.exit(main())

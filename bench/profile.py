#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures where a request's time goes, and draws the picture of it in docs/performance.md. Needs Linux's
perf (Debian: linux-perf) and a release build; script/bench compiles the load generators. It samples what the
server's cores do while the server is busy, and divides the CPU time of a request in the same shares."""

import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import programs
from servers import BINARY, CORES, ROOT, Failed, run
from town import Town

PICTURE = ROOT / "docs/performance.svg"
SECONDS = 5
CONNECTIONS = 64
# Part: a pattern for the files of the process that belong to it, and its colour.
PARTS = {
    "kernel: sockets, disk, threads": (r"^\[k", "#5b6b7f"),
    "OpenSSL: signature, digests": (r"libcrypto", "#c8553d"),
    "SQLite": (r"libsqlite", "#d9a441"),
    "memory and copies": (r"libc\.so|ld-linux", "#8a9a5b"),
    "JSON": (r"libboost_json", "#4f9d9d"),
    "Coatcheck: HTTP, tokens, rules": (r"", "#3b5d8f"),
}


def shares(pid, work):
    """Runs `work`. Returns its result, and each part's share of the samples meanwhile."""
    with tempfile.NamedTemporaryFile(prefix="coatcheck-perf-") as file:
        perf = subprocess.Popen(
            [
                "perf",
                "record",
                "-q",
                "-F",
                "1999",
                "-e",
                "cpu-clock",
                "-p",
                f"{pid}",
                "-o",
                file.name,
                "--",
                "sleep",
                f"{SECONDS}",
            ]
        )
        result = work()
        if perf.wait(timeout=30) != 0:
            raise Failed("perf cannot sample the server")
        said = run("perf", "report", "-i", file.name, "--no-children", "--stdio", "-q", "--sort", "dso")
    of = dict.fromkeys(PARTS, 0.0)
    for share, name in re.findall(r"^\s*([\d.]+)%\s+(\S+)", said, re.MULTILINE):
        of[next(part for part, (pattern, _) in PARTS.items() if re.search(pattern, name))] += float(share)
    total = sum(of.values())
    return result, {part: share / total for part, share in of.items()}


def measure(town):
    """Returns the microseconds of a core for each kind of request, by part."""
    key = run(BINARY, "service-key", "add", "profile", "--scope", "introspect", "--data", town.data).strip()
    costs = {}
    with town.server("sessions.refresh_grace=1ms") as server:
        tokens, chains = town.directory / "tokens", town.directory / "chains"
        tokens.write_text("\n".join(town.access_tokens(server, 1000)) + "\n")
        chains.write_text(
            "".join(each["refresh_token"] + "\n" for each in town.sign_all_in(server, town.names))
        )

        def wrk(kind):
            return lambda: programs.wrk(server.port, CONNECTIONS, SECONDS, tokens, kind, key=key)["answers"]

        works = {
            "verify, a token seen before": wrk("verify"),
            "introspection": wrk("introspect"),
            "refresh, on disk before the answer": lambda: programs.client(
                "refresh", server.port, 0, SECONDS, CONNECTIONS, CORES, chains
            )[0]["answers"],
        }
        wrk("verify")()
        for name, work in works.items():
            before = server.cpu_seconds()
            answers, share = shares(server.process.pid, work)
            time.sleep(0.2)
            cost = (server.cpu_seconds() - before) / answers * 1e6
            costs[name] = {part: cost * of for part, of in share.items()}
            print(
                f"{name}: {cost:.1f} µs: "
                + ", ".join(f"{part} {value:.1f}" for part, value in costs[name].items()),
                flush=True,
            )
    return costs


def picture(costs):
    width, left, bar, gap, top = 860, 20, 34, 34, 34
    widest = max(sum(parts.values()) for parts in costs.values())
    scale = (width - 2 * left - 70) / widest
    rows, y = [], top
    for name, parts in costs.items():
        rows.append(f'<text x="{left}" y="{y}" font-weight="600">{name}</text>')
        x = left
        for part, value in parts.items():
            size = value * scale
            rows.append(
                f'<rect x="{x:.1f}" y="{y + 8}" width="{size:.1f}" height="{bar}" fill="{PARTS[part][1]}"><title>{part}: {value:.1f} µs</title></rect>'
            )
            if size > 26:
                rows.append(
                    f'<text x="{x + size / 2:.1f}" y="{y + 8 + bar / 2 + 5}" fill="#fff" text-anchor="middle">{value:.0f}</text>'
                )
            x += size
        rows.append(f'<text x="{x + 8:.1f}" y="{y + 8 + bar / 2 + 5}">{sum(parts.values()):.0f} µs</text>')
        y += bar + gap
    y += 4
    for number, (part, (_, colour)) in enumerate(PARTS.items()):
        x, line = left + number % 3 * 275, y + number // 3 * 24
        rows.append(
            f'<rect x="{x}" y="{line - 11}" width="13" height="13" rx="2" fill="{colour}"/><text x="{x + 20}" y="{line}">{part}</text>'
        )
    height = y + 40
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="system-ui, sans-serif" font-size="14" fill="#222" role="img">',
            "<title>Microseconds of one core for a request, by what it is spent on</title>",
            f'<rect width="{width}" height="{height}" fill="#fbfaf7"/>',
            *rows,
            "</svg>",
            "",
        ]
    )


def main():
    if not shutil.which("perf"):
        print("profile: this needs perf: apt-get install linux-perf", file=sys.stderr)
        return 1
    programs.compile_all()
    directory = Path(tempfile.mkdtemp(prefix="coatcheck-profile-"))
    try:
        town = Town(directory)
        town.fill()
        PICTURE.write_text(picture(measure(town)))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print(f"profile: wrote {PICTURE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

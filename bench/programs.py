# SPDX-License-Identifier: Apache-2.0
"""Compiles the load generators and the raw references with plain g++ -O2 into build/bench, and runs them."""

import json
from pathlib import Path

from servers import CORES, ROOT, Failed, run

HERE = Path(__file__).resolve().parent
OUT = ROOT / "build/bench"
LIBRARY = ROOT / "build/library"  # script/library installs it there
COATCHECK = [f"-I{LIBRARY}/include", f"-L{LIBRARY}/lib", "-lcoatcheck", f"-Wl,-rpath,{LIBRARY}/lib"]
LIBRARIES = {
    "client": [],
    "stalled": [],
    "raw_argon2id": ["-lsodium"],
    "raw_sign": ["-lcrypto"],
    "raw_sqlite": ["-lsqlite3"],
    "raw_verify": ["-lcrypto"],
    "library_check": COATCHECK,
    "follow": COATCHECK,
}
ELSEWHERE = {"follow": ROOT / "sdk/cpp/test/follow.cpp"}  # programs whose source is not in this directory


def program(name):
    return OUT / name


def compile_all():
    OUT.mkdir(parents=True, exist_ok=True)
    header = HERE / "timed_threads.hpp"
    for name, libraries in LIBRARIES.items():
        source = ELSEWHERE.get(name, HERE / f"{name}.cpp")
        newest = max(source.stat().st_mtime, header.stat().st_mtime)
        if program(name).exists() and program(name).stat().st_mtime >= newest:
            continue
        print(f"bench: compiling {source.name}", flush=True)
        run("g++", "-std=c++20", "-O2", "-o", program(name), source, *libraries, "-pthread", seconds=120)
    run("gcc", "-O2", "-shared", "-fPIC", "-o", program("count_allocations.so"), HERE / "count_allocations.c")


def raw(name, *arguments):
    """Returns what a raw reference prints: {"rate": ...}."""
    return json.loads(run(program(name), *arguments))


def client(kind, port, warm_up, seconds, connections, threads, file="-", rate=None):
    """Runs bench/client.cpp. Returns what it prints, and what was wrong with the answers, or None."""
    said = json.loads(
        run(
            program("client"),
            kind,
            port,
            warm_up,
            seconds,
            connections,
            threads,
            file,
            *([rate] if rate else []),
            seconds=warm_up + seconds + 60,
        )
    )
    wrong = f"{said['wrong']} wrong answers, such as: {said['first_wrong']}" if said["wrong"] else None
    # Requests that were due and not sent were not measured either.
    if said["answers"] < (rate * seconds * 0.99 if rate else 1) and not wrong:
        wrong = f"{said['answers']} answers"
    return said, wrong


def wrk(port, connections, seconds, tokens, kind="verify", depth=1, key=""):
    """Runs wrk and returns what bench/requests.lua prints about it, with "rate"."""
    said = run(
        "wrk",
        f"-t{min(CORES, connections)}",
        f"-c{connections}",
        f"-d{seconds}s",
        "--timeout",
        "5s",
        "-s",
        HERE / "requests.lua",
        f"http://127.0.0.1:{port}/",
        "--",
        tokens,
        kind,
        depth,
        key,
        seconds=seconds + 30,
    )
    lines = [line for line in said.splitlines() if line.startswith("{")]
    if not lines:
        raise Failed(f"wrk said nothing of use: {said[-300:]}")
    result = json.loads(lines[-1])
    result["rate"] = result["answers"] / result["seconds"]
    return result

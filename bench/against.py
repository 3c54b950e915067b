# SPDX-License-Identifier: Apache-2.0
"""Compares this build with another one, such as the build before a change, in turn and in one run:

    script/build && /usr/bin/python3 bench/against.py OTHER-BINARY [--rounds 5] [--only "refresh, ES256"]

Prints the median of both and their ratio for each row. For rates more is better, for times and sizes less."""

import argparse
import contextlib
import statistics
import sys
import tempfile
from pathlib import Path

import programs
import row_memory
import row_start
import servers
from programs import client, wrk
from servers import BINARY, CORES, Process, coatcheck, run
from town import Town


def other_server(binary, data, *settings):
    """As servers.coatcheck(), with another binary."""
    process = coatcheck(data, *settings)
    return Process([binary, *process.command[1:]], process.port, process.log)


class Side:
    """One of the two builds, with data of its own."""

    def __init__(self, name, binary, directory):
        self.name, self.binary = name, binary
        directory.mkdir()
        self.town = Town(directory, binary)
        self.town.fill()

    def server(self, *settings):
        return other_server(self.binary, self.town.data, *settings)


def sizes(binary):
    fields = run("size", "-A", "-d", binary).splitlines()
    return sum(
        int(line.split()[1]) for line in fields if line.startswith((".text", ".rodata", ".data", ".eh_frame"))
    )


def rates(side, stack):
    """A function for each rate; each call measures once."""
    town = side.town
    server = stack.enter_context(side.server("sessions.refresh_grace=1ms").running())
    rsa = stack.enter_context(
        other_server(
            side.binary,
            stack.enter_context(copied(town)),
            "sessions.refresh_grace=1ms",
            "tokens.algorithm=RS256",
        ).running()
    )
    tokens = town.directory / "tokens"
    tokens.write_text("\n".join(town.access_tokens(server, 2000)) + "\n")
    chains, rsa_chains = town.directory / "chains", town.directory / "rsa-chains"
    for file, at in ((chains, server), (rsa_chains, rsa)):
        signed_in = town.sign_all_in(at, town.names)
        file.write_text("".join(each["refresh_token"] + "\n" for each in signed_in))
    forms = town.write_forms()
    wrk(server.port, 64, 1, tokens)

    def checked(rate_and_wrong):
        said, wrong = rate_and_wrong
        if wrong:
            raise servers.Failed(f"{side.name}: {wrong}")
        return said["rate"]

    def by_wrk(connections, depth):
        said = wrk(server.port, connections, 2, tokens, depth=depth)
        if said["not_200"] or said["broken"]:
            raise servers.Failed(f"{side.name}: {said}")
        return said["rate"]

    return {
        "verify, 64 connections": lambda: by_wrk(64, 1),
        "verify, 1 connection": lambda: by_wrk(1, 1),
        "verify, 8 at once on each": lambda: by_wrk(64, 8),
        "refresh, ES256": lambda: checked(client("refresh", server.port, 0.3, 2, 64, CORES, chains)),
        "refresh, RS256": lambda: checked(client("refresh", rsa.port, 0.3, 2, 64, CORES, rsa_chains)),
        "sign-in": lambda: checked(client("sign-in", server.port, 0.5, 2, 8, 1, forms)),
    }


@contextlib.contextmanager
def copied(town):
    with tempfile.TemporaryDirectory(dir=town.directory) as directory:
        other = Town(Path(directory), town.binary)
        other.fill()
        yield other.data


def measure(sides, rounds, only=""):
    """Values by row and side."""
    values = {}

    def add(row, side, value):
        values.setdefault(row, {}).setdefault(side.name, []).append(value)

    for number in range(1, 1 if only else rounds + 1):
        for side in sides if number % 2 else sides[::-1]:
            server = side.server()
            add("start, ms", side, row_start.milliseconds_to_start(server).value)
        for side in sides:
            with side.server().running() as server:
                row_memory.settle(server)
                add("idle memory, MB", side, row_memory.memory_of(server)["resident"])
    for side in sides:
        add("code and data, MB", side, sizes(side.binary) / 1e6)
    with contextlib.ExitStack() as stack:
        functions = {side: rates(side, stack) for side in sides}
        for number in range(1, rounds + 1):
            for row in [only] if only else next(iter(functions.values())):
                for side in sides if number % 2 else sides[::-1]:
                    add(row, side, functions[side][row]())
            print(f"round {number} of {rounds}", file=sys.stderr, flush=True)
    return values


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("other", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="measure this rate alone")
    options = parser.parse_args()
    programs.compile_all()
    with tempfile.TemporaryDirectory() as directory:
        sides = [
            Side("other", options.other.absolute(), Path(directory) / "other"),
            Side("this", BINARY, Path(directory) / "this"),
        ]
        values = measure(sides, options.rounds, options.only)
    print("| row | other build | this build | ratio |\n| --- | --- | --- | --- |")
    for row, by_side in values.items():
        other, this = (statistics.median(by_side[name]) for name in ("other", "this"))
        print(f"| {row} | {other:,.2f} | {this:,.2f} | {this / other:.3f} |")


if __name__ == "__main__":
    main()

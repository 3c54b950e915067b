# SPDX-License-Identifier: Apache-2.0
"""Measures durable refreshes of 64 clients, each a true rotation, compared with the harmonic sum of what the
parts cost: an nginx POST, one signature, one row in a grouped commit. With tokens signed by ES256, and by
RS256."""

import contextlib
import json
import statistics

from figures import Figure, Sample, in_turn
from programs import client, raw
from row_verify import bearer
from servers import CORES, nginx

CLIENTS = 64


def measure(bench):
    return [refreshes_signed_with(bench, algorithm) for algorithm in ("ES256", "RS256")]


def refreshes_signed_with(bench, algorithm):
    town = bench.town
    figure = Figure(
        "refresh",
        f"{CLIENTS} clients, {algorithm}",
        "refreshes/s",
        "harmonic sum of an nginx POST, a signature and a row",
        "at least 0.8 of it",
        at_least=0.8,
    )
    parts = {"nginx POST": [], "signature": [], "durable row": []}
    if bench.filesystem in ("tmpfs", "ramfs"):
        figure.wrong.append(f"{bench.filesystem} is no disk: set TMPDIR to a directory on one")
    # With a grace longer than 1 ms, a fifth refresh within one grace would get the same token again.
    with town.server("sessions.refresh_grace=1ms", f"tokens.algorithm={algorithm}") as ours:
        signed_in = town.sign_all_in(ours, town.names[:CLIENTS])
        chains = town.directory / "chains"
        chains.write_text("".join(each["refresh_token"] + "\n" for each in signed_in))
        request = json.dumps({"refresh_token": signed_in[0]["refresh_token"]})
        body = town.directory / "body"
        body.write_text(request + "\n")
        answer = "x" * len(json.dumps(signed_in[0], separators=(",", ":")))
        location = f'        location = /api/v1/authentication/refresh {{ default_type application/json; return 200 "{answer}"; }}'

        with nginx(town.directory / "nginx-refresh", location).running() as theirs:
            cpu = []

            def refreshes():
                before = ours.cpu_seconds()
                said, wrong = client("refresh", ours.port, 0.3, bench.seconds(3), CLIENTS, CORES, chains)
                cpu.append(
                    (ours.cpu_seconds() - before)
                    / max(1, said["answers"] * (0.3 / bench.seconds(3) + 1))
                    * 1e6
                )
                return Sample(said["rate"], wrong or spot_check(), f"p99 {said['p99_ms']:.1f} ms")

            def spot_check():
                # The newest access token of every client must be accepted.
                with contextlib.closing(ours.connect()) as caller:
                    for line in chains.read_text().splitlines():
                        if caller.ask("GET", "/api/v1/verify", headers=bearer(line.split()[1])).status != 200:
                            return "the token of a refresh does not count"
                return None

            def posts():
                said, wrong = client("fixed", theirs.port, 0.3, bench.seconds(1.5), CLIENTS, CORES, body)
                return Sample(said["rate"], wrong)

            def signatures():
                return Sample(raw("raw_sign", algorithm, 0.1, bench.seconds(1), CORES)["rate"])

            def rows():
                file = town.directory / "rows.db"
                said = raw("raw_sqlite", file, bench.seconds(1.5))
                for leftover in town.directory.glob("rows.db*"):
                    leftover.unlink()
                return Sample(said["rate"])

            for number in bench.rounds():
                mine, *costs = in_turn(number, refreshes, posts, signatures, rows)
                wrong = next((cost.wrong for cost in costs if cost.wrong), None)
                figure.add(mine, Sample(1 / sum(1 / cost.value for cost in costs) if not wrong else 0, wrong))
                for name, cost in zip(parts, costs):
                    parts[name].append(cost.value)
                said = ", ".join(f"{name} {cost.value:,.0f}/s" for name, cost in zip(parts, costs))
                bench.say(
                    figure,
                    number,
                    f"{mine.value:,.0f}/s ({mine.note}), sum {figure.theirs[-1]:,.0f}/s ({said})",
                )
    figure.notes.append(
        "parts, medians: "
        + ", ".join(f"{name} {statistics.median(rates):,.0f}/s" for name, rates in parts.items())
    )
    figure.notes.append(f"the server's own CPU time for a refresh: {statistics.median(cpu):.0f} µs")
    return figure

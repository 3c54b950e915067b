# SPDX-License-Identifier: Apache-2.0
"""Measures GET /api/v1/verify over HTTP with tokens seen before, compared with an nginx that answers a static
200 of the same size."""

import random
import statistics

from figures import Figure, Sample, in_turn
from programs import wrk
from servers import Failed, nginx

TOKENS = 10_000
IDENTITY = [
    "X-Auth-User",
    "X-Auth-Username",
    "X-Auth-Session",
    "X-Auth-Roles",
    "X-Auth-Scope",
    "X-Auth-Expires",
]


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def static_copy(directory, answer):
    """An nginx whose answer has the same size as Coatcheck's, to the byte: the identity headers, and one
    header in place of all others."""
    fields = [(name, value) for name, value in answer.headers if name in IDENTITY]
    lines = "".join(f'            add_header {name} "{value}";\n' for name, value in fields)

    def with_filler(size):
        filler = f'            add_header X-Filler "{"x" * size}";\n'
        return nginx(
            directory,
            f'        location = /api/v1/verify {{\n{lines}{filler}            return 200 "";\n        }}',
        )

    with with_filler(1).running() as server:
        missing = answer.head_bytes - server.get("/api/v1/verify").head_bytes
    server = with_filler(1 + missing) if missing >= 0 else None
    if server is None:
        raise Failed("nginx's answer cannot be made as small as ours")
    return server


def spot_check(server, tokens, names):
    """Checks the server's answers token by token. Returns what is wrong with them, or None."""
    for token in random.sample(tokens, 20):
        answer = server.get("/api/v1/verify", **bearer(token))
        headers = dict(answer.headers)
        if (
            answer.status != 200
            or headers.get("X-Auth-Username") not in names
            or not all(name in headers for name in IDENTITY)
        ):
            return f"a valid token gets {answer.status}"
    forged = tokens[0][:-8] + ("A" * 8 if not tokens[0].endswith("A" * 8) else "B" * 8)
    for wrong in (forged, "junk"):
        if server.get("/api/v1/verify", **bearer(wrong)).status != 401:
            return "a forged token does not get 401"
    return None


# name, connections, requests at once on each, seconds, target
LOADS = [
    ("64 connections", 64, 1, 3, "at least 1.0 of nginx's rate"),
    ("1 connection", 1, 1, 2, ""),
    ("1,000 connections", 1000, 1, 2, ""),
    ("64 connections, 8 requests at once on each", 64, 8, 2, ""),
]


def measure(bench):
    town = bench.town
    figures = {
        load: Figure(
            "verify", load[0], "answers/s", "nginx, static 200", load[4], at_least=1.0 if load[4] else None
        )
        for load in LOADS
    }
    with town.server("sessions.refresh_grace=1ms") as ours:
        tokens = town.access_tokens(ours, TOKENS)
        file = town.directory / "tokens"
        file.write_text("\n".join(tokens) + "\n")
        size = ours.get("/api/v1/verify", **bearer(tokens[0])).head_bytes
        with static_copy(
            town.directory / "nginx-verify", ours.get("/api/v1/verify", **bearer(tokens[0]))
        ).running() as theirs:
            if theirs.get("/api/v1/verify").head_bytes != size:
                raise Failed("nginx's answers are not as long as ours")

            cpu = {(side, load): [] for side in (ours, theirs) for load in LOADS}

            def drive(server, load):
                _, connections, depth, seconds, _ = load
                before = server.cpu_seconds()
                said = wrk(server.port, connections, bench.seconds(seconds), file, depth=depth)
                cpu[server, load].append((server.cpu_seconds() - before) / max(1, said["answers"]) * 1e6)
                wrong = None
                if said["not_200"] or said["broken"]:
                    wrong = f"{said['not_200']} answers other than 200, {said['broken']} broken connections"
                elif not 0 <= said["bytes"] - said["answers"] * size <= connections * depth * size:
                    wrong = f"{said['answers']} answers of {size} bytes each are not {said['bytes']} bytes"
                elif server is ours:
                    wrong = spot_check(ours, tokens, town.names)
                return Sample(said["rate"], wrong, f"p99 {said['p99_us'] / 1000:.2f} ms")

            for server in (ours, theirs):  # so that every thread has seen every token
                wrk(server.port, 64, 2, file)
            for number in bench.rounds():
                for load, figure in figures.items():
                    mine, other = in_turn(number, lambda: drive(ours, load), lambda: drive(theirs, load))
                    figure.add(mine, other)
                    bench.say(
                        figure,
                        number,
                        f"{mine.value:,.0f}/s ({mine.note}), nginx {other.value:,.0f}/s ({other.note})",
                    )
    figures[LOADS[0]].notes.append(f"{TOKENS:,} tokens in turn; answers of {size} bytes on both sides")
    for load, figure in figures.items():
        mine, other = (statistics.median(cpu[server, load]) for server in (ours, theirs))
        figure.notes.append(
            f"the server's own CPU time for an answer: Coatcheck {mine:.1f} µs, nginx {other:.1f} µs"
        )
    return list(figures.values())

# SPDX-License-Identifier: Apache-2.0
"""GET /api/v1/verify over HTTP with tokens seen before, against nginx that answers a static 200 of the same size."""

import random
import statistics

from figures import Figure, Sample, in_turn
from programs import wrk
from servers import Failed, nginx

TOKENS = 1000
IDENTITY = ["X-Auth-User", "X-Auth-Username", "X-Auth-Session", "X-Auth-Roles", "X-Auth-Scope", "X-Auth-Expires"]


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def static_copy(directory, answer):
    """nginx that answers as Coatcheck does, to the byte in size: the identity headers, and one header for all others."""
    fields = [(name, value) for name, value in answer.headers if name in IDENTITY]
    lines = "".join(f'            add_header {name} "{value}";\n' for name, value in fields)

    def with_filler(size):
        filler = f'            add_header X-Filler "{"x" * size}";\n'
        return nginx(directory, f'        location = /api/v1/verify {{\n{lines}{filler}            return 200 "";\n        }}')

    with with_filler(1).running() as server:
        missing = answer.head_bytes - server.get("/api/v1/verify").head_bytes
    server = with_filler(1 + missing) if missing >= 0 else None
    if server is None:
        raise Failed("nginx's answer cannot be made as small as ours")
    return server


def spot_check(server, tokens, names):
    """What is wrong with the server's answers, token by token, or None."""
    for token in random.sample(tokens, 20):
        answer = server.get("/api/v1/verify", **bearer(token))
        headers = dict(answer.headers)
        if answer.status != 200 or headers.get("X-Auth-Username") not in names or not all(name in headers for name in IDENTITY):
            return f"a valid token gets {answer.status}"
    forged = tokens[0][:-8] + ("A" * 8 if not tokens[0].endswith("A" * 8) else "B" * 8)
    for wrong in (forged, "junk"):
        if server.get("/api/v1/verify", **bearer(wrong)).status != 401:
            return "a forged token does not get 401"
    return None


def measure(bench):
    town = bench.town
    many = Figure("verify", "64 connections", "answers/s", "nginx, static 200", "at least 1.0 of nginx's rate", at_least=1.0)
    one = Figure("verify", "1 connection", "answers/s", "nginx, static 200")
    with town.server("sessions.refresh_grace=1ms") as ours:
        tokens = town.access_tokens(ours, TOKENS)
        file = town.directory / "tokens"
        file.write_text("\n".join(tokens) + "\n")
        size = ours.get("/api/v1/verify", **bearer(tokens[0])).head_bytes
        with static_copy(town.directory / "nginx-verify", ours.get("/api/v1/verify", **bearer(tokens[0]))).running() as theirs:
            if theirs.get("/api/v1/verify").head_bytes != size:
                raise Failed("nginx's answers are not as long as ours")

            cpu = {(side, connections): [] for side in (ours, theirs) for connections in (64, 1)}

            def load(server, connections, seconds):
                before = server.cpu_seconds()
                said = wrk(server.port, connections, seconds, file)
                cpu[server, connections].append((server.cpu_seconds() - before) / max(1, said["answers"]) * 1e6)
                wrong = None
                if said["not_200"] or said["broken"]:
                    wrong = f"{said['not_200']} answers other than 200, {said['broken']} broken connections"
                elif not 0 <= said["bytes"] - said["answers"] * size <= connections * size:
                    wrong = f"{said['answers']} answers of {size} bytes each are not {said['bytes']} bytes"
                elif server is ours:
                    wrong = spot_check(ours, tokens, town.names)
                return Sample(said["rate"], wrong, f"p99 {said['p99_us'] / 1000:.2f} ms")

            for server in (ours, theirs):  # every token is seen by every thread
                load(server, 64, 1)
            for number in bench.rounds():
                for figure, connections, seconds in ((many, 64, bench.seconds(3)), (one, 1, bench.seconds(2))):
                    mine, other = in_turn(number, lambda: load(ours, connections, seconds), lambda: load(theirs, connections, seconds))
                    figure.add(mine, other)
                    bench.say(figure, number, f"{mine.value:,.0f}/s ({mine.note}), nginx {other.value:,.0f}/s ({other.note})")
    many.notes.append(f"{TOKENS} tokens in turn; answers of {size} bytes on both sides")
    for figure, connections in ((many, 64), (one, 1)):
        mine, other = (statistics.median(cpu[server, connections]) for server in (ours, theirs))
        figure.notes.append(f"the server's own CPU time for an answer: Coatcheck {mine:.1f} µs, nginx {other:.1f} µs")
    return [many, one]

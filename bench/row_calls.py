# SPDX-License-Identifier: Apache-2.0
"""Introspection (RFC 7662) with a service key, against verify; and the list of sessions, for which there is no target yet."""

import contextlib

from figures import Figure, Sample, in_turn
from programs import wrk
from row_verify import bearer
from servers import BINARY, run

TOKENS = 1000


def measure(bench):
    town = bench.town
    town.fill()
    key = run(BINARY, "service-key", "add", "bench-introspect", "--scope", "introspect", "--data", town.data).strip()
    introspection = Figure("calls", "introspection, 64 connections", "answers/s", "verify, as many connections", "at least 0.5 of its rate", at_least=0.5)
    listing = Figure("calls", "list of a user's sessions, 64 connections", "answers/s", "verify, as many connections")
    with town.server("sessions.refresh_grace=1ms") as server:
        tokens = town.access_tokens(server, TOKENS)
        file = town.directory / "calls-tokens"
        file.write_text("\n".join(tokens) + "\n")
        with contextlib.closing(server.connect()) as caller:
            caller.connection.request("POST", "/oauth2/introspect", f"token={tokens[0]}", {**bearer(key), "Content-Type": "application/x-www-form-urlencoded"})
            answer = caller.connection.getresponse()
            active = answer.read()
            length = len("HTTP/1.1 200 OK\r\n\r\n") + sum(len(f"{name}: {value}\r\n") for name, value in answer.getheaders()) + len(active)
        if b'"active":true' not in active:
            introspection.wrong.append("a good token is not active")

        def drive(kind, size=None):
            said = wrk(server.port, 64, bench.seconds(3), file, kind, key=key)
            wrong = f"{said['not_200']} answers other than 200" if said["not_200"] or said["broken"] or not said["answers"] else None
            # An inactive token's answer is much shorter.
            if size and abs(said["bytes"] / max(1, said["answers"]) - size) > 1:
                wrong = f"answers have {said['bytes'] / max(1, said['answers']):.1f} bytes instead of {size}"
            return Sample(said["rate"], wrong)

        wrk(server.port, 64, 1, file)
        for number in bench.rounds():
            mine, other, sessions = in_turn(number, lambda: drive("introspect", length), lambda: drive("verify"), lambda: drive("sessions"))
            introspection.add(mine, other)
            listing.add(sessions, other)
            bench.say(introspection, number, f"{mine.value:,.0f}/s, verify {other.value:,.0f}/s, list of sessions {sessions.value:,.0f}/s")
    return [introspection, listing]

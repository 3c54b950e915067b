# SPDX-License-Identifier: Apache-2.0
"""Measures introspection (RFC 7662) with a service key, compared with verify; and the list of sessions and
sign-outs, for which there is no target yet. A session can be signed out only once, and signing in is slow: so
sign-outs come at a fixed rate."""

import contextlib

from figures import Figure, Sample, in_turn
from programs import client, wrk
from row_verify import bearer
from servers import BINARY, run

TOKENS = 1000
SIGN_OUTS, SIGN_OUT_SECONDS = 800, 2.5  # sign-outs per second, and for how many seconds


def measure(bench):
    town = bench.town
    town.fill()
    key = run(
        BINARY, "service-key", "add", "bench-introspect", "--scope", "introspect", "--data", town.data
    ).strip()
    introspection = Figure(
        "calls",
        "introspection, 64 connections",
        "answers/s",
        "verify, as many connections",
        "at least 0.5 of its rate",
        at_least=0.5,
    )
    listing = Figure(
        "calls", "list of a user's sessions, 64 connections", "answers/s", "verify, as many connections"
    )
    sign_out = Figure(
        "calls", f"sign-out at {SIGN_OUTS}/s, on disk before the answer, p99", "ms", "-", digits=2
    )
    with town.server("sessions.refresh_grace=1ms") as server:
        tokens = town.access_tokens(server, TOKENS)
        file = town.directory / "calls-tokens"
        file.write_text("\n".join(tokens) + "\n")
        with contextlib.closing(server.connect()) as caller:
            caller.connection.request(
                "POST",
                "/oauth2/introspect",
                f"token={tokens[0]}",
                {**bearer(key), "Content-Type": "application/x-www-form-urlencoded"},
            )
            answer = caller.connection.getresponse()
            active = answer.read()
            length = (
                len("HTTP/1.1 200 OK\r\n\r\n")
                + sum(len(f"{name}: {value}\r\n") for name, value in answer.getheaders())
                + len(active)
            )
        if b'"active":true' not in active:
            introspection.wrong.append("a good token is not active")

        def drive(kind, size=None):
            said = wrk(server.port, 64, bench.seconds(3), file, kind, key=key)
            wrong = (
                f"{said['not_200']} answers other than 200"
                if said["not_200"] or said["broken"] or not said["answers"]
                else None
            )
            # The answer for an inactive token is much shorter.
            if size and abs(said["bytes"] / max(1, said["answers"]) - size) > 1:
                wrong = f"answers have {said['bytes'] / max(1, said['answers']):.1f} bytes instead of {size}"
            return Sample(said["rate"], wrong)

        wrk(server.port, 64, 1, file)
        for number in bench.rounds():
            mine, other, sessions = in_turn(
                number,
                lambda: drive("introspect", length),
                lambda: drive("verify"),
                lambda: drive("sessions"),
            )
            introspection.add(mine, other)
            listing.add(sessions, other)
            bench.say(
                introspection,
                number,
                f"{mine.value:,.0f}/s, verify {other.value:,.0f}/s, list of sessions {sessions.value:,.0f}/s",
            )
        file.write_text(
            "".join(
                one["token"] + "\n"
                for one in town.sign_all_in(
                    server, (town.names * SIGN_OUTS)[: int(SIGN_OUTS * SIGN_OUT_SECONDS)]
                )
            )
        )
        said, wrong = client("sign-out", server.port, 0.2, SIGN_OUT_SECONDS - 0.2, 32, 1, file, SIGN_OUTS)
        if server.get("/api/v1/verify", **bearer(file.read_text().split()[0])).status != 401:
            wrong = wrong or "a token counts after its session was signed out"
        sign_out.add(Sample(said["p99_ms"], wrong), Sample(0))
        sign_out.notes.append(f"median {said['p50_ms']:.2f} ms, the longest {said['longest_ms']:.1f} ms")
    return [introspection, listing, sign_out]

# SPDX-License-Identifier: Apache-2.0
"""Measures GET /api/v1/verify when some tokens are forged, expired or revoked, and when all of them are
forged."""

import contextlib
import time

from figures import Figure, Sample, in_turn
from programs import wrk
from row_memory import memory_of
from row_verify import bearer, spot_check
from servers import Failed

TOKENS = 10_000
EACH = TOKENS // 100  # tokens of each bad kind
FORGED = 20_000  # different tokens, more than the proofs that a thread keeps
SHORT = 3  # lifetime, in seconds, of the tokens that are to expire


def forged(tokens, shift):
    """Gives each token the signature of another one, `shift` places further on."""
    halves = [token.rpartition(".") for token in tokens]
    return [
        f"{halves[number % len(halves)][0]}.{halves[(number + shift + number // len(halves)) % len(halves)][2]}"
        for number in range(FORGED)
    ]


def bad_tokens(town):
    """Returns tokens that soon expire, signed by the same key, and when they were made."""
    with town.server("sessions.refresh_grace=1ms", f"tokens.access_ttl={SHORT}s") as server:
        expired = town.access_tokens(server, EACH)
        made = time.monotonic()
    return expired, made


def measure(bench):
    town = bench.town
    figure = Figure(
        "mixed",
        "64 connections, 1 % forged, 1 % expired, 1 % revoked",
        "answers/s",
        "Coatcheck with good tokens alone",
        "at least 0.95 of it",
        at_least=0.95,
    )
    flood = Figure(
        "mixed",
        "memory after a flood of forged tokens",
        "MB resident",
        "Coatcheck before it",
        "at most 1.02 times",
        ratio_at_most=1.02,
        digits=1,
    )
    after = Figure(
        "mixed",
        "good tokens after that flood, CPU time of the server",
        "µs",
        "Coatcheck before it",
        "at most 1.1 times",
        ratio_at_most=1.1,
        digits=1,
    )
    expired, made = bad_tokens(town)
    with town.server("sessions.refresh_grace=1ms") as server:
        good = town.access_tokens(server, TOKENS)
        revoked = town.access_tokens(server, EACH)
        with contextlib.closing(server.connect()) as caller:
            for token in revoked[-10:]:
                if caller.ask("DELETE", "/api/v1/authentication", headers=bearer(token)).status != 204:
                    raise Failed("a sign-out is refused")
        # These sign-outs end the sessions of all the revoked tokens. The good tokens belong to other sessions
        # of the same users. Now wait until the short-lived tokens have expired.
        time.sleep(max(0.0, made + SHORT + 1 - time.monotonic()))
        attempts = forged(good, 1)
        kinds = {
            "forged": (attempts[:EACH], "token_not_ours"),
            "expired": (expired, "token_expired"),
            "revoked": (revoked, "token_revoked"),
        }
        with contextlib.closing(server.connect()) as caller:
            for name, (tokens, code) in kinds.items():
                for token in tokens:
                    said = caller.ask("GET", "/api/v1/verify", headers=bearer(token)).json()
                    if said.get("code") != code:
                        raise Failed(f"a token that is {name} is {said}")
        bad = [token for tokens, _ in kinds.values() for token in tokens]
        mixed = [
            token
            for number, token in enumerate(good)
            for token in (
                [token, bad[number // 33]] if number % 33 == 0 and number // 33 < len(bad) else [token]
            )
        ]
        files = {}

        def write(name, tokens):
            files[name] = town.directory / f"mixed-{name}"
            files[name].write_text("\n".join(tokens) + "\n")

        for name, tokens in (("good", good), ("mixed", mixed), ("forged", attempts)):
            write(name, tokens)

        def drive(name, share):
            said = wrk(server.port, 64, bench.seconds(3), files[name])
            wrong = spot_check(server, good, town.names)
            if said["broken"] or abs(said["not_200"] / max(1, said["answers"]) - share) > 0.002:
                wrong = f"{said['not_200']} of {said['answers']} answers are not 200 ({name})"
            return Sample(said["rate"], wrong)

        def cpu_time():
            before = server.cpu_seconds()
            said = wrk(server.port, 64, bench.seconds(2), files["good"])
            return Sample(
                (server.cpu_seconds() - before) / max(1, said["answers"]) * 1e6,
                f"{said['not_200']} answers other than 200" if said["not_200"] else None,
            )

        drive("good", 0)
        for number in bench.rounds():
            mine, other = in_turn(
                number, lambda: drive("mixed", len(bad) / len(mixed)), lambda: drive("good", 0)
            )
            figure.add(mine, other)
            bench.say(figure, number, f"{mine.value:,.0f}/s, good ones alone {other.value:,.0f}/s")
        drive("forged", 1)  # once before, because memory that is allocated only once is not growth
        for number in bench.rounds():
            memory, cost = Sample(memory_of(server)["resident"]), cpu_time()
            write("forged", forged(good, 10 * number))  # tokens that were not sent before
            rate = drive("forged", 1)
            flood.add(Sample(memory_of(server)["resident"], rate.wrong), memory)
            after.add(cpu_time(), cost)
            bench.say(
                flood,
                number,
                f"{flood.ours[-1]:.1f} MB, before {memory.value:.1f} MB; {rate.value:,.0f} forged tokens refused a second; a good one then {after.ours[-1]:.1f} µs, before {cost.value:.1f} µs",
            )
    figure.notes.append(
        f"{len(bad)} bad tokens among {len(mixed):,}, each with the code that it has to have; they come again and again, where each new forged one would cost its signature, as in the flood"
    )
    flood.notes.append(f"{FORGED:,} other forged tokens in each round")
    return [figure, flood, after]

# SPDX-License-Identifier: Apache-2.0
"""Measures libcoatcheck in process, with a million revocations in force: a token seen before, and a new token
compared with OpenSSL's bare verification of the same algorithm."""

import json
import time

from figures import Figure, Sample, in_turn
from programs import program, raw
from servers import BINARY, CORES, run
from town import Town

ENTRIES = 1_000_000
TOKENS = 10_000
ISSUER = "http://localhost:8080"  # the default of public_url
LITTLE_ROOM = 1024  # proofs in the cache: each is forgotten before its token comes again


def revoke_many(data):
    """Adds a million revocations of sessions, as the store keeps them. No server may run on the data."""
    expires = int((time.time() + 3600) * 1000)
    run(
        "sqlite3",
        data / "coatcheck.db",
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ENTRIES}) "
        f"INSERT INTO revocations (kind, subject, minimum, expires) SELECT 0, printf('bench%017d', i), 0, {expires} FROM n",
        seconds=120,
    )


def seen_before(bench, check, file):
    """Measures all tokens, which are in main memory, and a tenth of them, which fit into the cores'
    caches."""
    figures = []
    for tokens, scales in ((TOKENS // 10, 1.9), (TOKENS, None)):
        part = file.with_name(f"tokens-{tokens}")
        part.write_text("".join(file.read_text().splitlines(keepends=True)[:tokens]))
        one_thread = Figure(
            "library",
            f"token seen before, {tokens:,} in turn",
            "ns a check",
            "none",
            "at most 300 ns",
            at_most=300,
        )
        scaling = Figure(
            "library",
            f"the same on {CORES} threads",
            "times the rate",
            "none",
            "at least 1.9 on two cores" if scales else "",
            at_least=scales,
            digits=2,
        )
        for number in bench.rounds():
            one, many = in_turn(
                number, lambda: check(32 * 1024, 1, part), lambda: check(32 * 1024, CORES, part)
            )
            one_thread.add(one, Sample(0))
            scaling.add(Sample(one.value / many.value, one.wrong or many.wrong), Sample(0))
            bench.say(
                one_thread,
                number,
                f"{one.value:.0f} ns, on {CORES} threads {one.value / many.value:.2f} times the rate",
            )
        figures += [one_thread, scaling]
    figures[0].notes.append(f"{ENTRIES:,} revocations in force")
    return figures


def measure(bench):
    figures = []
    for algorithm in ("ES256", "RS256", "EdDSA"):
        town = Town(bench.town.directory / f"library-{algorithm}")
        town.directory.mkdir()
        town.fill()
        key = run(BINARY, "service-key", "add", "bench", "--scope", "feed", "--data", town.data).strip()
        if algorithm == "ES256":
            revoke_many(town.data)
        file = town.directory / "tokens"
        with town.server(
            "sessions.refresh_grace=1ms", f"tokens.algorithm={algorithm}", "tokens.access_ttl=1h"
        ) as ours:
            file.write_text("\n".join(town.access_tokens(ours, TOKENS)) + "\n")

            def check(room, threads, tokens=file):
                said = json.loads(
                    run(
                        program("library_check"),
                        f"http://127.0.0.1:{ours.port}",
                        ISSUER,
                        key,
                        tokens,
                        room,
                        0.5,
                        bench.seconds(2),
                        threads,
                        seconds=180,
                    )
                )
                wrong = f"{said['wrong']} wrong verdicts" if said["wrong"] else None
                if algorithm == "ES256" and said["entries"] != ENTRIES:
                    wrong = f"{said['entries']} entries instead of {ENTRIES}"
                return Sample(1e9 / said["rate"], wrong)

            if algorithm == "ES256":
                figures += seen_before(bench, check, file)
            new = Figure(
                "library",
                f"new token, {algorithm}, 1 thread",
                "ns a check",
                f"raw OpenSSL {algorithm}",
                "at most 1.10 times its time",
                ratio_at_most=1.10,
            )
            for number in bench.rounds():
                mine, other = in_turn(
                    number,
                    lambda: check(LITTLE_ROOM, 1),
                    lambda: Sample(1e9 / raw("raw_verify", algorithm, 0.5, bench.seconds(2), 1)["rate"]),
                )
                new.add(mine, other)
                bench.say(new, number, f"{mine.value:,.0f} ns, OpenSSL {other.value:,.0f} ns")
            figures.append(new)
    return figures

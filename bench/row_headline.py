# SPDX-License-Identifier: Apache-2.0
"""Three figures that nobody publishes: what a verification costs, how long a token is accepted after it was
revoked, and how many users are signed out by refreshes that race. Takes about a minute; alone: script/bench
headline."""

import json
import re
import statistics
import subprocess
import time

from figures import Figure, Sample
from programs import program, wrk
from row_library import ISSUER
from row_verify import bearer, spot_check
from servers import BINARY, ROOT, Failed, clean_environment, run

TOKENS = 1000
SIGN_OUTS = 500
RACE = re.compile(
    r"(\d+) sessions x (\d+) clients, \d+ s: (\d+) refreshes, (\d+) dropped replies.* (\d+) given up, (\d+) violations"
)


def figure(name, unit, target="", **bounds):
    return Figure("headline", name, unit, "-", target, **bounds)


def cost_of_a_verification(bench, server, key):
    """Measures tokens seen before: over HTTP, and in the process of an API that uses libcoatcheck."""
    town = bench.town
    over_http = figure("a verification over HTTP, CPU time of the server", "µs", digits=1)
    in_process = figure("a verification in process", "ns", "at most 300 ns", at_most=300)
    tokens = town.access_tokens(server, TOKENS)
    file = town.directory / "headline-tokens"
    file.write_text("\n".join(tokens) + "\n")
    wrk(server.port, 64, 1, file)
    for number in bench.rounds(at_most=3):
        before = server.cpu_seconds()
        said = wrk(server.port, 64, bench.seconds(2), file)
        wrong = (
            f"{said['not_200']} answers other than 200"
            if said["not_200"] or said["broken"]
            else spot_check(server, tokens, town.names)
        )
        over_http.add(
            Sample((server.cpu_seconds() - before) / max(1, said["answers"]) * 1e6, wrong), Sample(0)
        )
        mine = json.loads(
            run(
                program("library_check"),
                f"http://127.0.0.1:{server.port}",
                ISSUER,
                key,
                file,
                32 * 1024,
                0.3,
                bench.seconds(2),
                1,
            )
        )
        in_process.add(
            Sample(1e9 / mine["rate"], f"{mine['wrong']} wrong verdicts" if mine["wrong"] else None),
            Sample(0),
        )
        bench.say(
            over_http,
            number,
            f"{over_http.ours[-1]:.1f} µs ({said['rate']:,.0f}/s on all cores), in process {in_process.ours[-1]:.0f} ns",
            of=min(3, bench.options.rounds),
        )
    return [over_http, in_process]


def from_revocation_to_refusal(bench, server, key):
    """Measures from the moment a sign-out is sent until the server refuses the token, and until a verifier in
    another process does, which follows the feed. Each is asked right before the sign-out, and must accept the
    token then."""
    here = figure("revocation to refusal, the server itself, the longest", "ms", digits=2)
    elsewhere = figure(
        "revocation to refusal, a verifier in another process, the longest",
        "ms",
        "under 1 s",
        at_most=1000,
        digits=2,
    )
    by_server, by_verifier = [], []
    with subprocess.Popen(
        [program("follow"), f"http://127.0.0.1:{server.port}", key, ISSUER, "1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
        env=clean_environment(),
    ) as follower:
        try:

            def said(words):
                line = follower.stdout.readline().split()
                if line[: len(words)] != words:
                    raise Failed(f"the verifier says {' '.join(line)!r} instead of {' '.join(words)!r}")
                return line

            said(["ready"])
            caller, asker = server.connect(), server.connect()
            for number in range(SIGN_OUTS // 5 if bench.options.quick else SIGN_OUTS):
                token = bench.town.sign_in(server, bench.town.names[number % len(bench.town.names)])["token"]
                follower.stdin.write(f"{token}\n")
                said(["watching"])
                if asker.ask("GET", "/api/v1/verify", headers=bearer(token)).status != 200:
                    raise Failed("a good token is refused")
                start = time.monotonic_ns()
                if caller.ask("DELETE", "/api/v1/authentication", headers=bearer(token)).status != 204:
                    raise Failed("a sign-out is refused")
                if asker.ask("GET", "/api/v1/verify", headers=bearer(token)).status != 401:
                    here.wrong.append("a token is believed after its sign-out was answered")
                by_server.append((time.monotonic_ns() - start) / 1e6)
                by_verifier.append((int(said(["ended", f"{number}"])[2]) - start) / 1e6)
            caller.close()
            asker.close()
        finally:
            follower.kill()
    for one, times in ((here, by_server), (elsewhere, by_verifier)):
        times.sort()
        one.add(Sample(times[-1]), Sample(0))
        one.notes.append(
            f"{len(times)} sign-outs: median {statistics.median(times):.2f} ms, p99 {times[int(len(times) * 0.99)]:.2f} ms; the sign-out is on disk in that time"
        )
        bench.say(one, 1, one.notes[-1], of=1)
    return [here, elsewhere]


def sign_outs_by_races(bench):
    """Runs tests/race: clients that share a session, as tabs do, refresh at once and lose a fifth of the
    answers."""
    signed_out = figure(
        "users signed out by refresh races, of 100 sessions with 8 clients each",
        "sessions",
        "none",
        at_most=0,
    )
    said = subprocess.run(
        [
            "/usr/bin/python3",
            ROOT / "tests/race/race.py",
            "--seconds",
            f"{bench.seconds(20)}",
            "--sessions",
            "100",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        env={**clean_environment(), "COATCHECK_BINARY": str(BINARY)},
    )
    found = RACE.search(said.stdout)
    if not found:
        raise Failed(f"the race ended with {said.returncode}: {said.stderr[-300:]}")
    sessions, clients, refreshes, dropped, given_up, violations = map(int, found.groups())
    signed_out.add(Sample(violations), Sample(0))
    signed_out.notes.append(
        f"{sessions} sessions with {clients} clients each: {refreshes:,} refreshes, {dropped:,} answers lost on the way; "
        f"{given_up} sessions where a client presented a token that had been superseded for longer than the grace of 2 s"
    )
    bench.say(signed_out, 1, signed_out.notes[-1], of=1)
    return [signed_out]


def measure(bench):
    town = bench.town
    town.fill()
    key = run(BINARY, "service-key", "add", "headline", "--scope", "feed", "--data", town.data).strip()
    with town.server("sessions.refresh_grace=1ms") as server:
        figures = cost_of_a_verification(bench, server, key) + from_revocation_to_refusal(bench, server, key)
    return figures + sign_outs_by_races(bench)

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Five processes of one OAuth client share one stored refresh token, as the windows of an editor or the
workers of a server do. Each refreshes whenever it finds its access token expired, without asking the others,
and writes what it got. A fifth of the answers is lost. No grant may end: for clients with a secret, for pages
and for native programs.

tests/race/oauth_race.py [--seconds 600] [--seed N]
"""

import argparse
import json
import multiprocessing
import os
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "blackbox"))

import oauth  # noqa: E402
from server import Server  # noqa: E402

PROCESSES = 5
LOST = 0.2
LIFE = 2  # seconds of an access token
KINDS = {"web": oauth.CALLBACK, "browser": oauth.CALLBACK, "native": "http://127.0.0.1/cb"}


def read(file):
    return json.loads(file.read_text())


def write(file, tokens):
    """Replaces the file at once, as careful programs do; whoever comes last wins."""
    with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False) as new:
        json.dump(tokens, new)
    os.replace(new.name, file)


def work(port, client, file, seconds, seed, results):
    chance = random.Random(seed)
    client.caller = oauth.Caller(port, client.address)
    calls = lost = refreshes = 0
    problems = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        tokens = read(file)
        answer = client.caller.get("/api/v1/verify?resource=" + oauth.API, bearer=tokens["access_token"])
        calls += 1
        if answer.status == 200:
            time.sleep(chance.uniform(0.02, 0.4))
            continue
        if answer.code not in ("token_expired",):
            problems.append(f"a call: {answer.code}")
            break
        answer = client.refresh(tokens["refresh_token"])
        refreshes += 1
        if answer.status != 200:
            problems.append(f"a refresh: {answer.status} {answer.code}")
            break
        if chance.random() < LOST:
            lost += 1  # the process never sees the answer, and tries again later
            time.sleep(chance.uniform(0, 0.3))
            continue
        write(file, answer.json())
    results.put((calls, refreshes, lost, problems))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=random.randrange(2**31))
    words = parser.parse_args()
    print(f"oauth race: seed {words.seed}", flush=True)
    server = Server({**oauth.SETTINGS, "tokens.access_ttl": f"{LIFE}s"})
    failed = False
    try:
        user = server.add_user()
        server.start()
        results = multiprocessing.Queue()
        workers, shares = [], {}
        for number, (kind, callback) in enumerate(KINDS.items()):
            client = oauth.Client(server, kind, f"Race {kind}", "--redirect", callback)
            client.address = oauth.next_address()
            visitor = oauth.Visitor(server, user)
            redirect = {"redirect_uri": callback}
            code = visitor.code_for(
                client.request(resource=oauth.API, scope="openid offline_access", **redirect)
            )
            tokens = client.redeem(code, **redirect).json()
            file = server.directory / f"{kind}.json"
            write(file, tokens)
            client.server = None
            shares[kind] = multiprocessing.Queue()
            for process in range(PROCESSES):
                seed = words.seed + 100 * number + process
                workers.append(
                    multiprocessing.Process(
                        target=work, args=(server.port, client, file, words.seconds, seed, shares[kind])
                    )
                )
        for worker in workers:
            worker.start()
        for kind, results in shares.items():
            told = [results.get(timeout=words.seconds + 60) for _ in range(PROCESSES)]
            problems = [problem for *_, some in told for problem in some]
            calls, refreshes, lost = (sum(row[i] for row in told) for i in range(3))
            idle = refreshes < words.seconds / LIFE / 2 or lost == 0
            failed = failed or bool(problems) or idle
            print(
                f"{kind}: {calls} calls, {refreshes} refreshes, {lost} answers lost, problems: {problems}",
                flush=True,
            )
        for worker in workers:
            worker.join()
    finally:
        server.stop()
        server.remove()
    print("FAIL oauth race" if failed else "PASS oauth race: no grant was lost")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

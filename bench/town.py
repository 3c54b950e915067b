# SPDX-License-Identifier: Apache-2.0
"""Users that the rows share: one data directory, filled once, on which each row starts its own server."""

import contextlib
import json
import time
from concurrent.futures import ThreadPoolExecutor

from programs import program
from servers import BINARY, Failed, coatcheck, run

PASSWORD = "nine violet otters paint lanterns"
USERS = 64


class Town:
    def __init__(self, directory, binary=BINARY):
        self.directory, self.binary = directory, binary
        self.data = directory / "data"
        # All of the same length, so that all answers are.
        self.names = [f"user-{number:03}" for number in range(USERS)]
        # They sign in again and again: a user has at most 100 sessions, and the others keep theirs.
        self.restless = [f"rest-{number:03}" for number in range(USERS)]
        self._is_filled = False

    def fill(self):
        """Makes the users, with one password hash for all of them."""
        if self._is_filled:
            return
        started = time.monotonic()
        print(f"bench: making {2 * USERS} users", end="", flush=True)
        hashed = run(program("raw_argon2id"), "hash", stdin=PASSWORD + "\n")
        for name in self.names + self.restless:
            run(
                self.binary,
                "user",
                "add",
                name,
                "--role",
                "editor",
                "--password-hash-stdin",
                "--data",
                self.data,
                stdin=hashed,
            )
        self._is_filled = True
        print(f" ({time.monotonic() - started:.1f} s)", flush=True)

    @contextlib.contextmanager
    def server(self, *settings):
        self.fill()
        with coatcheck(self.data, *settings).running() as server:
            yield server

    def form(self, name):
        return {"username": name, "password": PASSWORD, "delivery": "body"}

    def write_forms(self):
        """Writes a FILE for `client sign-in`."""
        path = self.directory / "forms"
        path.write_text("".join(f"{name}\t{json.dumps(self.form(name))}\n" for name in self.restless))
        return path

    def sign_in(self, server, name):
        with contextlib.closing(server.connect()) as caller:
            answer = caller.ask("POST", "/api/v1/authentication", self.form(name))
        if answer.status != 200:
            raise Failed(f"sign-in answers {answer.status}: {answer.body[:200]!r}")
        return answer.json()

    def sign_all_in(self, server, names):
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(lambda name: self.sign_in(server, name), names))

    def access_tokens(self, server, count, people=10):
        """Returns different valid access tokens: from a few sign-ins, and from refreshes of these, each with
        the newest refresh token. Needs a grace of 1ms: otherwise only four refreshes would be rotations and
        the rest repetitions."""
        signed_in = self.sign_all_in(server, self.names[:people])
        tokens = []
        with contextlib.closing(server.connect()) as caller:
            while len(tokens) < count:
                for number, last in enumerate(signed_in):
                    answer = caller.ask(
                        "POST", "/api/v1/authentication/refresh", {"refresh_token": last["refresh_token"]}
                    )
                    if answer.status != 200:
                        raise Failed(f"refresh answers {answer.status}: {answer.body[:200]!r}")
                    signed_in[number] = answer.json()
                    tokens.append(signed_in[number]["token"])
        tokens = tokens[:count]
        if len(set(tokens)) != count:
            raise Failed("the same access token came twice")
        return tokens

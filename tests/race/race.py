#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A race of clients that refresh the same sessions on a real server, as browser tabs and devices do.

There are 200 sessions, and 8 clients share each one. A client keeps its own copy of the refresh token,
refreshes at a random pace and loses a fifth of the answers: it does not read them, or hangs up before they
come. It does not present a copy that is nearly as old as the grace. Instead it takes the newest copy of the
other clients, as tabs do that share their storage.

Violations:
  - a client is refused although its copy is younger than the grace (the race signed it out);
  - two different tokens have the same session and counter (two successors of one token);
  - an answer is older than an answer that arrived before the request (an acknowledged refresh got lost);
  - there are more than four rotations in a grace, or the access token of an answer does not verify;
  - with --kill, which kills the server with SIGKILL every two seconds, starts it again, and signs some
    sessions out right before: the server accepts a token of a session whose sign-out was acknowledged.
"""

import argparse
import asyncio
import base64
import random
import resource
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "blackbox"))

from link import Link, Lost  # noqa: E402
from server import Server  # noqa: E402

GRACE = 2.0
MARGIN = 0.5
LOST = 0.2
ROTATIONS_PER_GRACE = 4


def parts_of(refresh_token):
    """Session and counter of a refresh token. src/token/refresh_token.hpp describes its form."""
    text = refresh_token.removeprefix("ccr_")
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    at = 3 + raw[2]
    return raw[at : at + 16], struct.unpack(">I", raw[at + 16 : at + 20])[0]


class Copy:
    """A client's copy of a refresh token. The token was current when the server sent it, which was not before
    `asked`."""

    def __init__(self, answer, asked):
        self.token = answer["refresh_token"]
        self.access = answer["token"]
        self.session, self.counter = parts_of(self.token)
        self.asked = asked


class Session:
    def __init__(self, copy):
        self.copies = [copy]
        self.first = self.acknowledged = copy.counter
        self.tokens = {copy.counter: copy.token}
        self.access = [copy.access]
        self.began = copy.asked
        # Requests without a known result: when each was sent, and when it was done at the latest.
        self.unknown = []
        self.ending = False  # a sign-out was sent
        self.ended = False  # a sign-out was acknowledged
        self.over = False  # after a violation, or when no copy is certainly young enough

    def current_until(self, copy):
        """A time until which the copy was certainly the current token. Infinity if no request can have
        superseded it."""
        if copy.counter < self.acknowledged:
            return copy.asked
        return max(
            copy.asked, min((sent for sent, done in self.unknown if done > copy.asked), default=float("inf"))
        )

    def age(self, copy):
        """The longest time since which the copy can have been superseded."""
        return max(0.0, time.monotonic() - self.current_until(copy))

    def note(self, copy):
        """Stores a copy and yields its violations."""
        known = self.tokens.setdefault(copy.counter, copy.token)
        if known != copy.token:
            yield f"two different tokens with counter {copy.counter}"
        if copy.counter - self.first > ROTATIONS_PER_GRACE * ((time.monotonic() - self.began) // GRACE + 1):
            yield f"{copy.counter - self.first} rotations in {time.monotonic() - self.began:.1f} s"
        self.acknowledged = max(self.acknowledged, copy.counter)
        self.access = [*self.access[-3:], copy.access]


class Race:
    def __init__(self, options, server):
        self.options, self.server = options, server
        self.sessions = []
        self.stop_at = 0.0
        self.violations = []
        self.counts = dict.fromkeys(
            ("refreshes", "dropped", "lost", "restarts", "signed_out", "given_up", "checks"), 0
        )

    def running(self):
        return time.monotonic() < self.stop_at

    def violation(self, session, text):
        self.violations.append(f"session {self.sessions.index(session)}: {text}")

    async def sign_in(self, users):
        link = Link(self.server.port)
        for number in range(self.options.sessions):
            user = users[number % len(users)]
            asked = time.monotonic()
            form = {"username": user.name, "password": user.password, "delivery": "body"}
            status, answer = await link.ask("POST", "/api/v1/authentication", form)
            assert status == 200, answer
            self.sessions.append(Session(Copy(answer, asked)))
        # One refresh for each session, so that all begin with a young copy.
        for number, session in enumerate(self.sessions):
            asked = time.monotonic()
            _, answer = await link.ask(
                "POST", "/api/v1/authentication/refresh", {"refresh_token": session.copies[0].token}
            )
            self.sessions[number] = Session(Copy(answer, asked))
        link.close()

    async def pause(self, seconds):
        await asyncio.sleep(max(0.0, min(seconds, self.stop_at - time.monotonic())))

    def choose(self, session, slot):
        """The copy to present: the client's own while it is young, otherwise the newest one. None if that may
        be too old."""
        copy = session.copies[slot]
        if session.age(copy) > GRACE - MARGIN:
            copy = session.copies[slot] = max(session.copies, key=lambda one: (one.counter, one.asked))
        return copy if session.age(copy) <= GRACE - MARGIN else None

    async def client(self, session, slot):
        link, pace = Link(self.server.port), random.uniform(0.3, 4.0) * self.options.pace
        while len(session.copies) <= slot:
            session.copies.append(session.copies[0])
        await self.pause(random.uniform(0, min(pace, 1)))
        while self.running() and not session.ended and not session.over:
            copy = self.choose(session, slot)
            if copy is None:
                await asyncio.sleep(0.05)
                if (
                    all(session.age(one) > GRACE for one in session.copies)
                    and not session.ending
                    and not session.over
                ):
                    self.counts["given_up"] += 1
                    session.over = True
                continue
            # A client that gets no answer asks again soon.
            heard = await self.refresh(session, slot, link, copy)
            usual = random.uniform(0, 0.8) if slot == 0 else random.expovariate(1 / pace)
            await self.pause(usual if heard else random.uniform(0.05, 0.3))
        link.close()

    async def refresh(self, session, slot, link, copy):
        asked, floor, was_ending = time.monotonic(), session.acknowledged, session.ending
        current_until = session.current_until(copy)
        request = [asked, float("inf")]
        session.unknown.append(request)
        try:
            await link.send("POST", "/api/v1/authentication/refresh", {"refresh_token": copy.token})
            dropped = random.random() < LOST
            if dropped and random.random() < 0.5:
                raise Lost
            status, answer = await asyncio.wait_for(link.read(), 10)
            if dropped:
                request[1] = time.monotonic()
                raise Lost
        except (TimeoutError, OSError, asyncio.IncompleteReadError, Lost) as lost:
            link.close()
            # The server finishes an abandoned request within a second, even if it waits in a queue.
            request[1] = min(request[1], time.monotonic() + 1)
            session.unknown = [one for one in session.unknown if one[1] > asked - 30]
            self.counts["dropped" if isinstance(lost, Lost) else "lost"] += 1
            return False
        session.unknown.remove(request)
        if status == 200:
            fresh = Copy(answer, asked)
            self.counts["refreshes"] += 1
            for text in session.note(fresh):
                self.violation(session, text)
            if fresh.counter < max(floor, copy.counter):
                self.violation(
                    session, f"answered {fresh.counter} after {max(floor, copy.counter)} was acknowledged"
                )
            session.copies[slot] = fresh
            if random.random() < 0.05 and not session.ending:
                await self.check_access(session, link, fresh)
        elif status == 401 and not was_ending and not session.ending and not session.over:
            session.over = True
            age = time.monotonic() - min(current_until, asked)
            if age < GRACE:
                self.violation(session, f"{answer.get('code')} for a copy superseded at most {age:.2f} s ago")
            else:
                self.counts["given_up"] += 1
        elif status not in (401, 503):
            self.violation(session, f"answered {status} {answer}")
        return True

    async def check_access(self, session, link, copy):
        try:
            status, answer = await link.ask("GET", "/api/v1/verify", bearer=copy.access)
        except Lost:
            return
        self.counts["checks"] += 1
        if status != 200 and not session.ending:
            self.violation(session, f"a fresh access token is refused: {answer.get('code')}")

    # With --kill.

    async def sign_out(self, session):
        """Signs out and repeats until it is acknowledged, even if the server dies meanwhile."""
        session.ending = True
        link = Link(self.server.port)
        while not session.ended:
            try:
                status, answer = await link.ask("DELETE", "/api/v1/authentication", bearer=session.access[-1])
            except Lost:
                await asyncio.sleep(0.02)
                continue
            if status == 204:
                session.ended = True
                self.counts["signed_out"] += 1
            elif status != 503:
                self.violation(session, f"signing out was answered {status} {answer}")
                break
        link.close()

    async def killer(self):
        while self.running():
            await self.pause(2)
            alive = [session for session in self.sessions if not session.ending and not session.over]
            going = random.sample(alive, min(2, max(0, len(alive) - 10)))
            tasks = [asyncio.create_task(self.sign_out(session)) for session in going]
            if tasks:
                await asyncio.wait(tasks, timeout=1, return_when=asyncio.FIRST_COMPLETED)
            self.server.kill()
            await asyncio.to_thread(self.server.start)
            self.counts["restarts"] += 1
            await asyncio.gather(*tasks)

    async def ghost(self):
        """Presents the tokens of sessions whose end was acknowledged."""
        link = Link(self.server.port)
        while self.running():
            ended = [session for session in self.sessions if session.ended]
            if ended:
                await self.haunt(random.choice(ended), link)
            await asyncio.sleep(0.02)
        link.close()

    async def haunt(self, session, link):
        newest = session.tokens[max(session.tokens)]
        asks = [("POST", "/api/v1/authentication/refresh", {"body": {"refresh_token": newest}})]
        asks += [("GET", "/api/v1/verify", {"bearer": access}) for access in session.access]
        for method, target, more in asks:
            try:
                status, answer = await link.ask(method, target, **more)
            except Lost:
                return False
            self.counts["checks"] += 1
            if status != 401:
                self.violation(session, f"{target} answered {status} after its sign-out was acknowledged")
        return True

    async def run(self, users):
        await self.sign_in(users)
        start = time.monotonic()
        self.stop_at = start + self.options.seconds
        tasks = [
            self.client(session, slot) for session in self.sessions for slot in range(self.options.clients)
        ]
        if self.options.kill:
            tasks += [self.killer(), self.ghost()]
        await asyncio.gather(*tasks)
        if self.options.kill:
            await asyncio.to_thread(self.server.crash_and_restart)
            link = Link(self.server.port)
            for session in self.sessions:
                if session.ended and not await self.haunt(session, link):
                    self.violation(session, "the server did not answer at the end")
            link.close()
        return time.monotonic() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument(
        "--seed", type=int, default=random.randrange(1 << 30), help="of all that is random here"
    )
    parser.add_argument(
        "--kill", action="store_true", help="kill -9 and restart the server every two seconds"
    )
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--clients", type=int, default=8, help="that share one session")
    parser.add_argument("--pace", type=float, default=1.0, help="larger is slower")
    options = parser.parse_args()
    random.seed(options.seed)
    print(f"race: seed {options.seed}", flush=True)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))

    server = Server({"sessions.refresh_grace": f"{GRACE:g}s"})
    try:
        users = [server.add_user() for _ in range(10)]
        server.start()
        race = Race(options, server)
        seconds = asyncio.run(race.run(users))
        if (status := server.stop()) not in (0, None, -9):
            race.violations.append(f"the server ended with {status}")
        if server.secrets_in_log():
            race.violations.append("secrets in the log")
    finally:
        server.remove()
    counts = race.counts
    if counts["given_up"] > options.sessions / 10:
        race.violations.append(
            f"{counts['given_up']} sessions were given up: this machine is too slow for a result"
        )
    for text in race.violations[:10]:
        print(f"violation: {text}", file=sys.stderr)
    verdict = "FAIL" if race.violations else "PASS"
    print(
        f"{verdict} race: {len(race.sessions)} sessions x {options.clients} clients, {seconds:.0f} s: "
        f"{counts['refreshes']} refreshes, {counts['dropped']} dropped replies, {counts['restarts']} restarts "
        f"({counts['lost']} requests lost), {counts['signed_out']} signed out, {counts['checks']} checks, "
        f"{counts['given_up']} given up, {len(race.violations)} violations"
    )
    return 1 if race.violations else 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""Users with one session each, who use it on all nodes at once. They refresh in races, lose answers, check
their tokens, sign out, are disabled, and sometimes present superseded tokens. This file writes what they see
into the history and judges nothing."""

import asyncio
import random
import sys
import time
from pathlib import Path

for beside in ("race", "blackbox"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / beside))

import race  # noqa: E402
from link import Link, Lost  # noqa: E402
from tokens import claims_of, encode  # noqa: E402

PASSWORD = "nine violet otters paint lanterns"
LOST = 0.2  # of all answers to refreshes
PATIENCE = 8.0  # seconds with one request


def parts_of(refresh_token):
    """The session's id, as the API writes it, and the token's number."""
    session, number = race.parts_of(refresh_token)
    return encode(session), number


def number_of(refresh_token):
    return parts_of(refresh_token)[1]


class Person:
    def __init__(self, load, name, user_id):
        self.load, self.name, self.id = load, name, user_id
        self.links = {}
        self.disabled = False

    def close(self):
        for link in self.links.values():
            link.close()

    async def ask(self, record, method, target, body=None, bearer=None, node=None, link=None, drop=False):
        """Sends a request and records its result. Returns the answer's body, or None."""
        node = node or random.choice(self.load.nodes)
        if link is None:
            link = self.links.setdefault(node.name, Link(8080, node.address))
        record.update(node=node.name, user=self.name, sent=time.time(), done=None, status=None)
        answer = None
        try:
            async with asyncio.timeout(PATIENCE):
                await link.send(method, target, body, bearer)
                if drop and random.random() < 0.5:
                    raise Lost
                status, answer = await link.read()
                if drop:
                    raise Lost
                record.update(status=status, done=time.time(), code=answer.get("code"))
        except (OSError, asyncio.IncompleteReadError, TimeoutError, Lost):
            link.close()
            answer = None
        self.load.count(record["op"], record["status"])
        return answer

    async def sign_in(self):
        record = {"op": "sign_in"}
        answer = await self.ask(
            record,
            "POST",
            "/api/v1/authentication",
            {"username": self.name, "password": PASSWORD, "delivery": "body"},
        )
        if record["status"] != 200:
            self.load.write(record)
            return None
        session = Tokens(answer)
        record.update(
            session=session.id,
            counter=session.number,
            token=session.refresh,
            expires_at=answer["session"]["expires_at"],
        )
        self.load.write(record)
        return session

    async def refresh(self, session, token=None, alone=False):
        token = token or session.refresh
        record = {"op": "refresh", "session": session.id, "presented": number_of(token)}
        link, node = None, random.choice(self.load.nodes)
        if alone:
            link = Link(8080, node.address)
        answer = await self.ask(
            record,
            "POST",
            "/api/v1/authentication/refresh",
            {"refresh_token": token},
            node=node,
            link=link,
            drop=random.random() < LOST,
        )
        if link is not None:
            link.close()
        if record["status"] == 200:
            claims = claims_of(answer["token"])
            # Every id in the answer that says whose tokens these are. If one differs from the session's own,
            # it is recorded.
            whose = {answer["session"]["id"], claims["sid"], parts_of(answer["refresh_token"])[0]} | (
                {session.id} if claims["sub"] == self.id else {claims["sub"]}
            )
            record.update(
                answered=next(iter(whose - {session.id}), session.id),
                counter=number_of(answer["refresh_token"]),
                token=answer["refresh_token"],
                expires_at=answer["session"]["expires_at"],
            )
            session.keep(answer)
        self.load.write(record)
        return record["status"]

    async def verify(self, session, token=None, node=None, final=False):
        token = token or session.access[-1]
        record = {"op": "verify", "session": session.id, "exp": claims_of(token)["exp"]}
        if final:
            record["final"] = True
        await self.ask(record, "GET", "/api/v1/verify", bearer=token, node=node)
        self.load.write(record)
        return record["status"]

    async def sign_out(self, session, everywhere):
        record = {"op": "end_all" if everywhere else "sign_out", "session": session.id}
        target = "/api/v1/sessions" if everywhere else "/api/v1/authentication"
        await self.ask(record, "DELETE", target, bearer=session.access[-1])
        self.load.write(record)
        return record["status"] == 204

    async def switch(self, enabled):
        record = {"op": "enable" if enabled else "disable"}
        await self.ask(
            record,
            "PATCH",
            f"/api/v1/admin/users/{self.id}",
            {"enabled": enabled},
            bearer=self.load.service_key,
        )
        self.load.write(record)
        return record["status"] == 200

    async def haunt(self, session, seconds=5.0):
        """Presents the tokens of a session that should be over."""
        end = time.time() + seconds
        while time.time() < end and not self.load.over:
            await self.verify(session, random.choice(session.access))
            if random.random() < 0.3:
                await self.refresh(session)
            await asyncio.sleep(random.uniform(0.02, 0.3))

    async def live(self):
        await asyncio.sleep(random.uniform(0, 2))
        while not self.load.over:
            session = await self.sign_in()
            if session is None:
                await asyncio.sleep(random.uniform(0.3, 1))
                continue
            self.load.sessions.append((self, session))
            await self.use(session)

    async def use(self, session):
        while not self.load.over:
            await asyncio.sleep(random.expovariate(self.load.pace))
            chance = random.random()
            if chance < 0.55:
                await self.verify(session)
            elif chance < 0.75:
                if await self.refresh(session) == 401:
                    return None
            elif chance < 0.92:  # tabs that do not know of each other
                if 401 in await asyncio.gather(
                    *[self.refresh(session, session.refresh, alone=True) for _ in range(3)]
                ):
                    return None
            elif chance < 0.97:
                old = session.superseded_since(self.load.grace + 1)
                status = await self.refresh(session, old) if old else 503
                # If the answer got lost, the session may be over, and two nodes are told of its end at the
                # same time.
                if status in (200, 401) or (
                    status is None and await self.sign_out(session, everywhere=random.random() < 0.5)
                ):
                    return await self.haunt(session)
            elif chance < 0.995:
                if await self.sign_out(session, everywhere=chance > 0.99):
                    return await self.haunt(session)
            else:
                if await self.switch(False):
                    await self.haunt(session, 2.0)
                    await self.sign_in()
                while not await self.switch(True) and not self.load.over:
                    await asyncio.sleep(0.2)
                return None
        return None


class Tokens:
    """The tokens that a client has of its session."""

    def __init__(self, answer):
        self.id = answer["session"]["id"]
        self.refresh, self.number = answer["refresh_token"], number_of(answer["refresh_token"])
        self.access = [answer["token"]]
        self.old = []  # (when it was superseded at the latest, token)

    def keep(self, answer):
        token = answer["refresh_token"]
        if number_of(token) > self.number:
            self.old.append((time.time(), self.refresh))
            self.refresh, self.number = token, number_of(token)
        self.access = [*self.access[-3:], answer["token"]]

    def superseded_since(self, seconds):
        olds = [token for when, token in self.old if when + seconds < time.time()]
        return random.choice(olds) if olds else None


class Load:
    def __init__(self, nodes, people, write, grace, pace, service_key):
        self.nodes, self.write, self.grace, self.pace, self.service_key = (
            nodes,
            write,
            grace,
            pace,
            service_key,
        )
        self.people = [Person(self, name, user_id) for name, user_id in people]
        self.sessions, self.counts, self.over = [], {}, False

    def count(self, op, status):
        key = (op, "lost" if status is None else str(status))
        self.counts[key] = self.counts.get(key, 0) + 1

    async def run(self, faults):
        """Runs until `faults`, which runs on a thread, is done. Then it checks the last sessions once more on
        every node."""
        tasks = [asyncio.create_task(person.live()) for person in self.people]
        try:
            await asyncio.to_thread(faults)
        finally:
            self.over = True
            await asyncio.gather(*tasks)
        await asyncio.sleep(4)
        for person, session in self.sessions[-300:]:
            for node in self.nodes:
                await person.verify(session, node=node, final=True)
            await person.refresh(session)
        for person in self.people:
            person.close()

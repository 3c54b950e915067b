# SPDX-License-Identifier: Apache-2.0
"""The checker accepts a good history and finds each kind of violation."""

import pytest
from history import Rules, check

RULES = Rules(grace=5, absolute=100)


def signed_in(at=0.0, session="s", user="ada", node="n1"):
    return {
        "op": "sign_in",
        "user": user,
        "node": node,
        "sent": at,
        "done": at + 0.1,
        "status": 200,
        "session": session,
        "counter": 0,
        "token": "t0",
        "expires_at": 100,
    }


def refreshed(at, presented, counter, took=0.1, node="n1", **more):
    return {
        "op": "refresh",
        "session": "s",
        "node": node,
        "sent": at,
        "done": at + took,
        "presented": presented,
        "status": 200,
        "counter": counter,
        "token": f"t{counter}",
        "expires_at": 100,
        **more,
    }


def lost(at, presented):
    return {**refreshed(at, presented, 0), "done": None, "status": None}


def refused(at, presented, took=0.1, node="n1", code="session_ended"):
    return {
        "op": "refresh",
        "session": "s",
        "node": node,
        "sent": at,
        "done": at + took,
        "presented": presented,
        "status": 401,
        "code": code,
    }


def verified(at, status, node="n1", exp=50, **more):
    return {
        "op": "verify",
        "session": "s",
        "node": node,
        "sent": at,
        "done": at + 0.01,
        "status": status,
        "exp": exp,
        **more,
    }


def over(at, op="sign_out", node="n1", status=204, done=0.1):
    return {
        "op": op,
        "user": "ada",
        "session": "s",
        "node": node,
        "sent": at,
        "done": None if status is None else at + done,
        "status": status,
    }


def fault(start, end, *nodes):
    return {"op": "fault", "name": "cut", "nodes": list(nodes), "from": start, "to": end}


GOOD = {
    "a session from its beginning to its end": [
        signed_in(),
        refreshed(1, 0, 1),
        refreshed(2, 1, 2),
        verified(3, 200),
        over(4),
        verified(4.2, 401),
        verified(4.5, 200, "n2"),
        verified(6, 401, "n2"),
        refused(7, 2),
    ],
    "a lost answer and the same again": [signed_in(), lost(1, 0), refreshed(2, 0, 1)],
    "a race": [
        signed_in(),
        refreshed(1, 0, 1),
        refreshed(1.01, 0, 1, node="n2"),
        refreshed(1.02, 0, 1, node="n3"),
    ],
    "an old token presented": [
        signed_in(),
        refreshed(1, 0, 1),
        refused(8, 0),
        refused(9, 1),
        verified(9, 401),
    ],
    "asked again too late": [signed_in(), lost(1, 0), refused(6.1, 0)],
    "a node that is cut off": [
        signed_in(),
        fault(2, 8, "n2"),
        over(3),
        verified(7, 200, "n2"),
        verified(10.5, 200, "n2"),
        verified(12, 401, "n2"),
    ],
    "a node that has not heard of the end": [
        signed_in(),
        over(1),
        refused(1.3, 0, node="n3"),
        verified(1.5, 200, "n2"),
    ],
    "a token that expires at the end": [
        signed_in(),
        verified(49.99, 200, "n1", final=True),
        verified(50.01, 401, "n2", final=True),
    ],
    "a sign-out that was lost": [
        signed_in(),
        over(1, status=None),
        refreshed(2, 0, 1),
        refused(3, 1),
        verified(3, 401),
    ],
    "the absolute end": [signed_in(), refused(101, 0)],
    "an end of all that others sign in beside": [signed_in(), over(0.05, "end_all"), refreshed(1, 0, 1)],
    "disabled and enabled": [
        signed_in(),
        over(1, "disable", status=200),
        over(2, "enable", status=200),
        signed_in(3, "later"),
    ],
}
BAD = {
    "I1: two successors": [signed_in(), refreshed(1, 0, 1), refreshed(1.01, 0, 1, token="another")],
    "I1: many rotations": [signed_in(), *[refreshed(0.2 + n / 10, n, n + 1, took=0.01) for n in range(6)]],
    "I2: an old token is taken": [signed_in(), refreshed(1, 0, 1), refreshed(8, 0, 1)],
    "I2: and its session goes on": [signed_in(), refreshed(1, 0, 1), refused(8, 0), refreshed(9, 1, 2)],
    "I3: signed out, and refreshed": [signed_in(), over(1), refreshed(2, 0, 1, node="n2")],
    "I3: signed out, and taken by the same node": [signed_in(), over(1), verified(1.2, 200)],
    "I3: signed out, and taken by another node": [signed_in(), over(1), verified(2.5, 200, "n2")],
    "I3: and long after the fault": [signed_in(), fault(0.5, 2, "n2"), over(1), verified(6, 200, "n2")],
    "I3: read of the end, and taken": [
        signed_in(),
        over(1),
        refused(1.3, 0, node="n2"),
        verified(1.5, 200, "n2"),
    ],
    "I3: expired": [signed_in(), verified(51, 200)],
    "I3: disabled": [signed_in(), over(1, "disable", status=200), refreshed(2, 0, 1)],
    "I3: disabled, and signs in": [signed_in(), over(1, "disable", status=200), signed_in(2, "later")],
    "I4: refused at once": [signed_in(), refused(1, 0)],
    "I4: refused inside the grace": [signed_in(), refreshed(1, 0, 1), refused(4, 0)],
    "I4: refused after a lost answer": [signed_in(), lost(1, 0), refused(1.5, 0)],
    "I9: refused after a lost answer": [signed_in(), lost(1, 0), verified(3, 401)],
    "I3: it came back": [
        signed_in(),
        over(2, status=None),
        refused(3, 0),
        verified(4, 401),
        refreshed(9, 0, 1),
    ],
    "I3: it came back to others": [
        signed_in(),
        over(2, status=None),
        refused(3, 0, code="refresh_token_reused"),
        verified(20, 200),
    ],
    "I3: another's tokens": [signed_in(), refreshed(1, 0, 1, answered="another")],
    "I5: it goes on": [signed_in(), refreshed(102, 0, 1)],
    "I5: it says that it will": [signed_in(), refreshed(1, 0, 1, expires_at=101)],
    "I6: what was acknowledged is lost": [
        signed_in(),
        refreshed(1, 0, 1),
        refreshed(2, 1, 2),
        refreshed(3, 1, 1),
    ],
    "I8: an error of the server": [signed_in(), {**refused(1, 0), "status": 500}],
    "I9: a good token is refused": [signed_in(), verified(1, 401)],
    "I9: nodes disagree": [
        signed_in(),
        over(1, status=None),
        verified(9, 200, "n1", final=True),
        verified(9, 401, "n2", final=True),
    ],
}


@pytest.mark.parametrize("records", GOOD.values(), ids=GOOD)
def test_nothing_is_found_in(records):
    assert check(records, RULES) == []


@pytest.mark.parametrize("name", BAD)
def test_it_is_found(name):
    found = check(BAD[name], RULES)
    wanted = name.partition(":")[0]
    assert any(text.startswith(("I3" if name.startswith("I2: and") else wanted) + ":") for text in found), (
        found
    )

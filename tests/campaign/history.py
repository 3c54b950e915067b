# SPDX-License-Identifier: Apache-2.0
"""Checks what the clients saw against the invariants of ARCHITECTURE.md (I1 to I9). `history.py FILE` checks
a stored history.

A history is a list of records with times in seconds. `sent` is before the server can have had the request,
`done` is after the client got the answer. `done` and `status` are None if the answer got lost, so that it is
unknown whether the server handled the request.

  sign_in          user, status, session, counter, token, expires_at
  refresh          session, presented, status, code, answered (the session in the answer), counter, token,
                   expires_at
  verify           session, exp, status; `final` at the end, on every node
  sign_out         session, status
  end_all          user, status (all sessions)
  disable, enable  user, status
  fault            name, nodes (those that it cuts off from the others), from, to

`token` is any text that stands for the refresh token. All records except faults name their `node`.
"""

import collections
import dataclasses
import json
import sys

INFINITY = float("inf")


@dataclasses.dataclass
class Rules:
    grace: float  # seconds, as configured
    absolute: float
    bound: float = 1.0  # from the end of a session until every connected node refuses it
    recovery: float = 3.0  # after a fault, until a node has caught up
    margin: float = 0.5  # for times that another machine decides
    rotations: int = 4  # in a grace


class Session:
    """One session as all of its clients saw it."""

    def __init__(self, sign_in):
        self.user, self.began, self.made = sign_in["user"], sign_in["sent"], sign_in["done"]
        self.expires_at = sign_in["expires_at"]
        self.refreshes, self.verified = [], []
        self.ends = []  # (sent, done, node) of acknowledged ends
        self.may_end = INFINITY  # when the first end was sent, acknowledged or not
        self.first_asked = {}  # counter: when a client first presented it
        self.answers = []  # (done, counter) of answered refreshes
        self.tokens = {sign_in["counter"]: sign_in["token"]}
        self.first_counter = sign_in["counter"]

    def end(self, record, acknowledged):
        self.may_end = min(self.may_end, record["sent"])
        if acknowledged:
            self.ends.append((record["sent"], record["done"], record["node"]))

    @property
    def ended(self):
        """The earliest time at which the session was certainly over."""
        return min((done for _, done, _ in self.ends), default=INFINITY)


def done_of(record):
    return INFINITY if record["done"] is None else record["done"]


class Checker:
    def __init__(self, records, rules):
        self.rules, self.found = rules, []
        self.records = sorted((r for r in records if r["op"] != "fault"), key=lambda r: r["sent"])
        self.faults = sorted((r for r in records if r["op"] == "fault"), key=lambda r: r["from"])
        self.sessions = {}

    def violation(self, invariant, session, text):
        self.found.append(f"{invariant}: session {session}: {text}")

    def check(self):
        self.gather()
        for name, session in self.sessions.items():
            self.note_reuse(session)
            self.check_refreshes(name, session)
            self.check_verified(name, session)
        self.check_users()
        self.check_final()
        for record in self.records:
            if record["status"] not in (None, 200, 204, 401, 429, 503):
                self.violation(
                    "I8",
                    record.get("session"),
                    f"{record['op']} was answered {record['status']} by {record['node']}",
                )
        return self.found

    def gather(self):
        of_user = collections.defaultdict(list)
        for record in self.records:
            if record["op"] == "sign_in" and record["status"] == 200:
                session = self.sessions[record["session"]] = Session(record)
                of_user[record["user"]].append(session)
        for record in self.records:
            session = self.sessions.get(record.get("session"))
            if record["op"] == "refresh" and session:
                session.refreshes.append(record)
            elif record["op"] == "verify" and session:
                session.verified.append(record)
            elif record["op"] == "sign_out" and session:
                session.end(record, record["status"] == 204)
            elif record["op"] in ("end_all", "disable"):
                self.end_all(record, of_user[record["user"]])

    def end_all(self, record, sessions):
        acknowledged = record["status"] in (200, 204)
        for session in sessions:
            if session.began > done_of(record):
                continue  # signed in afterwards
            # A session that is made meanwhile may be ended. For a disabled user, it certainly ends or is not
            # made at all.
            session.end(record, acknowledged and (record["op"] == "disable" or session.made < record["sent"]))

    def note_reuse(self, session):
        """Presenting a token that was superseded longer ago than the grace ends the session (I2)."""
        rules = self.rules
        for record in session.refreshes:
            first = session.first_asked.setdefault(record["presented"], record["sent"])
            # The token may have been superseded that long ago when the server had it.
            if done_of(record) - first > rules.grace - rules.margin:
                session.may_end = min(
                    session.may_end, max(record["sent"], first + rules.grace - rules.margin)
                )
            if record["status"] == 200:
                session.answers.append((record["done"], record["counter"]))
        session.answers.sort()
        for record in session.refreshes:
            too_late = (
                record["sent"] > self.superseded(session, record["presented"]) + rules.grace + rules.margin
            )
            says_so = record.get("code") in ("session_ended", "refresh_token_reused")
            if record["status"] == 401 and (too_late or says_so):
                # The session is over, whoever ended it. If this node says so, it knows.
                session.ends.append((record["sent"], record["done"], record["node"] if says_so else None))

    @staticmethod
    def superseded(session, counter):
        """The earliest time at which this counter was certainly superseded."""
        return min((done for done, current in session.answers if current > counter), default=INFINITY)

    def check_refreshes(self, name, session):
        rules, ended = self.rules, session.ended
        floor, acknowledged = session.first_counter, iter(session.answers)
        upcoming = next(acknowledged, None)
        for record in session.refreshes:
            while upcoming and upcoming[0] < record["sent"]:
                floor, upcoming = max(floor, upcoming[1]), next(acknowledged, None)
            presented, counter = record["presented"], record.get("counter")
            if record["status"] == 401:
                if record["done"] < min(session.may_end, session.began + rules.absolute - rules.margin):
                    self.violation(
                        "I4",
                        name,
                        f"an honest client was refused ({record.get('code')}) by {record['node']} with token {presented},"
                        f" superseded at most {record['done'] - session.first_asked[presented]:.2f} s ago",
                    )
                continue
            if record["status"] != 200:
                continue
            if record.get("answered", name) != name:
                self.violation(
                    "I3", name, f"{record['node']} answered with tokens of session {record['answered']}"
                )
                continue
            if session.tokens.setdefault(counter, record["token"]) != record["token"]:
                self.violation("I1", name, f"two tokens are number {counter}")
            if record["sent"] > self.superseded(session, presented) + rules.grace + rules.margin:
                self.violation(
                    "I2",
                    name,
                    f"token {presented} was taken by {record['node']} long after it was superseded",
                )
            if record["sent"] > ended:
                self.violation(
                    "I3",
                    name,
                    f"it was refreshed by {record['node']} {record['sent'] - ended:.2f} s after its end was acknowledged",
                )
            if counter < max(floor, presented):
                self.violation(
                    "I6",
                    name,
                    f"{record['node']} answered with number {counter} after number {max(floor, presented)} was acknowledged",
                )
            if (
                record["expires_at"] > session.expires_at
                or record["sent"] > session.made + rules.absolute + 1 + rules.margin
            ):
                self.violation(
                    "I5",
                    name,
                    f"it goes on after its absolute end (until {record['expires_at']}, at first {session.expires_at})",
                )
            if counter - session.first_counter > rules.rotations * (
                (record["done"] - session.began) // rules.grace + 1
            ):
                self.violation(
                    "I1",
                    name,
                    f"{counter - session.first_counter} rotations in {record['done'] - session.began:.1f} s",
                )

    def knows(self, node, since):
        """When a node has certainly heard of an event at `since`: within the bound, or later if a fault came
        first."""
        heard = since + self.rules.bound
        for fault in self.faults:
            if node in fault["nodes"] and fault["from"] <= heard < fault["to"] + self.rules.recovery:
                heard = fault["to"] + self.rules.recovery
        return heard

    def check_verified(self, name, session):
        rules, ended = self.rules, session.ended
        for record in session.verified:
            node = record["node"]
            if record["status"] == 401 and record["done"] < min(
                session.may_end, record["exp"] - 1, session.began + rules.absolute - rules.margin
            ):
                self.violation("I9", name, f"{node} refused a good token ({record.get('code')})")
            if record["status"] != 200:
                continue
            if record["sent"] > record["exp"] + rules.margin:
                self.violation(
                    "I3", name, f"{node} took a token {record['sent'] - record['exp']:.2f} s after it expired"
                )
            at_once = min((done for _, done, by in session.ends if by == node), default=INFINITY)
            if record["sent"] > at_once:
                self.violation(
                    "I3",
                    name,
                    f"{node} took a token {record['sent'] - at_once:.3f} s after it had itself said that it was over",
                )
            elif record["sent"] > self.knows(node, ended):
                self.violation(
                    "I3",
                    name,
                    f"{node} took a token {record['sent'] - ended:.2f} s after its end was acknowledged",
                )

    def check_users(self):
        """A disabled user does not sign in until he is enabled."""
        switches = collections.defaultdict(list)
        for record in self.records:
            if record["op"] in ("disable", "enable"):
                switches[record["user"]].append(record)
        for record in self.records:
            if record["op"] != "sign_in" or record["status"] != 200:
                continue
            disabled = max(
                (
                    s["done"]
                    for s in switches[record["user"]]
                    if s["op"] == "disable" and s["status"] == 200 and s["done"] < record["sent"]
                ),
                default=None,
            )
            if disabled is not None and not any(
                s["op"] == "enable" and disabled <= done_of(s) and s["sent"] < record["done"]
                for s in switches[record["user"]]
            ):
                self.violation(
                    "I3", record["session"], f"{record['node']} signed in {record['user']}, who is disabled"
                )

    def check_final(self):
        verdicts = collections.defaultdict(dict)
        for record in self.records:
            # Only tokens that do not expire while they are checked.
            if record.get("final") and record["status"] is not None and record["done"] < record["exp"] - 1:
                verdicts[(record["session"], record["exp"])][record["node"]] = record["status"]
        for (name, _), by_node in verdicts.items():
            if len(set(by_node.values())) > 1:
                self.violation("I9", name, f"nodes disagree: {by_node}")


def check(records, rules):
    return Checker(records, rules).check()


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        rules, *records = [json.loads(line) for line in file]
    found = check(records, Rules(**rules))
    print("\n".join(found[:50]) or "no violations")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

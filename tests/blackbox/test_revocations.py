# SPDX-License-Identifier: Apache-2.0
"""The feed gives revocations to its followers in order, without gaps, and at once."""

import json
import socket
import time

import pytest
from client import Caller
from conftest import needs_sqlite, next_address
from server import PASSWORD

FEED = "/api/v1/revocations"


class Stream:
    """A follower of the feed, over a plain socket."""

    def __init__(self, server, key, last=None):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=5)
        self.buffer = b""
        resume = f"Last-Event-ID: {last}\r\n" if last else ""
        self.socket.sendall(
            (
                f"GET {FEED} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
                f"Accept: text/event-stream\r\n{resume}\r\n"
            ).encode()
        )
        self.head = self._until(b"\r\n\r\n").decode()

    def _until(self, mark):
        while mark not in self.buffer:
            part = self.socket.recv(65536)
            if not part:
                raise EOFError
            self.buffer += part
        found, self.buffer = self.buffer.split(mark, 1)
        return found

    def event(self):
        """(event, id, data) of the next event."""
        fields = dict(line.split(": ", 1) for line in self._until(b"\n\n").decode().split("\n"))
        return fields.get("event", "message"), fields.get("id"), json.loads(fields["data"])

    def message(self):
        """Id and data of the next entries. Heartbeats may come before."""
        while True:
            event, cursor, data = self.event()
            if event == "message":
                return cursor, data

    def until(self, wanted):
        """The entries before an event of this kind, and the event's id."""
        entries = []
        while True:
            event, cursor, data = self.event()
            if event == "message":
                entries += data
            if event == wanted:
                return entries, cursor

    def close(self):
        self.socket.close()


@pytest.fixture
def feed(make_server):
    server = make_server({"tokens.access_ttl": "60s"}).start()
    server.key = server.command("service-key", "add", "api", "--scope", "feed").strip()
    return server


@pytest.fixture
def caller(feed):
    return Caller(feed.port, next_address())


def snapshot(server, since="", **headers):
    return Caller(server.port, next_address()).get(
        FEED + (f"?since={since}" if since else ""), bearer=server.key, headers=headers
    )


def ended(feed, cursor, sessions):
    """The snapshot after `cursor`, once it lists the end of these sessions. With PostgreSQL that is a moment
    after the answer."""
    deadline = time.monotonic() + 1
    while True:
        answer = snapshot(feed, cursor)
        if [entry["subject"] for entry in answer.json()["entries"]] == [
            session["session"]["id"] for session in sessions
        ] or time.monotonic() > deadline:
            return answer
        time.sleep(0.01)


def test_a_service_key_is_needed_and_it_ends_at_once(feed, caller):
    other = feed.command("service-key", "add", "other", "--scope", "introspect", "--scope", "users").strip()
    token = caller.sign_in_body(feed.add_user())["token"]
    assert caller.get(FEED).verdict == (401, "service_key_missing")
    assert caller.get(FEED, headers={"Authorization": "Digest eDp5"}).verdict == (401, "service_key_missing")
    assert caller.get(FEED, headers={"Authorization": "Basic eDp5"}).verdict == (401, "service_key_unknown")
    for wrong in ("junk", token, feed.key[:-1], feed.key + "A", feed.key.replace("ccs_", "ccr_")):
        assert caller.get(FEED, bearer=wrong).verdict == (401, "service_key_unknown")
    assert caller.get(FEED, bearer=other).verdict == (403, "service_key_scope")
    assert snapshot(feed).status == 200
    assert {row["name"] for row in feed.rows("service-key", "list")} == {"api", "other"}
    assert feed.key not in feed.command("service-key", "list", "--json")
    feed.command("service-key", "end", "api")
    assert snapshot(feed).verdict == (401, "service_key_unknown")
    assert feed.try_command("service-key", "end", "api").returncode == 1
    assert feed.try_command("service-key", "add", "bad", "--scope", "everything").returncode == 1
    assert feed.try_command("service-key", "add", "other", "--scope", "feed").returncode == 1
    # A service key is not a user's credential, and a user's token is not a service key.
    assert caller.verify(other).status == 401 and caller.get("/api/v1/sessions", bearer=other).status == 401


def test_the_key_is_nowhere_on_the_disk_and_in_no_log(feed):
    for path in feed.data.iterdir():
        if path.is_file():
            assert (
                feed.key.encode() not in path.read_bytes() and feed.key[4:].encode() not in path.read_bytes()
            )
    assert feed.key not in feed.log() and feed.key not in feed.command("audit", "list", "--json")


def test_every_kind_of_end_arrives_in_order(feed, caller):
    ada, bob, eve, key = feed.add_user(), feed.add_user(), feed.add_user(), feed.rows("key", "list")
    stream = Stream(feed, feed.key)
    assert (
        "text/event-stream" in stream.head
        and "Content-Length" not in stream.head
        and "no-store" in stream.head
    )
    assert stream.event()[0] == "reset"
    before, _ = stream.until("synced")
    assert before == []
    first, second = caller.sign_in_body(ada), caller.sign_in_body(ada)
    caller.sign_in_body(bob), caller.sign_in_body(eve)
    caller.sign_out(first["token"])
    feed.command("session", "end", second["session"]["id"])
    feed.command("user", "set", bob.name, "--role", "editor")
    feed.command("user", "disable", bob.name)
    feed.command("user", "password", eve.name, stdin="eleven amber herons hum quietly\n")
    current = [row["kid"] for row in key if row["state"] == "current"][0]
    feed.command("key", "revoke", current)
    entries, cursor = stream.until("heartbeat")
    while len(entries) < 6:
        more, cursor = stream.until("heartbeat")
        entries += more
    assert [entry["kind"] for entry in entries] == [
        "session",
        "session",
        "user_stale",
        "user_revoked",
        "user_revoked",
        "key",
    ]
    assert [entry["subject"] for entry in entries[:2]] == [first["session"]["id"], second["session"]["id"]]
    assert entries[2]["minimum"] == 2 and entries[3]["minimum"] == 3 and entries[5]["subject"] == current
    now = time.time()
    # A token lives 60 s. An entry about a user counts for a minute more, during which another node may not
    # know it yet. An entry about a key counts for longer than verifiers keep the keys that they fetched.
    longer = {"user": 60, "key": 11 * 60}
    assert all(
        now < entry["expires"] <= now + 65 + longer.get(entry["kind"].split("_")[0], 0) for entry in entries
    )
    answer = snapshot(feed).json()
    assert (
        answer["entries"] == entries and answer["cursor"] == cursor and answer["reset"] and not answer["more"]
    )
    stream.close()


def test_a_reader_goes_on_where_it_was(feed, caller):
    user = feed.add_user()
    sessions = [caller.sign_in_body(user) for _ in range(5)]
    stream = Stream(feed, feed.key)
    _, start = stream.until("synced")
    caller.sign_out(sessions[0]["token"])
    cursor, data = stream.message()
    stream.close()
    for session in sessions[1:4]:
        caller.sign_out(session["token"])
    ended(feed, cursor, sessions[1:4])
    again = Stream(feed, feed.key, cursor)
    entries, _ = again.until("synced")
    assert [entry["subject"] for entry in entries] == [session["session"]["id"] for session in sessions[1:4]]
    again.close()
    feed.crash_and_restart()
    third = Stream(feed, feed.key, cursor)
    entries, _ = third.until("synced")
    assert len(entries) == 3, "over a crash too"
    third.close()
    for nonsense in ("0123456789abcdef.1", start.split(".")[0] + ".999999", "x", "." * 40):
        anew = Stream(feed, feed.key, nonsense)
        assert anew.event()[0] == "reset"
        assert len(anew.until("synced")[0]) == 4
        anew.close()


def test_a_snapshot_is_shortened_to_what_is_new_and_tells_when_nothing_is(feed, caller):
    user = feed.add_user()
    sessions = [caller.sign_in_body(user) for _ in range(3)]
    caller.sign_out(sessions[0]["token"])
    first = ended(feed, "", sessions[:1])
    assert snapshot(feed, **{"If-None-Match": first.header("ETag")}).status == 304
    caller.sign_out(sessions[1]["token"])
    ended(feed, first.json()["cursor"], sessions[1:2])
    assert snapshot(feed, **{"If-None-Match": first.header("ETag")}).status == 200
    delta = snapshot(feed, first.json()["cursor"]).json()
    assert not delta["reset"] and [entry["subject"] for entry in delta["entries"]] == [
        sessions[1]["session"]["id"]
    ]
    assert snapshot(feed, delta["cursor"]).json()["entries"] == []
    whole = snapshot(feed, "0123456789abcdef.1").json()
    assert whole["reset"] and len(whole["entries"]) == 2


def test_it_beats_each_second(feed):
    stream = Stream(feed, feed.key)
    stream.until("synced")
    beats = []
    for _ in range(4):
        stream.until("heartbeat")
        beats.append(time.monotonic())
    assert all(later - earlier < 2.5 for earlier, later in zip(beats, beats[1:]))
    stream.close()


def test_an_open_feed_closes_when_its_key_ends(feed, caller):
    """It stayed open, and told on (issue 18, row 6). Another key of the same name does not keep it open."""
    text = feed.command("service-key", "add", "leaked", "--scope", "feed").strip()
    leaked, other = Stream(feed, text), Stream(feed, feed.key)
    leaked.until("synced")
    other.until("synced")
    feed.command("service-key", "end", "leaked")
    feed.command("service-key", "add", "leaked", "--scope", "feed")
    session = caller.sign_in_body(feed.add_user())
    with pytest.raises((EOFError, ConnectionError)):
        while True:
            leaked.event()
    caller.sign_out(session["token"])
    assert other.message()
    leaked.close()
    other.close()


def test_who_reads_nothing_holds_nobody_up_and_who_hangs_up_is_forgotten(feed, caller):
    user = feed.add_user()
    idle = [Stream(feed, feed.key) for _ in range(50)]
    for stream in idle[:25]:
        stream.close()
    session = caller.sign_in_body(user)
    reader = Stream(feed, feed.key)
    reader.until("synced")
    caller.sign_out(session["token"])
    assert reader.event()[0] in ("message", "heartbeat")
    for stream in [*idle[25:], reader]:
        stream.close()
    started = time.monotonic()
    assert feed.stop() == 0 and time.monotonic() - started < 5, "streams do not delay the end"


@needs_sqlite
def test_a_restored_copy_has_another_epoch(feed, caller, tmp_path):
    import shutil

    user = feed.add_user()
    caller.sign_out(caller.sign_in_body(user)["token"])
    cursor = snapshot(feed).json()["cursor"]
    feed.stop()
    shutil.copytree(feed.data, tmp_path / "backup")
    shutil.rmtree(feed.data)
    shutil.copytree(tmp_path / "backup", feed.data)
    feed.start()
    after = snapshot(feed, cursor).json()
    assert after["reset"] and after["cursor"].split(".")[0] != cursor.split(".")[0]
    assert any(entry["kind"] == "issued_before" for entry in after["entries"])


@needs_sqlite
def test_many_entries_come_whole(feed, caller):
    """More entries than fit into one event, one snapshot and one socket buffer all arrive."""
    import sqlite3

    feed.stop()
    with sqlite3.connect(feed.data / "coatcheck.db") as database:
        database.executemany(
            "INSERT INTO revocations(kind, subject, minimum, expires) VALUES (0, ?, 0, ?)",
            [(f"session-{number:08}", int(time.time() + 600) * 1000) for number in range(25_000)],
        )
    feed.start()
    stream = Stream(feed, feed.key)
    entries, _ = stream.until("synced")
    assert [entry["subject"] for entry in entries] == [f"session-{number:08}" for number in range(25_000)]
    stream.close()
    found, answer = [], {"cursor": "", "more": True}
    while answer["more"]:
        answer = snapshot(feed, answer["cursor"]).json()
        found += answer["entries"]
    assert len(found) == 25_000 and PASSWORD

# SPDX-License-Identifier: Apache-2.0
"""The event stream of a session, by which a page hears at once that the session has ended (rows 34 and 37 of
the issue "A smooth ride")."""

import time

import pytest
from client import Browser, Caller
from conftest import next_address
from server import free_port
from waiting import wait_until

EVENTS = "/api/v1/authentication/events"


class Stream:
    """The events of one session."""

    def __init__(self, caller, **credential):
        self.connection = caller.connect(timeout=10)
        self.connection.send(caller.compose("GET", EVENTS, **credential))
        self.text = b""
        head, _, self.text = self.read_until(b"\r\n\r\n").partition(b"\r\n\r\n")
        self.head = head.decode()

    def read_until(self, end):
        while end not in self.text:
            data = self.connection.socket.recv(4096)
            if not data:
                break
            self.text += data
        return self.text

    def read_to_the_end(self):
        return self.read_until(b"\0").decode()

    def close(self):
        self.connection.close()


def elsewhere(server):
    return Caller(server.port, next_address())


@pytest.fixture
def streamed(make_server):
    server = make_server()
    server.user = server.add_user()
    return server.start()


def test_the_end_of_a_session_is_told_at_once(streamed):
    caller = elsewhere(streamed)
    first, second = caller.sign_in_body(streamed.user), caller.sign_in_body(streamed.user)
    stream, other = Stream(caller, bearer=first["token"]), Stream(caller, bearer=second["token"])
    assert "HTTP/1.1 200 " in stream.head and "Content-Type: text/event-stream" in stream.head
    assert "no-store" in stream.head and "X-Accel-Buffering: no" in stream.head
    stream.read_until(b"\n\n")
    assert stream.text.decode() == f'event: live\ndata: {{"expires_at":{first["expires_at"]}}}\n\n'

    began = time.monotonic()
    assert elsewhere(streamed).end_session(second["token"], first["session"]["id"]).status == 204
    said = stream.read_until(b"ended")
    assert time.monotonic() - began < 1, said
    assert 'event: ended\ndata: {"code":"token_revoked"}\n\n' in stream.read_to_the_end()
    other.read_until(b"\n\n")
    assert b"ended" not in other.text
    other.close()


@pytest.mark.parametrize("act", ["disable", "end-all", "delete", "sign-out"])
def test_each_end_is_told(streamed, act):
    caller = elsewhere(streamed)
    signed_in = caller.sign_in_body(streamed.user)
    stream = Stream(caller, bearer=signed_in["token"])
    name = streamed.user.name
    if act == "disable":
        streamed.command("user", "disable", name)
    elif act == "end-all":
        streamed.command("session", "end", "--user", name)
    elif act == "delete":
        streamed.command("user", "delete", name)
    else:
        caller.sign_out(signed_in["token"])
    said = stream.read_to_the_end()
    assert ("event: ended" if act == "sign-out" else "event: stale") in said and "token_revoked" in said
    assert caller.refresh(signed_in["refresh_token"]).verdict == (401, "session_ended")


def test_a_password_change_does_not_call_its_own_session_ended(streamed):
    caller = elsewhere(streamed)
    signed_in = caller.sign_in_body(streamed.user)
    stream = Stream(caller, bearer=signed_in["token"])
    passwords = {
        "current_password": streamed.user.password,
        "new_password": "seven amber herons weave baskets",
    }
    changed = caller.put("/api/v1/users/me/password", json=passwords, bearer=signed_in["token"])
    assert changed.status == 200
    said = stream.read_to_the_end()
    assert "event: stale" in said and "ended" not in said
    assert caller.refresh(changed.json()["refresh_token"]).status == 200


def test_new_roles_are_told(streamed):
    caller = elsewhere(streamed)
    signed_in = caller.sign_in_body(streamed.user)
    stream = Stream(caller, bearer=signed_in["token"])
    streamed.command("user", "set", streamed.user.name, "--role", "editor")
    assert 'event: stale\ndata: {"code":"token_stale"}' in stream.read_to_the_end()
    again = caller.refresh(signed_in["refresh_token"]).json()
    assert Stream(caller, bearer=again["token"]).read_until(b"\n\n").startswith(b"event: live")


def test_a_stream_ends_with_its_token(make_server):
    server = make_server({"tokens.access_ttl": "2s"})
    user = server.add_user()
    server.start()
    caller = elsewhere(server)
    signed_in = caller.sign_in_body(user)
    said = Stream(caller, bearer=signed_in["token"]).read_to_the_end()
    assert "live" in said and "ended" not in said
    answer = caller.get(EVENTS, bearer=signed_in["token"])
    assert answer.verdict == (401, "token_expired")


def test_it_works_by_cookie_too(streamed):
    browser = Browser(streamed.port, next_address())
    browser.sign_in(streamed.user, "cookie")
    stream = Stream(browser, cookies=browser.jar)
    stream.read_until(b"\n\n")
    streamed.command("session", "end", "--user", streamed.user.name)
    assert "event: stale" in stream.read_to_the_end()


def test_it_needs_a_token_that_counts(streamed):
    caller = elsewhere(streamed)
    assert caller.get(EVENTS).verdict == (401, "token_missing")
    token = caller.sign_in_body(streamed.user)["token"]
    caller.sign_out(token)
    assert caller.get(EVENTS, bearer=token).verdict == (401, "token_revoked")


def test_a_user_has_at_most_32_streams(streamed):
    caller = elsewhere(streamed)
    token = caller.sign_in_body(streamed.user)["token"]
    streams = [Stream(elsewhere(streamed), bearer=token) for _ in range(32)]
    for stream in streams:
        assert "HTTP/1.1 200 " in stream.head
    refused = caller.get(EVENTS, bearer=token)
    assert refused.verdict == (429, "too_many_attempts") and refused.header("Retry-After") == "30"
    streams[0].close()
    deadline = time.monotonic() + 10
    while caller.request("HEAD", EVENTS, bearer=token).status != 200 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert caller.request("HEAD", EVENTS, bearer=token).status == 200
    for stream in streams[1:]:
        stream.close()


def test_pages_that_listen_are_counted_apart_from_followers(make_server):
    port = free_port()
    server = make_server({"metrics.listen": f"127.0.0.1:{port}"})
    user = server.add_user()
    server.start()
    caller = elsewhere(server)
    streams = [Stream(caller, bearer=caller.sign_in_body(user)["token"]) for _ in range(3)]

    def gauges():
        text = Caller(port).get("/metrics").body.decode()
        return {line.split()[0]: float(line.split()[1]) for line in text.splitlines() if line[:1] != "#"}

    assert gauges()["coatcheck_session_streams"] == 3 and gauges()["coatcheck_feed_followers"] == 0
    for stream in streams:
        stream.close()
    wait_until(lambda: gauges()["coatcheck_session_streams"] == 0, seconds=20)


def test_of_many_pages_the_right_ones_hear(make_server):
    server = make_server()
    users = [server.add_user() for _ in range(8)]
    server.start()
    pairs = [elsewhere(server).sign_in_body(user) for user in users for _ in range(20)]
    streams = [Stream(elsewhere(server), bearer=pair["token"]) for pair in pairs]
    for stream in streams:
        stream.read_until(b"\n\n")
    for i in (0, 77, 159):
        elsewhere(server).sign_out(pairs[i]["token"])
        streams[i].connection.socket.settimeout(3)
        assert b"event: ended" in streams[i].read_until(b"ended")
    for i, stream in enumerate(streams):
        assert (b"ended" in stream.text) == (i in (0, 77, 159))
        stream.close()

# SPDX-License-Identifier: Apache-2.0
"""Users see and end their own sessions, and nobody else's."""

import time

import pytest
from client import Browser, Caller
from conftest import next_address

MEMBERS = {
    "id",
    "device",
    "address",
    "created_at",
    "last_used_at",
    "idle_expires_at",
    "expires_at",
    "delivery",
    "client_id",
    "current",
}


def sessions_of(caller, token):
    answer = caller.get("/api/v1/sessions", bearer=token)
    assert answer.status == 200
    assert answer.json().keys() == {"sessions", "next"} and answer.json()["next"] is None
    return {session["id"]: session for session in answer.json()["sessions"]}


def test_the_list_shows_every_session_and_marks_the_current_one(caller, user):
    signed_in = [caller.sign_in_body(user, device=f"device {number}") for number in range(3)]
    listed = sessions_of(caller, signed_in[1]["token"])
    assert set(listed) == {one["session"]["id"] for one in signed_in}
    assert all(session.keys() == MEMBERS for session in listed.values())
    assert [listed[one["session"]["id"]]["current"] for one in signed_in] == [False, True, False]
    assert {session["device"] for session in listed.values()} == {"device 0", "device 1", "device 2"}


def test_a_session_shows_where_it_came_from_and_how_it_is_delivered(caller, server, user):
    browser = Browser(server.port, next_address())
    before = int(time.time())
    browser.sign_in(user, "cookie", device="laptop")
    after = time.time()
    here = caller.sign_in_body(user)
    listed = {session["delivery"]: session for session in sessions_of(caller, here["token"]).values()}
    assert listed["cookie"]["address"] == browser.source and listed["body"]["address"] == caller.source
    assert listed["cookie"]["device"] == "laptop"
    assert before <= listed["cookie"]["created_at"] <= after
    assert all(type(listed["body"][name]) is int for name in MEMBERS if name.endswith("_at"))


def test_the_list_holds_nobody_elses_sessions(caller, server):
    one, two = server.add_user(), server.add_user()
    first, second = caller.sign_in_body(one), caller.sign_in_body(two)
    assert set(sessions_of(caller, first["token"])) == {first["session"]["id"]}
    assert set(sessions_of(caller, second["token"])) == {second["session"]["id"]}


def test_the_list_comes_in_pages_that_miss_no_session(caller, user):
    """Row 10 of the issue "Promises that hold": 100,000 sessions were one answer of 30 MB."""
    signed_in = [caller.sign_in_body(user) for _ in range(5)]
    listed, after = [], ""
    for _ in range(3):
        page = caller.get(f"/api/v1/sessions?limit=2{after}", bearer=signed_in[0]["token"]).json()
        listed += [session["id"] for session in page["sessions"]]
        after = f"&after={page['next']}"
    assert page["next"] is None and len(page["sessions"]) == 1
    assert sorted(listed) == sorted(one["session"]["id"] for one in signed_in)
    for query in ("limit=0", "limit=1001", "limit=x", "user=1"):
        refused = caller.get(f"/api/v1/sessions?{query}", bearer=signed_in[0]["token"])
        assert refused.verdict == (400, "malformed_request"), query


def test_a_user_has_so_many_sessions_and_one_more_ends_the_oldest(make_server):
    """Row 10: nothing limited sign-ins that succeed."""
    server = make_server({"sessions.per_user": 3})
    user, other = server.add_user(), server.add_user()
    server.start()
    caller = Caller(server.port, next_address())
    elsewhere = caller.sign_in_body(other)
    signed_in = [caller.sign_in_body(user) for _ in range(3)]
    used = caller.refresh(signed_in[0]["refresh_token"]).json()
    newest = caller.sign_in_body(user)
    assert caller.refresh(signed_in[1]["refresh_token"]).verdict == (401, "session_ended")
    assert caller.verify(signed_in[1]["token"]).verdict == (401, "token_revoked")
    alive = {one["session"]["id"] for one in (used, signed_in[2], newest)}
    assert set(sessions_of(caller, newest["token"])) == alive
    assert caller.verify(elsewhere["token"]).status == 200
    events = [event["event"] for event in server.rows("audit", "list")]
    assert events.count("session_displaced") == 1


def test_ended_sessions_leave_the_list(caller, user):
    first, second = caller.sign_in_body(user), caller.sign_in_body(user)
    caller.sign_out(first["token"])
    assert set(sessions_of(caller, second["token"])) == {second["session"]["id"]}


def test_a_refresh_marks_the_session_as_used_and_changes_no_id(caller, user):
    signed_in = caller.sign_in_body(user)
    time.sleep(1.1)
    refreshed = caller.refresh(signed_in["refresh_token"]).json()
    session = sessions_of(caller, refreshed["token"])[signed_in["session"]["id"]]
    assert session["last_used_at"] > signed_in["session"]["last_used_at"]
    assert session["current"] is True


def test_ending_one_session_ends_that_one(caller, user):
    here, there = caller.sign_in_body(user), caller.sign_in_body(user)
    assert caller.end_session(here["token"], there["session"]["id"]).status == 204
    assert caller.verify(there["token"]).verdict == (401, "token_revoked")
    assert caller.refresh(there["refresh_token"]).verdict == (401, "session_ended")
    assert caller.verify(here["token"]).status == 200


def test_a_user_can_end_the_session_that_asks(caller, user):
    here = caller.sign_in_body(user)
    assert caller.end_session(here["token"], here["session"]["id"]).status == 204
    assert caller.verify(here["token"]).verdict == (401, "token_revoked")


def test_somebody_elses_session_does_not_exist(caller, server):
    mine, theirs = caller.sign_in_body(server.add_user()), caller.sign_in_body(server.add_user())
    stranger = caller.end_session(mine["token"], theirs["session"]["id"])
    unknown = caller.end_session(mine["token"], "A" * 22)
    assert stranger.verdict == unknown.verdict == (404, "not_found")
    assert stranger.body == unknown.body, "one cannot tell that it exists"
    assert caller.verify(theirs["token"]).status == 200
    assert caller.refresh(theirs["refresh_token"]).status == 200


def test_an_ended_session_is_not_found_again(caller, user):
    here, there = caller.sign_in_body(user), caller.sign_in_body(user)
    assert caller.end_session(here["token"], there["session"]["id"]).status == 204
    assert caller.end_session(here["token"], there["session"]["id"]).verdict == (404, "not_found")


@pytest.mark.parametrize(
    "session_id",
    [
        "x",
        "A" * 21,
        "A" * 23,
        "..",
        "%00",
        "%2e%2e%2fme",
        "a/b",
        "'--",
        "A" * 5000,
        "%F0%9F%A6%A6",
        "current",
        "*",
    ],
)
def test_junk_instead_of_an_id_is_not_found(caller, ada, session_id):
    signed_in = caller.sign_in_body(ada)
    answer = caller.delete(f"/api/v1/sessions/{session_id}", bearer=signed_in["token"])
    assert answer.verdict in {(404, "not_found"), (400, "malformed_request")}
    assert caller.verify(signed_in["token"]).status == 200


def test_ending_all_others_keeps_the_current_one(caller, user):
    here, *others = [caller.sign_in_body(user) for _ in range(4)]
    assert caller.delete("/api/v1/sessions?except=current", bearer=here["token"]).status == 204
    for other in others:
        assert caller.verify(other["token"]).verdict == (401, "token_revoked")
        assert caller.refresh(other["refresh_token"]).verdict == (401, "session_ended")
    assert caller.verify(here["token"]).status == 200 and caller.refresh(here["refresh_token"]).status == 200
    assert set(sessions_of(caller, here["token"])) == {here["session"]["id"]}


def test_ending_all_includes_the_current_one_and_clears_its_cookies(server, user):
    browser = Browser(server.port, next_address())
    browser.sign_in(user, "cookie")
    token = browser.jar["__Host-Http-coatcheck"]
    assert browser.delete("/api/v1/sessions").status == 204
    assert browser.verify(token).verdict == (401, "token_revoked")


@pytest.mark.parametrize(
    "query", ["except=", "except=others", "except=Current", "except=current&except=x", "expect=current"]
)
def test_a_misspelt_exception_ends_nothing(caller, user, query):
    here, there = caller.sign_in_body(user), caller.sign_in_body(user)
    assert caller.delete(f"/api/v1/sessions?{query}", bearer=here["token"]).status == 400
    assert caller.verify(here["token"]).status == caller.verify(there["token"]).status == 200


@pytest.mark.parametrize(
    "method,target",
    [
        ("GET", "/api/v1/sessions"),
        ("DELETE", "/api/v1/sessions"),
        ("DELETE", "/api/v1/sessions/AAAAAAAAAAAAAAAAAAAAAA"),
    ],
)
def test_nobody_signed_in_has_no_sessions(caller, method, target):
    assert caller.request(method, target).verdict == (401, "token_missing")


def test_sessions_end_by_cookie_only_from_an_allowed_site(server, user):
    browser = Browser(server.port, next_address())
    browser.sign_in(user, "cookie")
    other = Browser(server.port, next_address())
    session_id = other.sign_in(user, "cookie").json()["session"]["id"]
    for target in ("/api/v1/sessions", f"/api/v1/sessions/{session_id}", "/api/v1/sessions?except=current"):
        for headers in (
            {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
            {"Sec-Fetch-Site": "none"},
        ):
            assert browser.delete(target, headers=headers).verdict == (403, "csrf_refused")
    assert other.get("/api/v1/authentication").status == 200
    assert browser.delete(f"/api/v1/sessions/{session_id}").status == 204
    assert other.get("/api/v1/authentication").verdict == (401, "token_revoked")


def test_the_operator_lists_and_ends_sessions_too(caller, server, user):
    signed_in = caller.sign_in_body(user)
    assert signed_in["session"]["id"] in server.command("session", "list", "--json")
    server.command("session", "end", signed_in["session"]["id"])
    assert caller.verify(signed_in["token"]).verdict == (401, "token_revoked")
    assert caller.refresh(signed_in["refresh_token"]).verdict == (401, "session_ended")

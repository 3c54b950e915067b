# SPDX-License-Identifier: Apache-2.0
"""Dialects: the ways in which clients of older APIs send a token. They are off by default, counted, and end
after a configured day."""

import datetime
import urllib.parse

import pytest
from client import Caller
from conftest import next_address
from server import PASSWORD

VERIFY, WHO = "/api/v1/verify", "/api/v1/authentication"


@pytest.fixture
def older(make_server):
    return make_server(
        {"accept.x_token": True, "accept.bare_authorization": True, "cors.origins": ["https://app.example"]}
    ).start()


@pytest.fixture
def caller(older):
    return Caller(older.port, next_address())


def pair(token, user):
    return {"X-TOKEN": token, "X-USER": user}


def test_a_token_counts_with_the_user_whose_it_is_and_no_other(older, caller):
    ada, bob = caller.sign_in_body(older.add_user()), caller.sign_in_body(older.add_user())
    for spelt in (pair, lambda token, user: {"x-token": token, "x-user": user}):
        for target in (VERIFY, WHO):
            assert caller.get(target, headers=spelt(ada["token"], ada["user"]["id"])).status == 200
            assert caller.get(target, headers=spelt(ada["token"], bob["user"]["id"])).verdict == (
                401,
                "token_not_ours",
            )
            assert caller.get(target, headers=spelt(ada["token"], ada["user"]["username"])).verdict == (
                401,
                "token_not_ours",
            ), "the id, not the name"
            assert caller.get(target, headers=spelt("junk", ada["user"]["id"])).verdict == (
                401,
                "token_malformed",
            )
            assert caller.get(
                target, headers=spelt(ada["token"][:-4] + "AAAA", ada["user"]["id"])
            ).verdict == (401, "token_not_ours")
    answer = caller.get(VERIFY, headers=pair(ada["token"], ada["user"]["id"]))
    assert answer.header("X-Auth-User") == ada["user"]["id"]
    assert caller.get(VERIFY, headers={"X-USER": ada["user"]["id"]}).verdict == (401, "token_missing"), (
        "a name alone is nobody"
    )


def test_half_of_it_twice_of_it_or_two_of_it_are_none(older, caller):
    ada, bob = caller.sign_in_body(older.add_user()), caller.sign_in_body(older.add_user())
    id = ada["user"]["id"]
    for headers in (
        [("X-TOKEN", ada["token"])],
        [("X-TOKEN", ada["token"]), ("X-USER", "")],
        [("X-TOKEN", ada["token"]), ("X-TOKEN", ada["token"]), ("X-USER", id)],
        [("X-TOKEN", ada["token"]), ("X-USER", id), ("x-user", bob["user"]["id"])],
        [("X-TOKEN", ada["token"]), ("X-USER", id), ("Authorization", f"Bearer {bob['token']}")],
        [("X-TOKEN", ada["token"]), ("X-USER", id), ("Cookie", f"__Host-Http-coatcheck={bob['token']}")],
    ):
        answer = caller.request("GET", WHO, headers=headers)
        assert answer.verdict == (400, "credential_conflict"), headers
    assert (
        caller.get(
            WHO,
            headers=[("X-TOKEN", ada["token"]), ("X-USER", id), ("Authorization", f"Bearer {ada['token']}")],
        ).status
        == 200
    ), "one token, said twice"
    assert caller.get(WHO, headers=[("X_TOKEN", ada["token"]), ("X_USER", id)]).status in (400, 401)


def test_signing_out_that_way_ends_the_session_of_that_user_alone(older, caller):
    ada, bob = caller.sign_in_body(older.add_user()), caller.sign_in_body(older.add_user())
    assert caller.delete(WHO, headers=pair(ada["token"], bob["user"]["id"])).verdict == (
        401,
        "token_not_ours",
    )
    assert caller.verify(ada["token"]).status == 200
    assert caller.delete(WHO, headers=pair(ada["token"], ada["user"]["id"])).status == 204
    assert caller.verify(ada["token"]).verdict == (401, "token_revoked")


def test_off_it_is_not_even_read(make_server):
    server = make_server().start()
    caller = Caller(server.port, next_address())
    ada = caller.sign_in_body(server.add_user())
    assert caller.get(VERIFY, headers=pair(ada["token"], ada["user"]["id"])).verdict == (401, "token_missing")
    assert caller.get(VERIFY, bearer=ada["token"], headers=pair("junk", "x")).status == 200


def test_pages_of_listed_origins_may_send_it(older, caller):
    ask = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "x-token,x-user",
    }
    assert "X-TOKEN, X-USER" in caller.request("OPTIONS", WHO, headers=ask).header(
        "Access-Control-Allow-Headers"
    )


@pytest.mark.parametrize("days, taken", [(-1, False), (0, True), (30, True)])
def test_it_is_over_after_its_last_day(make_server, days, taken):
    day = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)).date().isoformat()
    server = make_server(
        {
            "accept.x_token": True,
            "accept.x_token_until": day,
            "accept.bare_authorization": True,
            "accept.bare_authorization_until": day,
        }
    ).start()
    caller = Caller(server.port, next_address())
    ada = caller.sign_in_body(server.add_user())
    for headers in (pair(ada["token"], ada["user"]["id"]), {"Authorization": ada["token"]}):
        answer = caller.get(WHO, headers=headers)
        if taken:
            assert answer.status == 200
        else:
            assert (
                answer.verdict == (401, "token_missing") and "no longer accepted" in answer.json()["detail"]
            )
    assert caller.get(WHO, bearer=ada["token"]).status == 200


ENVELOPE = "/api/v1/authentication/envelope"


def by_form(caller, target, **fields):
    return caller.post(
        target,
        body=urllib.parse.urlencode(fields).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )


@pytest.fixture
def enveloping(make_server):
    return make_server(
        {
            "accept.envelope": True,
            "accept.envelope_path": "/login.php",
            "accept.x_token": True,
            "cors.origins": ["https://app.example"],
        }
    ).start()


def test_signing_in_by_the_envelope(enveloping):
    caller, user = Caller(enveloping.port, next_address()), enveloping.add_user()
    name, password = user.name, PASSWORD
    ways = [
        lambda: caller.post(ENVELOPE, json={"user_name": name, "password": password}),
        lambda: caller.post("/login.php", json={"user_name": name, "password": password, "remember_me": 1}),
        lambda: by_form(caller, "/login.php", user_name=name, password=password, submit="Sign in"),
        lambda: by_form(caller, ENVELOPE, password=password, user_name=name.upper()),
    ]
    for way in ways:
        answer = way()
        assert (answer.status, answer.header("Content-Type")) == (200, "application/json")
        told = answer.json()
        assert (
            set(told) == {"success", "data", "detail"}
            and told["success"] is True
            and told["detail"] == {"message": "Signed in.", "error": None}
        )
        assert caller.get(VERIFY, headers=pair(told["data"]["token"], told["data"]["user_id"])).status == 200
        assert not answer.all("Set-Cookie")
        again = caller.post(
            "/api/v1/authentication/refresh", json={"refresh_token": told["data"]["refresh_token"]}
        )
        assert again.status == 200, "whoever learns to refresh may go on"


def test_what_goes_wrong_is_told_in_the_envelope_with_its_status(enveloping):
    caller, user = Caller(enveloping.port, next_address()), enveloping.add_user()
    good = {"user_name": user.name, "password": PASSWORD}
    cases = [
        ({**good, "password": "wrong"}, 401, "invalid_credentials"),
        ({**good, "user_name": "nobody"}, 401, "invalid_credentials"),
        ({"password": PASSWORD}, 400, "missing_member"),
        ({**good, "user_name": "x" * 321}, 400, "invalid_member"),
    ]
    for form, status, code in cases:
        for answer in (caller.post("/login.php", json=form), by_form(caller, "/login.php", **form)):
            assert answer.status == status
            assert answer.json() == {
                "success": False,
                "data": None,
                "detail": {"message": answer.json()["detail"]["message"], "error": code},
            }
            assert answer.json()["detail"]["message"]
    twice = caller.post(
        "/login.php",
        body=b"user_name=a&user_name=b&password=x",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert (twice.status, twice.json()["detail"]["error"]) == (400, "duplicate_member")
    assert (
        caller.post(
            "/login.php",
            body=b"user_name=a&password=%",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        ).status
        == 400
    )
    assert (
        caller.post("/login.php", json={"user_name": 1, "password": "x"}).json()["detail"]["error"]
        == "invalid_member"
    )
    assert caller.post("/login.php", body=b"{}", headers={"Content-Type": "text/plain"}).status == 415
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    refused = caller.post("/login.php", json=good, headers=elsewhere)
    assert (refused.status, refused.json()["detail"]["error"]) == (403, "csrf_refused")
    listed = caller.post(
        "/login.php", json=good, headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://app.example"}
    )
    assert listed.status == 200 and listed.header("Access-Control-Allow-Origin") == "https://app.example"
    assert caller.get("/login.php").verdict == (405, "method_not_allowed")


def test_the_envelope_has_a_last_day_and_is_off_without_being_asked_for(make_server):
    yesterday = (datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)).date().isoformat()
    for settings in (
        {},
        {"accept.envelope_path": "/login"},
        {"accept.envelope": True, "accept.envelope_path": "/login", "accept.envelope_until": yesterday},
    ):
        server = make_server(settings).start()
        caller = Caller(server.port, next_address())
        for target in (ENVELOPE, "/login"):
            assert caller.post(target, json={"user_name": "a", "password": "x"}).verdict == (404, "not_found")


def test_each_is_counted(make_server):
    server, other = make_server({"accept.x_token": True, "accept.bare_authorization": True}), make_server()
    server.settings["metrics.listen"] = f"127.0.0.1:{other.port}"
    server.start()
    caller = Caller(server.port, next_address())
    ada = caller.sign_in_body(server.add_user())
    for _ in range(3):
        caller.get(VERIFY, headers=pair(ada["token"], ada["user"]["id"]))
    caller.get(VERIFY, headers={"Authorization": ada["token"]})
    caller.get(VERIFY, bearer=ada["token"])
    text = Caller(other.port, next_address()).get("/metrics").body.decode()
    assert 'coatcheck_dialect_requests_total{dialect="x_token"} 3\n' in text
    assert 'coatcheck_dialect_requests_total{dialect="bare_authorization"} 1\n' in text

# SPDX-License-Identifier: Apache-2.0
"""Ways in which clients of older APIs send a token: off unless switched on, counted, and over after a day."""

import datetime

import pytest

from client import Caller
from conftest import next_address

VERIFY, WHO = "/api/v1/verify", "/api/v1/authentication"


@pytest.fixture
def older(make_server):
    return make_server({"accept.x_token": True, "accept.bare_authorization": True, "cors.origins": ["https://app.example"]}).start()


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
            assert caller.get(target, headers=spelt(ada["token"], bob["user"]["id"])).verdict == (401, "token_not_ours")
            assert caller.get(target, headers=spelt(ada["token"], ada["user"]["username"])).verdict == (401, "token_not_ours"), "the id, not the name"
            assert caller.get(target, headers=spelt("junk", ada["user"]["id"])).verdict == (401, "token_malformed")
            assert caller.get(target, headers=spelt(ada["token"][:-4] + "AAAA", ada["user"]["id"])).verdict == (401, "token_not_ours")
    answer = caller.get(VERIFY, headers=pair(ada["token"], ada["user"]["id"]))
    assert answer.header("X-Auth-User") == ada["user"]["id"]
    assert caller.get(VERIFY, headers={"X-USER": ada["user"]["id"]}).verdict == (401, "token_missing"), "a name alone is nobody"


def test_half_of_it_twice_of_it_or_two_of_it_are_none(older, caller):
    ada, bob = caller.sign_in_body(older.add_user()), caller.sign_in_body(older.add_user())
    id = ada["user"]["id"]
    for headers in ([("X-TOKEN", ada["token"])], [("X-TOKEN", ada["token"]), ("X-USER", "")],
                    [("X-TOKEN", ada["token"]), ("X-TOKEN", ada["token"]), ("X-USER", id)],
                    [("X-TOKEN", ada["token"]), ("X-USER", id), ("x-user", bob["user"]["id"])],
                    [("X-TOKEN", ada["token"]), ("X-USER", id), ("Authorization", f"Bearer {bob['token']}")],
                    [("X-TOKEN", ada["token"]), ("X-USER", id), ("Cookie", f"__Host-Http-coatcheck={bob['token']}")]):
        answer = caller.request("GET", WHO, headers=headers)
        assert answer.verdict == (400, "credential_conflict"), headers
    assert caller.get(WHO, headers=[("X-TOKEN", ada["token"]), ("X-USER", id), ("Authorization", f"Bearer {ada['token']}")]).status == 200, "one token, said twice"
    assert caller.get(WHO, headers=[("X_TOKEN", ada["token"]), ("X_USER", id)]).status in (400, 401)


def test_signing_out_that_way_ends_the_session_of_that_user_alone(older, caller):
    ada, bob = caller.sign_in_body(older.add_user()), caller.sign_in_body(older.add_user())
    assert caller.delete(WHO, headers=pair(ada["token"], bob["user"]["id"])).verdict == (401, "token_not_ours")
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
    ask = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-token,x-user"}
    assert "X-TOKEN, X-USER" in caller.request("OPTIONS", WHO, headers=ask).header("Access-Control-Allow-Headers")


@pytest.mark.parametrize("days, taken", [(-1, False), (0, True), (30, True)])
def test_it_is_over_after_its_last_day(make_server, days, taken):
    day = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).date().isoformat()
    server = make_server({"accept.x_token": True, "accept.x_token_until": day, "accept.bare_authorization": True, "accept.bare_authorization_until": day}).start()
    caller = Caller(server.port, next_address())
    ada = caller.sign_in_body(server.add_user())
    for headers in (pair(ada["token"], ada["user"]["id"]), {"Authorization": ada["token"]}):
        answer = caller.get(WHO, headers=headers)
        if taken:
            assert answer.status == 200
        else:
            assert answer.verdict == (401, "token_missing") and "no longer taken" in answer.json()["detail"]
    assert caller.get(WHO, bearer=ada["token"]).status == 200


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

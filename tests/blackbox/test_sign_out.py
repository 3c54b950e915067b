# SPDX-License-Identifier: Apache-2.0
"""Signing out ends the session, and its tokens fail at once."""

import time

import pytest
from client import Browser, Caller
from conftest import next_address
from tokens import header_of, join, parts_of


def test_signing_out_ends_both_tokens_at_once(caller, ada):
    signed_in = caller.sign_in_body(ada)
    answer = caller.sign_out(signed_in["token"])
    assert answer.status == 204
    assert caller.verify(signed_in["token"]).verdict == (401, "token_revoked")
    assert caller.get("/api/v1/authentication", bearer=signed_in["token"]).verdict == (401, "token_revoked")
    assert caller.refresh(signed_in["refresh_token"]).verdict == (401, "session_ended")


def test_every_access_token_of_the_session_fails_not_just_the_one_presented(caller, ada):
    first = caller.sign_in_body(ada)
    second = caller.refresh(first["refresh_token"]).json()
    third = caller.refresh(second["refresh_token"]).json()
    assert caller.sign_out(second["token"]).status == 204
    for signed_in in (first, second, third):
        assert caller.verify(signed_in["token"]).verdict == (401, "token_revoked")
        assert caller.refresh(signed_in["refresh_token"]).verdict == (401, "session_ended")


def test_other_sessions_go_on(caller, ada):
    here, there = caller.sign_in_body(ada), caller.sign_in_body(ada)
    assert caller.sign_out(here["token"]).status == 204
    assert caller.verify(there["token"]).status == 200
    assert caller.refresh(there["refresh_token"]).status == 200


def test_signing_out_twice_is_fine(caller, ada):
    token = caller.sign_in_body(ada)["token"]
    assert [caller.sign_out(token).status for _ in range(3)] == [204] * 3


def test_signing_out_of_nothing_is_fine(caller):
    assert caller.delete("/api/v1/authentication").status == 204


def test_the_refresh_token_signs_out_as_well(caller, ada):
    signed_in = caller.sign_in_body(ada)
    form = {"refresh_token": signed_in["refresh_token"]}
    assert caller.delete("/api/v1/authentication", json=form).status == 204
    assert caller.verify(signed_in["token"]).verdict == (401, "token_revoked")
    assert caller.refresh(signed_in["refresh_token"]).verdict == (401, "session_ended")
    assert caller.delete("/api/v1/authentication", json=form).status == 204


def test_an_expired_token_signs_out_as_well(make_server):
    server = make_server({"tokens.access_ttl": "1s"})
    user = server.add_user()
    server.start()
    caller = Caller(server.port)
    signed_in = caller.sign_in_body(user)
    time.sleep(max(0.0, signed_in["expires_at"] + 0.1 - time.time()))
    assert caller.verify(signed_in["token"]).verdict == (401, "token_expired")
    assert caller.get("/api/v1/sessions", bearer=signed_in["token"]).verdict == (401, "token_expired")
    assert caller.sign_out(signed_in["token"]).status == 204
    assert caller.refresh(signed_in["refresh_token"]).verdict == (401, "session_ended")


def test_a_token_counts_to_the_second_before_its_end(make_server):
    server = make_server({"tokens.access_ttl": "2s"})
    user = server.add_user()
    server.start()
    caller = Caller(server.port)
    signed_in = caller.sign_in_body(user)
    assert signed_in["expires_in"] <= 2
    assert caller.verify(signed_in["token"]).status == 200
    time.sleep(max(0.0, signed_in["expires_at"] - 0.3 - time.time()))
    assert caller.verify(signed_in["token"]).status == 200
    time.sleep(max(0.0, signed_in["expires_at"] + 0.02 - time.time()))
    assert caller.verify(signed_in["token"]).verdict == (401, "token_expired"), "exp has no leeway"
    assert caller.refresh(signed_in["refresh_token"]).status == 200


def test_a_forged_token_signs_nobody_out(caller, ada):
    signed_in = caller.sign_in_body(ada)
    header, claims, signature = parts_of(signed_in["token"])
    forged = [
        join(header, {**claims, "exp": claims["exp"] - 10000}, signature),
        join({**header, "alg": "none"}, claims),
        signed_in["token"][:-10],
        "junk",
    ]
    for token in forged:
        assert caller.sign_out(token).status == 401
    assert caller.delete("/api/v1/authentication", json={"refresh_token": "ccr_junk"}).status == 401
    tampered = signed_in["refresh_token"][:-2] + ("AA" if signed_in["refresh_token"][-2:] != "AA" else "BA")
    assert caller.delete("/api/v1/authentication", json={"refresh_token": tampered}).status == 401
    assert caller.verify(signed_in["token"]).status == 200
    assert caller.refresh(signed_in["refresh_token"]).status == 200


def test_two_different_credentials_sign_nobody_out(caller, ada, user):
    one, two = caller.sign_in_body(ada), caller.sign_in_body(user)
    answer = caller.delete(
        "/api/v1/authentication", bearer=one["token"], json={"refresh_token": two["refresh_token"]}
    )
    if answer.status != 204:
        assert answer.verdict == (400, "credential_conflict")
        assert caller.verify(one["token"]).status == caller.verify(two["token"]).status == 200
    else:
        pytest.fail("two sessions were presented and one of them was chosen")


def test_signing_out_with_both_tokens_of_one_session_is_fine(caller, ada):
    """A browser SDK that holds both tokens would send both."""
    one = caller.sign_in_body(ada)
    answer = caller.delete(
        "/api/v1/authentication", bearer=one["token"], json={"refresh_token": one["refresh_token"]}
    )
    assert answer.status == 204
    assert caller.verify(one["token"]).verdict == (401, "token_revoked")


@pytest.mark.parametrize("delivery", ["hybrid", "cookie"])
def test_signing_out_by_cookie_clears_the_cookies(browser, ada, delivery):
    signed_in = browser.sign_in(ada, delivery)
    token = signed_in.json().get("token") or browser.jar["__Host-Http-coatcheck"]
    kept = dict(browser.jar)
    assert kept
    answer = browser.delete("/api/v1/authentication")
    assert answer.status == 204
    assert browser.jar == {}, "every cookie is cleared"
    assert browser.verify(token).verdict == (401, "token_revoked")
    refused = browser.post("/api/v1/authentication/refresh", cookies=kept)
    assert refused.verdict == (401, "session_ended")


def test_a_foreign_page_cannot_sign_anybody_out(browser, ada):
    browser.sign_in(ada, "cookie")
    token = browser.jar["__Host-Http-coatcheck"]
    for headers in (
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site", "Origin": "https://evil.localhost"},
        {"Sec-Fetch-Site": "none"},
    ):
        assert browser.delete("/api/v1/authentication", headers=headers).verdict == (403, "csrf_refused")
    assert Caller(browser.port).delete("/api/v1/authentication", cookies=browser.jar).verdict == (
        403,
        "csrf_refused",
    )
    assert browser.verify(token).status == 200 and browser.jar


def test_signing_out_everywhere_ends_every_session_but_nobody_elses(caller, server, ada):
    user = server.add_user()
    sessions = [caller.sign_in_body(user) for _ in range(3)]
    browser = Browser(server.port, next_address())
    browser.sign_in(user, "cookie")
    other = caller.sign_in_body(ada)
    assert caller.delete("/api/v1/sessions", bearer=sessions[0]["token"]).status == 204
    for signed_in in sessions:
        assert caller.verify(signed_in["token"]).verdict == (401, "token_revoked")
        assert caller.refresh(signed_in["refresh_token"]).verdict == (401, "session_ended")
    assert browser.get("/api/v1/authentication").verdict == (401, "token_revoked")
    assert browser.post("/api/v1/authentication/refresh").verdict == (401, "session_ended")
    assert caller.verify(other["token"]).status == 200


def test_a_signed_out_token_is_refused_on_every_connection(caller, ada):
    """The token is refused on connections that were open before and whose event loop has a proof of it."""
    token = caller.sign_in_body(ada)["token"]
    assert header_of(token)["typ"] == "at+jwt"
    connections = [caller.connect() for _ in range(32)]
    message = caller.compose("GET", "/api/v1/verify", bearer=token)
    for expected in (200, 401):
        for connection in connections:
            connection.send(message)
        assert {connection.read().status for connection in connections} == {expected}
        if expected == 200:
            assert caller.sign_out(token).status == 204
    for connection in connections:
        connection.close()


def test_a_new_session_after_signing_out_is_a_new_one(caller, ada):
    first = caller.sign_in_body(ada)
    caller.sign_out(first["token"])
    second = caller.sign_in_body(ada)
    assert second["session"]["id"] != first["session"]["id"]
    assert caller.verify(second["token"]).status == 200
    assert caller.verify(first["token"]).verdict == (401, "token_revoked")

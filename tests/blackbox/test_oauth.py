# SPDX-License-Identifier: Apache-2.0
"""Introspection (RFC 7662) and revocation (RFC 7009), as OAuth clients and resource servers use them."""

import base64
import time
from urllib.parse import quote, urlencode

import pytest
from client import Caller
from conftest import next_address

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


# The time that an access token lives, for the tests that wait for its end.
SHORT = {"tokens.access_ttl": "1s"}


@pytest.fixture
def served(make_server, request):
    server = make_server(getattr(request, "param", None)).start()
    server.key = server.command("service-key", "add", "shop & more", "--scope", "introspect").strip()
    return server


@pytest.fixture
def caller(served):
    return Caller(served.port, next_address())


def wait_for_the_end_of(caller, signed_in):
    """Until the access token has expired."""
    deadline = time.monotonic() + 60
    while caller.verify(signed_in["token"]).verdict != (401, "token_expired"):
        assert time.monotonic() < deadline


def introspect(caller, token, key, **headers):
    return caller.post(
        "/oauth2/introspect",
        body=urlencode({"token": token}).encode(),
        bearer=key,
        headers={**FORM, **headers},
    )


def revoke(caller, token):
    return caller.post(
        "/oauth2/revoke",
        body=urlencode({"token": token, "token_type_hint": "whatever"}).encode(),
        headers=FORM,
    )


def test_a_good_token_is_active_and_tells_who_it_is(served, caller):
    ada = served.add_user(
        "ada", "nine violet otters paint lanterns", "--role", "admin", "--claim", 'plan="pro"'
    )
    signed_in = caller.sign_in_body(ada)
    answer = introspect(caller, signed_in["token"], served.key)
    assert (
        answer.status == 200
        and answer.header("Content-Type") == "application/json"
        and "no-store" in answer.header("Cache-Control")
    )
    told = answer.json()
    assert told["active"] is True and told["token_type"] == "Bearer"
    assert (told["sub"], told["username"], told["roles"], told["plan"]) == (
        signed_in["user"]["id"],
        "ada",
        ["admin"],
        "pro",
    )
    assert told["exp"] == signed_in["expires_at"] and told["sid"] == signed_in["session"]["id"]
    refresh = introspect(caller, signed_in["refresh_token"], served.key).json()
    assert refresh["active"] is True and refresh["sid"] == told["sid"] and "token_type" not in refresh


@pytest.mark.parametrize("served", [SHORT], indirect=True)
def test_whatever_is_wrong_with_it_is_not_told(served, caller):
    ada, eve = served.add_user(), served.add_user()
    expired, superseded, disabled = (
        caller.sign_in_body(ada),
        caller.sign_in_body(ada),
        caller.sign_in_body(eve),
    )
    caller.refresh(superseded["refresh_token"])
    wait_for_the_end_of(caller, disabled)
    ended, stale = caller.sign_in_body(ada), caller.sign_in_body(ada)
    caller.sign_out(ended["token"])
    served.command("user", "set", ada.name, "--role", "other")
    served.command("user", "disable", eve.name)
    for token in (
        expired["token"],
        ended["token"],
        ended["refresh_token"],
        stale["token"],
        disabled["refresh_token"],
        superseded["refresh_token"],
        stale["token"][:-4] + "AAAA",
        "junk",
        "",
        "x" * 12000,
        served.key,
        "ccr_" + "A" * 80,
    ):
        answer = introspect(caller, token, served.key)
        assert (answer.status, answer.json()) == (200, {"active": False}), token[:20]


def test_it_takes_a_service_key_as_bearer_or_basic(served, caller):
    token = caller.sign_in_body(served.add_user())["token"]

    def basic(name, key):
        return {"Authorization": "Basic " + base64.b64encode(f"{name}:{key}".encode()).decode()}

    assert introspect(caller, token, None, **basic(quote("shop & more"), served.key)).json()["active"]
    assert introspect(caller, token, None, **basic("shop+%26+more", served.key)).json()["active"]
    for headers in (
        {},
        basic("other", served.key),
        basic("shop & more", served.key[:-1]),
        basic("", ""),
        {"Authorization": "Basic %%%"},
        {"Authorization": "Basic " + "A" * 8},
    ):
        answer = introspect(caller, token, None, **headers)
        assert answer.status == 401 and answer.json()["error"] == "invalid_client", headers
        # RFC 6749 section 5.2 wants the scheme that was tried (issue 19, row 29).
        scheme = "Basic" if headers else "Bearer"
        assert answer.header("WWW-Authenticate").startswith(f'{scheme} realm="coatcheck"'), headers
    assert introspect(caller, token, token).verdict == (401, "service_key_unknown"), "a token is no key"
    feed = served.command("service-key", "add", "feed", "--scope", "feed").strip()
    assert introspect(caller, token, feed).verdict == (403, "service_key_scope")


def test_it_takes_a_service_key_in_the_form(served, caller):
    """openid-client sends client_secret_post by default (issue 19, row 29)."""
    token = caller.sign_in_body(served.add_user())["token"]

    def ask(more, **kind):
        body = urlencode({"token": token}) + "&" + more
        return caller.post("/oauth2/introspect", body=body.encode(), **{"headers": FORM, **kind})

    good = urlencode({"client_id": "shop & more", "client_secret": served.key})
    assert ask(good).json()["active"]
    for more in (
        urlencode({"client_id": "other", "client_secret": served.key}),
        urlencode({"client_id": "shop & more", "client_secret": served.key[:-1]}),
        urlencode({"client_id": "shop & more", "client_secret": ""}),
        urlencode({"client_id": "shop & more"}),
    ):
        answer = ask(more)
        assert answer.status == 401 and answer.json()["error"] == "invalid_client", more
    for more in (
        urlencode({"client_secret": served.key}),
        good + "&client_id=other",
        good + "&client_secret=other",
        good + "%zz",
    ):
        assert (ask(more).status, ask(more).json()["error"]) == (400, "invalid_request"), more
    twice = ask(good, headers={**FORM, "Authorization": f"Bearer {served.key}"})
    assert (twice.status, twice.json()["error"]) == (400, "invalid_request"), "RFC 6749 section 2.3"
    admin = caller.post(
        "/api/v1/admin/users", body=good.encode(), headers={"Content-Type": FORM["Content-Type"]}
    )
    assert admin.status == 401, "only OAuth clients name themselves in a form"
    metadata = caller.get("/.well-known/oauth-authorization-server").json()
    assert "client_secret_post" in metadata["introspection_endpoint_auth_methods_supported"]


def test_what_is_no_such_form_is_refused(served, caller):
    for body in (b"", b"tokn=x", b"token=a&token=b", b"token=%zz", b"to%6ben=a&token=b"):
        answer = caller.post("/oauth2/introspect", body=body, bearer=served.key, headers=FORM)
        assert (
            answer.status == 400
            and answer.json()["error"] == "invalid_request"
            and answer.json()["member"] == "token"
        ), body
    assert caller.post("/oauth2/introspect", json={"token": "x"}, bearer=served.key).verdict == (
        415,
        "unsupported_media_type",
    )


@pytest.mark.parametrize("which", ["token", "refresh_token"])
def test_revoking_either_ends_both(served, caller, which):
    signed_in, other = caller.sign_in_body(served.add_user()), caller.sign_in_body(served.add_user())
    answer = revoke(caller, signed_in[which])
    assert answer.status == 200 and not answer.body
    assert caller.verify(signed_in["token"]).verdict == (401, "token_revoked")
    assert caller.refresh(signed_in["refresh_token"]).verdict == (401, "session_ended")
    assert caller.verify(other["token"]).status == 200
    assert revoke(caller, signed_in[which]).status == 200, "twice is fine"
    served.crash_and_restart()
    assert caller.refresh(signed_in["refresh_token"]).status == 401


def test_revoking_what_is_not_ours_ends_nothing_and_says_nothing(served, caller):
    signed_in = caller.sign_in_body(served.add_user())
    for token in (
        "junk",
        signed_in["token"][:-4] + "AAAA",
        signed_in["refresh_token"][:-4] + "AAAA",
        served.key,
        "",
    ):
        assert revoke(caller, token).status == 200
    assert caller.verify(signed_in["token"]).status == 200


@pytest.mark.parametrize("served", [SHORT], indirect=True)
def test_an_expired_token_can_be_revoked_and_takes_its_session_along(served, caller):
    signed_in = caller.sign_in_body(served.add_user())
    wait_for_the_end_of(caller, signed_in)
    assert revoke(caller, signed_in["token"]).status == 200
    assert caller.refresh(signed_in["refresh_token"]).verdict == (401, "session_ended")


def test_the_metadata_names_both(served, caller):
    metadata = caller.get("/.well-known/oauth-authorization-server").json()
    assert metadata["introspection_endpoint"].endswith("/oauth2/introspect") and metadata[
        "revocation_endpoint"
    ].endswith("/oauth2/revoke")

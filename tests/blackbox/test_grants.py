# SPDX-License-Identifier: Apache-2.0
"""How a grant ends, who may end it, and that its tokens are refused at once."""

import base64
import time
from urllib.parse import urlencode

import oauth
import pytest
from oauth import API, CALLBACK, FORM, Client, Visitor, claims_of, fails, verify

SETTINGS = {**oauth.SETTINGS, "sessions.refresh_grace": "2s", "oauth.native_grace": "2s"}


def test_a_revoked_token_ends_its_grant_everywhere(web, visitor, caller):
    tokens = web.sign_in(visitor, resource=API)
    pair = f"{web.id}:{web.secret}"
    headers = {**FORM, "Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    body = urlencode({"token": tokens["access_token"]}).encode()
    assert web.caller.post("/oauth2/revoke", body=body, headers=headers).status == 200
    assert verify(caller, tokens["access_token"]).verdict == (401, "token_revoked")
    fails(web.refresh(tokens["refresh_token"]), "invalid_grant")
    assert web.caller.post("/oauth2/revoke", body=body, headers=headers).status == 200, "twice is no mistake"


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_a_client_revokes_only_its_own_tokens(server, web, native, visitor, caller, which):
    tokens = web.sign_in(visitor, resource=API)

    def revoke(**fields):
        body = urlencode({"token": tokens[which], **fields}).encode()
        return caller.post("/oauth2/revoke", body=body, headers=FORM)

    fails(revoke(), "invalid_grant")
    fails(revoke(client_id=native.id), "invalid_grant")
    fails(revoke(client_id=web.id), "invalid_client", 401)
    assert verify(caller, tokens["access_token"]).status == 200
    theirs = native.sign_in(visitor)
    body = urlencode({"token": theirs[which], "client_id": native.id}).encode()
    assert caller.post("/oauth2/revoke", body=body, headers=FORM).status == 200
    fails(native.refresh(theirs["refresh_token"]), "invalid_grant")


def test_a_client_asks_about_its_own_tokens_alone(server, web, visitor, caller):
    post = Client(server, "web", "Post", "--redirect", CALLBACK, "--auth", "client_secret_post")

    def ask(token, client=post):
        form = {"token": token, "client_id": client.id, "client_secret": client.secret}
        return caller.post("/oauth2/introspect", body=urlencode(form).encode(), headers=FORM)

    mine, other = post.sign_in(visitor), web.sign_in(visitor)
    assert ask(mine["access_token"]).json()["client_id"] == post.id
    assert ask(mine["refresh_token"]).json()["active"] is True
    for token in other["access_token"], other["refresh_token"], caller.sign_in_body(visitor.user)["token"]:
        assert ask(token).json() == {"active": False}
    reader = server.command("service-key", "add", "reader", "--scope", "introspect").strip()
    answer = caller.post(
        "/oauth2/introspect", bearer=reader, body=f"token={other['access_token']}".encode(), headers=FORM
    )
    assert answer.json()["client_id"] == web.id


@pytest.mark.parametrize(
    "how", ["sign out", "end", "disable user", "password", "disable client", "end client"]
)
def test_each_end_reaches_the_grant(server, visitor, caller, how):
    client = Client(server, "web", f"For {how}", "--redirect", CALLBACK)
    tokens = client.sign_in(visitor, resource=API)
    grant = claims_of(tokens["access_token"])["sid"]
    assert verify(caller, tokens["access_token"]).status == 200
    if how == "sign out":
        visitor.submit(visitor.ask("GET", "/oauth2/logout"))
    if how == "end":
        server.command("session", "end", grant)
    if how == "disable user":
        server.command("user", "disable", visitor.user.name)
    if how == "password":
        server.command("user", "password", visitor.user.name, stdin="another long password\n")
    if how == "disable client":
        server.command("client", "disable", client.id)
    if how == "end client":
        server.command("client", "end", client.id)
    assert verify(caller, tokens["access_token"]).verdict == (401, "token_revoked")
    assert client.refresh(tokens["refresh_token"]).status in (400, 401)


def test_offline_access_outlives_the_browsers_session(web, visitor, caller):
    tokens = web.sign_in(visitor, scope="openid offline_access", resource=API)
    visitor.submit(visitor.ask("GET", "/oauth2/logout"))
    assert verify(caller, tokens["access_token"]).status == 200
    assert web.refresh(tokens["refresh_token"]).status == 200


def test_a_user_sees_who_has_what_and_disconnects_it(server, web, visitor, caller):
    other = Client(server, "web", "Other app", "--redirect", CALLBACK)
    tokens = web.sign_in(visitor, scope="openid posts:read", resource=API)
    again = web.sign_in(visitor, scope="openid profile")
    kept = other.sign_in(visitor)
    mine = caller.sign_in_body(visitor.user)["token"]
    rows = {row["client_id"]: row for row in caller.get("/api/v1/grants", bearer=mine).json()["grants"]}
    assert set(rows) == {web.id, other.id}
    row = rows[web.id]
    assert row["client_name"] == "Web" and row["live"] == 2 and row["resources"] == [API]
    assert set(row["scope"]) == {"openid", "profile", "posts:read"}
    assert row["created_at"] <= row["last_used_at"] <= time.time() + 2
    assert caller.request("DELETE", f"/api/v1/grants/{web.id}", bearer=mine).status == 204
    assert verify(caller, tokens["access_token"]).verdict == (401, "token_revoked")
    fails(web.refresh(again["refresh_token"]), "invalid_grant")
    assert other.refresh(kept["refresh_token"]).status == 200
    assert caller.request("DELETE", f"/api/v1/grants/{web.id}", bearer=mine).verdict == (404, "not_found")
    assert visitor.goes_to(web.request()).header("Location").startswith("/oauth2/consent?"), "asked again"
    refused = caller.get("/api/v1/grants", bearer=kept["access_token"])
    assert refused.verdict == (403, "insufficient_scope")


def test_a_code_of_a_session_that_is_over_is_worth_nothing(server, web, visitor):
    code = visitor.code_for(web.request())
    visitor.submit(visitor.ask("GET", "/oauth2/logout"))
    fails(web.redeem(code), "invalid_grant")
    other = Visitor(server, server.add_user())
    code = other.code_for(web.request())
    server.command("user", "set", other.user.name, "--role", "x")
    fails(web.redeem(code), "invalid_grant")


def test_a_user_and_a_client_have_at_most_twenty_grants(web, visitor, caller):
    first = web.sign_in(visitor, resource=API)
    web_grants = [web.sign_in(visitor, resource=API) for _ in range(20)]
    assert verify(caller, first["access_token"]).verdict == (401, "token_revoked")
    assert all(verify(caller, tokens["access_token"]).status == 200 for tokens in web_grants)


def test_revoking_an_old_token_of_a_service_spares_the_new_ones(server, caller):
    client = Client(server, "service", "Often", "--default-resource", API, "--auth", "client_secret_post")
    get = lambda: client.token(grant_type="client_credentials").json()["access_token"]  # noqa: E731

    def revoke(token):
        form = {"client_id": client.id, "client_secret": client.secret, "token": token}
        assert caller.post("/oauth2/revoke", body=urlencode(form).encode(), headers=FORM).status == 200

    first = get()
    revoke(first)
    second = get()
    revoke(first)
    assert verify(caller, second).status == 200
    revoke(second)
    assert verify(caller, second).verdict == (401, "token_revoked")


def test_ending_the_other_sessions_keeps_the_grants_of_this_one(server, web, visitor, caller):
    form = {"username": visitor.user.name, "password": oauth.PASSWORD}
    signed_in = visitor.caller.post("/api/v1/authentication", json=form)
    visitor.cookies = {name: cookie.value for name, cookie in signed_in.cookies.items()}
    mine = web.redeem(visitor.leads_to(web.request(resource=API))["code"]).json()
    other = Visitor(server, visitor.user)
    theirs = web.sign_in(other, resource=API)
    token = signed_in.json()["token"]
    assert caller.request("DELETE", "/api/v1/sessions?except=current", bearer=token).status == 204
    assert verify(caller, mine["access_token"]).status == 200
    assert verify(caller, theirs["access_token"]).verdict == (401, "token_revoked")
    change = {"current_password": oauth.PASSWORD, "new_password": "seven amber herons weave baskets"}
    changed = caller.request("PUT", "/api/v1/users/me/password", bearer=token, json=change)
    assert changed.status == 200
    assert verify(caller, mine["access_token"]).verdict == (401, "token_revoked"), (
        "a new password ends them all"
    )


def test_a_disabled_clients_codes_are_over(server, visitor):
    client = Client(server, "web", "Off and on", "--redirect", CALLBACK)
    code = visitor.code_for(client.request())
    server.command("client", "disable", client.id)
    server.command("client", "enable", client.id)
    fails(client.redeem(code), "invalid_grant")

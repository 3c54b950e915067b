# SPDX-License-Identifier: Apache-2.0
"""OAuth 2.1 and OpenID Connect: what a client may do, and what nobody may. Tests that belong to a row of the
security checklist of docs/oauth.md name the attack."""

import base64
import re
import sqlite3
import subprocess
import time
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import oauth
import pytest
from conftest import next_address
from oauth import API, CALLBACK, FORM, Client, Visitor, challenge_of, claims_of
from server import BINARY, ROOT, clean_environment

SETTINGS = {**oauth.SETTINGS, "sessions.refresh_grace": "2s", "oauth.native_grace": "2s"}


@pytest.fixture(scope="module")
def web(server):
    return Client(server, "web", "Web", "--redirect", CALLBACK)


@pytest.fixture(scope="module")
def native(server):
    return Client(server, "native", "Native", "--redirect", CALLBACK, "--redirect", "http://127.0.0.1/cb")


@pytest.fixture
def visitor(server, user):
    return Visitor(server, user)


FOR_API = "?resource=" + quote(API, safe="")


def verify(caller, token, query=FOR_API):
    return caller.get("/api/v1/verify" + query, bearer=token)


def fails(answer, error, status=400):
    assert (answer.status, answer.json()["error"]) == (status, error), answer
    assert answer.header("Cache-Control") == "no-store"
    return answer


# The way of a user.


def test_a_user_signs_in_agrees_and_comes_back_with_a_code(web, visitor, server):
    query = web.request(scope="openid profile", nonce="a nonce")
    page = visitor.ask("GET", visitor.goes_to(query).header("Location"))
    assert page.status == 200 and b"to go on to Web" in page.body
    consent = visitor.ask("GET", visitor.submit(page).header("Location"))
    assert b"Allow Web to use your account?" in consent.body and b"https://app.example" in consent.body
    back = urlsplit(visitor.submit(consent).header("Location"))
    parameters = parse_qs(back.query)
    assert f"{back.scheme}://{back.netloc}{back.path}" == CALLBACK
    assert parameters["state"] == ["a state"] and parameters["iss"] == [server.url]
    answer = web.redeem(parameters["code"][0])
    assert answer.status == 200 and answer.header("Cache-Control") == "no-store"
    tokens = answer.json()
    assert tokens["token_type"] == "Bearer" and tokens["scope"] == "openid profile"
    who = claims_of(tokens["id_token"])
    access = claims_of(tokens["access_token"])
    assert (
        who["aud"] == web.id and who["nonce"] == "a nonce" and who["preferred_username"] == visitor.user.name
    )
    assert who["sub"] == access["sub"] and access["client_id"] == web.id and who["iss"] == server.url
    assert who["auth_time"] == access["auth_time"] <= who["iat"] < who["exp"] and who["amr"] == ["pwd"]


def test_the_second_time_nobody_is_asked(web, visitor):
    web.sign_in(visitor)
    answer = visitor.goes_to(web.request())
    assert answer.status == 303 and answer.header("Location").startswith(CALLBACK + "?code=")
    more = visitor.goes_to(web.request(scope="openid profile"))
    assert more.header("Location").startswith("/oauth2/consent?"), "a scope that was not agreed to"


def test_a_wrong_password_shows_the_page_again_and_says_so(web, visitor):
    page = visitor.ask("GET", visitor.goes_to(web.request()).header("Location"))
    again = visitor.submit(page, password="wrong")
    assert again.status == 200 and b"The name or the password is wrong" in again.body
    assert visitor.user.name.encode() in again.body and not visitor.cookies
    assert visitor.submit(again).status == 303


def test_saying_no_leads_back_without_a_code(web, visitor):
    assert visitor.leads_to(web.request(), "deny")["error"] == "access_denied"


def test_the_pages_speak_german(web, visitor):
    query = web.request()
    page = visitor.ask(
        "GET", f"/oauth2/sign-in?{query}", headers={"Accept-Language": "fr, de-AT;q=0.8, en;q=0.2"}
    )
    assert b"Anmelden" in page.body and b'lang="de"' in page.body
    asked = visitor.ask("GET", f"/oauth2/sign-in?{query}&ui_locales=de", headers={"Accept-Language": "en"})
    assert b"Anmelden" in asked.body


def test_a_session_of_the_sdk_is_known_here_and_shares_its_list(server, web, visitor):
    form = {"username": visitor.user.name, "password": oauth.PASSWORD}
    signed_in = visitor.caller.post("/api/v1/authentication", json=form)
    visitor.cookies = {name: cookie.value for name, cookie in signed_in.cookies.items()}
    back = visitor.leads_to(web.request())
    tokens = web.redeem(back["code"]).json()
    rows = visitor.caller.get("/api/v1/sessions", bearer=signed_in.json()["token"]).json()["sessions"]
    assert sorted([row["client_id"] for row in rows], key=str) == sorted([None, web.id], key=str)
    grant = next(row for row in rows if row["client_id"])
    assert grant["device"] == "Web" and grant["id"] == claims_of(tokens["access_token"])["sid"]
    refreshed = visitor.caller.post(
        "/api/v1/authentication/refresh", cookies=visitor.cookies, headers={"X-Coatcheck": "1"}
    )
    assert refreshed.status == 200, "the SDK's token goes on"


# The authorization request.


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example/cb/",
        "https://app.example/cb?x=1",
        "https://app.example/cb#x",
        "https://app.example/CB",
        "https://app.example:443/cb",
        "https://app.example@evil.example/cb",
        "https://app.example.evil.example/cb",
        "https://evil.example/cb",
        "http://app.example/cb",
        "//app.example/cb",
        "javascript:alert(1)",
        "https://app.example/cb%00",
        "https://app.example/x/../cb",
        "",
    ],
)
def test_a_redirect_uri_that_is_not_registered_leads_nowhere(web, visitor, uri):
    """Redirect manipulation, open redirect (RFC 9700 §4.1, §4.11)."""
    answer = visitor.goes_to(web.request(redirect_uri=uri))
    assert answer.verdict == (400, "invalid_authorization_request") and not answer.all("Location")


@pytest.mark.parametrize(
    "uri", ["http://127.0.0.1/cb", "http://127.0.0.1:51004/cb", "http://127.0.0.1:80/cb"]
)
def test_the_port_of_a_native_client_is_free(native, visitor, uri):
    assert visitor.goes_to(native.request(redirect_uri=uri)).status == 303


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1:51004/cb/x",
        "http://127.0.0.1:51004/cb?x",
        "http://127.0.0.1:x/cb",
        "http://localhost:51004/cb",
        "http://127.0.0.2:51004/cb",
        "http://[::1]:51004/cb",
        "https://127.0.0.1:51004/cb",
        "http://127.0.0.1:51004@evil.example/cb",
        "http://127.0.0.1:510041234567/cb",
    ],
)
def test_nothing_but_the_port_of_a_native_client_is_free(native, visitor, uri):
    assert visitor.goes_to(native.request(redirect_uri=uri)).verdict == (400, "invalid_authorization_request")


def test_the_port_of_a_web_client_is_not_free(server, visitor):
    client = Client(server, "web", "Local", "--redirect", "http://localhost:3000/cb")
    assert visitor.goes_to(client.request(redirect_uri="http://localhost:3001/cb")).status == 400
    assert visitor.goes_to(client.request(redirect_uri="http://localhost:3000/cb")).status == 303


@pytest.mark.parametrize(
    "changes,error",
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"request_uri": "https://x"}, "request_uri_not_supported"),
        ({"scope": "unknown stuff"}, "invalid_scope"),
        ({"scope": "roles"}, "invalid_scope"),
        ({"resource": "https://nobody.example"}, "invalid_target"),
        ({"resource": "not a uri"}, "invalid_target"),
        ({"resource": API + "#x"}, "invalid_target"),
        ({"scope": ["openid", "openid"]}, "invalid_request"),
        ({"id_token_hint": "junk"}, "invalid_request"),
    ],
)
def test_a_mistake_in_the_request_is_told_to_the_client(server, web, visitor, changes, error):
    back = visitor.leads_to(web.request(**changes))
    assert back["error"] == error and back["state"] == "a state"
    assert back["iss"] == server.url, "mix-up (RFC 9207 §2)"


def test_unknown_parameters_are_ignored_and_unknown_scopes_left_out(web, visitor):
    code = visitor.code_for(web.request(scope="openid colour", colour="red", display="page"))
    assert web.redeem(code).json()["scope"] == "openid"


def test_a_request_without_scope_gets_the_default_of_its_resource(web, visitor, caller):
    tokens = web.redeem(visitor.code_for(web.request(scope=None, resource=API))).json()
    assert tokens["scope"] == "posts:read" and claims_of(tokens["access_token"])["aud"] == API
    assert verify(caller, tokens["access_token"]).status == 200
    plain = web.redeem(visitor.code_for(web.request(scope=None))).json()
    assert plain["scope"] == "openid"


def test_a_client_that_is_not_known_or_disabled_leads_nowhere(server, visitor):
    client = Client(server, "web", "Gone", "--redirect", CALLBACK)
    assert visitor.goes_to(client.request()).status == 303
    server.command("client", "disable", client.id)
    assert visitor.goes_to(client.request()).verdict == (400, "invalid_authorization_request")
    assert visitor.goes_to(client.request(client_id="nobody")).verdict == (
        400,
        "invalid_authorization_request",
    )


def test_without_pages_nobody_is_asked(web, visitor):
    assert visitor.leads_to(web.request(prompt="none"))["error"] == "login_required"
    web.sign_in(visitor)
    assert "code" in visitor.leads_to(web.request(prompt="none"))
    assert visitor.leads_to(web.request(prompt="none", scope="openid profile"))["error"] == "consent_required"


def test_a_user_is_asked_again_if_the_client_wants_it(web, visitor):
    web.sign_in(visitor)
    assert visitor.goes_to(web.request(prompt="login")).header("Location").startswith("/oauth2/sign-in?")
    assert (
        visitor.goes_to(web.request(prompt="select_account"))
        .header("Location")
        .startswith("/oauth2/sign-in?")
    )
    assert visitor.goes_to(web.request(prompt="consent")).header("Location").startswith("/oauth2/consent?")
    time.sleep(1.1)
    assert visitor.goes_to(web.request(max_age="1")).header("Location").startswith("/oauth2/sign-in?")
    assert visitor.goes_to(web.request(max_age="60")).header("Location").startswith(CALLBACK)


def test_signing_in_again_keeps_the_session_and_its_grants(web, visitor, caller):
    tokens = web.sign_in(visitor, scope="openid", resource=API)
    before = claims_of(tokens["id_token"])
    time.sleep(1.1)
    again = web.redeem(visitor.code_for(web.request(prompt="login"))).json()
    after = claims_of(again["id_token"])
    assert after["auth_time"] > before["auth_time"] and after["sid"] == before["sid"]
    assert verify(caller, tokens["access_token"]).status == 200


def test_another_user_ends_the_session_of_the_one_before(server, web, visitor, caller):
    tokens = web.sign_in(visitor, resource=API)
    visitor.user = server.add_user()
    query = web.request(prompt="login")
    other = web.redeem(visitor.code_for(query)).json()
    assert claims_of(other["id_token"])["sub"] != claims_of(tokens["id_token"])["sub"]
    assert verify(caller, tokens["access_token"]).verdict == (401, "token_revoked")


def test_a_hint_of_another_user_asks_for_a_sign_in(server, web, visitor):
    other = web.sign_in(Visitor(server, server.add_user()))
    mine = web.sign_in(visitor)
    assert (
        visitor.leads_to(web.request(prompt="none", id_token_hint=other["id_token"]))["error"]
        == "login_required"
    )
    assert "code" in visitor.leads_to(web.request(prompt="none", id_token_hint=mine["id_token"]))
    hint = visitor.leads_to(web.request(prompt="none", id_token_hint=mine["access_token"]))
    assert hint["error"] == "invalid_request", "an access token is no hint"


def test_form_post_brings_the_code_in_a_form(server, web, visitor):
    page = visitor.goes_to(web.request(response_mode="form_post", prompt="none"))
    assert page.status == 200 and "form-action" not in page.header("Content-Security-Policy")
    action, fields = oauth.form_of(page)
    assert action == CALLBACK and fields == {"error": "login_required", "state": "a state", "iss": server.url}


def test_a_post_to_authorize_goes_on_as_a_get(web, visitor):
    query = web.request()
    answer = visitor.caller.post("/oauth2/authorize", body=query.encode(), headers=FORM)
    assert answer.status == 303 and answer.header("Location") == f"/oauth2/authorize?{query}"


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Mode": "cors"}, {"Sec-Fetch-Mode": "no-cors"}, {"Sec-Fetch-Dest": "iframe"}]
)
def test_scripts_and_frames_are_nobody(web, visitor, headers):
    """A frame of another site must not get codes (clickjacking, RFC 9700 §4.16)."""
    web.sign_in(visitor)
    answer = visitor.ask("GET", "/oauth2/authorize?" + web.request(prompt="none"), headers=headers)
    assert "login_required" in answer.header("Location")


# The pages and their forms.


def test_no_page_can_be_framed_and_each_asks_to_be_forgotten(web, visitor):
    sign_in = visitor.ask("GET", visitor.goes_to(web.request()).header("Location"))
    consent = visitor.ask("GET", visitor.submit(sign_in).header("Location"))
    for page in (sign_in, consent, visitor.ask("GET", "/oauth2/authorize?client_id=x")):
        policy = page.header("Content-Security-Policy")
        assert (
            "frame-ancestors 'none'" in policy
            and "script-src" not in policy
            and "default-src 'none'" in policy
        )
        assert page.header("Cache-Control") == "no-store" and page.header("Referrer-Policy") == "same-origin"
        assert page.header("X-Content-Type-Options") == "nosniff"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": None},
        {"Sec-Fetch-Site": None, "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": None, "Origin": "null"},
    ],
)
def test_a_form_of_another_site_signs_nobody_in(web, visitor, headers):
    """CSRF of the sign-in (RFC 9700 §4.7)."""
    page = visitor.ask("GET", visitor.goes_to(web.request()).header("Location"))
    action, fields = oauth.form_of(page)
    form = {**fields, "login": visitor.user.name, "password": oauth.PASSWORD}
    answer = visitor.ask("POST", action, form, headers)
    assert answer.verdict == (403, "csrf_refused") and not answer.all("Set-Cookie")


def test_an_older_browser_that_names_its_origin_is_believed(server, web, visitor):
    page = visitor.ask("GET", visitor.goes_to(web.request()).header("Location"))
    action, fields = oauth.form_of(page)
    form = {**fields, "login": visitor.user.name, "password": oauth.PASSWORD}
    assert visitor.ask("POST", action, form, {"Sec-Fetch-Site": None, "Origin": server.url}).status == 303


def test_consent_needs_the_mac_of_its_page(server, web, visitor):
    page = visitor.goes_to(web.request())
    page = visitor.ask("GET", page.header("Location"))
    consent = visitor.ask("GET", visitor.submit(page).header("Location"))
    action, _ = oauth.form_of(consent)
    other = Visitor(server, server.add_user())
    theirs = other.ask(
        "GET",
        other.submit(other.ask("GET", other.goes_to(web.request()).header("Location"))).header("Location"),
    )
    for mac in ("", "junk", oauth.form_of(theirs)[1]["mac"]):
        assert visitor.ask("POST", action, {"decision": "allow", "mac": mac}).verdict == (403, "csrf_refused")
    wider = action.replace("scope=openid", "scope=openid+profile")
    form = {"decision": "allow", "mac": oauth.form_of(consent)[1]["mac"]}
    assert visitor.ask("POST", wider, form).verdict == (403, "csrf_refused"), "another request than was shown"
    assert visitor.ask("POST", action, form).status == 303


def test_what_a_client_or_a_query_says_is_text_on_a_page(server, visitor):
    name = "<b onclick=x>&\"'"
    client = Client(server, "web", name, "--redirect", CALLBACK)
    query = client.request(login_hint='"><script>alert(1)</script>', state="<i>")
    page = visitor.ask("GET", f"/oauth2/sign-in?{query}")
    assert b"<b onclick" not in page.body and b"<script" not in page.body and b"<i>" not in page.body
    assert b"&lt;b onclick=x&gt;&amp;&quot;&#39;" in page.body


def test_sign_in_on_a_page_is_limited_as_everywhere(server, web):
    visitor = Visitor(server, server.add_user())
    page = visitor.ask("GET", visitor.goes_to(web.request()).header("Location"))
    for _ in range(12):
        answer = visitor.submit(page, password="wrong")
        if answer.status == 429:
            break
    assert answer.status == 429 and b"Too many attempts" in answer.body and answer.header("Retry-After")


# The token endpoint.


def test_a_code_works_once_and_its_second_use_ends_the_grant(web, visitor, caller):
    code = visitor.code_for(web.request(resource=API))
    tokens = web.redeem(code).json()
    assert verify(caller, tokens["access_token"]).status == 200
    fails(web.redeem(code), "invalid_grant")
    assert verify(caller, tokens["access_token"]).verdict == (401, "token_revoked")
    fails(web.refresh(tokens["refresh_token"]), "invalid_grant")


def test_a_mistake_with_a_code_consumes_nothing(server, web, native, visitor):
    """Code injection and PKCE downgrade (RFC 9700 §4.5, §4.8.2)."""
    code = visitor.code_for(web.request())
    verifier = web.verifier
    fails(web.redeem(code, code_verifier="x" * 43), "invalid_grant")
    fails(web.redeem(code, code_verifier=None), "invalid_request")
    fails(web.redeem(code, code_verifier="short"), "invalid_request")
    fails(web.redeem(code, redirect_uri="https://app.example/other"), "invalid_grant")
    fails(web.redeem(code, resource=API), "invalid_target")
    native.verifier = verifier
    fails(native.redeem(code), "invalid_grant")
    assert web.redeem(code).status == 200


def test_a_code_may_come_without_its_redirect_uri(web, visitor):
    assert web.redeem(visitor.code_for(web.request()), redirect_uri=None).status == 200


def test_a_code_ends(make_server):
    server = make_server({**oauth.SETTINGS, "oauth.code_ttl": "1s"})
    user = server.add_user()
    server.start()
    client = Client(server, "web", "Slow", "--redirect", CALLBACK)
    code = Visitor(server, user).code_for(client.request())
    time.sleep(1.1)
    fails(client.redeem(code), "invalid_grant")


@pytest.mark.parametrize(
    "form,error",
    [
        ({"grant_type": None}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unauthorized_client"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "junk"}, "invalid_grant"),
        ({"grant_type": ["refresh_token", "refresh_token"]}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "x", "resource": "x y"}, "invalid_target"),
    ],
)
def test_each_mistake_at_the_token_endpoint_has_its_error(web, form, error):
    fails(web.token(**form), error)


def test_a_client_shows_who_it_is_by_its_own_method(server, web, visitor):
    tokens = web.sign_in(visitor)
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    basic = lambda name, secret: {  # noqa: E731
        "Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()
    }
    for headers, more in (
        (basic(web.id, "wrong"), {}),
        (basic(web.id, ""), {}),
        (basic("nobody", web.secret), {}),
        ({"Authorization": "Basic !"}, {}),
        ({"Authorization": "Bearer " + web.secret}, {"client_id": web.id}),
    ):
        answer = fails(web.token(headers, **refresh, **more), "invalid_client", 401)
        assert answer.header("WWW-Authenticate").startswith("Basic ")
    for fields in (
        {"client_id": web.id},
        {"client_id": web.id, "client_secret": web.secret},
        {"client_id": "nobody"},
        {},
    ):
        body = urlencode({**refresh, **fields}).encode()
        answer = web.caller.post("/oauth2/token", body=body, headers=FORM)
        assert (answer.status, answer.json()["error"]) == (401, "invalid_client")
    fails(web.token(basic(web.id, web.secret), **refresh, client_id="other"), "invalid_request")
    assert web.token(**refresh).status == 200


def test_two_secrets_are_good_while_one_is_replaced(server, visitor):
    client = Client(server, "web", "Rolling", "--redirect", CALLBACK)
    token = client.sign_in(visitor)["refresh_token"]
    first = client.secret
    client.secret = server.command_json("client", "secret", client.id)["client_secret"]
    assert client.refresh(token).status == 200
    client.secret, second = first, client.secret
    assert client.refresh(token).status == 200
    third = server.command_json("client", "secret", client.id)["client_secret"]
    assert client.refresh(token).status == 401, "the first one is over"
    for secret, status in ((second, 200), (third, 200)):
        client.secret = secret
        assert client.refresh(token).status == status
    client.secret = server.command_json("client", "secret", client.id, "--end-older")["client_secret"]
    assert client.refresh(token).status == 200
    client.secret = third
    assert client.refresh(token).status == 401


def test_the_refresh_token_of_a_client_with_a_secret_stays(web, visitor):
    tokens = web.sign_in(visitor)
    for _ in range(3):
        again = web.refresh(tokens["refresh_token"]).json()
        assert again["refresh_token"] == tokens["refresh_token"]
        assert again["access_token"] != tokens["access_token"]
        assert "nonce" not in claims_of(again["id_token"])


def test_the_refresh_token_of_a_public_client_rotates(native, visitor, caller):
    """A stolen refresh token (RFC 9700 §4.14)."""
    first = native.sign_in(visitor, resource=API)
    second = native.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert native.refresh(first["refresh_token"]).json()["refresh_token"] == second["refresh_token"]
    time.sleep(2.2)
    answer = fails(native.refresh(first["refresh_token"]), "invalid_grant")
    assert answer.code == "refresh_token_reused"
    fails(native.refresh(second["refresh_token"]), "invalid_grant")
    assert verify(caller, second["access_token"]).verdict == (401, "token_revoked")


def test_a_refresh_may_ask_for_less_and_never_for_more(web, visitor):
    tokens = web.sign_in(visitor, scope="openid profile posts:read", resource=API)
    less = web.refresh(tokens["refresh_token"], scope="posts:read").json()
    assert less["scope"] == "posts:read" and "id_token" not in less
    fails(web.refresh(tokens["refresh_token"], scope="openid posts:write"), "invalid_scope")
    fails(web.refresh(tokens["refresh_token"], resource="https://other.example"), "invalid_target")
    assert web.refresh(tokens["refresh_token"]).json()["scope"] == "openid profile posts:read"


def test_refresh_tokens_do_not_cross(server, web, native, visitor, caller):
    mine, other = web.sign_in(visitor), native.sign_in(visitor)
    fails(web.refresh(other["refresh_token"]), "invalid_grant")
    fails(native.refresh(mine["refresh_token"]), "invalid_grant")
    for token in (mine["refresh_token"], other["refresh_token"]):
        answer = caller.post(
            "/api/v1/authentication/refresh", json={"refresh_token": token}, headers={"X-Coatcheck": "1"}
        )
        assert answer.verdict == (401, "refresh_token_malformed")
        answer = caller.request("DELETE", "/api/v1/authentication", json={"refresh_token": token})
        assert answer.verdict == (401, "refresh_token_malformed")
        cookies = {"__Host-Http-coatcheck-refresh": token}
        assert (
            caller.post(
                "/api/v1/authentication/refresh", cookies=cookies, headers={"X-Coatcheck": "1"}
            ).status
            == 401
        )
    sdk = caller.sign_in_body(visitor.user)
    fails(web.refresh(sdk["refresh_token"]), "invalid_grant")
    assert (
        web.refresh(mine["refresh_token"]).status == 200
        and native.refresh(other["refresh_token"]).status == 200
    )


def test_cookies_mean_nothing_at_the_token_endpoint(web, visitor):
    web.sign_in(visitor)
    answer = web.caller.post(
        "/oauth2/token", body=b"grant_type=refresh_token", headers=FORM, cookies=visitor.cookies
    )
    assert answer.status == 401


def test_any_page_may_read_tokens_but_not_with_cookies(web, visitor):
    public = ("jwks.json", "openid-configuration", "oauth-authorization-server")
    for path in (
        "/oauth2/token",
        "/oauth2/userinfo",
        "/oauth2/revoke",
        *(f"/.well-known/{name}" for name in public),
    ):
        answer = web.caller.request(
            "OPTIONS", path, headers={"Origin": "https://x.example", "Access-Control-Request-Method": "POST"}
        )
        assert answer.status == 204 and answer.header("Access-Control-Allow-Origin") == "*"
        assert not answer.all("Access-Control-Allow-Credentials")
        assert "Authorization" in answer.header("Access-Control-Allow-Headers")
    for name in public:
        answer = web.caller.get(f"/.well-known/{name}", headers={"Origin": "https://x.example"})
        assert answer.header("Access-Control-Allow-Origin") == "*"
    answer = web.caller.get("/oauth2/authorize", headers={"Origin": "https://x.example"})
    assert not answer.all("Access-Control-Allow-Origin")


# What a token is for.


def test_a_token_is_for_its_resource_alone(web, visitor, caller):
    """A leaked access token (RFC 9700 §2.2.1, §4.9)."""
    token = web.sign_in(visitor, scope="posts:read", resource=API)["access_token"]
    assert verify(caller, token).status == 200
    assert verify(caller, token, "").verdict == (401, "token_not_ours"), "not for tokens.audience"
    assert verify(caller, token, "?resource=https://other.example").status == 401
    assert verify(caller, token, "?resource=x").status == 401
    scope = lambda text: verify(caller, token, f"?resource={API}&scope={text}")  # noqa: E731
    assert scope("posts:read").status == 200
    assert (
        scope("posts:write").verdict == scope("posts:read+posts:write").verdict == (403, "insufficient_scope")
    )
    answer = verify(caller, token)
    assert answer.header("X-Auth-Client") == web.id and answer.header("X-Auth-Scope") == "posts%3Aread"


def test_a_token_without_a_resource_is_good_for_userinfo_alone(server, web, visitor, caller):
    server.command("user", "set", visitor.user.name, "--role", "admin")
    token = web.sign_in(visitor, scope="openid profile")["access_token"]
    claims = claims_of(token)
    assert claims["aud"] == server.url + "/oauth2/userinfo" and claims["roles"] == []
    assert verify(caller, token, "").verdict == (401, "token_not_ours")
    assert caller.get("/api/v1/authentication", bearer=token).verdict == (403, "insufficient_scope")
    info = caller.get("/oauth2/userinfo", bearer=token)
    assert info.json() == {"sub": claims["sub"], "preferred_username": visitor.user.name}


def test_a_trusted_client_may_have_tokens_for_everything(server, visitor, caller):
    words = ("--redirect", CALLBACK, "--default-resource", "default", "--consent", "skip")
    client = Client(server, "web", "Our own", *words)
    server.command("user", "set", visitor.user.name, "--role", "admin")
    page = visitor.ask("GET", visitor.goes_to(client.request()).header("Location"))
    back = visitor.submit(page).header("Location")
    assert back.startswith(CALLBACK), "nobody is asked"
    token = client.redeem(parse_qs(urlsplit(back).query)["code"][0]).json()["access_token"]
    answer = caller.verify(token)
    assert answer.status == 200 and answer.header("X-Auth-Roles") == "admin"


def test_roles_are_for_clients_that_have_their_scope(server, visitor):
    server.command("user", "set", visitor.user.name, "--role", "editor", "--claim", 'team="x"')
    words = ("--redirect", CALLBACK, "--scope", "openid", "--scope", "roles")
    client = Client(server, "web", "Roles", *words)
    plain = claims_of(client.sign_in(visitor)["access_token"])
    assert plain["roles"] == [] and "team" not in plain
    wide = claims_of(client.sign_in(visitor, scope="openid roles")["access_token"])
    assert wide["roles"] == ["editor"] and wide["team"] == "x"


@pytest.mark.parametrize(
    "method,path",
    [
        ("GET", "/api/v1/users/me"),
        ("PATCH", "/api/v1/users/me"),
        ("DELETE", "/api/v1/users/me"),
        ("PUT", "/api/v1/users/me/password"),
        ("GET", "/api/v1/sessions"),
        ("DELETE", "/api/v1/sessions"),
        ("DELETE", "/api/v1/authentication"),
        ("GET", "/api/v1/authentication/events"),
    ],
)
def test_no_client_manages_the_account_of_its_user(server, visitor, caller, method, path):
    client = Client(server, "web", "Nosy", "--redirect", CALLBACK, "--default-resource", "default")
    token = client.sign_in(visitor)["access_token"]
    more = {"json": {}} if method in ("PATCH", "PUT") else {}
    assert caller.request(method, path, bearer=token, **more).verdict == (403, "insufficient_scope")
    assert caller.verify(token).status == 200, "and nothing has ended"


def test_an_id_token_is_no_access_token(web, visitor, caller):
    token = web.sign_in(visitor)["id_token"]
    for query in ("", f"?resource={API}"):
        assert verify(caller, token, query).status == 401
    assert caller.get("/oauth2/userinfo", bearer=token).status == 401


def test_a_service_acts_for_itself(server, caller):
    """A client that poses as a user (RFC 9700 §4.15)."""
    client = Client(server, "service", "Cron", "--default-resource", API)
    tokens = client.token(grant_type="client_credentials").json()
    assert "refresh_token" not in tokens and "id_token" not in tokens and tokens["scope"] == "posts:read"
    claims = claims_of(tokens["access_token"])
    assert claims["sub"] == claims["preferred_username"] == f"client:{client.id}" and claims["roles"] == []
    answer = verify(caller, tokens["access_token"])
    assert answer.status == 200 and answer.header("X-Auth-Client") == client.id
    assert caller.get("/oauth2/userinfo", bearer=tokens["access_token"]).status in (401, 403)
    fails(client.token(grant_type="client_credentials", scope="nothing"), "invalid_scope")
    fails(client.token(grant_type="client_credentials", resource="https://nobody.example"), "invalid_target")
    wide = client.token(grant_type="client_credentials", scope="openid posts:write").json()
    assert wide["scope"] == "posts:write"
    refused = server.try_command("user", "add", f"client:{client.id}", stdin=oauth.PASSWORD)
    assert refused.returncode == 1 and "client:" in refused.stderr
    refused = server.try_command("user", "add", "x", "--id", f"client:{client.id}", stdin=oauth.PASSWORD)
    assert refused.returncode == 1 and "client:" in refused.stderr
    server.command("client", "secret", client.id, "--end-older")
    assert verify(caller, tokens["access_token"]).verdict == (401, "token_revoked")


# Ends.


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


# Signing out.


def test_a_client_signs_its_user_out_at_once(server, visitor, caller):
    client = Client(
        server, "web", "Out", "--redirect", CALLBACK, "--post-logout-redirect", "https://app.example/bye"
    )
    tokens = client.sign_in(visitor, resource=API)
    query = urlencode(
        {
            "id_token_hint": tokens["id_token"],
            "post_logout_redirect_uri": "https://app.example/bye",
            "state": "s&",
        }
    )
    answer = visitor.ask("GET", f"/oauth2/logout?{query}")
    assert answer.status == 303 and answer.header("Location") == "https://app.example/bye?state=s%26"
    assert not visitor.cookies and verify(caller, tokens["access_token"]).status == 401


@pytest.mark.parametrize("hint", ["none", "another session", "another client", "junk"])
def test_without_the_right_hint_the_user_decides(server, visitor, caller, hint):
    words = ("--redirect", CALLBACK, "--post-logout-redirect", "https://app.example/bye")
    client = Client(server, "web", f"Hint {hint}", *words)
    tokens = client.sign_in(visitor, resource=API)
    fields = {"post_logout_redirect_uri": "https://app.example/bye", "client_id": client.id}
    if hint == "another session":
        fields["id_token_hint"] = client.sign_in(Visitor(server, visitor.user))["id_token"]
    if hint == "another client":
        fields["id_token_hint"] = Client(server, "web", "Else", *words).sign_in(visitor)["id_token"]
        fields["client_id"] = client.id
    if hint == "junk":
        fields["id_token_hint"] = "junk"
    page = visitor.ask("GET", f"/oauth2/logout?{urlencode(fields)}")
    assert page.status == 200 and b"Do you want to sign out?" in page.body and visitor.cookies
    assert verify(caller, tokens["access_token"]).status == 200
    action, form = oauth.form_of(page)
    assert visitor.ask("POST", action, {**form, "mac": "x"}).verdict == (403, "csrf_refused")
    assert visitor.ask("POST", action, form, {"Sec-Fetch-Site": "cross-site"}).verdict == (
        403,
        "csrf_refused",
    )
    answer = visitor.ask("POST", action, form)
    assert answer.status in (200, 303) and not visitor.cookies
    assert verify(caller, tokens["access_token"]).status == 401


def test_signing_out_leads_nowhere_that_is_not_registered(web, visitor):
    tokens = web.sign_in(visitor)
    query = urlencode(
        {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": "https://evil.example/"}
    )
    answer = visitor.ask("GET", f"/oauth2/logout?{query}")
    assert answer.status == 200 and b"You are signed out" in answer.body and not answer.all("Location")


# The operator.


@pytest.mark.parametrize(
    "words,sentence",
    [
        (("web", "x"), "--redirect"),
        (("robot", "x"), "there is no type robot"),
        (("web", "x", "--redirect", "http://app.example/cb"), "https"),
        (("web", "x", "--redirect", "com.example:/cb"), "https"),
        (("native", "x", "--redirect", "myapp:/cb"), "a dot"),
        (("native", "x", "--redirect", "javascript:alert(1)"), "a dot"),
        (("web", "x", "--redirect", "https://*.example/cb"), "no *"),
        (("web", "x", "--redirect", "https://a.example/#x"), "fragment"),
        (("web", "x", "--redirect", "https://user@a.example/"), "user"),
        (("web", "x", "--redirect", "https://A.example/"), "lower case"),
        (("service", "x", "--redirect", CALLBACK), "no redirect URI"),
        (("browser", "x", "--redirect", CALLBACK, "--auth", "client_secret_basic"), "no secret"),
        (("web", "x", "--redirect", CALLBACK, "--auth", "none"), "secret"),
        (("web", "x", "--redirect", CALLBACK, "--auth", "magic"), "there is no method magic"),
        (("web", "x", "--redirect", CALLBACK, "--scope", "unknown"), "there is no scope unknown"),
        (("web", "x", "--redirect", CALLBACK, "--resource", "https://nobody.example"), "[[resource]]"),
        (("web", "x", "--redirect", CALLBACK, "--default-resource", "x"), "--default-resource"),
        (("web", "x", "--redirect", CALLBACK, "--grant", "implicit"), "there is no grant type implicit"),
        (("browser", "x", "--redirect", CALLBACK, "--grant", "client_credentials"), "cannot have the grant"),
        (("native", "x", "--redirect", "http://127.0.0.1/", "--consent", "skip"), "always asked"),
        (("web", "x", "--redirect", "http://localhost:3000/", "--consent", "skip"), "always asked"),
        (("service", "x", "--scope", "openid"), "openid"),
    ],
)
def test_a_mistake_of_the_operator_is_told(server, words, sentence):
    result = server.try_command("client", "add", *words)
    assert result.returncode == 1 and sentence in result.stderr, result.stderr


def test_clients_are_listed_shown_and_changed(server):
    made = server.command_json("client", "add", "web", "To change", "--redirect", CALLBACK)
    assert made["client_secret"].startswith("ccc_")
    rows = server.rows("client", "list")
    assert made["client_id"] in [row["client_id"] for row in rows]
    assert not any("client_secret" in row for row in rows)
    changed = server.command_json(
        "client",
        "set",
        made["client_id"],
        "--name",
        "Changed",
        "--redirect",
        "https://b.example/",
        "--scope",
        "openid",
    )
    assert changed["client_name"] == "Changed" and changed["redirect_uris"] == ["https://b.example/"]
    assert server.command_json("client", "show", made["client_id"])["scopes"] == ["openid"]
    assert "https://b.example/" in server.command("client", "show", made["client_id"])
    server.command("client", "end", made["client_id"])
    assert server.try_command("client", "show", made["client_id"]).returncode == 1
    assert "client_ended" in server.command("audit", "list")


def test_clients_and_grants_survive_a_crash(make_server):
    server = make_server(oauth.SETTINGS)
    user = server.add_user()
    server.start()
    client = Client(server, "web", "Lasting", "--redirect", CALLBACK)
    visitor = Visitor(server, user)
    tokens = client.sign_in(visitor)
    code = visitor.code_for(client.request())
    server.crash_and_restart()
    assert client.refresh(tokens["refresh_token"]).status == 200
    assert client.redeem(code).status == 200


def test_oauth_is_off_unless_it_is_switched_on(make_server):
    server = make_server().start()
    caller = oauth.Caller(server.port, next_address())
    for path in (
        "/oauth2/authorize",
        "/oauth2/userinfo",
        "/oauth2/logout",
        "/.well-known/openid-configuration",
    ):
        assert caller.get(path).verdict == (404, "not_found")
    result = server.try_command("client", "add", "web", "x", "--redirect", CALLBACK)
    assert result.returncode == 1 and "[oauth]" in result.stderr
    assert "authorization_endpoint" not in caller.get("/.well-known/oauth-authorization-server").json()


def test_the_metadata_names_what_there_is(server, caller):
    first = caller.get("/.well-known/openid-configuration").json()
    assert first == caller.get("/.well-known/oauth-authorization-server").json()
    assert first["authorization_endpoint"] == server.url + "/oauth2/authorize"
    assert first["code_challenge_methods_supported"] == ["S256"]
    assert first["response_types_supported"] == ["code"]
    assert first["authorization_response_iss_parameter_supported"] is True
    assert first["request_uri_parameter_supported"] is False
    assert set(first["scopes_supported"]) >= {"openid", "offline_access", "posts:read", "things"}


def test_a_challenge_is_the_digest_of_its_verifier():
    """RFC 7636, appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_commands_of_the_document_do_what_it_says(server, tmp_path):
    document = (ROOT / "docs/oauth.md").read_text()
    blocks = re.findall(r"```sh oauth\n(.*?)```", document, re.S)
    assert len(blocks) == 2
    tool = f'coatcheck() {{ "{BINARY}" "$@" --data "{server.data}" --config "{server.config}"; }}'
    script = f"set -euo pipefail\n{tool}\nissuer={server.url}\n" + "".join(blocks)
    result = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        env=clean_environment(),
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count("client_secret  ccc_") == 2, "of the web client and the service"
    assert "HTTP/1.1 200 OK" in result.stdout and "X-Auth-Scope: posts%3Aread" in result.stdout


# What a review found.

TWO = {
    "oauth.enabled": True,
    "resource": [
        {
            "uri": "https://blog.example",
            "name": "Blog",
            "scopes": {"read": "Read public posts", "write": "Write"},
        },
        {"uri": "https://pay.example", "name": "Payroll", "scopes": {"read": "Read salaries"}},
    ],
}
BLOG, PAY = "https://blog.example", "https://pay.example"


@pytest.fixture
def two(make_server):
    server = make_server(TWO)
    user = server.add_user()
    server.start()
    client = Client(server, "web", "Two", "--redirect", CALLBACK)
    return server, client, Visitor(server, user)


def test_a_scope_belongs_to_its_resource(two):
    _, client, visitor = two
    query = client.request(scope="read", resource=PAY)
    page = visitor.ask("GET", visitor.goes_to(query).header("Location"))
    consent = visitor.ask("GET", visitor.submit(page).header("Location"))
    assert b"Payroll: Read salaries" in consent.body and b"Blog" not in consent.body
    assert visitor.leads_to(client.request(scope="write", resource=PAY))["error"] == "invalid_scope"
    assert visitor.leads_to(client.request(scope="read"))["error"] == "invalid_scope", "no resource has it"
    both = client.sign_in(visitor, scope="read write", resource=[BLOG, PAY])
    pay = client.refresh(both["refresh_token"], resource=PAY).json()
    assert pay["scope"] == "read" and claims_of(pay["access_token"])["aud"] == PAY


def test_a_consent_says_nothing_about_another_resource(two):
    server, client, visitor = two
    client.sign_in(visitor, scope="read", resource=PAY)
    client.sign_in(visitor, scope="write", resource=BLOG)

    def asks(**more):
        return visitor.goes_to(client.request(**more)).header("Location").startswith("/oauth2/consent?")  # noqa: E731

    assert asks(scope="read", resource=BLOG) and asks(scope="read write", resource=[BLOG, PAY])
    words = ("--redirect", CALLBACK, "--default-resource", "default")
    wide = Client(server, "web", "Wide", *words)
    wide.sign_in(visitor, scope="read", resource=BLOG)
    assert visitor.goes_to(wide.request(scope="read")).header("Location").startswith("/oauth2/consent?")


def test_a_client_that_may_have_less_gets_less(two):
    server, client, visitor = two
    tokens = client.sign_in(visitor, scope="openid read write", resource=BLOG)
    server.command("client", "set", client.id, "--scope", "openid", "--scope", "read")
    assert client.refresh(tokens["refresh_token"]).json()["scope"] == "openid read"
    server.command("client", "set", client.id, "--resource", PAY)
    fails(client.refresh(tokens["refresh_token"]), "invalid_grant")


def test_oauth_goes_with_encrypted_tokens(make_server):
    server = make_server({**oauth.SETTINGS, "tokens.format": "jwe"})
    server.data.mkdir(mode=0o700, exist_ok=True)
    (server.data / "token-keys").write_text("base64:" + base64.b64encode(b"k" * 32).decode() + "\n")
    (server.data / "token-keys").chmod(0o600)
    user = server.add_user()
    server.start()
    client = Client(server, "web", "Sealed", "--redirect", CALLBACK, "--auth", "client_secret_post")
    visitor = Visitor(server, user)
    tokens = client.sign_in(visitor, resource=API)
    plain = client.sign_in(visitor)
    assert verify(client.caller, tokens["access_token"]).status == 200
    assert client.caller.get("/oauth2/userinfo", bearer=plain["access_token"]).status == 200
    form = {"client_id": client.id, "client_secret": client.secret, "token": tokens["access_token"]}
    post = lambda route: client.caller.post(f"/oauth2/{route}", body=urlencode(form).encode(), headers=FORM)  # noqa: E731
    assert post("introspect").json()["active"] is True
    assert post("revoke").status == 200
    assert verify(client.caller, tokens["access_token"]).verdict == (401, "token_revoked")
    fails(client.refresh(tokens["refresh_token"]), "invalid_grant")
    sealed = client.caller.sign_in_body(user)["token"]
    assert sealed.count(".") == 4 and client.caller.verify(sealed).status == 200


def test_who_is_signed_in_is_not_told_to_clients(server, visitor, caller):
    words = ("--redirect", CALLBACK, "--default-resource", "default")
    client = Client(server, "web", "Curious", *words)
    answer = caller.get("/api/v1/authentication", bearer=client.sign_in(visitor)["access_token"])
    assert answer.verdict == (403, "insufficient_scope")
    assert 'error="insufficient_scope"' in answer.header("WWW-Authenticate")
    service = Client(server, "service", "Self", "--default-resource", "default")
    token = service.token(grant_type="client_credentials").json()["access_token"]
    assert caller.get("/api/v1/authentication", bearer=token).verdict == (403, "insufficient_scope")
    assert caller.verify(token).status == 200


@pytest.mark.parametrize("mode,dest", [("no-cors", "image"), ("cors", "empty"), ("navigate", "iframe")])
def test_no_image_signs_anybody_out(web, visitor, mode, dest):
    web.sign_in(visitor)
    headers = {"Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest, "Sec-Fetch-Site": "same-site"}
    answer = visitor.ask("GET", "/oauth2/logout", headers=headers)
    assert answer.status == 403 and not answer.all("Set-Cookie") and visitor.cookies


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


@pytest.mark.parametrize("path", ["/oauth2/authorize", "/oauth2/logout"])
@pytest.mark.parametrize(
    "body", [b"client_id=x\r\nX: y", b"a=b\n", b"a=\x00", b"a=\xc3\xa4", b"a=b c", b"x" * 13000]
)
def test_a_form_that_is_no_query_is_refused(caller, path, body):
    answer = caller.post(path, body=body, headers=FORM)
    assert answer.verdict == (400, "malformed_request") and not answer.all("Location")


def test_a_token_of_a_body_is_no_cookie_here_either(web, visitor, caller):
    token = caller.sign_in_body(visitor.user)["refresh_token"]
    visitor.cookies = {"__Host-Http-coatcheck-refresh": token}
    assert visitor.leads_to(web.request(prompt="none"))["error"] == "login_required"


def test_signing_in_again_decides_anew_how_long(server, web, visitor):
    def sign_in(remember):
        page = visitor.ask("GET", f"/oauth2/sign-in?{web.request(prompt='login')}")
        answer = visitor.submit(page, **({"remember": "yes"} if remember else {}))
        assert answer.status == 303
        sessions = server.rows("session", "list", visitor.user.name)
        (row,) = [session for session in sessions if session.get("client_id") is None]
        return row["id"], row["expires_at"] - time.time()

    first, short = sign_in(False)
    second, long = sign_in(True)
    assert first == second, "one session"
    assert short < 13 * 3600 and long > 29 * 86400
    assert sign_in(False)[1] < 13 * 3600


def test_a_disabled_clients_codes_are_over(server, visitor):
    client = Client(server, "web", "Off and on", "--redirect", CALLBACK)
    code = visitor.code_for(client.request())
    server.command("client", "disable", client.id)
    server.command("client", "enable", client.id)
    fails(client.redeem(code), "invalid_grant")


def test_the_hint_counts_after_the_sign_in_too(server, web, visitor):
    token = web.sign_in(visitor)["id_token"]
    other = Visitor(server, server.add_user())
    assert other.leads_to(web.request(id_token_hint=token))["error"] == "login_required"


def test_the_page_says_that_another_user_ends_the_session(web, visitor):
    web.sign_in(visitor)
    page = visitor.ask("GET", f"/oauth2/sign-in?{web.request(prompt='login')}")
    assert f"You are signed in as {visitor.user.name}.".encode() in page.body


def test_a_json_body_is_told_its_type(web):
    answer = web.caller.post("/oauth2/token", json={"grant_type": "client_credentials"})
    assert answer.verdict == (415, "unsupported_media_type")


def test_a_parameter_of_verify_that_comes_twice_lets_nobody_pass(web, visitor, caller):
    token = web.sign_in(visitor, scope="posts:read", resource=API)["access_token"]
    assert verify(caller, token, f"?resource={API}&scope=posts:read&scope=posts:write").status == 403
    assert verify(caller, token, f"?resource={API}&resource=https://other.example").status == 401


def test_a_resource_is_not_the_audience_of_everything(make_server):
    settings = {**oauth.SETTINGS, "tokens.audience": API}
    result = make_server(settings).try_command("config", "check")
    assert result.returncode == 1 and "--default-resource default" in result.stderr


def test_users_who_look_like_clients_stop_the_start(make_server):
    server = make_server({"store.url": "sqlite:coatcheck.db"})
    server.add_user("ada", oauth.PASSWORD, "--id", "u1")
    with sqlite3.connect(server.data / "coatcheck.db") as database:
        database.execute("UPDATE users SET username = 'Client:x', username_key = 'client:x'")
    server.settings |= oauth.SETTINGS
    with pytest.raises(RuntimeError, match="switch oauth.enabled off"):
        server.start()

# SPDX-License-Identifier: Apache-2.0
"""The authorization endpoint: a user signs in, agrees and comes back, or the client is told why not. Tests
that belong to a row of the security checklist of docs/oauth.md name the attack."""

import time
from urllib.parse import parse_qs, urlsplit

import oauth
import pytest
from oauth import API, CALLBACK, FORM, Client, Visitor, claims_of, verify

SETTINGS = {**oauth.SETTINGS, "sessions.refresh_grace": "2s", "oauth.native_grace": "2s"}


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


def test_the_hint_counts_after_the_sign_in_too(server, web, visitor):
    token = web.sign_in(visitor)["id_token"]
    other = Visitor(server, server.add_user())
    assert other.leads_to(web.request(id_token_hint=token))["error"] == "login_required"


def test_the_codes_of_a_user_have_a_bound(web, visitor):
    web.sign_in(visitor)
    for _ in range(510):
        answer = visitor.goes_to(web.request(prompt="none"))
        if answer.status != 303:
            break
    assert answer.verdict == (429, "too_many_attempts") and answer.header("Retry-After")

# SPDX-License-Identifier: Apache-2.0
"""The pages on the way to a client, their forms, and signing out."""

from urllib.parse import urlencode

import oauth
import pytest
from oauth import API, CALLBACK, Client, Visitor, verify

SETTINGS = {**oauth.SETTINGS, "sessions.refresh_grace": "2s", "oauth.native_grace": "2s"}


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


def test_the_page_says_that_another_user_ends_the_session(web, visitor):
    web.sign_in(visitor)
    page = visitor.ask("GET", f"/oauth2/sign-in?{web.request(prompt='login')}")
    assert f"You are signed in as {visitor.user.name}.".encode() in page.body


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


@pytest.mark.parametrize("mode,dest", [("no-cors", "image"), ("cors", "empty"), ("navigate", "iframe")])
def test_no_image_signs_anybody_out(web, visitor, mode, dest):
    web.sign_in(visitor)
    headers = {"Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest, "Sec-Fetch-Site": "same-site"}
    answer = visitor.ask("GET", "/oauth2/logout", headers=headers)
    assert answer.status == 403 and not answer.all("Set-Cookie") and visitor.cookies

# SPDX-License-Identifier: Apache-2.0
"""Tokens in cookies: the cookies' names and expiry, and that such a token never leaves in a body."""

import time

import pytest
from client import Browser, Caller
from conftest import next_address
from server import PASSWORD
from tokens import claims_of

ACCESS, REFRESH = "__Host-Http-coatcheck", "__Host-Http-coatcheck-refresh"
SETTINGS = {"sessions.refresh_grace": "1s"}


@pytest.mark.parametrize(
    "delivery,names", [("cookie", {ACCESS, REFRESH}), ("hybrid", {REFRESH}), ("body", set())]
)
def test_a_delivery_sets_its_cookies_and_no_others(caller, ada, delivery, names):
    answer = caller.sign_in(ada, delivery)
    assert {name for name, cookie in answer.cookies.items() if not cookie.clears} == names
    assert ("token" in answer.json()) == (delivery != "cookie")
    assert ("token_type" in answer.json()) == (delivery != "cookie")
    assert ("refresh_token" in answer.json()) == (delivery == "body")
    assert answer.json()["session"]["delivery"] == delivery


def test_the_attributes_are_those_that_browsers_ask_of_the_prefix(caller, ada):
    for text in caller.sign_in(ada, "cookie").all("Set-Cookie"):
        name, *attributes = text.split("; ")
        names = [attribute.partition("=")[0] for attribute in attributes]
        assert sorted(names) == ["Expires", "HttpOnly", "Path", "SameSite", "Secure"], text
        assert "Path=/" in attributes and "SameSite=Lax" in attributes
        assert text.isascii() and len(text) <= 4096


def test_the_access_cookie_ends_with_its_token_to_the_second(browser, ada):
    answers = [browser.sign_in(ada, "cookie")]
    time.sleep(1.1)
    answers.append(browser.post("/api/v1/authentication/refresh"))
    for answer in answers:
        cookie = answer.cookies[ACCESS]
        assert cookie.expires == claims_of(cookie.value)["exp"] == answer.json()["expires_at"]
    assert answers[1].cookies[ACCESS].expires > answers[0].cookies[ACCESS].expires


@pytest.mark.parametrize("remember", [True, False])
def test_the_refresh_cookie_never_outlives_its_session(caller, ada, remember):
    answer = caller.sign_in(ada, "hybrid", remember=remember)
    session = answer.json()["session"]
    assert answer.cookies[REFRESH].expires in (session["idle_expires_at"], session["expires_at"])


@pytest.mark.parametrize("old", ["cookie", "hybrid"])
@pytest.mark.parametrize("new", ["cookie", "hybrid", "body"])
def test_a_new_sign_in_clears_the_cookies_of_other_deliveries(browser, ada, old, new):
    browser.sign_in(ada, old)
    before = dict(browser.jar)
    browser.sign_in(ada, new)
    assert set(browser.jar) == {"cookie": {ACCESS, REFRESH}, "hybrid": {REFRESH}, "body": set()}[new]
    assert not set(before.values()) & set(browser.jar.values())


def test_a_cookie_that_was_there_before_is_never_adopted(browser, ada, user):
    """Session fixation: cookies that an attacker put into the victim's browser before the sign-in are not
    used."""
    attacker = Browser(browser.port, next_address())
    attacker.sign_in(ada, "cookie")
    browser.jar = dict(attacker.jar)
    signed_in = browser.sign_in(user, "cookie").json()
    assert not set(attacker.jar.values()) & set(browser.jar.values())
    assert browser.get("/api/v1/authentication").json()["user"]["username"] == user.name
    assert attacker.get("/api/v1/authentication").json()["session"]["id"] != signed_in["session"]["id"]


@pytest.mark.parametrize("delivery", ["cookie", "hybrid"])
def test_a_token_that_came_by_cookie_never_leaves_in_a_body(browser, user, delivery):
    secret = [ACCESS, REFRESH] if delivery == "cookie" else [REFRESH]
    form = {"current_password": user.password, "new_password": "eleven amber herons hum quietly"}
    for answer in (
        browser.sign_in(user, delivery),
        browser.post("/api/v1/authentication/refresh"),
        browser.post("/api/v1/authentication/refresh", json={}),
    ):
        assert answer.status == 200
        for name in secret:
            assert browser.jar[name].encode() not in answer.body
        assert "refresh_token" not in answer.json() and ("token" in answer.json()) == (delivery == "hybrid")
    for wish in (
        {"delivery": "body"},
        {"refresh_token": None},
        {"refresh_token": browser.jar[REFRESH], "delivery": "body"},
    ):
        answer = browser.post("/api/v1/authentication/refresh", json=wish)
        assert answer.status == 400 and b"ccr_" not in answer.body and b"eyJ" not in answer.body
    if delivery == "cookie":
        answers = [
            browser.get("/api/v1/authentication"),
            browser.get("/api/v1/sessions"),
            browser.get("/api/v1/users/me"),
            browser.put("/api/v1/users/me/password", json=form),
        ]
        for answer in answers:
            assert answer.status == 200 and b"ccr_" not in answer.body and b"eyJ" not in answer.body


def test_a_cookie_token_sent_by_body_comes_back_as_a_cookie(browser, ada):
    """The session keeps its delivery, whatever the request looks like."""
    browser.sign_in(ada, "cookie")
    answer = Caller(browser.port, next_address()).refresh(browser.jar[REFRESH])
    assert b"ccr_" not in answer.body and b"eyJ" not in answer.body
    if answer.status == 200:
        assert {ACCESS, REFRESH} <= set(answer.cookies)


def test_the_refresh_cookie_is_no_credential_on_protected_routes(browser, ada):
    browser.sign_in(ada, "cookie")
    jar = {REFRESH: browser.jar[REFRESH]}
    for method, target in (
        ("GET", "/api/v1/authentication"),
        ("GET", "/api/v1/sessions"),
        ("DELETE", "/api/v1/sessions"),
        ("GET", "/api/v1/users/me"),
        ("GET", "/api/v1/verify"),
    ):
        assert browser.request(method, target, cookies=jar).verdict == (401, "token_missing"), target
    assert browser.get("/api/v1/authentication").status == 200, "beside the access cookie it does not matter"


def test_the_two_cookies_cannot_be_swapped(browser, ada):
    browser.sign_in(ada, "cookie")
    access, refresh = browser.jar[ACCESS], browser.jar[REFRESH]
    assert browser.get("/api/v1/authentication", cookies={ACCESS: refresh}).verdict == (
        401,
        "token_malformed",
    )
    assert browser.get("/api/v1/authentication", cookies={REFRESH: access}).verdict == (401, "token_missing")
    refused = browser.post("/api/v1/authentication/refresh", cookies={REFRESH: access})
    assert refused.verdict == (401, "refresh_token_malformed")
    refused = browser.post("/api/v1/authentication/refresh", cookies={ACCESS: access})
    assert refused.verdict == (401, "refresh_token_missing")


def test_two_values_of_one_cookie_are_a_conflict(browser, ada, user):
    """A sibling domain can plant a second cookie of the same name, so the order of the two must not
    decide."""
    browser.sign_in(ada, "cookie")
    other = Browser(browser.port, next_address())
    other.sign_in(user, "cookie")
    mine, theirs = browser.jar[ACCESS], other.jar[ACCESS]
    for pair in ((mine, theirs), (theirs, mine), (mine, "junk"), ("junk", mine)):
        cookies = [(ACCESS, value) for value in pair]
        assert browser.get("/api/v1/authentication", cookies=cookies).verdict == (400, "credential_conflict")
        assert browser.get("/api/v1/verify", cookies=cookies).verdict == (401, "credential_conflict")
        split = [("Cookie", f"{ACCESS}={value}") for value in pair]
        assert browser.get("/api/v1/authentication", headers=split, cookies={}).verdict == (
            400,
            "credential_conflict",
        )
    assert browser.get("/api/v1/authentication", cookies=[(ACCESS, mine)] * 2).status == 200
    for pair in ((browser.jar[REFRESH], other.jar[REFRESH]), (other.jar[REFRESH], browser.jar[REFRESH])):
        answer = browser.post("/api/v1/authentication/refresh", cookies=[(REFRESH, value) for value in pair])
        assert answer.verdict == (400, "credential_conflict") and not answer.all("Set-Cookie")
    assert (
        browser.post("/api/v1/authentication/refresh").status
        == other.post("/api/v1/authentication/refresh").status
        == 200
    )


def test_a_cookie_and_a_header_agree_or_conflict(browser, ada, user):
    browser.sign_in(ada, "cookie")
    token = browser.jar[ACCESS]
    other = Caller(browser.port, next_address()).sign_in_body(user)["token"]
    assert browser.get("/api/v1/authentication", bearer=token).status == 200
    assert browser.get("/api/v1/authentication", bearer=other).verdict == (400, "credential_conflict")
    assert browser.get("/api/v1/verify", bearer=other).verdict == (401, "credential_conflict")
    assert browser.delete("/api/v1/sessions", bearer=other).verdict == (400, "credential_conflict")
    basic = {"Authorization": "Basic YWRhOmFkYQ=="}
    assert browser.get("/api/v1/authentication", headers=basic).status == 200
    assert browser.get("/api/v1/authentication").json()["user"]["username"] == "ada"


@pytest.mark.parametrize(
    "cookies",
    [
        [("theme", "dark"), (ACCESS, None), ("lang", "en")],
        [(ACCESS, None), ("a", "1")],
        [("a", "1"), (ACCESS, None)],
        [("empty", ""), (ACCESS, None)],
        [("a", '"quoted; not"'), (ACCESS, None)],
        [("x" + ACCESS, "junk"), (ACCESS, None)],
        [(ACCESS + "2", "junk"), (ACCESS, None)],
        [("coatcheck", "junk"), (ACCESS, None)],
        [(ACCESS.lower(), "junk"), (ACCESS, None)],
        [(f"noise{number}", "x" * 50) for number in range(100)] + [(ACCESS, None)],
    ],
)
def test_other_cookies_and_their_order_do_not_matter(browser, ada, cookies):
    browser.sign_in(ada, "cookie")
    sent = [(name, browser.jar[ACCESS] if value is None else value) for name, value in cookies]
    assert browser.get("/api/v1/authentication", cookies=sent).status == 200


@pytest.mark.parametrize(
    "name",
    [
        "coatcheck",
        "__Host-coatcheck",
        "__Secure-coatcheck",
        "__Http-coatcheck",
        "token",
        "jwt",
        ACCESS.lower(),
        ACCESS.upper(),
        " x" + ACCESS,
        ACCESS + "-refresh2",
        f'"{ACCESS}"',
    ],
)
def test_a_cookie_of_another_name_is_no_credential(browser, ada, name):
    """A cookie without the prefix does not count, because any sibling domain could have planted it."""
    browser.sign_in(ada, "cookie")
    answer = browser.get("/api/v1/authentication", cookies=[(name, browser.jar[ACCESS])])
    assert answer.verdict == (401, "token_missing")


@pytest.mark.parametrize("value", ["", "junk", '"', "a=b", "=", "%00", "a.b.c", "." * 4000])
def test_a_broken_cookie_is_refused_and_not_cleared(browser, ada, value):
    browser.sign_in(ada, "cookie")
    for answer in (
        browser.get("/api/v1/authentication", cookies={ACCESS: value}),
        browser.post("/api/v1/authentication/refresh", cookies={REFRESH: value}),
    ):
        assert answer.status == 401 and not answer.all("Set-Cookie")
    assert browser.sign_in(ada, "cookie").status == 200, "one can still sign in over it"


@pytest.mark.parametrize(
    "header",
    [";", "; ;", "=", ";=;", "a", "a=b;" * 200, ACCESS, f"{ACCESS};", f"={ACCESS}", "\xff=\xff", '"'],
)
def test_a_broken_cookie_header_harms_nobody(caller, header):
    answer = caller.get("/api/v1/authentication", headers={"Cookie": header})
    assert answer.status in (400, 401)


def test_no_refusal_clears_a_cookie(browser, ada):
    """A client that loses a race must not lose the winner's cookie."""
    browser.sign_in(ada, "cookie")
    lost = dict(browser.jar)
    assert browser.post("/api/v1/authentication/refresh").status == 200
    time.sleep(1.2)
    refused = browser.post("/api/v1/authentication/refresh", cookies=lost)
    assert refused.verdict == (401, "refresh_token_reused") and not refused.all("Set-Cookie")
    again = browser.post("/api/v1/authentication/refresh")
    assert again.verdict == (401, "session_ended") and not again.all("Set-Cookie")
    assert not browser.get("/api/v1/authentication").all("Set-Cookie")
    assert not browser.get("/api/v1/verify").all("Set-Cookie")


def test_a_race_of_tabs_leaves_every_tab_with_a_living_cookie(browser, ada):
    browser.sign_in(ada, "cookie")
    tabs = [Browser(browser.port, browser.source) for _ in range(4)]
    for tab in tabs:
        tab.jar = dict(browser.jar)
    for tab in tabs:
        assert tab.post("/api/v1/authentication/refresh").status == 200
    assert len({tab.jar[REFRESH] for tab in tabs}) == 1
    assert {tab.get("/api/v1/authentication").status for tab in tabs} == {200}


def test_clearing_repeats_the_attributes(browser, ada):
    browser.sign_in(ada, "cookie")
    answer = browser.delete("/api/v1/authentication")
    assert set(answer.cookies) == {ACCESS, REFRESH}
    for cookie in answer.cookies.values():
        assert cookie.value == "" and cookie.expires < time.time() - 86400
        assert {"path", "expires", "httponly", "secure", "samesite"} == set(cookie.attributes)


def test_a_token_that_browsers_would_drop_is_never_sent_as_a_cookie(caller, server):
    """A browser silently drops a cookie above 4096 bytes, and then no one would know why the user is not
    signed in."""
    claim = f'page="{"x" * 3500}"'
    added = server.try_command(
        "user", "add", "heavy", "--password-stdin", "--claim", claim, stdin=PASSWORD + "\n"
    )
    if added.returncode != 0:
        return
    answer = caller.post(
        "/api/v1/authentication", json={"username": "heavy", "password": PASSWORD, "delivery": "cookie"}
    )
    assert answer.status < 500
    assert all(len(name) + len(cookie.value) <= 4096 for name, cookie in answer.cookies.items())


def test_development_mode_drops_prefix_and_secure(make_server):
    server = make_server(flags=["--dev"])
    user = server.add_user()
    server.start()
    browser = Browser(server.port)
    answer = browser.sign_in(user, "cookie")
    assert set(browser.jar) == {"coatcheck", "coatcheck-refresh"}
    for cookie in answer.cookies.values():
        assert {"path", "expires", "httponly", "samesite"} == set(cookie.attributes)
    assert answer.cookies["coatcheck"].expires == claims_of(browser.jar["coatcheck"])["exp"]
    assert browser.get("/api/v1/authentication").status == 200
    assert browser.post("/api/v1/authentication/refresh").status == 200
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert browser.post("/api/v1/authentication/refresh", headers=foreign).verdict == (403, "csrf_refused")
    assert browser.delete("/api/v1/authentication").status == 204 and browser.jar == {}

# SPDX-License-Identifier: Apache-2.0
"""A cookie counts on an unsafe method only if the request shows that it comes from a trusted page.

`allows()` states the rule a second time, and the tests compare the server with it in every combination.
"""

import itertools

import pytest
from client import Browser, Caller
from conftest import next_address

LISTED = "https://app.example"
SETTINGS = {"cors.origins": [LISTED, "http://localhost:3000"]}
ACCESS, REFRESH = "__Host-Http-coatcheck", "__Host-Http-coatcheck-refresh"
EVIL = "https://evil.example"

SITES = [None, "same-origin", "same-site", "cross-site", "none", "bogus"]
ORIGINS = [None, "own", LISTED, EVIL, "null"]
MARKS = [None, "1"]
CELLS = [
    cell
    for cell in itertools.product(SITES, ORIGINS, MARKS)
    # Browsers never send same-origin together with another origin, or another site together with the own
    # origin.
    if not (cell[0] == "same-origin" and cell[1] not in (None, "own"))
    and not (cell[0] in ("same-site", "cross-site") and cell[1] == "own")
]


def allows(site, origin, mark, credential_in_cookie=True):
    if site is not None:
        return site == "same-origin" or (site in ("same-site", "cross-site") and origin == LISTED)
    if origin is not None:
        return origin in ("own", LISTED)
    return mark == "1" or not credential_in_cookie


def headers_of(server, site, origin, mark):
    headers = []
    if site is not None:
        headers.append(("Sec-Fetch-Site", site))
    if origin is not None:
        headers.append(("Origin", server.url if origin == "own" else origin))
    if mark is not None:
        headers.append(("X-Coatcheck", mark))
    return headers


@pytest.fixture(scope="module")
def cookies(server, ada):
    return {
        name: cookie.value
        for name, cookie in Caller(server.port, next_address()).sign_in(ada, "cookie").cookies.items()
    }


def wrong_cells(ask, credential_in_cookie=True):
    """Asks for every cell. `ask(cell)` returns the verdict. Returns the cells whose verdict contradicts the
    rule."""
    wrong = {}
    for cell in CELLS:
        verdict = ask(cell)
        if allows(*cell, credential_in_cookie) == (verdict == (403, "csrf_refused")):
            wrong[cell] = verdict
    return wrong


# These requests change nothing even if they pass, because they lack a body or name no session.
PROBES = [
    ("DELETE", f"/api/v1/sessions/{'A' * 22}", {}),
    ("PATCH", "/api/v1/users/me", {"json": {}}),
    ("DELETE", "/api/v1/users/me", {"json": {}}),
    ("PUT", "/api/v1/users/me/password", {"json": {}}),
]


@pytest.mark.parametrize("method,target,more", PROBES)
def test_an_access_cookie_on_an_unsafe_method_follows_the_rule(caller, server, cookies, method, target, more):
    def ask(cell):
        return caller.request(
            method, target, cookies=cookies, headers=headers_of(server, *cell), **more
        ).verdict

    assert not wrong_cells(ask)
    assert caller.get("/api/v1/authentication", cookies=cookies).status == 200


def test_a_refresh_cookie_follows_the_rule(caller, server, ada):
    """A request that the rule allows is refreshed. A refused one is neither refreshed nor loses its
    cookie."""
    jar = {REFRESH: caller.sign_in(ada, "hybrid").cookies[REFRESH].value}

    def ask(cell):
        answer = caller.post("/api/v1/authentication/refresh", cookies=jar, headers=headers_of(server, *cell))
        assert answer.status in (200, 403)
        assert bool(answer.all("Set-Cookie")) == (answer.status == 200)
        if answer.status == 200:
            jar[REFRESH] = answer.cookies[REFRESH].value
        return answer.verdict

    assert not wrong_cells(ask)


def test_sign_out_by_cookie_follows_the_rule(caller, server, ada):
    wrong = {}
    jar = None
    for cell in CELLS:
        if jar is None:
            jar = {name: cookie.value for name, cookie in caller.sign_in(ada, "cookie").cookies.items()}
        answer = caller.delete("/api/v1/authentication", cookies=jar, headers=headers_of(server, *cell))
        if answer.verdict != ((204, None) if allows(*cell) else (403, "csrf_refused")):
            wrong[cell] = answer.verdict
        alive = caller.get("/api/v1/authentication", cookies=jar).status == 200
        if alive == allows(*cell):
            wrong[cell] = ("alive", alive)
        jar = jar if alive else None
    assert not wrong


def test_sign_in_follows_the_headers_where_a_browser_sends_them(caller, server):
    """The body is one that is refused later, so that no password is hashed."""

    def ask(cell):
        answer = caller.post("/api/v1/authentication", json={}, headers=headers_of(server, *cell))
        assert answer.verdict in {(403, "csrf_refused"), (400, "missing_member")}
        return answer.verdict

    assert not wrong_cells(ask, credential_in_cookie=False)


def test_refresh_by_body_follows_the_headers_where_a_browser_sends_them(caller, server, ada):
    token = [caller.sign_in_body(ada)["refresh_token"]]

    def ask(cell):
        answer = caller.post(
            "/api/v1/authentication/refresh",
            json={"refresh_token": token[0]},
            headers=headers_of(server, *cell),
        )
        if answer.status == 200:
            token[0] = answer.json()["refresh_token"]
        return answer.verdict

    assert not wrong_cells(ask, credential_in_cookie=False)


def test_a_refused_sign_in_sets_no_cookie(caller, ada):
    """Login CSRF: a page cannot sign its visitor in as another user."""
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": EVIL}
    answer = caller.try_sign_in(ada, delivery="cookie", headers=headers)
    assert answer.verdict == (403, "csrf_refused") and not answer.all("Set-Cookie")


def test_safe_methods_need_nothing(caller, server, cookies):
    for target in ("/api/v1/authentication", "/api/v1/sessions", "/api/v1/users/me"):
        for cell in CELLS:
            answer = caller.get(target, cookies=cookies, headers=headers_of(server, *cell))
            assert answer.status == 200, (target, cell)


def test_a_credential_in_a_header_needs_nothing(caller, server, ada):
    token = caller.sign_in_body(ada)["token"]
    for cell in CELLS:
        answer = caller.delete(
            f"/api/v1/sessions/{'A' * 22}", bearer=token, headers=headers_of(server, *cell)
        )
        assert answer.verdict == (404, "not_found"), cell


def test_a_request_without_any_credential_is_not_called_cross_site(caller):
    """Headers that do not matter must not change the answer."""
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": EVIL}
    assert caller.delete("/api/v1/sessions", headers=headers).verdict == (401, "token_missing")


@pytest.mark.parametrize(
    "origin",
    [
        "https://app.example.evil.example",
        "https://evilapp.example",
        "https://app.example:8443",
        "http://app.example",
        "https://app.example.",
        "https://app.example/",
        "https://APP.example.org",
        "https://app.example@evil.example",
        "https://app.example#",
        "https://app.example,https://evil.example",
        "https://evil.example https://app.example",
        "https://app.examplé".encode().decode("latin-1"),
        "//app.example",
        "app.example",
        "null",
        "*",
        "file://",
        "https://",
    ],
)
def test_an_origin_that_only_looks_like_a_listed_one_is_refused(caller, cookies, origin):
    for site in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {}):
        answer = caller.post(
            "/api/v1/authentication/refresh", cookies=cookies, headers={**site, "Origin": origin}
        )
        assert answer.status in (400, 403) and not answer.all("Set-Cookie")


@pytest.mark.parametrize(
    "origin",
    [
        "https://localhost:{port}",
        "http://localhost",
        "http://localhost:{other}",
        "http://localhost.:{port}",
        "http://sub.localhost:{port}",
        "http://[::1]:{port}",
        "http://localhost:{port}/",
        "http://localhost:0{port}",
        "http://user@localhost:{port}",
    ],
)
def test_an_origin_that_only_looks_like_our_own_is_refused(caller, server, cookies, origin):
    text = origin.format(port=server.port, other=server.port + 1)
    answer = caller.post("/api/v1/authentication/refresh", cookies=cookies, headers={"Origin": text})
    assert answer.verdict == (403, "csrf_refused")


def test_the_host_header_does_not_say_what_our_own_origin_is(caller, cookies):
    """DNS rebinding: the page's origin and the Host header agree with each other, but not with the server's
    own origin."""
    for more in ({}, {"X-Forwarded-Host": "evil.example"}):
        headers = {"Origin": "http://evil.example", **more}
        answer = caller.post(
            "/api/v1/authentication/refresh", cookies=cookies, headers=headers, host="evil.example"
        )
        assert answer.verdict in {(403, "csrf_refused"), (400, "malformed_request")}


@pytest.mark.parametrize(
    "headers",
    [
        [("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")],
        [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-origin")],
        [("Sec-Fetch-Site", "cross-site, same-origin")],
        [("Sec-Fetch-Site", "same-origin;x")],
        [("Origin", "own"), ("Origin", EVIL)],
        [("Origin", EVIL), ("Origin", "own")],
        [("Origin", EVIL), ("Origin", LISTED)],
        [("Sec-Fetch-Site", "cross-site"), ("Origin", LISTED), ("Origin", EVIL)],
        [("Sec_Fetch_Site", "same-origin")],
        [("X-Sec-Fetch-Site", "same-origin")],
        [("Referer", "own")],
        [("X_Coatcheck", "1")],
        [("X-Requested-With", "XMLHttpRequest")],
        [("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty")],
    ],
)
def test_two_minds_in_one_request_are_refused(caller, server, cookies, headers):
    sent = [(name, server.url if value == "own" else value) for name, value in headers]
    answer = caller.post("/api/v1/authentication/refresh", cookies=cookies, headers=sent)
    assert answer.status in (400, 403) and not answer.all("Set-Cookie")


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain; application/json",
        "",
        "application/jsonx",
        "application/problem+json",
    ],
)
def test_what_a_plain_form_can_send_is_no_json(caller, server, cookies, ada, content_type):
    """A form's content type is refused even if the origin is trusted."""
    for target, form in (
        ("/api/v1/authentication", {"username": "ada", "password": ada.password}),
        ("/api/v1/authentication/refresh", {}),
        ("/api/v1/users/me", {"email": None}),
    ):
        method = "PATCH" if target.endswith("/me") else "POST"
        answer = caller.request(
            method,
            target,
            json=form,
            cookies=cookies,
            headers=[
                ("Content-Type", content_type),
                ("Origin", server.url),
                ("Sec-Fetch-Site", "same-origin"),
            ],
        )
        assert answer.verdict == (415, "unsupported_media_type") and not answer.all("Set-Cookie")


def test_a_page_of_a_listed_origin_can_do_all_that_ours_can(server, user):
    browser = Browser(server.port, next_address(), origin=LISTED, site="cross-site")
    assert browser.sign_in(user, "cookie").header("Access-Control-Allow-Origin") == LISTED
    assert browser.post("/api/v1/authentication/refresh").status == 200
    assert browser.delete("/api/v1/sessions?except=current").status == 204
    assert browser.delete("/api/v1/authentication").status == 204 and browser.jar == {}

# SPDX-License-Identifier: Apache-2.0
"""Forwarded headers count only if they come from a trusted proxy."""

import pytest
from client import Caller
from conftest import next_address

PROXY, FRONT = "127.99.0.1", "127.99.0.2"
SETTINGS = {"trusted_proxies": [PROXY, FRONT]}
ACCESS, REFRESH = "__Host-Http-coatcheck", "__Host-Http-coatcheck-refresh"


@pytest.fixture
def proxy(server):
    return Caller(server.port, PROXY)


def forwarded(*addresses, name="X-Forwarded-For"):
    return [(name, address) for address in addresses]


def address_of(caller, user, headers):
    return caller.sign_in_body(user, headers=headers)["session"]["address"]


@pytest.mark.parametrize(
    "headers,expected",
    [
        (forwarded("203.0.113.7"), "203.0.113.7"),
        (forwarded("2001:db8::7"), "2001:db8::7"),
        (forwarded("198.51.100.1, 203.0.113.7"), "203.0.113.7"),
        (forwarded("198.51.100.1,203.0.113.7"), "203.0.113.7"),
        (forwarded(f"203.0.113.7, {FRONT}"), "203.0.113.7"),
        (forwarded(f"198.51.100.1, 203.0.113.7, {FRONT}, {PROXY}"), "203.0.113.7"),
        (forwarded("198.51.100.1", "203.0.113.7"), "203.0.113.7"),
        # As Azure and others write it (RFC 7239 section 6; issue 19, row 19).
        (forwarded("203.0.113.7:41234"), "203.0.113.7"),
        (forwarded("[2001:db8::7]:443"), "2001:db8::7"),
        (forwarded("[2001:db8::7]"), "2001:db8::7"),
        (forwarded('"[2001:db8::7]:443"'), "2001:db8::7"),
        (forwarded(f"203.0.113.7:1, {FRONT}:2"), "203.0.113.7"),
        ((), PROXY),
    ],
)
def test_a_trusted_proxy_says_where_a_request_comes_from(proxy, ada, headers, expected):
    """The last address that is not a trusted proxy counts, because the client may have written everything
    before it."""
    assert address_of(proxy, ada, headers) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "junk",
        "unknown",
        "_hidden",
        ",",
        ", ,",
        "999.1.1.1",
        "203.0.113.7.1",
        "127.0.0.1; DROP",
        "::ffff:203.0.113.7",
        "[2001:db8::7]:80",
        "203.0.113.7:80",
        '"203.0.113.7"',
        "0x7f.1",
        "x" * 4000,
        "1.1.1.1," * 1000,
    ],
)
def test_junk_from_a_trusted_proxy_harms_nobody(proxy, ada, text):
    answer = proxy.try_sign_in(ada, delivery="body", headers=forwarded(text))
    assert answer.status in (200, 400)
    if answer.status == 200:
        address = answer.json()["session"]["address"]
        assert address and set(address) <= set("0123456789abcdef.:"), address


def test_what_a_trusted_proxy_sends_and_nobody_can_read_is_told(make_server):
    server = make_server(SETTINGS).start()
    user = server.add_user()
    proxy = Caller(server.port, PROXY)
    assert "X-Forwarded-For" not in server.try_command("doctor").stdout
    Caller(server.port, next_address()).try_sign_in(user, headers=forwarded("made up"))
    for _ in range(3):
        assert proxy.try_sign_in(user, headers=forwarded("client\xe9<7>, 127.99.0.2")).status == 200
    log = server.log_with("forwarded_unreadable")
    assert "client?<7>" in log and "made up" not in log
    assert 'X-Forwarded-For with "client?<7>"' in server.try_command("doctor").stdout
    other_loops = [Caller(server.port, PROXY).connect() for _ in range(20)]
    for connection in other_loops:
        connection.send(proxy.compose("GET", "/healthz", headers=forwarded("more junk")))
        assert connection.read().status == 200
        connection.close()
    assert server.log().count("forwarded_unreadable") == 1


def test_a_preflight_passes_if_the_proxys_own_address_says_so(proxy, caller, ada):
    """A client can write X-Forwarded-Method where the proxy does not overwrite it (issue 19, row 20)."""
    preflight = [("Origin", "https://app.example"), ("Access-Control-Request-Method", "POST")]
    verify = "/api/v1/verify"
    for asker in (proxy, caller):
        answer = asker.get(verify + "?method=OPTIONS", headers=preflight)
        assert answer.status == 200
        for name in ("User", "Username", "Session", "Roles", "Scope", "Expires"):
            assert answer.header(f"X-Auth-{name}") == ""
    for target, headers in (
        (verify, [*preflight, ("X-Forwarded-Method", "OPTIONS")]),
        (verify + "?method=POST", [*preflight, ("X-Forwarded-Method", "OPTIONS")]),
        (verify + "?method=POST&method=OPTIONS", preflight),
        (verify + "?method=options", preflight),
        (verify + "?method=OPTIONS", preflight[:1]),
        (verify + "?method=OPTIONS", preflight[1:]),
    ):
        assert proxy.get(target, headers=headers).verdict == (401, "token_missing"), (target, headers)
    bad = proxy.get(verify + "?method=OPTIONS", headers=preflight, bearer="junk")
    assert bad.verdict == (401, "token_malformed")


def test_nobody_else_says_where_they_come_from(caller, ada):
    for name in (
        "X-Forwarded-For",
        "X-Real-IP",
        "Forwarded",
        "X-Client-IP",
        "True-Client-IP",
        "X_Forwarded_For",
    ):
        value = "for=203.0.113.7" if name == "Forwarded" else "203.0.113.7"
        assert address_of(caller, ada, forwarded(value, name=name)) == caller.source


def test_other_headers_of_a_trusted_proxy_do_not_say_it_either(proxy, ada):
    """The client writes these headers, and a proxy passes them on unchanged."""
    for name in ("X-Real-IP", "Forwarded", "X-Client-IP", "True-Client-IP", "X_Forwarded_For"):
        value = "for=203.0.113.9" if name == "Forwarded" else "203.0.113.9"
        headers = forwarded("203.0.113.7") + forwarded(value, name=name)
        assert address_of(proxy, ada, headers) == "203.0.113.7"


def test_a_session_is_used_from_where_the_proxy_says(proxy, user):
    signed_in = proxy.sign_in_body(user, headers=forwarded("203.0.113.7"))
    listed = proxy.get(
        "/api/v1/sessions", bearer=signed_in["token"], headers=forwarded("203.0.113.8")
    ).json()["sessions"]
    assert listed[0]["address"] in ("203.0.113.7", "203.0.113.8")


def fail_until_limited(caller, user, headers=lambda number: ()):
    """Sends wrong passwords until the answer is 429, and returns how many there were before it."""
    for number in range(101):
        answer = caller.try_sign_in(user, "not the password at all", headers=headers(number))
        if answer.status == 429:
            return number
        assert answer.verdict == (401, "invalid_credentials")
    pytest.fail("a hundred wrong passwords and no limit")


def test_behind_a_proxy_each_client_has_limits_of_its_own(proxy, user):
    fail_until_limited(proxy, user, lambda _: forwarded("203.0.113.50"))
    assert proxy.try_sign_in(user, headers=forwarded("203.0.113.50")).status == 429
    assert proxy.try_sign_in(user, headers=forwarded("203.0.113.51")).status == 200
    assert proxy.try_sign_in(user, headers=forwarded("2001:db8::1")).status == 200


def test_addresses_of_one_ipv6_network_share_a_limit(proxy, user):
    """A client with one IPv6 address usually has a whole /64."""
    fail_until_limited(proxy, user, lambda number: forwarded(f"2001:db8:7:7::{number:x}"))
    assert proxy.try_sign_in(user, headers=forwarded("2001:db8:7:7:ffff::1")).status == 429
    assert proxy.try_sign_in(user, headers=forwarded("2001:db8:7:8::1")).status == 200


def test_inventing_addresses_does_not_dodge_the_limits(caller, proxy, user, server):
    other = server.add_user()
    first = fail_until_limited(caller, user, lambda number: forwarded(f"203.0.{number}.1"))
    second = fail_until_limited(proxy, other, lambda number: forwarded(f"203.0.{number}.2, 203.0.113.99"))
    assert first == second


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Proto": "https"},
        {"X-Forwarded-Proto": "http"},
        {"X-Forwarded-Proto": "junk, https"},
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Port": "1"},
        {"X-Forwarded-Prefix": "/evil"},
        {"X-Original-URL": "/healthz"},
        {"X-Rewrite-URL": "/healthz"},
        {"X-HTTP-Method-Override": "DELETE"},
        {"X-Forwarded-Uri": "/api/v1/users/me"},
    ],
)
def test_no_header_moves_our_links_or_weakens_our_cookies(caller, proxy, server, ada, headers):
    for who in (caller, proxy):
        metadata = who.get("/.well-known/oauth-authorization-server", headers=headers)
        assert metadata.json()["issuer"] == server.url and b"evil" not in metadata.body
        answer = who.get("/api/v1/users/me", headers=headers)
        assert answer.verdict == (401, "token_missing")
    cookies = caller.sign_in(ada, "cookie", headers=headers).cookies
    assert set(cookies) == {ACCESS, REFRESH} and all(
        "secure" in cookie.attributes for cookie in cookies.values()
    )


# /verify by cookie: the method that the proxy names counts.

METHODS = [
    (["GET"], True),
    (["HEAD"], True),
    (["OPTIONS"], True),
    (["POST"], False),
    (["PUT"], False),
    (["DELETE"], False),
    (["PATCH"], False),
    (["BREW"], False),
    (["get"], False),
    ([""], False),
    ([], False),
    (["GET", "POST"], False),
    (["POST", "GET"], False),
    (["GET, POST"], False),
    (["GETX"], False),
    (["GET\tx"], False),
]


@pytest.mark.parametrize("methods,safe", METHODS)
def test_verify_by_cookie_asks_for_the_method_of_the_request_behind_the_proxy(proxy, ada, methods, safe):
    cookies = {ACCESS: proxy.sign_in(ada, "cookie").cookies[ACCESS].value}
    named = [("X-Forwarded-Method", method) for method in methods]

    def verify(**headers):
        extra = [(name.replace("_", "-"), value) for name, value in headers.items()]
        return proxy.verify(cookies=cookies, headers=named + extra).verdict

    passed, refused = (200, None), (403, "csrf_refused")
    assert verify() == (passed if safe else refused)
    assert verify(Sec_Fetch_Site="cross-site", Origin="https://evil.example") == (passed if safe else refused)
    assert verify(Sec_Fetch_Site="same-origin") == passed
    assert verify(X_Coatcheck="1") == passed


@pytest.mark.parametrize(
    "handshake", [{"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}, {"Sec-Fetch-Mode": "websocket"}]
)
def test_a_websocket_opened_by_a_page_of_another_site_gets_nothing_by_cookie(proxy, ada, handshake):
    """The handshake is a GET, so it passed (issue 18, row 7)."""
    signed_in = proxy.sign_in(ada, "cookie")
    cookies = {ACCESS: signed_in.cookies[ACCESS].value}
    here = {"X-Forwarded-Method": "GET", **handshake}

    def verify(**headers):
        return proxy.verify(cookies=cookies, headers={**here, **headers}).verdict

    assert verify() == verify(Origin="https://evil.example") == (403, "csrf_refused")
    assert verify(Origin=f"http://localhost:{proxy.port}") == (200, None)
    assert proxy.verify(proxy.sign_in_body(ada)["token"], headers=here).status == 200, "a header is no cookie"


def test_verify_does_not_believe_a_stranger_about_the_method(caller, ada):
    cookies = {ACCESS: caller.sign_in(ada, "cookie").cookies[ACCESS].value}
    for name in ("X-Forwarded-Method", "X-Original-Method", "X-HTTP-Method", "X-HTTP-Method-Override"):
        foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
        answer = caller.verify(cookies=cookies, headers={name: "GET", **foreign})
        assert answer.verdict == (403, "csrf_refused"), name


def test_verify_by_header_needs_no_method(proxy, caller, ada):
    token = caller.sign_in_body(ada)["token"]
    for who in (caller, proxy):
        for method in ("GET", "POST", "junk"):
            headers = {
                "X-Forwarded-Method": method,
                "Sec-Fetch-Site": "cross-site",
                "Origin": "https://evil.example",
            }
            assert who.verify(token, headers=headers).status == 200


def test_networks_can_be_trusted_as_well(make_server):
    server = make_server({"trusted_proxies": ["127.50.0.0/16", "::1"]})
    user = server.add_user()
    server.start()
    inside, outside = Caller(server.port, "127.50.3.4"), Caller(server.port, next_address())
    assert address_of(inside, user, forwarded("203.0.113.7")) == "203.0.113.7"
    assert address_of(inside, user, forwarded("203.0.113.7, 127.50.9.9")) == "203.0.113.7"
    assert address_of(outside, user, forwarded("203.0.113.7")) == outside.source


@pytest.mark.parametrize(
    "proxy", ["junk", "", "300.1.1.1", "127.0.0.1/33", "127.0.0.1/-1", "*", "127.0.0.1/", "::1/129"]
)
def test_a_proxy_that_is_no_address_is_not_configured(make_server, proxy):
    result = make_server({"trusted_proxies": [proxy]}).try_command("config", "check")
    said = result.stdout + result.stderr
    assert result.returncode != 0 and "trusted_proxies" in said and "coatcheck.toml:" in said


def test_without_trusted_proxies_nobody_is_believed_not_even_loopback(make_server):
    server = make_server()
    user = server.add_user()
    server.start()
    caller = Caller(server.port)
    assert address_of(caller, user, forwarded("203.0.113.7")) == "127.0.0.1"

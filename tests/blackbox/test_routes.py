# SPDX-License-Identifier: Apache-2.0
"""Every route accepts exactly its own methods, and every other path gives 404."""

import pytest
from client import Caller

A22 = "A" * 22
SETTINGS = {"accept.envelope": True, "tokens.status_list": True}
ROUTES = {
    "/api/v1/authentication": {"GET", "POST", "DELETE"},
    "/api/v1/authentication/refresh": {"POST"},
    "/api/v1/authentication/envelope": {"POST"},
    "/api/v1/authentication/exchange": {"POST"},
    "/api/v1/sessions": {"GET", "DELETE"},
    f"/api/v1/sessions/{A22}": {"DELETE"},
    "/api/v1/users": {"POST"},
    "/api/v1/users/me": {"GET", "PATCH", "DELETE"},
    "/api/v1/users/me/password": {"PUT"},
    "/api/v1/verify": {"GET"},
    "/api/v1/revocations": {"GET"},
    "/api/v1/admin/users": {"GET", "POST"},
    f"/api/v1/admin/users/{A22}": {"GET", "PATCH", "DELETE"},
    "/api/v1/admin/sessions": {"GET", "DELETE"},
    f"/api/v1/admin/sessions/{A22}": {"DELETE"},
    "/status-lists/0": {"GET"},
    "/oauth2/introspect": {"POST"},
    "/oauth2/revoke": {"POST"},
    "/.well-known/jwks.json": {"GET"},
    "/.well-known/oauth-authorization-server": {"GET"},
    "/openapi.json": {"GET"},
    "/healthz": {"GET"},
    "/readyz": {"GET"},
    "/sdk/coatcheck.js": {"GET"},
    "/": {"GET"},
    "/page.js": {"GET"},
    "/page.css": {"GET"},
}
# This route answers only 200, 401 and 403, so it accepts any method that a proxy passes on.
VERIFY = "/api/v1/verify"
METHODS = [
    "GET",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "BREW",
    "get",
    "Post",
    "X" * 40,
]


def allowed(answer):
    return {word.strip() for word in (answer.header("Allow") or "").split(",")}


@pytest.mark.parametrize("target", ROUTES)
def test_a_route_has_its_methods_and_no_others(caller, target):
    for method in METHODS:
        answer = caller.request(method, target)
        if target == VERIFY:
            assert answer.verdict == (401, "token_missing"), method
            continue
        if method in ROUTES[target]:
            assert answer.status not in (404, 405, 501), method
            continue
        if method == "CONNECT":
            assert answer.status in (400, 405)
            continue
        assert answer.verdict == (405, "method_not_allowed"), method
        assert allowed(answer) - {"HEAD", "OPTIONS"} == ROUTES[target], method


@pytest.mark.parametrize("target", sorted(ROUTES.keys() - {VERIFY}))
def test_a_refused_method_changes_nothing_and_needs_no_credential(caller, ada, target):
    token = caller.sign_in_body(ada)["token"]
    for method in ("TRACE", "BREW"):
        with_token = caller.request(method, target, bearer=token)
        assert with_token.verdict == (405, "method_not_allowed") and token.encode() not in with_token.body
    assert caller.verify(token).status == 200


@pytest.mark.parametrize(
    "target",
    [
        "/healthz",
        "/readyz",
        "/.well-known/jwks.json",
        "/.well-known/oauth-authorization-server",
        "/openapi.json",
        "/",
        "/page.js",
    ],
)
def test_head_is_get_without_the_body(caller, target):
    head, get = caller.request("HEAD", target), caller.get(target)
    assert head.status == get.status == 200 and head.body == b""
    for name in ("Content-Type", "Content-Length", "ETag", "Cache-Control"):
        assert head.header(name) == get.header(name), name


@pytest.mark.parametrize("target", ["/healthz", "/api/v1/users/me", "/api/v1/authentication", "/"])
def test_options_without_an_origin_names_the_methods_or_is_refused(caller, target):
    answer = caller.request("OPTIONS", target)
    assert answer.status in (200, 204, 405)
    assert ROUTES[target] <= allowed(answer)
    assert not answer.all("Access-Control-Allow-Origin")


@pytest.mark.parametrize(
    "target",
    [
        "/nothing",
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/",
        "/api/v2/verify",
        "/api/v1/verify/",
        "/api/v1/verify/x",
        "/api/v1//verify",
        "//api/v1/verify",
        "/API/V1/VERIFY",
        "/api/v1/Verify",
        "/api/v1/verify.json",
        "/api/v1/verify;x=y",
        "/api/v1/verify%00",
        "/api/v1/verify%2f",
        "/api/v1%2fverify",
        "/api/v1/./verify",
        "/api/v1/../v1/verify",
        "/x/../healthz",
        "/healthz/",
        "/healthz.",
        "/healthz%20",
        "/..",
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/.git/config",
        "/.git/HEAD",
        "/.env",
        "/metrics",
        "/debug/pprof",
        "/admin",
        "/server-status",
        "/coatcheck.db",
        "/control.sock",
        "/master.key",
        "/coatcheck-data/coatcheck.db",
        "/page.js/",
        "/page.js.map",
        "/index.html",
        "/favicon.ico/x",
        "/.well-known/",
        "/.well-known/openid-configuration/x",
        "/.well-known/jwks.json/",
        "/api/v1/users/me/x.css",
        "/api/v1/users/me.css",
        "/api/v1/users/me%2fx.css",
        "/api/v1/users/me;.css",
        "/api/v1/users/1",
        "/api/v1/sessions/",
        f"/api/v1/sessions/{A22}/x",
        "/api/v1/authentication/",
        "/api/v1/authentication/refresh/",
        "/openapi.yaml",
        "/a" * 2000,
    ],
)
def test_any_other_path_has_nothing(caller, ada, target):
    token = caller.sign_in_body(ada)["token"] if "me" in target or "verify" in target else None
    answer = caller.get(target, bearer=token)
    nothing = {(404, "not_found"), (400, "malformed_request")}
    assert answer.verdict in nothing or (target == "/api/v1/sessions/" and answer.status == 405)
    assert b"ada" not in answer.body


def test_an_escaped_letter_of_a_path_is_decoded_at_most_once(caller, ada):
    token = caller.sign_in_body(ada)["token"]
    assert caller.get("/api/v1/%75sers/me", bearer=token).status in (200, 404)
    for target in ("/api/v1/%2575sers/me", "/%2568ealthz", "/api/v1/users%252fme"):
        assert caller.get(target, bearer=token).verdict == (404, "not_found")


@pytest.mark.parametrize("target", ROUTES)
def test_no_answer_says_what_the_server_is_made_of(caller, target):
    for answer in (caller.get(target), caller.request("BREW", target), caller.get(target + "/nothing")):
        names = {name.lower() for name, _ in answer.headers}
        assert not {"server", "x-powered-by", "via"} & names
        text = (answer.raw_head + (answer.body if answer.status >= 400 else b"")).lower()
        for word in (b"beast", b"boost", b"openssl", b"sqlite", b"terminate", b".cpp"):
            assert word not in text


@pytest.mark.parametrize("target", ROUTES)
def test_no_answer_is_sniffed_for_another_type(caller, target):
    for answer in (caller.get(target), caller.request("BREW", target), caller.get(target + "/nothing")):
        if answer.body:
            assert answer.header("X-Content-Type-Options") == "nosniff"
            assert answer.header("Content-Type")


def test_an_unknown_path_is_not_repeated_in_the_answer(caller):
    answer = caller.get("/nothing%3Cscript%3Ealert(1)%3C/script%3E?x=<script>")
    assert answer.status in (400, 404) and b"script" not in answer.body


def test_a_token_in_the_address_of_a_page_reaches_no_log(make_server):
    server = make_server({"log.access": True})
    user = server.add_user()
    server.start()
    caller = Caller(server.port)
    token = caller.sign_in_body(user)["token"]
    for target in (
        f"/?token={token}",
        f"/api/v1/verify?access_token={token}",
        f"/nothing/{token}",
        f"/api/v1/sessions/{token}",
    ):
        caller.get(target)
        caller.get(target, bearer=token, cookies={"__Host-Http-coatcheck": token})
    server.log_with("/api/v1/verify")  # the access log is on
    assert not server.secrets_in_log(), server.log()[-2000:]

# SPDX-License-Identifier: Apache-2.0
"""Only pages of listed origins may read the server's answers, and an origin must match exactly."""

import pytest
from client import Caller
from conftest import next_address

APP, LOCAL = "https://app.example", "http://localhost:3000"
SETTINGS = {"cors.origins": [APP, LOCAL]}

TRICKS = [
    "null",
    "*",
    "",
    "https://app.example.evil.example",
    "https://evil-app.example",
    "https://evilapp.example",
    "https://app.example.",
    "https://app.example/",
    "https://app.example:443",
    "https://app.example:8443",
    "http://app.example",
    "https://sub.app.example",
    "https://app-example",
    "https://appxexample",
    "https://APP.EXAMPLE",
    "HTTPS://app.example",
    "https://app.example@evil.example",
    "https://evil.example/https://app.example",
    "https://evil.example#https://app.example",
    "https://app.example, https://evil.example",
    "https://evil.example https://app.example",
    "https://app.example\thttps://x",
    "http://localhost:30000",
    "http://localhost:300",
    "http://localhost",
    "http://localhost:3001",
    "https://localhost:3000",
    "http://127.0.0.1:3000",
    "http://localhost.evil.example:3000",
    "file://",
    "https://",
    "app.example",
    "//app.example",
    "chrome-extension://abcdef",
    "https://app%2eexample",
    "https://app.example%00.evil.example",
    "https://app.exampl",
    "https://xn--app-example",
    "http://[::1]:3000",
    "https://app.example\\.evil.example",
    "moz-extension://x",
]


def words(answer, name):
    return {word.strip().lower() for value in answer.all(name) for word in value.split(",")}


def preflight(caller, target, method, origin, headers="content-type"):
    return caller.request(
        "OPTIONS",
        target,
        headers=[
            ("Origin", origin),
            ("Access-Control-Request-Method", method),
            ("Access-Control-Request-Headers", headers),
        ],
    )


ROUTES = [
    ("/api/v1/authentication", {"GET", "POST", "DELETE"}),
    ("/api/v1/authentication/refresh", {"POST"}),
    ("/api/v1/sessions", {"GET", "DELETE"}),
    (f"/api/v1/sessions/{'A' * 22}", {"DELETE"}),
    ("/api/v1/users", {"POST"}),
    ("/api/v1/users/me", {"GET", "PATCH", "DELETE"}),
    ("/api/v1/users/me/password", {"PUT"}),
]


@pytest.mark.parametrize("target,methods", ROUTES)
@pytest.mark.parametrize("origin", [APP, LOCAL])
def test_a_preflight_from_a_listed_origin_is_answered(caller, target, methods, origin):
    for method in methods:
        answer = preflight(caller, target, method, origin, "authorization,content-type,x-coatcheck")
        assert answer.status in (200, 204)
        assert answer.header("Access-Control-Allow-Origin") == origin
        assert answer.header("Access-Control-Allow-Credentials") == "true"
        assert method.lower() in words(answer, "Access-Control-Allow-Methods") | {"get", "post"}
        assert {"authorization", "content-type", "x-coatcheck"} <= words(
            answer, "Access-Control-Allow-Headers"
        )
        assert "*" not in words(answer, "Access-Control-Allow-Methods") | words(
            answer, "Access-Control-Allow-Headers"
        )
        assert "origin" in words(answer, "Vary")


@pytest.mark.parametrize("origin", TRICKS)
def test_an_origin_that_is_not_listed_gets_no_leave(caller, ada, origin):
    header = {"Origin": origin}
    answers = [
        preflight(caller, "/api/v1/authentication", "POST", origin),
        caller.get("/api/v1/users/me", headers=header),
        caller.get("/openapi.json", headers=header),
        caller.get("/api/v1/nothing", headers=header),
    ]
    for answer in answers:
        assert not answer.all("Access-Control-Allow-Origin") and not answer.all(
            "Access-Control-Allow-Credentials"
        )
        assert answer.status < 500


def test_two_origins_in_one_request_get_no_leave(caller):
    for pair in ((APP, "https://evil.example"), ("https://evil.example", APP)):
        answer = caller.get("/api/v1/users/me", headers=[("Origin", origin) for origin in pair])
        assert not answer.all("Access-Control-Allow-Origin")


def test_answers_to_a_listed_origin_can_be_read_errors_included(caller, ada):
    token = caller.sign_in_body(ada)["token"]
    origin = {"Origin": APP}
    answers = [
        caller.get("/api/v1/users/me", headers=origin, bearer=token),
        caller.get("/api/v1/users/me", headers=origin),
        caller.get("/api/v1/users/me", headers=origin, bearer="junk"),
        caller.get("/api/v1/nothing", headers=origin),
        caller.request("BREW", "/api/v1/users/me", headers=origin),
        caller.try_sign_in(ada, headers=origin),
        caller.post("/api/v1/authentication", body=b"{", headers=origin),
        caller.post("/api/v1/authentication", body=b"x" * 20000, headers=origin),
        caller.post("/api/v1/authentication", body=b"{}", headers={**origin, "Content-Type": "text/plain"}),
        caller.get("/openapi.json", headers=origin),
    ]
    assert [answer.status for answer in answers] == [200, 401, 401, 404, 405, 200, 400, 413, 415, 200]
    for answer in answers:
        assert answer.header("Access-Control-Allow-Origin") == APP, answer.request
        assert answer.header("Access-Control-Allow-Credentials") == "true"
        assert {"date", "retry-after", "www-authenticate"} <= words(answer, "Access-Control-Expose-Headers")
        assert "origin" in words(answer, "Vary")


def test_answers_differ_by_origin_and_say_so(caller):
    """Without Vary, a cache could give one origin's answer to another origin, which then cannot read it."""
    for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": APP}):
        answer = caller.get("/openapi.json", headers=headers)
        assert "origin" in words(answer, "Vary"), headers


@pytest.mark.parametrize("name", ["traceparent", "baggage", "sentry-trace"])
def test_a_page_may_send_the_headers_of_its_tracing_library(caller, name):
    """They are on every request, sign-in too (issue 19, row 23)."""
    answer = preflight(caller, "/api/v1/authentication", "POST", APP, f"content-type,{name}")
    assert name in words(answer, "Access-Control-Allow-Headers")


def test_the_operator_says_which_other_headers_a_page_may_send(make_server):
    server = make_server({"cors.origins": [APP], "cors.headers": ["X-Request-Id"]}).start()
    answer = preflight(Caller(server.port, next_address()), "/api/v1/authentication", "POST", APP)
    allowed = words(answer, "Access-Control-Allow-Headers")
    assert {"authorization", "content-type", "x-request-id"} <= allowed and "baggage" not in allowed


@pytest.mark.parametrize("name", ["authorization", "cookie", "*", "x y", "", "x-forwarded-for"])
def test_headers_that_nobody_may_allow_are_refused(make_server, name):
    server = make_server({"cors.origins": [APP], "cors.headers": [name]})
    with pytest.raises(RuntimeError, match="cors.headers"):
        server.start()


@pytest.mark.parametrize(
    "origin", ["capacitor://localhost", "tauri://localhost", f"chrome-extension://{'abcdefgh' * 4}"]
)
def test_an_app_may_be_listed_by_its_origin(make_server, origin):
    """Web views and extensions have schemes of their own (issue 19, row 22)."""
    server = make_server({"cors.origins": [origin]}).start()
    user = server.add_user()
    caller = Caller(server.port, next_address())
    assert (
        preflight(caller, "/api/v1/authentication", "POST", origin).header("Access-Control-Allow-Origin")
        == origin
    )
    answer = caller.try_sign_in(user, delivery="body", headers={"Origin": origin})
    assert answer.status == 200 and answer.header("Access-Control-Allow-Origin") == origin
    other = caller.get("/api/v1/users/me", headers={"Origin": origin.replace("://", "s://")})
    assert not other.all("Access-Control-Allow-Origin")
    assert server.try_command("doctor").returncode in (0, 1)


@pytest.mark.parametrize("origin", ["null", "file://", "*", "capacitor://*", "capacitor://localhost/"])
def test_what_is_no_origin_of_one_app_is_refused(make_server, origin):
    server = make_server({"cors.origins": [origin]})
    with pytest.raises(RuntimeError, match="cors.origins"):
        server.start()


@pytest.mark.parametrize(
    "status,more",
    [
        (411, "Transfer-Encoding: gzip\r\n"),
        (431, "X: " + "x" * 17000 + "\r\n"),
        (431, "".join(f"X-{number}: 1\r\n" for number in range(200))),
        (413, "Content-Length: 20000\r\n"),
        (400, "Content-Length: x\r\n"),
    ],
)
def test_a_page_can_read_why_its_request_could_not_be_read(caller, status, more):
    """Such a request has no header that is understood (issue 19, row 20)."""

    def asked(*origins):
        fields = "".join(f"Origin: {origin}\r\n" for origin in origins)
        head = f"POST /api/v1/authentication HTTP/1.1\r\nHost: localhost\r\n{fields}{more}\r\n"
        answer = caller.raw(head.encode())
        assert answer.status == status
        return answer

    answer = asked(APP)
    assert answer.header("Access-Control-Allow-Origin") == APP and "origin" in words(answer, "Vary")
    assert answer.header("Access-Control-Allow-Credentials") == "true"
    for origins in ((), ("https://evil.example",), (APP, APP), (APP, "https://evil.example")):
        assert not asked(*origins).all("Access-Control-Allow-Origin")


def test_a_preflight_needs_no_credential_and_does_nothing(caller, ada):
    signed_in = caller.sign_in_body(ada)
    for origin in (APP, "https://evil.example"):
        answer = caller.request(
            "OPTIONS",
            "/api/v1/authentication",
            bearer=signed_in["token"],
            headers=[("Origin", origin), ("Access-Control-Request-Method", "DELETE")],
        )
        assert answer.status < 500 and not answer.all("Set-Cookie")
    assert caller.verify(signed_in["token"]).status == 200


def test_a_preflight_for_what_is_not_there_is_no_error_of_the_server(caller):
    assert preflight(caller, "/api/v1/nothing", "GET", APP).status in (200, 204, 404)
    assert preflight(caller, "/api/v1/users/me", "BREW", APP).status in (200, 204, 405)
    assert "brew" not in words(
        preflight(caller, "/api/v1/users/me", "BREW", APP), "Access-Control-Allow-Methods"
    )
    hostile = preflight(caller, "/api/v1/users/me", "GET", APP, "x-evil, " * 100)
    assert "x-evil" not in words(hostile, "Access-Control-Allow-Headers")


def test_without_listed_origins_nobody_gets_leave(make_server):
    server = make_server()
    user = server.add_user()
    server.start()
    caller = Caller(server.port, next_address())
    for origin in (APP, server.url, "null", "http://localhost:3000"):
        header = {"Origin": origin}
        answers = [
            preflight(caller, "/api/v1/authentication", "POST", origin),
            caller.get("/api/v1/users/me", headers=header),
            caller.get("/openapi.json", headers=header),
        ]
        if origin == server.url:
            answers.append(caller.try_sign_in(user, headers=header))
        for answer in answers:
            assert not answer.all("Access-Control-Allow-Credentials") or origin == server.url
            assert answer.all("Access-Control-Allow-Origin") in ([], [server.url]) and answer.status < 500
            assert origin == server.url or not answer.all("Access-Control-Allow-Origin")


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "",
        "https://*.example",
        "app.example",
        "https://app.example/",
        "https://app.example/path",
        "ftp://app.example",
        "https://",
        "https://a b",
    ],
)
def test_an_origin_that_cannot_match_one_page_is_not_configured(make_server, origin):
    server = make_server({"cors.origins": [origin]})
    result = server.try_command("config", "check")
    said = result.stdout + result.stderr
    assert result.returncode != 0 and "origins" in said and "coatcheck.toml:" in said

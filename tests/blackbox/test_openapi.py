# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document and the server agree on every route, every answer and every code."""

import re
import time
from collections import Counter

import contract
import jwt
import oauth
import pytest
import rules
import yaml
from client import Browser, Caller
from conftest import next_address
from routes import ROUTES
from server import PASSWORD, ROOT, User

SETTINGS = {
    "sign_up.enabled": True,
    "accept.envelope": True,
    "accept.foreign_file": "foreign.toml",
    "tokens.status_list": True,
    "sessions.refresh_grace": "1s",
    "cors.origins": ["https://app.example"],
    "oauth.enabled": True,
}
OTHER = "eleven amber herons hum quietly"
A22 = "A" * 22
EVIL = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}


def prepare(server):
    server.data.mkdir(mode=0o700, exist_ok=True)
    (server.data / "foreign.toml").write_text(
        '[[issuer]]\nname = "old"\nalgorithm = "HS256"\nkey_file = "secret"\nid_prefix = "old-"\nuntil = "2099-12-31"\n'
    )
    (server.data / "secret").write_text("s" * 32)
    (server.data / "secret").chmod(0o600)


def test_the_served_document_is_the_one_in_the_repository(caller):
    answer = caller.get("/openapi.json")
    assert answer.status == 200 and answer.header("Content-Type") == "application/json"
    assert answer.json() == yaml.safe_load((ROOT / "api/openapi.yaml").read_text())


def test_every_reference_in_the_document_leads_somewhere():
    def walk(node):
        if isinstance(node, dict):
            if "$ref" in node:
                assert contract.resolve(node)
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(contract.DOCUMENT)
    ids = Counter(operation["operationId"] for _, _, operation in contract.operations())
    assert max(ids.values()) == 1


def test_every_path_of_the_document_answers_and_has_no_other_methods(caller):
    for template, item in contract.DOCUMENT["paths"].items():
        target = template.replace("{id}", A22)
        documented = {method.upper() for method in item if method in contract.METHODS}
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            answer = caller.request(method, target)
            if target == "/api/v1/verify":  # accepts any method that a proxy passes on
                assert answer.verdict == (401, "token_missing"), method
            elif method in documented:
                assert answer.status not in (405, 501) and answer.code != "not_found" or "{id}" in template, (
                    method,
                    target,
                )
            else:
                assert answer.verdict == (405, "method_not_allowed"), (method, target)
                allowed = {word.strip() for word in answer.header("Allow").split(",")}
                assert allowed - {"HEAD", "OPTIONS"} == documented


def test_every_path_that_answers_is_in_the_document_or_part_of_the_page(caller):
    for target in (
        "/api/v1/authentication",
        "/api/v1/users/me/sessions",
        "/api/v1/keys",
        "/api/v1/audit",
        "/api/v1/config",
        "/api/v1/users/me/email",
        "/metrics",
        "/debug",
        "/admin",
        "/status",
        "/version",
        "/api/v1/token",
        "/token",
        "/introspect",
        "/revoke",
        "/authorize",
        "/userinfo",
        "/.well-known/security.txt",
        "/robots.txt",
        "/sessions",
        "/verify",
    ):
        if contract.template_of(target) is None:
            assert caller.get(target).verdict == (404, "not_found"), target
            assert caller.post(target, json={}).status in (404, 405), target


@pytest.fixture(scope="module")
def story(server):
    """Makes requests to all routes and provokes as many refusals as possible: a list of (method, target,
    answer)."""
    told = []
    caller = Caller(server.port, next_address())

    def ask(method, target, who=caller, **more):
        answer = who.request(method, target, **more)
        told.append((method, target, answer))
        return answer

    def body_of(answer):
        assert answer.status == 200, answer
        return answer.json()

    base = "/api/v1/authentication"
    ada = server.add_user(
        "ada", PASSWORD, "--role", "admin", "--claim", 'team="engines"', "--email", "ada@example.org"
    )
    form = {"username": "ada", "password": PASSWORD}
    for delivery in ("hybrid", "body", "cookie"):
        ask("POST", base, json={**form, "delivery": delivery, "device": "d", "remember": False})
    first = body_of(ask("POST", base, json={**form, "delivery": "body"}))
    token = first["token"]
    for body in (
        b"{",
        b"[]",
        b"{}",
        b'{"username":"a"}',
        b'{"username":1,"password":"x"}',
        b'{"username":"a","username":"a","password":"x"}',
        b'{"username":"a","password":"x","y":1}',
        b"x" * 17000,
    ):
        ask("POST", base, body=body)
    ask("POST", base, body=b"{}", headers={"Content-Type": "text/plain"})
    for body in (
        {"user_name": "ada", "password": PASSWORD},
        {"user_name": "ada", "password": "wrong"},
        {"user_name": "ada"},
    ):
        ask("POST", f"{base}/envelope", json=body)
    ask(
        "POST",
        f"{base}/envelope",
        body=b"user_name=ada&password=x",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    ask("POST", f"{base}/envelope", body=b"{}", headers={"Content-Type": "text/plain"})
    ask("POST", f"{base}/envelope", body=b"x" * 17000)
    ask("POST", f"{base}/envelope", json=form, headers=EVIL)
    ask("POST", base, json=form, headers=EVIL)
    ask("POST", base, json={**form, "password": "wrong"})
    ask("POST", base, json=form, headers={"Origin": "https://app.example"})
    for _ in range(101):
        if ask("POST", base, json={"username": "limited", "password": "wrong"}).status == 429:
            break
    # Every protected route with every kind of bad credential.
    protected = [
        ("GET", base),
        ("GET", "/api/v1/sessions"),
        ("DELETE", "/api/v1/sessions"),
        ("DELETE", f"/api/v1/sessions/{A22}"),
        ("GET", "/api/v1/users/me"),
        ("PATCH", "/api/v1/users/me"),
        ("DELETE", "/api/v1/users/me"),
        ("PUT", "/api/v1/users/me/password"),
        ("GET", "/api/v1/verify"),
        ("DELETE", base),
    ]
    ended = body_of(ask("POST", base, json={**form, "delivery": "body"}))
    ask("DELETE", base, bearer=ended["token"])
    stale_user = server.add_user()
    stale = caller.sign_in_body(stale_user)
    server.command("user", "set", stale_user.name, "--role", "x")
    for method, target in protected:
        more = {"json": {}} if method in ("PATCH", "PUT") else {}
        if target != base or method != "DELETE":
            for bearer in (None, "junk", token[:-6] + "AAAAAA", ended["token"], stale["token"]):
                ask(method, target, bearer=bearer, **more)
        ask(method, target, bearer=token, cookies={"__Host-Http-coatcheck": "other"}, **more)
        if method != "GET":
            ask(method, target, cookies={"__Host-Http-coatcheck": token}, headers=EVIL, **more)
    ask("DELETE", base)
    ask("DELETE", base, bearer="junk")
    ask("DELETE", base, json={"refresh_token": "ccr_junk"})
    ask("GET", "/api/v1/verify", bearer=token)
    ask("GET", "/api/v1/verify", cookies={"__Host-Http-coatcheck": token})
    for target in (base, "/api/v1/sessions", "/api/v1/users/me"):
        ask("GET", target, bearer=token)
    # Refresh.
    second = body_of(ask("POST", f"{base}/refresh", json={"refresh_token": first["refresh_token"]}))
    for json in ({}, {"refresh_token": "ccr_junk"}, {"refresh_token": 1}, {"x": 1}):
        ask("POST", f"{base}/refresh", json=json, headers={"X-Coatcheck": "1"})
    ask("POST", f"{base}/refresh", body=b"{}", headers={"Content-Type": "text/plain", "X-Coatcheck": "1"})
    ask("POST", f"{base}/refresh", json={"refresh_token": second["refresh_token"]}, headers=EVIL)
    ask("POST", f"{base}/refresh", json={"refresh_token": ended["refresh_token"]})
    browser = Browser(server.port, next_address())
    ask("POST", base, browser, json={**form, "delivery": "cookie"})
    ask("POST", f"{base}/refresh", browser)
    ask("POST", f"{base}/refresh", browser, headers=EVIL)
    ask("DELETE", base, browser)
    time.sleep(1.2)
    ask("POST", f"{base}/refresh", json={"refresh_token": first["refresh_token"]})
    # Sessions and account.
    mine, another = caller.sign_in_body(ada), caller.sign_in_body(ada)
    ask("DELETE", f"/api/v1/sessions/{another['session']['id']}", bearer=mine["token"])
    ask("DELETE", f"/api/v1/sessions/{A22}", bearer=mine["token"])
    ask("DELETE", "/api/v1/sessions?except=others", bearer=mine["token"])
    ask("DELETE", "/api/v1/sessions?except=current", bearer=mine["token"])
    for email, password in (
        ("ada@example.com", PASSWORD),
        ("ada@example.com", "wrong"),
        ("junk", PASSWORD),
        (None, PASSWORD),
    ):
        ask(
            "PATCH",
            "/api/v1/users/me",
            bearer=mine["token"],
            json={"email": email, "current_password": password},
        )
    for new in ("short", "x" * 2000, "qwertyuiopasdfghjkl", OTHER):
        change = {"current_password": PASSWORD, "new_password": new}
        answer = ask("PUT", "/api/v1/users/me/password", bearer=mine["token"], json=change)
    mine = body_of(answer)
    ask(
        "PUT",
        "/api/v1/users/me/password",
        bearer=mine["token"],
        json={"current_password": "wrong", "new_password": PASSWORD},
    )
    ask("DELETE", "/api/v1/sessions", bearer=mine["token"])
    # Sign-up, and the end.
    for sign_up in (
        {"username": "eve", "password": PASSWORD, "email": "eve@example.org"},
        {"username": "EVE", "password": PASSWORD},
        {"username": "eva", "password": PASSWORD, "email": "eve@example.org"},
        {"username": "", "password": PASSWORD},
        {"username": "x", "password": "short"},
        {"username": "x", "password": "qwertyuiopasdfghjkl"},
        {"username": "x"},
    ):
        ask("POST", "/api/v1/users", json=sign_up)
    ask("POST", "/api/v1/users", json={"username": "x", "password": PASSWORD}, headers=EVIL)
    eve = caller.sign_in_body(User("eve", PASSWORD))
    taken = {"email": "ada@example.org", "current_password": PASSWORD}
    server.command(
        "user", "add", "bob", "--password-stdin", "--email", "bob@example.org", stdin=PASSWORD + "\n"
    )
    ask("PATCH", "/api/v1/users/me", bearer=eve["token"], json={**taken, "email": "bob@example.org"})
    ask("DELETE", "/api/v1/users/me", bearer=eve["token"], json={"current_password": "wrong"})
    ask("DELETE", "/api/v1/users/me", bearer=eve["token"], json={"current_password": PASSWORD})
    feed = server.command("service-key", "add", "story", "--scope", "feed").strip()
    other = server.command("service-key", "add", "other", "--scope", "users").strip()
    for key in (None, "junk", mine["token"], other, feed):
        ask("GET", "/api/v1/revocations", bearer=key)
    tag = told[-1][2].header("ETag")
    ask("GET", "/api/v1/revocations?since=" + tag.strip('"'), bearer=feed)
    ask("GET", "/api/v1/revocations", bearer=feed, headers={"If-None-Match": tag})
    for target in ("/.well-known/jwks.json", "/status-lists/0"):
        ask("GET", target, headers={"If-None-Match": "*"})
    for target in ("/status-lists/0", "/status-lists/7"):
        ask("GET", target)
    # Administration.
    admin = "/api/v1/admin"
    ask(
        "POST",
        f"{admin}/users",
        bearer=other,
        json={
            "id": "old-7",
            "username": "Managed",
            "email": "m@example.org",
            "roles": ["x"],
            "claims": {"a": 1},
        },
    )
    for json in (
        {"username": "managed"},
        {"id": "old-7", "username": "x"},
        {"username": "y", "email": "M@example.org"},
        {"username": "z", "password": "short"},
        {"username": "z", "roles": "x"},
        {"x": 1},
    ):
        ask("POST", f"{admin}/users", bearer=other, json=json)
    of_managed = caller.sign_in_body(server.add_user())
    for target in (
        "users",
        "users/old-7",
        "users/nobody",
        "users?limit=1&search=man",
        "users?limit=0",
        "users?x=1",
        "sessions",
        "sessions?user=old-7",
        "sessions?limit=x",
    ):
        ask("GET", f"{admin}/{target}", bearer=other)
    for change in (
        {"roles": ["y"], "enabled": False},
        {"email": "bob@example.org"},
        {"password": "short"},
        {"username": "no"},
    ):
        ask("PATCH", f"{admin}/users/old-7", bearer=other, json=change)
    ask("PATCH", f"{admin}/users/nobody", bearer=other, json={})
    # Foreign tokens: of a disabled user, of an existing user, and of nobody.
    ask("POST", f"{admin}/users", bearer=other, json={"id": "old-8", "username": "Moved"})
    for sub in ("7", "8", "8", "9"):
        old = jwt.encode({"sub": sub, "iat": 1700000000}, "s" * 32, "HS256")
        answer = ask("POST", f"{base}/exchange", json={"token": old, "delivery": "body"})
        if answer.status == 200:
            ask("POST", f"{base}/refresh", json={"refresh_token": answer.json()["refresh_token"]})
    ask("POST", f"{base}/exchange", json={"token": old}, headers=EVIL)
    for body in (b"{", b"{}", b'{"token":1}', b'{"token":"x","y":1}', b"x" * 17000):
        ask("POST", f"{base}/exchange", body=body)
    ask("POST", f"{base}/exchange", body=b"{}", headers={"Content-Type": "text/plain"})
    for target in (
        "sessions?user=old-7",
        "sessions?user=nobody",
        "sessions",
        f"sessions/{of_managed['session']['id']}",
        "sessions/nothing",
        "users/old-7",
        "users/old-7",
    ):
        ask("DELETE", f"{admin}/{target}", bearer=other)
    for method, target in (
        ("GET", "users"),
        ("POST", "users"),
        ("GET", "users/x"),
        ("PATCH", "users/x"),
        ("DELETE", "users/x"),
        ("GET", "sessions"),
        ("DELETE", "sessions"),
        ("DELETE", "sessions/x"),
    ):
        for key in (None, feed, mine["token"]):
            ask(
                method,
                f"{admin}/{target}",
                bearer=key,
                **({"json": {}} if method in ("POST", "PATCH") else {}),
            )
    # The stream of events, which has no end: what HEAD says is what GET begins with.
    watched = caller.sign_in_body(server.add_user())["token"]
    told.append(("GET", f"{base}/events", caller.request("HEAD", f"{base}/events", bearer=watched)))
    ask("GET", f"{base}/events")
    # OAuth.
    reader = server.command("service-key", "add", "reader", "--scope", "introspect").strip()
    pair = caller.sign_in_body(server.add_user())
    encoded = {"Content-Type": "application/x-www-form-urlencoded"}
    for key in (None, "junk", feed, reader):
        for body in (
            f"token={pair['token']}",
            f"token={pair['refresh_token']}&token_type_hint=refresh_token",
            "token=junk",
            "",
            "token=a&token=b",
            "token=%",
        ):
            ask("POST", "/oauth2/introspect", bearer=key, body=body.encode(), headers=encoded)
    ask("POST", "/oauth2/introspect", bearer=reader, json={"token": "x"})
    for body in (f"token={pair['token']}", "token=junk", "", "token=a&token=b"):
        ask("POST", "/oauth2/revoke", body=body.encode(), headers=encoded)
    ask("POST", "/oauth2/revoke", json={"token": "x"})
    for target in (
        "/.well-known/jwks.json",
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
        "/openapi.json",
        "/healthz",
        "/readyz",
    ):
        ask("GET", target)
    tell_of_oauth(server, ask)
    return told


def tell_of_oauth(server, ask):
    with_urls = ("--redirect", oauth.CALLBACK, "--post-logout-redirect", oauth.CALLBACK)
    app = oauth.Client(server, "web", "Story", *with_urls)
    visitor = oauth.Visitor(server, server.add_user())
    app.caller.request = lambda method, target, **more: ask(method, target, **more)
    visitor.caller.request = lambda method, target, **more: ask(method, target, **more)
    tokens = app.sign_in(visitor, scope="openid profile")
    app.refresh(tokens["refresh_token"])
    app.refresh("junk")
    app.token(grant_type="password")
    app.token(grant_type="client_credentials")
    app.token()
    app.token(grant_type="refresh_token", refresh_token="x", headers={"Authorization": "Basic eDp4"})
    app.redeem("junk", resource="x")
    app.refresh(tokens["refresh_token"], scope="posts:read")
    ask("POST", "/oauth2/token", json={})
    for method in ("GET", "POST"):
        for bearer in (None, "junk", tokens["access_token"], visitor_token(server, ask)):
            ask(method, "/oauth2/userinfo", bearer=bearer)
        both = [("Authorization", "Bearer a"), ("Authorization", "Bearer b")]
        ask(method, "/oauth2/userinfo", headers=both)
    mine = visitor.caller.sign_in_body(visitor.user)["token"]
    for method, target in (("GET", "grants"), ("DELETE", f"grants/{app.id}"), ("DELETE", "grants/nobody")):
        for bearer in (None, tokens["access_token"], mine):
            ask(method, f"/api/v1/{target}", bearer=bearer)
        ask(
            method,
            f"/api/v1/{target}",
            bearer=mine,
            cookies={"__Host-Http-coatcheck": "other"},
        )
    query = app.request()
    visitor.goes_to(app.request(response_mode="form_post", prompt="none"))
    for wrong in (query.replace(app.id, "nobody"), query + "&client_id=x", "", "x" * 9):
        ask("GET", f"/oauth2/authorize?{wrong}")
    ask("POST", "/oauth2/authorize", body=query.encode(), headers=oauth.FORM)
    ask("POST", "/oauth2/authorize", json={})
    ask("POST", "/oauth2/logout", json={})
    ask("POST", "/oauth2/logout", body=b"client_id=x", headers=oauth.FORM)
    ask("POST", "/oauth2/logout", body=b"mac=x", headers={**oauth.FORM, **EVIL})
    app.sign_in(visitor)
    ask("GET", f"/oauth2/logout?client_id={app.id}&post_logout_redirect_uri={oauth.CALLBACK}")
    visitor.submit(visitor.ask("GET", "/oauth2/logout"))
    other = oauth.Client(server, "web", "Other", "--redirect", oauth.CALLBACK)
    for secret in (other.secret, "wrong"):
        fields = f"client_id={other.id}&client_secret={secret}&token={tokens['access_token']}"
        for route in ("revoke", "introspect"):
            ask("POST", f"/oauth2/{route}", body=fields.encode(), headers=oauth.FORM)


def visitor_token(server, ask):
    """A token of the SDK, which lacks the scope openid."""
    name = server.add_user().name
    form = {"username": name, "password": PASSWORD, "delivery": "body"}
    return ask("POST", "/api/v1/authentication", json=form).json()["token"]


def test_every_answer_is_as_the_document_says(story):
    wrong = [
        f"{method} {target} {answer.status} {answer.code}: {text}"
        for method, target, answer in story
        for text in contract.breaches(method, target, answer)
        if not target.startswith(("/oauth2/sign-in", "/oauth2/consent"))  # pages are for users
    ]
    assert not wrong, "\n".join(dict.fromkeys(wrong))


def test_every_operation_has_succeeded_once(story):
    succeeded = {
        (method.lower(), contract.template_of(target))
        for method, target, answer in story
        if answer.status < 300 or answer.status == 303
    }
    missing = {(method, template) for template, method, _ in contract.operations()} - succeeded
    assert not missing


def test_nearly_every_documented_refusal_has_been_seen(story):
    """The test leaves out refusals that need another clock, another configuration or a broken machine."""
    seen = {(method.lower(), contract.template_of(target), answer.status) for method, target, answer in story}
    missing = {
        (method, template, status)
        for template, method, operation in contract.operations()
        for status in operation["responses"]
        if status.isdigit() and (method, template, int(status)) not in seen
    }
    hard = {
        ("get", "/api/v1/authentication/events", "429"),  # test_session_events.py has it
        ("post", "/api/v1/users", "429"),
        ("patch", "/api/v1/users/me", "429"),
        ("delete", "/api/v1/users/me", "429"),
        ("put", "/api/v1/users/me/password", "429"),
        ("get", "/readyz", "503"),
        ("post", "/api/v1/authentication/envelope", "404"),
    }  # the envelope is on here; test_dialects.py has it off
    easy = {row for row in missing - hard if row[2] != "415"}
    assert not easy, easy


def test_the_codes_of_the_document_are_those_of_the_tests(story):
    listed = set().union(*rules.CODES_BY_STATUS.values())
    assert listed == contract.CODES
    described = contract.DOCUMENT["components"]["schemas"]["ProblemCode"]["x-enumDescriptions"]
    assert set(described) == contract.CODES
    for code, text in described.items():
        for status in re.findall(r"\b\d{3}\b", text.split(")")[0]):
            assert code in rules.CODES_BY_STATUS[int(status)], code
    assert {answer.code for _, _, answer in story} - {None} <= contract.CODES


SECURITY = {  # who may call, and the security schemes of the document; None: it may be called without any
    "anyone": {None},
    "same site": {None},
    "user token": {"bearer", "accessCookie"},
    "any token": {"bearer", "accessCookie"},
    "refresh token": {"refreshCookie", None},
    "session token": {"bearer", "accessCookie", "refreshCookie", None},
    "service key": {"serviceKey", "serviceKeyBasic"},
    "client": {"clientBasic", None},
    "client's token": {"bearer"},
}
BODIES = {
    "": set(),
    "JSON": {"application/json"},
    "JSON or nothing": {"application/json"},
    "form": {"application/x-www-form-urlencoded"},
    "JSON or form": {"application/json", "application/x-www-form-urlencoded"},
}


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.path in contract.DOCUMENT["paths"]], ids=str
)
def test_the_document_says_who_may_call_as_the_table_does(route):
    method = "get" if route.method == "any" else route.method.lower()
    operation = contract.DOCUMENT["paths"][route.path][method]
    schemes = {scheme for need in operation.get("security") or [{}] for scheme in need or [None]}
    expected = SECURITY[route.who.split(":")[0]]
    assert schemes and schemes <= expected, (schemes, expected)
    body = contract.resolve(operation.get("requestBody", {}))
    assert set(body.get("content", {})) == BODIES[route.takes]


def test_every_route_is_in_the_document_or_part_of_the_page():
    missing = {route.path for route in ROUTES} - set(contract.DOCUMENT["paths"])
    assert missing == {"/", "/page.js", "/page.css", "/icon.svg", "/sdk/{file}", "/dev/diagnosis"} | {
        "/oauth2/sign-in",
        "/oauth2/consent",
        "/oauth2/pages.css",
    }

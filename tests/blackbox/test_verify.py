# SPDX-License-Identifier: Apache-2.0
"""GET /api/v1/verify, for the proxy in front of an API: it answers only 200, 401 or 403."""

import os
import time
from urllib.parse import unquote

import pytest
from client import Caller
from conftest import next_address
from server import PASSWORD
from tokens import claims_of, join, parts_of

IDENTITY = [
    "X-Auth-User",
    "X-Auth-Username",
    "X-Auth-Session",
    "X-Auth-Roles",
    "X-Auth-Scope",
    "X-Auth-Client",
    "X-Auth-Expires",
]
ACCESS = "__Host-Http-coatcheck"


def identity(answer):
    """The identity headers, each exactly once. Any other X-Auth header would surprise a proxy."""
    found = {name for name, _ in answer.headers if name.lower().startswith("x-auth")}
    assert found == set(IDENTITY)
    return [answer.header(name) for name in IDENTITY]


def test_a_good_token_is_answered_with_the_whole_identity(caller, server):
    user = server.add_user("grace", PASSWORD, "--role", "admin", "--role", "editor")
    signed_in = caller.sign_in_body(user)
    answer = caller.verify(signed_in["token"])
    assert answer.status == 200
    claims = claims_of(signed_in["token"])
    sub, name, session, roles, scope, client, expires = identity(answer)
    assert client == "", "a session of the SDK"
    assert sub == signed_in["user"]["id"] == claims["sub"] and name == "grace"
    assert session == signed_in["session"]["id"] and sorted(roles.split(",")) == ["admin", "editor"]
    assert scope == "account" and expires == str(claims["exp"])


def test_what_is_unknown_is_sent_empty(caller, ada):
    roles = identity(caller.verify(caller.sign_in_body(ada)["token"]))[3]
    assert roles == ""


@pytest.mark.parametrize(
    "name,options",
    [
        ("Zoë Ünal", ()),
        ("日本", ()),
        ("percent%41", ()),
        ('quote"back\\slash', ()),
        ("comma,semi;colon", ()),
        ("𠮷野", ()),
        ("plus+space &=", ()),
        ("roles", ("--role", "a,b", "--role", "c d", "--role", "ü%2C")),
        ("id", ("--id", "a,%0d%0aX:y")),
    ],
)
def test_identity_headers_are_percent_encoded(caller, server, name, options):
    server.command("user", "add", name, "--password-stdin", *options, stdin=PASSWORD + "\n")
    form = {"username": name, "password": PASSWORD, "delivery": "body"}
    signed_in = caller.post("/api/v1/authentication", json=form).json()
    sub, username, _, roles, _, _, _ = identity(caller.verify(signed_in["token"]))
    assert unquote(sub, errors="strict") == signed_in["user"]["id"]
    assert unquote(username, errors="strict") == signed_in["user"]["username"]
    assert sorted(unquote(role) for role in roles.split(",") if role) == sorted(signed_in["user"]["roles"])
    for text in (sub, username, roles):
        assert all(33 <= ord(sign) < 127 for sign in text), f"{text!r} has to be encoded"


def test_a_copy_that_the_client_sends_does_not_survive(caller, ada, user):
    token = caller.sign_in_body(ada)["token"]
    true = identity(caller.verify(token))
    forged = [
        ("X-Auth-User", "root"),
        ("X_Auth_User", "root"),
        ("x-auth-roles", "admin"),
        ("X-Auth-Username", user.name),
        ("X-AUTH-SCOPE", "everything"),
        ("X-Auth-Client", "trusted"),
        ("X-Auth-Expires", "9999999999"),
        ("X-Auth-Session", "A" * 22),
        ("X-Auth-Extra", "1"),
    ]
    assert identity(caller.verify(token, headers=forged)) == true
    refused = caller.verify("junk", headers=forged)
    assert refused.status == 401 and not {"root", "admin"} & {value for _, value in refused.headers}


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Authorization", "")],
        [("Authorization", "Bearer")],
        [("Authorization", "Bearer ")],
        [("Authorization", "Basic eDp5")],
        [("Authorization", "Bearer junk")],
        [("Authorization", "junk")],
        [("Authorization", "Bearer a"), ("Authorization", "Bearer b")],
        [("Authorization", "Bearer " + "." * 8000)],
        [("Authorization", "Bearer \xff\xfe")],
        [("Authorization", 'Digest x="y"')],
        [("Cookie", f"{ACCESS}=junk")],
        [("Cookie", f"{ACCESS}=a; {ACCESS}=b")],
        [("Cookie", f"{ACCESS}=a"), ("Authorization", "Bearer b")],
        [("Cookie", "\xff")],
        [("X-Forwarded-Method", "\xff")],
        [("Origin", "null")],
        [("Sec-Fetch-Site", "cross-site")],
        [("Content-Type", "junk")],
        [("Accept", "text/html")],
        [("If-None-Match", "*")],
        [("Range", "bytes=0-1")],
        [("Upgrade", "websocket"), ("Connection", "Upgrade")],
        [("Accept-Encoding", "gzip")],
        [("X-Forwarded-For", "\xff, junk")],
    ],
)
def test_whatever_comes_the_answer_is_200_401_or_403(caller, headers):
    answer = caller.verify(headers=headers)
    assert answer.status in (401, 403)
    assert answer.header("WWW-Authenticate") if answer.status == 401 else answer.code == "csrf_refused"


@pytest.mark.parametrize(
    "query", ["?", "?a=b", "?token=x&access_token=y", "?" + "x" * 3000, "?%00", "?a=b?c=d"]
)
def test_a_query_does_not_matter(caller, ada, query):
    token = caller.sign_in_body(ada)["token"]
    assert caller.get("/api/v1/verify" + query, bearer=token).status == 200
    assert caller.get("/api/v1/verify" + query).verdict == (401, "token_missing")


def test_every_method_is_answered_like_get(caller, ada):
    token = caller.sign_in_body(ada)["token"]
    for method in ("HEAD", "POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"):
        assert caller.request(method, "/api/v1/verify", bearer=token).status == 200, method
        assert caller.request(method, "/api/v1/verify", bearer="junk").status == 401, method
    assert caller.request("HEAD", "/api/v1/verify", bearer=token).body == b""


def test_one_credential_twice_is_fine_and_two_are_a_conflict(caller, ada, user):
    one, two = caller.sign_in_body(ada)["token"], caller.sign_in_body(user)["token"]
    assert caller.verify(headers=[("Authorization", f"Bearer {one}")] * 2).status == 200
    assert caller.verify(one, cookies={ACCESS: one}).status == 200
    for headers in (
        [("Authorization", f"Bearer {one}"), ("Authorization", f"Bearer {two}")],
        [("Authorization", f"Bearer {one}"), ("Cookie", f"{ACCESS}={two}")],
        [("Authorization", f"Bearer {one}"), ("Cookie", f"{ACCESS}=junk")],
    ):
        assert caller.verify(headers=headers).verdict == (401, "credential_conflict")
        assert caller.get("/api/v1/users/me", headers=headers).verdict == (400, "credential_conflict")


def test_a_conflict_proves_nothing_about_either_token(caller, ada):
    token = caller.sign_in_body(ada)["token"]
    answers = [
        caller.verify(headers=[("Authorization", f"Bearer {first}"), ("Authorization", f"Bearer {second}")])
        for first, second in ((token, "junk"), ("junk", token), ("junk", "junk2"))
    ]
    assert len({answer.body for answer in answers}) == 1


def test_a_proven_token_is_proven_by_all_its_bytes(caller, ada):
    """The cache of proofs must not find a proof by only a part of the token or by a hash."""
    token = caller.sign_in_body(ada)["token"]
    header, claims, signature = parts_of(token)
    for _ in range(3):
        assert caller.verify(token).status == 200
    for forged in (
        token[:-1],
        token + "A",
        join(header, {**claims, "roles": ["admin"]}, signature),
        token.lower(),
    ):
        assert caller.verify(forged).status == 401
    assert caller.verify(token).status == 200


def test_expiry_is_checked_for_remembered_proofs_too(make_server):
    server = make_server({"tokens.access_ttl": "2s"})
    user = server.add_user()
    server.start()
    caller = Caller(server.port)
    signed_in = caller.sign_in_body(user)
    with caller.connect() as connection:
        message = caller.compose("GET", "/api/v1/verify", bearer=signed_in["token"])
        seen = []
        while time.time() < signed_in["expires_at"] + 0.1:
            before = time.time()
            connection.send(message)
            answer = connection.read()
            seen.append((before, time.time(), answer.verdict))
            time.sleep(0.02)
    for before, after, verdict in seen:
        if after < signed_in["expires_at"]:
            assert verdict == (200, None)
        if before >= signed_in["expires_at"]:
            assert verdict == (401, "token_expired")


# With the store gone.


def spoil(server, how):
    files = [path for path in server.data.iterdir() if path.is_file()]
    if how == "deleted":
        for path in files:
            path.unlink()
    elif how == "moved":
        server.data.rename(server.directory / "elsewhere")
    elif how == "unreadable":
        for path in files:
            os.chmod(path, 0)
        os.chmod(server.data, 0)
    elif how == "overwritten":
        for path in files:
            path.write_bytes(b"junk" * 1024)


@pytest.mark.parametrize("how", ["deleted", "moved", "unreadable", "overwritten"])
def test_verify_goes_on_from_memory_alone(make_server, how):
    server = make_server()
    user, other = server.add_user(), server.add_user()
    server.start()
    caller = Caller(server.port, next_address())
    seen, unseen, ended = (caller.sign_in_body(user) for _ in range(3))
    disabled = caller.sign_in_body(other)
    assert caller.verify(seen["token"]).status == 200
    assert caller.sign_out(ended["token"]).status == 204
    server.command("user", "disable", other.name)
    spoil(server, how)
    for _ in range(3):
        for signed_in in (seen, unseen):
            assert caller.verify(signed_in["token"]).status == 200
        for signed_in in (ended, disabled):
            assert caller.verify(signed_in["token"]).verdict == (401, "token_revoked")
        assert caller.verify(seen["token"][:-4] + "AAAA").verdict == (401, "token_not_ours")
        for other_caller in (caller.refresh(seen["refresh_token"]), caller.try_sign_in(user)):
            assert other_caller.status in (200, 503)
    assert caller.get("/.well-known/jwks.json").status == caller.get("/healthz").status == 200
    server.kill()

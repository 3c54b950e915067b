# SPDX-License-Identifier: Apache-2.0
"""A service manages users and sessions with the admin API."""

from urllib.parse import quote

import pytest
from client import Caller
from conftest import next_address
from server import PASSWORD, User

USERS, SESSIONS = "/api/v1/admin/users", "/api/v1/admin/sessions"
OTHER = "eleven amber herons hum quietly"


@pytest.fixture
def served(make_server):
    server = make_server({"tokens.access_ttl": "60s"}).start()
    server.key = server.command("service-key", "add", "back end", "--scope", "users").strip()
    return server


@pytest.fixture
def caller(served):
    return Caller(served.port, next_address())


@pytest.fixture
def admin(served, caller):
    def ask(method, target, json=None):
        return caller.request(method, target, bearer=served.key, **({} if json is None else {"json": json}))

    return ask


def test_a_user_from_birth_to_death(admin, caller):
    made = admin(
        "POST",
        USERS,
        {
            "username": "ada",
            "password": PASSWORD,
            "email": "ada@example.org",
            "roles": ["admin"],
            "claims": {"plan": "pro", "n": [1, {"a": None}]},
        },
    )
    assert made.status == 201
    user = made.json()["user"]
    assert (user["username"], user["email"], user["roles"], user["claims"], user["enabled"]) == (
        "ada",
        "ada@example.org",
        ["admin"],
        {"plan": "pro", "n": [1, {"a": None}]},
        True,
    )
    assert admin("GET", f"{USERS}/{user['id']}").json()["user"] == user
    first = caller.sign_in_body(User("ada", PASSWORD))
    assert first["user"]["claims"]["plan"] == "pro"

    changed = admin("PATCH", f"{USERS}/{user['id']}", {"roles": ["editor"], "claims": {}})
    assert changed.status == 200 and changed.json()["user"] == {**user, "roles": ["editor"], "claims": {}}
    assert caller.verify(first["token"]).verdict == (401, "token_stale")
    second = caller.refresh(first["refresh_token"]).json()
    assert second["user"]["roles"] == ["editor"]

    assert admin("PATCH", f"{USERS}/{user['id']}", {"password": OTHER}).status == 200
    assert caller.verify(second["token"]).verdict == (401, "token_revoked")
    assert caller.try_sign_in(User("ada", PASSWORD)).verdict == (401, "invalid_credentials")
    third = caller.sign_in_body(User("ada", OTHER))

    assert (
        admin("PATCH", f"{USERS}/{user['id']}", {"enabled": False, "email": None}).json()["user"]["email"]
        is None
    )
    assert caller.verify(third["token"]).verdict == (401, "token_revoked")
    assert caller.try_sign_in(User("ada", OTHER)).status == 401
    assert admin("PATCH", f"{USERS}/{user['id']}", {"enabled": True}).json()["user"]["enabled"] is True
    assert caller.verify(third["token"]).verdict == (401, "token_revoked"), "enabling revives nothing"
    fourth = caller.sign_in_body(User("ada", OTHER))

    assert admin("DELETE", f"{USERS}/{user['id']}").status == 204
    assert caller.verify(fourth["token"]).verdict == (401, "token_revoked")
    for method in ("GET", "DELETE", "PATCH"):
        assert admin(method, f"{USERS}/{user['id']}", {} if method == "PATCH" else None).verdict == (
            404,
            "not_found",
        )


def test_a_change_is_whole_or_not_at_all(admin, caller):
    admin("POST", USERS, {"username": "bob", "email": "bob@example.org"})
    eve = admin("POST", USERS, {"username": "eve", "password": PASSWORD}).json()["user"]
    signed_in = caller.sign_in_body(User("eve", PASSWORD))
    refused = admin(
        "PATCH",
        f"{USERS}/{eve['id']}",
        {"roles": ["admin"], "enabled": False, "password": OTHER, "email": "BOB@example.org"},
    )
    assert refused.verdict == (409, "email_taken")
    assert admin("GET", f"{USERS}/{eve['id']}").json()["user"] == eve
    assert caller.verify(signed_in["token"]).status == 200
    assert admin("PATCH", f"{USERS}/{eve['id']}", {}).json()["user"] == eve, "nothing named, nothing changed"
    assert caller.verify(signed_in["token"]).status == 200


@pytest.mark.parametrize(
    "form, code, member",
    [
        ({}, "missing_member", "username"),
        ({"username": ""}, "invalid_member", "username"),
        ({"username": "a@b"}, "invalid_member", "username"),
        ({"username": "x", "password": "short"}, "password_too_short", "password"),
        ({"username": "x", "admin": True}, "unknown_member", "admin"),
        ({"username": "x", "roles": "admin"}, "invalid_member", "roles"),
        ({"username": "x", "roles": [1]}, "invalid_member", "roles"),
        ({"username": "x", "roles": [""]}, "invalid_member", "roles"),
        ({"username": "x", "roles": ["r" * 65]}, "invalid_member", "roles"),
        ({"username": "x", "roles": ["r"] * 33}, "invalid_member", "roles"),
        ({"username": "x", "claims": []}, "invalid_member", "claims"),
        ({"username": "x", "claims": {"sub": "root"}}, "invalid_member", "claims"),
        ({"username": "x", "claims": {"ver": 1}}, "invalid_member", "claims"),
        ({"username": "x", "claims": {"a": "b" * 1100}}, "invalid_member", "claims"),
        ({"username": "x", "enabled": "yes"}, "invalid_member", "enabled"),
        ({"username": "x", "email": "junk"}, "invalid_member", "email"),
        ({"username": "x", "id": ""}, "invalid_member", "id"),
        *[({"username": "x", "id": id}, "invalid_member", "id") for id in (".", "..", "a b", " a", "ä")],
        ({"username": "x", "id": "i" * 65}, "invalid_member", "id"),
        ({"username": "x", "password_hash": "md5:1"}, "invalid_member", "password_hash"),
        (
            {"username": "x", "password": PASSWORD, "password_hash": "$2y$04$" + "a" * 53},
            "invalid_member",
            "password_hash",
        ),
    ],
)
def test_what_cannot_be_is_refused_and_names_the_member(admin, form, code, member):
    answer = admin("POST", USERS, form)
    assert answer.status == 400 and (answer.code, answer.json()["member"]) == (code, member)
    assert admin("GET", USERS).json() == {"users": [], "next": None}


def test_names_addresses_and_ids_are_unique(admin):
    admin("POST", USERS, {"username": "ada", "email": "ada@example.org", "id": "1"})
    for form, code in (
        ({"username": "ADA"}, "username_taken"),
        ({"username": "b", "email": "ADA@example.org"}, "email_taken"),
        ({"username": "b", "id": "1"}, "id_taken"),
    ):
        assert admin("POST", USERS, form).verdict == (409, code)


def test_users_of_another_system_come_with_their_ids_and_hashes(admin, caller):
    for id in ("7", "a/b", "...", "%41", "x?y#z", "a+b"):
        form = {"id": id, "username": f"user {quote(id, safe='')}"}
        assert admin("POST", USERS, form).status == 201, id
        answer = admin("GET", f"{USERS}/{quote(id, safe='')}")
        assert answer.status == 200 and answer.json()["user"]["id"] == id
    for password in ("", PASSWORD, "x"):
        assert caller.try_sign_in(User("user 7", password)).status in (400, 401), (
            "without a password nobody signs in"
        )
    bcrypt = (
        "$2y$05$/OK.fbVrR/bpIqNJ5ianF.swQOIzjOiJ9GHEPuhEkvqrUyvWhEMx6"  # of U*U, from crypt_blowfish's tests
    )
    assert admin("PATCH", f"{USERS}/7", {"password_hash": bcrypt}).status == 200
    assert caller.try_sign_in(User("user 7", "\xaa" * 72)).status == 401


def test_pages_go_through_all_users_once(admin):
    names = sorted(f"user{n:03}" for n in range(25))
    for name in reversed(names):
        admin(
            "POST", USERS, {"username": name, "email": f"{name}@{'a' if name < 'user010' else 'b'}.example"}
        )
    admin("POST", USERS, {"username": "Änne", "email": "user-x@c.example"})
    seen, after = [], ""
    for _ in range(20):
        page = admin("GET", f"{USERS}?limit=7&after={quote(after)}").json()
        seen += [user["username"] for user in page["users"]]
        if page["next"] is None:
            break
        after = page["next"]
    assert seen == [*names, "Änne"]

    def found(text):
        return [user["username"] for user in admin("GET", f"{USERS}?search={quote(text)}").json()["users"]]

    assert found("USER01") == names[10:20], "case aside"
    assert found("user-x@") == ["Änne"], "by the address as well"
    assert found("änn") == ["Änne"] and found("ser") == [] and found("%") == [] and found("_") == []
    assert found("") == [*names, "Änne"]
    for bad in (
        "limit=0",
        "limit=1001",
        "limit=-1",
        "limit=1x",
        "limit=",
        "page=2",
        "search=%zz",
        "after=%ff",
        "search=%ff",
        "search=a&search=b",
        "limit=1&limit=2",
    ):
        assert admin("GET", f"{USERS}?{bad}").verdict == (400, "malformed_request"), bad


def test_sessions_of_anybody(served, admin, caller):
    ada, bob = served.add_user(), served.add_user()
    of_ada, of_bob = [caller.sign_in_body(ada) for _ in range(3)], caller.sign_in_body(bob)
    id = of_ada[0]["user"]["id"]
    listed = admin("GET", f"{SESSIONS}?user={id}").json()["sessions"]
    assert {row["id"] for row in listed} == {one["session"]["id"] for one in of_ada} and {
        row["user_id"] for row in listed
    } == {id}
    assert len(admin("GET", SESSIONS).json()["sessions"]) == 4
    one_page = admin("GET", f"{SESSIONS}?limit=3").json()
    rest = admin("GET", f"{SESSIONS}?limit=3&after={one_page['next']}").json()
    assert [len(one_page["sessions"]), len(rest["sessions"]), rest["next"]] == [3, 1, None]
    assert len({row["id"] for row in one_page["sessions"] + rest["sessions"]}) == 4
    assert len(admin("GET", f"{SESSIONS}?user={id}&limit=2").json()["sessions"]) == 2
    assert admin("GET", f"{SESSIONS}?after=%ff").verdict == (400, "malformed_request")
    assert admin("GET", f"{SESSIONS}?after=~").json() == {"sessions": [], "next": None}
    one = of_ada[0]["session"]["id"]
    assert admin("DELETE", f"{SESSIONS}/{one}").status == 204
    assert admin("DELETE", f"{SESSIONS}/{one}").verdict == (404, "not_found")
    assert [caller.verify(signed_in["token"]).status for signed_in in (*of_ada, of_bob)] == [
        401,
        200,
        200,
        200,
    ]
    assert admin("DELETE", SESSIONS).verdict == (400, "malformed_request"), "whose"
    assert admin("DELETE", f"{SESSIONS}?user=nobody").verdict == (404, "not_found")
    assert admin("DELETE", f"{SESSIONS}?user={id}").status == 204
    assert [caller.verify(signed_in["token"]).status for signed_in in (*of_ada, of_bob)] == [
        401,
        401,
        401,
        200,
    ]


def test_only_a_key_for_users_manages_them(served, caller):
    root = served.add_user("root", PASSWORD, "--role", "admin")
    token = caller.sign_in_body(root)["token"]
    feed = served.command("service-key", "add", "feed", "--scope", "feed", "--scope", "introspect").strip()
    for method, target in (
        ("GET", USERS),
        ("POST", USERS),
        ("GET", f"{USERS}/x"),
        ("PATCH", f"{USERS}/x"),
        ("DELETE", f"{USERS}/x"),
        ("GET", SESSIONS),
        ("DELETE", SESSIONS),
        ("DELETE", f"{SESSIONS}/x"),
    ):
        assert caller.request(method, target).verdict == (401, "service_key_missing")
        assert caller.request(method, target, bearer=token).verdict == (401, "service_key_unknown"), (
            "a user's roles are not ours to read"
        )
        assert caller.request(method, target, bearer=feed).verdict == (403, "service_key_scope")
        assert caller.request(method, target, cookies={"__Host-Http-coatcheck": token}).verdict == (
            401,
            "service_key_missing",
        )
        assert caller.request(method, target, headers=[("Authorization", f"Bearer {feed}")] * 2).verdict == (
            400,
            "credential_conflict",
        )


def test_the_audit_table_says_which_key_did_it(served, admin):
    user = admin("POST", USERS, {"username": "ada"}).json()["user"]
    for change in (
        {"roles": ["editor"]},
        {"email": "ada@example.org"},
        {"enabled": False},
        {"password": PASSWORD},
    ):
        admin("PATCH", f"{USERS}/{user['id']}", change)
    admin("DELETE", f"{USERS}/{user['id']}")
    rows = [row for row in served.rows("audit", "list") if row["user_id"] == user["id"]]
    assert [row["event"] for row in rows][::-1] == [
        "user_created",
        "user_attributes_changed",
        "email_changed",
        "user_disabled",
        "password_changed",
        "user_deleted",
    ]
    assert {(row["detail"], bool(row["address"])) for row in rows} == {("service key back end", True)}

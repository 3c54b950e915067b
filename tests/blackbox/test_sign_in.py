# SPDX-License-Identifier: Apache-2.0
"""A user signs in with a password and gets tokens."""

import statistics
import time
import unicodedata

import pytest
from client import Caller
from conftest import next_address
from tokens import claims_of, header_of


def test_a_password_is_exchanged_for_a_token(caller, ada):
    before = int(time.time())
    answer = caller.post("/api/v1/authentication", json={"username": "ada", "password": ada.password})
    assert answer.status == 200
    assert answer.header("Content-Type") == "application/json"
    signed_in = answer.json()
    assert signed_in["token_type"] == "Bearer"
    assert signed_in["expires_in"] == 900
    assert before + 900 <= signed_in["expires_at"] <= time.time() + 900
    assert signed_in["user"]["username"] == "ada"
    assert (
        signed_in["user"]["email"] is None
        and signed_in["user"]["roles"] == []
        and signed_in["user"]["claims"] == {}
    )
    assert signed_in["session"]["current"] is True
    assert signed_in["session"]["delivery"] == "hybrid"
    assert signed_in["session"]["address"] == caller.source
    assert caller.verify(signed_in["token"]).status == 200


def test_the_token_carries_the_claims_of_the_contract(caller, server, ada):
    before = int(time.time())
    signed_in = caller.sign_in_body(ada)
    header, claims = header_of(signed_in["token"]), claims_of(signed_in["token"])
    assert header["typ"] == "at+jwt" and header["alg"] == "ES256" and header["kid"]
    assert claims["iss"] == server.url and claims["sub"] == signed_in["user"]["id"]
    assert server.url in ([claims["aud"]] if isinstance(claims["aud"], str) else claims["aud"])
    assert claims["exp"] == signed_in["expires_at"] and claims["exp"] - claims["iat"] == 900
    assert claims["client_id"] == "coatcheck" and claims["scope"] == "account" and claims["amr"] == ["pwd"]
    assert claims["sid"] == signed_in["session"]["id"]
    assert claims["preferred_username"] == "ada" and claims["roles"] == []
    assert isinstance(claims["ver"], int) and before <= claims["auth_time"] <= time.time()
    assert len(claims["jti"]) >= 16 and "nbf" not in claims


def test_a_sign_in_across_the_turn_of_a_second_promises_no_second_more(caller, ada):
    """Hashing a password takes some 20 ms, so a sign-in can begin in one second and end in the next."""
    for _ in range(4):
        time.sleep(0.988 - time.time() % 1 if time.time() % 1 < 0.98 else 0)
        signed_in = caller.sign_in_body(ada)
        claims = claims_of(signed_in["token"])
        assert signed_in["expires_in"] <= 900 and claims["exp"] - claims["iat"] == 900
        assert claims["auth_time"] <= claims["iat"] <= time.time()


def test_no_two_tokens_share_an_id(caller, ada):
    first, second = caller.sign_in_body(ada), caller.sign_in_body(ada)
    assert claims_of(first["token"])["jti"] != claims_of(second["token"])["jti"]
    assert first["session"]["id"] != second["session"]["id"]
    assert first["refresh_token"] != second["refresh_token"]


def test_the_default_token_is_under_700_bytes(caller, ada):
    assert len(caller.sign_in_body(ada)["token"]) < 700


def test_roles_and_claims_of_the_user_are_in_the_token(caller, server):
    user = server.add_user(
        "grace",
        "nine violet otters paint lanterns",
        "--role",
        "admin",
        "--role",
        "editor",
        "--claim",
        'team="engines"',
        "--claim",
        'limits={"rows":[1,2]}',
    )
    signed_in = caller.sign_in_body(user)
    claims = claims_of(signed_in["token"])
    assert sorted(claims["roles"]) == sorted(signed_in["user"]["roles"]) == ["admin", "editor"]
    assert signed_in["user"]["claims"] == {"team": "engines", "limits": {"rows": [1, 2]}}
    assert claims["team"] == "engines" and claims["limits"] == {"rows": [1, 2]}


def test_the_users_claims_cannot_replace_those_of_the_protocol(server):
    refused = server.try_command(
        "user",
        "add",
        "mallory",
        "--password-stdin",
        "--claim",
        'sub="ada"',
        stdin="nine violet otters paint lanterns\n",
    )
    if refused.returncode == 0:
        user = type("User", (), {"name": "mallory", "password": "nine violet otters paint lanterns"})
        caller = Caller(server.port, next_address())
        signed_in = caller.sign_in_body(user)
        assert claims_of(signed_in["token"])["sub"] == signed_in["user"]["id"] != "ada"


def test_the_user_given_an_id_keeps_it(caller, server):
    user = server.add_user("imported", "nine violet otters paint lanterns", "--id", "4711")
    signed_in = caller.sign_in_body(user)
    assert signed_in["user"]["id"] == "4711" and claims_of(signed_in["token"])["sub"] == "4711"


def test_an_e_mail_address_signs_in_where_it_is_set(caller, server):
    user = server.add_user("edith", "nine violet otters paint lanterns", "--email", "edith@example.org")
    answer = caller.post(
        "/api/v1/authentication", json={"username": "edith@example.org", "password": user.password}
    )
    assert answer.status == 200 and answer.json()["user"]["username"] == "edith"
    assert answer.json()["user"]["email"] == "edith@example.org"


@pytest.mark.parametrize("spelling", ["zoë-ÜNAL", "ZOË-ünal", unicodedata.normalize("NFD", "Zoë-Ünal")])
def test_names_are_compared_without_case_and_in_one_normal_form(caller, server, spelling):
    if "Zoë-Ünal" not in server.command("user", "list"):
        server.add_user("Zoë-Ünal")
    answer = caller.post(
        "/api/v1/authentication", json={"username": spelling, "password": "nine violet otters paint lanterns"}
    )
    assert answer.status == 200 and answer.json()["user"]["username"].casefold() == "zoë-ünal"


def test_a_password_counts_in_one_normal_form_and_unchanged_otherwise(caller, server):
    user = server.add_user(None, unicodedata.normalize("NFD", "ünïcödé päßwörter zählen"))
    assert caller.try_sign_in(user, unicodedata.normalize("NFC", user.password)).status == 200
    for other in (user.password.upper(), user.password + " ", " " + user.password, user.password[:-1]):
        assert caller.try_sign_in(user, other).verdict == (401, "invalid_credentials")


def test_long_passwords_count_to_their_last_character(caller, server):
    user = server.add_user(None, "🦦" * 255 + "ö")
    assert caller.try_sign_in(user).status == 200
    assert caller.try_sign_in(user, "🦦" * 255 + "o").verdict == (401, "invalid_credentials")


def test_a_wrong_password_an_unknown_name_and_a_disabled_user_look_the_same(server):
    known, disabled = server.add_user(), server.add_user()
    server.command("user", "disable", disabled.name)
    caller = Caller(server.port, next_address())
    answers = [
        caller.try_sign_in(known, "not the password at all"),
        caller.post("/api/v1/authentication", json={"username": "nobody-here", "password": known.password}),
        caller.try_sign_in(disabled),
    ]
    assert {answer.verdict for answer in answers} == {(401, "invalid_credentials")}
    assert len({answer.body for answer in answers}) == 1
    heads = [[pair for pair in answer.headers if pair[0].lower() != "date"] for answer in answers]
    assert heads[0] == heads[1] == heads[2]


def test_an_unknown_name_takes_as_long_as_a_wrong_password(server):
    known = [server.add_user() for _ in range(5)]
    seconds = {"known": [], "unknown": []}
    for number, user in enumerate(known):
        caller = Caller(server.port, next_address())
        for kind, name in (("known", user.name), ("unknown", f"nobody-{number}")):
            before = server.cpu_seconds()  # CPU time does not change with what else runs on the machine
            form = {"username": name, "password": "not the password at all"}
            assert caller.post("/api/v1/authentication", json=form).status == 401
            seconds[kind].append(server.cpu_seconds() - before)
    ratio = statistics.median(seconds["unknown"]) / statistics.median(seconds["known"])
    assert 0.5 < ratio < 2, f"unknown names take {ratio:.2f} times as long"


def test_a_name_cannot_write_claims(caller, server):
    for name in ('","roles":["admin"],"x":"', "\\u0022,\\u0022roles", "ada\\"):
        added = server.try_command(
            "user", "add", name, "--password-stdin", stdin="nine violet otters paint lanterns\n"
        )
        if added.returncode != 0:
            continue
        form = {"username": name, "password": "nine violet otters paint lanterns", "delivery": "body"}
        claims = claims_of(caller.post("/api/v1/authentication", json=form).json()["token"])
        assert claims["preferred_username"] == name and claims["roles"] == [] and "x" not in claims


@pytest.mark.parametrize("remember,seconds", [(True, 30 * 86400), (False, 12 * 3600), (None, 30 * 86400)])
def test_remember_decides_how_long_a_session_can_last(caller, ada, remember, seconds):
    before = int(time.time())
    session = caller.sign_in_body(ada, **({} if remember is None else {"remember": remember}))["session"]
    # The creation time is taken before the hash and the expiry after it, and seconds are cut off.
    latest = int(time.time()) + 1
    assert before <= session["created_at"] <= latest
    assert before + seconds <= session["expires_at"] <= latest + seconds
    idle = min(7 * 86400, seconds)
    assert before + idle <= session["idle_expires_at"] <= latest + idle


def test_the_device_is_kept_as_it_was_given(caller, ada):
    label = 'Ada\'s "phone" <b>🦦</b>'
    assert caller.sign_in_body(ada, device=label)["session"]["device"] == label


def test_a_token_is_exchanged_for_its_user_and_session(caller, ada):
    signed_in = caller.sign_in_body(ada)
    answer = caller.get("/api/v1/authentication", bearer=signed_in["token"])
    assert answer.status == 200
    assert answer.json()["user"] == signed_in["user"]
    assert answer.json()["session"]["id"] == signed_in["session"]["id"]
    assert answer.json()["session"]["current"] is True
    assert answer.json()["expires_at"] == signed_in["expires_at"]
    assert 890 <= answer.json()["expires_in"] <= 900


def test_asking_without_a_token_is_refused_and_says_so(caller):
    answer = caller.get("/api/v1/authentication")
    assert answer.verdict == (401, "token_missing")
    assert "error=" not in answer.header("WWW-Authenticate")


@pytest.mark.parametrize(
    "scheme,status", [("bearer", 200), ("BEARER", 200), ("Bearer ", 200), ("Bearer\t", 401)]
)
def test_the_scheme_has_no_case_and_spaces_after_it(caller, ada, scheme, status):
    """RFC 6750 section 2.1: 1*SP (issue 19, row 33)."""
    token = caller.sign_in_body(ada)["token"]
    assert (
        caller.get("/api/v1/authentication", headers={"Authorization": f"{scheme} {token}"}).status == status
    )


def test_a_token_in_the_query_is_no_credential(caller, ada):
    token = caller.sign_in_body(ada)["token"]
    for name in ("access_token", "token"):
        assert caller.get(f"/api/v1/authentication?{name}={token}").status in (400, 401)
        assert caller.get(f"/api/v1/verify?{name}={token}").status == 401


def test_a_bare_token_is_ignored_unless_switched_on(caller, ada, make_server):
    token = caller.sign_in_body(ada)["token"]
    assert caller.get("/api/v1/authentication", headers={"Authorization": token}).verdict == (
        401,
        "token_missing",
    )
    other = make_server({"accept.bare_authorization": True})
    user = other.add_user()
    other.start()
    there = Caller(other.port)
    token = there.sign_in_body(user)["token"]
    assert there.get("/api/v1/authentication", headers={"Authorization": token}).status == 200
    assert there.get("/api/v1/verify", headers={"Authorization": token}).status == 200
    assert there.get("/api/v1/verify", bearer=token).status == 200
    assert there.get("/api/v1/verify", headers={"Authorization": token[:-4] + "AAAA"}).status == 401
    assert there.get("/api/v1/verify", headers={"Authorization": "Basic YWRhOmFkYQ=="}).verdict == (
        401,
        "token_missing",
    )

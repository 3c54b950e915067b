# SPDX-License-Identifier: Apache-2.0
"""A user imported with a hash from another system signs in with the old password, and gets a hash of
Coatcheck's own."""

import base64
import concurrent.futures
import hashlib
import os
import shutil
import sqlite3
import time
import unicodedata

import pytest
from client import Caller
from conftest import next_address
from server import User
from tokens import claims_of

LONG = "x" * 72
HASHES = {
    "bcrypt": (
        "correct horse battery staple",
        "$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG",
    ),
    "bcrypt of OpenBSD": ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
    "bcrypt of PHP": ("nine violet", "$2y$05$ABCDEFGHIJKLMNOPQRSTUutd0ta/8ddvriYw/fij923NK7wA3fVq6"),
    "bcrypt of UTF-8": ("ünïcödé", "$2b$04$abcdefghijklmnopqrstuuqAy.C/g78STPh2nPJEnsp0R6yjS.PhK"),
    "bcrypt of 72 bytes": (LONG, "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i"),
    "Argon2id": (
        "password",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    ),
    "Argon2id of two lanes": (
        "password",
        "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
    ),
    "Argon2id of Node": (
        "correct horse battery staple",
        "$argon2id$v=19$m=65536,t=1,p=4$MDEyMzQ1Njc4OWFiY2RlZg$Sc75EiNJxmu0uPiYuEKgOMoboNpncjCESvnGUeCwuHQ",
    ),
    "Argon2i": (
        "password",
        "$argon2i$v=19$m=256,t=3,p=1$c29tZXNhbHQ$PBoa8mph1GgOP5sS08zwcXY1UQ5unu4HA9NtqGHDBdU",
    ),
}


def django(password, rounds=1000, salt="seasalt"):
    key = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), rounds)
    return f"pbkdf2_sha256${rounds}${salt}${base64.b64encode(key).decode()}"


HASHES["Django"] = ("lamp oil", django("lamp oil"))
HASHES["Django of UTF-8"] = ("Lämpöl 🪔", django("Lämpöl 🪔", 260000, "x"))


def import_user(server, hashed, password, *options):
    name = server.new_name()
    server.command("user", "add", name, "--password-hash-stdin", *options, stdin=hashed + "\n")
    return User(name, password)


def stored_hash(server, user):
    """The hash in the store, read from a copy of the database."""
    copy = server.directory / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(
        server.data, copy, ignore=lambda _, names: [name for name in names if "coatcheck.db" not in name]
    )
    with sqlite3.connect(copy / "coatcheck.db") as database:
        return database.execute(
            "SELECT password_hash FROM users WHERE username = ?", (user.name,)
        ).fetchone()[0]


@pytest.mark.parametrize("kind", HASHES)
def test_an_imported_hash_signs_in_and_is_replaced(caller, server, kind):
    password, hashed = HASHES[kind]
    user = import_user(server, hashed, password)
    assert stored_hash(server, user) == hashed
    assert caller.try_sign_in(user, password + "x").verdict == (401, "invalid_credentials")
    assert stored_hash(server, user) == hashed, "a wrong password replaces nothing"
    first = caller.sign_in_body(user)
    replaced = stored_hash(server, user)
    assert replaced.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert caller.verify(first["token"]).status == 200, "the new hash is not a new password"
    assert caller.sign_in_body(user)["user"] == first["user"]
    assert stored_hash(server, user) == replaced, "it is replaced once"
    assert caller.try_sign_in(user, password.swapcase()).verdict == (401, "invalid_credentials")
    assert caller.refresh(first["refresh_token"]).status == 200


def test_an_imported_user_keeps_their_id(caller, server):
    user = import_user(
        server, HASHES["Django"][1], HASHES["Django"][0], "--id", "auth0|5f7c8ec7c33c6c004bbafe82"
    )
    signed_in = caller.sign_in_body(user)
    assert signed_in["user"]["id"] == "auth0|5f7c8ec7c33c6c004bbafe82"
    assert caller.refresh(signed_in["refresh_token"]).status == 200
    assert caller.sign_out(signed_in["token"]).status == 204
    assert caller.verify(signed_in["token"]).verdict == (401, "token_revoked")


@pytest.mark.parametrize("tail", ["y", "x", "x" * 100, " "])
def test_what_bcrypt_would_cut_off_is_not_cut_off(caller, server, tail):
    """bcrypt reads only 72 bytes, but a longer password with the same beginning must be refused."""
    user = import_user(server, HASHES["bcrypt of 72 bytes"][1], LONG)
    assert caller.try_sign_in(user, LONG + tail).verdict == (401, "invalid_credentials")
    assert caller.try_sign_in(user, LONG[:-1]).verdict == (401, "invalid_credentials")
    assert caller.try_sign_in(user).status == 200
    assert caller.try_sign_in(user, LONG + tail).verdict == (401, "invalid_credentials"), "nor afterwards"


@pytest.mark.parametrize("kind", ["bcrypt", "Argon2id", "Django"])
@pytest.mark.parametrize(
    "spell",
    [
        lambda password: password + "\0",
        lambda password: password + "\0x",
        lambda password: "\0" + password,
        lambda password: password[:4] + "\0" + password[4:],
    ],
)
def test_nothing_ends_at_a_nul(caller, server, kind, spell):
    password, hashed = HASHES[kind]
    user = import_user(server, hashed, password)
    assert caller.try_sign_in(user, spell(password)).status in (400, 401)
    assert caller.try_sign_in(user).status == 200
    assert caller.try_sign_in(user, spell(password)).status in (400, 401)


def test_the_hash_of_an_empty_password_lets_nobody_in(caller, server):
    empty = server.try_command(
        "user",
        "add",
        "empty",
        "--password-hash-stdin",
        stdin="$2b$04$abcdefghijklmnopqrstuubyCG3zY1GIXMyxfivm.ClDiInHzxjiq\n",
    )
    if empty.returncode == 0:
        assert caller.try_sign_in(User("empty", "")).status in (400, 401)
        assert caller.try_sign_in(User("empty", "\0")).status in (400, 401)


def test_a_password_of_another_normal_form_works_once_it_is_ours(caller, server):
    typed = unicodedata.normalize("NFD", "Älpenglühen")
    user = import_user(server, django(typed), typed)
    assert caller.try_sign_in(user).status == 200
    assert caller.try_sign_in(user, unicodedata.normalize("NFC", typed)).status == 200
    assert caller.try_sign_in(user).status == 200


@pytest.mark.parametrize(
    "hashed",
    [
        "",
        "password",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "$1$salt$qJH7.N4xYta3aEG/dfqo/0",
        "$6$salt$" + "a" * 86,
        "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
        "$2b$31$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG",
        "$2b$04$short",
        "$2x$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG",
        "pbkdf2_sha256$1000000000$salt$" + "A" * 43 + "=",
        "pbkdf2_sha256$0$salt$" + "A" * 43 + "=",
        "pbkdf2_sha256$-1$s$" + "A" * 43 + "=",
        "pbkdf2_sha256$1000$salt$AAAA",
        "pbkdf2_sha1$1000$salt$" + "A" * 43 + "=",
        "pbkdf2_sha256$1000$$" + "A" * 43 + "=",
        "$argon2id$v=19$m=4194304,t=100,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$",
        "$argon2id$v=19$m=256,t=2,p=1$$",
        "$argon2d$v=19$m=256,t=2,p=1$c29tZXNhbHQ$JcTui6RIBUtJ78gE5Hi52CO+H5vS6Z9R1uxAB6OhUB8",
        "unusable",
        "!",
        "*",
    ],
)
def test_a_hash_that_cannot_be_checked_is_not_imported(server, hashed):
    """The server refuses a hash of an unknown kind, and one so expensive that each sign-in would be an
    attack."""
    name = server.new_name()
    result = server.try_command("user", "add", name, "--password-hash-stdin", stdin=hashed + "\n")
    assert result.returncode != 0
    said = result.stdout + result.stderr
    assert said.strip() and (len(hashed) < 20 or hashed not in said), (
        "it says so, and does not repeat the hash"
    )
    assert name not in [row["username"] for row in server.rows("user", "list")]


def test_an_imported_password_may_be_short_and_a_new_one_may_not(caller, server):
    user = import_user(server, HASHES["bcrypt of OpenBSD"][1], "U*U")
    token = caller.sign_in_body(user)["token"]
    form = {"current_password": "U*U", "new_password": "short"}
    assert caller.put("/api/v1/users/me/password", bearer=token, json=form).verdict == (
        400,
        "password_too_short",
    )
    form["new_password"] = "eleven amber herons hum quietly"
    assert caller.put("/api/v1/users/me/password", bearer=token, json=form).status == 200
    assert caller.try_sign_in(user).status == 401


def test_a_disabled_import_is_not_let_in_and_not_rehashed(caller, server):
    password, hashed = HASHES["bcrypt"]
    user = import_user(server, hashed, password)
    server.command("user", "disable", user.name)
    assert caller.try_sign_in(user).verdict == (401, "invalid_credentials")
    server.command("user", "enable", user.name)
    assert caller.try_sign_in(user).status == 200


def test_an_import_survives_a_crash_after_it_was_replaced(make_server):
    password, hashed = HASHES["bcrypt"]
    server = make_server()
    user = import_user(server, hashed, password)
    server.start()
    signed_in = Caller(server.port, next_address()).sign_in_body(user)
    server.crash_and_restart()
    caller = Caller(server.port, next_address())
    assert caller.verify(signed_in["token"]).status == 200 and caller.try_sign_in(user).status == 200


def test_who_waited_for_the_hash_gets_a_token_of_full_length(server):
    """Hashes are slow and wait for each other, so the token's lifetime must begin after the hash."""
    password, hashed = "U*U", "$2b$14$abcdefghijklmnopqrstuuMwsPQILzRE/gClEu57w/aSkPW4nODEm"
    users = [import_user(server, hashed, password) for _ in range(4 * os.cpu_count())]

    def sign_in(user):
        asked = time.time()
        # Threads that hash have a low priority, so on a busy machine this takes minutes.
        token = Caller(server.port, next_address(), timeout=300).sign_in_body(user)["token"]
        return time.time() - asked, claims_of(token)["iat"] - asked

    with concurrent.futures.ThreadPoolExecutor(len(users)) as pool:
        waited, later = max(pool.map(sign_in, users))
    assert waited > 2, "hashes of this cost take a second"
    assert later >= waited / 2 - 1

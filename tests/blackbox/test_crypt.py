# SPDX-License-Identifier: Apache-2.0
"""Crypt tokens: Laravel's own Crypt reads the server's tokens, and the server reads Laravel's, in both
ciphers."""

import base64
import datetime
import json
import os
import subprocess
from urllib.parse import urlencode

import pytest
from client import Caller
from conftest import next_address
from server import PASSWORD, ROOT

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
VERIFY, WHO = "/api/v1/verify", "/api/v1/authentication"
CIPHERS = ["AES-256-CBC", "AES-256-GCM"]


def app_key():
    return "base64:" + base64.b64encode(os.urandom(32)).decode()


def write_keys(server, *keys, mode=0o600):
    server.data.mkdir(mode=0o700, exist_ok=True)
    path = server.data / "crypt-keys"
    path.write_text("# the first encrypts\n" + "\n".join(keys) + "\n")
    path.chmod(mode)
    return path


class Laravel:
    """Laravel's Crypt in a process of its own."""

    def __init__(self, cipher, key):
        self.process = subprocess.Popen(
            ["php", ROOT / "tests/support/crypt.php", cipher, key],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, command, word):
        self.process.stdin.write(f"{command} {word}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def end(self):
        self.process.stdin.close()
        self.process.wait(10)


@pytest.fixture(params=CIPHERS)
def town(request, make_server):
    """(server, caller, Laravel)"""
    key = app_key()
    server = make_server({"accept.crypt": True, "accept.crypt_cipher": request.param})
    write_keys(server, key)
    server.start()
    laravel = Laravel(request.param, key)
    yield server, Caller(server.port, next_address()), laravel
    laravel.end()


def sign_in(caller, user, **more):
    answer = caller.post(
        WHO,
        json={
            "username": user.name,
            "password": PASSWORD,
            "token_format": "crypt",
            "delivery": "body",
            **more,
        },
    )
    assert answer.status == 200, answer
    return answer.json()


def sent(token):
    return {"AccessToken": token}


def test_laravel_reads_ours(town):
    server, caller, laravel = town
    told = sign_in(caller, server.add_user())
    assert told["token_type"] == "crypt" and told["expires_in"] == 2 * 24 * 3600
    inside = json.loads(laravel("decrypt", told["token"]))
    assert inside["user_id"] == told["user"]["id"] and inside["session"] == told["session"]["id"]
    assert (
        inside["expire_on"] == told["expires_at"]
        and inside["expire_on"] - inside["time_stamp"] == 2 * 24 * 3600
    )
    assert caller.get(VERIFY, headers=sent(told["token"])).header("X-Auth-User") == told["user"]["id"]
    assert caller.get(WHO, headers=sent(told["token"])).json()["session"]["id"] == told["session"]["id"]


def test_we_read_what_laravel_writes(town):
    server, caller, laravel = town
    user = caller.sign_in_body(server.add_user())["user"]
    for way in ("snippet", "plain", "json"):
        answer = caller.get(VERIFY, headers=sent(laravel(way, user["id"])))
        assert answer.status == 200, (way, answer)
        assert (
            answer.header("X-Auth-User"),
            answer.header("X-Auth-Session"),
            answer.header("X-Auth-Roles"),
        ) == (user["id"], "", "")


def test_an_expired_one_is_refused_and_says_that_it_must_be_regenerated(town):
    """The widely copied snippet compares the wrong way round and accepts exactly the expired tokens; the
    server refuses them."""
    server, caller, laravel = town
    user = caller.sign_in_body(server.add_user())["user"]
    answer = caller.get(VERIFY, headers=sent(laravel("expired", user["id"])))
    assert answer.verdict == (403, "token_expired")
    assert answer.json()["title"] == "The token has expired and must be regenerated."


def test_signing_out_ends_ours_and_what_takes_a_user_back_ends_the_others(town):
    server, caller, laravel = town
    user = server.add_user()
    one, two = sign_in(caller, user), sign_in(caller, user)
    foreign = laravel("snippet", one["user"]["id"])
    for token in (one["token"], two["token"], foreign):
        assert caller.get(VERIFY, headers=sent(token)).status == 200
    assert caller.delete(WHO, headers=sent(foreign)).verdict == (401, "token_not_ours"), "no session of ours"
    assert caller.delete(WHO, headers=sent(one["token"])).status == 204
    assert caller.get(VERIFY, headers=sent(one["token"])).verdict == (401, "token_revoked")
    assert caller.get(VERIFY, headers=sent(two["token"])).status == 200
    server.command("user", "set", user.name, "--role", "editor")
    assert caller.get(VERIFY, headers=sent(two["token"])).status == 200, (
        "no roles stand in it, so that it is not stale"
    )
    server.command("user", "disable", user.name)
    for token in (two["token"], foreign):
        assert caller.get(VERIFY, headers=sent(token)).verdict == (401, "token_revoked")
    server.command("user", "enable", user.name)
    for token in (two["token"], foreign):
        assert caller.get(VERIFY, headers=sent(token)).verdict == (401, "token_revoked"), (
            "enabling revives nothing"
        )
    server.restart()
    for token in (one["token"], two["token"], foreign):
        assert Caller(server.port, next_address()).get(VERIFY, headers=sent(token)).verdict == (
            401,
            "token_revoked",
        ), "nor does a restart"
    assert caller.get(VERIFY, headers=sent(laravel("plain", one["user"]["id"]))).verdict == (
        401,
        "token_revoked",
    ), "the other's clock may be a minute ahead"
    assert caller.get(VERIFY, headers=sent(laravel("later", one["user"]["id"]))).verdict == (
        401,
        "token_not_yet_valid",
    )


def test_it_manages_no_account_and_comes_in_its_header_alone(town):
    server, caller, _ = town
    token = sign_in(caller, server.add_user())["token"]
    for method, target in (
        ("GET", "/api/v1/sessions"),
        ("DELETE", "/api/v1/sessions"),
        ("GET", "/api/v1/users/me"),
        ("DELETE", "/api/v1/users/me"),
    ):
        assert caller.request(method, target, headers=sent(token)).verdict == (401, "token_missing"), target
    assert caller.get(VERIFY, bearer=token).verdict == (401, "token_malformed")
    assert caller.get(f"{VERIFY}?AccessToken={token}").verdict == (401, "token_missing"), (
        "never in an address"
    )
    other = caller.sign_in_body(server.add_user())
    assert caller.request(
        "GET", VERIFY, headers=[("AccessToken", token), ("Authorization", f"Bearer {other['token']}")]
    ).verdict == (401, "credential_conflict")
    assert caller.get(VERIFY, headers=sent("")).verdict == (401, "token_malformed")
    assert caller.get(VERIFY, headers=sent(token[:-8] + "AAAAAAA=")).status == 401
    assert caller.get(VERIFY, headers=sent(other["token"])).verdict == (401, "token_malformed")


def test_pages_of_listed_origins_may_send_it(make_server):
    server = make_server({"accept.crypt": True, "cors.origins": ["https://app.example"]})
    write_keys(server, app_key())
    server.start()
    ask = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "DELETE",
        "Access-Control-Request-Headers": "accesstoken",
    }
    assert "AccessToken" in Caller(server.port, next_address()).request("OPTIONS", WHO, headers=ask).header(
        "Access-Control-Allow-Headers"
    )


def test_a_refresh_token_goes_with_it(town):
    server, caller, _ = town
    told = sign_in(caller, server.add_user())
    again = caller.post(f"{WHO}/refresh", json={"refresh_token": told["refresh_token"]})
    assert again.status == 200 and again.json()["token_type"] == "Bearer"
    assert caller.get(VERIFY, bearer=again.json()["token"]).status == 200


def test_former_keys_are_read_and_the_first_writes(make_server):
    old, new = app_key(), app_key()
    server = make_server(
        {
            "accept.crypt": True,
            "accept.crypt_header": "X-Access",
            "accept.crypt_fields": ["uid", "at", "until"],
            "accept.crypt_ttl": "10m",
        }
    )
    write_keys(server, old)
    server.start()
    caller, user = Caller(server.port, next_address()), server.add_user()
    before = sign_in(caller, user)["token"]
    server.stop()
    write_keys(server, new, old)
    server.start()
    caller = Caller(server.port, next_address())
    after = sign_in(caller, user)
    assert after["expires_in"] == 600
    for token in (before, after["token"]):
        assert caller.get(VERIFY, headers={"X-Access": token}).status == 200
    laravel = Laravel("AES-256-CBC", new)
    assert set(json.loads(laravel("decrypt", after["token"]))) == {"uid", "at", "until", "session", "ver"}
    assert laravel("decrypt", before).startswith("error")
    laravel.end()
    server.stop()
    write_keys(server, new)
    server.start()
    assert Caller(server.port, next_address()).get(VERIFY, headers={"X-Access": before}).verdict == (
        401,
        "token_not_ours",
    )


def test_off_it_is_neither_issued_nor_read(make_server):
    yesterday = (datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)).date().isoformat()
    for settings in ({}, {"accept.crypt": True, "accept.crypt_until": yesterday}):
        server = make_server(settings)
        key = app_key()
        write_keys(server, key)
        server.start()
        caller, user = Caller(server.port, next_address()), server.add_user()
        answer = caller.post(WHO, json={"username": user.name, "password": PASSWORD, "token_format": "crypt"})
        assert answer.verdict == (400, "invalid_member") and answer.json()["member"] == "token_format"
        laravel = Laravel("AES-256-CBC", key)
        assert caller.get(VERIFY, headers=sent(laravel("plain", "1"))).verdict == (401, "token_missing")
        laravel.end()


def test_it_goes_with_a_body_not_with_a_cookie(town):
    server, caller, _ = town
    user = server.add_user()
    for form in ({"delivery": "cookie"}, {"token_format": "jwe"}, {"token_format": 1}):
        answer = caller.post(
            WHO, json={"username": user.name, "password": PASSWORD, "token_format": "crypt", **form}
        )
        assert answer.verdict == (400, "invalid_member") and answer.json()["member"] == "token_format"


@pytest.mark.parametrize(
    "content, mode, why",
    [
        (None, 0o600, "cannot be read"),
        ("base64:AAAA", 0o600, "line 2 is not a key"),
        (f"base64:{base64.b64encode(bytes(32)).decode()}", 0o644, "can be read by other users"),
        ("", 0o600, "holds no key"),
    ],
)
def test_without_a_good_key_file_it_does_not_start(make_server, content, mode, why):
    server = make_server({"accept.crypt": True})
    if content is not None:
        write_keys(server, content, mode=mode)
    said = server.try_command("serve", "--listen", f"127.0.0.1:{server.port}")
    assert said.returncode != 0 and "accept.crypt_key_file" in said.stderr and why in said.stderr, said.stderr
    assert content is None or not content or content not in said.stderr + said.stdout, "a key is never told"


def test_oauth_clients_ask_about_it_and_take_it_back(town):
    server, caller, laravel = town
    key = server.command("service-key", "add", "api", "--scope", "introspect").strip()
    told = sign_in(caller, server.add_user())
    foreign = laravel("plain", told["user"]["id"])

    def ask(token):
        return caller.post(
            "/oauth2/introspect", body=urlencode({"token": token}).encode(), bearer=key, headers=FORM
        ).json()

    def revoke(token):
        return caller.post("/oauth2/revoke", body=urlencode({"token": token}).encode(), headers=FORM)

    assert ask(told["token"]) == {
        "active": True,
        "token_type": "crypt",
        "sub": told["user"]["id"],
        "sid": told["session"]["id"],
        "iat": told["expires_at"] - 2 * 24 * 3600,
        "exp": told["expires_at"],
    }
    assert "sid" not in ask(foreign) and ask(foreign)["sub"] == told["user"]["id"]
    assert ask(laravel("expired", told["user"]["id"])) == {"active": False} == ask(told["token"][:-8])
    assert revoke(foreign).json()["error"] == "unsupported_token_type" and ask(foreign)["active"]
    assert revoke(told["token"]).status == 200 and ask(told["token"]) == {"active": False}
    assert caller.get(VERIFY, headers=sent(told["token"])).verdict == (401, "token_revoked")
    assert caller.refresh(told["refresh_token"]).verdict == (401, "session_ended")


def test_after_its_last_day_it_is_said_that_it_is_over(make_server):
    server = make_server({"accept.crypt": True, "accept.crypt_until": "2026-01-31"})
    write_keys(server, app_key())
    caller = Caller(server.start().port, next_address())
    answer = caller.get(VERIFY, headers=sent("x"))
    assert answer.verdict == (401, "token_missing") and "no longer accepted" in answer.json()["detail"]

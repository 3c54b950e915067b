# SPDX-License-Identifier: Apache-2.0
"""SIGHUP makes the server read its files of keys again (issue 18, row 46)."""

import signal

import pytest
import test_crypt
import test_jwe
from client import Caller
from conftest import next_address
from test_foreign import SECRET, exchange, keys, prepared, tymon, user_with, write
from waiting import wait_until

__all__ = ["keys", "prepared"]  # fixtures
VERIFY = "/api/v1/verify"
NOT_OURS = (401, "token_not_ours")


def reload(server, event="reloaded"):
    before = server.log().count(f'"{event}"')
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: server.log().count(f'"{event}"') > before, 5, server.log)


def test_a_key_of_encrypted_tokens_is_replaced_without_a_restart(make_server):
    old, new = test_jwe.Key(), test_jwe.Key()
    server, caller = test_jwe.start(make_server, old)
    user = server.add_user()
    before = caller.sign_in_body(user)["token"]
    assert caller.verify(before).status == 200
    test_jwe.write_keys(server, new, old)
    reload(server)
    after = caller.sign_in_body(user)["token"]
    assert new.open(after)
    assert caller.verify(after).status == 200 and caller.verify(before).status == 200
    test_jwe.write_keys(server, new)
    reload(server)
    assert caller.verify(after).status == 200
    assert caller.verify(before).verdict == NOT_OURS, "although the server has seen it before"


def test_a_key_of_crypt_tokens_is_replaced_without_a_restart(make_server):
    old, new = test_crypt.app_key(), test_crypt.app_key()
    server = make_server({"accept.crypt": True})
    test_crypt.write_keys(server, old)
    server.start()
    caller, user = Caller(server.port, next_address()), server.add_user()
    before = test_crypt.sign_in(caller, user)["token"]
    test_crypt.write_keys(server, new, old)
    reload(server)
    after = test_crypt.sign_in(caller, user)["token"]
    for token in (before, after):
        assert caller.get(VERIFY, headers=test_crypt.sent(token)).status == 200
    test_crypt.write_keys(server, new)
    reload(server)
    assert caller.get(VERIFY, headers=test_crypt.sent(after)).status == 200
    assert caller.get(VERIFY, headers=test_crypt.sent(before)).verdict == NOT_OURS


def test_keys_and_issuers_of_foreign_tokens_are_replaced_without_a_restart(prepared):
    server = prepared().start()
    caller = Caller(server.port, next_address())
    user_with(server, "t-7")
    other = "another s3cret of tymon/jwt-auth, 32 bytes"
    before, after = tymon(), tymon(secret=other)
    assert caller.verify(before).status == 200 and caller.verify(after).verdict == NOT_OURS
    write(server, "tymon-secret", other + "\n")
    reload(server)
    assert caller.verify(before).verdict == NOT_OURS and caller.verify(after).status == 200
    assert exchange(caller, after).status == 200
    text = (server.data / "foreign.toml").read_text()
    write(server, "foreign.toml", text.replace("https://old.example", "https://older.example"))
    reload(server)
    assert caller.verify(tymon(secret=other)).verdict == NOT_OURS, "its issuer is no longer named"


@pytest.mark.parametrize("wrong", ["foreign.toml", "token-keys", "crypt-keys"])
def test_a_mistake_in_one_file_changes_nothing(prepared, wrong):
    old, new, crypt = test_jwe.Key(), test_jwe.Key(), test_crypt.app_key()
    server = prepared(**{"tokens.format": "jwe", "accept.crypt": True})
    test_jwe.write_keys(server, old)
    test_crypt.write_keys(server, crypt)
    server.start()
    caller, user = Caller(server.port, next_address()), server.add_user()
    user_with(server, "t-7")
    test_jwe.write_keys(server, new)
    test_crypt.write_keys(server, test_crypt.app_key())
    write(server, "tymon-secret", SECRET[::-1] + "\n")
    write(server, wrong, "no key and no table\n")
    reload(server, "reload_failed")
    assert "the keys of before stay in use" in server.log_with("reload_failed")
    assert old.open(caller.sign_in_body(user)["token"])
    token = test_crypt.sign_in(caller, user)["token"]
    assert caller.get(VERIFY, headers=test_crypt.sent(token)).status == 200
    assert caller.verify(tymon()).status == 200


def test_a_server_without_such_files_takes_the_signal_too(server, caller, ada):
    reload(server)
    assert caller.try_sign_in(ada).status == 200

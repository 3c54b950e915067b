# SPDX-License-Identifier: Apache-2.0
"""Token Status Lists: sign-outs for verifiers that implement only the standard
(draft-ietf-oauth-status-list)."""

import base64
import time
import zlib

import jwt
import pytest
from client import Caller
from conftest import needs_sqlite, next_address
from server import PASSWORD, User

LIST = "/status-lists/"


@pytest.fixture
def served(make_server):
    return make_server({"tokens.status_list": True, "tokens.access_ttl": "60s"}).start()


@pytest.fixture
def caller(served):
    return Caller(served.port, next_address())


def place_of(token):
    """The token's place in a status list, as a verifier reads it."""
    return jwt.decode(token, options={"verify_signature": False})["status"]["status_list"]


def status_of(caller, token):
    """The status of a token, found as the standard says (§8.3): fetch the list, check it, decompress it, look
    up the place."""
    place = place_of(token)
    path = place["uri"][place["uri"].index(LIST) :]
    answer = caller.get(path, headers={"Accept": "application/statuslist+jwt"})
    assert answer.status == 200 and answer.header("Content-Type") == "application/statuslist+jwt", answer
    text = answer.body.decode()
    header = jwt.get_unverified_header(text)
    assert header["typ"] == "statuslist+jwt"
    keys = jwt.PyJWKSet.from_dict(caller.get("/.well-known/jwks.json").json())
    claims = jwt.decode(
        text, keys[header["kid"]].key, algorithms=[header["alg"]], options={"verify_aud": False}
    )
    assert claims["sub"] == place["uri"] and claims["exp"] > time.time() and 0 < claims["ttl"] <= 60
    assert claims["status_list"]["bits"] == 1
    packed = claims["status_list"]["lst"]
    bits = zlib.decompress(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    assert len(bits) == 8192
    return bits[place["idx"] // 8] >> place["idx"] % 8 & 1


def soon(caller, token, wanted, seconds=3):
    deadline = time.monotonic() + seconds
    while (status := status_of(caller, token)) != wanted and time.monotonic() < deadline:
        time.sleep(0.1)
    return status


def test_each_session_has_a_place_of_its_own(served, caller):
    ada = served.add_user()
    tokens = [caller.sign_in_body(ada) for _ in range(4)]
    places = [(place_of(one["token"])["uri"], place_of(one["token"])["idx"]) for one in tokens]
    assert (
        len(set(places)) == 4
        and places[0][0] == served.settings.get("public_url", "http://localhost:8080") + LIST + "0"
    )
    refreshed = caller.refresh(tokens[0]["refresh_token"]).json()
    assert place_of(refreshed["token"]) == place_of(tokens[0]["token"])
    assert [status_of(caller, one["token"]) for one in tokens] == [0, 0, 0, 0]
    assert caller.verify(tokens[0]["token"]).status == 200, "ours pass it over"


def test_whatever_ends_a_session_stands_there(served, caller):
    ada, bob, eve = served.add_user("ada"), served.add_user("bob"), served.add_user("eve")
    out, ended, other, kept = (
        caller.sign_in_body(ada),
        caller.sign_in_body(ada),
        caller.sign_in_body(bob),
        caller.sign_in_body(eve),
    )
    caller.sign_out(out["token"])
    served.command("session", "end", ended["session"]["id"])
    served.command("user", "disable", "bob")
    assert [soon(caller, one["token"], 1) for one in (out, ended, other)] == [1, 1, 1]
    assert status_of(caller, kept["token"]) == 0
    served.crash_and_restart()
    again = Caller(served.port, next_address())
    assert [status_of(again, one["token"]) for one in (out, ended, other, kept)] == [1, 1, 1, 0]
    new = again.sign_in_body(eve)
    assert place_of(new["token"])["idx"] > place_of(kept["token"])["idx"], "no place is given twice"


def test_a_password_change_ends_the_older_tokens_of_its_own_session(served, caller):
    ada = served.add_user("ada")
    here, there = caller.sign_in_body(ada), caller.sign_in_body(ada)
    answer = caller.put(
        "/api/v1/users/me/password",
        bearer=here["token"],
        json={"current_password": PASSWORD, "new_password": "eleven amber herons hum quietly"},
    )
    assert answer.status == 200, answer
    renewed = answer.json()["token"]
    assert soon(caller, here["token"], 1) == 1 and soon(caller, there["token"], 1) == 1
    assert status_of(caller, renewed) == 0


@needs_sqlite
def test_a_restored_copy_believes_in_nothing_of_before(served, caller, tmp_path):
    ada = served.add_user("ada")
    before = caller.sign_in_body(ada)
    served.stop()
    copy = (served.data / "coatcheck.db").read_bytes()
    served.start()
    caller = Caller(served.port, next_address())
    later = caller.sign_in_body(ada)
    served.stop()
    for name in ("coatcheck.db-wal", "coatcheck.db-shm"):
        (served.data / name).unlink(missing_ok=True)
    (served.data / "coatcheck.db").write_bytes(copy)
    served.start()
    caller = Caller(served.port, next_address())
    new = caller.sign_in_body(User("ada", PASSWORD))
    assert [status_of(caller, one["token"]) for one in (before, later, new)] == [1, 1, 0]


def test_who_asks_often_gets_the_same_one(served, caller):
    token = caller.sign_in_body(served.add_user())["token"]
    status_of(caller, token)
    answers = {caller.get(LIST + "0").body for _ in range(20)}
    assert len(answers) <= 2
    answer = caller.get(LIST + "0")
    assert answer.header("Access-Control-Allow-Origin") == "*" and "max-age=5" in answer.header(
        "Cache-Control"
    )
    for none in ("1", "-1", "1000000000", "00", "x", "999999999999999999999", "0x0", ""):
        assert caller.get(LIST + none).verdict == (404, "not_found"), none


def test_a_list_is_no_access_token(served, caller):
    caller.sign_in_body(served.add_user())
    assert caller.verify(caller.get(LIST + "0").body.decode()).verdict == (401, "token_not_ours")


def test_off_there_is_none_and_tokens_name_none(make_server):
    server = make_server({}).start()
    caller = Caller(server.port, next_address())
    token = caller.sign_in_body(server.add_user())["token"]
    assert "status" not in jwt.decode(token, options={"verify_signature": False})
    assert caller.get(LIST + "0").verdict == (404, "not_found")
    # When the operator switches the lists on later, older sessions have no place and new ones do.
    told = caller.sign_in_body(server.add_user("ada"))
    server.stop()
    server.settings["tokens.status_list"] = True
    server.start()
    caller = Caller(server.port, next_address())
    assert "status" not in jwt.decode(
        caller.refresh(told["refresh_token"]).json()["token"], options={"verify_signature": False}
    )
    assert status_of(caller, caller.sign_in_body(User("ada", PASSWORD))["token"]) == 0


@pytest.mark.parametrize("algorithm", ["RS256", "EdDSA"])
def test_it_is_signed_as_tokens_are(make_server, algorithm):
    server = make_server({"tokens.status_list": True, "tokens.algorithm": algorithm}).start()
    caller = Caller(server.port, next_address())
    assert status_of(caller, caller.sign_in_body(server.add_user())["token"]) == 0

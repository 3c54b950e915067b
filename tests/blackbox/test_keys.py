# SPDX-License-Identifier: Apache-2.0
"""Rotating keys disturbs no client, and a revoked key is refused at once."""

import stat
import threading

import pytest
from client import Caller
from conftest import next_address
from server import PASSWORD, User
from tokens import header_of
from waiting import wait_until


def published(caller):
    return [key["kid"] for key in caller.get("/.well-known/jwks.json").json()["keys"]]


def ring(server):
    """The key ids by their state, from the command."""
    states = {}
    for row in server.rows("key", "list"):
        states.setdefault(row["state"], []).append(row.get("kid", row.get("id")))
    return states


def kid_of(signed_in):
    return header_of(signed_in["token"])["kid"]


@pytest.fixture
def ringed(make_server):
    """A server for one test, because a change of keys affects every user."""
    server = make_server()
    server.add_user("ada")
    return server.start()


@pytest.fixture
def ada():
    return User("ada", PASSWORD)


def test_the_ring_has_a_current_key_and_the_next(ringed, ada):
    caller = Caller(ringed.port, next_address())
    keys = ring(ringed)
    assert len(keys["current"]) == len(keys["next"]) == 1
    assert sorted(published(caller)) == sorted(keys["current"] + keys["next"])
    assert kid_of(caller.sign_in_body(ada)) == keys["current"][0]


def test_rotating_makes_the_next_key_current_and_loses_nobody(ringed, ada):
    caller = Caller(ringed.port, next_address())
    before, first = ring(ringed), caller.sign_in_body(ada)
    assert caller.verify(first["token"]).status == 200
    unseen = caller.sign_in_body(ada)
    ringed.command("key", "rotate")
    wait_until(lambda: kid_of(caller.sign_in_body(ada)) == before["next"][0], 1)
    after = ring(ringed)
    assert after["current"] == before["next"] and after["retired"] == before["current"]
    assert after["next"][0] not in before["current"] + before["next"]
    assert set(published(caller)) == set(after["current"] + after["next"] + after["retired"])
    # Row 27 of the issue "A smooth ride": some libraries take the first key.
    assert published(caller)[0] == after["current"][0]
    for signed_in in (first, unseen):
        assert caller.verify(signed_in["token"]).status == 200
        assert kid_of(caller.refresh(signed_in["refresh_token"]).json()) == after["current"][0]


def test_tokens_survive_several_rotations_and_a_restart(ringed, ada):
    caller = Caller(ringed.port, next_address())
    sessions = [caller.sign_in_body(ada)]
    for _ in range(4):
        ringed.command("key", "rotate")
        sessions.append(caller.sign_in_body(ada))
    ringed.restart()
    assert len({kid_of(one) for one in sessions}) == 5
    for signed_in in sessions:
        assert caller.verify(signed_in["token"]).status == 200
        assert caller.refresh(signed_in["refresh_token"]).status == 200


def test_a_rotation_under_load_refuses_nobody(ringed, ada):
    caller = Caller(ringed.port, next_address())
    signed_in = caller.sign_in_body(ada)
    stop, refusals, counts = threading.Event(), [], [0, 0]

    def verify():
        with caller.connect() as connection:
            message = caller.compose("GET", "/api/v1/verify", bearer=signed_in["token"])
            while not stop.is_set():
                connection.send(message)
                answer = connection.read()
                counts[0] += 1
                if answer.status != 200:
                    refusals.append(answer.verdict)

    def refresh():
        mine = Caller(ringed.port, next_address()).sign_in_body(ada)
        while not stop.is_set():
            answer = caller.refresh(mine["refresh_token"])
            counts[1] += 1
            if answer.status != 200 or caller.verify(answer.json()["token"]).status != 200:
                refusals.append(answer.verdict)
                return
            mine = answer.json()

    threads = [threading.Thread(target=work) for work in (verify, verify, refresh)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(5):
            seen = list(counts)
            ringed.command("key", "rotate")
            wait_until(lambda: refusals or all(now > before + 1 for now, before in zip(counts, seen)), 60)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not refusals


def test_a_revoked_key_takes_its_tokens_along_at_once_and_nobody_is_signed_out(ringed, ada):
    caller = Caller(ringed.port, next_address())
    proven, unseen = caller.sign_in_body(ada), caller.sign_in_body(ada)
    assert caller.verify(proven["token"]).status == 200, "now the proof is remembered"
    key = kid_of(proven)
    ringed.command("key", "revoke", key)
    wait_until(lambda: caller.verify(proven["token"]).status == 401, 1)
    for signed_in in (proven, unseen):
        assert caller.verify(signed_in["token"]).verdict == (401, "token_not_ours")
        refreshed = caller.refresh(signed_in["refresh_token"])
        assert refreshed.status == 200 and kid_of(refreshed.json()) != key
        assert caller.verify(refreshed.json()["token"]).status == 200
    assert key not in published(caller) and key not in sum(ring(ringed).values(), [])
    assert len(ring(ringed)["current"]) == len(ring(ringed)["next"]) == 1
    ringed.crash_and_restart()
    assert caller.verify(proven["token"]).verdict == (401, "token_not_ours")
    assert key not in published(caller)


def test_signing_out_with_a_token_of_a_revoked_key_needs_the_refresh_token(ringed, ada):
    caller = Caller(ringed.port, next_address())
    one, other = caller.sign_in_body(ada), caller.sign_in_body(ada)
    ringed.command("key", "revoke", kid_of(one))
    wait_until(lambda: caller.verify(one["token"]).status == 401, 1)
    assert caller.sign_out(one["token"]).verdict == (401, "token_not_ours"), (
        "whose session it was is not proven"
    )
    both = caller.delete(
        "/api/v1/authentication", bearer=one["token"], json={"refresh_token": one["refresh_token"]}
    )
    assert both.status == 204
    assert caller.refresh(one["refresh_token"]).verdict == (401, "session_ended")
    assert caller.refresh(other["refresh_token"]).status == 200
    wrong = caller.delete("/api/v1/authentication", bearer=one["token"], json={"refresh_token": "x" * 43})
    assert wrong.status == 401


def test_a_revoked_key_is_gone_on_every_connection(ringed, ada):
    """The proofs of every event loop must become void."""
    caller = Caller(ringed.port, next_address())
    token = caller.sign_in_body(ada)["token"]
    message = caller.compose("GET", "/api/v1/verify", bearer=token)
    connections = [caller.connect() for _ in range(24)]
    for expected in (200, 401):
        for connection in connections:
            connection.send(message)
        assert {connection.read().status for connection in connections} == {expected}
        if expected == 200:
            ringed.command("key", "revoke", header_of(token)["kid"])
            wait_until(lambda: caller.verify(token).status == 401, 1)
    for connection in connections:
        connection.close()


def test_a_retired_and_a_next_key_can_be_revoked_too(ringed, ada):
    caller = Caller(ringed.port, next_address())
    old = caller.sign_in_body(ada)
    ringed.command("key", "rotate")
    new = caller.sign_in_body(ada)
    ringed.command("key", "revoke", kid_of(old))
    wait_until(lambda: caller.verify(old["token"]).status == 401, 1)
    assert caller.verify(new["token"]).status == 200
    following = ring(ringed)["next"][0]
    ringed.command("key", "revoke", following)
    wait_until(lambda: following not in published(caller), 1)
    assert len(ring(ringed)["next"]) == 1
    assert caller.verify(new["token"]).status == 200


@pytest.mark.parametrize("kid", ["nothing", "", "1", "MAC", "../x", "*"])
def test_a_key_that_is_not_there_cannot_be_revoked(ringed, ada, kid):
    caller = Caller(ringed.port, next_address())
    signed_in = caller.sign_in_body(ada)
    before = ring(ringed)
    result = ringed.try_command("key", "revoke", kid)
    assert result.returncode != 0 and (result.stderr + result.stdout).strip()
    assert ring(ringed) == before
    assert (
        caller.verify(signed_in["token"]).status == 200
        and caller.refresh(signed_in["refresh_token"]).status == 200
    )


def test_keys_rotate_and_go_while_no_server_runs(ringed, ada):
    caller = Caller(ringed.port, next_address())
    kept, lost = caller.sign_in_body(ada), None
    ringed.command("key", "rotate")
    lost = caller.sign_in_body(ada)
    ringed.stop()
    ringed.command("key", "rotate")
    ringed.command("key", "revoke", kid_of(lost))
    ringed.start()
    assert caller.verify(kept["token"]).status == 200
    assert caller.verify(lost["token"]).verdict == (401, "token_not_ours")
    assert caller.refresh(lost["refresh_token"]).status == 200


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "EdDSA", "Ed25519"])
def test_another_algorithm_signs_nobody_out(ringed, ada, algorithm):
    """After one line of configuration and a restart, old tokens count until they expire."""
    caller = Caller(ringed.port, next_address())
    old = caller.sign_in_body(ada)
    ringed.stop()
    ringed.settings["tokens.algorithm"] = algorithm
    ringed.start()
    assert caller.verify(old["token"]).status == 200
    new = caller.refresh(old["refresh_token"]).json()
    assert header_of(new["token"])["alg"] == {"Ed25519": "EdDSA"}.get(algorithm, algorithm)
    assert published(caller)[0] == kid_of(new)
    assert caller.verify(new["token"]).status == 200
    ringed.stop()
    del ringed.settings["tokens.algorithm"]
    ringed.start()
    assert caller.verify(old["token"]).status == caller.verify(new["token"]).status == 200
    assert header_of(caller.refresh(new["refresh_token"]).json()["token"])["alg"] == "ES256"


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_no_key_lies_about_in_the_clear(make_server, algorithm):
    """No file holds a private key in PEM, DER or JWK, or as a bare number."""
    server = make_server({"tokens.algorithm": algorithm})
    server.add_user("ada")
    server.start()
    server.command("key", "rotate")
    for path in server.data.rglob("*"):
        if not path.is_file():
            continue
        content = path.read_bytes()
        for mark in (
            b"PRIVATE KEY",
            b'"d":',
            b"\x30\x81\x87\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48",
            b"\x30\x77\x02\x01\x01\x04\x20",
            b"\x02\x01\x00\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01",
        ):
            assert mark not in content, f"{path.name} holds a private key"


def test_what_lies_in_the_data_directory_is_for_its_owner_alone(ringed, ada):
    Caller(ringed.port, next_address()).sign_in_body(ada)
    assert stat.S_IMODE(ringed.data.stat().st_mode) & 0o077 == 0
    seen = []
    for path in ringed.data.rglob("*"):
        mode = path.lstat().st_mode
        seen.append(path.name)
        if stat.S_ISREG(mode) or stat.S_ISSOCK(mode):
            assert stat.S_IMODE(mode) & 0o177 == 0, f"{path.name} has mode {stat.S_IMODE(mode):o}"
        elif stat.S_ISDIR(mode):
            assert stat.S_IMODE(mode) & 0o077 == 0
    assert "control.sock" in seen


def test_keys_are_sealed_with_another_file_and_nobody_is_signed_out(make_server):
    server = make_server()
    server.start()
    session = Caller(server.port).sign_in_body(server.add_user("ada"))
    before = published(Caller(server.port))
    busy = server.try_command("key", "reseal", "fresh.key")
    assert busy.returncode == 1 and "in use by another coatcheck" in busy.stderr
    server.stop()
    assert "store.sealing_key_file" in server.command("key", "reseal", "fresh.key")
    assert stat.S_IMODE((server.data / "fresh.key").stat().st_mode) == 0o600
    with pytest.raises(RuntimeError, match="sealed with another key"):
        server.start()
    server.settings["store.sealing_key_file"] = "fresh.key"
    (server.data / "master.key").unlink()
    server.start()
    assert published(Caller(server.port)) == before
    assert Caller(server.port).verify(session["token"]).status == 200
    assert Caller(server.port).refresh(session["refresh_token"]).status == 200

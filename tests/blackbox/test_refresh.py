# SPDX-License-Identifier: Apache-2.0
"""A refresh rotates the refresh token. Within the grace a superseded token returns the current one, so that a
lost answer does no harm; after the grace it ends the session."""

import concurrent.futures
import time

import pytest
from client import Caller, Connection
from tokens import claims_of, decode, encode
from waiting import wait_until

GRACE = 2
SETTINGS = {"sessions.refresh_grace": f"{GRACE}s"}
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def rotate(caller, token):
    answer = caller.refresh(token)
    assert answer.status == 200, answer
    return answer.json()["refresh_token"]


def test_a_refresh_gives_a_new_access_token_and_a_new_refresh_token(caller, ada):
    first = caller.sign_in_body(ada)
    answer = caller.refresh(first["refresh_token"])
    assert answer.status == 200
    second = answer.json()
    assert second.keys() == first.keys()
    assert second["token"] != first["token"] and second["refresh_token"] != first["refresh_token"]
    assert second["user"] == first["user"] and second["session"]["id"] == first["session"]["id"]
    assert caller.verify(second["token"]).status == 200
    assert caller.verify(first["token"]).status == 200, "a refresh revokes no access token"


def test_a_refresh_token_can_be_recognised_and_is_no_jwt(caller, ada):
    token = caller.sign_in_body(ada)["refresh_token"]
    assert token.startswith("ccr_") and "." not in token
    assert caller.verify(token).verdict == (401, "token_malformed")


def test_an_access_token_does_not_refresh(caller, ada):
    assert caller.refresh(caller.sign_in_body(ada)["token"]).verdict == (401, "refresh_token_malformed")


def test_a_repeated_request_within_the_grace_gets_the_same_token(caller, ada):
    token = caller.sign_in_body(ada)["refresh_token"]
    lost = rotate(caller, token)
    again = caller.refresh(token)
    assert again.status == 200 and again.json()["refresh_token"] == lost
    assert caller.verify(again.json()["token"]).status == 200
    assert rotate(caller, lost) != lost


def test_within_the_grace_any_older_generation_gets_the_current_one(caller, ada):
    first = caller.sign_in_body(ada)["refresh_token"]
    second = rotate(caller, first)
    third = rotate(caller, second)
    fourth = rotate(caller, third)
    assert [rotate(caller, old) for old in (first, second, third)] == [fourth] * 3


def test_a_fifth_rotation_within_the_grace_gets_the_current_token_unrotated(caller, ada):
    tokens = [caller.sign_in_body(ada)["refresh_token"]]
    start = time.monotonic()
    for _ in range(4):
        tokens.append(rotate(caller, tokens[-1]))
    assert len(set(tokens)) == 5
    for _ in range(3):
        answer = caller.refresh(tokens[-1])
        assert answer.status == 200 and answer.json()["refresh_token"] == tokens[-1]
        assert caller.verify(answer.json()["token"]).status == 200
    assert [rotate(caller, old) for old in tokens] == [tokens[-1]] * 5
    assert time.monotonic() - start < GRACE, "too slow for a result"
    time.sleep(start + GRACE + 0.2 - time.monotonic())
    assert rotate(caller, tokens[-1]) != tokens[-1]


def test_a_race_has_one_winner_and_no_loser(caller, ada):
    """All clients connect and send all but one byte; then all send their last byte at once."""
    token = caller.sign_in_body(ada)["refresh_token"]
    message = caller.compose("POST", "/api/v1/authentication/refresh", json={"refresh_token": token})
    connections = [Connection(caller.port, caller.source) for _ in range(50)]
    for connection in connections:
        connection.send(message[:-1])
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        list(pool.map(lambda connection: connection.send(message[-1:]), connections))
        answers = list(pool.map(lambda connection: connection.read(), connections))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1
    assert {caller.verify(answer.json()["token"]).status for answer in answers} == {200}
    for connection in connections:
        connection.close()


def test_replay_outside_the_grace_ends_the_session_for_ever(caller, ada, server):
    first = caller.sign_in_body(ada)
    second = caller.refresh(first["refresh_token"]).json()
    time.sleep(GRACE + 0.2)
    assert caller.refresh(first["refresh_token"]).verdict == (401, "refresh_token_reused")
    assert caller.refresh(second["refresh_token"]).verdict == (401, "session_ended")
    assert (
        caller.verify(first["token"]).verdict
        == caller.verify(second["token"]).verdict
        == (401, "token_revoked")
    )
    for token in (first["refresh_token"], second["refresh_token"]):
        assert caller.refresh(token).status == 401
    assert "reuse" in server.command("audit", "list", "--json"), "replay is a security event"


def test_the_thief_who_refreshes_first_loses_it_again(caller, ada):
    """The owner presents the superseded token after the grace, and the session ends for both."""
    owner = caller.sign_in_body(ada)["refresh_token"]
    thief = caller.refresh(owner).json()
    time.sleep(GRACE + 0.2)
    assert caller.refresh(owner).verdict == (401, "refresh_token_reused")
    assert caller.refresh(thief["refresh_token"]).verdict == (401, "session_ended")
    assert caller.verify(thief["token"]).verdict == (401, "token_revoked")


def test_a_current_token_stays_valid_after_the_grace(caller, ada):
    token = caller.sign_in_body(ada)["refresh_token"]
    time.sleep(GRACE + 0.2)
    assert caller.refresh(token).status == 200


def test_the_grace_counts_from_the_superseding_not_from_the_last_use(caller, ada):
    first = caller.sign_in_body(ada)["refresh_token"]
    rotate(caller, first)
    start = time.monotonic()
    while time.monotonic() < start + GRACE - 0.4:
        assert caller.refresh(first).status == 200
        time.sleep(0.3)
    time.sleep(start + GRACE + 0.2 - time.monotonic())
    assert caller.refresh(first).verdict == (401, "refresh_token_reused")


def test_ending_one_session_leaves_the_others(caller, ada):
    other = caller.sign_in_body(ada)
    first = caller.sign_in_body(ada)["refresh_token"]
    rotate(caller, first)
    time.sleep(GRACE + 0.2)
    assert caller.refresh(first).status == 401
    assert (
        caller.verify(other["token"]).status == 200 and caller.refresh(other["refresh_token"]).status == 200
    )


def test_a_rotation_never_extends_the_absolute_end(caller, ada):
    first = caller.sign_in_body(ada)
    time.sleep(1.1)
    second = caller.refresh(first["refresh_token"]).json()
    assert second["session"]["expires_at"] == first["session"]["expires_at"]
    assert second["session"]["idle_expires_at"] > first["session"]["idle_expires_at"]
    assert second["session"]["last_used_at"] > first["session"]["last_used_at"]
    assert second["session"]["created_at"] == first["session"]["created_at"]


def test_a_session_ends_at_its_absolute_end_however_busy_it_is(make_server):
    server = make_server({"sessions.absolute": "6s", "sessions.idle": "5s", "tokens.access_ttl": "1m"})
    user = server.add_user()
    server.start()
    caller = Caller(server.port)
    signed_in = caller.sign_in_body(user)
    token, end = signed_in["refresh_token"], signed_in["session"]["expires_at"]
    while (answer := caller.refresh(token)).status == 200:
        assert time.time() < end + 1, "refreshing moved the absolute end"
        assert answer.json()["expires_at"] <= end, "a token outlives its session"
        token = answer.json()["refresh_token"]
        time.sleep(0.3)
    assert answer.verdict == (401, "session_ended")
    assert time.time() >= end - 1, "a session that is used does not idle out"


def test_a_session_that_nobody_uses_ends(make_server):
    server = make_server({"sessions.idle": "1s"})
    user = server.add_user()
    server.start()
    idle = Caller(server.port).sign_in_body(user)
    # Asking by the refresh token would use the session, so an operator looks.
    wait_until(lambda: not server.rows("session", "list"))
    assert Caller(server.port).refresh(idle["refresh_token"]).verdict == (401, "session_ended")


def test_every_flipped_bit_is_refused(caller, ada):
    """Flips each bit of the bytes after the prefix, then replaces each character by its neighbour."""
    token = caller.sign_in_body(ada)["refresh_token"]
    text = token[4:]
    raw = decode(text)
    forged = set()
    for bit in range(len(raw) * 8):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        forged.add("ccr_" + encode(bytes(flipped)))
    for index, letter in enumerate(text):
        other = ALPHABET[(ALPHABET.index(letter) + 1) % 64]
        forged.add("ccr_" + text[:index] + other + text[index + 1 :])
    forged.discard(token)
    verdicts = refresh_each(caller, forged)
    assert set(verdicts.values()) == {(401, "refresh_token_malformed")}, verdicts
    assert caller.refresh(token).status == 200, "the session is untouched"


def test_every_truncation_and_extension_is_refused(caller, ada):
    token = caller.sign_in_body(ada)["refresh_token"]
    forged = {token[:length] for length in range(1, len(token))} | {
        token[start:] for start in range(1, len(token))
    }
    forged |= {token + "A", token + "AAAA", token + "=", token + " ", " " + token, token + token, token + "."}
    forged |= {
        token.upper(),
        token.replace("ccr_", "CCR_"),
        token.replace("ccr_", "ccs_"),
        token.replace("ccr_", ""),
    }
    verdicts = refresh_each(caller, forged)
    assert set(verdicts.values()) == {(401, "refresh_token_malformed")}, verdicts
    assert caller.refresh(token).status == 200


def test_the_parts_of_two_tokens_cannot_be_joined(caller, ada, user):
    """Joins the ids, counter and secret of one session with the rest of another, cut at every byte."""
    one, two = caller.sign_in_body(ada)["refresh_token"], caller.sign_in_body(user)["refresh_token"]
    next_one = rotate(caller, one)
    forged = {
        a[:cut] + b[cut:] for a, b in ((one, two), (two, one), (next_one, two)) for cut in range(5, len(one))
    }
    forged -= {one, two, next_one}
    assert len(one) == len(two) == len(next_one)
    verdicts = refresh_each(caller, forged)
    assert set(verdicts.values()) == {(401, "refresh_token_malformed")}, verdicts


def test_a_counter_cannot_be_moved(caller, ada):
    """Copies the bytes in which two generations differ from one token into the other."""
    one = caller.sign_in_body(ada)["refresh_token"]
    two = rotate(caller, one)
    three = rotate(caller, two)
    forged = set()
    for a, b in ((one, two), (two, three), (three, one)):
        differing = [index for index in range(len(a)) if a[index] != b[index]]
        for index in differing[:8]:
            forged.add(a[:index] + b[index] + a[index + 1 :])
    forged -= {one, two, three}
    assert forged
    assert set(refresh_each(caller, forged).values()) == {(401, "refresh_token_malformed")}
    assert rotate(caller, three) != three


def refresh_each(caller, tokens):
    """The verdict on each token, over one connection."""
    verdicts = {}
    with caller.connect() as connection:
        for token in tokens:
            connection.send(
                caller.compose("POST", "/api/v1/authentication/refresh", json={"refresh_token": token})
            )
            verdicts[token] = connection.read().verdict
    return verdicts


@pytest.mark.parametrize(
    "junk", ["", "ccr_", "null", "ccr_" + "A" * 9000, "ccr_🦦", "ccr_\x00", "' or 1=1 --"]
)
def test_junk_is_refused(caller, junk):
    answer = caller.refresh(junk)
    assert answer.verdict in {(401, "refresh_token_malformed"), (400, "invalid_member")}


def test_a_refresh_without_a_token_says_so(caller):
    for more in ({}, {"json": {}}, {"body": b""}):
        answer = caller.post("/api/v1/authentication/refresh", headers={"X-Coatcheck": "1"}, **more)
        assert answer.verdict == (401, "refresh_token_missing"), more


def test_what_was_true_at_sign_in_stays_in_refreshed_tokens(caller, ada):
    first = caller.sign_in_body(ada)
    time.sleep(1.1)
    second = caller.refresh(first["refresh_token"]).json()
    before, after = claims_of(first["token"]), claims_of(second["token"])
    for name in ("iss", "sub", "aud", "sid", "auth_time", "amr", "client_id", "scope", "ver"):
        assert before[name] == after[name], name
    assert after["iat"] > before["iat"] and after["exp"] > before["exp"] and after["jti"] != before["jti"]


def test_a_refresh_token_of_another_server_is_refused(caller, make_server):
    other = make_server()
    user = other.add_user()
    other.start()
    foreign = Caller(other.port).sign_in_body(user)["refresh_token"]
    assert caller.refresh(foreign).verdict == (401, "refresh_token_malformed")

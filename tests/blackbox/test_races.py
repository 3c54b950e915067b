# SPDX-License-Identifier: Apache-2.0
"""Two requests at once: an acknowledged revocation also holds for requests that were already on their way."""

import concurrent.futures
import threading

import pytest
from client import Caller
from conftest import next_address
from server import PASSWORD, User

SETTINGS = {"sign_up.enabled": True}
OTHER = "eleven amber herons hum quietly"


@pytest.fixture(scope="module")
def pool():
    with concurrent.futures.ThreadPoolExecutor(32) as threads:
        yield threads


def all_at_once(pool, caller, messages):
    """Sends each message over its own connection, and the last byte of all messages at the same moment."""
    connections = [caller.connect() for _ in messages]
    for connection, message in zip(connections, messages, strict=True):
        connection.send(message[:-1])
    gate = threading.Barrier(len(messages))

    def finish(pair):
        gate.wait()
        pair[0].send(pair[1][-1:])
        answer = pair[0].read()
        pair[0].close()
        return answer

    return list(pool.map(finish, zip(connections, messages, strict=True)))


def is_dead(caller, signed_in):
    return caller.verify(signed_in["token"]).status == 401 and (
        "refresh_token" not in signed_in or caller.refresh(signed_in["refresh_token"]).status == 401
    )


def set_password(server, user):
    server.command("user", "password", user.name, "--password-stdin", stdin=OTHER + "\n")


@pytest.mark.parametrize(
    "take_back",
    [
        lambda server, user: server.command("user", "disable", user.name),
        set_password,
        lambda server, user: server.command("user", "delete", user.name),
    ],
)
def test_a_sign_in_on_its_way_does_not_outlive_what_happens_meanwhile(server, pool, take_back):
    """Hashing a password takes some 20 ms, which gives the operator time to act."""
    for _ in range(6):
        user, caller = server.add_user(), Caller(server.port, next_address())
        coming = [pool.submit(caller.try_sign_in, user, delivery="body") for _ in range(3)]
        take_back(server, user)
        for answer in (future.result() for future in coming):
            assert answer.status in (200, 401, 429)
            assert answer.status != 200 or is_dead(caller, answer.json())


def test_a_sign_out_wins_over_a_refresh_on_its_way(server, pool, ada):
    caller = Caller(server.port, next_address())
    for _ in range(25):
        signed_in = caller.sign_in_body(ada)
        refresh = caller.compose(
            "POST", "/api/v1/authentication/refresh", json={"refresh_token": signed_in["refresh_token"]}
        )
        sign_out = caller.compose("DELETE", "/api/v1/authentication", bearer=signed_in["token"])
        *refreshed, gone = all_at_once(pool, caller, [refresh] * 6 + [sign_out])
        assert gone.status == 204
        for answer in refreshed:
            assert answer.verdict in {(200, None), (401, "session_ended")}
            assert answer.status != 200 or is_dead(caller, answer.json())


def test_a_password_change_wins_over_a_refresh_on_its_way(server, pool):
    caller = Caller(server.port, next_address())
    for _ in range(5):
        user = server.add_user()
        here, there = caller.sign_in_body(user), caller.sign_in_body(user)
        refresh = caller.compose(
            "POST", "/api/v1/authentication/refresh", json={"refresh_token": there["refresh_token"]}
        )
        form = {"current_password": user.password, "new_password": OTHER}
        change = caller.compose("PUT", "/api/v1/users/me/password", bearer=here["token"], json=form)
        *refreshed, changed = all_at_once(pool, caller, [refresh] * 6 + [change])
        assert changed.status == 200 and caller.verify(changed.json()["token"]).status == 200
        for answer in refreshed:
            assert answer.status != 200 or is_dead(caller, answer.json())


def test_of_two_password_changes_at_once_one_wins(server, pool):
    """Both changes start with the valid current password. At the end one new password is valid, and only its
    session lives."""
    caller = Caller(server.port, next_address())
    for _ in range(4):
        user = server.add_user()
        sessions = [caller.sign_in_body(user) for _ in range(2)]
        news = [f"{OTHER} number {number}" for number in range(2)]
        messages = [
            caller.compose(
                "PUT",
                "/api/v1/users/me/password",
                bearer=signed_in["token"],
                json={"current_password": user.password, "new_password": new},
            )
            for signed_in, new in zip(sessions, news, strict=True)
        ]
        answers = all_at_once(pool, caller, messages)
        right = [new for new in news if caller.try_sign_in(user, new).status == 200]
        assert len(right) == 1 and [answer.status for answer in answers].count(200) == 1, answers
        winner = answers[news.index(right[0])]
        assert winner.status == 200 and caller.verify(winner.json()["token"]).status == 200
        assert is_dead(caller, sessions[1 - news.index(right[0])])


def test_a_name_and_an_address_are_given_once_however_many_ask_at_once(server, pool):
    caller = Caller(server.port, next_address())
    for attempt in range(3):
        forms = [{"username": f"wanted-{attempt}", "password": PASSWORD} for _ in range(8)]
        forms += [
            {
                "username": f"asker-{attempt}-{number}",
                "password": PASSWORD,
                "email": f"wanted-{attempt}@example.org",
            }
            for number in range(8)
        ]
        answers = all_at_once(
            pool, caller, [caller.compose("POST", "/api/v1/users", json=form) for form in forms]
        )
        assert {answer.status for answer in answers} <= {201, 409, 429, 503}
        for half in (answers[:8], answers[8:]):
            assert [answer.status for answer in half].count(201) <= 1
        if caller.try_sign_in(User(f"wanted-{attempt}", PASSWORD)).status == 200:
            assert 201 in [answer.status for answer in answers[:8]]


def test_a_role_that_was_taken_away_is_in_no_token_that_still_counts(server, pool):
    """A client refreshes as fast as it can while the operator takes the role away."""
    caller = Caller(server.port, next_address())
    for _ in range(3):
        user = server.add_user(None, PASSWORD, "--role", "admin")
        token, stop, seen = caller.sign_in_body(user)["refresh_token"], threading.Event(), []

        def work(token=token, stop=stop, seen=seen):
            while not stop.is_set():
                answer = caller.refresh(token)
                if answer.status == 200:
                    seen.append(answer.json())

        workers = [pool.submit(work) for _ in range(4)]
        server.command("user", "set", user.name, "--role", "reader")
        known = list(seen)
        stop.set()
        for worker in workers:
            worker.result()
        assert known and seen
        for signed_in in seen:
            answer = caller.verify(signed_in["token"])
            assert (answer.status == 200) == (answer.header("X-Auth-Roles") == "reader"), answer
            assert answer.status == 200 or answer.code == "token_stale"


def test_ending_all_sessions_at_once_with_new_ones_coming_in_ends_all_that_were_there(server, pool):
    user, caller = server.add_user(), Caller(server.port, next_address())
    there = [caller.sign_in_body(user) for _ in range(5)]
    message = caller.compose("DELETE", "/api/v1/sessions", bearer=there[0]["token"])
    answers = all_at_once(pool, caller, [message] * 8)
    assert {answer.status for answer in answers} <= {204, 401} and 204 in [
        answer.status for answer in answers
    ]
    assert all(is_dead(caller, signed_in) for signed_in in there)
    assert caller.try_sign_in(user).status == 200


def test_an_account_is_deleted_once(server, pool):
    user, caller = server.add_user(), Caller(server.port, next_address())
    signed_in = caller.sign_in_body(user)
    message = caller.compose(
        "DELETE", "/api/v1/users/me", bearer=signed_in["token"], json={"current_password": user.password}
    )
    answers = all_at_once(pool, caller, [message] * 4)
    assert [answer.status for answer in answers].count(204) >= 1
    assert {answer.status for answer in answers} <= {204, 401, 429}
    assert is_dead(caller, signed_in) and caller.try_sign_in(user).verdict == (401, "invalid_credentials")

# SPDX-License-Identifier: Apache-2.0
"""The machine's clock is set while the server runs, or between two runs (clock.py). Row 2 of the issue
"Promises that hold": one moment of a clock that was ahead stayed with an installation for good."""

import email.utils
import time

import postgres
import pytest
from client import Caller, Closed
from clock import Clock
from conftest import needs_sqlite, next_address
from tokens import claims_of
from waiting import wait_until

YEARS = 10 * 365 * 86400
WRONG = (503, "clock_wrong")


@pytest.fixture
def server(make_server):
    server = make_server()
    server.clock = Clock(server.directory)
    server.environment = server.clock.environment
    return server


def caller_of(server):
    return Caller(server.port, next_address())


def date_of(answer):
    return email.utils.parsedate_to_datetime(answer.header("Date")).timestamp()


def set_clock(server, ahead):
    """Sets the clock of a server that runs, and waits until its answers show it."""
    server.clock.set(ahead)
    caller = caller_of(server)
    wait_until(lambda: abs(date_of(caller.get("/healthz")) - time.time() - ahead) < 5)


def is_now(time_of):
    return abs(time_of - time.time()) < 5


def launch_with_wrong_clock(server):
    def says_so():
        try:
            answer = Caller(server.port).get("/readyz")
        except (OSError, Closed):
            return False
        assert answer.status == 503, server.log()
        return answer.verdict == WRONG

    server.launch()
    wait_until(says_so, log=server.log)


def assert_issues_nothing(server, user, refresh_token):
    caller = caller_of(server)
    assert caller.try_sign_in(user).verdict == WRONG
    refused = caller.refresh(refresh_token)
    assert refused.verdict == WRONG and refused.header("Retry-After") == "60"
    assert caller.get("/readyz").verdict == WRONG


@needs_sqlite
def test_a_clock_that_jumps_ahead_and_back_leaves_nothing(server):
    user = server.add_user()
    server.start()
    caller = caller_of(server)
    signed_in = caller.sign_in_body(user)
    set_clock(server, 3 * 3600)
    assert_issues_nothing(server, user, signed_in["refresh_token"])
    assert abs(date_of(caller.get("/healthz")) - time.time() - 3 * 3600) < 5
    assert caller.verify(signed_in["token"]).verdict == (401, "token_expired"), "by the clock that is ahead"
    assert "restart the server" in server.log_with('"event":"clock_wrong"', seconds=20)
    findings = server.try_command("doctor").stdout
    assert "no tokens are issued" in findings and "restart the server" in findings

    set_clock(server, 0)
    refreshed = caller.refresh(signed_in["refresh_token"])
    assert refreshed.status == 200 and is_now(date_of(refreshed))
    claims = claims_of(refreshed.json()["token"])
    assert is_now(claims["iat"]) and claims["exp"] == claims["iat"] + 900
    assert caller.verify(signed_in["token"]).status == 200
    assert caller.get("/readyz").status == 200
    server.log_with("clock_right", seconds=20)
    assert "no tokens are issued" not in server.try_command("doctor").stdout


@needs_sqlite
def test_a_start_years_ahead_does_no_harm_to_an_installation(server):
    user = server.add_user()
    server.start()
    caller = caller_of(server)
    kept, ended = caller.sign_in_body(user), caller.sign_in_body(user)
    assert caller.sign_out(ended["token"]).status == 204
    server.stop()
    server.clock.set(YEARS)
    launch_with_wrong_clock(server)
    assert_issues_nothing(server, user, kept["refresh_token"])
    server.log_with("coatcheck store set-clock")
    server.stop()

    server.clock.set(0)
    server.start()
    assert caller.verify(kept["token"]).status == 200
    assert caller.verify(ended["token"]).verdict == (401, "token_revoked")
    assert caller.refresh(kept["refresh_token"]).status == 200
    assert is_now(claims_of(caller.sign_in_body(user)["token"])["iat"])


@needs_sqlite
def test_an_installation_that_was_made_years_ahead_has_a_way_back(server):
    server.clock.set(YEARS)
    server.start()
    user = server.add_user()
    caller = caller_of(server)
    signed_in = caller.sign_in_body(user)
    assert claims_of(signed_in["token"])["iat"] > time.time() + YEARS - 60
    for _ in range(12):
        caller.try_sign_in(user, "not the password at all")
    server.stop()

    server.clock.set(0)
    launch_with_wrong_clock(server)
    assert_issues_nothing(server, user, signed_in["refresh_token"])
    assert is_now(date_of(caller.get("/healthz")))
    server.log_with("coatcheck store set-clock")
    assert "coatcheck store set-clock" in server.try_command("doctor").stdout
    assert server.try_command("store", "set-clock").returncode == 1, "while the server runs"
    server.stop()
    assert "coatcheck store set-clock" in server.try_command("doctor").stdout
    assert "every session has been ended" in server.command("store", "set-clock")
    assert "nothing was changed" in server.command("store", "set-clock")
    assert "no tokens are issued" not in server.try_command("doctor").stdout

    server.start()
    assert caller.verify(signed_in["token"]).status == 401
    assert caller.refresh(signed_in["refresh_token"]).verdict == (401, "session_ended")
    again = caller.sign_in_body(user)
    assert is_now(claims_of(again["token"])["iat"])
    assert caller.verify(again["token"]).status == 200
    assert caller.refresh(again["refresh_token"]).status == 200
    assert "clock_set" in [row["event"] for row in server.rows("audit", "list")]


@needs_sqlite
def test_a_clock_that_is_set_back_a_little_shows_in_tokens_and_nowhere_else(server):
    user = server.add_user()
    server.clock.set(40)
    server.start()
    caller = caller_of(server)
    first = caller.sign_in_body(user)
    set_clock(server, 0)
    second = caller.refresh(first["refresh_token"])
    assert second.status == 200 and is_now(date_of(second))
    claims = claims_of(second.json()["token"])
    assert is_now(claims["iat"]), "verifiers of others may refuse an iat that is ahead of their clock"
    assert claims["auth_time"] <= claims["iat"]
    assert caller.verify(second.json()["token"]).status == 200
    assert caller.get("/readyz").status == 200


def test_nodes_on_postgresql_find_the_way_back_without_a_restart(make_server):
    """The command runs on one machine, and the nodes on others go on by themselves."""
    database = postgres.shared()
    schema = database.new_schema()
    node = make_server({"store.url": database.url_of(schema)})
    user = node.add_user()
    node.start()
    caller = caller_of(node)
    signed_in = caller.sign_in_body(user)
    node.stop()
    database.query(f"UPDATE meta SET clock = clock + {YEARS}000", schema)
    launch_with_wrong_clock(node)
    assert_issues_nothing(node, user, signed_in["refresh_token"])
    elsewhere = make_server(node.settings)
    elsewhere.data.mkdir(mode=0o700)
    (elsewhere.data / "master.key").write_bytes((node.data / "master.key").read_bytes())
    (elsewhere.data / "master.key").chmod(0o600)
    assert "every session has been ended" in elsewhere.command("store", "set-clock")
    wait_until(lambda: caller.get("/readyz").status == 200, log=node.log)
    assert caller.refresh(signed_in["refresh_token"]).verdict == (401, "session_ended")
    assert caller.verify(signed_in["token"]).status == 401
    again = caller.sign_in_body(user)
    assert is_now(claims_of(again["token"])["iat"])
    assert int(database.query("SELECT clock FROM meta", schema)) < (time.time() + 60) * 1000

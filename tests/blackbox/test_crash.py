# SPDX-License-Identifier: Apache-2.0
"""Acknowledged changes survive kill -9, and revoked credentials stay revoked. Without its store the server
says so, and still checks access tokens."""

import os
import resource
import signal
import subprocess
import threading
import time

import pytest
from client import Browser, Caller, Closed
from conftest import needs_sqlite, next_address
from server import PASSWORD, clean_environment, free_port
from waiting import wait_until

OTHER = "eleven amber herons hum quietly"


@pytest.fixture
def fragile(make_server):
    return make_server({"sessions.refresh_grace": "1s", "sign_up.enabled": True}).start()


@pytest.fixture
def caller(fragile):
    return Caller(fragile.port, next_address())


def sign_out(caller, server, user, signed_in):
    assert caller.sign_out(signed_in["token"]).status == 204


def sign_out_by_refresh_token(caller, server, user, signed_in):
    assert (
        caller.delete("/api/v1/authentication", json={"refresh_token": signed_in["refresh_token"]}).status
        == 204
    )


def end_the_session(caller, server, user, signed_in):
    other = caller.sign_in_body(user)
    assert caller.end_session(other["token"], signed_in["session"]["id"]).status == 204


def end_all_sessions(caller, server, user, signed_in):
    assert caller.delete("/api/v1/sessions", bearer=caller.sign_in_body(user)["token"]).status == 204


def change_the_password(caller, server, user, signed_in):
    form = {"current_password": user.password, "new_password": OTHER}
    assert (
        caller.put("/api/v1/users/me/password", bearer=caller.sign_in_body(user)["token"], json=form).status
        == 200
    )


def delete_the_account(caller, server, user, signed_in):
    form = {"current_password": user.password}
    assert caller.delete("/api/v1/users/me", bearer=signed_in["token"], json=form).status == 204


def disable(caller, server, user, signed_in):
    server.command("user", "disable", user.name)


def disable_and_enable(caller, server, user, signed_in):
    server.command("user", "disable", user.name)
    server.command("user", "enable", user.name)


def end_by_command(caller, server, user, signed_in):
    server.command("session", "end", signed_in["session"]["id"])


def new_password_by_command(caller, server, user, signed_in):
    server.command("user", "password", user.name, "--password-stdin", stdin=OTHER + "\n")


def delete_by_command(caller, server, user, signed_in):
    server.command("user", "delete", user.name)


def replay(caller, server, user, signed_in):
    assert caller.refresh(signed_in["refresh_token"]).status == 200
    time.sleep(1.2)
    assert caller.refresh(signed_in["refresh_token"]).verdict == (401, "refresh_token_reused")


WAYS = [
    sign_out,
    sign_out_by_refresh_token,
    end_the_session,
    end_all_sessions,
    change_the_password,
    delete_the_account,
    disable,
    disable_and_enable,
    end_by_command,
    new_password_by_command,
    delete_by_command,
    replay,
]


@pytest.mark.parametrize("way", WAYS)
def test_what_was_taken_back_is_not_revived_by_a_crash(fragile, caller, way):
    user = fragile.add_user()
    signed_in, proven = caller.sign_in_body(user), caller.sign_in_body(fragile.add_user())
    assert caller.verify(signed_in["token"]).status == 200
    way(caller, fragile, user, signed_in)
    fragile.kill()
    fragile.start()
    for _ in range(2):
        assert caller.verify(signed_in["token"]).verdict == (401, "token_revoked")
        assert caller.get("/api/v1/authentication", bearer=signed_in["token"]).verdict == (
            401,
            "token_revoked",
        )
        assert caller.refresh(signed_in["refresh_token"]).status == 401
        assert caller.verify(proven["token"]).status == 200, "and nothing else was taken"
        fragile.restart()


def test_a_stale_token_stays_stale_after_a_crash(fragile, caller):
    user = fragile.add_user()
    signed_in = caller.sign_in_body(user)
    fragile.command("user", "set", user.name, "--role", "admin")
    assert caller.verify(signed_in["token"]).verdict == (401, "token_stale")
    fragile.crash_and_restart()
    assert caller.verify(signed_in["token"]).verdict == (401, "token_stale")
    refreshed = caller.refresh(signed_in["refresh_token"]).json()
    assert refreshed["user"]["roles"] == ["admin"] and caller.verify(refreshed["token"]).status == 200


def test_an_acknowledged_refresh_survives(make_server):
    """A refresh survives a kill that comes right after its answer, ten times in a row. Each round has a session
    of its own, because a session rotates at most four times within one grace."""
    server = make_server({"sessions.refresh_grace": "60s"}).start()
    caller, user = Caller(server.port, next_address()), server.add_user()
    for _ in range(10):
        token = caller.sign_in_body(user)["refresh_token"]
        answer = caller.refresh(token)
        server.kill()
        assert answer.status == 200 and answer.json()["refresh_token"] != token
        server.start()
        assert caller.verify(answer.json()["token"]).status == 200
        again = caller.refresh(token)
        assert again.status == 200, "the superseded one is forgiven within the grace, crash or no crash"
        assert again.json()["refresh_token"] == answer.json()["refresh_token"]


def test_acknowledged_sign_ups_sign_ins_and_changes_survive(fragile, caller):
    form = {"username": "durable", "password": PASSWORD}
    assert caller.post("/api/v1/users", json=form).status == 201
    fragile.crash_and_restart()
    signed_in = caller.post("/api/v1/authentication", json={**form, "delivery": "body"}).json()
    fragile.crash_and_restart()
    assert caller.verify(signed_in["token"]).status == 200
    change = {"email": "durable@example.org", "current_password": PASSWORD}
    assert caller.patch("/api/v1/users/me", bearer=signed_in["token"], json=change).status == 200
    fragile.crash_and_restart()
    assert (
        caller.get("/api/v1/users/me", bearer=signed_in["token"]).json()["user"]["email"]
        == "durable@example.org"
    )
    password = {"current_password": PASSWORD, "new_password": OTHER}
    changed = caller.put("/api/v1/users/me/password", bearer=signed_in["token"], json=password).json()
    fragile.crash_and_restart()
    assert caller.verify(changed["token"]).status == 200 and caller.verify(signed_in["token"]).status == 401
    assert caller.refresh(changed["refresh_token"]).status == 200
    assert caller.post("/api/v1/authentication", json=form).status == 401
    assert caller.post("/api/v1/authentication", json={**form, "password": OTHER}).status == 200


def test_a_crash_in_the_middle_of_many_writes_loses_nothing_that_was_acknowledged(fragile):
    """Eight clients refresh and sign out as fast as they can while the server is killed again and again, and
    no acknowledged write gets lost."""
    stop, lock = threading.Event(), threading.Lock()
    refreshed, signed_out, wrong = [], [], []

    def work(user):
        caller = Caller(fragile.port, next_address())
        while not stop.is_set():
            try:
                mine = caller.sign_in_body(user)
                for _ in range(3):
                    mine = caller.refresh(mine["refresh_token"]).json()
                with lock:
                    refreshed.append(mine)
                gone = caller.sign_in_body(user)
                if caller.sign_out(gone["token"]).status == 204:
                    with lock:
                        signed_out.append(gone)
            except (OSError, Closed, AssertionError, KeyError):
                time.sleep(0.02)

    threads = [threading.Thread(target=work, args=[fragile.add_user()]) for _ in range(8)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 300
    try:
        for kills in range(6):
            while min(len(refreshed), len(signed_out)) <= kills:  # a busy machine needs longer
                assert time.monotonic() < deadline, (
                    f"{len(refreshed)} refreshed, {len(signed_out)} signed out"
                )
                time.sleep(0.05)
            fragile.crash_and_restart()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    fragile.crash_and_restart()
    caller = Caller(fragile.port, next_address())
    for expected, sessions in ((200, refreshed), (401, signed_out)):
        wrong += [
            one
            for one in sessions
            if caller.verify(one["token"]).status != expected
            or caller.refresh(one["refresh_token"]).status != expected
        ]
    assert not wrong, f"{len(wrong)} of {len(refreshed)} refreshed and {len(signed_out)} signed out"


def test_a_crash_during_the_first_start_leaves_something_that_starts(make_server):
    for milliseconds in range(0, 40, 4):
        server = make_server()
        server.launch()
        time.sleep(milliseconds / 1000)
        server.kill()
        user = server.start().add_user()
        assert Caller(server.port, next_address()).try_sign_in(user).status == 200
        server.stop()


def test_a_server_that_was_stopped_goes_on_where_it_was(fragile, caller):
    """A server that was suspended with SIGSTOP, as on a sleeping laptop, goes on working."""
    signed_in = caller.sign_in_body(fragile.add_user())
    os.kill(fragile.process.pid, signal.SIGSTOP)
    time.sleep(0.3)
    os.kill(fragile.process.pid, signal.SIGCONT)
    assert (
        caller.verify(signed_in["token"]).status == 200
        and caller.refresh(signed_in["refresh_token"]).status == 200
    )


# Without the store.


def delete_the_files(server):
    for path in server.data.iterdir():
        if path.is_file():
            path.unlink()


def overwrite_the_files(server):
    for path in server.data.iterdir():
        if path.is_file():
            path.write_bytes(os.urandom(8192))


def move_the_directory(server):
    server.data.rename(server.directory / "elsewhere")


def empty_the_files(server):
    """Empties all files except the -shm file: SQLite maps it, and no program survives when a mapped file is
    truncated."""
    for path in server.data.iterdir():
        if path.is_file() and not path.name.endswith("-shm"):
            os.truncate(path, 0)


@pytest.mark.parametrize(
    "spoil", [delete_the_files, overwrite_the_files, move_the_directory, empty_the_files]
)
def test_without_its_store_the_server_says_so_and_nothing_is_acknowledged(fragile, caller, spoil):
    user = fragile.add_user()
    signed_in, other = caller.sign_in_body(user), caller.sign_in_body(user)
    browser = Browser(fragile.port, next_address())
    browser.sign_in(user, "cookie")
    spoil(fragile)
    unavailable = (503, "unavailable")
    assert caller.refresh(signed_in["refresh_token"]).verdict == unavailable
    assert caller.try_sign_in(user).verdict == unavailable
    assert caller.sign_out(other["token"]).verdict == unavailable
    answer = browser.post("/api/v1/authentication/refresh")
    assert answer.verdict == unavailable and not answer.all("Set-Cookie")
    assert caller.get("/api/v1/sessions", bearer=signed_in["token"]).verdict == unavailable
    assert (
        caller.post("/api/v1/users", json={"username": "late", "password": PASSWORD}).verdict == unavailable
    )
    assert caller.get("/readyz").verdict == unavailable
    assert caller.get("/healthz").status == 200
    assert caller.verify(signed_in["token"]).status == 200
    assert browser.get("/api/v1/verify").status == 200
    assert b"SQLite" not in caller.refresh(signed_in["refresh_token"]).body
    fragile.log_with("SQLite", "store_failed")
    fragile.kill()


def test_a_commit_that_fails_after_the_tokens_were_made_tells_nobody(fragile):
    """If a full disk makes the commit of a refresh fail, its tokens, which are already signed, are not
    sent."""
    browser = Browser(fragile.port, next_address())
    assert browser.try_sign_in(fragile.add_user(), delivery="cookie").status == 200
    usual = resource.prlimit(fragile.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(fragile.process.pid, resource.RLIMIT_FSIZE, (1, usual[1]))
    failed = browser.post("/api/v1/authentication/refresh")
    resource.prlimit(fragile.process.pid, resource.RLIMIT_FSIZE, usual)
    assert failed.verdict == (503, "unavailable") and not failed.cookies, failed.body
    assert failed.header("Retry-After")
    assert browser.post("/api/v1/authentication/refresh").status == 200, (
        "the token that was not rotated is good"
    )


@needs_sqlite
def test_a_server_that_cannot_write_is_not_ready(fragile):
    """With a full disk every write failed, and /readyz said 200 (issue 18, row 17)."""
    caller = Caller(fragile.port, next_address())
    usual = resource.prlimit(fragile.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(fragile.process.pid, resource.RLIMIT_FSIZE, (1, usual[1]))
    # A write that succeeded counts for a second.
    wait_until(lambda: caller.get("/readyz").verdict == (503, "unavailable"))
    resource.prlimit(fragile.process.pid, resource.RLIMIT_FSIZE, usual)
    assert caller.get("/readyz").status == 200


@needs_sqlite
@pytest.mark.parametrize(
    "name,how",
    [
        *((name, how) for name in ("coatcheck.db", "coatcheck.db-wal") for how in ("removed", "replaced")),
        ("coatcheck.db", "truncated"),
        ("coatcheck.db-wal", "truncated"),
        ("coatcheck.db-shm", "removed"),
        ("coatcheck.db-shm", "replaced"),
    ],
)
def test_no_write_is_confirmed_to_a_database_whose_files_were_taken_away(fragile, caller, name, how):
    """With the write-ahead log gone, ten of ten sign-ins were confirmed and lost (issue 18, row 41)."""
    user = fragile.add_user()
    caller.sign_in_body(user)
    path = fragile.data / name
    if how == "truncated":
        os.truncate(path, 0)
    else:
        path.unlink()
        if how == "replaced":
            path.write_bytes(b"")
    for _ in range(10):
        assert caller.try_sign_in(user).verdict == (503, "unavailable")
    assert caller.get("/readyz").status == 503


@needs_sqlite
def test_no_second_server_starts_when_the_lock_file_is_removed(fragile, caller):
    """It ended the first one's sessions, and neither took the other's tokens (issue 18, row 45)."""
    signed_in = caller.sign_in_body(fragile.add_user())
    (fragile.data / "lock").unlink()
    words = [word.replace(str(fragile.port), str(free_port())) for word in fragile.words]
    second = subprocess.run(words, capture_output=True, text=True, timeout=60, env=clean_environment())
    assert second.returncode == 1 and "is in use by another coatcheck" in second.stderr, second.stderr
    assert caller.verify(signed_in["token"]).status == 200
    assert caller.refresh(signed_in["refresh_token"]).status == 200

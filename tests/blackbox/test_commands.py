# SPDX-License-Identifier: Apache-2.0
"""Commands work the same on the data of a running and of a stopped server, and say what they did."""

import json
import threading
import time

import pytest
from client import Caller, Closed
from conftest import next_address
from server import PASSWORD, User, run

OTHER = "eleven amber herons hum quietly"
SETTINGS = {"tokens.access_ttl": "10m"}


@pytest.fixture(params=["running", "stopped"])
def place(request, make_server):
    """A running server, or a stopped one that visit() starts when a test needs HTTP."""
    server = make_server()
    if request.param == "running":
        server.start()
    else:
        server.data.mkdir()
    return server


def visit(place):
    """A caller of the server. Starts the server if it is not running."""
    if place.process is None or place.process.poll() is not None:
        place.start()
    return Caller(place.port, next_address())


def leave(place, was_running):
    if not was_running:
        place.stop()


def is_running(place):
    return place.process is not None and place.process.poll() is None


def refused(server, *arguments, stdin="", words=()):
    """Runs a command that must fail with a message on standard error and without a crash."""
    result = server.try_command(*arguments, stdin=stdin)
    assert 0 < result.returncode < 126, f"{arguments}: {result.returncode} {result.stdout}{result.stderr}"
    assert result.stderr.strip(), f"{arguments} says nothing"
    for word in words:
        assert word in result.stderr, f"{word!r} is not in {result.stderr!r}"
    return result.stderr


def user_row(server, name):
    return next((row for row in server.rows("user", "list") if row["username"] == name), None)


def test_users_are_added_with_all_they_have(place):
    place.command(
        "user",
        "add",
        "grace",
        "--password-stdin",
        "--id",
        "4711",
        "--email",
        "grace@example.org",
        "--role",
        "admin",
        "--role",
        "editor",
        "--claim",
        'team="engines"',
        "--claim",
        "seats=[1,2]",
        stdin=PASSWORD + "\n",
    )
    row = user_row(place, "grace")
    assert (row["id"], row["email"], sorted(row["roles"])) == (
        "4711",
        "grace@example.org",
        ["admin", "editor"],
    )
    user = visit(place).sign_in_body(User("grace", PASSWORD))["user"]
    assert user == {
        "id": "4711",
        "username": "grace",
        "email": "grace@example.org",
        "roles": user["roles"],
        "claims": {"team": "engines", "seats": [1, 2]},
    }


def test_the_list_of_users_shows_no_hash(place):
    place.add_user("ada")
    for said in (place.command("user", "list"), place.command("user", "list", "--json")):
        assert "ada" in said and "argon2" not in said


@pytest.mark.parametrize(
    "arguments,stdin",
    [
        (["ada"], PASSWORD),
        (["ADA"], PASSWORD),
        (["new", "--id", "4711"], PASSWORD),
        (["new", "--email", "ADA@example.org"], PASSWORD),
        (["new"], "short"),
        (["new"], ""),
        (["new"], "\n"),
        (["new"], "passwordpassword"),
        ([""], PASSWORD),
        (["a b\n"], PASSWORD),
        (["x@y.z"], PASSWORD),
        (["n" * 65], PASSWORD),
        (["new", "--email", "junk"], PASSWORD),
        (["new", "--claim", "x"], PASSWORD),
        (["new", "--claim", "x={"], PASSWORD),
        (["new", "--claim", "sub=1"], PASSWORD),
        (["new", "--claim", "roles=[]"], PASSWORD),
        (["new", "--claim", "=1"], PASSWORD),
        (["new", "--id", ""], PASSWORD),
        (["new", "--id", "x" * 65], PASSWORD),
        (["new", "--nothing"], PASSWORD),
        ([], PASSWORD),
    ],
)
def test_a_user_that_cannot_be_is_not_added(make_server, arguments, stdin):
    server = make_server()
    server.command(
        "user",
        "add",
        "ada",
        "--password-stdin",
        "--id",
        "4711",
        "--email",
        "ada@example.org",
        stdin=PASSWORD + "\n",
    )
    refused(
        server, "user", "add", *arguments, "--password-stdin", stdin=stdin + "\n" if stdin != "\n" else stdin
    )
    assert [row["username"] for row in server.rows("user", "list")] == ["ada"]


@pytest.mark.parametrize("option", [["--password", PASSWORD], ["--password-stdin", PASSWORD], [PASSWORD]])
def test_a_password_on_the_command_line_is_not_taken(make_server, option):
    """A command line is readable for everybody on the machine, so a password there is refused."""
    server = make_server()
    server.data.mkdir()
    said = refused(server, "user", "add", "ada", *option)
    assert server.rows("user", "list") == [] and said


@pytest.mark.parametrize(
    "command", [["user", "list"], ["key", "rotate"], ["user", "disable", "ada"], ["audit", "list"]]
)
def test_a_data_directory_that_is_not_there_is_not_made_by_asking_for_what_is_in_it(make_server, command):
    server = make_server()
    refused(server, *command, words=[str(server.data), "--data"])
    assert not server.data.exists()


def test_a_password_is_taken_as_it_is_typed_but_for_the_end_of_the_line(make_server):
    server = make_server()
    for name, text in (
        ("one", PASSWORD + "\n"),
        ("two", PASSWORD + "\r\n"),
        ("three", PASSWORD),
        ("four", "  " + PASSWORD + "  \n"),
    ):
        server.command("user", "add", name, "--password-stdin", stdin=text)
    server.start()
    caller = Caller(server.port, next_address())
    for name, password in (
        ("one", PASSWORD),
        ("two", PASSWORD),
        ("three", PASSWORD),
        ("four", "  " + PASSWORD + "  "),
    ):
        assert caller.try_sign_in(User(name, password)).status == 200, name
    assert caller.try_sign_in(User("four", PASSWORD)).status == 401


def test_new_roles_and_claims_reach_live_tokens(place):
    was_running = is_running(place)
    user = place.add_user()
    caller = visit(place)
    signed_in = caller.sign_in_body(user)
    leave(place, was_running)
    place.command("user", "set", user.name, "--role", "admin", "--claim", 'team="engines"')
    caller = visit(place)
    assert caller.verify(signed_in["token"]).verdict == (401, "token_stale")
    assert caller.get("/api/v1/users/me", bearer=signed_in["token"]).verdict == (401, "token_stale")
    refreshed = caller.refresh(signed_in["refresh_token"]).json()
    assert refreshed["user"]["roles"] == ["admin"] and refreshed["user"]["claims"]["team"] == "engines"
    assert caller.verify(refreshed["token"]).header("X-Auth-Roles") == "admin"
    place.command("user", "set", user.name, "--role", "editor")
    assert caller.verify(refreshed["token"]).verdict == (401, "token_stale")
    assert caller.refresh(refreshed["refresh_token"]).json()["user"]["roles"] == ["editor"], (
        "the new roles replace the old"
    )


def test_a_disabled_user_is_out_and_enabling_revives_nothing(place):
    was_running = is_running(place)
    user, other = place.add_user(), place.add_user()
    caller = visit(place)
    sessions, kept = [caller.sign_in_body(user) for _ in range(3)], caller.sign_in_body(other)
    assert caller.verify(sessions[0]["token"]).status == 200
    leave(place, was_running)
    place.command("user", "disable", user.name)
    caller = visit(place)
    for signed_in in sessions:
        assert caller.verify(signed_in["token"]).verdict == (401, "token_revoked")
        assert caller.refresh(signed_in["refresh_token"]).verdict == (401, "session_ended")
    assert caller.try_sign_in(user).verdict == (401, "invalid_credentials")
    assert caller.verify(kept["token"]).status == 200
    leave(place, was_running)
    place.command("user", "enable", user.name)
    caller = visit(place)
    for signed_in in sessions:
        assert caller.verify(signed_in["token"]).verdict == (401, "token_revoked")
        assert caller.refresh(signed_in["refresh_token"]).verdict == (401, "session_ended")
    fresh = caller.sign_in_body(user)
    assert caller.verify(fresh["token"]).status == 200
    assert all(caller.verify(one["token"]).status == 401 for one in sessions), "nor does a new session"


def test_a_new_password_ends_all_sessions(place):
    was_running = is_running(place)
    user = place.add_user()
    signed_in = visit(place).sign_in_body(user)
    leave(place, was_running)
    place.command("user", "password", user.name, "--password-stdin", stdin=OTHER + "\n")
    caller = visit(place)
    assert caller.verify(signed_in["token"]).verdict == (401, "token_revoked")
    assert caller.refresh(signed_in["refresh_token"]).verdict == (401, "session_ended")
    assert caller.try_sign_in(user).status == 401 and caller.try_sign_in(user, OTHER).status == 200
    refused(place, "user", "password", user.name, "--password-stdin", stdin="short\n")
    assert caller.try_sign_in(user, OTHER).status == 200


def test_a_deleted_user_is_gone(place):
    was_running = is_running(place)
    user = place.add_user()
    signed_in = visit(place).sign_in_body(user)
    leave(place, was_running)
    place.command("user", "delete", user.name)
    assert user_row(place, user.name) is None
    place.add_user(user.name)
    caller = visit(place)
    assert caller.verify(signed_in["token"]).verdict == (401, "token_revoked")
    assert caller.refresh(signed_in["refresh_token"]).verdict == (401, "session_ended")
    assert caller.sign_in_body(user)["user"]["id"] != signed_in["user"]["id"]


def test_sessions_are_listed_and_ended(place):
    was_running = is_running(place)
    user = place.add_user()
    caller = visit(place)
    one, two = caller.sign_in_body(user, device="phone"), caller.sign_in_body(user, device="laptop")
    leave(place, was_running)
    listed = {row["id"]: row for row in place.rows("session", "list")}
    assert set(listed) == {one["session"]["id"], two["session"]["id"]}
    assert listed[one["session"]["id"]]["device"] == "phone"
    assert "ccr_" not in place.command("session", "list") and "phone" in place.command("session", "list")
    place.command("session", "end", one["session"]["id"])
    assert [row["id"] for row in place.rows("session", "list")] == [two["session"]["id"]]
    caller = visit(place)
    assert (
        caller.verify(one["token"]).verdict == (401, "token_revoked")
        and caller.verify(two["token"]).status == 200
    )


@pytest.mark.parametrize("beginning", ["-", "--", "---", "--e"])
def test_an_id_that_begins_with_dashes_is_no_flag(make_server, beginning):
    """Ids are base64url, so one in 64 begins with a dash, and one in 4096 with two."""
    server = make_server()
    for length, command in ((22, ["session", "end"]), (43, ["key", "revoke"])):
        missing = server.try_command(*command, beginning + "A" * (length - len(beginning)))
        assert missing.returncode != 0 and "not expected" not in missing.stderr, missing.stderr
        assert "no such" in missing.stderr.lower() or "there is no" in missing.stderr.lower(), missing.stderr


def test_a_session_and_a_key_whose_id_begins_with_a_dash_can_be_ended(make_server):
    server = make_server()
    user = server.add_user()
    server.start()
    caller = Caller(server.port, next_address())
    for _ in range(150):
        signed_in = caller.sign_in_body(user)
        if signed_in["session"]["id"].startswith("-"):
            server.command("session", "end", signed_in["session"]["id"])
            assert caller.verify(signed_in["token"]).verdict == (401, "token_revoked")
            break
    for _ in range(150):
        server.command("key", "rotate")
        following = next(row["kid"] for row in server.rows("key", "list") if row["state"] == "next")
        if following.startswith("-"):
            server.command("key", "revoke", following)
            break


@pytest.mark.parametrize(
    "command",
    [
        ["user", "disable", "nobody"],
        ["user", "enable", "nobody"],
        ["user", "delete", "nobody"],
        ["user", "set", "nobody", "--role", "x"],
        ["user", "password", "nobody", "--password-stdin"],
        ["session", "end", "nobody"],
        ["session", "end", "A" * 22],
        ["key", "revoke", "nobody"],
    ],
)
def test_what_is_not_there_is_named(place, command):
    refused(place, *command, stdin=PASSWORD + "\n", words=[command[2]])


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["nothing"],
        ["user"],
        ["user", "nothing"],
        ["serve", "--nothing"],
        ["user", "disable"],
        ["key", "revoke"],
        ["session", "end"],
        ["user", "set"],
        ["token"],
        ["user", "list", "extra"],
        ["--nothing"],
    ],
)
def test_a_command_that_is_none_is_refused_with_help(command, tmp_path):
    result = run(*command, directory=tmp_path)
    assert 0 < result.returncode < 126 and (result.stderr + result.stdout).strip()


def test_help_and_version_are_there(tmp_path):
    for arguments in (["--help"], ["serve", "--help"], ["user", "add", "--help"]):
        result = run(*arguments)
        assert result.returncode == 0 and "--" in result.stdout
    assert run("--version").returncode == 0


@pytest.mark.parametrize(
    "command",
    [
        ["user", "list"],
        ["session", "list"],
        ["key", "list"],
        ["audit", "list"],
        ["config", "print"],
        ["config", "check"],
        ["doctor"],
        ["key", "rotate"],
        ["user", "disable", "ada"],
        ["user", "enable", "ada"],
        ["user", "set", "ada", "--role", "x"],
        ["user", "delete", "ada"],
    ],
)
def test_every_command_speaks_json(place, command):
    place.add_user("ada")
    result = place.try_command(*command, "--json")
    assert command == ["doctor"] or result.returncode == 0, result.stderr
    json.loads(result.stdout)


def test_errors_are_json_too_where_json_is_asked_for(place):
    result = place.try_command("user", "disable", "nobody", "--json")
    assert result.returncode != 0
    assert "nobody" in result.stderr + result.stdout


def test_commands_take_effect_within_a_second_under_load(server):
    """A command takes effect within a second while clients keep every core busy with sign-ins and checks."""
    user, victim = server.add_user(), server.add_user()
    stop = threading.Event()

    def load():
        caller = Caller(server.port, next_address())
        while not stop.is_set():
            try:
                answer = caller.try_sign_in(user, delivery="body")
                if answer.status == 200:
                    for _ in range(20):
                        caller.verify(answer.json()["token"])
            except (OSError, Closed):
                pass

    threads = [threading.Thread(target=load) for _ in range(6)]
    for thread in threads:
        thread.start()
    try:
        caller = Caller(server.port, next_address())
        for _ in range(3):
            signed_in = caller.sign_in_body(victim)
            assert caller.verify(signed_in["token"]).status == 200
            start = time.monotonic()
            server.command("user", "disable", victim.name)
            while caller.verify(signed_in["token"]).status == 200:
                assert time.monotonic() - start < 1.0
            assert time.monotonic() - start < 1.0
            server.command("user", "enable", victim.name)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


# Row 38 of the issue "A smooth ride".


@pytest.mark.parametrize(
    "words,parts",
    [
        (["usre", "list"], ['`coatcheck` has no command "usre"', "did you mean `coatcheck user`?"]),
        (["user", "lst"], ['`coatcheck user` has no command "lst"', "did you mean `coatcheck user list`?"]),
        (["sesion", "end"], ["did you mean `coatcheck session`?"]),
        (["start"], ['has no command "start"', "serve", "doctor"]),
        (["user"], ["`coatcheck user` needs one of:", "add", "list", "disable"]),
        ([], ["`coatcheck` needs one of:", "serve", "user"]),
        (["key", "frobnicate"], ['has no command "frobnicate"', "rotate"]),
    ],
)
def test_an_unknown_command_is_named_with_the_nearest(words, parts):
    ended = run(*words)
    assert ended.returncode == 2 and ended.stdout == ""
    assert all(part in ended.stderr for part in parts), ended.stderr

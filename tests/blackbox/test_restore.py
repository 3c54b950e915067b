# SPDX-License-Identifier: Apache-2.0
"""A restored backup never revives a credential that was revoked after the backup was made.

The database in the backup does not hold that revocation, so the server must notice that it runs on a copy.
"""

import shutil
import subprocess

import pytest
from client import Caller
from conftest import next_address
from server import PASSWORD

OTHER = "eleven amber herons hum quietly"


def remove_and_copy(backup, data):
    """cp -r into an empty place: other inodes, new times."""
    shutil.rmtree(data)
    subprocess.run(["cp", "-r", backup, data], check=True)


def remove_and_copy_all_that_can_be_copied(backup, data):
    """cp -a into an empty place: modes, times, extended attributes and links are the original's."""
    shutil.rmtree(data, ignore_errors=True)
    subprocess.run(["cp", "-a", backup, data], check=True)


def copy_over_what_is_there(backup, data):
    """cp -a of each file over the existing one: the inodes stay."""
    for path in data.iterdir():
        if not (backup / path.name).exists():
            path.unlink()
    subprocess.run(["cp", "-a", f"{backup}/.", data], check=True)


def move(backup, data):
    """mv: the inodes are those of the copy."""
    shutil.rmtree(data)
    copy = backup.with_name("moved")
    subprocess.run(["cp", "-a", backup, copy], check=True)
    copy.rename(data)


def archive(backup, data):
    """tar, as many backups use it."""
    archived = backup.with_name("backup.tar")
    subprocess.run(["tar", "--xattrs", "-cf", archived, "-C", backup, "."], check=True)
    shutil.rmtree(data)
    data.mkdir(mode=0o700)
    subprocess.run(["tar", "--xattrs", "-xpf", archived, "-C", data], check=True)


WAYS = [remove_and_copy, remove_and_copy_all_that_can_be_copied, copy_over_what_is_there, move, archive]


class Backup:
    def __init__(self, server):
        self.server = server
        self.copy = server.directory / "backup"

    def take(self, hot=False):
        if not hot:
            self.server.stop()
        # A backup does not hold the socket.
        shutil.copytree(
            self.server.data, self.copy, ignore=lambda _, names: [n for n in names if n.endswith(".sock")]
        )
        if not hot:
            self.server.start()

    def put_back(self, way):
        self.server.stop()
        way(self.copy, self.server.data)
        self.server.start()


@pytest.fixture
def backup(make_server):
    return Backup(make_server({"sign_up.enabled": True}).start())


def is_over(caller, signed_in):
    return (
        caller.verify(signed_in["token"]).status == 401
        and caller.get("/api/v1/authentication", bearer=signed_in["token"]).status == 401
        and caller.refresh(signed_in["refresh_token"]).status == 401
    )


@pytest.mark.parametrize("way", WAYS)
def test_nothing_that_was_taken_back_comes_back_with_a_restored_copy(backup, way):
    server, caller = backup.server, Caller(backup.server.port, next_address())
    users = [server.add_user() for _ in range(4)]
    sessions = [caller.sign_in_body(user) for user in users]
    backup.take()
    assert [caller.verify(one["token"]).status for one in sessions] == [200] * 4, "a copy takes nothing away"
    assert caller.sign_out(sessions[0]["token"]).status == 204
    server.command("user", "disable", users[1].name)
    form = {"current_password": PASSWORD, "new_password": OTHER}
    other = caller.sign_in_body(users[2])
    assert caller.put("/api/v1/users/me/password", bearer=other["token"], json=form).status == 200
    server.command("user", "delete", users[3].name)
    backup.put_back(way)
    for _ in range(2):
        assert [is_over(caller, one) for one in sessions] == [True] * 4
        server.restart()
    fresh = caller.sign_in_body(users[0])
    assert (
        caller.verify(fresh["token"]).status == 200 and caller.refresh(fresh["refresh_token"]).status == 200
    )
    server.crash_and_restart()
    assert caller.verify(fresh["token"]).status == 200
    assert [is_over(caller, one) for one in sessions] == [True] * 4


def test_the_same_copy_can_be_put_back_twice(backup):
    server, caller = backup.server, Caller(backup.server.port, next_address())
    user = server.add_user()
    first = caller.sign_in_body(user)
    backup.take()
    caller.sign_out(first["token"])
    backup.put_back(remove_and_copy)
    second = caller.sign_in_body(user)
    caller.sign_out(second["token"])
    backup.put_back(remove_and_copy)
    assert is_over(caller, first) and is_over(caller, second)
    assert caller.verify(caller.sign_in_body(user)["token"]).status == 200


def test_a_copy_made_while_the_server_runs_revives_nothing(backup):
    server, caller = backup.server, Caller(backup.server.port, next_address())
    user = server.add_user()
    signed_in = caller.sign_in_body(user)
    backup.take(hot=True)
    caller.sign_out(signed_in["token"])
    backup.put_back(remove_and_copy)
    assert is_over(caller, signed_in)
    assert caller.verify(caller.sign_in_body(user)["token"]).status == 200


def test_a_refresh_token_that_was_superseded_after_the_copy_does_not_count_again(backup):
    server, caller = backup.server, Caller(backup.server.port, next_address())
    first = caller.sign_in_body(server.add_user())
    backup.take()
    second = caller.refresh(first["refresh_token"]).json()
    backup.put_back(remove_and_copy)
    assert is_over(caller, first) and is_over(caller, second)


def test_a_revoked_key_does_not_come_back_for_old_tokens(backup):
    server, caller = backup.server, Caller(backup.server.port, next_address())
    signed_in = caller.sign_in_body(server.add_user())
    backup.take()
    kid = server.rows("key", "list")
    current = next(row for row in kid if row["state"] == "current")
    server.command("key", "revoke", current.get("kid", current.get("id")))
    backup.put_back(remove_and_copy)
    assert is_over(caller, signed_in)


def test_the_database_alone_put_back_revives_nothing(backup):
    server, caller = backup.server, Caller(backup.server.port, next_address())
    user = server.add_user()
    signed_in = caller.sign_in_body(user)
    backup.take()
    caller.sign_out(signed_in["token"])
    server.stop()
    for path in server.data.iterdir():
        if path.name.startswith("coatcheck.db"):
            path.unlink()
    for path in backup.copy.iterdir():
        if path.name.startswith("coatcheck.db"):
            shutil.copy2(path, server.data)
    server.start()
    assert is_over(caller, signed_in)
    assert caller.verify(caller.sign_in_body(user)["token"]).status == 200


def test_a_copy_put_elsewhere_revives_nothing(backup, make_server):
    """The machine is lost, and the operator puts the backup on another one."""
    server, caller = backup.server, Caller(backup.server.port, next_address())
    user = server.add_user()
    ended, alive = caller.sign_in_body(user), caller.sign_in_body(user)
    backup.take()
    caller.sign_out(ended["token"])
    elsewhere = make_server(server.settings)
    remove_and_copy_all_that_can_be_copied(backup.copy, elsewhere.data)
    there = Caller(elsewhere.start().port, next_address())
    assert is_over(there, ended)
    assert there.verify(there.sign_in_body(user)["token"]).status == 200
    assert caller.verify(alive["token"]).status == 200, "the first one goes on"


def test_a_copy_put_over_a_running_server_revives_nothing(backup):
    """An operator restores without stopping the server. The server may refuse to go on, but must not trust
    the copy."""
    server, caller = backup.server, Caller(backup.server.port, next_address())
    user = server.add_user()
    signed_in = caller.sign_in_body(user)
    backup.take()
    caller.sign_out(signed_in["token"])
    subprocess.run(["cp", "-a", f"{backup.copy}/.", server.data], check=True)
    assert caller.verify(signed_in["token"]).verdict == (401, "token_revoked")
    assert caller.refresh(signed_in["refresh_token"]).status in (401, 503)
    server.kill()
    try:
        server.start()
    except RuntimeError:
        return  # refused: the files are a broken mixture of two databases
    assert is_over(caller, signed_in)


def test_the_operator_is_told(backup):
    server, caller = backup.server, Caller(backup.server.port, next_address())
    signed_in = caller.sign_in_body(server.add_user())
    backup.take()
    caller.sign_out(signed_in["token"])
    backup.put_back(remove_and_copy)
    server.log_with("restored_copy")
    assert any("restore" in str(row) or "copy" in str(row) for row in server.rows("audit", "list"))


def test_a_plain_restart_is_no_restore(backup):
    server, caller = backup.server, Caller(backup.server.port, next_address())
    signed_in = caller.sign_in_body(server.add_user())
    for again in (server.restart, server.crash_and_restart, server.restart):
        again()
        assert caller.verify(signed_in["token"]).status == 200
        signed_in = caller.refresh(signed_in["refresh_token"]).json()
    subprocess.run(["touch", *server.data.iterdir()], check=True)
    server.restart()
    assert caller.verify(signed_in["token"]).status == 200, "nor is a new time on a file"

# SPDX-License-Identifier: Apache-2.0
"""A system that gives too little: memory, threads, random bytes (rows 42 and 52 of the issue "Promises that
hold": each ended the server, some without a cause)."""

import functools
import os
import re
import struct
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import postgres
import pytest
from client import Caller, Closed
from conftest import next_address
from server import BINARY
from waiting import wait_until

SUPPORT = Path(__file__).resolve().parents[1] / "support"
needs_root = pytest.mark.skipif(
    os.geteuid() != 0,
    reason="ulimit -u does not count for root, and only root can start the server as another user",
)
NOBODY = 65534
plain_build = pytest.mark.skipif(
    b"__asan_init" in BINARY.read_bytes(), reason="AddressSanitizer has an allocator of its own"
)


@functools.cache
def compiled(source, *options):
    directory = Path(tempfile.mkdtemp(prefix="coatcheck-scarcity-"))
    directory.chmod(0o755)
    subprocess.run(["cc", "-O1", *options, "-o", directory / "made", SUPPORT / source], check=True)
    return directory / "made"


class Memory:
    """The memory of a server, of which one allocation in N fails."""

    def __init__(self, server):
        self.file = server.directory / "scarce"
        self.file.write_bytes(struct.pack("<q", 0))
        library = compiled("scarce.c", "-shared", "-fPIC")
        server.environment = {"LD_PRELOAD": str(library), "SCARCE_MEMORY_FILE": str(self.file)}

    def fail_one_in(self, n):
        with open(self.file, "r+b") as file:
            file.write(struct.pack("<q", n))


class Client(threading.Thread):
    """Goes through a session again and again, and notes the tokens of sessions whose end was acknowledged."""

    def __init__(self, server, user, until):
        super().__init__()
        self.caller = Caller(server.port, next_address())
        self.user, self.until = user, until
        self.answers, self.ended, self.broken = 0, [], []

    def attempt(self, work):
        """The answer; None if the server closed the connection."""
        try:
            answer = work()
        except (Closed, OSError):
            return None
        except Exception as failure:
            self.broken.append(repr(failure))
            return None
        # /verify says 401 for 503, because a proxy knows no other refusal.
        if answer.status not in (200, 204, 503) and answer.code != "unavailable":
            self.broken.append(f"{answer.request}: {answer.status} {answer.body[:200]}")
        self.answers += 1
        return answer if answer.status < 300 else None

    def run(self):
        while time.monotonic() < self.until:
            signed_in = self.attempt(lambda: self.caller.try_sign_in(self.user, delivery="body"))
            if signed_in is None:
                continue
            pair = signed_in.json()
            for _ in range(5):
                self.attempt(lambda token=pair["token"]: self.caller.verify(token))
                self.attempt(lambda: self.caller.get("/.well-known/jwks.json"))
            refreshed = self.attempt(lambda token=pair["refresh_token"]: self.caller.refresh(token))
            pair = refreshed.json() if refreshed else pair
            token = pair["token"]
            if self.attempt(lambda token=token: self.caller.sign_out(token)):
                self.ended.append(token)


@plain_build
def test_without_memory_a_connection_ends_and_the_server_goes_on(make_server):
    server = make_server()
    memory = Memory(server)
    users = [server.add_user() for _ in range(4)]
    server.start()
    memory.fail_one_in(300)
    clients = [Client(server, user, time.monotonic() + 8) for user in users]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    memory.fail_one_in(0)

    assert server.process.poll() is None, server.log()[-2000:]
    assert [client.broken for client in clients] == [[]] * 4
    assert all(client.answers > 20 for client in clients), [client.answers for client in clients]
    assert any(word in server.log() for word in ("bad_alloc", "out of memory")), server.log()[-2000:]

    # It serves as before, on new connections, and deadlines and the feed work too.
    caller = Caller(server.port, next_address())
    wait_until(lambda: caller.get("/readyz").status == 200)
    for client in clients:
        for token in client.ended:
            assert caller.verify(token).status == 401
        body = caller.sign_in_body(client.user)
        assert caller.verify(body["token"]).status == 200
        assert caller.refresh(body["refresh_token"]).status == 200


@needs_root
@pytest.mark.skipif(postgres.WANTED, reason="the threads of PostgreSQL's connections are another number")
def test_without_a_thread_the_server_says_for_what_it_wanted_one(make_server):
    wanted = set()
    for most in range(1, 40):
        server = make_server()
        server.directory.chmod(0o755)
        server.data.mkdir(mode=0o700)
        os.chown(server.data, NOBODY, NOBODY)
        server.config.chmod(0o644)
        words = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        server.limits = [*words, "prlimit", f"--nproc={most}"]
        server.launch()
        wait_until(lambda: server.process.poll() is not None or "started" in server.log())
        if server.process.poll() is None:
            server.stop()
            break
        assert server.process.returncode == 1, server.log()
        found = re.search("cannot start a thread for (.*?): .*ulimit -u", server.log())
        assert found, server.log()
        wanted.add(found.group(1))
    assert {"the log", "the database", "password hashes", "an event loop"} <= wanted


def test_without_random_bytes_the_server_does_not_start_and_says_why(make_server):
    server = make_server()
    server.limits = [str(compiled("no_random.c"))]
    server.launch()
    assert server.process.wait(20) == 1
    assert "entropy" in server.log() and "lacks" not in server.log(), server.log()


def test_a_removed_control_socket_comes_back(make_server):
    server = make_server()
    server.start()
    socket = server.data / "control.sock"
    for spoil in (socket.unlink, lambda: (socket.unlink(), socket.write_text("a file"))):
        spoil()
        wait_until(lambda: socket.is_socket() and server.try_command("user", "list").returncode == 0)
        assert socket.stat().st_mode & 0o777 == 0o600
    assert "control_socket_restored" in server.log()


@pytest.mark.skipif(postgres.WANTED, reason="the files of a moved directory are SQLite's")
def test_a_server_whose_directory_was_moved_leaves_the_new_ones_socket_alone(make_server):
    old = make_server()
    old.start()
    old.data.rename(old.directory / "moved")
    new = make_server(directory=old.directory)
    new.start()
    old.log_with("control_socket_lost", seconds=10)
    time.sleep(2.5)
    assert new.try_command("user", "list").returncode == 0
    assert "control_socket_restored" not in new.log()

# SPDX-License-Identifier: Apache-2.0
"""examples/three-nodes: a node is killed, then the database, and no user is signed out."""

import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from client import Caller, Closed
from server import BINARY, ROOT, User, clean_environment, free_port

EXAMPLE = ROOT / "examples/three-nodes"


@pytest.fixture
def town():
    with tempfile.TemporaryDirectory(prefix="coatcheck-three-") as directory:
        while True:
            port = free_port()
            if all(_is_free(port + number) for number in (1, 2, 3)):
                break
        log = Path(directory) / "log"
        with log.open("w") as said:
            process = subprocess.Popen(
                [EXAMPLE / "start", directory],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env=clean_environment(PORT=str(port), COATCHECK_BINARY=str(BINARY)),
            )
        try:
            deadline = time.monotonic() + 60
            while "three-nodes: http://" not in log.read_text():
                assert process.poll() is None and time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
            yield Path(directory), port, re.search(r"shown once:\s+(\S+)", log.read_text()).group(1)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
        assert not any(_is_running(int(pid.read_text())) for pid in Path(directory).glob("n*/pid")), (
            "it ends what it started"
        )


def _is_free(port):
    with socket.socket() as listener:
        return listener.connect_ex(("127.0.0.1", port)) != 0


def _is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_nobody_notices_that_a_node_or_the_database_dies(town):
    directory, port, password = town
    session = Caller(port).sign_in_body(User("demo", password))

    def go_on(seconds):
        """Refreshes for so many seconds, as a client does: after a failure it asks again."""
        nonlocal session
        end, refused = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            try:
                answer = Caller(port).refresh(session["refresh_token"])
            except (Closed, OSError):
                continue
            assert answer.status in (200, 502, 503, 504), answer
            if answer.status == 200:
                session = answer.json()
            else:
                refused += 1
                time.sleep(0.1)
        return refused

    assert go_on(1) == 0
    os.kill(int((directory / "n2/pid").read_text()), signal.SIGKILL)
    assert go_on(2) == 0, "another node is asked"
    subprocess.run([EXAMPLE / "promote", directory], check=True, timeout=60, stdout=subprocess.DEVNULL)
    go_on(5)
    assert go_on(1) == 0, "the standby has taken over"
    assert Caller(port).verify(session["token"]).status == 200
    assert Caller(port).sign_out(session["token"]).status == 204
    deadline = time.monotonic() + 1
    while {Caller(port + number).verify(session["token"]).status for number in (1, 3)} != {401}:
        assert time.monotonic() < deadline

# SPDX-License-Identifier: Apache-2.0
"""Starting the server: without any configuration, with mistakes, and next to another process."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import time

import pytest
from client import Caller, Closed
from conftest import next_address
from server import BINARY, PASSWORD, User, clean_environment, free_port, run
from waiting import wait_until


def fails(server, *flags, seconds=10):
    """Starts a server that must refuse to start, and returns its log."""
    server.flags = list(flags)
    server.launch()
    try:
        status = server.process.wait(seconds)
    except subprocess.TimeoutExpired:
        server.kill()
        pytest.fail(f"it started:\n{server.log()}")
    assert status not in (0, None) and status > 0, f"ended with {status}"
    return server.log()


def test_it_runs_with_no_configuration_and_says_where_to_go(tmp_path):
    port = free_port()
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen(
            [str(BINARY), "serve", "--listen", f"127.0.0.1:{port}"],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=clean_environment(),
        )
    try:
        deadline = time.monotonic() + 10
        while "user add" not in (tmp_path / "log").read_text():
            assert time.monotonic() < deadline and process.poll() is None, (tmp_path / "log").read_text()
            time.sleep(0.01)
        said = (tmp_path / "log").read_text()
        assert f"localhost:{port}" in said or f"127.0.0.1:{port}" in said
        data = tmp_path / "coatcheck-data"
        assert data.is_dir() and stat.S_IMODE(data.stat().st_mode) == 0o700
        added = run("user", "add", "ada", "--password-stdin", stdin=PASSWORD + "\n", directory=tmp_path)
        assert added.returncode == 0, added.stderr
        signed_in = Caller(port).sign_in_body(User("ada", PASSWORD))
        assert Caller(port).verify(signed_in["token"]).status == 200
        metadata = Caller(port).get("/.well-known/oauth-authorization-server").json()
        assert metadata["issuer"] == f"http://localhost:{port}", (
            "whatever port is listened on (issue 19, row 35)"
        )
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0


def test_once_there_is_a_user_it_does_not_say_how_to_make_one(make_server):
    server = make_server()
    server.add_user()
    server.start()
    assert "user add" not in server.log_with(server.url, f"127.0.0.1:{server.port}")


def test_there_is_no_user_to_begin_with(make_server):
    server = make_server().start()
    caller = Caller(server.port, next_address())
    for name, password in (
        ("admin", "admin"),
        ("root", "root"),
        ("admin", "password"),
        ("coatcheck", "coatcheck"),
        ("admin", ""),
    ):
        assert caller.post(
            "/api/v1/authentication", json={"username": name, "password": password}
        ).status in (400, 401)
    assert server.rows("user", "list") == []


def test_it_answers_soon_after_it_was_started(make_server):
    server = make_server()
    server.add_user()
    start = time.monotonic()
    server.start()
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly_even_with_connections_open(make_server, number):
    server = make_server().start()
    caller = Caller(server.port)
    connections = [caller.connect() for _ in range(5)]
    connections[0].send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
    connections[1].send(caller.compose("GET", "/healthz"))
    assert connections[1].read().status == 200
    start = time.monotonic()
    server.process.send_signal(number)
    assert server.process.wait(12) == 0 and time.monotonic() - start < 11
    for connection in connections:
        connection.close()


def test_a_request_in_flight_is_answered_before_it_stops(make_server):
    server = make_server()
    user = server.add_user()
    server.start()
    caller = Caller(server.port)
    with caller.connect() as connection:
        form = {"username": user.name, "password": user.password}
        connection.send(caller.compose("POST", "/api/v1/authentication", json=form))
        time.sleep(0.01)
        server.process.send_signal(signal.SIGTERM)
        assert connection.read().status in (200, 503)
    assert server.process.wait(12) == 0


def test_behind_a_proxy_it_goes_on_for_a_while_before_it_stops(make_server):
    """The port was closed at once, under the feet of the proxy (issue 19, row 24)."""
    server = make_server({"trusted_proxies": ["127.0.0.1"], "drain": "3s"})
    user = server.add_user()
    server.start()
    caller = Caller(server.port, next_address())
    token = caller.sign_in_body(user)["token"]
    verify = caller.compose("GET", "/api/v1/verify", bearer=token)
    with caller.connect() as kept:
        kept.send(verify)
        assert kept.read().header("Connection") != "close"
        server.process.send_signal(signal.SIGTERM)
        server.log_with("draining")
        assert caller.get("/readyz").verdict == (503, "unavailable")
        kept.send(verify)
        answer = kept.read()
        assert answer.status == 200 and answer.header("Connection") == "close"
        assert kept.read_all() == []
    answered = 0
    while "stopping" not in server.log():
        try:
            assert caller.verify(token).status == 200
            answered += 1
        except (OSError, Closed):
            wait_until(lambda: "stopping" in server.log())
    assert answered > 0 and server.process.wait(12) == 0


def test_a_second_signal_stops_it_at_once(make_server):
    server = make_server({"behind_proxy": True, "drain": "5m"}).start()
    server.process.send_signal(signal.SIGTERM)
    server.log_with("draining")
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(12) == 0


def test_without_a_proxy_it_stops_at_once(make_server):
    server = make_server({"drain": "5m"}).start()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(12) == 0 and "draining" not in server.log()


# Next to another process.


def test_a_second_server_on_the_same_port_is_refused(make_server):
    first, second = make_server().start(), make_server()
    second.port = first.port
    said = fails(second)
    assert (
        str(first.port) in said
        and "listen" in said.lower()
        or "address" in said.lower()
        or "port" in said.lower()
    )
    for _ in range(20):
        assert Caller(first.port).get("/healthz").status == 200


def test_a_port_that_something_else_holds_is_refused(make_server):
    server = make_server()
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", server.port))
        holder.listen()
        assert str(server.port) in fails(server)


def test_a_second_server_on_the_same_data_is_refused(make_server):
    first = make_server()
    user = first.add_user()
    first.start()
    second = make_server(directory=first.directory)
    second.log_path = first.directory / "second.log"
    assert second.data == first.data and second.port != first.port
    said = fails(second)
    assert str(first.data) in said
    caller = Caller(first.port, next_address())
    signed_in = caller.sign_in_body(user)
    assert caller.refresh(signed_in["refresh_token"]).status == 200
    assert first.rows("user", "list")[0]["username"] == user.name, (
        "the first one's control socket is still its own"
    )
    first.crash_and_restart()
    assert caller.verify(signed_in["token"]).status == 200, "a lock that a crash left behind locks nobody out"


def test_a_database_of_a_newer_program_is_refused(make_server):
    server = make_server()
    server.add_user()
    database = sqlite3.connect(server.data / "coatcheck.db")
    database.execute("PRAGMA user_version = 4711")
    database.commit()
    database.close()
    said = fails(server)
    assert "4711" in said and "new" in said
    result = server.try_command("user", "list")
    assert result.returncode != 0 and "4711" in result.stderr + result.stdout


def test_a_file_that_is_no_database_is_refused_and_left_alone(make_server):
    server = make_server()
    server.add_user()
    for path in server.data.iterdir():
        if path.name.startswith("coatcheck.db"):
            path.write_bytes(b"these are my holiday photographs" * 400)
    said = fails(server)
    assert "coatcheck.db" in said
    assert (server.data / "coatcheck.db").read_bytes().startswith(b"these are my")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(os.urandom(path.stat().st_size)),
        os.unlink,
        lambda path: path.write_bytes(b""),
    ],
)
def test_keys_that_cannot_be_opened_are_not_replaced_in_silence(make_server, spoil):
    """With another master key or none, new signing keys would silently sign every user out."""
    server = make_server()
    server.add_user()
    spoil(server.data / "master.key")
    assert "key" in fails(server)


def test_a_data_directory_that_cannot_be_made_is_named(make_server):
    server = make_server()
    server.data.parent.mkdir(parents=True, exist_ok=True)
    server.data.write_text("a file")
    assert str(server.data) in fails(server)


# Where it may listen.


@pytest.mark.parametrize("address", ["0.0.0.0", "[::]"])
def test_plain_http_beyond_loopback_needs_a_proxy(make_server, address):
    server = make_server()
    said = fails(server, "--listen", f"{address}:{server.port}")
    assert "behind_proxy" in said
    server = make_server({"listen": f"{address}:{free_port()}", "behind_proxy": True})
    assert server.try_command("config", "check").returncode == 0


def test_behind_a_proxy_it_may_listen_anywhere(make_server):
    server = make_server({"behind_proxy": True})
    server.flags = ["--listen", f"0.0.0.0:{server.port}"]
    server.start()
    assert Caller(server.port).get("/healthz").status == 200


@pytest.mark.parametrize("more", [{}, {"behind_proxy": True}])
def test_development_mode_is_for_loopback_alone(make_server, more):
    server = make_server(more)
    said = fails(server, "--dev", "--listen", f"0.0.0.0:{server.port}")
    assert "dev" in said and ("loopback" in said or "127.0.0.1" in said or "localhost" in said)


@pytest.mark.parametrize(
    "listen",
    [
        "",
        "nonsense",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:99999",
        "127.0.0.1:-1",
        "127.0.0.1:x",
        ":",
        "256.0.0.1:80",
        "127.0.0.1:80:80",
        "http://127.0.0.1:80",
    ],
)
def test_an_address_that_is_none_is_refused(make_server, listen):
    assert "listen" in fails(make_server(), "--listen", listen).lower()


def test_the_log_is_one_json_object_a_line_where_nobody_watches(make_server):
    server = make_server({"log.access": True})
    user = server.add_user('na"me\\with signs')
    server.start()
    caller = Caller(server.port, next_address())
    caller.sign_in_body(user)
    caller.try_sign_in(user, 'wrong\n{"event":"forged"}\u001b[31m')
    caller.post("/api/v1/authentication", json={"username": 'x\n{"event":"forged"}', "password": "\r\n"})
    caller.get("/nothing%0a{%22event%22:%22forged%22}")
    server.stop()
    lines = [line for line in server.log().splitlines() if line.startswith("{")]
    assert lines
    for line in lines:
        assert "event" not in (event := json.loads(line)) or event["event"] != "forged"
        assert "\x1b" not in line


@pytest.mark.parametrize(
    "number",
    ["USR1", "USR2", "ALRM", "IO", "PWR", "VTALRM", "PROF", "STKFLT", signal.SIGRTMIN, signal.SIGRTMAX],
)
def test_a_signal_that_means_nothing_is_logged_and_ends_nothing(make_server, number):
    """Each of them ended the server without a line (issue 18, row 52)."""
    server = make_server().start()
    number = int(number) if not isinstance(number, str) else getattr(signal, f"SIG{number}")
    server.process.send_signal(number)
    wait_until(lambda: "signal_ignored" in server.log())
    assert server.process.poll() is None and Caller(server.port).get("/healthz").status == 200


def test_sigquit_stops_it_as_sigterm_does(make_server):
    server = make_server().start()
    server.process.send_signal(signal.SIGQUIT)
    assert server.process.wait(60) == 0 and "stopping" in server.log()


def test_closed_standard_descriptors_are_no_files_of_ours(make_server):
    """The database got the number of standard output, into which the log writes (issue 18, row 52)."""
    server = make_server()
    user = server.add_user()
    process = subprocess.Popen(
        ["/bin/sh", "-c", 'exec "$@" 0<&- 1>&- 2>&-', "sh", *server.words], env=clean_environment()
    )
    try:
        wait_until(server.is_ready)
        for number in range(3):
            assert os.readlink(f"/proc/{process.pid}/fd/{number}") == "/dev/null"
        assert Caller(server.port).try_sign_in(user).status == 200
    finally:
        process.terminate()
        process.wait(60)
    assert server.start().is_ready()


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o720, 0o702])
def test_a_data_directory_that_others_can_write_to_is_refused(make_server, mode):
    """They could replace the database and the keys (issue 18, row 1)."""
    server = make_server()
    server.data.mkdir(parents=True, mode=0o700)
    server.data.chmod(mode)
    result = server.try_command("user", "list")
    assert result.returncode == 1 and f"chmod 700 {server.data}" in result.stderr, result.stderr
    server.data.chmod(0o700)
    assert server.try_command("user", "list").returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run a command as another user")
def test_a_data_directory_of_another_user_is_refused(make_server):
    server = make_server()
    server.data.mkdir(parents=True, mode=0o755)
    as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    # Another user may not get to the build folder.
    program = shutil.copy(BINARY, server.directory)
    server.directory.chmod(0o755)
    result = subprocess.run(
        [*as_nobody, program, "user", "list", "--data", server.data],
        capture_output=True,
        text=True,
        env=clean_environment(),
    )
    assert result.returncode == 1 and "belongs to another user" in result.stderr, result.stderr

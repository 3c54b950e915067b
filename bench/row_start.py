# SPDX-License-Identifier: Apache-2.0
"""Measures the time from exec to the first 200 on /healthz, with a database that exists already."""

import os
import signal
import socket
import time

from figures import Figure, Sample, in_turn
from servers import Failed, clean_environment, coatcheck, nginx
from town import USERS

STARTS = 20
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def first_answer(port, deadline):
    """Returns the first answer, and how many connections were accepted and then dropped before it."""
    dropped = 0
    while time.perf_counter() < deadline:
        with socket.socket() as attempt:
            attempt.settimeout(5)
            try:
                attempt.connect(("127.0.0.1", port))
                attempt.sendall(REQUEST)
                answer = attempt.recv(4096)
            except ConnectionRefusedError:
                time.sleep(0.0002)  # leaves the cores to the server
                continue
            except ConnectionError:
                answer = b""
            if answer:
                return answer, dropped
            dropped += 1
    raise Failed("a server does not start")


def milliseconds_to_start(server):
    log = os.open(server.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    environment = clean_environment()
    streams = [(os.POSIX_SPAWN_DUP2, log, 1), (os.POSIX_SPAWN_DUP2, log, 2)]
    start = time.perf_counter()
    pid = os.posix_spawn(server.command[0], server.command, environment, file_actions=streams)
    try:
        answer, dropped = first_answer(server.port, start + 10)
        elapsed = (time.perf_counter() - start) * 1000
    finally:
        os.close(log)
        end(pid)
    return Sample(
        elapsed,
        None if answer.startswith(b"HTTP/1.1 200 ") else f"the first answer is {answer[:40]!r}",
        dropped,
    )


def end(pid):
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 12
    while os.waitpid(pid, os.WNOHANG)[0] == 0:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return
        time.sleep(0.001)


def measure(bench):
    figure = Figure(
        "start",
        f"exec to first 200, median of {STARTS}",
        "ms",
        "nginx",
        "at most 20 ms",
        at_most=20,
        digits=1,
    )
    bench.town.fill()
    ours = coatcheck(bench.town.data)
    theirs = nginx(bench.town.directory / "nginx-start", "")
    for server in (ours, theirs):  # once before, so that both are in the page cache
        milliseconds_to_start(server)
    dropped = [0, 0]
    for number in range(1, STARTS + 1):
        mine, other = in_turn(
            number, lambda: milliseconds_to_start(ours), lambda: milliseconds_to_start(theirs)
        )
        figure.add(mine, other)
        dropped = [before + sample.note for before, sample in zip(dropped, (mine, other))]
        if number % 5 == 0:
            bench.say(figure, number, f"{figure.ours[-1]:.1f} ms, nginx {figure.theirs[-1]:.1f} ms", STARTS)
    figure.notes.append(f"{2 * USERS} users in the database; the time to spawn a process is part of both")
    figure.notes.append(
        f"connections taken and then dropped before the first answer: Coatcheck {dropped[0]}, nginx {dropped[1]}"
    )
    return [figure]

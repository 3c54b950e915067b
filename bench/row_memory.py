# SPDX-License-Identifier: Apache-2.0
"""Measures resident memory: idle after the start with an empty database, and with 10,000 idle keep-alive
connections; and the size of the binary."""

import re
import resource
import selectors
import shutil
import socket
import statistics
import struct
import time
from pathlib import Path

from figures import Figure, Sample
from servers import BINARY, Failed, coatcheck, descriptors, nginx, run

CONNECTIONS = 10_000
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


def megabytes(path, name):
    """The value of a kB field of a file in /proc, in MB (MiB), or None if the file may not be read."""
    try:
        return int(re.search(rf"^{name}:\s+(\d+) kB", path.read_text(), re.MULTILINE).group(1)) / 1024
    except OSError:
        return None


def memory_of(server):
    """Resident, private and proportional MB (MiB, as 1024 kB) of all processes of a server together."""
    totals = {"resident": 0, "private": 0, "proportional": 0}
    for pid in server.pids():
        status, rollup = Path(f"/proc/{pid}/status"), Path(f"/proc/{pid}/smaps_rollup")
        for name, value in (
            ("resident", megabytes(status, "VmRSS")),
            ("private", megabytes(status, "RssAnon")),
            ("proportional", megabytes(rollup, "Pss")),
        ):
            totals[name] = None if value is None or totals[name] is None else totals[name] + value
    return totals


class Crowd:
    """Connections that have each received one answer and then stay open."""

    def __init__(self, server, count):
        self.sockets = []
        self.wrong = 0
        for start in range(0, count, 500):
            batch = [self.open(server.port) for _ in range(min(500, count - start))]
            self.read_answers(batch)

    def open(self, port):
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        # The connection is reset when it is closed, so that no port stays in TIME_WAIT.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sockets.append(connection)
        connection.sendall(REQUEST)
        return connection

    def read_answers(self, batch):
        with selectors.DefaultSelector() as selector:
            for connection in batch:
                selector.register(connection, selectors.EVENT_READ)
            deadline = time.monotonic() + 10
            while selector.get_map() and time.monotonic() < deadline:
                for key, _ in selector.select(1):
                    if not key.fileobj.recv(4096).startswith(b"HTTP/1.1 200 "):
                        self.wrong += 1
                    selector.unregister(key.fileobj)
            self.wrong += len(selector.get_map())

    def closed(self):
        """How many connections the server has closed or reset."""
        count = 0
        for connection in self.sockets:
            connection.setblocking(False)
            try:
                connection.recv(1)
                count += 1
            except BlockingIOError:
                pass
            except OSError:
                count += 1
        return count

    def leave(self):
        for connection in self.sockets:
            connection.close()


def settle(server):
    """Waits until the server's memory no longer changes, two seconds at most."""
    last = None
    for _ in range(10):
        time.sleep(0.2)
        now = memory_of(server)["resident"]
        if last is not None and abs(now - last) < 0.05:
            break
        last = now


def measure(bench):
    idle = Figure(
        "memory",
        "idle, empty database",
        "MB resident",
        "nginx, its processes together",
        "at most 15 MB",
        at_most=15,
        digits=1,
    )
    crowd = Figure(
        "memory",
        f"{CONNECTIONS:,} idle connections",
        "MB resident",
        "nginx, its processes together",
        digits=1,
    )
    if descriptors() < CONNECTIONS + 200:
        raise Failed(f"this row needs a hard limit of {CONNECTIONS + 200:,} open files (ulimit -Hn)")
    raise_own_limit()
    kinds = {
        (figure.name, side, kind): []
        for figure in (idle, crowd)
        for side in ("Coatcheck", "nginx")
        for kind in ("private", "proportional")
    }

    def look(server, figure, side):
        settle(server)
        found = memory_of(server)
        for kind in ("private", "proportional"):
            kinds[figure.name, side, kind].append(found[kind])
        return Sample(found["resident"])

    def look_with_crowd(server, side):
        people = Crowd(server, CONNECTIONS)
        try:
            sample = look(server, crowd, side)
            closed = people.closed()
            if people.wrong or closed:
                sample.wrong = f"{side}: {people.wrong} wrong answers, {closed} connections closed"
            return sample
        finally:
            people.leave()

    rounds = bench.rounds(at_most=3)
    for number in rounds:
        data = bench.town.directory / "memory" / "data"
        data.parent.mkdir()
        with coatcheck(data).running() as ours:
            idle_ours = look(ours, idle, "Coatcheck")
            crowd_ours = look_with_crowd(ours, "Coatcheck")
        shutil.rmtree(data.parent)
        with nginx(bench.town.directory / "nginx-memory", "").running() as theirs:
            idle_theirs = look(theirs, idle, "nginx")
        with nginx(
            bench.town.directory / "nginx-memory", "", connections=CONNECTIONS + 200
        ).running() as theirs:
            crowd_theirs = look_with_crowd(theirs, "nginx")
        for figure, mine, other in ((idle, idle_ours, idle_theirs), (crowd, crowd_ours, crowd_theirs)):
            figure.add(mine, other)
            bench.say(figure, number, f"{mine.value:.1f} MB, nginx {other.value:.1f} MB", len(rounds))

    def median(figure, side, kind):
        values = kinds[figure.name, side, kind]
        return "unreadable" if None in values else f"{statistics.median(values):.1f} MB"

    for figure in (idle, crowd):
        figure.notes.append(
            "; ".join(
                f"{side}: private {median(figure, side, 'private')}, "
                f"proportional {median(figure, side, 'proportional')}"
                for side in ("Coatcheck", "nginx")
            )
        )
    each = (statistics.median(crowd.ours) - statistics.median(idle.ours)) * 1024 / CONNECTIONS
    crowd.notes.append(f"{each:.1f} kB for each connection of Coatcheck's")
    stripped = bench.town.directory / "stripped"
    run("strip", "-o", stripped, BINARY)
    size = Figure("memory", "stripped binary", "MB", "-", digits=1)
    size.add(Sample(stripped.stat().st_size / 1024 / 1024), Sample(0))
    return [idle, crowd, size]


def raise_own_limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

# SPDX-License-Identifier: Apache-2.0
"""Measures PostgreSQL with one, two and three nodes: durable refreshes of 64 clients, compared with the bare
statement that pgbench runs with as many clients; the same on SQLite; and how soon the other nodes refuse a
token after a sign-out at one node."""

import contextlib
import re
import shutil
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from figures import Figure, Sample
from programs import client, program
from row_verify import bearer
from servers import BINARY, CORES, ROOT, Failed, coatcheck, run
from town import PASSWORD

CLIENTS = 64
NODES = 3
PGBENCH = max(Path("/usr/lib/postgresql").glob("*/bin")) / "pgbench"
SERVER = ROOT / "tests/support/postgres.sh"


@contextlib.contextmanager
def postgres(directory):
    # PostgreSQL runs as another user, who must be able to reach its directory.
    directory.parent.chmod(0o711)
    url = run(SERVER, "start", directory, "-c", "max_wal_size=4GB").strip()
    try:
        yield url
    finally:
        run(SERVER, "stop", directory, "immediate")


@contextlib.contextmanager
def nodes_on(town, url):
    """Runs NODES nodes on one database, with the users of `town`; yields the nodes when they are ready."""
    hashed = run(program("raw_argon2id"), "hash", stdin=PASSWORD + "\n")
    all_nodes = [
        coatcheck(
            town.directory / f"node-{number}",
            f"store.url={url}",
            "sessions.refresh_grace=1ms",
            "public_url=http://localhost:8080",
        )
        for number in range(NODES)
    ]
    data = town.directory / "node-0"
    for name in town.names:
        run(
            BINARY,
            "user",
            "add",
            name,
            "--password-hash-stdin",
            "--data",
            data,
            "--set",
            f"store.url={url}",
            stdin=hashed,
        )
    for number in range(1, NODES):
        other = town.directory / f"node-{number}"
        other.mkdir(mode=0o700)
        shutil.copy2(data / "master.key", other / "master.key")
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(node.running()) for node in all_nodes]


class Chains:
    """A chain of refresh tokens for each client, which continues from run to run."""

    def __init__(self, town, node):
        self.directory = town.directory
        self.lines = [each["refresh_token"] for each in town.sign_all_in(node, town.names[:CLIENTS])]

    def refresh(self, nodes, seconds):
        """Refreshes with all clients, an equal part of them at each node; returns the sum of the rates."""
        parts = [self.lines[number :: len(nodes)] for number in range(len(nodes))]
        files = [self.directory / f"chains-{number}" for number in range(len(nodes))]
        for part, file in zip(parts, files):
            file.write_text("".join(line + "\n" for line in part))
        threads = CORES if len(nodes) == 1 else 1
        with ThreadPoolExecutor(len(nodes)) as pool:
            said = list(
                pool.map(
                    lambda one: client("refresh", one[0].port, 0.3, seconds, len(one[1]), threads, one[2]),
                    zip(nodes, parts, files),
                )
            )
        self.lines = [line for file in files for line in file.read_text().splitlines()]
        wrong = next((wrong for _, wrong in said if wrong), None)
        return Sample(
            sum(each["rate"] for each, _ in said),
            wrong,
            f"p99 {max(each['p99_ms'] for each, _ in said):.1f} ms",
        )


def pgbench(directory, url, seconds):
    """The bare statement: each client updates a row of its own by key, in a page of its own, so that no
    client waits for another."""
    script = directory / "bare.sql"
    script.write_text(
        "UPDATE bare SET counter = counter + 1 WHERE id = :client_id * 1000 RETURNING counter;\n"
    )
    said = run(
        PGBENCH,
        "-n",
        "-M",
        "prepared",
        "-c",
        CLIENTS,
        "-j",
        CORES,
        "-T",
        round(seconds),
        "-f",
        script,
        url,
        seconds=seconds + 30,
    )
    if "number of failed transactions: 0 " not in said:
        raise Failed(f"pgbench failed: {said[-300:]}")
    return Sample(float(re.search(r"tps = ([\d.]+)", said).group(1)))


def measure(bench):
    town = bench.town
    town.fill()
    figures = [
        Figure(
            "nodes",
            f"refresh on PostgreSQL, {count} node{'s' if count > 1 else ''}, {CLIENTS} clients",
            "refreshes/s",
            "bare UPDATE … RETURNING by pgbench, as many clients",
            "at least 0.8 of it",
            at_least=0.8,
        )
        for count in range(1, NODES + 1)
    ]
    on_sqlite = Figure(
        "nodes",
        f"refresh on SQLite, for comparison, {CLIENTS} clients",
        "refreshes/s",
        "bare UPDATE … RETURNING by pgbench, as many clients",
    )
    with postgres(town.directory / "postgres") as url, nodes_on(town, url) as nodes:
        run(
            "psql",
            "-q",
            "-X",
            url,
            "-c",
            f"CREATE TABLE bare (id int PRIMARY KEY, counter int) WITH (fillfactor = 80); INSERT INTO bare SELECT i, 0 FROM generate_series(0, {CLIENTS} * 1000) i; ANALYZE bare",
        )
        chains = Chains(town, nodes[0])
        with town.server("sessions.refresh_grace=1ms") as sqlite:
            sqlite_chains = Chains(town, sqlite)
            for number in bench.rounds():
                bare = pgbench(town.directory, url, bench.seconds(3))
                for count, figure in enumerate(figures, 1):
                    mine = chains.refresh(nodes[:count], bench.seconds(3))
                    figure.add(mine, bare)
                    bench.say(
                        figure, number, f"{mine.value:,.0f}/s ({mine.note}), pgbench {bare.value:,.0f}/s"
                    )
                on_sqlite.add(sqlite_chains.refresh([sqlite], bench.seconds(3)), bare)
        refusal = sign_outs(bench, town, nodes)
    return [*figures, on_sqlite, refusal]


def sign_outs(bench, town, nodes):
    """Measures the time from the answer to a sign-out at one node to the first refusal by each of the others,
    which are asked all the time."""
    figure = Figure(
        "nodes",
        "sign-out at one node to refusal by the others, p99.9",
        "ms",
        "-",
        "under 1 s",
        at_most=1000,
        digits=1,
    )
    count = 300 if bench.options.quick else 1500
    waits = []
    with contextlib.ExitStack() as stack:
        callers = [stack.enter_context(contextlib.closing(node.connect())) for node in nodes]
        for number in range(count):
            here, *others = callers[number % NODES :] + callers[: number % NODES]
            session = town.sign_in(nodes[number % NODES], town.names[number % len(town.names)])
            if any(
                caller.ask("GET", "/api/v1/verify", headers=bearer(session["token"])).status != 200
                for caller in others
            ):
                raise Failed("a node does not take a good token")
            if here.ask("DELETE", "/api/v1/authentication", headers=bearer(session["token"])).status != 204:
                raise Failed("a sign-out is refused")
            began = time.perf_counter()
            for caller in others:
                while caller.ask("GET", "/api/v1/verify", headers=bearer(session["token"])).status != 401:
                    if time.perf_counter() - began > 10:
                        raise Failed("a session goes on after its end")
                waits.append((time.perf_counter() - began) * 1000)
    waits.sort()
    figure.add(waits[int(len(waits) * 0.999)], Sample(0))
    figure.theirs.clear()
    figure.notes.append(
        f"{len(waits)} refusals: median {statistics.median(waits):.1f} ms, p99 {waits[int(len(waits) * 0.99)]:.1f} ms, the longest {waits[-1]:.1f} ms"
    )
    bench.say(figure, 1, figure.notes[-1], of=1)
    return figure

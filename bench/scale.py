#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Estimates what a number of active sessions needs.

Measures what one sign-in, refresh, verification, session and revocation costs. Then goes through a day minute
by minute and prints what its busiest minute needs.

  bench/scale.py                          simulates with the costs in bench/units.json
  bench/scale.py --measure                measures the costs first, in about two minutes (script/bench builds
                                          the programs for a million sessions)
  bench/scale.py --sessions 5e6 --minutes-in-use 30 --access-ttl 5
"""

import argparse
import collections
import contextlib
import json
import math
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

UNITS = Path(__file__).resolve().parent / "units.json"
MINUTES = 24 * 60


@dataclass
class Day:
    """How users use the application. All values are guesses about your application: change them."""

    sessions: float
    minutes_in_use: float = 60  # per session and day
    requests: float = 20  # verifications per session, in each minute of use
    session_days: float = 14  # from sign-in to the end of the session
    signed_out: float = 0.5  # the share of sessions that end by a sign-out; the others lapse
    access_ttl: float = 15  # minutes
    swing: float = 0.9  # load, times the mean: 1 + swing in the busiest hour, 1 - swing in the quietest


def simulate(day, units, busy=0.5):
    """Returns the needs of the busiest minute of the second day. `busy`: the planned load of a core, as a
    share: queues grow above it."""
    per_minute = {
        "refresh": day.sessions * day.minutes_in_use / day.access_ttl / MINUTES,
        "sign_in": day.sessions / day.session_days / MINUTES,
        "verify": day.sessions * day.minutes_in_use * day.requests / MINUTES,
    }
    live, entries = collections.deque(), 0.0  # sign-outs whose tokens may still live
    peak = collections.defaultdict(float)
    for minute in range(2 * MINUTES):
        load = 1 + day.swing * math.sin(2 * math.pi * minute / MINUTES)
        sign_outs = per_minute["sign_in"] * day.signed_out * load
        live.append(sign_outs)
        entries += sign_outs
        if len(live) > day.access_ttl:
            entries -= live.popleft()
        rates = {name: rate * load / 60 for name, rate in per_minute.items()} | {"sign_out": sign_outs / 60}
        needs = {
            **{name + "/s": rate for name, rate in rates.items()},
            "entries": entries,
            "feed_bytes/s": rates["sign_out"] * units["feed_bytes_of_an_entry"],
            "node_cores": sum(
                rates[name] * units[f"node_us_of_a_{name}"] for name in ("refresh", "sign_in", "sign_out")
            )
            / 1e6
            / busy,
            "database_cores": sum(
                rates[name] * units[f"database_us_of_a_{name}"] for name in ("refresh", "sign_in", "sign_out")
            )
            / 1e6
            / busy,
            "verify_cores": rates["verify"] * units["node_us_of_a_verify"] / 1e6 / busy,
        }
        for name, need in needs.items():
            peak[name] = max(peak[name], need)
    peak["database_bytes"] = day.sessions * units["database_bytes_of_a_session"]
    peak["verifier_bytes"] = peak["entries"] * units["bytes_of_an_entry"]
    return peak


def readable(number):
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g} {letter}"
    return f"{number:.2g}" if number < 10 else f"{number:.0f}"


ROWS = [
    ("refreshes/s", "refresh/s"),
    ("sign-ins/s", "sign_in/s"),
    ("sign-outs/s", "sign_out/s"),
    ("verifications/s", "verify/s"),
    ("cores of nodes", "node_cores"),
    ("cores of databases", "database_cores"),
    ("cores for verifying, at nodes", "verify_cores"),
    ("sessions in databases, bytes", "database_bytes"),
    ("revocations that count", "entries"),
    ("memory of each verifier for them, bytes", "verifier_bytes"),
    ("feed to each verifier, bytes/s", "feed_bytes/s"),
]


def table(days, units):
    peaks = [simulate(day, units) for day in days]
    lines = [
        "| in the busiest minute | " + " | ".join(readable(day.sessions) for day in days) + " |",
        "| --- |" + " --- |" * len(days),
    ]
    return "\n".join(
        lines
        + [
            f"| {title} | " + " | ".join(readable(peak[name]) for peak in peaks) + " |"
            for title, name in ROWS
        ]
    )


def measure():
    import row_nodes
    from programs import client, compile_all, wrk
    from servers import BINARY, CORES, coatcheck, run
    from town import PASSWORD, Town

    compile_all()
    with tempfile.TemporaryDirectory(prefix="coatcheck-scale-") as directory:
        town = Town(Path(directory))
        town.fill()
        units = {}

        def cpu_of_postgres():
            """CPU seconds of all PostgreSQL processes, including those that have ended."""
            postmaster = int((town.directory / "postgres/data/postmaster.pid").read_text().split()[0])
            ticks = 0
            for stat in Path("/proc").glob("[0-9]*/stat"):
                with contextlib.suppress(OSError):
                    fields = stat.read_text().rpartition(")")[2].split()
                    if int(stat.parent.name) == postmaster:
                        ticks += sum(map(int, fields[11:15]))
                    elif int(fields[1]) == postmaster:
                        ticks += int(fields[11]) + int(fields[12])
            return ticks / 100

        def cost(name, node, work):
            """Runs `work`, and records what one of its answers costs the node and the database."""
            before = node.cpu_seconds(), cpu_of_postgres()
            answers = work()
            units[f"node_us_of_a_{name}"] = round((node.cpu_seconds() - before[0]) / answers * 1e6, 1)
            units[f"database_us_of_a_{name}"] = round((cpu_of_postgres() - before[1]) / answers * 1e6, 1)
            print(
                f"scale: a {name} costs {units[f'node_us_of_a_{name}']} µs of a node, {units[f'database_us_of_a_{name}']} µs of the database",
                flush=True,
            )

        def posted(mode, node, connections, file):
            said, wrong = client(mode, node.port, 0.01, 5, connections, CORES, file)
            if wrong:
                raise SystemExit(f"scale: {wrong}")
            return said["answers"]

        with row_nodes.postgres(town.directory / "postgres") as url, row_nodes.nodes_on(town, url) as nodes:
            node = nodes[0]
            chains = town.directory / "chains"
            signed_in = town.sign_all_in(node, town.names)
            chains.write_text("".join(each["refresh_token"] + "\n" for each in signed_in))
            cost("refresh", node, lambda: posted("refresh", node, 64, chains))
            cost("sign_in", node, lambda: posted("sign-in", node, 16, town.write_forms()))
            tokens = town.directory / "tokens"
            tokens.write_text("".join(line.split()[1] + "\n" for line in chains.read_text().splitlines()))
            cost("verify", node, lambda: wrk(node.port, 64, 5, tokens)["answers"])
            for _ in range(10):
                signed_in += town.sign_all_in(node, town.names)
            with contextlib.closing(node.connect()) as caller:

                def sign_out():
                    for each in signed_in:
                        caller.ask(
                            "DELETE",
                            "/api/v1/authentication",
                            headers={"Authorization": "Bearer " + each["token"]},
                        )
                    return len(signed_in)

                cost("sign_out", node, sign_out)
            rows = 200_000
            size = "SELECT pg_total_relation_size('sessions')"
            before = int(run("psql", "-XAtq", url, "-c", size))
            run(
                "psql",
                "-Xq",
                url,
                "-c",
                "INSERT INTO sessions(id, user_id, secret_hash, delivery, device, address, network, created, last_used, idle_end, absolute_end, access_end)"
                " SELECT substr(md5(i::text), 1, 22), (SELECT id FROM users LIMIT 1), sha256(i::text::bytea), 'hybrid', 'Firefox on Linux', '192.0.2.17', '\\xc0000211', n, n, n, n, n"
                f" FROM generate_series(1, {rows}) i, (SELECT 4000000000000 AS n) AS t",
            )
            units["database_bytes_of_a_session"] = (
                int(run("psql", "-XAtq", url, "-c", size)) - before
            ) // rows

        entries = 500_000
        data = town.directory / "revoked"
        run(BINARY, "user", "add", "ada", "--password-stdin", "--data", data, stdin=PASSWORD + "\n")
        sizes = []
        for step in range(2):
            with coatcheck(data).running() as server:
                sizes.append(
                    int(
                        next(
                            line.split()[1]
                            for line in Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
                            if line.startswith("VmRSS")
                        )
                    )
                    * 1024
                )
            if step == 0:
                subprocess.run(
                    [
                        "sqlite3",
                        data / "coatcheck.db",
                        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {entries})"
                        " INSERT INTO revocations(kind, subject, minimum, expires) SELECT 0, lower(hex(randomblob(11))), 0, 4000000000000 FROM n",
                    ],
                    check=True,
                )
        units["bytes_of_an_entry"] = (sizes[1] - sizes[0]) // entries
        units["feed_bytes_of_an_entry"] = len(
            'id: 0123456789abcdef.1000000\ndata: [{"kind":"session","subject":"'
            + 22 * "x"
            + '","minimum":0,"expires":1800000000}]\n\n'
        )
    UNITS.write_text(json.dumps(units, indent=2) + "\n")
    return units


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--sessions", type=float, nargs="+", default=[1e6, 1e8, 1e9])
    for name in ("minutes_in_use", "requests", "session_days", "signed_out", "access_ttl", "swing"):
        parser.add_argument(
            "--" + name.replace("_", "-"),
            type=float,
            default=getattr(Day, name),
            help=f"{getattr(Day, name)}",
        )
    options = vars(parser.parse_args())
    units = measure() if options.pop("measure") else json.loads(UNITS.read_text())
    print("\n".join(f"{name.replace('_', ' ')}: {value}" for name, value in units.items()) + "\n")
    print(
        table(
            [
                Day(sessions, **{k: v for k, v in options.items() if k != "sessions"})
                for sessions in options["sessions"]
            ],
            units,
        )
    )


if __name__ == "__main__":
    main()

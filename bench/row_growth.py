# SPDX-License-Identifier: Apache-2.0
"""Measures what calls cost while the database grows from a thousand sessions to ten million: their p99 at a
fixed rate (open loop), the rate with all connections busy, the time to start, and the bytes on disk. A server
for each size runs at the same time, and they are asked in turn."""

import contextlib
import json
import random
import shutil
import statistics

import populate
import row_start
from figures import Figure, Sample
from growth_plot import plot
from programs import client
from servers import CORES, ROOT, Failed, coatcheck
from town import PASSWORD, Town

SIZES = [
    (1_000, 1_000),
    (1_000, 10_000),
    (10_000, 100_000),
    (100_000, 1_000_000),
    (1_000_000, 10_000_000),
]  # users, sessions
PLOT = ROOT / "bench/growth.svg"
PEOPLE, EACH = 60, 10  # the users who refresh and list, and their sessions: the same in every size
SETTINGS = ["sessions.refresh_grace=1ms", "tokens.access_ttl=2h"]  # the ttl is longer than this row takes
# Call: its kind for client.cpp, requests per second, connections.
CALLS = {
    "verify": ("/api/v1/verify", 2000, 32),
    "list of sessions": ("/api/v1/sessions", 1000, 32),
    "refresh": ("refresh", 500, PEOPLE * EACH),
    "sign-in": ("sign-in", 40, 32),
}
FREE = 16 << 30  # bytes of free disk that the largest size needs


class Size:
    """A Town with a number of users and sessions, and what was measured in it."""

    def __init__(self, directory, users, sessions):
        directory.mkdir()
        self.town, self.users, self.sessions = Town(directory), users, sessions
        self.database = self.town.data / "coatcheck.db"
        self.name = f"{sessions:,}"
        self.p99, self.rate = ({call: [] for call in CALLS} for _ in range(2))
        self.server = None

    def build(self):
        names = self.town.names[:PEOPLE]
        with self.town.server(*SETTINGS) as server:
            signed_in = self.town.sign_all_in(server, names * EACH)
        populate.fill(self.database, self.users, self.sessions)
        self.bytes = self.database.stat().st_size
        self.files = {}
        for call, lines in {
            "verify": [one["token"] for one in signed_in],
            "refresh": [one["refresh_token"] for one in signed_in],
            "sign-in": self.forms(),
        }.items():
            self.files[call] = self.town.directory / call
            self.files[call].write_text("".join(line + "\n" for line in lines))
        self.files["list of sessions"] = self.files["verify"]

    def forms(self):
        """Sign-in forms of users drawn at random from all those that populate.py has made."""
        bulk = self.users - len(self.town.names)
        drawn = [f"bulk-{number:07}" for number in random.sample(range(1, bulk + 1), min(900, bulk))]
        return [
            f"{name}\t{json.dumps({'username': name, 'password': PASSWORD, 'delivery': 'body'})}"
            for name in drawn
        ]

    def ask(self, call, seconds, paced):
        kind, rate, connections = CALLS[call]
        said, wrong = client(
            kind,
            self.server.port,
            0.3,
            seconds,
            connections,
            1 if paced else CORES,
            self.files[call],
            rate if paced else None,
        )
        (self.p99 if paced else self.rate)[call].append(said["p99_ms"] if paced else said["rate"])
        return Sample(said["p99_ms"], wrong)


def measure(bench):
    sizes = SIZES if not bench.options.quick else SIZES[:3]
    if shutil.disk_usage(bench.town.directory).free < FREE and not bench.options.quick:
        raise Failed(f"this row needs {FREE >> 30} GiB of free disk (TMPDIR says where), or --quick")
    towns = []
    for users, sessions in sizes:
        towns.append(Size(bench.town.directory / f"growth-{sessions}", users, sessions))
        print(f"  growth: making {users:,} users and {sessions:,} sessions", flush=True)
        towns[-1].build()
    smallest, largest = towns[0], towns[-1]

    starts = Figure(
        "growth",
        f"exec to first 200 with {largest.name} sessions",
        "ms",
        f"the same with {smallest.name}",
        "at most 20 ms",
        at_most=20,
        digits=1,
    )
    for town in towns:
        row_start.milliseconds_to_start(coatcheck(town.town.data))
    for _ in range(2 * bench.options.rounds):
        starts.add(
            *(row_start.milliseconds_to_start(coatcheck(town.town.data)) for town in (largest, smallest))
        )

    figures = {
        call: Figure(
            "growth",
            f"{call} at {CALLS[call][1]:,}/s with {largest.name} sessions, p99",
            "ms",
            f"the same with {smallest.name}",
            "at most 1.2 times",
            ratio_at_most=1.2,
            digits=2,
        )
        for call in CALLS
    }
    for number in bench.rounds():
        asked = towns if number <= 3 else [smallest, largest]  # the sizes between are only for the plot
        # The servers start anew, so that their caches do not hold the rows of the round before.
        with contextlib.ExitStack() as stack:
            for town in asked:
                town.server = stack.enter_context(town.town.server(*SETTINGS))
            for call, figure in figures.items():
                samples = {
                    town: town.ask(call, bench.seconds(4), paced=True)
                    for town in asked[:: 1 if number % 2 else -1]
                }
                figure.add(samples[largest], samples[smallest])
                figure.wrong += [sample.wrong for sample in samples.values() if sample.wrong]
                bench.say(
                    figure, number, ", ".join(f"{town.name}: {town.p99[call][-1]:.2f} ms" for town in asked)
                )
            for call in CALLS if number <= 2 else []:
                for town in asked:
                    if wrong := town.ask(call, bench.seconds(2), paced=False).wrong:
                        figures[call].wrong.append(wrong)
    for call in ("refresh", "list of sessions"):
        figures[call].notes.append(
            f"{PEOPLE} users with {EACH} sessions each, which lie all over the table; the server is started anew for each round"
        )
    for call, figure in figures.items():
        figure.notes.append(
            "p99, ms, and rate with all connections busy, /s, by sessions: "
            + "; ".join(
                f"{town.name}: {statistics.median(town.p99[call]):.2f}, {statistics.median(town.rate[call]):,.0f}"
                for town in towns
            )
        )
    disk = Figure(
        "growth",
        f"database with {largest.name} sessions and {largest.users:,} users, for each session",
        "bytes",
        "-",
    )
    disk.add(Sample(largest.bytes / largest.sessions), Sample(0))
    if bench.options.write:
        PLOT.write_text(
            plot(
                {
                    town.sessions: {
                        call: (statistics.median(town.p99[call]), statistics.median(town.rate[call]))
                        for call in CALLS
                    }
                    for town in towns
                },
                {call: rate for call, (_, rate, _) in CALLS.items()},
            )
        )
    return [*figures.values(), starts, disk]

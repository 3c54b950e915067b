# SPDX-License-Identifier: Apache-2.0
"""Measures what other clients notice of 10,000 stalled connections: headers and bodies that arrive byte by
byte, and clients that do not read what they asked for. The server ends them at its deadlines, and each is
opened again."""

import json
import statistics
import subprocess

from figures import Figure, Sample, in_turn
from programs import client, program
from row_memory import memory_of, raise_own_limit
from servers import Failed, descriptors, nginx

STALLED = 10_000
RATE = 2000
CONNECTIONS = 32
TOKENS = 1000
LARGE = "/openapi.json"


def measure(bench):
    if descriptors() < STALLED + 200:
        raise Failed(f"this row needs a hard limit of {STALLED + 200:,} open files (ulimit -Hn)")
    raise_own_limit()
    town = bench.town
    figure = Figure(
        "stalled",
        f"verify at {RATE:,}/s beside {STALLED:,} stalled connections, p99",
        "ms",
        "the same without them",
        "at most 1.2 times",
        ratio_at_most=1.2,
        digits=2,
    )
    memory = Figure(
        "stalled",
        f"memory with {STALLED:,} stalled connections",
        "MB resident",
        "Coatcheck before them",
        digits=1,
    )
    large = town.directory / "large"
    large.write_text("x" * 100_000)
    location = (
        "        client_header_timeout 10s; client_body_timeout 10s; send_timeout 20s;\n        location = /api/v1/verify { return 200; }\n"
        f"        location = {LARGE} {{ alias {large}; }}\n"
        "        location = /api/v1/authentication { proxy_pass http://127.0.0.1:9; }"
    )  # proxy_pass waits for the whole body first
    of_nginx = []
    with (
        town.server("sessions.refresh_grace=1ms") as server,
        nginx(town.directory / "nginx-stalled", location, STALLED + 200).running() as other_server,
    ):
        file = town.directory / "stalled-tokens"
        file.write_text("\n".join(town.access_tokens(server, TOKENS)) + "\n")
        seconds = bench.seconds(12)  # longer than the deadline of a header
        ended = []

        def verify(asked=server):
            said, wrong = client("/api/v1/verify", asked.port, 0.3, seconds, CONNECTIONS, 1, file, RATE)
            return Sample(said["p99_ms"], wrong, f"p99.9 {said['p999_ms']:.2f} ms")

        def verify_beside(asked=server):
            with subprocess.Popen(
                [program("stalled"), f"{asked.port}", f"{STALLED}", f"{seconds + 1}", LARGE],
                stdout=subprocess.PIPE,
                text=True,
            ) as crowd:
                crowd.stdout.readline()
                said = verify(asked)
                resident = memory_of(asked)["resident"]
                became = json.loads(crowd.communicate(timeout=30)[0])
            if became["open"] < STALLED * 0.9:
                said.wrong = f"only {became['open']:,} connections were open in the end"
            if asked is server:
                ended.append(became)
                memory.add(Sample(resident), Sample(before))
            return said

        verify()
        before = memory_of(server)["resident"]
        for number in bench.rounds(at_most=3):
            mine, other, nginx_beside, nginx_alone = in_turn(
                number,
                verify_beside,
                verify,
                lambda: verify_beside(other_server),
                lambda: verify(other_server),
            )
            of_nginx.append((nginx_beside.value, nginx_alone.value))
            figure.add(mine, other)
            bench.say(
                figure,
                number,
                f"{mine.value:.2f} ms ({mine.note}), without them {other.value:.2f} ms ({other.note})",
                len(bench.rounds(at_most=3)),
            )
    figure.notes.append(
        f"ended by the server and opened anew, in {seconds + 1} s: "
        + ", ".join(
            f"{sum(one['ended_' + kind] for one in ended) // len(ended):,} {kind}"
            for kind in ("headers", "bodies", "readers")
        )
    )
    figure.notes.append(
        "nginx beside the same, with the same deadlines: p99 {:.2f} ms, without them {:.2f} ms".format(
            *map(statistics.median, zip(*of_nginx))
        )
    )
    return [figure, memory]

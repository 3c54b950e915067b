# SPDX-License-Identifier: Apache-2.0
"""Measures what other clients notice while sign-ins take all cores: verifications and /healthz at a fixed
rate, with latencies that count from when a request was due; and how much memory that takes. For comparison it
measures what the scheduler leaves to nginx in the same situation."""

import statistics
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

from figures import Figure, Sample, in_turn
from programs import client, program
from row_memory import memory_of
from servers import CORES, nginx

RATE = 2000
CONNECTIONS = 32
CLIENTS = 64
TOKENS = 1000


def measure(bench):
    town = bench.town
    paths = {"/api/v1/verify": "verify", "/healthz": "/healthz"}
    figures = {
        path: Figure(
            "flood",
            f"{name} at {RATE:,}/s while {CLIENTS} clients sign in, p99",
            "ms",
            "the same without them",
            "at most 2.0 times",
            ratio_at_most=2.0,
            digits=2,
        )
        for path, name in paths.items()
    }
    memory = Figure("flood", "memory while they sign in", "MB resident", "Coatcheck before it", digits=1)
    forms = town.write_forms()
    with (
        town.server("sessions.refresh_grace=1ms") as server,
        nginx(town.directory / "nginx-flood", "").running() as other_server,
        ThreadPoolExecutor(1) as beside,
    ):
        tokens = town.directory / "flood-tokens"
        tokens.write_text("\n".join(town.access_tokens(server, TOKENS)) + "\n")
        files = {"/api/v1/verify": tokens, "/healthz": "-"}
        seconds = bench.seconds(4)

        def alone(path):
            said, wrong = client(path, server.port, 0.2, seconds, CONNECTIONS, 1, files[path], RATE)
            return Sample(
                said["p99_ms"],
                wrong,
                f"p99.9 {said['p999_ms']:.2f} ms, the longest {said['longest_ms']:.1f} ms",
            )

        def flooded(path):
            # The flood begins before the measurement and ends after it.
            flood = beside.submit(client, "sign-in", server.port, 1, seconds + 1, CLIENTS, 1, forms)
            said = alone(path)
            resident.append(memory_of(server)["resident"])
            sign_ins, wrong = flood.result()
            rates.append(sign_ins["rate"])
            return Sample(said.value, said.wrong or wrong, said.note)

        def nginx_alone():
            said, wrong = client("/healthz", other_server.port, 0.2, seconds, CONNECTIONS, 1, rate=RATE)
            return Sample(said["p99_ms"], wrong)

        def nginx_beside_hashes():
            with subprocess.Popen(
                ["nice", "-n", "19", program("raw_argon2id"), "warm", "0.1", f"{seconds + 1}", f"{CORES}"],
                stdout=subprocess.DEVNULL,
            ) as hashes:
                time.sleep(0.5)
                said = nginx_alone()
                hashes.wait(timeout=30)
            return said

        resident, rates, of_nginx = [], [], ([], [])
        alone("/api/v1/verify")
        before = memory_of(server)["resident"]
        for number in bench.rounds():
            for path, figure in figures.items():
                mine, other = in_turn(number, lambda: flooded(path), lambda: alone(path))
                figure.add(mine, other)
                bench.say(
                    figure,
                    number,
                    f"{mine.value:.2f} ms ({mine.note}), without them {other.value:.2f} ms ({other.note}); {rates[-1]:.0f} sign-ins/s",
                )
            for times, sample in zip(of_nginx, in_turn(number, nginx_beside_hashes, nginx_alone)):
                times.append(sample.value)
        memory.add(Sample(max(resident)), Sample(before))
        memory.notes.append(
            "a hashing thread keeps 19 MiB for each core while there is work, and gives it back"
        )
    figures["/healthz"].notes.append(
        f"what this kernel's scheduler leaves: nginx beside bare hashes at the lowest priority on all cores {statistics.median(of_nginx[0]):.2f} ms, "
        f"without them {statistics.median(of_nginx[1]):.2f} ms"
    )
    return [*figures.values(), memory]

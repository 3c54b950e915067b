# SPDX-License-Identifier: Apache-2.0
"""Counts the system calls and allocations of a request, which no noise changes: of a verification with a
token seen before, and of a refresh."""

import contextlib
import re
import signal
import struct
import subprocess
import time
from pathlib import Path

from figures import Figure, Sample
from programs import client, program, wrk
from servers import CORES, Failed, coatcheck

CONNECTIONS = 64
SECONDS = 2
TOKENS = 1000
# The system calls that a server of this kind makes, if the kernel has them. perf would take longer to set up
# a counter for each of the several hundred system calls than all the work takes: the others are in the total,
# and are shown together.
TRACED = Path("/sys/kernel/tracing/events/syscalls")
NAMED = [
    name
    for name in (
        "recvfrom",
        "recvmsg",
        "sendto",
        "sendmsg",
        "read",
        "write",
        "readv",
        "writev",
        "epoll_wait",
        "epoll_pwait",
        "epoll_ctl",
        "accept",
        "accept4",
        "close",
        "futex",
        "getpid",
        "getrandom",
        "pread64",
        "pwrite64",
        "fdatasync",
        "fcntl",
        "madvise",
        "munmap",
    )
    if (TRACED / f"sys_enter_{name}").exists()
]


class Perf:
    """Counts the system calls of a process and its threads in the kernel, without delaying them."""

    said = "counted by perf"

    def __init__(self, pid, file):
        self.file = file
        events = ["raw_syscalls:sys_enter", *(f"syscalls:sys_enter_{name}" for name in NAMED)]
        command = ["perf", "stat", "-x,", "-e", ",".join(events), "-o", str(file), "-p", f"{pid}"]
        try:
            self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except FileNotFoundError:
            raise Failed("there is no perf (linux-perf)") from None
        time.sleep(1)  # until it has opened its counters for each thread
        if self.process.poll() is not None:
            raise Failed("perf cannot count here")

    def end(self):
        """Returns how often each was called."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=20)
        said = self.file.read_text()
        calls = {
            name: int(count)
            for count, name in re.findall(r"^(\d+),,syscalls:sys_enter_(\w+),", said, re.MULTILINE)
        }
        total = re.search(r"^(\d+),,raw_syscalls:sys_enter,", said, re.MULTILINE)
        return {**calls, "others": int(total.group(1)) - sum(calls.values())} if total else {}


class Strace:
    """Counts system calls if perf does not work. strace stops the server at each call, for so long that a
    client's next request has mostly arrived by then."""

    said = "counted by strace, which slows the server: it asks in vain less often than it does by itself"

    def __init__(self, pid, file):
        self.file = file
        self.process = subprocess.Popen(
            ["strace", "-f", "-c", "-o", file, "-p", f"{pid}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        # strace says so for each thread.
        if "attached" not in self.process.stderr.readline():
            raise Failed("strace cannot attach to the server")
        time.sleep(0.3)

    def end(self):
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=20)
        rows = re.findall(
            r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", self.file.read_text(), re.MULTILINE
        )
        return {name: int(count) for count, name in rows if name != "total"}


def counter(pid, directory):
    try:
        return Perf(pid, directory / "perf")
    except Failed:
        return Strace(pid, directory / "strace")


def measure(bench):
    town = bench.town
    town.fill()
    shared = town.directory / "allocations"
    server = coatcheck(town.data, "sessions.refresh_grace=1ms")
    server.environment = {"LD_PRELOAD": str(program("count_allocations.so")), "ALLOCATIONS": str(shared)}
    figures = []
    with server.running():
        tokens = town.directory / "counts-tokens"
        tokens.write_text("\n".join(town.access_tokens(server, TOKENS)) + "\n")
        chains = town.directory / "counts-chains"
        chains.write_text(
            "".join(
                each["refresh_token"] + "\n" for each in town.sign_all_in(server, town.names[:CONNECTIONS])
            )
        )

        def verify():
            said = wrk(server.port, CONNECTIONS, bench.seconds(SECONDS), tokens)
            return said["answers"], f"{said['not_200']} answers other than 200" if said["not_200"] or said[
                "broken"
            ] else None

        def refresh():
            # Keep the newest refresh token of each chain.
            chains.write_text("".join(line.split()[0] + "\n" for line in chains.read_text().splitlines()))
            said, wrong = client(
                "refresh", server.port, 0, bench.seconds(SECONDS), CONNECTIONS, CORES, chains
            )
            return said["answers"], wrong

        for name, work, most_calls, most_allocations in (
            ("verify", verify, 2, 0),
            ("refresh", refresh, None, None),
        ):
            work()
            if not any(shared.read_bytes()):
                raise Failed("allocations are not counted")
            before = struct.unpack("2Q", shared.read_bytes())
            answers, wrong = work()
            allocations, size = (
                after - earlier for after, earlier in zip(struct.unpack("2Q", shared.read_bytes()), before)
            )
            of_memory = Figure(
                "counts",
                f"{name}, {CONNECTIONS} connections",
                "allocations a request",
                "-",
                "under 0.05" if most_allocations == 0 else "",
                at_most=0.05 if most_allocations == 0 else None,
                digits=2,
            )
            of_memory.add(Sample(allocations / answers, wrong), Sample(0))
            of_memory.notes.append(f"{size / answers:,.0f} bytes")
            with contextlib.ExitStack() as stack:
                counting = counter(server.process.pid, town.directory)
                stack.callback(counting.process.kill)
                answers, wrong = work()
                calls = counting.end()
            if not calls:
                raise Failed("no system calls were counted")
            of_calls = Figure(
                "counts",
                f"{name}, {CONNECTIONS} connections",
                "system calls a request",
                "-",
                f"at most {most_calls}, and 0.2 for waiting" if most_calls else "",
                at_most=most_calls + 0.2 if most_calls else None,
                digits=2,
            )
            of_calls.add(Sample(sum(calls.values()) / answers, wrong), Sample(0))
            most = sorted(calls.items(), key=lambda call: -call[1])[:8]
            of_calls.notes.append(
                ", ".join(f"{call} {count / answers:.2f}" for call, count in most) + f"; {counting.said}"
            )
            bench.say(
                of_calls,
                1,
                f"{of_memory.ours[0]:.2f} allocations, {of_calls.ours[0]:.2f} system calls ({of_calls.notes[0]})",
                of=1,
            )
            figures += [of_memory, of_calls]
    return figures

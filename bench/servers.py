# SPDX-License-Identifier: Apache-2.0
"""Runs Coatcheck and nginx as child processes: on free ports, in directories of their own, ended by pid."""

import contextlib
import http.client
import json
import os
import re
import resource
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BINARY = Path(os.environ.get("COATCHECK_BINARY", ROOT / "build/release/coatcheck")).absolute()
NGINX = "/usr/sbin/nginx"
CORES = len(os.sched_getaffinity(0))


class Failed(Exception):
    """Something that a measurement needs did not work."""


def clean_environment():
    return {key: value for key, value in os.environ.items() if not key.startswith("COATCHECK_")}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def run(*command, stdin="", seconds=60):
    """Runs a program to its end and returns what it printed."""
    result = subprocess.run(
        list(map(str, command)),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=seconds,
        env=clean_environment(),
    )
    if result.returncode != 0:
        raise Failed(
            f"{Path(str(command[0])).name} ended with {result.returncode}: {(result.stderr or result.stdout).strip()[-500:]}"
        )
    return result.stdout


class Process:
    """A server process, from its start to its end."""

    def __init__(self, command, port, log):
        self.command = list(map(str, command))
        self.port = port
        self.log = log
        self.process = None
        self.environment = {}  # added to our own

    def launch(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**clean_environment(), **self.environment},
            )

    def wait_until_it_answers(self, seconds=15):
        deadline = time.monotonic() + seconds
        while True:
            try:
                if self.get("/healthz").status == 200:
                    return
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Failed(
                    f"{Path(self.command[0]).name} does not answer: {self.log.read_text(errors='replace')[-500:]}"
                )
            time.sleep(0.005)

    def end(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(12)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @contextlib.contextmanager
    def running(self):
        self.launch()
        try:
            self.wait_until_it_answers()
            yield self
        finally:
            self.end()

    def connect(self):
        return Caller(self.port)

    def get(self, path, **headers):
        with contextlib.closing(self.connect()) as caller:
            return caller.ask("GET", path, headers=headers)

    def pids(self):
        """The process and its children."""
        pid = self.process.pid
        return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]

    def cpu_seconds(self):
        """The CPU time that the process and its children have used so far."""
        ticks = 0
        for pid in self.pids():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


class Answer:
    def __init__(self, response, body):
        self.status = response.status
        self.headers = response.getheaders()
        self.body = body

    def json(self):
        return json.loads(self.body)

    @property
    def head_bytes(self):
        """The length of the status line and the headers."""
        return len("HTTP/1.1 200 OK\r\n\r\n") + sum(
            len(f"{name}: {value}\r\n") for name, value in self.headers
        )


class Caller:
    """One keep-alive connection."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)

    def ask(self, method, path, body=None, headers=None):
        headers = dict(headers or {})
        if body is not None:
            body = json.dumps(body)
            headers["Content-Type"] = "application/json"
        try:
            self.connection.request(method, path, body, headers)
            response = self.connection.getresponse()
            return Answer(response, response.read())
        except http.client.HTTPException as broken:
            raise ConnectionError(str(broken)) from broken

    def close(self):
        self.connection.close()


def coatcheck(data, *settings):
    """A Coatcheck process on a data directory, with settings such as "sessions.refresh_grace=1ms"."""
    port = free_port()
    chosen = [word for setting in settings for word in ("--set", setting)]
    return Process(
        [BINARY, "serve", "--data", data, "--listen", f"127.0.0.1:{port}", *chosen],
        port,
        data.parent / "coatcheck.log",
    )


def nginx(directory, locations, connections=1024):
    """An nginx process with one worker per core and, as Coatcheck has it, a listening socket for each."""
    directory.mkdir(exist_ok=True)
    port = free_port()
    temporary = "\n".join(
        f"    {kind}_temp_path {directory}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = directory / "nginx.conf"
    config.write_text(f"""daemon off;
worker_processes {CORES};
pid {directory}/pid;
error_log {directory}/error.log crit;
worker_rlimit_nofile {min(20000, descriptors())};
events {{ worker_connections {connections}; }}
http {{
    access_log off;
    server_tokens off;
    keepalive_requests 1000000000;
    keepalive_timeout 75s;
{temporary}
    server {{
        listen 127.0.0.1:{port} reuseport backlog=4096;
        location = /healthz {{ return 200 "ok"; }}
{locations}
    }}
}}
""")
    return Process(
        [NGINX, "-p", directory, "-e", directory / "error.log", "-c", config], port, directory / "log"
    )


def descriptors():
    """How many files a process may have open (the hard limit)."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def version_of(program, pattern, *options):
    """The version that a program prints, on either stream and with any exit status."""
    said = subprocess.run([program, *options], capture_output=True, text=True, timeout=10)
    found = re.search(pattern, said.stdout + said.stderr)
    return found.group(1) if found else "unknown"

# SPDX-License-Identifier: Apache-2.0
"""A Coatcheck server for tests, in a directory of its own, and the commands that talk to it."""

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import postgres
from client import Caller, Closed
from waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("COATCHECK_BINARY", ROOT / "build/release/coatcheck")).absolute()
PASSWORD = "nine violet otters paint lanterns"


@dataclass
class User:
    name: str
    password: str


def free_port():
    """A port below the range that the system uses for outgoing connections, so that no connection of a test
    can hold it on any address."""
    ceiling = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(10000, ceiling)
        with socket.socket() as listener:
            try:
                listener.bind(("", port))
                return port
            except OSError:
                continue


def clean_environment(**more):
    kept = {key: value for key, value in os.environ.items() if not key.startswith("COATCHECK_")}
    return {**kept, **more}


def run(*arguments, stdin="", timeout=120, environment=None, directory=None):
    """Runs the binary to its end and returns the finished process with its output."""
    return subprocess.run(
        [str(BINARY), *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout,
        env=clean_environment(**(environment or {})),
        cwd=directory,
    )


def toml(settings):
    """Writes settings such as {"sessions.idle": "7d"} as a TOML file. "resource" is a list of tables."""
    plain = [(key, value) for key, value in settings.items() if "." not in key and key != "resource"]
    lines = [f"{key} = {json.dumps(value)}" for key, value in plain]
    for section in dict.fromkeys(key.split(".")[0] for key in settings if "." in key):
        lines.append(f"[{section}]")
        lines += [
            f"{key.split('.')[1]} = {json.dumps(value)}"
            for key, value in settings.items()
            if key.startswith(section + ".")
        ]
    for resource in settings.get("resource", []):
        lines.append("[[resource]]")
        lines += [
            f"{key} = {inline_table(value) if isinstance(value, dict) else json.dumps(value)}"
            for key, value in resource.items()
        ]
    return "\n".join(lines) + "\n"


def inline_table(values):
    return (
        "{ " + ", ".join(f"{json.dumps(key)} = {json.dumps(value)}" for key, value in values.items()) + " }"
    )


def rows(said):
    """The objects that a command lists with --json: a bare list, or a list under a name."""
    if isinstance(said, dict):
        lists = [value for value in said.values() if isinstance(value, list)]
        return lists[0] if lists else [said]
    return said


class Server:
    def __init__(self, settings=None, flags=(), directory=None):
        self.directory = Path(directory or tempfile.mkdtemp(prefix="coatcheck-"))
        self.data = self.directory / "data"
        self.port = free_port()
        self.settings = {"public_url": f"http://localhost:{self.port}", **(settings or {})}
        if postgres.WANTED:
            self.settings.setdefault("store.url", postgres.shared().fresh_url())
        self.flags = list(flags)
        self.environment = {}
        self.limits = []  # words before the command, such as prlimit
        self.process = None
        self.log_path = self.directory / "log"
        self.passwords = set()
        self._names = 0

    @property
    def url(self):
        return f"http://localhost:{self.port}"

    @property
    def config(self):
        path = self.directory / "coatcheck.toml"
        path.write_text(toml(self.settings))
        return path

    # The process.

    @property
    def words(self):
        """The command line that starts it."""
        listen = [] if "--listen" in self.flags else ["--listen", f"127.0.0.1:{self.port}"]
        return [
            *self.limits,
            str(BINARY),
            "serve",
            "--data",
            str(self.data),
            "--config",
            str(self.config),
            *listen,
            *([] if "drain" in self.settings else ["--set", "drain=1ms"]),
            *self.flags,
        ]

    def launch(self):
        """Starts the process without waiting for it."""
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.words,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=clean_environment(**self.environment),
            )
        return self

    def start(self, seconds=20):
        self.launch()
        deadline = time.monotonic() + seconds
        while not self.is_ready():
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}:\n{self.log()[-3000:]}")
            if time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"the server is not ready after {seconds} s:\n{self.log()[-3000:]}")
            time.sleep(0.01)
        return self

    def is_ready(self):
        try:
            return Caller(self.port).get("/readyz").status == 200
        except (OSError, Closed):
            return False

    def cpu_seconds(self):
        """CPU time that the server's threads have used so far."""
        return (
            sum(
                int(thread.read_text().split()[0])
                for thread in Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
            )
            / 1e9
        )

    def stop(self):
        """Stops the server as an operator does, and returns its exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        return self.process.returncode

    def kill(self):
        """Kills the server with kill -9."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def crash_and_restart(self):
        self.kill()
        return self.start()

    def restart(self):
        self.stop()
        return self.start()

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_with(self, *words, seconds=5):
        """The log, once it has one of the words. The server writes the log after its answers, on a thread of
        its own."""
        wait_until(lambda: any(word in self.log() for word in words), seconds, self.log)
        return self.log()

    def secrets_in_log(self):
        """Finds passwords and tokens, which must never be in the log."""
        log = self.log()
        found = [password for password in self.passwords if password in log]
        return found + re.findall(r"ccr_[A-Za-z0-9_-]{30,}|eyJ[A-Za-z0-9_-]{20,}", log)

    def remove(self):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    # Commands.

    def try_command(self, *arguments, stdin="", **more):
        return run(*arguments, "--data", self.data, "--config", self.config, stdin=stdin, **more)

    def command(self, *arguments, stdin="", **more):
        result = self.try_command(*arguments, stdin=stdin, **more)
        assert result.returncode == 0, f"{arguments}: {result.returncode}\n{result.stdout}{result.stderr}"
        return result.stdout

    def command_json(self, *arguments, stdin=""):
        return json.loads(self.command(*arguments, "--json", stdin=stdin))

    def new_name(self):
        self._names += 1
        return f"user-{self._names}"

    def rows(self, *arguments):
        return rows(self.command_json(*arguments))

    def add_user(self, name=None, password=PASSWORD, *options):
        name = self.new_name() if name is None else name
        self.passwords.add(password)
        self.command("user", "add", name, "--password-stdin", *options, stdin=password + "\n")
        return User(name, password)

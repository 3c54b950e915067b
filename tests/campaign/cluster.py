# SPDX-License-Identifier: Apache-2.0
"""Three nodes, a primary PostgreSQL, and a synchronous standby that can take over."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "blackbox"))

from clock import Clock  # noqa: E402
from server import BINARY, clean_environment, toml  # noqa: E402

POSTGRES = max(Path("/usr/lib/postgresql").glob("*/bin"))


def wait_until(holds, what, seconds=30):
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what}: not within {seconds} s")
        time.sleep(0.05)


class Database:
    """A PostgreSQL on its own host."""

    def __init__(self, host, directory):
        self.host, self.data, self.log, self.out = (
            host,
            directory / "data",
            directory / "log",
            directory / "out",
        )
        directory.mkdir()
        shutil.chown(directory, "postgres", "postgres")

    def _run(self, program, *words):
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        ran = subprocess.run(
            self.host.words(POSTGRES / program, *words, user="postgres"),
            check=False,
            cwd="/",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self.out.open("w"),
            stderr=subprocess.STDOUT,
            text=True,
            timeout=90,
        )
        said = self.out.read_text()
        if ran.returncode != 0:
            raise RuntimeError(
                f"{program} {words}: {said}\n{self.log.read_text()[-1500:] if self.log.exists() else ''}"
            )
        return said.strip()

    def create(self):
        self._run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        with open(self.data / "pg_hba.conf", "a", encoding="utf-8") as rules:
            rules.write("host all all 198.18.1.0/24 trust\nhost replication all 198.18.1.0/24 trust\n")

    def follow(self, primary):
        """Copies a primary from scratch and becomes its synchronous standby."""
        shutil.rmtree(self.data, ignore_errors=True)
        self._run(
            "pg_basebackup",
            "-h",
            primary.host.back,
            "-U",
            "postgres",
            "-D",
            self.data,
            "-R",
            "-c",
            "fast",
            "-X",
            "stream",
        )
        self.start()
        wait_until(
            lambda: primary.query("SELECT state FROM pg_stat_replication") == "streaming",
            "the standby follows",
        )
        primary.wait_for_standby("*")
        wait_until(primary.is_followed, "the standby is synchronous")

    def is_followed(self):
        return self.query("SELECT sync_state FROM pg_stat_replication") == "sync"

    def wait_for_standby(self, names):
        self.query(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
        self.query("SELECT pg_reload_conf()")

    def start(self):
        options = f"-c listen_addresses={self.host.back} -c unix_socket_directories={self.data.parent} -c max_connections=100 -c wal_receiver_timeout=5s -c wal_sender_timeout=5s -c wal_retrieve_retry_interval=1s"
        self._run("pg_ctl", "-D", self.data, "-w", "-l", self.log, "-o", options, "start")

    def crash(self):
        self._run("pg_ctl", "-D", self.data, "-w", "-m", "immediate", "stop")

    def promote(self):
        self._run("pg_ctl", "-D", self.data, "-w", "promote")

    def query(self, sql):
        return self._run("psql", "-X", "-A", "-t", "-q", "-h", self.data.parent, "-U", "postgres", "-c", sql)


class Node:
    def __init__(self, host, directory, url, settings):
        self.host, self.name, self.directory = host, host.name, directory
        self.data, self.log = directory / "data", directory / "log"
        self.data.mkdir(parents=True, mode=0o700)
        (self.data / "master.key").write_text("A" * 42 + "E\n")
        (self.data / "master.key").chmod(0o600)
        self.clock = Clock(directory)
        self.process = None
        self.config = directory / "coatcheck.toml"
        self.config.write_text(
            toml(
                {
                    "listen": f"{host.front}:8080",
                    "behind_proxy": True,
                    "public_url": "https://campaign.example",
                    "store.url": url,
                    **settings,
                }
            )
        )

    @property
    def address(self):
        return self.host.front

    def start(self):
        environment = clean_environment(**self.clock.environment)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.host.words(BINARY, "serve", "--data", self.data, "--config", self.config),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def signal(self, number):
        # `ip netns exec` replaces itself by the program that it runs, so this process is the node.
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        self.process.wait(30)

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def command(self, *words, stdin=""):
        result = subprocess.run(
            [str(BINARY), *map(str, words), "--json", "--data", str(self.data), "--config", str(self.config)],
            input=stdin,
            text=True,
            capture_output=True,
            env=clean_environment(),
            timeout=30,
        )
        if result.returncode != 0:
            raise RuntimeError(f"{words}: {result.stderr}")
        return json.loads(result.stdout)


class Cluster:
    def __init__(self, network, directory, settings, nodes=3):
        directory.chmod(0o755)
        self.network = network
        self.primary = Database(network.add_host("db1"), directory / "db1")
        self.standby = Database(network.add_host("db2"), directory / "db2")
        url = (
            f"postgres://postgres@{self.primary.host.back},{self.standby.host.back}/postgres?sslmode=disable"
        )
        self.nodes = [
            Node(network.add_host(f"n{number}"), directory / f"n{number}", url, settings)
            for number in range(1, nodes + 1)
        ]

    def start(self):
        self.primary.create()
        self.primary.start()
        self.standby.follow(self.primary)
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            wait_until(lambda node=node: self.answers(node), f"{node.name} answers")

    @staticmethod
    def answers(node):
        if not node.is_running:
            raise RuntimeError(f"{node.name} has ended:\n{node.log.read_text()[-2000:]}")
        got = subprocess.run(
            [
                "curl",
                "-s",
                "-o",
                "/dev/null",
                "-m",
                "1",
                "-w",
                "%{http_code}",
                f"http://{node.address}:8080/readyz",
            ],
            check=False,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout
        return got == "200"

    def fail_over(self):
        """The standby takes over. give_standby() makes the former primary its standby."""
        self.primary.crash()
        self.standby.promote()
        self.primary, self.standby = self.standby, self.primary
        self.primary.wait_for_standby("")

    def give_standby(self):
        self.standby.follow(self.primary)

    def end(self):
        for node in self.nodes:
            if node.is_running:
                node.signal(signal.SIGCONT)
                node.kill()
        for database in (self.standby, self.primary):
            if (database.data / "postmaster.pid").exists():
                database.crash()

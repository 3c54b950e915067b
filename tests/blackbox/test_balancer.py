# SPDX-License-Identifier: Apache-2.0
"""pgpool2 sends what only reads to a standby, which is behind (issue 18, row 55)."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import postgres
import pytest
from client import Caller
from conftest import next_address
from server import free_port
from waiting import wait_until

CONFIG = """
backend_clustering_mode = 'streaming_replication'
listen_addresses = '127.0.0.1'
port = {port}
pcp_port = {pcp}
socket_dir = '{place}'
pcp_socket_dir = '{place}'
pid_file_name = '{place}/pid'
logdir = '{place}'
backend_hostname0 = '{primary}'
backend_port0 = 5432
backend_weight0 = 0
backend_flag0 = 'DISALLOW_TO_FAILOVER'
backend_hostname1 = '{standby}'
backend_port1 = 5432
backend_weight1 = 1
backend_flag1 = 'DISALLOW_TO_FAILOVER'
enable_pool_hba = off
num_init_children = 40
max_pool = 1
load_balance_mode = on
sr_check_user = 'postgres'
"""


class Balancer:
    """pgpool2 before a primary and a standby that takes over every change an hour late."""

    def __init__(self):
        self.place = Path(tempfile.mkdtemp(prefix="coatcheck-pgpool-"))
        self.primary = postgres.Postgres("-c wal_level=replica")
        self.standby = self.primary.make_standby("-c recovery_min_apply_delay=1h")
        self.port = free_port()
        config = self.place / "pgpool.conf"
        config.write_text(
            CONFIG.format(
                port=self.port,
                pcp=free_port(),
                place=self.place,
                primary=self.primary.directory,
                standby=self.standby.directory,
            )
        )
        with (self.place / "log").open("w") as log:
            self.process = subprocess.Popen(["pgpool", "-n", "-f", config], stdout=log, stderr=log)
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres?sslmode=disable"
        wait_until(self.sends_reads_to_the_standby, 30, lambda: (self.place / "log").read_text())

    def sends_reads_to_the_standby(self):
        """The primary alone has this table, so that the standby does not know it."""
        self.primary.query("CREATE TABLE IF NOT EXISTS here (x int)")
        words = ["psql", "-X", "-q", self.url, "-c", "SELECT * FROM here"]
        return (
            'relation "here" does not exist' in subprocess.run(words, capture_output=True, text=True).stderr
        )

    def remove(self):
        self.process.terminate()
        self.process.wait(20)
        self.standby.remove()
        self.primary.remove()
        shutil.rmtree(self.place, ignore_errors=True)


@pytest.fixture(scope="module")
def balancer():
    made = Balancer()
    yield made
    made.remove()


def test_what_ended_is_over_on_every_node_although_a_standby_answers_reads(make_server, balancer):
    shared = {"public_url": "http://localhost:8080", "store.url": balancer.url}
    first, second = [make_server(shared) for _ in range(2)]
    first.start()
    second.data.mkdir(mode=0o700)
    shutil.copy(first.data / "master.key", second.data / "master.key")
    second.start()
    here, there = [Caller(server.port, next_address()) for server in (first, second)]
    user = first.add_user()
    for _ in range(4):
        session = here.sign_in_body(user)
        assert there.verify(session["token"]).status == 200
        assert here.sign_out(session["token"]).status == 204
        assert here.verify(session["token"]).status == 401
        wait_until(lambda: there.verify(session["token"]).status == 401, log=second.log)
        assert there.refresh(session["refresh_token"]).verdict == (401, "session_ended")
    second.restart()
    there = Caller(second.port, next_address())
    assert there.verify(session["token"]).status == 401, "a node that starts reads what was revoked before"
    assert there.verify(there.sign_in_body(user)["token"]).status == 200

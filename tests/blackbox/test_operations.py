# SPDX-License-Identifier: Apache-2.0
"""The instructions for operators in docs/operations.md and docs/scale.md work."""

import re
import shutil
import stat
import subprocess

import pytest
from client import Caller
from server import BINARY, ROOT, clean_environment


def test_the_service_starts_as_its_unit_says(make_server):
    server = make_server()
    unit = (ROOT / "config/coatcheck.service").read_text()
    words = re.search(r"^ExecStart=(.*)$", unit, re.MULTILINE).group(1).split()
    places = {
        "/usr/local/bin/coatcheck": BINARY,
        "/etc/coatcheck/coatcheck.toml": server.config,
        "/var/lib/coatcheck": server.data,
    }
    server.data.mkdir(mode=0o700)
    server.process = subprocess.Popen(
        [str(places.get(word, word)) for word in words] + ["--listen", f"127.0.0.1:{server.port}"],
        stdin=subprocess.DEVNULL,
        stderr=server.log_path.open("ab"),
        env=clean_environment(),
    )
    server.log_with("listening", "http://")
    assert Caller(server.port).get("/readyz").status == 200
    assert server.stop() == 0, "SIGTERM ends it gracefully"


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None,
    reason="this machine has no systemd to ask (a container): the unit's command line is tested above all the same",
)
def test_systemd_understands_the_unit(tmp_path):
    unit = tmp_path / "coatcheck.service"
    unit.write_text(
        (ROOT / "config/coatcheck.service").read_text().replace("/usr/local/bin/coatcheck", str(BINARY))
    )
    said = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60)
    assert "coatcheck.service" not in said.stderr, said.stderr


def test_a_sealing_key_made_by_hand_is_taken(make_server):
    command = re.search(r"^umask 077 .*$", (ROOT / "docs/operations.md").read_text(), re.MULTILINE).group(0)
    server = make_server()
    server.data.mkdir(mode=0o700)
    subprocess.run(["bash", "-c", command], cwd=server.data, check=True)
    key = (server.data / "master.key").read_text()
    server.start()
    assert (server.data / "master.key").read_text() == key and stat.S_IMODE(
        (server.data / "master.key").stat().st_mode
    ) == 0o600
    assert Caller(server.port).sign_in_body(server.add_user())["token"]


def test_the_table_of_scale_is_what_the_simulation_says():
    said = subprocess.run(
        [ROOT / "bench/scale.py"], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    table = said[said.index("| in the busiest minute") :].strip()
    assert table in (ROOT / "docs/scale.md").read_text()

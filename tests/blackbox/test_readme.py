# SPDX-License-Identifier: Apache-2.0
"""The tour in the README works as the README describes it."""

import re
import subprocess

from server import BINARY, ROOT, clean_environment

README = (ROOT / "README.md").read_text()


def test_the_two_commands_stand_at_the_top():
    head = README[:600]
    assert "script/server" in head and "script/test" in head
    assert all(
        (ROOT / command).stat().st_mode & 0o100
        for command in ("script/server", "script/test", "script/build", ".ci/run")
    )


def test_the_tour_shows_what_it_says(server, tmp_path):
    blocks = re.findall(r"```sh tour\n(.*?)```", README, re.S)
    assert len(blocks) >= 5
    script = "set -euo pipefail\n" + "".join(blocks)
    script = script.replace("http://localhost:8080", server.url).replace(
        "build/release/coatcheck", str(BINARY)
    )
    result = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        env=clean_environment(COATCHECK_DATA=str(server.data)),
    )
    assert result.returncode == 0, result.stdout + result.stderr
    said = result.stdout
    assert said.startswith("added ada") and "\nthe same successor\n" in said
    assert all(
        f"X-Auth-{name}: " in said for name in ("User", "Username", "Session", "Roles", "Scope", "Expires")
    )
    assert "X-Auth-Roles: editor" in said and said.rstrip().endswith("token_revoked")


def test_every_link_leads_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert target.startswith("http") or (ROOT / target).exists(), target

# SPDX-License-Identifier: Apache-2.0
"""A network of hosts inside this machine, from which no packet leaves. Each host is a network namespace with
one link to the clients' bridge and one to the databases' bridge. The addresses are from the range for such
tests (RFC 2544)."""

import os
import shutil
import subprocess
import sys

FRONT, BACK = "198.18.0", "198.18.1"


def enter():
    """Runs this program once more, with its own networks, mounts and process ids."""
    if os.environ.get("CAMPAIGN_INSIDE") == "1":
        _run("mount", "-t", "tmpfs", "tmpfs", "/run")
        os.makedirs("/run/netns")
        return
    as_root = [] if os.geteuid() == 0 else ["sudo", "--preserve-env"]
    if as_root and shutil.which("sudo") is None:
        sys.exit("campaign: this makes network namespaces, and so needs root")
    # Its processes end when this one ends, whatever happens.
    os.environ["CAMPAIGN_INSIDE"] = "1"
    words = [
        *as_root,
        "unshare",
        "--net",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
        sys.executable,
        *sys.argv,
    ]
    os.execvp(words[0], words)


def _run(*words):
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)


class Network:
    def __init__(self):
        self.hosts = {}
        _run("ip", "link", "set", "lo", "up")
        for bridge in ("front", "back"):
            _run("ip", "link", "add", bridge, "type", "bridge")
            _run("ip", "link", "set", bridge, "up")
        _run("ip", "addr", "add", f"{FRONT}.1/24", "dev", "front")

    def add_host(self, name):
        number = 10 + len(self.hosts)
        _run("ip", "netns", "add", name)
        _run("ip", "-n", name, "link", "set", "lo", "up")
        for side, prefix in (("front", FRONT), ("back", BACK)):
            _run("ip", "link", "add", f"{name}-{side}", "type", "veth", "peer", "name", side, "netns", name)
            _run("ip", "link", "set", f"{name}-{side}", "master", side, "up")
            _run("ip", "-n", name, "addr", "add", f"{prefix}.{number}/24", "dev", side)
            _run("ip", "-n", name, "link", "set", side, "up")
        host = self.hosts[name] = Host(name, f"{FRONT}.{number}", f"{BACK}.{number}")
        return host

    @staticmethod
    def cut(host, side):
        """Drops everything that is sent over this link without notice, as a pulled cable does."""
        _run("ip", "link", "set", f"{host.name}-{side}", "down")

    @staticmethod
    def mend(host, side):
        _run("ip", "link", "set", f"{host.name}-{side}", "up")


class Host:
    def __init__(self, name, front, back):
        self.name, self.front, self.back = name, front, back

    def words(self, *words, user=None):
        """The command that runs these words on this host."""
        as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
        return ["ip", "netns", "exec", self.name, *as_user, *map(str, words)]

# SPDX-License-Identifier: Apache-2.0
"""Waits for events, instead of for times."""

import socket
import time


def wait_until(holds, seconds=20, log=lambda: ""):
    """Waits until a condition holds, and returns how many seconds it took. `log` tells more of a failure."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, f"not within {seconds} s\n{log()[-2000:]}"
        time.sleep(0.005)
    return time.monotonic() - began


def is_open(port):
    """True if somebody listens on this port of loopback."""
    with socket.socket() as link:
        return link.connect_ex(("127.0.0.1", port)) == 0

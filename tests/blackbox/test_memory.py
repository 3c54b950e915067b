# SPDX-License-Identifier: Apache-2.0
"""What the server's memory holds after its clients have gone (row 18 of the issue "Promises that hold":
passwords and tokens stood in freed memory)."""

import os
import re

import pytest
from client import Browser, Caller
from conftest import next_address
from server import BINARY, User
from waiting import wait_until

needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="the server lets root alone read its memory (PR_SET_DUMPABLE)"
)
frees_memory = pytest.mark.skipif(
    b"__asan_init" in BINARY.read_bytes(), reason="AddressSanitizer keeps what was freed, to find a use of it"
)
FIRST = "nine violet otters paint lanterns 4711"
SECOND = "seven amber herons weave baskets 0815"
WRONG = "no such password, but it may be one elsewhere"


def readable_memory(pid):
    with open(f"/proc/{pid}/mem", "rb", 0) as memory, open(f"/proc/{pid}/maps") as maps:
        for line in maps:
            begin, end, flags, name = re.match(
                r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+\s*(.*)", line
            ).groups()
            if flags.startswith("r") and not name.startswith("[v"):
                try:
                    memory.seek(int(begin, 16))
                    yield memory.read(int(end, 16) - int(begin, 16))
                except OSError:
                    pass  # it was unmapped meanwhile


def found_in(pid, secrets):
    """The names of those secrets that the process's memory holds."""
    found = set()
    for piece in readable_memory(pid):
        found |= {name for name, secret in secrets.items() if secret.encode() in piece}
    return found


def resident(pid, kind="RssAnon"):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(kind))


@needs_root
@frees_memory
def test_neither_passwords_nor_tokens_stay_in_memory(make_server):
    server = make_server({"accept.envelope": True, "sign_up.enabled": True})
    user, other = server.add_user("ada", FIRST), server.add_user("bob")
    server.start()
    caller = Caller(server.port, next_address())
    secrets = {"first password": FIRST, "second password": SECOND, "wrong password": WRONG}

    signed_in = caller.sign_in_body(user)
    refreshed = caller.refresh(signed_in["refresh_token"]).json()
    caller.try_sign_in(other, WRONG)
    caller.post("/api/v1/users", json={"username": "cleo", "password": SECOND})
    changed = caller.put(
        "/api/v1/users/me/password",
        json={"current_password": FIRST, "new_password": SECOND},
        bearer=caller.sign_in_body(user)["token"],
    ).json()
    envelope = caller.post(
        "/api/v1/authentication/envelope", json={"user_name": "ada", "password": SECOND}
    ).json()["data"]
    browser = Browser(server.port, next_address())
    cookies = browser.sign_in(User("ada", SECOND), "cookie").cookies
    caller.post("/api/v1/authentication", body=b'{"username": "ada", "password": "' + WRONG.encode())
    for name, pair in {"sign-in": signed_in, "refresh": refreshed, "change": changed}.items():
        secrets |= {f"token of {name}": pair["token"], f"refresh token of {name}": pair["refresh_token"]}
    secrets |= {"token of the envelope": envelope["token"]}
    secrets |= {name: cookie.value for name, cookie in cookies.items()}
    del secrets["token of change"]  # was verified: the event loop keeps it with its proof, until it ends

    wait_until(
        lambda: not found_in(server.process.pid, secrets),
        log=lambda: f"in memory: {found_in(server.process.pid, secrets)}",
    )


def test_the_memory_for_password_hashes_is_given_back(make_server):
    server = make_server()
    user = server.add_user()
    server.start()
    caller = Caller(server.port, next_address())
    before = resident(server.process.pid)
    for _ in range(4):
        caller.sign_in_body(user)
    wait_until(
        lambda: resident(server.process.pid) <= before + 4096,
        log=lambda: f"{before} kB before, {resident(server.process.pid)} kB now",
    )

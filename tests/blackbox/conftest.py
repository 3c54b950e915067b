# SPDX-License-Identifier: Apache-2.0
"""Fixtures. A test module may define SETTINGS (configuration), FLAGS (of `serve`) and prepare(server), which
runs before the server starts. The tests of a module share one server.

Hashing a password is slow on purpose, and failures are limited by address. So each test calls from a loopback
address of its own.
"""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import client  # noqa: E402
import oauth  # noqa: E402
import postgres  # noqa: E402
import server as servers  # noqa: E402
from addresses import next_address  # noqa: E402

needs_sqlite = pytest.mark.skipif(postgres.WANTED, reason="about a file of SQLite's")


def pytest_make_parametrize_id(val):
    """Keeps test names readable when a parameter is a whole message."""
    if isinstance(val, (str, bytes)) and len(val) > 40:
        return ascii(val[:36]) + "..."
    return None


@pytest.fixture(scope="session", autouse=True)
def binary():
    if not servers.BINARY.exists():
        pytest.exit(
            f"{servers.BINARY} does not exist: build it, or name another in COATCHECK_BINARY", returncode=2
        )
    return servers.BINARY


def _end(server):
    try:
        if server.process is not None and server.process.poll() is None:
            assert server.stop() == 0, f"the server did not stop cleanly:\n{server.log()[-3000:]}"
        assert not server.secrets_in_log(), "secrets in the log"
    except subprocess.TimeoutExpired:
        pytest.fail("the server did not stop within a minute of SIGTERM")
    finally:
        server.remove()


@pytest.fixture(scope="module")
def server(request):
    """The module's server, already running."""
    module = request.module
    server = servers.Server(getattr(module, "SETTINGS", None), getattr(module, "FLAGS", ()))
    try:
        if hasattr(module, "prepare"):
            module.prepare(server)
        server.start()
        yield server
    finally:
        _end(server)


@pytest.fixture
def make_server():
    """Makes servers for one test. The test starts them itself, so that it can add users first."""
    made = []

    def make(settings=None, flags=(), directory=None):
        made.append(servers.Server(settings, flags, directory))
        return made[-1]

    yield make
    for server in made:
        _end(server)


@pytest.fixture
def caller(server):
    return client.Caller(server.port, next_address())


@pytest.fixture
def browser(server):
    """A browser on a page from the server's own origin."""
    return client.Browser(server.port, next_address())


@pytest.fixture
def user(server):
    """A user that no other test knows."""
    return server.add_user()


@pytest.fixture(scope="module")
def ada(server):
    """A user that the tests of a module share. No test changes her or fails to sign in as her."""
    return server.add_user("ada")


@pytest.fixture(scope="module")
def web(server):
    """An OAuth client with a secret, for modules whose SETTINGS switch OAuth on."""
    return oauth.Client(server, "web", "Web", "--redirect", oauth.CALLBACK)


@pytest.fixture(scope="module")
def native(server):
    uris = ("--redirect", oauth.CALLBACK, "--redirect", "http://127.0.0.1/cb")
    return oauth.Client(server, "native", "Native", *uris)


@pytest.fixture
def visitor(server, user):
    """A person with a browser, whom nobody knows yet."""
    return oauth.Visitor(server, user)


@pytest.fixture(autouse=True)
def every_answer_keeps_the_rules():
    client.BREACHES.clear()
    yield
    breaches, client.BREACHES[:] = list(dict.fromkeys(client.BREACHES)), []
    assert not breaches, "\n".join(breaches)

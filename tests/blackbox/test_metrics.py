# SPDX-License-Identifier: Apache-2.0
"""The metrics count each request where it belongs."""

import re
from collections import Counter

import pytest
from client import Caller
from conftest import next_address
from routes import ROUTES
from server import PASSWORD

SAMPLE = re.compile(
    r'^coatcheck_requests_total\{method="(\w+)",route="([^"]+)",status="(\dxx)"\} (\d+)$', re.M
)
REFUSAL = re.compile(r'^coatcheck_refusals_total\{code="(\w+)"\} (\d+)$', re.M)


@pytest.fixture
def town(make_server):
    other = make_server()
    server = make_server()
    server.settings["metrics.listen"] = f"127.0.0.1:{other.port}"
    server.start()
    return Caller(server.port, next_address()), Caller(other.port, next_address())


ALL = [("GET" if route.method == "any" else route.method, route.path) for route in ROUTES]


def counted(metrics):
    """The number of requests by method and route, whatever their status."""
    counts = Counter()
    for method, path, _, number in SAMPLE.findall(metrics.get("/metrics").body.decode()):
        counts[method, path] += int(number)
    return counts


def target_of(path):
    return path.replace("{file}", "coatcheck.js").replace("{id}", "A" * 22)


def test_each_route_counts_its_own_requests_and_nothing_else(town):
    """The array of counters was once smaller than the table: the last routes counted as refusals of tokens."""
    caller, metrics = town
    before = counted(metrics)  # the requests that waited until the server was ready
    for method, path in ALL:
        caller.request(method, target_of(path))
    after = counted(metrics)
    assert {route: after[route] - before[route] for route in after} == dict.fromkeys(ALL, 1)


def test_pages_and_the_sdk_are_no_refusals(town):
    """Visits to the page showed as coatcheck_refusals_total{code="token_not_ours"}."""
    caller, metrics = town
    for path in ("/", "/page.js", "/page.css", "/icon.svg", "/sdk/coatcheck.js"):
        assert caller.get(path).status == 200
    assert REFUSAL.findall(metrics.get("/metrics").body.decode()) == []


def test_a_refusal_counts_under_its_code(town):
    caller, metrics = town
    caller.post("/api/v1/authentication", json={"username": "nobody", "password": PASSWORD})
    caller.get("/api/v1/verify")
    caller.get("/nothing")
    refusals = dict(REFUSAL.findall(metrics.get("/metrics").body.decode()))
    assert refusals == {"invalid_credentials": "1", "token_missing": "1", "not_found": "1"}

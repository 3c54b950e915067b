# SPDX-License-Identifier: Apache-2.0
"""How the server serves the browser SDK and its diagnosis. tests/browser covers what the SDK does."""

import gzip

import brotli
import pytest
from client import Caller
from conftest import next_address
from server import ROOT

SERVED = sorted((ROOT / "sdk/browser/served").iterdir())


@pytest.fixture
def development(make_server):
    server = make_server()
    server.flags = ["--dev"]
    server.start()
    return Caller(server.port, next_address())


@pytest.mark.parametrize("path", SERVED, ids=lambda path: path.name)
def test_each_file_is_served_to_pages_of_any_origin(caller, path):
    answer = caller.get(f"/sdk/{path.name}", headers={"Origin": "https://somewhere.example"})
    assert answer.status == 200 and answer.body == path.read_bytes()
    assert answer.header("Access-Control-Allow-Origin") == "*" and not answer.header(
        "Access-Control-Allow-Credentials"
    )
    assert answer.header("Cross-Origin-Resource-Policy") == "cross-origin"
    expected = "text/plain" if path.suffix == ".ts" else "text/javascript"
    assert answer.header("Content-Type") == f"{expected}; charset=utf-8"
    assert answer.header("Cache-Control") == "no-cache"
    again = caller.get(f"/sdk/{path.name}", headers={"If-None-Match": answer.header("ETag")})
    assert again.status == 304 and again.body == b"" and again.header("Access-Control-Allow-Origin") == "*"


@pytest.mark.parametrize("path", SERVED, ids=lambda path: path.name)
def test_under_its_digest_a_file_may_be_kept_for_good(caller, path):
    digest = caller.get(f"/sdk/{path.name}").header("ETag").strip('"')
    stem, ending = path.name.split(".", 1)
    answer = caller.get(f"/sdk/{stem}.{digest}.{ending}")
    assert answer.status == 200 and answer.body == path.read_bytes()
    assert answer.header("Cache-Control") == "public, max-age=31536000, immutable"
    other = digest[:-1] + ("A" if digest[-1] != "A" else "B")
    assert caller.get(f"/sdk/{stem}.{other}.{ending}").verdict == (404, "not_found")


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "coatcheck",
        "coatcheck.js/",
        "coatcheck..js",
        "../page.js",
        "%2e%2e/page.js",
        "coatcheck.js.map",
        "page.js",
    ],
)
def test_nothing_else_is_there(caller, name):
    assert caller.get(f"/sdk/{name}").status in (400, 404)


def test_the_diagnosis_is_for_development_alone(caller, development):
    assert caller.get("/dev/diagnosis?code=network_error").verdict == (404, "not_found")
    answer = development.get(
        "/dev/diagnosis?code=network_error&storage=memory&now=1",
        headers={"Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-site"},
    )
    assert answer.status == 200 and answer.header("Access-Control-Allow-Origin") == "*"
    said = " ".join(answer.json()["advice"])
    assert '[cors] origins = ["http://localhost:3000"]' in said and "clock" in said


def test_the_diagnosis_survives_nonsense(development):
    for query in (
        "",
        "?",
        "?&&&",
        "?code=" + "x" * 4000,
        "?now=99999999999999999999999",
        "?now=-1",
        "?%00=%ff",
        "?code=%3Cscript%3E",
    ):
        answer = development.get("/dev/diagnosis" + query)
        assert answer.status == 200 and answer.json()["advice"], query
        assert b"<script" not in answer.body and b"xxxx" not in answer.body


# Row 28 of the issue "A smooth ride".


@pytest.mark.parametrize("target", ["/sdk/coatcheck.js", "/page.js", "/", "/openapi.json"])
def test_what_is_embedded_is_sent_compressed_to_those_who_accept_it(caller, target):
    plain = caller.get(target)
    assert plain.header("Content-Encoding") is None and "Accept-Encoding" in plain.all("Vary")
    tags = {plain.header("ETag")}
    for accepted, coding, unpack in (
        ("gzip, deflate, br", "br", brotli.decompress),
        ("gzip;q=0.5, br;q=0", "gzip", gzip.decompress),
    ):
        answer = caller.get(target, headers={"Accept-Encoding": accepted})
        assert answer.header("Content-Encoding") == coding and "Accept-Encoding" in answer.all("Vary")
        assert unpack(answer.body) == plain.body and len(answer.body) < 0.6 * len(plain.body)
        tags.add(answer.header("ETag"))
        asked = {"Accept-Encoding": accepted, "If-None-Match": answer.header("ETag")}
        again = caller.get(target, headers=asked)
        assert again.status == 304 and "Accept-Encoding" in again.all("Vary")
    assert len(tags) == 3
    digest = plain.header("ETag").strip('"')
    if target.startswith("/sdk"):
        kept = caller.get(f"/sdk/coatcheck.{digest}.js", headers={"Accept-Encoding": "br"})
        assert brotli.decompress(kept.body) == plain.body and "immutable" in kept.header("Cache-Control")

# SPDX-License-Identifier: Apache-2.0
"""What anybody may read: the keys, the metadata, and the server's health."""

import re

import pytest
from client import Caller
from conftest import next_address
from tokens import decode, header_of

PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


@pytest.mark.parametrize(
    "algorithm,members",
    [("ES256", {"crv", "x", "y"}), ("RS256", {"n", "e"}), ("PS256", {"n", "e"}), ("EdDSA", {"crv", "x"})],
)
def test_the_key_set_holds_public_keys_and_nothing_else(make_server, algorithm, members):
    server = make_server({"tokens.algorithm": algorithm})
    user = server.add_user()
    server.start()
    caller = Caller(server.port, next_address())
    answer = caller.get("/.well-known/jwks.json")
    assert answer.status == 200 and answer.json().keys() == {"keys"}
    assert answer.header("Content-Type").split(";")[0] in ("application/json", "application/jwk-set+json")
    keys = answer.json()["keys"]
    assert len(keys) == len({key["kid"] for key in keys}) >= 2
    for key in keys:
        assert (
            {"kty", "kid", "alg", "use"} | members
            <= key.keys()
            <= {"kty", "kid", "alg", "use", "key_ops"} | members
        )
        assert not PRIVATE & key.keys() and key["use"] == "sig"
        for name in members - {"crv"}:
            assert "=" not in key[name] and decode(key[name])
    assert header_of(caller.sign_in_body(user)["token"])["kid"] in {key["kid"] for key in keys}


def test_the_key_set_may_be_kept_for_a_while_but_not_for_long(caller):
    control = caller.get("/.well-known/jwks.json").header("Cache-Control") or ""
    assert "no-store" not in control and "private" not in control
    age = re.search(r"max-age=(\d+)", control)
    assert age is None or int(age.group(1)) <= 3600, "a new key has to be known before it signs"


def test_the_metadata_name_the_issuer_and_where_the_keys_are(caller, server):
    metadata = caller.get("/.well-known/oauth-authorization-server").json()
    assert metadata["issuer"] == server.url and metadata["jwks_uri"] == f"{server.url}/.well-known/jwks.json"
    assert isinstance(metadata["response_types_supported"], list)
    for name, value in metadata.items():
        if isinstance(value, str) and value.startswith("http"):
            assert value.startswith(server.url), name
            assert caller.get(value.removeprefix(server.url) or "/").status != 404, f"{name} leads nowhere"


@pytest.mark.parametrize("host", ["evil.example", "localhost:1", "[::1]"])
def test_the_metadata_do_not_depend_on_the_host_that_was_asked(caller, server, host):
    answer = caller.get(
        "/.well-known/oauth-authorization-server", host=host, headers={"X-Forwarded-Host": host}
    )
    assert answer.status == 200 and answer.json()["issuer"] == server.url and b"evil" not in answer.body


def test_the_keys_come_from_public_url_whatever_path_it_has(make_server):
    for url in ("https://login.example", "https://example.org:8443", "https://login.example/"):
        server = make_server({"public_url": url})
        if server.try_command("config", "check").returncode != 0:
            continue
        server.start()
        metadata = Caller(server.port).get("/.well-known/oauth-authorization-server").json()
        assert (
            metadata["issuer"] == url and metadata["jwks_uri"] == url.rstrip("/") + "/.well-known/jwks.json"
        )


@pytest.mark.parametrize("target,status", [("/healthz", "ok"), ("/readyz", "ready")])
def test_health_and_readiness_are_told(caller, target, status):
    answer = caller.get(target)
    assert answer.status == 200 and answer.json() == {"status": status}
    assert answer.header("Content-Type") == "application/json"


def test_metrics_are_off_and_never_on_the_public_listener(caller, make_server):
    assert caller.get("/metrics").verdict == (404, "not_found")
    server, other = make_server(), make_server()
    server.settings["metrics.listen"] = f"127.0.0.1:{other.port}"
    user = server.add_user()
    server.start()
    caller = Caller(server.port, next_address())
    token = caller.sign_in_body(user)["token"]
    caller.verify(token)
    assert caller.get("/metrics").verdict == (404, "not_found")
    metrics = Caller(other.port).get("/metrics")
    assert metrics.status == 200 and metrics.header("Content-Type").startswith("text/plain")
    text = metrics.body.decode()
    for line in text.splitlines():
        assert re.fullmatch(
            r"#.*|[a-zA-Z_:][a-zA-Z0-9_:]*(\{[^{}]*\})? [0-9eE.+-]+( \d+)?|[a-zA-Z_:].* NaN|", line
        ), line
    assert token not in text and user.name not in text and "ccr_" not in text
    for target in ("/api/v1/verify", "/api/v1/authentication", "/", "/openapi.json"):
        assert Caller(other.port).get(target, bearer=token).status in (404, 405), (
            "the metrics listener serves nothing else"
        )


def test_what_may_be_stored_comes_with_a_tag_or_an_age(caller):
    for target in ("/openapi.json", "/.well-known/oauth-authorization-server", "/.well-known/jwks.json"):
        first = caller.get(target)
        tag = first.header("ETag")
        if tag is not None:
            again = caller.get(target, headers={"If-None-Match": tag})
            assert again.status == 304 and again.body == b"" and again.header("ETag") == tag
            assert caller.get(target, headers={"If-None-Match": '"other"'}).status == 200
            # Issue 19, row 28: caches weaken tags, and clients name several.
            for value in (f"W/{tag}", f'"other", {tag}', f'"other",W/{tag} ', "*"):
                assert caller.get(target, headers={"If-None-Match": value}).status == 304, value
            fields = [("If-None-Match", '"other"'), ("If-None-Match", tag)]
            assert caller.get(target, headers=fields).status == 304
        else:
            assert first.header("Cache-Control")

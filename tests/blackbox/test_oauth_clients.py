# SPDX-License-Identifier: Apache-2.0
"""OAuth clients as the operator makes them, and the documents about them."""

import re
import sqlite3
import subprocess

import oauth
import pytest
from conftest import next_address
from oauth import API, CALLBACK, Client, Visitor, challenge_of
from server import BINARY, ROOT, clean_environment

SETTINGS = {**oauth.SETTINGS, "sessions.refresh_grace": "2s", "oauth.native_grace": "2s"}


@pytest.mark.parametrize(
    "words,sentence",
    [
        (("web", "x"), "--redirect"),
        (("robot", "x"), "there is no type robot"),
        (("web", "x", "--redirect", "http://app.example/cb"), "https"),
        (("web", "x", "--redirect", "com.example:/cb"), "https"),
        (("native", "x", "--redirect", "myapp:/cb"), "a dot"),
        (("native", "x", "--redirect", "javascript:alert(1)"), "a dot"),
        (("web", "x", "--redirect", "https://*.example/cb"), "no *"),
        (("web", "x", "--redirect", "https://a.example/#x"), "fragment"),
        (("web", "x", "--redirect", "https://user@a.example/"), "user"),
        (("web", "x", "--redirect", "https://A.example/"), "lower case"),
        (("service", "x", "--redirect", CALLBACK), "no redirect URI"),
        (("browser", "x", "--redirect", CALLBACK, "--auth", "client_secret_basic"), "no secret"),
        (("web", "x", "--redirect", CALLBACK, "--auth", "none"), "secret"),
        (("web", "x", "--redirect", CALLBACK, "--auth", "magic"), "there is no method magic"),
        (("web", "x", "--redirect", CALLBACK, "--scope", "unknown"), "there is no scope unknown"),
        (("web", "x", "--redirect", CALLBACK, "--resource", "https://nobody.example"), "[[resource]]"),
        (("web", "x", "--redirect", CALLBACK, "--default-resource", "x"), "--default-resource"),
        (("web", "x", "--redirect", CALLBACK, "--grant", "implicit"), "there is no grant type implicit"),
        (("browser", "x", "--redirect", CALLBACK, "--grant", "client_credentials"), "cannot have the grant"),
        (("native", "x", "--redirect", "http://127.0.0.1/", "--consent", "skip"), "always asked"),
        (("web", "x", "--redirect", "http://localhost:3000/", "--consent", "skip"), "always asked"),
        (("service", "x", "--scope", "openid"), "openid"),
    ],
)
def test_a_mistake_of_the_operator_is_told(server, words, sentence):
    result = server.try_command("client", "add", *words)
    assert result.returncode == 1 and sentence in result.stderr, result.stderr


def test_clients_are_listed_shown_and_changed(server):
    made = server.command_json("client", "add", "web", "To change", "--redirect", CALLBACK)
    assert made["client_secret"].startswith("ccc_")
    rows = server.rows("client", "list")
    assert made["client_id"] in [row["client_id"] for row in rows]
    assert not any("client_secret" in row for row in rows)
    changed = server.command_json(
        "client",
        "set",
        made["client_id"],
        "--name",
        "Changed",
        "--redirect",
        "https://b.example/",
        "--scope",
        "openid",
    )
    assert changed["client_name"] == "Changed" and changed["redirect_uris"] == ["https://b.example/"]
    assert server.command_json("client", "show", made["client_id"])["scopes"] == ["openid"]
    assert "https://b.example/" in server.command("client", "show", made["client_id"])
    server.command("client", "end", made["client_id"])
    assert server.try_command("client", "show", made["client_id"]).returncode == 1
    assert "client_ended" in server.command("audit", "list")


def test_clients_and_grants_survive_a_crash(make_server):
    server = make_server(oauth.SETTINGS)
    user = server.add_user()
    server.start()
    client = Client(server, "web", "Lasting", "--redirect", CALLBACK)
    visitor = Visitor(server, user)
    tokens = client.sign_in(visitor)
    code = visitor.code_for(client.request())
    server.crash_and_restart()
    assert client.refresh(tokens["refresh_token"]).status == 200
    assert client.redeem(code).status == 200


def test_oauth_is_off_unless_it_is_switched_on(make_server):
    server = make_server().start()
    caller = oauth.Caller(server.port, next_address())
    for path in (
        "/oauth2/authorize",
        "/oauth2/userinfo",
        "/oauth2/logout",
        "/.well-known/openid-configuration",
    ):
        assert caller.get(path).verdict == (404, "not_found")
    result = server.try_command("client", "add", "web", "x", "--redirect", CALLBACK)
    assert result.returncode == 1 and "[oauth]" in result.stderr
    assert "authorization_endpoint" not in caller.get("/.well-known/oauth-authorization-server").json()


def test_the_metadata_names_what_there_is(server, caller):
    first = caller.get("/.well-known/openid-configuration").json()
    assert first == caller.get("/.well-known/oauth-authorization-server").json()
    assert first["authorization_endpoint"] == server.url + "/oauth2/authorize"
    assert first["code_challenge_methods_supported"] == ["S256"]
    assert first["response_types_supported"] == ["code"]
    assert first["authorization_response_iss_parameter_supported"] is True
    assert first["request_uri_parameter_supported"] is False
    assert set(first["scopes_supported"]) >= {"openid", "offline_access", "posts:read", "things"}


def test_a_challenge_is_the_digest_of_its_verifier():
    """RFC 7636, appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_commands_of_the_document_do_what_it_says(server, tmp_path):
    document = (ROOT / "docs/oauth.md").read_text()
    blocks = re.findall(r"```sh oauth\n(.*?)```", document, re.S)
    assert len(blocks) == 2
    tool = f'coatcheck() {{ "{BINARY}" "$@" --data "{server.data}" --config "{server.config}"; }}'
    script = f"set -euo pipefail\n{tool}\nissuer={server.url}\n" + "".join(blocks)
    result = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        env=clean_environment(),
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count("client_secret  ccc_") == 2, "of the web client and the service"
    assert "HTTP/1.1 200 OK" in result.stdout and "X-Auth-Scope: posts%3Aread" in result.stdout


def test_a_resource_is_not_the_audience_of_everything(make_server):
    settings = {**oauth.SETTINGS, "tokens.audience": API}
    result = make_server(settings).try_command("config", "check")
    assert result.returncode == 1 and "--default-resource default" in result.stderr


def test_users_who_look_like_clients_stop_the_start(make_server):
    server = make_server({"store.url": "sqlite:coatcheck.db"})
    server.add_user("ada", oauth.PASSWORD, "--id", "u1")
    with sqlite3.connect(server.data / "coatcheck.db") as database:
        database.execute("UPDATE users SET username = 'Client:x', username_key = 'client:x'")
    server.settings |= oauth.SETTINGS
    with pytest.raises(RuntimeError, match="switch oauth.enabled off"):
        server.start()

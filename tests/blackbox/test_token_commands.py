# SPDX-License-Identifier: Apache-2.0
"""`token inspect`, `token verify`, `audit list` and `doctor`: the commands for an operator who looks for a
fault."""

import json
import re
import socket
import time

import pytest
from client import Caller
from conftest import next_address
from forgeries import Attacker
from server import PASSWORD, run
from tokens import claims_of, join, parts_of


@pytest.fixture(scope="module")
def signed_in(server, ada):
    return Caller(server.port, next_address()).sign_in_body(ada)


def test_a_token_is_inspected_in_words(server, signed_in):
    said = server.command("token", "inspect", "-", stdin=signed_in["token"] + "\n")
    for word in ("ada", "ES256", signed_in["user"]["id"], signed_in["session"]["id"], "expires"):
        assert word in said, word
    assert re.search(r"\d{4}-\d\d-\d\d", said), "times are for people"
    as_json = server.command_json("token", "inspect", "-", stdin=signed_in["token"])
    assert claims_of(signed_in["token"]).items() <= as_json["claims"].items()


def test_inspection_does_not_take_a_forgery_for_a_token(server, signed_in):
    header, claims, _ = parts_of(signed_in["token"])
    forged = Attacker("ES256").sign(header, {**claims, "preferred_username": "mallory"})
    result = server.try_command("token", "inspect", "-", stdin=forged)
    assert "mallory" in result.stdout + result.stderr
    assert re.search(r"\b(not|no|invalid|forged)\b", result.stdout + result.stderr)
    assert "not" not in re.findall(
        r"valid.*", server.command("token", "inspect", "-", stdin=signed_in["token"])
    )


def test_a_token_can_be_inspected_where_there_is_no_server(tmp_path, signed_in):
    result = run("token", "inspect", "-", "--data", tmp_path / "nothing", stdin=signed_in["token"])
    assert result.returncode == 0 and "ada" in result.stdout
    assert not (tmp_path / "nothing").exists(), "looking makes no data directory"


@pytest.mark.parametrize("text", ["", "junk", "a.b.c", "ccr_AAAA", "..", "\x1b[31m.x.y", "x" * 9000])
def test_what_is_no_token_is_called_so(server, text):
    for command in ("inspect", "verify"):
        result = server.try_command("token", command, "-", stdin=text + "\n")
        assert 0 < result.returncode < 126 and (result.stdout + result.stderr).strip()
        assert "\x1b" not in result.stdout + result.stderr


def test_terminal_signs_in_a_token_are_not_printed(server, signed_in):
    """An attacker writes the claims of a forged token, and they reach the operator's terminal."""
    header, claims, signature = parts_of(signed_in["token"])
    for place in (
        ({**header, "x": "\x1b]0;owned\x07\u202e\u009b31m"}, claims),
        (header, {**claims, "preferred_username": "\x1b[2J\u009b"}),
    ):
        result = server.try_command("token", "inspect", "-", stdin=join(*place, signature))
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(result.stdout + result.stderr)


def test_a_refresh_token_is_recognised(server, signed_in):
    result = server.try_command("token", "inspect", "-", stdin=signed_in["refresh_token"])
    assert "refresh token" in result.stdout + result.stderr
    assert signed_in["refresh_token"] not in result.stdout + result.stderr


def test_verifying_gives_the_verdict_of_the_server(server, ada):
    caller = Caller(server.port, next_address())
    user = server.add_user()
    good, ended, stale = (caller.sign_in_body(who)["token"] for who in (ada, ada, user))
    caller.sign_out(ended)
    server.command("user", "set", user.name, "--role", "x")
    assert server.try_command("token", "verify", "-", stdin=good).returncode == 0
    forged = good[:-6] + "AAAAAA"
    for token in (ended, stale, forged, "junk"):
        result = server.try_command("token", "verify", "-", stdin=token)
        assert 0 < result.returncode < 126 and caller.verify(token).code in result.stdout + result.stderr
        as_json = json.loads(server.try_command("token", "verify", "-", "--json", stdin=token).stdout)
        assert caller.verify(token).code in as_json.values() and True not in as_json.values()


def test_a_token_on_the_command_line_is_not_taken(server, signed_in):
    for command in ("inspect", "verify"):
        result = server.try_command("token", command, signed_in["token"])
        assert 0 < result.returncode < 126
        assert signed_in["token"] not in result.stderr + result.stdout


def test_verdicts_are_the_same_while_no_server_runs(make_server):
    server = make_server({"tokens.access_ttl": "3s"})
    user = server.add_user()
    server.start()
    caller = Caller(server.port)
    good, ended = caller.sign_in_body(user), caller.sign_in_body(user)
    caller.sign_out(ended["token"])
    server.stop()
    assert server.try_command("token", "verify", "-", stdin=good["token"]).returncode == 0
    assert "token_revoked" in str(server.try_command("token", "verify", "-", stdin=ended["token"]))
    time.sleep(max(0.0, good["expires_at"] + 0.05 - time.time()))
    assert "token_expired" in str(server.try_command("token", "verify", "-", stdin=good["token"]))
    assert "expired" in server.try_command("token", "inspect", "-", stdin=good["token"]).stdout


# The audit trail.


def test_the_audit_trail_tells_what_happened(make_server):
    server = make_server({"sessions.refresh_grace": "1s", "sign_up.enabled": True}).start()
    user = server.add_user()
    caller = Caller(server.port, next_address())
    caller.try_sign_in(user, "not the password at all")
    one, two = caller.sign_in_body(user), caller.sign_in_body(user)
    caller.refresh(two["refresh_token"])
    time.sleep(1.1)
    assert caller.refresh(two["refresh_token"]).verdict == (401, "refresh_token_reused")
    caller.sign_out(one["token"])
    server.command("user", "set", user.name, "--role", "x")
    server.command(
        "user", "password", user.name, "--password-stdin", stdin="eleven amber herons hum quietly\n"
    )
    server.command("user", "disable", user.name)
    server.command("user", "enable", user.name)
    server.command("key", "rotate")
    server.command("user", "delete", user.name)
    events = server.rows("audit", "list")
    names = [event["event"] for event in events]
    for word in (
        "created",
        "failed",
        "sign_in",
        "reused",
        "sign_out|signed_out|session_ended",
        "attributes|roles",
        "password",
        "disabled",
        "enabled",
        "key_rotated",
        "deleted",
    ):
        assert any(re.search(word, name) for name in names), f"{word} is not among {names}"
    failed = next(event for event in events if "failed" in event["event"])
    assert caller.source in failed.values() and all(abs(event["time"] - time.time()) < 60 for event in events)
    said = json.dumps(events) + server.command("audit", "list")
    assert PASSWORD not in said and "ccr_" not in said and "eyJ" not in said and "argon2" not in said


def test_the_audit_trail_is_shown_in_order_and_no_longer_than_asked(server, ada):
    caller = Caller(server.port, next_address())
    for _ in range(3):
        caller.sign_in_body(ada)
    times = [event["time"] for event in server.rows("audit", "list")]
    assert times in (sorted(times), sorted(times, reverse=True))
    assert len(server.rows("audit", "list", "--limit", 2)) == 2


def test_a_name_in_the_audit_trail_or_a_list_moves_no_cursor(server):
    caller = Caller(server.port, next_address())
    for name in ("\x1b[2J", "a\nfake  sign_in  user root", "\u202eada", "\u009b31m"):
        caller.post("/api/v1/authentication", json={"username": name, "password": "not the password at all"})
    for command in (["audit", "list"], ["session", "list"], ["user", "list"]):
        said = server.command(*command)
        assert not {"\x1b", "\u202e", "\x9b", "\r"} & set(said)
        assert not any(line.startswith("fake") for line in said.splitlines())


# The doctor.


def doctor(server):
    result = server.try_command("doctor", "--json")
    assert result.returncode in (0, 1), result.stderr
    return json.dumps(json.loads(result.stdout))


def test_the_doctor_finds_common_mistakes(make_server):
    """Each mistake is reported with the name of the wrong setting."""
    server = make_server()
    server.add_user()
    healthy = doctor(server)
    mistakes = {
        "public_url": {"public_url": "https://login.example"},
        "trusted_proxies": {"behind_proxy": True},
        "cors.origins": {"cors.origins": ["https://elsewhere.example"]},
        "access_ttl": {"tokens.access_ttl": "12h"},
    }
    for word, settings in mistakes.items():
        sick = make_server(settings)
        said = doctor(sick)
        assert word in said and said != healthy, word
    server.data.chmod(0o755)
    assert "chmod" in doctor(server) or "700" in doctor(server)


def test_the_doctor_sees_that_something_else_holds_the_port(make_server):
    server = make_server({"listen": "127.0.0.1:1"})
    with socket.create_server(("127.0.0.1", 0)) as holder:
        server.settings["listen"] = f"127.0.0.1:{holder.getsockname()[1]}"
        server.settings["public_url"] = f"http://localhost:{holder.getsockname()[1]}"
        assert "listen" in doctor(server)


# Row 36 of the issue "A smooth ride": token_not_ours never said which check had failed.


def spoilt(token):
    """The token with another signature of the right form."""
    head, _, signature = token.rpartition(".")
    return f"{head}.{signature[:10]}{'A' if signature[10] != 'A' else 'B'}{signature[11:]}"


def test_a_token_that_is_not_ours_says_which_check_failed(make_server):
    server, other = make_server(flags=["--dev"]), make_server()
    user, stranger = server.add_user(), other.add_user()
    server.start()
    other.start()
    token = Caller(server.port, next_address()).sign_in_body(user)["token"]
    foreign = Caller(other.port, next_address()).sign_in_body(stranger)["token"]
    ours, theirs = server.url, other.url

    def check(name, token, *parts):
        caller = Caller(server.port, next_address())
        answer = caller.get("/api/v1/sessions", bearer=token)
        assert answer.verdict == (401, "token_not_ours")
        said = [answer.json()["detail"]]
        verified = server.try_command("token", "verify", "-", stdin=token)
        assert verified.returncode == 1
        said.append(verified.stderr)
        said.append(server.command("token", "inspect", "-", stdin=token))
        said.append(server.log_with("token_not_ours", f'"check":"{name}"'))
        for text in said:
            assert all(part in str(text).replace("\\", "") for part in parts), (text, parts)

    check("key", foreign, "kid", theirs, ours)
    check("signature", spoilt(token), "signature")
    server.settings["tokens.audience"] = "https://api.example"
    server.restart()
    check("audience", token, f'"{ours}"', '"https://api.example"')
    server.settings["public_url"] = "http://localhost:9"
    server.restart()
    check("issuer", token, f'"{ours}"', '"http://localhost:9"')


def test_strangers_are_not_told_which_check_failed(make_server):
    server = make_server()
    user = server.add_user()
    server.start()
    caller = Caller(server.port, next_address())
    bad = spoilt(caller.sign_in_body(user)["token"])
    for _ in range(20):
        answer = caller.verify(bad)
        assert answer.verdict == (401, "token_not_ours") and "detail" not in answer.json()
    server.log_with("token_not_ours", '"check":"signature"')
    assert server.log().count('"event":"token_not_ours"') == 1

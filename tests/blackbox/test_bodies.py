# SPDX-License-Identifier: Apache-2.0
"""The server refuses a malformed body, says why, and does nothing."""

import gzip
import json

import pytest
from server import PASSWORD

SETTINGS = {"sign_up.enabled": True}
GOOD = {"username": "ada", "password": PASSWORD}
TEXT = json.dumps(GOOD)


def post(caller, body, target="/api/v1/authentication", **more):
    return caller.post(target, body=body if isinstance(body, bytes) else body.encode(), **more)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"}",
        b"[]",
        b"null",
        b"true",
        b"1",
        b'"x"',
        b"{]",
        b'{"username"}',
        b'{"username":}',
        b'{"username":"a",}',
        b'{username:"a"}',
        b"{'username':'a'}",
        TEXT.encode() + b"x",
        TEXT.encode() * 2,
        TEXT.encode() + b"\0",
        TEXT.encode() + b",",
        b"[" + TEXT.encode() + b"]",
        b"/**/" + TEXT.encode(),
        TEXT.encode() + b"//",
        b"\xef\xbb\xbf" + TEXT.encode(),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-32"),
        b'{"username":"\xff","password":"x"}',
        b'{"username":"\xc0\xaf","password":"x"}',
        b'{"username":"\xed\xa0\x80","password":"x"}',
        b'{"username":"\xf4\x90\x80\x80","password":"x"}',
        b'{"username":"\xe2\x82","password":"x"}',
        b'{"username":"a\nb","password":"x"}',
        b'{"username":"a\0b","password":"x"}',
        b'{"username":"\\x","password":"x"}',
        b'{"username":"\\u12","password":"x"}',
        b'{"username":NaN}',
        b'{"username":Infinity}',
        b'{"username":01}',
        b'{"username":+1}',
        b'{"username":.5}',
        b'{"username":1.}',
        b'{"username":0x1}',
        b'{"username":undefined}',
        b'{"username":True}',
        b"username=ada&password=x",
        b"<x/>",
        b"\0",
        gzip.compress(TEXT.encode(), mtime=0),
        TEXT[:-1].encode(),
        b'{"\xff":1}',
        b'{"username":"a" "password":"b"}',
        b'{"username" "a"}',
        b'{1:"a"}',
        b"{null:1}",
        b"{}{}",
        b"{},{}",
    ],
)
def test_what_is_not_one_json_object_is_called_so(caller, body):
    answer = post(caller, body)
    assert answer.verdict == (400, "malformed_json")


@pytest.mark.parametrize(
    "value",
    [
        '"\\ud800"',
        '"\\udc00\\ud800"',
        '"a\\u0000b"',
        '"\\uffff"',
        '"' + "a" * 10000 + '"',
        '"\\ud83d\\udc66"',
    ],
)
def test_odd_text_in_a_member_gets_a_refusal_and_no_crash(caller, value):
    for body in (f'{{"username":{value},"password":"x"}}', f'{{"username":"nobody","password":{value}}}'):
        answer = post(caller, body)
        assert answer.status in (400, 401, 429)
    assert caller.get("/healthz").status == 200


@pytest.mark.parametrize("depth", [20, 100, 1000, 5000])
@pytest.mark.parametrize("opening,closing", [("[", "]"), ('{"a":', "}")])
def test_deep_nesting_is_refused(caller, depth, opening, closing):
    inside = opening * depth + "1" + closing * depth
    body = f'{{"username":{inside},"password":"x"}}'
    answer = post(caller, body)
    assert answer.verdict in {(400, "malformed_json"), (400, "invalid_member"), (413, "body_too_large")}
    assert depth < 1000 or answer.code != "invalid_member", "depth has a limit"
    assert post(caller, opening * depth).verdict in {(400, "malformed_json"), (413, "body_too_large")}


def test_a_great_many_members_cost_little(caller):
    body = "{" + ",".join(f'"{number}":1' for number in range(1500)) + "}"
    assert post(caller, body).code in ("unknown_member", "malformed_json")
    colliding = (
        "{" + ",".join(f'"{"Aa" * (number % 5)}{"BB" * (number // 5)}":1' for number in range(300)) + "}"
    )
    assert post(caller, colliding).status in (400, 413)


@pytest.mark.parametrize(
    "body,member",
    [
        ('{"username":"ada","username":"ada","password":"x"}', "username"),
        ('{"username":"ada","username":"eve","password":"x"}', "username"),
        ('{"username":"ada","password":"x","password":"y"}', "password"),
        ('{"username":"ada","\\u0075sername":"eve","password":"x"}', "username"),
        ('{"usernam\\u0065":"eve","username":"ada","password":"x"}', "username"),
        ('{"username":"ada","password":"x","x":1,"x":1}', "x"),
        ('{"username":{"a":1,"a":2},"password":"x"}', "a"),
    ],
)
def test_a_member_that_comes_twice_is_refused(caller, body, member):
    answer = post(caller, body)
    assert answer.verdict == (400, "duplicate_member")
    assert answer.json().get("member", member) == member


@pytest.mark.parametrize(
    "name",
    [
        "rememberme",
        "Username",
        "username ",
        "userName",
        "",
        "__proto__",
        "constructor",
        "token",
        "roles",
        "\u0000",
        "username\u200b",
        "x" * 2000,
        "🦦",
        "<script>",
        "a\nb",
    ],
)
def test_an_unknown_member_is_named(caller, name):
    answer = caller.post("/api/v1/authentication", json={**GOOD, name: 1})
    if len(name) <= 64:
        assert answer.verdict == (400, "unknown_member") and answer.json().get("member", "") == name
    else:
        assert (
            answer.verdict in {(400, "unknown_member"), (400, "malformed_json")} and len(answer.body) < 1000
        )


@pytest.mark.parametrize("missing", ["username", "password"])
def test_a_missing_member_is_named(caller, missing):
    answer = caller.post(
        "/api/v1/authentication", json={key: value for key, value in GOOD.items() if key != missing}
    )
    assert answer.verdict == (400, "missing_member") and answer.json()["member"] == missing


@pytest.mark.parametrize(
    "member,values",
    [
        ("username", [1, 1.5, True, None, [], {}, ["ada"], {"$ne": ""}]),
        ("password", [1, None, [], {}, True, ["x"], {"$gt": ""}]),
        ("delivery", ["", "Body", "BODY", "smoke", "hybrid ", 1, None, [], ["body"], {}]),
        ("remember", ["true", "yes", 1, 0, None, [], {}, ""]),
        ("device", [1, None, [], {}, True, "x" * 101, "🦦" * 101]),
    ],
)
def test_a_member_of_the_wrong_kind_is_named(caller, ada, member, values):
    for value in values:
        answer = caller.post("/api/v1/authentication", json={**GOOD, member: value})
        assert answer.verdict == (400, "invalid_member"), value
        assert answer.json()["member"] == member


def test_a_device_may_have_a_hundred_characters_of_any_kind(caller, ada):
    for label in ("x" * 100, "🦦" * 100, "", "日本 - ünïcödé"):
        assert caller.sign_in_body(ada, device=label)["session"]["device"] == label


@pytest.mark.parametrize(
    "label", ["a\nb", "a\u0000b", "\u001b[31m", "\r\nSet-Cookie: a=b", "\u202egnp.exe", "\u2028"]
)
def test_a_device_cannot_hide_control_signs_in_the_answer_or_the_log(caller, server, ada, label):
    answer = caller.try_sign_in(ada, delivery="body", device=label)
    assert answer.status in (200, 400)
    assert "a" not in answer.cookies
    for line in server.command("session", "list").splitlines():
        assert "\x1b" not in line and "\r" not in line and "\0" not in line and "\u202e" not in line


@pytest.mark.parametrize(
    "value",
    [
        "' or '1'='1",
        "ada'--",
        'ada"; DROP TABLE users; --',
        "ada\\",
        "%61da",
        "ada%00",
        "ada\u0000x",
        "*",
        "(|(uid=*))",
        "${jndi:ldap://x}",
        "{{7*7}}",
        "../../etc/passwd",
        "ada\r\nX: y",
        "-1 UNION SELECT 1",
    ],
)
def test_no_text_in_a_name_signs_anybody_in(caller, ada, value):
    for form in ({"username": value, "password": PASSWORD}, {"username": "ada", "password": value}):
        answer = caller.post("/api/v1/authentication", json=form)
        assert answer.status in (400, 401, 429)
    assert caller.get("/readyz").status == 200


@pytest.mark.parametrize(
    "content_type,status",
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("application/json;charset=UTF-8", 200),
        ("APPLICATION/JSON", 200),
        ('application/json; charset="utf-8"', 200),
        ("Application/Json ; charset=utf-8", 200),
        ("text/json", 415),
        ("application/jsonp", 415),
        ("application/x-json", 415),
        ("text/plain", 415),
        ("application/problem+json", 415),
        ("application/vnd.api+json", 415),
        ("json", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data", 415),
        ("*/*", 415),
        ("application/*", 415),
        ("", 415),
        (";", 415),
        ("application/json, text/plain", 415),
        ("text/plain, application/json", 415),
        ("applicaton/json", 415),
    ],
)
def test_a_body_is_declared_as_json_or_not_read(caller, ada, content_type, status):
    answer = post(caller, TEXT, headers={"Content-Type": content_type})
    assert answer.status == status
    if status == 415:
        assert answer.code == "unsupported_media_type"


def test_a_body_without_any_type_is_not_read(caller, ada):
    data = f"POST /api/v1/authentication HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(TEXT)}\r\n\r\n{TEXT}".encode()
    assert caller.raw(data).verdict == (415, "unsupported_media_type")


def test_two_types_are_none(caller, ada):
    answer = post(
        caller, TEXT, headers=[("Content-Type", "application/json"), ("Content-Type", "text/plain")]
    )
    assert answer.status in (400, 415)


def test_a_compressed_body_is_not_unpacked(caller, ada):
    for coding in ("gzip", "deflate", "br"):
        answer = post(caller, gzip.compress(TEXT.encode()), headers={"Content-Encoding": coding})
        assert answer.status in (400, 415)
    bomb = gzip.compress(b" " * 10_000_000)
    assert len(bomb) < 16384 and post(caller, bomb, headers={"Content-Encoding": "gzip"}).status in (400, 415)


def test_a_form_without_length_or_coding_is_empty(caller):
    answer = caller.raw(
        b"POST /api/v1/authentication HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\r\n"
    )
    assert answer.verdict in {(400, "malformed_json"), (411, "length_required")}


@pytest.mark.parametrize(
    "method,target,members",
    [
        ("POST", "/api/v1/authentication/refresh", ["refresh_token"]),
        ("DELETE", "/api/v1/authentication", ["refresh_token"]),
        ("POST", "/api/v1/users", ["username", "password", "email"]),
        ("PATCH", "/api/v1/users/me", ["email", "current_password"]),
        ("DELETE", "/api/v1/users/me", ["current_password"]),
        ("PUT", "/api/v1/users/me/password", ["current_password", "new_password"]),
    ],
)
def test_every_form_is_held_against_its_members(caller, ada, method, target, members):
    token = caller.sign_in_body(ada)["token"]
    bearer = {} if target.endswith(("refresh", "users", "authentication")) else {"bearer": token}

    def send(body):
        return caller.request(method, target, body=body.encode(), **bearer)

    complete = {name: "x@example.org" if name == "email" else "x" for name in members}
    for wrong in (1, True, [], {}):
        for name in members:
            answer = send(json.dumps({**complete, name: wrong}))
            assert answer.verdict == (400, "invalid_member") and answer.json()["member"] == name, (
                name,
                wrong,
            )
    answer = send(json.dumps({**complete, "extra": 1}))
    assert answer.verdict == (400, "unknown_member") and answer.json()["member"] == "extra"
    first = members[0]
    assert send(f'{{"{first}":"a","{first}":"b"}}').verdict == (400, "duplicate_member")
    for broken in ("{", "[]", "null", "x", '"x"'):
        assert send(broken).verdict == (400, "malformed_json"), broken
    assert caller.verify(token).status == 200


@pytest.mark.parametrize(
    "method,target,required",
    [
        ("POST", "/api/v1/users", ["username", "password"]),
        ("PATCH", "/api/v1/users/me", ["email", "current_password"]),
        ("DELETE", "/api/v1/users/me", ["current_password"]),
        ("PUT", "/api/v1/users/me/password", ["current_password", "new_password"]),
    ],
)
def test_every_form_says_what_is_missing(caller, ada, method, target, required):
    token = caller.sign_in_body(ada)["token"]
    for name in required:
        form = {other: "x@example.org" for other in required if other != name}
        answer = caller.request(method, target, json=form, bearer=token)
        assert answer.verdict == (400, "missing_member") and answer.json()["member"] == name
    assert caller.verify(token).status == 200


def test_a_refusal_does_not_repeat_secrets(caller, server):
    """Neither the answer nor the log repeats a password, a token or an unknown value from the request."""
    secret = "canary-" + "z9" * 12
    bodies = [
        {"username": "ada", "password": secret, "extra": 1},
        {"username": [secret], "password": "x"},
        {"username": "ada", "password": secret},
        {"username": "ada", "password": [secret]},
        {"username": "ada", "password": "x", "delivery": secret},
    ]
    answers = [caller.post("/api/v1/authentication", json=body) for body in bodies]
    answers += [
        caller.refresh("ccr_" + secret),
        caller.verify(secret),
        caller.get("/api/v1/users/me", bearer=f"a.{secret}.b"),
        caller.post("/api/v1/authentication", body=f'{{"password":"{secret}'.encode()),
    ]
    for answer in answers:
        assert answer.status >= 400 and secret not in answer.raw_head.decode("latin-1") + answer.body.decode()
    assert secret not in server.log() and secret not in server.command("audit", "list", "--json")

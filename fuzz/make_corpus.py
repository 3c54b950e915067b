# SPDX-License-Identifier: Apache-2.0
"""Writes the hand-made part of the corpora: the ordinary, and the edges of it. What fuzzing adds lies beside it."""

import base64
import hashlib
import hmac
import json
import pathlib

HERE = pathlib.Path(__file__).parent / "corpus"


def put(target, inputs):
    folder = HERE / target
    folder.mkdir(parents=True, exist_ok=True)
    for text in inputs:
        data = text if isinstance(text, bytes) else text.encode()
        (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


def b64(data):
    data = data if isinstance(data, bytes) else json.dumps(data, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def refresh_token(user, session, counter):
    body = bytes([1, 1, len(user)]) + user + session + counter.to_bytes(4, "big") + bytes(range(16))
    return "ccr_" + b64(body + hmac.new(b"k" * 32, body, "sha256").digest())


put(
    "password_hash",
    [
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "argon2$argon2i$v=19$t=2,p=4,m=65536$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "bcrypt$$2b$14$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "pbkdf2_sha256$1000$c2FsdA$f1DWjE/ORPgwJ/B8q8mr0qXGXsH4eOHXyTOLXalPKOE=",
    ],
)
put(
    "chunked",
    [
        "0\r\n\r\n",
        "2\r\n{}\r\n0\r\n\r\nGET / HTTP/1.1",
        "0a\r\n0123456789\r\n5\r\n\r\n0\r\n\r\n0\r\n\r\n",
        "2;a=b\r\n{}\r\n0\r\nX: y\r\n\r\n",
        "ffffffff\r\n",
    ],
)
GET = "GET /api/v1/verify HTTP/1.1\r\nHost: localhost\r\n"
put(
    "framing",
    [
        GET + "\r\n",
        GET + "Authorization: Bearer a.b.c\r\nCookie: a=b; c=d\r\n\r\n",
        GET.replace("1.1", "1.0") + "\r\n",
        "GET http://localhost/api/v1/verify?a=b HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /api/v1/authentication HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n",
        GET + "Host: again\r\n\r\n",
        GET + "A: b\r\n folded\r\n\r\n",
        GET + "A : b\r\n\r\n",
        GET + "A: \x00\r\n\r\n",
        GET + "Expect: 100-continue\r\nConnection: close, te\r\n\r\n",
        "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        GET + "Content-Length: 18446744073709551616\r\n\r\n",
        GET + "A: b\r\n" * 65 + "\r\n",
        "GET / HTTP/1.1\nHost: x\n\n\r\n\r\n",
    ],
)
put(
    "cookies",
    [
        "__Host-Http-coatcheck=abc; other=1",
        "coatcheck=a; coatcheck=b",
        'coatcheck-refresh=ccr_x;coatcheck="y"',
        "=;;;=",
        "coatcheck=",
        "a=__Host-Http-coatcheck=x; __Host-Http-coatcheck-refresh=z",
        "\t coatcheck = x",
        "__host-http-coatcheck=x",
    ],
)
put("base64url", ["", "A", "AA", "AB", "AAA", "AAB", "AAAA", "AA==", "-_-_", "+/+/", "AAAAA", "A A A", "é"])
put(
    "forms",
    [
        json.dumps(
            {"username": "ada", "password": "x", "delivery": "body", "remember": False, "device": "d"}
        ),
        '{"username":"ada","username":"eve"}',
        "{}",
        "[]",
        "null",
        '{"refresh_token":"ccr_x"}',
        '{"\\u0075sername":"a","password":"\\ud800"}',
        '{"current_password":"a","new_password":"b"}',
        '{"email":null,"current_password":"a"}',
        '{"a":' * 9 + "1" + "}" * 9,
        '{"username":1,"password":true,"remember":"no","delivery":"pigeon","device":"\\u202e"}',
        b"\xef\xbb\xbf{}",
        b'{"username":"\xff"}',
    ],
)
claims = {
    "iss": "http://localhost:8080",
    "sub": "u",
    "aud": "http://localhost:8080",
    "exp": 1800000900,
    "iat": 1800000000,
    "jti": "j",
    "client_id": "coatcheck",
    "scope": "account",
    "sid": "s",
    "auth_time": 1800000000,
    "amr": ["pwd"],
    "preferred_username": "ada",
    "roles": [],
    "ver": 1,
}
head = {"alg": "ES256", "typ": "at+jwt", "kid": "k"}
put(
    "jwt",
    [
        f"{b64(h)}.{b64(c)}.{s}"
        for h in (
            head,
            {**head, "alg": "none"},
            {**head, "crit": ["exp"]},
            b'{"alg":"ES256","alg":"none","kid":"k"}',
        )
        for c in (claims, {**claims, "exp": 1e300}, b"{}", b'{"exp":1,"exp":2}')
        for s in (b64(bytes(64)), "", "AB")
    ]
    + [json.dumps(claims), "..", "a.b", ""],
)
put(
    "jwk",
    [
        json.dumps({"keys": keys})
        for keys in (
            [],
            [
                {
                    "kty": "OKP",
                    "crv": "Ed25519",
                    "alg": "EdDSA",
                    "use": "sig",
                    "kid": "k",
                    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                }
            ],
            [
                {
                    "kty": "EC",
                    "crv": "P-256",
                    "alg": "ES256",
                    "kid": "e",
                    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
                }
            ],
            [{"kty": "oct", "k": "AA", "kid": "o"}],
            [{"kty": "RSA", "alg": "RS256", "kid": "r", "n": "AQAB", "e": "AQAB"}],
            [{"kty": "EC", "crv": "P-256", "alg": "ES256", "kid": "e", "x": "AA", "y": "AA", "d": "AA"}],
        )
    ]
    + ["{}", '{"keys":{}}', '{"keys":[1]}'],
)
put(
    "refresh_token",
    [
        refresh_token(b"u", bytes(16), 0),
        refresh_token(b"x" * 64, bytes(range(16)), 0xFFFFFFFF),
        refresh_token(b"", bytes(16), 1),
        refresh_token(b"u", bytes(16), 7)[:-1],
        "ccr_",
        "ccr_AA",
        "",
        "ccr_" + "A" * 200,
    ],
)
put(
    "configuration",
    [
        (HERE.parents[1] / "config/coatcheck.example.toml").read_bytes(),
        "",
        "[tokens]\nalgorithm='RS256'",
        "listen='[::1]:1'",
        "x=1",
        "[cors]\norigins=['https://a.b']",
        "[tokens]\naccess_ttl='99999d'",
        "[tokens",
        "a.b.c.d=1",
        "behind_proxy=true\nlisten='0.0.0.0:1'",
        "[[tokens]]\n",
        "public_url=1979-05-27",
    ],
)
session = '{"kind":"session","subject":"s","expires":1800000900}'
put(
    "feed",
    [
        "A" + text
        for text in (
            "event: reset\ndata: {}\n\nid: e.1\ndata: ["
            + session
            + ']\n\nevent: synced\nid: e.1\ndata: {"cursor":"e.1"}\n\nevent: heartbeat\nid: e.1\ndata: {}\n\n',
            'id: e.2\ndata: [{"kind":"user_revoked","subject":"u","minimum":3,"expires":1800000900},{"kind":"user_stale","subject":"u","minimum":4,"expires":1}]\n\n',
            'data: [{"kind":"key","subject":"k","expires":1},{"kind":"issued_before","subject":"","minimum":1,"expires":1},{"kind":"new","subject":"","expires":1}]\n\n',
            "data: []\n\n",
            "\n\n\n\n",
            ": comment\n\n",
            "event\n\n",
            "data:[" + session + "\n\n",
            "event: synced\n\n",
            "id: x",
            "",
        )
    ],
)
carbon = 'O:13:"Carbon\\Carbon":3:{s:4:"date";s:26:"2027-01-31 12:00:00.000000";s:13:"timezone_type";i:3;s:8:"timezone";s:3:"UTC";}'
laravel = f'a:3:{{s:7:"user_id";i:42;s:10:"time_stemp";{carbon}s:9:"expire_on";{carbon}}}'
put(
    "crypt",
    [
        laravel,
        f's:{len(laravel)}:"{laravel}";',
        'a:5:{s:7:"user_id";s:1:"u";s:10:"time_stamp";i:1;s:9:"expire_on";i:2;s:7:"session";s:1:"s";s:3:"ver";i:1;}',
        '{"user_id":1,"time_stamp":"2027-01-31T12:00:00+02:00","expire_on":{"date":"2027-01-31 12:00:00","timezone_type":1,"timezone":"+01:00"}}',
        "a:2:{i:0;b:1;i:1;d:1.5;}",
        'O:8:"stdClass":0:{}',
        "R:1;",
        "N;",
        base64.b64encode(
            b'{"iv":"AAAAAAAAAAAAAAAA","value":"AAAA","mac":"","tag":"AAAAAAAAAAAAAAAAAAAAAA=="}'
        ).decode(),
    ],
)
jwe_header = {
    "alg": "dir",
    "enc": "A256GCM",
    "typ": "at+jwt",
    "cty": "JWT",
    "kid": "4QXnSgBZ3jrKGZn3ZnQpbUUkA9QpkQ0hQm8tYQ8mHqA",
}
put(
    "jwe",
    [
        ".".join(["", "", "AAAAAAAAAAAAAAAA", "AAAA", "AAAAAAAAAAAAAAAAAAAAAA"]),
        "....",
        "a.b.c.d.e",
        "# x\n\nbase64:" + base64.b64encode(b"k" * 32).decode() + "\n",
        "base64:\n",
        *[
            base64.urlsafe_b64encode(json.dumps({**jwe_header, **change}).encode()).rstrip(b"=").decode()
            + "..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA"
            for change in ({}, {"zip": "DEF"}, {"crit": ["x"]}, {"alg": "none"}, {"kid": 7})
        ],
    ],
)
CHALLENGE = "code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
put(
    "authorization_request",
    [
        "response_type=code&client_id=c&redirect_uri=https%3A%2F%2Fa.example%2Fcb&state=s&nonce=n&scope=openid+profile"
        f"&{CHALLENGE}&resource=https%3A%2F%2Fapi.example&prompt=login+consent&max_age=60",
        "response_type=token&client_id=c&redirect_uri=http%3A%2F%2F127.0.0.1%3A5000%2Fcb&request_uri=x&prompt=none+login",
        f"response_type=code&client_id=c&redirect_uri=com.example%3A%2Fcb&{CHALLENGE}&response_mode=form_post",
    ],
)
put(
    "redirect_uri",
    ["https://a.example/cb", "http://127.0.0.1:5000/cb", "http://[::1]:5000/cb", "com.example.app:/cb"],
)
put(
    "token_request",
    [
        "grant_type=authorization_code&code=x&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        "&redirect_uri=https%3A%2F%2Fa.example%2Fcb&resource=https%3A%2F%2FAPI.example%2F",
        "grant_type=refresh_token&refresh_token=ccr_x&scope=a+b",
        "login=ada&password=x&remember=yes&mac=y&decision=allow",
    ],
)

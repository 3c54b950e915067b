# SPDX-License-Identifier: Apache-2.0
"""Access tokens as JWE: only the server and holders of its key can read them, and the inner token must be the
server's own."""

import base64
import json
import os
from urllib.parse import urlencode

import jwt
import pytest
from client import Caller
from conftest import next_address
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from server import PASSWORD

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Key:
    def __init__(self):
        self.bytes = os.urandom(32)
        self.line = "base64:" + base64.b64encode(self.bytes).decode()

    def open(self, token):
        header, wrapped, iv, value, tag = token.split(".")
        assert wrapped == ""
        return AESGCM(self.bytes).decrypt(unb64(iv), unb64(value) + unb64(tag), header.encode()).decode()

    def seal(self, text, header, wrapped=""):
        """Encrypts with an independent library."""
        part, iv = b64(json.dumps(header).encode()), os.urandom(12)
        sealed = AESGCM(self.bytes).encrypt(iv, text.encode(), part.encode())
        return ".".join([part, wrapped, b64(iv), b64(sealed[:-16]), b64(sealed[-16:])])


def start(make_server, *keys, form="jwe", **more):
    server = make_server({"tokens.format": form, "tokens.access_ttl": "60s", **more})
    server.data.mkdir(mode=0o700, exist_ok=True)
    write_keys(server, *keys)
    server.start()
    return server, Caller(server.port, next_address())


def write_keys(server, *keys):
    path = server.data / "token-keys"
    path.write_text("# tokens\n" + "".join(key.line + "\n" for key in keys))
    path.chmod(0o600)


def test_its_client_cannot_read_it_and_who_has_the_key_can(make_server):
    key = Key()
    server, caller = start(make_server, key)
    ada = server.add_user("ada", PASSWORD, "--role", "admin")
    told = caller.sign_in_body(ada)
    token = told["token"]
    header = json.loads(unb64(token.split(".")[0]))
    assert (header["alg"], header["enc"], header["cty"]) == ("dir", "A256GCM", "JWT")
    inner = key.open(token)
    claims = jwt.decode(inner, options={"verify_signature": False})
    assert claims["preferred_username"] == "ada" and claims["exp"] == told["expires_at"]
    assert jwt.get_unverified_header(inner)["typ"] == "at+jwt"
    assert caller.verify(token).header("X-Auth-Roles") == "admin"
    assert caller.verify(inner).verdict == (401, "token_not_ours"), "no other is taken"
    again = caller.refresh(told["refresh_token"]).json()
    assert again["token"].count(".") == 4 and caller.verify(again["token"]).status == 200
    assert token.split(".")[2] != again["token"].split(".")[2], "an IV of its own"
    key_of_api = server.command("service-key", "add", "api", "--scope", "introspect").strip()
    seen = caller.post(
        "/oauth2/introspect", body=urlencode({"token": token}).encode(), bearer=key_of_api, headers=FORM
    ).json()
    assert seen["active"] and seen["token_type"] == "Bearer" and seen["roles"] == ["admin"]
    assert "encrypted" in server.command(
        "token", "inspect", "-", stdin=token
    ) and "The token is valid" in server.command("token", "verify", "-", stdin=token)
    assert caller.sign_out(token).status == 204
    assert caller.verify(token).verdict == (401, "token_revoked")


@pytest.mark.parametrize("delivery", ["hybrid", "cookie"])
def test_every_delivery_has_it(make_server, delivery):
    server, caller = start(make_server, Key())
    ada = server.add_user()
    answer = caller.sign_in(ada, delivery=delivery)
    token = answer.json()["token"] if delivery == "hybrid" else answer.cookies["__Host-Http-coatcheck"].value
    assert token.count(".") == 4
    sent = (
        {"bearer": token}
        if delivery == "hybrid"
        else {"cookies": {"__Host-Http-coatcheck": token}, "headers": {"X-Coatcheck": "1"}}
    )
    assert caller.get("/api/v1/verify", **sent).status == 200


def test_encryption_proves_nothing_of_who_wrote_it(make_server):
    """CVE-2026-29000 and similar: a JWE around a token that nobody signed is refused."""
    key, other = Key(), Key()
    server, caller = start(make_server, key, form="any")
    token = caller.sign_in_body(server.add_user())["token"]
    header = json.loads(unb64(token.split(".")[0]))
    inner = key.open(token)
    assert caller.verify(key.seal(inner, header)).status == 200, "the test can make good ones"
    assert caller.verify(inner).status == 200, "and both are taken"
    claims = jwt.decode(inner, options={"verify_signature": False})
    unsigned = jwt.encode(claims, None, "none")
    forged = jwt.encode(
        claims, "x" * 32, "HS256", headers=jwt.get_unverified_header(inner) | {"alg": "HS256"}
    )
    for what, text, code in (
        ("claims alone", json.dumps(claims), "token_malformed"),
        ("an unsigned JWT", unsigned, "token_malformed"),
        ("a forged one", forged, "token_not_ours"),
        ("a JWE", token, "token_malformed"),
        ("nothing", "", "token_malformed"),
        ("another signature", inner[:-8] + "AAAAAAAA", "token_not_ours"),
    ):
        assert caller.verify(key.seal(text, header)).verdict == (401, code), what
    for what, changed in (
        ("alg", {"alg": "A256KW"}),
        ("alg none", {"alg": "none"}),
        ("enc", {"enc": "A128GCM"}),
        ("zip", {"zip": "DEF"}),
        ("kid", {"kid": "x"}),
        ("no kid", {"kid": None}),
    ):
        made = {name: value for name, value in {**header, **changed}.items() if value is not None}
        assert caller.verify(key.seal(inner, made)).verdict == (401, "token_not_ours"), what
    assert caller.verify(key.seal(inner, header, b64(b"wrapped"))).verdict == (401, "token_not_ours")
    assert caller.verify(key.seal(inner, {**header, "crit": ["exp"]})).verdict == (401, "token_malformed")
    assert caller.verify(other.seal(inner, header)).verdict == (401, "token_not_ours")
    for index, part in enumerate(token.split(".")):
        for at in range(0, len(part), max(1, len(part) // 12)):
            parts = token.split(".")
            parts[index] = part[:at] + ("A" if part[at] != "A" else "B") + part[at + 1 :]
            answer = caller.verify(".".join(parts))
            assert answer.status == 401 and answer.code in ("token_malformed", "token_not_ours"), (index, at)
    iv = token.split(".")
    for index, size in ((2, 11), (2, 16), (4, 15), (4, 12), (4, 4), (4, 17)):
        parts = list(iv)
        parts[index] = b64(os.urandom(size))
        assert caller.verify(".".join(parts)).verdict == (401, "token_not_ours"), (index, size)
    assert caller.verify(token + ".").verdict == (401, "token_malformed")
    assert caller.verify("....").verdict == (401, "token_malformed")


def test_a_key_is_replaced_by_putting_the_new_one_above_it(make_server):
    old, new = Key(), Key()
    server, caller = start(make_server, old)
    ada = server.add_user()
    before = caller.sign_in_body(ada)
    server.stop()
    write_keys(server, new, old)
    server.start()
    caller = Caller(server.port, next_address())
    assert caller.verify(before["token"]).status == 200
    after = caller.refresh(before["refresh_token"]).json()
    new.open(after["token"])
    server.stop()
    write_keys(server, new)
    server.start()
    caller = Caller(server.port, next_address())
    assert (
        caller.verify(before["token"]).verdict == (401, "token_not_ours")
        and caller.verify(after["token"]).status == 200
    )


def test_where_it_is_not_switched_on_it_is_no_token(make_server):
    key = Key()
    server, caller = start(make_server, key)
    told = caller.sign_in_body(server.add_user())
    server.stop()
    server.settings["tokens.format"] = "jwt"
    server.start()
    assert Caller(server.port, next_address()).verify(told["token"]).verdict == (401, "token_malformed")


def test_without_a_good_key_it_does_not_start(make_server):
    from test_startup import fails

    server = make_server({"tokens.format": "jwe"})
    assert "Make one" in fails(server)
    for text, words in (
        ("", "holds no key"),
        ("base64:AAAA\n", "line 1 is not a key"),
        ("# x\n\nbase64:" + "A" * 44 + "\n", "line 3"),
    ):
        (server.data / "token-keys").write_text(text)
        (server.data / "token-keys").chmod(0o600)
        assert words in fails(server)
    server.settings["tokens.format"] = "JWE"
    assert "needs jwt, jwe or any" in fails(server)

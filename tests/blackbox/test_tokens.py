# SPDX-License-Identifier: Apache-2.0
"""Anybody can verify a token with the published key, and only the server can make one."""

import json
import socket
import time

import jwt
import pytest
from client import Caller, Closed
from conftest import next_address
from forgeries import P256_ORDER, Attacker, forgeries
from server import Server
from tokens import decode, encode, header_of, join, parts_of

ALGORITHMS = ["ES256", "RS256", "PS256", "EdDSA"]


@pytest.fixture(scope="module", params=ALGORITHMS)
def signing(request):
    """A running server for each signing algorithm, the algorithm, and a user."""
    server = Server({"tokens.algorithm": request.param})
    try:
        yield server.start(), request.param, server.add_user("ada")
        assert server.stop() == 0 and not server.secrets_in_log()
    finally:
        server.remove()


def keys_of(server):
    answer = Caller(server.port).get("/.well-known/jwks.json")
    assert answer.status == 200
    return {key["kid"]: key for key in answer.json()["keys"]}


def ask_each(caller, target, tokens):
    """The verdict on each token, over as few connections as the server allows."""
    verdicts, connection = {}, caller.connect()
    for name, token in tokens.items():
        message = caller.compose("GET", target, bearer=token)
        try:
            connection.send(message)
            verdicts[name] = connection.read().verdict
        except (Closed, BrokenPipeError):
            connection.close()
            connection = caller.connect()
            connection.send(message)
            verdicts[name] = connection.read().verdict
    connection.close()
    return verdicts


def test_a_common_library_proves_the_token_from_the_published_keys_alone(signing):
    server, algorithm, ada = signing
    signed_in = Caller(server.port).sign_in_body(ada)
    token = signed_in["token"]
    key = jwt.PyJWKClient(f"{server.url}/.well-known/jwks.json").get_signing_key_from_jwt(token)
    claims = jwt.decode(
        token,
        key.key,
        algorithms=[algorithm],
        audience=server.url,
        issuer=server.url,
        options={"require": ["exp", "iat", "sub", "jti", "iss", "aud"]},
    )
    assert claims["sub"] == signed_in["user"]["id"]
    assert header_of(token)["alg"] == algorithm
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token[:-8] + "AAAAAAAA", key.key, algorithms=[algorithm], audience=server.url)


def test_the_published_key_names_its_algorithm_and_has_the_strength_it_should(signing):
    server, algorithm, _ = signing
    for key in keys_of(server).values():
        assert key["use"] == "sig" and key["alg"] == algorithm
        assert not {"d", "p", "q", "dp", "dq", "qi", "oth", "k"} & key.keys(), "a private key is published"
        if key["kty"] == "RSA":
            assert int.from_bytes(decode(key["n"]), "big").bit_length() >= 3072 and key["e"] == "AQAB"
        elif key["kty"] == "EC":
            assert key["crv"] == "P-256" and len(decode(key["x"])) == len(decode(key["y"])) == 32
        else:
            assert (key["kty"], key["crv"]) == ("OKP", "Ed25519") and len(decode(key["x"])) == 32


def test_no_forgery_passes(signing):
    server, _, ada = signing
    caller = Caller(server.port, next_address())
    token, other = caller.sign_in_body(ada)["token"], caller.sign_in_body(ada)["token"]
    assert caller.verify(token).status == 200, "from here on the true token is among the proven ones"
    jwk = keys_of(server)[header_of(token)["kid"]]
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.setblocking(False)
        made = list(forgeries(token, other, jwk, f"http://127.0.0.1:{canary.getsockname()[1]}"))
        assert len(made) > 250
        names = {name: text for name, text, _ in made}
        assert len(names) == len(made) and token not in names.values()
        wrong = {}
        for target in ("/api/v1/verify", "/api/v1/authentication"):
            verdicts = ask_each(caller, target, names)
            for name, _, codes in made:
                status, code = verdicts[name]
                if status != 401 or code not in codes:
                    wrong[f"{target}: {name}"] = (status, code)
        assert not wrong, json.dumps(wrong, indent=1)
        with pytest.raises(BlockingIOError):
            canary.accept()
    assert caller.verify(token).status == caller.verify(other).status == 200


def test_no_forgery_signs_anybody_out(signing):
    server, _, ada = signing
    caller = Caller(server.port, next_address())
    token, other = caller.sign_in_body(ada)["token"], caller.sign_in_body(ada)["token"]
    jwk = keys_of(server)[header_of(token)["kid"]]
    made = {name: text for name, text, _ in forgeries(token, other, jwk)}
    connection = caller.connect()
    for name, text in list(made.items())[::7]:
        connection.send(caller.compose("DELETE", "/api/v1/authentication", bearer=text))
        try:
            answer = connection.read()
        except Closed:
            connection = caller.connect()
            continue
        assert answer.status == 401, name
    connection.close()
    assert caller.verify(token).status == 200


def test_a_token_of_another_server_with_another_key_is_refused(signing):
    """The forged token has the same issuer, audience and user id. Only the key differs."""
    server, algorithm, ada = signing
    caller = Caller(server.port, next_address())
    token = caller.sign_in_body(ada)["token"]
    header, claims, _ = parts_of(token)
    assert caller.verify(Attacker(algorithm).sign(header, claims)).verdict == (401, "token_not_ours")


# From here on the tests use one algorithm, the default.


@pytest.fixture(scope="module")
def token(server, ada):
    return Caller(server.port, next_address()).sign_in_body(ada)["token"]


def test_every_flipped_bit_of_a_token_is_refused(caller, token):
    """Flips each bit of the bytes of each part, and encodes them again in their one canonical form."""
    forged = {}
    parts = token.split(".")
    for index, part in enumerate(parts):
        raw = decode(part)
        for bit in range(len(raw) * 8):
            flipped = bytearray(raw)
            flipped[bit // 8] ^= 1 << bit % 8
            forged[index, bit] = ".".join([*parts[:index], encode(bytes(flipped)), *parts[index + 1 :]])
    assert len(forged) > 2500
    verdicts = ask_each(caller, "/api/v1/verify", forged)
    assert {status for status, _ in verdicts.values()} == {401}
    assert {code for _, code in verdicts.values()} <= {"token_malformed", "token_not_ours"}
    assert caller.verify(token).status == 200


def test_every_truncation_of_a_token_is_refused(caller, token):
    assert caller.verify(token).status == 200
    forged = {length: token[:length] for length in range(1, len(token))}
    forged.update({-start: token[start:] for start in range(1, len(token))})
    verdicts = ask_each(caller, "/api/v1/verify", forged)
    assert {status for status, _ in verdicts.values()} == {401}
    assert caller.verify(token).status == 200


def test_every_changed_letter_of_a_token_is_refused(caller, token):
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    forged = {}
    for index, letter in enumerate(token):
        if letter != ".":
            for step in (1, 32):
                other = alphabet[(alphabet.index(letter) + step) % 64]
                forged[index, other] = token[:index] + other + token[index + 1 :]
    verdicts = ask_each(caller, "/api/v1/verify", forged)
    assert {status for status, _ in verdicts.values()} == {401}


def test_parts_of_two_valid_tokens_cannot_be_mixed(caller, server, ada, user):
    one, two = (caller.sign_in_body(who)["token"].split(".") for who in (ada, user))
    for mixed in ([one[0], two[1], one[2]], [one[0], one[1], two[2]], [two[0], one[1], two[2]]):
        assert caller.verify(".".join(mixed)).verdict == (401, "token_not_ours")


def test_a_key_that_does_not_sign_yet_proves_nothing(caller, server, token):
    header, claims, signature = parts_of(token)
    others = [kid for kid in keys_of(server) if kid != header["kid"]]
    assert others, "the next key is published before it signs"
    for kid in others:
        assert caller.verify(join({**header, "kid": kid}, claims, signature)).verdict == (
            401,
            "token_not_ours",
        )


def test_the_mirrored_signature_of_a_revoked_token_is_refused_too(caller, ada):
    """ECDSA: if (r, s) is valid, so is (r, n - s). Whatever the server says of the second token, a sign-out
    must end it too."""
    token = caller.sign_in_body(ada)["token"]
    header, claims, signature = parts_of(token)
    mirrored = signature[:32] + (P256_ORDER - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")
    first, second, _ = token.split(".")
    twin = f"{first}.{second}.{encode(mirrored)}"
    assert caller.verify(twin).status in (200, 401) and caller.verify(token).status == 200
    assert caller.sign_out(token).status == 204
    assert caller.verify(token).status == caller.verify(twin).status == 401


@pytest.mark.parametrize("inside", [b"\n", b"\r\n", b"\r", b"\r\n ", b"\n\t", b"\0", b"\x0b", b"\x7f"])
def test_a_line_break_inside_a_token_ends_the_conversation(caller, token, inside):
    message = caller.compose("GET", "/healthz", bearer=token)
    at = message.index(token.encode()) + 20
    with caller.connect() as connection:
        connection.send(message[:at] + inside + message[at:])
        answers = connection.read_all()
    assert [answer.verdict for answer in answers] == [(400, "malformed_request")]


def test_junk_costs_little(caller, token):
    """A hundred tokens of the largest size cost at most ten times as much as small ones."""
    seconds = {}
    for name, forged in (
        ("small", "a.b.c"),
        ("large", encode(b'{"alg":"ES256","x":' + b"[" * 3000) + "." + "A" * 4000 + "."),
        ("dots", "." * 8000),
        ("signed", token[:-6] + "AAAAAA"),
    ):
        start = time.perf_counter()
        ask_each(caller, "/api/v1/verify", dict.fromkeys(range(100), forged))
        seconds[name] = time.perf_counter() - start
    assert max(seconds.values()) < 10 * seconds["small"] + 0.5, seconds


@pytest.mark.parametrize("name", ["HS256", "none", "ES384", "", "RS512", "RS256 "])
def test_a_weak_or_unknown_algorithm_is_not_configured(make_server, name):
    server = make_server({"tokens.algorithm": name})
    result = server.try_command("config", "check")
    assert result.returncode != 0
    said = result.stdout + result.stderr
    assert "algorithm" in said and "ES256" in said and "coatcheck.toml:" in said

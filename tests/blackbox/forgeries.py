# SPDX-License-Identifier: Apache-2.0
"""The tokens that an attacker can make from one valid token and the public key. The server must refuse them
all.

`forgeries()` yields a name, the forged token and the codes that may answer it. The order of the checks is
part of the contract (size, form, key and algorithm, signature), so most forgeries have exactly one right
code.
"""

import hashlib
import hmac
import json

import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from tokens import decode, encode, join, parts_of

FORM = {"token_malformed"}
KEY = {"token_not_ours"}
EITHER = FORM | KEY

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
NAMES = [
    "none",
    "None",
    "NONE",
    "nOnE",
    "",
    "none ",
    "HS256",
    "HS384",
    "HS512",
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES256K",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
    "Ed448",
    "es256",
    "ES256 ",
    " ES256",
    "ES256\u0000",
    "dir",
    "RSA1_5",
    "PBES2-HS256+A128KW",
    "ML-DSA-44",
]


def public_key(jwk):
    return jwt.PyJWK({**jwk, "alg": "EdDSA" if jwk["kty"] == "OKP" else jwk["alg"]}).key


class Attacker:
    """An attacker with a key of the same kind as the server's."""

    def __init__(self, algorithm):
        self.algorithm = algorithm
        self.key = (
            ec.generate_private_key(ec.SECP256R1())
            if algorithm == "ES256"
            else ed25519.Ed25519PrivateKey.generate()
            if algorithm == "EdDSA"
            else rsa.generate_private_key(65537, 2048)
        )

    def sign(self, header, claims):
        message = f"{encode(header)}.{encode(claims)}"
        data = message.encode()
        if self.algorithm == "EdDSA":
            signature = self.key.sign(data)
        elif self.algorithm == "ES256":
            signature = jwt.algorithms.ECAlgorithm(jwt.algorithms.ECAlgorithm.SHA256).sign(data, self.key)
        elif self.algorithm == "RS256":
            signature = self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        else:
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)
            signature = self.key.sign(data, pss, hashes.SHA256())
        return f"{message}.{encode(signature)}"

    def jwk(self):
        kind = {"ES256": jwt.algorithms.ECAlgorithm, "EdDSA": jwt.algorithms.OKPAlgorithm}.get(
            self.algorithm, jwt.algorithms.RSAAlgorithm
        )
        if kind is jwt.algorithms.ECAlgorithm:
            numbers = self.key.public_key().public_numbers()
            return {
                "kty": "EC",
                "crv": "P-256",
                "x": encode(numbers.x.to_bytes(32, "big")),
                "y": encode(numbers.y.to_bytes(32, "big")),
            }
        return json.loads(kind.to_jwk(self.key.public_key()))


def _algorithms(header, claims, signature, jwk):
    for name in NAMES:
        if name != header["alg"]:
            yield (
                f"alg {name!r} with the old signature",
                join({**header, "alg": name}, claims, signature),
                KEY,
            )
            yield f"alg {name!r} without a signature", join({**header, "alg": name}, claims), EITHER
    for value in (None, 0, True, [header["alg"]], {"alg": header["alg"]}):
        yield f"alg {value!r}", join({**header, "alg": value}, claims, signature), FORM
    without = {key: value for key, value in header.items() if key != "alg"}
    yield "no alg", join(without, claims, signature), FORM
    yield "ALG instead of alg", join({**without, "ALG": header["alg"]}, claims, signature), FORM
    key = public_key(jwk)
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    secrets = {
        "PEM": pem,
        "PEM without its last newline": pem.strip(),
        "PEM after a space": b" " + pem,
        "DER": der,
        "JWK": json.dumps(jwk).encode(),
        "short JWK": json.dumps(jwk, separators=(",", ":")).encode(),
        "x or n": decode(jwk.get("x", jwk.get("n"))),
        "nothing": b"",
        "kid": jwk["kid"].encode(),
    }
    for name, secret in secrets.items():
        for kind, digest in (("HS256", hashlib.sha256), ("HS512", hashlib.sha512)):
            message = f"{encode({**header, 'alg': kind})}.{encode(claims)}"
            signed = encode(hmac.new(secret, message.encode(), digest).digest())
            yield f"{kind} with the {name} as secret", f"{message}.{signed}", KEY
    message = f"{encode(header)}.{encode(claims)}"
    yield (
        "our alg over an HMAC",
        f"{message}.{encode(hmac.new(pem, message.encode(), hashlib.sha256).digest())}",
        KEY,
    )


def _keys(header, claims, jwk, canary):
    thief = Attacker(header["alg"])
    yield "another key under our kid", thief.sign(header, claims), KEY
    yield "another key under its own kid", thief.sign({**header, "kid": "thief"}, claims), KEY
    own = thief.jwk()
    for kid in (header["kid"], "thief", None):
        base = {key: value for key, value in {**header, "kid": kid}.items() if value is not None}
        yield f"embedded jwk, kid {kid}", thief.sign({**base, "jwk": own}, claims), KEY
        named = {**base, "jwk": {**own, "kid": jwk["kid"]}}
        yield f"embedded jwk that names our kid, kid {kid}", thief.sign(named, claims), KEY
        for member in ("jku", "x5u"):
            yield (
                f"{member} of the attacker, kid {kid}",
                thief.sign({**base, member: f"{canary}/{member}"}, claims),
                KEY,
            )
        yield f"x5c, kid {kid}", thief.sign({**base, "x5c": ["MIIB"], "x5t": "AAAA"}, claims), KEY


def _headers(header, claims, signature):
    kids = (
        "",
        "../../../../../../dev/null",
        "/dev/null",
        "file:///dev/null",
        header["kid"] + "\u0000",
        header["kid"] + " ",
        header["kid"].swapcase(),
        header["kid"][:-1],
        "' OR '1'='1",
        "x' UNION SELECT 'a' --",
        "|/bin/sleep 5|",
        "$(sleep 5)",
        "A" * 3000,
    )
    for number, kid in enumerate(kids):
        yield f"kid {number}, {kid[:30]!r}", join({**header, "kid": kid}, claims, signature), EITHER
    for kid in (None, 1, True, [header["kid"]], {"kid": header["kid"]}):
        yield f"kid {kid!r}", join({**header, "kid": kid}, claims, signature), EITHER
    yield (
        "no kid",
        join({key: value for key, value in header.items() if key != "kid"}, claims, signature),
        EITHER,
    )
    for typ in ("JWT", "jwt", "at", "rt+jwt", "id+jwt", "dpop+jwt", "logout+jwt", "", "at+jwt ", "x/at+jwt"):
        yield f"typ {typ!r}", join({**header, "typ": typ}, claims, signature), KEY
    for typ in (None, 1, ["at+jwt"]):
        yield f"typ {typ!r}", join({**header, "typ": typ}, claims, signature), EITHER
    yield (
        "no typ",
        join({key: value for key, value in header.items() if key != "typ"}, claims, signature),
        KEY,
    )
    for extra in (
        {"crit": ["exp"]},
        {"crit": []},
        {"crit": ["b64"], "b64": False},
        {"crit": "b64"},
        {"b64": False},
        {"zip": "DEF"},
        {"enc": "A256GCM"},
        {"cty": "JWT"},
        {"p2c": 2**31 - 1, "p2s": "AA"},
        {"epk": {}},
    ):
        yield f"header with {extra}", join({**header, **extra}, claims, signature), EITHER
    yield "an unknown member in the header", join({**header, "x": 1}, claims, signature), KEY
    yield (
        "the same header with a space",
        f"{encode(json.dumps(header))}.{encode(claims)}.{encode(signature)}",
        KEY,
    )


def _claims(header, claims, signature):
    edits = {
        "sub": "somebody",
        "roles": ["admin"],
        "exp": claims["exp"] + 1,
        "iss": claims["iss"] + "/",
        "aud": "x",
        "ver": claims["ver"] + 1,
        "sid": "A" * 22,
        "preferred_username": "root",
        "jti": "B" * 22,
        "scope": "admin",
        "iat": claims["iat"] - 1,
    }
    for name, value in edits.items():
        yield f"claim {name} edited", join(header, {**claims, name: value}, signature), KEY
        yield (
            f"claim {name} left out",
            join(header, {k: v for k, v in claims.items() if k != name}, signature),
            KEY,
        )
    yield "another claim", join(header, {**claims, "admin": True}, signature), KEY
    yield "claims in another order", join(header, dict(reversed(claims.items())), signature), KEY


def _json(header, claims, signature):
    """Texts that are not one JSON object with unique members, in the place of the header and of the
    claims."""
    for place, value, first in (("header", header, "alg"), ("claims", claims, "sub")):
        text = json.dumps(value, separators=(",", ":"))
        pair = json.dumps(value[first])
        escaped = f"\\u{ord(first[0]):04x}{first[1:]}"
        mutants = {
            "a duplicate member": f'{{"{first}":{pair},{text[1:]}'.encode(),
            "a duplicate member at the end": f'{text[:-1]},"{first}":{pair}}}'.encode(),
            "a duplicate spelt with an escape": f'{text[:-1]},"{escaped}":{pair}}}'.encode(),
            "another value under an escaped name": f'{{"{escaped}":"x",{text[1:]}'.encode(),
            "a duplicate deep inside": f'{text[:-1]},"x":{{"a":[{{"b":1,"b":2}}]}}}}'.encode(),
            "an object after it": text.encode() + b"{}",
            "a letter after it": text.encode() + b"x",
            "a NUL after it": text.encode() + b"\0",
            "a comma after it": text.encode() + b",",
            "a BOM": b"\xef\xbb\xbf" + text.encode(),
            "UTF-16LE": text.encode("utf-16-le"),
            "UTF-16BE": text.encode("utf-16-be"),
            "UTF-32": text.encode("utf-32"),
            "a byte that is no UTF-8": f'{text[:-1]},"x":"'.encode() + b'\xff"}',
            "an overlong slash": f'{text[:-1]},"x":"'.encode() + b'\xc0\xaf"}',
            "a surrogate in UTF-8": f'{text[:-1]},"x":"'.encode() + b'\xed\xa0\x80"}',
            "a newline in a string": f'{text[:-1]},"x":"\n"}}'.encode(),
            "a comment": text.encode() + b"/**/",
            "a trailing comma": text[:-1].encode() + b",}",
            "NaN": f'{text[:-1]},"x":NaN}}'.encode(),
            "single quotes": text.replace('"', "'").encode(),
            "hexadecimal": f'{text[:-1]},"x":0x10}}'.encode(),
            "deep arrays": f'{text[:-1]},"x":{"[" * 1500}{"]" * 1500}}}'.encode(),
            "deep objects": (f'{text[:-1]},"x":' + '{"a":' * 600 + "1" + "}" * 600 + "}").encode(),
            "an array": b"[]",
            "an array around it": f"[{text}]".encode(),
            "null": b"null",
            "a number": b"1",
            "a string": b'"x"',
            "a string of it": json.dumps(text).encode(),
            "no object": b"{",
            "nothing": b"",
            "a space": b" ",
            "the form of a web page": b"alg=none&sub=1",
        }
        for name, data in mutants.items():
            parts = (data, json.dumps(claims)) if place == "header" else (header, data)
            yield f"{place}: {name}", join(*parts, signature), FORM


def _encoding(token, header, claims, signature):
    first, second, third = token.split(".")
    for name, index in (("header", 0), ("claims", 1), ("signature", 2)):

        def put(text, index=index):
            return ".".join(
                text if number == index else part for number, part in enumerate((first, second, third))
            )

        part = (first, second, third)[index]
        yield f"{name} padded", put(part + "=" * (-len(part) % 4 or 4)), FORM
        yield f"{name} with one =", put(part + "="), FORM
        yield f"{name} with a space inside", put(part[:4] + " " + part[4:]), FORM
        yield f"{name} with a tab inside", put(part[:4] + "\t" + part[4:]), FORM
        yield f"{name} with a percent sign", put(part[:4] + "%41" + part[5:]), FORM
        yield f"{name} with a letter outside ASCII", put(part[:4] + "\xe9" + part[5:]), FORM
        yield f"{name} of an impossible length", put(part + "A" * ((1 - len(part)) % 4)), FORM
        spare = {0: 0, 2: 4, 3: 2}[len(part) % 4]
        for bits in range(1, 2**spare):
            last = ALPHABET[ALPHABET.index(part[-1]) ^ bits]
            yield f"{name} with spare bits {bits}", put(part[:-1] + last), FORM
    odd = {**header, "x": "\u00ff?>\u00ff?>~~"}
    standard = encode(odd).replace("-", "+").replace("_", "/")
    yield "standard alphabet in the header", f"{standard}.{second}.{third}", FORM
    yield (
        "standard alphabet in the signature",
        f"{first}.{second}.{third[:-2].translate({45: 43, 95: 47})}+/",
        FORM,
    )
    yield "encoded twice", ".".join(encode(part) for part in (first, second, third)), FORM
    yield "hexadecimal", ".".join(decode(part).hex() for part in (first, second, third)), FORM


def _structure(token):
    first, second, third = token.split(".")
    shapes = {
        "no dot": first,
        "one dot": f"{first}.{second}",
        "two parts and a dot less": f"{second}.{third}",
        "a dot at the end": f"{token}.",
        "a dot at the start": f".{token}",
        "two dots inside": f"{first}..{second}.{third}",
        "four parts": f"{token}.{third}",
        "five parts, as a JWE": f"{token}.{third}.{third}",
        "the token twice": f"{token}.{token}",
        "no header": f".{second}.{third}",
        "no claims": f"{first}..{third}",
        "dots alone": "..",
        "a dot": ".",
        "two tokens": f"{token},{token}",
        "in quotes": f'"{token}"',
        "in brackets": f"<{token}>",
        "as a parameter": f"token={token}",
        "Bearer twice": f"Bearer {token}",
        "JSON serialization": json.dumps({"payload": second, "protected": first, "signature": third}),
        "a polyglot": f'{{"payload":"{second}","protected":"{first}","signature":"{third}","x":".."}}',
        "many dots": "." * 5000,
        "long": first + "A" * 8000 + f".{second}.{third}",
        "very long": token + "A" * 12000,
        "a long signature": f"{first}.{second}.{third}" + "A" * 7000,
        "junk": "junk",
        "a letter": "A",
    }
    for name, text in shapes.items():
        codes = EITHER if name == "a long signature" else FORM
        yield name, text, codes
    yield "no signature", f"{first}.{second}.", EITHER


def _signatures(header, claims, signature, other):
    """Wrong signatures. `other` is the signature of another valid token."""
    size = len(signature)
    wrong = {
        "of another token": other,
        "zeros": bytes(size),
        "ones": b"\xff" * size,
        "shorter by one": signature[:-1],
        "without its first byte": signature[1:],
        "longer by one": signature + b"\0",
        "with a zero before": b"\0" + signature,
        "twice": signature * 2,
        "half": signature[: size // 2],
        "swapped": signature[size // 2 :] + signature[: size // 2],
        "backwards": signature[::-1],
        "one byte": b"\0",
        "half zero": bytes(size // 2) + signature[size // 2 :],
        "other half zero": signature[: size // 2] + bytes(size // 2),
    }
    if header["alg"] == "ES256":
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        wrong["in DER"] = encode_dss_signature(r, s)
        values = {
            "0": 0,
            "1": 1,
            "n-1": P256_ORDER - 1,
            "n": P256_ORDER,
            "n+1": P256_ORDER + 1,
            "2^256-1": 2**256 - 1,
        }
        for name, value in values.items():
            number = value.to_bytes(32, "big")
            wrong[f"r={name}"], wrong[f"s={name}"] = number + signature[32:], signature[:32] + number
            wrong[f"r=s={name}"] = number * 2
        wrong["-r"] = (P256_ORDER - r).to_bytes(32, "big") + signature[32:]
        wrong["s=r"] = signature[:32] * 2
    if header["alg"] == "EdDSA":
        high = int.from_bytes(signature[32:], "little") + ED25519_ORDER
        wrong["with S plus the order"] = signature[:32] + high.to_bytes(32, "little")
        wrong["with a small point"] = (1).to_bytes(32, "little") + bytes(32)
    if header["alg"] in ("RS256", "PS256"):
        wrong["1"] = (1).to_bytes(size, "big")
    for name, data in wrong.items():
        yield f"signature {name}", join(header, claims, data), EITHER


def forgeries(token, other, jwk, canary="http://127.0.0.1:9"):
    """All forgeries. `token` and `other` are valid and signed by the key of `jwk`."""
    header, claims, signature = parts_of(token)
    yield from _algorithms(header, claims, signature, jwk)
    yield from _keys(header, claims, jwk, canary)
    yield from _headers(header, claims, signature)
    yield from _claims(header, claims, signature)
    yield from _json(header, claims, signature)
    yield from _encoding(token, header, claims, signature)
    yield from _structure(token)
    yield from _signatures(header, claims, signature, parts_of(other)[2])

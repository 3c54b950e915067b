#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes api/cases anew: tokens with the verdict that every verifier must give on them.

The signing keys are made for the run and forgotten: the files hold only public keys. Forged tokens come from
tests/blackbox/forgeries.py with the verdicts that are allowed for them. If several verdicts are allowed, the
files hold the one that the C++ verifier gives, and all others must give the same one. Needs
build/debug/unit_tests: script/check builds it.
"""

import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/blackbox"))

from forgeries import Attacker, forgeries  # noqa: E402
from tokens import claims_of, decode, encode, parts_of  # noqa: E402

ISSUER = "https://id.example"
ISSUED = 1_800_000_000
NOW = ISSUED + 100
EXPIRES = ISSUED + 900
CLAIMS = {
    "iss": ISSUER,
    "sub": "u1",
    "aud": ISSUER,
    "exp": EXPIRES,
    "iat": ISSUED,
    "jti": "J" * 22,
    "client_id": "coatcheck",
    "scope": "account",
    "sid": "S" * 22,
    "auth_time": ISSUED,
    "amr": ["pwd"],
    "preferred_username": "ada",
    "roles": ["editor"],
    "ver": 3,
}
LONGEST = 2500  # of a forged token; only six longer ones are kept


class Signer(Attacker):
    def __init__(self, algorithm):
        super().__init__(algorithm)
        if algorithm in ("RS256", "PS256"):
            self.key = rsa.generate_private_key(65537, 3072)
        self.kid = f"key-{algorithm.lower()}"

    def jwk(self):
        jwk = {**super().jwk(), "alg": self.algorithm, "use": "sig", "kid": self.kid}
        return {name: value for name, value in jwk.items() if name != "key_ops"}

    def token(self, changes=None, header=None, without=()):
        claims = {**CLAIMS, **(changes or {})}
        for name in without:
            claims.pop(name, None)
        return self.sign({"alg": self.algorithm, "typ": "at+jwt", "kid": self.kid, **(header or {})}, claims)

    def raw(self, claims_text, header_text=None):
        """Signs the texts as they are, which need not be tidy JSON."""
        header = (
            header_text
            if header_text is not None
            else json.dumps({"alg": self.algorithm, "typ": "at+jwt", "kid": self.kid})
        )
        return self.sign(header, claims_text)


def good_and_old(signer):
    """Yields (name, token, now, verdict or the set of allowed verdicts)."""
    token = signer.token()
    yield "good", token, NOW, "ok"
    yield "good, at its first moment", token, ISSUED, "ok"
    yield "good, at its last moment", token, EXPIRES - 0.001, "ok"
    yield "expired, at that moment", token, EXPIRES, "token_expired"
    yield "expired long ago", token, EXPIRES + 10**6, "token_expired"
    yield "a node whose clock is a minute behind", token, ISSUED - 60, "ok"
    yield "issued more than a minute ahead", token, ISSUED - 61, "token_not_yet_valid"
    yield "nbf reached", signer.token({"nbf": NOW}), NOW, "ok"
    yield "nbf ahead", signer.token({"nbf": NOW + 1}), NOW, "token_not_yet_valid"
    yield "exp with a fraction", signer.token({"exp": NOW + 0.5}), NOW + 0.499, "ok"
    yield "exp with a fraction, over", signer.token({"exp": NOW + 0.5}), NOW + 0.5, "token_expired"
    yield "audience among others", signer.token({"aud": ["https://other.example", ISSUER]}), NOW, "ok"
    yield "no roles", signer.token({"roles": []}), NOW, "ok"
    yield (
        "claims of the application",
        signer.token({"plan": {"name": "pro", "seats": [1, 2.5, None, True]}}),
        NOW,
        "ok",
    )
    yield "a name in another script", signer.token({"preferred_username": "Ωλ🙂"}), NOW, "ok"
    yield "typ in full and in capitals", signer.token(header={"typ": "Application/AT+JWT"}), NOW, "ok"
    yield "white space around the claims", signer.raw(" \n\t" + json.dumps(CLAIMS) + "\r\n"), NOW, "ok"
    yield (
        "a surrogate pair spelt with escapes",
        signer.raw(json.dumps({**CLAIMS, "preferred_username": "🙂"})),
        NOW,
        "ok",
    )
    if signer.algorithm == "EdDSA":
        yield "the fully specified name (RFC 9864)", signer.token(header={"alg": "Ed25519"}), NOW, "ok"


def taken_back(signer):
    yield "session revoked", signer.token({"sid": "ended"}), NOW, "token_revoked"
    yield (
        "session revoked, and expired: expired comes first",
        signer.token({"sid": "ended"}),
        EXPIRES,
        "token_expired",
    )
    yield "user disabled", signer.token({"sub": "disabled", "ver": 4}), NOW, "token_revoked"
    yield "user enabled again, new token", signer.token({"sub": "disabled", "ver": 5}), NOW, "ok"
    yield "roles changed", signer.token({"sub": "changed", "ver": 6}), NOW, "token_stale"
    yield "roles changed, new token", signer.token({"sub": "changed", "ver": 7}), NOW, "ok"
    yield (
        "disabled and changed: revoked comes first",
        signer.token({"sub": "both", "ver": 1}),
        NOW,
        "token_revoked",
    )
    yield "changed after that", signer.token({"sub": "both", "ver": 2}), NOW, "token_stale"
    yield (
        "roles changed and session ended: revoked comes first",
        signer.token({"sub": "changed", "ver": 6, "sid": "ended"}),
        NOW,
        "token_revoked",
    )
    yield "issued before a restore", signer.token({"iat": ISSUED - 5000}), NOW, "token_revoked"
    yield "issued in the second of the restore", signer.token({"iat": ISSUED - 1000}), NOW, "token_revoked"
    yield "issued a second after the restore", signer.token({"iat": ISSUED - 999}), NOW, "ok"


def foreign(signer):
    """Tokens that our key has signed and that are still not for this API."""
    for name, value in {
        "another issuer": {"iss": "https://evil.example"},
        "an issuer with a slash more": {"iss": ISSUER + "/"},
        "another audience": {"aud": "https://api.example"},
        "other audiences": {"aud": ["a", "b"]},
    }.items():
        yield name, signer.token(value), NOW, "token_not_ours"
    for typ in ("JWT", "rt+jwt", "at", "at+jwt ", "", "application/application/at+jwt"):
        yield f"typ {typ!r}", signer.token(header={"typ": typ}), NOW, "token_not_ours"
    for claim in (
        "iss",
        "sub",
        "aud",
        "exp",
        "iat",
        "jti",
        "client_id",
        "scope",
        "sid",
        "auth_time",
        "preferred_username",
        "roles",
        "ver",
    ):
        yield f"without {claim}", signer.token(without=[claim]), NOW, "token_malformed"
        for value in (None, True, [], {}, [1]):
            if not (claim == "roles" and value == []):
                yield f"{claim} is {value!r}", signer.token({claim: value}), NOW, "token_malformed"
    for claim in ("exp", "iat", "auth_time", "nbf"):
        for value in (-1, "1800000000", 253402300800, 1e300):
            yield f"{claim} is {value!r}", signer.token({claim: value}), NOW, "token_malformed"
    for value in (-1, 1.5, "3", 2**63):
        yield f"ver is {value!r}", signer.token({"ver": value}), NOW, "token_malformed"
    text = json.dumps(CLAIMS)
    for number in (
        "3.0",
        "3e0",
        "30e-1",
        "03",
        "+3",
        "0x3",
        "3.",
        ".3",
        "Infinity",
        "NaN",
        "1e9999",
        "1e00001",
        "0e-99999",
        "1e999999",
        "-0",
        "9223372036854775807",
    ):
        yield (
            f"ver spelt {number}",
            signer.raw(text.replace('"ver": 3', f'"ver": {number}')),
            NOW,
            {"token_malformed", "ok"},
        )
    yield "an empty subject", signer.token({"sub": ""}), NOW, "token_malformed"
    for depth in (6, 7, 8, 9, 30):
        yield (
            f"nested {depth} deep",
            signer.token({"x": json.loads("[" * depth + "]" * depth)}),
            NOW,
            {"token_malformed", "ok"},
        )
        yield (
            f"objects {depth} deep",
            signer.token({"x": json.loads('{"a":' * depth + "1" + "}" * depth)}),
            NOW,
            {"token_malformed", "ok"},
        )
    for count in (113, 114, 115, 116, 200):
        yield (
            f"{count} claims more",
            signer.token({f"c{i}": i for i in range(count)}),
            NOW,
            {"token_malformed", "ok"},
        )
    for count in (60, 61, 62, 63):
        yield (
            f"{count} header members more",
            signer.token(header={f"h{i}": i for i in range(count)}),
            NOW,
            {"token_malformed", "ok"},
        )
    for name, member in {
        "an unpaired surrogate": '"\\ud800"',
        "a low surrogate first": '"\\udc00\\ud800"',
        "a NUL spelt with an escape": '"\\u0000"',
        "an unknown escape": '"\\x41"',
        "a short escape": '"\\u41"',
        "a proto": '{"__proto__":{"sub":"x"}}',
    }.items():
        yield name, signer.raw(text[:-1] + f', "x": {member}}}'), NOW, {"token_malformed", "ok"}
    yield (
        "a member named __proto__",
        signer.raw(text[:-1] + ', "__proto__": {"sub": "u2"}}'),
        NOW,
        {"token_malformed", "ok"},
    )
    yield (
        "two members named __proto__",
        signer.raw(text[:-1] + ', "__proto__": 1, "__proto__": 2}'),
        NOW,
        "token_malformed",
    )
    yield (
        "a header of the largest size",
        signer.token(header={"x": "y" * 900}),
        NOW,
        {"token_malformed", "ok"},
    )
    yield "a header that is too large", signer.token(header={"x": "y" * 1100}), NOW, "token_malformed"
    yield "a token that is too long", signer.token({"x": "y" * 7000}), NOW, "token_malformed"


def forged(signer):
    token, other = signer.token(), signer.token({"jti": "K" * 22})
    jwk = signer.jwk()
    assert parts_of(token)[0]["kid"] == jwk["kid"]
    long = 0
    for name, text, codes in forgeries(token, other, jwk, canary="https://evil.example"):
        if len(text) > LONGEST:
            long += 1
            if long > 6:
                continue
        yield name, text, NOW, codes


def write(name, signers, cases, **more):
    rows = [
        {
            "name": case,
            "token": token,
            "now": now,
            "verdict": verdict if isinstance(verdict, str) else sorted(verdict),
            **({"user": whose[0]} if whose else {}),
        }
        for case, token, now, verdict, *whose in cases
    ]
    path = ROOT / f"api/cases/{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "about": "Made by tools/make_cases.py. Every verifier gives each token this verdict at `now` (Unix seconds).",
        "issuer": ISSUER,
        "audience": ISSUER,
        "jwks": {"keys": [signer.jwk() for signer in signers]},
        **more,
        "revocations": [
            {"kind": "session", "subject": "ended", "expires": EXPIRES},
            {"kind": "user_revoked", "subject": "disabled", "minimum": 5, "expires": EXPIRES},
            {"kind": "user_stale", "subject": "changed", "minimum": 7, "expires": EXPIRES},
            {"kind": "user_revoked", "subject": "both", "minimum": 2, "expires": EXPIRES},
            {"kind": "user_stale", "subject": "both", "minimum": 3, "expires": EXPIRES},
            {"kind": "issued_before", "subject": "", "minimum": ISSUED - 1000, "expires": EXPIRES},
            {"kind": "foreign_before", "subject": "t-gone", "minimum": ISSUED, "expires": EXPIRES},
        ],
        "cases": rows,
    }

    def save():
        head = json.dumps({key: value for key, value in content.items() if key != "cases"}, indent=1)[:-2]
        path.write_text(
            head
            + ',\n "cases": [\n'
            + ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in rows)
            + "\n ]\n}\n"
        )

    save()
    return rows, save


OWN, LISTED, OTHER_SITE = "https://api.example", "https://app.example", "https://evil.example"


def site_counts(site, origin, mark):
    """The rule for a cookie on an unsafe method, written differently than in the verifiers."""
    if site:
        return site == "same-origin" or site in ("same-site", "cross-site") and origin == LISTED
    if origin is not None:
        return origin in (OWN, LISTED)
    return mark == "1"


def requests(signer):
    """Yields (name, method, fields, verdict): whole requests, with one credential, several, or none."""
    ada, bob, forged = signer.token(), signer.token({"sub": "u2", "jti": "K" * 22}), Signer("ES256").token()
    ended = signer.token({"sid": "ended"})

    def bearer(text):
        return ["Authorization", f"Bearer {text}"]

    def cookie(text):
        return ["Cookie", f"__Host-Http-coatcheck={text}"]

    def older(text, user):
        return [["X-TOKEN", text], ["X-USER", user]]

    yield "nothing", "GET", [], "token_missing"
    yield "bearer", "GET", [bearer(ada)], "ok"
    for scheme in ("bearer", "BEARER", "bEaReR"):
        yield f"scheme {scheme}", "GET", [["authorization", f"{scheme} {ada}"]], "ok"
    yield "another key", "GET", [bearer(forged)], "token_not_ours"
    yield "revoked", "GET", [bearer(ended)], "token_revoked"
    yield "a scheme alone", "GET", [["Authorization", "Bearer"]], "token_malformed"
    yield "no scheme", "GET", [["Authorization", ada]], "token_missing"
    for name, fields, verdict in (
        ("", [["Authorization", ada]], "ok"),
        ("for another user", [["Authorization", ada], ["X-USER", "u2"]], "token_not_ours"),
        ("twice", [["Authorization", ada]] * 2, "ok"),
        ("and as bearer", [bearer(ada), ["Authorization", ada]], "ok"),
        ("and another as bearer", [bearer(bob), ["Authorization", ada]], "credential_conflict"),
        ("and another by cookie", [["Authorization", ada], cookie(bob)], "credential_conflict"),
        ("forged", [["Authorization", forged]], "token_not_ours"),
        ("revoked", [["Authorization", ended]], "token_revoked"),
        ("a word", [["Authorization", "Basic"]], "token_malformed"),
        ("nothing", [["Authorization", ""]], "token_missing"),
        ("a scheme and a space", [["Authorization", "Bearer "]], "token_missing"),
        ("the scheme alone", [["Authorization", "Bearer"]], "token_malformed"),
        ("another scheme", [["Authorization", "Basic YTpi"]], "token_missing"),
    ):
        yield f"bare, where it is taken: {name or 'good'}", "GET", fields, verdict, "bare"
    for other in ("Basic YTpi", "Digest x", "Bearerx y", "DPoP x"):
        yield f"another scheme: {other}", "GET", [["Authorization", other]], "token_missing"
        yield f"another scheme beside a cookie: {other}", "GET", [["Authorization", other], cookie(ada)], "ok"
    yield "two spaces", "GET", [["Authorization", f"Bearer  {ada}"]], "ok"
    yield "many spaces", "GET", [["Authorization", f"Bearer     {ada}"]], "ok"
    yield "two spaces before a forged one", "GET", [["Authorization", f"Bearer  {forged}"]], "token_not_ours"
    yield "a tab", "GET", [["Authorization", f"Bearer\t{ada}"]], "token_missing"
    yield "a space and a tab", "GET", [["Authorization", f"Bearer \t{ada}"]], "token_malformed"
    yield "spaces inside", "GET", [["Authorization", f"Bearer {ada} x"]], "token_malformed"
    yield "the same twice", "GET", [bearer(ada), bearer(ada)], "ok"
    yield "two tokens", "GET", [bearer(ada), bearer(bob)], "credential_conflict"
    yield "the same by cookie", "GET", [bearer(ada), cookie(ada)], "ok"
    yield "the same by cookie, unsafe: the header counts", "POST", [bearer(ada), cookie(ada)], "ok"
    yield "another by cookie", "GET", [bearer(ada), cookie(bob)], "credential_conflict"
    yield "a good cookie beside a forged header", "GET", [bearer(forged), cookie(ada)], "credential_conflict"
    yield "cookie", "GET", [cookie(ada)], "ok"
    yield "cookie among others", "GET", [["Cookie", f"a=b; __Host-Http-coatcheck={ada}; c=d"]], "ok"
    yield (
        "the name with something before it",
        "GET",
        [["Cookie", f"x__Host-Http-coatcheck={ada}"]],
        "token_missing",
    )
    yield "the name in other letters", "GET", [["Cookie", f"__host-http-coatcheck={ada}"]], "token_missing"
    yield "the name of development", "GET", [["Cookie", f"coatcheck={ada}"]], "token_missing"
    yield "an empty cookie", "GET", [["Cookie", "__Host-Http-coatcheck="]], "token_missing"
    yield (
        "the cookie twice",
        "GET",
        [["Cookie", f"__Host-Http-coatcheck={ada}; __Host-Http-coatcheck={ada}"]],
        "ok",
    )
    yield (
        "two cookies",
        "GET",
        [["Cookie", f"__Host-Http-coatcheck={ada}; __Host-Http-coatcheck={bob}"]],
        "credential_conflict",
    )
    yield "two cookies in two fields", "GET", [cookie(ada), cookie(bob)], "credential_conflict"
    yield "X-TOKEN and X-USER", "GET", older(ada, "u1"), "ok"
    yield "X-TOKEN and X-USER, unsafe", "POST", older(ada, "u1"), "ok"
    yield "X-TOKEN for another user", "GET", older(ada, "u2"), "token_not_ours"
    yield "X-TOKEN for nobody", "GET", older(ada, ""), "credential_conflict"
    yield "X-TOKEN alone", "GET", [["X-TOKEN", ada]], "credential_conflict"
    yield "X-USER alone", "GET", [["X-USER", "u1"]], "token_missing"
    yield "X-TOKEN twice", "GET", [["X-TOKEN", ada], *older(ada, "u1")], "credential_conflict"
    yield "X-USER twice", "GET", [*older(ada, "u1"), ["X-USER", "u1"]], "credential_conflict"
    yield "X-TOKEN empty", "GET", older("", "u1"), "token_malformed"
    yield "X-TOKEN and the same as bearer", "GET", [*older(ada, "u1"), bearer(ada)], "ok"
    yield (
        "X-TOKEN and the same as bearer, for another user",
        "GET",
        [*older(ada, "u2"), bearer(ada)],
        "token_not_ours",
    )
    yield "X-TOKEN and another as bearer", "GET", [*older(ada, "u1"), bearer(bob)], "credential_conflict"
    yield "X-TOKEN and another by cookie", "GET", [*older(ada, "u1"), cookie(bob)], "credential_conflict"
    yield "X-TOKEN revoked", "GET", older(ended, "u1"), "token_revoked"
    yield "X-TOKEN revoked, for another user", "GET", older(ended, "u2"), "token_revoked"
    yield "X-USER beside a bearer", "GET", [bearer(ada), ["X-USER", "u1"]], "ok"
    yield "X-USER of another beside a bearer", "GET", [bearer(ada), ["X-USER", "u2"]], "token_not_ours"
    yield "X-USER of another beside a cookie", "GET", [cookie(ada), ["X-USER", "u2"]], "token_not_ours"
    yield (
        "X-USER twice beside a bearer",
        "GET",
        [bearer(ada), ["X-USER", "u1"], ["X-USER", "u1"]],
        "credential_conflict",
    )
    yield "X-USER empty beside a bearer", "GET", [bearer(ada), ["X-USER", ""]], "credential_conflict"
    for method in ("GET", "HEAD", "OPTIONS"):
        yield (
            f"cookie, {method} from anywhere",
            method,
            [cookie(ada), ["Sec-Fetch-Site", "cross-site"], ["Origin", OTHER_SITE]],
            "ok",
        )
    for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE", "get", "", "BREW"):
        yield f"cookie, {method!r} with nothing", method, [cookie(ada)], "csrf_refused"
    # Any page may begin a WebSocket, and its handshake is a GET (RFC 6455 §10.2).
    key, mode = ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="], ["Sec-Fetch-Mode", "websocket"]
    for name, fields in (
        ("by its key", [key]),
        ("by its mode", [mode]),
        ("by an empty key", [["Sec-WebSocket-Key", ""]]),
        ("by one of two modes", [["Sec-Fetch-Mode", "cors"], mode]),
    ):
        yield f"cookie, a WebSocket {name}", "GET", [cookie(ada), *fields], "csrf_refused"
        yield (
            f"cookie, a WebSocket {name}, from elsewhere",
            "GET",
            [cookie(ada), *fields, ["Origin", OTHER_SITE]],
            "csrf_refused",
        )
        yield f"cookie, a WebSocket {name}, from here", "GET", [cookie(ada), *fields, ["Origin", OWN]], "ok"
        yield (
            f"cookie, a WebSocket {name}, from a listed origin",
            "GET",
            [cookie(ada), *fields, ["Sec-Fetch-Site", "cross-site"], ["Origin", LISTED]],
            "ok",
        )
        yield f"bearer, a WebSocket {name}", "GET", [bearer(ada), *fields, ["Origin", OTHER_SITE]], "ok"
    yield (
        "cookie, GET by fetch from elsewhere",
        "GET",
        [cookie(ada), ["Sec-Fetch-Mode", "cors"], ["Sec-Fetch-Site", "cross-site"], ["Origin", OTHER_SITE]],
        "ok",
    )
    for site in (
        None,
        "",
        "same-origin",
        "same-site",
        "cross-site",
        "none",
        "Same-Origin",
        "same-origin, cross-site",
    ):
        for origin in (
            None,
            OWN,
            LISTED,
            OTHER_SITE,
            "null",
            "",
            OWN + "/",
            LISTED.upper(),
            LISTED + ".evil.example",
        ):
            for mark in (None, "1", "0"):
                fields = [
                    [name, value]
                    for name, value in (("Sec-Fetch-Site", site), ("Origin", origin), ("X-Coatcheck", mark))
                    if value is not None
                ]
                yield (
                    f"site {site!r}, origin {origin!r}, mark {mark!r}",
                    "POST",
                    [cookie(ada), *fields],
                    "ok" if site_counts(site, origin, mark) else "csrf_refused",
                )
    yield "two origins", "POST", [cookie(ada), ["Origin", LISTED], ["Origin", LISTED]], "csrf_refused"
    yield (
        "two sites",
        "POST",
        [cookie(ada), ["Sec-Fetch-Site", "same-origin"], ["Sec-Fetch-Site", "same-origin"]],
        "csrf_refused",
    )
    yield "two marks", "POST", [cookie(ada), ["X-Coatcheck", "1"], ["X-Coatcheck", "1"]], "csrf_refused"
    yield (
        "a forged cookie from here",
        "POST",
        [cookie(forged), ["Sec-Fetch-Site", "same-origin"]],
        "token_not_ours",
    )
    yield (
        "a revoked cookie from elsewhere",
        "POST",
        [cookie(ended), ["Sec-Fetch-Site", "cross-site"]],
        "csrf_refused",
    )


class Sealer:
    """Makes JWE with dir and A256GCM, with a library that Coatcheck does not use."""

    def __init__(self):
        self.bytes = os.urandom(32)
        self.line = "base64:" + base64.b64encode(self.bytes).decode()
        text = json.dumps({"k": encode(self.bytes), "kty": "oct"}, separators=(",", ":"))
        self.header = {
            "alg": "dir",
            "enc": "A256GCM",
            "typ": "at+jwt",
            "cty": "JWT",
            "kid": encode(hashlib.sha256(text.encode()).digest()),
        }

    def fits(self, token):
        return token.count(".") == 4 and json.loads(decode(token.split(".")[0]))["kid"] == self.header["kid"]

    def open(self, token):
        header, _, iv, value, tag = token.split(".")
        return AESGCM(self.bytes).decrypt(decode(iv), decode(value) + decode(tag), header.encode()).decode()

    def seal(self, text, header=None, wrapped="", iv=None, header_text=None):
        part = encode(header_text if header_text is not None else header or self.header)
        iv = iv or os.urandom(12)
        sealed = AESGCM(self.bytes).encrypt(iv, text.encode(), part.encode())
        return ".".join([part, wrapped, encode(iv), encode(sealed[:-16]), encode(sealed[-16:])])


def encrypted(signer, key, second):
    """Encryption proves nothing: the inner token is judged as any token is."""
    token = signer.token()
    sealed = key.seal(token)
    for name, inner, now, verdict in (*good_and_old(signer), *taken_back(signer)):
        yield f"around: {name}", key.seal(inner), now, verdict
    yield "by the second key", second.seal(token), NOW, "ok"
    yield "not encrypted", token, NOW, "token_not_ours"
    yield "not encrypted, and no token", token + "x", NOW, "token_malformed"
    yield "cty and typ are not looked at", key.seal(token, {**key.header, "typ": "x", "cty": 7}), NOW, "ok"
    yield "another key", Sealer().seal(token, key.header), NOW, "token_not_ours"
    yield "a key that is not there", Sealer().seal(token), NOW, "token_not_ours"
    yield (
        "the other key's id",
        key.seal(token, {**key.header, "kid": second.header["kid"]}),
        NOW,
        "token_not_ours",
    )
    for member in ("alg", "enc", "kid"):
        for value in (None, 7, "", [], "none", "DIR", "A256KW", "RSA-OAEP", "A128GCM", "A256CBC-HS512"):
            yield (
                f"{member} is {value!r}",
                key.seal(token, {**key.header, member: value}),
                NOW,
                "token_not_ours",
            )
        yield (
            f"without {member}",
            key.seal(token, {name: value for name, value in key.header.items() if name != member}),
            NOW,
            "token_not_ours",
        )
    yield "compressed", key.seal(token, {**key.header, "zip": "DEF"}), NOW, "token_not_ours"
    yield "crit", key.seal(token, {**key.header, "crit": ["exp"]}), NOW, "token_malformed"
    yield "a wrapped key", key.seal(token, wrapped=encode(b"x" * 40)), NOW, "token_not_ours"
    yield "a wrapped key that is no base64url", key.seal(token, wrapped="x"), NOW, "token_malformed"
    for text in (
        "",
        "[]",
        "{",
        '{"alg":"dir","alg":"dir","enc":"A256GCM"}',
        "7",
        '{"alg":"dir","enc":"A256GCM",}',
        " ",
    ):
        yield f"header {text!r}", key.seal(token, header_text=text), NOW, "token_malformed"
    yield (
        "a header that is too large",
        key.seal(token, {**key.header, "x": "x" * 1024}),
        NOW,
        "token_malformed",
    )
    yield (
        "a header with many members",
        key.seal(token, {**key.header, **{f"m{n}": 0 for n in range(64)}}),
        NOW,
        "token_malformed",
    )
    claims = json.dumps(CLAIMS)
    for name, inner, verdict in (
        ("claims alone", claims, "token_malformed"),
        ("nothing at all", "", "token_malformed"),
        ("another JWE", sealed, "token_malformed"),
        (
            "a JWT that nobody signed",
            encode({"alg": "none", "typ": "at+jwt"}) + "." + encode(claims) + ".",
            "token_malformed",
        ),
        ("a JWT by another", Signer("ES256").token(), "token_not_ours"),
        ("spaces around it", f" {token} ", "token_malformed"),
    ):
        yield f"inside: {name}", key.seal(inner), NOW, verdict
    for index in (0, 2, 3, 4):
        parts = sealed.split(".")
        yield (
            f"part {index} is empty",
            ".".join([*parts[:index], "", *parts[index + 1 :]]),
            NOW,
            "token_malformed",
        )
        yield (
            f"part {index} is padded",
            ".".join([*parts[:index], parts[index] + "=", *parts[index + 1 :]]),
            NOW,
            "token_malformed",
        )
        yield (
            f"part {index} has a sign that is none",
            ".".join([*parts[:index], "+" + parts[index][1:], *parts[index + 1 :]]),
            NOW,
            "token_malformed",
        )
        for at in range(0, len(parts[index]), max(1, len(parts[index]) // 8)):
            changed = parts[index][:at] + ("B" if parts[index][at] != "B" else "C") + parts[index][at + 1 :]
            yield (
                f"part {index}, sign {at} changed",
                ".".join([*parts[:index], changed, *parts[index + 1 :]]),
                NOW,
                {"token_not_ours", "token_malformed"},
            )
    for index, size in (
        (2, 1),
        (2, 8),
        (2, 11),
        (2, 13),
        (2, 16),
        (4, 1),
        (4, 4),
        (4, 8),
        (4, 12),
        (4, 15),
        (4, 17),
        (4, 32),
    ):
        parts = sealed.split(".")
        parts[index] = encode((decode(parts[index]) * 4)[:size])
        yield f"part {index} has {size} bytes", ".".join(parts), NOW, "token_not_ours"
    yield "four parts", sealed.rsplit(".", 1)[0], NOW, "token_malformed"
    yield "six parts", sealed + ".AAAA", NOW, "token_malformed"
    yield "dots alone", "....", NOW, "token_malformed"
    yield "a token that is too large", key.seal(signer.token({"x": "x" * 6000})), NOW, "token_malformed"


class OlderSystem:
    """An older system, as Coatcheck's settings describe it, and the tokens that it signs."""

    def __init__(self, name, algorithm, **settings):
        self.algorithm = algorithm
        if algorithm == "HS256":
            self.secret = text = f"the secret of {name}, which is long enough"
        else:
            key = (
                ec.generate_private_key(ec.SECP256R1())
                if algorithm == "ES256"
                else rsa.generate_private_key(65537, 2048)
            )
            self.secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            text = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
            if settings.pop("as_set", False):
                jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))
                text = json.dumps({"keys": [{**jwk, "kid": "one", "alg": algorithm}]})
        self.settings = {
            "name": name,
            "algorithm": algorithm,
            "key": text,
            "iss": [],
            "audience": "",
            "subject": "sub",
            "id_prefix": "",
            "require": {},
            "issued_before": EXPIRES,
            "until": EXPIRES,
            **settings,
        }

    def token(self, claims=None, header=None, secret=None, algorithm=None, without=()):
        base = {
            "sub": "7",
            "iat": ISSUED,
            "exp": EXPIRES,
            **({"iss": self.settings["iss"][0]} if self.settings["iss"] else {}),
            **(claims or {}),
        }
        return jwt.encode(
            {name: value for name, value in base.items() if name not in without},
            secret or self.secret,
            algorithm or self.algorithm,
            headers={
                name: value for name, value in {"typ": "JWT", **(header or {})}.items() if value is not None
            },
        )


def older_systems():
    return {
        "tymon": OlderSystem(
            "tymon", "HS256", iss=["https://old.example/login", "https://old.example/refresh"], id_prefix="t-"
        ),
        "passport": OlderSystem("passport", "RS256", audience="3", id_prefix="p-"),
        "guarded": OlderSystem(
            "guarded",
            "HS256",
            iss=["https://guarded.example"],
            id_prefix="g-",
            require={"prv": "users", "aud": "x"},
        ),
        "es": OlderSystem(
            "es",
            "ES256",
            iss=["https://es.example"],
            subject="uid",
            id_prefix="e:",
            as_set=True,
            until=EXPIRES - 300,
            issued_before=ISSUED + 50,
        ),
        "long": OlderSystem("long", "HS256", iss=["https://long.example"], id_prefix=""),
    }


def of_older_systems(signer, systems):
    """Yields (name, token, now, verdict, user)."""
    tymon, passport, guarded, es, plain = systems.values()
    yield "ours", signer.token(), NOW, "ok", "u1"
    yield "ours, expired", signer.token(), EXPIRES, "token_expired", None
    yield "ours, by another key", Signer("ES256").token(), NOW, "token_not_ours", None
    yield "tymon", tymon.token(), NOW, "ok", "t-7"
    yield "tymon, a number", tymon.token({"sub": 7}), NOW, "ok", "t-7"
    yield "tymon, refreshed", tymon.token({"iss": "https://old.example/refresh"}), NOW, "ok", "t-7"
    yield (
        "tymon with roles and a name, which count for nothing",
        tymon.token({"roles": ["admin"], "preferred_username": "root", "sid": "ended", "ver": 0}),
        NOW,
        "ok",
        "t-7",
    )
    yield "tymon with a typ of ours", tymon.token(header={"typ": "at+jwt"}), NOW, "ok", "t-7"
    yield (
        "passport",
        passport.token({"aud": "3", "iat": ISSUED + 0.5, "exp": EXPIRES - 0.5, "nbf": ISSUED + 0.25}),
        NOW,
        "ok",
        "p-7",
    )
    yield "passport, of several audiences", passport.token({"aud": ["1", "3"]}), NOW, "ok", "p-7"
    yield "passport, another audience", passport.token({"aud": "4"}), NOW, "token_not_ours", None
    yield "passport, no audience", passport.token(), NOW, "token_not_ours", None
    yield "passport, an empty audience", passport.token({"aud": []}), NOW, "token_malformed", None
    for name, claims, verdict in (
        ("the guard of users", {"prv": "users"}, "ok"),
        ("the guard of admins", {"prv": "admins"}, "token_not_ours"),
        ("no guard", {}, "token_not_ours"),
        ("a guard that is no text", {"prv": 7}, "token_not_ours"),
        ("a list of guards", {"prv": ["users"]}, "token_not_ours"),
    ):
        yield name, guarded.token({"aud": "x", **claims}), NOW, verdict, "g-7" if verdict == "ok" else None
    yield "not all that is required", guarded.token({"prv": "users"}), NOW, "token_not_ours", None
    yield (
        "a life of more than ten years",
        tymon.token({"iat": ISSUED - 3651 * 86400}),
        NOW,
        "token_expired",
        None,
    )
    yield "a key of a set, by its id", es.token({"uid": "9"}, {"kid": "one"}), NOW, "ok", "e:9"
    yield "a key of a set, by none", es.token({"uid": "9"}), NOW, "token_not_ours", None
    yield "a key of a set, by another", es.token({"uid": "9"}, {"kid": "two"}), NOW, "token_not_ours", None
    yield "another claim names the user", es.token({"uid": 9}, {"kid": "one"}), NOW, "ok", "e:9"
    yield "and it is missing", es.token({}, {"kid": "one"}), NOW, "token_malformed", None
    yield (
        "the cut-over",
        es.token({"uid": "9", "iat": ISSUED + 50}, {"kid": "one"}),
        NOW,
        "token_not_ours",
        None,
    )
    yield "just before it", es.token({"uid": "9", "iat": ISSUED + 49.999}, {"kid": "one"}), NOW, "ok", "e:9"
    yield (
        "the last day, which ends before exp",
        es.token({"uid": "9"}, {"kid": "one"}),
        EXPIRES - 300,
        "token_expired",
        None,
    )
    yield "just before its end", es.token({"uid": "9"}, {"kid": "one"}), EXPIRES - 300.001, "ok", "e:9"
    yield "without exp, until the last day", tymon.token(without=["exp"]), EXPIRES - 0.001, "ok", "t-7"
    yield "without exp, after it", tymon.token(without=["exp"]), EXPIRES, "token_expired", None
    yield "expired", tymon.token({"exp": NOW}), NOW, "token_expired", None
    yield "expires in a moment", tymon.token({"exp": NOW + 0.5}), NOW, "ok", "t-7"
    yield "a clock that is a minute ahead", tymon.token({"iat": NOW + 60, "nbf": NOW + 60}), NOW, "ok", "t-7"
    yield "more than a minute", tymon.token({"iat": NOW + 61}), NOW, "token_not_yet_valid", None
    yield "nbf more than a minute", tymon.token({"nbf": NOW + 61}), NOW, "token_not_yet_valid", None
    yield "issued before a restore", tymon.token({"iat": ISSUED - 1000}), NOW, "token_revoked", None
    yield "taken back with its user", tymon.token({"sub": "gone", "iat": ISSUED}), NOW, "token_revoked", None
    yield (
        "a minute later, when clocks may differ",
        tymon.token({"sub": "gone", "iat": ISSUED + 60}),
        NOW,
        "token_revoked",
        None,
    )
    yield "issued after that", tymon.token({"sub": "gone", "iat": ISSUED + 61}), NOW, "ok", "t-gone"
    yield "versions do not concern it", tymon.token({"sub": "disabled"}), NOW, "ok", "t-disabled"
    for claim, value in (
        ("iat", None),
        ("iat", "1"),
        ("iat", -1),
        ("iat", True),
        ("exp", "1"),
        ("exp", None),
        ("nbf", "x"),
        ("aud", 7),
        ("aud", [7]),
        ("sub", None),
        ("sub", -7),
        ("sub", 7.5),
        ("sub", [7]),
        ("sub", True),
        ("sub", 18446744073709551615),
        ("iss", ""),
        ("iss", None),
        ("iss", 7),
        ("iss", ["https://old.example/login"]),
    ):
        yield f"{claim} is {value!r}", signed_anyhow(tymon, {claim: value}), NOW, "token_malformed", None
    yield "without iat", tymon.token(without=["iat"]), NOW, "token_malformed", None
    yield "without sub", tymon.token(without=["sub"]), NOW, "token_malformed", None
    yield "nobody", tymon.token({"sub": ""}), NOW, "token_not_ours", None
    yield "a user zero", tymon.token({"sub": 0}), NOW, "ok", "t-0"
    yield "an id of 64 bytes", tymon.token({"sub": "x" * 62}), NOW, "ok", "t-" + "x" * 62
    yield "an id of 65 bytes", tymon.token({"sub": "x" * 63}), NOW, "token_not_ours", None
    yield (
        "an id of 64 bytes, of which a letter has two",
        tymon.token({"sub": "x" * 60 + "\u00e9"}),
        NOW,
        "ok",
        "t-" + "x" * 60 + "\u00e9",
    )
    yield "and of 65", tymon.token({"sub": "x" * 61 + "\u00e9"}), NOW, "token_not_ours", None
    yield "an id such as ours", plain.token({"sub": "4gSYhmZ8T1GkxI2yqz5bUQ"}), NOW, "token_not_ours", None
    yield (
        "22 letters that are none of ours",
        plain.token({"sub": "4gSYhmZ8T1GkxI2yqz5bUR"}),
        NOW,
        "ok",
        "4gSYhmZ8T1GkxI2yqz5bUR",
    )
    yield (
        "an id such as ours, by its prefix",
        tymon.token({"sub": "4gSYhmZ8T1GkxI2yqz5A"}),
        NOW,
        "token_not_ours",
        None,
    )
    yield (
        "an issuer that nobody knows",
        tymon.token({"iss": "https://evil.example"}),
        NOW,
        "token_not_ours",
        None,
    )
    yield (
        "an issuer with a slash more",
        tymon.token({"iss": "https://old.example/login/"}),
        NOW,
        "token_not_ours",
        None,
    )
    yield "no issuer, by tymon's key", tymon.token(without=["iss"]), NOW, "token_not_ours", None
    yield "our issuer, by tymon's key", tymon.token({"iss": ISSUER}), NOW, "token_not_ours", None
    yield "tymon's issuer, by another's key", tymon.token(secret=plain.secret), NOW, "token_not_ours", None
    yield (
        "another's issuer, by tymon's key",
        tymon.token({"iss": "https://long.example"}),
        NOW,
        "token_not_ours",
        None,
    )
    yield (
        "passport's public key as a secret",
        jwt_by_hmac(passport.settings["key"], {"sub": "7", "aud": "3", "iat": ISSUED}),
        NOW,
        "token_not_ours",
        None,
    )
    yield (
        "PS256 by a key for RS256",
        passport.token({"aud": "3"}, algorithm="PS256"),
        NOW,
        "token_not_ours",
        None,
    )
    yield "HS512 by tymon's key", tymon.token(algorithm="HS512"), NOW, "token_not_ours", None
    yield "crit", tymon.token(header={"crit": ["x"], "x": 1}), NOW, "token_malformed", None
    good = tymon.token()
    yield (
        "a signature that is cut",
        good.rsplit(".", 1)[0] + "." + encode(decode(good.rsplit(".", 1)[1])[:-3]),
        NOW,
        "token_not_ours",
        None,
    )
    yield (
        "a signature by nobody",
        good.rsplit(".", 1)[0] + "." + encode(b"\0" * 32),
        NOW,
        "token_not_ours",
        None,
    )
    yield "no signature", good.rsplit(".", 1)[0] + ".", NOW, "token_malformed", None


def jwt_by_hmac(secret, claims, header=None):
    text = encode(header or {"alg": "HS256"}) + "." + encode(claims)
    return text + "." + encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())


def signed_anyhow(system, claims):
    """Signs claims that a library would refuse to sign."""
    return jwt_by_hmac(
        system.secret, {"sub": "7", "iat": ISSUED, "exp": EXPIRES, "iss": system.settings["iss"][0], **claims}
    )


def write_requests(signer):
    content = {
        "about": "Made by tools/make_cases.py. Every middleware gives each request this verdict at `now` (Unix seconds), reached by `origin`, with `origins` listed and X-TOKEN taken; `bare`: Authorization without Bearer as well.",
        "issuer": ISSUER,
        "audience": ISSUER,
        "now": NOW,
        "jwks": {"keys": [signer.jwk()]},
        "revocations": [{"kind": "session", "subject": "ended", "expires": EXPIRES}],
        "origin": OWN,
        "origins": [LISTED],
    }
    rows = [
        {
            "name": name,
            "method": method,
            "fields": fields,
            "verdict": verdict,
            **({"bare": True} if bare else {}),
        }
        for name, method, fields, verdict, *bare in requests(signer)
    ]
    path = ROOT / "api/cases/requests/requests.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps(content, indent=1)[:-2]
        + ',\n "cases": [\n'
        + ",\n".join("  " + json.dumps(row) for row in rows)
        + "\n ]\n}\n"
    )
    print(f"requests: {len(rows)} cases, {sum(row['verdict'] == 'ok' for row in rows)} good")


def key_sets():
    """Yields (name, set, algorithm of keys without alg or None, kids of the keys that are for us or None)."""
    signers = {algorithm: Signer(algorithm) for algorithm in ("ES256", "EdDSA", "RS256", "PS256")}
    ec_key, okp, rsa_key, pss = (signer.jwk() for signer in signers.values())
    small = {
        **json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048).public_key())),
        "alg": "RS256",
        "kid": "small",
    }
    del small["key_ops"]
    private = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(signers["ES256"].key))

    def without(jwk, *names):
        return {name: value for name, value in jwk.items() if name not in names}

    def beside(name, other, otherwise=None):
        return name, {"keys": [other, ec_key]}, otherwise, ["key-es256"]

    every = ["key-es256", "key-eddsa", "key-rs256", "key-ps256"]
    yield "a key of each kind", {"keys": [ec_key, okp, rsa_key, pss]}, None, every
    yield "none", {"keys": []}, None, []
    yield "other members of the set", {"keys": [ec_key], "more": {"keys": []}}, None, ["key-es256"]
    yield "other members of a key", {"keys": [{**ec_key, "x5t": "AAAA", "iss": "x"}]}, None, ["key-es256"]
    yield "Ed25519 (RFC 9864)", {"keys": [{**okp, "alg": "Ed25519"}]}, None, ["key-eddsa"]
    yield "no use", {"keys": [without(ec_key, "use")]}, None, ["key-es256"]
    yield "key_ops verify", {"keys": [{**ec_key, "key_ops": ["verify"]}]}, None, ["key-es256"]
    yield (
        "key_ops of the whole pair",
        {"keys": [{**ec_key, "key_ops": ["sign", "verify"]}]},
        None,
        ["key-es256"],
    )

    yield beside("beside an encryption key", {**rsa_key, "use": "enc", "alg": "RSA-OAEP"})
    yield beside("beside a key for RSA-OAEP without use", without({**rsa_key, "alg": "RSA-OAEP-256"}, "use"))
    yield beside("beside use enc with an alg of ours", {**rsa_key, "use": "enc"})
    yield beside("beside use null", {**rsa_key, "use": None})
    yield beside("beside key_ops encrypt", {**rsa_key, "key_ops": ["encrypt"]})
    yield beside("beside key_ops that is no list", {**rsa_key, "key_ops": "verify"})
    yield beside("beside ES512", {**ec_key, "kid": "512", "crv": "P-521", "alg": "ES512"})
    yield beside("beside RS512", {**rsa_key, "alg": "RS512"})
    yield beside("beside ES256K", {**ec_key, "kid": "k", "crv": "secp256k1", "alg": "ES256K"})
    yield beside("beside Ed448", {**okp, "crv": "Ed448", "alg": "Ed448"})
    yield beside("beside X25519", {"kty": "OKP", "crv": "X25519", "x": okp["x"], "kid": "x", "use": "enc"})
    yield beside(
        "beside ML-DSA", {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA", "kid": "pq", "use": "sig"}
    )
    yield beside("beside an unknown kty", {"kty": "new", "kid": "new", "alg": "ES256"})
    yield beside("beside a key without kty", without(rsa_key, "kty"))
    yield beside("beside alg none", {**rsa_key, "alg": "none"})
    yield beside("beside alg HS256", {**rsa_key, "alg": "HS256"})
    yield beside("beside alg in small letters", {**rsa_key, "alg": "rs256"})
    yield beside("beside alg that is a number", {**rsa_key, "alg": 256})
    yield beside("beside alg of another type", {**okp, "alg": "ES256"})
    yield beside("beside alg of another curve", {**ec_key, "kid": "p", "crv": "P-384"})
    yield beside("beside a key without alg", without(rsa_key, "alg"))
    yield beside("beside a key without kid", without(rsa_key, "kid"))
    yield beside("beside an empty kid", {**rsa_key, "kid": ""})
    yield beside("beside a kid that is a number", {**rsa_key, "kid": 7})
    yield beside("beside a short x", {**okp, "x": okp["x"][:20]})
    yield beside("beside a missing y", {**without(ec_key, "y"), "kid": "half"})
    yield beside("beside a modulus of no characters", {**rsa_key, "n": ""})
    yield beside("beside a small RSA key", small)
    yield beside("beside an RSA key with e = 3", {**rsa_key, "e": "Aw"})
    yield beside("beside an RSA key with an even e", {**rsa_key, "e": "AQAC"})
    yield beside("beside an RSA key with a leading zero in e", {**rsa_key, "e": "AAEAAQ"})
    yield beside("beside a coordinate with padding", {**okp, "x": okp["x"] + "="})
    yield beside("beside a coordinate with a space", {**okp, "x": okp["x"][:8] + " " + okp["x"][8:]})
    yield beside("beside a coordinate in standard Base64", {**okp, "x": "+/" + okp["x"][2:]})
    odd = rsa.generate_private_key(65537, 2047).public_key()
    yield (
        "RSA with 2047 bits",
        {"keys": [{**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(odd)), "kid": "odd"}]},
        "RS256",
        [],
    )
    many = [{**ec_key, "kid": f"k{i}"} for i in range(33)]
    yield "32 keys", {"keys": many[:32]}, None, [key["kid"] for key in many[:32]]
    yield "33 keys", {"keys": many}, None, None
    yield (
        "the first of two with one kid",
        {"keys": [ec_key, {**okp, "kid": "key-es256"}]},
        None,
        ["key-es256"],
    )

    yield "RSA with 2048 bits, of another issuer", {"keys": [small]}, "RS256", ["small"]
    bare = without(small, "alg")
    yield "no alg, RS256 is known", {"keys": [bare]}, "RS256", ["small"]
    yield "no alg, PS256 is known", {"keys": [bare]}, "PS256", ["small"]
    yield "no alg, ES256 is known", {"keys": [bare, without(ec_key, "alg")]}, "ES256", ["key-es256"]
    yield "no alg, EdDSA is known", {"keys": [bare, without(okp, "alg")]}, "EdDSA", ["key-eddsa"]
    yield "no alg, use enc", {"keys": [{**bare, "use": "enc"}]}, "RS256", []
    yield "alg null, RS256 is known", {"keys": [{**bare, "alg": None}]}, "RS256", []

    yield "a private EC key", {"keys": [{**private, "kid": "mine", "alg": "ES256"}]}, None, None
    yield "a private key beside ours", {"keys": [ec_key, {**okp, "kid": "mine", "d": okp["x"]}]}, None, None
    for member in ("p", "q", "dp", "dq", "qi", "oth"):
        yield f"the member {member} of an RSA key", {"keys": [{**rsa_key, member: "AAAA"}]}, None, None
    yield "a symmetric key", {"keys": [ec_key, {"kty": "oct", "k": "AAAA", "kid": "h"}]}, None, None
    yield (
        "a private key for encryption",
        {"keys": [ec_key, {**rsa_key, "use": "enc", "d": "AAAA"}]},
        None,
        None,
    )
    yield "a private member null", {"keys": [{**ec_key, "d": None}]}, None, None
    for name, wrong in {
        "a list": [ec_key],
        "null": None,
        "no keys": {"key": [ec_key]},
        "keys null": {"keys": None},
        "keys that is an object": {"keys": {"0": ec_key}},
        "a key that is a text": {"keys": ["key-es256"]},
        "a key that is null": {"keys": [ec_key, None]},
        "a key that is a list": {"keys": [[]]},
    }.items():
        yield name, wrong, None, None


def write_key_sets():
    rows = [
        {"name": name, "otherwise": otherwise, "kids": kids, "set": keys}
        for name, keys, otherwise, kids in key_sets()
    ]
    path = ROOT / "api/cases/key-sets/key-sets.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    about = (
        "Made by tools/make_cases.py. Every verifier takes the keys with these `kids` from the JWK Set, in this"
        " order; null: it refuses the set. A key without `alg` is for the algorithm `otherwise`; where that is"
        " null, RSA keys need 3072 bits, else 2048."
    )
    path.write_text(
        json.dumps({"about": about}, indent=1)[:-2]
        + ',\n "cases": [\n'
        + ",\n".join("  " + json.dumps(row) for row in rows)
        + "\n ]\n}\n"
    )
    print(f"key-sets: {len(rows)} cases, {sum(row['kids'] is not None for row in rows)} good")


def main():
    """Makes all sets, or only those that the arguments name."""
    signers = [Signer(algorithm) for algorithm in ("ES256", "EdDSA", "RS256", "PS256")]
    first = signers[0]
    keys = [Sealer(), Sealer()]
    older = older_systems()
    makers = {
        "access-tokens": lambda: write(
            "access-tokens",
            signers,
            [
                *(case for signer in signers for case in good_and_old(signer)),
                *taken_back(first),
                *foreign(first),
            ],
        ),
        "forgeries": lambda: write(
            "forgeries",
            signers,
            [
                *forged(first),
                *(
                    case
                    for signer in signers[1:]
                    for case in forged(signer)
                    if case[0].startswith(("signature", "alg", "another key"))
                ),
            ],
        ),
        "older-systems": lambda: write(
            "older-systems",
            signers,
            list(of_older_systems(first, older)),
            foreign=[system.settings for system in older.values()],
        ),
        "encrypted": lambda: write(
            "encrypted", signers, list(encrypted(first, *keys)), encryption_keys=[key.line for key in keys]
        ),
    }
    wanted = sys.argv[1:] or [*makers, "requests", "key-sets"]
    if "requests" in wanted:
        write_requests(Signer("ES256"))
    if "key-sets" in wanted:
        write_key_sets()
    sets = {name: make() for name, make in makers.items() if name in wanted}
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(
            [ROOT / "build/debug/unit_tests", "--gtest_filter=Cases.*", "--gtest_brief=1"],
            check=False,
            env={**os.environ, "COATCHECK_RECORD_CASES": directory},
            stdout=subprocess.DEVNULL,
        )
        for name, (rows, save) in sets.items():
            verdicts = (Path(directory) / name).read_text().split("\n")[:-1]
            assert len(verdicts) == len(rows), (len(verdicts), len(rows))
            for row, verdict in zip(rows, verdicts):
                may = [row["verdict"]] if isinstance(row["verdict"], str) else row["verdict"]
                assert verdict in may, f"{row['name']}: {verdict}, and it should be {may}"
                row["verdict"] = verdict
                if verdict != "ok":
                    row.pop("user", None)
                elif "user" not in row:
                    inside = next(
                        (key.open(row["token"]) for key in keys if key.fits(row["token"])), row["token"]
                    )
                    row["user"] = claims_of(inside)["sub"]
            save()
            print(f"{name}: {len(rows)} cases, {sum(row['verdict'] == 'ok' for row in rows)} good")


if __name__ == "__main__":
    main()

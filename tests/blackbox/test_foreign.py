# SPDX-License-Identifier: Apache-2.0
"""Foreign tokens are accepted until a configured day, exchanged for a session, and end with it."""

import hashlib
import hmac
import json
import os
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import jwt
import pytest
from client import Caller
from conftest import needs_sqlite, next_address
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from server import PASSWORD, ROOT, User
from test_startup import fails
from tokens import claims_of, encode

VERIFY, WHO, EXCHANGE = "/api/v1/verify", "/api/v1/authentication", "/api/v1/authentication/exchange"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
LOGIN = "https://old.example/api/login"
SECRET = "s3cret of tymon/jwt-auth, 32 bytes or more"

CONFIG = """
[[issuer]]
name = "tymon"
iss = ["https://old.example/api/login", "https://old.example/api/refresh"]
algorithm = "HS256"
key_file = "tymon-secret"
id_prefix = "t-"
issued_before = "2099-01-01"
until = "2099-12-31"

[[issuer]]                       # Laravel Passport: no iss, times with fractions
name = "passport"
algorithm = "RS256"
key_file = "passport.pem"
audience = "3"
id_prefix = "p-"
until = "2099-12-31"

[[issuer]]
name = "es"
iss = "https://es.example"
algorithm = "ES256"
key_file = "es.json"
subject = "uid"
id_prefix = "es:"
until = "2099-12-31"
"""


def pem_of(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def jwk_of(key):
    """Both coordinates must have full length (RFC 7518 §6.2.1.2), but PyJWT's own to_jwk() drops leading
    zeros."""
    point = key.public_key().public_numbers()
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": encode(point.x.to_bytes(32, "big")),
        "y": encode(point.y.to_bytes(32, "big")),
    }


def private(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture(scope="module")
def keys():
    return {
        "rsa": rsa.generate_private_key(public_exponent=65537, key_size=2048),
        "ec": ec.generate_private_key(ec.SECP256R1()),
    }


@pytest.fixture
def prepared(make_server, keys):
    """A server that has not started, with the older system's keys in its data directory."""

    def prepare(text=CONFIG, **more):
        server = make_server({"accept.foreign_file": "foreign.toml", "tokens.access_ttl": "60s", **more})
        server.data.mkdir(mode=0o700, exist_ok=True)
        write(server, "foreign.toml", text)
        write(server, "tymon-secret", SECRET + "\n")
        write(server, "passport.pem", pem_of(keys["rsa"]).decode())
        write(server, "es.json", json.dumps({"keys": [{**jwk_of(keys["ec"]), "kid": "one", "alg": "ES256"}]}))
        return server

    return prepare


def write(server, name, text):
    path = server.data / name
    path.write_text(text)
    path.chmod(0o600)


@pytest.fixture
def served(prepared):
    return prepared().start()


@pytest.fixture
def caller(served):
    return Caller(served.port, next_address())


def user_with(server, id, name=None):
    name = name or f"user {id.replace(':', ' ')}"
    key = server.command("service-key", "add", f"for {id}", "--scope", "users").strip()
    answer = Caller(server.port, next_address()).post(
        "/api/v1/admin/users",
        bearer=key,
        json={"id": id, "username": name, "password": PASSWORD, "roles": ["editor"]},
    )
    assert answer.status == 201, answer
    return id


def tymon(sub=7, secret=SECRET, iss=LOGIN, algorithm="HS256", headers=None, **more):
    now = int(time.time())
    claims = {
        "iss": iss,
        "iat": now - 10,
        "exp": now + 3600,
        "nbf": now - 10,
        "jti": os.urandom(8).hex(),
        "sub": sub,
        "prv": "23bd5c8949f600adb39e701c400872db7a5976f7",
        "roles": ["admin"],
        **more,
    }
    return jwt.encode(
        {name: value for name, value in claims.items() if value is not None},
        secret,
        algorithm,
        headers=headers,
    )


def passport(keys, sub="8", **more):
    now = time.time()
    claims = {
        "aud": "3",
        "jti": os.urandom(8).hex(),
        "iat": now - 10.5,
        "nbf": now - 10.5,
        "exp": now + 3600.25,
        "sub": sub,
        "scopes": [],
        **more,
    }
    return jwt.encode(claims, private(keys["rsa"]), "RS256")


def by_hmac(secret, claims):
    """Signs with a public key as the secret, which no library does. A verifier that lets the token choose its
    algorithm would accept it."""
    text = encode({"typ": "JWT", "alg": "HS256"}) + "." + encode(claims)
    return text + "." + encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())


def exchange(caller, token, **more):
    return caller.post(EXCHANGE, json={"token": token, "delivery": "body", **more})


def test_each_way_of_signing_is_taken(served, caller, keys):
    es = jwt.encode(
        {"iss": "https://es.example", "uid": "9", "iat": int(time.time())},
        private(keys["ec"]),
        "ES256",
        headers={"kid": "one"},
    )
    for token, user in (
        (tymon(), "t-7"),
        (tymon(sub="7"), "t-7"),
        (tymon(iss="https://old.example/api/refresh"), "t-7"),
        (passport(keys), "p-8"),
        (es, "es%3A9"),
    ):
        answer = caller.verify(token)
        assert answer.status == 200, answer
        assert (
            answer.header("X-Auth-User"),
            answer.header("X-Auth-Username"),
            answer.header("X-Auth-Roles"),
            answer.header("X-Auth-Scope"),
        ) == (user, "", "", "")


def test_what_its_issuer_did_not_sign_is_nobodys(served, caller, keys):
    now = int(time.time())
    of_rsa = pem_of(keys["rsa"]).decode()
    es = private(keys["ec"])
    for what, token in {
        "another secret": tymon(secret="another secret of at least 32 bytes!!"),
        "an issuer that is not known": tymon(iss="https://evil.example"),
        "no issuer, and so another's key": tymon(iss=None),
        "our own issuer": tymon(iss=served.settings.get("public_url", "http://localhost:8080")),
        "the name of an issuer": tymon(iss="tymon"),
        "HS512 by the same secret": tymon(algorithm="HS512", secret=SECRET * 2),
        "one issuer's key for another's users": jwt.encode(
            {"iss": LOGIN, "sub": "7", "iat": now}, private(keys["rsa"]), "RS256"
        ),
        "a key for another user space": jwt.encode(
            {"iss": "https://es.example", "uid": "9", "iat": now}, private(keys["rsa"]), "RS256"
        ),
        "a key id that is not there": jwt.encode(
            {"iss": "https://es.example", "uid": "9", "iat": now}, es, "ES256", headers={"kid": "two"}
        ),
        "no key id": jwt.encode({"iss": "https://es.example", "uid": "9", "iat": now}, es, "ES256"),
        "another audience": passport(keys, aud="4"),
        "no user": tymon(sub=""),
        "an id such as ours": tymon(sub="4gSYhmZ8T1GkxI2yqz5A"),
        "a long id": tymon(sub="x" * 65),
        "the public key as a secret": by_hmac(of_rsa, {"sub": "7", "aud": "3", "iat": now}),
    }.items():
        assert caller.verify(token).verdict == (401, "token_not_ours"), what
        assert exchange(caller, token).verdict == (401, "token_not_ours"), what
    for what, token, code in (
        ("expired", tymon(exp=now - 1), "token_expired"),
        ("not yet", tymon(nbf=now + 300), "token_not_yet_valid"),
        ("of tomorrow", tymon(iat=now + 300), "token_not_yet_valid"),
        ("an empty issuer", tymon(iss=""), "token_malformed"),
        ("alg none", jwt.encode({"iss": LOGIN, "sub": "7", "iat": now}, None, "none"), "token_malformed"),
        ("no iat", tymon(iat=None), "token_malformed"),
        ("a user that is no id", tymon(sub=["7"]), "token_malformed"),
        ("a negative one", tymon(sub=-7), "token_malformed"),
        ("half a user", tymon(sub=7.5), "token_malformed"),
    ):
        assert caller.verify(token).verdict == (401, code), what
        assert exchange(caller, token).verdict == (401, code), what


def test_it_is_exchanged_for_a_session_of_ours(served, caller):
    user_with(served, "t-7", "ada")
    old = tymon()
    answer = exchange(caller, old, device="the old app")
    assert answer.status == 200, answer
    told = answer.json()
    assert told["user"]["username"] == "ada" and told["user"]["roles"] == ["editor"], "ours, not the token's"
    assert told["session"]["device"] == "the old app"
    assert caller.verify(told["token"]).header("X-Auth-Roles") == "editor"
    refreshed = caller.refresh(told["refresh_token"])
    assert refreshed.status == 200
    for token in (told["token"], refreshed.json()["token"]):
        assert "amr" not in claims_of(token), "no password was shown here (RFC 8176)"
    assert caller.verify(old).status == 200, "until the client has changed"
    assert caller.get(WHO, bearer=old).json()["session"]["id"] == told["session"]["id"]
    events = [row["event"] for row in served.rows("audit", "list")]
    assert "token_exchanged" in events


def test_one_session_for_each_token(served, caller):
    user_with(served, "t-7")
    old = tymon()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: exchange(Caller(served.port, next_address()), old), range(8)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json()["session"]["id"] for answer in answers}) == 1
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1, (
        "an answer that was lost comes again"
    )
    assert caller.refresh(answers[0].json()["refresh_token"]).status == 200
    assert exchange(caller, old).verdict == (409, "token_exchanged"), "whoever found it later gets nothing"
    other = exchange(caller, tymon(), delivery="hybrid")
    assert other.status == 200 and other.json()["session"]["id"] != answers[0].json()["session"]["id"]
    served.restart()
    assert exchange(Caller(served.port, next_address()), old).verdict == (409, "token_exchanged")


@pytest.mark.parametrize(
    "how", ["its own token", "the older token", "revocation", "another session", "operator"]
)
def test_signing_out_kills_the_older_token_too(served, caller, how):
    id = user_with(served, "t-7", "ada")
    old, kept = tymon(), tymon()
    told = exchange(caller, old).json()
    assert caller.verify(kept).status == 200
    if how == "its own token":
        assert caller.sign_out(told["token"]).status == 204
    elif how == "the older token":
        assert caller.sign_out(old).status == 204
        assert caller.sign_out(old).status == 204, "twice is fine"
    elif how == "revocation":
        assert (
            caller.post("/oauth2/revoke", body=urlencode({"token": old}).encode(), headers=FORM).status == 200
        )
    elif how == "another session":
        here = caller.sign_in_body(User("ada", PASSWORD))
        assert caller.delete(f"/api/v1/sessions/{told['session']['id']}", bearer=here["token"]).status == 204
    else:
        served.command("session", "end", told["session"]["id"])
    for token in (old, told["token"]):
        assert caller.verify(token).verdict == (401, "token_revoked")
    assert exchange(caller, old).verdict == (401, "token_revoked")
    assert caller.verify(kept).status == 200, "another token of the same user is another session"
    served.crash_and_restart()
    again = Caller(served.port, next_address())
    assert again.verify(old).verdict == (401, "token_revoked") and again.verify(kept).status == 200
    assert id == "t-7"


def test_signing_out_without_an_exchange_ends_it_as_well(served, caller):
    old = tymon()
    assert caller.get(WHO, bearer=old).verdict == (401, "token_not_ours"), "no session yet"
    for _ in range(3):
        assert caller.sign_out(old).status == 204
    assert caller.verify(old).verdict == (401, "token_revoked")
    assert len([row for row in served.rows("audit", "list") if row["event"] == "sign_out"]) == 1
    served.restart()
    assert Caller(served.port, next_address()).verify(old).verdict == (401, "token_revoked")


def test_a_user_who_is_taken_back_takes_the_older_tokens_along(served, caller):
    user_with(served, "t-7", "ada")
    old, told = tymon(), exchange(caller, tymon()).json()
    assert caller.verify(old).status == 200
    served.command("user", "set", "ada", "--role", "chief")
    assert caller.verify(old).status == 200, "no roles stand in it"
    served.command("user", "disable", "ada")
    for token in (old, tymon()):
        assert caller.verify(token).verdict == (401, "token_revoked")
        assert exchange(caller, token).verdict == (401, "token_revoked")
    assert caller.refresh(told["refresh_token"]).verdict == (401, "session_ended")
    served.restart()
    assert Caller(served.port, next_address()).verify(old).verdict == (401, "token_revoked")


def test_nobody_is_made_up_and_nobody_is_found_by_address(served, caller):
    user_with(served, "17", "ada")
    assert exchange(
        caller, tymon(sub="7", email="ada@example.org", preferred_username="ada", name="ada")
    ).verdict == (401, "token_not_ours")
    assert exchange(caller, tymon(sub="ada")).verdict == (401, "token_not_ours")
    user_with(served, "p-8", "bob")
    assert exchange(caller, tymon(sub="8")).verdict == (401, "token_not_ours"), (
        "an id there is a user here by its issuer alone"
    )


def test_it_manages_no_account(served, caller):
    user_with(served, "t-7", "ada")
    old = tymon()
    told = exchange(caller, old).json()
    for method, target, body in (
        ("GET", "/api/v1/sessions", None),
        ("DELETE", "/api/v1/sessions", None),
        ("GET", "/api/v1/users/me", None),
        ("DELETE", "/api/v1/users/me", {"current_password": PASSWORD}),
        ("PUT", "/api/v1/users/me/password", {"current_password": PASSWORD, "new_password": PASSWORD + "!"}),
    ):
        assert caller.request(
            method, target, bearer=old, **({} if body is None else {"json": body})
        ).verdict == (401, "token_not_ours"), target
    assert caller.verify(told["token"]).status == 200
    assert exchange(caller, told["token"]).verdict == (401, "token_not_ours"), "ours is none of theirs"


def test_after_the_cut_over_and_after_the_last_day(prepared):
    server = prepared(
        CONFIG.replace('issued_before = "2099-01-01"', 'issued_before = "2026-01-01"').replace(
            'id_prefix = "es:"\nuntil = "2099-12-31"', 'id_prefix = "es:"\nuntil = "2026-01-31"'
        )
    ).start()
    caller = Caller(server.port, next_address())
    assert caller.verify(tymon()).verdict == (401, "token_not_ours")
    assert caller.verify(tymon(iat=1700000000)).status == 200, "issued before"


def test_its_life_ends_with_the_last_day(prepared, keys):
    server = prepared(
        CONFIG.replace(
            'subject = "uid"\nid_prefix = "es:"\nuntil = "2099-12-31"',
            'subject = "uid"\nid_prefix = "es:"\nuntil = "2026-01-31"',
        )
    ).start()
    es = jwt.encode(
        {"iss": "https://es.example", "uid": "9", "iat": int(time.time())},
        private(keys["ec"]),
        "ES256",
        headers={"kid": "one"},
    )
    assert Caller(server.port, next_address()).verify(es).verdict == (401, "token_expired")


def test_introspection_says_whose_it_is_and_no_more(served, caller):
    key = served.command("service-key", "add", "api", "--scope", "introspect").strip()
    told = caller.post(
        "/oauth2/introspect", body=urlencode({"token": tymon()}).encode(), bearer=key, headers=FORM
    ).json()
    assert set(told) == {"active", "token_type", "sub", "sid", "iat", "exp"} and (
        told["active"],
        told["sub"],
    ) == (True, "t-7")


def test_without_the_setting_nothing_of_it_is_there(make_server):
    server = make_server({}).start()
    caller = Caller(server.port, next_address())
    assert caller.verify(tymon()).verdict == (401, "token_not_ours")
    assert exchange(caller, tymon()).verdict == (401, "token_not_ours")


def test_another_site_may_not_exchange(served, caller):
    user_with(served, "t-7")
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert caller.post(EXCHANGE, json={"token": tymon()}, headers=headers).verdict == (403, "csrf_refused")
    for body, code in (
        ({}, "missing_member"),
        ({"token": 7}, "invalid_member"),
        ({"token": "x", "username": "y"}, "unknown_member"),
        ({"token": "x" * 8193}, "invalid_member"),
        ({"token": ""}, None),
    ):
        answer = caller.post(EXCHANGE, json=body)
        assert answer.code == (code or "token_malformed"), body


@pytest.mark.parametrize(
    "change, words",
    [
        (('until = "2099-12-31"', ""), "until is missing"),
        (('algorithm = "HS256"', 'algorithm = "HS512"'), "algorithm needs"),
        (('algorithm = "HS256"', 'algorithm = "none"'), "algorithm needs"),
        (('name = "es"', 'name = "tymon"'), "two issuers are called tymon"),
        (('id_prefix = "p-"', 'id_prefix = "es"'), "begins with"),
        (('iss = "https://es.example"', f'iss = "{LOGIN}"'), "two issuers have the iss"),
        (('iss = "https://es.example"\n', ""), "two issuers have no iss"),
        (('key_file = "passport.pem"', 'key_file = "tymon-secret"'), "neither a public key"),
        (('key_file = "tymon-secret"', 'key_file = "nowhere"'), "cannot be read"),
        (('subject = "uid"', 'colour = "blue"'), "colour is not a known member"),
        (('until = "2099-12-31"', 'until = "soon"'), "until needs"),
        (("[[issuer]]", "[issuer]"), "foreign.toml"),
        (('name = "es"', "name = 7"), "name needs a string"),
        (('algorithm = "RS256"', 'algorithm = "ES256"'), "holds no public key for ES256"),
    ],
)
def test_a_mistake_is_told_with_its_place(prepared, change, words):
    server = prepared(CONFIG.replace(*change))
    refused = fails(server)
    assert words in refused, refused


def test_a_secret_is_long_and_private(prepared):
    server = prepared()
    write(server, "tymon-secret", "too short")
    assert "32 bytes" in fails(server)
    write(server, "tymon-secret", SECRET)
    (server.data / "tymon-secret").chmod(0o644)
    assert "can be read by other users" in fails(server)


def query(server, text):
    with sqlite3.connect(f"file:{server.data / 'coatcheck.db'}?mode=ro", uri=True) as database:
        return database.execute(text).fetchall()


def manage(server, method, target, body=None):
    if not hasattr(server, "manager"):
        server.manager = server.command("service-key", "add", "manager", "--scope", "users").strip()
    return Caller(server.port, next_address()).request(
        method, f"/api/v1/admin/{target}", bearer=server.manager, **({} if body is None else {"json": body})
    )


def test_an_exchange_beside_a_new_password_gives_no_session_that_counts(served):
    """Whichever of the two comes first, a revoked foreign token gives no session that counts."""
    user_with(served, "t-7", "ada")
    for n in range(25):
        old, caller = tymon(), Caller(served.port, next_address())
        with ThreadPoolExecutor(2) as pool:
            changed = pool.submit(manage, served, "PATCH", "users/t-7", {"password": f"{PASSWORD} {n}"})
            answer = pool.submit(exchange, caller, old).result()
            assert changed.result().status == 200
        assert caller.verify(old).verdict == (401, "token_revoked")
        if answer.status == 200:
            assert caller.verify(answer.json()["token"]).verdict == (401, "token_revoked"), n
            assert caller.refresh(answer.json()["refresh_token"]).status == 401, n
        time.sleep(0.02)


def test_an_exchange_beside_a_sign_out_leaves_nothing_that_sleeps(served):
    user_with(served, "t-7", "ada")
    for n in range(40):
        old, caller = tymon(), Caller(served.port, next_address())
        with ThreadPoolExecutor(2) as pool:
            out = pool.submit(Caller(served.port, next_address()).sign_out, old)
            answer = pool.submit(exchange, caller, old).result()
            assert out.result().status == 204
        assert caller.verify(old).verdict == (401, "token_revoked")
        if answer.status == 200:
            assert caller.refresh(answer.json()["refresh_token"]).status == 401, n


def test_signing_out_ends_the_older_token_whatever_had_become_of_its_session(prepared):
    served = prepared(**{"sessions.idle": "2s", "tokens.access_ttl": "1s"}).start()
    caller = Caller(served.port, next_address())
    user_with(served, "t-7", "ada")
    by_itself, by_all = tymon(), tymon()
    exchange(caller, by_itself)
    exchange(caller, by_all)
    time.sleep(2.3)
    assert caller.verify(by_itself).status == 200, "its session has idled out, and it has not"
    assert exchange(caller, by_itself).verdict == (409, "token_exchanged")
    assert caller.sign_out(by_itself).status == 204
    assert caller.verify(by_itself).verdict == (401, "token_revoked")
    served.command("session", "end", "--user", "ada")
    assert caller.verify(by_all).verdict == (401, "token_revoked")


@pytest.mark.parametrize("how", ["all of mine", "all but this one", "by the back end", "by the operator"])
def test_ending_all_sessions_ends_older_tokens_that_were_never_exchanged(served, caller, how):
    user_with(served, "t-7", "ada")
    old = tymon()
    here = caller.sign_in_body(User("ada", PASSWORD))
    if how == "all of mine":
        assert caller.delete("/api/v1/sessions", bearer=here["token"]).status == 204
    elif how == "all but this one":
        assert caller.delete("/api/v1/sessions?except=current", bearer=here["token"]).status == 204
        assert caller.verify(here["token"]).status == 200
    elif how == "by the back end":
        assert manage(served, "DELETE", "sessions?user=t-7").status == 204
    else:
        served.command("session", "end", "--user", "ada")
    assert caller.verify(old).verdict == (401, "token_revoked")
    assert exchange(caller, old).verdict == (401, "token_revoked")


def test_who_is_disabled_is_not_let_in_by_what_the_older_system_issues_later(prepared):
    served = prepared()
    foreign_file = served.settings.pop("accept.foreign_file")
    served.start()
    user_with(served, "t-7", "ada")
    served.command("user", "disable", "ada")
    served.stop()
    served.settings["accept.foreign_file"] = foreign_file
    served.start()
    caller = Caller(served.port, next_address())
    assert caller.verify(tymon()).verdict == (401, "token_revoked"), "disabled before such tokens were taken"
    assert manage(served, "POST", "users", {"id": "t-8", "username": "bob", "enabled": False}).status == 201
    assert caller.verify(tymon(sub="8")).verdict == (401, "token_revoked"), "imported so"
    user_with(served, "t-9", "eve")
    assert caller.verify(tymon(sub="9")).status == 200
    served.command("user", "disable", "eve")
    time.sleep(1.1)
    assert caller.verify(tymon(sub="9", iat=int(time.time()) + 59, nbf=None)).verdict == (
        401,
        "token_revoked",
    ), "issued afterwards"


def test_the_same_session_given_again_is_revoked_as_long_as_its_token_lives(prepared):
    served = prepared(**{"tokens.access_ttl": "4s", "sessions.refresh_grace": "20s"}).start()
    caller = Caller(served.port, next_address())
    user_with(served, "t-7", "ada")
    now = int(time.time())
    old = tymon(exp=now + 5, iat=now)
    exchange(caller, old)
    time.sleep(2.5)
    again = exchange(caller, old)
    assert again.status == 200
    assert caller.sign_out(again.json()["token"]).status == 204
    while time.time() < again.json()["expires_at"] - 0.3:
        assert caller.verify(again.json()["token"]).verdict == (401, "token_revoked")
        time.sleep(0.3)


@needs_sqlite
def test_a_last_day_that_is_moved_on_revives_nothing(prepared):
    today = time.strftime("%Y-%m-%d", time.gmtime())
    served = prepared(CONFIG.replace("2099-12-31", today)).start()
    caller = Caller(served.port, next_address())
    old = tymon(exp=None)
    assert caller.sign_out(old).status == 204
    expires = max(row[0] for row in query(served, "SELECT expires FROM revocations WHERE kind = 0"))
    assert expires / 1000 > time.time() + 9 * 365 * 86400


@needs_sqlite
def test_an_exchange_keeps_no_key_of_ours_alive(served, caller):
    user_with(served, "t-7", "ada")
    exchange(caller, tymon(exp=None))
    served.command("key", "rotate")
    kept = max(row[0] for row in query(served, "SELECT drop_after FROM keys"))
    assert kept / 1000 < time.time() + 3600


@needs_sqlite
def test_a_dead_token_writes_nothing(served, caller):
    now = int(time.time())
    for _ in range(3):
        assert caller.sign_out(tymon(exp=now - 1, iat=now - 10)).status == 204
    assert query(served, "SELECT count(*) FROM revocations")[0][0] == 0


def test_an_encrypted_token_is_none_of_theirs(prepared):
    served = prepared(**{"tokens.format": "jwe"})
    write(served, "token-keys", "base64:" + "A" * 43 + "=\n")
    served.start()
    caller = Caller(served.port, next_address())
    token = caller.sign_in_body(served.add_user())["token"]
    assert caller.verify(token).status == 200 and caller.verify(tymon()).status == 200
    assert caller.verify(token[:-2] + ("AA" if token[-2:] != "AA" else "BA")).verdict == (
        401,
        "token_not_ours",
    )


def test_the_file_of_the_document_is_taken(prepared, keys):
    text = (ROOT / "docs/moving.md").read_text()
    block = text[text.index("```toml") + 8 :]
    served = prepared("\n".join(line.strip() for line in block[: block.index("```")].splitlines()))
    write(served, "oauth-public.key", pem_of(keys["rsa"]).decode())
    caller = Caller(served.start().port, next_address())
    guard = "23bd5c8949f600adb39e701c400872db7a5976f7"
    token = tymon(iss="https://api.example.com/api/login", prv=guard, iat=1795000000)
    assert caller.verify(token).header("X-Auth-User") == "u7"
    assert caller.verify(
        tymon(iss="https://api.example.com/api/login", prv="0" * 40, iat=1795000000)
    ).verdict == (401, "token_not_ours"), "another guard"
    assert caller.verify(passport(keys)).header("X-Auth-User") == "p-8"

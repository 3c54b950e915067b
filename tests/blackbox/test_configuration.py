# SPDX-License-Identifier: Apache-2.0
"""Configuration comes from the file, then the environment, then flags. A mistake stops the start, with its
place and the expected value."""

import base64
import re
import subprocess
import tomllib

import pytest
from client import Caller
from server import PASSWORD, ROOT, clean_environment, run
from tokens import claims_of
from waiting import wait_until


@pytest.fixture
def check(tmp_path):
    """Runs `config check` on a text. Returns whether it passed, and its output."""

    def check(text, environment=None, *flags):
        path = tmp_path / "coatcheck.toml"
        path.write_text(text) if isinstance(text, str) else path.write_bytes(text)
        result = run(
            "config", "check", "--config", path, "--data", tmp_path / "data", *flags, environment=environment
        )
        return result.returncode == 0, result.stdout + result.stderr

    return check


def printed(server, *flags, **environment):
    """The output of `config print`, parsed as TOML."""
    result = server.try_command("config", "print", *flags, environment=environment)
    assert result.returncode == 0, result.stderr
    return tomllib.loads(result.stdout)


def test_an_empty_file_is_fine(check):
    for text in ("", "\n", "# nothing\n"):
        passed, said = check(text)
        assert passed, said


DEFAULTS = """public_url = "http://localhost:8080"
listen = "127.0.0.1:8080"
behind_proxy = false
trusted_proxies = []
[tokens]
algorithm = "ES256"
access_ttl = "15m"
audience = ""
format = "jwt"
encryption_key_file = "token-keys"
status_list = false
[sessions]
idle = "7d"
absolute = "30d"
refresh_grace = "30s"
[sign_up]
enabled = false
[passwords]
min_length = 15
[accept]
bare_authorization = false
bare_authorization_until = ""
x_token = false
x_token_until = ""
envelope = false
envelope_path = ""
envelope_until = ""
crypt = false
crypt_until = ""
crypt_cipher = "AES-256-CBC"
crypt_key_file = "crypt-keys"
crypt_header = "AccessToken"
crypt_fields = ["user_id", "time_stamp", "expire_on"]
crypt_ttl = "2d"
foreign_file = ""
[cors]
origins = []
[metrics]
listen = ""
[log]
access = false
[store]
url = "sqlite:coatcheck.db"
password_file = ""
connections = 8
listen_url = ""
sealing_key_file = "master.key"
"""


def test_the_documented_defaults_can_be_written_down(check):
    passed, said = check(DEFAULTS)
    assert passed, said


def test_the_example_configuration_is_one(check):
    passed, said = check((ROOT / "config/coatcheck.example.toml").read_text())
    assert passed, said


MISTAKES = [
    ('acces_ttl = "15m"', 1, "acces_ttl"),
    ("# one\n# two\nlisten_on = 1", 3, "listen_on"),
    ('[token]\naccess_ttl = "15m"', None, "token"),
    ('[tokens]\nacces_ttl = "15m"', 2, "acces_ttl"),
    ("[tokens]\naccess_ttl = 15", 2, "access_ttl"),
    ('[tokens]\naccess_ttl = "15"', 2, "access_ttl"),
    ('[tokens]\naccess_ttl = "15x"', 2, "access_ttl"),
    ('[tokens]\naccess_ttl = "-15m"', 2, "access_ttl"),
    ('[tokens]\naccess_ttl = "0s"', 2, "access_ttl"),
    ('[tokens]\naccess_ttl = ""', 2, "access_ttl"),
    ('[tokens]\naccess_ttl = "m"', 2, "access_ttl"),
    ('[tokens]\naccess_ttl = "15 m m"', 2, "access_ttl"),
    ('[tokens]\naccess_ttl = "99999999999999999999d"', 2, "access_ttl"),
    ("[tokens]\naccess_ttl = true", 2, "access_ttl"),
    ('[tokens]\n\nalgorithm = "HS256"', 3, "algorithm"),
    ("[tokens]\nalgorithm = 1", 2, "algorithm"),
    ('[tokens]\nalgorithm = ["ES256"]', 2, "algorithm"),
    ('[sessions]\nidle = "soon"', 2, "idle"),
    ("[sessions]\nabsolute = []", 2, "absolute"),
    ('[sessions]\nrefresh_grace = "-1s"', 2, "refresh_grace"),
    ('[sign_up]\nenabled = "yes"', 2, "enabled"),
    ("[sign_up]\nenabled = 1", 2, "enabled"),
    ('behind_proxy = "true"', 1, "behind_proxy"),
    ('[passwords]\nmin_length = "15"', 2, "min_length"),
    ("[passwords]\nmin_length = -1", 2, "min_length"),
    ("[passwords]\nmin_length = 1.5", 2, "min_length"),
    ("[passwords]\nmin_length = 0", 2, "min_length"),
    ("[passwords]\nmin_length = 100000", 2, "min_length"),
    ("[accept]\nbare_authorization = 0", 2, "bare_authorization"),
    ('[cors]\norigins = "https://app.example"', 2, "origins"),
    ("[cors]\norigins = [1]", 2, "origins"),
    ('trusted_proxies = "127.0.0.1"', 1, "trusted_proxies"),
    ('public_url = "localhost"', 1, "public_url"),
    ('public_url = "ftp://x"', 1, "public_url"),
    ('public_url = ""', 1, "public_url"),
    ("public_url = 1", 1, "public_url"),
    ('public_url = "http://user:pass@x"', 1, "public_url"),
    ('public_url = "http://x/?a=b"', 1, "public_url"),
    ('public_url = "http://x/#a"', 1, "public_url"),
    ('listen = "x"', 1, "listen"),
    ("listen = 8080", 1, "listen"),
    ('[metrics]\nlisten = "x"', 2, "listen"),
    ('[log]\naccess = "on"', 2, "access"),
    ('[store]\nurl = "mysql://x"', 2, "url"),
    ('[store]\nurl = "postgres://me:secret@db/x"', 2, "password_file"),
    ("[store]\nconnections = 0", 2, "connections"),
    ('[store]\nurl = ""', 2, "url"),
    ("[store]\nurl = 1", 2, "url"),
    ("tokens = 1", 1, "tokens"),
    ("[cors.origins]\nx = 1", None, "origins"),
    ('[[tokens]]\nalgorithm = "ES256"', None, "tokens"),
]


@pytest.mark.parametrize("text,line,name", MISTAKES)
def test_a_mistake_is_named_with_its_line(check, text, line, name):
    passed, said = check(text + "\n")
    assert not passed
    place = re.search(r"coatcheck\.toml:(\d+)", said)
    assert place and name in said, said
    assert line is None or int(place.group(1)) == line, said


@pytest.mark.parametrize(
    "text,expected",
    [
        ('[tokens]\nalgorithm = "HS256"', ["ES256", "RS256", "PS256", "EdDSA"]),
        ('[sign_up]\nenabled = "yes"', ["true", "false"]),
        ("[tokens]\naccess_ttl = 15", ["15m"]),
        ('[passwords]\nmin_length = "x"', ["number"]),
        ('[cors]\norigins = "x"', ["list"]),
    ],
)
def test_what_was_expected_is_said(check, text, expected):
    passed, said = check(text)
    assert (
        not passed and all(word in said for word in expected[:1]) and any(word in said for word in expected)
    ), said


@pytest.mark.parametrize(
    "text",
    [
        "= 1",
        "[tokens",
        'listen = "x',
        'listen = "a"\nlisten = "b"',
        "listen = ",
        "[tokens]\n[tokens]",
        "\x00",
        "listen 1",
        "\ufeff[",
        'listen = "\\q"',
        "a" * 10000,
        "{}",
    ],
)
def test_what_is_no_toml_is_named_with_its_line(check, text):
    passed, said = check(text)
    assert not passed and re.search(r"coatcheck\.toml:\d+", said), said


def test_bytes_that_are_no_text_are_refused(check):
    passed, said = check(b'public_url = "http://\xff\xfe"\n')
    assert not passed and "coatcheck.toml" in said


def test_a_mistake_stops_the_server_as_well_as_the_check(make_server):
    server = make_server({"tokens.acces_ttl": "15m"})
    server.launch()
    assert server.process.wait(10) > 0
    assert re.search(r"coatcheck\.toml:\d+", server.log()) and "acces_ttl" in server.log()


def test_a_file_that_is_not_there_is_named(tmp_path):
    for command in (["config", "check"], ["serve"], ["user", "list"]):
        result = run(*command, "--config", tmp_path / "missing.toml", "--data", tmp_path / "data", timeout=10)
        assert result.returncode != 0 and "missing.toml" in result.stderr + result.stdout


def test_a_session_cannot_be_idle_for_longer_than_it_lasts(check):
    passed, said = check('[sessions]\nidle = "60d"\nabsolute = "30d"\n')
    assert passed or "idle" in said


# Precedence.


def test_file_then_environment_then_flags(make_server):
    server = make_server({"tokens.access_ttl": "11m"})
    environment = {"COATCHECK_TOKENS_ACCESS_TTL": "12m"}
    assert printed(server)["tokens"]["access_ttl"] == "11m"
    assert printed(server, **environment)["tokens"]["access_ttl"] == "12m"
    assert printed(server, "--set", "tokens.access_ttl=13m", **environment)["tokens"]["access_ttl"] == "13m"


def test_what_is_printed_is_a_configuration_and_the_default_one_without_any(make_server, check):
    server = make_server()
    server.settings.clear()
    documented, said = tomllib.loads(DEFAULTS), printed(server)
    assert all(said[key] == value for key, value in documented.items() if not isinstance(value, dict))
    for section in (
        "tokens",
        "sessions",
        "sign_up",
        "passwords",
        "accept",
        "cors",
        "metrics",
        "log",
        "store",
    ):
        assert documented[section].items() <= said[section].items()
    passed, complaint = check(server.try_command("config", "print").stdout)
    assert passed, complaint


def test_the_server_does_what_was_printed(make_server, monkeypatch):
    server = make_server(
        {"tokens.access_ttl": "11m", "sessions.absolute": "2d"},
        ["--set", "tokens.access_ttl=13m", "--set", "cors.origins=https://app.example"],
    )
    user = server.add_user()
    variables = {
        "COATCHECK_SESSIONS_ABSOLUTE": "3d",
        "COATCHECK_TOKENS_ACCESS_TTL": "12m",
        "COATCHECK_ACCEPT_BARE_AUTHORIZATION": "true",
    }
    monkeypatch.setattr("server.clean_environment", lambda **more: {**clean_environment(**more), **variables})
    server.start()
    caller = Caller(server.port)
    signed_in = caller.sign_in_body(user, headers={"Origin": "https://app.example"})
    claims = claims_of(signed_in["token"])
    assert claims["exp"] - claims["iat"] == 13 * 60
    # A session is as old as the request for it, and its end counts from when the password hash was computed.
    session = signed_in["session"]
    assert 3 * 86400 <= session["expires_at"] - session["created_at"] <= 3 * 86400 + 10
    assert caller.get("/api/v1/verify", headers={"Authorization": signed_in["token"]}).status == 200


def test_flags_of_their_own_do_the_same(make_server):
    server = make_server({}, ["--access-ttl", "10s", "--public-url", "https://login.example"])
    user = server.add_user()
    server.start()
    claims = claims_of(Caller(server.port).sign_in_body(user)["token"])
    assert claims["exp"] - claims["iat"] == 10 and claims["iss"] == "https://login.example"


def test_the_environment_reaches_top_level_keys_too(make_server):
    server = make_server()
    del server.settings["public_url"]
    assert (
        printed(server, COATCHECK_PUBLIC_URL="https://login.example")["public_url"] == "https://login.example"
    )
    assert printed(server)["public_url"] == "http://localhost:8080"


@pytest.mark.parametrize(
    "name,value",
    [
        ("COATCHECK_TOKENS_ACCES_TTL", "15m"),
        ("COATCHECK_TOKENS_ACCESS_TTL", "soon"),
        ("COATCHECK_NOTHING", "1"),
        ("COATCHECK_SIGN_UP_ENABLED", "perhaps"),
        ("COATCHECK_PASSWORDS_MIN_LENGTH", "x"),
        ("COATCHECK_TOKENS_ALGORITHM", "none"),
        ("COATCHECK_PUBLIC_URL", ""),
    ],
)
def test_a_mistake_in_the_environment_is_named(check, name, value):
    passed, said = check("# nothing\n", {name: value})
    assert not passed and name in said, said


@pytest.mark.parametrize(
    "setting",
    [
        "tokens.acces_ttl=15m",
        "tokens.access_ttl=soon",
        "nothing=1",
        "tokens.access_ttl",
        "=",
        "tokens=1",
        "sign_up.enabled=perhaps",
    ],
)
def test_a_mistake_in_a_flag_is_named(check, setting):
    passed, said = check("# nothing\n", None, "--set", setting)
    assert not passed and setting.split("=")[0].split(".")[-1] in said


def test_an_audience_of_its_own_is_issued_and_asked_for(make_server):
    server = make_server({"tokens.audience": "https://api.example"})
    user = server.add_user()
    server.start()
    caller = Caller(server.port)
    signed_in = caller.sign_in_body(user)
    assert claims_of(signed_in["token"])["aud"] in ("https://api.example", ["https://api.example"])
    assert claims_of(signed_in["token"])["iss"] == server.url
    assert caller.verify(signed_in["token"]).status == 200
    server.stop()
    server.settings["tokens.audience"] = "https://other.example"
    server.start()
    assert caller.verify(signed_in["token"]).verdict == (401, "token_not_ours")
    assert caller.refresh(signed_in["refresh_token"]).status == 200


def test_a_token_of_an_earlier_issuer_is_refused(make_server):
    server = make_server({"public_url": "https://one.example"})
    user = server.add_user()
    server.start()
    caller = Caller(server.port)
    token = caller.sign_in_body(user)["token"]
    server.stop()
    server.settings["public_url"] = "https://one.example.evil.example"
    server.start()
    assert caller.verify(token).verdict == (401, "token_not_ours")


def test_the_shortest_password_is_configured(make_server):
    server = make_server({"passwords.min_length": 20, "sign_up.enabled": True}).start()
    form = {"username": "ada", "password": "nineteen characters"}
    assert len(form["password"]) == 19
    assert Caller(server.port).post("/api/v1/users", json=form).verdict == (400, "password_too_short")
    assert Caller(server.port).post("/api/v1/users", json={**form, "password": PASSWORD}).status == 201


def test_files_that_were_written_elsewhere_are_read(make_server):
    """A byte order mark and CRLF, as editors of Windows write them (issue 19, row 32)."""
    key = "base64:" + base64.b64encode(b"k" * 32).decode()
    server = make_server()
    server.data.mkdir(mode=0o700)
    for name, text in {"token-keys": f"# keys\r\n{key}\r\n", "master.key": "A" * 42 + "E\r\n"}.items():
        path = server.data / name
        path.write_bytes(b"\xef\xbb\xbf" + text.encode())
        path.chmod(0o600)
    config = server.config
    text = config.read_text() + '\n[tokens]\nformat = "jwe"\n[cors]\norigins = ["https://a.example"]\n'
    config.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    words = [*server.words]
    words[words.index("--config") + 1] = str(config)
    config.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    process = subprocess.Popen(words, stderr=server.log_path.open("ab"), env=clean_environment())
    try:
        wait_until(server.is_ready, log=server.log)
    finally:
        process.terminate()
        process.wait(12)


def test_a_list_may_be_set_as_in_the_file():
    for text in ('["https://a.example", "https://b.example"]', "https://a.example,https://b.example"):
        said = run("config", "print", "--set", f"cors.origins={text}")
        assert 'origins = ["https://a.example", "https://b.example"]' in said.stdout, said.stderr
    for text in ('["https://a.example"', "[1]", "[https://a.example]"):
        said = run("config", "print", "--set", f"cors.origins={text}")
        assert said.returncode != 0 and "--set" in said.stderr, said.stderr


@pytest.mark.parametrize("name", ["URL", "SERVICE_KEY", "X_TOKEN", "ORIGINS", "CRYPT_KEY", "ONLY_ENCRYPTED"])
def test_variables_of_our_verifiers_do_not_stop_the_server(name):
    said = run("config", "print", environment=clean_environment(**{f"COATCHECK_{name}": "x"}))
    assert said.returncode == 0, said.stderr
    wrong = run("config", "print", environment=clean_environment(COATCHECK_URLS="x"))
    assert "COATCHECK_URLS" in wrong.stderr and wrong.returncode != 0


def test_a_free_port_is_told(make_server):
    server = make_server()
    server.flags = ["--listen", "127.0.0.1:0"]
    server.launch()
    told = re.search(r'"listen":"127.0.0.1:(\d+)"', server.log_with('"started"'))
    assert Caller(int(told[1])).get("/healthz").status == 200

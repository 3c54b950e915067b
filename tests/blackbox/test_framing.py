# SPDX-License-Identifier: Apache-2.0
"""A message must have only one possible end. If two readers could disagree, the server refuses it and closes
the connection, so that it never answers a request hidden behind it."""

import json

import pytest
from client import Caller
from conftest import next_address

HIDDEN = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
BAD = (400, "malformed_request")
NO_LENGTH = (411, "length_required")


def talk(caller, data, then=HIDDEN):
    """Sends these bytes and a request behind them. Returns every answer until the server closes."""
    with caller.connect(timeout=8) as connection:
        try:
            connection.send(data + then)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server has read enough; its answer still waits to be read
        return [answer.verdict for answer in connection.read_all()]


def message(line="POST /api/v1/authentication HTTP/1.1", *fields, body=b"", host="Host: localhost"):
    lines = [line, *([host] if host else []), *fields]
    return (
        b"\r\n".join(text if isinstance(text, bytes) else text.encode("latin-1") for text in lines)
        + b"\r\n\r\n"
        + body
    )


JSON = "Content-Type: application/json"
LAST = b"0\r\n\r\n"
CHUNKED = b"2\r\n{}\r\n" + LAST


# Row 33 of the issue "A smooth ride": clients that know no length send chunks (.NET's PostAsJsonAsync sends
# nothing else), probes of balancers know no Host.


def chunks(data, size):
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + LAST


@pytest.mark.parametrize("size", [1, 7, 100000])
@pytest.mark.parametrize("pause", [False, True])
def test_a_body_in_chunks_signs_in(caller, ada, size, pause):
    form = json.dumps({"username": ada.name, "password": ada.password, "delivery": "body"}).encode()
    data = message("POST /api/v1/authentication HTTP/1.1", JSON, "Transfer-Encoding: Chunked") + chunks(
        form, size
    )
    with caller.connect() as connection:
        if pause:
            for at in range(0, len(data), 97):
                connection.send(data[at : at + 97])
        else:
            connection.send(data)
        connection.send(HIDDEN)
        assert connection.read().json()["token"]
        assert connection.read().json() == {"status": "ok"}


def test_a_client_may_wait_before_it_sends_chunks(caller, ada):
    form = json.dumps({"username": ada.name, "password": ada.password, "delivery": "body"}).encode()
    with caller.connect() as connection:
        connection.send(
            message(
                "POST /api/v1/authentication HTTP/1.1",
                JSON,
                "Transfer-Encoding: chunked",
                "Expect: 100-continue",
            )
        )
        assert connection.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.send(chunks(form, 20))
        assert connection.read().status == 200


def test_chunks_have_at_most_16_kib_together(caller):
    for data in (chunks(b" " * 16385, 1000), b"4001\r\n", chunks(b" " * 100000, 1)):
        head = message("POST /api/v1/authentication HTTP/1.1", JSON, "Transfer-Encoding: chunked")
        assert talk(caller, head + data, then=b"") == [(413, "body_too_large")]


@pytest.mark.parametrize(
    "body",
    [b"2;x\r\n{}\r\n" + LAST, b"2\r\n{}\r\n0\r\nX: y\r\n\r\n", b"2\n{}\n0\n\n", b"2\r\n{}x\r\n", b"\r\n"],
)
def test_chunks_with_two_readings_are_refused(caller, body):
    head = message("POST /api/v1/authentication HTTP/1.1", JSON, "Transfer-Encoding: chunked")
    assert talk(caller, head + body) == [BAD]


@pytest.mark.parametrize("coding", ["gzip", "br", "x"])
def test_a_compressed_body_is_refused(caller, coding):
    head = message(
        "POST /api/v1/authentication HTTP/1.1", JSON, f"Content-Encoding: {coding}", "Content-Length: 2"
    )
    assert talk(caller, head + b"{}")[0] == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "data",
    [
        b"GET /healthz HTTP/1.0\r\n\r\n",
        b"\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET HTTPS://LOCALHOST:81/healthz HTTP/1.1\r\nHost: localhost:81\r\n\r\n",
        b"GET http://localhost?x=y HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
def test_other_forms_of_http_are_taken(caller, data):
    assert caller.raw(data).status in (200, 204)


def test_only_one_empty_line_is_passed_over(caller):
    assert talk(caller, b"\r\n\r\n" + HIDDEN, then=b"") == [BAD]


def test_only_hosts_of_the_list_are_answered(make_server):
    server = make_server({"hosts": ["id.example.com", "10.0.0.7:8080"]}).start()
    caller = Caller(server.port, next_address())
    for host in ("id.example.com", "ID.example.com:443", "10.0.0.7:8080"):
        assert caller.get("/.well-known/jwks.json", host=host).status == 200
    for host in ("localhost", "10.0.0.7", "10.0.0.7:80", "id.example.com.evil", "[::1]:8080"):
        answer = caller.get("/.well-known/jwks.json", host=host)
        assert answer.verdict == (421, "misdirected_request"), host
        assert caller.get("/healthz", host=host).status == caller.get("/readyz", host=host).status == 200
        assert caller.get("/api/v1/verify", host=host).verdict == (401, "token_missing")
    evil = b"GET http://evil.example/.well-known/jwks.json HTTP/1.1\r\nHost: evil.example\r\n\r\n"
    assert caller.raw(evil).status == 421


@pytest.mark.parametrize(
    "fields",
    [
        ["Transfer-Encoding: identity"],
        ["Transfer-Encoding: gzip, chunked"],
        ["Transfer-Encoding: chunked, identity"],
        ["Transfer-Encoding: xchunked"],
        ["Transfer-Encoding: "],
        ['Transfer-Encoding: "chunked"'],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
        ["Transfer-Encoding: chunked;x=y"],
        ["Transfer-Encoding: ,chunked"],
        ["Transfer-Encoding: identity, chunked, chunked"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
    ],
)
@pytest.mark.parametrize(
    "line", ["POST /api/v1/authentication HTTP/1.1", "DELETE /api/v1/authentication HTTP/1.1"]
)
def test_no_other_transfer_coding_is_taken(caller, line, fields):
    assert talk(caller, message(line, JSON, *fields, body=CHUNKED)) == [NO_LENGTH]


@pytest.mark.parametrize(
    "fields",
    [
        ["Content-Length: 2", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 2"],
        ["Content-Length: 12", "Transfer-Encoding: identity"],
        ["Content-Length: 0", "Transfer-Encoding: x"],
    ],
)
def test_a_length_and_a_coding_together_are_refused(caller, fields):
    assert talk(caller, message("POST /api/v1/authentication HTTP/1.1", JSON, *fields, body=CHUNKED)) in (
        [NO_LENGTH],
        [BAD],
    )


@pytest.mark.parametrize(
    "line", ["GET /healthz HTTP/1.1", "HEAD /healthz HTTP/1.1", "OPTIONS /healthz HTTP/1.0"]
)
def test_a_coding_on_a_request_without_body_is_refused_too(caller, line):
    with caller.connect(timeout=8) as connection:
        connection.send(message(line, "Transfer-Encoding: chunked", body=CHUNKED) + HIDDEN)
        assert connection.read(head_only=line.startswith("HEAD")).status in (400, 411)
        assert connection.read_all() == []


@pytest.mark.parametrize(
    "field",
    [
        "Transfer-Encoding : chunked",
        "Transfer-Encoding\t: chunked",
        " Transfer-Encoding: chunked",
        "Transfer-Encoding\x00: chunked",
        "Transfer-Encoding\r: chunked",
        "X: y\rTransfer-Encoding: chunked",
        "X: y\nTransfer-Encoding: chunked",
        "\x0bTransfer-Encoding: chunked",
        "Transfer\xadEncoding: chunked",
        "Transfer-Encoding",
        "Transfer-Encoding;: chunked",
        "Transfer-Encoding: chunked\x00",
        "Transfer-Encoding: chun\x0bked",
    ],
)
def test_a_disguised_coding_is_refused(caller, field):
    """A length comes with the coding. A reader that overlooks the coding would read on after the body."""
    answers = talk(
        caller, message("POST /api/v1/authentication HTTP/1.1", JSON, "Content-Length: 2", field, body=b"{}")
    )
    assert answers in ([BAD], [NO_LENGTH])


@pytest.mark.parametrize(
    "fields",
    [
        ["Content-Length: 2", "Content-Length: 2"],
        ["Content-Length: 2", "Content-Length: 3"],
        ["Content-Length: 2", "content-length: 0"],
        ["Content-Length: 2, 2"],
        ["Content-Length: 2,3"],
        ["Content-Length: 2 2"],
        ["Content-Length: +2"],
        ["Content-Length: -2"],
        ["Content-Length: 0x2"],
        ["Content-Length: 2.0"],
        ["Content-Length: 2e0"],
        ["Content-Length: "],
        ["Content-Length: two"],
        ['Content-Length: "2"'],
        ["Content-Length: 2;"],
        ["Content-Length: 2\x00"],
        ["Content-Length: \x0b2"],
        ["Content-Length : 2"],
        [" Content-Length: 2"],
        ["Content-Length\t: 2"],
        ["Content-Length: 2_0"],
        ["Content-Length: \xb2"],
    ],
)
def test_a_length_that_is_not_one_plain_number_is_refused(caller, fields):
    assert talk(caller, message("POST /api/v1/authentication HTTP/1.1", JSON, *fields, body=b"{}")) == [BAD]


@pytest.mark.parametrize(
    "length",
    [
        "99999999999999999999",
        "18446744073709551616",
        "18446744073709551618",
        "4294967298",
        "9223372036854775808",
        "340282366920938463463374607431768211458",
        "1" + "0" * 300,
    ],
)
def test_a_length_beyond_counting_is_refused(caller, length):
    answers = talk(
        caller, message("POST /api/v1/authentication HTTP/1.1", JSON, f"Content-Length: {length}", body=b"{}")
    )
    assert answers in ([BAD], [(413, "body_too_large")])


def test_leading_zeros_in_a_length_do_not_change_it(caller):
    with caller.connect() as connection:
        connection.send(
            message("POST /api/v1/authentication HTTP/1.1", JSON, "Content-Length: 002", body=b"{}") + HIDDEN
        )
        assert connection.read().verdict in (BAD, (400, "missing_member"))


@pytest.mark.parametrize(
    "fields",
    [
        [],
        ["Host: localhost", "Host: localhost"],
        ["Host: localhost", "Host: evil.example"],
        ["host: localhost", "HOST: evil.example"],
        ["Host : localhost"],
        ["Host: a, b"],
        ["Host: a b"],
        ["Host: user@localhost"],
        ["Host: localhost/path"],
    ],
)
def test_exactly_one_plain_host_is_needed(caller, fields):
    assert talk(caller, message("GET /healthz HTTP/1.1", *fields, host=None)) == [BAD]


@pytest.mark.parametrize(
    "target",
    [
        "http://evil.example/healthz",
        "http://localhost:80/healthz",
        "http://me@localhost/healthz",
        "http:///healthz",
        "ftp://localhost/healthz",
        "localhost:80",
        "*",
        "healthz",
        "",
        "?",
        "#",
        "\\healthz",
        "/health z",
        "/healthz\t",
        "/\x00",
        "/\x7f",
        "/\x01",
        "/h\xe4lthz",
        "/%zz",
        "/%",
        "/%0",
        "javascript:1",
    ],
)
def test_a_target_that_is_no_plain_path_is_refused(caller, target):
    allowed = [[BAD], [(404, "not_found"), (200, None)]] if "%" in target else [[BAD]]
    assert talk(caller, message(f"GET {target} HTTP/1.1")) in allowed


@pytest.mark.parametrize(
    "line",
    [
        "CONNECT localhost:80 HTTP/1.1",
        "PRI * HTTP/2.0",
        "GET /healthz HTTP/2.0",
        "GET /healthz HTTP/0.9",
        "GET /healthz HTTP/1",
        "GET /healthz HTTP/1.10",
        "GET /healthz http/1.1",
        "GET /healthz HTTPS/1.1",
        "GET /healthz HTTP/11",
        "GET /healthz HTTP/-1.1",
        "GET /healthz",
        "GET",
        "",
        "GET  /healthz HTTP/1.1",
        "GET /healthz  HTTP/1.1",
        "GET /healthz HTTP/1.1 ",
        "GET\t/healthz\tHTTP/1.1",
        " GET /healthz HTTP/1.1",
        "G=E,T /healthz HTTP/1.1",
        "GE(T /healthz HTTP/1.1",
        "GET /healthz HTTP/1.1 HTTP/1.1",
        "\x00GET /healthz HTTP/1.1",
        "G\xcbT /healthz HTTP/1.1",
        "GET /healthz HTTP/1.1\x00",
        "GET /healthz HTTP/1,1",
        "GET /healthz FTP/1.1",
        "\x16\x03\x01\x02\x00\x01",
    ],
)
def test_a_request_line_that_is_not_one_is_refused(caller, line):
    answers = talk(caller, message(line, host="Host: localhost"))
    assert answers in ([BAD], [])


@pytest.mark.parametrize(
    "fields",
    [
        ["X: a\r\n b"],
        ["X: a\r\n\tb"],
        ["X:\r\n a"],
        ["X: a\nY: b"],
        ["X: a\rb"],
        ["X: a\r"],
        ["X: a\x00b"],
        ["X\x00: a"],
        ["X : a"],
        ["X\t: a"],
        [": a"],
        ["X"],
        ["X Y: a"],
        ["X\x7f: a"],
        ["X: a\x01b"],
        ["X: a\x7fb"],
        ["X: \x1b[31m"],
        ["(X): a"],
        ['"X": a'],
        ["X/Y: a"],
        ["X@: a"],
        ["\xe4: a"],
        [" X: a"],
        ["\tX: a"],
    ],
)
def test_a_field_that_could_be_read_in_two_ways_is_refused(caller, fields):
    assert talk(caller, message("GET /healthz HTTP/1.1", *fields)) == [BAD]
    assert talk(caller, message("GET /healthz HTTP/1.1", *fields, "Accept: */*")) == [BAD]


def test_the_first_field_cannot_be_a_continuation(caller):
    assert talk(caller, b"GET /healthz HTTP/1.1\r\n Host: localhost\r\n\r\n") == [BAD]


@pytest.mark.parametrize(
    "data",
    [
        b"GET /healthz HTTP/1.1\nHost: localhost\n\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\n\n",
        b"GET /healthz HTTP/1.1\nHost: localhost\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\n\r\n",
        b"GET /healthz HTTP/1.1\rHost: localhost\r\r",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\n",
        b"GET /healthz HTTP/1.1\r\r\nHost: localhost\r\n\r\n",
    ],
)
def test_lines_end_with_cr_and_lf_alone(caller, data):
    answers = talk(caller, data)
    assert answers and set(answers) == {BAD} and len(answers) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: \xe4\xff\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX:a\r\nY:\r\nZ:  a b\t c  \r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhOsT:localhost\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: [::1]:8080\r\n!#$%&'*+-.^_`|~09az: a\r\n\r\n",
    ],
)
def test_what_is_unusual_and_clear_is_taken(caller, data):
    with caller.connect() as connection:
        connection.send(data + HIDDEN)
        assert connection.read().status == connection.read().status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_body_where_none_belongs_is_refused(caller, method):
    """A server that left the body unread would treat it as the next request."""
    data = message(f"{method} /healthz HTTP/1.1", f"Content-Length: {len(HIDDEN)}", body=HIDDEN)
    with caller.connect(timeout=8) as connection:
        connection.send(data + HIDDEN)
        assert connection.read(head_only=method == "HEAD").status == 400
        assert connection.read_all() == []


@pytest.mark.parametrize("target", ["/api/v1/nothing", "/api/v1/users/me", "/healthz", "/api/v1/verify", "/"])
@pytest.mark.parametrize("method", ["POST", "BREW", "DELETE"])
def test_the_body_of_a_refused_request_is_never_read_as_a_request(caller, target, method):
    data = message(
        f"{method} {target} HTTP/1.1",
        "Content-Type: text/plain",
        f"Content-Length: {len(HIDDEN)}",
        body=HIDDEN,
    )
    with caller.connect(timeout=8) as connection:
        connection.send(data + b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        first, *rest = connection.read_all()
    assert first.status >= 400
    assert [answer.json()["status"] for answer in rest] in ([], ["ready"]), "the hidden request was answered"


@pytest.mark.parametrize(
    "fields,body",
    [
        (["Content-Length: 5", "Transfer-Encoding: chunked"], LAST),
        (["Transfer-Encoding: chunked", "Content-Length: 5"], LAST),
        (["Transfer-Encoding: x, chunked", "Content-Length: 5"], LAST),
        (["Content-Length: 0", "Content-Length: 60"], b""),
        (["Content-Length: 0, 60"], b""),
        (["X: a\n\nDELETE / HTTP/1.1"], b""),
        (["Content-Length: 2\r\nX: y\x00"], b"{}"),
        (["Content-Length:\x0b0"], b""),
        (["Content-Length: 0 60"], b""),
        (["Transfer-Encoding: chunked"], b"2;x\r\n{}\r\n" + LAST),
        (["Transfer-Encoding: chunked"], b"3\r\n{}\r\n" + LAST),
        (["Transfer-Encoding: chunked"], b"2\r\n{}\r\n0\r\nContent-Length: 0\r\n\r\n"),
        (["Transfer-Encoding: chunked"], b"2\n{}\n0\n\n"),
        (["Transfer-Encoding: chunked"], b"-2\r\n{}\r\n" + LAST),
        (["Transfer-Encoding: chunked"], b"100000002\r\n{}\r\n" + LAST),
    ],
)
def test_no_smuggled_request_takes_effect(caller, server, ada, fields, body):
    """The hidden request is a sign-out with a valid token, and the session must survive."""
    token = caller.sign_in_body(ada)["token"]
    hidden = message("DELETE /api/v1/authentication HTTP/1.1", f"Authorization: Bearer {token}")
    answers = talk(caller, message("POST /api/v1/authentication HTTP/1.1", JSON, *fields, body=body), hidden)
    assert len(answers) == 1 and answers[0][0] in (400, 411)
    assert Caller(server.port, next_address()).verify(token).status == 200


@pytest.mark.parametrize("count,expected", [(62, 200), (63, 200), (64, 431), (65, 431), (200, 431)])
def test_there_are_at_most_64_fields(caller, count, expected):
    """`count` fields come besides Host."""
    data = message("GET /healthz HTTP/1.1", *(f"X-{number}: a" for number in range(count)))
    if expected == 200:
        assert caller.raw(data).status == 200
    else:
        assert talk(caller, data) == [(431, "headers_too_large")]


@pytest.mark.parametrize(
    "size,expected", [(8000, 200), (15500, 200), (16800, 431), (60000, 431), (1000000, 431)]
)
def test_a_header_has_at_most_16_kib(caller, size, expected):
    for data in (
        message("GET /healthz HTTP/1.1", "X: " + "a" * size),
        message("GET /healthz HTTP/1.1", *(f"X-{n}: {'a' * (size // 60)}" for n in range(60))),
    ):
        if expected == 200:
            assert caller.raw(data).status == 200
        else:
            assert talk(caller, data) == [(431, "headers_too_large")]


def test_an_endless_target_is_refused(caller):
    assert talk(caller, message(f"GET /{'a' * 20000} HTTP/1.1")) in ([(431, "headers_too_large")], [BAD])
    assert caller.raw(message(f"GET /{'a' * 8000} HTTP/1.1")).status in (400, 404, 431)

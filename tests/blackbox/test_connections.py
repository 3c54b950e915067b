# SPDX-License-Identifier: Apache-2.0
"""Connections are kept, shared and closed in time, and no connection blocks another."""

import concurrent.futures
import json
import re
import socket
import time
from pathlib import Path

import pytest
from client import Caller, Closed, Connection
from conftest import next_address
from waiting import wait_until

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
SIGN_IN = (
    "POST /api/v1/authentication HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    "Content-Length: {}\r\n{}\r\n"
)


def is_closed(connection, seconds=5.0):
    """Whether the server closes the connection within this time without sending more."""
    connection.socket.settimeout(seconds)
    try:
        return connection.socket.recv(1) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


def test_a_connection_serves_many_requests(caller, ada):
    token = caller.sign_in_body(ada)["token"]
    message = caller.compose("GET", "/api/v1/verify", bearer=token)
    with caller.connect() as connection:
        for number in range(300):
            connection.send(message if number % 2 else HEALTH)
            assert connection.read().status == 200


def test_requests_sent_at_once_are_answered_in_order(caller, ada):
    token = caller.sign_in_body(ada)["token"]
    wanted, data = [], b""
    form = {"username": "ada", "password": ada.password}
    for number in range(40):
        kind = number % 5
        data += (
            HEALTH,
            caller.compose("GET", "/api/v1/verify", bearer=token),
            caller.compose("GET", f"/nothing/{number}"),
            caller.compose("GET", "/api/v1/users/me", bearer=token),
            caller.compose("POST", "/api/v1/authentication", json=form if number == 4 else {}),
        )[kind]
        wanted.append((200, 200, 404, 200, 200 if number == 4 else 400)[kind])
    with caller.connect() as connection:
        connection.send(data)
        answers = [connection.read() for _ in wanted]
    assert [answer.status for answer in answers] == wanted
    assert answers[0].json() == {"status": "ok"} and answers[3].json()["user"]["username"] == "ada"
    assert answers[4].json()["user"]["username"] == "ada"


def test_a_flood_of_requests_at_once_is_answered_or_slowed_but_not_dropped(caller):
    with caller.connect() as connection, concurrent.futures.ThreadPoolExecutor(1) as pool:
        sending = pool.submit(connection.send, HEALTH * 5000)
        assert {connection.read().status for _ in range(5000)} == {200}
        sending.result()


def test_a_request_that_arrives_byte_by_byte_is_understood(caller):
    body = json.dumps({"username": 1}).encode()
    message = SIGN_IN.format(len(body), "").encode() + body
    with caller.connect() as connection:
        for index in range(len(message)):
            connection.send(message[index : index + 1])
        assert connection.read().status == 400
        connection.send(HEALTH[:1])
        connection.send(HEALTH[1:] + HEALTH[:10])
        assert connection.read().status == 200
        connection.send(HEALTH[10:])
        assert connection.read().status == 200


@pytest.mark.parametrize("word", ["close", "Close", "keep-alive, close", "close, TE", "x,close"])
def test_close_is_honoured(caller, word):
    with caller.connect() as connection:
        connection.send(HEALTH[:-2] + f"Connection: {word}\r\n\r\n".encode() + HEALTH)
        answers = connection.read_all()
        assert [answer.status for answer in answers] == [200]
        assert "close" in (answers[0].header("Connection") or "").lower()


def test_an_old_client_is_answered_and_closed(caller):
    with caller.connect(timeout=5) as connection:
        connection.send(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n" + HEALTH)
        assert [answer.status for answer in connection.read_all()] == [200]


def test_an_old_client_cannot_send_chunks(caller):
    with caller.connect(timeout=5) as connection:
        connection.send(
            b"POST /api/v1/authentication HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"0\r\n\r\n" + HEALTH
        )
        assert [answer.status for answer in connection.read_all()] in ([411], [400])


def test_a_client_that_has_said_all_still_gets_its_answer(caller, ada):
    form = json.dumps({"username": "ada", "password": ada.password}).encode()
    for message in (HEALTH, SIGN_IN.format(len(form), "").encode() + form):
        with caller.connect() as connection:
            connection.send(message)
            connection.socket.shutdown(socket.SHUT_WR)
            assert [answer.status for answer in connection.read_all()] == [200]


@pytest.mark.parametrize(
    "data", [b"", b"G", b"GET /healthz HTTP/1.1\r\n", HEALTH[:-1], SIGN_IN.format(100, "").encode() + b"{"]
)
def test_half_a_request_is_not_answered_with_success(caller, data):
    with caller.connect(timeout=5) as connection:
        connection.send(data)
        connection.socket.shutdown(socket.SHUT_WR)
        assert [answer.status for answer in connection.read_all()] in ([], [400])


def test_a_client_that_waits_for_100_is_told_to_go_on(caller, ada):
    form = json.dumps({"username": "ada", "password": ada.password}).encode()
    with caller.connect(timeout=5) as connection:
        connection.send(SIGN_IN.format(len(form), "Expect: 100-continue\r\n").encode())
        assert connection.socket.recv(4096).startswith(b"HTTP/1.1 100 ")
        connection.send(form)
        assert connection.read().status == 200
        connection.send(HEALTH)
        assert connection.read().status == 200


@pytest.mark.parametrize(
    "head,status",
    [
        (SIGN_IN.format(20000, "Expect: 100-continue\r\n"), 413),
        (SIGN_IN.format(10, "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n"), (400, 411)),
    ],
)
def test_a_client_that_waits_for_100_is_told_at_once_that_it_is_in_vain(caller, head, status):
    with caller.connect(timeout=5) as connection:
        connection.send(head.encode())
        first = connection.socket.recv(4096)
        assert not first.startswith(b"HTTP/1.1 100")
        assert int(first.split(b" ")[1]) in (status if isinstance(status, tuple) else (status,))


@pytest.mark.parametrize("size", [16385, 20000, 200_000, 5_000_000])
def test_a_body_that_is_too_long_is_refused_so_that_the_client_can_read_it(caller, size):
    """A client that sends its whole body before it reads anything still gets the 413."""
    for _ in range(3):
        with caller.connect(timeout=10) as connection:
            data = SIGN_IN.format(size, "").encode() + b"x" * size
            try:
                connection.send(data)
            except (BrokenPipeError, ConnectionResetError):
                assert size > 1_000_000, "a client of this size cannot read why it was refused"
            try:
                answer = connection.read()
            except Closed:
                assert size > 1_000_000
                continue
            assert answer.verdict == (413, "body_too_large")
            assert is_closed(connection)


def test_a_body_of_just_16_kib_is_read(caller):
    body = b'{"username": "' + b"x" * (16384 - 16) + b'"}'
    assert len(body) == 16384
    assert caller.raw(SIGN_IN.format(len(body), "").encode() + body).status == 400
    assert caller.raw(SIGN_IN.format(len(body) + 1, "").encode() + body + b" ").verdict == (
        413,
        "body_too_large",
    )


def test_a_length_that_promises_too_much_is_refused_before_the_body_comes(caller):
    for size in (16385, 10**9, 2**63 - 1):
        with caller.connect(timeout=5) as connection:
            connection.send(SIGN_IN.format(size, "").encode())
            assert connection.read().verdict == (413, "body_too_large")


def test_slow_clients_are_closed_in_time(caller):
    """A head that never ends, a head that arrives slowly and a body that never comes: the server closes all
    of them."""
    with (
        caller.connect() as stuck,
        caller.connect() as dripping,
        caller.connect() as bodyless,
        caller.connect() as drip_body,
    ):
        start = time.monotonic()
        stuck.send(b"GET /healthz HTTP/1.1\r\nHost: local")
        dripping.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ")
        bodyless.send(SIGN_IN.format(100, "").encode() + b'{"user')
        drip_body.send(SIGN_IN.format(1000, "").encode())
        open_ones = {"stuck": stuck, "dripping": dripping, "bodyless": bodyless, "dripping body": drip_body}
        while open_ones and time.monotonic() - start < 40:
            for connection in (dripping, drip_body):
                try:
                    connection.send(b"a")
                except OSError:
                    pass
            time.sleep(0.25)
            for name, connection in list(open_ones.items()):
                connection.socket.setblocking(False)
                try:
                    while True:
                        data = connection.socket.recv(4096)
                        if not data:
                            del open_ones[name]
                            break
                        assert b" 200 " not in data
                except BlockingIOError:
                    pass
                except OSError:
                    open_ones.pop(name, None)
            if "stuck" in open_ones or "dripping" in open_ones:
                assert time.monotonic() - start < 15.5, f"still open after 15 s: {sorted(open_ones)}"
        assert not open_ones, f"still open after 40 s: {sorted(open_ones)}"


def test_many_idle_connections_do_not_keep_others_out(server, caller, ada):
    token = caller.sign_in_body(ada)["token"]
    crowd = []
    try:
        for number in range(400):
            connection = caller.connect()
            connection.send(HEALTH[: number % len(HEALTH)])
            crowd.append(connection)
        start = time.monotonic()
        for _ in range(20):
            assert caller.verify(token).status == 200
        assert time.monotonic() - start < 2
        assert Caller(server.port, next_address()).try_sign_in(ada).status == 200
    finally:
        for connection in crowd:
            connection.close()


class Crowded:
    """A server that may have so few descriptors that a crowd takes them all."""

    def __init__(self, make_server, settings=None):
        self.server = make_server(settings)
        self.server.limits = ["prlimit", "--nofile=300:300"]
        self.server.start()
        self.crowd = []

    def join(self, number, source, request=b""):
        """Opens connections of one address, or of a new address each."""
        for _ in range(number):
            connection = Caller(self.server.port, source or next_address()).connect()
            if request:
                connection.send(request)
                connection.read()
            self.crowd.append(connection)

    def alive(self):
        """How many connections of the crowd the server has not closed."""
        for connection in self.crowd:
            connection.socket.setblocking(False)
        alive = 0
        for connection in self.crowd:
            try:
                alive += connection.socket.recv(1) != b""
            except BlockingIOError:
                alive += 1
            except ConnectionResetError:
                pass
        return alive

    def disperse(self):
        for connection in self.crowd:
            connection.close()


@pytest.fixture
def crowded(make_server):
    made = []

    def make(settings=None):
        made.append(Crowded(make_server, settings))
        return made[-1]

    yield make
    for one in made:
        one.disperse()


@pytest.mark.parametrize(
    "request_sent", [b"", HEALTH], ids=["silent from the start", "silent after a request"]
)
def test_a_crowd_that_says_nothing_makes_room_for_others(crowded, request_sent):
    """1,300 silent connections shut new clients out for a minute (issue 18, row 11)."""
    place = crowded()
    user = place.server.add_user()
    place.join(400, None, request_sent)
    start = time.monotonic()
    for _ in range(5):
        assert Caller(place.server.port, next_address()).get("/healthz").status == 200
    assert Caller(place.server.port, next_address()).try_sign_in(user).status == 200
    assert time.monotonic() - start < 10
    wait_until(lambda: place.alive() < 300)
    assert place.alive() > 100, "only as many were closed as had to be"
    assert "connection_dropped" in place.server.log_with("connection_dropped")


def test_one_address_cannot_take_all_connections(crowded):
    place = crowded()
    place.join(60, None, HEALTH)
    bystanders = len(place.crowd)
    place.join(200, next_address())
    assert Caller(place.server.port, next_address()).get("/healthz").status == 200
    others, place.crowd = place.crowd[:bystanders], place.crowd[bystanders:]
    # An address has a quarter of the connections on each event loop. The kernel completes a connection before
    # its event loop takes and closes it.
    wait_until(lambda: place.alive() < 100)
    place.crowd, crowd = others, place.crowd
    assert place.alive() == bystanders, "nobody else had to go"
    place.crowd += crowd


def test_a_trusted_proxy_may_have_as_many_connections_as_it_needs(crowded):
    proxy = next_address()
    place = crowded({"trusted_proxies": [proxy]})
    place.join(150, proxy, HEALTH)
    assert place.alive() == 150


def test_a_client_that_does_not_read_its_answers_holds_nobody_up(caller, ada):
    token = caller.sign_in_body(ada)["token"]
    with caller.connect() as deaf:
        deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.socket.settimeout(1)
        message = caller.compose("GET", "/openapi.json")
        try:
            for _ in range(3000):
                deaf.send(message)
        except (TimeoutError, OSError):
            pass
        start = time.monotonic()
        for _ in range(20):
            assert caller.verify(token).status == 200
        assert time.monotonic() - start < 2


def test_a_client_that_reads_slowly_gets_every_byte(caller):
    whole = caller.get("/openapi.json").body
    with caller.connect() as connection:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
        connection.send(caller.compose("GET", "/openapi.json") * 40 + HEALTH)
        time.sleep(0.2)
        received = b""
        while received.count(b"HTTP/1.1 200 ") < 41 or not received.endswith(b'{"status":"ok"}'):
            data = connection.socket.recv(30001)
            assert data, "closed before the end"
            received += data
    assert received.count(whole) == 40


def test_clients_that_hang_up_harm_nobody(caller, ada):
    """Connections reset at every point of a request and of its answer do no harm."""
    form = json.dumps({"username": "ada", "password": ada.password}).encode()
    message = SIGN_IN.format(len(form), "").encode() + form
    for cut in [*range(0, len(message), 9), len(message)]:
        connection = caller.connect()
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.send(message[:cut] if cut % 2 else HEALTH + message[:cut])
        connection.close()
    assert caller.get("/healthz").status == 200
    assert caller.try_sign_in(ada).status == 200


def test_who_asks_for_much_and_reads_nothing_costs_little(make_server):
    """A client that asks for much and does not read makes the server keep neither copies nor megabytes in the
    kernel, and a client that reads late gets everything. The server is one of its own: in the memory of the
    shared one, password hashes of other tests come and go."""
    server = make_server().start()
    caller = Caller(server.port, next_address())
    wanted = caller.get("/openapi.json")
    assert len(wanted.body) > 50_000
    request, asked, lazy = caller.compose("GET", "/openapi.json"), 64, 100

    def resident_kb():
        return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{server.process.pid}/status").read_text())[1])

    def unsent():
        """Bytes that the kernel holds for the server's connections."""
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return [
            int(row[4].split(":")[0], 16)
            for row in rows
            if int(row[1].split(":")[1], 16) == server.port and row[3] == "01"
        ]

    before = resident_kb()
    readers = []
    try:
        for _ in range(lazy):
            reader = socket.socket()
            readers.append(reader)
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.connect(("127.0.0.1", server.port))
            reader.sendall(request * asked)
        deadline = time.monotonic() + 10
        while len([size for size in unsent() if size]) < lazy and time.monotonic() < deadline:
            time.sleep(0.05)
        held = unsent()
        assert len([size for size in held if size]) >= lazy, "the answers wait for their readers"
        assert max(held) < 256 * 1024
        assert resident_kb() - before < lazy * 40
        assert caller.get("/healthz").status == 200
        late = Connection(server.port)
        late.socket.close()
        late.socket = readers.pop()
        late.socket.settimeout(15)
        with late:
            for _ in range(asked):
                answer = late.read()
                assert answer.status == 200 and answer.body == wanted.body
    finally:
        for reader in readers:
            reader.close()

# SPDX-License-Identifier: Apache-2.0
"""An HTTP/1.1 client over a plain socket. It sends exactly the bytes that it is given.

Each request uses a connection of its own, so that no test depends on another's. The client checks every
answer against the rules that all answers share (`rules.py`), and keeps violations in `BREACHES`, which fails
the test.
"""

import json as json_module
import re
import socket
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from urllib.parse import quote

import rules

BREACHES = []
NOTHING = object()


@dataclass
class Cookie:
    """One Set-Cookie header. Attribute names are in lower case. Flags have the value None."""

    name: str
    value: str
    attributes: dict

    @property
    def expires(self):
        return int(parsedate_to_datetime(self.attributes["expires"]).timestamp())

    @property
    def clears(self):
        return self.value == "" and self.expires <= 86400 * 366

    @classmethod
    def parse(cls, text):
        pair, *attributes = text.split("; ")
        name, _, value = pair.partition("=")
        pairs = [attribute.partition("=") for attribute in attributes]
        return cls(name, value, {key.lower(): content if sign else None for key, sign, content in pairs})


@dataclass
class Answer:
    request: str
    status: int
    reason: str
    headers: list
    body: bytes
    seconds: float = 0.0
    raw_head: bytes = field(default=b"", repr=False)

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name):
        values = self.all(name)
        assert len(values) <= 1, f"{name} came {len(values)} times in the answer to {self.request}"
        return values[0] if values else None

    def json(self):
        return json_module.loads(self.body)

    @property
    def code(self):
        """The code of the problem document, or None if the answer is not one. OAuth clients get it as
        application/json, and users as a page."""
        kind = self.header("Content-Type") or ""
        if kind.startswith("text/html") and self.status >= 400:
            shown = re.search(rb"<code>([a-z_]+)</code>", self.body)
            return shown.group(1).decode() if shown else None
        if kind != "application/problem+json" and not (kind == "application/json" and self.status >= 400):
            return None
        return self.json().get("code")

    @property
    def verdict(self):
        return (self.status, self.code)

    @property
    def cookies(self):
        return {cookie.name: cookie for cookie in map(Cookie.parse, self.all("Set-Cookie"))}


class Closed(Exception):
    """Raised when the server closes the connection instead of answering."""


class Connection:
    """A socket that sends bytes and reads whole answers."""

    def __init__(self, port, source=None, timeout=60):
        self.socket = socket.create_connection(
            ("127.0.0.1", port), timeout=timeout, source_address=(source, 0) if source else None
        )
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def _more(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError as reset:
            raise Closed("reset") from reset
        if not data:
            raise Closed("closed")
        self.buffer += data

    def read(self, request="", head_only=False):
        """Reads one final answer and skips interim ones (100)."""
        while True:
            while b"\r\n\r\n" not in self.buffer:
                self._more()
            head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            version, status, reason = (lines[0] + "  ").split(" ", 2)
            assert version == "HTTP/1.1", lines[0]
            if status != "100":
                break
        headers = []
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            assert colon and name and name == name.strip(), f"broken header line {line!r}"
            headers.append((name, value.strip(" \t")))
        answer = Answer(request, int(status), reason.strip(), headers, b"", raw_head=head)
        if not head_only and answer.status not in (204, 304):
            length = answer.header("Content-Length")
            assert length is not None, f"no Content-Length in the answer to {request}"
            while len(self.buffer) < int(length):
                self._more()
            answer.body, self.buffer = self.buffer[: int(length)], self.buffer[int(length) :]
        BREACHES.extend(rules.breaches(answer, head_only))
        return answer

    def read_all(self):
        """Reads answers until the server closes the connection, and fails if it does not."""
        answers = []
        while True:
            try:
                answers.append(self.read())
            except Closed:
                assert not self.buffer, f"half an answer: {self.buffer!r}"
                return answers


def compose(method, target, port, headers=(), body=None, host=NOTHING):
    """Gives the bytes of a request. Besides the given headers it has only Host and Content-Length."""
    lines = [f"{method} {target} HTTP/1.1"]
    host = f"localhost:{port}" if host is NOTHING else host
    if host is not None:
        lines.append(f"Host: {host}")
    lines += [f"{name}: {value}" for name, value in headers]
    if body is not None and "content-length" not in {name.lower() for name, _ in headers}:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")


class Caller:
    """A client that calls the server from one address and keeps nothing between calls."""

    def __init__(self, port, source=None, timeout=60):
        self.port = port
        self.source = source
        self.timeout = timeout

    def connect(self, timeout=None):
        return Connection(self.port, self.source, timeout or self.timeout)

    def compose(
        self, method, target, *, json=NOTHING, body=None, headers=(), bearer=None, cookies=None, **more
    ):
        headers = list(headers.items() if isinstance(headers, dict) else headers)
        if bearer is not None:
            headers.append(("Authorization", f"Bearer {bearer}"))
        if cookies:
            pairs = cookies.items() if isinstance(cookies, dict) else cookies
            headers.append(("Cookie", "; ".join(f"{name}={value}" for name, value in pairs)))
        if json is not NOTHING:
            body = json_module.dumps(json).encode()
        if body is not None and "content-type" not in {name.lower() for name, _ in headers}:
            headers.append(("Content-Type", "application/json"))
        return compose(method, target, self.port, headers, body, **more)

    def request(self, method, target, **more):
        with self.connect() as connection:
            connection.send(self.compose(method, target, **more))
            return connection.read(f"{method} {target}", head_only=method == "HEAD")

    def raw(self, data):
        """Sends bytes and reads one answer."""
        with self.connect() as connection:
            connection.send(data)
            return connection.read(repr(data[:60]))

    def get(self, target, **more):
        return self.request("GET", target, **more)

    def post(self, target, **more):
        return self.request("POST", target, **more)

    def put(self, target, **more):
        return self.request("PUT", target, **more)

    def patch(self, target, **more):
        return self.request("PATCH", target, **more)

    def delete(self, target, **more):
        return self.request("DELETE", target, **more)

    # The calls that nearly every test makes.

    def try_sign_in(self, user, password=None, headers=(), cookies=None, **form):
        form = {"username": user.name, "password": user.password if password is None else password, **form}
        return self.post("/api/v1/authentication", json=form, headers=headers, cookies=cookies)

    def sign_in(self, user, delivery="body", **more):
        answer = self.try_sign_in(user, delivery=delivery, **more)
        assert answer.status == 200, answer
        return answer

    def sign_in_body(self, user, **more):
        """Signs in with delivery "body" and returns the JSON, with both tokens."""
        return self.sign_in(user, "body", **more).json()

    def refresh(self, refresh_token, **more):
        return self.post("/api/v1/authentication/refresh", json={"refresh_token": refresh_token}, **more)

    def sign_out(self, token, **more):
        return self.delete("/api/v1/authentication", bearer=token, **more)

    def verify(self, token=None, **more):
        return self.get("/api/v1/verify", bearer=token, **more)

    def end_session(self, token, session_id):
        return self.delete(f"/api/v1/sessions/{quote(session_id, safe='')}", bearer=token)


class Browser(Caller):
    """A caller with a cookie jar. It sends the headers that a browser sends from a page of the given
    origin."""

    def __init__(self, port, source=None, origin=None, site="same-origin"):
        super().__init__(port, source)
        self.origin = origin or f"http://localhost:{port}"
        self.site = site
        self.jar = {}

    def request(self, method, target, headers=(), cookies=None, **more):
        headers = list(headers.items() if isinstance(headers, dict) else headers)
        sent = {name.lower() for name, _ in headers}
        if self.site and "sec-fetch-site" not in sent:
            headers.append(("Sec-Fetch-Site", self.site))
        if method not in ("GET", "HEAD") and "origin" not in sent:
            headers.append(("Origin", self.origin))
        answer = super().request(
            method, target, headers=headers, cookies=self.jar if cookies is None else cookies, **more
        )
        for cookie in answer.cookies.values():
            if cookie.clears:
                self.jar.pop(cookie.name, None)
            else:
                self.jar[cookie.name] = cookie.value
        return answer

# SPDX-License-Identifier: Apache-2.0
"""An HTTP client with one connection, for asyncio."""

import asyncio
import json


class Lost(Exception):
    """Raised when it is unknown whether the server handled the request."""


class Link:
    """A keep-alive connection that opens when it is needed."""

    def __init__(self, port, host="127.0.0.1"):
        self.port, self.host = port, host
        self.reader = self.writer = None

    def close(self):
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None

    async def send(self, method, target, body=None, bearer=None):
        if self.writer is None or self.reader.at_eof():
            self.close()
            self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
        head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n"
        if bearer is not None:
            head += f"Authorization: Bearer {bearer}\r\n"
        data = b"" if body is None else json.dumps(body).encode()
        if body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n"
        self.writer.write(head.encode() + b"\r\n" + data)
        await self.writer.drain()

    async def read(self):
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        status = int(head.split(" ", 2)[1])
        length = head.partition("content-length:")[2].split("\r\n")[0].strip()
        body = await self.reader.readexactly(int(length)) if length else b""
        if "connection: close" in head:
            self.close()
        return status, json.loads(body) if body else {}

    async def ask(self, *arguments, **more):
        try:
            await self.send(*arguments, **more)
            return await asyncio.wait_for(self.read(), 10)
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            self.close()
            raise Lost from None

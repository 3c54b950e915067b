# SPDX-License-Identifier: Apache-2.0
"""Takes JWTs apart and joins the parts again, with any mistake that a test wants."""

import base64
import json


def encode(data):
    if not isinstance(data, bytes):
        data = (
            json.dumps(data, separators=(",", ":")).encode() if not isinstance(data, str) else data.encode()
        )
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def parts_of(token):
    """The header and the claims as objects, the signature as bytes."""
    header, claims, signature = token.split(".")
    return json.loads(decode(header)), json.loads(decode(claims)), decode(signature)


def header_of(token):
    return parts_of(token)[0]


def claims_of(token):
    return parts_of(token)[1]


def join(header, claims, signature=b""):
    return f"{encode(header)}.{encode(claims)}.{encode(signature)}"

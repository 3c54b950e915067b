# SPDX-License-Identifier: Apache-2.0
"""Loopback addresses for tests."""

import itertools

_addresses = itertools.count(1)


def next_address():
    """A loopback address that no other test uses. It is an IPv4 /32 of its own for the limits."""
    number = next(_addresses)
    return f"127.7.{number // 250}.{number % 250 + 1}"

# SPDX-License-Identifier: Apache-2.0
"""The server's table of routes, from docs/routes.md, which a unit test compares with the real table."""

import re
from typing import NamedTuple

from server import ROOT


class Route(NamedTuple):
    method: str
    path: str
    who: str
    style: str
    takes: str


ROUTES = [
    Route(*row)
    for row in re.findall(
        r"^\| (\w+) \| `(/[^`]*)` \| ([^|]+?) \| (\w+) \| ([^|]*?) ?\|$",
        (ROOT / "docs/routes.md").read_text(),
        re.M,
    )
]

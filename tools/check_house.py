# SPDX-License-Identifier: Apache-2.0
"""Compares src/ with the drawing in ARCHITECTURE.md: which room (directory of src/) may include which, where
third-party headers, clocks, random sources and co_await are allowed, and how long a file may be."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
SEES = {
    "base": set(),
    "crypto": {"base"},
    "token": {"crypto", "base"},
    "verify": {"token", "crypto", "base"},
    "auth": {"verify", "token", "crypto", "base"},
    "store": {"auth", "verify", "token", "crypto", "base"},
    "web": {"auth", "verify", "token", "crypto", "base"},
    "app": {"web", "store", "auth", "verify", "token", "crypto", "base"},
}
# Third-party headers, and the rooms that may include them. All rooms may use boost/system/result.hpp.
THIRD_PARTY = [
    (r"boost/system/", set(SEES)),
    (r"boost/(asio|beast|intrusive)|boost/url", {"web"}),
    (r"boost/json", {"web", "token", "app"}),
    (r"openssl/", {"crypto"}),
    (r"sodium\.h|crypt\.h", {"crypto", "base"}),
    (r"sqlite3\.h|libpq", {"store"}),
    (r"utf8proc", {"base"}),
    (r"spdlog/|fmt/", {"base"}),
    (r"toml\+\+/|CLI/", {"app"}),
]
RULES = [
    (
        r"\b(system_clock|gettimeofday|clock_gettime|std::time\()",
        {"base/time.cpp"},
        "the clock is read in base/time alone",
    ),
    (
        r"\bread_clock\(\)",
        {
            "base/time.hpp",
            "base/time.cpp",
            "base/log.cpp",
            "web/connection.cpp",
            "web/steps.cpp",
            "app/cli.cpp",
            "app/commands.cpp",
            "app/doctor.cpp",
        },
        "time is a value that is handed down",
    ),
    (
        r"\b(std::rand|std::random_device|mt19937|RAND_bytes|randombytes)",
        {"base/random.cpp"},
        "random bytes come from base/random alone",
    ),
    (
        r"\bco_(await|return)\b",
        {
            "web/handle_authentication.cpp",
            "web/handle_sessions.cpp",
            "web/handle_users.cpp",
            "web/handle_public.cpp",
            "web/handle_admin.cpp",
            "web/handle_oauth.cpp",
            "web/handle_status.cpp",
        },
        "coroutines stand in web/handle_*.cpp alone",
    ),
    (r"\b(TODO|FIXME|XXX)\b", set(), "unfinished"),
]
MAX_LINES = 500

problems = []
for path in sorted((ROOT / "src").glob("*/*.[ch]pp")):
    room, name = path.parent.name, f"{path.parent.name}/{path.name}"
    is_test = path.name.endswith("_test.cpp")
    text = path.read_text()
    if not text.startswith("// SPDX-License-Identifier: Apache-2.0\n"):
        problems.append(f"{name}: the first line names the licence")
    if text.count("\n") > MAX_LINES:
        problems.append(f"{name}: {text.count(chr(10))} lines, at most {MAX_LINES}")
    for number, line in enumerate(text.splitlines(), 1):
        where = f"{name}:{number}"
        own = re.match(r'#include "(\w+)/', line)
        if own and not is_test and own.group(1) not in SEES[room] | {room}:
            problems.append(f"{where}: {room} does not see {own.group(1)}")
        if re.match(r'#include "[^/]*"', line):
            problems.append(f"{where}: includes name their room")
        other = re.match(r"#include <([^>]+)>", line)
        if other and not is_test:
            for pattern, rooms in THIRD_PARTY:
                if re.match(pattern, other.group(1)):
                    if room not in rooms:
                        problems.append(f"{where}: <{other.group(1)}> belongs to {', '.join(sorted(rooms))}")
                    break
        code = line.split("//")[0]
        for pattern, allowed, why in RULES:
            if not is_test and name not in allowed and re.search(pattern, code):
                problems.append(f"{where}: {why}")

print("\n".join(problems) or "the house is as it is drawn")
sys.exit(1 if problems else 0)

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
    "http": {"base"},
    "web": {"http", "auth", "verify", "token", "crypto", "base"},
    "app": {"web", "http", "store", "auth", "verify", "token", "crypto", "base"},
}
# Third-party headers, and the rooms that may include them.
THIRD_PARTY = [
    (r"boost/(asio|beast|intrusive)|boost/url", {"http", "web"}),
    (r"boost/json", {"web", "token", "app"}),
    (r"boost/unordered", {"verify"}),
    (r"openssl/", {"crypto"}),
    (r"sodium\.h|crypt\.h", {"crypto", "base"}),
    (r"sqlite3\.h|libpq", {"store"}),
    (r"utf8proc|unicode/", {"base"}),
    (r"spdlog/|fmt/", {"base"}),
    (r"toml\+\+/|CLI/", {"app"}),
]
# A pattern that may occur in these files or folders only, and why.
RULES = [
    (
        r"\b(system_clock|gettimeofday|clock_gettime|std::time\()",
        ["base/clock.cpp"],
        "only base/clock reads the clock",
    ),
    (
        r"\bread_clocks?\(\)",
        [
            "base/clock",
            "base/log.cpp",
            "http/connection",
            "web/steps.cpp",
            "app/cli.cpp",
            "app/commands/",
        ]
        + ["app/doctor.cpp", "app/node.cpp", "app/serve.cpp"],
        "time is a value that is handed down",
    ),
    (
        r"\b(std::rand|std::random_device|mt19937|RAND_bytes|randombytes)",
        ["base/random.cpp"],
        "random bytes come from base/random only",
    ),
    (r"\bfrom_chars\b", ["base/numbers.hpp", "base/time.cpp"], "base/numbers reads numbers"),
    (
        r"\bco_(await|return)\b",
        [
            "web/session/",
            "web/account/",
            "web/admin/",
            "web/oauth/",
            "web/verify/",
            "web/pages/",
            "web/health.cpp",
        ]
        + ["web/edge.cpp", "web/routes.cpp", "web/steps.hpp"],
        "coroutines stand in web's handlers only",
    ),
    (r"\b(TODO|FIXME|XXX)\b", [], "unfinished"),
]
MAX_LINES, MAX_COLUMNS = 400, 110


def check_includes(name, room, number, line, is_test):
    own = re.match(r'#include "(\w+)/', line)
    # Generated headers lie in the folder of the room that uses them.
    generated = line.startswith('#include "sdk/')
    if own and not is_test and not generated and own.group(1) not in SEES.get(room, set()) | {room}:
        yield f"{room} does not see {own.group(1)}"
    if re.match(r'#include "[^/]*"', line):
        yield "an include names its room"
    other = re.match(r"#include <([^>]+)>", line)
    if other and not is_test:
        for pattern, rooms in THIRD_PARTY:
            if re.match(pattern, other.group(1)):
                if room not in rooms:
                    yield f"<{other.group(1)}> belongs to {', '.join(sorted(rooms))}"
                break


def check_file(path):
    name = path.relative_to(ROOT / "src").as_posix()
    room, is_test = name.split("/")[0], name.endswith("_test.cpp")
    text = path.read_text()
    if not text.startswith("// SPDX-License-Identifier: Apache-2.0\n"):
        yield f"{name}: the first line must name the licence"
    lines = text.splitlines()
    if len(lines) > MAX_LINES:
        yield f"{name}: {len(lines)} lines, at most {MAX_LINES}"
    for number, line in enumerate(lines, 1):
        problems = list(check_includes(name, room, number, line, is_test))
        if len(line) > MAX_COLUMNS and "clang-format off" not in text and not is_test:
            problems.append(f"{len(line)} columns, at most {MAX_COLUMNS}")
        code = line.split("//")[0]
        for pattern, allowed, why in RULES:
            if (
                not is_test
                and re.search(pattern, code)
                and not any(name.startswith(place) for place in allowed)
            ):
                problems.append(why)
        yield from (f"{name}:{number}: {problem}" for problem in problems)


def main():
    problems = []
    for path in sorted((ROOT / "src").rglob("*.[ch]pp")):
        problems += check_file(path)
    for room in sorted({path.name for path in (ROOT / "src").iterdir() if path.is_dir()} - set(SEES)):
        problems.append(f"src/{room} is a room that ARCHITECTURE.md does not draw")
    print("\n".join(problems) or "src/ follows ARCHITECTURE.md")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

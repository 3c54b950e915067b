#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fills the SQLite database of a stopped server with millions of rows: users that share one password, and
live sessions whose tokens nobody has. The rows that are there already end up among the new ones, as far apart
as if all had been added one by one.

  bench/populate.py DATA-DIRECTORY --users 1e6 --sessions 1e7
"""

import argparse
import contextlib
import os
import random
import sqlite3
import sys
import time
from base64 import urlsafe_b64encode
from pathlib import Path

WEEK_MS = 7 * 86_400_000
BATCH = 100_000


def random_ids(count):
    """Makes ids as base::random_id() does: 16 bytes in base64url."""
    for start in range(0, count, BATCH):
        size = min(BATCH, count - start)
        drawn = os.urandom(16 * size)
        for at in range(0, 16 * size, 16):
            yield urlsafe_b64encode(drawn[at : at + 16])[:22].decode()


def count_of(database, table):
    return database.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]


def spread(database, table, total):
    """Moves the rows of a table apart, so that equally many new rows fit between any two of them. Returns the
    row numbers that stay free."""
    present = count_of(database, table)
    step = max(1, total // max(1, present))
    # In two updates: in one, a row could get the number of another that has not moved yet.
    database.execute(f"UPDATE {table} SET rowid = -rowid")
    database.execute(
        f"UPDATE {table} SET rowid = numbered.place * {step} FROM (SELECT rowid AS old, row_number() OVER (ORDER BY rowid DESC) AS place FROM {table}) AS numbered"
        f" WHERE {table}.rowid = numbered.old"
    )
    return (number for number in range(1, total + 1) if number % step or number > present * step)


def insert(database, table, like, varying, rows):
    """Inserts rows like an existing one (a dict), except for the columns that vary."""
    columns = ["rowid", *varying, *(name for name in like if name not in varying)]
    places = ["?"] * (len(varying) + 1) + [
        database.execute("SELECT quote(?)", (like[name],)).fetchone()[0]
        for name in like
        if name not in varying
    ]
    database.executemany(f"INSERT INTO {table}({', '.join(columns)}) VALUES ({', '.join(places)})", rows)


def first_row(database, table):
    database.row_factory = sqlite3.Row
    row = database.execute(f"SELECT * FROM {table} LIMIT 1").fetchone()
    database.row_factory = None
    if row is None:
        raise SystemExit(
            f"populate: there has to be one of the {table} already, for the others to be like it"
        )
    return dict(row)


def fill(path, users, sessions):
    """Adds rows until there are so many users and sessions. New users have the password of the first user,
    and names such as bulk-0000001."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        # If this ends halfway, the file is of no use anyway, so nothing needs to survive a failure.
        for pragma in (
            "locking_mode = EXCLUSIVE",
            "journal_mode = OFF",
            "synchronous = OFF",
            "cache_size = -4000000",
        ):
            database.execute(f"PRAGMA {pragma}").fetchall()
        indexes = database.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name IN ('users', 'sessions') AND sql IS NOT NULL"
        ).fetchall()
        for name, _ in indexes:
            database.execute(f"DROP INDEX {name}")
        database.execute("BEGIN")
        if users > count_of(database, "users"):
            like = first_row(database, "users")
            names = (f"bulk-{number:07}" for number in range(1, users + 1))
            insert(
                database,
                "users",
                {**like, "email": None, "email_key": None},
                ["id", "username", "username_key"],
                (
                    (place, id, name, name)
                    for place, id, name in zip(spread(database, "users", users), random_ids(users), names)
                ),
            )
        missing = sessions - count_of(database, "sessions")
        if missing > 0:
            like = first_row(database, "sessions")
            ids = [row[0] for row in database.execute("SELECT id FROM users WHERE username LIKE 'bulk-%'")]
            now = int(time.time() * 1000)

            def rows():
                for place, id in zip(spread(database, "sessions", sessions), random_ids(missing)):
                    used = now - random.randrange(WEEK_MS)  # so that some of them end in each second
                    yield (
                        place,
                        id,
                        random.choice(ids),
                        random.randbytes(32),
                        used,
                        used,
                        used + WEEK_MS,
                        used + 4 * WEEK_MS,
                        used + 900_000,
                        used + WEEK_MS,
                    )

            insert(
                database,
                "sessions",
                {**like, "status": -1},
                [
                    "id",
                    "user_id",
                    "secret_hash",
                    "created",
                    "last_used",
                    "idle_end",
                    "absolute_end",
                    "access_end",
                    "due",
                ],
                rows(),
            )
        for _, sql in indexes:
            database.execute(sql)
        database.execute("COMMIT")
        database.execute("PRAGMA journal_mode = WAL").fetchall()


def main():
    parser = argparse.ArgumentParser(prog="bench/populate.py", description=__doc__.split("\n\n")[0])
    parser.add_argument("data", type=Path, help="the data directory of a stopped server")
    parser.add_argument("--users", type=float, default=1e6)
    parser.add_argument("--sessions", type=float, default=1e7)
    options = parser.parse_args()
    started = time.monotonic()
    fill(options.data / "coatcheck.db", int(options.users), int(options.sessions))
    print(
        f"populate: {options.users:,.0f} users and {options.sessions:,.0f} sessions in {time.monotonic() - started:.0f} s"
    )


if __name__ == "__main__":
    sys.exit(main())

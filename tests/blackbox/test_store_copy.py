# SPDX-License-Identifier: Apache-2.0
"""`coatcheck store copy` moves an installation from SQLite to PostgreSQL, and no user is signed out;
`coatcheck migrate`."""

import fcntl
import json
import signal
import sqlite3
import subprocess
import time
import uuid

import oauth
import postgres
import pytest
from client import Caller
from conftest import next_address
from server import BINARY, PASSWORD, User, clean_environment

OF_OAUTH = ["clients", "consents", "codes"]
TABLES = ["keys", "service_keys", "revocations", "users", "sessions", *OF_OAUTH, "buckets", "audit"]
GRANT_COLUMNS = ["client_id", "scope", "resources", "parent", "auth_time"]


class Installation:
    """A server on SQLite, and the PostgreSQL schema that it moves to."""

    def __init__(self, make_server):
        self.server = make_server({"store.url": "sqlite:coatcheck.db"})
        self.server.start()
        self.schema = postgres.shared().new_schema()
        self.to = postgres.shared().url_of(self.schema)

    def call(self):
        return Caller(self.server.port, next_address())

    def try_copy(self, *words):
        return self.server.try_command(
            "store", "copy", "--from", "sqlite:coatcheck.db", "--to", self.to, *words, timeout=120
        )

    def copy(self):
        result = self.try_copy("--json")
        assert result.returncode == 0, result.stderr
        said = json.loads(result.stdout)
        return said["finished"], {row.pop("table"): row for row in said["tables"]}

    def move(self):
        self.server.stop()
        finished, tables = self.copy()
        assert finished
        return tables

    def serve_there(self):
        self.server.settings["store.url"] = self.to
        return self.server.start()

    def in_sqlite(self, sql):
        with sqlite3.connect(self.server.data / "coatcheck.db") as database:
            return database.execute(sql).fetchall()

    def there(self, sql):
        return postgres.shared().query(sql, self.schema)


@pytest.fixture
def here(make_server):
    return Installation(make_server)


def ended(answer):
    return answer.status == 401


def test_everybody_stays_signed_in_and_nobody_comes_back(here):
    ada, bob, eve = [here.server.add_user(name) for name in ("ada", "bob", "eve")]
    alive = [here.call().sign_in_body(user) for user in (ada, ada, bob)]
    rotated = here.call().refresh(alive[1]["refresh_token"]).json()
    out = here.call().sign_in_body(bob)
    assert here.call().sign_out(out["token"]).status == 204
    gone = here.call().sign_in_body(eve)
    here.server.command("user", "disable", "eve")
    key = here.server.command("service-key", "add", "api", "--scope", "feed").strip()
    feed = here.call().get("/api/v1/revocations", bearer=key).json()
    keys = here.call().get("/.well-known/jwks.json").json()
    assert here.call().try_sign_in(ada, "not the password at all").status == 401

    events = here.server.rows("audit", "list")
    tables = here.move()
    assert set(tables) == set(TABLES)
    for name in TABLES:
        count = here.in_sqlite(f"SELECT COUNT(*) FROM {name}")[0][0]
        assert tables[name]["rows"] == count == int(here.there(f"SELECT COUNT(*) FROM {name}")), name
        assert tables[name]["checksum"], name
    assert tables["users"]["rows"] == 3 and tables["sessions"]["rows"] == 5 and tables["buckets"]["rows"] > 0

    here.serve_there()
    for session in (alive[0], rotated, alive[2]):
        assert here.call().verify(session["token"]).status == 200
        assert here.call().refresh(session["refresh_token"]).status == 200
    assert here.call().refresh(alive[1]["refresh_token"]).status == 200, (
        "superseded a moment ago: within the grace"
    )
    for session in (out, gone):
        assert ended(here.call().verify(session["token"])) and ended(
            here.call().refresh(session["refresh_token"])
        )
    assert here.call().get("/.well-known/jwks.json").json() == keys
    assert here.call().try_sign_in(eve).status == 401
    assert here.call().sign_in_body(bob)["token"]
    # A follower of the feed continues at its cursor.
    assert here.call().get(f"/api/v1/revocations?since={feed['cursor']}", bearer=key).json()["entries"] == []
    assert here.call().sign_out(alive[0]["token"]).status == 204
    deadline = time.monotonic() + 5
    while not here.call().get(f"/api/v1/revocations?since={feed['cursor']}", bearer=key).json()["entries"]:
        assert time.monotonic() < deadline
    assert len(events) >= 5 and here.server.rows("audit", "list")[-len(events) :] == events


def test_first_beside_the_running_server_then_what_changed(here):
    ada, bob, cleo = [here.server.add_user(name) for name in ("ada", "bob", "cleo")]
    here.server.command("user", "set", "ada", "--email", "a@example.com")
    here.server.command("user", "set", "bob", "--email", "b@example.com")
    first = [here.call().sign_in_body(user) for user in (ada, bob, cleo)]
    finished, tables = here.copy()
    assert not finished and tables["sessions"]["added"] == 3 and tables["users"]["added"] == 3
    assert here.call().verify(first[0]["token"]).status == 200, "it is served here still"

    # Many changes, and among them some that would collide if the rows were copied one by one.
    here.server.command("user", "set", "ada", "--email", "")
    here.server.command("user", "set", "bob", "--email", "a@example.com")
    here.server.command("user", "set", "ada", "--email", "b@example.com")
    here.server.command("user", "delete", "cleo")
    rotated = here.call().refresh(first[0]["refresh_token"]).json()
    assert here.call().sign_out(first[1]["token"]).status == 204
    dora = here.server.add_user("dora")
    late = here.call().sign_in_body(dora)
    tables = here.move()
    assert (tables["users"]["added"], tables["users"]["removed"]) == (3, 3)

    here.serve_there()
    for session in (rotated, late):
        assert here.call().refresh(session["refresh_token"]).status == 200
    assert ended(here.call().verify(first[1]["token"])) and ended(here.call().verify(first[2]["token"]))
    assert here.call().sign_in_body(User("a@example.com", PASSWORD))["user"]["username"] == "bob"


def test_the_source_is_served_no_more_and_a_second_copy_cannot_overwrite(here):
    ada = here.server.add_user("ada")
    session = here.call().sign_in_body(ada)
    here.move()
    with pytest.raises(RuntimeError, match="moved to postgres"):
        here.server.start()
    here.serve_there()
    assert here.call().sign_out(session["token"]).status == 204
    here.server.stop()
    again = here.try_copy()
    assert again.returncode == 1 and "moved to postgres" in again.stderr
    assert ended(here.serve_there() and here.call().verify(session["token"]))


def test_one_copy_of_two_is_finished(here, make_server):
    """A copy that was begun in another database must not be opened too."""
    session = here.call().sign_in_body(here.server.add_user("ada"))
    elsewhere, here.to = here.to, postgres.shared().fresh_url()
    assert here.server.try_command("store", "copy", "--to", elsewhere).returncode == 0
    here.move()
    refused = here.server.try_command("store", "copy", "--to", elsewhere)
    assert refused.returncode == 1 and "moved to postgres" in refused.stderr
    here.serve_there()
    assert here.call().refresh(session["refresh_token"]).status == 200
    other = make_server({"store.url": elsewhere})
    with pytest.raises(RuntimeError, match="not finished"):
        other.start()


def test_a_target_that_holds_something_is_refused(here, make_server):
    other = make_server({"store.url": here.to})
    other.start()
    other.add_user("zoe")
    here.server.add_user("ada")
    here.server.stop()
    refused = here.try_copy()
    assert refused.returncode == 1 and "empty database" in refused.stderr
    assert here.there("SELECT username FROM users") == "zoe"
    here.server.start()  # and the source goes on


def test_beside_a_server_that_goes_on_and_a_run_that_was_left_behind(here):
    """A sign-up that the copy has passed does not stop it. A run that wakes up after another run has finished
    changes nothing."""
    count = 60_000
    here.server.stop()
    here.in_sqlite(
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) INSERT INTO users"
        " SELECT 'bulk-' || i, 'name ' || i, 'name ' || i, NULL, NULL, 1, 0, '', '{}', 'x', 1764000000000 FROM n"
    )
    here.server.start()
    words = [
        str(BINARY),
        "store",
        "copy",
        "--to",
        here.to,
        "--json",
        "--data",
        str(here.server.data),
        "--config",
        str(here.server.config),
    ]

    def begin():
        copying = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=clean_environment()
        )
        deadline = time.monotonic() + 30
        while "copied" not in copying.stderr.readline():
            assert time.monotonic() < deadline and copying.poll() is None
        copying.send_signal(signal.SIGSTOP)
        return copying

    first = begin()
    ada = here.server.add_user("ada", PASSWORD, "--id", "a-before-all-others")
    session = here.call().sign_in_body(ada)
    first.send_signal(signal.SIGCONT)
    said, errors = first.communicate(timeout=60)
    tables = {row["table"]: row for row in json.loads(said)["tables"]}
    assert first.returncode == 0 and tables["sessions"]["added"] == 0 and tables["users"]["added"] == count, (
        errors
    )

    here.there("DELETE FROM users")  # so that there is something to copy again
    second = begin()
    tables = here.move()
    assert tables["users"]["rows"] == count + 1
    here.serve_there()
    assert here.call().sign_out(session["token"]).status == 204
    before = here.there("SELECT md5(string_agg(u::text, '|' ORDER BY id)) FROM users u")
    second.send_signal(signal.SIGCONT)
    _, errors = second.communicate(timeout=60)
    # On a busy machine PostgreSQL has ended the sleeper's transaction meanwhile, which is idle for 10 s then.
    assert second.returncode == 1
    assert "another run of this copy" in errors or "closed the connection" in errors or "timeout" in errors
    assert here.there("SELECT md5(string_agg(u::text, '|' ORDER BY id)) FROM users u") == before
    assert ended(here.call().verify(session["token"]))


def test_two_runs_that_finish_are_one_too_many(here):
    here.server.stop()
    lock = (here.server.data / "lock").open("r+")
    fcntl.flock(lock, fcntl.LOCK_EX)  # as another run would hold it
    refused = here.try_copy()
    assert refused.returncode == 1 and "in use by another coatcheck" in refused.stderr
    lock.close()
    here.move()


def test_killed_in_the_middle_it_goes_on_and_nobody_serves_the_half(here):
    here.server.add_user("ada")
    here.call().sign_in_body(User("ada", PASSWORD))
    here.server.stop()
    # Many users, so that the copy can be interrupted in the middle.
    count = 60_000
    here.in_sqlite(
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) INSERT INTO users"
        " SELECT 'bulk-' || i, 'name ' || i, 'name ' || i, NULL, NULL, 1, 0, '', '{}', 'x', 1764000000000 FROM n"
    )
    words = [
        str(BINARY),
        "store",
        "copy",
        "--to",
        here.to,
        "--data",
        str(here.server.data),
        "--config",
        str(here.server.config),
    ]
    copying = subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=clean_environment()
    )
    deadline = time.monotonic() + 30
    while True:
        assert time.monotonic() < deadline and copying.poll() is None
        try:
            if int(here.there("SELECT COUNT(*) FROM users")) > 0:
                break
        except subprocess.CalledProcessError:
            pass  # the table does not exist yet
        time.sleep(0.01)
    copying.kill()
    copying.wait()
    half = int(here.there("SELECT COUNT(*) FROM users"))
    assert 0 < half < count

    here.server.settings["store.url"] = here.to
    with pytest.raises(RuntimeError, match="not finished"):
        here.server.start()
    here.server.settings["store.url"] = "sqlite:coatcheck.db"
    here.server.start()  # until the end, the source is the installation
    tables = here.move()
    assert (
        tables["users"]["rows"] == count + 1
        and tables["users"]["added"] == count + 1 - half
        and tables["users"]["removed"] == 0
    )
    here.serve_there()


def test_interrupted_at_the_very_end_it_can_be_finished(here):
    """The source is given up before the target is opened. In between no server starts, and the command
    continues from there."""
    here.server.add_user("ada")
    here.move()
    feed = here.in_sqlite("SELECT feed FROM meta")[0][0]
    here.there(f"UPDATE meta SET copy_of = '{feed} an-earlier-run'")
    for url in (here.to, "sqlite:coatcheck.db"):
        here.server.settings["store.url"] = url
        with pytest.raises(RuntimeError, match="not finished|moved to"):
            here.server.start()
    assert here.copy()[0]
    here.serve_there()


def test_a_restored_copy_moves_without_its_sessions(here):
    """A session that ended after the backup was made must not come back through the move."""
    session = here.call().sign_in_body(here.server.add_user("ada"))
    here.server.stop()
    data = here.server.data
    subprocess.run(["cp", "-r", data, data.with_name("backup")], check=True)
    here.server.start()
    assert here.call().sign_out(session["token"]).status == 204
    here.server.stop()
    subprocess.run(["rm", "-r", data], check=True)
    data.with_name("backup").rename(data)
    here.move()
    here.serve_there()
    assert ended(here.call().verify(session["token"])) and ended(
        here.call().refresh(session["refresh_token"])
    )


@pytest.mark.parametrize(
    "words, sentence",
    [
        (("--from", "sqlite:nothing.db"), "there is no database at"),
        (("--from", "postgres://localhost/a"), "--from must be sqlite:FILE"),
        (("--from", "sqlite:../data/coatcheck.db"), "a file in the data directory"),
        (("--to", "sqlite:b.db"), "--to must be postgres://"),
        (("--to", "postgres://me:secret@127.0.0.1:1/a"), "must not hold a password"),
        (("--to", "postgres://127.0.0.1:1/a"), "Connection refused"),
    ],
)
def test_mistakes_are_told(here, words, sentence):
    here.server.stop()
    options = {"--from": "sqlite:coatcheck.db", "--to": here.to} | {words[0]: words[1]}
    result = here.server.try_command(
        "store", "copy", *[word for option in options.items() for word in option]
    )
    assert result.returncode == 1 and sentence in result.stderr
    here.server.start()


def test_migrate_tells_and_does(make_server):
    schema = postgres.shared().new_schema()
    server = make_server({"store.url": postgres.shared().url_of(schema)})
    plan = server.command_json("migrate", "plan")
    assert plan["version"] == 0 and plan["to_come"][0] == "0001_start.sql"
    assert server.command_json("migrate", "plan") == plan, "a plan changes nothing"
    done = server.command_json("migrate", "apply")
    assert done["applied"] == plan["to_come"] and done["version"] == done["known"] == plan["known"]
    assert "nothing to do" in server.command("migrate", "plan") and "nothing to do" in server.command(
        "migrate", "apply"
    )
    server.start()
    assert "nothing to do" in server.command("migrate", "plan"), "beside a running server"
    postgres.shared().query("INSERT INTO coatcheck_schema VALUES (99)", schema)
    refused = server.try_command("migrate", "plan")
    assert refused.returncode == 1 and "use a newer coatcheck" in refused.stderr


def test_clients_and_grants_come_along(make_server):
    here = Installation(make_server)
    here.server.stop()
    here.server.settings |= oauth.SETTINGS
    here.server.start()
    user = here.server.add_user()
    client = oauth.Client(here.server, "web", "Moving", "--redirect", oauth.CALLBACK)
    visitor = oauth.Visitor(here.server, user)
    tokens = client.sign_in(visitor)
    code = visitor.code_for(client.request())
    here.move()
    here.serve_there()
    client.caller = here.call()
    assert client.refresh(tokens["refresh_token"]).status == 200
    assert client.redeem(code).status == 200


def older_sqlite(make_server):
    """A server that is stopped, with a database of schema 3."""
    server = make_server({"store.url": "sqlite:coatcheck.db"})
    server.add_user("ada")
    with sqlite3.connect(server.data / "coatcheck.db") as database:
        for index in ("revocations_by_subject", "sessions_by_due", "users_disabled", "audit_by_kind"):
            database.execute(f"DROP INDEX {index}")
        database.execute("CREATE INDEX sessions_by_end ON sessions(idle_end)")
        database.execute("ALTER TABLE sessions DROP COLUMN due")
        database.execute("ALTER TABLE keys DROP COLUMN token_life")
        database.execute("ALTER TABLE audit DROP COLUMN place")
        database.execute("ALTER TABLE sessions DROP COLUMN older_end")
        database.execute("ALTER TABLE sessions DROP COLUMN amr")
        database.execute("DROP INDEX sessions_of_client")
        for table in reversed(OF_OAUTH):
            database.execute(f"DROP TABLE {table}")
        for column in GRANT_COLUMNS:
            database.execute(f"ALTER TABLE sessions DROP COLUMN {column}")
        database.execute("PRAGMA user_version = 3")
    return server


def version_of(path):
    with sqlite3.connect(path) as database:
        return database.execute("PRAGMA user_version").fetchone()[0]


def test_migrate_on_sqlite(make_server):
    server = make_server({"store.url": "sqlite:coatcheck.db"})
    refused = server.try_command("migrate", "plan")
    assert refused.returncode == 1 and "there is no database at" in refused.stderr
    server.start()
    assert "nothing to do" in server.command("migrate", "plan")
    busy = server.try_command("migrate", "apply")
    assert busy.returncode == 1 and "in use by another coatcheck" in busy.stderr
    server.stop()
    assert not list(server.data.glob("*.schema-*")), "a new database has no older form"
    server = older_sqlite(make_server)
    steps = server.command_json("migrate", "plan")["to_come"]
    assert steps[:2] == ["0004_older_systems.sql", "0005_growth.sql"]
    assert server.command_json("migrate", "apply")["applied"] == steps
    server.start()


@pytest.mark.parametrize(
    "words",
    [
        ("user", "list"),
        ("session", "list"),
        ("audit", "list"),
        ("key", "list"),
        ("service-key", "list"),
        ("doctor",),
    ],
)
def test_commands_that_only_read_leave_an_older_database_alone(make_server, words):
    """They migrated it, and the older program no longer started (issue 18, row 47)."""
    server = older_sqlite(make_server)
    result = server.try_command(*words)
    if words != ("doctor",):
        assert result.returncode == 1 and "run `coatcheck migrate apply`" in result.stderr
    assert version_of(server.data / "coatcheck.db") == 3


def test_the_database_as_it_was_is_kept_before_a_migration(make_server):
    server = older_sqlite(make_server)
    database = server.data / "coatcheck.db"
    server.start()
    copy = server.data / "coatcheck.db.schema-3"
    assert version_of(database) > 3 == version_of(copy)
    assert copy.stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(copy) as older:
        assert older.execute("SELECT username FROM users").fetchall() == [("ada",)]
    server.stop()
    for name in ("coatcheck.db-wal", "coatcheck.db-shm"):
        (server.data / name).unlink(missing_ok=True)
    copy.rename(database)
    server.start()
    assert "restored copy" in server.log(), "a way back, which ends every session"
    assert [user["username"] for user in server.rows("user", "list")] == ["ada"]


def test_without_room_for_the_copy_nothing_is_migrated(make_server):
    server = older_sqlite(make_server)
    (server.data / "coatcheck.db.schema-3").mkdir()
    (server.data / "coatcheck.db.schema-3" / "in the way").touch()
    result = server.try_command("migrate", "apply")
    assert result.returncode == 1 and "cannot keep the copy" in result.stderr
    assert version_of(server.data / "coatcheck.db") == 3


def test_an_upgrade_on_postgresql_stays_where_the_tables_are(make_server):
    """With tables in `public`, a schema that was named like the role later got an empty installation
    (issue 18, row 57)."""
    database = postgres.shared()
    name = f"upgrade_{uuid.uuid4().hex[:8]}"
    database.query(f"CREATE ROLE {name} LOGIN")
    database.query(f"CREATE DATABASE {name} OWNER {name}")
    url = database.url.replace("/postgres?", f"/{name}?").replace("user=postgres", f"user={name}")
    server = make_server({"store.url": url})
    server.add_user("ada")

    def query(sql):
        return subprocess.run(
            ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", url, "-c", sql],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    newest = int(query("SELECT MAX(version) FROM coatcheck_schema"))
    query("DROP INDEX users_disabled; DROP INDEX sessions_by_due; ALTER TABLE sessions DROP COLUMN due")
    query("DROP INDEX audit_by_kind; ALTER TABLE audit DROP COLUMN place")
    query("ALTER TABLE sessions DROP COLUMN amr")
    query("DROP INDEX sessions_of_client; DROP TABLE codes, consents, clients")
    query("ALTER TABLE sessions " + ", ".join(f"DROP COLUMN {column}" for column in GRANT_COLUMNS))
    query("ALTER TABLE keys DROP COLUMN token_life; DELETE FROM coatcheck_schema WHERE version > 2")
    query(f"CREATE SCHEMA {name}")
    server.start()
    assert [user["username"] for user in server.rows("user", "list")] == ["ada"]
    assert int(query("SELECT MAX(version) FROM public.coatcheck_schema")) == newest
    assert query(f"SELECT count(*) FROM pg_tables WHERE schemaname = '{name}'") == "0"

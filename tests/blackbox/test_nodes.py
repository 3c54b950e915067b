# SPDX-License-Identifier: Apache-2.0
"""Several nodes on one PostgreSQL: a change on one node holds on the others, and the nodes survive the loss
of the database."""

import concurrent.futures
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

import postgres
import pytest
import waiting
from client import Caller
from conftest import next_address
from server import PASSWORD, User, free_port

BOUND = 1.0  # seconds until a change on one node holds on the others


@pytest.fixture(scope="module")
def database():
    database = postgres.Postgres()
    yield database
    database.remove()


class Nodes:
    """Nodes that share a schema, a sealing key and a public URL."""

    def __init__(self, make_server, database, count, settings=None, url=None):
        self.database, self.schema = database, database.new_schema()
        self.url = url or database.url_of(self.schema)
        shared = {"public_url": "http://localhost:8080", "store.url": self.url, **(settings or {})}
        self.all = [make_server(shared) for _ in range(count)]
        first = self.all[0]
        first.data.mkdir(mode=0o700)
        (first.data / "master.key").write_text("A" * 42 + "E\n")
        (first.data / "master.key").chmod(0o600)
        for node in self.all[1:]:
            node.data.mkdir(mode=0o700)
            shutil.copy2(first.data / "master.key", node.data / "master.key")

    def url_of_plain_role(self, options=""):
        """The URL for a new role, which is no superuser. The tables are there already."""
        role = f"plain_{self.schema}"
        self.database.query(f"CREATE ROLE {role} LOGIN {options}")
        for what in ("SCHEMA", "ALL TABLES IN SCHEMA", "ALL SEQUENCES IN SCHEMA"):
            self.database.query(f"GRANT ALL ON {what} {self.schema} TO {role}")
        return self.url.replace("user=postgres", f"user={role}")

    def start(self):
        for node in self.all:
            node.launch()
        for node in self.all:
            wait_until(node.is_ready, 20, node.log)
        return self.all


def wait_until(holds, seconds=BOUND, log=lambda: ""):
    return waiting.wait_until(holds, seconds, log)


def call(node):
    return Caller(node.port, next_address())


@pytest.fixture
def pair(make_server, database):
    return Nodes(make_server, database, 2).start()


def test_nodes_that_start_together_make_one_schema_and_one_key_ring(make_server, database):
    nodes = Nodes(make_server, database, 3)
    rings = [call(node).get("/.well-known/jwks.json").json() for node in nodes.start()]
    assert rings[0] == rings[1] == rings[2] and len(rings[0]["keys"]) == 2
    assert database.query("SELECT count(*) FROM keys", nodes.schema) == "3", "a current, a next and a MAC key"


def test_a_session_is_everywhere_and_its_end_too(pair):
    first, second = pair
    user = first.add_user("ada")
    session = call(first).sign_in_body(user)
    assert call(second).verify(session["token"]).status == 200
    again = call(second).refresh(session["refresh_token"])
    assert again.status == 200
    token = again.json()["token"]
    assert call(first).verify(token).status == 200
    assert call(first).sign_out(token).status == 204
    assert call(first).verify(token).status == 401, "here at once"
    wait_until(lambda: call(second).verify(token).status == 401)
    assert call(second).refresh(again.json()["refresh_token"]).verdict == (401, "session_ended")


def test_refreshes_that_race_over_nodes_have_one_successor(pair):
    user = pair[0].add_user("ada")
    session = call(pair[0]).sign_in_body(user)
    token = session["refresh_token"]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for _ in range(10):
            answers = list(pool.map(lambda node: call(node).refresh(token), pair * 4))
            assert {answer.status for answer in answers} == {200}
            successors = {answer.json()["refresh_token"] for answer in answers}
            assert len(successors) == 1
            token = successors.pop()
            time.sleep(0.01)


def test_failures_are_counted_for_all_nodes_together(pair):
    user = pair[0].add_user("ada")
    address = next_address()
    for number in range(10):
        assert (
            Caller(pair[number % 2].port, address).try_sign_in(user, "not the password at all").status == 401
        )
    for node in pair:
        answer = Caller(node.port, address).try_sign_in(user)
        assert answer.status == 429 and int(answer.header("Retry-After")) > 0


def test_keys_that_one_node_rotates_sign_and_are_known_on_the_other(pair):
    first, second = pair
    user = first.add_user("ada")
    before = call(second).sign_in_body(user)["token"]
    first.command("key", "rotate")
    ring = call(first).get("/.well-known/jwks.json").json()
    wait_until(lambda: call(second).get("/.well-known/jwks.json").json() == ring)
    for node in pair:
        token = call(node).sign_in_body(user)["token"]
        assert all(call(other).verify(token).status == 200 for other in pair)
        assert call(node).verify(before).status == 200, "what the retired key signed counts on"
    key = first.command("service-key", "add", "api", "--scope", "feed").strip()
    wait_until(lambda: call(second).get("/api/v1/revocations", bearer=key).status == 200)


def test_who_follows_the_feed_goes_on_at_another_node(pair):
    first, second = pair
    user = first.add_user("ada")
    key = first.command("service-key", "add", "api", "--scope", "feed").strip()
    sessions = [call(pair[number % 2]).sign_in_body(user) for number in range(6)]

    def feed(node, since=""):
        return call(node).get(f"/api/v1/revocations{since}", bearer=key).json()

    for number in range(3):
        call(pair[number % 2]).sign_out(sessions[number]["token"])
    wait_until(lambda: len(feed(first)["entries"]) == 3)
    cursor = feed(first)["cursor"]
    for number in range(3, 6):
        call(pair[number % 2]).sign_out(sessions[number]["token"])
    wait_until(lambda: len(feed(second, f"?since={cursor}")["entries"]) == 3)
    after = feed(second, f"?since={cursor}")
    assert not after["reset"] and {entry["subject"] for entry in after["entries"]} == {
        session["session"]["id"] for session in sessions[3:]
    }
    wait_until(lambda: feed(first)["cursor"] == after["cursor"])


def test_a_lost_listener_costs_at_most_a_second(pair, database):
    first, second = pair
    user = first.add_user("ada")
    token = call(first).sign_in_body(user)["token"]
    assert call(second).verify(token).status == 200
    database.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'coatcheck'"
    )
    assert call(first).sign_out(token).status == 204, "a connection that was lost while idle is made anew"
    wait_until(lambda: call(second).verify(token).status == 401, 2 * BOUND)


def test_without_its_database_a_node_verifies_on_and_loses_nothing(make_server, database):
    own = postgres.Postgres()
    try:
        node = Nodes(make_server, own, 1).start()[0]
        user = node.add_user("ada")
        session = call(node).sign_in_body(user)
        own.stop("immediate")
        for answer in (
            call(node).refresh(session["refresh_token"]),
            call(node).try_sign_in(user),
            call(node).get("/readyz"),
        ):
            assert answer.status == 503 and int(answer.header("Retry-After")) >= 1
        assert call(node).verify(session["token"]).status == 200
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            answers = list(
                pool.map(lambda _: call(node).refresh(session["refresh_token"]).status, range(200))
            )
        assert set(answers) == {503} and time.monotonic() - began < 10, "nobody waits in line"
        own.start()
        wait_until(lambda: call(node).get("/readyz").status == 200, 5)
        again = call(node).refresh(session["refresh_token"])
        assert again.status == 200
        assert call(node).sign_out(again.json()["token"]).status == 204
        assert call(node).verify(again.json()["token"]).status == 401
        assert "store_lost" in node.log() and "store_back" in node.log_with("store_back")
    finally:
        own.remove()


def test_another_sealing_key_is_refused(make_server, database):
    nodes = Nodes(make_server, database, 2)
    (nodes.all[1].data / "master.key").write_text("B" * 42 + "E\n")
    nodes.all[0].start()
    with pytest.raises(RuntimeError, match="sealed with another"):
        nodes.all[1].start()


def test_a_newer_schema_is_refused(make_server, database):
    nodes = Nodes(make_server, database, 2)
    nodes.all[0].start()
    database.query("INSERT INTO coatcheck_schema VALUES (999)", nodes.schema)
    with pytest.raises(RuntimeError, match="use a newer coatcheck"):
        nodes.all[1].start()
    assert call(nodes.all[0]).get("/readyz").status == 200, "who runs already goes on"


def test_a_restored_backup_revives_nothing(make_server, database):
    nodes = Nodes(make_server, database, 2)
    first, second = nodes.start()
    user = first.add_user("ada")
    key = first.command("service-key", "add", "api", "--scope", "feed").strip()
    kept, ended = (call(first).sign_in_body(user) for _ in range(2))
    for node in (first, second):
        node.stop()
    dump = subprocess.run(
        ["pg_dump", nodes.database.url, "-n", nodes.schema], check=True, capture_output=True, text=True
    ).stdout
    first.start()
    call(first).sign_out(ended["token"])
    epoch = call(first).get("/api/v1/revocations", bearer=key).json()["cursor"].split(".")[0]
    assert first.try_command("store", "restored").returncode == 1, "not while it runs"
    first.stop()
    database.query(f"DROP SCHEMA {nodes.schema} CASCADE")
    subprocess.run(
        ["psql", "-X", "-q", nodes.database.url], input=dump, check=True, capture_output=True, text=True
    )
    assert "every session has been ended" in first.command("store", "restored")
    for node in nodes.start():
        for session in (kept, ended):
            assert call(node).verify(session["token"]).status == 401
            assert call(node).refresh(session["refresh_token"]).verdict == (401, "session_ended")
        assert call(node).get("/api/v1/revocations", bearer=key).json()["cursor"].split(".")[0] != epoch
        assert call(node).verify(call(node).sign_in_body(user)["token"]).status == 200


@pytest.mark.parametrize(
    "url, said",
    [
        ("postgres://nobody@127.0.0.1:1/x", "Connection refused"),
        ("postgres:///template1?host=/nowhere", "/nowhere"),
    ],
)
def test_a_database_that_cannot_be_reached_is_named_at_the_start(make_server, url, said):
    server = make_server({"store.url": url, "store.start_wait": "1s"})
    with pytest.raises(RuntimeError, match=said):
        server.start()


def test_where_waiting_does_not_help_the_start_fails_at_once(make_server, database):
    wrong = {
        "postgres:///x?no_such_option=1": "no_such_option",
        database.url.replace("user=postgres", "user=nobody"): "nobody",
        database.url.replace("///postgres?", "///nowhere?"): "nowhere",
    }
    for url, said in wrong.items():
        assert url != database.url
        server = make_server({"store.url": url, "store.start_wait": "1h"})
        with pytest.raises(RuntimeError, match=said):
            server.start()


def test_a_server_that_starts_before_its_database_waits_for_it(make_server):
    """After a power cut both start at once (issue 18, row 59)."""
    database = postgres.Postgres()
    try:
        database.stop()
        patient, ended = [make_server({"store.url": database.url}) for _ in range(2)]
        for server in (patient, ended):
            server.launch()
            assert "No such file" in server.log_with("waiting_for_store")
        ended.process.send_signal(signal.SIGTERM)
        assert ended.process.wait(10) == 0 and "stopping" in ended.log()
        database.start()
        wait_until(patient.is_ready, 20, patient.log)
        assert call(patient).sign_in_body(patient.add_user())["token"]
        assert patient.log().count("waiting_for_store") == 1
    finally:
        database.remove()


def test_the_default_isolation_of_a_database_is_not_ours(make_server, database):
    """A third of simultaneous sign-outs got 503 (issue 19, row 21)."""
    level = "%20-cdefault_transaction_isolation%3Dserializable"
    nodes = Nodes(make_server, database, 2, url=database.url_of(database.new_schema()) + level).start()
    user = nodes[0].add_user()
    sessions = [call(nodes[0]).sign_in_body(user) for _ in range(60)]
    with concurrent.futures.ThreadPoolExecutor(20) as pool:

        def each(ask):
            return list(pool.map(ask, range(len(sessions)), sessions))

        refreshed = each(lambda i, one: call(nodes[i % 2]).refresh(one["refresh_token"]))
        assert {answer.status for answer in refreshed} == {200}
        ended = each(lambda i, one: call(nodes[i % 2]).sign_out(refreshed[i].json()["token"]))
        assert {answer.status for answer in ended} == {204}


def test_a_role_that_may_not_create_tables_is_told_what_to_do(make_server):
    """As every new role of PostgreSQL 15 (issue 19, row 21)."""
    database = postgres.Postgres()
    try:
        database.query("CREATE ROLE guest LOGIN")
        server = make_server({"store.url": database.url.replace("user=postgres", "user=guest")})
        with pytest.raises(RuntimeError, match="CREATE SCHEMA coatcheck AUTHORIZATION"):
            server.start()
        database.query("CREATE SCHEMA coatcheck AUTHORIZATION guest")
        database.query("ALTER ROLE guest SET search_path = coatcheck")
        assert call(server.start()).sign_in_body(server.add_user())["token"]
    finally:
        database.remove()


def test_a_database_that_forgets_is_refused(make_server, database):
    schema = database.new_schema()
    server = make_server({"store.url": database.url_of(schema) + "%20-csynchronous_commit%3Doff"})
    with pytest.raises(RuntimeError, match="synchronous_commit"):
        server.start()


def test_text_that_postgres_cannot_hold_is_no_failure(pair):
    caller = call(pair[0])
    pair[0].add_user("ada")
    for name in ("ada\x00", "\x00", "ad\ufffda"):
        assert caller.try_sign_in(User(name, PASSWORD)).status == 401
    assert caller.try_sign_in(User("ada", PASSWORD), headers={"User-Agent": "caf\xe9"}).status == 200


@pytest.fixture
def bouncer(request):
    """pgbouncer in transaction mode, with fewer connections to the database than its clients have to it. It
    has its own database, because a pooler does not pass search_path on."""
    database = postgres.Postgres()
    port = free_port()
    (database.directory / "users").write_text('"postgres" ""\n')
    (database.directory / "bouncer.ini").write_text(f"""[databases]
postgres = host={database.directory}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {database.directory}/users
pool_mode = transaction
default_pool_size = {request.param}
""")
    as_user = (
        ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    )
    process = subprocess.Popen(
        [*as_user, "/usr/sbin/pgbouncer", "-q", database.directory / "bouncer.ini"], stdin=subprocess.DEVNULL
    )
    yield database, f"postgres://postgres@127.0.0.1:{port}/postgres"
    process.terminate()
    process.wait(10)
    database.remove()


@pytest.mark.parametrize("bouncer", [3, 1], indirect=True)
def test_a_pooler_may_give_each_transaction_another_connection(make_server, bouncer):
    """With a single connection to the database, a node finds each of its statements prepared by the other."""
    nodes = Nodes(make_server, bouncer[0], 2, url=bouncer[1])
    first, second = nodes.start()
    users = [first.add_user(f"user-{number}") for number in range(4)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        sessions = list(
            pool.map(lambda number: call(nodes.all[number % 2]).sign_in_body(users[number % 4]), range(8))
        )
        for _ in range(20):
            answers = list(
                pool.map(
                    lambda one: call(nodes.all[one[0] % 2]).refresh(one[1]["refresh_token"]),
                    enumerate(sessions),
                )
            )
            assert {answer.status for answer in answers} == {200}
            for session, answer in zip(sessions, answers):
                session.update(answer.json())
    assert call(first).sign_out(sessions[0]["token"]).status == 204
    wait_until(lambda: call(second).verify(sessions[0]["token"]).status == 401)


@pytest.mark.parametrize(
    "hosts", ["host={gone},{here}", "host={gone},{here}&port=5432,", "host={gone},{here}&port=5432"]
)
def test_the_next_host_is_tried_with_ports_and_without(make_server, database, hosts):
    schema = database.new_schema()
    hosts = hosts.format(gone="/nowhere", here=database.directory)
    url = f"postgres:///postgres?{hosts}&user=postgres&options=-csearch_path%3D{schema}"
    node = make_server({"store.url": url})
    user = node.add_user("ada")
    node.start()
    assert call(node).try_sign_in(user).status == 200


@pytest.mark.parametrize("bouncer", [3], indirect=True)
def test_a_pooler_before_a_dead_database_does_not_hide_the_next_host(make_server, bouncer):
    """pgbouncer logs in for a database that is gone, as it remembers it, and a node never came back
    (issue 18, row 59)."""
    first, pooled = bouncer
    port = re.search(r":(\d+)/", pooled).group(1)
    second = postgres.Postgres()
    try:
        url = f"postgres://postgres@/postgres?host=127.0.0.1,{second.directory}&port={port},5432"
        subprocess.run(["psql", "-XAtqc", "SELECT 1", pooled], check=True, capture_output=True)
        first.stop("immediate")
        node = make_server({"store.url": url})
        user = node.add_user("ada")
        node.start()
        assert call(node).try_sign_in(user).status == 200
        node.stop()

        # The pooler's database is a standby now: it accepts log-ins, and no writes.
        first.start()
        first.query("ALTER SYSTEM SET default_transaction_read_only = on")
        first.query("SELECT pg_reload_conf()")
        node.start()
        assert call(node).try_sign_in(user).status == 200
        second.stop("immediate")
        wait_until(lambda: call(node).get("/readyz").status == 503, 10)
        second.start()
        wait_until(lambda: call(node).get("/readyz").status == 200, 20, node.log)
        assert call(node).try_sign_in(user).status == 200
    finally:
        second.remove()


def test_what_the_standby_has_not_is_no_success(make_server):
    """A commit that waits in vain for a synchronous standby is in this database but lost in a failover, so it
    must not be reported as success."""
    database = postgres.Postgres()
    try:
        (node,) = Nodes(make_server, database, 1).start()
        user = node.add_user("ada")
        session = call(node).sign_in_body(user)
        database.query("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        database.query("SELECT pg_reload_conf()")
        wait_until(lambda: database.query("SHOW synchronous_standby_names") == "nobody")
        for attempt in (
            lambda: call(node).refresh(session["refresh_token"]),
            lambda: call(node).sign_out(session["token"]),
            lambda: call(node).try_sign_in(user),
        ):
            answer = attempt()
            assert answer.verdict == (503, "unavailable"), answer
        database.query("ALTER SYSTEM RESET synchronous_standby_names")
        database.query("SELECT pg_reload_conf()")
        wait_until(lambda: call(node).try_sign_in(user).status == 200, 15)
    finally:
        database.remove()


@pytest.fixture
def by_tls(tmp_path):
    """A database on TCP with TLS, a certificate for localhost, and the authority that signed it."""
    port = free_port()
    made = tempfile.mkdtemp(prefix="coatcheck-tls-")
    os.chmod(made, 0o755)

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=made, check=True, capture_output=True)

    for name in ("authority", "another"):
        openssl(
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            f"{name}.key",
            "-out",
            f"{name}.crt",
            "-subj",
            f"/CN={name}",
            "-days",
            "2",
        )
    openssl(
        "req",
        "-new",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        "server.key",
        "-out",
        "server.csr",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
    )
    openssl(
        "x509",
        "-req",
        "-in",
        "server.csr",
        "-CA",
        "authority.crt",
        "-CAkey",
        "authority.key",
        "-CAcreateserial",
        "-copy_extensions",
        "copy",
        "-out",
        "server.crt",
        "-days",
        "2",
    )
    if os.geteuid() == 0:
        shutil.chown(f"{made}/server.key", "postgres")
    database = postgres.Postgres(
        "-c",
        f"port={port}",
        "-c",
        "listen_addresses=127.0.0.1",
        "-c",
        "ssl=on",
        "-c",
        f"ssl_cert_file={made}/server.crt",
        "-c",
        f"ssl_key_file={made}/server.key",
    )
    database.url += f"&port={port}"
    yield (
        database,
        f"postgres://postgres@localhost:{port}/postgres?sslrootcert={made}/",
        "&options=-csearch_path%3D",
    )
    database.remove()
    shutil.rmtree(made)


def test_a_database_is_spoken_to_by_tls_and_its_certificate_is_checked(make_server, by_tls):
    database, url, options = by_tls
    (node,) = Nodes(
        make_server,
        database,
        1,
        url=f"{url}authority.crt&sslmode=verify-full{options}{database.new_schema()}",
    ).start()
    assert call(node).sign_in_body(node.add_user("ada"))["token"]
    ways = database.query(
        "SELECT DISTINCT s.ssl, s.version FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.application_name = 'coatcheck'"
    )
    assert ways == "t|TLSv1.3"
    for wrong, said in (
        (f"{url}another.crt&sslmode=verify-full", "certificate verify failed"),
        (
            f"{url}authority.crt&sslmode=verify-full".replace("@localhost", "@127.0.0.1"),
            "does not match host name",
        ),
    ):
        server = make_server({"store.url": wrong})
        with pytest.raises(RuntimeError, match=said):
            server.start()


def test_a_new_password_of_the_database_needs_no_restart(make_server, database):
    """The password file was read once, and a new password was an outage until a restart (issue 18, row 46)."""
    role = "rotating"
    database.query(f"CREATE ROLE {role} LOGIN SUPERUSER PASSWORD 'the first one'")
    rules = database.directory / "data/pg_hba.conf"
    rules.write_text(f"local all {role} scram-sha-256\n" + rules.read_text())
    database.query("SELECT pg_reload_conf()")
    url = database.url_of(database.new_schema()).replace("user=postgres", f"user={role}")
    node = make_server({"store.url": url, "store.password_file": "database-password"})
    node.data.mkdir(mode=0o700)
    file = node.data / "database-password"
    file.touch(mode=0o600)
    file.write_text("the first one\n")
    user = node.add_user()
    node.start()
    assert call(node).try_sign_in(user).status == 200

    database.query(f"ALTER ROLE {role} PASSWORD 'the second one'")
    new = file.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text("the second one\n")
    new.rename(file)
    database.query(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'")
    wait_until(lambda: call(node).try_sign_in(user).status == 200, 10, node.log)
    wait_until(lambda: call(node).get("/readyz").status == 200, 10, node.log)

    file.unlink()
    database.query(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'")
    wait_until(lambda: call(node).try_sign_in(user).verdict == (503, "unavailable"), 10, node.log)
    assert "store.password_file" in node.log_with("cannot be read", "cannot open", "No such file")
    assert "the second one" not in node.log()


@pytest.fixture
def strict(make_server, database):
    """A node, and what switches the wait for a synchronous standby on, which never comes."""
    node = Nodes(make_server, database, 1, {"store.connections": 3}).start()[0]

    def await_standby(name):
        database.query(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'")
        database.query("SELECT pg_reload_conf()")
        wait_until(lambda: database.query("SHOW synchronous_standby_names") == name, 5)

    yield node, await_standby
    await_standby("")


def test_a_commit_whose_wait_for_the_standby_was_cancelled_is_no_success(strict, database):
    """PostgreSQL says COMMIT then, with a warning, and it was answered 204 (issue 18, row 58)."""
    node, await_standby = strict
    signed_in = call(node).sign_in_body(node.add_user("ada"))
    waiting = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    await_standby("nobody")
    asks = [
        lambda: call(node).refresh(signed_in["refresh_token"]),
        lambda: call(node).sign_out(signed_in["token"]),
    ]
    for ask in asks:
        with concurrent.futures.ThreadPoolExecutor() as pool:
            answer = pool.submit(ask)
            wait_until(lambda: database.query(f"SELECT count(*) {waiting}") != "0", 4, node.log)
            database.query(f"SELECT pg_cancel_backend(pid) {waiting}")
            assert answer.result().verdict == (503, "unavailable")
    assert "canceling wait for synchronous replication" in node.log_with("canceling wait")


def test_given_up_commits_keep_to_the_configured_number_of_connections(strict, database):
    """Each commit that was given up left a backend behind, until there were too many (issue 18, row 56)."""
    node, await_standby = strict
    user = node.add_user("ada")
    sessions = [call(node).sign_in_body(user) for _ in range(6)]
    ours = "FROM pg_stat_activity WHERE application_name = 'coatcheck'"
    await_standby("nobody")
    most = 0
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        until = time.monotonic() + 12
        while time.monotonic() < until:
            answers = [pool.submit(call(node).refresh, one["refresh_token"]) for one in sessions]
            assert {answer.result().verdict for answer in answers} == {(503, "unavailable")}
            most = max(most, int(database.query(f"SELECT count(*) {ours}")))
    assert most <= 3 + 1, "those of store.connections, and one that listens"
    await_standby("")
    wait_until(lambda: call(node).try_sign_in(user).status == 200, 10, node.log)
    wait_until(lambda: call(node).get("/readyz").status == 200, 5, node.log)
    assert int(database.query(f"SELECT count(*) {ours}")) <= 3 + 1


@pytest.mark.parametrize("together", [1, 6], ids=["one by one", "many in one statement"])
def test_a_standby_that_is_away_for_longer_than_the_grace_signs_nobody_out(make_server, database, together):
    """Clients that asked meanwhile, and got 503, had used their token (issue 18, row 54)."""
    nodes = Nodes(make_server, database, 2, {"store.connections": 3, "sessions.refresh_grace": "2s"}).start()
    users = [nodes[0].add_user() for _ in range(together)]
    sessions = [call(nodes[0]).sign_in_body(user) for user in users]
    database.query("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    database.query("SELECT pg_reload_conf()")
    wait_until(lambda: database.query("SHOW synchronous_standby_names") == "nobody", 5)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:

        def refresh(node):
            return list(pool.map(lambda one: call(node).refresh(one["refresh_token"]), sessions))

        until = time.monotonic() + 9
        while time.monotonic() < until:
            assert {answer.verdict for answer in refresh(nodes[0])} == {(503, "unavailable")}
            time.sleep(0.2)
        database.query("ALTER SYSTEM SET synchronous_standby_names = ''")
        database.query("SELECT pg_reload_conf()")
        wait_until(lambda: call(nodes[0]).get("/readyz").status == 200, 15, nodes[0].log)
        for node in nodes:  # the other one knows it by the database
            answers = refresh(node)
            assert {answer.status for answer in answers} == {200}, [answer.body for answer in answers]
        for one, answer in zip(sessions, answers):
            one.update(answer.json())
        assert {answer.status for answer in refresh(nodes[1])} == {200}


def test_fewer_connections_than_configured_serve_everybody(make_server, database):
    """Half of the refreshes got 503 beside idle connections (issue 18, row 60)."""
    nodes = Nodes(make_server, database, 1, {"store.connections": 8})
    node = nodes.start()[0]
    users = [node.add_user() for _ in range(4)]
    node.stop()
    node.settings["store.url"] = nodes.url_of_plain_role("CONNECTION LIMIT 4")
    node.start()
    sessions = [call(node).sign_in_body(user) for user in users * 4]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        for _ in range(20):
            refreshed = pool.map(lambda one: call(node).refresh(one["refresh_token"]), sessions)
            listed = pool.map(
                lambda one: call(node).get("/api/v1/sessions", bearer=one["token"]).status, sessions
            )
            assert {answer.status for answer in refreshed} == {200}
            assert set(listed) == {200}


def test_row_level_security_stops_the_start(make_server, database):
    """Rows of revocations were hidden, and a revoked token was good after a restart (issue 18, row 61)."""
    nodes = Nodes(make_server, database, 1)
    node = nodes.start()[0]
    node.stop()
    node.settings["store.url"] = nodes.url_of_plain_role()
    node.start()
    node.stop()
    database.query("ALTER TABLE revocations ENABLE ROW LEVEL SECURITY", nodes.schema)
    with pytest.raises(RuntimeError, match="row-level security hides rows of the table revocations"):
        node.start()
    assert "row-level security" in node.try_command("doctor").stdout


def test_sequences_that_are_behind_stop_the_start(make_server, database):
    """After a switch to a logical replica each sign-in was 503 until the sequence had caught up (row 61)."""
    nodes = Nodes(make_server, database, 1)
    node = nodes.start()[0]
    user = node.add_user("ada")
    for _ in range(3):
        call(node).sign_out(call(node).sign_in_body(user)["token"])
    node.stop()
    database.query("SELECT setval(pg_get_serial_sequence('audit', 'id'), 1)", nodes.schema)
    with pytest.raises(
        RuntimeError, match="sequence .*audit_id_seq is at 1, but the table audit has"
    ) as told:
        node.start()
    fix = "SELECT setval" + str(told.value).split("SELECT setval")[1].split("\n")[0]
    database.query(fix)
    node.start()
    assert call(node).try_sign_in(user).status == 200

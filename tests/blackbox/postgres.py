# SPDX-License-Identifier: Apache-2.0
"""Runs a PostgreSQL for the tests, and gives each caller a schema of its own. With
COATCHECK_TEST_STORE=postgres it is the store of every test server that does not name a store itself."""

import atexit
import itertools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[1] / "support/postgres.sh"
WANTED = os.environ.get("COATCHECK_TEST_STORE") == "postgres"


class Postgres:
    def __init__(self, *options, primary=None):
        self.directory = Path(tempfile.mkdtemp(prefix="coatcheck-postgres-"))
        self.directory.chmod(0o755)
        self.options = options
        self._schemas = itertools.count(1)
        if primary:
            self.url = self._run("standby", primary.directory, *options)
        else:
            self.start()

    def _run(self, *words):
        return subprocess.run(
            [SCRIPT, words[0], self.directory, *words[1:]],
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        ).stdout.strip()

    def start(self):
        self.url = self._run("start", *self.options)

    def make_standby(self, *options):
        """Returns a standby that follows this database."""
        return Postgres(*self.options, *options, primary=self)

    def stop(self, how="fast"):
        self._run("stop", how)

    def remove(self):
        self.stop("immediate")
        shutil.rmtree(self.directory, ignore_errors=True)

    def query(self, sql, schema="public"):
        """Returns what psql prints: a line for each row, with | between columns."""
        return subprocess.run(
            [
                "psql",
                "-X",
                "-A",
                "-t",
                "-q",
                "-v",
                "ON_ERROR_STOP=1",
                self.url,
                "-c",
                f"SET search_path = {schema}",
                "-c",
                sql,
            ],
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        ).stdout.strip()

    def new_schema(self):
        schema = f"test_{next(self._schemas)}"
        self.query(f"CREATE SCHEMA {schema}")
        return schema

    def url_of(self, schema):
        return f"{self.url}&options=-csearch_path%3D{schema}"

    def fresh_url(self):
        return self.url_of(self.new_schema())


_shared = None


def shared():
    """The one database that all tests of this run share."""
    global _shared
    if _shared is None:
        _shared = Postgres()
        atexit.register(_shared.remove)
    return _shared

# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL of our own, with a schema for whoever asks. COATCHECK_TEST_STORE=postgres puts every server of the tests on it
that does not name a store itself."""

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
    def __init__(self, *options):
        self.directory = Path(tempfile.mkdtemp(prefix="coatcheck-postgres-"))
        self.directory.chmod(0o755)
        self.options = options
        self._schemas = itertools.count(1)
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

    def stop(self, how="fast"):
        self._run("stop", how)

    def remove(self):
        self.stop("immediate")
        shutil.rmtree(self.directory, ignore_errors=True)

    def query(self, sql, schema="public"):
        """What psql prints: rows as lines, | between columns."""
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
    """One for all tests of this run."""
    global _shared
    if _shared is None:
        _shared = Postgres()
        atexit.register(_shared.remove)
    return _shared

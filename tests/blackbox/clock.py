# SPDX-License-Identifier: Apache-2.0
"""A clock for a server, which a test can set while the server runs (tests/support/skew.c)."""

import functools
import os
import struct
import subprocess
import tempfile
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "support/skew.c"


@functools.cache
def library():
    """Compiles the library that the server preloads."""
    directory = Path(tempfile.mkdtemp(prefix="coatcheck-clock-"))
    directory.chmod(0o755)
    made = directory / "skew.so"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", made, SOURCE, "-ldl"], check=True)
    return made


class Clock:
    """The machine's clock, ahead by some seconds. The file lies in the directory."""

    def __init__(self, directory):
        self.file = directory / "skew"
        self.file.write_bytes(struct.pack("<q", 0))

    @property
    def environment(self):
        # AddressSanitizer wants to be the first library, which does not matter here.
        options = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]))
        return {
            "LD_PRELOAD": str(library()),
            "CLOCK_SKEW_FILE": str(self.file),
            "ASAN_OPTIONS": options,
        }

    def set(self, ahead):
        with open(self.file, "r+b") as file:
            file.write(struct.pack("<q", ahead))

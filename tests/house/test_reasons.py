# SPDX-License-Identifier: Apache-2.0
"""Shows that a reason for a refusal cannot be added without its public form."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GENERATOR = ROOT / "tools/reasons.py"
SOURCE = (ROOT / "api/reasons.yaml").read_text()

spec = importlib.util.spec_from_file_location("reasons", GENERATOR)
reasons = importlib.util.module_from_spec(spec)
spec.loader.exec_module(reasons)


def build_flags():
    """The warnings that stop a build, as CMakeLists.txt has them."""
    return re.findall(r"-Werror=[a-z-]+", (ROOT / "CMakeLists.txt").read_text())


def test_the_generated_files_match_their_source():
    checked = subprocess.run([sys.executable, GENERATOR, "--check"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("missing", ["status", "title", "meaning"])
def test_a_reason_without_its_public_form_is_refused(missing):
    row = {"name": "brand_new", "status": 400, "title": "New.", "meaning": "New."}
    del row[missing]
    added = SOURCE + "".join(
        f"{'- ' if i == 0 else '  '}{key}: {value}\n" for i, (key, value) in enumerate(row.items())
    )
    with pytest.raises(SystemExit, match=f"brand_new: {missing}"):
        reasons.load(added)


def test_a_title_that_would_break_a_header_is_refused():
    added = SOURCE + '- {name: brand_new, status: 401, title: "Say \\"x\\".", meaning: New.}\n'
    with pytest.raises(SystemExit, match="brand_new: title"):
        reasons.load(added)


@pytest.mark.parametrize("enumerators", [0, 1])
def test_a_switch_that_misses_an_enumerator_does_not_compile(tmp_path, enumerators):
    """A copy of the enumeration gets one more; the switch over it stays as it was."""
    reasons.write_cpp(reasons.load(SOURCE), tmp_path)
    header = tmp_path / "base/reason.hpp"
    header.write_text(
        header.read_text().replace("};\ninline", "    brand_new,\n" * enumerators + "};\ninline")
    )
    source = tmp_path / "table.cpp"
    source.write_text('#include "web/public_reason.hpp"\n')
    compiled = subprocess.run(
        [
            "g++",
            "-std=c++20",
            "-Wall",
            "-Wextra",
            *build_flags(),
            "-I",
            tmp_path,
            "-c",
            source,
            "-o",
            tmp_path / "table.o",
        ],
        capture_output=True,
        text=True,
    )
    assert (compiled.returncode == 0) == (enumerators == 0), compiled.stderr
    if enumerators:
        assert "brand_new" in compiled.stderr and "-Werror=switch" in compiled.stderr

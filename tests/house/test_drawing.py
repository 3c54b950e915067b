# SPDX-License-Identifier: Apache-2.0
"""Shows that tools/check_house.py sees what breaks the drawing, in folders of folders too."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location("check_house", ROOT / "tools/check_house.py")
house = importlib.util.module_from_spec(spec)
spec.loader.exec_module(house)

LICENCE = "// SPDX-License-Identifier: Apache-2.0\n"


@pytest.mark.parametrize(
    "place, text, problem",
    [
        ("http/deep/down/x.cpp", LICENCE + '#include "auth/types.hpp"\n', "http does not see auth"),
        ("web/admin/x.cpp", LICENCE + '#include "store/open.hpp"\n', "web does not see store"),
        ("auth/users/x.cpp", LICENCE + "#include <openssl/evp.h>\n", "<openssl/evp.h> belongs to crypto"),
        ("auth/users/x.cpp", LICENCE + '#include "types.hpp"\n', "an include names its room"),
        ("auth/users/x.cpp", LICENCE + "auto now = std::chrono::system_clock::now();\n", "reads the clock"),
        ("auth/users/x.cpp", LICENCE + f"int {'x' * 120};\n", "columns, at most 110"),
        ("auth/users/x.cpp", LICENCE + "int x;\n" * 400, "401 lines, at most 400"),
        ("auth/users/x.cpp", "int x;\n", "must name the licence"),
        ("elsewhere/x.cpp", LICENCE, "src/elsewhere is a room that"),
    ],
)
def test_it_finds(tmp_path, monkeypatch, capsys, place, text, problem):
    for room in house.SEES:
        (tmp_path / "src" / room).mkdir(parents=True)
    file = tmp_path / "src" / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    monkeypatch.setattr(house, "ROOT", tmp_path)
    assert house.main() == 1
    assert problem in capsys.readouterr().out

"""Files for steps to read."""

from pathlib import Path

import pytest


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    for name in "abcdefghij":
        (folder / name).write_text(f"text of {name}", encoding="utf-8")
    return folder

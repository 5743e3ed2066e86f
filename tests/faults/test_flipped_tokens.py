"""One flipped bit in codes on disk, or a file that was cut: named before anything is decoded, in every form."""

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from commands import ttsprep

from ttsprep.codec.token_formats import FORMATS, SUMMARY, open_codes
from ttsprep.codec.tokens import TokenError

FLIPS = 150
pytestmark = pytest.mark.slow


def rows(folder: Path) -> list[tuple[Any, ...]]:
    return [(row.id, row.codes.tobytes(), row.scale, row.samples) for row in open_codes(folder).rows()]


@pytest.fixture(scope="module")
def coded(few_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Codes of five clips. Not to be changed."""
    out = tmp_path_factory.mktemp("coded") / "codes"
    done = ttsprep("encode", few_once, "--out", out, "--beam", 1, "--jobs", 1)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module", params=FORMATS)
def codes(
    request: pytest.FixtureRequest, coded: Path, few_once: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return the same codes in one of the forms, into which they are turned without coding again."""
    out = Path(shutil.copytree(coded, tmp_path_factory.mktemp("codes") / str(request.param)))
    done = ttsprep("encode", few_once, "--out", out, "--format", request.param, "--beam", 1, "--jobs", 1)
    assert done.returncode == 0, done.stderr
    return out


def test_no_flipped_bit_gives_other_codes(codes: Path) -> None:
    whole, chance = rows(codes), random.Random(5)
    listed = json.loads((codes / SUMMARY).read_text(encoding="utf-8"))["files"]
    files = [codes / name for name in listed if not name.endswith((".csv", ".md", ".wav", "quality.parquet"))]
    sizes = [path.stat().st_size for path in files]
    for _ in range(FLIPS):
        path = chance.choices(files, sizes)[0]
        data = path.read_bytes()
        place, bit = chance.randrange(len(data)), chance.randrange(8)
        path.write_bytes(data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :])
        with pytest.raises(TokenError):
            rows(codes)
        path.write_bytes(data)
    assert rows(codes) == whole


def test_no_flipped_bit_of_the_summary_gives_other_codes(codes: Path) -> None:
    whole, chance, path = rows(codes), random.Random(6), codes / SUMMARY
    data = path.read_bytes()
    for _ in range(FLIPS):
        place, bit = chance.randrange(len(data)), chance.randrange(8)
        path.write_bytes(data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :])
        try:
            assert rows(codes) == whole  # in what is only counted
        except TokenError:
            continue
        finally:
            path.write_bytes(data)


def test_a_file_that_was_cut_is_refused(codes: Path, tmp_path: Path) -> None:
    cut = Path(shutil.copytree(codes, tmp_path / "codes"))
    clips = rows(cut)
    for path in sorted([*cut.rglob("*.npy"), *cut.rglob("*.tar"), *cut.rglob("*.jsonl"), *cut.rglob("*.parquet")]):
        if path.name == "quality.parquet" or path.name.startswith("."):
            continue
        data = path.read_bytes()
        for end in {len(data) // len(clips) // 512 * 512, len(data) // 2, len(data) - 1}:
            path.write_bytes(data[:end])
            with pytest.raises(TokenError):
                rows(cut)
        path.write_bytes(data)
    assert rows(cut) == clips


def test_the_command_names_the_file(codes: Path, tmp_path: Path) -> None:
    cut = Path(shutil.copytree(codes, tmp_path / "codes"))
    path = sorted([*cut.rglob("*.npy"), *cut.rglob("codes-*.*"), *cut.rglob("*00001.parquet")])[0]
    data = bytearray(path.read_bytes())
    data[-600] ^= 1
    path.write_bytes(data)
    done = ttsprep("decode", cut, "--out", tmp_path / "wavs", "--jobs", 1)
    assert done.returncode == 2
    assert path.name in done.stderr
    assert done.stderr.count("\n") == 1
    assert not list((tmp_path / "wavs").rglob("*.wav"))

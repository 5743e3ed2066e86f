"""One clip through all stages, as a worker does it."""

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf

from ttsprep.build.config import Recipe
from ttsprep.build.process import BuildItem, ProcessStep
from ttsprep.core.files import digest
from ttsprep.core.store.cache import KeySet
from ttsprep.core.store.step import KNOWN, StepWork, Task
from ttsprep.core.types import Clip

STEPS = tuple(Recipe(pipeline=("mono", "resample", "format")).configured_stages())


def write(path: Path, *, rate: int = 16_000, seconds: float = 1.0, channels: int = 1) -> Path:
    tone = 0.3 * np.sin(np.arange(round(rate * seconds)) / 9.0)
    path.parent.mkdir(parents=True, exist_ok=True)
    sf.write(path, np.stack([tone] * channels, axis=1), rate, subtype="PCM_16")
    return path


@pytest.fixture
def work(tmp_path: Path) -> ProcessStep:
    (tmp_path / "out" / "wavs").mkdir(parents=True)
    return ProcessStep(str(tmp_path / "source"), str(tmp_path / "out"), STEPS, "wav")


def row_of(step: ProcessStep, item: BuildItem, sha256: str = "") -> dict[str, Any]:
    (row,) = StepWork(step, KeySet()).rows([Task(item, step.key(item, ""), sha256)])
    return row


@pytest.fixture
def item(tmp_path: Path) -> BuildItem:
    path = write(tmp_path / "source" / "a.wav")
    return BuildItem(Clip("a b", "a.wav", "Text."), "a b", "a_b", digest(path))


def test_a_clip_is_written_and_described(work: ProcessStep, item: BuildItem, tmp_path: Path) -> None:
    row = row_of(work, item)
    path = tmp_path / "out" / row["path"]
    assert (row["status"], row["id"], row["source_id"], row["path"]) == ("ok", "a_b", "a b", "wavs/a_b.wav")
    assert row["sha256"] == digest(path)
    assert row["frames"] == sf.info(path).frames == 16_000
    assert row["size"] == path.stat().st_size
    assert [step["stage"] for step in json.loads(row["operations"])] == ["mono", "resample", "format"]
    assert np.array_equal(sf.read(path, dtype="int16")[0], sf.read(tmp_path / "source" / "a.wav", dtype="int16")[0])


def test_a_piece_of_a_recording(work: ProcessStep, item: BuildItem, tmp_path: Path) -> None:
    row = row_of(work, replace(item, clip=replace(item.clip, start=0.25, end=0.75)))
    whole = sf.read(tmp_path / "source" / "a.wav", dtype="int16")[0]
    assert np.array_equal(sf.read(tmp_path / "out" / row["path"], dtype="int16")[0], whole[4_000:12_000])
    assert (row["source_start_s"], row["source_end_s"]) == (0.25, 0.75)


def test_what_is_there_is_known_by_its_digest_alone(work: ProcessStep, item: BuildItem, tmp_path: Path) -> None:
    row = row_of(work, item)
    path = tmp_path / "out" / row["path"]
    times = path.stat().st_mtime_ns
    known = row_of(work, item, row["sha256"])
    assert KNOWN in known
    assert (known["sha256"], path.stat().st_mtime_ns) == (row["sha256"], times)
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert row_of(work, item, row["sha256"])["status"] == "ok"
    assert path.read_bytes() == data
    path.rename(tmp_path / "elsewhere.wav")
    path.symlink_to(tmp_path / "elsewhere.wav")
    assert row_of(work, item, row["sha256"])["status"] == "ok"
    assert not path.is_symlink()


def test_the_fingerprint_stands_for_everything_that_the_clip_depends_on(work: ProcessStep, item: BuildItem) -> None:
    others = {"id": "x", "path": "b.wav", "text": "Other.", "speaker": "s", "language": "de", "start": 0.5, "end": 0.7}
    assert set(others) == {field.name for field in fields(Clip)}
    del others["id"]  # a row of the corpus has another id in the tables: source_id
    seen = {work.key(item, "")}
    for name, value in others.items():
        seen.add(work.key(replace(item, clip=replace(item.clip, **{name: value})), ""))
    for name in ("source_id", "name", "sha256"):
        seen.add(work.key(replace(item, **{name: "other"}), ""))
    seen.add(replace(work, container="flac").key(item, ""))
    seen.add(replace(work, stages=STEPS[::-1]).key(item, ""))
    seen.add(replace(work, stages=STEPS[:1]).key(item, ""))
    seen.add(replace(work, stages=(*STEPS[:2], replace(STEPS[2], dither=False))).key(item, ""))
    assert len(seen) == 1 + len(others) + 3 + 4
    moved = replace(work, source="/elsewhere", root="/nowhere")
    assert moved.key(item, "") == work.key(item, ""), "where it lies changes nothing"
    strange = replace(item, clip=replace(item.clip, text="\udcff", path="\udce9.wav"))
    assert work.key(strange, "") != work.key(item, "")


def test_a_new_version_of_a_stage_is_another_fingerprint(
    work: ProcessStep, item: BuildItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = work.key(item, "")
    monkeypatch.setattr(type(STEPS[0]), "version", STEPS[0].version + 1)
    assert work.key(item, "") != before


def test_what_nothing_good_can_become_of_is_named_with_its_stage(
    work: ProcessStep, item: BuildItem, tmp_path: Path
) -> None:
    def refused(item: BuildItem, work: ProcessStep = work) -> tuple[str, str, str]:
        row = row_of(work, item)
        assert not (tmp_path / "out" / row["path"]).exists()
        return row["status"], row["status_stage"], row["status_reason"]

    status, stage, reason = refused(replace(item, sha256="0" * 64))
    assert (status, stage) == ("audio-unreadable", "decode")
    assert "changed since it was audited" in reason
    assert refused(replace(item, clip=replace(item.clip, path="gone.wav")))[0] == "audio-missing"
    assert refused(replace(item, clip=replace(item.clip, path="../out/x.wav")))[0] == "path-outside-corpus"
    rate = tuple(
        Recipe(stages={"resample": {"sample_rate": 48_000}}, pipeline=("resample", "format")).configured_stages()
    )
    assert refused(item, replace(work, stages=rate))[:2] == ("narrowband", "resample")
    long = write(tmp_path / "source" / "long.wav", rate=8_000, seconds=181)
    status, stage, reason = refused(BuildItem(Clip("l", "long.wav", ""), "l", "l", digest(long)))
    assert (status, stage) == ("too-long", "decode")
    assert "[segment]" in reason


def test_a_clip_that_kills_its_worker_is_named_and_tried_again(work: ProcessStep, item: BuildItem) -> None:
    row = StepWork(work, KeySet()).failed(Task(item), "SIGSEGV")
    assert (row["status"], row["fingerprint"], row["source_id"]) == ("decoder-crashed", "", "a b")
    assert "SIGSEGV" in row["status_reason"]

"""What an audit writes, and what the next one need not do again."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pandas as pd
import pyarrow.parquet as pq
import pytest
from recorder import Recorder

from ttsprep.audit.measure import columns
from ttsprep.audit.pipeline import Audit, audit
from ttsprep.build.config import Recipe
from ttsprep.checks.hum import Hum
from ttsprep.core.errors import CorpusError, TtsprepError, UsageError
from ttsprep.core.store import store as module
from ttsprep.core.store.corpus_path import corpus_path
from ttsprep.core.tables import FINDINGS, MANIFEST, MEASURED
from ttsprep.corpora.corpus import read_corpus
from ttsprep.report.page import audit_report

pytestmark = pytest.mark.usefixtures("one_server")

Lines = list[str]


@pytest.fixture
def small(spoken: Path) -> Path:
    """Return a corpus of five clips."""
    lines = (spoken / "metadata.csv").read_text(encoding="utf-8").splitlines(keepends=True)[:5]
    (spoken / "metadata.csv").write_text("".join(lines), encoding="utf-8")
    for path in (spoken / "wavs").glob("*.wav"):
        if path.stem > "demo-005":
            path.unlink()
    return spoken


@pytest.fixture
def again(small: Path) -> Callable[..., Audit]:
    """Return a function that audits `small` into the same folder each time."""
    return lambda **recipe: audit(small, small.with_name("out"), Recipe(**recipe), jobs=1, report=audit_report)


def rewrite(corpus: Path, change: Callable[[Lines], Lines]) -> None:
    path = corpus / "metadata.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("".join(f"{line}\n" for line in change(lines)), encoding="utf-8")


def stripped(clips: pd.DataFrame) -> pd.DataFrame:
    return clips.drop(columns=["fingerprint"])


def test_only_what_has_changed_is_measured(
    small: Path, again: Callable[..., Audit], monkeypatch: pytest.MonkeyPatch
) -> None:
    wavs = small / "wavs"
    first = again()
    assert first.measured == 5
    before = {name: (first.out / name).read_bytes() for name in ("clips.parquet", "findings.parquet", "report.html")}

    monkeypatch.setattr(module, "map_shards", _must_not_run)  # an unchanged corpus needs no worker, so no file is read
    assert again().measured == 0
    assert {name: (first.out / name).read_bytes() for name in before} == before
    louder = again(checks={"length": {"short_note_s": 60.0}})
    assert louder.measured == 0
    assert (louder.findings.code == "too-short").sum() == 5
    assert stripped(louder.clips).equals(stripped(first.clips))
    rewrite(small, lambda lines: lines[::-1])
    assert list(again().clips.id) == list(first.clips.id)[::-1]
    rewrite(small, lambda lines: lines[::-1])
    monkeypatch.undo()

    os.utime(wavs / "demo-002.wav", ns=(1, 1))
    assert again().measured == 0  # touched: hashed, not decoded
    monkeypatch.setattr(module, "map_shards", _must_not_run)
    assert again().measured == 0  # and from then on known by its new date
    monkeypatch.undo()

    (wavs / "demo-003.wav").write_bytes((wavs / "demo-004.wav").read_bytes())
    changed = again()
    assert changed.measured == 1
    assert "duplicate-audio" in set(changed.findings.code)

    rewrite(small, lambda lines: [f"{lines[0]} Indeed.", *lines[1:]])
    assert again().measured == 1

    (wavs / "demo-005.wav").rename(wavs / "renamed.wav")
    rewrite(small, lambda lines: [*lines[:4], lines[4].replace("demo-005", "renamed")])
    renamed = again()
    assert renamed.measured == 0
    assert renamed.clips.status[4] == "ok"
    assert renamed.clips.duration_s[4] == first.clips.duration_s[4]

    rewrite(small, lambda lines: lines[:4])
    fewer = again()
    assert fewer.measured == 0
    assert len(fewer.clips) == 4
    assert "wavs/renamed.wav" in " ".join(fewer.findings.message)


def _must_not_run(work: object, shards: object, **options: object):
    assert list(shards) == []
    yield from ()


def test_a_new_version_of_a_check_measures_everything(
    again: Callable[..., Audit], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = again()
    monkeypatch.setattr(Hum, "version", Hum.version + 1)
    second = again()
    assert second.measured == 5
    assert stripped(second.clips).equals(stripped(first.clips))


def test_tables_of_a_run_that_was_stopped_before_it_judged_are_not_believed(
    small: Path, again: Callable[..., Audit]
) -> None:
    """A stamp of the first state must not vouch for findings of the second."""
    metadata = small / "metadata.csv"
    state = metadata.read_bytes()
    first = again().findings
    rewrite(small, lambda lines: [*lines, "gone|No such file."])
    with pytest.raises(KeyboardInterrupt):
        audit(small, small.with_name("out"), Recipe(), jobs=1, report=_stop)
    metadata.write_bytes(state)
    assert again().findings.equals(first)


def _stop(_: object) -> NoReturn:
    raise KeyboardInterrupt


def test_the_tables(small: Path, again: Callable[..., Audit]) -> None:
    rewrite(small, lambda lines: [*lines, lines[0], "gone|No such file."])
    result = again()
    clips, findings = (pq.read_table(result.out / name) for name in ("clips.parquet", "findings.parquet"))
    assert clips.schema.names == [*MANIFEST.names, *MEASURED.names, *columns()]
    assert clips.schema.field("loudness_lufs").type == "float"
    assert findings.schema.equals(FINDINGS)
    assert clips.schema.metadata == findings.schema.metadata == {b"ttsprep.schema": b"1"}
    assert clips["id"].to_pylist() == [*(f"demo-{i:03d}" for i in range(1, 6)), "demo-001~2", "gone"]
    assert result.clips.id.is_unique
    assert set(findings["clip"].to_pylist()) <= {"", *clips["id"].to_pylist()}
    assert set(findings["severity"].to_pylist()) <= {"error", "warning", "note"}
    assert clips["status"].to_pylist() == ["ok"] * 6 + ["audio-missing"]
    assert clips["duration_s"].to_pylist()[6] is None
    assert clips["words"].to_pylist()[6] == 3
    order = ["", *clips["id"].to_pylist()]
    keys = [
        (order.index(clip), code)
        for clip, code in zip(*(findings[n].to_pylist() for n in ("clip", "code")), strict=True)
    ]
    assert keys == sorted(keys)
    summary = json.loads((result.out / "summary.json").read_text(encoding="utf-8"))
    assert summary == result.summary
    assert summary["clips"] == 7
    assert summary["severities"]["error"] == findings["severity"].to_pylist().count("error")
    assert sum(verdict["clips"] for verdict in summary["verdicts"].values()) == 7
    about = json.loads((result.out / "run.json").read_text(encoding="utf-8"))
    assert about["recipe"]["layout"] == "auto"
    assert corpus_path(result.out) == str(small.resolve())


def test_select_and_ignore(small: Path, again: Callable[..., Audit]) -> None:
    rewrite(small, lambda lines: [f"{lines[0].split('|')[0]}| ", *lines[1:], "gone|No such file."])
    everything = set(again().findings.code)
    assert everything > {"audio-missing"}
    assert set(again(checks={"only": ("audio-missing",)}).findings.code) == {"audio-missing"}
    assert set(again(checks={"ignore": ("audio-missing",)}).findings.code) == everything - {"audio-missing"}
    with pytest.raises(UsageError, match="audio-missing"):
        again(checks={"only": ("audio-mising",)})


LAYOUTS = {
    "plain": lambda root, names: [(root / f"wavs/{n}.txt").write_text(t, "utf-8") for n, t in names.items()],
    "filelist": lambda root, names: (root / "train.txt").write_text(
        "".join(f"wavs/{n}.wav|{t}\n" for n, t in names.items()), "utf-8"
    ),
    "nemo": lambda root, names: (root / "manifest.json").write_text(
        "".join(json.dumps({"audio_filepath": f"wavs/{n}.wav", "text": t}) + "\n" for n, t in names.items()), "utf-8"
    ),
    "kaldi": lambda root, names: [
        (root / "wav.scp").write_text("".join(f"{n} wavs/{n}.wav\n" for n in names), "utf-8"),
        (root / "text").write_text("".join(f"{n} {t}\n" for n, t in names.items()), "utf-8"),
    ],
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_measures(small: Path, layout: str) -> None:
    lines = (small / "metadata.csv").read_text(encoding="utf-8").splitlines()
    reference = audit(small, small.with_name("reference"), Recipe(), jobs=1).clips
    (small / "metadata.csv").unlink()
    LAYOUTS[layout](small, dict(line.split("|") for line in lines))
    result = audit(small, small.with_name("out"), Recipe(), jobs=1)
    assert result.summary["layout"] == {"filelist": "table", "nemo": "table"}.get(layout, layout)
    names = ["path", "text", "sha256", "duration_s", *columns()]
    assert result.clips[names].equals(reference[names])


def test_wrong_inputs_are_refused_before_anything_is_written(small: Path, tmp_path: Path) -> None:
    empty, silent = tmp_path / "empty", tmp_path / "silent"
    empty.mkdir()
    silent.mkdir()
    (silent / "metadata.csv").write_text("a|Call me Ishmael.\n", encoding="utf-8")
    wrong: list[tuple[Path, Recipe, type[TtsprepError], str]] = [
        (tmp_path / "nowhere", Recipe(), CorpusError, "is not there"),
        (empty, Recipe(), CorpusError, "no audio"),
        (silent, Recipe(), CorpusError, "no audio"),
        (small, Recipe(layout="kaldi"), CorpusError, "wav.scp"),
        (small, Recipe(layout="tabel"), UsageError, "table"),
        (small, Recipe(language="xx"), UsageError, "no language"),
        (small, Recipe(language="englsh"), UsageError, "en"),
        (small, Recipe(checks={"hum": {"nope": 1}}), UsageError, "nope"),
    ]
    for path, recipe, error, words in wrong:
        with pytest.raises(error, match=words):
            audit(path, tmp_path / "out", recipe, jobs=1)
        assert not (tmp_path / "out").exists()


def test_audio_without_metadata_is_a_plain_corpus(small: Path) -> None:
    (small / "metadata.csv").unlink()
    found = read_corpus(small)
    assert found.layout == "plain"
    assert {clip.text for clip in found.clips} == {""}
    assert found.orphans == []


def test_progress_counts_every_new_clip_once(small: Path) -> None:
    progress = Recorder()
    result = audit(small, small.with_name("out"), Recipe(), jobs=2, progress=progress)
    assert progress.stages == [("measuring", 5, 5)]
    assert sum(clips for clips, _ in progress.advances) == 5
    assert sum(seconds for _, seconds in progress.advances) == pytest.approx(result.clips.duration_s.sum())

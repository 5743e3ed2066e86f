"""A build that writes down clips without a text, and gives the pieces of a recording their text."""

import importlib.util
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile as sf
from recorder import Recorder

from ttsprep.build.config import Recipe, Segment, Transcribe, parse
from ttsprep.build.pipeline import Built, build
from ttsprep.build.provenance import read_rejected
from ttsprep.cli.build import build as command
from ttsprep.core.errors import UsageError

SHARED = Path(__file__).parents[3] / "shared"
WEIGHTS = SHARED / "models" / "whisper-tiny.en.pt"
SPEECH = SHARED / "data" / "ljspeech"
CLIPS = ("LJ001-0010", "LJ001-0030")
needs_weights = pytest.mark.skipif(
    not (WEIGHTS.is_file() and SPEECH.is_dir()) or importlib.util.find_spec("whisper") is None,
    reason="needs ../shared (Whisper's weights, LJSpeech) and the extra asr",
)
RULES = Transcribe(model=str(WEIGHTS))


def test_a_recipe_that_asks_for_too_much_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"align = \"asr\" needs the table \[transcribe\]"):
        parse('[segment]\nalign = "asr"', "mine.toml")
    with pytest.raises(UsageError, match="longest_s is 29 at most"):
        parse('[segment]\nalign = "asr"\nlongest_s = 40.0\n[transcribe]', "mine.toml")
    with pytest.raises(UsageError, match=r"--asr-model has no effect without --listen asr, or \[transcribe\]"):
        command(recipe="generic", source=tmp_path, asr_model="tiny")
    shipped = Path(__file__).parents[2] / "recipes" / "transcribe.toml"
    assert parse(shipped.read_text(encoding="utf-8"), "transcribe").transcribe == Transcribe()


@pytest.fixture(scope="module")
def untranscribed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder of two spoken clips, and of two in which nothing is said."""
    folder = tmp_path_factory.mktemp("untranscribed") / "clips"
    folder.mkdir()
    for name in CLIPS:
        shutil.copy(SPEECH / "wavs" / f"{name}.flac", folder)
    hiss = 0.01 * np.random.default_rng(0).standard_normal(3 * 22_050)
    sf.write(folder / "hiss.flac", hiss, 22_050, subtype="PCM_16")
    sf.write(folder / "silence.flac", np.zeros(3 * 22_050), 22_050, subtype="PCM_16")
    return folder


def texts(names: Sequence[str]) -> list[str]:
    lines = (SPEECH / "metadata.csv").read_text(encoding="utf-8").splitlines()
    known = {line.split("|")[0]: line.split("|")[-1] for line in lines}
    return [letters(known[name]) for name in names]


def letters(text: str) -> str:
    return "".join(char for char in text.lower() if char.isalpha())


@needs_weights
def test_clips_without_a_text_are_written_down_once(untranscribed: Path, tmp_path: Path) -> None:
    out, progress = tmp_path / "out", Recorder()

    def made(rules: Transcribe, decisions: Path | None = None) -> Built:
        return build(untranscribed, out, Recipe(transcribe=rules), jobs=1, decisions=decisions, progress=progress)

    made(RULES)
    rows = pq.read_table(out / "provenance.parquet").to_pandas()
    assert rows["id"].tolist() == list(CLIPS)
    assert [letters(text) for text in rows["text"]] == texts(CLIPS)
    assert rows["asr_log_p"].between(-0.2, 0).all()
    clips = pq.read_table(out / "clips.parquet").to_pandas()
    assert clips["asr_log_p"].tolist() == pytest.approx(rows["asr_log_p"].tolist())
    refused = {item.id: (item.stage, item.codes) for item in read_rejected(out / "rejected.csv")}
    assert refused == {"hiss": ("transcribe", ("no-speech",)), "silence": ("transcribe", ("no-speech",))}
    assert made(RULES).fresh == 0
    kept, *others = clips["id"]
    decisions = tmp_path / "decisions.csv"
    decisions.write_text(f"id,decision\n{kept},keep\n", encoding="utf-8")
    strict = made(RULES.model_copy(update={"least_log_p": -1e-6}), decisions)
    assert strict.document["result"]["clips"] == 1
    doubted = {item.id: item.reason for item in strict.rejected if item.stage == "transcribe" and not item.codes}
    assert set(doubted) == set(others)
    assert all("unsure: mean log-probability" in why and "; written: " in why for why in doubted.values())
    assert [new for stage, _, new in progress.stages if stage == "writing down"] == [
        4,
        0,
    ]  # and with nothing changed it was not even asked


@needs_weights
def test_a_recording_gets_its_text_though_that_has_more_and_less_than_is_said(tmp_path: Path) -> None:
    names = ("LJ001-0010", "LJ001-0013", "LJ001-0091", "LJ001-0135")
    lines = (SPEECH / "metadata.csv").read_text(encoding="utf-8").splitlines()
    said = {line.split("|")[0]: line.split("|")[-1] for line in lines}
    source = tmp_path / "book"
    source.mkdir()
    parts = []
    for name in names:
        samples, rate = sf.read(SPEECH / "wavs" / f"{name}.flac", dtype="float32")
        quiet = 1e-4 * np.random.default_rng(0).standard_normal(int(1.7 * rate)).astype(np.float32)
        parts += [quiet, samples]
    sf.write(source / "chapter.wav", np.concatenate(parts), rate, subtype="PCM_16")
    body = [said[name] for name in names if name != "LJ001-0091"]
    body[2:2] = ["17", "This footnote was never read by anybody."]
    (source / "chapter.txt").write_text("Printed by the author in his own house. " + " ".join(body), encoding="utf-8")
    rules = Recipe(
        segment=Segment(align="asr", shortest_s=2.0), transcribe=RULES, pipeline=("mono", "format"), language="en-us"
    )
    built = build(source, tmp_path / "out", rules, jobs=1)
    rows = pq.read_table(tmp_path / "out" / "provenance.parquet").to_pandas()
    whole = " ".join(said[name] for name in names)
    assert len(rows) >= 2
    assert all(" ".join(text.split()) in whole for text in rows["text"])
    assert rows["asr_log_p"].isna().all()  # the texts are those of the book
    reasons = [item.reason for item in built.rejected if item.stage == "segment"]
    assert any("there is speech that the text does not have" in reason for reason in reasons)

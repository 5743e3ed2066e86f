"""Trainer profiles: their files as the trainers read them, their limits in a recipe, and the symbols they lack."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from corpora.exports.build import build, renamed, write

from ttsprep.build.config import Recipe, shipped
from ttsprep.build.config import load as load_recipe
from ttsprep.build.config import parse as parse_recipe
from ttsprep.build.stages.normalise import Normalise
from ttsprep.build.targets import apply_trainer, load_trainer, parse_trainer, trainers
from ttsprep.checks.length import Length
from ttsprep.core.errors import UsageError
from ttsprep.core.types import Audio, Clip

NAMES = [
    *("chatterbox", "cosyvoice", "f5-tts", "fish-speech", "gpt-sovits", "matcha-tts", "nemo", "orpheus", "piper"),
    *("qwen3-tts", "styletts2", "vits-original", "vits", "xtts"),
]
TEXTS = ['"Well," she said.', "Plain words, no more.", '"An open quote', "null", "=SUM of it"]


def test_the_trainers_of_the_issue_are_there() -> None:
    assert list(trainers()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_gives_its_reasons(name: str) -> None:
    trainer = load_trainer(name)
    assert trainer.name == name
    assert trainer.about and trainer.training.install
    assert all(place.startswith("github.com/") for place in trainer.source)
    said = trainer.model_fields_set - {"name", "about", "source", "training", "why", "export"}
    assert set(trainer.why) <= said | {"subtype"}
    assert set(trainer.why) >= said, "every need has its reason"


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_makes_a_recipe_that_holds(name: str) -> None:
    recipe = apply_trainer(Recipe(), load_trainer(name))
    recipe.verify()
    assert recipe.trainer == name
    assert recipe.stages["resample"]["sample_rate"] == load_trainer(name).sample_rate


def read_piper(folder: Path) -> list[tuple[Path, str, str]]:
    rows = []
    for split in ("train", "valid", "test"):
        with (folder / f"{split}.csv").open(encoding="utf-8") as file:
            rows += list(csv.reader(file, delimiter="|"))
    return [(folder / row[0], row[-1], row[1] if len(row) > 2 else "") for row in rows]


def read_f5(folder: Path) -> list[tuple[Path, str, str]]:
    rows = []
    for split in ("train", "valid", "test"):
        with (folder / f"{split}.csv").open(newline="", encoding="utf-8-sig") as file:
            header, *lines = csv.reader(file, delimiter="|")
        assert header == ["audio_file", "text"]
        rows += lines
    assert all(Path(row[0]).is_absolute() for row in rows)
    return [(Path(row[0].strip()), row[1].strip(), "") for row in rows]


def read_lines(name: str) -> list[list[str]]:
    return [line.strip().split("|") for line in Path(name).read_text(encoding="utf-8").splitlines()]


def read_vits(folder: Path) -> list[tuple[Path, str, str]]:
    rows = [row for split in ("train", "valid", "test") for row in read_lines(f"{folder}/{split}.txt")]
    return [(Path(path), text, int(speaker)) for path, speaker, text in rows]  # type: ignore[misc]


def read_styletts2(folder: Path) -> list[tuple[Path, str, str]]:
    rows = [row for split in ("train", "valid", "test") for row in read_lines(f"{folder}/{split}.txt")]
    return [(folder / "wavs" / path, text, int(speaker)) for path, text, speaker in rows]  # type: ignore[misc]


def read_sovits(folder: Path) -> list[tuple[Path, str, str]]:
    rows = [row for split in ("train", "valid", "test") for row in read_lines(f"{folder}/{split}.list")]
    assert {language for _, _, language, _ in rows} == {"en"}
    return [(folder / "wavs" / path, text, speaker) for path, speaker, _, text in rows]


def read_coqui(folder: Path) -> list[tuple[Path, str, str]]:
    rows = []
    for table in sorted(folder.glob("metadata_*.csv")):
        with table.open(newline="", encoding="utf-8") as file:
            rows += list(csv.DictReader(file, delimiter="|"))
    return [(folder / row["audio_file"], row["text"], row["speaker_name"]) for row in rows]


def read_nemo(folder: Path) -> list[tuple[Path, str, str]]:
    texts = [(folder / f"{split}.json").read_text(encoding="utf-8") for split in ("train", "valid", "test")]
    rows = [json.loads(line) for text in texts for line in text.splitlines()]
    return [(Path(row["audio_filepath"]), row["normalized_text"], row["speaker"]) for row in rows]


def read_chatterbox(folder: Path) -> list[tuple[Path, str, str]]:
    rows = [row for split in ("train", "valid", "test") for row in read_lines(f"{folder}/{split}.txt")]
    return [(folder / path, text, "") for path, text in rows]


def read_kaldi(folder: Path) -> list[tuple[Path, str, str]]:
    rows = []
    for split in ("train", "valid", "test"):
        tables = []
        for name in ("wav.scp", "text", "utt2spk"):
            lines = (folder / split / name).read_text(encoding="utf-8").splitlines()
            tables.append(dict(line.split(maxsplit=1) for line in lines))
        rows += [(Path(path), tables[1][key], tables[2][key]) for key, path in tables[0].items()]
    return rows


def read_fish(folder: Path) -> list[tuple[Path, str, str]]:
    return [
        (path, path.with_suffix(".lab").read_text(encoding="utf-8"), path.parent.name)
        for path in sorted(folder.rglob("*.wav"))
    ]


def read_jsonl(folder: Path) -> list[tuple[Path, str, str]]:
    texts = [(folder / f"{split}.jsonl").read_text(encoding="utf-8") for split in ("train", "valid", "test")]
    rows = [json.loads(line) for text in texts for line in text.splitlines()]
    return [(folder / row["audio"], row["text"], row["speaker"]) for row in rows]


READERS: dict[str, Callable[[Path], list[tuple[Path, str, str]]]] = {
    "f5-tts": read_f5,
    "gpt-sovits": read_sovits,
    "nemo": read_nemo,
    "piper": read_piper,
    "styletts2": read_styletts2,
    "chatterbox": read_chatterbox,
    "cosyvoice": read_kaldi,
    "fish-speech": read_fish,
    "matcha-tts": read_vits,
    "orpheus": read_jsonl,
    "qwen3-tts": read_jsonl,
    "vits": read_coqui,
    "vits-original": read_vits,
    "xtts": read_coqui,
}


@pytest.mark.parametrize("name", NAMES)
def test_the_files_are_as_the_trainer_reads_them(name: str, tmp_path: Path) -> None:
    entries = [renamed(e, language="en-us") for e in build(tmp_path, TEXTS, speakers=["anna", "bob"])]
    forms = {form.name: form for form in apply_trainer(Recipe(), load_trainer(name)).configured_exports()}
    (wanted,) = load_trainer(name).export
    assert [forms[wanted].refuse(entry) for entry in entries] == [""] * len(TEXTS)
    rows = READERS[name](write(forms[wanted], entries, tmp_path))
    texts = {path.stem: text for path, text, _ in rows}
    assert len(rows) == len(texts) == len(entries)
    speakers = {path.stem: speaker for path, _, speaker in rows}
    for entry in entries:
        path = next(path for path, _, _ in rows if path.stem == entry.id)
        assert path.samefile(tmp_path / entry.path)
        if name in {"vits-original", "matcha-tts", "styletts2"}:
            assert texts[entry.id].endswith("s\u02c8\u025bd"), "phonemes of 'said'"
        else:
            assert texts[entry.id] == entry.normalised
        if name in {"vits-original", "matcha-tts", "styletts2", "nemo"}:
            assert speakers[entry.id] == ["anna", "bob"].index(entry.speaker)
        elif name not in {"f5-tts", "chatterbox"}:
            assert speakers[entry.id] == entry.speaker


def test_vits_has_no_column_for_one_speaker(tmp_path: Path) -> None:
    entries = [renamed(e, language="en-us") for e in build(tmp_path, TEXTS, speakers=["anna"])]
    form = apply_trainer(Recipe(), load_trainer("vits-original")).configured_exports()[-1]
    folder = write(form, entries, tmp_path)
    assert {len(row) for row in read_lines(f"{folder}/train.txt")} == {2}


@pytest.mark.parametrize(("name", "text"), [("piper", "прядь волос, 2 + ещё"), ("f5-tts", "прядь вол+ос, 2 + ещё")])
def test_a_trainer_that_phonemises_texts_itself_gets_no_marks_of_stress(name: str, text: str) -> None:
    stages = apply_trainer(Recipe(), load_trainer(name)).configured_stages()
    (normalise,) = (stage for stage in stages if isinstance(stage, Normalise))
    clip = Clip("a", "a.wav", "прядь вол+ос, 2 + ещё", language="ru")
    silence = Audio(np.zeros((1, 1), np.float32), 22_050)
    assert normalise.apply(clip, silence).clip.text == text


def test_a_recipe_keeps_what_it_says() -> None:
    recipe = parse_recipe(
        """
export = ["parquet"]
[stages.resample]
sample_rate = 44100
[checks.length]
long_note_s = 8.0
[exports.filelist]
files = "mine.csv"
[select]
reject = ["clipping"]
keep = ["too-short"]
""",
        "mine",
    )
    built = apply_trainer(recipe, load_trainer("xtts"))
    assert built.export == ("parquet", "filelist")
    assert built.stages["resample"] == {"sample_rate": 44100, "upsample": True}
    assert built.stages["format"]["subtype"] == "PCM_16"
    assert (built.checks.thresholds["length"]["long_note_s"], built.checks.thresholds["length"]["long_warning_s"]) == (
        8.0,
        11.6,
    )
    assert built.exports["filelist"]["files"] == "mine.csv"
    assert built.exports["filelist"]["header"] == "audio_file|text|speaker_name"
    assert built.select.reject == ("clipping", "too-long")
    assert built.select.keep == ("too-short",)
    assert recipe.export == ("parquet",), "the recipe itself stays as it is"


def test_defaults_that_are_written_out_are_no_wish() -> None:
    recipe = parse_recipe("[stages.resample]\nsample_rate = 0\n[checks.length]\nlong_warning_s = 30.0", "mine")
    built = apply_trainer(recipe, load_trainer("xtts"))
    assert built.stages["resample"]["sample_rate"] == 22_050
    assert built.checks.thresholds["length"]["long_warning_s"] == 11.6


@pytest.mark.parametrize("name", shipped())
def test_the_trainer_comes_before_a_recipe_that_is_shipped(name: str) -> None:
    recipe = load_recipe(name)
    built = apply_trainer(recipe.model_copy(update={"language": "en-us"}), load_trainer("vits-original"), own=False)
    built.verify()
    assert built.stages["resample"]["sample_rate"] == 22_050
    assert built.exports["filelist"].items() >= load_trainer("vits-original").exports["filelist"].items()
    assert built.checks.thresholds["length"]["long_warning_s"] == 11.6
    assert set(built.export) == {*recipe.export, "filelist"}


def test_every_clip_outside_the_limits_has_a_finding() -> None:
    recipe = apply_trainer(Recipe(), load_trainer("vits-original"))
    (length,) = [check for check in recipe.configured_checks() if isinstance(check, Length)]
    corpus = pd.DataFrame({"id": ["a", "b", "c", "d"], "duration_s": [0.39, 0.4, 11.6, 11.7]})
    assert {(f.clip, f.code) for f in length.judge(corpus)} == {("a", "too-short"), ("d", "too-long")}
    assert {"too-short", "too-long"} <= set(recipe.select.reject)


def test_a_language_that_a_trainer_does_not_know() -> None:
    with pytest.raises(UsageError, match="gpt-sovits does not know the language 'de'; it knows zh, ja, en, ko, yue"):
        apply_trainer(Recipe(language="de"), load_trainer("gpt-sovits"))
    assert apply_trainer(Recipe(language="en_GB"), load_trainer("gpt-sovits")).trainer == "gpt-sovits"
    assert apply_trainer(Recipe(language="cmn"), load_trainer("xtts")).trainer == "xtts"
    assert apply_trainer(Recipe(language="de"), load_trainer("piper")).trainer == "piper"


def test_an_unknown_trainer_is_named_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="no trainer is called 'tacotron'; known: chatterbox, cosyvoice"):
        load_trainer("tacotron")
    with pytest.raises(UsageError, match="no trainer is called 'pipper'; did you mean 'piper'"):
        load_trainer("pipper")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("sample_rat = 1", "trainer mine: there is no key sample_rat; did you mean 'sample_rate'"),
        ("sample_rate = 'x'", "trainer mine: sample_rate is a whole number, not 'x'"),
        ("why.sampel_rate = 'x'", "trainer mine: there is no key why.sampel_rate; did you mean 'sample_rate'"),
        ("sample_rate = 1\nchannels = 2", "trainer mine: channels is 1, not 2"),
        ("subtype = ", "trainer mine: Invalid value"),
    ],
)
def test_a_wrong_profile_is_named(change: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_trainer(f"{change}\n{REST}", "mine")


REST = """
about = ""
source = []
export = []
training = { install = "", check = "", batch = 1, script = "" }
why.export = ""
"""

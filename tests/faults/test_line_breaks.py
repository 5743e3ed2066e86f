"""Characters that some reader takes for the end of a line: no list loses a clip for them without a word."""

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from commands import ttsprep
from corpora.exports.build import build, bytes_of, write

from ttsprep.build.config import Recipe
from ttsprep.build.targets import apply_trainer, load_trainer, trainers
from ttsprep.corpora.exports.base import all_exports
from ttsprep.corpora.exports.ljspeech import LJSpeech

BREAKS = ("\x85", "\u2028", "\u2029", "\r", "\r\n", "\n", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e")
FORMS = {name: [kind()] for name, kind in all_exports().items()} | {
    f"for {name}": list(apply_trainer(Recipe(), load_trainer(name)).configured_exports()) for name in trainers()
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_holds_every_clip_on_a_line_of_its_own(name: str, tmp_path: Path) -> None:
    spoken = [f"said {number} times" for number in range(len(BREAKS))]
    entries = build(tmp_path, spoken, speakers=["anna"])
    entries = [
        replace(entry, text=f"said{char} {number} times", normalised=text, language="en-us", split="train")
        for number, (entry, char, text) in enumerate(zip(entries, BREAKS, spoken, strict=True))
    ]
    for form in FORMS[name]:
        assert [form.refuse(entry) for entry in entries] == [""] * len(entries)
        files = bytes_of(write(form, entries, tmp_path))
        for path, data in files.items():
            if path.endswith((".csv", ".txt", ".list", "text")) or (path.endswith(".json") and "speaker" not in path):
                lines = data.decode().splitlines()
                found = [sum(entry.id in line for line in lines) for entry in entries]
                assert found == [1] * len(entries), path
                assert len(lines) in {len(entries), len(entries) + 1}, path


def corpus(root: Path, spoken: Path, name: str) -> Path:
    """Return spoken clips whose texts hold such characters."""
    shutil.copytree(spoken / "wavs", root / "wavs")
    lines = (spoken / "metadata.csv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("|") for line in lines]
    rows = [[row[0], row[-1][:5] + BREAKS[i % len(BREAKS)] + row[-1][5:]] for i, row in enumerate(rows)]
    with (root / name).open("w", newline="", encoding="utf-8") as file:
        if name == "metadata.csv":
            csv.writer(file).writerows([["file_name", "text"], *([f"wavs/{row[0]}.wav", row[1]] for row in rows)])
        else:
            file.writelines(json.dumps({"audio_filepath": f"wavs/{row[0]}.wav", "text": row[1]}) + "\n" for row in rows)
    return root


@pytest.mark.slow
@pytest.mark.parametrize("name", ["metadata.csv", "manifest.json"])
def test_a_build_writes_what_it_says(name: str, spoken_once: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    source = corpus(tmp_path / "mine", spoken_once, name)
    out = tmp_path / "out"
    done = ttsprep("build", "--source", source, "--out", out, "--json", "--jobs", 1)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["refused_by_exports"] == {}
    assert document["result"]["clips"] == 14
    assert len((out / "metadata.csv").read_text(encoding="utf-8").splitlines()) == 14
    # without the stage that repairs texts nothing can be written in this form, and the command says so
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('pipeline = ["format"]\n[checks]\nignore = ["text-encoding"]\n', encoding="utf-8")
    done = ttsprep("build", "--recipe", recipe, "--source", source, "--out", tmp_path / "bare", "--jobs", 1)
    assert done.returncode == 2
    assert "training clips are refused" in done.stderr
    assert "Traceback" not in done.stderr


def test_ljspeech_refuses_what_would_be_read_aloud_on_two_lines(tmp_path: Path) -> None:
    (entry,) = build(tmp_path, ["one"])
    for char in BREAKS:
        assert "line break" in LJSpeech().refuse(replace(entry, normalised=f"one{char}two"))
        assert LJSpeech().refuse(replace(entry, text=f"one{char}two")) == ""

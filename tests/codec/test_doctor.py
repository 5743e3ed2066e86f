"""Every way of going wrong is trained for real, and the doctor names it."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from made_up_speech import RATE, small_training, voice  # noqa: E402

from ttsprep.codec import trainer as training  # noqa: E402
from ttsprep.codec.api import Codec  # noqa: E402
from ttsprep.codec.config import preset  # noqa: E402
from ttsprep.codec.corpus import Source, Speech, pack  # noqa: E402
from ttsprep.codec.doctor import examine  # noqa: E402
from ttsprep.codec.export import export  # noqa: E402
from ttsprep.codec.quantisers.fused import gather_sum, moments  # noqa: E402
from ttsprep.codec.quantisers.rvq_ema import ResidualEma  # noqa: E402
from ttsprep.codec.run import Run  # noqa: E402


def run(folder, speech, steps=60, **changes):
    one = Run(folder, speech, preset("tiny8"), small_training(**changes))
    one.guard.rms_from = one.guard.perplexity_from = 10**9
    one.go(steps=steps)
    return Codec(export(folder, averaged=False))


@pytest.fixture
def clips():
    return [voice(4.0, 70 + i) for i in range(6)]


def causes(codec, clips):
    return [s.cause for s in examine(codec, clips).symptoms]


def test_a_healthy_codec_is_called_healthy(trained, clips):
    health = examine(Codec(export(trained)), clips)
    assert health.symptoms == []
    assert [b.updates for b in health.books] == [100] * 4
    left = [b.left for b in health.books]
    assert left == sorted(left, reverse=True)
    assert all(0.5 < b.used <= 1 and b.perplexity > 15 and 0.05 < b.reach < 2 for b in health.books)


def test_lost_depth(packed, tmp_path, clips):
    codec = run(tmp_path, Speech(packed), steps=40, bypass=10, grow_every=20)
    assert causes(codec, clips) == ["depth"]


def test_no_depth_at_all(packed, tmp_path, clips):
    assert causes(run(tmp_path, Speech(packed), steps=5), clips) == ["untrained"]


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


def test_an_exploded_codebook(packed, tmp_path, clips, monkeypatch):
    """The real mistake: dead codes are given a new sum, but keep the usage of a dead code."""

    def update(self, flat, codes, books, generator):
        count, moved = moments(flat, codes, books)
        active = len(books)
        self.usage[:active].mul_(0.9).add_(count, alpha=0.1)
        self.total[:active].mul_(0.9).add_(moved, alpha=0.1)
        self.updates[:active] += 1
        for stage in range(active):
            vectors = flat - gather_sum(codes[:stage], books)
            dead = (self.usage[stage] < 0.5 * self.usage[stage].mean()).nonzero()[:, 0]
            self.total[stage][dead] = vectors[torch.randint(0, len(vectors), (len(dead),), generator=generator)]

    monkeypatch.setattr(ResidualEma, "_update", torch.no_grad()(update))
    assert "exploded-book" in causes(run(tmp_path, Speech(packed), steps=80), clips)


def test_amplitude_collapse(packed, tmp_path, clips, monkeypatch):
    """A loss that does not see level and a little that rewards silence."""

    def blind(output, target, rate, weights, mel_sizes):
        unit = output / (output.square().mean(1, keepdim=True).sqrt() + 1e-6)
        loss = -(unit * target).mean() + output.square().mean().sqrt()
        return {"total": loss}

    monkeypatch.setattr(training, "reconstruction", blind)
    codec = run(tmp_path, Speech(packed), steps=100)
    assert examine(codec, clips).level < 0.5
    assert "level" in causes(codec, clips)


def test_the_wrong_rate(tmp_path, clips):
    """Speech of 4 kHz that was only labelled 8 kHz after upsampling."""
    import soundfile
    import soxr

    (tmp_path / "wavs").mkdir()
    for i in range(6):
        slow = soxr.resample(voice(3.0, 20 + i), RATE, RATE // 2, quality="HQ")
        dull = soxr.resample(slow, RATE // 2, RATE, quality="HQ")
        soundfile.write(tmp_path / "wavs" / f"{i}.wav", dull, RATE)
    pack([Source("slow", tmp_path / "wavs", 1.0, "made up")], RATE, tmp_path / "packed")
    rng = np.random.default_rng(0)
    airy = [c + 0.02 * rng.standard_normal(len(c)).astype(np.float32) for c in clips]
    assert "narrow" in causes(run(tmp_path / "run", Speech(tmp_path / "packed"), steps=120), airy)

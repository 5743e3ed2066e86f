"""How far the network looks ahead, and its one convolution written in two ways."""

from functools import partial

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from codec.made_up_speech import small_base, voice  # noqa: E402
from ttsprep.codec.codec import Codec  # noqa: E402
from ttsprep.codec.config import preset  # noqa: E402
from ttsprep.codec.network import (  # noqa: E402
    CodecModel,
    convolved,
    shifted,
)
from ttsprep.codec.training.data import Speech  # noqa: E402
from ttsprep.codec.training.export import fit  # noqa: E402

FRAMES = 40


@pytest.mark.parametrize("causal", [True, False])
def test_a_sample_depends_on_none_that_is_later_than_the_latency(causal):
    config = small_base(causal=causal, decoder_blocks=1, encoder_blocks=1)
    torch.manual_seed(0)
    model = CodecModel(config)
    reach = []
    for place in range(1, 2 * config.hop_length, config.stft_hop // 2):
        samples = torch.randn(1, FRAMES * config.hop_length, requires_grad=True)
        at = 12 * config.hop_length + place
        model.decoder(model.encoder(samples))[0, at].backward()
        reach.append(int(samples.grad[0].nonzero().max()) - at)
    assert max(reach) < config.latency
    if causal:  # and the number is not larger than it must be, but for the first sample of a window, which is 0
        assert max(reach) == config.latency - 2


def test_later_samples_change_nothing_of_what_a_causal_codec_has_decoded(packed):
    codec = Codec(fit(small_base(causal=True), Speech(packed)))
    config = codec.config
    first = torch.from_numpy(np.concatenate([voice(1.5, 3), voice(1.5, 4)]) / np.float32(0.1))
    second = first.clone()
    at = 9 * config.hop_length + 17
    second[at + config.latency :] = torch.from_numpy(voice(3.0, 5)[at + config.latency :] / np.float32(0.1))
    decoded = []
    for samples in (first, second):
        whole = samples[None, : len(samples) // config.hop_length * config.hop_length]
        latents = codec.model.encoder(whole)
        decoded.append(codec.model.decoder(codec.model.quantiser.decode(codec.model.quantiser.encode(latents)))[0])
    assert torch.equal(decoded[0][:at], decoded[1][:at])
    assert not torch.equal(decoded[0][at + config.latency :], decoded[1][at + config.latency :])


def test_a_causal_codec_codes_chunks_as_the_whole(packed):
    codec = Codec(fit(small_base(causal=True), Speech(packed)))
    clips = [voice(seconds, seed) for seconds, seed in ((0.1, 1), (2.9, 2), (11.0, 3))]
    together = codec.encode(clips, beam=2)
    for clip, coded in zip(clips, together, strict=True):
        assert np.array_equal(codec.encode([clip], beam=2)[0].codes, coded.codes)
        for size in (100, 4096, 50_000):
            stream = partial(np.split, clip, range(size, len(clip), size))
            assert np.array_equal(codec.encode_stream(stream, beam=2).codes, coded.codes)
    config, model = codec.config, codec.model
    with torch.inference_mode():
        codes = torch.from_numpy(together[2].codes.astype(np.int64))
        whole = model.decoder(model.quantiser.decode(codes[None]))[0].numpy() * config.output_gain
    decoded = codec.decode(together)[2] / np.float32(together[2].scale)
    assert np.allclose(decoded, whole[: len(decoded)], atol=2e-4)


@pytest.mark.parametrize(("kind", "how"), [("rvq-ema", "rms"), ("residual-fsq", "none"), ("rvq-l2", "l2")])
def test_before_the_codebooks_the_decoder_sees_what_it_will_see(kind, how):
    books = preset("tiny8").quantiser.model_copy(update={"kind": kind, "normalise": how})
    config = preset("tiny8").model_copy(update={"quantiser": books})
    model, g = CodecModel(config).eval(), torch.Generator().manual_seed(1)
    samples = torch.randn(2, 8 * config.hop_length, generator=g)
    before = model(samples, None, g)
    assert before.codes.shape == (2, 0, 8) and float(before.loss) == 0
    mixed = model(samples, torch.tensor([0, 2]), g)  # the first passes through beside one that is quantised
    torch.testing.assert_close(before.samples[0], mixed.samples[0])
    assert not torch.allclose(before.samples[1], mixed.samples[1])


@pytest.mark.parametrize(("before", "after"), [(3, 3), (6, 0)])
def test_shifted_copies_are_a_convolution(before, after):
    torch.manual_seed(0)
    inputs = [torch.randn(2, 9, 5), torch.randn(5, 1, 7), torch.randn(5)]
    results = []
    for way in (convolved, shifted):
        values = [value.clone().requires_grad_() for value in inputs]
        out = way(*values, before, after)
        out.square().sum().backward()
        results.append([out.detach(), *(value.grad for value in values)])
    for one, two in zip(*results, strict=True):
        torch.testing.assert_close(one, two, atol=1e-4, rtol=1e-4)


def test_the_numbers_of_the_presets():
    for name, ms in (("nano16", 35.0), ("base16", 35.0), ("base24", 23.333)):
        config = preset(name).model_copy(update={"causal": True})
        assert config.latency_ms == pytest.approx(ms, abs=0.001)
        assert preset(name).latency_ms > 500

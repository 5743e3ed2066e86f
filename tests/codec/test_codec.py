"""The same clip gives the same codes however it is fed, and comes back at its own length and level."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from codec.made_up_speech import voice  # noqa: E402
from ttsprep.codec import tiles  # noqa: E402
from ttsprep.codec.codec import (  # noqa: E402
    Codec,
    EncodedClip,
    speech_level,
)
from ttsprep.codec.training.export import export  # noqa: E402
from ttsprep.core.errors import CodecError, UntrainedError  # noqa: E402

LENGTHS = [1, 319, 320, 321, 2560, 41_000, 81_921, 100_003]


@pytest.fixture(scope="module")
def codec(trained):
    return Codec(export(trained))


@pytest.fixture(scope="module")
def clips():
    return [voice(length / 8000 + 0.01, 50 + i)[:length] for i, length in enumerate(LENGTHS)]


@pytest.mark.slow
def test_a_batch_gives_the_codes_of_each_clip_alone(codec, clips):
    together = codec.encode(clips)
    for clip, coded in zip(clips, together, strict=True):
        (alone,) = codec.encode([clip])
        assert np.array_equal(alone.codes, coded.codes)
        assert alone.scale == coded.scale


def test_how_samples_lie_in_memory_does_not_matter(codec, clips):
    backwards = clips[5][::-1]
    wide = np.stack([clips[5], clips[5]], 1)[:, 0]
    assert np.array_equal(codec.encode([backwards])[0].codes, codec.encode([backwards.copy()])[0].codes)
    assert np.array_equal(codec.encode([wide])[0].codes, codec.encode([clips[5]])[0].codes)


def test_a_stream_gives_the_whole_clip(codec, clips):
    for clip in clips:
        (whole,) = codec.encode([clip], beam=2)
        streamed = codec.encode_stream(lambda clip=clip: iter(np.array_split(clip, 9)), beam=2)
        assert np.array_equal(streamed.codes, whole.codes)
        assert (streamed.scale, streamed.samples) == (whole.scale, whole.samples)
        assert streamed.distance_db == whole.distance_db or len(clip) < 2


def test_speech_like_that_of_the_training_lies_nearer(codec, clips):
    strange = np.random.default_rng(0).standard_normal(20_000).astype(np.float32) * 0.1
    speech, noise = codec.encode([clips[-1], strange])
    assert speech.distance_db < noise.distance_db - 1


def test_what_stands_in_the_padding_does_not_matter(codec, clips):
    width = max(map(len, clips))
    for filler in (0.0, 1e9, np.nan):
        batch = np.full((len(clips), width), filler, np.float32)
        for row, clip in enumerate(clips):
            batch[row, : len(clip)] = clip
        for coded, alone in zip(codec.encode(batch, LENGTHS), codec.encode(clips), strict=True):
            assert np.array_equal(coded.codes, alone.codes)


@pytest.mark.parametrize("chunk", [100, 4096, 40_960, 65_000, 1_000_000])
@pytest.mark.parametrize("beam", [1, 3])
def test_chunks_give_the_codes_of_the_whole(codec, clips, chunk, beam):
    for clip in clips[4:]:
        (whole,) = codec.encode([clip], beam=beam)
        streamed = codec.encode_stream(lambda c=clip: (c[i : i + chunk] for i in range(0, len(c), chunk)), beam=beam)
        assert np.array_equal(streamed.codes, whole.codes) and streamed.scale == whole.scale


def test_tiles_give_what_one_pass_over_the_whole_clip_gives(codec, clips):
    """Up to rounding: the context of a tile covers the receptive field."""
    clip = torch.from_numpy(clips[-1] / np.float32(speech_level(clips[-1], 8000)))
    model, size = codec.model, codec.config.hop_length
    frames = -(-len(clip) // size)
    padded = torch.nn.functional.pad(clip, (0, frames * size - len(clip)))
    with torch.inference_mode():
        latents = model.encoder(padded[None])
        whole = model.quantiser.encode(latents)[0]
        samples = model.decoder(model.quantiser.decode(whole[None]))[0]
    tiled = tiles.encode_tiled(model, [(clip, 1.0)], codec.num_codebooks)[0].codes
    assert (tiled == whole).float().mean() > 0.999
    torch.testing.assert_close(tiles.decode_tiled(model, whole), samples, atol=2e-5, rtol=1e-4)


def test_one_batch_of_tiles_gives_the_codes_of_each_up_to_rounding(codec, clips):
    """The way of a GPU, on a CPU."""
    pieces = [piece for clip in clips for piece in tiles.cut(torch.from_numpy(clip), 0.1, codec.config.hop_length)]
    for beam in (1, 3):
        alone = tiles.encode_tiles(codec.model, pieces, codec.num_codebooks, beam)
        together = tiles.encode_tiles(codec.model, pieces, codec.num_codebooks, beam, rows=len(pieces) + 3)
        same = [(a.codes == b.codes).float().mean().item() for a, b in zip(alone, together, strict=True)]
        assert np.average(same, weights=[piece.size for piece in pieces]) > 0.999
        assert [a.codes.shape for a in alone] == [b.codes.shape for b in together]
        assert sum(a.missed for a in alone) == pytest.approx(sum(b.missed for b in together), rel=1e-3)


def test_it_may_be_loaded_in_inference_mode(codec, clips):
    with torch.inference_mode():
        (coded,) = Codec(codec.checkpoint).encode(clips[-1:], beam=2)
    assert np.array_equal(coded.codes, codec.encode(clips[-1:], beam=2)[0].codes)


def test_length_and_level_come_back(codec, clips):
    for gain in (1.0, 0.01):
        for clip, decoded in zip(clips, codec.decode(codec.encode([gain * c for c in clips])), strict=True):
            assert decoded.shape == clip.shape and decoded.dtype == np.float32
    loud, soft = codec.encode([clips[5], clips[5] * np.float32(0.25)])
    assert 3.5 < loud.scale / soft.scale < 4


def test_an_empty_clip_is_an_empty_clip(codec):
    (coded,) = codec.encode([np.zeros(0, np.float32)])
    assert coded.codes.shape == (4, 0)
    assert codec.decode([coded])[0].shape == (0,)


def test_every_depth_can_be_asked_for_and_none_beyond(codec, clips):
    whole = codec.encode(clips[-1:])[0].codes
    for num_codebooks in range(1, 5):
        assert np.array_equal(codec.encode(clips[-1:], num_codebooks=num_codebooks)[0].codes, whole[:num_codebooks])
    with pytest.raises(UntrainedError, match="5 codebooks were asked for"):
        codec.encode(clips[-1:], num_codebooks=5)


def test_more_candidates_lower_the_error(codec, clips):
    clip = torch.from_numpy(clips[-1] / np.float32(speech_level(clips[-1], 8000)))
    model, size = codec.model, codec.config.hop_length
    with torch.inference_mode():
        latents = model.encoder(clip[None, : len(clip) // size * size])
        errors = [
            float((model.quantiser.decode(model.quantiser.encode(latents, beam=b)) - latents).square().mean())
            for b in (1, 4, 16)
        ]
    assert errors == sorted(errors, reverse=True) and errors[0] > errors[2]


def test_codes_are_checked_before_they_are_decoded(codec, clips):
    good = codec.encode(clips[5:6])[0]
    for bad, words in [
        (EncodedClip(good.codes + np.int16(64), good.scale, good.samples), "codebook has 64"),
        (EncodedClip(-good.codes - np.int16(1), good.scale, good.samples), "codebook has 64"),
        (EncodedClip(good.codes[:, :-1], good.scale, good.samples), "frames of codes"),
        (EncodedClip(good.codes[0], good.scale, good.samples), "num_codebooks, frames"),
        (EncodedClip(good.codes, float("nan"), good.samples), "scale"),
        (EncodedClip(np.concatenate([good.codes, good.codes]), good.scale, good.samples), "8 codebooks were asked for"),
    ]:
        with pytest.raises(CodecError, match=words):
            codec.decode([bad])


def test_samples_that_are_no_clip_are_refused(codec):
    with pytest.raises(CodecError, match="not finite"):
        codec.encode([np.array([0.1, np.inf], np.float32)])
    with pytest.raises(CodecError, match="mono"):
        codec.encode([np.zeros((10, 2), np.float32)])
    with pytest.raises(CodecError, match="length 30"):
        codec.encode([np.zeros(10, np.float32)], [30])
    with pytest.raises(CodecError, match="not finite"):
        codec.encode_stream(lambda: [np.full(9000, np.nan, np.float32)])
    with pytest.raises(CodecError, match="mono"):
        codec.encode_stream(lambda: [np.zeros((10, 2), np.float32)])


def test_a_search_keeps_at_least_one_choice(codec, clips):
    with pytest.raises(CodecError, match="beam 0"):
        codec.encode(clips[:1], beam=0)
    with pytest.raises(CodecError, match="beam -1"):
        codec.encode_stream(lambda: clips[:1], beam=-1)


def test_silence_and_noise_do_not_break_it(codec):
    rng = np.random.default_rng(0)
    for clip in (np.zeros(9000, np.float32), rng.standard_normal(9000).astype(np.float32)):
        (decoded,) = codec.decode(codec.encode([clip]))
        assert np.isfinite(decoded).all()
        assert np.abs(decoded).max() < 10

"""Codecs of Hugging Face from local folders, with random weights: shapes, depths, lengths, and no network."""

import json
import math
import os
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")

from ttsprep.codec.external import load_codec  # noqa: E402
from ttsprep.core.errors import CheckpointError, CodecError, UntrainedError  # noqa: E402

MODELS = {
    "encodec": (
        transformers.EncodecModel, transformers.EncodecConfig,
        {
            "num_filters": 4, "hidden_size": 16, "num_lstm_layers": 1, "codebook_size": 32, "codebook_dim": 16,
            "upsampling_ratios": [4, 4, 2], "target_bandwidths": [3.75, 11.25],
        },
    ),
    "dac": (
        transformers.DacModel, transformers.DacConfig,
        {
            "encoder_hidden_size": 8, "decoder_hidden_size": 32, "downsampling_ratios": [2, 4], "n_codebooks": 3,
            "codebook_size": 32, "codebook_dim": 4,
        },
    ),
    "mimi": (
        transformers.MimiModel, transformers.MimiConfig,
        {
            "num_filters": 4, "hidden_size": 32, "codebook_dim": 16, "codebook_size": 32, "num_quantizers": 3,
            "num_semantic_quantizers": 1, "upsampling_ratios": [4, 4], "num_hidden_layers": 1, "head_dim": 16,
            "num_attention_heads": 2, "num_key_value_heads": 2, "intermediate_size": 32,
            "vector_quantization_hidden_dimension": 16, "upsample_groups": 32,
        },
    ),
}  # fmt: skip


@pytest.fixture(scope="module", params=list(MODELS))
def folder(request, tmp_path_factory) -> Path:
    model, config, settings = MODELS[request.param]
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp(request.param)
    made = model(config(**settings))
    for name, value in made.named_buffers():  # codebooks are zeros until they are trained
        if name.endswith(("embed", "embed_sum")):
            value.normal_(0, 0.05)
    made.save_pretrained(path)
    return path


def clip(length: int) -> np.ndarray:
    return (0.1 * np.random.default_rng(length).standard_normal(length)).astype(np.float32)


def test_codes_of_every_depth_and_length(folder):
    codec = load_codec(folder)
    assert codec.num_codebooks == 3 and codec.codebook_size == 32 and len(codec.digest) == 64
    for length in (1, 31, 33, 4001):
        (whole,) = codec.encode([clip(length)])
        assert whole.codes.shape == (3, math.ceil(length / codec.hop_length)) and whole.codes.dtype == np.int16
        for num_codebooks in (1, 2):
            (some,) = codec.encode([clip(length)], num_codebooks=num_codebooks)
            assert np.array_equal(some.codes, whole.codes[:num_codebooks])
            (decoded,) = codec.decode([some])
            assert decoded.shape == (length,) and np.isfinite(decoded).all()
    (empty,) = codec.encode([clip(0)])
    assert empty.codes.shape == (3, 0) and codec.decode([empty])[0].shape == (0,)
    assert len(np.unique(codec.encode([clip(4001)])[0].codes)) > 3


def test_codes_are_those_of_the_model_itself(folder):
    codec = load_codec(folder)
    samples = clip(125 * codec.hop_length)
    kind = json.loads((folder / "config.json").read_text(encoding="utf-8"))["model_type"]
    model = MODELS[kind][0].from_pretrained(folder, local_files_only=True).eval()
    options = {"bandwidth": 11.25} if kind == "encodec" else {}
    with torch.inference_mode():
        found = model.encode(torch.from_numpy(samples)[None, None], **options).audio_codes
    assert np.array_equal(codec.encode([samples])[0].codes, found.reshape(3, -1).numpy())


def test_a_batch_gives_the_codes_of_each_clip_alone(folder):
    codec = load_codec(folder)
    clips = [clip(n) for n in (100, 4001, 999)]
    for one, coded in zip(clips, codec.encode(clips), strict=True):
        assert np.array_equal(codec.encode([one])[0].codes, coded.codes)
    pieces = codec.encode_stream(lambda: iter(np.array_split(clips[1], 7)))
    assert np.array_equal(pieces.codes, codec.encode(clips)[1].codes)


def test_what_does_not_fit_is_refused(folder, tmp_path):
    codec = load_codec(folder)
    with pytest.raises(UntrainedError, match="4 codebooks were asked for, but this codec has 3"):
        codec.encode([clip(100)], num_codebooks=4)
    (coded,) = codec.encode([clip(100)])
    with pytest.raises(CodecError, match="a codebook has 32"):
        codec.decode([type(coded)(coded.codes + np.int16(32), 1.0, 100)])
    with pytest.raises(CodecError, match="finite"):
        codec.encode([np.array([np.nan], np.float32)])
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(CheckpointError, match="weights in pickles are not loaded"):
        load_codec(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({**config, "model_type": "bert"}), encoding="utf-8")
    with pytest.raises(CheckpointError, match="type 'bert'; codecs that are known: encodec, dac, mimi"):
        load_codec(tmp_path)
    (tmp_path / "config.json").unlink()
    with pytest.raises(CheckpointError, match=r"folder without config\.json"):
        load_codec(tmp_path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"num_layers": 10**7}, "num_layers is 10,000,000 \\(limit 512\\)"),
        ({"sizes": [4, 10**9]}, "sizes is 1,000,000,000 \\(limit 65,536\\)"),
        ({"sampling_rate": 10**9}, "sampling_rate is 1,000,000,000 \\(limit 384,000\\)"),
        ({"sampling_rate": 0}, "zero|is 0"),
        ({"codebook_size": "x"}, "codebook_size"),
        ({"codebook_size": 64}, "have other sizes than config.json says|are missing"),
    ],
)
def test_a_config_that_no_codec_has_is_refused(folder, tmp_path, changes, words):
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (tmp_path / "config.json").write_text(json.dumps(config | changes), encoding="utf-8")
    (tmp_path / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    with pytest.raises(CheckpointError, match=words) as caught:
        load_codec(tmp_path)
    assert "\n" not in str(caught.value)


def test_weights_that_are_no_regular_file_of_their_size_are_refused(folder, tmp_path):
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    data, path = (folder / "model.safetensors").read_bytes(), tmp_path / "model.safetensors"
    os.mkfifo(path)
    with pytest.raises(CheckpointError, match="not a regular file"):
        load_codec(tmp_path)
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(CheckpointError, match="not a regular file"):
        load_codec(tmp_path)
    path.unlink()
    for damaged in (data[:-1], data + b"x", data[:100], b"", b"\xff" * 200):
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match=r"model\.safetensors: it (is no safetensors|has .* bytes)"):
            load_codec(tmp_path)
    path.write_bytes(data)
    (tmp_path / "config.json").unlink()
    os.mkfifo(tmp_path / "config.json")
    with pytest.raises(CheckpointError, match=r"folder without config\.json"):
        load_codec(tmp_path)
    (tmp_path / "config.json").unlink()
    for name in ("generation_config.json", "adapter_config.json"):  # of which transformers would wait for one
        os.mkfifo(tmp_path / name)
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    assert load_codec(tmp_path).num_codebooks == 3


def test_a_name_that_is_not_in_the_cache_is_not_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(CheckpointError, match="nobody/codec: no such file"):
        load_codec("nobody/codec")

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

DAC = {"encoder_hidden_size": 4, "decoder_hidden_size": 64, "hidden_size": 32, "downsampling_ratios": [8, 5, 4, 2],
       "upsampling_ratios": [8, 5, 4, 2], "codebook_size": 32}  # fmt: skip
LAYER = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
HUBERT = LAYER | {"conv_dim": (16,) * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 4}
SEMANTIC = {"codebook_size": 32, "codebook_dim": 64, "acoustic_model_config": {"model_type": "dac", **DAC},
            "semantic_model_config": {"model_type": "hubert", **HUBERT}}  # fmt: skip
MIMI = {
    "num_filters": 4, "hidden_size": 32, "codebook_dim": 16, "codebook_size": 32, "num_quantizers": 3,
    "num_semantic_quantizers": 1, "upsampling_ratios": [4, 4], "num_hidden_layers": 1, "head_dim": 16,
    "num_attention_heads": 2, "num_key_value_heads": 2, "intermediate_size": 32,
    "vector_quantization_hidden_dimension": 16, "upsample_groups": 32,
}  # fmt: skip
CONFIGS = {
    "encodec": ("Encodec", {
        "num_filters": 4, "hidden_size": 16, "num_lstm_layers": 1, "codebook_size": 32, "codebook_dim": 16,
        "upsampling_ratios": [4, 4, 2], "target_bandwidths": [3.75, 11.25],
    }),
    "dac": ("Dac", {
        "encoder_hidden_size": 8, "decoder_hidden_size": 32, "downsampling_ratios": [2, 4], "n_codebooks": 3,
        "codebook_size": 32, "codebook_dim": 4,
    }),
    "mimi": ("Mimi", MIMI),
    "xcodec": ("Xcodec", {"target_bandwidths": [0.25, 0.75], **SEMANTIC}),
    "higgs": ("HiggsAudioV2Tokenizer", {"target_bandwidths": [0.25, 0.75], "sample_rate": 16000, **SEMANTIC}),
    "xcodec2": ("Xcodec2", LAYER | {
        "hidden_size": 64, "num_key_value_heads": 2, "head_dim": 16, "encoder_hidden_size": 4,
        "quantization_dim": 96, "quantization_levels": [4, 4],
        "semantic_model_config": {"model_type": "wav2vec2-bert", **LAYER},
    }),
}  # fmt: skip


def made_by_transformers(name: str, path: Path) -> None:
    prefix, config = CONFIGS[name]
    if not hasattr(transformers, f"{prefix}Model"):
        pytest.skip(f"transformers {transformers.__version__} has no {prefix}Model")
    if name in {"xcodec2", "higgs"}:
        pytest.importorskip("torchaudio", reason="this codec needs torchaudio")
    save(getattr(transformers, f"{prefix}Model")(getattr(transformers, f"{prefix}Config")(**config)), path)


def save(model, path: Path) -> None:
    for name, value in model.named_buffers():  # codebooks are zeros until they are trained
        if name.endswith(("embed", "embed_sum")):
            value.normal_(0, 0.05)
    model.save_pretrained(path)


def made_by_qwen(path: Path) -> None:
    tokenizers = pytest.importorskip("qwen_tts.core", reason="qwen-tts is not installed")
    decoder = {
        "codebook_size": 32, "hidden_size": 32, "latent_dim": 32, "num_attention_heads": 2, "num_key_value_heads": 2,
        "intermediate_size": 32, "num_hidden_layers": 1, "num_quantizers": 3, "upsample_rates": (4, 2),
        "upsampling_ratios": (2, 2), "decoder_dim": 64, "head_dim": 16, "codebook_dim": 32,
    }  # fmt: skip
    rates = {"decode_upsample_rate": 32, "encode_downsample_rate": 32, "encoder_valid_num_quantizers": 3}
    config = tokenizers.Qwen3TTSTokenizerV2Config(MIMI, decoder, **rates)
    save(tokenizers.Qwen3TTSTokenizerV2Model(config), path)


def made_by_snac(path: Path, window: int | None) -> None:
    snac = pytest.importorskip("snac", reason="snac is not installed")
    config = {
        "sampling_rate": 24000, "encoder_dim": 16, "encoder_rates": [2, 4], "decoder_dim": 64, "decoder_rates": [4, 2],
        "attn_window_size": window, "codebook_size": 32, "vq_strides": [4, 2, 1], "noise": False,
    }  # fmt: skip
    (path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    torch.save(snac.SNAC(**config).state_dict(), path / "pytorch_model.bin")


MAKERS = {name: lambda path, name=name: made_by_transformers(name, path) for name in CONFIGS} | {
    "qwen": made_by_qwen,
    "snac": lambda path: made_by_snac(path, None),
    "snac-window": lambda path: made_by_snac(path, 8),
}
BOOKS = {"xcodec2": 1, "snac": 7, "snac-window": 14}
HOP_LENGTH = {"encodec": 32, "dac": 8, "mimi": 32, "qwen": 32, "snac": 32, "snac-window": 64}


@pytest.fixture(scope="module", params=list(MAKERS))
def folder(request, tmp_path_factory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("models") / request.param
    path.mkdir()
    MAKERS[request.param](path)
    return path


@pytest.fixture(params=["encodec", "dac", "mimi"])
def plain(request, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("models")
    MAKERS[request.param](path)
    return path


def clip(length: int) -> np.ndarray:
    return (0.1 * np.random.default_rng(length).standard_normal(length)).astype(np.float32)


def test_codes_of_every_depth_and_length(folder):
    codec = load_codec(folder)
    books = BOOKS.get(folder.name, 3)
    assert codec.num_codebooks == books and len(codec.digest) == 64
    assert codec.codebook_size == (16 if folder.name == "xcodec2" else 32)
    assert codec.hop_length == HOP_LENGTH.get(folder.name, 320)
    for length in (1, 31, 33, 4001):
        (whole,) = codec.encode([clip(length)])
        assert whole.codes.shape == (books, math.ceil(length / codec.hop_length)) and whole.codes.dtype == np.int16
        for num_codebooks in (1, 2) if codec._family.divisible and books > 1 else (books,):
            (some,) = codec.encode([clip(length)], num_codebooks=num_codebooks)
            assert np.array_equal(some.codes, whole.codes[:num_codebooks])
            (decoded,) = codec.decode([some])
            assert decoded.shape == (length,) and np.isfinite(decoded).all()
    (empty,) = codec.encode([clip(0)])
    assert empty.codes.shape == (books, 0) and codec.decode([empty])[0].shape == (0,)
    assert books == 1 or len(np.unique(codec.encode([clip(4001)])[0].codes)) > 1


def test_codes_are_those_of_the_model_itself(folder):
    if folder.name not in CONFIGS or folder.name == "xcodec2":
        pytest.skip("a model of another package")
    codec = load_codec(folder)
    samples = clip(25 * codec.hop_length)
    kind = getattr(transformers, f"{CONFIGS[folder.name][0]}Model")
    model = kind.from_pretrained(folder, local_files_only=True).eval()
    options = {"bandwidth": 11.25} if folder.name == "encodec" else {}
    with torch.inference_mode():
        theirs = model.encode(torch.from_numpy(samples)[None, None], **options).audio_codes
    assert np.array_equal(codec.encode([samples])[0].codes, theirs.reshape(codec.num_codebooks, -1).numpy())


@pytest.mark.parametrize("window", [None, 8])
def test_snac_decodes_what_it_encodes_as_the_package_does(tmp_path, window):
    """Its codes of several rates, woven into one array and taken apart again, are the same to the decoder."""
    torch.manual_seed(0)
    made_by_snac(tmp_path, window)
    codec = load_codec(tmp_path)
    samples = clip(10 * codec.hop_length)
    model = codec._family.model
    with torch.inference_mode():
        theirs = model.encode(torch.from_numpy(samples)[None, None])
        decoded = model.decode(theirs).reshape(-1).numpy()
    (coded,) = codec.encode([samples])
    coarse, middle, fine = (codes[0].numpy() for codes in theirs)
    assert coded.codes[:7, 0].tolist() == [coarse[0], middle[0], *fine[:2], middle[1], *fine[2:4]]
    assert np.array_equal(codec.decode([coded])[0], decoded)
    with pytest.raises(UntrainedError, match="it is used whole"):
        codec.encode([samples], num_codebooks=3)


def test_a_batch_gives_the_codes_of_each_clip_alone(folder):
    codec = load_codec(folder)
    clips = [clip(n) for n in (100, 4001, 999)]
    for one, coded in zip(clips, codec.encode(clips), strict=True):
        assert np.array_equal(codec.encode([one])[0].codes, coded.codes)
    pieces = codec.encode_stream(lambda: iter(np.array_split(clips[1], 7)))
    assert np.array_equal(pieces.codes, codec.encode(clips)[1].codes)


def test_what_does_not_fit_is_refused(folder, tmp_path):
    codec = load_codec(folder)
    books = codec.num_codebooks
    with pytest.raises(UntrainedError, match=f"{books + 1} codebooks"):
        codec.encode([clip(100)], num_codebooks=books + 1)
    (coded,) = codec.encode([clip(100)])
    with pytest.raises(CodecError, match="a codebook has"):
        codec.decode([type(coded)(coded.codes + np.int16(32), 1.0, 100)])
    with pytest.raises(CodecError, match="finite"):
        codec.encode([np.array([np.nan], np.float32)])
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"weights in pickles are not loaded|cannot be read"):
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
def test_a_config_that_no_codec_has_is_refused(plain, tmp_path, changes, words):
    config = json.loads((plain / "config.json").read_text(encoding="utf-8"))
    (tmp_path / "config.json").write_text(json.dumps(config | changes), encoding="utf-8")
    (tmp_path / "model.safetensors").write_bytes((plain / "model.safetensors").read_bytes())
    with pytest.raises(CheckpointError, match=words) as caught:
        load_codec(tmp_path)
    assert "\n" not in str(caught.value)


def test_weights_that_are_no_regular_file_of_their_size_are_refused(plain, tmp_path):
    (tmp_path / "config.json").write_bytes((plain / "config.json").read_bytes())
    data, path = (plain / "model.safetensors").read_bytes(), tmp_path / "model.safetensors"
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
    (tmp_path / "config.json").write_bytes((plain / "config.json").read_bytes())
    assert load_codec(tmp_path).num_codebooks == 3


def test_a_name_that_is_not_in_the_cache_is_not_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(CheckpointError, match="nobody/codec: no such file"):
        load_codec("nobody/codec")

"""Readers of token files and checkpoints, which take the extra codec."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
from codec.made_up_speech import small_base

from fuzz.form import Read, Reader, Seed
from ttsprep.codec import checkpoint
from ttsprep.codec.checkpoint import Checkpoint
from ttsprep.codec.network import CodecModel
from ttsprep.codec.token_formats import SUMMARY, open_codes, write_shard
from ttsprep.codec.tokens import TokenSpec, schema
from ttsprep.core.files import digest

SPEC = TokenSpec("nano16", "ab" * 32, 16000, 320, num_codebooks=2, codebook_size=64)
ABOUT = [{"text": "One.", "speaker": "", "language": "en", "name": name} for name in ("a", "b")]


def tokens(form: str, pattern: str) -> Seed:
    def seed(folder: Path) -> Path:
        codes = [np.arange(6).tolist(), np.arange(2).tolist()]
        columns = {"id": ["a", "b"], "codes": codes, "frames": [3, 1], "scale": [0.5, 1.0], "samples": [900, 1]}
        out = folder / "codes"
        out.mkdir()
        write_shard(form, out, (0, 1), pa.table(columns, schema=schema(64)), ABOUT, SPEC)
        listed(out)
        return next(out.glob(pattern))

    return seed


def listed(out: Path) -> None:
    """List the files with their digests, as who forges them would."""
    (out / SUMMARY).unlink(missing_ok=True)
    files = {path.relative_to(out).as_posix(): {"sha256": digest(path)} for path in out.rglob("*.*")}
    (out / SUMMARY).write_text(json.dumps({"spec": SPEC.document(), "files": files}), encoding="utf-8")


def read_tokens(folder: Path) -> None:
    list(open_codes(folder / "codes").rows())


def read_forged(folder: Path) -> None:
    listed(folder / "codes")
    read_tokens(folder)


def weights(name: str) -> Seed:
    def seed(folder: Path) -> Path:
        config = small_base()
        count = config.quantiser.num_codebooks
        state = {key: value.detach() for key, value in CodecModel(config).state_dict().items()}
        checkpoint.write_checkpoint(Checkpoint(config, state, count, [1] * count, 1), folder / name)
        return folder / name

    return seed


def read_weights(name: str) -> Read:
    return lambda folder: checkpoint.read_checkpoint(folder / name)


CODEC_READERS = {
    "tokens-parquet": Reader(tokens("parquet", "codes-*.parquet"), read_tokens),
    "tokens-npy": Reader(tokens("npy", "*.npy"), read_forged),
    "tokens-index": Reader(tokens("npy", "index-*.parquet"), read_forged),
    "tokens-tar": Reader(tokens("webdataset", "codes-*.tar"), read_forged),
    "tokens-hf": Reader(tokens("hf", "data/train-*.parquet"), read_tokens),
    "tokens-flat": Reader(tokens("flat", "codes-*.jsonl"), read_forged, json=True),
    "tokens-delay": Reader(tokens("delay-higgs", "codes-*.jsonl"), read_forged, json=True),
    "tokens-vocabulary": Reader(tokens("flat", "vocabulary.json"), read_forged, json=True),
    "tokens-summary": Reader(tokens("webdataset", SUMMARY), read_tokens, json=True),
    "weights.safetensors": Reader(weights("a.safetensors"), read_weights("a.safetensors")),
    "weights.pt": Reader(weights("a.pt"), read_weights("a.pt")),
}

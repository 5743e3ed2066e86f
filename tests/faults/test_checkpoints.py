"""Checkpoints from anywhere: nothing in them runs, and what claims more than it holds is refused before it is made."""

import io
import os
import pickle
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from commands import ttsprep as command  # noqa: E402

import ttsprep.codec  # noqa: E402
from ttsprep.codec.checkpoint import read_checkpoint, write_checkpoint  # noqa: E402
from ttsprep.codec.codec import Codec  # noqa: E402
from ttsprep.core.errors import CheckpointError  # noqa: E402

SHIPPED = Path(ttsprep.codec.__file__).parent / "weights" / "nano16.pt"


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (exec, ("raise SystemExit('this must not run')",))


@pytest.fixture
def raw() -> dict[str, Any]:
    return dict(torch.load(SHIPPED, weights_only=True))


def saved(raw: dict[str, Any], path: Path) -> Path:
    torch.save(raw, path)
    return path


def test_a_malicious_pickle_is_refused_by_the_command(tmp_path: Path, spoken_once: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(pickle.dumps({"format": "ttsprep-codec", "state": Evil()}))
    done = command("encode", spoken_once, "--codec", path, "--out", tmp_path / "codes")
    assert done.returncode == 2 and not (tmp_path / "codes").exists()
    assert done.stderr.startswith(f"ttsprep: {path}: cannot be loaded without running code inside it")


def test_a_malicious_pickle_in_a_true_archive_is_refused(tmp_path: Path, raw: dict[str, Any]) -> None:
    with pytest.raises(CheckpointError, match="without running code"):
        read_checkpoint(saved({**raw, "training_summary": Evil()}, tmp_path / "checkpoint.pt"))


def test_an_archive_that_unpacks_to_more_than_it_has_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as parts:
        with zipfile.ZipFile(SHIPPED) as good:
            for part in good.infolist()[:2]:
                parts.writestr(part.filename, good.read(part))
            name = good.infolist()[0].filename.split("/")[0]
        parts.writestr(f"{name}/data/0", bytes(200 << 20))
    assert path.stat().st_size < 300_000
    with pytest.raises(CheckpointError, match=r"that unpack to 209,7\d\d,\d\d\d"):
        read_checkpoint(path)


def test_a_tensor_without_numbers_of_its_own_is_refused_before_it_takes_memory(tmp_path: Path) -> None:
    """A weight of 1e9 elements that all lie in one: as the config says, so that only its storage gives it away."""
    script = f"""
        import resource, torch
        from pathlib import Path
        from ttsprep.codec.checkpoint import read_checkpoint, skeleton
        from ttsprep.codec.config import CodecConfig
        from ttsprep.core.errors import CheckpointError
        raw = torch.load({str(SHIPPED)!r}, weights_only=True)
        config = CodecConfig.model_validate(raw["config"])
        quantiser = config.quantiser.model_copy(update={{"num_codebooks": 64, "codebook_size": 65536}})
        config = config.model_copy(update={{"latent": 256, "quantiser": quantiser}})
        state = {{name: torch.zeros(1, dtype=like.dtype).expand(like.shape)
                 for name, like in skeleton(config).state_dict().items()}}
        assert state["quantiser.total"].numel() > 1e9
        raw |= {{"config": config.model_dump(mode="json"), "state": state, "updates_per_quantiser": [1] * 64}}
        path = Path({str(tmp_path / "wide.pt")!r})
        torch.save(raw, path)
        assert path.stat().st_size < 100_000
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            read_checkpoint(path)
        except CheckpointError as error:
            assert "numbers that the file does not hold" in str(error), error
        else:
            raise AssertionError("it was read")
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        assert grown < 50, grown
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("extension", ["pt", "safetensors"])
def test_wrong_shapes_and_nan_are_named(tmp_path: Path, extension: str) -> None:
    good = read_checkpoint(SHIPPED)
    path = tmp_path / f"checkpoint.{extension}"
    for value, words in [
        (torch.zeros(3, 3), r"encoder\.enter\.bias is \(3, 3\), the config says \(128,\)"),
        (torch.full((128,), float("nan")), r"encoder\.enter\.bias holds NaN or infinity"),
        (torch.zeros(128, dtype=torch.int64), r"encoder\.enter\.bias is torch\.int64"),
    ]:
        write_checkpoint(type(good)(**{**fields(good), "state": {**good.state, "encoder.enter.bias": value}}), path)
        with pytest.raises(CheckpointError, match=words):
            read_checkpoint(path)


def fields(checkpoint: Any) -> dict[str, Any]:
    return {name: getattr(checkpoint, name) for name in checkpoint.__slots__}


def test_the_twin_in_safetensors_is_the_same_codec(tmp_path: Path) -> None:
    path = tmp_path / "nano16.safetensors"
    write_checkpoint(read_checkpoint(SHIPPED), path)
    assert Codec.load(path).digest == Codec.load("nano16").digest
    theirs = read_checkpoint(path).state
    for name, value in read_checkpoint(SHIPPED).state.items():
        assert torch.equal(theirs[name], value)
    before = path.read_bytes()
    write_checkpoint(read_checkpoint(path), path)
    assert path.read_bytes() == before


def test_safetensors_that_claim_more_than_they_hold_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "nano16.safetensors"
    write_checkpoint(read_checkpoint(SHIPPED), path)
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header, body = data[8 : 8 + size], data[8 + size :]

    def forged(text: bytes, rest: bytes = body) -> bytes:
        return len(text).to_bytes(8, "little") + text + rest

    cases = [
        (b"", "header claims"),
        ((1 << 60).to_bytes(8, "little") + header, "header claims 1,152,921,504,606,846,976 bytes"),
        (data[: 8 + size // 2], "header claims"),
        (data[:-2], "file not fully covered"),
        (data + b"more", "file not fully covered"),
        (forged(header.replace(b'"shape":[128]', b'"shape":[9128]', 1)), "invalid shape"),
        (forged(header.replace(b'"shape":[128]', b'"shape":[-128]', 1)), "invalid JSON in header"),
        (forged(header.replace(b'"F16"', b'"F99"', 1)), "invalid JSON in header"),
        (forged(b"[" * 100_000), "invalid JSON in header"),
        (forged(b'{"__metadata__": {"ttsprep-codec": "7"}}', b""), "not a ttsprep codec"),
        (forged(b'{"__metadata__": {"ttsprep-codec": "' + b"[" * 100_000 + b'"}}', b""), "not a ttsprep codec"),
    ]
    for content, words in cases:
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match=words):
            read_checkpoint(path)


@pytest.mark.parametrize("extension", ["pt", "safetensors"])
def test_a_pipe_is_no_checkpoint_and_is_not_waited_for(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"pipe.{extension}"
    os.mkfifo(path)
    with pytest.raises(CheckpointError, match="no such file"):
        read_checkpoint(path)


def test_a_checkpoint_of_something_else_is_named(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    torch.save({"model": torch.zeros(3)}, buffer)
    (tmp_path / "other.pt").write_bytes(buffer.getvalue())
    with pytest.raises(CheckpointError, match="not a ttsprep codec checkpoint"):
        read_checkpoint(tmp_path / "other.pt")

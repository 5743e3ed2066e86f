"""The file a codec travels in: loaded without executing anything, checked before anything is allocated."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from pydantic import ValidationError
from torch import Tensor

from ttsprep.codec.config import CodecConfig
from ttsprep.codec.network import CodecModel
from ttsprep.core.config import first_mistake
from ttsprep.core.errors import CheckpointError
from ttsprep.core.files import atomic_file, atomic_write
from ttsprep.core.output_folder import claim_file
from ttsprep.core.untrusted import UntrustedError, parse_json, refuse_bomb

FORMAT = "ttsprep-codec"
_VERSION = 2
HEADER_BYTES = 1 << 24
MOST_BYTES = 1 << 30
"""Of a checkpoint that torch wrote, whose config is read with all the rest; the largest preset has 250 MB."""
DIGEST_KEYS = {"stft_hop": "hop", "num_codebooks": "depth", "codebook_size": "cardinality"}
"""How the digest spells settings: a digest names a codec in every token file, so it outlives the names of settings."""
KEYS = {
    "format", "version", "config", "state", "trained_codebooks", "updates_per_quantiser", "step",
    "training_summary", "corpus_digest", "licence",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A trained codec and where it comes from.

    Attributes
    ----------
    config
        Of the network.
    state
        Tensors by name, as stored (often float16).
    trained_codebooks
        Codebooks that were trained.
    updates_per_quantiser
        Training steps each codebook had.
    step
        Of the training.
    training_summary
        Numbers worth keeping: losses, level, perplexity at the end.
    corpus_digest
        SHA-256 of the speech it was trained on.
    licence
        Of that speech.
    """

    config: CodecConfig
    state: dict[str, Tensor]
    trained_codebooks: int
    updates_per_quantiser: list[int]
    step: int
    training_summary: dict[str, Any] = field(default_factory=dict)
    corpus_digest: str = ""
    licence: str = ""

    def digest(self) -> str:
        """Return the SHA-256 of config and weights: what token files name their codec by."""
        config = self.config.model_dump_json()
        for key, digested in DIGEST_KEYS.items():
            config = config.replace(f'"{key}":', f'"{digested}":')
        out = hashlib.sha256(config.encode())
        out.update(str(self.trained_codebooks).encode())
        for name in sorted(self.state):
            value = self.state[name].detach().cpu().contiguous()
            out.update(f"{name}:{value.dtype}:{tuple(value.shape)}".encode())
            out.update(value.reshape(-1).view(torch.uint8).numpy().tobytes())
        return out.hexdigest()

    def model(self) -> CodecModel:
        """Return the model in float32, ready to code with."""
        model = CodecModel(self.config)
        model.load_state_dict(self.state)  # copies into float32, whatever is stored
        return model.eval()


def skeleton(config: CodecConfig) -> CodecModel:
    """Return a model of the right shapes that occupies no memory."""
    with torch.device("meta"):
        return CodecModel(config)


def write_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint, atomically: as ``.safetensors`` if that is its extension, else with torch."""
    rest = {
        "format": FORMAT,
        "version": _VERSION,
        "config": checkpoint.config.model_dump(mode="json"),
        "trained_codebooks": checkpoint.trained_codebooks,
        "updates_per_quantiser": checkpoint.updates_per_quantiser,
        "step": checkpoint.step,
        "training_summary": checkpoint.training_summary,
        "corpus_digest": checkpoint.corpus_digest,
        "licence": checkpoint.licence,
    }
    if path.suffix == ".safetensors":
        tensors = {name: value.detach().cpu().contiguous() for name, value in checkpoint.state.items()}
        atomic_write(path, safetensors.torch.save(tensors, {FORMAT: json.dumps(rest)}))
    else:
        save_atomically({**rest, "state": checkpoint.state}, path)


def claim_checkpoint(command: str, path: Path, sources: Iterable[Path]) -> None:
    """See that a command may write `path`: nothing is there, or another checkpoint, and no source around it."""
    claim_file(command, path, sources, ours=_is_checkpoint)


def _is_checkpoint(path: Path) -> bool:
    try:
        read_checkpoint(path)
    except (CheckpointError, OSError):
        return False
    return True


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint and refuse what does not fit.

    Parameters
    ----------
    path
        A file written by `write_checkpoint`.

    Returns
    -------
    Checkpoint

    Raises
    ------
    CheckpointError
        Where the file is missing, no checkpoint of ours, from the future, not finite, or of other sizes
        than its own config says.
    """
    if not path.is_file():  # nor is a device or a pipe opened, which might never end
        raise CheckpointError(f"{path}: no such file")
    raw = _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise CheckpointError(f"{path}: not a ttsprep codec checkpoint; a training run is exported with `export`")
    if raw.get("version") != _VERSION:
        raise CheckpointError(f"{path}: version {raw.get('version')!r}, this ttsprep reads version {_VERSION}")
    if set(raw) != KEYS:
        odd = ", ".join(sorted(map(str, set(raw) ^ KEYS)))
        raise CheckpointError(f"{path}: unexpected or missing: {odd}")
    try:
        config = CodecConfig.model_validate(raw["config"])
    except ValidationError as error:
        raise CheckpointError(f"{path}: config: {first_mistake(error)}") from None
    _check_state(path, config, raw["state"])
    _check_depth(path, config, raw)
    try:
        return Checkpoint(
            config=config,
            state=raw["state"],
            trained_codebooks=raw["trained_codebooks"],
            updates_per_quantiser=raw["updates_per_quantiser"],
            step=int(raw["step"]),
            training_summary=dict(raw["training_summary"]),
            corpus_digest=str(raw["corpus_digest"]),
            licence=str(raw["licence"]),
        )
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: {error}") from None


def _read_safetensors(path: Path) -> Any:
    """Return what a safetensors file holds, after a look that its header is small."""
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
        if size > min(HEADER_BYTES, path.stat().st_size - 8):
            raise CheckpointError(f"{path}: no safetensors file, or cut off: its header claims {size:,} bytes")
        with safetensors.safe_open(path, framework="pt") as parts:
            rest = parse_json((parts.metadata() or {}).get(FORMAT, "null"))
            if not isinstance(rest, dict) or not _is_small(path, rest):
                return rest
            tensors = {name: parts.get_tensor(name) for name in list(parts.keys())}
    except (OSError, safetensors.SafetensorError) as error:
        raise CheckpointError(f"{path}: cannot be read: {error}") from None
    except ValueError:
        return None
    return {**rest, "state": tensors}


def _is_small(path: Path, rest: dict[str, Any]) -> bool:
    """Whether a file is no larger than its own config says, before its tensors are read."""
    try:
        wanted = skeleton(CodecConfig.model_validate(rest.get("config")))
    except ValidationError:
        return False
    numbers = sum(value.numel() for value in wanted.state_dict().values())
    if path.stat().st_size > 8 * numbers + HEADER_BYTES:
        raise CheckpointError(f"{path}: {path.stat().st_size:,} bytes, for {numbers:,} numbers by its config")
    return True


def _read_torch(path: Path) -> Any:
    """Load with torch, after a look that no part unpacks to more than the file has."""
    try:
        refuse_bomb(path, MOST_BYTES)
        return torch.load(path, map_location="cpu", weights_only=True)
    except UntrustedError as error:
        raise CheckpointError(f"{path}: {error}") from None
    except Exception as error:
        raise CheckpointError(
            f"{path}: cannot be loaded without running code inside it, or is damaged ({type(error).__name__})"
        ) from None


def _check_state(path: Path, config: CodecConfig, state: Any) -> None:
    if not isinstance(state, dict):
        raise CheckpointError(f"{path}: state is no table of tensors")
    wanted = skeleton(config).state_dict()
    odd = sorted(map(str, set(wanted) ^ set(state)))
    if odd:
        raise CheckpointError(f"{path}: {len(odd)} tensors missing or unknown, such as {odd[0]!r}")
    for name, like in wanted.items():
        value = state[name]
        if not isinstance(value, Tensor) or value.shape != like.shape:
            got = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
            raise CheckpointError(f"{path}: {name} is {got}, the config says {tuple(like.shape)}")
        if value.is_floating_point() != like.is_floating_point():
            raise CheckpointError(f"{path}: {name} is {value.dtype}, expected something like {like.dtype}")
        if value.untyped_storage().nbytes() < value.numel() * value.itemsize or not value.is_contiguous():
            raise CheckpointError(f"{path}: {name} claims {value.numel():,} numbers that the file does not hold")
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise CheckpointError(f"{path}: {name} holds NaN or infinity: the training had diverged")


def _check_depth(path: Path, config: CodecConfig, raw: dict[str, Any]) -> None:
    num_codebooks, active, updates = (
        config.quantiser.num_codebooks,
        raw["trained_codebooks"],
        raw["updates_per_quantiser"],
    )
    if type(active) is not int or not 0 <= active <= num_codebooks:
        raise CheckpointError(f"{path}: trained_codebooks is {active!r}, the codec has {num_codebooks} codebooks")
    if not isinstance(updates, list) or len(updates) != num_codebooks or any(type(u) is not int for u in updates):
        raise CheckpointError(f"{path}: updates_per_quantiser must name {num_codebooks} numbers")
    untrained = [q for q in range(active) if updates[q] <= 0]
    if untrained:
        raise CheckpointError(f"{path}: trained_codebooks is {active}, but codebook {untrained[0]} was never trained")


def save_atomically(value: Any, path: Path) -> None:
    """Write with torch so that the file is whole or not there."""
    with atomic_file(path) as file:
        torch.save(value, file)

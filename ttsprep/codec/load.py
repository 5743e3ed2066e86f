"""Opening a codec by what a user calls it."""

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from ttsprep.codec.api import Codec
from ttsprep.codec.errors import CheckpointError
from ttsprep.codec.foreign import Foreign, cached, is_foreign
from ttsprep.errors import UsageError

if TYPE_CHECKING:
    from ttsprep.codec.coder import Coder


def load(name: Path | str, device: str = "cpu") -> "Coder":
    """Return the codec called `name`.

    Parameters
    ----------
    name
        A checkpoint, a folder with a model of Hugging Face, or the name of a codec that ships with ttsprep.
    device
        Where it is to compute.

    Raises
    ------
    CodecError
        If it cannot be loaded.
    """
    torch.set_num_threads(1)  # codes must not depend on how many cores there are; cores are for processes
    path = Path(name) if Path(name).exists() else cached(str(name)) or Path(name)
    if path.is_dir():
        if not is_foreign(path):
            raise CheckpointError(f"{path} is a folder without config.json: neither a checkpoint nor a model")
        return Foreign(path, device)
    return Codec.load(name, device)


def device(name: str) -> str:
    """Return the device that ``auto``, ``cpu`` or ``cuda`` stands for here.

    Raises
    ------
    UsageError
        If it is not there.
    """
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name not in {"cpu", "cuda"}:
        raise UsageError(f"no device is called {name!r}: auto, cpu or cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise UsageError("there is no CUDA device that this torch can use: give --device cpu")
    return name

"""Where a run computes, and what makes it repeat itself there."""

import os

import torch
from torch import Tensor

from ttsprep.codec.training.config import TrainConfig
from ttsprep.core.errors import UsageError


def find_device(name: str) -> str:
    """Return the device that ``auto``, ``cpu`` or ``cuda`` stands for; a `UsageError` if it is not here."""
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name not in {"cpu", "cuda"}:
        raise UsageError(f"no device is called {name!r}: auto, cpu or cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise UsageError("there is no CUDA device that this torch can use: give --device cpu")
    return name


def make_deterministic(device: torch.device) -> None:
    """Set what must be set before the first product on a device.

    A CPU gives the same bits again on one thread. A GPU gives them where its libraries have a deterministic
    way; where one has none, torch warns and goes on. What a run keeps in float32 is not rounded to TF32.
    """
    if device.type == "cpu":
        torch.set_num_threads(1)
        torch.use_deterministic_algorithms(True)
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read when cuBLAS is first used
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False
    torch.set_float32_matmul_precision("highest")


def autocast_dtype(train: TrainConfig, device: torch.device) -> torch.dtype | None:
    """Return the type of the products inside the networks, None for float32."""
    chosen = train.precision
    if chosen == "auto":
        chosen = "bf16" if device.type == "cuda" else "fp32"
    return torch.bfloat16 if chosen == "bf16" else None


def compiles(train: TrainConfig, device: torch.device) -> bool:
    """Say whether the networks are to be compiled."""
    return device.type == "cuda" if train.compile == "auto" else train.compile


def to_device(value: Tensor, device: torch.device) -> Tensor:
    """Bring a tensor to a device; to a GPU from pinned memory, without waiting for it."""
    if device.type == "cuda":
        return value.pin_memory().to(device, non_blocking=True)
    return value.to(device)

"""Reading and writing ``.safetensors``: eight bytes of length, a header of JSON, then the numbers.

The format is simple enough to read without its library, and every length is checked before anything is allocated.
"""

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ttsprep.core.errors import CheckpointError
from ttsprep.core.files import atomic_write

HEADER_BYTES = 1 << 24
KINDS = {
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F32": torch.float32,
    "I64": torch.int64,
    "I32": torch.int32,
    "BOOL": torch.bool,
}
_NAMES = {kind: name for name, kind in KINDS.items()}


def write(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Write tensors, whole or not at all; the same tensors give the same bytes.

    Parameters
    ----------
    path
        Of the file.
    tensors
        By name.
    metadata
        Texts by name.
    """
    header: dict[str, Any] = {"__metadata__": metadata}
    parts, at = [], 0
    for name, value in sorted(tensors.items()):
        data = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
        header[name] = {
            "dtype": _NAMES[value.dtype], "shape": list(value.shape), "data_offsets": [at, at + len(data)]
        }  # fmt: skip
        parts.append(data)
        at += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    atomic_write(path, b"".join([len(text).to_bytes(8, "little"), text, *parts]))


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors and the metadata of a file.

    Raises
    ------
    CheckpointError
        If it is damaged, or claims more than it holds.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > min(HEADER_BYTES, len(data) - 8):
        raise CheckpointError(f"{path}: no safetensors file, or cut off: its header claims {size:,} bytes")
    try:
        header = json.loads(data[8 : 8 + size])
        metadata = {str(key): str(value) for key, value in header.pop("__metadata__", {}).items()}
        described = {str(name): _described(entry) for name, entry in header.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise CheckpointError(f"{path}: its header cannot be read") from None
    body = memoryview(data)[8 + size :]
    tensors = {}
    at = 0
    for name, (kind, shape, start, end) in sorted(described.items(), key=lambda item: item[1][2:]):
        count = 1
        for side in shape:
            count *= side
        if start != at or end > len(body) or end - start != count * kind.itemsize:
            raise CheckpointError(f"{path}: {name} claims {tuple(shape)} of {kind} in {end - start:,} bytes")
        at = end
        raw = torch.frombuffer(bytearray(body[start:end]), dtype=kind) if count else torch.zeros(0, dtype=kind)
        tensors[name] = raw.reshape(shape)
    if at != len(body):
        raise CheckpointError(f"{path}: {len(body) - at:,} bytes at the end belong to no tensor")
    return tensors, metadata


def _described(entry: Any) -> tuple[torch.dtype, list[int], int, int]:
    shape, (start, end) = entry["shape"], entry["data_offsets"]
    numbers = [*shape, start, end]
    if any(type(number) is not int or number < 0 for number in numbers) or end < start:
        raise ValueError(numbers)
    return KINDS[entry["dtype"]], list(shape), start, end

"""Files that are read whole: regular ones, of bounded size."""

import io
import os
import stat
from pathlib import Path
from typing import Any

from ttsprep.core.untrusted.documents import TEXT_BYTES, UntrustedError, parse_json

WEIGHTS_BYTES = 16 << 30
"""Of the weights of a model."""


def open_regular(path: Path, buffer: int = io.DEFAULT_BUFFER_SIZE) -> io.BufferedReader:
    """Open a regular file to read; a FIFO or a device is refused, not waited for.

    Raises
    ------
    OSError
        If it is none, or cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(0, "it is not a regular file", str(path))
    return io.BufferedReader(io.FileIO(descriptor), buffer)


def read_bytes(path: Path, most: int = TEXT_BYTES) -> bytes:
    """Return the bytes of a regular file.

    Raises
    ------
    OSError
        As `open_regular`.
    UntrustedError
        If it has more than `most` bytes.
    """
    with open_regular(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise UntrustedError(f"it has more than {most:,} bytes")
    return data


def read_text(path: Path, most: int = TEXT_BYTES) -> str:
    """Return the text of a regular file in UTF-8, without a byte-order mark.

    Raises
    ------
    OSError, UntrustedError
        As `read_bytes`, and if it is no UTF-8.
    """
    try:
        return read_bytes(path, most).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UntrustedError(f"it is not UTF-8 text (byte {error.start}): save it as UTF-8") from None


def read_json(path: Path, most: int = 64 << 20) -> dict[str, Any]:
    """Return the object of a JSON file.

    Raises
    ------
    OSError, UntrustedError
        As `read_bytes` and `parse_json`, and if it holds no object.
    """
    document = parse_json(read_text(path, most))
    if not isinstance(document, dict):
        raise UntrustedError("it is no JSON object")
    return document


def read_safetensors(path: Path, most: int = WEIGHTS_BYTES) -> bytes:
    """Return the bytes of a file of safetensors, after a look that its header accounts for each of them.

    Raises
    ------
    OSError
        As `open_regular`.
    UntrustedError
        If it is none, has more than `most` bytes, or other ones than its header says.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise UntrustedError(f"it has {size:,} bytes (limit {most:,})")
        length = int.from_bytes(head := file.read(8), "little")
        if length > min(TEXT_BYTES, size - 8):
            raise UntrustedError(f"it is no safetensors file, or cut off: its header claims {length:,} bytes")
        header = file.read(length)
        if 8 + length + _end_of_tensors(header) != size:
            raise UntrustedError(f"it has {size:,} bytes, which are not those of its header")
        return head + header + file.read()


def _end_of_tensors(header: bytes) -> int:
    try:
        tensors = [entry for name, entry in parse_json(header).items() if name != "__metadata__"]
        return max((int(tensor["data_offsets"][1]) for tensor in tensors), default=0)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError):
        raise UntrustedError("it is no safetensors file: its header names no tensors") from None


def refuse_bomb(path: Path, most: int = WEIGHTS_BYTES) -> None:
    """See that a file of weights, as torch packs them, is a regular file that unpacks to no more than it has.

    Raises
    ------
    OSError
        As `open_regular`.
    UntrustedError
        If it is no such archive, has more than `most` bytes, or unpacks to more than it has.
    """
    import zipfile

    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise UntrustedError(f"it has {size:,} bytes (limit {most:,})")
        try:
            with zipfile.ZipFile(file) as parts:
                unpacked = sum(part.file_size for part in parts.infolist())
        except (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError):
            raise UntrustedError(
                "cannot be loaded without running code inside it, or is damaged"
            ) from None  # it would be read as a bare pickle
    if unpacked > size:
        raise UntrustedError(f"{size:,} bytes that unpack to {unpacked:,}: no checkpoint is packed")

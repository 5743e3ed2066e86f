"""WebDataset: tar shards in which the files of one clip share a key."""

import io
import re
import tarfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from ttsprep.core.errors import UsageError
from ttsprep.core.files import atomic_file
from ttsprep.corpora.exports._files import SPLITS, audio_name, by_split, json_line, make_folder, shards_of, sweep
from ttsprep.corpora.exports.base import Entry, Export

_SHARD = re.compile(rf"(?:{'|'.join(SPLITS)})-\d{{6}}\.tar")


@dataclass(frozen=True)
class WebDataset(Export):
    """``train-000000.tar`` and so on, with ``ID.wav``, ``ID.txt`` (what is read aloud) and ``ID.json``.

    WebDataset ends a key at its first dot, so that dots of an id become ``~``; ``ID.json`` has the id as it is.

    Attributes
    ----------
    clips, megabytes
        A shard ends before it would have more clips, or more audio.
    """

    name = "webdataset"
    summary = "train-000000.tar and so on, with ID.wav, ID.txt and ID.json"
    clips: int = 10_000
    megabytes: float = 500.0

    def __post_init__(self) -> None:
        if self.clips < 1 or not self.megabytes > 0:
            raise UsageError("clips and megabytes are above 0")

    def write(self, entries: Sequence[Entry], build: Path, folder: Path) -> None:
        """See `Export.write`."""
        if len({_key(entry) for entry in entries}) < len(entries):
            raise UsageError("two ids differ only by a dot and a '~', which WebDataset does not tell apart")
        make_folder(folder)
        shards = set()
        for split, part in by_split(entries):
            for number, shard in enumerate(shards_of(part, build, self.clips, self.megabytes)):
                name = f"{split}-{number:06d}.tar"
                shards.add(name)
                with atomic_file(folder / name) as file:
                    _write_shard(file, shard, build)
        sweep(folder, shards, lambda name: bool(_SHARD.fullmatch(name)))


def _write_shard(file: BinaryIO, entries: Sequence[Entry], build: Path) -> None:
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for entry in entries:
            key = _key(entry)
            record = {**asdict(entry), "duration": entry.duration_s}
            del record["path"]
            extension = audio_name(entry).rpartition(".")[2]
            _add(tar, f"{key}.{extension}", (build / entry.path).read_bytes())
            _add(tar, f"{key}.json", json_line(record).encode())
            _add(tar, f"{key}.txt", entry.normalised.encode())


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)  # owner, time and mode are constants
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def _key(entry: Entry) -> str:
    return entry.id.replace(".", "~")

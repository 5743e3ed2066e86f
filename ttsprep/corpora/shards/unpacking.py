"""Shards of audio and texts, as datasets are published: unpacked, once, to a folder of audio files."""

import json
import math
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttsprep.core.errors import CorpusError, OutputError
from ttsprep.core.files import atomic_write, safe_names, writing
from ttsprep.core.progress import NO_PROGRESS, Progress
from ttsprep.core.untrusted import parse_json
from ttsprep.corpora.audio_files import audio_files, is_audio, stem, walk
from ttsprep.corpora.shards.columnar import SHARD_ENDINGS, open_columnar, saved_files
from ttsprep.corpora.shards.tars import tar_shards, unpack_tars
from ttsprep.corpora.tables.names import ID, TEXT, name_of_column

if TYPE_CHECKING:
    import pyarrow as pa

MARK = ".ttsprep-shards.json"
"""In an unpacked folder: what it was unpacked from."""
_ROWS = 16
"""Clips held in memory at a time."""
_RATIO, _SLACK = 20, 64 << 20
_ROW_BYTES, _ROWS_SLACK = 256, 1000
"""A clip has more bytes in a shard, unless it is a copy of another."""
_DEPTH = 2
_MAGIC = (
    *((rb"RIFF....WAVE", ".wav"), (rb"(RF64|BW64)....WAVE", ".wav"), (rb"fLaC", ".flac"), (rb"OggS", ".ogg")),
    *((rb"ID3|\xff[\xe2-\xff]", ".mp3"), (rb"FORM....AIF[FC]", ".aiff"), (rb"....ftyp", ".m4a")),
)


@dataclass(frozen=True, slots=True)
class _Shard:
    """A Parquet or Arrow file with a column of audio."""

    path: Path
    audio: str
    labels: dict[str, list[str]]


def find_shards(root: Path) -> list[Path]:
    """Return the shards in `root`, or `root` itself, sorted by name: Parquet and Arrow files with audio, else tars."""
    if not root.is_dir():
        return [root] if root.suffix in SHARD_ENDINGS and _shard(root) else tar_shards([root])
    names = [folder + name for folder, files in walk(root, depth=_DEPTH) for name in files]
    columnar = [root / name for name in sorted(names) if name.endswith(SHARD_ENDINGS)]
    saved = {folder: saved_files(folder) for folder in {path.parent for path in columnar}}
    columnar = [path for path in columnar if path.name in (saved[path.parent] or {path.name})]
    shards = [path for path in columnar if _shard(path)]
    if shards or any(map(is_audio, names)) or next(audio_files(root), None) is not None:
        return shards  # a tar file beside audio is where that came from
    return tar_shards([root / name for name in sorted(names)])


def unpack_shards(
    shards: Sequence[Path], into: Path, progress: Progress = NO_PROGRESS, *, what: str = "unpacking"
) -> None:
    """Write the clips of `shards` to the folder `into`: audio as it is, byte for byte, and its texts.

    Rows of Parquet and Arrow files become ``audio/`` and ``metadata.jsonl``, a tar file the folder of its name. In
    memory are about two pages of a shard, as its writer cut them. A killed run goes on where it was, and the same
    shards give the same folder; if `into` holds what these shards gave before, nothing is done. Only one process may
    write `into`.

    Parameters
    ----------
    shards
        As `find_shards` returns them.
    into
        Made if missing; an earlier unpacking of other shards is replaced, anything else is refused.
    progress, what
        Receives the bytes that are unpacked, under this name.

    Raises
    ------
    CorpusError
        If a shard is damaged, or holds far more than its size allows for.
    OutputError
        If `into` is something else, or cannot be written.
    """
    if not shards:
        raise CorpusError("there is no Parquet, Arrow or tar file with audio to unpack")
    mark = json.dumps([[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in shards])
    if _marked(into) == mark:
        return
    if into.exists() and not _marked(into):
        raise OutputError(f"{into} is already there, and is no unpacked corpus: remove it, or choose another place")
    part = into.with_name(f".{into.name}.part")
    with writing(into):
        if part.is_symlink() or _marked(part) != mark:
            _remove(part)
        part.mkdir(parents=True, exist_ok=True)
        atomic_write(part / MARK, mark.encode())
    try:
        if shards[0].suffix in SHARD_ENDINGS:
            _write([shard for path in shards if (shard := _shard(path))], part, progress, what)
        else:
            unpack_tars(shards, part, progress)
    except CorpusError:
        _remove(part)
        raise
    with writing(into):
        os.sync()
        _remove(into)
        part.rename(into)


def first_rows(path: Path, most: int) -> tuple[list[str], list[list[str]], int]:
    """Return the titles, the first rows without their audio, and the number of rows of a Parquet or Arrow file."""
    shard = _shard(path)
    if shard is None:
        raise CorpusError(f"{path} has no column of audio")
    columns = _scalars(shard)
    batch = next(_batches(shard, columns, most), [])
    rows = [
        ["" if (value := _value(shard, name, row[name])) is None else str(value) for name in columns] for row in batch
    ]
    return columns, rows, open_columnar(path).count


def _marked(folder: Path) -> str:
    try:
        return (folder / MARK).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return ""


def _remove(folder: Path) -> None:
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


def _write(shards: Sequence[_Shard], part: Path, progress: Progress, what: str) -> None:
    (part / "audio").mkdir(exist_ok=True)
    total = sum(shard.path.stat().st_size for shard in shards)
    count = sum(open_columnar(shard.path).count for shard in shards)
    if count > _ROWS_SLACK + total // _ROW_BYTES:
        raise CorpusError(f"{shards[0].path.parent} claims {count:,} clips in {total:,} bytes: it is refused")
    names = _names(shards)
    budget, done = _RATIO * total + _SLACK, 0
    rows = (row for shard in shards for row in _rows(shard))
    with writing(part), (part / ".metadata.part").open("w", encoding="utf-8", newline="\n") as table:
        for number, (name, (audio, about)) in enumerate(zip(names, rows, strict=True), 1):
            data = audio["bytes"] if audio else None
            file_name = f"audio/{name}{_extension(data or b'', (audio or {}).get('path') or '')}"
            line = json.dumps({"file_name": file_name} | about, ensure_ascii=False, allow_nan=False)
            done += len(data or b"") + len(line)
            if done > budget:
                raise CorpusError(
                    f"{shards[0].path.parent} holds far more audio than its size allows for: it is refused"
                )
            if data is not None:
                _write_once(part / file_name, data)
            table.write(f"{line}\n")
            progress.transfer(what, total * number // count, total)
    _finish_table(part, shards)


def _finish_table(part: Path, shards: Sequence[_Shard]) -> None:
    """Give the table its name; without a text the folder is read as one of audio alone."""
    with writing(part):
        if any(name_of_column(open_columnar(shard.path).schema.names, TEXT) is not None for shard in shards):
            (part / ".metadata.part").rename(part / "metadata.jsonl")
        else:
            (part / ".metadata.part").unlink()


def _write_once(path: Path, data: bytes) -> None:
    if path.exists() and path.stat().st_size == len(data) and path.read_bytes() == data:
        return
    part = path.with_name(".part")
    part.write_bytes(data)
    part.rename(path)


def _shard(path: Path) -> _Shard | None:
    """Return what is known of a Parquet or Arrow file, or None if it holds no audio."""
    import pyarrow.types as kinds

    schema = open_columnar(path).schema
    members = [
        field.name
        for field in schema
        if kinds.is_struct(field.type) and field.type.get_field_index("bytes") >= 0
        if kinds.is_binary(kind := field.type.field("bytes").type) or kinds.is_large_binary(kind)
    ]
    if not members:
        return None
    return _Shard(path, "audio" if "audio" in members else members[0], _labels(schema))


def _labels(schema: "pa.Schema") -> dict[str, list[str]]:
    """Return the names behind the numbers of columns that `datasets` calls ClassLabel."""
    try:
        features = dict(parse_json((schema.metadata or {})[b"huggingface"])["info"]["features"])
    except (KeyError, ValueError, TypeError):
        return {}
    return {
        name: [str(label) for label in feature["names"]]
        for name, feature in features.items()
        if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" and isinstance(feature.get("names"), list)
    }


def _batches(shard: _Shard, columns: Sequence[str], rows: int) -> Iterator[list[dict[str, Any]]]:
    import pyarrow as pa

    try:
        for batch in open_columnar(shard.path).batches(columns, rows):
            yield batch.to_pylist()
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{shard.path} is damaged: {error}") from None


def _rows(shard: _Shard) -> Iterator[tuple[dict[str, Any] | None, dict[str, Any]]]:
    """Yield the audio of each row, and what else the row says."""
    columns = [name for name in _scalars(shard) if name != shard.audio]
    missing = open_columnar(shard.path).count
    for batch in _batches(shard, [shard.audio, *columns], _ROWS):
        missing -= len(batch)
        for row in batch if missing >= 0 else ():
            yield row[shard.audio], {_key(name): _value(shard, name, row[name]) for name in columns}
    if missing:
        raise CorpusError(f"{shard.path} is damaged: it has not as many rows as it says")


def _scalars(shard: _Shard) -> list[str]:
    import pyarrow.types as kinds

    tests = (kinds.is_string, kinds.is_large_string, kinds.is_integer, kinds.is_floating, kinds.is_boolean)
    return [field.name for field in open_columnar(shard.path).schema if any(test(field.type) for test in tests)]


def _key(name: str) -> str:
    return "source_file_name" if name == "file_name" else name


def _value(shard: _Shard, name: str, value: Any) -> Any:
    labels = shard.labels.get(name, [])
    if isinstance(value, int) and 0 <= value < len(labels):
        return labels[value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _names(shards: Sequence[_Shard]) -> list[str]:
    """Return the name of each clip: its id, else that of its file, else its number, whichever tells all apart."""
    ids: list[str] = []
    files: list[str] = []
    numbers: list[str] = []
    for place, shard in enumerate(shards):
        for row in _labels_of_rows(shard):
            ids.append(row[0])
            files.append(row[1])
        numbers += [f"{place:05}-{number:06}" for number in range(open_columnar(shard.path).count)]
    whole = [names for names in (ids, files) if len(names) == len(set(names)) == len(numbers) and all(names)]
    names = [*whole, numbers][0]
    safe = safe_names(names)
    return [safe[name] for name in names]


def _labels_of_rows(shard: _Shard) -> Iterator[tuple[str, str]]:
    """Yield the id of each row and the name of its file, "" where there is none, without reading any audio."""
    schema = open_columnar(shard.path).schema
    place = name_of_column(schema.names, ID)
    key = schema.names[place] if place is not None and schema.names[place] in _scalars(shard) else ""
    has_path = schema.field(shard.audio).type.get_field_index("path") >= 0
    wanted = [*([key] if key else []), *([f"{shard.audio}.path"] if has_path else [])]
    for batch in _batches(shard, wanted, 4096) if wanted else ():
        for row in batch:
            value, audio = row.get(key), row.get(shard.audio) or {}
            name = re.split(r"[/\\]", audio.get("path") or "")[-1]
            yield "" if value is None else str(value), stem(name)


def _extension(data: bytes, path: str) -> str:
    """Return the extension that fits the bytes, else that of the path; never one that is not audio."""
    for magic, extension in _MAGIC:
        if re.match(magic, data[:16], re.DOTALL):
            return extension
    return os.path.splitext(path)[1].lower() if is_audio(path) else ".wav"  # noqa: PTH122  # it is no path of ours

"""Codes on disk in the form that a trainer reads: Parquet, ``.npy`` files, WebDataset, Hugging Face, sequences."""

import io
import json
import tarfile
import tokenize
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ttsprep.codec.sequences import (
    SEQUENCES,
    VOCABULARY,
    Arrangement,
    read_arrangement,
    read_sequences,
    sequence_lines,
)
from ttsprep.codec.tokens import (
    COLUMN_KINDS,
    NAME,
    Numbers,
    TokenError,
    TokenRow,
    TokenSpec,
    code_type,
    ordered_shards,
    read_parquet,
    shard_name,
    token_document,
    token_rows,
    valid_row,
    write_parquet,
)
from ttsprep.core.errors import AudioError, CodecError
from ttsprep.core.files import atomic_write, digest, inside
from ttsprep.core.tables import write_json
from ttsprep.core.untrusted import open_regular, read_json
from ttsprep.corpora.exports._files import write_lines

FORMATS = ("parquet", "npy", "webdataset", "hf", *SEQUENCES)
SUMMARY = "codes.summary.json"
MEMBER_BYTES = 1 << 28
"""The most that a file in a tar may hold."""
_CARD = """---
configs:
- config_name: default
  data_files:
  - split: train
    path: data/train-*.parquet
---
Codes of the neural codec `{codec}` (digest `{digest}`) for speech at {sample_rate} Hz: `codes` is
{num_codebooks} x frames, {frame_rate:g} frames a second, {codebook_size} codes in each codebook.
"""

About = Mapping[str, str]
"""What else is known of a clip: ``text, speaker, language, audio, ref_audio``, and the ``name`` of its file."""


def write_shard(
    form: str,
    folder: Path,
    place: tuple[int, int],
    table: pa.Table,
    about: Sequence[About],
    spec: TokenSpec,
    first_token: int = 0,
) -> None:
    """Write one shard in one of `FORMATS`.

    `place` is the number of the shard and how many there are, `about` what else is known of each row, `first_token`
    the first id of a flat sequence.
    """
    if form == "parquet":
        write_parquet(folder / shard_name(*place), table, spec)
    elif form == "npy":
        _write_npy(folder, place, table, about, spec)
    elif form == "webdataset":
        _write_tar(folder, place, table, about, spec)
    elif form == "hf":
        _write_hf(folder, place, table, about, spec)
    elif form in SEQUENCES:
        arrangement = Arrangement(form, spec, first_token)
        shard, vocabulary = shard_files(form, place, about)
        write_lines(folder / shard, sequence_lines(table, about, arrangement))
        write_json(folder / vocabulary, arrangement.vocabulary())
    else:
        raise CodecError(f"no format {form!r}: one of {', '.join(FORMATS)}")


def shard_files(form: str, place: tuple[int, int], about: Sequence[About]) -> list[str]:
    """Return the paths of the files that `write_shard` writes for a shard, in the folder of the codes."""
    number = f"{place[0]:05d}-of-{place[1]:05d}"
    if form == "npy":
        return [*(f"{row['name']}.npy" for row in about), f"index-{number}.parquet"]
    if form == "hf":
        return [f"data/train-{number}.parquet", "README.md"]
    if form in SEQUENCES:
        return [shard_name(*place, "jsonl"), VOCABULARY]
    return [shard_name(*place, "tar") if form == "webdataset" else shard_name(*place)]


def _arrays(table: pa.Table, spec: TokenSpec) -> Iterator[Numbers]:
    for codes in table["codes"].combine_chunks():
        yield codes.values.to_numpy(zero_copy_only=False).reshape(spec.num_codebooks, -1)


def _npy(codes: Numbers) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, codes, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def _write_npy(folder: Path, place: tuple[int, int], table: pa.Table, about: Sequence[About], spec: TokenSpec) -> None:
    *names, index = shard_files("npy", place, about)
    for name, codes in zip(names, _arrays(table, spec), strict=True):
        atomic_write(folder / name, _npy(codes))
    write_parquet(folder / index, table.drop_columns(["codes"]).append_column("file", pa.array(names)), spec)


def _write_tar(folder: Path, place: tuple[int, int], table: pa.Table, about: Sequence[About], spec: TokenSpec) -> None:
    buffer = io.BytesIO()
    cells = table.drop_columns(["codes"]).to_pylist()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for number, (row, more, codes) in enumerate(zip(cells, about, _arrays(table, spec), strict=True)):
            key = f"{place[0]:05d}{number:07d}"  # an id may hold dots, at which WebDataset cuts names
            known = {name: more[name] for name in ("text", "speaker", "language") if more[name]}
            document = json.dumps(row | known, ensure_ascii=False)
            for extension, data in (("json", document.encode()), ("npy", _npy(codes))):
                member = tarfile.TarInfo(f"{key}.{extension}")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    (name,) = shard_files("webdataset", place, about)
    atomic_write(folder / name, buffer.getvalue())


def _write_hf(folder: Path, place: tuple[int, int], table: pa.Table, about: Sequence[About], spec: TokenSpec) -> None:
    nested = pa.array(
        [list(codes) for codes in _arrays(table, spec)], pa.list_(pa.list_(code_type(spec.codebook_size)))
    )
    columns = {"id": table["id"]}
    columns |= {name: pa.array([row[name] for row in about], pa.string()) for name in ("text", "speaker", "language")}
    columns |= {"codes": nested, **{name: table[name] for name in ("frames", "scale", "samples")}}
    (folder / "data").mkdir(exist_ok=True)
    name, card = shard_files("hf", place, about)
    write_parquet(folder / name, pa.table(columns), spec)
    atomic_write(folder / card, _CARD.format(**spec.document()).encode())


@dataclass(frozen=True, slots=True)
class CodeFiles:
    """Codes on disk, in any of the forms.

    Attributes
    ----------
    folder
        They are in.
    form
        One of `FORMATS`; of sequences, ``jsonl``.
    paths
        Shards in order, all there.
    spec
        The same of all of them.
    digests
        SHA-256 of the files by their path in the folder, as the encoder wrote them.
    """

    folder: Path
    form: str
    paths: list[Path]
    spec: TokenSpec
    digests: Mapping[str, str] = field(default_factory=dict)

    def rows(self) -> Iterator[TokenRow]:
        """Yield every clip, checked; a `TokenError` if a file is damaged, or a row does not fit."""
        seen: set[str] = set()
        for path in self.paths:
            for row in self.shard(path):
                if row.id in seen:
                    raise TokenError(f"{path.name}: a second clip is called {row.id!r}")
                seen.add(row.id)
                yield row

    def shard(self, path: Path) -> Iterator[TokenRow]:
        """Yield the clips of one shard, checked."""
        self.verify(path)
        if self.form == "jsonl":
            self.verify(self.folder / VOCABULARY)
            yield from read_sequences(path, read_arrangement(self.folder, self.spec))
            return
        if self.form == "webdataset":
            yield from _read_tar(path, self.spec)
            return
        spec, table = read_parquet(path, [*COLUMN_KINDS, "file"] if self.form == "npy" else ())
        if spec != self.spec:
            raise TokenError(f"{path.name} is of another codec or settings than the shards beside it")
        if self.form == "npy":
            yield from _read_npy(self, table, spec, path.name)
        else:
            yield from token_rows(table, spec, path.name)

    def verify(self, path: Path) -> None:
        """See that a file is as the encoder wrote it; a `TokenError` if one bit of it is not."""
        name = path.relative_to(self.folder).as_posix()
        if not self.digests:
            return
        try:
            whole = digest(path) == self.digests.get(name)
        except AudioError as error:
            raise TokenError(f"{name}: {error}") from None
        if not whole:
            raise TokenError(f"{name} is damaged: its digest is not the one in {SUMMARY}; encode the corpus again")


def open_codes(path: Path) -> CodeFiles:
    """Find the codes in a folder, or take a single shard; a `TokenError` if there are none, or not all of them."""
    if path.is_file():
        return CodeFiles(path.parent, "parquet", [path], read_parquet(path, ["id"])[0])
    patterns = {
        "parquet": "codes-*.parquet",
        "npy": "index-*.parquet",
        "webdataset": "codes-*.tar",
        "hf": "data/train-*.parquet",
        "jsonl": "codes-*.jsonl",
    }
    for form, pattern in patterns.items():
        shards = ordered_shards([path for path in path.glob(pattern) if NAME.fullmatch(path.name)])
        if shards:
            if form in {"parquet", "hf"} and not (path / SUMMARY).exists():  # their pages have checksums of their own
                return CodeFiles(path, form, shards, read_parquet(shards[0], ["id"])[0])
            return CodeFiles(path, form, shards, *_summary(path))
    raise TokenError(f"{path} holds no codes: make them with `ttsprep encode --out {path}`")


def _summary(folder: Path) -> tuple[TokenSpec, dict[str, str]]:
    path = folder / SUMMARY
    try:
        document = read_json(path)
        digests = {str(name): str(about["sha256"]) for name, about in document["files"].items()}
        return TokenSpec.of(document["spec"], path.name), digests
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        what = "it says which codec the codes are of, and has the digests of their files"
        raise TokenError(f"{path} is missing or damaged: {what}") from None


def _read_npy(codes_of: "CodeFiles", table: pa.Table, spec: TokenSpec, where: str) -> Iterator[TokenRow]:
    for row in table.to_pylist():
        if not row["file"]:
            raise TokenError(f"{where}: {row['id']!r}: without a file")
        try:
            path = inside(codes_of.folder, row["file"])
            codes_of.verify(path)
        except AudioError as error:
            raise TokenError(f"{where}: {error}") from None
        try:
            with open_regular(path) as file:
                codes = read_array(file, path.stat().st_size, path.name)
        except OSError as error:
            raise TokenError(f"{path.name}: {error.strerror}") from None
        yield _row(row, codes, spec, path.name)


def _row(row: Mapping[str, Any], codes: Numbers, spec: TokenSpec, where: str) -> TokenRow:
    if codes.ndim != 2 or len(codes) != spec.num_codebooks:
        raise TokenError(f"{where}: an array of shape {codes.shape}, not ({spec.num_codebooks}, frames)")
    return valid_row(row, codes.reshape(-1), spec, where)


def read_array(file: Any, size: int, where: str) -> Numbers:
    """Read a ``.npy`` of integers from a file of `size` bytes; a `TokenError` if it holds anything else.

    Nothing is unpickled, nor allocated that the file does not hold.
    """
    try:
        version = np.lib.format.read_magic(file)
        if version != (1, 0):
            raise TokenError(f"{where}: .npy of version {version}; 1.0 is read")
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a header of Python 2: what encode writes has none
            shape, fortran, kind = np.lib.format.read_array_header_1_0(file)
    except (ValueError, SyntaxError, tokenize.TokenError, UserWarning) as error:
        raise TokenError(f"{where} is no .npy file: {str(error).splitlines()[0]}") from None
    if kind.kind != "i" or fortran or kind.hasobject:
        raise TokenError(f"{where} holds {kind}{' by columns' if fortran else ''}, not rows of whole numbers")
    count = 1
    for side in shape:
        count *= side
    if count < 0 or count * kind.itemsize != size - file.tell():
        raise TokenError(
            f"{where} claims {count:,} numbers, but has bytes for {(size - file.tell()) // kind.itemsize:,}"
        )
    return np.frombuffer(file.read(count * kind.itemsize), kind).reshape(shape)


def _read_tar(path: Path, spec: TokenSpec) -> Iterator[TokenRow]:
    row: dict[str, Any] = {}
    try:
        with open_regular(path) as file, tarfile.open(fileobj=file, mode="r:") as tar:
            for member in tar:
                data = tar.extractfile(member) if member.isreg() and member.size <= MEMBER_BYTES else None
                if data is None:
                    raise TokenError(f"{path.name}: {member.name!r} is no file of at most {MEMBER_BYTES:,} bytes")
                where = f"{path.name}/{member.name}"
                if member.name.endswith(".json"):
                    row = token_document(data.read(), where)
                elif member.name.endswith(".npy"):
                    yield _row(row, read_array(data, member.size, where), spec, where)
                    row = {}
    except (OSError, tarfile.TarError) as error:
        raise TokenError(f"{path.name} is damaged: {error}") from None

"""Codes as a language model of speech takes them, in JSON Lines: frame by frame, delayed, or as one row of ids."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ttsprep.codec.tokens import Numbers, TokenError, TokenRow, TokenSpec, code_type, token_document, valid_row
from ttsprep.core.errors import UsageError
from ttsprep.core.untrusted import open_regular, read_json
from ttsprep.corpora.exports._files import json_line

SEQUENCES = ("frames", "flat", "delay", "delay-moshi", "delay-higgs")
"""Formats of this kind."""
VOCABULARY = "vocabulary.json"
LINE_BYTES = 1 << 28
"""The most that a line may have: a clip of a day."""
_MOST_FIRST = 1 << 31
_KNOWN = ("audio", "text", "speaker", "language", "ref_audio")
"""What is written of a clip beside its codes, where it is known."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """How the codes of a clip become a sequence.

    Attributes
    ----------
    form
        One of `SEQUENCES`.
    spec
        What the codes mean.
    first_token
        Id of code 0 of the first codebook, where all have ids of their own.
    """

    form: str
    spec: TokenSpec
    first_token: int = 0

    def __post_init__(self) -> None:
        """Refuse a first id where ids are those of the codes."""
        if self.first_token and not self.is_flat:
            raise UsageError(f"--first-token is for --format flat: in {self.form} each codebook counts from 0")
        if not 0 <= self.first_token < _MOST_FIRST:
            raise UsageError(f"--first-token {self.first_token}: the first id is within 0-{_MOST_FIRST - 1}")

    @property
    def is_flat(self) -> bool:
        """Say whether a clip is one row of ids, and not a row for each step."""
        return self.form == "flat"

    @property
    def delays(self) -> list[int]:
        """Steps by which each codebook is late."""
        books = range(self.spec.num_codebooks)
        if self.form == "delay-moshi":
            return [min(book, 1) for book in books]
        return list(books) if self.form.startswith("delay") else [0 for _ in books]

    @property
    def offsets(self) -> list[int]:
        """Id of code 0 of each codebook."""
        size = self.spec.codebook_size if self.is_flat else 0
        return [self.first_token + book * size for book in range(self.spec.num_codebooks)]

    @property
    def special(self) -> dict[str, int]:
        """Ids that are no codes, by name: behind those of the codes."""
        if self.is_flat:
            end = self.offsets[-1] + self.spec.codebook_size
            return {"audio_start": end, "audio_end": end + 1, "pad": end + 2}
        size = self.spec.codebook_size
        if self.form == "frames":
            return {}
        return {"audio_start": size, "audio_end": size + (self.form == "delay-higgs")}

    def vocabulary(self) -> dict[str, Any]:
        """Return what stands in ``vocabulary.json``."""
        return {
            "format": self.form,
            "first_token": self.first_token,
            "codebooks": [{"first": first, "size": self.spec.codebook_size} for first in self.offsets],
            "delays": self.delays,
            "special": self.special,
            "size": max([*self.special.values(), self.offsets[-1] + self.spec.codebook_size - 1]) + 1,
        }

    def arrange(self, codes: Numbers) -> Numbers:
        """Return the sequence of codes ``(codebooks, frames)``: ids, or steps of an id for each codebook."""
        offsets = np.array(self.offsets)
        if self.is_flat:
            return np.asarray((codes.T + offsets).reshape(-1))
        edge, late = self._edge, max(self.delays)
        frames = codes.shape[1]
        steps = np.zeros((frames + late + 2 * edge, len(offsets)), np.int64)
        for book, delay in enumerate(self.delays):
            first = edge + delay
            steps[:first, book] = self.special.get("audio_start", 0)
            steps[first : first + frames, book] = codes[book]
            steps[first + frames :, book] = self.special.get("audio_end", 0)
        return steps

    def restore(self, sequence: Numbers) -> Numbers:
        """Return the codes ``(codebooks, frames)`` of a sequence; a `ValueError` if it is not arranged like this."""
        books = self.spec.num_codebooks
        if sequence.size == 0:
            codes = np.zeros((books, 0), np.int64)
            sequence = sequence.reshape((0,) if self.is_flat else (0, books))
        elif self.is_flat:
            if sequence.ndim != 1 or len(sequence) % books:
                raise ValueError(f"{sequence.size} ids are no whole frames of {books} codebooks")
            codes = sequence.reshape(-1, books).T - np.array(self.offsets)[:, None]
        else:
            if sequence.ndim != 2 or sequence.shape[1] != books:
                raise ValueError(f"steps of {sequence.shape[1:]} ids, not of {books} codebooks")
            frames = len(sequence) - max(self.delays) - 2 * self._edge
            if frames < 0:
                raise ValueError(f"{len(sequence)} steps are less than the delays")
            codes = np.array([
                sequence[first : first + frames, book]
                for book, first in enumerate(self._edge + delay for delay in self.delays)
            ])
        if not np.array_equal(self.arrange(codes), sequence):
            raise ValueError("a codebook does not start or end where its delay says")
        return codes

    @property
    def _edge(self) -> int:
        """Steps without a code before and behind all others."""
        return int(self.form == "delay-higgs")


def sequence_lines(table: pa.Table, about: Sequence[Mapping[str, str]], arrangement: Arrangement) -> Iterator[str]:
    """Yield the lines of a shard."""
    cells = table.drop_columns(["codes"]).to_pylist()
    for row, more, codes in zip(cells, about, table["codes"].combine_chunks(), strict=True):
        known = {name: more[name] for name in _KNOWN if more.get(name) or name == "text"}
        flat = codes.values.to_numpy(zero_copy_only=False).reshape(arrangement.spec.num_codebooks, -1)
        yield json_line({"id": row.pop("id"), **known, "audio_codes": arrangement.arrange(flat).tolist(), **row})


def read_sequences(path: Path, arrangement: Arrangement) -> Iterator[TokenRow]:
    """Yield the clips of a shard of JSON Lines, checked; a `TokenError` names the line that does not fit."""
    spec = arrangement.spec
    kind = code_type(spec.codebook_size).to_pandas_dtype()
    try:
        with open_regular(path) as file:
            number = 0
            while line := file.readline(LINE_BYTES):
                number += 1
                where = f"{path.name}: line {number}"
                row = token_document(line, where)
                try:
                    sequence = np.array(row.get("audio_codes"))
                    if sequence.size and sequence.dtype.kind != "i":
                        raise ValueError("audio_codes are no whole numbers")
                    codes = arrangement.restore(sequence)
                except ValueError as error:
                    raise TokenError(f"{where}: {error}") from None
                checked = valid_row(row, codes.reshape(-1), spec, where)
                yield TokenRow(checked.id, checked.codes.astype(kind), checked.scale, checked.samples)
    except OSError as error:
        raise TokenError(f"{path.name}: {error.strerror}") from None


def read_arrangement(folder: Path, spec: TokenSpec) -> Arrangement:
    """Return how the codes of a folder are arranged; a `TokenError` if its vocabulary is not one of ours."""
    path = folder / VOCABULARY
    with suppress(OSError, ValueError, KeyError, TypeError, UsageError):
        document = read_json(path)
        form, first = document["format"], document["first_token"]
        if form in SEQUENCES and type(first) is int:
            arrangement = Arrangement(form, spec, first)
            if arrangement.vocabulary() == document:
                return arrangement
    raise TokenError(f"{path} is missing or damaged: it says how the codes are arranged; encode the corpus again")

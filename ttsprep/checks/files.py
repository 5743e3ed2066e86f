"""Files: audio that cannot be used, and names that cannot be told apart."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from ttsprep.checks.base import Check, Code, rows
from ttsprep.core.audio import READ_SECONDS
from ttsprep.core.types import Finding, Severity

RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10))}
FORBIDDEN = set('<>:"|?*\\\0') | {chr(n) for n in range(32)}
LONGEST_NAME = 200
OVERRUN_S = 0.05
"""Seconds by which a piece may end after its file, or after the start of the next: times in metadata are rounded."""
OVERLAP_ERROR_S = 1.0
"""Seconds that two pieces share: no pause is so long that no word is in them."""


@dataclass(frozen=True)
class Files(Check):
    """Files: audio that cannot be used, and names that cannot be told apart."""

    name = "files"
    area = "file"
    audio = False
    codes = (
        Code(
            "audio-missing",
            "The metadata names an audio file that is not there.",
            "The path is looked up once; error.",
            "Trainers stop at it, some after hours.",
            "Find the file, or remove the line.",
        ),
        Code(
            "folder-unreadable",
            "A folder of the corpus cannot be listed.",
            "The reason of the system, such as a lack of permission; error. A folder that is removed while it is read "
            "is one, too.",
            "Recordings and texts in it are missing from the audit, and nobody misses them.",
            "Give yourself permission to read it, or move it out of the corpus.",
        ),
        Code(
            "audio-matched",
            "Names in the metadata are not those of the files, and were matched with them.",
            "Names for which no file is there, against the files that no line names: by another extension, another "
            "case, the base name, its letters and digits; only where that is one to one. One note a table and rule.",
            "Other readers of the table look for files that are not there.",
            "Correct the names, or read the table with ttsprep build, which writes one that fits.",
        ),
        Code(
            "audio-orphan",
            "An audio file that no line of the metadata names.",
            "All audio files under the corpus against the paths of the metadata; note.",
            "Recorded but not used: hours are lost, or the metadata is incomplete.",
            "Add its line, or move the file away.",
        ),
        Code(
            "audio-unreadable",
            "The file cannot be decoded.",
            "It is opened and decoded to the end; error with the decoder's reason. Also files that hold several "
            "streams one after another (joined MP3, FLAC or MP4, chained Ogg): decoders read the first of them.",
            "Trainers stop at it.",
            "Replace the file.",
        ),
        Code(
            "audio-empty",
            "The file holds no sound at all.",
            "0 bytes, a header without samples, or a piece that starts after the end; error.",
            "Trainers stop at it.",
            "Replace the file, or remove the line.",
        ),
        Code(
            "audio-cut-off-file",
            "Bytes of the file are missing or damaged.",
            "The header promises more than there is (WAV, AIFF, W64, RF64), the decoded length falls short of the "
            "claimed one (MP3, FLAC, MP4), an Ogg page is missing or its checksum is wrong, or there is something else "
            "between two frames of an MP3; error. Most libraries read such a WAV, Ogg or MP3 without a word.",
            "A part of the sentence is missing.",
            "Copy or download the file again.",
        ),
        Code(
            "audio-not-finite",
            "There are NaN or infinite samples.",
            "All samples are looked at; error.",
            "One NaN makes every weight of the model NaN.",
            "Find the tool that wrote them; do not replace them by zero.",
        ),
        Code(
            "decoder-crashed",
            "Measuring this clip killed a process, twice.",
            "The worker that held the clip died (crash, memory, time limit), and a fresh one died on it alone; error.",
            "The same file will kill data loaders.",
            "Look at the file; convert it with another tool.",
        ),
        Code(
            "sample-rate-implausible",
            "The header claims a sample rate that no recorder has.",
            "Below 4 kHz or above 384 kHz; error.",
            "The header is damaged: speed and pitch are unknown.",
            "Replace the file.",
        ),
        Code(
            "path-outside-corpus",
            "The path leads out of the corpus.",
            "Resolved with all links; error if it leaves the folder of the corpus. Nothing outside is opened.",
            "The corpus cannot be moved, and a prepared one could read anything.",
            "Copy the file into the corpus.",
        ),
        Code(
            "duplicate-id",
            "Two clips have the same id.",
            "Ids are compared as they stand; error on the second, which the tables list as ID~2.",
            "One overwrites the other on export, or text and audio are crossed.",
            "Give each clip its own id.",
        ),
        Code(
            "name-collision",
            "Two ids differ only in case or in Unicode form.",
            "Ids are compared case-folded in NFC; warning.",
            "On macOS and Windows one file overwrites the other.",
            "Rename one.",
        ),
        Code(
            "name-unsafe",
            "The id cannot be a file name everywhere.",
            "Path separators, `..`, control and reserved characters, reserved names (CON, NUL ...), a trailing dot or "
            "space, bytes that are not UTF-8, over 200 bytes; warning.",
            "Copying to another system fails or writes elsewhere.",
            "Rename it to letters, digits, - and _.",
        ),
        Code(
            "piece-beyond-file",
            "A piece of a recording ends after the recording.",
            "The end in the metadata (Kaldi segments, Lhotse supervisions, NeMo offsets) against the end of the file. "
            "Warning from 0.05 s on, error from 0.5 s on.",
            "The text of the piece says more than the audio holds, or belongs to another recording.",
            "Correct the end, or find the recording that the piece is of.",
        ),
        Code(
            "piece-overlap",
            "Two pieces of one recording overlap.",
            "Start and end in the metadata of pieces that name the same file, compared with each other. Warning from "
            "0.05 s on; error from 1 s on, or where they share more than half of the shorter one.",
            "Both have words that the text of one alone has.",
            "Correct the times; leave out what two speakers say at once.",
        ),
        Code(
            "metadata-malformed",
            "A line of the metadata is no clip.",
            "Every line must have the columns of the layout; error with the line number.",
            "The clip is lost without a word in most readers, or swallows its neighbours.",
            "Correct the line.",
        ),
    )

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        for row in rows(corpus[corpus.status != "ok"]):
            yield Finding(row.id, row.status, Severity.ERROR, row.status_reason)
        yield from _beyond(corpus[corpus.status == "ok"])
        yield from _overlapping(corpus[corpus.status == "ok"])
        for row in rows(corpus[corpus.id != corpus.given_id]):
            message = f"the id {row.given_id} is taken by an earlier clip; this one is listed as {row.id}"
            yield Finding(row.id, "duplicate-id", Severity.ERROR, message)
        folded = corpus.given_id.drop_duplicates().map(lambda name: unicodedata.normalize("NFC", name).casefold())
        for _, names in corpus.given_id.drop_duplicates()[folded.duplicated(keep=False)].groupby(folded, sort=False):
            for one, other in pairwise(names):
                message = f"differs from {one} only in case or Unicode form"
                yield Finding(other, "name-collision", Severity.WARNING, message)
        for name in corpus.given_id.drop_duplicates():
            if reason := _unsafe(name):
                yield Finding(name, "name-unsafe", Severity.WARNING, f"the id {reason}")


def _beyond(corpus: pd.DataFrame) -> Iterator[Finding]:
    """Yield a finding for each piece that ends after its file."""
    over = corpus["end_s"] - corpus["start_s"] - corpus["duration_s"]
    over = over[(over > OVERRUN_S) & (corpus["duration_s"] < READ_SECONDS - 1)]  # of a longer one not all is read
    for row, seconds in zip(rows(corpus.loc[over.index]), over, strict=True):
        severity = Severity.ERROR if seconds > 10 * OVERRUN_S else Severity.WARNING
        message = (
            f"ends at {row.end_s:.2f} s, which is {seconds:.2f} s after the end of the file (limit {OVERRUN_S:g} s)"
        )
        yield Finding(row.id, "piece-beyond-file", severity, message, float(seconds), OVERRUN_S)


def _overlapping(corpus: pd.DataFrame) -> Iterator[Finding]:
    """Yield a finding for each piece that shares more than a moment with another of the same file."""
    pieces = corpus[(corpus["start_s"] > 0) | corpus["end_s"].notna()]
    pieces = pieces[pieces["path"].duplicated(keep=False)].sort_values(["path", "start_s"], kind="stable")
    pieces = pieces.assign(last_s=pieces["end_s"].fillna(pieces["start_s"] + pieces["duration_s"]))
    before = pieces.groupby("path")["last_s"].cummax().groupby(pieces["path"]).shift()
    overlapping = pieces["path"].isin(pieces.loc[before - pieces["start_s"] > OVERRUN_S, "path"])
    for _, group in pieces[overlapping].groupby("path"):
        for name, (seconds, shorter, other) in _shared(zip(group.start_s, group.last_s, group.id, strict=True)).items():
            severity = Severity.ERROR if seconds > min(OVERLAP_ERROR_S, shorter / 2) else Severity.WARNING
            message = f"shares {seconds:.2f} s of its recording with {other} (limit {OVERRUN_S:g} s)"
            yield Finding(name, "piece-overlap", severity, message, seconds, OVERRUN_S)


def _shared(pieces: Iterable[tuple[float, float, str]]) -> dict[str, tuple[float, float, str]]:
    """Return shared seconds, length of the shorter, and name of the other, for each piece, in order of their starts."""
    longest: tuple[float, float, str] | None = None
    shared: dict[str, tuple[float, float, str]] = {}
    for start, end, name in pieces:
        if longest is None:
            longest = start, end, name
            continue
        seconds, shorter = min(end, longest[1]) - start, min(end - start, longest[1] - longest[0])
        if seconds > OVERRUN_S:
            for one, other in ((name, longest[2]), (longest[2], name)):
                shared[one] = max(shared.get(one, (0.0, 0.0, "")), (seconds, shorter, other))
        if end > longest[1]:
            longest = start, end, name
    return shared


def _unsafe(name: str) -> str:
    """Why `name` cannot be a file name everywhere, or "". Slashes are fine: ids of nested corpora are paths."""
    parts = name.split("/")
    if name.startswith("/") or ".." in parts:
        return "leads out of the folder"
    if re.search(r"\\udc[89a-f][0-9a-f]", name):  # a byte as the tables show it
        return "is not UTF-8"
    if bad := sorted(FORBIDDEN & set(name)):
        return f"holds {bad[0]!r}"
    if any(part.split(".")[0].upper() in RESERVED for part in parts):
        return "is a reserved name on Windows"
    if any(part != part.rstrip(". ") or part.startswith("~") for part in parts):
        return "starts with ~ or ends with a dot or space"
    if len(name.encode("utf-8", "backslashreplace")) > LONGEST_NAME:
        return f"is longer than {LONGEST_NAME} bytes"
    return ""

"""A corpus: choosing its layout, and listing its clips."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from ttsprep.core.errors import CorpusError, UsageError, nearest
from ttsprep.core.plugins import load_plugins
from ttsprep.core.tables import clean, unique
from ttsprep.core.types import Clip, Finding
from ttsprep.corpora.audio_files import audio_files, is_audio
from ttsprep.corpora.layouts.base import Layout
from ttsprep.corpora.parquet_audio import find_shards
from ttsprep.corpora.paths import corpus_folder, subfolders
from ttsprep.text.phonemes import espeak_code

LANGUAGE = "en-us"
_TABLES = ("metadata.csv", "metadata.txt", "metadata.jsonl")
_HINTED = 32
"""Subfolders that are looked into, to say which of them is a corpus where the folder itself is none."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """A corpus as its metadata describes it; no audio has been opened.

    Attributes
    ----------
    root
        Folder that all paths are relative to.
    layout
        Name of its layout.
    why
        What showed the layout, or that it was asked for.
    clips
        In the order of the corpus, with the language filled in.
    ids
        Of the clips, as in the tables: made unique.
    findings
        About the metadata.
    orphans
        Audio files that no clip names.
    """

    root: Path
    layout: str
    why: str
    clips: list[Clip]
    ids: list[str]
    findings: list[Finding] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)


@cache
def all_layouts() -> dict[str, type[Layout]]:
    """Every layout by name: ours, then those of plug-ins."""
    return load_plugins("ttsprep.corpora.layouts", Layout.registry)


def detect(root: Path) -> tuple[type[Layout], str]:
    """Tell which layout a corpus has.

    Parameters
    ----------
    root
        A folder, or a metadata file.

    Returns
    -------
    tuple of type of Layout and str
        The layout, and in a few words what showed it.

    Raises
    ------
    CorpusError
        If it is none or could be several, is not there, or cannot be read.
    """
    _refuse_unreadable(root)
    seen = {layout: _recognise(layout, root) for layout in all_layouts().values() if not layout.fallback}
    fits = {layout: why for layout, why in seen.items() if why}
    fits = {layout: why for layout, why in fits.items() if layout.certain} or fits
    if not fits:
        _refuse_unknown_table(root)
        _refuse_outer_folder(root)
        fallbacks = (layout for layout in all_layouts().values() if layout.fallback)
        fits = {layout: why for layout in fallbacks if (why := _recognise(layout, root))}
    if not fits:
        raise CorpusError(_unrecognised(root))
    if len(fits) > 1:
        choices = "; ".join(f"--layout {layout.name} ({why})" for layout, why in fits.items())
        raise CorpusError(f"{root} could be read in {len(fits)} ways, say which: {choices}")
    return next(iter(fits.items()))


def read_corpus(path: Path, layout: str = "auto", language: str = "") -> Corpus:
    """List the clips of a corpus without opening any audio.

    Parameters
    ----------
    path
        A folder, or a metadata file such as a filelist or a NeMo manifest; only read.
    layout
        Name of a layout, or ``auto`` to recognise it.
    language
        Of the clips that do not say theirs; ``en-us`` where it is empty.

    Raises
    ------
    UsageError
        If there is no such layout or language; names the nearest.
    CorpusError
        If the corpus cannot be read, has no audio, or names no clip.
    """
    if language:
        espeak_code(language)
    if layout != "auto" and layout not in all_layouts():
        raise UsageError(f"no layout is called {layout!r}; {nearest(layout, [*all_layouts(), 'auto'])}")
    _refuse_unreadable(path)
    root = corpus_folder(path)
    _refuse_without_audio(path, root)
    kind, why = (all_layouts()[layout], "asked for") if layout != "auto" else detect(path)
    clips: list[Clip] = []
    findings: list[Finding] = []
    for item in _readable(kind.read(path)):
        if isinstance(item, Finding):
            findings.append(item)
        else:
            clips.append(item if item.language else replace(item, language=language or LANGUAGE))
    if not clips:
        first = f"; the first fault: {findings[0].message}" if findings else ""
        raise CorpusError(f"{path} names no clip when it is read as {kind.name}{first}")
    named = {os.path.normpath(clip.path) for clip in clips}
    # Around one metadata file may lie anything: what it does not name is not missed.
    found = audio_files(root, leave_out=kind.left_out) if path.is_dir() else iter(())
    orphans = [name for name in found if name not in named]
    return Corpus(root, kind.name, why, clips, unique([clean(clip.id) for clip in clips]), findings, orphans)


def _refuse_without_audio(path: Path, root: Path) -> None:
    if next(audio_files(root), None) is not None:
        return
    if find_shards(path):
        raise CorpusError(
            f"{path} has its audio in Parquet files: ttsprep audit and build unpack them "
            "(ttsprep.corpora.source.readable)"
        )
    raise CorpusError(
        f"{root} has no audio file in it (wav, flac, mp3, ogg, opus, m4a, aiff); "
        "the audio has to lie in the folder of the metadata, or below it"
    )


def _recognise(layout: type[Layout], root: Path) -> str:
    try:
        return layout.recognise(root)
    except OSError as error:
        raise _unreadable(error) from None


def _readable(items: Iterator[Clip | Finding]) -> Iterator[Clip | Finding]:
    try:
        yield from items
    except OSError as error:
        raise _unreadable(error) from None


def _unreadable(error: OSError) -> CorpusError:
    return CorpusError(f"{error.filename} cannot be read: {error.strerror}")


def _refuse_unreadable(path: Path) -> None:
    if not os.path.lexists(path):
        raise CorpusError(f"{path} is not there")
    if is_audio(path.name) and not path.is_dir():
        raise CorpusError(f"{path} is an audio file; give the folder of the corpus, or its metadata file")
    try:
        if path.is_dir():
            os.scandir(path).close()
        elif path.is_file():
            path.open("rb").close()
        else:
            raise CorpusError(f"{path} is neither a folder nor a file")
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror}") from None


def _refuse_unknown_table(root: Path) -> None:
    """Refuse a table that no layout understood, which would be passed over as if the corpus had no text."""
    for name in _TABLES:
        if root.is_dir() and (root / name).exists():
            raise CorpusError(
                f"{root / name} is no table that is known: neither id|text lines, nor a header with "
                "file_name and text; give --layout plain to leave it aside and audit the audio alone"
            )


def _refuse_outer_folder(root: Path) -> None:
    """Refuse a folder that only holds a corpus, whose transcripts would not be seen."""
    layouts = [layout for layout in all_layouts().values() if not layout.fallback]
    for name in subfolders(root)[:_HINTED] if root.is_dir() else ():
        try:
            found = next((layout.name for layout in layouts if _recognise(layout, root / name)), None)
        except CorpusError:
            continue
        if found:
            raise CorpusError(
                f"{root} is no corpus itself, but {root / name} looks like {found}: give that folder "
                "(or --layout plain to audit the audio alone)"
            )


def _unrecognised(root: Path) -> str:
    if not root.is_dir():
        return (
            f"{root} is no metadata file that is known: neither path|text or id|text lines, nor a table with "
            "file_name, nor a NeMo manifest; give the folder of the corpus if it is part of one"
        )
    if not any(root.iterdir()):
        return f"{root} is empty"
    looked = "; ".join(f"{layout.name} ({layout.summary})" for layout in all_layouts().values())
    return f"{root} has no layout that is known; looked for: {looked}"

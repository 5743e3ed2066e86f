"""A corpus: choosing its layout, and listing its clips."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path, PurePath

from ttsprep.core.errors import CorpusError, UsageError, nearest
from ttsprep.core.files import clean, unique
from ttsprep.core.plugins import load_plugins
from ttsprep.core.types import Clip, Finding, Severity
from ttsprep.corpora.audio_files import AUDIO, is_audio
from ttsprep.corpora.layouts._languages import fill_languages, mismatches
from ttsprep.corpora.layouts._speakers import with_folder_speakers
from ttsprep.corpora.layouts.base import Layout
from ttsprep.corpora.layouts.table import TABULAR, Tables
from ttsprep.corpora.reading import SHALLOW, Reading, uncollected
from ttsprep.corpora.shards.unpacking import find_shards
from ttsprep.corpora.tables.match import AudioIndex
from ttsprep.corpora.tables.read import matched_notes
from ttsprep.corpora.unpack import is_archive
from ttsprep.text.language import drawn
from ttsprep.text.phonemes import espeak_code
from ttsprep.text.scripts import is_phonemes

_HINTED = 256
"""Folders below the root that are looked into, the nearest first."""
_DEEP = 4
"""Levels below the root that they lie on, at most."""


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
    decided
        How it was read and why, a line each: the columns of each table.
    title
        What it is called, where that is not the name of its folder. Where the folder lies shows in no result.
    """

    root: Path
    layout: str
    why: str
    clips: list[Clip]
    ids: list[str]
    findings: list[Finding] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    decided: list[str] = field(default_factory=list)
    title: str = ""

    @property
    def name(self) -> str:
        """What it is called."""
        return self.title or self.root.resolve().name


@cache
def all_layouts() -> dict[str, type[Layout]]:
    """Every layout by name: ours, then those of plug-ins."""
    return load_plugins("ttsprep.corpora.layouts", Layout.registry)


@dataclass(frozen=True, slots=True)
class Detected:
    """The layout of a corpus.

    Attributes
    ----------
    kind
        The layout.
    why
        What showed it, in a few words.
    below
        Folders below the root that have it, with a slash at their ends; empty where the root itself has.
    layout
        The layout as it was made to look at the root.
    """

    kind: type[Layout]
    why: str
    layout: Layout
    below: tuple[str, ...] = ()


def detect(root: Path, reading: Reading | None = None) -> Detected:
    """Tell which layout a corpus has, itself or in folders below it.

    Parameters
    ----------
    root
        A folder, or a metadata file.
    reading
        How a person wants it to be read.

    Raises
    ------
    CorpusError
        If it is none or could be several, is not there, or cannot be read.
    """
    _refuse_unreadable(root)
    reading = reading or Reading()
    kinds = [kind for kind in all_layouts().values() if not kind.fallback and kind is not Tables]
    fits = _fitting(kinds, root, reading)
    fits = [fit for fit in fits if fit.kind.certain] or fits
    if len(fits) > 1:
        choices = "; ".join(f"--layout {fit.kind.name} ({fit.why})" for fit in fits)
        raise CorpusError(f"{root} could be read in {len(fits)} ways, say which: {choices}")
    if fits:
        return fits[0]
    if root.is_dir() and (below := _below(root, kinds, reading)):
        return below
    general: list[type[Layout]] = [kind for kind in all_layouts().values() if kind is Tables]
    general += [kind for kind in all_layouts().values() if kind.fallback]
    for kind in general:
        if fits := _fitting([kind], root, reading):
            return fits[0]
    raise CorpusError(_unrecognised(root))


def _fitting(kinds: Sequence[type[Layout]], root: Path, reading: Reading) -> list[Detected]:
    made = [(kind, kind(reading)) for kind in kinds]
    return [Detected(kind, why, layout) for kind, layout in made if (why := _recognise(layout, root))]


def _below(root: Path, kinds: Sequence[type[Layout]], reading: Reading) -> Detected | None:
    """Return the one layout that folders below the root have, such as one folder a language or a part."""
    tree = reading.tree(root)
    places = {path.rpartition("/")[0] for path in tree.others if "/" in path}  # a layout is more than audio
    places |= {place.rsplit("/", n)[0] for place in set(places) for n in range(1, place.count("/") + 1)}
    places = {place for place in places if place.count("/") < _DEEP}
    nearest_first = sorted(places, key=lambda place: (place.count("/"), place))
    layouts: dict[str, Detected] = {}
    for place in nearest_first[:_HINTED]:
        if any(place.startswith(f"{outer}/") for outer in layouts):
            continue
        try:
            fits = _fitting(kinds, root / place, reading)
        except CorpusError:
            continue
        fits = [fit for fit in fits if fit.kind.certain] or fits
        if len(fits) == 1:
            layouts[place] = fits[0]
    if not layouts:
        return None
    names = {fit.kind.name for fit in layouts.values()}
    if len(names) > 1:
        places_of = "; ".join(f"{root / place} ({fit.kind.name})" for place, fit in list(layouts.items())[:4])
        raise CorpusError(f"{root} holds corpora of several layouts, give one of them: {places_of}")
    first = next(iter(layouts.values()))
    why = f"{first.why} in {', '.join(list(layouts)[:3])}{f' and {len(layouts) - 3} more' if len(layouts) > 3 else ''}"
    return Detected(first.kind, why, first.layout, tuple(f"{place}/" for place in layouts))


@uncollected()
def read_corpus(path: Path, layout: str = "auto", language: str = "", reading: Reading | None = None) -> Corpus:
    """List the clips of a corpus without opening any audio.

    Parameters
    ----------
    path
        A folder, or a metadata file such as a filelist or a NeMo manifest; only read.
    layout
        Name of a layout, or ``auto`` to recognise it.
    language
        Of the clips that do not say theirs; where it is empty, the one that their texts are in, or ``en-us`` if
        the texts do not show it.
    reading
        How a person wants it to be read: the columns of its tables, where its audio lies.

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
        hint = "--layout table reads it" if layout.lower() in TABULAR else nearest(layout, [*all_layouts(), "auto"])
        raise UsageError(f"no layout is called {layout!r}; {hint}")
    _refuse_unreadable(path)
    reading = replace(reading or Reading(), language=language)
    if reading.audio_root is None and not reading.tree(reading.folder_of_audio(path)).audio:
        reading = reading.with_absolute_root(path)
    root = reading.folder_of_audio(path)
    _refuse_without_audio(path, root, reading)
    if layout == "auto":
        taken = detect(path, reading)
    else:
        kind = all_layouts()[layout]
        taken = Detected(kind, "asked for", kind(reading))
    findings = reading.findings()
    clips: list[Clip] = []
    for item in _readable(_items(path, taken, reading)):
        (findings if isinstance(item, Finding) else clips).append(item)  # type: ignore[arg-type]
    if not clips:
        first = f"; the first fault: {findings[0].message}" if findings else ""
        raise CorpusError(f"{path} names no clip when it is read as {taken.kind.name}{first}")
    if taken.kind is not Tables:
        clips = _matched(clips, AudioIndex(root, reading.tree(root).audio), findings)
    if not any(clip.speaker for clip in clips):
        clips, by_folder = with_folder_speakers(clips, lambda: _labelled(reading.tree(root).others))
        taken.layout.decided += by_folder
    guessed = fill_languages(clips, language)
    findings += [*_phonemes(clips), *mismatches(clips)]
    paths = [clip.path for clip in clips]
    named = {os.path.normpath(path) if "./" in path or "//" in path else path for path in paths}
    # Around one metadata file may lie anything: what it does not name is not missed.
    audio = reading.tree(root).audio if path.is_dir() else ()
    left_out = taken.kind.left_out
    orphans = [name for name in audio if name not in named and not (left_out and fnmatchcase(name, left_out))]
    ids = unique([clean(clip.id) for clip in clips])
    corpus = Corpus(root, taken.kind.name, taken.why, clips, ids, findings, orphans, [*guessed, *taken.layout.decided])
    return _behind_links(corpus) if reading.follow_links or in_hub_cache(root) else corpus


def in_hub_cache(root: Path) -> bool:
    """Whether a folder is a snapshot in a cache of Hugging Face, whose files are links to ``blobs/`` beside it."""
    real = root.resolve()
    return any(place.name == "snapshots" and (place.parent / "blobs").is_dir() for place in (real, *real.parents))


def _behind_links(corpus: Corpus) -> Corpus:
    """Give the paths that links lead to, and as the root the folder that all of them are in."""
    home = os.path.realpath(corpus.root)
    real = {clip.path: os.path.realpath(Path(home, clip.path)) for clip in corpus.clips}
    if all(path.startswith(f"{home}/") for path in real.values()):
        return corpus
    root = Path(os.path.commonpath([home, *real.values()]))
    if len(root.parts) <= SHALLOW:
        raise CorpusError(f"{corpus.root}: links lead to {next(iter(real.values()))}, too far away to be one corpus")
    clips = [replace(clip, path=os.path.relpath(real[clip.path], root)) for clip in corpus.clips]
    orphans = [os.path.relpath(Path(home, name), root) for name in corpus.orphans]
    followed = f"links were followed: the audio lies in {root}"
    return replace(corpus, root=root, clips=clips, orphans=orphans, decided=[*corpus.decided, followed])


def _matched(clips: list[Clip], index: AudioIndex, findings: list[Finding]) -> list[Clip]:
    """Match paths that are not there with the files that no clip names, as the rows of tables are."""
    names = list(dict.fromkeys(clip.path for clip in clips))
    if all(name in index.files for name in names):
        return clips
    matches = index.match(names)
    findings.extend(matched_notes("the metadata", len(names), matches))
    paths = {name: path for name, path in zip(names, matches.paths, strict=True) if path}
    return [replace(clip, path=paths.get(clip.path, clip.path)) for clip in clips]


def _labelled(others: Sequence[str]) -> set[str]:
    """Return the stems of the files that hold the labels of a recording."""
    return {path.rpartition(".")[0] for path in others if path.lower().endswith((".lab", ".textgrid"))}


def _phonemes(clips: Sequence[Clip]) -> Iterator[Finding]:
    """Name a corpus whose texts are phonemes: what reads texts would spell them."""
    texts = [text for text in drawn([clip.text for clip in clips]) if text.strip()]
    count = sum(map(is_phonemes, texts))
    if count and 2 * count >= len(texts):
        which = "the texts" if len(texts) == count else f"{count:,} of {len(texts):,} texts that were looked at"
        yield Finding(
            "",
            "text-phonemes",
            Severity.ERROR,
            f"{which} are phonemes, not letters: {next(filter(is_phonemes, texts))[:60]!r}",
        )


def _items(path: Path, taken: Detected, reading: Reading) -> Iterator[Clip | Finding]:
    """Yield what the layout reads, of the root or of the folders below it that have the layout."""
    if not taken.below:
        yield from taken.layout.read(path)
        return
    for place in taken.below:
        layout = taken.kind(reading)
        for item in layout.read(path / place):
            if isinstance(item, Clip) and not item.path.startswith("/"):
                yield replace(item, path=f"{place}{item.path}")
            else:
                yield item
        taken.layout.decided += layout.decided


def _refuse_without_audio(path: Path, root: Path, reading: Reading) -> None:
    if reading.tree(root).audio:
        return
    if find_shards(path):
        raise CorpusError(
            f"{path} has its audio in Parquet, Arrow or tar files: ttsprep audit and build unpack them "
            "(ttsprep.corpora.source.readable)"
        )
    archives = [name for name in reading.tree(root).others if is_archive(name)]
    if archives:
        raise CorpusError(f"{root} has no audio file in it, but archives such as {archives[0]}: unpack them first")
    unlisted = "".join(f"; {line}" for line in reading.tree(root).unlisted[:3])
    endings = Counter(PurePath(name).suffix for name in reading.tree(root).others)
    most = "".join(f"; files that end in {end}: {number:,}" for end, number in endings.most_common(1) if end)
    raise CorpusError(
        f"{root} has no audio file in it ({', '.join(kind[1:] for kind in AUDIO)}){most}{unlisted}; "
        "where the audio lies elsewhere, give its folder with --audio-root"
    )


def _recognise(layout: Layout, root: Path) -> str:
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

"""Speakers of a corpus whose metadata names none: by its folders or the names of its files, in ways that are known."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from ttsprep.core.types import Clip
from ttsprep.corpora.audio_files import stem

_CODE = re.compile(r"(?:p\d+|ssb\d+|s\d{4}|(?:spk|speaker|reader|voice|talker)[-_]?\w+)", re.I)
"""A speaker's code: ``p225`` of VCTK, ``SSB0005`` of AISHELL-3, ``spk1``."""
_SAYS_SO = ("spk", "speaker", "reader", "voice", "talker")
_NAMED = re.compile(
    r"(p(?:22[5-9]|2[3-9]\d|3[0-7]\d)|s5)_\d{3}(?:_mic[12])?|(ssb\d{4})\d{4}|((?:spk|speaker|reader|talker)[-_]?\d{1,4})[-_.].*\d",
    re.I,
)
"""Names of files that begin with a speaker's code: those of VCTK and AISHELL-3, and those that say so."""
_PROMPTED = re.compile(r"((?!(?:s|t|v|ch|cd|ep|pt|vol|set|day|mic|rec|tk)\d)[a-z]{1,3}\d{1,5})[-_](\d{1,5})", re.I)
"""A code and a number that may be that of a sentence; no letters that parts and takes are counted with."""
_PROMPTS = 5
"""Sentences that several speakers read, at least."""
_READER = re.compile(r"(\d+)_(?:clean|other)")
_NO_SPEAKER = re.compile(
    r"(?:chapters?|chap|ch|parts?|pt|sessions?|sess|books?|vol|volumes?|dis[ck]s?|cd|days?|weeks?|takes?|batch|sets?|"
    r"splits?|train|dev|test|valid|validation|eval|wavs?|audio|clips?|data|lessons?|units?|episodes?|ep|sections?|"
    r"recordings?|raw|output|text|lab|\w\w?)?[-_. ]?[\d_-]*",
    re.I,
)
"""Names of folders that hold parts of a recording or of a corpus."""
_SURE = 0.95
"""Share of the clips that a rule has to name the speaker of."""
_SAMPLED = 500
_Rule: TypeAlias = tuple[str, int, Callable[[Sequence[str]], str]]
"""How a path names the speaker, the fewest speakers, and the rule; a rule that leaves it open returns ""."""


def with_folder_speakers(clips: list[Clip], texts_beside: Callable[[], set[str]]) -> tuple[list[Clip], list[str]]:
    """Fill in the speakers that the names of folders or files tell, and return a line about it.

    Parameters
    ----------
    clips
        Without speakers.
    texts_beside
        Returns the stems of the ``.lab`` and ``.TextGrid`` files, relative to the root as the paths of the clips are.
    """
    sample = [clip.path.split("/") for clip in clips[:: max(1, len(clips) // _SAMPLED)]]
    for how, least, rule in (*_RULES, *_by_prompts(clips)):
        named = Counter(rule(parts) for parts in sample)
        unnamed = named.pop("", 0)
        if unnamed > (1 - _SURE) * len(sample) or len(named) < least or len(sample) < min(2, least) * len(named):
            continue
        if rule is _folder and not _are_people(named, sample, texts_beside()):
            continue
        by_folder = [replace(clip, speaker=rule(clip.path.split("/"))) for clip in clips]
        names = sorted({clip.speaker for clip in by_folder} - {""})
        such = f"{', '.join(names[:4])}{' ...' if names[4:] else ''}"
        who = "the speaker is" if len(names) == 1 else f"{len(names):,} speakers are"
        return by_folder, [f"{who} named by {how}: {such}"]
    return clips, []


def _book(parts: Sequence[str]) -> str:
    """Return the first folder of ``1406/1028/1406_1028_000000.flac``."""
    if len(parts) < 3 or not parts[-3].isdigit() or not parts[-1].startswith((f"{parts[-3]}_", f"{parts[-3]}-")):
        return ""
    return parts[-3]


def _after_gender(parts: Sequence[str]) -> str:
    """Return the folder after ``by_book/female/``; the readers of ``mix`` are not named."""
    if "by_book" not in parts[:-3]:
        return ""
    gender, speaker = parts[parts.index("by_book") + 1 :][:2]
    return speaker if gender in {"female", "male"} else ""


def _code(parts: Sequence[str]) -> str:
    """Return the folder that is a speaker's code, and says so or is in the name of the file too."""
    for folder in reversed(parts[:-1]):
        if _CODE.fullmatch(folder) and (folder.lower().startswith(_SAYS_SO) or folder in parts[-1]):
            return folder
    return ""


def _named(parts: Sequence[str]) -> str:
    """Return the code that the name of the file begins with."""
    match = _NAMED.fullmatch(stem(parts[-1]))
    return next(filter(None, match.groups())) if match else ""


def _by_prompts(clips: Sequence[Clip]) -> Iterator[_Rule]:
    """Yield the rule that codes before numbers are speakers, where the same numbers are the same sentences.

    Chapters and pages never say the same, so that ``LJ001-0001`` names none.
    """
    texts: dict[str, dict[str, str]] = defaultdict(dict)
    for clip in clips:
        match = _PROMPTED.fullmatch(stem(clip.path.rpartition("/")[2]))
        if match is None:
            return
        texts[match[2]][match[1]] = clip.text.casefold().strip(" .!?")
    shared = [list(said.values()) for said in texts.values() if len(said) > 1]
    same = [said for said in shared if len(set(said)) < len(said) and all(said)]
    if len(same) >= max(_PROMPTS, 0.5 * len(shared)):
        yield "codes before the numbers of sentences that several read", 2, _prompted


def _prompted(parts: Sequence[str]) -> str:
    """Return the code before a number."""
    match = _PROMPTED.fullmatch(stem(parts[-1]))
    return match[1] if match else ""


def _reader(parts: Sequence[str]) -> str:
    """Return the number of a folder such as ``92_clean``."""
    return next((match[1] for folder in parts[:-1] if (match := _READER.fullmatch(folder))), "")


def _below(parts: Sequence[str]) -> str:
    """Return the folder in a folder called ``speakers``."""
    above = next((at for at, folder in enumerate(parts[:-2]) if folder.lower() in {"speakers", "by_speaker"}), None)
    return parts[above + 1] if above is not None else ""


def _folder(parts: Sequence[str]) -> str:
    """Return the folder that the file lies in."""
    return parts[-2] if len(parts) > 1 else ""


def _are_people(names: Counter[str], sample: Sequence[Sequence[str]], beside: set[str]) -> bool:
    """Whether folders hold a speaker each: with labels beside the audio, side by side, and not called parts."""
    above = {tuple(parts[:-2]) for parts in sample}
    labelled = sum(stem("/".join(parts)) in beside for parts in sample)
    return len(above) == 1 and labelled >= _SURE * len(sample) and not any(map(_NO_SPEAKER.fullmatch, names))


_RULES: tuple[_Rule, ...] = (
    ("folders SPEAKER/BOOK/SPEAKER_BOOK_N, as in MLS", 1, _book),
    ("folders by_book/GENDER/SPEAKER, as in M-AILABS", 1, _after_gender),
    ("folders READER_clean, as in Hi-Fi TTS", 1, _reader),
    ("folders in speakers/", 2, _below),
    ("folders with a speaker's code, as in VCTK", 2, _code),
    ("the code that names of files begin with, as in VCTK", 2, _named),
    ("folders with audio and its labels, as MFA and fish-speech have them", 2, _folder),
)

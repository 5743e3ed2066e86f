"""The source of a build before it is measured: long recordings cut, decisions read, missing texts written down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ttsprep.audit.decisions import Decision, with_decisions
from ttsprep.audit.select import NO_TEXTS, PHONEMES, Rejection
from ttsprep.build.config import Recipe
from ttsprep.build.provenance import write_rejected
from ttsprep.build.targets import load_trainer
from ttsprep.core.errors import CorpusError
from ttsprep.core.progress import Progress
from ttsprep.core.types import Clip, Severity
from ttsprep.corpora.corpus import Corpus
from ttsprep.corpora.exports.filelist import Filelist
from ttsprep.text.phonemes import is_readable

MOST_EMPTY = 0.01
"""Share of the clips of a build that may have no text."""
HALF = 0.5
"""Share of the clips of a corpus that may have no text: more is a fault of how it was read, before all measuring."""


@dataclass(frozen=True, slots=True)
class PreparedSource:
    """What is measured, and what is known of it before.

    Attributes
    ----------
    todo
        The clips; of long recordings the pieces.
    refused
        What of long recordings is in no piece.
    decisions
        Of a person, by id.
    log_p
        How sure a model was of the texts that it wrote, by id: their mean log-probability.
    low_confidence
        Why such a text is not to be trusted, by id.
    """

    todo: Corpus
    refused: list[Rejection]
    decisions: Mapping[str, Decision]
    log_p: Mapping[str, float] = field(default_factory=dict)
    low_confidence: Mapping[str, Rejection] = field(default_factory=dict)


def prepare(
    todo: Corpus, decisions: Path | None, out: Path, recipe: Recipe, jobs: int, progress: Progress
) -> PreparedSource:
    """Cut long recordings, read the decisions, and write down clips without a text, as the recipe says.

    Parameters
    ----------
    todo
        The corpus as it is.
    decisions
        A ``decisions.csv``.
    out
        The folder that remembers the pieces and the texts: that of the audit of the source.
    recipe
        What to build.
    jobs
        Worker processes.
    progress
        Receives every stage.
    """
    refused: list[Rejection] = []
    if recipe.segment and recipe.transcribe and recipe.segment.align == "asr":
        from ttsprep.build.longform.align_asr import aligned_source

        todo, refused = aligned_source(todo, out, recipe.segment, recipe.transcribe, jobs, progress)
    elif recipe.segment:
        from ttsprep.build.longform.cut import cut_source

        todo, refused, _ = cut_source(todo, out, recipe.segment, jobs, progress)
    if not todo.clips:  # decisions and texts are about clips; `refuse_nothing` says what is wrong
        return PreparedSource(todo, refused, {})
    todo, choices = with_decisions(todo, decisions)
    if not recipe.transcribe:
        return PreparedSource(todo, refused, choices)
    from ttsprep.build.transcribe import transcribe_source

    written = transcribe_source(todo, out, recipe.transcribe, jobs, progress)
    return PreparedSource(written.todo, refused, choices, written.log_p, written.low_confidence)


def unread(todo: Corpus) -> list[Rejection]:
    """Return the lines of the metadata that are no clips."""
    known = set(todo.ids)
    return [
        Rejection(item.clip, "read", (item.code,), item.message)
        for item in todo.findings
        if item.clip not in known and item.severity == Severity.ERROR
    ]


def refuse_nothing(ready: PreparedSource, reasons: Path | None) -> None:
    """Refuse a source of which no clip is left before anything is measured.

    Parameters
    ----------
    ready
        As `prepare` returns it.
    reasons
        The ``rejected.csv`` to write first; None where nothing may be written.

    Raises
    ------
    CorpusError
        If there is no clip.
    """
    if ready.todo.clips:
        return
    rejected = [*unread(ready.todo), *ready.refused]
    if not rejected:
        raise CorpusError(
            f"{ready.todo.root} has no clip to build: its recordings hold no speech, "
            "or its metadata has no line; see `ttsprep audit`"
        )
    if reasons:
        write_rejected(reasons, rejected)
    first = rejected[0]
    more = f", and {len(rejected) - 1:,} more reasons" if len(rejected) > 1 else ""
    where = f"; the reasons are in {reasons}" if reasons else ""
    raise CorpusError(
        f"no clip is left to build of {ready.todo.root} ({first.id}: {first.reason}{more}){where}: "
        "fix the recordings or their texts, or change the recipe"
    )


def refuse_without_texts(root: Path, clips: Sequence[Clip], recipe: Recipe, most: float = MOST_EMPTY) -> None:
    """Refuse to build for text to speech what has no texts, unless the recipe ignores that.

    Parameters
    ----------
    root
        The corpus, for the message.
    clips
        With the texts that are going to be built.
    recipe
        What to build.
    most
        Share of them, 0 to 1, that may have no letter and no digit in their text.

    Raises
    ------
    CorpusError
        If more have none.
    """
    if recipe.transcribe or NO_TEXTS not in recipe.enabled_codes():
        return
    empty = [clip.id for clip in clips if not any(map(str.isalnum, clip.text))]
    if len(empty) <= most * len(clips):
        return
    some = "none of" if len(empty) == len(clips) else f"{len(empty):,} of"
    names = f"{', '.join(empty[:3])}{' ...' if empty[3:] else ''}"
    raise CorpusError(
        f"{root}: {some} the {len(clips):,} clips {'has a' if some == 'none of' else 'have no'} text ({names}), and a "
        "build for text to speech needs them. Give the table of texts, or put NAME.txt beside NAME.wav (ttsprep "
        "inspect shows what is read); write them down with --recipe transcribe; or, where none is needed, set "
        f'[checks] ignore = ["{NO_TEXTS}"] in a recipe'
    )


def refuse_phonemes(source: Corpus, recipe: Recipe) -> None:
    """Refuse texts that are phonemes already: normalised and phonemized again, they would be read letter by letter.

    Raises
    ------
    CorpusError
        If the corpus has the finding ``text-phonemes``, and the recipe does not ignore it.
    """
    problem = next((finding for finding in source.findings if finding.code == PHONEMES), None)
    if problem is not None and PHONEMES in recipe.enabled_codes():
        raise CorpusError(
            f"{source.root}: {problem.message}; give the table that has them in letters, or say which column has with "
            f'--columns (see ttsprep inspect); [checks] ignore = ["{PHONEMES}"] in a recipe takes them as they are'
        )


def refuse_unreadable(root: Path, clips: Sequence[Clip], recipe: Recipe) -> None:
    """Refuse to write lists of phonemes of texts that eSpeak NG has no phonemes for.

    Raises
    ------
    CorpusError
        If those are more than `MOST_EMPTY` of the clips; single ones are left out of the list and named.
    """
    readers = [form.name for form in recipe.configured_exports() if isinstance(form, Filelist) and form.phonemises]
    symbols = load_trainer(recipe.trainer).symbols if recipe.trainer else None
    readers += [recipe.trainer] if symbols and symbols.kind == "phonemes" else []
    spelt = [clip for clip in clips if readers and not is_readable(clip.text, clip.language)]
    if len(spelt) > MOST_EMPTY * len(clips):
        first = spelt[0]
        raise CorpusError(
            f"{root}: {len(spelt):,} of {len(clips):,} texts cannot be phonemised, and {readers[-1]} takes phonemes: "
            f"eSpeak NG has no sounds for letters of {first.language!r} such as in {first.id} ({first.text[:40]!r}) "
            "and would read their names. Build for a trainer that reads text, or give texts in letters that it knows "
            "(Japanese in kana)"
        )

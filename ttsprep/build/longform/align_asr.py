"""Has Whisper write the text that a piece of a recording seems to hold, and says which reading of it fits best."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow as pa

from ttsprep.audit.listen import Task, decode
from ttsprep.audit.measure import Row
from ttsprep.build.config import Recipe, Segment, Transcribe
from ttsprep.build.longform.book_words import Words, words
from ttsprep.build.longform.cut import Refused, cut_source, span
from ttsprep.build.longform.match_words import Match, match
from ttsprep.build.select import Rejection
from ttsprep.build.transcribe import VERSION, WRITTEN, Transcribing, heard_rows, keys_of, length_of
from ttsprep.checks.transcript import Transcript
from ttsprep.core.errors import AudioError, UsageError
from ttsprep.core.files import digest
from ttsprep.core.progress import Told
from ttsprep.corpora.corpus import Corpus
from ttsprep.models.asr import best_text
from ttsprep.models.base import ModelInput
from ttsprep.models.transcriber import model_file
from ttsprep.text.characters import count_spoken

FORCING = 2
"""Raised whenever the same piece, texts and model yield another row."""
FORCED = pa.schema([
    ("key", pa.string()),
    ("text", pa.string()),
    ("text_log_p", pa.float32()),
    ("mismatch_nats", pa.float32()),
    ("doubted_word", pa.string()),
    ("said", pa.string()),
])
"""The likeliest text of a piece, and how well it fits: measures as those of ``transcript-mismatch``."""


@dataclass
class Forcing:
    """The work of the processes that score the texts of pieces; a task has the texts that are possible.

    Attributes
    ----------
    root
        The corpus.
    model
        Path of an openai-whisper checkpoint.
    language
        What is spoken; that of each clip if it is empty.
    """

    root: str
    model: str
    language: str
    _rows: dict[str, Row] = field(default_factory=dict, repr=False)

    def prepare(self, items: Sequence[Task]) -> None:
        """Score a batch."""
        self._rows = {item.key: {"key": ""} for item in items}
        heard: dict[str, list[tuple[str, ModelInput]]] = defaultdict(list)
        for item in items:
            try:
                clip = ModelInput(item.clip, decode(Path(self.root), item.clip), item.others)
            except AudioError:
                continue  # writing it down has refused it
            heard[self.language or item.clip.language].append((item.key, clip))
        for language, clips in heard.items():
            try:
                rows = best_text(self.model, [clip for _, clip in clips], language)
            except UsageError:
                continue  # likewise
            for (key, _), row in zip(clips, rows, strict=True):
                self._rows[key] = {"key": key, **row}

    def __call__(self, item: Task) -> Row:
        """Return the row of one piece; with no key if it cannot be heard."""
        return self._rows.pop(item.key)

    def lost(self, item: Task, reason: str) -> Row:
        """Return the row of a piece that the model failed on: it is tried again by the next build."""
        del item, reason
        return {"key": ""}


UNPLACED = "the text cannot be placed: "


def aligned_source(
    todo: Corpus, out: Path, recipe: Recipe, segment: Segment, rules: Transcribe, jobs: int, told: Told
) -> tuple[Corpus, list[Rejection]]:
    """Return the plan with the pieces of long recordings, each with its text, and what is in none of them.

    Recordings are cut without their text; Whisper writes every piece down, which says where in the text it is; then
    it is made to write that part of the text, as an audit does, and what does not fit is refused.

    Parameters
    ----------
    todo
        The corpus as it is.
    out
        The build; remembers what was heard.
    recipe, segment, rules
        What is asked for, with two of its tables.
    jobs
        Worker processes.
    told
        Whom to tell how far it is.
    """
    bare = replace(todo, clips=[replace(clip, text="") for clip in todo.clips])
    cut, refused, origins = cut_source(
        bare, out, segment, jobs, partial(told.begin, "cutting", len(todo.clips)), lambda n: told.advance(n, 0.0)
    )
    model = model_file(rules.model)
    own = (digest(Path(model)), rules.language)
    root = str(todo.root.resolve())
    wholes = [todo.clips[origin] for origin in origins]
    is_piece = [clip.id != whole.id for clip, whole in zip(cut.clips, wholes, strict=True)]
    pieces = [i for i, whole in enumerate(wholes) if is_piece[i] and count_spoken(whole.text)]
    keys = keys_of(cut, pieces, out, lambda i: (VERSION, *own, cut.clips[i].language))
    lengths = {i: length_of(cut, i) for i in pieces}

    def hear(work: Any, others: Mapping[int, tuple[str, ...]], keys: Mapping[int, str], what: str, schema: Any) -> Any:
        tasks = {keys[i]: Task(cut.clips[i], keys[i], texts) for i, texts in others.items() if keys[i]}
        seconds = {keys[i]: lengths[i] for i in others}
        begin = partial(told.begin, "listening" if schema is WRITTEN else "aligning")
        return heard_rows(work, tasks, seconds, out, what, schema, jobs, begin, lambda n: told.advance(n, 0.0))

    written = hear(Transcribing(root, model, rules.language), dict.fromkeys(pieces, ()), keys, "pieces", WRITTEN)
    matches, books = _matched(todo, pieces, origins, [(written.get(keys[i]) or {}).get("text") or "" for i in pieces])
    texts = {i: _possible(books[origins[i]], matches[i]) for i in pieces if not matches[i].reason}
    forced_keys = keys_of(cut, [*texts], out, lambda i: (FORCING, *own, cut.clips[i].language, texts[i]))
    forced = hear(Forcing(root, model, rules.language), texts, forced_keys, "aligned", FORCED)
    clips, ids = [], []
    for i, (clip, whole) in enumerate(zip(cut.clips, wholes, strict=True)):
        row = forced.get(forced_keys.get(i, ""))
        if i in matches and (reason := matches[i].reason or _misfit(row)):
            told_why = f"{span(Refused(clip.start, clip.end, reason))}: {UNPLACED}{reason}"
            refused.append(Rejection(todo.ids[origins[i]], "segment", (), told_why))
            continue
        text = row["text"] if row else "" if is_piece[i] else whole.text
        clips.append(replace(clip, text=text))
        ids.append(cut.ids[i])
    return replace(cut, clips=clips, ids=ids), refused


def _matched(
    todo: Corpus, pieces: Sequence[int], origins: Sequence[int], written: Sequence[str]
) -> tuple[dict[int, Match], dict[int, Words]]:
    """Return the words of the text that each piece holds, and the words of each recording."""
    own: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for i, text in zip(pieces, written, strict=True):
        own[origins[i]].append((i, text))
    books = {origin: words(todo.clips[origin].text, "") for origin in own}
    found: dict[int, Match] = {}
    for origin, rows in own.items():
        found |= zip([i for i, _ in rows], match(books[origin], [text for _, text in rows]), strict=True)
    return found, books


def _possible(book: Words, found: Match) -> tuple[str, ...]:
    """Return the texts that a piece may have: with and without the words at its ends that may be of others."""
    begins = range(found.begin - found.before, found.begin + 1)
    ends = range(found.end, found.end + found.after + 1)
    return tuple(book.between(begin, end) for begin, end in product(begins, ends))


def _misfit(row: Mapping[str, Any] | None) -> str:
    limit = Transcript.mismatch_nats
    if row is None or row["mismatch_nats"] is None:
        return "its part of the text cannot be scored"
    if row["mismatch_nats"] < limit:
        return ""
    word = f", {row['doubted_word']!r} least" if row["doubted_word"] else ""
    return f"what is said is not its part of the text ({row['mismatch_nats']:.1f} nats behind, limit {limit:g}{word})"

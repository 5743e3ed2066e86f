"""Has Whisper write the text that a piece of a recording seems to hold, and says which reading of it fits best."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow as pa

from ttsprep.audit.model_pass import LIMITS, ClipInput, rows_of_readable
from ttsprep.audit.select import Rejection
from ttsprep.build.config import Segment, Transcribe
from ttsprep.build.longform.book_words import BookText, split_book
from ttsprep.build.longform.cut import cut_source, span
from ttsprep.build.longform.divide import Skipped
from ttsprep.build.longform.match_words import PieceMatch, match_pieces
from ttsprep.build.transcribe import BATCH, TranscribeStep, clip_input
from ttsprep.checks.transcript import Transcript
from ttsprep.core.files import digest
from ttsprep.core.progress import Progress
from ttsprep.core.store.cache import KEY
from ttsprep.core.store.step import Row, Step, make_key
from ttsprep.core.store.store import Store
from ttsprep.corpora.corpus import Corpus
from ttsprep.models.asr import best_text
from ttsprep.models.base import ModelInput
from ttsprep.models.whisper import scorers, weights
from ttsprep.text.characters import count_spoken

FORCING = 2
"""Raised whenever the same piece, texts and model yield another row."""
FORCED = pa.schema([
    (KEY, pa.string()),
    ("text", pa.string()),
    ("text_log_p", pa.float32()),
    ("mismatch_nats", pa.float32()),
    ("doubted_word", pa.string()),
    ("asr_text", pa.string()),
])
"""The likeliest text of a piece, and how well it fits: measures as those of ``transcript-mismatch``."""


@dataclass
class ForcedAlignStep(Step[ClipInput]):
    """Scores the texts that pieces may have, which their `ClipInput` names.

    Attributes
    ----------
    root
        The corpus.
    model
        Path of an openai-whisper checkpoint.
    digest
        Of its file.
    language
        What is spoken; that of each clip if it is empty.
    """

    name = "aligned"
    stage = "aligning"
    schema = FORCED
    batch = shard = BATCH
    limits = LIMITS
    table = ".aligned.parquet"

    root: str
    model: str
    digest: str
    language: str

    def path(self, item: ClipInput) -> str:
        """Return the file of a piece."""
        return item.clip.path

    def key(self, item: ClipInput, sha256: str) -> str:
        """Stand for all that the scores depend on: bytes, piece of them, texts, language, model, our code."""
        clip = item.clip
        own = (str(FORCING), self.digest, self.language)
        return make_key(*own, sha256, repr(clip.start), repr(clip.end), clip.language, *item.texts)

    def order(self, item: ClipInput) -> float:
        """Put pieces of like length together."""
        return item.seconds

    def rows(self, batch: Sequence[ClipInput]) -> list[Row]:
        """Score the texts of pieces."""
        return rows_of_readable(self.root, batch, self._score)

    def failed(self, item: ClipInput, reason: str) -> Row:
        """Return an empty row: the next build tries again."""
        return {}

    def _score(self, clips: Sequence[ModelInput]) -> list[Row]:
        rows: dict[int, Row] = {}
        for places, scorer in scorers(self.model, clips, self.language):
            scored = [] if isinstance(scorer, str) else best_text(scorer, [clips[place] for place in places])
            rows.update(zip(places, map(dict, scored), strict=False))  # none in a language that the model does not know
        return [rows.get(place, {KEY: ""}) for place in range(len(clips))]


UNPLACED = "the text cannot be placed: "


def aligned_source(
    todo: Corpus, out: Path, segment: Segment, rules: Transcribe, jobs: int, progress: Progress
) -> tuple[Corpus, list[Rejection]]:
    """Return the corpus with the pieces of long recordings, each with its text, and what is in none of them.

    Recordings are cut without their text; Whisper writes every piece down, which says where in the text it is; then
    it is made to write that part of the text, as an audit does, and what does not fit is refused.

    Parameters
    ----------
    todo
        The corpus as it is.
    out
        The folder that remembers what was heard.
    segment, rules
        What is asked for.
    jobs
        Worker processes.
    progress
        Receives every stage.
    """
    bare = replace(todo, clips=[replace(clip, text="") for clip in todo.clips])
    cut, skipped, origins = cut_source(bare, out, segment, jobs, progress)
    model, store = str(weights(rules.model)), Store(out)
    own = (str(todo.root.resolve()), model, digest(Path(model)), rules.language)
    wholes = [todo.clips[origin] for origin in origins]
    is_piece = [clip.id != whole.id for clip, whole in zip(cut.clips, wholes, strict=True)]
    pieces = [i for i, whole in enumerate(wholes) if is_piece[i] and count_spoken(whole.text)]
    listening = TranscribeStep(*own, "pieces", "listening")
    written = store.map(listening, [clip_input(cut, i) for i in pieces], jobs, progress).table()
    matches, books = _matched(todo, pieces, origins, [text or "" for text in written["text"].to_pylist()])
    texts = {i: _possible(books[origins[i]], matches[i]) for i in pieces if not matches[i].reason}
    inputs = [clip_input(cut, i, possible) for i, possible in texts.items()]
    scored = store.map(ForcedAlignStep(*own), inputs, jobs, progress).table().to_pylist()
    forced = {i: row for i, row in zip(texts, scored, strict=True) if row[KEY]}
    clips, ids = [], []
    for i, (clip, whole) in enumerate(zip(cut.clips, wholes, strict=True)):
        row = forced.get(i)
        if i in matches and (reason := matches[i].reason or _misfit(row)):
            told_why = f"{span(Skipped(clip.start, clip.end, reason))}: {UNPLACED}{reason}"
            skipped.append(Rejection(todo.ids[origins[i]], "segment", (), told_why))
            continue
        text = row["text"] if row else "" if is_piece[i] else whole.text
        clips.append(replace(clip, text=text))
        ids.append(cut.ids[i])
    return replace(cut, clips=clips, ids=ids), skipped


def _matched(
    todo: Corpus, pieces: Sequence[int], origins: Sequence[int], written: Sequence[str]
) -> tuple[dict[int, PieceMatch], dict[int, BookText]]:
    """Return the words of the text that each piece holds, and the words of each recording."""
    own: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for i, text in zip(pieces, written, strict=True):
        own[origins[i]].append((i, text))
    books = {origin: split_book(todo.clips[origin].text, "") for origin in own}
    matches: dict[int, PieceMatch] = {}
    for origin, rows in own.items():
        matches |= zip([i for i, _ in rows], match_pieces(books[origin], [text for _, text in rows]), strict=True)
    return matches, books


def _possible(book: BookText, match: PieceMatch) -> tuple[str, ...]:
    """Return the texts that a piece may have: with and without the words at its ends that may be of others."""
    begins = range(match.begin - match.before, match.begin + 1)
    ends = range(match.end, match.end + match.after + 1)
    return tuple(book.between(begin, end) for begin, end in product(begins, ends))


def _misfit(row: Mapping[str, Any] | None) -> str:
    limit = Transcript.mismatch_nats
    if row is None or row["mismatch_nats"] is None:
        return "its part of the text cannot be scored"
    if row["mismatch_nats"] < limit:
        return ""
    word = f", {row['doubted_word']!r} least" if row["doubted_word"] else ""
    return f"what is said is not its part of the text ({row['mismatch_nats']:.1f} nats behind, limit {limit:g}{word})"

"""Writes down clips that have no text, and says why what was written is not to be trusted.

`Transcribing` is work of `ttsprep.core.workers.pool.run`; `doubt` judges what it returns, so that other limits need no
model.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from ttsprep.audit.listen import LIMITS, Task, decode
from ttsprep.audit.measure import Row
from ttsprep.build.config import Transcribe
from ttsprep.build.select import Rejection
from ttsprep.checks.hallucinated import Hallucinated, compression, stock_phrases
from ttsprep.checks.language import Language
from ttsprep.checks.rate import Rate
from ttsprep.checks.text import loop
from ttsprep.core.errors import AudioError
from ttsprep.core.files import digest, inside, regular
from ttsprep.core.store import unchanged
from ttsprep.core.tables import Journal, read_table, to_batch, write_table
from ttsprep.core.workers.pool import Work, run
from ttsprep.corpora.corpus import Corpus
from ttsprep.models.base import RATE, ModelInput
from ttsprep.models.transcriber import model_file, write
from ttsprep.text.characters import count_spoken, fold

VERSION = 2
"""Raised whenever the same clip and model yield another text."""
WRITTEN = pa.schema([
    ("key", pa.string()),
    ("seconds", pa.float32()),
    ("text", pa.string()),
    ("log_p", pa.float32()),
    ("word_log_p", pa.float32()),
    ("word", pa.string()),
    ("no_speech_p", pa.float32()),
    ("first_s", pa.float32()),
    ("after_s", pa.float32()),
    ("language", pa.string()),
    ("language_p", pa.float32()),
    ("problem", pa.string()),
])
"""What is known of each clip: its length, and the fields of `ttsprep.models.transcriber.Transcription`."""

FIRST_S, AFTER_S = 1.2, 0.5
"""More speech than this up to the second token, or after the last word, has no text, in seconds."""
REMARKS = frozenset("[](){}♪♫*")
"""In a text with one of these, Whisper wrote of a sound: ``[Music]``, ``(wind howling)``."""


@dataclass
class Transcribing:
    """The work of the processes that write clips down: a batch is heard at once, in `prepare`.

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
        """Write a batch down."""
        self._rows = {item.key: {"key": ""} for item in items}
        heard = []
        for item in items:
            try:
                heard.append((item.key, ModelInput(item.clip, decode(Path(self.root), item.clip))))
            except AudioError:
                continue  # measuring names it
        written = write(self.model, [clip for _, clip in heard], language=self.language)
        for (key, clip), row in zip(heard, written, strict=True):
            self._rows[key] = {"key": key, "seconds": len(clip.samples) / RATE, **asdict(row)}

    def __call__(self, item: Task) -> Row:
        """Return what was written of one clip; with no key if it cannot be read."""
        return self._rows.pop(item.key)

    def lost(self, item: Task, reason: str) -> Row:
        """Return the row of a clip that the model failed on: it is tried again by the next build."""
        del item, reason
        return {"key": ""}


def doubt(row: Mapping[str, Any], language: str, rules: Transcribe) -> tuple[tuple[str, ...], str]:
    """Say why a text that was written is not to be trusted: codes and a reason, both empty if it is.

    Parameters
    ----------
    row
        Of `WRITTEN`; a number that is not known is None.
    language
        That it was written in.
    rules
        Of the recipe.
    """
    text: str = row["text"] or ""
    no_speech = row["no_speech_p"] or 0.0
    if row["problem"]:
        return (), row["problem"]
    if no_speech >= rules.no_speech_p:
        return ("no-speech",), f"no speech, with probability {no_speech:.2f} (limit {rules.no_speech_p:g})"
    if not count_spoken(text):
        return ("text-empty",), "nothing is written down"
    if not REMARKS.isdisjoint(text):
        return ("text-hallucinated",), "written down as a sound, not as speech"
    if phrase := next(filter(None, stock_phrases(text)), ""):
        return ("text-hallucinated",), f"recognisers write this where nobody speaks: {phrase}"
    if what := loop(fold(text)):
        return ("text-repetition",), f"the model was caught in a loop: {what}"
    if len(text) >= Hallucinated.compressed_chars and compression(text) > Hallucinated.compression:
        return ("text-repetition",), f"repeats itself: compresses {compression(text):.1f} times"
    if count_spoken(text) > Rate.fastest_cps * row["seconds"]:
        return (
            "rate-outlier",
        ), f"{count_spoken(text) / row['seconds']:.0f} characters a second: more than can be said"
    other = row["language"] or ""
    if row["seconds"] < Language.shortest_s:
        other = ""  # too little is said
    if other and other != language and row["language_p"] >= Language.heard_p:
        return ("language-mismatch",), f"sounds like {other!r} (probability {row['language_p']:.2f})"
    return (), _unsure(row, rules)


def _unsure(row: Mapping[str, Any], rules: Transcribe) -> str:
    if row["first_s"] > FIRST_S:
        return f"{row['first_s']:.1f} s of speech at its start have hardly a text"
    if row["after_s"] > AFTER_S:
        return f"{row['after_s']:.1f} s of speech after the last word have no text"
    if row["log_p"] is None or row["log_p"] < rules.least_log_p:
        return f"unsure: mean log-probability {row['log_p'] or 0.0:.2f} (limit {rules.least_log_p:g})"
    if row["word_log_p"] < rules.least_word_log_p:
        return f"unsure of {row['word']!r}: log-probability {row['word_log_p']:.2f} (limit {rules.least_word_log_p:g})"
    return ""


BATCH = 16
"""Clips of like length that are heard at once."""
BYTES_PER_S = 32_000
"""Of a file, as if all were alike: only the order counts."""
STAGE = "transcribe"


@dataclass(frozen=True, slots=True)
class Transcripts:
    """What was written down.

    Attributes
    ----------
    todo
        The corpus, with the texts.
    log_p
        How sure the model was of each of them: mean log-probability, by id.
    doubted
        Why one is not to be trusted, by id.
    """

    todo: Corpus
    log_p: Mapping[str, float] = field(default_factory=dict)
    doubted: Mapping[str, Rejection] = field(default_factory=dict)


def transcribe_source(
    todo: Corpus,
    out: Path,
    rules: Transcribe,
    jobs: int,
    on_plan: Callable[[int, int], None],
    on_item: Callable[[int], None],
) -> Transcripts:
    """Return the corpus with a text for each clip that had none.

    Parameters
    ----------
    todo
        The corpus as it is.
    out
        The build; remembers what was written.
    rules
        Of the recipe.
    jobs
        Worker processes; each loads the model.
    on_plan, on_item
        Called with the clips without a text and those of them that are new, and with those that are done.

    Raises
    ------
    UsageError
        If the model is not on this machine, or is none.
    """
    places = [i for i, clip in enumerate(todo.clips) if not count_spoken(clip.text)]
    if not places:
        return Transcripts(todo)
    model = model_file(rules.model)
    own = (VERSION, digest(Path(model)), rules.language)
    keys = keys_of(todo, places, out, lambda i: (*own, todo.clips[i].language))
    tasks = {keys[i]: Task(todo.clips[i], keys[i], ()) for i in places if keys[i]}
    work = Transcribing(str(todo.root.resolve()), model, rules.language)
    lengths = {keys[i]: length_of(todo, i) for i in places}
    rows = heard_rows(work, tasks, lengths, out, "transcripts", WRITTEN, jobs, on_plan, on_item)
    clips, log_p, doubted = list(todo.clips), {}, {}
    for i in places:
        row, name = rows.get(keys[i]), todo.ids[i]
        if row is None:
            continue  # it cannot be read, as the audit says
        text = row["text"] or ""
        clips[i] = replace(clips[i], text=text)
        if row["log_p"] is not None:
            log_p[name] = float(row["log_p"])
        spoken = (rules.language or clips[i].language).replace("_", "-").split("-")[0].lower()
        codes, reason = doubt(row, spoken, rules)
        if reason:
            written = f"; written: {text if len(text) <= 120 else f'{text[:119]}…'}" if text else ""
            doubted[name] = Rejection(name, STAGE, codes, f"{reason}{written}")
    return Transcripts(replace(todo, clips=clips), log_p, doubted)


def keys_of(todo: Corpus, places: Sequence[int], out: Path, about: Callable[[int], object]) -> dict[int, str]:
    """Return what stands for each clip at `places`: its bytes, its piece of them, and what `about` says of it.

    "" if it cannot be read.
    """
    known = unchanged(str(todo.root.resolve()), [todo.clips[i] for i in places], out / "source")
    digests: dict[str, str] = {}
    keys = {}
    for i, (sha256, _) in zip(places, known, strict=True):
        clip = todo.clips[i]
        if clip.path not in digests:
            try:
                digests[clip.path] = sha256 or digest(inside(todo.root, clip.path))
            except AudioError:
                digests[clip.path] = ""
        parts = repr((digests[clip.path], clip.start, clip.end, about(i)))
        stamp = hashlib.sha256(parts.encode("utf-8", "backslashreplace")).hexdigest()[:32]
        keys[i] = stamp if digests[clip.path] else ""
    return keys


def heard_rows(
    work: Work[Task, Any],
    tasks: Mapping[str, Task],
    lengths: Mapping[str, float],
    out: Path,
    name: str,
    schema: pa.Schema,
    jobs: int,
    on_plan: Callable[[int, int], None],
    on_item: Callable[[int], None],
) -> dict[str, dict[str, Any]]:
    """Return the row of each task by its key; those of an earlier build, or of one that was killed, are known.

    Parameters
    ----------
    work
        Returns rows of `schema`, with an empty key for what failed.
    tasks
        By key.
    lengths
        Of each clip, by key: those of like length go together.
    out, name
        Where the rows are kept: ``.NAME.parquet``.
    schema
        With the column ``key``.
    jobs, on_plan, on_item
        As in `transcribe_source`.
    """
    journal, file = Journal(out / f".journal-{name}", schema), out / f".{name}.parquet"
    earlier = read_table(file)
    rows: dict[str, dict[str, Any]] = {}
    if earlier is not None and earlier.schema.names == schema.names:
        rows |= {row["key"]: row for row in earlier.to_pylist()}
    for batch in journal.read():
        rows |= {row["key"]: row for row in batch.to_pylist()}
    new = sorted((task for key, task in tasks.items() if key not in rows), key=lambda task: lengths[task.key])
    on_plan(len(tasks), len(new))
    shards = [new[i : i + BATCH] for i in range(0, len(new), BATCH)]
    results = run(work, shards, jobs=jobs, limits=LIMITS)
    with closing(journal), closing(results):
        for number, found in results if shards else ():  # no workers are started for nothing
            batch = to_batch([row for row in found if row["key"]], schema)
            rows |= {row["key"]: row for row in batch.to_pylist()}
            journal.append(batch)
            on_item(len(shards[number]))
    rows = {key: rows[key] for key in tasks if key in rows}
    write_table(file, pa.Table.from_batches([to_batch(list(rows.values()), schema)], schema))
    journal.discard()
    return rows


def length_of(todo: Corpus, place: int) -> float:
    """Return about how long a clip is, to put those of like length together: by its file, where it is all of that."""
    clip = todo.clips[place]
    if clip.end is not None:
        return clip.end - clip.start
    try:
        return regular(inside(todo.root, clip.path)).st_size / BYTES_PER_S
    except AudioError:
        return 0.0

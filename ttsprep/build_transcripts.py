"""The step of a build that writes down clips without a text, each once; what it is unsure of is rejected."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from ttsprep.audit import Plan
from ttsprep.characters import spoken_chars
from ttsprep.choose import Rejection
from ttsprep.errors import AudioError
from ttsprep.file_cache import unchanged
from ttsprep.files import digest, inside, regular
from ttsprep.listen import LIMITS, Task
from ttsprep.listening.writing import model_file
from ttsprep.manifest import Journal, read_table, to_batch, write_table
from ttsprep.recipe import Transcribe
from ttsprep.run import Work, run
from ttsprep.transcribe import VERSION, WRITTEN, Transcribing, doubt

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

    todo: Plan
    log_p: Mapping[str, float] = field(default_factory=dict)
    doubted: Mapping[str, Rejection] = field(default_factory=dict)


def transcribe_source(
    todo: Plan,
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
    places = [i for i, clip in enumerate(todo.clips) if not spoken_chars(clip.text)]
    if not places:
        return Transcripts(todo)
    model = model_file(rules.model)
    own = (VERSION, digest(Path(model)), rules.language)
    keys = keys_of(todo, places, out, lambda i: (*own, todo.clips[i].language))
    tasks = {keys[i]: Task(todo.clips[i], keys[i], ()) for i in places if keys[i]}
    work = Transcribing(str(todo.corpus.root.resolve()), model, rules.language)
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


def keys_of(todo: Plan, places: Sequence[int], out: Path, about: Callable[[int], object]) -> dict[int, str]:
    """Return what stands for each clip at `places`: its bytes, its piece of them, and what `about` says of it.

    "" if it cannot be read.
    """
    known = unchanged(str(todo.corpus.root.resolve()), [todo.clips[i] for i in places], out / "source")
    digests: dict[str, str] = {}
    keys = {}
    for i, (sha256, _) in zip(places, known, strict=True):
        clip = todo.clips[i]
        if clip.path not in digests:
            try:
                digests[clip.path] = sha256 or digest(inside(todo.corpus.root, clip.path))
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


def length_of(todo: Plan, place: int) -> float:
    """Return about how long a clip is, to put those of like length together: by its file, where it is all of that."""
    clip = todo.clips[place]
    if clip.end is not None:
        return clip.end - clip.start
    try:
        return regular(inside(todo.corpus.root, clip.path)).st_size / BYTES_PER_S
    except AudioError:
        return 0.0

"""The first step of a build of long recordings: they are cut into clips, once."""

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ttsprep.audit import Plan
from ttsprep.choose import Rejection
from ttsprep.manifest import clean, unique, write_json
from ttsprep.recipe import Segment
from ttsprep.run import Limits, run
from ttsprep.segment import Cuts, Piece, Refused, Segmenting, cut
from ttsprep.types import Clip

SECONDS = 3600.0
"""For one recording: ten seconds an hour of it, and some have hundreds."""
CACHE = ".cuts.json"


def cut_source(
    todo: Plan, out: Path, rules: Segment, jobs: int, on_plan: Callable[[int], None], on_item: Callable[[int], None]
) -> tuple[Plan, list[Rejection], list[int]]:
    """Return the plan with the pieces of long recordings in their place, what is in none, and where each piece is from.

    That is the place of the recording in `todo`; a clip that stays as it is keeps its id.

    Parameters
    ----------
    todo
        The corpus as it is.
    out
        The build; remembers the pieces.
    rules
        How long they are.
    jobs
        Worker processes.
    on_plan, on_item
        Called with the number of recordings, and of those that are done.
    """
    known = _read(out / CACHE)
    work = Segmenting(str(todo.corpus.root.resolve()), rules, frozenset(known))
    on_plan(len(todo.clips))
    results = run(
        work, ([clip] for clip in todo.clips), jobs=jobs, limits=Limits(seconds_per_item=SECONDS), on_item=on_item
    )
    found: dict[int, Cuts] = {}
    with closing(results):
        for number, (cuts,) in results:
            found[number] = known.get(cuts.fingerprint, cuts)
    _write(out / CACHE, found.values())
    clips: list[Clip] = []
    rejected: list[Rejection] = []
    origins: list[int] = []
    for number, clip in enumerate(todo.clips):
        pieces, refused = cut(clip, found[number])
        clips += pieces
        origins += [number] * len(pieces)
        rejected += [Rejection(todo.ids[number], "segment", (), f"{span(item)}: {item.reason}") for item in refused]
    return replace(todo, clips=clips, ids=unique([clean(clip.id) for clip in clips])), rejected, origins


def span(item: Refused) -> str:
    """Say where something is that is in no piece."""
    return f"{item.start:.1f} s to the end" if item.end is None else f"{item.start:.1f}-{item.end:.1f} s"


def _read(path: Path) -> dict[str, Cuts]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["cuts"]
        return {row["fingerprint"]: _cuts(row) for row in rows}
    except (OSError, ValueError, KeyError, TypeError):  # not there, damaged, or of another version
        return {}


def _cuts(row: Mapping[str, Any]) -> Cuts:
    pieces = row["pieces"]
    return Cuts(
        row["fingerprint"],
        None if pieces is None else tuple(Piece(**piece) for piece in pieces),
        tuple(Refused(**item) for item in row["refused"]),
    )


def _write(path: Path, cuts: Iterable[Cuts]) -> None:
    write_json(path, {"cuts": [asdict(item) for item in cuts if item.fingerprint]})

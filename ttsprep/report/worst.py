"""The worst clips of each code: which they are, and a card for each to hear and see it."""

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from ttsprep.audit.model_pass import says_text_of
from ttsprep.audit.pipeline import Audited
from ttsprep.core import audio
from ttsprep.core.errors import AudioError
from ttsprep.core.files import clean, inside
from ttsprep.core.signal import Signal
from ttsprep.core.types import Audio, Clip, Severity
from ttsprep.report.data import visible
from ttsprep.report.format import original_of
from ttsprep.report.sound import ClipMedia, make_media
from ttsprep.report.spoken import WordSpan, spoken
from ttsprep.report.waveform import Mark, waveform_marks, waveform_svg

MOST_CARDS = 6
"""Clips to hear of each code."""
_WINDOW_S = 6.0
"""Longest piece of a clip to hear; longer clips are shown around the finding."""
MOST_SECONDS = 480.0
"""Of audio on the page: encoding it takes most of the time of a report, and a quarter of its size."""


@dataclass(frozen=True, slots=True)
class Card:
    """A clip among the worst of a code.

    Attributes
    ----------
    number
        Names the card on the page; the same clip has the same number under every code.
    first
        False where the card has been shown under an earlier code.
    clip, path, text
        Made visible, not yet escaped.
    message
        What was found under this code.
    picture
        Waveform, spectrogram and marks; None where the clip cannot be decoded, and under later codes.
    audio
        data: URI of what `piece` describes.
    silent
        Why there is nothing to hear, where that is so.
    words
        The text with what was heard instead, as `spoken` compares them; empty where that is not known.
    proposed
        The clip whose text it says, and that text.
    """

    number: int
    first: bool
    clip: str
    path: str
    text: str
    message: str
    picture: Markup | None = None
    audio: str = ""
    piece: str = ""
    silent: str = ""
    words: Sequence[WordSpan] = ()
    proposed: tuple[str, ...] = ()


def worst_clips(
    audit: Audited, codes: Sequence[str], *, most: int = MOST_CARDS, share: float = 1.0, taken: int = 0
) -> dict[str, list[Card]]:
    """Choose the worst clips of each code and make their cards, within the budget of the page.

    Parameters
    ----------
    audit
        The audit; a clip is decoded at most once, in this thread.
    codes
        In the order of the page.
    most
        Cards of a code.
    share
        Of the seconds of audio that a page may hold.
    taken
        Numbers that other cards of the page have.

    Returns
    -------
    dict
        The cards of each code, worst first.
    """
    chosen = {code: _rank(audit.findings, code, most) for code in codes}
    rows = audit.table.drop_duplicates("id").set_index("id")
    names = {finding["clip"] for group in chosen.values() for finding in group}
    about = audit.findings[audit.findings["clip"].isin(names)]
    by_clip = {str(clip): group for clip, group in about.groupby("clip")}
    media_of = _media(audit, rows, by_clip, _in_turn(chosen), share)
    mismatched = (audit.findings["code"] == "transcript-mismatch").any()
    proposed = says_text_of(audit.table, audit.findings) if mismatched else {}
    numbers: dict[str, int] = {}
    cards: dict[str, list[Card]] = {code: [] for code in codes}
    for code, finding in ((c, f) for c in codes for f in chosen[c]):
        clip = finding["clip"]
        first = clip not in numbers
        row: Mapping[str, Any] = rows.loc[clip].to_dict() if clip in rows.index else {}
        card = Card(
            numbers.setdefault(clip, taken + len(numbers) + 1),
            first,
            visible(clip),
            visible(row.get("path")),
            visible(row.get("text")),
            visible(finding["message"]),
            words=spoken(row),
            proposed=tuple(visible(part) for part in proposed.get(clip, ())),
        )
        made = media_of.get(clip)
        if first and made is not None:
            media, length, marks = made
            whole = media.end - media.start >= length
            card = replace(
                card,
                picture=waveform_svg(media, card.clip, marks),
                audio=media.audio,
                piece="" if whole else f"{media.start:.1f} to {media.end:.1f} s of {length:.1f} s",
            )
        elif made is None:
            why = (
                "cannot be decoded" if clip in media_of or clip not in rows.index else "left out to keep the page small"
            )
            card = replace(card, silent=f"no player: {why}")
        cards[code].append(card)
    return cards


def _rank(findings: pd.DataFrame, code: str, most: int) -> list[dict[str, Any]]:
    """Order the findings of a code: the most severe first, then the farthest from the limit; one a clip."""
    group = findings[(findings["code"] == code) & (findings["clip"] != "")].copy()
    group["rank"] = [Severity(s).rank for s in group["severity"]]
    limit = pd.to_numeric(group["limit"], errors="coerce")
    distance = (pd.to_numeric(group["value"], errors="coerce") - limit).abs()
    group["excess"] = distance / limit.abs().clip(lower=1e-9)
    group = group.sort_values(["rank", "excess", "clip"], ascending=[False, False, True], na_position="last")
    worst = group.drop_duplicates("clip")
    if code in {"duplicate-audio", "text-duplicate"}:
        worst = _one_of_each(worst)
    worst = worst.head(most)
    return [{str(key): value for key, value in row.items()} for row in worst.to_dict("records")]


def _one_of_each(duplicates: pd.DataFrame) -> pd.DataFrame:
    """Return the first of each group of clips that repeat one another; its message says how many there are."""
    heads: dict[str, str] = {}

    def head(name: str) -> str:
        while (above := heads.get(name, name)) != name:
            heads[name] = heads.get(above, above)
            name = above
        return name

    originals = map(original_of, duplicates["message"])
    for clip, original in zip(duplicates["clip"], originals, strict=True):
        if head(clip) != head(original):
            heads[head(clip)] = head(original)
    groups = duplicates["clip"].map(head)
    sizes = groups.map(groups.value_counts())
    more = [f"; {size - 1} more like it" if size > 1 else "" for size in sizes]
    return duplicates.assign(message=duplicates["message"] + more)[~groups.duplicated()]


def _in_turn(chosen: Mapping[str, Sequence[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """Yield the worst of every code, then the second worst ..., so that no code takes all of the budget."""
    for place in range(max((len(group) for group in chosen.values()), default=0)):
        for group in chosen.values():
            if place < len(group):
                yield group[place]


def _media(
    audit: Audited,
    rows: pd.DataFrame,
    by_clip: Mapping[str, pd.DataFrame],
    findings: Iterator[dict[str, Any]],
    share: float,
) -> dict[str, tuple[ClipMedia, float, list[Mark]] | None]:
    """Return media, length and marks of clips; None for one that cannot be decoded.

    They are decoded here, and encoded beside: libsndfile and zlib let other threads run.
    """
    left = share * min(MOST_SECONDS, 120 + 0.03 * len(audit.table))
    by_id = {clean(name): clip for name, clip in zip(audit.ids, audit.clips, strict=True)}
    pending: dict[str, tuple[Future[ClipMedia], float, list[Mark]] | None] = {}
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for finding in findings:
            clip = finding["clip"]
            if clip in pending or left <= 0 or clip not in rows.index:
                continue
            readable = rows.loc[clip].get("status", "ok") == "ok" and clip in by_id
            decoded = _decode(audit.root, by_id[clip]) if readable else None
            if decoded is None or not len(decoded.samples):
                pending[clip] = None
                continue
            samples, rate = Signal(decoded).samples, decoded.rate
            places = by_clip[clip][["code", "severity", "start", "end"]].itertuples(index=False, name=None)
            marks = waveform_marks(places, decoded)
            length = len(samples) / rate
            start, end = _window(finding["start"], finding["end"], length)
            piece = samples[int(start * rate) : int(np.ceil(end * rate))]
            pending[clip] = pool.submit(make_media, piece, rate, start), length, marks
            left -= end - start
        return {clip: item and (item[0].result(), *item[1:]) for clip, item in pending.items()}


def _decode(root: Path, clip: Clip) -> Audio | None:
    """Return the audio of a clip; None if the file has changed since it was measured."""
    try:
        return audio.read(inside(root, clip.path), start=clip.start, end=clip.end)
    except AudioError:
        return None


def _window(start: float | None, end: float | None, length: float) -> tuple[float, float]:
    """Choose the piece to show: all of a short clip, else around the finding, else the beginning."""
    if length <= _WINDOW_S:
        return 0.0, length
    known = start is not None and np.isfinite(start)
    low = float(start) if known and start is not None else 0.0
    high = float(end) if end is not None and np.isfinite(end) else low
    first = min(max(0.0, (low + high - _WINDOW_S) / 2 if known else 0.0), length - _WINDOW_S)
    return (min(first, max(0.0, low - 0.5)) if known else first), min(length, max(first, 0.0) + _WINDOW_S)

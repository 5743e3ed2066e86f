"""``re-record.csv``: the sentences that a build lacks because of their recording, and what was wrong with it."""

from collections.abc import Iterable, Sequence

from ttsprep.audit.select import Rejection
from ttsprep.checks.base import catalogue
from ttsprep.core.types import Clip
from ttsprep.corpora.exports.base import Entry
from ttsprep.text.characters import letters

RERECORD = ("id", "speaker", "text", "codes", "reason", "fix")
"""Its columns."""
_GOOD = frozenset({"best-take", "keep-hours", "split", "segment"})
"""Stages that leave out what was recorded well."""


def sentences_to_record(
    rejected: Iterable[Rejection], source: dict[str, Clip], entries: Sequence[Entry]
) -> list[tuple[str, ...]]:
    """Return a row for each sentence that was rejected for its recording, and that no clip of the build says.

    Parameters
    ----------
    rejected
        What is not in the build.
    source
        The clips of the source, by id.
    entries
        The clips of the build.
    """
    in_corpus = {(entry.speaker, letters(entry.text)) for entry in entries}
    codes = catalogue()
    rows: list[tuple[str, ...]] = []
    for item in rejected:
        clip = source.get(item.id)
        if clip is None or item.stage in _GOOD or item.stage.startswith("export "):
            continue
        if item.codes and all(code.startswith(("text-", "trainer-", "language-")) for code in item.codes):
            continue  # another text helps, and no other recording
        sentence = (clip.speaker, letters(clip.text))
        if not sentence[1] or sentence in in_corpus:
            continue
        in_corpus.add(sentence)
        fix = codes[item.codes[0]][0].fix if item.codes and item.codes[0] in codes else ""
        rows.append((item.id, clip.speaker, clip.text, " ".join(item.codes), item.reason, fix))
    return rows

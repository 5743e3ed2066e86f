"""Whether the speech matches the transcript, by Whisper."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from ttsprep.checks.base import Check, Code, rows
from ttsprep.core.dsp import robust_spread
from ttsprep.core.types import Finding, Severity
from ttsprep.text.characters import letters

_ALIKE, LEAD = 0.5, 0.25
"""Speech has the text of another clip if it is so much like that, and by so much less like its own."""
FREE_LETTERS, FREE_S = 3.0, 0.3
"""Letters without time and speech without letters that any clip may have."""
LETTER_NATS, SECOND_NATS = 0.5, 8.0
"""What each letter, and each second, beyond that counts, in nats."""
LENGTHS, _FEWEST = 4, 20
"""Into how many groups by their words the clips of a corpus go, and how many a group must have."""
SEEN_NATS = 2.0
"""Evidence from which on the message names it."""
_LONGEST_S = 29.5
"""The longest clip that is judged, in seconds."""


@dataclass(frozen=True)
class Transcript(Check):
    """Whether the speech matches the transcript, by Whisper.

    Attributes
    ----------
    mismatch_nats
        How far the text may be behind what the model expects, however clean the corpus.
    deviations
        And how many robust standard deviations more than other clips with as many words, where the model understands
        all of them badly.
    decoy_nats
        Mean lead per token over the contrastive transcript; with less, the whole text is that of another clip.
    """

    name = "transcript"
    area = "text and audio"
    model = "asr"
    codes = (
        Code(
            "transcript-mismatch",
            "The speech does not match the transcript.",
            "Only with `--listen asr`. Whisper (Radford et al. 2022) scores the transcript in one pass: the measure "
            "is how far the worst word is behind the likeliest word in its place, in nats. The end of the text counts "
            "likewise where the speech goes on, and so does each place with speech that the text lacks. Whisper also "
            "transcribes doubtful clips freely: the more the transcribed word sounds like the written one, the less "
            "that word counts. Letters for which the audio has no time, and speech for which the text has no letters, "
            "are added. Warning from a limit on, or from 4 robust standard deviations over the median of clips with as "
            "many words, if that is more: where the voice or the noise makes every clip hard to understand, the check "
            "names only the worst. An error if the text is hardly likelier than that of another clip (its "
            "contrastive transcript).",
            "The model learns to say other sounds than the text asks for, and to skip or repeat words.",
            "Correct the text, if the column `asr_text` is right; give the clip the transcript that it has; or leave "
            "it out.",
        ),
        Code(
            "transcript-unheard",
            "Clips whose transcript could not be compared with the speech.",
            "Only with `--listen asr`: the number of clips that Whisper did not judge, because they are longer than "
            "29.5 s, have no letters, or are in a language that its weights do not know.",
            "A transcript that was not compared may be wrong.",
            "Cut long clips; give `--asr-model` a model of many languages; write numbers as they are read.",
        ),
    )
    measures: ClassVar[dict[str, str]] = {
        "text_log_p": "mean log-probability of the tokens of the transcript [nats]",
        "decoy_log_p": "that of a contrastive transcript, another of like length, where the model was in doubt [nats]",
        "mismatch_nats": "how far the worst word is behind the likeliest one in its place [nats]",
        "words_not_said": "words of the transcript that seem not to be said [count]",
        "unwritten_places": "places where more seems to be said than is written [count]",
        "doubted_word": "the worst of the words that seem not to be said",
        "doubted_place": "which word of the transcript that is, from 0 on [count]",
        "words_end_s": "where the last word ends [s]",
        "squeezed_letters": "letters that a run of words has more than there is time for [count]",
        "stretched_s": "speech that a run of words has more than there are letters for [s]",
        "no_speech_p": "probability of no speech, for `text-hallucinated` [ratio]",
        "asr_text": "what the model writes down where it was in doubt",
        "asr_cer": "letters of that which differ from the transcript, over the letters of the transcript [ratio]",
    }
    strings = frozenset({"doubted_word", "asr_text"})

    mismatch_nats: float = 5.5
    deviations: float = 4.0
    decoy_nats: float = 2.0

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        yield from _unheard(corpus)
        nats = evidence(corpus)
        limits = self.limits(nats, corpus)
        doubted = corpus.assign(nats=nats, limit=limits)[nats >= limits]
        owners = reassigned(doubted)
        for row in rows(doubted):
            lead = row.text_log_p - row.decoy_log_p
            other = bool(lead < self.decoy_nats)  # NaN is not less
            seen = [f"the text of another clip is about as likely ({lead:+.1f} nats a token)"] if other else []
            if count := int(row.words_not_said):
                words = "1 word seems" if count == 1 else f"{count} words seem"
                seen.append(f"{words} not to be said, {row.doubted_word!r} least")
            if row.unwritten_places:
                seen.append("more is said than is written")
            if row.squeezed_letters > FREE_LETTERS + SEEN_NATS / LETTER_NATS:
                seen.append("there is no time for all of the text")
            if row.stretched_s > FREE_S + SEEN_NATS / SECOND_NATS:
                seen.append(f"{row.stretched_s:.1f} s of speech seem to have no text")
            if row.id in owners:
                back = owners.get(owners[row.id]) == row.id
                seen.append(f"its words are the text of {owners[row.id]}{': they look swapped' if back else ''}")
            measured = f"{row.nats:.1f} nats behind, limit {row.limit:.3g}"
            quote = f"; heard: {_short(row.asr_text)}" if row.asr_text else ""
            severity = Severity.ERROR if other else Severity.WARNING
            message = f"{'; '.join(seen) or 'the text fits badly'} ({measured}){quote}"
            yield Finding(row.id, "transcript-mismatch", severity, message, float(row.nats), float(row.limit))

    def limits(self, nats: pd.Series, corpus: pd.DataFrame) -> pd.Series:
        """Return from which evidence on each clip is named; NaN where Whisper did not score it."""
        known = nats.dropna()
        words = corpus.text.loc[known.index].map(lambda text: len(text.split()))
        groups = max(1, min(LENGTHS, len(known) // _FEWEST))
        ranks = words.rank(method="first", pct=True)
        usual = known.groupby((ranks * groups).clip(upper=groups - 1e-9).astype(int))
        limits = usual.transform(lambda group: _over(group, self.deviations))
        return limits.clip(lower=self.mismatch_nats).reindex(nats.index)


def evidence(corpus: pd.DataFrame, usual: pd.DataFrame | None = None) -> pd.Series:
    """Return the evidence against each transcript, in nats; NaN where Whisper did not score it.

    Letters without time and speech without letters count from what is usual on: some speak fast, some breathe loudly.

    Parameters
    ----------
    corpus
        The clips, with the measures of this check.
    usual
        Clips that show what is usual, if not these.
    """
    usual = corpus if usual is None else usual
    squeezed = corpus.squeezed_letters - max(FREE_LETTERS, _over(usual.squeezed_letters.dropna(), 1.5))
    stretched = corpus.stretched_s - max(FREE_S, _over(usual.stretched_s.dropna(), 1.5))
    room = LETTER_NATS * squeezed.clip(lower=0) + SECOND_NATS * stretched.clip(lower=0)
    return corpus.mismatch_nats + room.fillna(0)


def _over(values: pd.Series, deviations: float) -> float:
    """Return what is so many robust standard deviations over the median; 0 of a few values."""
    if len(values) < _FEWEST:
        return 0.0
    return float(values.median()) + deviations * robust_spread(values)


def _unheard(corpus: pd.DataFrame) -> Iterator[Finding]:
    """Yield one note on the clips that Whisper did not score, if it scored others."""
    unheard = corpus[corpus.mismatch_nats.isna()]
    if len(unheard) in {0, len(corpus)}:
        return
    long = int((unheard.duration_s > _LONGEST_S).sum())
    mute = int((~unheard.text.str.contains(r"[^\W\d_]")).sum())
    reasons = [f"{long} are longer than {_LONGEST_S:g} s"] * bool(long) + [f"{mute} have no words"] * bool(mute)
    if (rest := len(unheard) - long - mute) > 0:
        reasons.append(f"{rest} cannot be read, or are in a language that the model does not know")
    message = f"{len(unheard)} of {len(corpus)} clips were not compared with their text: {', '.join(reasons)}"
    yield Finding("", "transcript-unheard", Severity.NOTE, message, float(len(unheard)))


def reassigned(doubted: pd.DataFrame) -> dict[str, str]:
    """Return for clips that say the text of another clip, among those that mismatch, which one that is.

    Texts are compared by the three-letter pieces that they have in common (Dice 1945).
    """
    written = {row.id: _pieces(row.text) for row in rows(doubted)}
    owners = {}
    for row in rows(doubted):
        own = _pieces(row.asr_text)
        alike = {name: _dice(own, pieces) for name, pieces in written.items()}
        best = max(alike, key=alike.__getitem__)
        if best != row.id and alike[best] >= _ALIKE and alike[best] - alike[row.id] >= LEAD:
            owners[row.id] = best
    return owners


def _pieces(text: str) -> frozenset[str]:
    plain = letters(text)
    return frozenset(plain[i : i + 3] for i in range(len(plain) - 2))


def _dice(one: frozenset[str], other: frozenset[str]) -> float:
    return 2 * len(one & other) / max(1, len(one) + len(other))


def _short(text: str) -> str:
    return repr(text if len(text) <= 120 else f"{text[:119]}…")

"""Whether the speech fits the text, by what the phones of the same corpus sound like."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from ttsprep.checks.base import Check, Code, rows
from ttsprep.core.dsp import robust_spread
from ttsprep.core.types import Finding, Severity

_FEWEST_CLIPS = 20
_NO_TEXT, _NOT_MEASURED = "no text", "not measured"
"""Why a clip is not judged that another check names."""


@dataclass(frozen=True, slots=True)
class _End:
    """An end at which text and speech differ, and by how many seconds; below 0, the text has more."""

    which: str
    seconds: float
    limit: float
    error: bool

    @property
    def message(self) -> str:
        if self.seconds > 0:
            return f"about {self.seconds:.1f} s of speech at the {self.which} are not in the text"
        return f"words of about {-self.seconds:.1f} s at the {self.which} of the text are not spoken"


@dataclass(frozen=True)
class TextFit(Check):
    """Whether the speech fits the text, by what the phones of the same corpus sound like.

    Attributes
    ----------
    lead_share
        Share of the usual lead over the texts of other clips, under which a text is that of another clip.
    least_lead_nats
        The usual lead, in nats a frame, under which the phones of a language were not learned.
    deviations
        How many robust standard deviations the worst run of phones may be under the usual.
    least_phones
        Texts with fewer are not judged.
    end_nats
        How much likelier a clip is without words and speech at an end where these do not match.
    end_warning_s, end_error_s
        Seconds by which text and speech differ there, from which on it is a warning and an error.
    """

    name = "text_fit"
    area = "text and audio"
    model = "phones"
    codes = (
        Code(
            "text-misfit",
            "The speech fits the text of other clips as well as its own.",
            "From up to 250 clips of a language the audit learns what each phone sounds like (a hidden Markov model "
            "from a flat start, Young et al., The HTK Book, 2006, chapter 8). The best path through the phones of the "
            "text has a log likelihood; the measure is its lead over those of three other texts of like length, in "
            "nats a frame of 20 ms. Error under 0.35 of the median lead of the language. Texts of under 20 phones, "
            "clips over 60 s, and languages with under 20 clips or a median lead under 1 nat are left out. `--listen "
            "none` leaves all of this out.",
            "The model learns to say other sounds than the text asks for; a few such clips spoil the durations and "
            "sounds of all.",
            "Give the clip the text that it has, or leave it out. `--listen asr` says what is spoken.",
        ),
        Code(
            "text-misfit-part",
            "A part of the speech does not fit the text.",
            "The mean log likelihood of the six phones in a row that fit worst, behind "
            "that of the best phones for the same frames. Warning from 10 robust standard deviations under the median "
            "of the language on, in clips without `text-misfit-end`: words that are left out, or other than written.",
            "The model learns to skip or blur words.",
            "Listen at the time that the message names; correct the text, or leave the clip out.",
        ),
        Code(
            "text-misfit-end",
            "At an end, the text has words that are not spoken, or the speech has words that are not written.",
            "The best path through the phones of the text against that through the same text, of which words at an end "
            "may be left out, and through the same speech, of which any at an end may be in no text, at three times "
            "the usual loss a frame. Where the second is likelier by 40 nats, the seconds of speech in no text, less "
            "those of the phones that are left out (as long as phones of the language are): warning from 0.35, error "
            "from 0.6 s on, either way.",
            "The model learns to skip words, or to say sounds that no text asks for, and wrong durations.",
            "Cut the clip again from the recording, complete the text, or leave the clip out.",
        ),
        Code(
            "text-misfit-unknown",
            "Texts that could not be compared with the speech.",
            "Warning if the texts of most clips of a language lead over those of others by under 1 nat a frame. Clips "
            "that are left out are counted with the reason in the head of the report: too few phones to learn from, "
            "no text, under 20 phones, letters that eSpeak NG cannot read, over 60 s, less time than phones.",
            "Wrong texts stay in. If all of them are wrong, as in a list shifted by one row, it looks like this.",
            "Listen to some of them, or use `--listen asr`. Where right texts have no lead, the voices are too many or "
            "the speech is too noisy.",
        ),
    )
    measures: ClassVar[dict[str, str]] = {
        "text_lead_nats": "how much better the phones of the text fit than those of other texts, a frame [nats]",
        "phone_fit_nats": "how far the phones of the text are behind the best phones for the speech, a frame [nats]",
        "phone_fit_worst_nats": "the same over the six phones in a row that fit worst [nats]",
        "phone_fit_worst_s": "where those begin [s]",
        "text_start_nats": "how much better the text fits without what does not match at its start [nats]",
        "text_start_unspoken": "phones of the text that are not spoken then",
        "text_start_extra_s": "speech that is in no text then [s]",
        "text_end_nats": "how much better the text fits without what does not match at its end [nats]",
        "text_end_unspoken": "phones of the text that are not spoken then",
        "text_end_extra_s": "speech that is in no text then [s]",
        "not_compared": "why the text was not compared with others",
    }
    strings = frozenset({"not_compared"})

    lead_share: float = 0.35
    least_lead_nats: float = 1.0
    deviations: float = 10.0
    least_phones: float = 20.0
    end_nats: float = 40.0
    end_warning_s: float = 0.35
    end_error_s: float = 0.6

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:  # noqa: D102
        for language, clips in corpus[self._reasons(corpus) == ""].groupby("language", sort=True):
            usual = float(clips.text_lead_nats.median())
            if usual >= self.least_lead_nats:
                yield from self._judge(clips, self.lead_share * usual)
                continue
            message = (
                f"not measured: half of {len(clips)} texts in {language} lead over the texts of other clips "
                f"by less than {usual:.2f} nats (limit {self.least_lead_nats:g})"
            )
            yield Finding("", "text-misfit-unknown", Severity.WARNING, message, usual, self.least_lead_nats)

    def not_judged(self, corpus: pd.DataFrame) -> Iterator[tuple[str, int, str]]:  # noqa: D102
        reasons = self._reasons(corpus)
        for why, clips in reasons[~reasons.isin(["", _NO_TEXT, _NOT_MEASURED])].groupby(reasons):
            yield "text-misfit", len(clips), str(why)

    def _reasons(self, corpus: pd.DataFrame) -> "pd.Series[str]":
        """Return why each clip is not judged; "" if it is."""
        known = corpus.text_lead_nats.notna()
        short = f"texts of under {self.least_phones:g} phones"
        reasons = corpus.not_compared.fillna("").mask(known & (corpus.phones < self.least_phones), short)
        reasons = reasons.mask((reasons == "") & ~known, _NOT_MEASURED).mask(corpus.text == "", _NO_TEXT)
        counts = reasons.eq("").groupby(corpus.language).transform("sum")
        few = "under " + str(_FEWEST_CLIPS) + " clips of " + corpus.language
        return reasons.mask((reasons == "") & (counts < _FEWEST_CLIPS), few)

    def _judge(self, clips: pd.DataFrame, least: float) -> Iterator[Finding]:
        wrong = clips.text_lead_nats < least
        worst = clips.phone_fit_worst_nats[~wrong]
        limit = float(worst.median() - self.deviations * robust_spread(worst.to_numpy(np.float64)))
        ends = self._ends(clips)
        for name, one in ends.items():
            if name not in set(clips.id[wrong]):
                severity = Severity.ERROR if one.error else Severity.WARNING
                yield Finding(name, "text-misfit-end", severity, one.message, one.seconds, one.limit)
        for row in rows(clips[wrong | (clips.phone_fit_worst_nats < limit)]):
            if row.text_lead_nats < least:
                lead = float(row.text_lead_nats)
                message = f"other texts fit the speech as well: lead {lead:.2f} nats a frame (limit {least:.2f})"
                message += f"; or {ends[row.id].message}" if row.id in ends else ""
                yield Finding(row.id, "text-misfit", Severity.ERROR, message, lead, least)
            elif row.id not in ends:
                message = (
                    f"the text does not fit from {row.phone_fit_worst_s:.1f} s on: "
                    f"{row.phone_fit_worst_nats:.1f} nats a frame (limit {limit:.1f})"
                )
                value = float(row.phone_fit_worst_nats)
                yield Finding(row.id, "text-misfit-part", Severity.WARNING, message, value, limit)

    def _ends(self, clips: pd.DataFrame) -> dict[str, _End]:
        """Return by clip the end at which text and speech differ more."""
        phone_s = 1 / float(clips.phones_per_s.median())
        ends: dict[str, _End] = {}
        for which in ("start", "end"):
            more = clips[f"text_{which}_extra_s"] - phone_s * clips[f"text_{which}_unspoken"]
            differs = (clips[f"text_{which}_nats"] >= self.end_nats) & (more.abs() >= self.end_warning_s)
            for name, seconds in zip(clips.id[differs], more[differs], strict=True):
                if name not in ends or abs(seconds) > abs(ends[name].seconds):
                    limit = self.end_error_s if abs(seconds) >= self.end_error_s else self.end_warning_s
                    ends[name] = _End(which, float(seconds), limit, limit == self.end_error_s)
        return ends

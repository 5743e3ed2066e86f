"""Which texts the speech of a corpus does not fit, by what its phones sound like."""

import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soxr
from checks.speech import say

from ttsprep.audit.defects.demo_sentences import SENTENCES
from ttsprep.audit.model_pass import similar_length_texts
from ttsprep.checks.base import all_checks
from ttsprep.core.errors import AudioError
from ttsprep.core.signal import Signal
from ttsprep.core.types import Audio, Clip, Measures, Samples
from ttsprep.models.base import RATE, ClipSource, ModelInput
from ttsprep.models.phones import Phones
from ttsprep.models.phones.features import pack_cepstra

LANGUAGE = "en-us"
NO_SAMPLES = np.zeros(0, np.float32)


@cache
def spoken() -> dict[str, Samples]:
    takes = {text: say(text, LANGUAGE) for text in SENTENCES}
    return {text: soxr.resample(take.samples, take.rate, RATE) for text, take in takes.items()}


def packed(samples: Samples) -> bytes:
    return pack_cepstra(Signal(Audio(samples[:, None], RATE)))


def source(texts: list[str], room: Samples = NO_SAMPLES) -> ClipSource:
    """Return clips that say `SENTENCES`, with other texts, perhaps."""
    speech = [np.concatenate((room, one, room)) for one in spoken().values()]
    clips = [Clip(str(i), f"{i}.wav", text, language=LANGUAGE) for i, text in enumerate(texts)]
    return ClipSource(
        clips, [f"bytes of {i}" for i in range(len(texts))], [len(one) / RATE for one in speech],
        lambda place: packed(speech[place]),
    )  # fmt: skip


def measure(model: Phones, clips: ClipSource) -> list[Measures]:
    others = similar_length_texts(clips.clips)
    return model.measure([
        ModelInput(clip, NO_SAMPLES, others[i], clips.cepstra(i)) for i, clip in enumerate(clips.clips)
    ])


def test_damage_that_a_build_repairs_is_no_misfit(tmp_path: Path) -> None:
    texts = list(SENTENCES)
    model = Phones().fitted(source(texts), tmp_path)
    texts[5] += " it\u2019s"
    repaired = measure(model, source(texts))[5]  # type: ignore[arg-type]
    texts[5] = texts[5].replace("\u2019", "\u00e2\u20ac\u2122")
    assert measure(model, source(texts))[5] == repaired  # type: ignore[arg-type]


def test_half_a_text_and_a_cut_recording_do_not_match_at_an_end(tmp_path: Path) -> None:
    texts = list(SENTENCES)
    model = Phones().fitted(source(texts), tmp_path)
    words = texts[5].split()
    texts[5], texts[9] = " ".join(words[: len(words) // 2]), texts[9] + " and this was never said by anybody"
    rows = measure(model, source(texts))  # type: ignore[arg-type]
    assert float(rows[5]["text_end_nats"]) > 100 < float(rows[9]["text_end_nats"])  # type: ignore[arg-type]
    assert float(rows[5]["text_end_extra_s"]) > 0.8 and float(rows[5]["text_end_unspoken"]) <= 3  # type: ignore[arg-type]
    assert float(rows[9]["text_end_unspoken"]) > 15 and float(rows[9]["text_end_extra_s"]) < 0.3  # type: ignore[arg-type]
    others = [max(float(row["text_end_nats"]), float(row["text_start_nats"])) for row in rows]  # type: ignore[arg-type]
    assert np.median(np.delete(others, [5, 9])) < 10


def test_a_wrong_text_has_no_lead_and_a_word_of_another_shows_where(tmp_path: Path) -> None:
    texts = list(SENTENCES)
    texts[3], texts[8] = texts[8], texts[3]
    words = texts[12].split()
    texts[12] = " ".join([*words[:-3], "thermometer", "unbelievably", "octopuses"])
    clips = source(texts)
    model = Phones().fitted(clips, tmp_path)
    assert isinstance(model, Phones)
    rows = measure(model, clips)
    leads = np.array([row["text_lead_nats"] for row in rows], float)
    right = np.delete(leads, [3, 8])
    assert leads[[3, 8]].max() < 0.35 * np.median(leads)
    assert right.min() > 0.5 * np.median(leads)
    worst = np.array([row["phone_fit_worst_nats"] for row in rows], float)
    assert worst[12] < np.sort(np.delete(worst, [3, 8, 12]))[0]
    assert float(rows[12]["phone_fit_worst_s"]) > 0.4 * clips.seconds[12]  # type: ignore[arg-type]


def test_nothing_is_learned_twice_and_what_is_damaged_is_learned_again(tmp_path: Path) -> None:
    clips = source(list(SENTENCES))
    first = Phones().fitted(clips, tmp_path)

    def unread(place: int) -> bytes:
        raise AssertionError(place)

    assert Phones().fitted(replace(clips, cepstra=unread), tmp_path) == first
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    for damaged in (whole[:1000], whole[:3000] + bytes([whole[3000] ^ 1]) + whole[3001:], b"", b"[]"):
        file.write_bytes(damaged)
        assert Phones().fitted(clips, tmp_path) == first
    assert Phones().fitted(source(list(reversed(SENTENCES))), tmp_path) != first


def test_a_language_that_nobody_reads_or_a_handful_of_clips_are_not_measured(tmp_path: Path) -> None:
    clips = source(list(SENTENCES))
    foreign = replace(clips, clips=[replace(clip, language="tlh") for clip in clips.clips])
    few = ClipSource(clips.clips[:3], clips.keys[:3], clips.seconds[:3], clips.cepstra)
    for one in (foreign, few):
        folder = tmp_path / one.clips[0].language / str(len(one.clips))
        folder.mkdir(parents=True)
        model = Phones().fitted(one, folder)
        assert isinstance(model, Phones)
        why = f"under 1,000 phones of {one.clips[0].language} to learn from"
        assert measure(model, one) == [{"not_compared": why}] * len(one.clips)
        shutil.rmtree(folder)


def test_silence_at_the_ends_changes_little(tmp_path: Path) -> None:
    texts = list(SENTENCES)
    texts[3], texts[8] = texts[8], texts[3]
    clips = source(texts)
    room = np.random.default_rng(1).standard_normal(2 * RATE).astype(np.float32) * 1e-4
    padded = source(texts, room)
    rows = [measure(Phones().fitted(one, tmp_path), one) for one in (clips, padded)]  # type: ignore[arg-type]
    bare, long = (np.array([row["text_lead_nats"] for row in part], float) for part in rows)
    assert np.median(long) > 0.8 * np.median(bare)
    assert long[[3, 8]].max() < 0.35 * np.median(long)
    assert all(float(row["phone_fit_worst_s"]) > 1.8 for row in rows[1])  # type: ignore[arg-type]


def test_clips_that_cannot_be_read_teach_nothing(tmp_path: Path) -> None:
    clips = source(list(SENTENCES))

    def some(place: int) -> bytes:
        if place == 0:
            raise AudioError("audio-unreadable", "cannot be read")
        return clips.cepstra(place)

    assert Phones().fitted(replace(clips, cepstra=some), tmp_path).digest()


def test_a_clip_of_a_word_or_of_minutes_is_no_fault(tmp_path: Path) -> None:
    clips = source(list(SENTENCES))
    model = Phones().fitted(clips, tmp_path)
    silent, long = packed(np.zeros(RATE // 5, np.float32)), packed(np.zeros(70 * RATE, np.float32))
    odd = [
        ModelInput(Clip("a", "a.wav", "Yes.", language=LANGUAGE), NO_SAMPLES, ("No.",), silent),
        ModelInput(Clip("b", "b.wav", " ".join(SENTENCES[:5]), language=LANGUAGE), NO_SAMPLES, (), silent),
        ModelInput(Clip("c", "c.wav", SENTENCES[0], language=LANGUAGE), NO_SAMPLES, (), long),
    ]
    with np.errstate(divide="raise", invalid="raise"):
        rows = model.measure(odd)
    why = ["no phones in the text, or more than there is time for", "over 60 s"]
    assert rows[1:] == [{"not_compared": one} for one in why]
    assert set(rows[0]) <= set(all_checks()["text_fit"].measures)


@pytest.mark.parametrize("text", ["…", "漢字"])
def test_a_text_without_phones_is_not_measured(text: str, tmp_path: Path) -> None:
    model = Phones().fitted(source(list(SENTENCES)), tmp_path)
    speech = packed(next(iter(spoken().values())))
    (row,) = model.measure([ModelInput(Clip("a", "a.wav", text, language=LANGUAGE), NO_SAMPLES, (), speech)])
    assert set(row) == {"not_compared"}
    assert row["not_compared"]

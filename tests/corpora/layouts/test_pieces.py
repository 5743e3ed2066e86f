"""Lists of pieces of long recordings, as STM and GigaSpeech; texts before their ids, as in Sphinx."""

import json
from pathlib import Path

import pytest

from corpora.layouts.corpus import audio, clips_of, put
from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Clip
from ttsprep.corpora.corpus import read_corpus

EN = ("The weather is very nice today.", "He bought a new book yesterday.", "My sister speaks three languages.")


def test_the_lines_of_stm_are_pieces(tmp_path: Path) -> None:
    audio(tmp_path, "train/sph/talk.wav", "test/sph/talk.wav")
    labels = ("<o,f0,female> ", "<NA> ", "")
    rows = "".join(f"talk 1 ann 0.0{n} 0.0{n + 1} {labels[n]}{text}\n" for n, text in enumerate(EN))
    gaps = "talk 1 inter_segment_gap 0.03 0.04 <o,,> IGNORE_TIME_SEGMENT_IN_SCORING\n"
    put(tmp_path, "train/stm/talk.stm", f";; by hand\n{rows}{gaps}")
    corpus = read_corpus(tmp_path, language="en-us")
    path = "train/sph/talk.wav"
    assert [(clip.path, clip.text, clip.speaker) for clip in corpus.clips] == [(path, text, "ann") for text in EN]
    assert (corpus.clips[1].start, corpus.clips[1].end) == (0.01, 0.02)
    assert (corpus.findings, corpus.decided) == ([], ["left out: 1 line of gaps, or not to be scored"])


def test_a_word_that_nobody_knows_is_a_part_of_the_text(tmp_path: Path) -> None:
    audio(tmp_path, "a.wav")
    put(tmp_path, "a.stm", "a 1 ann 0.00 0.05 <unk> left.\n")
    assert [clip.text for clip in read_corpus(tmp_path).clips] == ["<unk> left."]


def test_two_voices_of_two_channels_are_no_pieces_of_one(tmp_path: Path) -> None:
    audio(tmp_path, "call.wav")
    put(tmp_path, "call.stm", "call A ann 0.00 0.05 One.\ncall B bob 0.05 0.10 Two.\n")
    with pytest.raises(CorpusError, match=r"call\.stm line 2: call has pieces of several channels"):
        read_corpus(tmp_path)


def test_a_damaged_line_of_stm_is_named(tmp_path: Path) -> None:
    audio(tmp_path, "a.wav")
    put(tmp_path, "a.stm", "a 1 ann 0.00 0.05 One.\na 1 ann 0.05 0.02 Two.\na 1 Three.\n")
    corpus = read_corpus(tmp_path)
    assert [clip.text for clip in corpus.clips] == ["One."]
    assert [finding.message[:14] for finding in corpus.findings] == ["a.stm line 2: ", "a.stm line 3: "]


def test_gigaspeech(tmp_path: Path) -> None:
    audio(tmp_path, "audio/podcast/P1.ogg")
    texts = ("HE LEFT <COMMA> SAID ANN <PERIOD>", "<MUSIC>", "REALLY <QUESTIONMARK>")
    segments = [
        {"sid": f"P1_S{n}", "speaker": "N/A", "begin_time": n / 50, "end_time": n / 50 + 0.01, "text_tn": text}
        for n, text in enumerate(texts)
    ]
    recordings = [{"path": "audio/podcast/P1.opus", "speaker": "ann", "segments": segments}, {"path": "b.opus"}]
    put(tmp_path, "GigaSpeech.json", json.dumps({"language": "EN", "audios": recordings}))
    corpus = read_corpus(tmp_path)
    assert corpus.clips[0] == Clip(
        "audio/podcast/P1-P1_S0", "audio/podcast/P1.ogg", "HE LEFT, SAID ANN.", "ann", "en", 0.0, 0.01
    )
    assert [clip.text for clip in corpus.clips[1:]] == ["REALLY?"]
    assert corpus.decided == ["left out: segments without speech, <MUSIC> (1)"]
    assert "GigaSpeech.json line 2: is no recording with path and segments" in corpus.findings[0].message


@pytest.mark.parametrize("line", ["<s> {} </s> (take_{})\n", "{} (take_{})\n", "<s> {} </s> (take_{}) \r\n"])
@pytest.mark.parametrize("name", ["etc/my_train.transcription", "etc/transcription.txt"])
def test_the_text_before_its_id(tmp_path: Path, name: str, line: str) -> None:
    audio(tmp_path, *(f"wav/take_{n}.wav" for n in range(3)))
    put(tmp_path, name, "".join(line.format(text, n) for n, text in enumerate(EN)))
    put(tmp_path, "etc/my_train.fileids", "".join(f"take_{n}\n" for n in range(3)))
    corpus = read_corpus(tmp_path)
    assert [(clip.path, clip.text) for clip in corpus.clips] == [(f"wav/take_{n}.wav", t) for n, t in enumerate(EN)]


def test_a_word_in_brackets_at_the_end_is_a_part_of_the_text(tmp_path: Path) -> None:
    audio(tmp_path, *(f"{n}.wav" for n in range(3)))
    put(tmp_path, "texts.txt", "".join(f"{n}|{text} (laughs)\n" for n, text in enumerate(EN)))
    assert [clip.text for clip in clips_of(tmp_path)] == [f"{text} (laughs)" for text in EN]

"""The parsers of texts with times: what they read, what they name, and that they never give a wrong time."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsprep.corpora.timed.clips import form_of
from ttsprep.corpora.timed.delimited import delimited_pieces
from ttsprep.corpora.timed.elan import elan_pieces, is_elan
from ttsprep.corpora.timed.labels import is_label_track, label_pieces
from ttsprep.corpora.timed.piece import Fault, Piece, PieceOrFault
from ttsprep.corpora.timed.segments import segment_pieces
from ttsprep.corpora.timed.subtitles import is_subtitles, subtitle_pieces
from ttsprep.corpora.timed.textgrid import is_textgrid, textgrid_pieces

WORDS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=20)
TIMES = st.lists(st.integers(0, 400_000_000), min_size=2, max_size=12, unique=True).map(sorted)
"""Rising times in milliseconds."""


def pieces(items: list[PieceOrFault]) -> list[tuple[float, float, str, str]]:
    return [(item.start, item.end, item.text, item.speaker) for item in items if isinstance(item, Piece)]


def faults(items: list[PieceOrFault]) -> list[tuple[int, str]]:
    """Return what is at fault, in lines that are none and in pieces that are kept."""
    wrong = [(item.line, item.what if isinstance(item, Fault) else item.problem) for item in items]
    return [(line, what) for line, what in wrong if what]


def clock(milliseconds: int, mark: str = ",") -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{mark}{rest:03}"


def textgrid(*tiers: tuple[str, list[tuple[float, float, str]]], end: float = 9.0, short: bool = False) -> str:
    """Write interval tiers as Praat does."""
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0 ", f"xmax = {end!r} "]
    lines += ["tiers? <exists> ", f"size = {len(tiers)} ", "item []: "]
    for number, (name, intervals) in enumerate(tiers, 1):
        lines += [f"    item [{number}]:", '        class = "IntervalTier" ', f'        name = "{name}" ']
        lines += ["        xmin = 0 ", f"        xmax = {end!r} ", f"        intervals: size = {len(intervals)} "]
        for place, (start, stop, text) in enumerate(intervals, 1):
            quoted = text.replace('"', '""')
            lines += [
                f"        intervals [{place}]:",
                f"            xmin = {start!r} ",
                f"            xmax = {stop!r} ",
            ]
            lines += [f'            text = "{quoted}" ']
    if short:
        lines = [line.partition(" = ")[2] or line for line in lines[3:] if line and "[" not in line]
        lines = ["<exists>" if line.startswith("tiers?") else line for line in lines]
        return "\n".join(['File type = "ooTextFile"', '"TextGrid"', "", *lines]) + "\n"
    return "\n".join(lines) + "\n"


# Label tracks


def test_a_label_track() -> None:
    track = "0.000000\t1.500000\tOne, two. \r\n\\\t100.0\t4000.0\r\n\r\n1,5\t2\tThree\tfour\n3.0\t4.0\n"
    assert is_label_track(track)
    assert pieces([*label_pieces(track)]) == [
        (0.0, 1.5, "One, two. ", ""),
        (1.5, 2.0, "Three\tfour", ""),
        (3, 4, "", ""),
    ]


def test_what_is_no_label_is_named() -> None:
    items = [*label_pieces("2.0\t1.0\tback\n1.0\t1.0\tclick\n-1.0\t1.0\tearly\nand more\n1.0\t2.0\tgood\n")]
    assert pieces(items) == [(1.0, 2.0, "good", "")]
    assert faults(items) == [
        (1, "ends at 1 s, before its start at 2 s; its text is 'back'"),
        (2, "marks a place, 1 s, and is no piece: 'click'"),
        (3, "starts at -1 s, before its recording; its text is 'early'"),
        (4, "is no label (start, end and text, separated by tabs): 'and more'"),
    ]


# Tables of times

ROWS = ((0.0, 2.5, "The weather is very nice today.", ""), (2.5, 4.0, "He bought a book.", ""))


@pytest.mark.parametrize(
    "text",
    [
        "start,end,text\n0,2500,The weather is very nice today.\n2500,4000,He bought a book.\n",
        "Start (ms);End (ms);Text\n0;2500;The weather is very nice today.\n2500;4000;He bought a book.\n",
        "offset|duration|text\n0|2.5|The weather is very nice today.\n2.5|1.5|He bought a book.\n",
        "onset,offset,text\n0,2.5,The weather is very nice today.\n2.5,4,He bought a book.\n",
        '"start","end","text"\r\n"0:00","0:02,5","The weather is very nice today."\r\n'
        '"0:02.5","0:04","He bought a book."',
        "0,2.5,The weather is very nice today.\n2.5,4,He bought a book.\n",
        "start\tend\ttext\n0\t2.5\tThe weather is very nice today.\n2.5\t4\tHe bought a book.\n",
    ],
)
def test_the_times_of_a_table(text: str) -> None:
    assert pieces([*delimited_pieces(text)]) == [*ROWS]


def test_the_speaker_of_a_table_and_the_milliseconds_of_whisper() -> None:
    assert pieces([*delimited_pieces("start;end;speaker;text\n0;1,5;Ann;Hello there.\n")]) == [
        (0.0, 1.5, "Hello there.", "Ann")
    ]
    assert pieces([*delimited_pieces("start\tend\ttext\n0\t100\tHello there you all\n")]) == [
        (0.0, 0.1, "Hello there you all", "")
    ]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("0.0,1.5,Ann,Hello there.\n1.5,3.0,Bob,Good day.\n", "no title line that tells"),
        ("start,end,text\n0,66150,Hello there.\n66150,99225,Good day to you.\n", "neither as seconds"),
        ("start,end,text\n0,0.2,He\n0.2,0.4,bought\n0.4,0.5,a\n0.5,0.8,book\n", "times of single words"),
        ('start,end,text\n0,1.5,"Hello "there"."\n', "not quoted as CSV"),
        ("start,end,text\nlater,1.5,Hello there.\n0,1.5,Hello there.\n", "is no piece"),
    ],
)
def test_a_table_that_cannot_be_read_for_certain(text: str, what: str) -> None:
    faults = [item for item in delimited_pieces(text) if isinstance(item, Fault)]
    assert [what in fault.what for fault in faults] == [True]


# ELAN


def elan(*tiers: tuple[str, str, list[tuple[int, int, str]]], head: str = "") -> str:
    """Write tiers, each with its name, the attributes behind it, and its annotations in milliseconds."""
    slots, parts = [], []
    for name, attributes, intervals in tiers:
        annotations = []
        for start, end, words in intervals:
            slots += [start, end]
            places = f'TIME_SLOT_REF1="ts{len(slots) - 1}" TIME_SLOT_REF2="ts{len(slots)}"'
            value = f"<ANNOTATION_VALUE>{words}</ANNOTATION_VALUE>"
            annotations.append(
                f"<ANNOTATION><ALIGNABLE_ANNOTATION {places}>{value}</ALIGNABLE_ANNOTATION></ANNOTATION>"
            )
        parts.append(f'<TIER TIER_ID="{name}" {attributes}>{"".join(annotations)}</TIER>')
    order = "".join(f'<TIME_SLOT TIME_SLOT_ID="ts{n}" TIME_VALUE="{time}"/>' for n, time in enumerate(slots, 1))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n{head}<ANNOTATION_DOCUMENT FORMAT="3.0"><HEADER '
        f'TIME_UNITS="milliseconds"/><TIME_ORDER>{order}</TIME_ORDER>{"".join(parts)}</ANNOTATION_DOCUMENT>'
    )


def test_the_tiers_of_elan() -> None:
    text = elan(
        ("A", 'PARTICIPANT="Ann"', [(0, 1500, "One &amp; two.")]),
        ("B", "", [(1500, 2000, "Three."), (2500, 2600, "  ")]),
        ("A-translation", 'PARENT_REF="A"', [(0, 1500, "Eins und zwei.")]),
    )
    assert is_elan(text)
    assert pieces([*elan_pieces(text)]) == [(0.0, 1.5, "One & two.", "Ann"), (1.5, 2.0, "Three.", "B")]


BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (elan(("a", "", [(0, 10, "&b;")])).replace("?>", f"?>{BOMB}"), "has a document type"),
        (elan(("a", "", [(0, 10, "One.")]))[:-9], "is not XML"),
        (elan(("a", "", [(0, 10, "<b>" * 99 + "</b>" * 99)])), "more than 64 elements"),
        (elan(("a", "", [(0, 10, "One.")])).replace("milliseconds", "PAL-frames"), "export it from ELAN"),
        (elan(("ref", "", [(0, 10, "001")]), ("tx", 'PARENT_REF="ref"', [])), "no words in its upper tiers"),
        (elan(("a", "", [(0, 10, "One.")])).replace('TIME_VALUE="10"', ""), "has no times"),
    ],
)
def test_what_is_wrong_with_elan(text: str, what: str) -> None:
    faults = [item for item in elan_pieces(text) if isinstance(item, Fault)]
    assert what in faults[0].what
    assert not [item for item in elan_pieces(text) if isinstance(item, Piece)]


@pytest.mark.parametrize(
    "text", ["Take 1.\t2 days", "1\tone", "0.5 1.5 not tabs", "", "\\", "1\t2\nIn the year\t1\nOf"]
)
def test_what_is_no_label_track(text: str) -> None:
    assert not is_label_track(text)
    assert form_of(text) is None


# Subtitles


@pytest.mark.parametrize("mark", [",", "."])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("index", [True, False])
def test_srt(mark: str, end: str, *, index: bool) -> None:
    cues = [("00:00:01", "00:00:02", "{\\an8}<i>One</i> & two,"), ("01:00:02", "01:00:03", "1984")]
    lines = []
    for number, (start, stop, text) in enumerate(cues, 1):
        lines += [*([str(number)] if index else []), f"{start}{mark}500 --> {stop}{mark}250  X1:40 X2:600", text, ""]
    text = end.join([*lines[:-1], "and a < b > c", ""])
    assert is_subtitles(text)
    items = [*subtitle_pieces(text)]
    assert faults(items) == []
    assert pieces(items) == [(1.5, 2.25, "One & two,", ""), (3602.5, 3603.25, "1984 and a < b > c", "")]


def test_srt_without_blank_lines_between_cues() -> None:
    one, two, three = (f"00:00:0{n},000 --> 00:00:0{n + 1},000\n" for n in (1, 2, 3))
    text = f"7\n{one}One\n8\n{two}1984\n{three}x"
    assert pieces([*subtitle_pieces(text)]) == [(1, 2, "One", ""), (2, 3, "1984", ""), (3, 4, "x", "")]


def test_what_is_wrong_in_srt_is_named_and_no_text_is_lost() -> None:
    text = (
        "stray\n\n1\n00:00:01,5 --> 00:00:02,000\nlost\n\n2\n00:00:02,000 --> 00:00:01,000\nback\n\n"
        "3\n00:00:03,000 --> 00:00:04,000\nOne\n\nand more\n\n4\n00:00: 4,000 --> 00:00:05,000\nodd\n\n"
        "5\n00:61:00,000 --> 00:62:00,000\nlate\n\n6\n00:00:05,000 --> 00:00:05,000\nnone\n"
    )
    items = [*subtitle_pieces(text)]
    assert pieces(items) == [(3.0, 4.0, "One and more", "")]
    assert [line for line, _ in faults(items)] == [1, 4, 8, 12, 18, 22, 26]
    assert faults(items)[3] == (12, "its text goes on in line 15, after a blank line")


def test_webvtt() -> None:
    text = (
        "WEBVTT - A talk\nKind: captions\n\nSTYLE\n::cue { color: red }\n\nNOTE of 00:00\nnot spoken\n\nintro\n"
        "00:01.000 --> 00:02.500 align:start position:0%\n<v.loud Ann Lee>One <c.red>two</c> <00:00:01.500>&amp;</v>\n"
        "three\n\n00:00:03.000 --> 00:00:04.000\n<v Ann>Yes</v> <v Bob>No</v>\n"
    )
    items = [*subtitle_pieces(text)]
    assert pieces(items) == [(1.0, 2.5, "One two & three", "Ann Lee"), (3.0, 4.0, "Yes No", "")]
    assert faults(items) == [(15, "has 2 speakers: 'Ann', 'Bob'")]


def test_webvtt_of_a_stream_is_refused() -> None:
    items = [*subtitle_pieces("WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:9\n\n00:01.000 --> 00:02.000\nOne\n")]
    assert pieces(items) == []
    assert len(faults(items)) == 1


@pytest.mark.parametrize("sign", [",", "."])
def test_captions_that_roll_are_read_once(sign: str) -> None:
    cues = [("One two", 0, 1000), ("One two", 1000, 1010), ("One two\nthree", 1010, 2000), ("three", 2000, 2010)]
    cues += [("three\nfour <c>five</c>", 2010, 3000)]
    text = "".join(f"{clock(start, sign)} --> {clock(end, sign)}\n{words}\n\n" for words, start, end in cues)
    text = text if sign == "," else f"WEBVTT\n\n{text}"
    assert pieces([*subtitle_pieces(text)]) == [
        (0.0, 1.0, "One two", ""),
        (1.01, 2.0, "three", ""),
        (2.01, 3.0, "four five", ""),
    ]


def test_lines_that_are_sung_again_are_kept() -> None:
    text = "".join(f"{clock(n * 1000)} --> {clock(n * 1000 + 1000)}\nLa la\n\n" for n in range(3))
    assert [piece[2] for piece in pieces([*subtitle_pieces(text)])] == ["La la"] * 3


def test_segments_of_a_recogniser() -> None:
    segments = [{"start": 0, "end": 1.5, "text": " One", "speaker": "A"}, {"start": 2, "text": "Two"}, 3]
    items = [*segment_pieces(json.dumps({"segments": segments}))]
    assert pieces(items) == [(0.0, 1.5, "One", "A")]
    assert [line for line, _ in faults(items)] == [2, 3]


def test_what_a_recogniser_prints() -> None:
    text = "[00:00:00.000 --> 00:00:01.500]   One: two.\n[00:00:01.500 --> 00:00:02.000]  Three.\n"
    assert pieces([*subtitle_pieces(text)]) == [(0.0, 1.5, "One: two.", ""), (1.5, 2.0, "Three.", "")]


@pytest.mark.parametrize("text", ["Go --> there", "At 10:30 --> at 11:30 we left", "WEBVTTs", ""])
def test_what_is_no_subtitle_file(text: str) -> None:
    assert not is_subtitles(text)


# TextGrids


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_textgrid(end: str, *, short: bool) -> None:
    tier = ("text", [(0.0, 1.0, ""), (1.0, 2.5, 'He said "no".'), (2.5, 3.0, "<sil>"), (3.0, 9.0, "Two! 7 <exists>")])
    text = textgrid(tier, ("words", [(1.0, 2.0, "He")]), ("phones", [(1.0, 2.0, "h")]), short=short).replace("\n", end)
    assert is_textgrid(text)
    items = [*textgrid_pieces(text)]
    assert faults(items) == []
    assert pieces(items) == [(1.0, 2.5, 'He said "no".', ""), (3.0, 9.0, "Two! 7 <exists>", "")]
    assert not any(item.whole for item in items if isinstance(item, Piece))


def test_one_interval_over_all_is_the_text_of_the_recording() -> None:
    (item,) = textgrid_pieces(textgrid(("Mary", [(0.0, 9.0, "All of it.")])))
    assert isinstance(item, Piece)
    assert (item.text, item.whole, item.speaker) == ("All of it.", True, "")


def test_tiers_of_several_speakers() -> None:
    text = textgrid(
        ("Ann", [(0.0, 1.0, "Hi"), (1.0, 9.0, "sp")]), ("Ann - words", [(0.0, 1.0, "Hi")]), ("Bob", [(0.5, 2.0, "Ho")])
    )
    assert pieces([*textgrid_pieces(text)]) == [(0.0, 1.0, "Hi", "Ann"), (0.5, 2.0, "Ho", "Bob")]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (textgrid(("words", [(0.0, 1.0, "Hi")])), "has no tier of utterances; its tiers: 'words'"),
        (textgrid(("a", [(0.0, 1.0, "Hi")]), ("b", [(0.0, 1.0, "Salut")])), "give the same stretches different texts"),
        (textgrid(("a", [(0.0, 1.0, "Hi")])) + "7", "goes on after the tiers"),
        (textgrid(("a", [(0.0, 1.0, "Hi")]))[:-3], "quote that is never closed"),
        (textgrid(("a", [(0.0, 1.0, "Hi")])).replace("size = 1 ", "size = 2 "), "ends too early"),
        (textgrid(("a", [(2.0, 1.0, "Hi")])), "ends at 1 s, before its start at 2 s"),
        (textgrid(("a", [(0.0, 1.0, "Hi")])).replace("IntervalTier", "Other"), "class 'Other'"),
    ],
)
def test_what_is_wrong_in_a_textgrid_is_named(text: str, what: str) -> None:
    items = [*textgrid_pieces(text)]
    assert pieces(items) == []
    assert what in faults(items)[0][1]


# For all texts


@given(TIMES, st.lists(WORDS, min_size=12, max_size=12))
def test_all_forms_give_back_times_and_texts(times: list[int], words: list[str]) -> None:
    spoken = [f"x{word}" for word in words]
    spans = [(a, b, text) for a, b, text in zip(times, times[1:], spoken, strict=False)]
    seconds = [(a / 1000, b / 1000, text) for a, b, text in spans]
    track = "".join(f"{a // 1000}.{a % 1000:03}000\t{b // 1000}.{b % 1000:03}000\t{text}\n" for a, b, text in spans)
    assert [p[:3] for p in pieces([*label_pieces(track)])] == seconds
    grid = textgrid(("text", seconds), end=500_000.0)
    assert [p[:3] for p in pieces([*textgrid_pieces(grid)])] == seconds
    vtt = "WEBVTT\n\n" + "".join(f"{clock(a, '.')} --> {clock(b, '.')}\nx\n\n" for a, b, _ in spans)
    assert [p[:2] for p in pieces([*subtitle_pieces(vtt)])] == [span[:2] for span in seconds]
    plain = [re.sub(r"[<>{}\\-]", "", text).strip() for text in spoken[: len(spans)]]
    srt = "".join(
        f"{n}\n{clock(a)} --> {clock(b)}\n{text}\n\n"
        for n, ((a, b, _), text) in enumerate(zip(spans, plain, strict=True))
    )
    assert [p[:3] for p in pieces([*subtitle_pieces(srt)])] == [
        (a, b, t) for (a, b, _), t in zip(seconds, plain, strict=True)
    ]


FRAGMENTS = st.lists(
    st.sampled_from([
        *("\n", "\n\n", "\r\n", "\t", " ", "1", "-", "7.5", "0,25", "\\", "WEBVTT", "NOTE", "00:00:01,000", "1:02.5"),
        *(
            "00:59:61.000",
            "99:00:00,000",
            " --> ",
            "-->",
            "[",
            "]",
            "<v A>",
            "{\\an8}",
            "</i>",
            '"',
            '""',
            "!",
            "=",
            "1e999",
        ),
        *('"ooTextFile"', '"TextGrid"', "<exists>", '"IntervalTier"', '"TextTier"', '"text"', "word", "字", "٣"),
    ])
    | st.text(max_size=4),
    max_size=60,
).map("".join)


@given(FRAGMENTS)
def test_no_text_raises_and_every_time_stands_in_its_line(text: str) -> None:
    for read in (label_pieces, subtitle_pieces, textgrid_pieces):
        for item in read(text):
            if isinstance(item, Fault):
                continue
            assert 0 <= item.start < item.end < float("inf")
            line = text.split("\n")[item.line - 1]
            if read is label_pieces and not text.lower().startswith("start"):
                assert [float(t.replace(",", ".")) for t in line.split("\t")[:2]] == [item.start, item.end]
            if read is subtitle_pieces:
                found = re.findall(r"(?:([0-9]{1,3}):)?([0-9]{1,2}):([0-9]{1,2})(?:[.,]([0-9]{3}))?", line)[:2]
                assert [int(h or 0) * 3600 + int(m) * 60 + int(s) + int(f or 0) / 1000 for h, m, s, f in found] == (
                    pytest.approx([item.start, item.end])
                )
    form_of(text)

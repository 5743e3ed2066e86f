"""Everything known of one clip: on a terminal, as JSON, as a page, and where something is missing."""

import json
import os
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import soundfile as sf

from ttsprep.audit.config import AuditConfig
from ttsprep.audit.results import BUILD, find_clip, open_audit
from ttsprep.audit.select import Rejection, select
from ttsprep.audit.verdict import summarise, verdict_table
from ttsprep.build.provenance import PROVENANCE, write_rejected
from ttsprep.cli.main import main
from ttsprep.cli.show.explain import show_clip
from ttsprep.core.files import digest
from ttsprep.core.store.corpus_path import CORPUS_FILE, save_corpus_path
from ttsprep.core.tables import findings_table, manifest_table, measured_schema, to_batch, write_json, write_table
from ttsprep.core.types import Clip, Finding, Severity
from ttsprep.corpora.layouts.ttsprep_build import DOCUMENT
from ttsprep.models.word_scores import TimedWord, WordScores
from ttsprep.report.clip.report import load_clip

RATE = 16_000
ODD = os.fsdecode(b"caf\xe9 \x1b[31m")
NAMES = ["one", "two", "three", "four", "five", ODD, "away", "-dash"]
COLUMNS = {"loudness_lufs": False, "tail_silence_s": False, "asr_text": True, "mismatch_nats": False, "mos_ovrl": False}


def sound(path: Path, *, tail_s: float) -> None:
    """Write a second of silence, two of a tone, and silence."""
    quiet, tone = np.zeros(RATE), 0.3 * np.sin(0.3 * np.arange(2 * RATE))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        sf.write(file, np.concatenate([quiet, tone, np.zeros(round(tail_s * RATE))]), RATE, format="WAV")


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a corpus and its audit, as an audit writes it; its measures are made up. Not to be changed."""
    tmp_path = tmp_path_factory.mktemp("audited")
    for name in NAMES:
        if name != "away":
            sound(tmp_path / "corpus" / "wavs" / f"{name}.wav", tail_s=1.0)
    clips = [Clip(name, f"wavs/{name}.wav", f"the text of {i}", "anna", "en-us") for i, name in enumerate(NAMES)]
    clips += [Clip("piece", "wavs/one.wav", "", "anna", "en-us", 0.5, 2.5)]
    rows = []
    for i, clip in enumerate(clips):
        row = {"sha256": "", "status": "audio-missing", "status_reason": "there is no file"}
        if clip.id != "away":
            row = {"sha256": digest(tmp_path / "corpus" / clip.path), "status": "ok", "status_reason": ""}
            row |= {"sample_rate": RATE, "channels": 1, "subtype": "PCM_16", "frames": 4 * RATE, "duration_s": 4.0}
            row |= {
                "loudness_lufs": -30.5 + i,
                "tail_silence_s": 0.1 if i else 1.0,
                "mismatch_nats": 7.0 if i == 1 else 0.5,
            }
        rows.append(row | {"asr_text": "the text of one" if i == 1 else ""})
    manifest = manifest_table(clips, [clip.id for clip in clips])
    measured = pa.Table.from_batches([to_batch(rows, measured_schema(COLUMNS))])
    table = pa.table([*manifest.columns, *measured.columns], names=[*manifest.column_names, *measured.column_names])
    findings = findings_table([
        Finding("one", "too-quiet", Severity.NOTE, "it is quiet"),
        Finding("one", "trailing-silence", Severity.WARNING, "1.0 s after (limit 0.5 s)", 1.0, 0.5, 3.0, 4.0),
        Finding("two", "transcript-mismatch", Severity.WARNING, "a word is wrong", 7.0, 5.0),
        Finding("away", "audio-missing", Severity.ERROR, "there is no file"),
        Finding("", "session-drift", Severity.WARNING, "it drifts"),
    ])
    out = tmp_path / "corpus.audit"
    out.mkdir()
    write_table(out / "clips.parquet", table)
    write_table(out / "findings.parquet", findings)
    shown, terms = table.to_pandas(), AuditConfig().terms(0)
    selection = select(shown, findings.to_pandas(), terms)
    write_table(out / "verdicts.parquet", verdict_table(shown, selection, terms))
    summary = summarise(shown, findings.to_pandas(), selection, terms)
    write_json(out / "summary.json", {"corpus": "corpus", "layout": "plain"} | summary)
    return tmp_path


@pytest.fixture
def here(audited: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of it, which is where we are."""
    here = Path(shutil.copytree(audited, tmp_path / "here"))
    save_corpus_path(here / "corpus.audit", here / "corpus")
    monkeypatch.chdir(here)
    return here


@pytest.fixture
def ttsprep(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run the command in this process; return its exit code, stdout and stderr."""

    def run(*arguments: str, width: int = 80) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ttsprep", *arguments])
        monkeypatch.setenv("COLUMNS", str(width))
        code = main()
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


GOLDEN = """\
one  fixable  a build fixes it: trim
the text of 0

file      wavs/one.wav
audio     4.00 s, 16,000 Hz, mono, PCM_16
speaker   anna
language  en-us

  ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁██████████████████████████████████████▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁
                                          trailing-silence ━━━━━━━━━━━━━━━━━━━
  0                  1                  2                  3 s

Findings
  warning  trailing-silence  3.00 to 4.00 s
    message  1.0 s after (limit 0.5 s)
"""


def test_the_terminal_shows_all_of_it(here: Path, ttsprep) -> None:
    code, said, error = ttsprep("explain", "one")
    assert (code, error) == (0, "")
    assert said.startswith(GOLDEN), said
    lines = said.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines.index("  warning  trailing-silence  3.00 to 4.00 s") < lines.index("  note  too-quiet")
    (loudness,) = (line for line in lines if "loudness_lufs" in line)
    bar = f"●{'─' * 7}{'▒' * 8}┃{'▒' * 9}{'─' * 11}"
    assert loudness == f"    loudness_lufs   −30.5 LUFS {bar}  −27.0  6 %"
    (tail,) = (line for line in lines if "tail_silence_s" in line)
    assert tail.split() == ["tail_silence_s", "1.00", "s", f"┃{'─' * 35}●", "0.10", "94", "%"]
    assert lines[-2:] == [
        "page   corpus.audit/explain/one.html",
        "words  not scored: give --asr-model PATH|NAME",
    ]
    assert "Not measured: run ttsprep audit --listen mos" in said
    assert "data:audio/ogg" in (here / "corpus.audit" / "explain" / "one.html").read_text(encoding="utf-8")
    assert sorted(path.name for path in here.iterdir()) == ["corpus", "corpus.audit"]


@pytest.mark.parametrize("width", [30, 50, 66, 120])
def test_it_fits_any_terminal(width: int, here: Path, ttsprep) -> None:
    _, said, _ = ttsprep("explain", "one", width=width)
    lines = said.splitlines()
    assert max(map(len, lines)) <= max(width, 36)  # names and values are not cut
    assert ("median" in said) == (width >= 66)
    assert ("●" in said) == (width >= 50)


def test_json_has_all_of_it_and_no_page(here: Path, ttsprep) -> None:
    code, said, _ = ttsprep("explain", "one", "--audit", "corpus.audit", "--json")
    found = json.loads(said)
    assert code == 0
    assert (found["clip"]["id"], found["verdict"], found["page"]) == ("one", "fixable", None)
    assert [finding["code"] for finding in found["findings"]] == ["trailing-silence", "too-quiet"]
    assert found["findings"][0]["fixed_by"] == "trim"
    assert all(found["findings"][0][name] for name in ("summary", "measured", "impact", "fix"))
    tail = found["measures"]["tail_silence_s"]
    assert (tail["value"], tail["unit"], tail["finding"]) == (1.0, "s", "warning")
    corpus = found["measures"]["loudness_lufs"]["corpus"]
    assert corpus == {
        "clips": 8,
        "low": -30.5,
        "q1": -28.75,
        "median": -27.0,
        "q3": -25.0,
        "high": -22.5,
        "percentile": 6.25,
    }
    assert found["audio"] == {"readable": True, "remark": None}
    ((start, end),) = found["speech"]
    assert (start, end) == (pytest.approx(1.0, abs=0.05), pytest.approx(3.0, abs=0.05))
    assert not (here / "corpus.audit" / "explain").exists()
    code, said, _ = ttsprep("explain", "one", "--json", "--html", "page.html")
    assert json.loads(said)["page"] == "page.html"
    assert (here / "page.html").is_file()


def test_what_was_said_is_shown_against_what_is_written(here: Path, ttsprep) -> None:
    _, said, _ = ttsprep("explain", "two")
    assert "  the text of [-1-] {+one+}\n" in said
    html = (here / "corpus.audit" / "explain" / "two.html").read_text(encoding="utf-8")
    assert "<del>1</del> <ins>one</ins>" in html


def test_a_doubted_word_that_is_no_finding_says_so(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    heard = WordScores("tiny.pt", (TimedWord("text", 1.0, 1.5, -4.5, False),), "the word")
    for name, rest in (("two", "(tiny.pt)\n"), ("three", ", too little for a finding (tiny.pt)\n")):
        show_clip(replace(load_clip(open_audit(here / "corpus.audit"), name), words=heard), None, as_json=False)
        assert f"  1 word of 1 probably not spoken{' ' * (name == 'two')}{rest}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name",
    ["one", "on", "wavs/three.wav", "corpus/wavs/three.wav", "{here}/corpus/wavs/three.wav", "three.wav", "thr", "caf"],
)
def test_a_clip_has_many_names(name: str, here: Path) -> None:
    audit = open_audit(here / "corpus.audit")
    expected = {"o": 0, "c": 5 if name == "caf" else 2}.get(name[0], 2)
    if name.endswith("one.wav") or name == "on":
        expected = 0
    assert find_clip(audit, name.format(here=here)) == expected


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("thre3",), "no clip of corpus.audit is called 'thre3'; did you mean 'three'?"),
        (("clippin",), "no clip of corpus.audit is called 'clippin'; did you mean 'clipping'?"),
        (("zzzzz",), "no clip of corpus.audit is called 'zzzzz'; it has 9, such as one, two"),
        (("wavs/one.wav",), "'wavs/one.wav' fits 2 clips, say which: one, piece"),
        (("t",), "'t' fits 2 clips, say which: two, three"),
        (("one", "--audit", "corpus"), "corpus holds no finished audit: give a folder that ttsprep audit"),
        (("one", "--audit", "nowhere"), "nowhere is not there: give a folder"),
        (("one", "--corpus", "nowhere"), "nowhere is not there: --corpus takes"),
        (("one", "--html", "corpus/wavs/x.html"), "the output corpus/wavs/x.html lies inside the source"),
        (("one", "--html", "corpus.audit"), "corpus.audit is a folder: --html takes the name of the page"),
        (("one", "--recipe", "ljspeech"), "--recipe sets the limits of a finding"),
        (("clipping", "--html", "x"), "clipping is a finding, and --html is for a clip"),
        (("one", "--build", "corpus"), "corpus is no finished build"),
    ],
)
def test_what_cannot_be_is_one_line(arguments: tuple[str, ...], line: str, here: Path, ttsprep) -> None:
    code, said, error = ttsprep("explain", *arguments)
    assert (code, said, error.count("\n")) == (2, "", 1)
    assert error.startswith(f"ttsprep: {line}"), error
    assert not (here / "corpus.audit" / "explain").exists()


def test_the_audit_is_the_newest_that_is_here(here: Path, ttsprep, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(here / "corpus.audit", here / "other.audit")
    for name, seconds in (("corpus", 1_000_000_000), ("other", 2_000_000_000)):
        os.utime(here / f"{name}.audit" / "summary.json", (seconds, seconds))
    code, said, error = ttsprep("explain", "one", "--json")
    assert (code, error) == (0, "ttsprep: other.audit is the newest of 2 audits here: --audit DIR\n")
    assert json.loads(said)["clip"]["id"] == "one"
    assert "did you mean" in ttsprep("explain", "clippin")[2]
    monkeypatch.chdir(here / "corpus")
    code, _, error = ttsprep("explain", "clippin")
    assert code == 2
    assert error == "ttsprep: no finding is called 'clippin'; did you mean 'clipping'? For a clip give --audit DIR\n"


@pytest.mark.parametrize(("name", "file"), [("caf", r"caf_xe9_.*~[0-9a-f]{10}\.html"), ("-dash", r"dash~.*\.html")])
def test_odd_names_are_found_and_are_safe(name: str, file: str, here: Path, ttsprep) -> None:
    code, said, error = ttsprep("explain", "--", name)
    assert (code, error) == (0, "")
    assert "\x1b" not in said
    assert "█" in said  # its audio was found
    (page,) = (here / "corpus.audit" / "explain").iterdir()
    assert re.fullmatch(file, page.name)


def test_a_piece_of_a_recording_is_only_that_piece(here: Path, ttsprep) -> None:
    _, said, _ = ttsprep("explain", "piece")
    assert "(no text)" in said
    assert "wavs/one.wav, from 0.5 s to 2.5 s" in said
    (level,) = (line for line in said.splitlines() if "█" in line)
    assert re.fullmatch(r"  ▁{19}█{57}", level)


def test_a_clip_without_audio_has_a_page_too(here: Path, ttsprep) -> None:
    code, said, _ = ttsprep("explain", "away")
    assert code == 0
    assert said.startswith("away  to drop  because of audio-missing\n")
    assert "audio     audio-missing: there is no file\n" in said
    assert "\nnow " not in said
    html = (here / "corpus.audit" / "explain" / "away.html").read_text(encoding="utf-8")
    assert "Find the file, or remove the line." in html
    sound(here / "corpus" / "wavs" / "away.wav", tail_s=1.0)
    assert "now       the file has changed since the audit" in ttsprep("explain", "away")[1]


def test_what_has_changed_since_is_said(here: Path, ttsprep) -> None:
    sound(here / "corpus" / "wavs" / "two.wav", tail_s=2.0)
    assert "now       the file has changed since the audit" in ttsprep("explain", "two")[1]
    (here / "corpus" / "wavs" / "two.wav").write_bytes(b"RIFF nothing")
    assert "now       cannot be decoded" in ttsprep("explain", "two")[1]
    (here / "corpus").rename(here / "moved")
    code, said, _ = ttsprep("explain", "three")
    assert code == 0
    assert "any more: say where with --corpus DIR" in " ".join(said.split())
    assert "any more" in (here / "corpus.audit" / "explain" / "three.html").read_text(encoding="utf-8")
    assert "█" in ttsprep("explain", "three", "--corpus", "moved")[1]
    (here / "moved").rename(here / "corpus")
    (here / "corpus.audit" / CORPUS_FILE).unlink()  # of an older audit
    assert "█" in ttsprep("explain", "three")[1]


def test_an_audit_that_cannot_be_written_to_still_explains(here: Path, ttsprep) -> None:
    (here / "corpus.audit" / "explain").write_text("in the way", encoding="utf-8")
    code, said, error = ttsprep("explain", "one")
    assert code == 0
    assert said.startswith(GOLDEN)
    assert "page  " not in said
    assert error.startswith("ttsprep: no page: cannot write")


def test_a_build_says_what_became_of_it(here: Path, ttsprep) -> None:
    build = here / "build"
    shutil.copytree(here / "corpus.audit", build / "source")
    (build / BUILD).write_text("", encoding="utf-8")
    row = {"id": "one", "path": "wavs/one.wav", "source_id": "one", "source_rate": RATE, "sample_rate": 22_050}
    row |= {"gain_db": -3.25, "tail_removed_s": 0.85, "text": "the text of 0", "normalised": "the text of zero"}
    write_table(build / "provenance.parquet", pa.Table.from_pylist([row], PROVENANCE))
    write_rejected(build / "rejected.csv", [Rejection("two", "select", ("clipping",), "it is clipped")])
    assert "build     " not in ttsprep("explain", "one", "--audit", "build")[1]  # it is not finished
    (build / DOCUMENT).write_text("{}", encoding="utf-8")
    _, said, _ = ttsprep("explain", "one", "--audit", "build")
    done = "build     build: kept; 22,050 Hz, −3.2 dB, 0.85 s cut at the end, text rewritten"
    assert done in said
    assert done in ttsprep("explain", "one", "--build", "build", "--audit", "corpus.audit")[1]
    assert "build: rejected; select: clipping: it is clipped" in ttsprep("explain", "two", "--audit", "build/source")[1]
    assert "neither kept nor rejected there" in " ".join(ttsprep("explain", "three", "--audit", "build")[1].split())
    assert sorted(path.name for path in build.iterdir()) == sorted([
        BUILD,
        DOCUMENT,
        "provenance.parquet",
        "rejected.csv",
        "source",
    ])
    assert (here / "build.explain" / "one.html").is_file()
    (build / "source").rename(build / "audit")
    assert ttsprep("explain", "one", "--audit", "build/audit")[0] == 0
    assert (here / "build.explain" / "audit" / "one.html").is_file()
    (build / "audit").rename(build / "source")
    assert not (build / "source" / "explain").exists()


def test_a_finding_is_explained_as_json_too(ttsprep) -> None:
    code, said, _ = ttsprep("explain", "clipping", "--json")
    found = json.loads(said)
    assert (code, found["code"], found["check"]) == (0, "clipping", "level")
    assert all(limit["meaning"] for limit in found["limits"].values())


def test_limits_with_one_meaning_have_it_once(here: Path, ttsprep) -> None:
    _, shown, _ = ttsprep("explain", "cut-end", width=120)
    lines = shown.splitlines()
    first = next(place for place, line in enumerate(lines) if "lead_s = 1 " in line)
    assert lines[first].endswith("Longest silence before, after and inside the speech, in seconds.")
    assert [line.strip() for line in lines[first + 1 : first + 3]] == ["tail_s = 1.2", "pause_s = 1.5"]

"""Names that escape, collide, or cannot be written; paths that are no files of the corpus."""

import os
import unicodedata
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from commands import ttsprep

from faults.house import audited, audited_by_command, codes_of, out_of
from ttsprep.audit.pipeline import Audit

pytestmark = pytest.mark.usefixtures("one_server")

UNSAFE = (
    "../../etc/passwd",
    "/etc/passwd",
    "C:\\windows\\win.ini",
    "~root",
    "ends-with-a-dot.",
    "CON",
    "nul.old",
    "a<b",
    "a\x07b",
    "n" * 220,
    "語" * 100,
)


@pytest.fixture
def line(spoken: Path):
    """Return a function that adds a line to the metadata, exactly."""

    def added(text: str | bytes) -> None:
        with (spoken / "metadata.csv").open("ab") as file:
            file.write((text if isinstance(text, bytes) else text.encode()) + b"\n")

    return added


@pytest.fixture
def wav(spoken: Path) -> Path:
    return spoken / "wavs" / "demo-001.wav"


def test_hostile_ids(spoken: Path, line) -> None:
    before = sorted(spoken.parent.rglob("*"))
    for name in UNSAFE:
        line(f"{name}|Call me Ishmael.")
    result = audited(spoken)
    for name in (name.replace("\\", "/") for name in UNSAFE):  # a path of another system is one of ours
        assert "name-unsafe" in codes_of(result, name)
        assert {"path-outside-corpus", "audio-missing", "audio-unreadable"} & codes_of(result, name)
    assert codes_of(result, "demo-001") == codes_of(audited(spoken, jobs=1), "demo-001")
    new = set(spoken.parent.rglob("*")) - set(before)
    assert {path for path in new if not path.is_relative_to(out_of(spoken))} == set()


def test_an_id_with_nul_is_a_malformed_line(spoken: Path, line) -> None:
    line("nul\0byte|Call me Ishmael.")
    result = audited(spoken)
    (finding,) = result.findings[result.findings.code == "metadata-malformed"].itertuples()
    assert "line 15" in finding.message
    assert "NUL" in finding.message
    assert len(result.clips) == 14


@pytest.mark.parametrize("path", ["{}/outside.wav", "../outside.wav", "wavs/../../outside.wav"])
def test_a_path_out_of_the_corpus_is_never_opened(spoken: Path, wav: Path, path: str) -> None:
    outside = spoken.parent / "outside.wav"
    outside.write_bytes(wav.read_bytes())
    (spoken / "metadata.csv").unlink()
    second = path.format(spoken.parent)
    (spoken / "list.txt").write_text(f"wavs/demo-001.wav|First.\n{second}|Second.\n", encoding="utf-8")
    before = outside.stat().st_atime_ns
    result = audited(spoken)
    assert list(result.clips.status) == ["ok", "path-outside-corpus"]
    assert list(result.clips.sha256)[1] == ""
    assert outside.stat().st_atime_ns == before


def test_links_and_things_that_are_no_files(spoken: Path, line, wav: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.wav"
    outside.write_bytes(wav.read_bytes())
    wavs = spoken / "wavs"
    (wavs / "out.wav").symlink_to(outside)
    (wavs / "loop.wav").symlink_to("pool.wav")
    (wavs / "pool.wav").symlink_to("loop.wav")
    (wavs / "dangling.wav").symlink_to("nowhere.wav")
    (wavs / "within.wav").symlink_to("demo-001.wav")
    (wavs / "folder.wav").mkdir()
    os.mkfifo(wavs / "fifo.wav")
    (wavs / "away").symlink_to(tmp_path)
    expected = {
        "out": "path-outside-corpus",
        "loop": "path-outside-corpus",
        "away/outside": "path-outside-corpus",
        "dangling": "audio-missing",
        "folder": "audio-unreadable",
        "fifo": "audio-unreadable",
        "within": "ok",
    }
    for name in expected:
        line(f"{name}|Call me Ishmael.")
    document = audited_by_command(spoken)
    assert document["clips"] == 14 + len(expected)
    result = audited(spoken)
    found = dict(
        zip(result.clips.path.str.removeprefix("wavs/").str.removesuffix(".wav"), result.clips.status, strict=False)
    )
    assert {name: found[name] for name in expected} == expected
    assert "duplicate-audio" in codes_of(result, "within")


def test_a_kaldi_command_is_refused_and_not_run(tmp_path: Path, wav: Path) -> None:
    corpus = tmp_path / "kaldi"
    corpus.mkdir()
    (corpus / "a.wav").write_bytes(wav.read_bytes())
    mark = tmp_path / "mark"
    (corpus / "wav.scp").write_text(f"a a.wav\nb touch {mark} |\n", encoding="utf-8")
    (corpus / "text").write_text("a Call me Ishmael.\nb Call me.\n", encoding="utf-8")
    done = ttsprep("audit", corpus, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "wav.scp line 2" in done.stderr
    assert "command" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not mark.exists()
    assert not (tmp_path / "out").exists()


def test_names_that_differ_in_case_or_form_only(spoken: Path, line, wav: Path) -> None:
    names = ["Stra\u00dfe", "STRASSE", "Caf\u00e9", unicodedata.normalize("NFD", "Caf\u00e9"), "take", "Take"]
    for name in names:
        (spoken / "wavs" / f"{name}.wav").write_bytes(wav.read_bytes() + b"\0" * len(name))
        line(f"{name}|Call me Ishmael.")
    result = audited(spoken)
    assert list(result.clips.id)[14:] == names
    assert (result.clips.status == "ok").all()
    later = {names[1], names[3], names[5]}
    assert {name for name in names if "name-collision" in codes_of(result, name)} == later


def test_duplicate_ids_rows_without_audio_and_audio_without_rows(spoken: Path, line) -> None:
    line("demo-001|The same id with another text.")
    line("demo-001|The same id a third time.")
    line("demo-001~2|An id that looks as if we had made it.")
    line("nowhere|No such file.")
    result = audited(spoken)
    assert list(result.clips.id)[14:] == ["demo-001~3", "demo-001~4", "demo-001~2", "nowhere"]
    assert result.clips.id.is_unique
    assert list(result.clips.given_id)[14:16] == ["demo-001"] * 2
    assert list(result.clips.text)[14] == "The same id with another text."
    for name in ("demo-001~3", "demo-001~4"):
        assert "duplicate-id" in codes_of(result, name)
    assert {"audio-missing"} <= codes_of(result, "nowhere")
    (orphan,) = result.findings[result.findings.code == "audio-orphan"].itertuples()
    assert "wavs/demo-nobody.wav" in orphan.message
    assert result.summary["orphans"] == 1


def test_names_that_are_not_utf8(spoken: Path, line, wav: Path) -> None:
    folder = os.fsencode(spoken / "wavs")
    for name in (b"caf\xe9", b"\xff\xfe", b"caf\\xe9"):
        Path(os.fsdecode(folder + b"/" + name + b".wav")).write_bytes(wav.read_bytes() + name)
        line(name + b"|Call me Ishmael.")
    document = audited_by_command(spoken)
    assert document["clips"] == 17
    result = audited(spoken)
    assert result.measured == 0
    assert list(result.clips.id)[14:] == ["caf\\xe9", "\\xff\\xfe", "caf\\xe9~2"]
    assert list(result.clips.status)[14:] == ["ok"] * 3
    assert (result.clips.duration_s > 1).all()
    assert "name-unsafe" in codes_of(result, "\\xff\\xfe")
    table = pq.read_table(out_of(spoken) / "clips.parquet")
    assert table["path"].to_pylist()[14] == "wavs/caf\\xe9.wav"
    for column in table.columns:
        column.validate(full=True)


def test_a_folder_that_is_not_utf8(spoken: Path, tmp_path: Path) -> None:
    corpus = Path(os.fsdecode(os.fsencode(tmp_path) + b"/corp\xf9s"))
    spoken.rename(corpus)
    result = audited(corpus)
    assert isinstance(result, Audit)
    assert result.summary["corpus"] == "corp\\xf9s"
    assert (result.clips.status == "ok").all()


@pytest.mark.parametrize("name", ["list.txt", "table.csv", "sheet.xlsx", "records.json"])
def test_a_folder_of_pipes_and_endless_files_is_not_waited_for(tmp_path: Path, name: str) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    os.mkfifo(corpus / name)
    (corpus / f"endless-{name}").symlink_to("/dev/zero")
    for words in (["audit", corpus, "--out", tmp_path / "out"], ["inspect", corpus]):
        done = ttsprep(*words, seconds=60)
        assert done.returncode == 2, done
        assert "no audio file" in done.stderr

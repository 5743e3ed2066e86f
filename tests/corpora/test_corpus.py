import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from corpora.layouts.corpus import audio, put, split
from ttsprep.core.errors import CorpusError, UsageError
from ttsprep.core.tables import write_table
from ttsprep.core.types import Clip
from ttsprep.corpora.corpus import all_layouts, detect, read_corpus
from ttsprep.corpora.layouts.base import Layout

NAMES = [
    "build",
    "commonvoice",
    "gigaspeech",
    "kaldi",
    "lhotse",
    "libri",
    "mustc",
    "plain",
    "stm",
    "table",
    "vctk",
]
REAL = Path(__file__).parents[3] / "shared" / "data"


def ljspeech(root: Path) -> None:
    audio(root, "wavs/a.wav")
    put(root, "metadata.csv", "a|one|one\n")


def filelist(root: Path) -> None:
    audio(root, "wavs/a.wav")
    put(root, "train.txt", "wavs/a.wav|one\n")


def audiofolder(root: Path) -> None:
    audio(root, "a.wav")
    put(root, "metadata.csv", "file_name,text\na.wav,one | two\n")


def build(root: Path) -> None:
    audio(root, "wavs/a.wav")
    columns = ("id", "path", "normalised", "speaker", "language")
    write_table(
        root / "clips.parquet", pa.table(dict(zip(columns, (["a"], ["wavs/a.wav"], ["one"], [""], [""]), strict=True)))
    )
    put(root, "build.json", "{}")


def nemo(root: Path) -> None:
    audio(root, "a.wav")
    put(root, "manifest.json", json.dumps({"audio_filepath": "a.wav", "text": "one"}))


def commonvoice(root: Path) -> None:
    audio(root, "clips/a.mp3")
    put(root, "validated.tsv", "client_id\tpath\tsentence\nx\ta.mp3\tone\n")


def vctk(root: Path) -> None:
    audio(root, "wav48/p1/p1_001.wav")
    put(root, "txt/p1/p1_001.txt", "one")


def libri(root: Path) -> None:
    audio(root, "dev/1/2/1-2-0.flac")
    put(root, "dev/1/2/1-2.trans.txt", "1-2-0 ONE\n")


def kaldi(root: Path) -> None:
    audio(root, "a.wav")
    put(root, "wav.scp", "u a.wav\n")
    put(root, "text", "u one\n")


def lhotse(root: Path) -> None:
    audio(root, "r.wav")
    source = {"type": "file", "channels": [0], "source": "r.wav"}
    put(root, "recordings.jsonl", json.dumps({"id": "r", "sources": [source], "duration": 0.1}))
    supervision = {"id": "s", "recording_id": "r", "start": 0, "duration": 0.1, "text": "one"}
    put(root, "supervisions.jsonl", json.dumps(supervision))


def transcript(root: Path) -> None:
    audio(root, "a.wav")
    put(root, "transcript.txt", "a\tone\n")


def mustc(root: Path) -> None:
    audio(root, "wav/a.wav")
    put(root, "txt/dev.yaml", "- {duration: 0.05, offset: 0.01, speaker_id: s, wav: a.wav}\n")
    put(root, "txt/dev.en", "one\n")


def gigaspeech(root: Path) -> None:
    audio(root, "audio/a.wav")
    segments = [{"sid": "a_1", "begin_time": 0, "end_time": 0.05, "text_tn": "ONE"}]
    put(root, "GigaSpeech.json", json.dumps({"audios": [{"path": "audio/a.wav", "segments": segments}]}))


def stm(root: Path) -> None:
    audio(root, "sph/a.wav")
    put(root, "stm/a.stm", "a 1 anna 0.00 0.05 <o,f0,female> one\n")


def plain(root: Path) -> None:
    audio(root, "a.wav")
    put(root, "a.txt", "one")


TABLES = [ljspeech, filelist, audiofolder, nemo, transcript]
BUILDERS = [build, commonvoice, gigaspeech, kaldi, lhotse, libri, mustc, plain, stm, *TABLES, vctk]


def layout_of(make: Callable[[Path], None]) -> str:
    return "table" if make in TABLES else make.__name__


def test_every_layout_is_known_and_says_how_it_looks() -> None:
    assert sorted(all_layouts()) == NAMES == sorted({layout_of(make) for make in BUILDERS})
    assert all(layout.summary for layout in all_layouts().values())
    assert [name for name, layout in all_layouts().items() if layout.fallback] == ["plain"]


def test_two_layouts_of_one_name_are_refused() -> None:
    with pytest.raises(UsageError, match="two layouts are named 'plain'"):
        type("Other", (Layout,), {"name": "plain", "__module__": "elsewhere"})


@pytest.mark.parametrize("make", BUILDERS)
def test_each_layout_is_recognised_and_no_other(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path)
    own = [layout for layout in all_layouts().values() if not layout.fallback and layout.name != "table"]
    found = {layout.name for layout in own if layout().recognise(tmp_path)}
    assert found == {layout_of(make)} - {"plain", "table"}
    detected = detect(tmp_path)
    assert detected.kind.name == layout_of(make)
    assert detected.why
    clips, findings = split(read_corpus(tmp_path))
    assert (len(clips), findings) == (1, [])
    assert (tmp_path / clips[0].path).is_file()


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize("wrong", NAMES)
def test_a_layout_that_does_not_fit_is_one_clear_error(
    tmp_path: Path, build: Callable[[Path], None], wrong: str
) -> None:
    build(tmp_path)
    if wrong == "table" and build in {commonvoice, lhotse, libri}:
        return  # which have tables too
    if wrong in {layout_of(build), "plain"}:
        assert read_corpus(tmp_path, wrong).clips
        return
    with pytest.raises(CorpusError) as error:
        read_corpus(tmp_path, wrong)
    assert str(tmp_path) in str(error.value)
    assert "\n" not in str(error.value)


def test_an_ambiguous_folder_lists_what_to_type(tmp_path: Path) -> None:
    vctk(tmp_path)
    kaldi(tmp_path)
    with pytest.raises(CorpusError) as error:
        detect(tmp_path)
    assert "--layout vctk (txt/SPEAKER" in str(error.value)
    assert "--layout kaldi (wav.scp" in str(error.value)
    assert read_corpus(tmp_path, "vctk").why == "asked for"


def test_tables_that_agree_are_read_once_and_tables_that_do_not_are_refused(tmp_path: Path) -> None:
    ljspeech(tmp_path)
    filelist(tmp_path)
    corpus = read_corpus(tmp_path)
    assert [clip.text for clip in corpus.clips] == ["one"]
    assert corpus.decided[-1] == "train.txt: 1 of its lines are in metadata.csv as well, and are read once"
    put(tmp_path, "train.txt", "wavs/a.wav|another\n")
    with pytest.raises(CorpusError, match=r"metadata.csv and .*train.txt give the same clips different texts"):
        read_corpus(tmp_path)


@pytest.mark.parametrize(
    ("rows", "own"),
    [
        ("a.wav|one|one\n", "a"),
        ("a|one\n", "a"),
        ("sub/a|one\n", "wavs/sub/a"),
        ("id|text\na|one\n", "a"),
        ("wavs/a.wav|one\n", "wavs/a"),
        ("audio_file|text\nwavs/a.wav|one\n", "wavs/a"),
        ("/x/wavs/a.wav|one\n", "wavs/a"),
    ],
)
def test_a_name_is_a_path_or_an_id(tmp_path: Path, rows: str, own: str) -> None:
    audio(tmp_path, "wavs/a.wav", "wavs/sub/a.wav")
    put(tmp_path, "metadata.csv", rows)
    (clip,), _ = split(read_corpus(tmp_path))
    assert (clip.id, clip.path, clip.text) == (own, own + ".wav" if "/" in own else "wavs/a.wav", "one")


@pytest.mark.parametrize("name", ["clip_durations.tsv", "times.txt"])
def test_durations_are_no_filelist(tmp_path: Path, name: str) -> None:
    commonvoice(tmp_path)
    put(tmp_path, name, "clip\tduration[ms]\na.mp3\t1230\nb.mp3\t900.5\n")
    put(tmp_path, "other.tsv", "client_id\tpath\tsentence\nx\tb.mp3\ttwo\n")
    assert detect(tmp_path).kind.name == "commonvoice"


def test_the_tables_of_librispeech_are_no_filelists(tmp_path: Path) -> None:
    libri(tmp_path)
    put(tmp_path, "SPEAKERS.TXT", "; comment\n14   | F | train-clean-360 | 25.03 | Kristin LeMoine\n")
    assert detect(tmp_path).kind.name == "libri"


def test_texts_beside_audio_are_no_filelists(tmp_path: Path) -> None:
    audio(tmp_path, "a.wav")
    put(tmp_path, "a.txt", "b.wav|is what is said here\n")
    assert detect(tmp_path).kind.name == "plain"


@pytest.mark.parametrize("layout", ["tabel", "Table", "nope"])
def test_an_unknown_layout_names_the_nearest(tmp_path: Path, layout: str) -> None:
    with pytest.raises(UsageError, match="no layout is called") as error:
        read_corpus(tmp_path, layout)
    assert "table" in str(error.value)


def test_what_is_no_corpus_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    ljspeech(tmp_path / "lj")
    put(tmp_path / "no-audio", "metadata.csv", "a|one\n")
    put(tmp_path / "docs", "README.txt", "hello")
    os.mkfifo(tmp_path / "fifo")
    put(tmp_path, "notes.txt", "nothing of the kind\n")
    put(tmp_path, "image.png", b"\x89PNG\r\n\x1a\n" + bytes(100))
    audio(tmp_path / "binary", "a.wav")
    put(tmp_path / "binary", "metadata.csv", bytes(100))
    audio(tmp_path / "blank", "a.wav")
    put(tmp_path / "blank", "metadata.csv", b"")
    expected = {
        "gone": "is not there",
        "fifo": "is neither a folder nor a file",
        "empty": "has no audio file in it",
        "no-audio": "has no audio file in it",
        "docs": r"has no audio file in it \(.*\); files that end in \.txt: 1",
        "lj/wavs/a.wav": "is an audio file; give the folder",
        "notes.txt": "is no metadata file that is known",
        "image.png": "is not a text file",
        "binary": "metadata.csv is not a text file",
        "blank": "metadata.csv is empty",
    }
    for name, what in expected.items():
        with pytest.raises(CorpusError, match=what) as error:
            read_corpus(tmp_path / name)
        assert "\n" not in str(error.value)
        assert str(tmp_path) in str(error.value)


def test_a_table_below_the_root_is_read_and_a_damaged_one_named(tmp_path: Path) -> None:
    ljspeech(tmp_path / "lj")
    audio(tmp_path / "odd", "a.wav")
    put(tmp_path / "odd", "metadata.csv", "name;words\na;one more\n")
    audio(tmp_path / "binary", "b.wav")
    put(tmp_path / "binary", "metadata.csv", bytes(100))
    clips, (finding,) = split(read_corpus(tmp_path))
    assert [(clip.id, clip.path, clip.text) for clip in clips] == [
        ("lj/a", "lj/wavs/a.wav", "one"),
        ("odd/a", "odd/a.wav", "one more"),
    ]
    assert finding.code == "metadata-malformed"
    assert finding.message == f"{tmp_path}/binary/metadata.csv is not a text file"


def test_detect_says_that_a_folder_is_empty_or_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="is empty"):
        detect(tmp_path)
    put(tmp_path, "README.txt", "hello")
    with pytest.raises(CorpusError, match="looked for") as error:
        detect(tmp_path)
    assert all(name in str(error.value) for name in NAMES)


def test_a_table_without_one_good_line_shows_three_and_the_option_that_decides(tmp_path: Path) -> None:
    audio(tmp_path, "a.wav")
    put(tmp_path, "metadata.csv", "|one\n|two\n|three\n|four\n")
    with pytest.raises(
        CorpusError, match=r"no column names audio.*  \| one /  \| two /  \| three;.*--columns path,text"
    ):
        read_corpus(tmp_path)


def test_a_large_table_is_read_fast(tmp_path: Path) -> None:
    audio(tmp_path, "wavs/0.wav")
    put(
        tmp_path,
        "metadata.csv",
        "".join(f"{i}|Ça, c’est dit ici {i}.|Ça, c’est dit ici normalisé {i}\n" for i in range(20_000)),
    )
    began = time.process_time()
    clips, findings = split(read_corpus(tmp_path))
    assert time.process_time() - began < 5.0  # it takes 0.15 s; what grows with the square takes minutes
    assert (len(clips), findings) == (20_000, [])


def test_the_order_of_a_folder_on_disk_does_not_matter(tmp_path: Path) -> None:
    names = [f"{i:02d}/{j}.wav" for i in range(4) for j in range(3)]
    audio(tmp_path / "one", *names)
    audio(tmp_path / "two", *reversed(names))
    assert read_corpus(tmp_path / "one").clips == read_corpus(tmp_path / "two").clips


def test_unreadable_folders_and_files_are_one_line_as_another_user() -> None:
    all_layouts()  # as the other user may not read the modules either
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        closed = {"all": "", "table": "metadata.csv"}
        for folder, part in closed.items():
            ljspeech(root / folder)
            (root / folder / part).chmod(0)
        said = {}
        owner = os.geteuid()
        try:
            if owner == 0:
                os.seteuid(65534)
            for folder in closed:
                with pytest.raises(CorpusError) as error:
                    read_corpus(root / folder)
                said[folder] = str(error.value)
        finally:
            os.seteuid(owner)
            for folder, part in closed.items():
                (root / folder / part).chmod(0o755)
    assert said == {
        "all": f"{root}/all cannot be read: Permission denied",
        "table": f"{root}/table/metadata.csv cannot be read: Permission denied",
    }


@pytest.mark.skipif(not REAL.is_dir(), reason="the real speech of ../shared/data is not here")
def test_real_corpora_are_read_whole() -> None:
    corpus = read_corpus(REAL / "ljspeech")
    clips, findings = split(corpus)
    assert (corpus.layout, len(clips), findings) == ("table", 385, [])
    assert clips[1] == Clip("LJ001-0002", "wavs/LJ001-0002.flac", "in being comparatively modern.")
    assert all((corpus.root / c.path).is_file() for c in clips)
    corpus = read_corpus(REAL / "librispeech-train-clean-251spk")
    assert (corpus.layout, len(corpus.clips)) == ("plain", 251)


def test_the_layout_of_the_docs_works(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "layouts.md").read_text(encoding="utf-8")
    before = dict(Layout.registry)
    try:
        scope: dict[str, type[Layout]] = {}
        exec(page.split("```python\n")[1].split("```")[0], scope)
        put(tmp_path, "prompts.tsv", "a\tone\nb\ttwo\n")
        assert scope["Ours"].recognise(tmp_path)
        clips = list(scope["Ours"].read(tmp_path))
        assert clips == [Clip("a", "audio/a.wav", "one"), Clip("b", "audio/b.wav", "two")]
    finally:
        Layout.registry.clear()
        Layout.registry.update(before)
    assert all(f"`{name}`" in page for name in NAMES)

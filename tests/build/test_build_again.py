"""What the next build need not do again, and what it must."""

import json
import os
import shutil
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import soundfile as sf
from recorder import Recorder

from build.bench import Bench, Made, build, contents
from ttsprep.audit.pipeline import audit
from ttsprep.build.config import Recipe, Select, Split
from ttsprep.build.pipeline import draft
from ttsprep.build.provenance import read_rejected
from ttsprep.build.split import split
from ttsprep.core.errors import CorpusError, UsageError
from ttsprep.core.files import signature


def test_an_unchanged_build_is_left_alone(bench: Bench, small_once: Made) -> None:
    expected = contents(small_once.out)
    copied = bench.build()  # a copy has other times: everything is looked at, nothing is built
    assert copied.fresh == 0
    assert contents(bench.out) == expected
    before = {path: signature(path.lstat()) for path in bench.out.rglob("*")}
    progress = Recorder()
    again = build(bench.corpus, bench.out, Recipe(), jobs=1, progress=progress)
    assert (again.fresh, progress.stages) == (0, [])
    assert again.document == copied.document
    assert {path: signature(path.lstat()) for path in bench.out.rglob("*")} == before


def test_only_the_clips_that_changed_are_built(bench: Bench) -> None:
    first, second, third, fourth = (Path(name).stem for name in bench.wavs)
    wavs = bench.corpus / "wavs"
    lenient = Select(strictness="lenient", reject=(), keep=("rate-outlier",))

    since = bench.stamps()
    samples, rate = sf.read(wavs / f"{first}.wav")
    sf.write(wavs / "new.wav", samples[::-1], rate)
    samples, rate = sf.read(wavs / f"{third}.wav")
    sf.write(wavs / f"{third}.wav", samples * 0.9, rate, subtype="PCM_16")
    bench.lines(lambda lines: [f"{line} Indeed." if line.startswith(second) else line for line in lines])
    bench.lines(lambda lines: [*lines, "new|Something else is said here."])
    assert bench.build(select=lenient).fresh == 3
    assert bench.changed(since) == {"new.wav", f"{second}.wav", f"{third}.wav"}
    assert " Indeed." in (bench.out / "metadata.csv").read_text(encoding="utf-8")

    since = bench.stamps()
    bench.lines(lambda lines: lines[:-1][::-1])
    os.utime(wavs / f"{fourth}.wav", ns=(1, 1))
    assert bench.build(select=lenient).fresh == 0
    assert bench.changed(since) == {"new.wav"}, "the audio of a clip that is gone is gone"
    ids = pq.read_table(bench.out / "clips.parquet")["id"].to_pylist()
    assert ids == [line.split("|")[0] for line in (bench.corpus / "metadata.csv").read_text("utf-8").splitlines()]
    assert "new" not in (bench.out / "metadata.csv").read_text(encoding="utf-8")


def test_what_was_damaged_in_the_build_is_noticed_and_fixed(bench: Bench, small_once: Made) -> None:
    expected = contents(small_once.out)
    bench.build()
    wavs = bench.out / "wavs"
    hurt, lost, swapped, linked = (wavs / name for name in bench.wavs)
    data = bytearray(hurt.read_bytes())
    data[len(data) // 2] ^= 1
    times = hurt.stat().st_mtime_ns
    hurt.write_bytes(data)
    os.utime(hurt, ns=(times, times))  # the same size and time: only its change is seen
    lost.unlink()
    shutil.copyfile(wavs / bench.wavs[3], swapped)
    elsewhere = bench.out.with_name("elsewhere.wav")
    linked.rename(elsewhere)
    linked.symlink_to(elsewhere)
    kept = elsewhere.read_bytes()
    (bench.out / "metadata.csv").write_text("nothing", encoding="utf-8")
    (bench.out / "report.html").unlink()
    (bench.out / "audit" / "findings.parquet").write_bytes(b"")
    for name in (".clips.parquet.part", f"wavs/.{bench.wavs[0]}.part", "source/.run.json.part", "audit/.run.json.part"):
        (bench.out / name).write_bytes(b"half")
    assert bench.build().fresh == 4
    assert contents(bench.out) == expected
    assert not linked.is_symlink()
    assert elsewhere.read_bytes() == kept
    assert list(bench.out.rglob("*.part")) == []
    assert not (bench.out / "exports").exists()


@pytest.mark.parametrize("damage", ["empty", "half", "zeros"])
def test_damaged_tables_are_made_anew(bench: Bench, small_once: Made, damage: str) -> None:
    for path in [*bench.out.rglob("*.parquet"), bench.out / ".unchanged.json", bench.out / "audit" / "summary.json"]:
        data = path.read_bytes()
        half = len(data) // 2
        spoilt = {"empty": b"", "half": data[:half], "zeros": data[:half] + bytes(64) + data[half + 64 :]}
        path.write_bytes(spoilt[damage])
    bench.build()
    assert contents(bench.out) == contents(small_once.out)


def test_a_changed_recipe_builds_what_it_must_and_nothing_else(bench: Bench, small_once: Made) -> None:
    since = bench.stamps()
    rules = {"split": Split(valid=0.4, test=0.4, seed=2), "checks": {"length": {"short_note_s": 60.0}}}
    assert bench.build(export=("parquet", "audiofolder"), **rules).fresh == 0
    assert {path.name for path in (bench.out / "exports").iterdir()} == {"parquet", "audiofolder"}
    assert bench.build().fresh == 0
    assert not (bench.out / "exports").exists(), "an export that is no longer asked for is removed"
    assert bench.changed(since) == set()
    assert contents(bench.out) == contents(small_once.out)
    assert bench.build(stages={"format": {"container": "flac"}}).fresh == 4
    assert {Path(name).suffix for name in bench.stamps()} == {".flac"}


def test_fewer_hours_and_more_again(bench: Bench, small_once: Made) -> None:
    hours = pq.read_table(bench.out / "audit" / "clips.parquet")["duration_s"].to_pylist()
    few = bench.build(select=Select(keep_hours=sum(hours) / 3600 * 0.7))
    assert 0 < few.document["result"]["clips"] < 4
    assert all("beyond the best" in item.reason for item in few.rejected)
    assert len(bench.stamps()) == few.document["result"]["clips"]
    assert few.document["lost_sounds"]
    bench.build()
    assert contents(bench.out) == contents(small_once.out)


def test_decisions_override_and_texts_flow_into_the_build(bench: Bench, tmp_path: Path) -> None:
    first, second, third, _ = (Path(name).stem for name in bench.wavs)
    path = tmp_path / "decisions.csv"
    path.write_text(
        f'id,decision,text,reason\n{first},reject,,"=a ""cough"""\n{second},,"Said 2, really.",\n{third},keep,,\n',
        encoding="utf-8",
    )
    rules = Recipe(select=Select(keep=("rate-outlier",)))
    built = build(bench.corpus, bench.out, rules, jobs=1, decisions=path)
    (item,) = built.rejected
    assert (item.id, item.reason) == (first, 'decided: =a "cough"')
    clips = pq.read_table(bench.out / "clips.parquet").to_pandas().set_index("id")
    assert clips.text[second] == "Said 2, really."
    assert clips.normalised[second] == "Said two, really."
    assert built.fresh == 1
    assert f"{second}|Said 2, really.|Said two, really." in (bench.out / "metadata.csv").read_text("utf-8").splitlines()


def test_decided_pieces_are_built(bench: Bench, tmp_path: Path) -> None:
    name = Path(bench.wavs[1]).stem
    path = tmp_path / "decisions.csv"
    path.write_text(f"id,decision,start,end\n{name},keep,0.5,1.25\n", encoding="utf-8")
    build(bench.corpus, bench.out, Recipe(pipeline=("format",)), jobs=1, decisions=path)
    row = pq.read_table(bench.out / "provenance.parquet").to_pandas().set_index("source_id").loc[name]
    assert (row.source_start_s, row.source_end_s) == (0.5, 1.25)
    made, _ = sf.read(bench.out / row.path, dtype="int16")
    source, rate = sf.read(bench.corpus / row.source_path, dtype="int16")
    assert list(made) == list(source[rate // 2 : rate * 5 // 4])


def test_a_draft_builds_nothing(bench: Bench, small_once: Made, tmp_path: Path) -> None:
    out = tmp_path / "new"
    document = draft(bench.corpus, out, Recipe(), jobs=1).describe()
    assert document["result"]["clips"] == 4
    assert document["result"]["bytes"] > 0
    assert {path.name for path in out.iterdir()} == {".ttsprep-build", "source"}
    draft(bench.corpus, bench.out, Recipe(), jobs=1)
    assert contents(bench.out) == contents(small_once.out), "nor does it unmake a build"


def test_a_refused_input_leaves_a_finished_build_finished(bench: Bench, small_once: Made, tmp_path: Path) -> None:
    path = tmp_path / "decisions.csv"
    path.write_text("id,decision\nnobody,keep\n", encoding="utf-8")
    with pytest.raises(UsageError, match="there is no clip 'nobody'"):
        build(bench.corpus, bench.out, Recipe(), jobs=1, decisions=path)
    with pytest.raises(UsageError, match="there is no file"):
        build(bench.corpus, bench.out, Recipe(), jobs=1, decisions=tmp_path / "none.csv")
    assert contents(bench.out) == contents(small_once.out)


def test_where_nothing_is_left_the_reasons_are(bench: Bench) -> None:
    with pytest.raises(CorpusError, match=r"every clip is rejected: 4 keep-hours.*rejected\.csv"):
        bench.build(select=Select(keep_hours=1e-9))
    assert len(read_rejected(bench.out / "rejected.csv")) == 4
    assert not (bench.out / "build.json").exists()
    with pytest.raises(CorpusError, match="narrowband"):
        bench.build(stages={"resample": {"sample_rate": 48_000}})


def test_held_out_speakers_leave_nothing_behind_that_was_trained_on(bench: Bench) -> None:
    """The same words of another speaker are in no part, so neither is their audio in the build."""
    rows = bench.corpus / "metadata.csv"
    names = [line.split("|") for line in rows.read_text(encoding="utf-8").splitlines()]
    rows.unlink()
    lines = []
    for number, (name, text) in enumerate(names):
        said = names[0][1] if number == 1 else text
        speaker = f"speaker {number}"
        lines.append(json.dumps({"audio_filepath": f"wavs/{name}.wav", "id": name, "text": said, "speaker": speaker}))
    (bench.corpus / "manifest.json").write_text("\n".join(lines) + "\n", encoding="utf-8")
    keep = ("rate-outlier", "text-duplicate", "speaker-outlier", "transcript-mismatch")
    unused = []
    for seed in range(40):
        parts = Split(by="speaker", valid=0.2, test=0.3, seed=seed)
        texts = [json.loads(line)["text"] for line in lines]
        speakers = [json.loads(line)["speaker"] for line in lines]
        unused = split([n for n, _ in names], speakers, texts, parts)
        if "" in unused:
            break
    built = bench.build(split=parts, select=Select(strictness="lenient", reject=(), keep=keep))
    out = {item.id for item in built.rejected if item.stage == "split"}
    assert out == {name for (name, _), part in zip(names, unused, strict=True) if not part}
    assert not out & {Path(name).stem for name in bench.stamps()}
    for table in ("clips.parquet", "provenance.parquet", "audit/clips.parquet"):
        assert not out & set(pq.read_table(bench.out / table)["id"].to_pylist())


def test_a_note_about_the_corpus_rejects_nothing(bench: Bench) -> None:
    """Names that were matched by their base name are told, and every line is a clip."""
    bench.lines(lambda lines: [f"D:\\voice\\{line}" for line in lines])
    built = bench.build()
    assert "audio-matched" in set(pd.read_parquet(bench.out / "source" / "findings.parquet")["code"])
    assert not [item for item in built.rejected if item.stage == "read"]


def test_a_build_after_an_audit_measures_nothing(spoken: Path, tmp_path: Path, shared_cache: Path) -> None:
    audited, built, copied = Recorder(), Recorder(), Recorder()
    audit(spoken, tmp_path / "audit", Recipe(), jobs=2, progress=audited)
    build(spoken, tmp_path / "out", Recipe(), jobs=2, progress=built)
    elsewhere = Path(shutil.copytree(spoken, tmp_path / "elsewhere"))
    again = audit(elsewhere, tmp_path / "again", Recipe(), jobs=2, progress=copied)
    assert audited.stages == [("measuring", 14, 14)]
    assert built.stages[0] == ("measuring the source", 14, 0)
    assert again.measured == 0
    first = pq.read_table(tmp_path / "audit" / "clips.parquet")
    for out in ("out/source", "again"):
        assert pq.read_table(tmp_path / out / "clips.parquet").equals(first)
    assert any(shared_cache.rglob("*.parquet"))

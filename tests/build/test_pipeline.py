"""A build: what becomes of every clip, what is written of it, and what the next build need not do again."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import soundfile as sf
from recorder import Recorder

from ttsprep.audit.defects.demo import make
from ttsprep.audit.defects.demo_sentences import SENTENCES
from ttsprep.audit.pipeline import audit
from ttsprep.build.config import Recipe, Select, Split
from ttsprep.build.pipeline import Built, draft
from ttsprep.build.pipeline import build as build_without_report
from ttsprep.build.provenance import ENTRIES, PROVENANCE, read_rejected
from ttsprep.build.split import split
from ttsprep.core.errors import CorpusError, OutputError, UsageError
from ttsprep.core.files import digest
from ttsprep.report.page import build_report

build = partial(build_without_report, report=build_report)

PLANTED = ("audio-missing", "audio-unreadable", "dc-offset", "leading-silence", "channels-mixed", "text-empty",
           "duplicate-audio", "text-unspeakable", "clipping")  # fmt: skip
REJECTED = {"demo-003", "demo-005", "demo-013", "demo-015-again", "demo-019"}
FIXED = {"demo-007": "dc-block", "demo-009": "trim", "demo-011": "mono"}
ODD = {"demo-001": "=1+1", "demo-002": "CON", "demo-004": "../../etc/passwd", "demo-006": "a b/c", "demo-008": "é",
       "demo-010": "x", "demo-012": "X", "demo-016": "a,\"b\"\nc", "demo-003": "@gone"}  # fmt: skip
BREAK = "demo-018"


@dataclass
class Made:
    """A corpus, its build, and the tables of that."""

    corpus: Path
    built: Built

    @property
    def out(self) -> Path:
        return self.built.out

    def table(self, name: str) -> pd.DataFrame:
        return pq.read_table(self.out / name).to_pandas()

    def provenance(self) -> pd.DataFrame:
        return self.table("provenance.parquet").set_index("source_id", drop=False)


@pytest.fixture(scope="module")
def hard(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Build a corpus of two speakers with defects, ids that are no names, and a text that a table cannot hold."""
    folder = tmp_path_factory.mktemp("hard")
    corpus = folder / "corpus"
    make(corpus, SENTENCES[:22], planted=PLANTED)
    lines = []
    for line in (corpus / "metadata.csv").read_text(encoding="utf-8").splitlines():
        name, text = line.split("|")
        lines.append({
            "audio_filepath": f"wavs/{name}.wav",
            "text": text.replace(" ", "\n", 1) if name == BREAK else text,
            "id": ODD.get(name, name),
            "speaker": "Ann" if name < "demo-012" else "Ben",
        })
    (corpus / "metadata.csv").unlink()
    manifest = "".join(json.dumps(line) + "\n" for line in lines)
    (corpus / "manifest.json").write_text(manifest + '{"text": "no audio"}\n', encoding="utf-8")
    recipe = Recipe(export=("kaldi", "audiofolder"), split=Split(valid=0.2, test=0.2))
    return Made(corpus, build(corpus, folder / "out", recipe, jobs=1))


def test_defects_are_rejected_with_their_reason_or_fixed(hard: Made) -> None:
    rejected = {item.id: item for item in hard.built.rejected if not item.stage.startswith("export ")}
    expected = {ODD.get(name, name) for name in REJECTED}
    assert expected <= set(rejected)
    line = {name for name in rejected if "manifest.json" in rejected[name].reason}
    assert len(line) == 1, "the line that is no clip is named"
    assert set(rejected) - expected - line <= {"demo-017"}, "only a clip with twice its text may go besides"
    assert rejected["@gone"].codes == ("audio-missing",)
    assert rejected["demo-005"].codes[0] == "audio-unreadable"
    assert rejected["demo-013"].codes[0] == "text-empty"
    assert rejected["demo-015-again"].codes[0] == "duplicate-audio"
    assert rejected["demo-019"].codes[0] == "clipping"
    assert all(item.reason for item in rejected.values())
    done = {row.source_id: json.loads(row.operations) for row in hard.provenance().itertuples()}
    for name, stage in FIXED.items():
        assert [step["did"] for step in done[name] if step["stage"] == stage] != [{}]


def test_every_clip_is_built_or_rejected_and_never_both(hard: Made) -> None:
    source = set(pq.read_table(hard.out / "source" / "clips.parquet")["id"].to_pylist())
    names = hard.provenance().set_index("id")["source_id"]
    built = {names[name] for name in hard.table("clips.parquet")["id"]}
    gone = {item.id for item in read_rejected(hard.out / "rejected.csv") if not item.stage.startswith("export ")}
    assert built | gone >= source
    assert not built & gone
    assert not (gone - source - {""}), "besides clips there is only the line that is none"
    assert read_rejected(hard.out / "rejected.csv") == hard.built.rejected


def test_a_text_that_a_form_cannot_hold_is_left_out_of_that_form_and_named(hard: Made) -> None:
    refused = {(item.id, item.stage) for item in hard.built.rejected if item.stage.startswith("export ")}
    assert refused <= {(ODD["demo-016"], "export ljspeech")}
    lines = (hard.out / "metadata.csv").read_text(encoding="utf-8").splitlines()
    assert BREAK in {line.split("|")[0] for line in lines}, "the text is on one line"
    assert len(lines) == len(hard.table("clips.parquet")) - len(refused)


def test_the_folder_holds_what_it_should_and_nothing_else(hard: Made) -> None:
    visible = {path.name for path in hard.out.iterdir() if not path.name.startswith(".")}
    assert visible == {
        "wavs", "metadata.csv", "clips.parquet", "rejected.csv", "provenance.parquet", "source", "audit",
        "report.html", "exports", "build.json", "README.md", "croissant.json", "re-record.csv",
    }  # fmt: skip
    assert {path.name for path in (hard.out / "exports").iterdir()} == {"kaldi", "audiofolder"}
    for folder in ("source", "audit"):
        names = {path.name for path in (hard.out / folder).iterdir() if not path.name.startswith(".")}
        assert names == {"clips.parquet", "findings.parquet", "verdicts.parquet", "summary.json", "run.json"}
    assert {path.name for path in (hard.out / "wavs").iterdir()} == {
        Path(path).name for path in hard.table("clips.parquet")["path"]
    }
    assert [path for path in hard.out.rglob(".*") if path.suffix in {".part", ".lock"} or path.name == ".journal"] == []


def test_ids_are_safe_names_and_tell_all_clips_apart(hard: Made) -> None:
    clips = hard.table("clips.parquet")
    assert clips["id"].is_unique
    assert len({name.casefold() for name in clips["id"]}) == len(clips)
    for name, path in zip(clips["id"], clips["path"], strict=True):
        assert path == f"wavs/{name}.wav"
        assert name not in {"CON", ".", ".."}
        assert not set(name) & set('/\\:*?"<>|\n\0')
        assert (hard.out / path).resolve().parent == (hard.out / "wavs").resolve()
    assert "é" in set(clips["id"]), "letters of any script stay as they are"


def test_texts_are_kept_and_normalised(hard: Made) -> None:
    given = {
        line["id"]: line["text"]
        for line in map(json.loads, (hard.corpus / "manifest.json").read_text(encoding="utf-8").splitlines()[:-1])
    }
    rows = hard.provenance()
    for name, text, normalised in rows[["source_id", "text", "normalised"]].itertuples(index=False):
        assert text == given[name]
        assert normalised == " ".join(text.split()) or any(c.isdigit() for c in text)
    clips = hard.table("clips.parquet").set_index("id")
    assert clips["text"].to_dict() == rows.set_index("id")["text"].to_dict()
    assert set(clips["speaker"]) == {"Ann", "Ben"}
    assert set(clips["language"]) == {"en-us"}


def test_provenance_says_where_every_sample_comes_from(hard: Made) -> None:
    table = pq.read_table(hard.out / "provenance.parquet")
    assert table.schema.remove_metadata().equals(PROVENANCE)
    moved = 0
    for row in table.to_pylist():
        source = hard.corpus / row["source_path"]
        assert row["source_sha256"] == digest(source)
        assert row["sha256"] == digest(hard.out / row["path"])
        given, rate = sf.read(source, dtype="float64", always_2d=True)
        info = sf.info(source)
        assert (row["source_rate"], row["source_channels"], row["source_frames"]) == (rate, given.shape[1], len(given))
        assert row["source_subtype"] == info.subtype
        built, rate = sf.read(hard.out / row["path"], dtype="float64", always_2d=True)
        assert (row["sample_rate"], row["channels"], row["frames"]) == (rate, 1, len(built))
        assert row["subtype"] == sf.info(hard.out / row["path"]).subtype == "PCM_16"
        assert (row["status"], row["status_reason"], row["status_stage"]) == ("ok", "", "")
        assert row["sample_rate"] == row["source_rate"], "nothing was resampled here"

        # source [lead removed, end - tail removed], without its offset, times the gain, is the output
        steps = {step["stage"]: step for step in json.loads(row["operations"])}
        assert list(steps) == ["mono", "dc-block", "resample", "trim", "loudness", "normalise", "format"]
        lead = round((row["lead_removed_s"] or 0.0) * rate)
        tail = round((row["tail_removed_s"] or 0.0) * rate)
        assert steps["trim"]["did"].get("lead_removed_s", 0.0) == pytest.approx(lead / rate, abs=1e-6)
        expected = given.mean(axis=1) - steps["dc-block"]["did"].get("dc_removed", 0.0)
        expected = expected[lead : len(expected) - tail] * 10 ** (row["gain_db"] / 20)
        assert len(expected) == len(built)
        fade = round(steps["trim"]["parameters"]["fade_s"] * rate)
        inner = slice(fade if lead else 0, len(built) - (fade if tail else 0))
        # half a step of rounding, one of dither, and the six digits of the offset
        assert np.abs(expected - built[:, 0])[inner].max() <= 1.6 / 2**15 + 2e-6
        moved += bool(lead)
    assert moved, "the test has seen a clip that was trimmed"


def test_parameters_are_told_with_what_was_done(hard: Made) -> None:
    for row in hard.provenance().itertuples():
        for step in json.loads(row.operations):
            assert set(step) == {"stage", "version", "parameters", "did"}
        steps = {step["stage"]: step for step in json.loads(row.operations)}
        assert steps["loudness"]["parameters"] == {"lufs": -23.0, "ceiling_dbtp": -1.0}
        assert steps["loudness"]["did"]["gain_db"] == pytest.approx(row.gain_db, abs=1e-4)
        assert steps["resample"]["parameters"]["sample_rate"] == 22_050, "what was open in the recipe is filled in"


def test_the_document_adds_up(hard: Made) -> None:
    document = json.loads((hard.out / "build.json").read_text(encoding="utf-8"))
    assert document == hard.built.document
    clips = hard.table("clips.parquet")
    assert document["result"]["clips"] == len(clips)
    assert document["result"]["speakers"] == 2
    assert document["result"]["sample_rates"] == [22_050]
    assert document["result"]["splits"] == clips["split"].value_counts().to_dict()
    assert document["result"]["hours"] == pytest.approx((clips["frames"] / clips["sample_rate"]).sum() / 3600, abs=1e-6)
    assert document["source"]["clips"] == 23
    assert document["recipe"]["export"] == ["kaldi", "audiofolder"]
    gone = {item.id for item in hard.built.rejected if not item.stage.startswith("export ")}
    assert document["rejected"]["clips"] == len(gone)
    apart = [item for item in hard.built.rejected if item.stage.startswith("export ")]
    assert sum(document["rejected"]["reasons"].values()) == len(hard.built.rejected) - len(apart)
    assert sum(document["refused_by_exports"].values()) == len(apart)
    assert document["findings"]["dc-offset"] == {"before": 1, "after": 0}
    assert pq.read_schema(hard.out / "clips.parquet").remove_metadata().equals(ENTRIES)


def test_the_result_is_audited_and_has_no_error(hard: Made) -> None:
    after = pq.read_table(hard.out / "audit" / "clips.parquet").to_pandas()
    assert after["id"].tolist() == hard.table("clips.parquet")["id"].tolist()
    assert set(after["status"]) == {"ok"}
    found = pq.read_table(hard.out / "audit" / "findings.parquet").to_pandas()
    assert not ((found["severity"] == "error") & (found["clip"] != "")).any()


def test_the_report_and_the_tables_name_nothing_of_the_machine(hard: Made) -> None:
    page = (hard.out / "report.html").read_text(encoding="utf-8")
    assert "demo-019" in page
    for path in hard.out.rglob("*"):
        if path.is_file() and not path.name.startswith(".") and path.suffix != ".wav":
            assert str(hard.corpus.parent).encode() not in path.read_bytes(), path


def test_the_build_is_a_corpus_itself(hard: Made, tmp_path: Path) -> None:
    """Kept clips come through a second build as they are: loudness, room and text are what was asked for."""
    keep = tmp_path / "corpus"
    shutil.copytree(hard.out, keep)
    second = build(keep, tmp_path / "again", Recipe(), jobs=1)
    first = hard.table("clips.parquet")
    assert second.document["source"]["clips"] == len(first)
    assert [item for item in second.rejected if not item.stage.startswith("export ")] == []
    rows = pq.read_table(second.out / "provenance.parquet").to_pandas()
    assert rows["normalised"].tolist() == first["normalised"].tolist()
    assert rows["gain_db"].abs().max() < 0.1
    assert rows["lead_removed_s"].fillna(0).max() < 0.03


# --- what the next build need not do again


@pytest.fixture(scope="module")
def small_once(spoken_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Four clips, and their build, neither of which is to be changed."""
    corpus = Path(shutil.copytree(spoken_once, tmp_path_factory.mktemp("small") / "corpus"))
    lines = (corpus / "metadata.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    lines.sort(key=len)
    (corpus / "metadata.csv").write_text("".join(lines[:4]), encoding="utf-8")
    wanted = {line.split("|")[0] for line in lines[:4]}
    for path in (corpus / "wavs").iterdir():
        if path.stem not in wanted:
            path.unlink()
    return Made(corpus, build(corpus, corpus.with_name("out"), Recipe(), jobs=1))


class Bench:
    """A copy of a corpus and of its build, for a test to change and build again."""

    def __init__(self, folder: Path, made: Made) -> None:
        self.corpus, self.out = folder / "corpus", folder / "out"
        shutil.copytree(made.corpus, self.corpus)
        shutil.copytree(made.out, self.out)
        self.wavs = sorted(path.name for path in (self.out / "wavs").iterdir())

    def build(self, **recipe: object) -> Built:
        return build(self.corpus, self.out, Recipe(**recipe), jobs=1)

    def lines(self, change: Callable[[list[str]], list[str]]) -> None:
        path = self.corpus / "metadata.csv"
        changed = change(path.read_text(encoding="utf-8").splitlines())
        path.write_text("".join(f"{line}\n" for line in changed), encoding="utf-8")

    def changed(self, since: dict[str, tuple[int, ...]]) -> set[str]:
        now = self.stamps()
        return {name for name in now.keys() | since.keys() if now.get(name) != since.get(name)}

    def stamps(self) -> dict[str, tuple[int, ...]]:
        return {p.name: (p.stat().st_ino, p.stat().st_mtime_ns) for p in (self.out / "wavs").iterdir()}


@pytest.fixture
def bench(small_once: Made, tmp_path: Path) -> Bench:
    return Bench(tmp_path, small_once)


def contents(out: Path) -> dict[str, bytes]:
    """Return every visible file of a build."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def test_an_unchanged_build_is_left_alone(bench: Bench, small_once: Made) -> None:
    expected = contents(small_once.out)
    copied = bench.build()  # a copy has other times: everything is looked at, nothing is built
    assert copied.fresh == 0
    assert contents(bench.out) == expected
    before = {path: path.lstat() for path in bench.out.rglob("*")}
    progress = Recorder()
    again = build(bench.corpus, bench.out, Recipe(), jobs=1, progress=progress)
    assert (again.fresh, progress.stages) == (0, [])
    assert again.document == copied.document
    assert {path: path.lstat() for path in bench.out.rglob("*")} == before


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


# --- where it may write


def test_a_folder_with_anything_else_is_refused_untouched(bench: Bench, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("three years of work", encoding="utf-8")
    before = other.stat().st_mtime_ns, sorted(other.iterdir())
    for _ in range(2):
        with pytest.raises(OutputError, match=r"holds 'thesis\.txt', which ttsprep build did not write"):
            build(bench.corpus, other, Recipe(), jobs=1)
    with pytest.raises(OutputError, match="is a file"):
        build(bench.corpus, other / "thesis.txt", Recipe(), jobs=1)
    assert (other.stat().st_mtime_ns, sorted(other.iterdir())) == before


def test_neither_may_lie_inside_the_other(bench: Bench, tmp_path: Path) -> None:
    before = contents(bench.corpus)
    (tmp_path / "alias").symlink_to(bench.corpus)
    for out in (bench.corpus, bench.corpus / "out", tmp_path / "alias" / "wavs"):
        with pytest.raises(OutputError, match="inside the source"):
            build(bench.corpus, out, Recipe(), jobs=1)
    built = contents(bench.out)
    for source in (bench.out, bench.out / "wavs"):  # audio would be swept away as not being of the build
        with pytest.raises(OutputError, match="inside"):
            build(source, bench.out, Recipe(), jobs=1)
    assert contents(bench.corpus) == before
    assert contents(bench.out) == built


@pytest.mark.parametrize("name", ["wavs", "source", "audit", "exports", ".journal", "exports/kaldi"])
def test_a_linked_folder_is_not_written_through(bench: Bench, tmp_path: Path, name: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine.wav").write_bytes(b"mine")
    link = bench.out / name
    if link.is_dir():
        shutil.rmtree(link)
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(elsewhere)
    with pytest.raises(OutputError, match="link"):
        bench.build(export=("kaldi",))
    assert [(path.name, path.read_bytes()) for path in elsewhere.iterdir()] == [("mine.wav", b"mine")]


def test_linked_files_are_not_written_through(bench: Bench, small_once: Made, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    names = [f"wavs/{bench.wavs[0]}", "metadata.csv", "clips.parquet", "build.json", "report.html",
             f"wavs/.{bench.wavs[1]}.part", "audit/run.json"]  # fmt: skip
    mine.write_bytes(b"mine")
    for name in names:
        (bench.out / name).unlink(missing_ok=True)
        (bench.out / name).symlink_to(mine)
    bench.build()
    assert mine.read_bytes() == b"mine"
    assert contents(bench.out) == contents(small_once.out)
    assert not any(path.is_symlink() for path in bench.out.rglob("*"))


@pytest.mark.parametrize("name", ["wavs/nobody.wav", "exports/old/file", "thesis.txt", "source/mine.csv", ".x.part"])
def test_a_file_that_the_build_did_not_write_is_neither_removed_nor_built_beside(bench: Bench, name: str) -> None:
    mine = bench.out / name
    mine.parent.mkdir(parents=True, exist_ok=True)
    mine.write_bytes(b"not ours")
    before = contents(bench.out)
    with pytest.raises(OutputError, match=f"holds '{name}', which ttsprep build did not write"):
        bench.build(stages={"format": {"container": "flac"}})
    assert contents(bench.out) == before
    mine.unlink()
    bench.build(stages={"format": {"container": "flac"}})
    assert {path.suffix for path in (bench.out / "wavs").iterdir()} == {".flac"}


def test_a_build_behind_a_link_is_fine(small_once: Made, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    built = build(small_once.corpus, tmp_path / "out", Recipe(), jobs=1)
    assert built.fresh == 4


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

"""A build: what becomes of every clip, and what is written of it."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile as sf

from build.bench import Made, build
from ttsprep.audit.defects.demo import make
from ttsprep.audit.defects.demo_sentences import SENTENCES
from ttsprep.build.config import Recipe, Split
from ttsprep.build.provenance import ENTRIES, PROVENANCE, read_rejected
from ttsprep.core.files import digest

PLANTED = ("audio-missing", "audio-unreadable", "dc-offset", "leading-silence", "channels-mixed", "text-empty",
           "duplicate-audio", "text-unspeakable", "clipping")  # fmt: skip
REJECTED = {"demo-003", "demo-005", "demo-013", "demo-015-again", "demo-019"}
FIXED = {"demo-007": "dc-block", "demo-009": "trim", "demo-011": "mono"}
ODD = {"demo-001": "=1+1", "demo-002": "CON", "demo-004": "../../etc/passwd", "demo-006": "a b/c", "demo-008": "é",
       "demo-010": "x", "demo-012": "X", "demo-016": "a,\"b\"\nc", "demo-003": "@gone"}  # fmt: skip
BREAK = "demo-018"


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
        if path.is_file() and not path.name.startswith("."):
            if path.suffix == ".wav" or path.name == "wav.scp":  # which Kaldi reads from any folder
                continue
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

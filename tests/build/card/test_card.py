"""What a build says of itself: the card, the Croissant metadata, and the sentences to record again."""

import csv
import json
from pathlib import Path

import pytest
import soundfile as sf

from ttsprep.audit.select import Rejection
from ttsprep.build.card.rerecord import sentences_to_record
from ttsprep.build.options import build_recipe, with_licence
from ttsprep.build.pipeline import Built, build
from ttsprep.core.files import digest
from ttsprep.core.types import Clip
from ttsprep.corpora.exports.base import Entry


@pytest.fixture(scope="module")
def made(spoken_module: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Return a build of a corpus with one clipped clip."""
    path = spoken_module / "wavs" / "demo-004.wav"
    samples, rate = sf.read(path)
    sf.write(path, (40 * samples).clip(-1, 1), rate)
    recipe = with_licence(build_recipe(export=["parquet"]), "CC-BY-4.0")
    return build(spoken_module, tmp_path_factory.mktemp("card") / "out", recipe, jobs=1)


def test_the_card_is_read_by_hugging_face(made: Built) -> None:
    hub = pytest.importorskip("huggingface_hub", reason="reads cards")
    card = hub.DatasetCard.load(made.out / "README.md")
    data = card.data.to_dict()
    assert data["license"] == "cc-by-4.0"
    assert data["language"] == ["en"]
    assert data["size_categories"] == ["n<1K"]
    splits = {row["name"]: row["num_examples"] for row in data["dataset_info"]["splits"]}
    assert sum(splits.values()) == made.document["result"]["clips"] == 13
    (audio, _) = data["dataset_info"]["features"]
    assert audio["dtype"]["audio"]["sampling_rate"] == made.document["result"]["sample_rates"][0]
    for row in data["configs"][0]["data_files"]:
        assert list(made.out.glob(row["path"]))
    assert "| `clipping` | 1 | " in card.text
    assert "provenance.parquet" in card.text
    assert "1 sentence that is missing" in card.text


def test_the_metadata_is_croissant(made: Built) -> None:
    path = made.out / "croissant.json"
    about = json.loads(path.read_text(encoding="utf-8"))
    assert about["license"] == "CC-BY-4.0"
    for file in about["distribution"]:
        assert digest(made.out / file["contentUrl"]) == file["sha256"]
    croissant = pytest.importorskip("mlcroissant", reason="validates Croissant")
    dataset = croissant.Dataset(jsonld=str(path))
    assert dataset.metadata.issues.errors == set()
    records = list(dataset.records(record_set="clips"))
    assert len(records) == made.document["result"]["clips"]


def test_the_sentences_to_record_again(made: Built) -> None:
    with (made.out / "re-record.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["id"] == "demo-004"
    assert row["text"]
    assert row["codes"].split()[0] == "clipping"
    assert row["fix"]


def test_what_another_recording_does_not_mend_is_not_recorded_again() -> None:
    words = ["One", "Two", "Three", "Four", "Five", "Six", "One!"]
    source = {name: Clip(name, "", text, "a") for name, text in zip("abcdefg", words, strict=True)}
    stages = {"a": "select", "b": "best-take", "c": "decisions", "d": "export kaldi", "f": "select", "g": "select"}
    codes = {"a": ("clipping",), "f": ("text-encoding", "trainer-text"), "g": ("noisy",)}
    rejected = [Rejection(name, stage, codes.get(name, ()), "why") for name, stage in stages.items()]
    kept = [Entry("e", "", "five", "five", "a", "", "train", 1, 1, 1, "")]
    rows = sentences_to_record([*rejected, Rejection("no clip", "read", (), "")], source, kept)
    assert [row[0] for row in rows] == ["a", "c"]

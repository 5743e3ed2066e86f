"""The comparison of arms, with a voice that learns nothing: everything is done, and a stop changes nothing."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

torch = pytest.importorskip("torch", reason="needs the extra codec")
pytest.importorskip("whisper", reason="needs the extra asr")
pytest.importorskip("speechmos", reason="needs the extra mos")

from benchmarks.curation_pays.__main__ import examples, main  # noqa: E402
from benchmarks.curation_pays.arms import Arms, Damage, defects, held_out  # noqa: E402
from benchmarks.curation_pays.compare import Scores, costs  # noqa: E402
from benchmarks.curation_pays.figure import DOCS, figures  # noqa: E402
from benchmarks.curation_pays.model import Size  # noqa: E402
from benchmarks.curation_pays.phones import Inventory, tokens  # noqa: E402
from benchmarks.curation_pays.train import Plan, train  # noqa: E402
from ttsprep import read_corpus  # noqa: E402
from ttsprep.codec import Codec  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:unclosed file .*tiktoken:ResourceWarning")  # of the package itself
TINY = Size(width=16, encoder=1, prosody_width=8, prosody=1, decoder=1)


@pytest.mark.slow
def test_every_arm_is_made_trained_and_scored(
    spoken_once: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--whisper", str(checkpoint), "--work", str(tmp_path), "--share", "0.5", "--held", "3"]
    options += ["--steps", "2", "--width", "16"]
    main([str(spoken_once), *options])
    (path,) = tmp_path.glob("*/spoken-50-0-2.csv")
    table = pd.read_csv(path)
    assert table.groupby("arm").size().to_dict() == dict.fromkeys(["nano16", *"ABCDEOP"], 3)
    clean = read_corpus(spoken_once)
    assert set(table["id"]) == {clean.ids[i] for i in held_out(clean, 3)}
    assert (table[["nats", "mcd_db"]] > 0).all().all()
    assert "gap B to O closed" in capsys.readouterr().out

    work = path.parent
    planted = pd.read_csv(work / "planted.csv")
    arms = Arms(spoken_once, work, Damage(0.5), 3)
    made = {name: arms.make(name) for name in "ABCDOP"}
    assert len(planted) == round(0.5 * 11)
    assert made["A"].ids == made["B"].ids == set(clean.ids) - set(table["id"])
    assert made["O"].ids == made["B"].ids - set(planted["id"])
    assert len(made["D"].ids) == len(made["C"].ids)

    assert {defect.code for defect in defects(["clipping"])} == {"clipping"}
    assert [defect.name for defect in defects(["-18 dB"])] == ["-18 dB"]
    with pytest.raises(SystemExit, match="no code or name of a defect is 'snow'"):
        defects(["clipping", "snow"])

    left = pd.read_csv(tmp_path / work.name / "spoken-50-0-left.csv", index_col=0)
    assert left["planted"].sum() == left["B"].drop("none").sum() == len(planted)
    assert left["O"].drop("none").sum() == 0 and left.loc["none", "O"] == left.loc["none", "B"] == 11 - len(planted)

    written = {one: one.stat().st_mtime_ns for one in work.rglob("*.pt")}
    main([str(spoken_once), *options])  # nothing is done again
    assert {one: one.stat().st_mtime_ns for one in work.rglob("*.pt")} == written

    clean_voice = tmp_path / "spoken-0-0" / "A" / "2.pt"
    trained = clean_voice.stat().st_mtime_ns
    main([str(spoken_once), *options, "--each", "--defects", "-18 dB", "3 s before"])
    (path,) = tmp_path.glob("*-each/*.csv")
    assert set(pd.read_csv(path)["arm"]) == {"nano16", "A", "-18 dB", "3 s before"}
    assert clean_voice.stat().st_mtime_ns == trained  # of no defect: one voice for all kinds and shares
    one = pd.read_csv(tmp_path / "spoken-50-0--18-dB" / "planted.csv")
    assert set(one["defect"]) == {"-18 dB"} and len(one) == len(planted)


def test_a_stopped_training_goes_on_as_if_it_had_not_been_stopped(spoken_once: Path, tmp_path: Path) -> None:
    arm = Arms(spoken_once, tmp_path, Damage(), 4).make("A")
    data, inventory = examples(arm, Codec.load("nano16"), tmp_path / "features")
    plan = Plan(steps=5, batch=4, warm_up=2, size=TINY)  # an epoch has three batches
    assert all(sum(one.durations) == len(one.features.latents) for one in data)
    assert train(data, inventory, plan, tmp_path / "at once.pt")
    for last in (2, 4):
        assert not train(data, inventory, plan, tmp_path / "stopped.pt", until=last)
    assert train(data, inventory, plan, tmp_path / "stopped.pt")
    one, other = (torch.load(tmp_path / f"{name}.pt", weights_only=True) for name in ("at once", "stopped"))
    assert one["voice"].keys() == other["voice"].keys()
    assert all(torch.equal(value, other["voice"][name]) for name, value in one["voice"].items())
    with pytest.raises(SystemExit, match="another plan"):
        train(data, inventory, Plan(steps=6, size=TINY), tmp_path / "stopped.pt")


def test_a_gap_and_what_is_closed_of_it() -> None:
    random = np.random.default_rng(0)
    hard = random.uniform(1, 5, 200)
    nats = {"B": hard + 1, "O": hard, "C": hard + 0.2 + random.normal(0, 0.05, 200)}
    frames = [
        pd.DataFrame({"arm": arm, "seed": 0, "id": range(200), "nats": own, "words": 1}) for arm, own in nats.items()
    ]
    scores = Scores(pd.concat(frames))
    closed = scores.closed("nats", "C")
    assert closed.low < closed.value < closed.high
    assert closed.value == pytest.approx(0.8, abs=0.02)  # sentences are paired: their hardness cancels
    assert closed.high - closed.low < 0.05
    assert scores.difference("nats", "C", "B").high < 0
    assert scores.value("nats", "B").high - scores.value("nats", "B").low > 0.2


def test_what_a_kind_of_defect_costs_is_its_difference_from_the_clean_corpus() -> None:
    values = {"letter_errors": 0, "letters": 1, "word_errors": 0, "words": 1, "mcd_db": 0, "seed": 0, "id": range(9)}
    nats = {"A": 1.0, "mild": 1.25, "bad": 2.0, "nano16": 0.5}
    table = costs(pd.concat([pd.DataFrame({"arm": arm, "nats": value} | values) for arm, value in nats.items()]))
    assert table["planted"].tolist() == ["bad", "mild"]
    assert table["nats"].tolist() == ["1.000 (1.000 to 1.000)", "0.250 (0.250 to 0.250)"]


def test_the_figures_are_drawn_from_the_results() -> None:
    for name, drawing in figures().items():
        assert (DOCS / name).read_text(encoding="utf-8") == drawing, (
            f"python -m benchmarks.curation_pays.figure: {name}"
        )


def test_a_phone_that_was_never_seen_becomes_one_that_begins_like_it() -> None:
    inventory = Inventory.of([tokens("Are you there?", "en-us")])
    assert inventory.numbers(["ɑːɹ"]) == inventory.numbers(["ɑːɹl"]) != [0]
    assert inventory.numbers(["ʒ"]) == []

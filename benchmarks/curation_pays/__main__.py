"""Train a voice on each arm of a corpus, let it read sentences that none has seen, and compare.

    python -m benchmarks.curation_pays CORPUS --whisper WEIGHTS [--arms A B P C O D E] [--work FOLDER] [--steps N]

What is done already in the folder of the work is not done again: stop it at any time and give the same command.
"""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmarks.curation_pays.align import durations
from benchmarks.curation_pays.arms import ARMS, Arm, Arms, Damage, defects
from benchmarks.curation_pays.compare import costs, summary
from benchmarks.curation_pays.features import Features, remembered
from benchmarks.curation_pays.model import Size
from benchmarks.curation_pays.phones import Inventory, tokens
from benchmarks.curation_pays.score import score
from benchmarks.curation_pays.speak import speak, through_codec
from benchmarks.curation_pays.train import Example, Plan, load, quicken, train
from ttsprep.codec import Codec
from ttsprep.core.files import atomic_write
from ttsprep.corpora.corpus import Corpus


def examples(arm: Arm, codec: Codec, kept: Path) -> tuple[list[Example], Inventory]:
    """Return the clips of an arm with the durations that are learnt from them alone."""
    clips: list[Features] = []
    texts: list[list[str]] = []
    for place in arm.places:
        found = remembered(codec, arm.corpus, place, kept)
        text = tokens(arm.corpus.clips[place].text, arm.corpus.clips[place].language)
        if found is not None and len(text) > 2:
            clips.append(found)
            texts.append(text)
    inventory = Inventory.of(texts)
    numbers = [inventory.numbers(text) for text in texts]
    found_durations = durations(clips, numbers, inventory)
    rows = zip(numbers, found_durations, clips, strict=True)
    return [Example(text, lasting, clip) for text, lasting, clip in rows if lasting is not None], inventory


def recordings(corpus: Corpus, places: list[int], codec: Codec, kept: Path) -> list[Features]:
    """Return the features of the held-out recordings."""
    found = [remembered(codec, corpus, place, kept) for place in places]
    return [one for one in found if one is not None]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--whisper", type=Path, required=True, help="Checkpoint that no arm is curated with.")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=["A", "B", "P", "C", "O", "D", "E"])
    parser.add_argument("--work", type=Path, default=Path("proof"))
    parser.add_argument("--results", type=Path, help="Folder for the CSV; that of the work if not given.")
    parser.add_argument("--share", type=float, default=0.3, help="Of the clips that are spoiled.")
    parser.add_argument(
        "--defects", nargs="+", default=[], metavar="CODE|NAME", help="Plant all of these, not the mixture."
    )
    parser.add_argument("--each", action="store_true", help="Plant each alone: B of each against A.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--held", type=int, default=40)
    parser.add_argument("--steps", type=int, default=Plan().steps)
    parser.add_argument("--stop-at", type=int, default=0, help="Step to stop every training at, to go on another time.")
    parser.add_argument("--width", type=int, default=Size().width)
    given = parser.parse_args(arguments)
    work = _folder(given, given.share, [*given.defects, *["each"] * given.each])
    results: Path = given.results or work
    results.mkdir(parents=True, exist_ok=True)
    if given.each:
        kinds = [defect.name for defect in defects(given.defects)]
        spoiled = [_scored(given, ["B"], (kind,)).query("arm == 'B'").assign(arm=kind) for kind in kinds]
        table = pd.concat([_scored(given, ["A"], ()), *spoiled]).drop(columns="heard").round(4)
    else:
        table = _scored(given, given.arms, tuple(given.defects))
    atomic_write(results / f"{work.name}-{given.steps}.csv", table.to_csv(index=False).encode())
    print((costs(table) if given.each else summary(table).T).to_string(header=given.each))
    if not given.each and (work / "planted.csv").exists():
        left = spoiled_left(work, given.arms)
        atomic_write(results / f"{work.name}-left.csv", left.to_csv().encode())
        print(left.to_string())


def _folder(given: argparse.Namespace, share: float, kinds: Sequence[str]) -> Path:
    parts = [given.corpus.name, round(100 * share), given.seed, *(re.sub(r"[^\w.]+", "-", kind) for kind in kinds)]
    folder: Path = given.work / "-".join(map(str, parts))
    return folder


def _scored(given: argparse.Namespace, names: Sequence[str], kinds: tuple[str, ...]) -> pd.DataFrame:
    """Train and score what is not done yet of some arms of a corpus with some kinds of defects; return the scores.

    What no defect reaches, arm A and the codec alone, is the same for every share and kind.
    """
    work, clean = _folder(given, given.share, kinds), _folder(given, 0, ())
    kept, codec = given.work / "features", Codec.load("nano16")
    plan = Plan(steps=given.steps, seed=given.seed, size=Size(width=given.width))
    arms = Arms(given.corpus, work, Damage(given.share, kinds, given.seed), given.held)
    sentences, real = [arms.clean.clips[i] for i in arms.held], recordings(arms.clean, arms.held, codec, kept)
    folders = {name: (clean if name == "A" else work) / name for name in names}
    tables = {"nano16": clean / "nano16.csv"} | {name: folders[name] / f"{plan.steps}.csv" for name in names}
    if not tables["nano16"].exists():
        sounds = through_codec(codec, [one.latents for one in real], real[0].level)
        _write(score(sounds, sentences, given.whisper, real), "nano16", given.seed, tables["nano16"])
    for name in names:
        path, clips = folders[name] / f"{plan.steps}.pt", folders[name] / "clips.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        if tables[name].exists() and clips.exists():
            continue
        arm = arms.make(name)
        atomic_write(clips, "\n".join(sorted(arm.ids)).encode())
        if not tables[name].exists() and train(*examples(arm, codec, kept), plan, path, until=given.stop_at):
            sounds = speak(load(path), codec, [clip.text for clip in sentences], sentences[0].language)
            _write(score(sounds, sentences, given.whisper, real), name, given.seed, tables[name])
    return pd.concat([pd.read_csv(path) for path in tables.values() if path.exists()])


def spoiled_left(work: Path, names: Sequence[str]) -> pd.DataFrame:
    """Return how many clips of each kind of defect were planted, and how many each arm has; last the clips without."""
    planted = pd.read_csv(work / "planted.csv").set_index("id")["defect"]
    rows = {"planted": planted.value_counts()}
    for name in names:
        if name != "A":
            ids = (work / name / "clips.txt").read_text(encoding="utf-8").splitlines()
            rows[name] = planted.reindex(ids).fillna("none").value_counts()
    return pd.DataFrame(rows).fillna(0).astype(int)


def _write(table: pd.DataFrame, arm: str, seed: int, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, table.assign(arm=arm, seed=seed).to_csv(index=False).encode())


if __name__ == "__main__":
    quicken()
    main()

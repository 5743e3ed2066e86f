"""Whether texts that were swapped are all named, and go back to their clips in a build.

    python benchmarks/swaps.py CORPUS --asr-model PATH [--language en] [--clips 120] [--pairs 6] [--cycles 4]

Copies clips of a corpus of one folder of audio and a metadata.csv, swaps texts in pairs and in cycles of three, audits
the copy with `--listen asr`, and builds it with `proposed-decisions.csv` as it was written.
"""

import argparse
import os
import random
import shutil
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from ttsprep.audit.pipeline import PROPOSED, Extras, audit
from ttsprep.build.config import Recipe
from ttsprep.build.pipeline import build
from ttsprep.core.types import Clip
from ttsprep.corpora.corpus import read_corpus
from ttsprep.models.asr import Asr
from ttsprep.models.base import SelectedModels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--asr-model", required=True)
    parser.add_argument("--language", default="en")
    parser.add_argument("--clips", type=int, default=120)
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument("--cycles", type=int, default=4)
    asked = parser.parse_args()
    chance = random.Random(0)
    todo = read_corpus(asked.corpus, language=asked.language)
    known = [clip for clip in todo.clips if len(clip.text.split()) >= 4 and "|" not in clip.text]
    clips = chance.sample(known, min(asked.clips, len(known)))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TTSPREP_CACHE"] = str(Path(folder) / "cache")  # nothing is known from before
        measure(asked, todo.root, clips, Path(folder))


def measure(asked: argparse.Namespace, root: Path, clips: list[Clip], folder: Path) -> None:
    """Swap texts in a copy, and print how many were named and put back."""
    sizes = [2] * asked.pairs + [3] * asked.cycles
    rings, at = [], 0
    for size in sizes:
        rings.append(range(at, at + size))
        at += size
    given = {clip.id: clip.text for clip in clips}
    for ring in rings:
        for place, other in zip(ring, [*ring[1:], ring[0]], strict=True):
            given[clips[place].id] = clips[other].text
    moved = {clips[place].id for ring in rings for place in ring}
    corpus = folder / "corpus"
    (corpus / "wavs").mkdir(parents=True)
    for clip in clips:
        shutil.copy(root / clip.path, corpus / "wavs" / f"{clip.id}{Path(clip.path).suffix}")
    lines = "".join(f"{clip.id}|{given[clip.id]}\n" for clip in clips)
    (corpus / "metadata.csv").write_text(lines, encoding="utf-8")
    rules = Recipe(language=asked.language)
    findings = audit(
        corpus, folder / "audit", rules, jobs=1, extras=Extras(SelectedModels((Asr(asked.asr_model),)))
    ).findings
    found = findings[findings.code == "transcript-mismatch"]
    named = set(found["clip"][found.message.str.contains("its words are the text of")])
    doubted = set(found["clip"])
    print(f"{len(clips)} clips, {asked.pairs} pairs and {asked.cycles} cycles of three swapped: {len(moved)} texts")
    print(f"found {len(doubted & moved)}, with another clip named {len(named & moved)}")
    print(f"others that were found: {sorted(doubted - moved)}, named {sorted(named - moved)}")
    build(corpus, folder / "built", rules, jobs=1, decisions=folder / "audit" / PROPOSED)
    built = pq.read_table(folder / "built" / "clips.parquet").to_pandas()
    texts = dict(zip(built.id, built.text, strict=True))
    right = {clip.id for clip in clips if texts.get(clip.id) == clip.text}
    wrong = sorted(set(texts) - right)
    print(f"built {len(built)} clips, {len(right & moved)} of {len(moved)} texts back in place; wrong: {wrong}")


if __name__ == "__main__":
    main()

"""What becomes of planted defects in a build, and how many clean clips it rejects.

    python benchmarks/build_accuracy.py NAME:PATH:LANGUAGE ... [--rounds 4] [--clips 250] [--recipe R]

Every round copies clips of a corpus, plants one defect in each of a few of them, and builds that corpus for real. A
planted clip is *rejected*, or *fixed* if neither the defect's finding nor any error is left on it in the audit of
the result, or *left*. Everything is counted, also what was not found.
"""

import argparse
import os
import shutil
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile as sf

from ttsprep.audit.defects.inject import Defect, Take
from ttsprep.audit.defects.inject_files import DEFECTS
from ttsprep.build.config import load
from ttsprep.build.pipeline import build
from ttsprep.core import audio
from ttsprep.core.files import inside, safe_names
from ttsprep.core.signal import Signal
from ttsprep.corpora.corpus import read_corpus

SHARE = 0.1
"""Of the clips of a round that are spoilt: few enough to leave the corpus what it is."""


def take_of(root: Path, path: str, text: str) -> Take:
    decoded = audio.read(inside(root, path))
    return Take(Signal(decoded).samples, decoded.rate, text)


def make_round(corpus, clips, defects: list[Defect], folder: Path, random: np.random.Generator) -> dict[str, Defect]:
    """Write a corpus with one clip for each of `defects` spoilt; return which."""
    (folder / "wavs").mkdir(parents=True)
    order = random.permutation(len(clips))
    planted: dict[str, Defect] = {}
    lines = []
    waiting = list(defects)
    for i in order:
        clip = clips[i]
        source = inside(corpus.root, clip.path)
        text = clip.text
        file = folder / "wavs" / f"{clip.id}.wav"
        fitting = [d for d in waiting if d.words <= len(text.split())]
        if fitting:
            defect = fitting[0]
            take = take_of(corpus.root, clip.path, text)
            others = [take_of(corpus.root, clips[j].path, clips[j].text) for j in random.permutation(len(clips))[:12]]
            other = next((o for o in others if not 0.6 <= (len(o.text) + 1) / (len(text) + 1) <= 1.6), None)
            if defect.least_rate <= take.rate and (other or defect.words <= 1):
                spoilt = defect.plant(take, other or take, random)
                sf.write(file, spoilt.samples, spoilt.rate, subtype=spoilt.subtype, format="WAV")
                if defect.spoil:
                    defect.spoil(file)
                text = spoilt.text
                planted[clip.id] = defect
                waiting.remove(defect)
            elif defect.least_rate > take.rate:
                waiting.remove(defect)
        if clip.id not in planted:
            decoded = audio.read(source)
            sf.write(file, decoded.samples, decoded.rate, subtype="PCM_16")
        lines.append(f"{clip.id}|{text}\n")
    (folder / "metadata.csv").write_text("".join(lines), encoding="utf-8")
    return planted


def main() -> None:  # noqa: PLR0915
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpora", nargs="+", metavar="NAME:PATH:LANGUAGE")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--clips", type=int, default=250)
    parser.add_argument("--recipe", default="generic")
    options = parser.parse_args()
    for which in options.corpora:
        name, path, language = which.split(":")
        recipe = load(options.recipe).model_copy(update={"language": language})
        outcomes: dict[tuple[str, str], Counter[str]] = {}
        clean, lost, why = 0, 0, Counter()
        for number in range(options.rounds):
            random = np.random.default_rng(number)
            todo = read_corpus(Path(path), recipe.layout, recipe.language)
            chosen = [todo.clips[i] for i in sorted(random.permutation(len(todo.clips))[: options.clips])]
            names = safe_names([clip.id for clip in chosen])
            chosen = [replace(clip, id=names[clip.id]) for clip in chosen if "|" not in clip.text]
            kinds = [d for d in DEFECTS if d.code != "duplicate-audio"]
            size = int(len(chosen) * SHARE)
            start = number * size
            defects = [kinds[(start + i) % len(kinds)] for i in range(size)]
            with tempfile.TemporaryDirectory(prefix="ttsprep-bench-") as folder:
                os.environ["TTSPREP_CACHE"] = str(Path(folder) / "cache")  # nothing is known from before
                source, out = Path(folder, "corpus"), Path(folder, "out")
                planted = make_round(todo, chosen, defects, source, random)
                built = build(source, out, recipe, jobs=len(os.sched_getaffinity(0)))
                gone = {item.id: item for item in built.rejected}
                after = pd.read_parquet(out / "audit" / "findings.parquet")
                before = pd.read_parquet(out / "source" / "findings.parquet")
                shutil.rmtree(out)
            for clip, defect in planted.items():
                left = after[after["clip"] == clip]
                found = before[(before["clip"] == clip) & (before["severity"] == "error")]
                bad = (left["code"] == defect.code).any() or (left["severity"] == "error").any()
                unseen = not (before[before["clip"] == clip]["code"] == defect.code).any()
                became = "rejected" if clip in gone else "left" if bad or unseen else "fixed"
                tally = outcomes.setdefault((defect.code, defect.name), Counter())
                tally[became] += 1
                tally["error"] += int(len(found) > 0)
                tally["error handled"] += int(len(found) > 0 and became != "left")
            untouched = [clip.id for clip in chosen if clip.id not in planted]
            clean += len(untouched)
            lost += sum(clip in gone for clip in untouched)
            why.update(" ".join(gone[clip].codes) or gone[clip].stage for clip in untouched if clip in gone)
        print(f"{name}: clean clips rejected {lost} of {clean} ({100 * lost / clean:.1f} %) {dict(why)}")
        total = Counter()
        plain_total = Counter()
        for (code, what), tally in sorted(outcomes.items()):
            shown = ", ".join(f"{key} {tally[key]}" for key in ("rejected", "fixed", "left") if tally[key])
            plain = next(d.plain for d in DEFECTS if (d.code, d.name) == (code, what))
            print(f"  {code:20} {what + ('' if plain else ' (faint)'):55} {shown}")
            total.update(tally)
            if plain:
                plain_total.update(tally)
        print(f"  with a finding of severity error: {total['error handled']} of {total['error']} rejected or fixed")
        done = plain_total["rejected"] + plain_total["fixed"]
        print(f"  all plain defects: {done} of {done + plain_total['left']} rejected or fixed")


if __name__ == "__main__":
    main()

"""What the audit, the dry run and the build say of the same corpus, under conditions that public corpora have.

    python benchmarks/verdicts.py CORPUS [--clips 120] [--only opus-64 ...]

Every condition is made of clips of CORPUS: coded with loss, upsampled, two groups of bandwidth, one long memo,
many takes of the same. A line says what is usable or fixable by the audit, kept by the dry run and kept by the build,
and what was rejected late, in the audit of the result.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
import pandas as pd
import soundfile as sf
import soxr

from ttsprep.audit.pipeline import audit
from ttsprep.build.options import Target, audit_recipe, build_recipe
from ttsprep.build.pipeline import build, draft
from ttsprep.core import audio
from ttsprep.core.errors import CorpusError
from ttsprep.core.files import inside
from ttsprep.core.workers.pool import cores
from ttsprep.corpora.corpus import read_corpus
from ttsprep.report.goal import goal_line, group_lines, rate_choices

Sound = tuple[np.ndarray, int]


@dataclass(frozen=True)
class Condition:
    """How a corpus is made of clips, and what it is judged for."""

    name: str
    make: Callable[[list[tuple[Sound, str]], Path], None]
    target: Target = field(default_factory=Target)
    recipe: str = ""


def write(folder: Path, rows: list[tuple[Sound, str]], names: list[str] | None = None) -> None:
    """Write clips and their texts."""
    (folder / "wavs").mkdir(parents=True)
    names = names or [f"c{i:04d}" for i in range(len(rows))]
    for name, ((samples, rate), _) in zip(names, rows, strict=True):
        sf.write(folder / "wavs" / f"{name}.wav", samples, rate, subtype="PCM_16")
    lines = [f"{name}|{text}" for name, (_, text) in zip(names, rows, strict=True)]
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def coded(sound: Sound, codec: str, container: str, kbit: int, rate: int, at: Path) -> Sound:
    """Code with loss at a rate, and decode."""
    samples = soxr.resample(sound[0], sound[1], rate).astype(np.float32)
    with av.open(str(at), "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate, bit_rate=kbit * 1000, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="flt", layout="mono")
        frame.sample_rate = rate
        resampler = av.AudioResampler(
            format=stream.format, layout="mono", rate=rate, frame_size=stream.frame_size or 960
        )
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    with av.open(str(at)) as file:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
        parts = [out.to_ndarray()[0] for given in file.decode(audio=0) for out in resampler.resample(given)]
    return np.concatenate(parts)[: len(samples)], rate


def each(change: Callable[[Sound, Path], Sound]) -> Callable[[list[tuple[Sound, str]], Path], None]:
    """Return what makes a corpus of every clip changed."""

    def make(rows: list[tuple[Sound, str]], folder: Path) -> None:
        with tempfile.TemporaryDirectory() as place:
            changed = [(change(sound, Path(place) / "coded"), text) for sound, text in rows]
        write(folder, changed)

    return make


def opus(kbit: int) -> Callable[[list[tuple[Sound, str]], Path], None]:
    return each(lambda sound, at: coded(sound, "libopus", "ogg", kbit, 48_000, at))


def mp3(kbit: int) -> Callable[[list[tuple[Sound, str]], Path], None]:
    return each(lambda sound, at: coded(sound, "libmp3lame", "mp3", kbit, sound[1], at))


def resampled(sound: Sound, *rates: int) -> Sound:
    samples, rate = sound
    for other in rates:
        samples, rate = soxr.resample(samples, rate, other), other
    return samples.astype(np.float32), rate


def two_groups(rows: list[tuple[Sound, str]], folder: Path) -> None:
    """58 % of the clips end at 7.4 kHz."""
    changed = [
        (resampled(sound, 14_800, 48_000) if i % 12 < 7 else resampled(sound, 48_000), text)
        for i, (sound, text) in enumerate(rows)
    ]
    write(folder, changed)


def memo(rows: list[tuple[Sound, str]], folder: Path) -> None:
    """One recording of five minutes, with its text."""
    parts, texts, seconds = [], [], 0.0
    for (samples, rate), text in rows:
        parts += [samples, np.zeros(rate // 2, np.float32)]
        texts.append(text)
        seconds += len(samples) / rate + 0.5
        if seconds > 300:
            break
    write(folder, [((np.concatenate(parts), rate), " ".join(texts))], ["memo"])


def takes(rows: list[tuple[Sound, str]], folder: Path) -> None:
    """Each clip seven times, at other gains."""
    gains = (1.0, 0.9, 0.8, 0.7, 0.6, 0.95, 0.85)
    some = rows[: len(rows) // 3]
    write(folder, [((samples * gain, rate), text) for gain in gains for (samples, rate), text in some])


CONDITIONS = (
    Condition("as it is", each(lambda sound, at: sound)),
    Condition("opus 32", opus(32)),
    Condition("opus 64", opus(64)),
    Condition("opus 96", opus(96)),
    Condition("mp3 64", mp3(64)),
    Condition("mp3 128", mp3(128)),
    Condition("48 kHz", each(lambda sound, at: resampled(sound, 48_000))),
    Condition("telephone", each(lambda sound, at: resampled(sound, 7_200, sound[1]))),
    Condition("two groups", two_groups),
    Condition("two groups for piper", two_groups, Target(trainer="piper")),
    Condition("memo for piper", memo, Target(trainer="piper")),
    Condition("memo, longform", memo, Target(trainer="piper"), "longform"),
    Condition("takes", takes),
)


def rows_of(path: Path, clips: int) -> list[tuple[Sound, str]]:
    corpus = read_corpus(path)
    rows = []
    for clip in corpus.clips[:clips]:
        decoded = audio.read(inside(corpus.root, clip.path))
        rows.append(((decoded.samples.mean(axis=1), decoded.rate), clip.text))
    return rows


def tried(condition: Condition, corpus: Path, out: Path, jobs: int) -> dict[str, Any]:
    """Run the three commands on a corpus."""
    audited = audit(corpus, out / "audit", audit_recipe(condition.recipe, target=condition.target), jobs=jobs)
    recipe = build_recipe(condition.recipe, target=condition.target)
    verdicts = audited.summary["verdicts"]
    result: dict[str, Any] = {
        "summary": audited.summary,
        "audit": verdicts["usable"]["clips"] + verdicts["fixable"]["clips"],
    }
    try:
        planned = draft(corpus, out / "draft", recipe, jobs=jobs).describe()
        result |= {"dry run": planned["result"]["clips"], "of": planned["source"]["clips"]}
        built = build(corpus, out / "build", recipe, jobs=jobs)
        late = sum(item.stage == "result" for item in built.rejected)
        result |= {"build": built.document["result"]["clips"], "late": late}
    except CorpusError as error:
        result["refused"] = str(error)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--clips", type=int, default=120)
    parser.add_argument("--only", nargs="*", default=[])
    given = parser.parse_args()
    rows = rows_of(given.corpus, given.clips)
    differ = 0
    columns = "{:22} {:>6} {:>7} {:>7} {:>6} {:>7} {:>6} {:>5}".format
    print(columns("condition", "clips", "errors", "warned", "audit", "dry run", "build", "late"))
    for condition in CONDITIONS:
        if given.only and condition.name not in given.only:
            continue
        with tempfile.TemporaryDirectory() as place:
            corpus = Path(place) / "corpus"
            condition.make(rows, corpus)
            found = tried(condition, corpus, Path(place), cores(None))
            errors, warned = _bad(Path(place) / "audit")
        summary = found["summary"]
        total = summary["clips"]
        shares = f"{errors / total:.1%}", f"{warned / total:.1%}"
        numbers = (found.get(key, "-") for key in ("audit", "dry run", "build", "late"))
        print(columns(condition.name, total, *shares, *numbers))
        lines = goal_line(summary), rate_choices(summary), *group_lines(summary), found.get("refused", "")
        codes = {code: f"{row['error']}/{row['warning']}/{row['note']}" for code, row in summary["codes"].items()}
        print("\n".join(f"    {line}" for line in (*filter(None, lines), codes)), flush=True)
        differ += not agree(found)
    print(f"{differ} conditions in which audit, dry run and build differ, late rejections aside")
    sys.exit(bool(differ))


def agree(found: dict[str, Any]) -> bool:
    """Say whether the three came to the same; long recordings are cut by a build alone."""
    if "dry run" not in found or "build" not in found:
        return found["audit"] == 0
    cut = found["of"] != found["summary"]["clips"]
    return (cut or found["audit"] == found["dry run"]) and found["dry run"] == found["build"] + found["late"]


def _bad(out: Path) -> tuple[int, int]:
    """Count the clips with an error, and those with a warning, duplicates aside."""
    found = pd.read_parquet(out / "findings.parquet")
    found = found[(found["clip"] != "") & (found["code"] != "duplicate-audio")]
    errors, warnings = (found.loc[found["severity"] == severity, "clip"].nunique() for severity in ("error", "warning"))
    return errors, warnings


if __name__ == "__main__":
    main()

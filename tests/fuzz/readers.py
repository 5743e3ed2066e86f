"""Every reader of bytes that we wrote or that come from outside, each with a seed that our own code writes."""

import json
import shutil
import tarfile
import zipfile
from functools import cache
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import soundfile as sf

from fuzz.form import Read, Reader, Seed
from ttsprep.audit.config import AuditConfig
from ttsprep.audit.decisions import Decision, read_decisions, write_decisions
from ttsprep.audit.pipeline import AUDIT_KIND, audit
from ttsprep.audit.results import find_clip, open_audit, root_of
from ttsprep.audit.select import Rejection
from ttsprep.audit.unchanged import unchanged_summary
from ttsprep.build import output_folder as build_folder
from ttsprep.build.config import parse
from ttsprep.build.provenance import read_rejected, write_rejected
from ttsprep.build.targets import parse_trainer
from ttsprep.core.output_folder import claim
from ttsprep.core.tables import FINDINGS, Journal, findings_table, read_table, to_batch, write_table
from ttsprep.core.types import Finding, Severity
from ttsprep.corpora.corpus import read_corpus
from ttsprep.corpora.shards.unpacking import find_shards, unpack_shards
from ttsprep.corpora.unpack import extract_all

NAMES = ("one", "two", "three")
TEXTS = ("Call me Ishmael, he said.", "It was the best of times.", "All happy families are alike.")


def sounds(folder: Path) -> None:
    (folder / "wavs").mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(NAMES):
        noise = np.random.default_rng(number).normal(0, 0.1, 4000)
        sf.write(folder / "wavs" / f"{name}.wav", noise, 16_000)


def table(name: str, content: str) -> Seed:
    def seed(folder: Path) -> Path:
        sounds(folder)
        (folder / name).write_text(content, encoding="utf-8")
        return folder / name

    return seed


def lines(form: str) -> str:
    return "".join(form.format(name=n, text=t, number=i) for i, (n, t) in enumerate(zip(NAMES, TEXTS, strict=True)))


def kaldi(changed: str) -> Seed:
    files = {
        "text": lines("{name} {text}\n"),
        "wav.scp": lines("{name} wavs/{name}.wav\n"),
        "segments": lines("{name} {name} 0.0 0.2\n"),
        "utt2spk": lines("{name} anna\n"),
    }

    def seed(folder: Path) -> Path:
        sounds(folder)
        for name, content in files.items():
            (folder / name).write_text(content, encoding="utf-8")
        return folder / changed

    return seed


def beside(ending: str, content: str) -> Seed:
    def seed(folder: Path) -> Path:
        sounds(folder)
        for name in NAMES:
            (folder / "wavs" / f"{name}{ending}").write_text(content, encoding="utf-8")
        return folder / "wavs" / f"{NAMES[0]}{ending}"

    return seed


def listed(folder: Path) -> None:
    read_corpus(folder, language="en")


TEXTGRID = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 0.25
tiers? <exists>
size = 1
item []:
    item [1]:
        class = "IntervalTier"
        name = "sentences"
        xmin = 0
        xmax = 0.25
        intervals: size = 1
        intervals [1]:
            xmin = 0
            xmax = 0.25
            text = "Call me ""Ishmael""."
"""
SRT = "1\n00:00:00,000 --> 00:00:00,100\nCall me <i>Ishmael</i>.\n\n2\n00:00:00,100 --> 00:00:00,200\nHe said.\n"
VTT = "WEBVTT\n\n00:00.000 --> 00:00.100 align:start\n<v Anna>Call me <ruby>a<rt>b</rt></ruby>\n"


def recipe(folder: Path) -> Path:
    text = resources.files("ttsprep.recipes").joinpath("ljspeech.toml").read_text(encoding="utf-8")
    text += "\n[segment]\nshortest_s = 2.0\n[exports.filelist]\ndelimiter = '|'\n[checks.text]\nduplicate_share = 0.2\n"
    (folder / "mine.toml").write_text(text, encoding="utf-8")
    return folder / "mine.toml"


def read_recipe(folder: Path) -> None:
    from ttsprep.build.config import load

    load(str(folder / "mine.toml"))
    parse((folder / "mine.toml").read_text(encoding="utf-8", errors="replace"), "mine")


def profile(folder: Path) -> Path:
    text = resources.files("ttsprep.build").joinpath("trainers", "piper.toml").read_text(encoding="utf-8")
    (folder / "piper.toml").write_text(text, encoding="utf-8")
    return folder / "piper.toml"


def decisions(folder: Path) -> Path:
    made = {"one": Decision(True, 'a "new", text', "why"), "two": Decision(False, None, "noise")}
    write_decisions(folder / "decisions.csv", made)
    return folder / "decisions.csv"


def rejected(folder: Path) -> Path:
    write_rejected(folder / "rejected.csv", [Rejection("one", "select", ("clipping", "text-empty"), 'it, is "bad"')])
    return folder / "rejected.csv"


def journal(folder: Path) -> Path:
    kept = Journal(folder / "journal", FINDINGS)
    kept.append(to_batch([{"clip": "one", "code": "clipping", "value": 1.0}] * 3, FINDINGS))
    kept.close()
    return next((folder / "journal").glob("journal-*.arrow"))


def read_journal(folder: Path) -> None:
    for batch in Journal(folder / "journal", FINDINGS).read():
        batch.to_pylist()


def own_table(folder: Path) -> Path:
    write_table(folder / "findings.parquet", findings_table([Finding("one", "clipping", Severity.ERROR, "x", 1.0)] * 9))
    return folder / "findings.parquet"


@cache
def audit_once() -> TemporaryDirectory[str]:
    """A small corpus with its audit, for every reader of its files; goes with the process."""
    place = TemporaryDirectory()
    folder = Path(place.name)
    table("metadata.csv", lines("{name}|{text}\n"))(folder / "corpus")
    audit(folder / "corpus", folder / "audit", AuditConfig(language="en"), jobs=1)
    return place


def audited(name: str) -> Seed:
    def seed(folder: Path) -> Path:
        shutil.copytree(audit_once().name, folder, dirs_exist_ok=True)
        return folder / "audit" / name

    return seed


def read_audit(folder: Path) -> None:
    out = folder / "audit"
    claim(AUDIT_KIND, out, [folder / "corpus"])
    unchanged_summary(out, "x")
    found = open_audit(out)
    find_clip(found, "one")
    root_of(found, None)


def built(name: str) -> Seed:
    def seed(folder: Path) -> Path:
        (folder / "build.json").write_text(json.dumps({"clips": 1, "hours": {"train": 0.5}}), encoding="utf-8")
        build_folder.finish(folder, "inputs")
        return folder / name

    return seed


def archive(name: str) -> Seed:
    def seed(folder: Path) -> Path:
        sounds(folder / "a")
        files = sorted((folder / "a").rglob("*.wav"))
        if name.endswith(".zip"):
            with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as zipped:
                for path in files:
                    zipped.write(path, path.relative_to(folder))
        else:
            with tarfile.open(folder / name, "w:gz" if name.endswith("gz") else "w") as tar:
                for path in files:
                    tar.add(path, path.relative_to(folder))
        return folder / name

    return seed


def unpacked(name: str) -> Read:
    def read(folder: Path) -> None:
        into = folder / "into"
        shutil.rmtree(into, ignore_errors=True)
        extract_all([folder / name], into, most_bytes=1 << 22, most_members=100)

    return read


def shard(name: str) -> Seed:
    def seed(folder: Path) -> Path:
        sounds(folder / "a")
        audio = [{"bytes": (folder / "a" / "wavs" / f"{n}.wav").read_bytes(), "path": f"{n}.wav"} for n in NAMES]
        rows = pa.table({"audio": audio, "text": list(TEXTS)})
        (folder / "data").mkdir()
        if name.endswith(".parquet"):
            pq.write_table(rows, folder / "data" / name)
        else:
            with pa.OSFile(str(folder / "data" / name), "wb") as file, pa.ipc.new_stream(file, rows.schema) as stream:
                stream.write_table(rows)
        return folder / "data" / name

    return seed


def unpacked_shards(folder: Path) -> None:
    shutil.rmtree(folder / "into", ignore_errors=True)
    if shards := find_shards(folder / "data"):
        unpack_shards(shards, folder / "into")


def webdataset(folder: Path) -> Path:
    sounds(folder / "a")
    (folder / "data").mkdir()
    with tarfile.open(folder / "data" / "train-000000.tar", "w") as tar:
        for name, text in zip(NAMES, TEXTS, strict=True):
            (folder / f"{name}.txt").write_text(text, encoding="utf-8")
            tar.add(folder / "a" / "wavs" / f"{name}.wav", f"{name}.wav")
            tar.add(folder / f"{name}.txt", f"{name}.txt")
    return folder / "data" / "train-000000.tar"


def read_built(folder: Path) -> None:
    build_folder.finished(folder, "inputs")


def read_rejections(folder: Path) -> None:
    read_rejected(folder / "rejected.csv")


def read_profile(folder: Path) -> None:
    parse_trainer((folder / "piper.toml").read_text(encoding="utf-8", errors="replace"), "piper")


def read_decided(folder: Path) -> None:
    read_decisions(folder / "decisions.csv", NAMES)


RECORDS = lines('{{"audio_filepath": "wavs/{name}.wav", "text": "{text}", "duration": 0.25, "offset": {number}}}\n')
WHOLE = json.dumps([{"audio": f"wavs/{n}.wav", "text": t} for n, t in zip(NAMES, TEXTS, strict=True)])
RECORDINGS = lines(
    '{{"id": "{name}", "sources": [{{"type": "file", "channels": [0], "source": "wavs/{name}.wav"}}], '
    '"sampling_rate": 16000, "num_samples": 4000, "duration": 0.25, "channel_ids": [0]}}\n'
)
SUPERVISIONS = lines(
    '{{"id": "{name}", "recording_id": "{name}", "start": 0, "duration": 0.2, "channel": 0, "text": "{text}", '
    '"language": "en", "speaker": "anna"}}\n'
)


def lhotse(changed: str) -> Seed:
    def seed(folder: Path) -> Path:
        sounds(folder)
        (folder / "recordings.jsonl").write_text(RECORDINGS, encoding="utf-8")
        (folder / "supervisions.jsonl").write_text(SUPERVISIONS, encoding="utf-8")
        return folder / changed

    return seed


PIECES = [{"begin_time": 0, "end_time": 0.1, "text_tn": text, "sid": str(n)} for n, text in enumerate(TEXTS)]
GIGASPEECH = json.dumps({"language": "EN", "audios": [{"path": "wavs/one.wav", "segments": PIECES}]})
AREA = {"value": {"start": 0, "end": 0.1, "text": [TEXTS[0]]}, "id": "r", "from_name": "text", "type": "textarea"}
LABEL = {"value": {"start": 0, "end": 0.1, "labels": ["anna"]}, "id": "r", "from_name": "who", "type": "labels"}
TASKS = json.dumps([{"data": {"audio": f"wavs/{n}.wav"}, "annotations": [{"result": [AREA, LABEL]}]} for n in NAMES])
ELAN = (
    '<ANNOTATION_DOCUMENT><TIME_ORDER><TIME_SLOT TIME_SLOT_ID="a" TIME_VALUE="0"/><TIME_SLOT TIME_SLOT_ID="b" '
    'TIME_VALUE="100"/></TIME_ORDER><TIER TIER_ID="anna"><ANNOTATION><ALIGNABLE_ANNOTATION TIME_SLOT_REF1="a" '
    'TIME_SLOT_REF2="b"><ANNOTATION_VALUE>Call me Ishmael.</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>'
    "</TIER></ANNOTATION_DOCUMENT>"
)
AWS = {"audio_segments": [{"transcript": text, "start_time": "0.0", "end_time": "0.1"} for text in TEXTS]}


READERS: dict[str, Reader] = {
    "table-bar": Reader(table("metadata.csv", lines("{name}|{text}|{text}\n")), listed),
    "table-comma": Reader(table("metadata.csv", "file_name,text\n" + lines('wavs/{name}.wav,"{text}"\n')), listed),
    "table-tab": Reader(table("train.tsv", "path\tsentence\n" + lines("{name}.wav\t{text}\n")), listed),
    "nemo": Reader(table("manifest.jsonl", RECORDS), listed, json=True),
    "json-table": Reader(table("metadata.json", WHOLE), listed, json=True),
    "lhotse-recordings": Reader(lhotse("recordings.jsonl"), listed, json=True),
    "lhotse-supervisions": Reader(lhotse("supervisions.jsonl"), listed, json=True),
    **{f"kaldi-{name}": Reader(kaldi(name), listed) for name in ("text", "wav.scp", "segments", "utt2spk")},
    "sphinx": Reader(table("train.transcription", lines("<s> {text} </s> ({name})\n")), listed),
    "stm": Reader(table("a.stm", lines("{name} 1 anna 0.0 0.1 <o,f0,male> {text}\n")), listed),
    "gigaspeech": Reader(table("GigaSpeech.json", GIGASPEECH), listed, json=True),
    "label-studio": Reader(table("export.json", TASKS), listed, json=True),
    "recogniser": Reader(beside(".json", json.dumps({"results": AWS})), listed, json=True),
    "textgrid": Reader(beside(".TextGrid", TEXTGRID), listed),
    "elan": Reader(beside(".eaf", ELAN), listed),
    "pieces": Reader(beside(".csv", 'start,end,text\n0,0.1,"Call me."\n0.1,0.2,Ishmael.\n'), listed),
    "srt": Reader(beside(".srt", SRT), listed),
    "vtt": Reader(beside(".vtt", VTT), listed),
    "labels": Reader(beside(".txt", "0.0\t0.1\tCall me.\n0.1\t0.2\tIshmael.\n"), listed),
    "transcript": Reader(beside(".txt", "Call me Ishmael.\n"), listed),
    "recipe": Reader(recipe, read_recipe),
    "trainer": Reader(profile, read_profile),
    "decisions": Reader(decisions, read_decided),
    "rejected": Reader(rejected, read_rejections),
    "journal": Reader(journal, read_journal),
    "own-table": Reader(own_table, lambda folder: read_table(folder / "findings.parquet")),
    "run.json": Reader(audited("run.json"), read_audit, json=True),
    "summary.json": Reader(audited("summary.json"), read_audit, json=True),
    "audit-mark": Reader(audited(".ttsprep-audit"), read_audit, json=True),
    "audit-place": Reader(audited(".corpus.json"), read_audit, json=True),
    "clips.parquet": Reader(audited("clips.parquet"), read_audit),
    "build.json": Reader(built("build.json"), read_built, json=True),
    "zip": Reader(archive("a.zip"), unpacked("a.zip")),
    "tar": Reader(archive("a.tar"), unpacked("a.tar")),
    "tar.gz": Reader(archive("a.tar.gz"), unpacked("a.tar.gz")),
    "shard.parquet": Reader(shard("train.parquet"), unpacked_shards),
    "shard.arrow": Reader(shard("train.arrow"), unpacked_shards),
    "webdataset": Reader(webdataset, unpacked_shards),
}
try:
    from fuzz.codec_readers import CODEC_READERS
except ImportError:
    CODEC_READERS = {}
READERS |= CODEC_READERS

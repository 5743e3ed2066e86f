"""Corpora of every layout that point elsewhere: links, absolute paths, commands, addresses, playlists."""

import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import soundfile as sf

LISTS = {
    "m3u": "#EXTM3U\n{private}/secret.wav\nhttp://127.0.0.1:9/a.wav\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
    "concat": "ffconcat version 1.0\nfile {private}/secret.wav\n",
    "dash": '<?xml version="1.0"?><MPD><BaseURL>{private}/secret.wav</BaseURL></MPD>',
}
Made = Callable[[Path, Path, Path], None]
ZOO: dict[str, Made] = {}


def zoo(name: str) -> Callable[[Made], Made]:
    def add(made: Made) -> Made:
        ZOO[name] = made
        return made

    return add


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def tone(path: Path, rate: int = 16_000, **options: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    t = np.arange(2 * rate) / rate
    sound = 0.2 * np.sin(2 * np.pi * 150 * t) * np.clip(np.sin(2 * np.pi * 3 * t), 0, 1)
    sf.write(path, sound.astype(np.float32), rate, **options)


@zoo("table")
def table(root: Path, private: Path, spoken: Path) -> None:
    lines = (spoken / "metadata.csv").read_text(encoding="utf-8").splitlines()[:12]
    shutil.copytree(spoken / "wavs", root / "wavs")
    lines += [f"{kind}|Call me Ishmael." for kind in LISTS]
    lines += ["link|Some years ago.", "../../private/secret|Never mind.", f"{private}/secret.wav|How long."]
    for kind, text in LISTS.items():
        put(root / "wavs" / f"{kind}.wav", text.format(private=private))
    (root / "wavs" / "link.wav").symlink_to(private / "secret.wav")
    put(root / "metadata.csv", "".join(f"{line}\n" for line in lines))


@zoo("kaldi")
def kaldi(root: Path, private: Path, _: Path) -> None:
    tone(root / "wavs/a.wav")
    put(root / "wav.scp", f"a wavs/a.wav\nb {private}/secret.wav\n")
    put(root / "text", "a One.\nb Two.\n")
    put(root / "utt2spk", "a x\nb x\n")


@zoo("kaldi command")
def kaldi_command(root: Path, private: Path, spoken: Path) -> None:
    kaldi(root, private, spoken)
    put(root / "wav.scp", f"a wavs/a.wav\nb sox {private}/secret.wav -t wav - |\n")


@zoo("lhotse")
def lhotse(root: Path, private: Path, _: Path) -> None:
    _lhotse(root, ("file", "wavs/a.wav"), ("file", f"{private}/secret.wav"), ("file", "../../private/secret.wav"))


@zoo("lhotse command")
def lhotse_command(root: Path, private: Path, _: Path) -> None:
    _lhotse(root, ("file", "wavs/a.wav"), ("command", f"cat {private}/secret.wav"))


@zoo("lhotse url")
def lhotse_url(root: Path, _: Path, __: Path) -> None:
    _lhotse(root, ("file", "wavs/a.wav"), ("url", "http://127.0.0.1:9/a.wav"))


def _lhotse(root: Path, *kinds: tuple[str, str]) -> None:
    tone(root / "wavs/a.wav")
    recordings, spoken = [], []
    for number, (kind, source) in enumerate(kinds):
        sources = [{"type": kind, "channels": [0], "source": source}]
        length = {"sampling_rate": 16_000, "num_samples": 32_000, "duration": 2.0}
        recordings.append({"id": f"r{number}", "sources": sources, **length})
        text = {"text": f"Text {number}.", "speaker": "x", "language": "en"}
        spoken.append({
            "id": f"s{number}",
            "recording_id": f"r{number}",
            "start": 0.0,
            "duration": 2.0,
            "channel": 0,
            **text,
        })
    put(root / "recordings.jsonl", "".join(json.dumps(row) + "\n" for row in recordings))
    put(root / "supervisions.jsonl", "".join(json.dumps(row) + "\n" for row in spoken))


@zoo("libri")
def libri(root: Path, private: Path, _: Path) -> None:
    tone(root / "1/2/1-2-0000.flac")
    (root / "1/2/1-2-0001.flac").symlink_to(private / "secret.wav")
    put(root / "1/2/1-2.trans.txt", "1-2-0000 ONE\n1-2-0001 TWO\n")


@zoo("mustc")
def mustc(root: Path, private: Path, _: Path) -> None:
    tone(root / "wav/a.wav")
    (root / "wav/b.wav").symlink_to(private / "secret.wav")
    paths = ("a.wav", "b.wav", "../../../private/secret.wav", f"{private}/secret.wav")
    put(root / "txt/dev.yaml", "".join(f"- {{duration: 1.0, offset: 0.5, wav: {path}}}\n" for path in paths))
    put(root / "txt/dev.en", "One.\nTwo.\nThree.\nFour.\n")


@zoo("stm")
def stm(root: Path, private: Path, _: Path) -> None:
    tone(root / "sph/a.wav")
    (root / "sph/b.wav").symlink_to(private / "secret.wav")
    names = ("a", "b", "../private/secret", f"{private}/secret")
    put(root / "stm/a.stm", "".join(f"{name} 1 anna 0.5 1.5 <o,f0,female> one\n" for name in names))


@zoo("gigaspeech")
def gigaspeech(root: Path, private: Path, _: Path) -> None:
    tone(root / "a.wav")
    (root / "b.wav").symlink_to(private / "secret.wav")
    paths = ("a.wav", "b.wav", "../private/secret.wav", f"{private}/secret.wav")
    segments = [{"sid": "1", "begin_time": 0.5, "end_time": 1.5, "text_tn": "ONE"}]
    put(root / "G.json", json.dumps({"audios": [{"path": path, "segments": segments} for path in paths]}))


@zoo("vctk")
def vctk(root: Path, private: Path, _: Path) -> None:
    tone(root / "wav48_silence_trimmed/p1/p1_001_mic1.flac")
    put(root / "txt/p1/p1_001.txt", "One.")
    put(root / "txt/p1/p1_002.txt", "Two.")
    (root / "wav48_silence_trimmed/p1/p1_002_mic1.flac").symlink_to(private / "secret.wav")


@zoo("commonvoice")
def commonvoice(root: Path, private: Path, _: Path) -> None:
    tone(root / "clips/a.mp3", format="MP3")
    put(
        root / "validated.tsv",
        f"client_id\tpath\tsentence\tlocale\nx\ta.mp3\tOne.\ten\nx\t{private}/secret.wav\tTwo.\ten\n",
    )


@zoo("plain")
def plain(root: Path, private: Path, _: Path) -> None:
    for name, form in {"a.wav": "WAV", "b.flac": "FLAC", "c.mp3": "MP3", "d.ogg": "OGG", "e.aiff": "AIFF"}.items():
        tone(root / name, format=form)
        put(root / Path(name).with_suffix(".txt"), "Call me Ishmael.")
    tone(root / "long.wav")
    put(root / "long.srt", "1\n00:00:00,000 --> 00:00:01,000\nOne.\n\n2\n00:00:01,000 --> 00:00:02,000\nTwo.\n")
    tone(root / "grid.wav")
    times = "xmin = 0\nxmax = 2\n"
    tier = f'class = "IntervalTier"\nname = "words"\n{times}intervals: size = 1\nintervals [1]:\n'
    tier += f'{times}text = "One."\n'
    head = f'File type = "ooTextFile"\nObject class = "TextGrid"\n\n{times}tiers? <exists>\nsize = 1\n'
    put(root / "grid.TextGrid", head + "item []:\nitem [1]:\n" + tier)
    (root / "f.wav").symlink_to(private / "secret.wav")
    put(root / "f.txt", "Six.")
    (root / "elsewhere").symlink_to(private)


@zoo("manifest")
def manifest(root: Path, private: Path, _: Path) -> None:
    tone(root / "wavs/a.wav")
    names = (
        "wavs/a.wav",
        f"{private}/secret.wav",
        "http://127.0.0.1:9/a.wav",
        "../private/secret.wav",
        "file:///etc/passwd",
    )
    put(root / "manifest.json", "".join(json.dumps({"audio_filepath": name, "text": "One."}) + "\n" for name in names))


@zoo("webdataset")
def webdataset(root: Path, _: Path, __: Path) -> None:
    tone(root / "a.wav")
    put(root / "a.txt", "One.")
    with tarfile.open(root / "train-000000.tar", "w") as tar:
        for name in ("a.wav", "a.txt"):
            tar.add(root / name, name)
            (root / name).unlink()


@zoo("webdataset link")
def webdataset_link(root: Path, private: Path, spoken: Path) -> None:
    webdataset(root, private, spoken)
    with tarfile.open(root / "train-000000.tar", "a") as tar:
        link = tarfile.TarInfo("b.wav")
        link.type, link.linkname = tarfile.SYMTYPE, str(private / "secret.wav")
        tar.addfile(link)


@zoo("parquet")
def parquet(root: Path, private: Path, _: Path) -> None:
    tone(root / "a.wav")
    data = (root / "a.wav").read_bytes()
    (root / "a.wav").unlink()
    rows = [{"audio": {"bytes": data, "path": "a.wav"}, "text": "One."},
            {"audio": {"bytes": data, "path": str(private / "secret.wav")}, "text": "Two."}]  # fmt: skip
    kind = pa.schema([("audio", pa.struct([("bytes", pa.binary()), ("path", pa.string())])), ("text", pa.string())])
    pq.write_table(pa.Table.from_pylist(rows, schema=kind), root / "train-00000-of-00001.parquet")

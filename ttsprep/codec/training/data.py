"""Training speech as one array of int16 that is cropped by index."""

import csv
import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ttsprep.codec.codec import POWER_FLOOR, speech_level
from ttsprep.codec.device import to_device
from ttsprep.codec.training.config import read_recipe
from ttsprep.core import audio
from ttsprep.core.errors import AudioError, CorpusError, UsageError
from ttsprep.core.files import inside
from ttsprep.core.output_folder import Kind, open_output
from ttsprep.core.untrusted import open_regular, read_json
from ttsprep.corpora.audio_files import audio_files

PACKED_FILES = ("speech.npy", "speech.json")
PACK = Kind("codec pack", PACKED_FILES)
CROP_TRIES, CROP_POWER = 4, 0.04
"""How often a crop is drawn again while its power is below this, relative to speech."""
CROP_SPREAD = 0.3
"""Width of the random gain of a crop, as a power of ten: 3 dB up or down."""


@dataclass(frozen=True, slots=True)
class TrainingSource:
    """One folder of recordings.

    Attributes
    ----------
    name
        Of the source, in logs and the model card.
    path
        Folder with audio; a ``speakers.csv`` (``id|speaker``) in it or above it names the speakers.
    weight
        Share of the crops, relative to the other sources.
    licence
        Named in the checkpoint.
    hold_out
        Speakers never trained on: a number of them, or -1 for all.
    """

    name: str
    path: Path
    weight: float
    licence: str
    hold_out: int = 0


@dataclass(frozen=True, slots=True)
class PackedClip:
    """A clip inside the packed array."""

    id: str
    source: int
    speaker: str
    start: int
    length: int
    level: float
    held_out: bool


def _speakers(folder: Path) -> dict[str, str]:
    for place in (folder, folder.parent):
        table = place / "speakers.csv"
        if table.is_file():
            with table.open(encoding="utf-8", newline="") as file:
                rows = csv.reader(file, delimiter="|", quoting=csv.QUOTE_NONE)
                return {row[0]: row[1] for row in rows if len(row) == 2}
    return {}


def _held_out(speakers: set[str], count: int) -> set[str]:
    if count < 0:
        return speakers
    ranked = sorted(speakers, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    return set(ranked[:count])


def recordings(folder: Path) -> list[Path]:
    """Return every audio file under a folder, sorted, as an audit finds them; a `CorpusError` if there is none."""
    paths = sorted(folder / name for name in audio_files(folder))
    if not paths:
        raise CorpusError(f"no audio in {folder}: check the path")
    return paths


@contextmanager
def open_recording(file: Path, folder: Path) -> Iterator[Path]:
    """Give where a recording of a folder really lies; a `CorpusError` of reading it names the file."""
    try:
        yield inside(folder, str(file.relative_to(folder)))
    except AudioError as error:
        raise CorpusError(f"{file} cannot be read ({error}): see `ttsprep audit`, or move it away") from None


def pack(sources: list[TrainingSource], rate: int, folder: Path) -> None:
    """Decode every source at `rate` into ``folder/speech.npy`` and describe it in ``folder/speech.json``.

    Parameters
    ----------
    sources
        Where the recordings are.
    rate
        Sample rate to resample to.
    folder
        Written to; created if need be.

    Raises
    ------
    CorpusError
        If a source has no audio, a recording cannot be read, or all of them are silent.
    """
    pieces: list[PackedClip] = []
    chunks: list[npt.NDArray[np.int16]] = []
    start = 0
    digest = hashlib.sha256()
    for number, source in enumerate(sources):
        files = recordings(source.path)
        names = _speakers(source.path)
        speaker = {f: names.get(f.stem, source.name) for f in files}
        out = _held_out(set(speaker.values()), source.hold_out)
        for file in files:
            with open_recording(file, source.path) as path:
                mono = audio.load_mono(path, rate, whole=True)
            level = speech_level(mono, rate)
            if len(mono) < rate // 4 or level < 2 * POWER_FLOOR:
                continue
            whole = np.clip(np.rint(mono * 32767), -32768, 32767).astype(np.int16)
            digest.update(whole.tobytes())
            held = speaker[file] in out
            pieces.append(
                PackedClip(f"{source.name}/{file.stem}", number, speaker[file], start, len(whole), level, held)
            )
            chunks.append(whole)
            start += len(whole)
    if not chunks:
        raise CorpusError("no recording lasts a quarter of a second and is louder than silence: nothing to train on")
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "speech.npy", np.concatenate(chunks))
    table = {
        "rate": rate,
        "digest": digest.hexdigest(),
        "sources": [{**asdict(s), "path": s.path.name} for s in sources],
        "pieces": [asdict(p) for p in pieces],
    }
    (folder / "speech.json").write_text(json.dumps(table), encoding="utf-8")


def pack_recipe(recipe: Path, folders: Sequence[Path], out: Path) -> None:
    """Decode the sources of a recipe, which lie under `folders`, into one array in `out`."""
    chosen = read_recipe(recipe)
    rate = chosen.config().sample_rate
    if not chosen.source:
        raise UsageError(f"{recipe} names no [[source]] to pack: name, path, weight and licence of each are needed")
    sources = [TrainingSource(**{**row.model_dump(), "path": _find(folders, row.path)}) for row in chosen.source]
    with open_output(PACK, out, [source.path for source in sources]):
        pack(sources, rate, out)


def _find(folders: Sequence[Path], relative: str) -> Path:
    for folder in folders:
        if (folder / relative).is_dir():
            return folder / relative
    raise UsageError(f"no folder {relative!r} under {', '.join(map(str, folders))}: give its parent with --data")


class Speech:
    """A packed corpus in a folder written by `pack`, to crop from."""

    def __init__(self, folder: Path) -> None:
        try:
            table = read_json(folder / "speech.json", 1 << 30)
            self.rate = int(table["rate"])
            self.digest = str(table["digest"])
            self.sources = table["sources"]
            self.pieces = [PackedClip(**row) for row in table["pieces"]]
            open_regular(folder / "speech.npy").close()
            # only read; torch wants to be able to write
            self.samples = np.load(folder / "speech.npy", mmap_mode="c", allow_pickle=False)
        except FileNotFoundError:
            raise CorpusError(f"{folder} holds no packed speech: make it with `ttsprep codec pack`") from None
        except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
            raise CorpusError(f"the packed speech in {folder} is damaged ({error}): pack it again") from None
        self._train = [p for p in self.pieces if not p.held_out]
        if not self._train:
            raise CorpusError("every speaker is held out: nothing to train on")
        lengths = np.array([p.length for p in self._train], np.float64)
        owner = np.array([p.source for p in self._train])
        chance = np.zeros_like(lengths)
        for number, source in enumerate(self.sources):
            mine = owner == number
            if mine.any():
                chance[mine] = source["weight"] * lengths[mine] / lengths[mine].sum()
        self.chance = torch.from_numpy(chance / chance.sum())

    @property
    def licence(self) -> str:
        """Licences of the sources that are trained on."""
        trained_on = {piece.source for piece in self._train}
        return "; ".join(str(source["licence"]) for n, source in enumerate(self.sources) if n in trained_on)

    @property
    def held_out(self) -> list[PackedClip]:
        """Clips of the speakers never trained on."""
        return [p for p in self.pieces if p.held_out]

    @property
    def training(self) -> list[PackedClip]:
        """Clips of the speakers that are trained on."""
        return list(self._train)

    def clip(self, piece: PackedClip) -> npt.NDArray[np.float32]:
        """Return the samples of one clip, at its own level."""
        raw = self.samples[piece.start : piece.start + piece.length]
        return np.asarray(raw, np.float32) / np.float32(32767)

    def crops(self, count: int, size: int, generator: torch.Generator) -> Tensor:
        """Draw `count` random pieces of `size` samples at unit speech level, give or take 3 dB: ``(count, size)``.

        Clips that are shorter are padded with silence.
        """
        out = torch.zeros(count, size)
        for row in range(count):
            for _ in range(CROP_TRIES):  # silence teaches little: try again, but not for ever
                piece = self._train[int(torch.multinomial(self.chance, 1, generator=generator))]
                room = max(1, piece.length - size + 1)
                at = piece.start + int(torch.randint(0, room, (1,), generator=generator))
                raw = np.asarray(self.samples[at : at + min(size, piece.length)], np.float32)
                crop = torch.from_numpy(raw) / (32767 * piece.level)
                if float(crop.square().mean()) > CROP_POWER:
                    break
            gain = 10 ** float((torch.rand(1, generator=generator) - 0.5) * CROP_SPREAD)
            out[row, : len(crop)] = crop * gain
        return out


class GpuCache:
    """A packed corpus as one int16 tensor on a device.

    Parameters
    ----------
    speech
        The corpus.
    device
        Where crops are wanted. The corpus lies there too, unless it would take more than half of the memory
        that is free: then it stays where it is, and crops are sent from pinned memory.
    """

    def __init__(self, speech: Speech, device: torch.device) -> None:
        self.device = self.home = device
        whole = torch.from_numpy(speech.samples)
        if device.type == "cuda" and 2 * whole.nbytes > torch.cuda.mem_get_info(device)[0]:
            self.home = torch.device("cpu")
        self.samples = whole.to(self.home)
        pieces = speech.training
        self.start = torch.tensor([piece.start for piece in pieces])
        self.length = torch.tensor([piece.length for piece in pieces])
        self.level = torch.tensor([piece.level for piece in pieces])
        self.chance = speech.chance

    def crops(self, count: int, size: int, generator: torch.Generator) -> Tensor:
        """Draw random pieces as `Speech.crops` does, on the device, all at once and from other random numbers."""
        total = count * CROP_TRIES
        owner = torch.multinomial(self.chance, total, replacement=True, generator=generator)
        held = self.length[owner].clamp(max=size)
        room = self.length[owner] - held + 1
        at = self.start[owner] + (torch.rand(total, generator=generator, dtype=torch.float64) * room).long()
        gain = 10 ** ((torch.rand(count, generator=generator) - 0.5) * CROP_SPREAD)
        at, held, level, gain = (to_device(x, self.home) for x in (at, held, self.level[owner], gain))

        place = torch.arange(size, device=self.home)
        index = (at[:, None] + place).clamp(max=len(self.samples) - 1)
        tried = self.samples[index] * (place < held[:, None]) / (32767 * level[:, None])
        loud = (tried.square().sum(1) / held > CROP_POWER).view(count, CROP_TRIES)
        loud[:, -1] = True  # silence teaches little, but the last try is taken as it is
        chosen = loud.int().argmax(1)
        rows = torch.arange(count, device=self.home) * CROP_TRIES + chosen
        out = tried[rows] * gain[:, None]
        return out if self.home == self.device else to_device(out, self.device)

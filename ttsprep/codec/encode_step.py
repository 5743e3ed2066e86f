"""Codes one clip after another in a worker: digest, decode once, resample, code."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ttsprep.core import audio
from ttsprep.core.errors import AudioError
from ttsprep.core.files import digest, inside, regular, signature
from ttsprep.core.types import Clip

if TYPE_CHECKING:
    from ttsprep.codec.external import AudioCodec

CODING_VERSION = 2
"""Raised whenever the same clip and codec would give other codes."""
KNOWN = "known"
"""Status of a clip that was coded before."""
PASSING = frozenset({"audio-missing", "path-outside-corpus", "decoder-crashed"})
"""Faults that lie in the surroundings: tried again by the next run."""

Row = dict[str, Any]


def fingerprint(clip: Clip, sha256: str, code: str) -> str:
    """Stand for all that the codes of `clip` depend on: its bytes, its piece, the codec and its settings."""
    parts = (code, sha256, repr(clip.start), repr(clip.end))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


@dataclass
class Coding:
    """The work of the workers of `ttsprep encode`.

    Attributes
    ----------
    root
        The corpus.
    codec
        What the user called it; loaded once, where this is unpickled, and shared by the workers forked there.
    num_codebooks, beam
        Codebooks, and choices kept from one to the next.
    code
        Stands for the codec and its settings.
    known
        Fingerprints of what was coded before.
    elsewhere
        Return the samples of clips, which are then coded by the parent, on another device.
    """

    root: str
    codec: str
    num_codebooks: int
    beam: int
    code: str
    known: frozenset[str] = frozenset()
    elsewhere: bool = False
    _coder: "AudioCodec | None" = field(default=None, repr=False)

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """Load the codec."""
        from ttsprep.codec.external import load

        self.__dict__.update(state)
        self._coder = load(self.codec)

    batch: ClassVar[int] = 1

    def setup_batch(self, items: Sequence[Clip]) -> None:
        """Do nothing."""

    def setup(self) -> None:
        """Do nothing."""

    def rows(self, items: Sequence[Clip]) -> list[Any]:
        """Return the rows of a batch."""
        return [self(item) for item in items]

    def __call__(self, item: Clip) -> Row:
        """Return the codes of a clip, or what is wrong with it."""
        clip = item
        row: Row = {"sha256": "", "status": "ok", "status_reason": "", "fingerprint": ""}
        try:
            path = inside(Path(self.root), clip.path)
            row |= signature(regular(path))._asdict()
            row["sha256"] = digest(path)
            row["fingerprint"] = fingerprint(clip, row["sha256"], self.code)
            if row["fingerprint"] in self.known:
                return row | {"status": KNOWN}
            return row | self._code(path, clip)
        except AudioError as error:
            row |= {"status": error.code, "status_reason": str(error)}
            if error.code in PASSING or isinstance(error.__cause__, ImportError):
                row["fingerprint"] = ""
            return row

    def failed(self, item: Clip, reason: str) -> Row:
        """Return the row of a clip that killed its worker."""
        message = f"coding it failed twice: {reason}"
        return {"sha256": "", "fingerprint": "", "status": "decoder-crashed", "status_reason": message}

    def _code(self, path: Path, clip: Clip) -> Row:
        from ttsprep.codec import mono_stream

        if self._coder is None:
            raise AssertionError("the codec is loaded where the work is unpickled")
        coder, rate = self._coder, self._coder.sample_rate
        decoded = audio.read(path, start=clip.start, end=clip.end)
        if decoded.complete:
            samples = mono_stream.whole(decoded, rate)
            if self.elsewhere:
                return {"clip": samples}
            return {"coded": coder.encode([samples], num_codebooks=self.num_codebooks, beam=self.beam)[0]}
        seconds = decoded.claimed / decoded.rate
        if seconds > coder.longest_s:
            raise AudioError("too-long", f"lasts {seconds:,.0f} s; this codec takes {coder.longest_s:,.0f} s at most")
        del decoded
        channel = mono_stream.sole_channel(path, clip.start, clip.end)
        return {
            "coded": coder.encode_stream(
                lambda: mono_stream.chunks(path, clip.start, clip.end, rate, channel),
                num_codebooks=self.num_codebooks,
                beam=self.beam,
            )
        }

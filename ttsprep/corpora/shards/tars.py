"""Tar files of clips, as WebDataset and Lhotse Shar write them: ``KEY.flac`` with ``KEY.txt`` or ``KEY.json``."""

from collections.abc import Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

from ttsprep.core.files import safe_names
from ttsprep.core.progress import Progress
from ttsprep.corpora.archive_members import DAMAGED, RefusedError, tar_members
from ttsprep.corpora.audio_files import is_audio, stem
from ttsprep.corpora.shards.shar import is_cuts, with_cuts, write_manifests
from ttsprep.corpora.unpack import extract

_TARS = (".tar", ".tar.gz", ".tgz")
_TEXTS = (".txt", ".json", ".lab")
_LOOKED_AT = 16
"""Members of a tar file that are looked at for clips."""


def tar_shards(paths: Sequence[Path]) -> list[Path]:
    """Return the tar files that have clips with their texts among their first members, and the cuts of a Shar."""
    tars = [path for path in paths if path.name.lower().endswith(_TARS) and path.is_file() and _has_clips(path)]
    return with_cuts(tars, paths)


def _has_clips(path: Path) -> bool:
    """Whether a recording and its text are there; a damaged tar file may have them, and is named when unpacked."""
    try:
        with closing(tar_members(path)) as members:
            names = [member.name for member in islice(members, _LOOKED_AT)]
    except (*DAMAGED, RefusedError, OSError):
        return True
    recordings = {stem(name) for name in names if is_audio(name)}
    return any(name.removesuffix(end) in recordings for name in names for end in _TEXTS if name.endswith(end))


def first_names(path: Path, most: int = 6) -> list[str]:
    """Return the names of the first members of a tar file; of a file of cuts, and of a damaged one, none."""
    try:
        with closing(tar_members(path)) as members:
            return [member.name for member in islice(members, most)]
    except (*DAMAGED, RefusedError, OSError):
        return []


def unpack_tars(shards: Sequence[Path], into: Path, progress: Progress) -> None:
    """Unpack each tar file to a folder of its name in `into`, if it is not there yet; see `unpack.extract`."""
    cuts = [path for path in shards if is_cuts(path)]
    shards = [path for path in shards if not is_cuts(path)]
    stems = [path.name[: path.name.lower().rindex(".t")] for path in shards]
    names = stems if len(set(stems)) == len(stems) else [f"{number:05}-{one}" for number, one in enumerate(stems)]
    safe = safe_names(names)
    for path, name in zip(shards, names, strict=True):
        if not (into / safe[name]).exists():
            extract(path, into / safe[name], progress=progress)
    if cuts:
        write_manifests(cuts, into)

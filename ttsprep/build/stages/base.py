"""What a stage is, and the registry of all of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import ClassVar

from ttsprep.core.plugins import load_plugins, register
from ttsprep.core.types import Audio, Clip

Changes = Mapping[str, float | str]


@dataclass(frozen=True, slots=True)
class StageResult:
    """A clip as a stage leaves it.

    Attributes
    ----------
    clip, audio
        What goes on to the next stage.
    changes
        What was done to this clip, for its provenance: name with unit -> value, such as ``gain_db``; empty if
        nothing was changed.
    """

    clip: Clip
    audio: Audio
    changes: Changes = field(default_factory=dict)


class Stage:
    """Changes one clip; pure: the same clip and audio always give the same result.

    A subclass is a frozen dataclass whose fields are its parameters (the keys of ``[stages.NAME]`` in a recipe).

    Attributes
    ----------
    name
        In ``pipeline`` and ``[stages.NAME]`` of a recipe, and of the file.
    version
        Raised whenever `apply` changes; clips are then built again.
    """

    name: ClassVar[str] = ""
    version: ClassVar[int] = 1
    registry: ClassVar[dict[str, type["Stage"]]] = {}

    def __init_subclass__(cls) -> None:
        register(Stage.registry, "stages", cls.name, cls)

    def apply(self, clip: Clip, audio: Audio) -> StageResult:
        """Return what becomes of the clip.

        Raises
        ------
        AudioError
            If nothing good can become of it; the clip is then rejected with that code and reason.
        """
        return StageResult(clip, audio)


@cache
def all_stages() -> dict[str, type[Stage]]:
    """Every stage by name, ours and those of plug-ins."""
    return load_plugins("ttsprep.build.stages", Stage.registry)

"""What a listener is, and the registry of all of them."""

import importlib
import importlib.util
import os
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import ClassVar

from ttsprep.core.errors import MissingExtraError, UsageError, nearest
from ttsprep.core.types import Clip, Measures, Samples

RATE = 16_000
"""Sample rate of what listeners hear, in Hz."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One clip, decoded for a listener.

    Attributes
    ----------
    clip
        As the corpus has it.
    samples
        float32 of shape (frames,): `ttsprep.core.audio.mixdown` at 16 kHz; never empty.
    others
        Transcripts of other clips in the same language, those of like length first; may be empty.
    """

    clip: Clip
    samples: Samples
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listener:
    """A model that measures clips: slow, optional, and asked for by name.

    A subclass is a frozen dataclass, whose fields (strings) say which weights it uses. What it measures are the
    columns of the checks that name it as their `listener`; it imports its packages inside functions, and keeps a
    loaded model for the life of the process (`functools.cache` on a function of the path).

    Attributes
    ----------
    name
        As `--listen` and `Check.listener` say it.
    extra
        The extra of this package that brings what it imports.
    packages
        What it imports.
    version
        Raised whenever `listen` measures something else; clips are then listened to again.
    batch
        Clips that are given at once, of like length.
    """

    name: ClassVar[str] = ""
    extra: ClassVar[str] = ""
    packages: ClassVar[tuple[str, ...]] = ()
    version: ClassVar[int] = 1
    batch: ClassVar[int] = 16
    registry: ClassVar[dict[str, type["Listener"]]] = {}

    model: str = ""

    def __init_subclass__(cls) -> None:
        Listener.registry[cls.name] = cls

    @classmethod
    def needs(cls, model: str) -> tuple[str, ...]:
        """Return what it imports with these weights; by default `packages`."""
        del model
        return cls.packages

    @classmethod
    def available(cls, model: str = "", *, asked_by: str = "") -> str:
        """Return "" if all that it imports is installed, else one line how to have it.

        Parameters
        ----------
        model
            Its weights.
        asked_by
            What a person wrote to have it, if not ``--listen NAME``.
        """
        missing = [name for name in cls.needs(model) if importlib.util.find_spec(name) is None]
        if not missing:
            return ""
        asked_by = asked_by or f"--listen {cls.name}"
        return f"{asked_by} needs {', '.join(missing)}: pip install 'ttsprep[{cls.extra}]'"

    def digest(self) -> str:
        """Return what stands for the weights; with the same digest a clip is not listened to again.

        Raises
        ------
        UsageError
            If the weights are not on this machine; says what to fetch and where to put it.
        """
        return self.model

    def listen(self, batch: Sequence[Heard]) -> list[Measures]:
        """Return what is measured of each clip; what cannot be measured is left out or NaN."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Asked:
    """The listeners that an audit was asked for.

    Attributes
    ----------
    listeners
        Those that are here.
    skipped
        The others by name: one line each, what is missing and how to have it.
    """

    listeners: tuple[Listener, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)


@cache
def all_listeners() -> dict[str, type[Listener]]:
    """Every listener by name."""
    import ttsprep.models as package

    for module in sorted(m.name for m in pkgutil.iter_modules(package.__path__)):
        importlib.import_module(f"{package.__name__}.{module}")
    return dict(sorted(Listener.registry.items()))


def listener(name: str, model: str = "", *, asked_by: str = "") -> Listener:
    """Return a listener with its weights.

    Parameters
    ----------
    name, model
        Of the listener, and of its weights: "" for its own.
    asked_by
        As for `Listener.available`.

    Raises
    ------
    UsageError
        If there is no such listener, or its weights are not on this machine.
    MissingExtraError
        If what it imports is not installed.
    """
    known = all_listeners()
    if name not in known:
        raise UsageError(f"no listener is called {name!r}; {nearest(name, known)}")
    if missing := known[name].available(model, asked_by=asked_by):
        raise MissingExtraError(missing)
    found = known[name](model) if model else known[name]()
    found.digest()
    return found


def ask(names: Sequence[str], models: Mapping[str, str]) -> Asked:
    """Return the listeners of these names; one that is not on this machine is skipped, and the others go on.

    Parameters
    ----------
    names
        As `--listen` gives them; a name may come twice.
    models
        Weights by name of the listener; "" for its own.

    Raises
    ------
    UsageError
        If there is no such listener, or weights that were named are not on this machine: that is a slip of who asks.
    """
    listeners, skipped = [], {}
    for name in dict.fromkeys(names):
        model = models.get(name, "")
        try:
            listeners.append(listener(name, model))
        except MissingExtraError as error:
            skipped[name] = str(error)
        except UsageError as error:
            if model or name not in all_listeners():
                raise
            skipped[name] = str(error)
    return Asked(tuple(listeners), skipped)


def folders() -> tuple[Path, ...]:
    """Return where weights are looked for by name: ``$TTSPREP_MODELS``, then ``models`` in the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    own = os.environ.get("TTSPREP_MODELS")
    return (*((Path(own),) if own else ()), cache / "ttsprep" / "models", cache / "whisper")


def find_weights(name: str, suffixes: tuple[str, ...], *, where_from: str) -> Path:
    """Return the file of a model.

    Parameters
    ----------
    name
        A path, or a name: then a file of that name in one of the `folders`.
    suffixes
        What may follow the name, such as ``.pt``.
    where_from
        Where a person fetches it; ends the error.

    Raises
    ------
    UsageError
        If it is not on this machine.
    """
    if (path := Path(name)).is_file():
        return path.resolve()
    if path.name == name:
        for folder in folders():
            for suffix in ("", *suffixes):
                if (found := folder / f"{name}{suffix}").is_file():
                    return found
    places = ", ".join(map(str, folders()))
    raise UsageError(f"there are no weights {name!r} here, and none are fetched: {where_from}; looked in {places}")

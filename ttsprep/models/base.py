"""What a model of speech is, and the registry of all of them."""

import importlib.util
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ttsprep.core.errors import MissingExtraError, UsageError, nearest
from ttsprep.core.plugins import load_plugins, register
from ttsprep.core.store.cache import cache_folder
from ttsprep.core.types import Clip, Measures, Samples

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

RATE = 16_000
"""Sample rate of the input of every model, in Hz."""


@dataclass(frozen=True, slots=True)
class ModelInput:
    """One clip, decoded for a model.

    Attributes
    ----------
    clip
        As the corpus has it.
    samples
        float32 of shape (frames,): `ttsprep.core.audio.mixdown` at 16 kHz; empty only for a model that takes cepstra.
    others
        Transcripts of other clips in the same language, those of like length first; may be empty.
    cepstra
        From `ttsprep.models.phones.features.pack_cepstra`, for a model that takes them.
    """

    clip: Clip
    samples: Samples
    others: tuple[str, ...] = ()
    cepstra: bytes = b""


@dataclass(frozen=True, slots=True)
class ClipSource:
    """The clips of a corpus, for a model that learns from them.

    Attributes
    ----------
    clips
        Those that can be read.
    keys
        What stands for the bytes of each.
    seconds
        Of each.
    cepstra
        Returns those of the clip at a place; raises AudioError.
    """

    clips: Sequence[Clip]
    keys: Sequence[str]
    seconds: Sequence[float]
    cepstra: Callable[[int], bytes]

    @property
    def languages(self) -> list[str]:
        """Languages of clips with a text, in order."""
        return sorted({clip.language for clip in self.clips if clip.language and clip.text})

    def sample(self, language: str, most: int) -> list[int]:
        """Return places of clips of 1 to 20 s of a language, spread evenly over the corpus."""
        places = [
            i
            for i, clip in enumerate(self.clips)
            if clip.language == language and clip.text and 1 <= self.seconds[i] <= 20
        ]
        return places[:: max(1, -(-len(places) // most))]

    def key(self, place: int) -> str:
        """Return what stands for a clip with its text."""
        clip = self.clips[place]
        return repr((self.keys[place], clip.start, clip.end, clip.language, clip.text))


@dataclass(frozen=True)
class SpeechModel:
    """A model that measures clips: slow, optional, and asked for by name.

    A subclass is a frozen dataclass, whose fields (strings) say which weights it uses. What it measures are the
    columns of the checks that name it as their `model`; it imports its packages inside functions, and keeps a
    loaded model for the life of the process (`functools.cache` on a function of the path).

    Attributes
    ----------
    name
        As `--listen` and `Check.model` name it.
    extra
        The extra of this package that brings what it imports.
    packages
        What it imports.
    version
        Raised whenever `measure` returns something else; clips are then measured again.
    batch
        Clips that are given at once, of like length.
    needs_text
        Whether it measures only clips with a text.
    takes_cepstra
        Whether it takes the cepstra of a clip and not its samples: measuring has them already.
    """

    name: ClassVar[str] = ""
    extra: ClassVar[str] = ""
    packages: ClassVar[tuple[str, ...]] = ()
    version: ClassVar[int] = 1
    batch: ClassVar[int] = 16
    needs_text: ClassVar[bool] = False
    takes_cepstra: ClassVar[bool] = False
    registry: ClassVar[dict[str, type["SpeechModel"]]] = {}

    model: str = ""

    def __init_subclass__(cls) -> None:
        register(SpeechModel.registry, "models", cls.name, cls)

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
        """Return what stands for the weights; with the same digest a clip is not measured again.

        Raises
        ------
        UsageError
            If the weights are not on this machine; says what to fetch and where to put it.
        """
        return self.model

    def fitted(self, source: ClipSource, folder: Path) -> "SpeechModel":
        """Return the model as it measures a corpus: one that learns from it keeps what it learned in `folder`."""
        del source, folder
        return self

    def measure(self, batch: Sequence[ModelInput]) -> list[Measures]:
        """Return the measures of each clip; what cannot be measured is left out or NaN."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class SelectedModels:
    """The models that an audit uses.

    Attributes
    ----------
    models
        Those whose packages and weights are on this machine.
    skipped
        The others by name: one line each, what is missing and how to have it.
    """

    models: tuple[SpeechModel, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)


@cache
def all_models() -> dict[str, type[SpeechModel]]:
    """Every model by name."""
    return load_plugins("ttsprep.models", SpeechModel.registry)


LISTENS = ("phones",)
"""Models of every audit and build, but for ``--listen none``: they need no weights."""


def load_model(name: str, weights: str = "", *, asked_by: str = "") -> SpeechModel:
    """Return a model with its weights.

    Parameters
    ----------
    name, weights
        Of the model, and of its weights: "" for its own.
    asked_by
        As for `SpeechModel.available`.

    Raises
    ------
    UsageError
        If there is no such model, or its weights are not on this machine.
    MissingExtraError
        If what it imports is not installed.
    """
    known = all_models()
    if name not in known:
        raise UsageError(f"no model is called {name!r}; {nearest(name, known)}")
    if missing := known[name].available(weights, asked_by=asked_by):
        raise MissingExtraError(missing)
    model = known[name](weights) if weights else known[name]()
    model.digest()
    return model


def select_models(names: Sequence[str], weights: Mapping[str, str]) -> SelectedModels:
    """Return the models of these names; one that is not on this machine is skipped, and the others go on.

    Parameters
    ----------
    names
        As `--listen` gives them; a name may come twice.
    weights
        By name of the model; "" for its own.

    Raises
    ------
    UsageError
        If there is no such model, or weights that the user names are not on this machine.
    """
    models, skipped = [], {}
    for name in dict.fromkeys(names):
        given = weights.get(name, "")
        try:
            models.append(load_model(name, given))
        except MissingExtraError as error:
            skipped[name] = str(error)
        except UsageError as error:
            if given or name not in all_models():
                raise
            skipped[name] = str(error)
    return SelectedModels(tuple(models), skipped)


def folders() -> tuple[Path, ...]:
    """Return where weights are looked for by name: ``$TTSPREP_MODELS``, then ``models`` in the user's cache."""
    own, cache = os.environ.get("TTSPREP_MODELS"), cache_folder()
    system = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    return (*((Path(own),) if own else ()), *((cache / "models",) if cache else ()), system / "whisper")


def find_weights(name: str, suffixes: tuple[str, ...], *, where_from: str) -> Path:
    """Return the file of a model.

    Parameters
    ----------
    name
        A path, or a name: then a file of that name in one of the `folders`.
    suffixes
        What may follow the name, such as ``.pt``.
    where_from
        Where a person downloads it; ends the error.

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
                if (file := folder / f"{name}{suffix}").is_file():
                    return file
    places = ", ".join(map(str, folders()))
    raise UsageError(f"there are no weights {name!r} here, and none are fetched: {where_from}; looked in {places}")


def package_file(package: str, *parts: str) -> Path:
    """Return a file of an installed package, without importing the package, which imports much else."""
    spec = importlib.util.find_spec(package)
    (folder,) = (spec and spec.submodule_search_locations) or [""]
    return Path(folder, *parts)


@cache
def onnx_session(path: str) -> "InferenceSession":
    """Return an ONNX model on one core: an audit has a process a core."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

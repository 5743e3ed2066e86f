"""Turns recorded speech and transcripts into text-to-speech training data people can trust.

>>> import ttsprep as tp                                              # doctest: +SKIP
>>> result = tp.audit("./corpus")                                     # doctest: +SKIP
>>> result.findings                                                   # doctest: +SKIP
>>> tp.build("./corpus", trainer="piper")                             # doctest: +SKIP

The options are those of the command line, with their names and defaults. Every error is a `TtsprepError`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from ttsprep.core.errors import TtsprepError, UsageError, nearest
from ttsprep.core.package import VERBS, __version__

if TYPE_CHECKING:
    from ttsprep.build.options import Target
    from ttsprep.codec import Codec
    from ttsprep.codec.encode import Encoded
    from ttsprep.corpora.corpus import Corpus
    from ttsprep.report.results import AuditResult, BuildResult

__all__ = [
    "AuditResult",
    "BuildResult",
    "Codec",
    "TtsprepError",
    "__version__",
    "audit",
    "build",
    "encode",
    "read_corpus",
]

_FIELDS = {"format": "form"}
"""Options whose field in the code has another name."""
_LAZY = {
    "AuditResult": "ttsprep.report.results",
    "BuildResult": "ttsprep.report.results",
    "Codec": "ttsprep.codec",
}


class ReadOptions(TypedDict, total=False):
    """How a corpus is read: as the options of the same names."""

    layout: str
    language: str
    columns: Sequence[str]
    audio_root: str
    follow_links: bool


class DecidingOptions(ReadOptions, total=False):
    """What decides which clips are usable, in an audit as in a build; `trainer` is ``--for``."""

    recipe: str
    trainer: str
    rate: int
    strict: bool
    lenient: bool
    keep_hours: float


class AuditOptions(DecidingOptions, total=False):
    """Options of `audit`, beside those of `DecidingOptions`."""

    select: Sequence[str]
    ignore: Sequence[str]
    listen: Sequence[str]
    asr_model: str
    speaker_model: str
    codes: str | Path
    decisions: str | Path
    jobs: int


class BuildOptions(DecidingOptions, total=False):
    """Options of `build`, beside those of `DecidingOptions`."""

    export: Sequence[str]
    licence: str
    decisions: str | Path
    listen: Sequence[str]
    asr_model: str
    speaker_model: str
    jobs: int


class EncodeOptions(ReadOptions, total=False):
    """Options of `encode`; `format` is ``--format``."""

    codec: str
    format: str
    first_token: int
    num_codebooks: int
    beam: int
    device: str
    jobs: int


def read_corpus(corpus: str | Path, **options: Unpack[ReadOptions]) -> "Corpus":
    """List the clips of a corpus without opening any audio.

    Raises
    ------
    TtsprepError
        If it cannot be read as asked.
    """
    from ttsprep.audit.project import project_recipe
    from ttsprep.build.options import audit_recipe
    from ttsprep.corpora.corpus import read_corpus as read
    from ttsprep.corpora.source import readable

    _known(options, ReadOptions)
    recipe = audit_recipe(project_recipe(Path(corpus)), _reading(options))
    return read(readable(Path(corpus)), recipe.layout, recipe.language, recipe.reading())


def audit(corpus: str | Path, out: str | Path = "", **options: Unpack[AuditOptions]) -> "AuditResult":
    """Find what is wrong with a corpus, how badly, and how to fix it.

    Parameters
    ----------
    corpus
        Folder of the corpus, or its metadata file; only read.
    out
        Where the results go, outside the corpus; ``./NAME.audit`` if empty.
    **options
        As those of ``ttsprep audit``.

    Returns
    -------
    AuditResult
        The tables of clips and findings as data frames, and the summary.

    Raises
    ------
    TtsprepError
        If the corpus cannot be read, or the results cannot be written.
    """
    from ttsprep.audit import pipeline
    from ttsprep.audit.project import project_recipe
    from ttsprep.build.options import audit_models, audit_recipe
    from ttsprep.core.output_folder import corpus_name
    from ttsprep.core.workers.pool import cores
    from ttsprep.corpora.source import readable
    from ttsprep.report.results import AuditResult

    get = _known(options, AuditOptions).get
    path = Path(corpus)
    folder = Path(out or f"{corpus_name(path)}.audit")
    name = get("recipe", "") or project_recipe(path)
    recipe = audit_recipe(name, _reading(options), _names(get("select")), _names(get("ignore")), _target(options))
    models = audit_models(_names(get("listen")), asr=get("asr_model", ""), speaker=get("speaker_model", ""))
    codes = _file(get("codes"))
    source = readable(path)
    extras = pipeline.Extras(models, codes, _file(get("decisions")))
    done = pipeline.audit(source, folder, recipe, jobs=cores(get("jobs")), extras=extras)
    return AuditResult(done, source, recipe)


def build(source: str | Path, out: str | Path = "", **options: Unpack[BuildOptions]) -> "BuildResult":
    """Build a clean, normalised, ready-to-train copy of a corpus, with a reason for every rejection.

    Parameters
    ----------
    source
        Folder of the corpus, or its metadata file; only read.
    out
        Folder of the build; ``./build/NAME`` if empty.
    **options
        As those of ``ttsprep build``.

    Raises
    ------
    TtsprepError
        If the corpus or an option cannot be used, `out` cannot be written, or no clip is left.
    """
    from ttsprep.audit.project import project_recipe
    from ttsprep.build import pipeline
    from ttsprep.build.options import audit_models, build_recipe, with_licence
    from ttsprep.core.output_folder import corpus_name
    from ttsprep.core.workers.pool import cores
    from ttsprep.corpora.source import readable
    from ttsprep.report.page import build_report
    from ttsprep.report.results import BuildResult

    get = _known(options, BuildOptions).get
    listen = _names(get("listen"))
    path = Path(source)
    recipe = build_recipe(
        get("recipe", "") or project_recipe(path),
        _reading(options),
        _target(options),
        _names(get("export")),
        get("asr_model", ""),
        listen,
    )
    recipe = with_licence(recipe, get("licence", ""))
    folder = Path(out) if out else Path("build") / (Path(get("recipe", "")).stem or corpus_name(path))
    listened_by = audit_models(
        listen, asr=get("asr_model", "") if "asr" in listen else "", speaker=get("speaker_model", "")
    )
    built = pipeline.build(
        readable(path),
        folder,
        recipe,
        jobs=cores(get("jobs")),
        decisions=_file(get("decisions")),
        models=listened_by,
        report=build_report,
    )
    return BuildResult(built)


def encode(corpus: str | Path, out: str | Path = "codes", **options: Unpack[EncodeOptions]) -> "Encoded":
    """Turn clips into the codebook indices of a neural codec; needs the extra ``codec``.

    Parameters
    ----------
    corpus
        Folder of the corpus or of a build, or a metadata file; only read.
    out
        Folder for the codes.
    **options
        As those of ``ttsprep encode``.

    Raises
    ------
    TtsprepError
        If the corpus or the codec cannot be used, or the codes cannot be written.
    """
    from ttsprep.build.options import audit_recipe
    from ttsprep.codec.encode import encode as run
    from ttsprep.codec.encode_job import Options
    from ttsprep.core.workers.pool import cores
    from ttsprep.corpora.source import readable

    given = _known(options, EncodeOptions)
    jobs = cores(given.pop("jobs", None))
    recipe = audit_recipe(reading=_reading(options))
    own = {_FIELDS.get(name, name): given[name] for name in given if name not in ReadOptions.__annotations__}
    chosen = Options(layout=recipe.layout, reading=recipe.reading(), **own)
    return run(readable(Path(corpus)), Path(out), chosen, jobs=jobs)


VERBS |= {"ttsprep.audit": audit, "ttsprep.build": build}


def _known(options: Mapping[str, Any], known: Any) -> dict[str, Any]:
    """Return the options, once the name of each is known."""
    for name in options:
        if name not in known.__annotations__:
            raise UsageError(f"there is no option {name!r}; {nearest(name, known.__annotations__)}")
    return dict(options)


def _reading(options: Mapping[str, Any]) -> dict[str, Any]:
    reading = {name: options[name] for name in ReadOptions.__annotations__ if name in options}
    return reading | ({"columns": tuple(reading["columns"])} if "columns" in reading else {})


def _target(options: Mapping[str, Any]) -> "Target":
    from dataclasses import fields

    from ttsprep.build.options import Target

    return Target(**{field.name: options[field.name] for field in fields(Target) if field.name in options})


def _file(given: str | Path | None) -> Path | None:
    return Path(given) if given else None


def _names(given: Sequence[str] | str | None) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given or ())


def __getattr__(name: str) -> Any:
    """Import a class when it is asked for, as it brings pandas or torch."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LAZY[name]), name)

"""Settings read from TOML: strict tables, and one place for what is said of a wrong line."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, ClassVar, Protocol, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails, PydanticKnownError

from ttsprep.core.errors import UsageError, nearest
from ttsprep.core.untrusted import UntrustedError, toml_table

Option = StrictBool | StrictInt | StrictFloat | StrictStr


class Named(Protocol):
    """A check, stage or export: a dataclass that a recipe can configure by its name."""

    name: ClassVar[str]


Part = TypeVar("Part", bound=Named)
Model = TypeVar("Model", bound="Section")


class Section(BaseModel):
    """A table of settings: an unknown key is an error, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    moved: ClassVar[Mapping[str, str]] = {}
    """Keys of older files, each with a line that says where it stands now."""

    @field_validator("*", mode="before")
    @classmethod
    def _as_written(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse a text or a truth value where a number stands, and the other way round: pydantic converts them."""
        kind = cls.model_fields[str(info.field_name)].annotation
        if kind in {int, float, bool} and (isinstance(value, str) or isinstance(value, bool) != (kind is bool)):
            raise PydanticKnownError("bool_type" if kind is bool else "int_type" if kind is int else "float_type")
        return value


def parse_toml(model: type[Model], text: str, source: str, table: str = "") -> Model:
    """Read the text of a TOML file, or a table in it, as a `model`; `source` is named in errors.

    Raises
    ------
    UsageError
        If the text is no TOML, or a key or a value is wrong; names the key and the nearest spelling.
    """
    try:
        document = toml_table(text)
    except UntrustedError as error:
        raise UsageError(f"{source}: {error}") from None
    for part in filter(None, table.split(".")):
        document = document.get(part, {})
        if not isinstance(document, dict):
            raise UsageError(f"{source}: {table} is no table")
    for key, value in document.items():
        if key in model.moved and not (key in model.model_fields and isinstance(value, dict)):
            raise UsageError(f"{source}: {model.moved[key]}")
        if key not in model.model_fields:
            raise UsageError(f"{source}: there is no key {key!r}; {nearest(key, model.model_fields)}")
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise UsageError(f"{source}: {first_mistake(error)}") from None


_KINDS = {
    "string": "a text in quotes",
    "int": "a whole number",
    "float": "a number",
    "finite": "a number with an end",
    "bool": "true or false",
    "list": "a list in brackets",
    "tuple": "a list in brackets",
    "dict": "a table",
    "model": "a table",
}
"""What a value has to be, by the first word of the type of pydantic's error."""
_LIMITS = {
    "greater_than_equal": "{ge:g} or more",
    "greater_than": "more than {gt:g}",
    "less_than_equal": "{le:g} or less",
    "less_than": "less than {lt:g}",
    "literal_error": "{expected}",
    "string_pattern_mismatch": "a text that fits {pattern}",
}
_WORDS = {"missing": "no value is given", "extra_forbidden": "there is no such key"}
_ALTERNATIVES = {"bool", "int", "float", "str"}
"""Ends of the place of a mistake in a value that may be of several kinds: there is a mistake for each."""


def first_mistake(error: ValidationError) -> str:
    """Return what is wrong with a document in one line: the place, what has to be there, and what is."""
    mistakes = error.errors()
    first, place = mistakes[0], mistakes[0]["loc"]
    if len(place) > 1 and place[-1] in _ALTERNATIVES:
        place = place[:-1]
    wanted = dict.fromkeys(_wanted(one) for one in mistakes if one["loc"][: len(place)] == place)
    if _KINDS["float"] in wanted:
        wanted.pop(_KINDS["int"], None)
    where = ".".join(map(str, place))
    if "" in wanted:
        words = _WORDS.get(first["type"], first["msg"].removeprefix("Value error, "))
        return f"{where}: {words}" if where else words
    where = f"[{where}]" if _KINDS["dict"] in wanted else where
    return f"{where or 'the whole'} is {' or '.join(wanted)}, not {_shown(first['input'])}"


def _wanted(mistake: ErrorDetails) -> str:
    """Return what a value has to be; "" where the message says it."""
    kind = mistake["type"]
    if kind in _LIMITS:
        return _LIMITS[kind].format(**mistake["ctx"])
    return _KINDS.get(kind.partition("_")[0], "")


def _shown(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def refuse_unknown(table: str, kind: str, given: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    """Refuse a ``[table.NAME]`` whose name is not known.

    Raises
    ------
    UsageError
        For the first of them; names the nearest.
    """
    for name in given:
        if name not in known:
            raise UsageError(f"[{table}.{name}]: there is no such {kind}; {nearest(name, known)}")


def configured(table: str, part: type[Part], options: Mapping[str, Any]) -> Part:
    """Return a check, stage or export, which is a dataclass with a `name`, with the options of its table.

    Raises
    ------
    UsageError
        If a key is not known or a value is of another kind.
    """
    default = part()
    known = {item.name for item in fields(default)}  # type: ignore[arg-type]
    what = {"checks": "threshold", "stages": "parameter", "exports": "option"}[table]
    for key, value in options.items():
        place = f"[{table}.{part.name}]"
        if key not in known:
            hint = nearest(key, known) if known else "it has none"
            raise UsageError(f"{place}: there is no {what} {key!r}; {hint}")
        old = getattr(default, key)
        if isinstance(old, bool) or isinstance(value, bool) or isinstance(old, str) or isinstance(value, str):
            if type(old) is not type(value):
                raise UsageError(f"{place}: {key} is {_kind(old)}, not {value!r}")
        elif isinstance(old, int) and not isinstance(value, int):
            raise UsageError(f"{place}: {key} is a whole number, not {value}")
        elif isinstance(old, int) and value < 1 and table != "stages":
            raise UsageError(f"{place}: {key} is a count from 1 on, not {value}")
        elif table == "exports" and value <= 0:
            raise UsageError(f"{place}: {key} is more than 0, not {value}")
    try:
        return replace(default, **options)  # type: ignore[type-var]
    except UsageError as error:  # from the part's own look at its options
        raise UsageError(f"[{table}.{part.name}]: {error}") from None


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    return "a text in quotes" if isinstance(value, str) else "a number"

"""Recipes: TOML files that say what a corpus is and how strictly it is judged."""

import tomllib
from dataclasses import fields, replace
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, StrictFloat, StrictInt, ValidationError

from ttsprep.checks.base import Check, all_checks, known_code
from ttsprep.errors import UsageError, nearest


class Recipe(BaseModel):
    """What a recipe may say; every key has a default.

    Attributes
    ----------
    layout
        Of the source; ``auto`` recognises it.
    language
        For clips that do not say theirs.
    select, ignore
        Codes to judge, and codes not to; an empty ``select`` is all of them.
    checks
        Thresholds, by check and name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    layout: str = "auto"
    language: str = ""
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    checks: dict[str, dict[str, StrictInt | StrictFloat]] = {}

    def judges(self) -> list[Check]:
        """Return every check with the thresholds of this recipe."""
        judges = []
        for name, check in all_checks().items():
            judges.append(_with_thresholds(check, self.checks.get(name, {})))
        for name in self.checks:
            if name not in all_checks():
                raise UsageError(f"[checks.{name}]: there is no such check; {nearest(name, all_checks())}")
        return judges

    def wanted(self) -> frozenset[str]:
        """Return the codes to judge."""
        from ttsprep.checks.base import catalogue

        chosen = frozenset(map(known_code, self.select)) or frozenset(catalogue())
        return chosen - frozenset(map(known_code, self.ignore))


def _with_thresholds(check: type[Check], thresholds: dict[str, int | float]) -> Check:
    default = check()
    known = {field.name: field.type for field in fields(default)}  # type: ignore[arg-type]
    for key, value in thresholds.items():
        if key not in known:
            hint = nearest(key, known) if known else "it has none"
            raise UsageError(f"[checks.{check.name}]: there is no threshold {key!r}; {hint}")
        if isinstance(getattr(default, key), int) and not isinstance(value, int):
            raise UsageError(f"[checks.{check.name}]: {key} is a whole number, not {value}")
        if isinstance(getattr(default, key), int) and value < 1:
            raise UsageError(f"[checks.{check.name}]: {key} is a count from 1 on, not {value}")
    return replace(default, **thresholds)  # type: ignore[type-var]


def shipped() -> dict[str, str]:
    """Return the recipes that come with ttsprep: name -> text."""
    folder = resources.files("ttsprep.recipes")
    return {
        entry.name.removesuffix(".toml"): entry.read_text(encoding="utf-8")
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    }


def load(name: str) -> Recipe:
    """Read a recipe by name, or from a file.

    Raises
    ------
    UsageError
        If there is no such recipe, or a line of it is wrong; names file, key and the nearest spelling.
    """
    path = Path(name)
    if path.suffix == ".toml" or path.is_file():
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot read the recipe {name}: {error}") from None
    else:
        known = shipped()
        if name not in known:
            raise UsageError(f"no recipe is called {name!r}; {nearest(name, known)}, or give a .toml file")
        text = known[name]
    return parse(text, name)


def parse(text: str, source: str) -> Recipe:
    """Read the text of a recipe; `source` is named in errors."""
    try:
        document: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{source}: {error}") from None
    for key in document:
        if key not in Recipe.model_fields:
            raise UsageError(f"{source}: there is no key {key!r}; {nearest(key, Recipe.model_fields)}")
    try:
        recipe = Recipe.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UsageError(f"{source}: {place}: {first['msg']}") from None
    try:
        recipe.judges()
        recipe.wanted()
    except UsageError as error:
        raise UsageError(f"{source}: {error}") from None
    return recipe

"""Plug-ins: classes of one kind that are found by name, ours and those of other packages."""

import importlib
import pkgutil
from collections.abc import Mapping, MutableMapping
from importlib.metadata import entry_points
from typing import TypeVar

from ttsprep.core.errors import UsageError

GROUP = "ttsprep.plugins"
"""The entry points by which other packages bring checks, stages, layouts, exports and models."""

_Kind = TypeVar("_Kind", bound=type)


def register(registry: MutableMapping[str, _Kind], kind: str, name: str, cls: _Kind) -> None:
    """Add a class to a registry, as its base does in ``__init_subclass__``; a base without a name is left out.

    Raises
    ------
    UsageError
        If another module has a class of that name.
    """
    other = registry.get(name)
    if other is not None and other.__module__ != cls.__module__:
        raise UsageError(f"two {kind} are named {name!r}: in {other.__module__} and in {cls.__module__}")
    if name:
        registry[name] = cls


def load_plugins(package: str, registry: Mapping[str, _Kind]) -> dict[str, _Kind]:
    """Import every module of `package` and the plug-ins of others, and return what is registered, by name.

    Classes of `package` come first, in the order of its modules, whatever was imported first.
    """
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        importlib.import_module(f"{package}.{module.name}")
    for entry in entry_points(group=GROUP):
        entry.load()
    modules = {name: cls.__module__ for name, cls in registry.items()}
    order = sorted(modules, key=lambda name: (not modules[name].startswith(f"{package}."), modules[name]))
    return {name: registry[name] for name in order}

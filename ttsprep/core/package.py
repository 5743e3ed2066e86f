"""What the package says of itself: its version, and its verbs that are packages as well."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

__version__ = "0.1.0"

VERBS: dict[str, Callable[..., Any]] = {}
"""The functions of the Python API by the name of the package that stands in their place."""


class CallablePackage(ModuleType):
    """A package that is a verb as well: whoever imports ``ttsprep.audit`` puts it in the place of the function."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Call the verb."""
        return VERBS[self.__name__](*arguments, **options)

"""Plug-ins: one class a name, ours first, whatever was imported first."""

import pytest

from ttsprep.core.errors import UsageError
from ttsprep.core.plugins import load_plugins, register


class Ours:
    """Stands for a layout of ours."""


class Foreign:
    """Stands for a layout of another package."""


def test_a_name_is_taken_once_and_a_base_without_a_name_is_left_out() -> None:
    registry: dict[str, type] = {}
    register(registry, "layouts", "", Ours)
    register(registry, "layouts", "mine", Ours)
    register(registry, "layouts", "mine", Ours)  # its module was imported again
    assert registry == {"mine": Ours}
    other = type("Other", (), {"__module__": "elsewhere"})
    with pytest.raises(UsageError, match=r"two layouts are named 'mine': in .* and in elsewhere"):
        register(registry, "layouts", "mine", other)


def test_ours_come_first_in_the_order_of_their_modules() -> None:
    Ours.__module__ = "ttsprep.corpora.layouts.zzz"
    Foreign.__module__ = "another.package"
    first = type("First", (), {"__module__": "ttsprep.corpora.layouts.aaa"})
    found = load_plugins("ttsprep.corpora.layouts", {"foreign": Foreign, "z": Ours, "a": first})
    assert list(found) == ["a", "z", "foreign"]

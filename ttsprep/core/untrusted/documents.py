"""JSON, TOML and numbers as values of bounded depth and size."""

import json
import re
from typing import Any

DEPTH = 64
"""Arrays, objects and tables within one another."""
DIGITS = 300
"""Of a whole number: it still is a float."""
TEXT_BYTES = 16 << 20
"""Of a settings file or a document of ours."""
_NESTING = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)


class UntrustedError(ValueError):
    """What came from outside is no JSON, no TOML or no number, or is too deep or too large."""


def parse_json(text: str | bytes) -> Any:
    """Return the value of a JSON text.

    Raises
    ------
    UntrustedError
        If it is none, has more than `DEPTH` arrays and objects within one another, or a whole number of more than
        `DIGITS` digits.
    """
    try:
        text = text if isinstance(text, str) else text.decode(json.detect_encoding(text))
        _refuse_deep(text)
        # numbers of few digits need no look of ours at each, which takes longer than all the rest
        return json.loads(text, parse_int=_whole if len(text) > DIGITS else None)
    except RecursionError:
        raise UntrustedError(_too_deep()) from None
    except UntrustedError:
        raise
    except ValueError as error:
        raise UntrustedError(f"it is not JSON: {getattr(error, 'msg', error)}") from None


def toml_table(text: str) -> dict[str, Any]:
    """Return the table of a TOML text.

    Raises
    ------
    UntrustedError
        As `parse_json`; the message of a mistake names its line.
    """
    import tomllib

    if len(text) > TEXT_BYTES:
        raise UntrustedError(f"it has {len(text):,} characters (limit {TEXT_BYTES:,})")
    try:
        document = tomllib.loads(text)
        _refuse_large(document, DEPTH)
    except RecursionError:
        raise UntrustedError(_too_deep()) from None
    except tomllib.TOMLDecodeError as error:
        raise UntrustedError(str(error)) from None
    except UntrustedError:
        raise
    except ValueError:  # of int()
        raise UntrustedError(_too_many_digits()) from None
    return document


def parse_count(text: str) -> int | None:
    """Return a whole number from 0 on in ASCII digits, as a header of HTTP or an option has it, or None."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 19 else None


def _whole(digits: str) -> int:
    if len(digits) > DIGITS:
        raise UntrustedError(_too_many_digits())
    return int(digits)


def _refuse_deep(text: str) -> None:
    if text.count("[") + text.count("{") <= DEPTH:
        return
    depth = 0
    for bracket in _NESTING.finditer(text):
        sign = bracket[0]
        depth += (sign in "[{") - (sign in "]}")
        if depth > DEPTH:
            raise UntrustedError(_too_deep())


def _refuse_large(value: Any, depth: int) -> None:
    if depth < 0:
        raise UntrustedError(_too_deep())
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            _refuse_large(part, depth - 1)
    elif isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        raise UntrustedError("it has a whole number of more than 64 bits")


def _too_deep() -> str:
    return f"it has more than {DEPTH} arrays or tables within one another"


def _too_many_digits() -> str:
    return f"it has a whole number of more than {DIGITS} digits"

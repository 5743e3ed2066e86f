"""Bytes from outside, the one way in: JSON, TOML, numbers and small files, bounded before anything is built of them.

Whatever comes in here was written by somebody else, or was ours and is damaged. It becomes a value of bounded depth
and with numbers that fit a float, or an `UntrustedError`, which is a `ValueError`.
"""

from ttsprep.core.untrusted.documents import UntrustedError, parse_count, parse_json, toml_table
from ttsprep.core.untrusted.files import open_regular, read_bytes, read_json, read_safetensors, read_text, refuse_bomb

__all__ = [
    "UntrustedError",
    "open_regular",
    "parse_count",
    "parse_json",
    "read_bytes",
    "read_json",
    "read_safetensors",
    "read_text",
    "refuse_bomb",
    "toml_table",
]

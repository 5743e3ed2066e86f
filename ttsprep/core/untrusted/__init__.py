"""Bytes from outside, the one way in: JSON, TOML, XML, numbers and small files, all of bounded size.

Whatever comes in here was written by somebody else, or was ours and is damaged. It becomes a value of bounded depth
and with numbers that fit a float, or an `UntrustedError`, which is a `ValueError`.
"""

from ttsprep.core.untrusted.documents import UntrustedError, parse_count, parse_json, toml_table
from ttsprep.core.untrusted.files import open_regular, read_bytes, read_json, read_safetensors, read_text, refuse_bomb
from ttsprep.core.untrusted.xml import parse_xml

__all__ = [
    "UntrustedError",
    "open_regular",
    "parse_count",
    "parse_json",
    "parse_xml",
    "read_bytes",
    "read_json",
    "read_safetensors",
    "read_text",
    "refuse_bomb",
    "toml_table",
]

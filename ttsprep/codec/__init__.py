"""A neural codec of our own: speech in, codebook indices out, and back.

``Codec.load(path).encode(batch, lengths)`` is all that another program needs. Only this package (and checks that run a
model) imports torch; importing ``ttsprep.codec`` itself does not, but what it offers does.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ttsprep.codec.codec import Codec, EncodedClip

__all__ = ["Codec", "EncodedClip"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ttsprep.codec import codec as api

    return getattr(api, name)

"""A neural codec of our own: speech in, codebook indices out, and back.

``Codec.load(path).encode(batch, lengths)`` is all that another program needs. Only this package (and checks that run a
model) imports torch; importing ``ttsprep.codec`` itself does not, but what it offers does.
"""

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ttsprep.core.store.cache import cache_folder

if TYPE_CHECKING:
    from ttsprep.codec.codec import Codec, EncodedClip

__all__ = ["Codec", "EncodedClip"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ttsprep.codec import codec as api

    return getattr(api, name)


_cache = cache_folder()
if _cache is not None and "TORCHINDUCTOR_CACHE_DIR" not in os.environ:
    # torch makes this folder as it loads its compiler, by default in $TMPDIR, which may be full and is nobody's
    with suppress(OSError):
        (_cache / "torch").mkdir(parents=True, exist_ok=True)
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(_cache / "torch")

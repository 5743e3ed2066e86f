"""Working in groups that become smaller where memory runs out."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def out_of_memory(error: BaseException) -> bool:
    """Say whether an error means that memory ran out, on whatever device."""
    import torch

    # On a CPU torch raises a plain RuntimeError, from its allocator or from oneDNN.
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError)
        and any(words in str(error) for words in ("DefaultCPUAllocator", "could not create a"))
    )


def in_groups(
    work: Callable[[Sequence[_Item]], Sequence[_Result]],
    items: Sequence[_Item],
    at_once: int,
    on_less: Callable[[int], None] = lambda _: None,
) -> Iterator[_Result]:
    """Work on groups of at most `at_once` items; where memory runs out, on half as many from then on.

    Parameters
    ----------
    work
        Returns a result for each item; is called again with fewer where it ran out of memory.
    items
        All there is to do.
    at_once
        Items in a group.
    on_less
        Told the new number of items in a group.

    Yields
    ------
    Result
        In the order of `items`.

    Raises
    ------
    MemoryError, RuntimeError
        If memory does not suffice for a single item.
    """
    import torch

    start = 0
    while start < len(items):
        group = items[start : start + at_once]
        try:
            results = work(group)
        except (MemoryError, RuntimeError) as error:
            if not out_of_memory(error) or at_once == 1:
                raise
            at_once //= 2  # not half of this group: work may fill a small one up
            on_less(at_once)
        else:
            yield from results
            start += len(group)
            continue
        # Outside the handler: the traceback of the error keeps the tensors of the failed try alive.
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

"""Strings on which a regular expression takes longest, made of its own parts.

`re` counts no steps, but stops at a signal.
"""

import gc
import re
import signal
from collections.abc import Callable, Iterator
from re import _constants as codes
from re import _parser as parser
from typing import Any

REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT)
CLASSES = {
    codes.CATEGORY_DIGIT: "7",
    codes.CATEGORY_SPACE: " ",
    codes.CATEGORY_WORD: "a",
    codes.CATEGORY_NOT_WORD: "-",
}
PLAIN = "xa7 -.<"


def parsed(pattern: re.Pattern[Any]) -> Any:
    return parser.parse(pattern.pattern, pattern.flags & ~(re.UNICODE if isinstance(pattern.pattern, bytes) else 0))


def inner(op: Any, av: Any) -> list[Any]:
    """The parts of an element, one list for each way to go on."""
    if op in REPEATS:
        return [av[2]]
    if op is codes.SUBPATTERN:
        return [av[3]]
    if op is codes.ATOMIC_GROUP:
        return [av]
    if op is codes.BRANCH:
        return list(av[1])
    return [av[1]] if op in {codes.ASSERT, codes.ASSERT_NOT} else []


def characters(tree: Any) -> dict[str, None]:
    """Some characters that the elements match, in their order."""
    found: dict[str, None] = {}
    for op, av in tree:
        if op is codes.LITERAL:
            found[chr(av)] = None
        elif op in {codes.ANY, codes.NOT_LITERAL}:
            found |= dict.fromkeys([char for char in PLAIN if op is codes.ANY or ord(char) != av][:1])
        elif op is codes.IN:
            found |= dict.fromkeys(of_class(av)[:6])
        for part in inner(op, av):
            found |= characters(part)
    return found


def of_class(items: Any) -> list[str]:
    negated, listed = False, []
    for op, av in items:
        negated = negated or op is codes.NEGATE
        listed += [chr(av)] if op is codes.LITERAL else map(chr, av) if op is codes.RANGE else []
        listed += [CLASSES.get(av, "a")] if op is codes.CATEGORY else []
    return [char for char in PLAIN if char not in listed] if negated else listed


def example(tree: Any) -> str:
    """A string that about fits the elements, as short as they allow."""
    text = ""
    for op, av in tree:
        if op in REPEATS:
            text += example(av[2]) * av[0]
        elif op in {codes.SUBPATTERN, codes.ATOMIC_GROUP, codes.BRANCH}:
            text += example(inner(op, av)[0])
        elif op in {codes.LITERAL, codes.IN, codes.ANY, codes.NOT_LITERAL}:
            text += next(iter(characters([(op, av)])), "x")
    return text


def pumps(tree: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """What stands before each part that repeats without limit, and what to repeat there."""
    items = list(tree)
    for place, (op, av) in enumerate(items):
        if op in REPEATS and av[1] > 100:
            own, after = list(characters([items[place]])), list(characters(items[place + 1 : place + 4]))
            yield from ((before, char) for char in [*own[:4], *after[:4], example(av[2]) or "x"])
            yield from ((before, one + other) for one in own[:2] for other in after[:3])
        for part in inner(op, av):
            yield from pumps(part, before)
        before += example([items[place]])


def strings(pattern: re.Pattern[Any], size: int) -> Iterator[str]:
    """Long strings that the pattern nearly matches, from many places on."""
    tree = parsed(pattern)
    found = dict.fromkeys(pumps(tree))
    if not found:
        return
    whole = example(tree) or "x"
    found |= dict.fromkeys(("", part) for part in (whole, whole[:-1]) if part)
    found |= dict.fromkeys(("", pump) for _, pump in list(found))
    for before, pump in found:
        yield before + pump * (size // len(pump)) + "\0"


class TooSlow(Exception):
    """The time of this process ran out."""


def within(seconds: float, work: Callable[[], object]) -> bool:
    """Whether the work takes no more than so many seconds of this process, whatever else the machine does."""

    def stop(*_: object) -> None:
        raise TooSlow

    gc.disable()  # what is raised inside a collection is lost
    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        work()
    except TooSlow:
        return False
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
        gc.enable()
    return True

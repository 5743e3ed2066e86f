"""No regular expression of the package takes time that grows faster than the text it looks at."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import ttsprep
from text.pumped import strings, within

PACKAGE = Path(ttsprep.__file__).parent
SIZE, SECONDS = 30_000, 0.5
"""A linear pattern takes a millisecond for so many characters, a quadratic one many seconds."""
ANCHORED = {"match", "fullmatch"}
BOUNDED = {
    "build/longform/book_words.py": 1000,  # one word
    "checks/hallucinated.py in a function": 300,  # the longest credit
    "text/normalise/abbreviations.py": 1000,  # what stands before and after
    "text/normalise/dates.py": 1000,
    "text/normalise/numbers.py": 1000,
    "text/normalise/spell.py": 1000,  # a number in words
}
"""Characters of what the patterns of a file search, where it is no whole text."""
COLLECT = """
import importlib, json, pkgutil, re, sys
found, compiled = {}, re._compile
def noting(pattern, flags):
    made = compiled(pattern, flags)
    frame = sys._getframe(2)
    name = frame.f_globals.get("__name__", "")
    if name.startswith("ttsprep"):
        raw = isinstance(made.pattern, bytes)
        text = made.pattern.decode("latin-1") if raw else made.pattern
        found[f"{name}:{frame.f_lineno}:{text}"] = [name, frame.f_lineno, text, made.flags, raw]
    return made
re._compile = noting
import ttsprep
for module in pkgutil.walk_packages(ttsprep.__path__, "ttsprep."):
    if "triton" not in module.name:
        importlib.import_module(module.name)
import numpy as np
from importlib import resources
from ttsprep.build.stages.normalise import Normalise
from ttsprep.core.types import Audio, Clip
folder = resources.files("ttsprep.text.normalise").joinpath("languages")
for file in sorted(path.name for path in folder.iterdir() if path.name.endswith(".toml")):
    clip = Clip("a", "a", "Dr. X paid $1,234.50 & 1/2 on 3.5.1999 at 10 p.m., Louis XIV, 1+1=2", language=file[:-5])
    Normalise().apply(clip, Audio(np.zeros((9, 1), np.float32), 16000))
from ttsprep.checks.hallucinated import stock_phrases
from ttsprep.checks.text_speakable import _abbreviation
from ttsprep.corpora.tables.rows import _patterns
stock_phrases("Thanks for watching!"), _abbreviation("en"), _abbreviation("de"), _abbreviation("ru")
[_patterns(delimiter, quote, escape) for delimiter in ",|" for quote in "'\\"" for escape in (True, False)]
print(json.dumps(list(found.values())))
"""


def used(module: str, line: int) -> set[str]:
    """The methods by which the pattern of a line is used; none where a function makes it."""
    path = PACKAGE.joinpath(*module.split(".")[1:]).with_suffix(".py")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.lineno <= line <= (node.end_lineno or line):
            call = node.func
            if isinstance(call, ast.Attribute) and ast.unparse(call.value) == "re" and call.attr != "compile":
                return {call.attr}
    names = [
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign) and node.lineno <= line <= (node.end_lineno or line)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]
    if not names:
        return {"match"} if module.endswith("tables.rows") else set()
    (name,) = names
    places = PACKAGE.rglob("*.py") if not name.startswith("_") else [path]
    calls = {found for place in places for found in re.findall(rf"\b{name}\.(\w+)", place.read_text(encoding="utf-8"))}
    return calls or {"finditer"}


@pytest.fixture(scope="module")
def patterns() -> list[tuple[str, re.Pattern[Any], set[str]]]:
    done = subprocess.run([sys.executable, "-c", COLLECT], capture_output=True, text=True, check=True, timeout=300)
    made = []
    for module, line, text, flags, raw in json.loads(done.stdout):
        pattern: re.Pattern[Any] = (
            re.compile(text.encode("latin-1"), flags) if raw else re.compile(text, flags & ~re.UNICODE)
        )
        made.append((f"{module}:{line}", pattern, used(module, line)))
    return made


def test_every_pattern_is_linear(patterns: list[tuple[str, re.Pattern[Any], set[str]]]) -> None:
    assert len(patterns) > 200
    slow = []
    for place, pattern, methods in patterns:
        file = "/".join(place.partition(":")[0].split(".")[1:]) + ".py"
        size = BOUNDED.get(file if methods else f"{file} in a function", SIZE)
        for text in strings(pattern, size):
            subject: Any = text.encode("utf-8", "replace") if isinstance(pattern.pattern, bytes) else text
            ways = [lambda s=subject, p=pattern: p.match(s), lambda s=subject, p=pattern: p.fullmatch(s)]
            ways += [lambda s=subject, p=pattern: list(p.finditer(s))] if not methods <= ANCHORED or not methods else []
            if not all(within(SECONDS, way) for way in ways):
                slow.append(f"{place} {methods} {pattern.pattern[:60]!r} on {text[:20]!r}")
                break
    assert not slow, "\n".join(slow)


@pytest.mark.parametrize("pattern", [r"(?:a+)+$", r"\s*;", r"<b.*?</b>", r"a*a*$"])
def test_what_is_quadratic_is_noticed(pattern: str) -> None:
    made = re.compile(pattern)
    assert not all(within(SECONDS, lambda s=text: list(made.finditer(s))) for text in strings(made, SIZE))

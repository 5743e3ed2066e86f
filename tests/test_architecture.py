"""The shape of the house: who may import whom, what is loaded when, how much fits into a file."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import ttsprep

PACKAGE = Path(ttsprep.__file__).parent
FLOORS = ({"core"}, {"text"}, {"corpora", "models", "checks"}, {"audit", "codec"}, {"build"}, {"report"}, {"cli"})
"""A module imports from lower floors and from its own package, never from a neighbour on its floor."""
ONLY = {
    "typer": {"cli"},
    "rich": {"cli"},
    "phonemizer": {"text.phonemes"},
    "espeakng_loader": {"text.phonemes", "audit.defects.demo"},
    "torch": {"codec", "models", "core.workers.batching"},
    "whisper": {"models"},
    "onnxruntime": {"models"},
    "resemblyzer": {"models"},
    "speechmos": {"models"},
    "silero_vad": {"models"},
    "ray": {"core.workers.ray_cluster"},
    "tomllib": {"core.untrusted.documents"},
}
"""Packages, and the parts that alone may import them."""
AT_LOAD = {"torch": {"codec"}} | {name: set() for name in ("librosa", "matplotlib", "pyloudnorm", "av", "transformers")}
"""Heavy packages, and the parts that alone may import them at load; the others do inside functions."""
MANY = {"checks", "codec", "corpora/layouts", "corpora/exports", "build/stages"}
"""Folders that may hold more than twelve files: one file is one plug-in there, or one part of the codec."""


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").removesuffix(".")


TREES = {module_of(path): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}


def imports_of(tree: ast.Module, *, at_load: bool = False) -> Iterator[str]:
    """Yield the full name of everything that is imported, or only what loading the module imports."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if at_load and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if at_load and isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        waiting.extend(ast.iter_child_nodes(node))


def floor_of(part: str) -> int:
    return next((number for number, parts in enumerate(FLOORS) if part in parts), -1)


def may_import(part: str, other: str) -> bool:
    """Say whether `part` may import from `other`; ``__init__.py`` and ``__main__.py`` stand above all floors."""
    return other == part or floor_of(other) < floor_of(part) or part in {"", "__main__"}


def is_in(module: str, parts: set[str]) -> bool:
    return any(module == part or module.startswith(f"{part}.") for part in parts)


def loaded_by(script: str) -> tuple[set[str], str]:
    """Return the top-level packages that a fresh interpreter loads for `script`, and what that prints."""
    whole = f"""import sys
sys.path[:] = {sys.path!r}
before = set(sys.modules)
{script}
print("loaded:", *(set(sys.modules) - before))
"""
    done = subprocess.run([sys.executable, "-c", whole], capture_output=True, text=True, check=False, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    printed, _, modules = done.stdout.rpartition("loaded:")
    return {name.split(".")[0] for name in modules.split()}, printed


def test_the_rules_themselves() -> None:
    assert may_import("checks", "core")
    assert may_import("cli", "audit")
    assert not may_import("checks", "corpora")
    assert not may_import("core", "text")
    tree = ast.parse("import a.b\ndef f():\n    from c import d\nif TYPE_CHECKING:\n    import e")
    assert set(imports_of(tree)) == {"a.b", "c.d", "e"}
    assert set(imports_of(tree, at_load=True)) == {"a.b"}


def test_imports_go_down_only() -> None:
    parts = {module.split(".")[0] for module in TREES} - {"", "__main__"}
    assert {part for part in parts if floor_of(part) < 0} == set(), "give it a floor in FLOORS"
    wrong = [
        f"{module} imports {name}"
        for module, tree in TREES.items()
        for name in imports_of(tree)
        if name.startswith("ttsprep.")
        and ((other := name.split(".")[1]) not in parts or not may_import(module.split(".")[0], other))
    ]
    assert wrong == []


@pytest.mark.parametrize(("allowed", "at_load"), [(ONLY, False), (AT_LOAD, True)], ids=["ever", "at load"])
def test_packages_are_imported_where_they_belong(allowed: dict[str, set[str]], *, at_load: bool) -> None:
    wrong = [
        f"{module} imports {name}"
        for module, tree in TREES.items()
        for name in imports_of(tree, at_load=at_load)
        if name.split(".")[0] in allowed and not is_in(module, allowed[name.split(".")[0]])
    ]
    assert wrong == []


def test_bytes_from_outside_come_in_by_one_way() -> None:
    calls = {"json.loads", "json.load", "tomllib.loads", "tomllib.load", "pq.read_table", "ast.literal_eval"}
    found = [
        f"{name}: {ast.unparse(node.func)}"
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in calls and name != "core.untrusted.documents"
    ]
    assert not found, "parse_json, toml_table and read_parquet bound what they read"


def test_nothing_outgrows_its_place() -> None:
    long = [path for path in PACKAGE.rglob("*.py") if len(path.read_text(encoding="utf-8").splitlines()) > 400]
    assert long == []
    assert len([path for path in PACKAGE.iterdir() if path.name not in {"__pycache__", "py.typed"}]) <= 12
    full = {
        folder.relative_to(PACKAGE).as_posix()
        for folder in {path.parent for path in PACKAGE.rglob("*.py")} - {PACKAGE}
        if len([path for path in folder.glob("*.py") if path.name != "__init__.py"]) > 12
    }
    assert full <= MANY
    drawers = {"utils", "util", "helpers", "misc", "common"}
    assert [module for module in TREES if module.split(".")[-1] in drawers] == []


def test_an_installed_copy_has_every_folder() -> None:
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    folders = {path.parent.relative_to(PACKAGE.parent) for path in PACKAGE.rglob("*.py")}
    listed = set(project["tool"]["setuptools"]["packages"])
    assert listed == {".".join(folder.parts) for folder in folders} | {"ttsprep.recipes"}


def public_names(tree: ast.Module) -> set[str]:
    """Return what a module defines for others."""
    found: set[str] = set()
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        found |= {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
    return {name for name in found if not name.startswith("_")}


def test_a_name_means_one_thing() -> None:
    homes: dict[str, list[str]] = {}
    for module, tree in TREES.items():
        for name in public_names(tree):
            homes.setdefault(name, []).append(module)
    several = {name: modules for name, modules in homes.items() if len(modules) > 1}
    assert len(several) <= 15, several


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    root = PACKAGE.parent
    patterns = ("ttsprep/**/*.py", "ttsprep/report/templates/*", "*.toml", "*.md", "docs/**/*.md")
    sources = [path for pattern in patterns for path in root.glob(pattern)]
    homes = ("/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/")
    assert [path for path in sources if any(home in path.read_text(encoding="utf-8") for home in homes)] == []


@pytest.mark.parametrize("module", ["ttsprep", "ttsprep.core.workers.forkserver", "ttsprep.core.workers.pool"])
def test_what_loads_nothing_but_the_standard_library(module: str) -> None:
    loaded, _ = loaded_by(f"import {module}")
    assert loaded - sys.stdlib_module_names == {"ttsprep"}


def test_help_loads_nothing_heavy() -> None:
    loaded, printed = loaded_by("""
import runpy
sys.argv = ["ttsprep", "--help"]
try:
    runpy.run_module("ttsprep", run_name="__main__")
except SystemExit as end:
    assert not end.code, end.code
""")
    assert printed.startswith("Usage: ttsprep [OPTIONS] COMMAND")
    assert "typer" in loaded
    heavy = {*ONLY, *AT_LOAD} - {"typer", "rich"}
    assert loaded & (heavy | {"numpy", "pandas", "scipy", "pyarrow", "soundfile", "jinja2"}) == set()

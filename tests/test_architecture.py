"""The shape of the house: who may import whom, what is loaded when, how long a file may be."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import ttsprep

PACKAGE = Path(ttsprep.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

# A module may import from lower floors, and from its own floor only where the floor is not split into rooms.
FLOORS = (
    {"types", "errors"},
    {
        "files",
        "archives",
        "archive_members",
        "audio",
        "audio_files",
        "loudness",
        "signal",
        "text",
        "characters",
        "phonology",
    }
    | {"manifest", "verdict", "memory"},
    {"checks", "stages", "layouts", "exports", "codec", "report", "listening"},
    {"run", "nursery", "worker", "cluster", "recipe", "trainer", "measure", "reporting", "prompts", "describe"}
    | {"fetch", "source", "recipe_template", "segment", "segmenting", "staging", "provenance"}
    | {"choose", "split", "decisions"}
    | {"file_cache", "coding", "coded", "shards", "listen", "transcribe"}
    | {"planting", "planting_files", "demo", "demo_sentences"},
    {"audit", "build", "build_cuts", "build_state", "build_tables", "encode", "decode", "verify", "selftest"}
    | {"build_source", "build_transcripts", "build_alignment", "build_told"}
    | {"audit_folder", "clip_page", "clip_sound", "dossier", "dossier_words", "fate", "standing", "wording"},
    {"cli", "cli_build", "cli_codec", "cli_options", "console", "views", "views_build", "views_codec", "docs_pages"}
    | {"cli_explain", "views_explain", "views_strip"},
)
ROOMS = FLOORS[2]  # packages side by side, which never import each other
HEAVY = {
    "librosa",
    "torch",
    "whisper",
    "onnxruntime",
    "ray",
    "matplotlib",
    "pyloudnorm",
    "av",
    "transformers",
    "resemblyzer",
    "speechmos",
    "silero_vad",
}


def module_of(path: Path) -> str:
    return ".".join(["ttsprep", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__")


def part_of(module: str) -> str:
    """Return the part of the house a module belongs to: ``ttsprep.checks.hum`` -> ``checks``."""
    return [*module.split("."), ""][1]


def floor_of(part: str) -> int:
    (floor,) = [number for number, parts in enumerate(FLOORS) if part in parts] or [-1]
    return floor


def imports_of(tree: ast.Module, *, at_load: bool = False) -> Iterator[str]:
    """Yield the full name of every module that is imported, or only those that loading the module imports."""
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


def may_import(part: str, other: str) -> bool:
    """Say whether `part` may import from `other`; "" is ``ttsprep/__init__.py``, which is open to all."""
    if other in {part, ""}:
        return True
    if floor_of(other) == floor_of(part):
        return part not in ROOMS
    return floor_of(other) < floor_of(part)


def trees() -> Iterator[tuple[str, ast.Module]]:
    for path in FILES:
        yield module_of(path), ast.parse(path.read_text(encoding="utf-8"))


def outsiders(names: set[str], allowed: set[str], *, at_load: bool = False) -> list[str]:
    """Return which modules outside the parts `allowed` import one of the packages `names`."""
    return [
        f"{module} imports {name}"
        for module, tree in trees()
        if part_of(module) not in allowed
        for name in imports_of(tree, at_load=at_load)
        if name.split(".")[0] in names
    ]


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
    assert may_import("checks", "signal")
    assert may_import("cli", "audit")
    assert may_import("signal", "audio")
    assert may_import("audit", "run")
    assert not may_import("signal", "checks")
    assert not may_import("checks", "report")
    assert not may_import("run", "audit")
    assert not may_import("types", "files")
    tree = ast.parse("import a.b\ndef f():\n    from c import d\nif TYPE_CHECKING:\n    import e")
    assert set(imports_of(tree)) == {"a.b", "c.d", "e"}
    assert set(imports_of(tree, at_load=True)) == {"a.b"}
    nested = ast.parse("class A:\n    import x\ntry:\n    import y\nexcept ImportError:\n    pass")
    assert set(imports_of(nested, at_load=True)) == {"x", "y"}


def test_every_part_has_its_floor() -> None:
    parts = {part_of(module_of(path)) for path in FILES} - {""}
    assert {"types", "errors", "files", "run", "checks"} <= parts
    assert {part for part in parts if floor_of(part) < 0} == set(), "give it a floor in FLOORS"


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_go_down_only(path: Path) -> None:
    module = module_of(path)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    wrong = {
        name
        for name in imports_of(tree)
        if name.split(".")[0] == "ttsprep" and not may_import(part_of(module), known_part(name))
    }
    assert wrong == set(), f"{module} may not import these"


def known_part(name: str) -> str:
    """Return the part an import is from; a name that is no module is from ``ttsprep/__init__.py``."""
    part = part_of(name)
    return part if (PACKAGE / f"{part}.py").exists() or (PACKAGE / part).is_dir() else ""


def test_only_the_command_line_knows_typer_and_rich() -> None:
    assert outsiders({"typer", "click"}, {"cli", "cli_build", "cli_codec", "cli_explain", "cli_options"}) == []
    views = {"console", "views", "views_build", "views_codec", "views_explain", "views_strip"}
    assert outsiders({"rich"}, views) == []


def test_only_text_knows_the_gpl_package() -> None:
    assert outsiders({"phonemizer", "espeakng_loader"}, {"text", "demo"}) == []
    assert outsiders({"phonemizer"}, {"text"}) == []


def test_only_the_codec_and_listeners_know_models() -> None:
    assert outsiders({"torch"}, {"codec", "listening", "memory"}) == []
    assert outsiders({"whisper", "onnxruntime", "resemblyzer", "speechmos", "silero_vad"}, {"listening"}) == []


def test_heavy_packages_are_imported_where_they_are_used() -> None:
    assert outsiders(HEAVY, {"codec"}, at_load=True) == []
    assert outsiders(HEAVY - {"torch"}, set(), at_load=True) == []


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_no_file_is_too_long(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_no_file_is_a_drawer_for_everything() -> None:
    assert [path.name for path in FILES if path.stem in {"utils", "util", "helpers", "misc", "common"}] == []


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    root = PACKAGE.parent
    sources = [
        *FILES,
        *PACKAGE.glob("report/*.*"),
        *root.glob("*.toml"),
        *root.glob("*.md"),
        *root.glob("docs/**/*.md"),
    ]
    homes = ("/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/")
    assert [path for path in sources if any(home in path.read_text(encoding="utf-8") for home in homes)] == []


@pytest.mark.parametrize("module", ["ttsprep", "ttsprep.core.forkserver", "ttsprep.core.workers"])
def test_what_loads_nothing_but_the_standard_library(module: str) -> None:
    loaded, _ = loaded_by(f"import {module}")
    assert loaded - sys.stdlib_module_names == {"ttsprep"}


def test_help_loads_nothing_heavy() -> None:
    loaded, printed = loaded_by("""
sys.argv = ["ttsprep", "--help"]
from ttsprep.cli.main import main
try:
    code = main()
except SystemExit as end:
    code = end.code
assert not code, code
""")
    assert "audit" in printed
    assert "typer" in loaded
    assert loaded & (HEAVY | {"numpy", "pandas", "scipy", "pyarrow", "soundfile", "phonemizer", "jinja2"}) == set()

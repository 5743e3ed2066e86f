"""The pages on exports and trainers say what the code says, and their examples run."""

import gc
import re
import warnings
from dataclasses import fields
from pathlib import Path

import pytest

from corpora.exports.build import build, write
from ttsprep.build.config import parse
from ttsprep.build.targets import load_trainer, trainers
from ttsprep.corpora.exports.base import Export, all_exports

DOCS = Path(__file__).parents[3] / "docs"
EXPORTS = (DOCS / "exports.md").read_text(encoding="utf-8")
TRAINERS = (DOCS / "trainers.md").read_text(encoding="utf-8")
EXAMPLES = [block for block in re.findall(r"```python\n(.*?)```", EXPORTS, re.DOTALL) if "class " not in block]


def section(page: str, name: str) -> str:
    return page.split(f"\n## {name}\n")[1].split("\n## ", maxsplit=1)[0]


@pytest.mark.parametrize("kind", all_exports().values(), ids=all_exports())
def test_every_export_and_option_has_its_place(kind: type[Export]) -> None:
    assert section(EXPORTS, kind.name)
    (row,) = re.findall(rf"^\| `{kind.name}` \|.*$", EXPORTS, re.MULTILINE)
    said = re.findall(r"`(\w+)`", row.rsplit("|", 2)[1])
    assert sorted(said) == sorted(option.name for option in fields(kind))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", trainers())
def test_every_trainer_has_its_place(name: str) -> None:
    trainer = load_trainer(name)
    row = next(re.finditer(rf"^\| `{name}` \|.*$", TRAINERS, re.MULTILINE))[0]  # a later table says what was run
    assert f"{trainer.sample_rate:,} Hz" in row
    seconds = row.split("|")[3]
    assert [float(number) for number in re.findall(r"[\d.]+", seconds)] == [
        limit for limit in (trainer.shortest_s, trainer.longest_s) if limit
    ]
    assert ("fixed" in row) == (trainer.symbols is not None)
    assert not trainer.languages or row.split("|")[5].strip() == ", ".join(trainer.languages)
    (form,) = trainer.export
    text = section(TRAINERS, name)
    assert f"exports/{form}/" in text
    assert str(trainer.exports.get(form, {}).get("header", "")) in text


def test_the_recipe_on_the_page_holds() -> None:
    (recipe,) = re.findall(r"```toml\n(.*?)```", EXPORTS, re.DOTALL)
    assert [form.name for form in parse(recipe, "docs").configured_exports()] == ["ljspeech", "parquet", "filelist"]


@pytest.mark.parametrize("example", EXAMPLES, ids=["parquet", "webdataset", "lhotse"])
def test_the_examples_run(example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = re.search(r"(?:import|from) (\w+)", example)[1]  # type: ignore[index]
    pytest.importorskip(library, reason=f"{library} is not installed, so nothing can be loaded with it")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    if library == "datasets":
        import datasets

        monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
        datasets.disable_progress_bars()
    root = tmp_path / "build" / "ljspeech"
    entries = build(root)
    for name in ("parquet", "webdataset", "lhotse"):
        write(all_exports()[name](), entries, root)
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # webdataset does not close its shards
        exec(example, {})
        gc.collect()


def test_the_export_on_the_page_works(tmp_path: Path) -> None:
    before = dict(Export.registry)
    try:
        (example,) = [block for block in re.findall(r"```python\n(.*?)```", EXPORTS, re.DOTALL) if "class " in block]
        scope: dict[str, type[Export]] = {}
        exec(example, scope)
        entries = build(tmp_path, ["one", "t\two"])
        export = scope["Prompts"](upper=True)  # type: ignore[call-arg]
        assert [bool(export.refuse(entry)) for entry in entries] == [False, True]
        folder = write(export, entries, tmp_path)
        assert (folder / "prompts.tsv").read_text(encoding="utf-8") == "clip000\tONE\n"
    finally:
        Export.registry.clear()
        Export.registry.update(before)

"""The docs say what the code says."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from ttsprep.build.config import parse
from ttsprep.checks.base import all_checks, catalogue
from ttsprep.checks.describe import summary, thresholds

ROOT = Path(__file__).parents[1]
GENERATOR = runpy.run_path(str(ROOT / "docs" / "generate.py"))
PAGES = sorted([*ROOT.glob("docs/**/*.md"), ROOT / "README.md"])


def test_the_generated_pages_are_up_to_date() -> None:
    made = GENERATOR["pages"]()
    for name, text in made.items():
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == text, f"docs/{name}: run `make docs`"
    there = {f"checks/{page.name}" for page in (ROOT / "docs" / "checks").glob("*.md")}
    assert there == {name for name in made if name.startswith("checks/")}


@pytest.mark.parametrize("check", all_checks().values(), ids=all_checks())
def test_a_check_says_what_each_of_its_thresholds_and_codes_is(check) -> None:
    assert summary(check)
    for limit in thresholds(check()):
        assert limit.meaning, f"[checks.{check.name}] {limit.name} is not in the docstring"
    for code in check.codes:
        for text in (code.summary, code.measured, code.impact, code.fix):
            assert text.endswith((".", ")")), f"{code.code}: {text!r}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_codes_in_the_docs_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for code in re.findall(r"ttsprep explain ([a-z-]+)", text):
        assert code in catalogue()


def test_the_check_in_the_docs_works() -> None:
    page = (ROOT / "docs" / "adding-a-check.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    program = f"""{code}
from ttsprep.core.types import Audio
tilted = np.r_[np.full(100, 1.0), np.full(900, -0.1)].astype(np.float32)
signals = [Signal(Audio(sign * tilted[:, None], 16_000)) for sign in (1, 1, 1, -1)]
silence = Signal(Audio(np.zeros((1_000, 1), np.float32), 16_000))
rows = [Polarity.measure(Clip("", "", ""), signal) for signal in (*signals, silence)]
table = pd.DataFrame(rows).assign(id=list("abcde"))
print(Check.registry["polarity"].__name__, *(finding.clip for finding in Polarity().judge(table)))
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, encoding="utf-8", check=False
    )
    assert done.stdout == "Polarity d\n", done.stderr


def test_the_recipe_in_the_docs_works() -> None:
    page = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    recipe = parse(text, "docs/recipes.md")
    assert recipe.language == "en-gb"
    assert "text-charset" not in recipe.enabled_codes()


@pytest.mark.parametrize("page", ["docs/faults.md", "SECURITY.md"])
def test_the_tests_that_a_page_names_are_there(page: str) -> None:
    root = Path(__file__).parent
    named = re.findall(r"`(?:tests/)?((?:\w+/)*test_\w+\.py)(?:::(\w+))?`", (root.parent / page).read_text("utf-8"))
    assert len(named) > 10
    for path, test in named:
        assert (root / path).exists(), path
        assert not test or f"def {test}(" in (root / path).read_text("utf-8"), test

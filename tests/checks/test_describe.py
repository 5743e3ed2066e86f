"""What checks say of themselves."""

import re
import tomllib
from pathlib import Path

from ttsprep.checks.base import catalogue
from ttsprep.checks.describe import severity_reasons
from ttsprep.core.types import Severity


def test_every_finding_says_why_its_severity_is_what_it_is() -> None:
    reasons = severity_reasons()
    ours = {code for code, (_, check) in catalogue().items() if check.__module__.startswith("ttsprep.")}
    assert set(reasons) == ours
    for code, reason in reasons.items():
        assert re.match(f"({'|'.join(Severity)})", reason.lower()), code
        assert reason.endswith("."), code
    assert reasons["hum"].endswith("Not measured on a trained model.")
    assert not reasons["audio-missing"].endswith("Not measured on a trained model.")


def test_what_a_finding_costs_a_voice_is_what_the_proof_measured() -> None:
    root = Path(__file__).parents[2]
    rows = re.findall(r"^\| (.+?) \| .+? \| \**(-?[\d.]+) \((.+?) to (.+?)\)", _proof(root), re.MULTILINE)
    proof = {name: [float(number) for number in numbers] for name, *numbers in rows}
    costs = tomllib.loads((root / "ttsprep/checks/severities.toml").read_text("utf-8"))["cost"]
    quoted = {name: nats for kinds in costs.values() for name, nats in kinds.items()}
    assert proof.pop("another clip as loud under it")  # no finding is of two voices at once
    assert quoted == proof
    reasons = severity_reasons()
    assert "it cost a small voice 0.26 nats a word (0.18 to 0.34): docs/proof.md" in reasons["noisy"]
    assert "it cost a small voice nothing that 40 sentences could show" in reasons["leading-silence"]


def _proof(root: Path) -> str:
    _, _, rest = (root / "docs/proof.md").read_text("utf-8").partition("## Results: one defect at a time")
    return rest.partition("\n## ")[0]

"""What checks say of themselves."""

import re

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
    assert reasons["noisy"].endswith("Not measured on a trained model.")
    assert not reasons["audio-missing"].endswith("Not measured on a trained model.")

import pytest
from made_tables import audit_of, corpus, found


@pytest.fixture
def small():
    """Forty clips: three to drop, two to mend, and a finding about the corpus."""
    findings = found(
        ("clip-00001", "clipping", "error", 0.02, 0.001, 0.5, 0.9),
        ("clip-00002", "clipping", "error", 0.01, 0.001, 1.0, 1.1),
        ("clip-00003", "rate-outlier", "error"),
        ("clip-00003", "clipping", "warning", 0.002, 0.001),
        ("clip-00004", "leading-silence", "warning", 1.2, 0.5, 0.0, 1.2),
        ("clip-00005", "leading-silence", "warning", 0.8, 0.5, 0.0, 0.8),
        ("clip-00006", "noisy", "warning", 20, 25),
        ("", "session-drift", "warning", 3, 2),
    )
    return audit_of(corpus(40), findings)

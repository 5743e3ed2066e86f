"""The language that is spoken, judged from the table."""

import numpy as np
import pandas as pd

from ttsprep.checks.language import Language


def test_only_a_clip_that_surely_is_in_another_language_is_named() -> None:
    corpus = pd.DataFrame({
        "id": list("abcde"),
        "language": ["en-us"] * 5,
        "duration_s": [3.0, 3.0, 3.0, 1.0, 3.0],
        "heard_language": ["en", "de", "de", "de", ""],
        "heard_language_p": [0.99, 0.95, 0.5, 0.95, np.nan],
        "language_p": [0.99, 0.001, 0.4, 0.001, np.nan],
    })
    (finding,) = Language().judge(corpus)
    assert finding.clip == "b"
    assert "'de'" in finding.message
    assert list(Language(shortest_s=0.5).judge(corpus))[1].clip == "d"

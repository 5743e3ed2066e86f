"""Codec outliers, with the codes of a real run."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile as sf

from ttsprep.audit.pipeline import Extras, audit
from ttsprep.build.config import Recipe
from ttsprep.checks.codes import Codes
from ttsprep.core.errors import CorpusError
from ttsprep.report.page import audit_report

pytest.importorskip("torch", reason="the codec needs torch")


def test_a_clip_that_is_no_speech_is_far_from_its_codes_and_the_report_shows_the_books(
    spoken: Path, tmp_path: Path
) -> None:
    from ttsprep.codec.encode import encode
    from ttsprep.codec.encode_job import Options

    first = min((spoken / "wavs").glob("*.wav"))
    samples, rate = sf.read(first)
    tones = sum(np.sin(2 * np.pi * hz * np.arange(len(samples)) / rate) for hz in (311, 523, 1871, 3301))
    sf.write(first, 0.1 * tones, rate)
    encode(spoken, tmp_path / "codes", Options(beam=1), jobs=1)
    result = audit(
        spoken, tmp_path / "out", Recipe(), jobs=1, extras=Extras(codes=tmp_path / "codes"), report=audit_report
    )
    found = result.findings[result.findings.code == "codec-outlier"]
    assert found["clip"].tolist() == [first.stem]
    assert found.severity.tolist() == ["note"]
    assert result.clips.codec_distance_db.notna().all()
    books = result.summary["codes_used"]["codebooks"]
    assert len(books) == 8
    page = (result.out / "report.html").read_text(encoding="utf-8")
    assert f"{books[0]['perplexity']:.0f}</td>" in page
    without = audit(spoken, tmp_path / "out", Recipe(), jobs=1, report=audit_report)
    assert without.clips.codec_distance_db.isna().all()
    assert "codec-outlier" not in set(without.findings.code)
    assert 'id="codes"' not in (without.out / "report.html").read_text(encoding="utf-8")


def test_codes_of_another_corpus_and_no_codes_are_refused(spoken: Path, tmp_path: Path) -> None:
    (tmp_path / "codes").mkdir()
    with pytest.raises(CorpusError, match="no finished codes"):
        audit(spoken, tmp_path / "out", Recipe(), jobs=1, extras=Extras(codes=tmp_path / "codes"))


def test_an_even_corpus_has_no_outliers() -> None:
    values = pd.Series(-12 + 0.05 * np.random.default_rng(0).standard_normal(60))
    table = pd.DataFrame({"id": [f"c{i}" for i in range(60)], "speaker": "", "codec_distance_db": values})
    assert list(Codes().judge(table)) == []
    table.loc[7, "codec_distance_db"] = -9.0
    (finding,) = Codes().judge(table)
    assert finding.clip == "c7"

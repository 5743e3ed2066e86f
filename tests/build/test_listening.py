"""A build that listens: what the models of an audit find decides there as it does in the audit."""

import json
from pathlib import Path

import pandas as pd
import pytest
import soundfile as sf
from checks.speech import say
from recorder import Recorder

from ttsprep.audit.defects.demo_sentences import SENTENCES
from ttsprep.audit.pipeline import Extras, audit
from ttsprep.audit.select import Select
from ttsprep.build.options import audit_models, build_recipe
from ttsprep.build.pipeline import build, draft
from ttsprep.core.errors import UsageError


def test_a_build_listens_as_the_audit_does_and_from_its_rows(
    spoken: Path, tmp_path: Path, checkpoint: Path, shared_cache: Path
) -> None:
    models = audit_models(["asr"], asr=str(checkpoint))
    recipe = build_recipe(listen=["asr"], asr_model=str(checkpoint))
    heard = Recorder()
    audited = audit(spoken, tmp_path / "audit", recipe, jobs=1, extras=Extras(models), progress=heard)
    assert ("listening (asr)", 14, 14) in heard.stages
    planned = draft(spoken, tmp_path / "build", recipe, jobs=1, models=models)
    assert planned.before.selection == audited.selection
    assert planned.before.summary["listening"] == audited.summary["listening"]
    again = Recorder()
    built = build(spoken, tmp_path / "build", recipe, jobs=1, models=models, progress=again)
    assert [stage for stage in again.stages if stage[0].startswith("listening")] == [
        ("listening (asr)", 14, 0),
        ("listening (phones)", 14, 0),
    ]
    columns = ["asr_text", "spoken_language"]
    first, second = (
        pd.read_parquet(folder / "clips.parquet", columns=columns)
        for folder in (tmp_path / "audit", tmp_path / "build" / "source")
    )
    assert first.equals(second)
    assert first["asr_text"].notna().any()
    assert {item.id for item in built.rejected} == {item.id for item in audited.selection.rejected}
    deaf = build(spoken, tmp_path / "build", build_recipe(), jobs=1)
    assert deaf.fresh < 14, "what listening did not reject is not built again"


def test_weights_without_a_model_to_take_them_are_refused() -> None:
    with pytest.raises(UsageError, match="--asr-model has no effect without --listen asr"):
        build_recipe(asr_model="tiny")


def test_what_is_named_in_a_clip_that_is_kept_remains(tmp_path: Path) -> None:
    texts = list(SENTENCES)
    texts[3], texts[8] = texts[8], texts[3]
    for number, text in enumerate(SENTENCES):
        take = say(text, "en-us")
        (tmp_path / "corpus" / "wavs").mkdir(parents=True, exist_ok=True)
        sf.write(tmp_path / "corpus" / "wavs" / f"{number}.wav", take.samples, take.rate)
    lines = "".join(f"{number}|{text}\n" for number, text in enumerate(texts))
    (tmp_path / "corpus" / "metadata.csv").write_text(lines, encoding="utf-8")
    recipe = build_recipe(listen=["phones"]).model_copy(update={"select": Select(keep=("text-misfit",))})
    built = build(tmp_path / "corpus", tmp_path / "built", recipe, jobs=1, models=audit_models(["phones"]))
    gone = {item.id for item in built.rejected}
    kept = len({"3", "8"} - gone)
    assert kept
    findings = json.loads((tmp_path / "built" / "build.json").read_text(encoding="utf-8"))["findings"]
    assert findings["text-misfit"] == {"before": 2, "after": kept}

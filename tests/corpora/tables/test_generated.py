"""The text of a table is read rightly or refused, never wrongly."""

import shutil
from itertools import count
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpora.tables.generated import EXTRAS, FORMS, LANGUAGES, NAMES, Made, make, put
from ttsprep.core.errors import CorpusError
from ttsprep.corpora.corpus import read_corpus

_NUMBERS = count()


def outcome(made: Made, folder: Path) -> str:
    """Return ``right``, ``refused: why``, or ``wrong: what``."""
    root = put(made, folder / str(next(_NUMBERS)))
    try:
        corpus = read_corpus(root)
    except CorpusError as error:
        return f"refused: {error}"
    finally:
        shutil.rmtree(root)
    truth = dict(zip(made.files, made.texts, strict=True))
    if corpus.layout == "plain":
        return "refused: left aside"
    damaged = {finding.clip for finding in corpus.findings if finding.code == "metadata-malformed"}
    for clip in corpus.clips:
        if clip.id not in damaged and clip.text not in truth.get(clip.path, ()):
            return f"wrong: {clip} {corpus.decided}"
    named = sum(finding.code == "metadata-malformed" for finding in corpus.findings)
    return "right" if len(corpus.clips) + named >= len(made.files) else f"wrong: {len(corpus.clips)} clips"


def test_the_text_of_400_tables_is_right_or_refused(tmp_path: Path) -> None:
    random = Random(7)
    wrong, refused = [], []
    for number in range(400):
        columns = ["name", "text", *random.sample(EXTRAS, random.randrange(4))]
        if "normalised" in columns and "translation" in columns:
            columns.remove("normalised")
        random.shuffle(columns)
        form, language = FORMS[number % len(FORMS)], LANGUAGES[number // len(FORMS) % len(LANGUAGES)]
        title = form == "jsonl" or random.random() < 0.4
        rows = random.choice((6, 12, 30))
        made = make(form, columns, language, random.choice(NAMES), rows, number, title=title)
        result = outcome(made, tmp_path)
        if result.startswith("wrong"):
            wrong.append((form, language, columns, made.content[:200], result))
        elif result != "right":
            refused.append((form, language, columns, title, rows, result))
    assert wrong == []
    assert len(refused) < 40, refused


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    form=st.sampled_from(FORMS),
    extras=st.lists(st.sampled_from(EXTRAS), max_size=5, unique=True),
    language=st.sampled_from(LANGUAGES),
    names=st.sampled_from(NAMES),
    rows=st.integers(4, 40),
    order=st.randoms(use_true_random=False),
    title=st.booleans(),
)
def test_no_table_is_read_wrongly(
    tmp_path: Path, form: str, extras: list[str], language: str, names: str, rows: int, order: Random, title: bool
) -> None:
    columns = ["name", "text", *extras]
    order.shuffle(columns)
    made = make(form, columns, language, names, rows, order.randrange(1000), title=title or form == "jsonl")
    assert not outcome(made, tmp_path).startswith("wrong")


def test_no_text_is_found_where_none_is(tmp_path: Path) -> None:
    random = Random(3)
    labels = [extra for extra in EXTRAS if extra not in {"translation", "normalised", "phonemes"}]
    for number in range(120):
        columns = ["name", *random.sample(labels, random.randrange(1, 5))]
        random.shuffle(columns)
        form = FORMS[number % len(FORMS)]
        made = make(form, columns, "en", random.choice(NAMES), random.choice((8, 30)), number, title=form == "jsonl")
        root = put(made, tmp_path / f"without{number}")
        try:
            corpus = read_corpus(root)
        except CorpusError:
            continue
        assert {clip.text for clip in corpus.clips} == {""}, (columns, corpus.decided)


def test_an_empty_column_between_bars_and_blanks_is_a_column(tmp_path: Path) -> None:
    made = make(" | ", ["name", "empty", "text"], "en", "id", 4, 0, title=False)
    assert "a0001 |  | " in made.content
    assert outcome(made, tmp_path) == "right"

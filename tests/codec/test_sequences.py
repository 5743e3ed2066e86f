"""Codes as sequences: every arrangement leads back to the codes, and is the one that its models use."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttsprep.codec.sequences import SEQUENCES, Arrangement, read_arrangement, read_sequences
from ttsprep.codec.token_formats import write_shard
from ttsprep.codec.tokens import TokenError, TokenSpec, schema
from ttsprep.core.errors import UsageError

CODES = np.array([[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 9, 9]])


def spec(books: int = 3, size: int = 10) -> TokenSpec:
    return TokenSpec("nano16", "ab" * 32, 16000, 320, num_codebooks=books, codebook_size=size)


def written(folder: Path, form: str, codes: np.ndarray, of: TokenSpec, first_token: int = 0) -> Path:
    folder.mkdir(exist_ok=True)
    frames = codes.shape[1]
    columns = {"id": ["a"], "codes": [codes.reshape(-1).tolist()], "frames": [frames], "scale": [0.1]}
    table = pa.table(columns | {"samples": [frames * 320]}, schema=schema(of.codebook_size))
    about = [{"text": "\u2028", "speaker": "", "language": "en", "audio": "wavs/a.wav", "ref_audio": "", "name": "a"}]
    write_shard(form, folder, (0, 1), table, about, of, first_token)
    return folder / "codes-00000-of-00001.jsonl"


@pytest.mark.parametrize("form", SEQUENCES)
@settings(max_examples=50)
@given(data=st.data())
def test_a_sequence_leads_back_to_its_codes(form: str, data: st.DataObject, tmp_path_factory) -> None:
    books, frames = data.draw(st.integers(1, 9)), data.draw(st.integers(0, 12))
    size = data.draw(st.sampled_from([1, 2, 1024, 65536]))
    codes = data.draw(st.lists(st.integers(0, size - 1), min_size=books * frames, max_size=books * frames))
    wanted = np.array(codes, np.int64).reshape(books, frames)
    first = data.draw(st.integers(0, 1 << 30)) if form == "flat" else 0
    folder = tmp_path_factory.mktemp("sequences")
    path = written(folder, form, wanted, spec(books, size), first)
    (row,) = read_sequences(path, read_arrangement(folder, spec(books, size)))
    assert np.array_equal(row.codes, wanted)
    assert (row.id, row.samples) == ("a", frames * 320)
    vocabulary = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
    ids = np.array(json.loads(path.read_text(encoding="utf-8"))["audio_codes"])
    assert not ids.size or (ids.min() >= first and ids.max() < vocabulary["size"])


def test_each_arrangement() -> None:
    made = {form: Arrangement(form, spec(), 100 * (form == "flat")).arrange(CODES) for form in SEQUENCES}
    assert made["frames"].tolist() == CODES.T.tolist()
    assert made["flat"].tolist() == [100, 114, 128, 101, 115, 129, 102, 116, 129, 103, 117, 129]
    assert made["delay"].T.tolist() == [[0, 1, 2, 3, 10, 10], [10, 4, 5, 6, 7, 10], [10, 10, 8, 9, 9, 9]]
    assert made["delay-moshi"].T.tolist() == [[0, 1, 2, 3, 10], [10, 4, 5, 6, 7], [10, 8, 9, 9, 9]]
    assert made["delay-higgs"].T.tolist() == [
        [10, 0, 1, 2, 3, 11, 11, 11],
        [10, 10, 4, 5, 6, 7, 11, 11],
        [10, 10, 10, 8, 9, 9, 9, 11],
    ]


def test_ids_of_orpheus() -> None:
    """Seven places a frame of 4,096 codes each, from 128,266 on, as its decoder takes them apart."""
    codes = np.random.default_rng(0).integers(0, 4096, (7, 5))
    ids = Arrangement("flat", spec(7, 4096), 128266).arrange(codes)
    taken = [(number - 128256) - 10 - (place % 7) * 4096 for place, number in enumerate(ids.tolist())]
    assert taken == codes.T.reshape(-1).tolist()


def test_the_delays_are_those_of_transformers() -> None:
    processors = pytest.importorskip("transformers.models.higgs_audio_v2.processing_higgs_audio_v2")
    musicgen = pytest.importorskip("transformers.models.musicgen.modeling_musicgen")
    torch = pytest.importorskip("torch")
    higgs = SimpleNamespace(audio_stream_bos_id=10, audio_stream_eos_id=11)
    bounded = torch.from_numpy(np.pad(CODES, ((0, 0), (1, 1)), constant_values=((0, 0), (10, 11))))[None]
    theirs = processors.HiggsAudioV2Processor.build_delay_pattern(higgs, bounded)[0].numpy()
    assert np.array_equal(Arrangement("delay-higgs", spec()).arrange(CODES).T, theirs)
    model = SimpleNamespace(num_codebooks=3, config=SimpleNamespace(audio_channels=1))
    started = torch.from_numpy(np.pad(CODES, ((0, 0), (1, 0)), constant_values=10))
    _, theirs = musicgen.MusicgenForCausalLM.build_delay_pattern_mask(model, started, pad_token_id=10, max_length=7)
    assert np.array_equal(Arrangement("delay", spec()).arrange(CODES).T, theirs.numpy()[:, 1:])


@pytest.mark.parametrize(
    ("form", "changed", "words"),
    [
        ("frames", [[0, 1]], "steps of"),
        ("frames", [[0, 1, 10]], "codes from 0 to 10"),
        ("frames", [[0, 1], [2]], "line 1"),
        ("frames", [[0.5, 1, 2]], "no whole numbers"),
        ("frames", [[True, False, True]], "no whole numbers"),
        ("frames", None, "no whole numbers"),
        ("frames", [[1 << 70, 1, 2]], "no whole numbers"),
        ("flat", [0, 11], "no whole frames"),
        ("flat", [0, 11, 5], "codes from -15"),
        ("flat", [[0, 11, 21]], "no whole frames"),
        ("delay", [[0, 10, 10]], "less than the delays"),
        ("delay", [[0, 10, 10], [10, 1, 9], [10, 10, 2]], "does not start or end"),
        ("delay-higgs", [], "does not start or end"),
    ],
)
def test_a_sequence_of_another_arrangement_is_refused(form: str, changed: object, words: str, tmp_path: Path) -> None:
    path = written(tmp_path, form, CODES[:, :1], spec())
    row = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(row | {"audio_codes": changed}) + "\n", encoding="utf-8")
    with pytest.raises(TokenError, match=words):
        list(read_sequences(path, read_arrangement(tmp_path, spec())))


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"text": "a"}', '{"id": "a", "audio_codes": ' + "[" * 99 + "]" * 99 + "}"]
)
def test_a_line_that_is_none_of_ours_is_refused(line: str, tmp_path: Path) -> None:
    path = written(tmp_path, "frames", CODES, spec())
    path.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(TokenError, match="line 1"):
        list(read_sequences(path, read_arrangement(tmp_path, spec())))


@pytest.mark.parametrize("change", [{"format": "parquet"}, {"first_token": -1}, {"size": 3}, {"delays": "none"}])
def test_a_vocabulary_that_is_none_of_ours_is_refused(change: dict, tmp_path: Path) -> None:
    written(tmp_path, "flat", CODES, spec(), 7)
    path = tmp_path / "vocabulary.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | change), encoding="utf-8")
    with pytest.raises(TokenError, match="encode the corpus again"):
        read_arrangement(tmp_path, spec())


def test_only_flat_ids_have_a_first() -> None:
    with pytest.raises(UsageError, match="--first-token"):
        Arrangement("delay", spec(), 5)

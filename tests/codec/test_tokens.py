"""Token files that were damaged, forged or mixed up are refused by name before anything is decoded."""

import io
import json
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

torch = pytest.importorskip("torch")

from ttsprep.codec.codebook_stats import Usage, outliers  # noqa: E402
from ttsprep.codec.decode import decode  # noqa: E402
from ttsprep.codec.sequences import SEQUENCES  # noqa: E402
from ttsprep.codec.token_formats import FORMATS, SUMMARY, open_codes, read_array, write_shard  # noqa: E402
from ttsprep.codec.tokens import SPEC_KEY, TokenError, TokenSpec, read_parquet, schema, shard_name  # noqa: E402
from ttsprep.core.files import digest  # noqa: E402

SPEC = TokenSpec("nano16", "ab" * 32, 16000, 320, num_codebooks=2, codebook_size=64)
ABOUT = [{"text": "One, two.", "speaker": "", "language": "en", "name": name} for name in ("a", "b.c", "ä")]


def table(**changes: list) -> pa.Table:
    rng = np.random.default_rng(1)
    frames = [3, 1, 2]
    columns = {
        "id": ["a", "b.c", "ä"],
        "codes": [rng.integers(0, 64, 2 * n).tolist() for n in frames],
        "frames": frames,
        "scale": [0.5, 0.25, 1.0],
        "samples": [900, 1, 640],
    }
    return pa.table(columns | changes, schema=schema(64))


@pytest.fixture(params=FORMATS)
def form(request) -> str:
    return request.param


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "codes"


def written(folder: Path, form: str = "parquet", **changes: list) -> Path:
    folder.mkdir(exist_ok=True)
    write_shard(form, folder, (0, 1), table(**changes), ABOUT, SPEC)
    if form not in {"parquet", "hf"}:
        listed(folder)
    return folder


def listed(folder: Path) -> None:
    """List the files as the encoder that wrote them would."""
    (folder / SUMMARY).unlink(missing_ok=True)
    files = {path.relative_to(folder).as_posix(): {"sha256": digest(path)} for path in folder.rglob("*.*")}
    (folder / SUMMARY).write_text(json.dumps({"spec": SPEC.document(), "files": files}), encoding="utf-8")


def rows(folder: Path) -> list:
    if (folder / SUMMARY).exists():
        listed(folder)
    return list(open_codes(folder).rows())


def test_what_is_written_is_read(folder, form):
    found = rows(written(folder, form))
    assert open_codes(folder).spec == SPEC
    for row, wanted in zip(found, table().to_pylist(), strict=True):
        assert (row.id, row.scale, row.samples) == (wanted["id"], wanted["scale"], wanted["samples"])
        assert row.codes.tolist() == np.reshape(wanted["codes"], (2, -1)).tolist()


def test_the_same_codes_give_the_same_bytes(folder, tmp_path, form):
    names = [path.relative_to(folder) for path in written(folder, form).rglob("*") if path.is_file()]
    other = written(tmp_path / "again", form)
    assert all((folder / name).read_bytes() == (other / name).read_bytes() for name in names)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"codes": [[64] * 6, [0] * 2, [0] * 4]}, "'a': codes from 64 to 64, but a codebook has 64"),
        ({"codes": [[0] * 6, [0, -1], [0] * 4]}, "'b.c': codes from -1"),
        ({"frames": [2, 1, 2]}, "'a': 2 frames, but 900 samples"),
        ({"samples": [900, 1, 10_000]}, "'ä': 2 frames, but 10000 samples"),
        ({"samples": [-900, 1, 640]}, "'a': 3 frames, but -900 samples"),
        ({"scale": [0.5, 0.0, 1.0]}, "'b.c': scale is 0"),
        ({"id": ["a", "", "ä"]}, "without an id"),
        ({"id": ["a", "a", "ä"]}, "a second clip is called 'a'"),
    ],
)
def test_rows_that_do_not_fit_are_refused(folder, form, changes, words):
    with pytest.raises(TokenError, match=words):
        rows(written(folder, form, **changes))


@pytest.mark.parametrize("form", [form for form in FORMATS if form not in SEQUENCES])
def test_a_scale_that_is_no_number_is_refused(folder, form):
    """JSON cannot hold it."""
    with pytest.raises(TokenError, match="'a': scale is nan"):
        rows(written(folder, form, scale=[float("nan"), 0.25, 1.0]))


def test_codes_that_are_no_whole_frames_are_refused(folder):
    """No other form can even be written with them."""
    with pytest.raises(TokenError, match="'a': 5 codes, but 2 codebooks x 3 frames"):
        rows(written(folder, codes=[[0] * 5, [0] * 2, [0] * 4]))


def test_a_null_is_refused(folder):
    with pytest.raises(TokenError, match="without codes"):
        rows(written(folder, codes=[None, [0] * 2, [0] * 4]))


def test_every_flipped_byte_of_the_pages_is_noticed(folder):
    path = written(folder) / shard_name(0, 1)
    whole = path.read_bytes()
    footer = int.from_bytes(whole[-8:-4], "little")
    wanted = [(row.id, row.codes.tolist(), row.scale, row.samples) for row in rows(folder)]
    noticed = 0
    for at in range(4, len(whole) - 8 - footer, 3):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        try:
            found = [(row.id, row.codes.tolist(), row.scale, row.samples) for row in rows(folder)]
        except TokenError:
            noticed += 1
        else:
            assert found == wanted  # a byte that nobody reads, such as a statistic
    assert noticed > 50


@pytest.mark.parametrize("keep", [0, 3, 100, 0.5, 0.99])
def test_a_shard_that_was_cut_off_is_damaged(folder, keep):
    path = written(folder) / shard_name(0, 1)
    data = path.read_bytes()
    path.write_bytes(data[: keep if isinstance(keep, int) else int(keep * len(data))])
    with pytest.raises(TokenError, match=r"codes-00000-of-00001\.parquet is damaged"):
        rows(folder)


def test_a_footer_must_say_what_the_codes_mean(folder):
    path = written(folder) / shard_name(0, 1)
    pq.write_table(table(), path)
    with pytest.raises(TokenError, match="does not say which codec"):
        rows(folder)
    for changes, words in [
        ({"version": 1}, "version 1"),
        ({"frame_rate": 75.0}, "says 75.0 frames a second, but 16000 Hz in frames of 320 samples are 50"),
        ({"codebook_size": "64"}, "codebook_size is '64'"),
        ({"num_codebooks": 0}, "num_codebooks is 0"),
        ({"digest": None}, "digest is None"),
    ]:
        footer = {SPEC_KEY: json.dumps(SPEC.document() | changes)}
        pq.write_table(table().replace_schema_metadata(footer), path)
        with pytest.raises(TokenError, match=words):
            rows(folder)
    pq.write_table(table().replace_schema_metadata({SPEC_KEY: "{"}), path)
    with pytest.raises(TokenError, match="cannot be read"):
        rows(folder)


def test_columns_of_other_kinds_are_refused(folder):
    path = written(folder) / shard_name(0, 1)
    footer = {SPEC_KEY: json.dumps(SPEC.document())}
    for number, (column, words) in enumerate([
        (pa.array([3.0, 1.0, 2.0]), "'frames' holds double"),
        (pa.array(["x", "y", "z"]), "'codes' holds string"),
    ]):
        name = ("frames", "codes")[number]
        changed = table().set_column(table().column_names.index(name), name, column)
        pq.write_table(changed.replace_schema_metadata(footer), path)
        with pytest.raises(TokenError, match=words):
            rows(folder)
    pq.write_table(table().drop_columns(["scale"]).replace_schema_metadata(footer), path)
    with pytest.raises(TokenError, match="no column 'scale'"):
        rows(folder)


def test_a_set_is_read_only_whole(folder):
    written(folder)
    shutil.copy(folder / shard_name(0, 1), folder / shard_name(1, 3))
    with pytest.raises(TokenError, match="shards of 2 sets: 1, 3"):
        open_codes(folder)
    (folder / shard_name(0, 1)).unlink()
    with pytest.raises(TokenError, match="shard 0 of 3 is missing"):
        open_codes(folder)


def test_shards_of_two_codecs_do_not_mix(folder):
    written(folder)
    (folder / shard_name(0, 1)).rename(folder / shard_name(0, 2))
    other = TokenSpec("nano16", "cd" * 32, 16000, 320, num_codebooks=2, codebook_size=64)
    write_shard("parquet", folder, (1, 2), table(id=["d", "e", "f"]), ABOUT, other)
    with pytest.raises(TokenError, match="another codec"):
        rows(folder)


def test_codes_of_another_codec_are_not_decoded(folder, tmp_path):
    with pytest.raises(TokenError, match=r"of digest ab+a?\.*.*name the right one with --codec"):
        decode(written(folder), tmp_path / "out", jobs=1)
    from ttsprep.codec.codec import Codec

    digest = Codec.load("nano16").digest
    forged = TokenSpec("nano16", digest, 16000, 160, num_codebooks=2, codebook_size=64)
    write_shard("parquet", folder, (0, 1), table(), ABOUT, forged)
    with pytest.raises(TokenError, match="claims 16000 Hz, 160 samples a frame"):
        decode(folder, tmp_path / "out", jobs=1)
    assert not (tmp_path / "out").exists()


class Evil:
    def __reduce__(self):
        return (print, ("this must not run",))


def npy(value: np.ndarray, **more) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, value, **more)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (npy(np.array([Evil()], dtype=object), allow_pickle=True), "not rows of whole numbers"),
        (npy(np.zeros((2, 3))), "float64"),
        (npy(np.zeros((2, 3), np.int16, order="F")), "by columns"),
        (npy(np.zeros((2, 3), np.int16))[:-1], "claims 6 numbers, but has bytes for 5"),
        (npy(np.zeros((2, 3), np.int16)).replace(b"(2, 3)", b"(2, 9)"), "claims 18 numbers"),
        (
            npy(np.zeros(1, np.int16)).replace(b"(1,), }" + b" " * 12, b"(1000000000000,), }"),
            "claims 1,000,000,000,000",
        ),
        (b"PK\x03\x04", r"no \.npy file"),
        (b"", r"no \.npy file"),
    ],
)
def test_an_array_file_is_checked_before_it_is_read(folder, data, words, capsys):
    written(folder, "npy")
    (folder / "a.npy").write_bytes(data)
    with pytest.raises(TokenError, match=words):
        rows(folder)
    assert "must not run" not in capsys.readouterr().out


def test_an_array_of_other_books_or_missing_is_named(folder):
    written(folder, "npy")
    (folder / "a.npy").write_bytes(npy(np.zeros((3, 3), np.int16)))
    with pytest.raises(TokenError, match=r"shape \(3, 3\), not \(2, frames\)"):
        rows(folder)
    (folder / "a.npy").unlink()
    with pytest.raises(TokenError, match=r"a\.npy: there is no file"):
        rows(folder)


def test_an_index_cannot_lead_out_of_the_folder(folder):
    written(folder, "npy")
    index = folder / "index-00000-of-00001.parquet"
    spec, found = read_parquet(index, ["id", "frames", "scale", "samples", "file"])
    found = found.set_column(4, "file", pa.array(["../secret.npy", "b.c.npy", "ä.npy"]))
    pq.write_table(found.replace_schema_metadata({SPEC_KEY: json.dumps(spec.document())}), index)
    with pytest.raises(TokenError, match="leads out"):
        rows(folder)


def test_a_tar_holds_files_only(folder):
    path = written(folder, "webdataset") / shard_name(0, 1, "tar")
    for kind in (tarfile.SYMTYPE, tarfile.FIFOTYPE):
        with tarfile.open(path, "w") as tar:
            member = tarfile.TarInfo("0.npy")
            member.type, member.linkname = kind, "/etc/passwd"
            tar.addfile(member)
        with pytest.raises(TokenError, match="is no file"):
            rows(folder)
    for name, data, words in [("0.json", b"{", "no JSON"), ("0.json", b"[1]", "which clip"), ("0.npy", b"", "no .npy")]:
        with tarfile.open(path, "w") as tar:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        with pytest.raises(TokenError, match=words):
            rows(folder)
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(TokenError):
        rows(folder)


def test_bytes_that_a_header_does_not_claim_are_refused():
    data = npy(np.zeros((2, 3), np.int16)) + b"more"
    with pytest.raises(TokenError, match="claims 6 numbers, but has bytes for 8"):
        read_array(io.BytesIO(data), len(data), "x.npy")


def test_no_codes_at_all(tmp_path):
    with pytest.raises(TokenError, match="holds no codes"):
        open_codes(tmp_path)
    with pytest.raises(TokenError, match="holds no codes"):
        open_codes(tmp_path / "nowhere")


def test_usage_is_counted_by_the_book():
    usage = Usage.empty(2, 4)
    usage.add(np.array([[0, 1, 2, 3], [1, 1, 1, 1]], np.int16))
    assert usage.books() == [
        {"used": 1.0, "perplexity": 4.0, "bits": 2.0},
        {"used": 0.25, "perplexity": 1.0, "bits": 0.0},
    ]
    assert Usage.empty(1, 4).books() == [{"used": 0.0, "perplexity": 1.0, "bits": 0.0}]


def test_outliers_stand_out_from_their_own_corpus():
    values = [-16.0, -16.2, -15.8, -16.1, float("nan"), -9.0, -15.9]
    assert outliers(values).tolist() == [False] * 5 + [True, False]
    assert not outliers([-16.0] * 5 + [-15.0]).any()
    assert outliers([float("nan")]).tolist() == [False]
    assert outliers([]).tolist() == []


def test_an_array_of_python_2_is_refused() -> None:
    header = b"{'descr': '<i2', 'fortran_order': False, 'shape': (2L, 3L), }".ljust(117) + b"\n"
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(12)
    with pytest.raises(TokenError, match=r"is no \.npy file"):
        read_array(io.BytesIO(data), len(data), "a.npy")

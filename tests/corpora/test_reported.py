"""What people reported of other tools, rebuilt: each is read rightly, or refused and named. Tones stand for speech."""

import json
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pytest

from corpora.layouts.corpus import audio, put
from ttsprep.core.audio import read
from ttsprep.core.errors import CorpusError
from ttsprep.core.files import inside
from ttsprep.corpora.corpus import Corpus, read_corpus
from ttsprep.corpora.reading import Reading

EN = (
    "The weather is very nice today, so we go for a walk.",
    "He bought a new dictionary yesterday.",
    "Please close the door; it is cold outside.",
    "My sister speaks three languages.",
    "The train is leaving soon.",
    "This bridge was built a hundred years ago.",
)
ZH = (
    "卡尔普陪外孙玩滑梯。",
    "今天的天气非常好，我们去公园散步。",
    "他昨天买了一本新的词典。",
    "请把门关上，外面太冷了。",
    "火车马上就要开了。",
)
JA = (
    "水を飲みました。",
    "今日はとてもいい天気ですね。",
    "このコーヒーは少し苦いです。",
    "電車が遅れたので、会議に間に合わなかった。",
)
AISHELL = tuple("".join(filter(str.isalpha, text)) for text in ZH)
KO = (
    "그는 괜찮은 척하려고 애쓰는 것 같았다.",
    "이번 주말에는 비가 올 것 같습니다.",
    "IMF는 뭘 의미합니까?",
    "문을 닫아 주세요, 밖이 추워요.",
)


def corpus(root: Path, files: Sequence[str], name: str, rows: Sequence[str], end: str = "\n") -> Path:
    """Lay out audio and a table of it."""
    audio(root, *files)
    put(root, name, end.join(rows) + end)
    return root


def texts(found: Corpus) -> list[str]:
    """Return the texts, of a corpus whose audio is all there and none of it left over."""
    assert all((found.root / clip.path).is_file() for clip in found.clips)
    assert found.orphans == []
    return [clip.text for clip in found.clips]


def codes(found: Corpus) -> list[str]:
    return [finding.code for finding in found.findings]


@pytest.mark.parametrize(
    ("rows", "files", "name"),
    [
        (
            [f"\ufeffwavs/0.wav|{EN[0]}", *(f"wavs/{i}.wav|{t}" for i, t in enumerate(EN) if i)],
            "wavs/{}.wav",
            "metadata.csv",
        ),
        ([f'wavs/{i}.wav,"{t}"' for i, t in enumerate(EN)], "wavs/{}.wav", "metadata.csv"),
        ([f"{i};{t.replace(';', ',')}" for i, t in enumerate(EN)], "wavs/{}.wav", "metadata.csv"),
        ([line for i, t in enumerate(EN) for line in (f"{i}|{t}", "")], "wav/{}.wav", "metadata.csv"),
        (["filename|transcription", *(f"{i}|{t}" for i, t in enumerate(EN))], "wav/{}.wav", "metadata.csv"),
        ([f"{i}.wav | {t}" for i, t in enumerate(EN)], "wavs/{}.wav", "metadata.txt"),
        ([f"{i}.wav || {t}" for i, t in enumerate(EN)], "wavs/{}.wav", "metadata.txt"),
        ([f"DUMMY1/{i}.wav|{t}" for i, t in enumerate(EN)], "wavs/{}.wav", "ljs_audio_text_train_filelist.txt"),
        ([f"D:\\data\\out\\{i}.wav|out|EN|{t}" for i, t in enumerate(EN)], "out/{}.wav", "out.list"),
        ([f"/home/other/{i}.wav||EN|{t}" for i, t in enumerate(EN)], "out/{}.wav", "my.list"),
        ([f"p316_{i}_|{t}" for i, t in enumerate(EN)], "wavs/p316_{}.wav", "metadata.csv"),
        ([f"{i}|{t}|{len(t)}" for i, t in enumerate(EN)], "wavs/{}.wav", "metadata.csv"),
        (
            [f"1406_1028_{i}\t{t}" for i, t in enumerate(EN)],
            "train/audio/1406/1028/1406_1028_{}.flac",
            "train/transcripts.txt",
        ),
        ([f'( arctic_a{i} "{t}" )' for i, t in enumerate(EN)], "wav/arctic_a{}.wav", "etc/txt.done.data"),
        (
            ["wav_filename,wav_filesize,transcript", *(f'/x/{i}.wav,3244,"{t}"' for i, t in enumerate(EN))],
            "{}.wav",
            "train.csv",
        ),
        ([f"book/{i}.wav|{t}|{t}|{2.5 + i}" for i, t in enumerate(EN)], "book/{}.wav", "transcript.txt"),
        (
            [json.dumps([{"audio_filepath": f"w/{i}.wav", "text": t} for i, t in enumerate(EN)], indent=1)],
            "w/{}.wav",
            "m.json",
        ),
    ],
    ids=[
        *("bom", "commas", "semicolons", "blank-lines", "title", "blanks", "double-bar", "dummy", "windows", "foreign"),
        *("underscore", "length", "mls", "arctic", "deepspeech", "css10", "json-array"),
    ],
)
def test_english_lists(tmp_path: Path, rows: list[str], files: str, name: str) -> None:
    found = read_corpus(corpus(tmp_path, [files.format(i) for i in range(len(EN))], name, rows, "\r\n"))
    expected = [text.replace(";", ",") for text in EN] if ";" in rows[0][:3] else list(EN)
    assert texts(found) == expected
    assert {clip.speaker for clip in found.clips} <= {"", "out", "1406"}
    assert set(codes(found)) <= {"audio-matched"}


@pytest.mark.parametrize(
    ("rows", "files", "name", "expected"),
    [
        (
            [f"1/{i}.wav|{t}|{t}|{unicodedata.normalize('NFD', t)}|3.{i}|{EN[i]}" for i, t in enumerate(KO)],
            *("1/{}.wav", "transcript.v.1.4.txt", KO),
        ),
        (
            [
                x
                for i, t in enumerate(ZH)
                for x in (f"00{i}\t{t[:2]}#1{t[2:-1]}#4{t[-1]}", "\tjin1 tian1 de5 tian1 qi4")
            ],
            *("Wave/00{}.wav", "ProsodyLabeling/000001-010000.txt", ZH),
        ),
        ([f"BASIC_{i}:{t}" for i, t in enumerate(JA)], "basic/wav/BASIC_{}.wav", "basic/transcript_utf8.txt", JA),
        (
            [f"SSB{i}.wav\t{' '.join(f'{c} guang3' for c in t if c.isalpha())}" for i, t in enumerate(ZH)],
            "wav/SSB/SSB{}.wav",
            "content.txt",
            AISHELL,
        ),
    ],
    ids=["kss", "baker", "jsut", "aishell3"],
)
def test_lists_of_other_scripts(
    tmp_path: Path, rows: list[str], files: str, name: str, expected: tuple[str, ...]
) -> None:
    root = corpus(
        tmp_path, [files.format(i) for i in range(len(rows) // (2 if name.startswith("P") else 1))], name, rows
    )
    assert texts(read_corpus(root)) == list(expected)


def test_one_line_in_another_case_is_matched_and_named(tmp_path: Path) -> None:
    rows = [f"{'Wav' if i == 3 else 'wav'}/{i}.wav|male1|{t}" for i, t in enumerate(EN)]
    found = read_corpus(corpus(tmp_path, [f"wav/{i}.wav" for i in range(6)], "metadata.csv", rows))
    assert texts(found) == list(EN)
    assert [clip.speaker for clip in found.clips] == ["male1"] * 6
    (finding,) = found.findings
    assert (finding.code, "'Wav/3.wav' is 'wav/3.wav'" in finding.message) == ("audio-matched", True)


def test_a_quote_at_the_beginning_of_a_text_is_a_part_of_it(tmp_path: Path) -> None:
    rows = [f'{i}|"{t}' if i == 2 else f"{i}|{t}" for i, t in enumerate(EN)]
    found = read_corpus(corpus(tmp_path, [f"wavs/{i}.wav" for i in range(6)], "metadata.csv", rows))
    assert texts(found)[2] == f'"{EN[2]}'
    assert found.findings == []


def test_common_voice_in_csv_quotes(tmp_path: Path) -> None:
    rows = ["client_id\tpath\tsentence\tlocale", *(f'a\t{i}.mp3\t"He said, ""{t}"""\ten' for i, t in enumerate(EN))]
    root = corpus(tmp_path, [f"cv/en/clips/{i}.mp3" for i in range(6)], "cv/en/validated.tsv", rows)
    put(root, "cv/en/invalidated.tsv", rows[0] + "\n")
    assert texts(read_corpus(root)) == [f'He said, "{t}"' for t in EN]
    assert read_corpus(root).layout == "commonvoice"


def test_emilia_has_its_json_beside_the_audio(tmp_path: Path) -> None:
    audio(tmp_path, *(f"EN_{i}.mp3" for i in range(6)))
    for i, text in enumerate(EN):
        put(tmp_path, f"EN_{i}.json", json.dumps({"id": f"EN_{i}", "text": text, "speaker": "EN_B0", "language": "en"}))
    found = read_corpus(tmp_path)
    assert texts(found) == list(EN)
    assert (found.clips[0].speaker, found.decided) == ("EN_B0", ["6 transcripts from NAME.json"])


def test_a_list_of_phonemes_is_named(tmp_path: Path) -> None:
    rows = [f"{i}.wav|ˈɔːl ɐɹˈaʊnd ɑːɹ ˈʌðɚ kˈɪdz {'hˈæpɪli' * i}|001" for i in range(6)]
    found = read_corpus(corpus(tmp_path, [f"wavs/{i}.wav" for i in range(6)], "train_list.txt", rows))
    assert codes(found) == ["text-phonemes"]
    assert found.findings[0].message.startswith("the texts are phonemes, not letters: 'ˈɔːl ɐɹˈaʊnd")


def test_paths_of_another_machine_and_a_null_text(tmp_path: Path) -> None:
    lines = [{"audio_filepath": f"/home/other/wavs/{i}.wav", "duration": 3.0, "text": t} for i, t in enumerate(EN)]
    lines[0]["text"] = None  # type: ignore[assignment]
    rows = [json.dumps(line) for line in lines]
    found = read_corpus(corpus(tmp_path, [f"wavs/{i}.wav" for i in range(6)], "manifest.json", rows))
    assert texts(found) == ["", *EN[1:]]
    assert sorted(codes(found)) == ["audio-matched", "metadata-malformed"]


def test_files_of_a_mac_and_of_windows_are_no_audio(tmp_path: Path) -> None:
    audio(tmp_path, *(f"{i}.wav" for i in range(6)))
    for i, text in enumerate(EN):
        put(tmp_path, f"{i}.txt", text)
        put(tmp_path, f"._{i}.wav", b"\0\5\x16\7" + bytes(100))
        put(tmp_path, f"__MACOSX/._{i}.wav", b"\0\5\x16\7" + bytes(100))
    put(tmp_path, "Thumbs.db", b"\xd0\xcf\x11\xe0")
    assert texts(read_corpus(tmp_path)) == list(EN)


def test_languages_of_the_lists_of_trainers(tmp_path: Path) -> None:
    tags = {"JP": JA[0], "KR": KO[0], "ZH": ZH[0], "EN-US": EN[0], "EN_NEWEST": EN[1], "JP2": JA[1]}
    rows = [
        f"wavs/{i}.wav|{tag[:2]}-default|{tag.removesuffix('2')}|{text}" for i, (tag, text) in enumerate(tags.items())
    ]
    found = read_corpus(corpus(tmp_path, [f"wavs/{i}.wav" for i in range(6)], "metadata.list", rows))
    assert texts(found) == list(tags.values())
    assert [clip.language for clip in found.clips] == ["ja", "ko", "cmn", "EN-US", "en", "ja"]
    assert [clip.speaker for clip in found.clips][:3] == ["JP-default", "KR-default", "ZH-default"]


def test_a_table_that_names_nothing_that_is_there_says_how_names_and_files_look(tmp_path: Path) -> None:
    rows = [f"wavs/take{i}.wav|{text}" for i, text in enumerate(EN)]
    found = read_corpus(corpus(tmp_path, [f"wavs/other{i + 10}.wav" for i in range(6)], "list.txt", rows))
    (finding,) = found.findings
    assert finding.code == "audio-missing"
    assert "none of the 6 names in column 1" in finding.message
    assert "'wavs/take0.wav', and a file is called 'wavs/other10.wav'" in finding.message


def test_two_texts_of_one_script_are_refused_with_rows_and_the_option(tmp_path: Path) -> None:
    other = (
        "Wetter",
        "Er kaufte gestern ein Buch.",
        "Bitte schließe die Tür.",
        "Sie spricht.",
        "Der Zug fährt ab.",
        "Alt.",
    )
    rows = [f"{i}|{text}|{other[i]}" for i, text in enumerate(EN)]
    root = corpus(tmp_path, [f"wavs/{i}.wav" for i in range(6)], "metadata.csv", rows)
    with pytest.raises(CorpusError, match=r"columns 2 and 3 may each be the text.*--columns path,text,-") as error:
        read_corpus(root)
    assert f"0 | {EN[0]} | Wetter" in str(error.value)


@pytest.mark.parametrize("name", ["train.list", "wav.scp"])
def test_absolute_paths_of_this_machine_are_taken_as_they_are(tmp_path: Path, name: str) -> None:
    audio(tmp_path / "sound", *(f"a/{i}.wav" for i in range(6)))
    lists = tmp_path / "lists"
    rows = [f"{tmp_path}/sound/a/{i}.wav|anna|EN|{t}" for i, t in enumerate(EN)]
    if name == "wav.scp":
        put(lists, "text", "".join(f"u{i} {t}\n" for i, t in enumerate(EN)))
        rows = [f"u{i} {tmp_path}/sound/a/{i}.wav" for i in range(6)]
    put(lists, name, "\n".join(rows) + "\n")
    found = read_corpus(lists)
    assert (found.root, texts(found)) == (tmp_path / "sound" / "a", list(EN))


def test_a_list_and_its_audio_elsewhere(tmp_path: Path) -> None:
    audio(tmp_path / "sound", *(f"{i}.flac" for i in range(6)))
    path = put(tmp_path, "list.txt", "".join(f"wavs/{i}.wav|{t}\n" for i, t in enumerate(EN)))
    found = read_corpus(path, reading=Reading(audio_root=tmp_path / "sound"))
    assert texts(found) == list(EN)


def test_a_dump_of_espnet_names_files_from_the_folder_above(tmp_path: Path) -> None:
    audio(tmp_path, *(f"dump/raw/train/data/u{i}.flac" for i in range(6)))
    put(tmp_path, "dump/raw/train/wav.scp", "".join(f"u{i} dump/raw/train/data/u{i}.flac\n" for i in range(6)))
    put(tmp_path, "dump/raw/train/text", "".join(f"u{i} {t}\n" for i, t in enumerate(EN)))
    found = read_corpus(tmp_path)
    assert (found.layout, texts(found)) == ("kaldi", list(EN))


def test_links_to_folders_are_followed_where_a_person_says_so(tmp_path: Path) -> None:
    audio(tmp_path / "real", "a.wav")
    put(tmp_path / "real", "a.txt", EN[0])
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "linked").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "loop").symlink_to(tmp_path / "real")
    with pytest.raises(CorpusError, match="has no audio file in it"):
        read_corpus(tmp_path / "corpus")
    found = read_corpus(tmp_path / "corpus", reading=Reading(follow_links=True))
    assert [(clip.path, clip.text) for clip in found.clips] == [("real/a.wav", EN[0])]
    assert found.root == tmp_path
    assert found.decided[-1] == f"links were followed: the audio lies in {tmp_path}"


def test_a_cache_of_hugging_face_is_read_through_its_links(tmp_path: Path) -> None:
    cache = tmp_path / "hub" / "datasets--a--b"
    audio(cache / "blobs", "0.wav")
    (cache / "blobs" / "0.wav").rename(cache / "blobs" / "3f2a")
    snapshot = cache / "snapshots" / "c0ffee"
    snapshot.mkdir(parents=True)
    (snapshot / "a.wav").symlink_to("../../blobs/3f2a")
    put(snapshot, "metadata.csv", f"file_name,text\na.wav,{EN[1]}\n")
    found = read_corpus(snapshot)
    assert [(clip.id, clip.path, clip.text) for clip in found.clips] == [("a", "blobs/3f2a", EN[1])]
    assert read(inside(found.root, "blobs/3f2a")).rate == 16_000

import codecs

import pytest

from ttsprep.corpora.encoding import sniff, surely_western

FRENCH = "LJ1|Le garçon a très bien dîné près de la forêt où les élèves étaient restés, même là-bas à côté\n" * 5


@pytest.mark.parametrize(
    ("head", "encoding", "mark"),
    [
        ("a|één\n".encode(), "utf-8", 0),
        (codecs.BOM_UTF8 + b"a|b\n", "utf-8", 3),
        ("a|b\n".encode("utf-16"), "utf-16-le", 2),
        (codecs.BOM_UTF16_BE + "a|b\n".encode("utf-16-be"), "utf-16-be", 2),
        ("a|b\n".encode("utf-32"), "utf-32-le", 4),
        ("LJ001-0001|hello there\n".encode("utf-16-le"), "utf-16-le", 0),
        ("LJ001-0001|hello there\n".encode("utf-16-be"), "utf-16-be", 0),
        ("a|привет\n".encode("cp1251"), "utf-8", 0),
        (b"a|one\0NUL\n", "utf-8", 0),
        (b"", "utf-8", 0),
    ],
)
def test_sniff_tells_the_encoding(head: bytes, encoding: str, mark: int) -> None:
    assert sniff(head) == (encoding, mark)


@pytest.mark.parametrize(
    "head",
    [
        b"RIFF\x24\x08\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x22\x56\0\0\x44\xac\0\0\x02\0\x10\0data" + bytes(500),
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0",
        b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\x4c\xaa\x49\x02\0",
        b"PK\x03\x04\x14\0\0\0\x08\0\x91\xa2\xc3\x1f",
        bytes(1000),
    ],
)
def test_what_is_not_text_is_told(head: bytes) -> None:
    assert sniff(head) == ("", 0)


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (FRENCH, "latin-1"),
        (FRENCH.replace("la forêt", "l’œuvre — “la forêt”").replace("œ", "oe"), "cp1252"),
        ("id|Ein schöner Gruß aus München\n", "latin-1"),
        ("id|café\n", "latin-1"),
    ],
)
def test_western_text_is_certain(text: str, codec: str) -> None:
    assert surely_western(text.encode(codec).splitlines())


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("LJ001-0001|Привет, как дела\n", "cp1251"),
        ("LJ001-0001.wav|hello мир\n", "cp1251"),
        ("LJ001-0001|Привет, как дела\n", "koi8-r"),
        ("LJ001-0001|Zażółć gęślą jaźń\n" * 9, "iso8859-2"),
        ("LJ001-0001|Zażółć gęślą jaźń\n" * 9, "cp1250"),
        ("LJ001-0001|Příliš žluťoučký kůň úpěl ďábelské ódy\n" * 9, "cp1250"),
        ("LJ001-0001|Příliš žluťoučký kůň úpěl ďábelské ódy\n" * 9, "iso8859-2"),
        ("LJ001-0001|Çocuğun işi ağır, şu dağın ışığı\n" * 9, "iso8859-9"),
        ("LJ001-0001|Árvíztűrő tükörfúrógép\n" * 9, "iso8859-2"),
        ("LJ001-0001|Καλημέρα κόσμε\n" * 9, "iso8859-7"),
        ("LJ001-0001|今天天气很好\n" * 9, "gbk"),
        ("LJ001-0001|音声合成です\n" * 9, "shift-jis"),
        ("LJ001-0001|L'été à la forêt\n" * 9, "mac-roman"),
        ("LJ001-0001|L'été à la forêt\n" * 9, "cp437"),
        ("id|très\n", "latin-1"),  # one è could be č in Croatian
    ],
)
def test_other_or_doubtful_encodings_are_not(text: str, codec: str) -> None:
    assert not surely_western(text.encode(codec).splitlines())

"""Tables as people write them: any delimiter, order of columns and language, with the texts that they hold."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

SENTENCES = {
    "en": [
        "The weather is very nice today, so we go for a walk.",
        "He bought a new dictionary yesterday.",
        "Please close the door; it is cold outside.",
        "My sister speaks three languages.",
        "The train is leaving soon.",
        "This bridge was built a hundred years ago.",
        "Where did you put the key?",
        "Nobody knew what to say.",
        "The children play in the garden behind the house.",
        "I would like a cup of tea, please.",
        "It rained for the whole night.",
        "We shall see each other again on Monday.",
    ],
    "de": [
        "Der alte Mann ging langsam über die Straße.",
        "Morgen wird es im ganzen Land regnen.",
        "Bitte schließen Sie die Tür.",
        "Wir haben einen langen Spaziergang gemacht.",
        "Die Kinder spielen gern im Garten.",
        "Wo hast du den Schlüssel?",
        "Niemand wusste, was er sagen sollte.",
        "Der Zug fährt gleich ab, beeil dich ein wenig.",
        "Meine Schwester spricht drei Sprachen.",
        "Diese Brücke wurde vor hundert Jahren gebaut.",
        "Es hat die ganze Nacht geregnet.",
        "Ich hätte gern eine Tasse Tee.",
    ],
    "zh": [
        "卡尔普陪外孙玩滑梯。",
        "今天的天气非常好，我们去公园散步。",
        "他昨天买了一本新的词典。",
        "请把门关上，外面太冷了。",
        "老虎和宠物犬在院子里玩耍。",
        "我的妹妹会说三种语言。",
        "火车马上就要开了，你快一点。",
        "这座桥是一百年前修建的。",
        "没有人知道该说什么。",
        "孩子们在房子后面的花园里玩。",
        "我想要一杯茶。",
        "我们星期一再见。",
    ],
    "ja": [
        "水を飲みました。",
        "今日はとてもいい天気ですね。",
        "あした、ともだちとえいがをみにいきます。",
        "このコーヒーは少し苦いです。",
        "電車が遅れたので、会議に間に合わなかった。",
        "えっと、もう一度言ってください。",
        "ドアを閉めてください、外は寒いです。",
        "妹は三つの言葉を話します。",
        "図書館で本を借りました。",
        "雨のせいで試合は中止になった。",
        "駅はどこですか。",
        "母が作った料理が一番おいしい。",
    ],
    "th": [
        "วันนี้อากาศดีมาก",
        "ฉันอยากเรียนภาษาใหม่ในปีนี้",
        "รถไฟมาสายเพราะฝนตกหนัก",
        "กรุณาปิดประตูด้วย ข้างนอกหนาวมาก",
        "น้องสาวของฉันพูดได้สามภาษา",
        "เด็กๆ กำลังเล่นอยู่ในสวน",
        "เขาซื้อพจนานุกรมเล่มใหม่เมื่อวานนี้",
        "ไม่มีใครรู้ว่าจะพูดอะไร",
        "สะพานนี้สร้างเมื่อร้อยปีก่อน",
        "ฉันขอชาหนึ่งถ้วย",
        "ฝนตกตลอดทั้งคืน",
        "เราจะพบกันอีกในวันจันทร์",
    ],
    "ar": [
        "ذهبت إلى السوق في الصباح واشتريت الخبز.",
        "الطقس جميل اليوم، أليس كذلك؟",
        "كَتَبَ الوَلَدُ الدَّرْسَ فِي الدَّفْتَرِ.",
        "أريد أن أتعلم لغة جديدة هذا العام.",
        "وصل القطار متأخرا بسبب المطر الغزير.",
        "أغلق الباب من فضلك.",
        "أختي تتكلم ثلاث لغات.",
        "بني هذا الجسر قبل مئة عام.",
        "أين وضعت المفتاح؟",
        "لم يعرف أحد ماذا يقول.",
        "الأطفال يلعبون في الحديقة.",
        "أريد كوبا من الشاي.",
    ],
    "hi": [
        "मुझे हिन्दी बोलना अच्छा लगता है।",
        "आज मौसम बहुत सुहावना है, चलो घूमने चलते हैं।",
        "क्‍या आप मुझे थोड़ा पानी दे सकते हैं?",
        "विद्यार्थी कक्षा में ध्यान से पढ़ रहे हैं।",
        "ट्रेन बारिश की वजह से देर से आई।",
        "मेरी बहन तीन भाषाएँ बोलती है।",
        "कृपया दरवाज़ा बंद कर दीजिए।",
        "यह पुल सौ साल पहले बना था।",
        "चाबी कहाँ रखी है?",
        "किसी को नहीं पता था कि क्या कहना है।",
        "बच्चे बगीचे में खेल रहे हैं।",
        "मुझे एक कप चाय चाहिए।",
    ],
    "vi": [
        "Hôm nay trời đẹp quá.",
        "Tôi muốn học một ngôn ngữ mới trong năm nay.",
        "Chuyến tàu đến muộn vì trời mưa to.",
        "Em gái tôi nói được ba thứ tiếng.",
        "Làm ơn đóng cửa lại, ngoài trời lạnh lắm.",
        "Ngữ điệu của tiếng Việt có sáu thanh.",
        "Anh ấy mua một cuốn từ điển mới.",
        "Cây cầu này được xây một trăm năm trước.",
        "Bạn để chìa khóa ở đâu?",
        "Không ai biết phải nói gì.",
        "Trẻ em chơi trong vườn.",
        "Cho tôi một tách trà.",
    ],
}
LANGUAGES = tuple(SENTENCES)
FORMS = ("|", "\t", ",", ";", "quoted ,", "quoted ;", "quoted |", " | ", "~", "jsonl", "raw ,", "raw ;")
"""Delimiters, whether every cell is quoted, or none even where the text holds the delimiter."""
NAMES = ("id", "path", "deep", "windows", "foreign", "bare")
EXTRAS = (
    *(
        "speaker",
        "length",
        "duration",
        "language",
        "gender",
        "phonemes",
        "pinyin",
        "hash",
        "score",
        "normalised",
        "date",
    ),
    *("translation", "speaker number", "empty", "comment", "url", "emotion", "book"),
)
_TITLES = {
    "name": "file_name",
    "text": "text",
    "speaker": "speaker",
    "language": "lang",
    "normalised": "normalized_text",
}
_PHONEMES = ("hˈæpɪli tʃˈæɾɪŋ", "ɪn kəmpˈæɹətˌɪvli mˈɑːdɚn", "ˈɔːl ɐɹˈaʊnd ɑːɹ", "pɹədˈuːst ðə blˈɑːk")
_PINYIN = ("jin1 tian1 de5 tian1 qi4", "wo3 men5 qu4 gong1 yuan2", "ta1 zuo2 tian1 mai3 le5", "huo3 che1 ma3 shang4")


@dataclass(frozen=True)
class Made:
    """A table with its truth: the text of each row, or the forms of it that are right as well."""

    content: str
    name: str
    files: tuple[str, ...]
    texts: tuple[tuple[str, ...], ...]


def make(form: str, columns: Sequence[str], language: str, names: str, rows: int, seed: int, *, title: bool) -> Made:
    """Write a table whose columns are ``name``, ``text`` and some of `EXTRAS`, in this order."""
    random = Random(seed)
    table, files, texts = [], [], []
    for number in range(rows):
        own = f"{'abcdef'[seed % 6]}{number + 1:04d}"
        file = {"deep": f"audio/sp{number % 2}/{own}.wav", "bare": f"{own}.wav"}.get(names, f"wavs/{own}.wav")
        text = SENTENCES[language][number % 12]
        if number >= 12:
            text = f"{SENTENCES[language][(number * 5 + 3) % 12]} {text}"
        written = text.replace(form, "") if form in {",", ";"} else text  # raw: with the delimiter in the text
        translation = SENTENCES["de" if language != "de" else "en"][(number * 7 + 1) % 12]
        normalised = written.replace("。", "，") if language in {"zh", "ja"} else written.lower()
        cell = {
            "name": {"id": own, "deep": own, "windows": f"D:\\data\\{own}.wav", "foreign": f"/home/x/{own}.wav"}.get(
                names, file
            ),
            "text": written,
            "speaker": random.choice(("anna", "bert", "p225")),
            "speaker number": str(random.randrange(3)),
            "length": str(len(written)),
            "duration": f"{len(written) / 14:.2f}",
            "language": {"zh": "ZH", "en": "en-us"}.get(language, language),
            "gender": random.choice("mf"),
            "phonemes": _PHONEMES[number % 4] + " " + _PHONEMES[random.randrange(4)],
            "pinyin": _PINYIN[number % 4] + " " + _PINYIN[random.randrange(4)],
            "hash": f"{random.getrandbits(160):040x}",
            "score": f"{random.random():.4f}",
            "normalised": normalised,
            "date": f"2024-0{1 + number % 9}-1{number % 10}",
            "translation": translation.replace(form, "") if form in {",", ";"} else translation,
            "empty": "",
            "comment": "too loud" if number % 9 == 4 else "",
            "url": f"https://example.org/a/{own}",
            "emotion": random.choice(("neutral", "happy", "sad")),
            "book": random.choice(("The Old House by the Sea", "A Winter in the North")),
        }
        files.append(file)
        texts.append((written, normalised) if "normalised" in columns else (written,))
        table.append([cell[column] for column in columns])
    titles = [_TITLES.get(column, column.replace(" ", "_")) for column in columns]
    return Made(
        _written(form, titles, table, title=title),
        "list.jsonl" if form == "jsonl" else "list.csv",
        tuple(files),
        tuple(texts),
    )


def _written(form: str, titles: Sequence[str], table: Sequence[Sequence[str]], *, title: bool) -> str:
    if form == "jsonl":
        import json

        return "".join(json.dumps(dict(zip(titles, row, strict=True)), ensure_ascii=False) + "\n" for row in table)
    rows = [titles, *table] if title else list(table)
    if form.startswith("quoted"):
        page = io.StringIO()
        csv.writer(page, delimiter=form[-1], quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(rows)
        return page.getvalue()
    form = form.removeprefix("raw ")
    return "".join(form.join(row) + "\n" for row in rows)


def put(made: Made, root: Path) -> Path:
    """Lay a table and its audio, empty files, into a folder."""
    for name in made.files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (root / made.name).write_bytes(made.content.encode())
    return root

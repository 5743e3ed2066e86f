"""The names that title lines and JSON records give to their columns."""

import re
from collections.abc import Sequence
from typing import Any

PATH: tuple[str, ...] = (
    *(
        "file_name",
        "audio_filepath",
        "audio_file",
        "audio_path",
        "filename",
        "wav_filename",
        "wav_path",
        "audio_file_path",
    ),
    *(
        "path",
        "audio",
        "file",
        "wav",
        "wav_file",
        "audio_name",
        *("datei", "dateiname", "fichier", "archivo", "nome_file", "файл", "文件", "ファイル"),
        "audio_file_name",
        "audiofile",
        "filepath",
        "file_path",
    ),
)
REFERENCE = ("ref_audio", "reference_audio", "ref_audio_path", "prompt_audio", "prompt_wav", "ref_wav")
"""Titles of another clip of the same voice, which is not what the row is about."""
TEXT: tuple[str, ...] = (
    *("normalized_text", "text_normalized", "normalised_text", "normalized_transcription", "text_normalised"),
    *("normalized", "normalised", "normalized_sentence", "norm_text", "text_norm", "clean"),
    *(
        "normalized_transcript",
        "normalised_transcript",
        "text_clean",
        "clean_text",
        "cleaned_text",
        "text_no_preprocessing",
    ),
    *("corrected_text", "corrected_transcript", "corrected_transcription", "corrected", "verified_text"),
    *("text", "transcription", "transcript", "sentence", "raw_text", "utterance", "raw_transcription", "original_text"),
    *(
        "satz",
        "transkript",
        "texte",
        "phrase",
        "texto",
        "frase",
        "testo",
        "tekst",
        "текст",
        "предложение",
        "文本",
        "テキスト",
    ),
)
"""What is read aloud comes before what was written: ``normalized_text`` before ``text``."""
NORMALISED = TEXT[: TEXT.index("corrected_text")]
"""Titles of texts as they are read aloud."""
SPEAKER = (
    "speaker",
    "speaker_name",
    "speaker_id",
    "client_id",
    "spk",
    "spk_id",
    "speakerid",
    "user_id",
    "reader_id",
    "sprecher",
    "locuteur",
    "hablante",
    "диктор",
)
LANGUAGE_NAMES = ("language", "lang", "locale", "lang_id", "language_id")
ID = ("id", "utt_id", "utterance_id", "file_id", "clip_id", "segment_id", "audio_id", "name")
START = ("start", "start_time", "begin", "onset", "xmin", "tmin", "anfang", "inicio", "inizio", "offset")
END = ("end", "end_time", "stop", "stop_time", "xmax", "tmax", "ende", "fin", "offset")
"""``offset`` is where a piece starts, but beside ``onset`` where it ends."""
DURATION = ("duration", "length", "seconds", "dur", "dauer", "durée", "durata", "duración")
TIMES = ("start", "end", "duration")
"""Columns whose titles may name a unit: ``start_ms``, ``End (s)``."""
_UNIT = re.compile(r"_?[(\[_]((?:m|milli)?s(?:ec(?:ond)?s?)?)[)\]]?\Z")
ROLES: dict[str, tuple[str, ...]] = {
    "path": PATH,
    "text": TEXT,
    "speaker": SPEAKER,
    "language": LANGUAGE_NAMES,
    "id": ID,
    "start": START,
    "end": END,
    "duration": DURATION,
}
"""What a column may be, as ``--columns`` calls it, with its names."""


def name_of_column(header: Sequence[str], names: Sequence[str]) -> int | None:
    """Return the index of the first of `names` that is in `header`, whatever its case."""
    plain = [plain_name(h) for h in header]
    return next((plain.index(n) for n in names if n in plain), None)


def plain_name(name: str) -> str:
    """Return a title as it is compared: lower case, underscores for blanks and hyphens."""
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def without_unit(title: str) -> str:
    """Return a title as it is compared, without the unit of its times."""
    return _UNIT.sub("", plain_name(title))


def unit_of_title(title: str) -> float:
    """Return the seconds of the unit that a title names, or 0 for none."""
    unit = _UNIT.search(plain_name(title))
    return 0.0 if unit is None else 0.001 if unit[1].startswith("m") else 1.0


def value(record: dict[str, Any], names: Sequence[str]) -> str:
    """Return the first of `names` that a JSON record has, as text; "" if it has none or it is no label."""
    text = next((record[n] for n in names if n in record), "")
    return str(text) if isinstance(text, str | int) and not isinstance(text, bool) else ""

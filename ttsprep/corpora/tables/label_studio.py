"""The JSON that Label Studio exports: tasks with their annotations, as records of audio, text and times."""

from collections.abc import Iterator
from typing import Any

from ttsprep.core.types import Finding
from ttsprep.corpora.metadata import malformed
from ttsprep.corpora.tables.match import names_audio


def is_task(record: dict[str, Any]) -> bool:
    """Whether a record is a task: its data beside the annotations of it."""
    return isinstance(record.get("data"), dict) and isinstance(record.get("annotations"), list)


def task_records(name: str, number: int, task: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]] | Finding]:
    """Yield a record for the text of a task, or for each of its regions; what cannot be told is a finding.

    Parameters
    ----------
    name, number
        Of the file and of the task in it, for findings.
    task
        As `is_task` knows it.
    """
    audio = next((one for one in task["data"].values() if isinstance(one, str) and names_audio(one)), "")
    done = [one for one in task["annotations"] if isinstance(one, dict) and not one.get("was_cancelled")]
    texts = [_regions(one) for one in done]
    fields = sorted({region.pop("field") for regions in texts for region in regions})
    if len(fields) > 1:
        yield malformed(name, number, f"{audio} has texts in the fields {', '.join(fields)}: export one of them")
    elif any(other != texts[0] for other in texts):
        yield malformed(name, number, f"{audio} has {len(texts)} annotations that differ: keep one of them")
    else:
        for region in (texts and texts[0]) or [{"text": ""}]:
            yield number, {"audio": audio, **region}


def _regions(annotation: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the texts of an annotation with the field that they were written into, and times and label if any."""
    results = [one for one in _list(annotation.get("result")) if isinstance(one, dict)]
    values = [(one, one["value"]) for one in results if isinstance(one.get("value"), dict)]
    labels = {str(one.get("id")): label for one, value in values if (label := _first(value.get("labels")))}
    regions = []
    for one, value in values:
        if one.get("type") == "textarea" and "text" in value:
            lines = value["text"] if isinstance(value["text"], list) else [value["text"]]
            region = {"field": str(one.get("from_name")), "text": " ".join(map(str, lines))}
            times = {key: value[key] for key in ("start", "end") if key in value}
            label = labels.get(str(one.get("id")), "") if times else ""
            regions.append(region | times | ({"speaker": label} if label else {}))
    return regions


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _first(labels: object) -> str:
    return str(labels[0]) if isinstance(labels, list) and labels else ""

"""What is known of a clip, in words that the terminal and the page share."""

from collections.abc import Iterable, Mapping
from typing import Any

from ttsprep.dossier import Dossier, Found
from ttsprep.listening.base import all_listeners
from ttsprep.standing import Measure


def becomes(dossier: "Dossier") -> str:
    """Say in a few words why a clip is usable, to mend or to drop."""
    if dossier.verdict == "usable":
        return "no error, nothing to mend" if dossier.findings else "nothing was found"
    if dossier.verdict == "to mend":
        stages = dict.fromkeys(found.stage for found in dossier.findings if found.stage and found.severity != "note")
        return f"a build mends it: {', '.join(stages)}"
    codes = [found.code for found in dossier.findings if found.severity == "error" and not found.stage]
    return f"for {', '.join(dict.fromkeys(codes))}" if codes else "its audio could not be decoded"


def audio_of(row: Mapping[str, Any]) -> str:
    """Say in one line what the file is, or why it could not be read."""
    if row["status"] != "ok":
        return f"{row['status']}: {row['status_reason']}"
    channels = {1: "mono", 2: "stereo"}.get(row["channels"], f"{row['channels']} channels")
    return f"{row['duration_s']:.2f} s, {row['sample_rate']:,} Hz, {channels}, {row['subtype']}"


def place(found: "Found") -> str:
    """Say where in the clip a finding is, and its value against the limit where the message does not hold them."""
    if found.start is None:
        return ""
    if found.end is None or found.end - found.start < 0.005:
        return f"at {found.start:.2f} s"
    return f"{found.start:.2f} to {found.end:.2f} s"


def rank(measure: "Measure") -> str:
    """Write the percentile of a measure; "" where all clips have the same."""
    known = measure.standing
    if known is None or known.low == known.high:
        return ""
    return (
        f"{min(max(known.percentile, 0.1), 99.9):.1f} %"
        if not 1 <= known.percentile <= 99
        else f"{known.percentile:.0f} %"
    )


def nats(score: float) -> str:
    """Say how far a word is behind the likeliest one."""
    return f"{abs(score):.1f} nats behind"


def piece(row: Mapping[str, Any]) -> str:
    """Say which piece of its file a clip is; "" if it is all of it."""
    if not row["start_s"] and row["end_s"] is None:
        return ""
    end = "its end" if row["end_s"] is None else f"{row['end_s']:g} s"
    return f"from {row['start_s'] or 0:g} s to {end}"


def facts(dossier: Dossier) -> dict[str, str]:
    """Name what a clip is: its file, its speaker, its language."""
    row = dossier.row
    known = {
        "file": ", ".join(filter(None, (row["path"], piece(row)))),
        "audio": audio_of(row),
        "speaker": row["speaker"] or "",
        "language": row["language"] or "",
        "called": f"{row['given_id']} in the corpus, where that is taken" if row["given_id"] != row["id"] else "",
    }
    return {name: value for name, value in known.items() if value}


def unmeasured(measures: Iterable[Measure]) -> list[str]:
    """Say which measures a clip does not have, and why."""
    known = list(measures)
    empty = [measure for measure in known if measure.value is None and measure.unit]  # an empty text says something
    there = {measure.listener for measure in known if measure.value is not None}
    deaf = sorted({measure.listener for measure in empty} & all_listeners().keys() - there)
    names = [measure.name for measure in empty if not measure.listener or measure.listener in there]
    sentences = [f"Nothing to measure: {', '.join(names)}."] if names else []
    if deaf:
        sentences.append(f"Nobody has listened: ttsprep audit {' '.join(f'--listen {name}' for name in deaf)} does.")
    return sentences

"""What the models of an audit heard, and what they did not."""

from collections.abc import Mapping
from typing import Any

from ttsprep.report.tables import AuditTables, visible
from ttsprep.report.voices import voice_map


def listened(audit: AuditTables) -> dict[str, Any]:
    """Return what the page says of listening: a row a listener, and the map of voices; empty if none was asked."""
    asked: Mapping[str, Any] = audit.summary.get("listening", {})
    if not asked:
        return {}
    codes = audit.summary["codes"]
    rows = [
        {
            "name": visible(name),
            **row,
            "skipped": visible(row["skipped"]),
            "found": {code: codes[code]["clips"] for code in row["codes"] if code in codes},
        }
        for name, row in asked.items()
    ]
    figure, points = voice_map(audit.voices, audit.findings) if audit.voices is not None else (None, {})
    return {"rows": rows, "map": figure, "points": points}

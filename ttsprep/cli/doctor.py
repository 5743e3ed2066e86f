"""The command ``ttsprep doctor``: what is installed here, and what each missing part would give."""

import importlib.util
import os
import platform
import re
import shutil
from importlib import metadata
from pathlib import Path
from typing import Any

from ttsprep.cli.console import pairs, plain_table, print_json, print_rich, printable
from ttsprep.cli.options import AsJson
from ttsprep.core.errors import MissingExtraError, UsageError
from ttsprep.core.package import __version__

GIVES = {
    "xlsx": "transcripts in spreadsheets",
    "codec": "encode, decode and codec train",
    "asr": "--listen asr, --recipe transcribe, alignment by Whisper",
    "speaker": "--listen speaker: clips of another voice",
    "mos": "--listen mos: clips that would be rated low",
    "vad": "--listen vad: clips without speech",
    "cluster": "--cluster: audits and builds on many machines",
    "metrics": "PESQ and STOI in ttsprep codec score",
}
"""By extra, what it brings."""
LOW_BYTES = 2 << 30


def doctor(*, as_json: AsJson = False) -> int:
    """Show what is installed here, and what is missing.

    Of each missing part: what it would give, and the command that installs it. The exit code is 1 where something that
    every audit needs does not work.
    """
    document = examine()
    if as_json:
        print_json(document)
    else:
        _show(document)
    return int(bool(document["faults"]))


def examine() -> dict[str, Any]:
    """Return what is here: ``faults`` are what keeps an audit from running."""
    faults = []
    try:
        from ttsprep.text.phonemes import phonemize

        (phonemes,) = phonemize(["Does it work?"], "en-us")
    except Exception as error:  # whatever keeps eSpeak from loading is what has to be shown
        phonemes, why = "", f"{type(error).__name__}: {error}"
        faults.append(f"eSpeak does not load ({why}): pip install --force-reinstall espeakng-loader phonemizer")
    from ttsprep.core.store.cache import cache_folder

    folder = cache_folder()
    places = {"here": Path.cwd(), "temporary": Path(os.environ.get("TMPDIR") or "/tmp"), "cache": folder}  # noqa: S108
    disk = {name: _free(path) for name, path in places.items() if path is not None}
    return {
        "ttsprep": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "device": _device(),
        "phonemes": phonemes,
        "disk": disk,
        "extras": _extras(),
        "models": _models(),
        "faults": faults,
    }


def _extras() -> dict[str, dict[str, Any]]:
    """Return by extra whether its packages are installed, what it gives, and the command that brings it."""
    needed: dict[str, list[str]] = {name: [] for name in GIVES}
    for line in metadata.requires("ttsprep") or ():
        package, extra = re.match(r"[\w.-]+", line), re.search(r"""extra == ["'](\w+)["']""", line)
        if package and extra and extra[1] in needed:
            needed[extra[1]].append(package[0])
    rows = {}
    for name, packages in needed.items():
        missing = [package for package in packages if not _installed(package)]
        command = f"pip install 'ttsprep[{name}]'" if missing else ""
        rows[name] = {"installed": not missing, "missing": missing, "gives": GIVES[name], "command": command}
    return rows


def _installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def _models() -> dict[str, str]:
    """Return by model of `--listen` "" if it is ready, else what is missing and how to have it."""
    from ttsprep.models.base import all_models, load_model

    rows = {}
    for name in all_models():
        try:
            load_model(name)
            rows[name] = ""
        except (MissingExtraError, UsageError) as error:
            rows[name] = str(error)
    return rows


def _device() -> str:
    """Return what the codec and the models compute on."""
    if importlib.util.find_spec("torch") is None:
        return "cpu"
    from ttsprep.codec.device import find_device

    return find_device("auto")


def _free(path: Path) -> dict[str, Any]:
    there = next((one for one in (path, *path.absolute().parents) if one.exists()), Path("/"))
    return {"path": str(path), "free_bytes": shutil.disk_usage(there).free, "writable": os.access(there, os.W_OK)}


def _show(document: dict[str, Any]) -> None:
    from rich.text import Text

    disk = [
        f"{name}: {row['free_bytes'] / 1e9:,.1f} GB free in {row['path']}"
        + ("" if row["writable"] else ", not writable")
        + (", little" if row["free_bytes"] < LOW_BYTES else "")
        for name, row in document["disk"].items()
    ]
    rows = {
        "ttsprep": f"{document['ttsprep']}, Python {document['python']}, {document['system']}",
        "cores": f"{document['cores']}; the codec and the models compute on {document['device']}",
        "phonemes": f'"Does it work?" is {document["phonemes"]}' if document["phonemes"] else "not available",
        "disk": "\n".join(map(printable, disk)),
    }
    table = plain_table()
    for title in ("extra", "", "gives", "install"):
        table.add_column(title, no_wrap=title in {"extra", "install"})
    for name, row in document["extras"].items():
        state = Text("yes", "green") if row["installed"] else Text("no", "yellow")
        table.add_row(Text(name, "bold"), state, Text(row["gives"]), Text(row["command"]))
    parts: list[Any] = [pairs(rows), Text(), table, Text()]
    models = {f"--listen {name}": why or "ready" for name, why in document["models"].items()}
    parts.append(pairs({name: why.removeprefix(f"{name} ") for name, why in models.items()}))
    for fault in document["faults"]:
        parts += [Text(), Text(printable(fault), "bold red")]
    print_rich(*parts)

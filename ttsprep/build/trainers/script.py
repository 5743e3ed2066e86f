"""The script that starts a trainer on a build: ``train-X.sh``, complete and relative to itself."""

import math
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from ttsprep.build.targets import TrainerProfile, Training
from ttsprep.core.errors import CorpusError, UsageError
from ttsprep.core.files import atomic_write
from ttsprep.corpora.exports.base import Entry
from ttsprep.corpora.exports.filelist import short_language
from ttsprep.text.phonemes import espeak_code

TUNED_HOURS = 2.0
"""Hours under which a base checkpoint is fine-tuned: less is not enough for a voice from scratch."""
_HEAD = """\
#!/bin/sh
# {about}
# {facts}
# It runs from any directory. Install the trainer first:
#   {install}
# Variables, to be set in front of the command: PYTHON; OUT, the folder of checkpoints and logs; BATCH; EPOCHS{options}.
# Arguments are passed on to the trainer.
set -eu

build=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
data=$build/exports/{form}
{values}
: "${{PYTHON:=python3}}" "${{OUT:=$build.{trainer}}}" "${{BATCH:={batch}}}"{repository}
{start}
export build data {names} PYTHON OUT BATCH EPOCHS BASE{exported}

if ! {check} >/dev/null 2>&1; then
  cat >&2 <<EOF
train-{trainer}.sh: the trainer is not installed for $PYTHON. Install it with
  {install}
EOF
  exit 2
fi
"""
_TUNED = """\
# {hours} h of speech: a base checkpoint is fine-tuned.
: "${{BASE:={base}}}"
if [ "$BASE" = none ]; then : "${{EPOCHS:={scratch_epochs}}}"; else : "${{EPOCHS:={epochs}}}"; fi"""
_ALWAYS_TUNED = """\
: "${{BASE:={base}}}" "${{EPOCHS:={epochs}}}\""""
_SCRATCH = """\
# {hours} h of speech: enough to train from scratch.
: "${{BASE:=none}}"
if [ "$BASE" = none ]; then : "${{EPOCHS:={scratch_epochs}}}"; else : "${{EPOCHS:={epochs}}}"; fi"""
_MISSING = """
{test}if [ ! -e "$BASE{file}" ]; then
  cat >&2 <<EOF
$BASE{file} is missing: this is what is fine-tuned. Download it with
{get}
or name the one that you have with BASE=PATH{scratch}.
EOF
  exit 2
fi
"""


def script_name(trainer: str) -> str:
    """Return the name of the script in the build."""
    return f"train-{trainer}.sh"


def write_script(trainer: TrainerProfile, entries: Sequence[Entry], out: Path) -> None:
    """Write the script that trains on a build.

    Parameters
    ----------
    trainer
        Its profile.
    entries
        The clips in the lists of the trainer.
    out
        The build.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    path = out / script_name(trainer.name)
    atomic_write(path, script_text(trainer, entries, out.resolve().name).encode())
    path.chmod(path.stat().st_mode | 0o111)


def refuse_empty(trainer: TrainerProfile, entries: Sequence[Entry]) -> None:
    """Refuse a build in which a list is empty that the trainer reads.

    Raises
    ------
    CorpusError
        If there is one.
    """
    parts = Counter(entry.split for entry in entries)
    for part in trainer.training.lists:
        if not parts[part]:
            raise CorpusError(
                f"{trainer.name} reads a list of {part} clips, and there is none among {len(entries):,} clips: "
                f"give 10 clips or more, and a share above 0 for {part} in [split]"
            )


def script_text(trainer: TrainerProfile, entries: Sequence[Entry], name: str) -> str:
    """Return the text of the script."""
    training = trainer.training
    values = _values(trainer, entries, name)
    hours = sum(entry.duration_s for entry in entries) / 3600
    batch, epochs = _schedule(training, training.tuning_steps, int(values["clips"]))
    tuned = bool(training.base) and hours < TUNED_HOURS
    start = (_TUNED if tuned else _SCRATCH) if training.steps else _ALWAYS_TUNED
    head = _HEAD.format(
        about=f"Trains {trainer.about}.",
        facts=_facts(values, hours),
        install=training.install,
        options=_options(training),
        repository=f'\n: "${{REPO:=$OUT/{training.repository}}}"' if training.repository else "",
        exported=" REPO" if training.repository else "",
        form=trainer.export[0],
        values="\n".join(f"{key}={shlex.quote(value)}" for key, value in values.items()),
        names=" ".join(values),
        trainer=trainer.name,
        batch=batch,
        check=training.check.strip(),
        start=start.format(
            hours=f"{hours:.2f}",
            base=f"$OUT/{training.base[0]}" if len(training.base) == 1 else "$OUT/base",
            epochs=epochs,
            scratch_epochs=_schedule(training, training.steps, int(values["clips"]))[1],
        ),
    )
    return head + _missing(training) + training.script.replace("\r\n", "\n")


def _options(training: Training) -> str:
    """Return the variables that not every script has."""
    base = "; BASE, what is fine-tuned" + (", or none" if training.steps else "") if training.base else ""
    return base + ("; REPO, where the trainer is cloned" if training.repository else "")


def _missing(training: Training) -> str:
    """Return the lines that say how the base checkpoint is had, where it is missing."""
    several = len(training.base) > 1
    return "".join(
        _MISSING.format(
            test='[ "$BASE" = none ] || ' if training.steps else "",
            file=f"/{file}" if several else "",
            get="\n".join(f"  {line}" for line in training.base_from.strip().splitlines()),
            scratch=", or train from scratch with BASE=none" if training.steps else "",
        )
        for file in training.base
    )


def _values(trainer: TrainerProfile, entries: Sequence[Entry], name: str) -> dict[str, str]:
    """Return what the script has to know of the clips, by the name of its variable."""
    trained = [entry for entry in entries if entry.split == "train"]
    parts = Counter(entry.split for entry in entries)
    language = Counter(entry.language for entry in entries).most_common(1)[0][0]
    speakers = Counter(entry.speaker for entry in trained)
    return {
        "name": name,
        "clips": str(len(trained)),
        "valid_clips": str(parts["valid"]),
        "test_clips": str(parts["test"]),
        "language": short_language(language),
        "espeak_voice": _voice(language),
        "speakers": str(len({entry.speaker for entry in entries})),
        "trained_speakers": str(len(speakers)),
        "speaker": speakers.most_common(1)[0][0] or name,
        "rate": str(trainer.sample_rate if not entries else entries[0].sample_rate),
    }


def _voice(language: str) -> str:
    """Return eSpeak NG's code for a language; "" where it has none."""
    try:
        return espeak_code(language) if language else ""
    except UsageError:
        return ""


def _facts(values: Mapping[str, str], hours: float) -> str:
    parts = ", ".join(f"{key} {values[name]}" for key, name in _PARTS.items())
    speakers = values["speakers"]
    return (
        f"This build: {hours:.2f} h, {speakers} speaker{'' if speakers == '1' else 's'}, "
        f"language {values['language'] or 'not named'}, {int(values['rate']):,} Hz; clips: {parts}."
    )


_PARTS = {"train": "clips", "valid": "valid_clips", "test": "test_clips"}


def _schedule(training: Training, steps: int, clips: int) -> tuple[int, int]:
    """Return clips a batch and epochs: a quarter of the clips at most in a batch, and about `steps` batches in all."""
    batch = max(1, min(training.batch, 2 ** int(math.log2(max(4, clips) / 4))))
    each = max(1, math.ceil(clips / batch))
    return batch, max(1, round(steps / each))

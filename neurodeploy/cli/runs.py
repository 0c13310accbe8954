"""Where a training lives: ``runs/TASK/NAME``, which TensorBoard shows as one run, ``TASK/NAME``.

A name that is not given is made of what makes it another training than the task's own, such as
``lr0.001-seed3``, or is ``default``; so the same training goes on with the same run. ``export``
takes the run of a task that was trained last.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neurodeploy.errors import InputError, message

RUNS = Path("runs")
CHECKPOINT = "best.safetensors"
NAMED = {
    **{"readout": "readout", "decoder": "", "beta": "beta", "learning_rate": "lr"},
    **{"batch_size": "batch", "seed": "seed"},
}
"""What a default name is made of, and how it is called there."""


def run_folder(task: str, name: str) -> Path:
    """The folder of a run; the colon of an import path becomes a dot."""
    return RUNS / task.replace(":", ".") / name


def default_name(changes: Mapping[str, Any], start: Path | None = None) -> str:
    """The name of a run.

    Parameters
    ----------
    changes : mapping
        What differs from the task's own training, as `neurodeploy.tasks.options` names it.
    start : path, optional
        The checkpoint that is fine-tuned.
    """
    parts = [f"{short}{_short(changes[name])}" for name, short in NAMED.items() if name in changes]
    if start is not None:
        parts.append(f"from-{start.absolute().parent.name}")
    return "-".join(parts) or "default"


def _short(value: float | str) -> str:
    return value.replace(":", ".") if isinstance(value, str) else f"{value:g}"


def require_run_name(name: str) -> str:
    """Return a name that can be a folder's.

    Raises
    ------
    InputError
        It is a path, or hidden.
    """
    if not name or name.startswith(".") or Path(name).name != name:
        raise InputError(message("option --name", "the name of a folder", repr(name)))
    return name


def trained_checkpoint(task: str, name: str | None) -> Path:
    """The best checkpoint of a run, or of the run of a task that was trained last.

    Raises
    ------
    InputError
        There is none.
    """
    found = list(run_folder(task, name or "*").parent.glob(f"{name or '*'}/{CHECKPOINT}"))
    if not found:
        where = run_folder(task, name or "NAME")
        remedy = f"Run `neurodeploy train {task}` first, or give --checkpoint."
        raise InputError(message(f"run {where}", "a checkpoint", "none", remedy))
    return max(found, key=lambda path: path.stat().st_mtime)


def forget(folder: Path) -> None:
    """Take away what a training wrote into a folder, and nothing else that lies there."""
    for name in (CHECKPOINT, "last.safetensors", "metrics.jsonl"):
        (folder / name).unlink(missing_ok=True)
    for events in folder.glob("events.out.tfevents.*"):
        events.unlink()


def epochs_done(folder: Path) -> str:
    """What of a training is saved, in words."""
    try:
        epochs = len((folder / "metrics.jsonl").read_text().splitlines())
    except OSError:
        return "No epoch was finished"
    return f"{epochs} epoch{'s' * (epochs != 1)} of training are saved in {folder}"


def trials_done(folder: Path) -> str:
    """What of a tuning is saved, in words."""
    trials = len(list(folder.glob("trials/*/points.json")))
    return f"{trials} whole trial{'s' * (trials != 1)} and the epochs of the others are in {folder}"

"""The commands that train again what is in a bundle, as far as it says how it was trained."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from neurodeploy.cli.app import without_machine
from neurodeploy.cli.runs import CHECKPOINT, default_name, run_folder
from neurodeploy.deploy.bundle import Bundle
from neurodeploy.errors import NeurodeployError
from neurodeploy.report.facts import differing as differing_facts
from neurodeploy.report.facts import facts
from neurodeploy.signals.corpora.layouts import LAYOUTS, VARIABLE
from neurodeploy.tasks import task as find_task
from neurodeploy.tasks.base import Task
from neurodeploy.tasks.options import OF_ITS_TRAINING, changed, differing
from neurodeploy.tasks.registry import TASKS

TYPED = {"learning_rate": "--lr", "batch_size": "--batch-size"}
"""Options that are not called as the field that they set."""


def train_commands(
    bundle: Bundle,
    task: str,
    *,
    run: Path,
    data: Path | None = None,
    history: Sequence[Mapping[str, float]] = (),
) -> tuple[str, ...]:
    """Lines for a shell; comments say what no option can.

    Parameters
    ----------
    bundle : Bundle
        What was trained.
    task : str
        That a person named. Nothing is imported for a bundle of another one, unless it is ours.
    run : path
        Where its training may lie.
    data : path, optional
        Folder of its data.
    history : sequence of mappings
        Lines of ``metrics.jsonl``.
    """
    training, name = bundle.notes.get("training"), str(bundle.notes.get("task", ""))
    if not training:
        return ()
    if not name or (name not in TASKS and name != task):
        said = ", ".join(f"{each} {value}" for each, value in training.items())
        return (f"# Trained by a program or a task that was not opened here: {said}",)
    own = find_task(name)
    again = changed(own, _options(bundle))
    changes = differing(again, own)
    epochs = changes.pop("epochs", own.training.epochs)
    words = ["neurodeploy", "train", name]
    if data is not None and name in LAYOUTS:
        words += ["--data-dir", without_machine(str(data))]
    for option, value in changes.items():
        words += [TYPED.get(option, f"--{option}"), str(value)]
    if "from" in training:
        words += ["--from", "CHECKPOINT"]
    if _is_named(run, name, "" if "from" in training else default_name(changes)):
        words += ["--name", run.resolve().name]
    planned = {int(line["epochs"]) for line in history if line.get("epochs", epochs) < epochs}
    return (
        *(f"# {said}" for said in _said(bundle, again, data)),
        *(
            shlex.join([*words, *_epochs(number, own), *["--extend"][: at > 0]])
            for at, number in enumerate(sorted({*planned, epochs}))
        ),
    )


def _options(bundle: Bundle) -> dict[str, Any]:
    """Options of `train`, by the fields that they set, as far as they are known of a bundle."""
    training, notes = bundle.notes["training"], bundle.notes
    found = {name: training.get(name) for name in (*OF_ITS_TRAINING, "beta")}
    if not notes.get("levers", {}).get("dropped"):
        found["readout"] = bundle.network.output_shape[0]
    if bundle.decoder is not None and "decoder" not in notes:
        found["decoder"] = bundle.decoder.config.name
    return found


def _epochs(number: int, own: Task[Any]) -> list[str]:
    return [] if number == own.training.epochs else ["--epochs", str(number)]


def _is_named(run: Path, task: str, default: str) -> bool:
    """Whether a folder is a run of a task that has a name of its own."""
    folder = run.resolve()
    of_the_task = folder.parent.name == run_folder(task, "").name
    return of_the_task and (folder / CHECKPOINT).is_file() and folder.name != default


def _said(bundle: Bundle, again: Task[Any], data: Path | None) -> Iterator[str]:
    """What a person has to know beside the command."""
    if again.name in LAYOUTS and data is None:
        yield f"{VARIABLE} names the folder of {LAYOUTS[again.name].title}."
    if "from" in bundle.notes["training"]:
        digest = bundle.notes["training"]["from"]
        yield f"CHECKPOINT is the file whose SHA-256 begins with {digest}."
    if beyond := _beyond(bundle, again):
        yield f"This trains another network: no option of train gives {beyond}."


def _beyond(bundle: Bundle, again: Task[Any]) -> str:
    """In what a bundle differs from what the task's training would give, in words."""
    try:
        made = again.bundle(again.model_of(bundle.network.input_shape, bundle.heads))
    except NeurodeployError as error:
        return f"its structure ({error})"
    found, ours = facts(bundle), facts(made)
    names = [name for name in differing_facts([ours, found]) if name != "fine-tuned from"]
    return "; ".join(f"{name} {found[name]} (but {ours[name]})" for name in names)

"""A task's model: trained, or made again from a checkpoint."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.progress import Progress

from neurodeploy._io.progress import progress_bar
from neurodeploy.learn.checkpoint import load_model, model_notes, started_from
from neurodeploy.learn.trainer import Trainer
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.tasks.base import Splits, Task

if TYPE_CHECKING:
    from neurodeploy.deploy.bundle import Bundle


def train_task(
    chosen: Task[Splits],
    splits: Splits,
    folder: Path | str,
    progress: Progress | None = None,
    *,
    model: HybridModel | None = None,
    begin: Callable[[Trainer], object] = Trainer.resume,
    budget_s: float = math.inf,
    threads: int | None = None,
) -> HybridModel:
    """Train a task's model, or go on where the folder's checkpoint stopped.

    Parameters
    ----------
    chosen : Task
        What is trained.
    splits
        Its data.
    folder : path
        Checkpoints and ``metrics.jsonl``.
    progress : rich Progress, optional
        Shows loss, bits and spikes; if not given, a bar on a terminal and in a notebook, and a line
        an epoch on standard error elsewhere. ``Progress(disable=True)`` says nothing.
    model : HybridModel, optional
        To start from, for instance a compressed one; a fresh one if not given.
    begin : callable
        How the trainer begins: `Trainer.resume`, `Trainer.extend` for more epochs, or a
        `Trainer.start_from`, for instance.
    budget_s
        As in `Trainer.fit`.
    threads
        As in `Trainer`.
    """
    trainer = chosen.trainer(splits, folder, model, threads)
    begin(trainer)
    with progress_bar() if progress is None else nullcontext(progress) as shown:
        trainer.fit(shown, budget_s=budget_s)
    return trainer.model


def trained_model(chosen: Task[Any], checkpoint: Path) -> tuple[Task[Any], HybridModel]:
    """The model of a checkpoint, and the task as it was trained; no data are needed.

    Number of readout neurons and decoder are the checkpoint's, the rest of the model is the task's.

    Parameters
    ----------
    chosen : Task
        What was trained.
    checkpoint : path
        A ``best.safetensors``.

    Raises
    ------
    FileFormatError, InputError
        As `load_model`.
    """
    was = model_notes(checkpoint)
    chosen = replace(chosen, readout=was["decoder.neurons"], decoder=was["decoder.kind"])
    heads = "decoder.heads."
    sizes = {name.removeprefix(heads): was[name] for name in was if name.startswith(heads)}
    model = chosen.model_of(tuple(was["encoder.input_shape"]), sizes)
    return chosen.trained_as(load_model(model, checkpoint)), model


def exported(chosen: Task[Any], checkpoint: Path) -> Bundle:
    """The bundle of a checkpoint, which says too what it was fine-tuned from.

    Parameters and errors are those of `trained_model`.
    """
    trained, model = trained_model(chosen, checkpoint)
    bundle, start = trained.bundle(model), started_from(checkpoint)
    if start is None:
        return bundle
    training = {**bundle.notes["training"], "from": start}
    return replace(bundle, notes={**bundle.notes, "training": training})

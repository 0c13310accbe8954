"""What the options of `train` change of a task, by the names of the fields that they set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from neurodeploy.model.decoder import reader_name
from neurodeploy.tasks.base import T, Task

OF_THE_TASK = ("readout", "decoder", "beta")
OF_ITS_TRAINING = ("learning_rate", "batch_size", "seed", "epochs")


def changed(task: T, options: Mapping[str, Any]) -> T:
    """The task with the values of options; None is the task's own."""
    given = {name: value for name, value in options.items() if value is not None}
    training = {name: given.pop(name) for name in OF_ITS_TRAINING if name in given}
    return replace(task.trained_with(**training), **given)


def differing(task: Task[Any], own: Task[Any]) -> dict[str, Any]:
    """The options that make one task another, and no others.

    Parameters
    ----------
    task, own : Task
        What is wanted, and what it is without options.
    """
    found, without = _options(task), _options(own)
    return {name: value for name, value in found.items() if value != without[name]}


def _options(task: Task[Any]) -> dict[str, Any]:
    of_the_task = {name: getattr(task, name) for name in OF_THE_TASK}
    of_its_training = {name: getattr(task.training, name) for name in OF_ITS_TRAINING}
    return {**of_the_task, **of_its_training, "decoder": reader_name(task.decoder)}

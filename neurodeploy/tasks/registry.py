"""Tasks by name."""

from __future__ import annotations

from typing import Any

from neurodeploy._io.imports import resolve
from neurodeploy.errors import InputError, message
from neurodeploy.learn.objective import ConstantRate
from neurodeploy.learn.schedule import TrainConfig
from neurodeploy.model.neuron import CubaParameters
from neurodeploy.signals.distort import Distortion
from neurodeploy.signals.encode import RateEncoding
from neurodeploy.tasks.base import Task
from neurodeploy.tasks.image import ImageTask

TASKS = {
    "mnist": ImageTask(
        dataset="mnist",
        train=4000,
        validation=500,
        test=500,
        encoding=RateEncoding(steps=30),
        hidden=(600,),
        readout=256,
        neuron=CubaParameters(surrogate_width=0.01),
        beta=0.03,
        prior=ConstantRate(0.02),
        class_weight=40.0,
        shift_px=1,
        distortion=Distortion(rotate_deg=10, scale=0.1, elastic_px=0.8),
        training=TrainConfig(
            epochs=18, learning_rate=2e-3, warm_up_fraction=0.6, patience_epochs=18
        ),
    ),
    "digits": ImageTask(
        dataset="digits",
        train=1300,
        validation=200,
        test=297,
        encoding=RateEncoding(steps=16),
        hidden=(96,),
        readout=48,
        decoder_hidden=128,
        beta=0.003,
        training=TrainConfig(epochs=20, learning_rate=2e-3),
    ),
}
"""``mnist`` is the paper's model on real digits; ``digits`` is small and quick."""


GROUP = "neurodeploy.tasks"
"""Entry points by which an installed package offers tasks."""


def task(name: str) -> Task[Any]:
    """A task by name: one of ours, an entry point, or an import path.

    Parameters
    ----------
    name : str
        In `TASKS`; of an entry point of the group ``neurodeploy.tasks``; or
        ``package.module:NAME``, looked for below the working directory too. It stands for a
        `Task`, or for something that gives one when it is called without arguments.

    Raises
    ------
    InputError
        Nothing has that name, it cannot be imported, or it is no task.
    """
    found = resolve("task", name, TASKS, GROUP)
    if not isinstance(found, Task) and callable(found):
        found = found()
    if not isinstance(found, Task):
        raise InputError(message(f"task {name!r}", "a Task, or a call that gives one", repr(found)))
    return found

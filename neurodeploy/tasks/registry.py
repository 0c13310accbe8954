"""Tasks by name. A name is known, or refused, before anything of a task is imported."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from neurodeploy._io.imports import require_name, resolve
from neurodeploy.errors import InputError, message

if TYPE_CHECKING:
    from neurodeploy.tasks.base import Task

TASKS: dict[str, Any] = {
    "mnist": "neurodeploy.tasks.shipped:MNIST",
    "digits": "neurodeploy.tasks.shipped:DIGITS",
    "spoken-digits": "neurodeploy.tasks.shipped:SPOKEN_DIGITS",
    "new-voices": "neurodeploy.tasks.shipped:NEW_VOICES",
    "nmnist": "neurodeploy.tasks.shipped:N_MNIST",
    "shd": "neurodeploy.tasks.shipped:SPIKING_DIGITS",
    "idx-images": "neurodeploy.tasks.shipped:IDX_IMAGES",
}
"""Where each of ours is."""

GROUP = "neurodeploy.tasks"
"""Entry points by which an installed package offers tasks."""


def require_task(name: str) -> str:
    """Return a name if `task` could find it; nothing of the task is imported.

    Raises
    ------
    InputError
        Nothing can have that name.
    """
    return require_name("task", name, TASKS, GROUP)


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
    from neurodeploy.tasks.base import Task

    found = resolve("task", name, TASKS, GROUP)
    if not isinstance(found, Task) and callable(found):
        found = found()
    if not isinstance(found, Task):
        raise InputError(message(f"task {name!r}", "a Task, or a call that gives one", repr(found)))
    return replace(found, name=name)

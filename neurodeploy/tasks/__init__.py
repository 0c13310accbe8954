"""The tasks that ship with the package: data, model and training in one description each."""

from neurodeploy.tasks.base import Sources, Task, collect, train_task
from neurodeploy.tasks.image import ImageTask, input_spikes
from neurodeploy.tasks.registry import TASKS, task

__all__ = ["TASKS", "ImageTask", "Sources", "Task", "collect", "input_spikes", "task", "train_task"]

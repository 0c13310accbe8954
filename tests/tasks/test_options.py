from __future__ import annotations

from neurodeploy.model.readers import READERS
from neurodeploy.tasks.options import changed, differing
from neurodeploy.tasks.shipped import DIGITS


def test_what_differs_gives_the_task_back() -> None:
    options = {"readout": 12, "decoder": "linear", "beta": 0.1, "learning_rate": 1e-5, "seed": 3}
    task = changed(DIGITS, {**options, "batch_size": None})
    assert (task.readout, task.training.learning_rate) == (12, 1e-5)
    assert differing(task, DIGITS) == options
    assert changed(DIGITS, differing(task, DIGITS)) == task


def test_options_equal_to_the_tasks_own_say_nothing() -> None:
    own = {"readout": 48, "decoder": "mlp", "learning_rate": 0.002, "epochs": 20, "beta": 0.003}
    assert differing(changed(DIGITS, own), DIGITS) == {}
    assert differing(changed(DIGITS, {"decoder": READERS["mlp"]}), DIGITS) == {}

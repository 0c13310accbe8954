from __future__ import annotations

import dataclasses
import fcntl
from pathlib import Path
from typing import Any

import optuna
import pytest
from small import ONE_EPOCH, TASK, TWO_EPOCHS, plan, quietly, trained_with

from neurodeploy.errors import FileFormatError, InputError, TrainingError
from neurodeploy.learn.checkpoint import save_training
from neurodeploy.search import study, trial
from neurodeploy.search.space import search_space
from neurodeploy.search.study import JOURNAL, LOCK


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by the epochs that a checkpoint had, at each training that starts."""
    starts: list[int] = []
    train_task = trial.train_task

    def counted(chosen: Any, splits: Any, folder: Path, *rest: Any) -> Any:
        metrics = folder / "metrics.jsonl"
        starts.append(len(metrics.read_text().splitlines()) if metrics.exists() else 0)
        return train_task(chosen, splits, folder, *rest)

    monkeypatch.setattr(trial, "train_task", counted)
    return starts


def test_the_task_itself_comes_first_and_nothing_is_done_twice(
    tmp_path: Path, trainings: list[int]
) -> None:
    points = quietly(plan(tmp_path))
    own = {name: parameter.current for name, parameter in search_space(ONE_EPOCH).items()}
    assert len(points) == 8
    assert trained_with(points)[0] == own
    assert trained_with(points)[1] != own
    assert len(trainings) == 2
    assert quietly(plan(tmp_path)) == points
    assert len(trainings) == 2
    more = quietly(plan(tmp_path, trials=3))
    assert more[:8] == points
    assert len(trainings) == 3


def interrupt_after(epochs: int, patch: pytest.MonkeyPatch) -> None:
    """Stop as Ctrl-C does, once a checkpoint of so many epochs in all was written."""
    written = []

    def interrupted(*arguments: Any) -> None:
        save_training(*arguments)
        written.append(arguments)
        if len(written) == epochs:
            raise KeyboardInterrupt

    patch.setattr("neurodeploy.learn.trainer.save_training", interrupted)


def test_an_interrupted_study_goes_on_as_if_nothing_had_happened(
    tmp_path: Path, trainings: list[int]
) -> None:
    whole = quietly(plan(tmp_path / "whole", task=TWO_EPOCHS, trials=3))
    assert trainings == [0, 0, 0]
    trainings.clear()
    stopped = plan(tmp_path / "stopped", task=TWO_EPOCHS, trials=3)
    with pytest.MonkeyPatch.context() as patch:
        interrupt_after(3, patch)  # the first epoch of the second trial
        with pytest.raises(KeyboardInterrupt):
            quietly(stopped)
    assert quietly(stopped) == whole
    assert trainings == [0, 0, 1, 0]  # the second one goes on after its first epoch


def test_a_search_of_levers_that_was_interrupted_does_not_train_again(
    tmp_path: Path, trainings: list[int]
) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trial, "explore", interrupted)
        with pytest.raises(KeyboardInterrupt):
            quietly(plan(tmp_path, trials=1))
    assert len(quietly(plan(tmp_path, trials=1))) == 4
    assert trainings == [0, 1]  # resumed where no epoch was left


def test_a_training_that_fails_is_passed_over_and_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trainings: list[int]
) -> None:
    counted = trial.train_task

    def failing(chosen: Any, *rest: Any) -> Any:
        if len(trainings) == 1:
            trainings.append(-1)
            raise TrainingError("diverged")
        return counted(chosen, *rest)

    monkeypatch.setattr(trial, "train_task", failing)
    points = quietly(plan(tmp_path, trials=3))
    assert trainings == [0, -1, 0]
    assert len(trained_with(points)) == 2
    assert quietly(plan(tmp_path, trials=3)) == points
    assert len(trainings) == 3


def test_if_all_fail_the_first_reason_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: Any) -> None:
        raise TrainingError("it diverged in epoch 7")

    monkeypatch.setattr(trial, "train_task", failing)
    with pytest.raises(TrainingError, match="diverged in epoch 7"):
        quietly(plan(tmp_path))


def test_no_trial_starts_after_the_budget(tmp_path: Path, trainings: list[int]) -> None:
    with pytest.raises(TrainingError, match="budget"):
        quietly(plan(tmp_path), budget_s=0.0)
    assert trainings == []
    assert len(trained_with(quietly(plan(tmp_path, trials=1)))) == 1


def test_what_a_kill_leaves_is_mended(tmp_path: Path, trainings: list[int]) -> None:
    """Half of a line of the journal, Optuna's lock, and a trial that still seems to run."""
    points = quietly(plan(tmp_path, trials=1))
    journal = tmp_path / JOURNAL
    storage = optuna.storages.JournalStorage(
        optuna.storages.journal.JournalFileBackend(str(journal))
    )
    killed = optuna.load_study(study_name="tune", storage=storage)
    killed.ask(
        {name: parameter.distribution for name, parameter in search_space(ONE_EPOCH).items()}
    )
    with journal.open("ab") as file:
        file.write(b'{"op_code": 5, "worker')
    journal.with_name(f"{JOURNAL}.lock").symlink_to(journal)
    more = quietly(plan(tmp_path, trials=2))
    assert more[:4] == points
    parameters = [each.params for each in killed.get_trials() if each.number == 1]
    assert trained_with(more)[1:] == parameters
    assert len(trainings) == 2


def test_a_folder_holds_one_plan(tmp_path: Path) -> None:
    quietly(plan(tmp_path, trials=1))
    for changes in ({"device": "loihi"}, {"settings": 5}, {"seed": 1}, {"task": TWO_EPOCHS}):
        with pytest.raises(InputError, match=next(iter(changes))):
            quietly(plan(tmp_path, trials=1, **changes))


def test_a_folder_that_another_call_uses_is_refused(tmp_path: Path) -> None:
    with (tmp_path / LOCK).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="another call"):
            quietly(plan(tmp_path))


def test_a_damaged_study_is_refused(tmp_path: Path) -> None:
    (tmp_path / JOURNAL).write_text("no journal\n")
    with pytest.raises(FileFormatError, match="journal"):
        quietly(plan(tmp_path))


@pytest.mark.parametrize(
    ("name", "value"), [("trials", 0), ("settings", 0), ("loss", 1.5), ("seed", -1)]
)
def test_numbers_out_of_range_are_refused(tmp_path: Path, name: str, value: float) -> None:
    with pytest.raises(InputError, match=name):
        plan(tmp_path, **{name: value})


def test_a_task_without_classes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="label"):
        plan(tmp_path, task=dataclasses.replace(TASK, heads=("image",)))


def test_what_ends_a_worker_ends_the_call_and_its_trial_is_taken_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: Any, **__: Any) -> None:
        raise RuntimeError("out of memory")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study, "run_trial", dies)
        with pytest.raises(RuntimeError, match="out of memory"):
            quietly(plan(tmp_path))
    assert len(trained_with(quietly(plan(tmp_path)))) == 2

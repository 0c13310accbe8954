"""Which epoch is best and when to stop, by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from neurodeploy.errors import FileFormatError
from neurodeploy.learn.evaluation import Evaluation
from neurodeploy.learn.history import (
    Line,
    best_epoch,
    best_objective,
    epoch_line,
    is_better,
    read_history,
    stale_epochs,
)
from neurodeploy.learn.objective import ConstantRate, Objective, class_loss
from neurodeploy.learn.schedule import TrainConfig

OBJECTIVE = Objective(heads={"label": (class_loss, 1.0)}, beta=0.5, prior=ConstantRate(0.1))


def history(log_losses: list[float], config: TrainConfig) -> list[Line]:
    """Lines of epochs that cost an information of 4 nats each."""
    return [
        epoch_line(
            epoch,
            9.0,
            Evaluation(
                log_loss=log_loss, information_nats=4, firing_rate=0.1, accuracy=0.5, silent=0
            ),
            OBJECTIVE,
            config,
        )
        for epoch, log_loss in enumerate(log_losses, start=1)
    ]


def test_a_line_by_hand() -> None:
    (line,) = history([3.0], TrainConfig(epochs=8, warm_up_fraction=0.25))
    assert line == {
        "epoch": 1,
        "epochs": 8,
        "train_log_loss": 9,
        "log_loss": 3,
        "information_nats": 4,
        "firing_rate": 0.1,
        "accuracy": 0.5,
        "silent": 0,
        "objective": 5,
        "kl_weight": 0.5,
    }


@pytest.mark.parametrize(
    ("warm_up", "better", "best"),
    [
        (0.0, [True, False, False, False], 3.0),
        (0.5, [True, True, True, False], 5.0),  # the second is the first that counts: 8, 5, 6
        (0.75, [True, True, True, False], 5.0),
        (1.0, [True, True, True, True], 6.0),
    ],
)
def test_epochs_count_with_the_whole_kl_term(
    warm_up: float, better: list[bool], best: float
) -> None:
    lines = history([1.0, 6.0, 3.0, 4.0], TrainConfig(epochs=4, warm_up_fraction=warm_up))
    assert [is_better(line, lines[:i]) for i, line in enumerate(lines)] == better
    assert best_objective(lines) == best
    assert best_objective([]) == math.inf


def test_equal_is_not_better() -> None:
    lines = history([1.0, 1.0], TrainConfig(epochs=4))
    assert not is_better(lines[1], lines[:1])


@pytest.mark.parametrize(
    ("anneal", "warm_up", "stale"),
    [(0.0, 0.0, [0, 1, 0, 1, 2]), (0.8, 0.0, [0, 0, 0, 1, 2]), (0.0, 0.6, [0, 0, 0, 1, 2])],
)
def test_stale_epochs(anneal: float, warm_up: float, stale: list[int]) -> None:
    config = TrainConfig(epochs=5, anneal_fraction=anneal, warm_up_fraction=warm_up)
    lines = history([2.0, 3.0, 1.0, 4.0, 5.0], config)
    assert [stale_epochs(lines[: i + 1], config) for i in range(5)] == stale


def test_epochs_of_a_shorter_schedule_are_not_stale() -> None:
    short, long = TrainConfig(epochs=3, anneal_fraction=0), TrainConfig(epochs=9, anneal_fraction=0)
    lines = history([1.0, 2.0, 2.0], short)
    assert stale_epochs(lines, short) == 2
    assert stale_epochs(lines, long) == 0
    later = history([0.0, 0.0, 0.0, 3.0, 3.0], long)[3:]
    assert stale_epochs([*lines, *later], long) == 2


def test_the_best_epoch_is_the_one_that_was_kept() -> None:
    warmed = TrainConfig(epochs=4, warm_up_fraction=0.5)
    assert best_epoch(history([5.0, 3.0, 4.0, 2.0], TrainConfig(epochs=4))) == 4
    assert best_epoch(history([5.0, 3.0, 4.0, 3.0], TrainConfig(epochs=4))) == 2
    assert best_epoch(history([1.0, 5.0, 4.0, 6.0], warmed)) == 3
    assert best_epoch(history([3.0], warmed)) == 1
    assert best_epoch([]) == 0


def test_a_history_is_read_back(tmp_path: Path) -> None:
    assert read_history(tmp_path) == []
    lines = history([5.0, 3.0], TrainConfig(epochs=2))
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert read_history(tmp_path) == lines
    (tmp_path / "metrics.jsonl").write_text("[1]\n")
    with pytest.raises(FileFormatError, match=r"metrics.*expected a JSON object a line"):
        read_history(tmp_path)

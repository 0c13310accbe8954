"""The training loop on scikit-learn's digits."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from digit_training import (
    OBJECTIVE,
    SMALL,
    Clock,
    PowerCut,
    Scaled,
    Watched,
    digits,
    equal,
    failing,
    metrics,
    model,
    state,
    timed,
    trainer,
)

import neurodeploy.learn.trainer
from neurodeploy._io.tensors import load_tensors
from neurodeploy.errors import TrainingError
from neurodeploy.learn.estimators import (
    TrainingBatch,
)
from neurodeploy.learn.evaluation import Evaluation, evaluate
from neurodeploy.learn.schedule import TrainConfig
from neurodeploy.learn.trainer import Trainer

pytestmark = pytest.mark.usefixtures("one_thread")


def test_digits_are_learnt(tmp_path: Path) -> None:
    train, validation = digits(train=600, validation=200)
    made = model(readout=24)
    before = evaluate(made, validation, OBJECTIVE, temperature=0.0, seed=0)
    config = TrainConfig(epochs=8, batch_size=32, learning_rate=0.01)
    Trainer(
        made, OBJECTIVE, train=train, validation=validation, folder=tmp_path, config=config
    ).fit()
    after = evaluate(made, validation, OBJECTIVE, temperature=0.0, seed=0)
    assert after.log_loss < 0.6 * before.log_loss
    assert before.accuracy < 0.3  # chance is 0.1
    assert after.accuracy > 0.6


def test_divergence_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="epoch 1, batch 1, loss: expected a finite number"):
        trainer(tmp_path, estimator=Scaled(math.nan)).fit()


def test_training_is_decided_by_the_seed_alone(tmp_path: Path) -> None:
    made = []
    for name, ambient, seed in (("a", 1, 0), ("b", 2, 0), ("c", 1, 5)):
        config = dataclasses.replace(SMALL, epochs=1, seed=seed)
        one = trainer(tmp_path / name, config)
        torch.manual_seed(ambient)
        one.fit()
        made.append(state(one.model))
    assert equal(made[0], made[1])
    assert not equal(made[0], made[2])


@pytest.mark.parametrize(("anneal", "stops_after"), [(0.0, 3), (0.5, 6), (1.0, 10)])
def test_stops_early_once_annealed(tmp_path: Path, anneal: float, stops_after: int) -> None:
    """Without a learning rate nothing improves on the first epoch; patience is two epochs."""
    config = TrainConfig(
        epochs=10, batch_size=96, learning_rate=0.0, anneal_fraction=anneal, patience_epochs=2
    )
    one = trainer(tmp_path, config)
    one.fit()
    assert one.epoch == stops_after
    assert [line["epoch"] for line in metrics(tmp_path)] == list(range(1, stops_after + 1))


def test_every_epoch_samples_and_anneals_anew(tmp_path: Path) -> None:
    batches: list[TrainingBatch] = []
    trainer(tmp_path, estimator=Watched(batches.append)).fit()
    seeds = [batch.noise.initial_seed() for batch in batches]
    assert seeds == [seed for seed in seeds[::3] for _ in range(3)]
    assert len(set(seeds)) == 4
    expected = [SMALL.temperature(step / 12) for step in range(12)]
    assert [batch.temperature for batch in batches] == pytest.approx(expected, rel=1e-12)


def test_best_checkpoint_is_loaded_at_the_end(tmp_path: Path) -> None:
    config = dataclasses.replace(SMALL, anneal_fraction=1.0)
    one = trainer(tmp_path, config, estimator=Scaled(-1.0))
    one.fit()
    objectives = [line["objective"] for line in metrics(tmp_path)]
    assert objectives[0] == min(objectives) < objectives[-1]
    best, notes = load_tensors(tmp_path / "best.safetensors", "checkpoint")
    assert {name: notes[name] for name in metrics(tmp_path)[0]} == metrics(tmp_path)[0]
    assert equal(best, state(one.model))
    last, _ = load_tensors(tmp_path / "last.safetensors", "checkpoint")
    assert not equal(best, {name: last[f"model.{name}"] for name in best})
    found = evaluate(one.model, one.validation, OBJECTIVE, temperature=0.0, seed=config.seed)
    cost = found.log_loss + OBJECTIVE.beta * found.information_nats
    assert cost == objectives[0]


def scripted(monkeypatch: pytest.MonkeyPatch, measured: list[tuple[float, float]]) -> None:
    """Log-loss and information at the end of each epoch, whatever was learnt."""
    left = iter(measured)

    def give(*_: Any, **__: Any) -> Evaluation:
        log_loss, information = next(left)
        return Evaluation(
            log_loss=log_loss,
            information_nats=information,
            firing_rate=0.0,
            accuracy=0.0,
            silent=0.0,
        )

    monkeypatch.setattr(neurodeploy.learn.trainer, "evaluate", give)


def best_epoch(folder: Path) -> int:
    return int(load_tensors(folder / "best.safetensors", "checkpoint")[1]["epoch"])


@pytest.mark.parametrize(("beta", "best"), [(0.0, 3), (0.1, 2), (1.0, 1)])
def test_the_best_epoch_has_the_lowest_objective(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beta: float, best: int
) -> None:
    """Objectives at beta 0: 5, 4, 3, 6; at 0.1: 5.1, 4.5, 5, 6.1; at 1: 6, 9, 23, 7."""
    scripted(monkeypatch, [(5, 1), (4, 5), (3, 20), (6, 1)])
    trainer(tmp_path, objective=dataclasses.replace(OBJECTIVE, beta=beta)).fit()
    assert best_epoch(tmp_path) == best


@pytest.mark.parametrize(
    ("warm_up", "stop", "best"),
    [(0.0, 4, 1), (0.5, 1, 1), (0.5, 4, 3), (0.75, 2, 2), (0.75, 4, 3), (1.0, 3, 3), (1.0, 4, 4)],
)
def test_an_epoch_counts_once_information_has_its_whole_price(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warm_up: float, stop: int, best: int
) -> None:
    """Before, the best is the newest; from then on the lowest, though one before was lower."""
    scripted(monkeypatch, [(1, 1), (6, 1), (4, 1), (5, 1)][:stop])
    config = dataclasses.replace(SMALL, warm_up_fraction=warm_up)
    one = trainer(tmp_path, config)
    with contextlib.suppress(StopIteration):
        one.fit()
    assert best_epoch(tmp_path) == best


def test_patience_waits_until_information_has_its_whole_price(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted(monkeypatch, [(n, 0) for n in range(10)])
    config = TrainConfig(
        epochs=10, batch_size=96, anneal_fraction=0.0, warm_up_fraction=0.4, patience_epochs=2
    )
    one = trainer(tmp_path, config)
    one.fit()
    assert one.epoch == 6  # the fourth is the first that counts; two are not lower


def test_metrics_have_a_line_an_epoch(tmp_path: Path) -> None:
    trainer(tmp_path, dataclasses.replace(SMALL, epochs=3)).fit()
    lines = metrics(tmp_path)
    assert [line["epoch"] for line in lines] == [1, 2, 3]
    fields = {field.name for field in dataclasses.fields(Evaluation)}
    more = {"epoch", "epochs", "train_log_loss", "objective", "kl_weight"}
    assert all(line.keys() == fields | more for line in lines)
    assert {path.name.split(".tfevents")[0] for path in tmp_path.iterdir()} == {
        "best.safetensors",
        "events.out",
        "last.safetensors",
        "metrics.jsonl",
    }


def test_progress_is_told_every_batch(tmp_path: Path) -> None:
    from rich.progress import Progress

    progress = Progress(disable=True)
    trainer(tmp_path, dataclasses.replace(SMALL, epochs=2)).fit(progress)
    (task,) = progress.tasks
    assert task.total == task.completed == 6
    assert task.description.startswith("epoch 2/2, log-loss")


@pytest.mark.parametrize(("batch_size", "batches"), [(96, 1), (95, 2), (32, 3), (200, 1)])
def test_batches_per_epoch(tmp_path: Path, batch_size: int, batches: int) -> None:
    config = dataclasses.replace(SMALL, batch_size=batch_size)
    assert trainer(tmp_path, config).batches_per_epoch == batches


def test_no_budget_trains_nothing(tmp_path: Path, clock: Clock) -> None:
    one = trainer(tmp_path)
    before = state(one.model)
    one.fit(budget_s=0)
    assert one.epoch == 0
    assert equal(state(one.model), before)
    assert list(tmp_path.iterdir()) == []


def test_no_budget_leaves_a_folder_as_it_is(tmp_path: Path) -> None:
    """By the real clock; the model is the best one so far."""
    half = dataclasses.replace(SMALL, epochs=4)
    with pytest.raises(PowerCut):
        trainer(tmp_path, half, estimator=failing(6)).fit()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    one = trainer(tmp_path, half, model=model(seed=9))
    one.resume()
    one.fit(budget_s=0)
    assert one.epoch == 2
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    best, _ = load_tensors(tmp_path / "best.safetensors", "checkpoint")
    assert equal(state(one.model), best)


@pytest.mark.parametrize(
    ("budget_s", "seconds", "epochs"),
    [
        (0.5, [1, 1, 1, 1], 1),  # the first epoch's time is not known before it
        (5.9, [1, 1, 1, 1], 1),  # each takes 3 s, the second would end after 6
        (6.1, [1, 1, 1, 1], 2),
        (9.1, [1, 1, 1, 1], 3),
        (1000.0, [1, 1, 1, 1], 4),
        (20.0, [1, 4, 1, 1], 2),  # 3 s and 12 s: another 12 s do not fit
        (25.0, [4, 1, 1, 1], 4),  # 12, 3, 3, 3 s: the last epoch's time counts, not the longest
        (math.inf, [1e9, 1e9, 1e9, 1e9], 4),
    ],
)
def test_no_epoch_starts_that_would_not_end_within_the_budget(
    tmp_path: Path, clock: Clock, budget_s: float, seconds: list[float], epochs: int
) -> None:
    one = trainer(tmp_path, estimator=timed(clock, seconds))
    one.fit(budget_s=budget_s)
    assert one.epoch == len(metrics(tmp_path)) == epochs

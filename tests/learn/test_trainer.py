"""The training loop on scikit-learn's digits."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import neurodeploy.learn.trainer
from neurodeploy._io.tensors import load_tensors, save_tensors
from neurodeploy.errors import FileFormatError, InputError, TrainingError
from neurodeploy.learn.data import ImageSource
from neurodeploy.learn.estimators import (
    BatchTerms,
    Estimator,
    Pathwise,
    ScoreFunction,
    TrainingBatch,
)
from neurodeploy.learn.evaluation import Evaluation, evaluate
from neurodeploy.learn.objective import ConstantRate, Objective, class_loss
from neurodeploy.learn.schedule import TrainConfig
from neurodeploy.learn.trainer import Trainer
from neurodeploy.model.decoder import Decoder, DecoderConfig
from neurodeploy.model.encoder import DenseSpec, Encoder
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.signals.datasets import load_digits, split
from neurodeploy.signals.encode import RateEncoding

STEPS = 8
OBJECTIVE = Objective(heads={"label": (class_loss, 1.0)}, beta=0.001, prior=ConstantRate(0.1))
SMALL = TrainConfig(epochs=4, batch_size=32, learning_rate=0.01)
PATHWISE = Pathwise()


pytestmark = pytest.mark.usefixtures("one_thread")


def digits(train: int, validation: int) -> tuple[ImageSource, ImageSource]:
    parts = split(load_digits(), train=train, validation=validation, test=1, seed=0)
    encoding = RateEncoding(steps=STEPS)
    return ImageSource(parts.train, encoding, shift_px=1), ImageSource(parts.validation, encoding)


def model(seed: int = 0, *, readout: int = 12) -> HybridModel:
    torch.manual_seed(seed)
    encoder = Encoder(
        (64,), [DenseSpec(neurons=24, bias=True), DenseSpec(neurons=readout, delays=True)]
    )
    heads = {"label": 10}
    decoder = DecoderConfig(kind="linear", neurons=readout, window_steps=STEPS, heads=heads)
    return HybridModel(encoder, Decoder(decoder))


def trainer(folder: Path, config: TrainConfig = SMALL, **changes: Any) -> Trainer:
    train, validation = digits(train=96, validation=40)
    made = changes.pop("model", None) or model()
    objective = changes.pop("objective", OBJECTIVE)
    return Trainer(
        made,
        objective,
        train=train,
        validation=validation,
        folder=folder,
        config=config,
        **changes,
    )


def metrics(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def state(made: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in made.state_dict().items()}


def equal(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(
        torch.equal(tensor, second[name]) for name, tensor in first.items()
    )


class PowerCut(Exception):
    """What stops a training from outside."""


@dataclasses.dataclass(repr=False)
class Watched:
    """Pathwise, called after something else has been done; a checkpoint takes it for Pathwise."""

    before: Callable[[TrainingBatch], None]
    estimator: Estimator = PATHWISE

    def __call__(
        self,
        model: HybridModel,
        objective: Objective,
        batch: TrainingBatch,
        state: dict[str, float],
    ) -> tuple[torch.Tensor, BatchTerms]:
        self.before(batch)
        return self.estimator(model, objective, batch, state)

    def __repr__(self) -> str:
        return repr(self.estimator)


def failing(batch: int, estimator: Estimator = PATHWISE) -> Watched:
    """The power is cut at a batch, counted from 0."""
    left = iter(range(batch))

    def check(_: TrainingBatch) -> None:
        if next(left, None) is None:
            raise PowerCut

    return Watched(check, estimator)


class Clock:
    """Stands where it is put."""

    now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


def timed(clock: Clock, seconds: list[float]) -> Watched:
    """Each batch takes so many seconds, one number for each epoch of three batches."""
    left = [each for each in seconds for _ in range(3)]

    def move_on(_: TrainingBatch) -> None:
        clock.now_s += left.pop(0)

    return Watched(move_on)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """What the trainer takes for the time."""
    stands = Clock()
    monkeypatch.setattr(neurodeploy.learn.trainer, "time", stands)
    return stands


@dataclasses.dataclass(frozen=True)
class Scaled:
    """Pathwise with its loss times a factor; it climbs the loss if that is negative."""

    factor: float

    def __call__(self, *args: Any) -> Any:
        loss, terms = Pathwise()(*args)
        return self.factor * loss, terms


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


def test_score_function_resumes_exactly_too(tmp_path: Path) -> None:
    straight = trainer(tmp_path / "straight", estimator=ScoreFunction())
    straight.fit()
    with pytest.raises(PowerCut):
        trainer(tmp_path / "cut", estimator=failing(6, ScoreFunction())).fit()
    resumed = trainer(tmp_path / "cut", model=model(seed=99), estimator=ScoreFunction())
    resumed.resume()
    resumed.fit()
    assert equal(state(straight.model), state(resumed.model))


def test_divergence_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="epoch 1, batch 1, loss: expected a finite number"):
        trainer(tmp_path, estimator=Scaled(math.nan)).fit()


def test_a_refused_resume_leaves_the_model_as_it_was(tmp_path: Path) -> None:
    trainer(tmp_path).fit()
    other = trainer(tmp_path, TrainConfig(epochs=7), model=model(seed=5))
    before = state(other.model)
    with pytest.raises(InputError, match="configuration"):
        other.resume()
    assert equal(state(other.model), before)


def test_a_checkpoint_without_our_notes_is_refused(tmp_path: Path) -> None:
    save_tensors(tmp_path / "last.safetensors", {"x": torch.ones(1)}, {})
    with pytest.raises(FileFormatError, match="notes on"):
        trainer(tmp_path).resume()


@pytest.mark.parametrize(
    ("field", "value"),
    [("learning_rate", -1.0), ("clip_norm", 0.0), ("anneal_fraction", -1.0), ("seed", -1)],
)
def test_impossible_configurations_are_refused(field: str, value: float) -> None:
    with pytest.raises(InputError, match=field):
        TrainConfig(**{field: value})


@pytest.mark.parametrize("batch", [6, 8])
def test_interrupted_and_resumed_is_the_same_training_exactly(tmp_path: Path, batch: int) -> None:
    """Three batches an epoch: cut after two epochs, at once or two batches into the third."""
    straight = trainer(tmp_path / "straight")
    straight.fit()
    with pytest.raises(PowerCut):
        trainer(tmp_path / "cut", estimator=failing(batch)).fit()
    resumed = trainer(tmp_path / "cut", model=model(seed=99))
    resumed.resume()
    assert resumed.epoch == 2
    resumed.fit()
    assert equal(state(straight.model), state(resumed.model))
    for name in ("last.safetensors", "best.safetensors"):
        tensors, notes = load_tensors(tmp_path / "straight" / name, "checkpoint")
        other_tensors, other_notes = load_tensors(tmp_path / "cut" / name, "checkpoint")
        assert notes == other_notes
        assert equal(tensors, other_tensors)
    assert metrics(tmp_path / "straight") == metrics(tmp_path / "cut")


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


def test_resume_without_a_checkpoint_starts_anew(tmp_path: Path) -> None:
    one = trainer(tmp_path)
    before = state(one.model)
    one.resume()
    assert one.epoch == 0
    assert equal(before, state(one.model))


def test_finished_training_resumes_to_its_best_model(tmp_path: Path) -> None:
    config = dataclasses.replace(SMALL, epochs=2)
    first = trainer(tmp_path, config)
    first.fit()
    again = trainer(tmp_path, config, model=model(seed=5))
    again.resume()
    again.fit()
    assert equal(state(first.model), state(again.model))
    assert len(metrics(tmp_path)) == 2


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"epochs": 9}, {"learning_rate": 0.02}, {"batch_size": 16}]
)
def test_resume_with_another_configuration(tmp_path: Path, change: dict[str, Any]) -> None:
    config = dataclasses.replace(SMALL, epochs=1)
    trainer(tmp_path, config).fit()
    with pytest.raises(InputError, match=r"last\.safetensors: expected the configuration"):
        trainer(tmp_path, dataclasses.replace(config, **change)).resume()


@pytest.mark.parametrize("change", [{"beta": 0.5}, {"prior": ConstantRate(0.3)}])
def test_resume_with_another_objective(tmp_path: Path, change: dict[str, Any]) -> None:
    config = dataclasses.replace(SMALL, epochs=1)
    trainer(tmp_path, config).fit()
    with pytest.raises(InputError, match=r"last\.safetensors: expected the configuration"):
        trainer(tmp_path, config, objective=dataclasses.replace(OBJECTIVE, **change)).resume()


def test_resume_from_a_damaged_or_foreign_checkpoint(tmp_path: Path) -> None:
    config = dataclasses.replace(SMALL, epochs=1)
    trainer(tmp_path, config).fit()
    with pytest.raises(FileFormatError, match="the tensors of this model"):
        trainer(tmp_path, config, model=model(readout=5)).resume()
    path = tmp_path / "last.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(FileFormatError, match=r"last\.safetensors: expected a whole"):
        trainer(tmp_path, config).resume()


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


def test_patience_is_counted_across_a_resume(tmp_path: Path) -> None:
    config = TrainConfig(
        epochs=10, batch_size=96, learning_rate=0.0, anneal_fraction=0.0, patience_epochs=3
    )
    with pytest.raises(PowerCut):
        trainer(tmp_path, config, estimator=failing(2)).fit()
    resumed = trainer(tmp_path, config)
    resumed.resume()
    resumed.fit()
    assert resumed.epoch == 4  # the best one, then three
    _, notes = load_tensors(tmp_path / "best.safetensors", "checkpoint")
    assert notes["epoch"] == 1


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
    assert notes == {"epoch": 1, "objective": objectives[0]}
    assert equal(best, state(one.model))
    last, _ = load_tensors(tmp_path / "last.safetensors", "checkpoint")
    assert not equal(best, {name: last[f"model.{name}"] for name in best})
    found = evaluate(one.model, one.validation, OBJECTIVE, temperature=0.0, seed=config.seed)
    cost = found.log_loss + OBJECTIVE.beta * found.information_nats
    assert cost == objectives[0] == one.best_objective


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
    counted = stop / 4 >= warm_up
    assert one.best_objective == (metrics(tmp_path)[best - 1]["objective"] if counted else math.inf)


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
    more = {"epoch", "train_log_loss", "objective", "kl_weight"}
    assert all(line.keys() == fields | more for line in lines)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "best.safetensors",
        "last.safetensors",
        "metrics.jsonl",
        "tensorboard",
    ]


def test_progress_is_told_every_batch(tmp_path: Path) -> None:
    from rich.progress import Progress

    progress = Progress(disable=True)
    trainer(tmp_path, dataclasses.replace(SMALL, epochs=2)).fit(progress)
    (task,) = progress.tasks
    assert task.total == task.completed == 6
    assert task.description.startswith("epoch 2/2  log-loss")


@pytest.mark.parametrize(("batch_size", "batches"), [(96, 1), (95, 2), (32, 3), (200, 1)])
def test_batches_per_epoch(tmp_path: Path, batch_size: int, batches: int) -> None:
    config = dataclasses.replace(SMALL, batch_size=batch_size)
    assert trainer(tmp_path, config).batches_per_epoch == batches


def test_temperature_falls_geometrically_then_stays() -> None:
    config = TrainConfig(temperature_start=0.4, temperature_end=0.05, anneal_fraction=0.5)
    assert config.temperature(0.0) == 0.4
    assert config.temperature(0.25) == pytest.approx(math.sqrt(0.4 * 0.05))
    for progress in (0.5, 0.8, 1.0):
        assert config.temperature(progress) == pytest.approx(0.05, rel=1e-12)
    falling = [config.temperature(progress) for progress in np.linspace(0, 0.5, 20)]
    assert falling == sorted(falling, reverse=True)


def test_temperature_without_annealing() -> None:
    config = TrainConfig(temperature_start=0.4, temperature_end=0.05, anneal_fraction=0.0)
    assert config.temperature(0.0) == pytest.approx(0.05)
    constant = TrainConfig(temperature_start=0.3, temperature_end=0.3)
    assert [constant.temperature(progress) for progress in (0, 0.4, 1)] == [0.3] * 3


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"epochs": 0}, "epochs"),
        ({"batch_size": 0}, "batch_size"),
        ({"patience_epochs": 0}, "patience_epochs"),
        ({"temperature_end": 0.0}, "temperature_end"),
        ({"temperature_end": -0.1}, "temperature_end"),
        ({"temperature_end": 0.5}, "temperature_end"),
        ({"temperature_start": math.nan}, "temperature_end"),
    ],
)
def test_config_errors(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError, match=rf"TrainConfig\.{field}: expected"):
        TrainConfig(**change)


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


def test_what_a_budget_left_out_is_resumed_exactly(tmp_path: Path, clock: Clock) -> None:
    straight = trainer(tmp_path / "straight")
    straight.fit()
    runs = ((model(), 6.1, 2), (model(seed=98), 1.0, 3), (model(seed=99), 1.0, 4))
    for made, budget_s, epochs in runs:
        one = trainer(tmp_path / "pieces", model=made, estimator=timed(clock, [1, 1, 1, 1]))
        one.resume()
        one.fit(budget_s=budget_s)
        assert one.epoch == epochs
        best, _ = load_tensors(tmp_path / "pieces" / "best.safetensors", "checkpoint")
        assert equal(state(one.model), best)
    assert equal(state(straight.model), state(one.model))
    assert metrics(tmp_path / "straight") == metrics(tmp_path / "pieces")
    for name in ("last.safetensors", "best.safetensors"):
        tensors, notes = load_tensors(tmp_path / "straight" / name, "checkpoint")
        other_tensors, other_notes = load_tensors(tmp_path / "pieces" / name, "checkpoint")
        assert notes == other_notes
        assert equal(tensors, other_tensors)

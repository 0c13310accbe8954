"""A small training on scikit-learn's digits, and what may happen to it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from neurodeploy.learn.data import ImageSource
from neurodeploy.learn.estimators import (
    BatchTerms,
    Estimator,
    EstimatorState,
    Pathwise,
    TrainingBatch,
)
from neurodeploy.learn.objective import ConstantRate, Objective, class_loss
from neurodeploy.learn.schedule import TrainConfig
from neurodeploy.learn.trainer import Trainer
from neurodeploy.model.decoder import Decoder, DecoderConfig
from neurodeploy.model.encoder import Encoder
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.model.neuron import CubaParameters
from neurodeploy.model.specs import DenseSpec
from neurodeploy.signals.datasets import load_digits, split
from neurodeploy.signals.encode import RateEncoding

STEPS = 8
OBJECTIVE = Objective(heads={"label": (class_loss, 1.0)}, beta=0.001, prior=ConstantRate(0.1))
SMALL = TrainConfig(epochs=4, batch_size=32, learning_rate=0.01, delay_rate=10.0)
PATHWISE = Pathwise()


def digits(train: int, validation: int) -> tuple[ImageSource, ImageSource]:
    parts = split(load_digits(), train=train, validation=validation, test=1, seed=0)
    encoding = RateEncoding(steps=STEPS)
    return ImageSource(parts.train, encoding, shift_px=1), ImageSource(parts.validation, encoding)


def model(seed: int = 0, *, readout: int = 12, threshold: float = 1.0) -> HybridModel:
    torch.manual_seed(seed)
    encoder = Encoder(
        (64,),
        [
            DenseSpec(neurons=24, bias=True),
            DenseSpec(neurons=readout, neuron=CubaParameters(threshold=threshold), delay_steps=3),
        ],
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
        state: EstimatorState,
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


@dataclasses.dataclass(frozen=True)
class Scaled:
    """Pathwise with its loss times a factor; it climbs the loss if that is negative."""

    factor: float

    def __call__(self, *args: Any) -> Any:
        loss, terms = Pathwise()(*args)
        return self.factor * loss, terms


class Clock:
    """Stands where it is put."""

    now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


def timed(clock: Clock, seconds: list[float], estimator: Estimator = PATHWISE) -> Watched:
    """Each batch takes so many seconds, one number for each epoch of three batches."""
    left = [each for each in seconds for _ in range(3)]

    def move_on(_: TrainingBatch) -> None:
        clock.now_s += left.pop(0)

    return Watched(move_on, estimator)

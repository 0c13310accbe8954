"""A model measured on a source, against numbers by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from neurodeploy.learn.data import ImageSource, SpikeSource
from neurodeploy.learn.evaluation import evaluate
from neurodeploy.learn.objective import (
    NO_LABEL,
    ConstantRate,
    Objective,
    class_loss,
    information_bound,
    stream_loss,
)
from neurodeploy.model.decoder import Decoder, DecoderConfig
from neurodeploy.model.encoder import Encoder, EncoderOutput
from neurodeploy.model.hybrid import HybridModel, HybridOutput, StreamingModel
from neurodeploy.model.specs import DenseSpec
from neurodeploy.signals.datasets import Dataset
from neurodeploy.signals.encode import LatencyEncoding

OBJECTIVE = Objective(heads={"label": (class_loss, 1.0)}, beta=0.001, prior=ConstantRate(0.1))
STREAMED = Objective(heads={"label": (stream_loss, 1.0)}, beta=0.001, prior=ConstantRate(0.1))


class ScriptedModel:
    """Gives prescribed spikes, margins and logits, sample after sample."""

    def __init__(self, spikes: list[Any], margin: list[Any], answers: dict[str, list[Any]]) -> None:
        self.spikes, self.margin = torch.tensor(spikes), torch.tensor(margin)
        self.answers = {name: torch.tensor(logits) for name, logits in answers.items()}
        self.encoder = SimpleNamespace(neurons=self.spikes.shape[1])
        self.given = 0
        self.temperatures: set[float] = set()

    def parameters(self) -> Iterator[torch.Tensor]:
        yield torch.zeros(1)

    def __call__(
        self, spikes: torch.Tensor, *, temperature: float, generator: torch.Generator
    ) -> HybridOutput:
        part = slice(self.given, self.given + len(spikes))
        self.given += len(spikes)
        self.temperatures.add(temperature)
        answers = {name: logits[part] for name, logits in self.answers.items()}
        return HybridOutput(answers, EncoderOutput(self.spikes[part], self.margin[part], []))


# Three samples of four neurons over two steps; the last neuron is silent.
SCRIPT_SPIKES = [
    [[1.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]],
    [[1.0, 1.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]],
    [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]],
]
SCRIPT_MARGIN = [
    [[0.5, -0.5], [-1.0, -2.0], [-0.25, 0.0], [-3.0, -3.0]],
    [[0.125, 1.0], [0.0, -2.0], [-0.25, -0.5], [-3.0, -3.0]],
    [[-0.5, -1.0], [2.0, -1.0], [0.0, 4.0], [-3.0, -3.0]],
]
LOGITS = [[0.0, math.log(3.0)], [math.log(7.0), 0.0], [math.log(4.0), 0.0]]


def three_images() -> ImageSource:
    dataset = Dataset(
        name="three",
        images=np.zeros((3, 1, 1), dtype=np.float32),
        labels=np.array([1, 0, 1]),
        classes=2,
    )
    return ImageSource(dataset, LatencyEncoding(steps=2))


@pytest.mark.parametrize("batch_size", [1, 2, 3, 100])
def test_evaluation_by_hand(batch_size: int) -> None:
    """The right label has 3/4, 7/8 and 1/5; there are 5 spikes and 19 silences at r = 0.1."""
    scripted = ScriptedModel(SCRIPT_SPIKES, SCRIPT_MARGIN, {"label": LOGITS})
    found = evaluate(
        scripted,  # type: ignore[arg-type]
        three_images(),
        OBJECTIVE,
        temperature=0.0,
        seed=0,
        batch_size=batch_size,
    )
    assert found.accuracy == pytest.approx(2 / 3)
    assert found.log_loss == pytest.approx(-math.log(3 / 4 * 7 / 8 * 1 / 5) / 3, rel=1e-6)
    assert found.firing_rate == pytest.approx(5 / 24, rel=1e-6)
    assert found.silent == 0.25
    information = (5 * math.log(10) + 19 * math.log(1 / 0.9)) / 3
    assert found.information_nats == pytest.approx(information, rel=1e-6)
    assert scripted.given == 3
    assert scripted.temperatures == {0.0}


@pytest.mark.parametrize("batch_size", [2, 3])
def test_evaluation_with_sampled_spikes_measures_information(batch_size: int) -> None:
    scripted = ScriptedModel(SCRIPT_SPIKES, SCRIPT_MARGIN, {"label": LOGITS})
    found = evaluate(
        scripted,  # type: ignore[arg-type]
        three_images(),
        OBJECTIVE,
        temperature=0.5,
        seed=0,
        batch_size=batch_size,
    )
    expected = float(information_bound(torch.tensor(SCRIPT_MARGIN), 0.5, ConstantRate(0.1)).mean())
    assert found.information_nats == pytest.approx(expected, rel=1e-6)
    assert scripted.temperatures == {0.5}


def test_accuracy_is_nan_without_a_label_head() -> None:
    def brightness(logits: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
        return ((logits - image) ** 2).sum(1)

    objective = Objective(heads={"image": (brightness, 2.0)}, beta=0.0, prior=ConstantRate(0.5))
    scripted = ScriptedModel(SCRIPT_SPIKES, SCRIPT_MARGIN, {"image": [[1.0], [2.0], [3.0]]})
    found = evaluate(
        scripted,  # type: ignore[arg-type]
        three_images(),
        objective,
        temperature=0.0,
        seed=0,
        batch_size=2,
    )
    assert math.isnan(found.accuracy)
    assert found.log_loss == pytest.approx(2 * (1 + 4 + 9) / 3)


# Of three samples of three steps, five steps have a label, and at three the answer is right.
STREAM_LOGITS = [
    [[0.0, math.log(3.0)], [math.log(7.0), 0.0], [5.0, 0.0]],
    [[math.log(4.0), 0.0], [0.0, 9.0], [0.0, 9.0]],
    [[0.0, math.log(2.0)], [3.0, 0.0], [math.log(5.0), 0.0]],
]
STREAM_LABELS = [[1, 0, NO_LABEL], [1, NO_LABEL, NO_LABEL], [0, NO_LABEL, 0]]


def streamed(labels: list[list[int]]) -> SpikeSource:
    return SpikeSource(np.zeros((3, 4, 3), dtype=np.uint8), {"label": np.array(labels)})


@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_only_steps_with_a_label_count(batch_size: int) -> None:
    """Probabilities of the right label are 3/4, 7/8, 1/5, 1/3 and 5/6."""
    scripted = ScriptedModel(SCRIPT_SPIKES, SCRIPT_MARGIN, {"label": STREAM_LOGITS})
    found = evaluate(
        scripted,  # type: ignore[arg-type]
        streamed(STREAM_LABELS),
        STREAMED,
        temperature=0.0,
        seed=0,
        batch_size=batch_size,
    )
    assert found.accuracy == 3 / 5
    expected = -math.log(3 / 4 * 7 / 8 * 1 / 5 * 1 / 3 * 5 / 6) / 3
    assert found.log_loss == pytest.approx(expected, rel=1e-6)


def test_without_any_label_there_is_no_accuracy() -> None:
    scripted = ScriptedModel(SCRIPT_SPIKES, SCRIPT_MARGIN, {"label": STREAM_LOGITS})
    found = evaluate(
        scripted,  # type: ignore[arg-type]
        streamed([[NO_LABEL] * 3] * 3),
        STREAMED,
        temperature=0.0,
        seed=0,
    )
    assert math.isnan(found.accuracy)
    assert found.log_loss == 0


def small(model_type: type[HybridModel]) -> HybridModel:
    torch.manual_seed(0)
    decoder = DecoderConfig(kind="linear", neurons=12, window_steps=5, heads={"label": 10})
    encoder = Encoder((8,), [DenseSpec(neurons=16), DenseSpec(neurons=12)])
    return model_type(encoder, Decoder(decoder))


def noise(label_shape: tuple[int, ...]) -> SpikeSource:
    rng = np.random.default_rng(0)
    spikes = (rng.random((40, 8, 9)) < 0.4).astype(np.uint8)
    return SpikeSource(spikes, {"label": rng.integers(0, 10, (40, *label_shape))})


def test_evaluation_is_repeatable_and_leaves_no_gradient() -> None:
    made = small(HybridModel)
    first, second, other = (
        evaluate(made, noise(()), OBJECTIVE, temperature=0.5, seed=seed) for seed in (1, 1, 2)
    )
    assert first == second
    assert first != other
    assert all(parameter.grad is None for parameter in made.parameters())


def test_a_streaming_model_is_measured_at_every_step() -> None:
    made, source = small(StreamingModel), noise((9,))
    found = evaluate(made, source, STREAMED, temperature=0.0, seed=0, batch_size=7)
    with torch.no_grad():
        answers, _ = made(torch.from_numpy(source.spikes).float(), temperature=0.0)
    label = torch.from_numpy(source.targets["label"])
    assert found.accuracy == int((answers["label"].argmax(2) == label).sum()) / (40 * 9)
    log_p = answers["label"].double().log_softmax(2).gather(2, label[..., None])
    assert found.log_loss == pytest.approx(-float(log_p.sum()) / 40, rel=1e-6)

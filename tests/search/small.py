"""Small networks, and tasks that are trained in a second."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st
from rich.progress import Progress

from neurodeploy.learn.schedule import TrainConfig
from neurodeploy.netx.layers import Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron
from neurodeploy.search.points import Point
from neurodeploy.search.study import tune
from neurodeploy.search.trial import Plan
from neurodeploy.signals.encode import RateEncoding
from neurodeploy.tasks import ImageTask, task

TASK: ImageTask = dataclasses.replace(
    task("digits"),
    train=256,
    validation=120,
    test=130,
    encoding=RateEncoding(steps=8),
    hidden=(20,),
    readout=12,
    decoder="linear",
    heads=("label",),
    training=TrainConfig(epochs=2, learning_rate=1e-2),
)


ONE_EPOCH, TWO_EPOCHS = (
    dataclasses.replace(TASK, train=96, training=dataclasses.replace(TASK.training, epochs=epochs))
    for epochs in (1, 2)
)


def plan(folder: Path, **changes: Any) -> Plan:
    """Two trials, and four settings of the levers of each."""
    base = Plan(
        task=ONE_EPOCH,
        folder=folder,
        device="cmos45_integer",
        chip="loihi1",
        trials=2,
        settings=4,
        loss=1.0,
    )
    return dataclasses.replace(base, **changes)


def quietly(chosen: Plan, **options: Any) -> list[Point]:
    """Tune without a progress bar."""
    return tune(chosen, Progress(disable=True), **options)


def trained_with(points: list[Point]) -> list[dict[str, Any]]:
    """Parameters of each model."""
    return [dict(each) for each in {p.model: p.parameters for p in points}.values()]


def weights(rng: np.random.Generator, outputs: int, inputs: int) -> np.ndarray:
    """Even weights as SLAYER trains them, one of them positive."""
    size = int(rng.integers(2, 128))
    matrix = 2 * rng.integers(-size, size, (outputs, inputs))
    matrix[rng.integers(outputs), rng.integers(inputs)] = 2 * rng.integers(1, size)
    return matrix


def dense(rng: np.random.Generator, outputs: int, inputs: int) -> Dense:
    """A layer that may be recurrent, have a bias, delays, and decays by neuron."""
    kind = rng.integers(5)
    extra: dict[str, Any] = {}
    if kind == 1:
        extra["recurrent_weight"] = weights(rng, outputs, outputs)
    if kind == 2:
        extra["delay"] = rng.integers(0, 4, outputs)
    if kind == 3:
        extra["delay"] = rng.integers(0, 4, (outputs, inputs))
    if kind == 4:
        extra["delay"] = rng.integers(0, 4, inputs)
    if rng.random() < 0.3:
        extra["bias"] = rng.integers(-20, 40, outputs)
    neuron = CubaNeuron(
        current_decay=rng.permutation(4097)[:outputs],
        voltage_decay=int(rng.integers(0, 1000)),
        threshold=int(rng.integers(20, 150)),
    )
    return Dense(weight=weights(rng, outputs, inputs), neuron=neuron, **extra)


def network(seed: int) -> Network:
    """Two or three dense layers of at most nine neurons."""
    rng = np.random.default_rng(seed)
    widths = rng.integers(2, 10, rng.integers(3, 5))
    pairs = zip(widths[1:], widths[:-1], strict=True)
    layers = tuple(dense(rng, int(outputs), int(inputs)) for outputs, inputs in pairs)
    return Network(input_shape=(int(widths[0]),), layers=layers)


def spikes(of: Network, seed: int = 0) -> np.ndarray:
    """Three samples of twelve steps."""
    rng = np.random.default_rng(seed)
    return (rng.random((3, *of.input_shape, 12)) < 0.4).astype(np.uint8)


networks = st.integers(0, 10_000).map(network)
"""Any of them; netx and Lava run each exactly as it is written."""

"""Answers of a network that has no decoder: the rules by which others read output spikes.

Each has one output a neuron of the last layer, under the head ``label``; the largest is the answer.
A silent output gives zeros: it answers nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

import numpy as np

from neurodeploy.deploy.rules import COUNTS, FIRST_SPIKE, VOLTAGE
from neurodeploy.engines.base import Engine, StepOutput
from neurodeploy.errors import InputError, message
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron

HEAD = "label"


class Reader(Protocol):
    """Takes the output spikes of a sample step by step, and answers when it is asked."""

    def push(self, spikes: np.ndarray) -> None:
        """Take the spikes [neuron] of one step."""

    def answer(self) -> dict[str, np.ndarray]:
        """What is said now, {head: float32 [outputs]}."""

    def reset(self) -> None:
        """Forget everything, for the next sample."""


class CountsSoFar:
    """Spikes of each neuron since the sample began, the rule of SLAYER's tutorials."""

    def __init__(self, neurons: int) -> None:
        self._counts = np.zeros(neurons, np.float32)

    def push(self, spikes: np.ndarray) -> None:
        """Take the spikes [neuron] of one step; graded ones count by their value."""
        self._counts += spikes

    def answer(self) -> dict[str, np.ndarray]:
        """Counts, {label: float32 [neuron]}."""
        return {HEAD: self._counts.copy()}

    def reset(self) -> None:
        """Count from 0."""
        self._counts[:] = 0


class FirstSpike:
    """One over the step, from 1, of the first spike of each neuron: the earliest is the answer."""

    def __init__(self, neurons: int) -> None:
        self._first = np.zeros(neurons, np.float32)
        self._steps = 0

    def push(self, spikes: np.ndarray) -> None:
        """Take the spikes [neuron] of one step."""
        self._steps += 1
        self._first[(self._first == 0) & (spikes != 0)] = 1 / self._steps

    def answer(self) -> dict[str, np.ndarray]:
        """One over the step of each first spike, {label: float32 [neuron]}; 0 for silent ones."""
        return {HEAD: self._first.copy()}

    def reset(self) -> None:
        """Begin a sample."""
        self._first[:] = 0
        self._steps = 0


READERS: Mapping[str, Callable[[int], Reader]] = {COUNTS: CountsSoFar, FIRST_SPIKE: FirstSpike}
"""Rules that read spikes alone."""


def voltages(
    engine: Engine, network: Network, samples: Iterable[np.ndarray]
) -> Iterator[tuple[StepOutput, dict[str, np.ndarray]]]:
    """Steps of samples, and what the output neurons' voltages are after each.

    Parameters
    ----------
    engine : Engine
        One that can record what neurons remember, such as ``native``.
    network : Network
        Its last layer has CUBA neurons.
    samples : iterable of arrays [*features, time]

    Yields
    ------
    StepOutput, {label: float32 [neuron]}
        In the units of the threshold; after a spike, what the reset leaves.

    Raises
    ------
    InputError
        The engine records nothing, or the last neurons have no voltage.
    """
    probe: Any = getattr(engine, "probe", None)
    if probe is None:
        expected = "an engine that records states, such as native"
        raise InputError(message("answer voltage", expected, engine.name))
    if not isinstance(network.layers[-1].neuron, CubaNeuron):
        expected = "CUBA neurons in the last layer, which have one"
        raise InputError(message("answer voltage", expected, network.names[-1]))
    for index, sample in enumerate(samples):
        traces = probe(np.asarray(sample)[None], network.names)
        last = traces[network.names[-1]][VOLTAGE][0]
        for step in range(last.shape[-1]):
            output = StepOutput(
                sample=index,
                step=step,
                input=sample[..., step],
                layers=[traces[name]["spikes"][0, ..., step] for name in network.names],
            )
            yield output, {HEAD: (last[..., step].ravel() / 64).astype(np.float32)}

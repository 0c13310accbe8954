"""What reads output spikes step by step: a decoder with its window, or a rule without one.

A rule has one output a neuron of the last layer, under the head ``label``; the largest is the
answer. A silent output gives zeros: it answers nothing. The rule ``spikes`` has no output at all,
for who reads the spikes on their own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
import torch

from neurodeploy.deploy.bundle import Bundle
from neurodeploy.deploy.chip_side import Received
from neurodeploy.deploy.manifest import require_decoder
from neurodeploy.deploy.parts import Deployed, bundle_of, network_of
from neurodeploy.deploy.rules import COUNTS, FIRST_SPIKE, SPIKES, VOLTAGE, require_rule
from neurodeploy.engines.base import Session
from neurodeploy.errors import InputError, message
from neurodeploy.model.decoder import Decoder
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron

HEAD = "label"
"""Whose largest output is the class."""


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


class LatestVoltage:
    """The output neurons' voltages after the last step; after a spike, what the reset leaves."""

    def __init__(self, neurons: int) -> None:
        self._voltage = np.zeros(neurons, np.float32)

    def push(self, spikes: np.ndarray) -> None:
        """Take the voltages [neuron] of one step, in the units of the threshold."""
        self._voltage = spikes.astype(np.float32)

    def answer(self) -> dict[str, np.ndarray]:
        """Voltages, {label: float32 [neuron]}."""
        return {HEAD: self._voltage.copy()}

    def reset(self) -> None:
        """Begin a sample."""
        self._voltage = np.zeros_like(self._voltage)


class SpikesAlone:
    """Answers nothing: the spikes of a step are all that is said."""

    def push(self, spikes: np.ndarray) -> None:
        """Take the spikes [neuron] of one step."""

    def answer(self) -> dict[str, np.ndarray]:
        """No head."""
        return {}

    def reset(self) -> None:
        """Begin a sample."""


class StreamingDecoder:
    """A decoder with the window of spikes that it has received.

    Parameters
    ----------
    decoder : Decoder
        Reads the last ``window_steps`` steps; see `window_at` for how the window fills.
    """

    def __init__(self, decoder: Decoder) -> None:
        self.decoder = decoder
        config = decoder.config
        self._window = torch.zeros(1, config.neurons, config.window_steps)
        self._received = 0

    def push(self, spikes: np.ndarray) -> None:
        """Take the spikes [neuron] of one step.

        Raises
        ------
        InputError
            Another number of neurons than the decoder reads.
        """
        if spikes.shape != (self.decoder.config.neurons,):
            raise InputError(
                message("streamed spikes", f"[{self.decoder.config.neurons}]", list(spikes.shape))
            )
        length = self._window.shape[-1]
        if self._received >= length:
            self._window = self._window.roll(-1, dims=-1)
        place = min(self._received, length - 1)
        self._window[0, :, place] = torch.from_numpy(spikes.astype(np.float32))
        self._received += 1

    @torch.no_grad()
    def answer(self) -> dict[str, np.ndarray]:
        """Logits of every head, {head: float32 [outputs]}."""
        return {name: logits[0].numpy() for name, logits in self.decoder(self._window).items()}

    def reset(self) -> None:
        """Forget the window, for the next sample."""
        self._window.zero_()
        self._received = 0


READERS: Mapping[str, Callable[[int], Reader]] = {
    COUNTS: CountsSoFar,
    FIRST_SPIKE: FirstSpike,
    VOLTAGE: LatestVoltage,
    SPIKES: lambda neurons: SpikesAlone(),
}
"""Rules by name, for so many output neurons."""


def rule_of(deployed: Deployed, rule: str | None) -> str | None:
    """The rule that reads what is deployed, if its decoder does not: the one asked for; else counts
    of a network alone, and of a bundle without a decoder its spikes as they are.

    Raises
    ------
    InputError
        There is no such rule.
    """
    if rule is not None:
        return require_rule(rule)
    if isinstance(deployed, Bundle):
        return SPIKES if deployed.decoder is None else None
    return COUNTS


def make_reader(deployed: Deployed, rule: str | None) -> Reader:
    """What reads the output, by `rule_of`."""
    if rule is None:
        return StreamingDecoder(require_decoder(bundle_of(deployed).decoder))
    return READERS[rule](math.prod(network_of(deployed).output_shape))


def received_by(rule: str | None, network: Network, session: Session) -> Received:
    """What the host gets of a step [neuron]: output spikes, or voltages where it reads these.

    Raises
    ------
    InputError
        The session's engine records nothing, or the last neurons have no voltage.
    """
    if rule != VOLTAGE:
        return _spikes
    if not hasattr(session, "states"):
        expected = "an engine that records states, such as native"
        raise InputError(message("answer voltage", expected, type(session).__name__))
    last = network.names[-1]
    if not isinstance(network.layers[-1].neuron, CubaNeuron):
        expected = "CUBA neurons in the last layer, which have one"
        raise InputError(message("answer voltage", expected, last))

    def voltages(session: Any, layers: list[np.ndarray]) -> np.ndarray:
        voltage: np.ndarray = session.states(last)["voltage"]
        return voltage.ravel() / 64

    return voltages


def _spikes(session: Session, layers: list[np.ndarray]) -> np.ndarray:
    return layers[-1].ravel()

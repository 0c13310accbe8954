"""What a person changes of a copy of the network, in exact integers, while it runs.

A layer's threshold is another integer, and what its neurons remember goes on: it is applied at
once. A silenced neuron has no synapses that reach it and no bias, so that it stays at rest and
never spikes, in any engine; its state is not that of the network before, so that it is applied
from rest, with the next sample. A convolution shares its weights: there a channel is silenced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from neurodeploy.engines.base import Closeable
from neurodeploy.engines.counts import Counts
from neurodeploy.engines.native import NativeEngine
from neurodeploy.errors import InputError, message
from neurodeploy.netx.layers import Conv, Dense, Layer
from neurodeploy.netx.network import Network


@dataclass(frozen=True, kw_only=True)
class Touch:
    """What is changed of a network.

    Parameters
    ----------
    thresholds : mapping of int to int
        By layer, in the units of netx; of the others it stays.
    silenced : frozenset of (int, int)
        Layer, and neuron or channel of it.
    """

    thresholds: Mapping[int, int] = field(default_factory=dict)
    silenced: frozenset[tuple[int, int]] = frozenset()


def silenced_unit(layer: Layer) -> str:
    """What of a layer can be silenced: a ``neuron``, a ``channel``, or nothing."""
    if isinstance(layer, Dense):
        return "neuron"
    return "channel" if isinstance(layer, Conv) else ""


def unit_of(network: Network, layer: int, feature: int) -> tuple[int, int]:
    """The layer and the neuron or channel to silence, of one of a layer's features.

    Raises
    ------
    InputError
        There is none.
    """
    where = _where(network, layer)
    shape = network.shapes[layer]
    if not 0 <= feature < np.prod(shape):
        raise InputError(message(where, f"neurons 0 to {np.prod(shape) - 1}", feature))
    unit = silenced_unit(network.layers[layer])
    if not unit:
        raise InputError(message(where, "a dense layer or a convolution", "another kind"))
    return layer, feature if unit == "neuron" else int(np.unravel_index(feature, shape)[0])


def touched(network: Network, touch: Touch) -> Network:
    """A copy of a network with what is changed of it.

    Raises
    ------
    InputError, NetworkError
        It has no such layer or threshold.
    """
    layers: list[Any] = list(network.layers)
    for index, threshold in touch.thresholds.items():
        where = _where(network, index)
        if layers[index].neuron is None:
            raise InputError(message(where, "a layer with neurons", "none"))
        neuron = replace(layers[index].neuron, threshold=threshold)
        layers[index] = replace(layers[index], neuron=neuron)
    for index in {layer for layer, _ in touch.silenced}:
        units = [unit for layer, unit in touch.silenced if layer == index]
        layers[index] = _silent(layers[index], units)
    return replace(network, layers=tuple(layers))


def _where(network: Network, layer: int) -> str:
    if not 0 <= layer < len(network.layers):
        raise InputError(message("layer", f"0 to {len(network.layers) - 1}", layer))
    return f"layer {network.names[layer]}"


def _silent(layer: Dense | Conv, units: Iterable[int]) -> Dense | Conv:
    changed = {}
    for name in ("weight", "recurrent_weight", "bias"):
        array = getattr(layer, name, None)
        if array is not None:
            changed[name] = array.copy()
            changed[name][list(units)] = 0
    return replace(layer, **changed)


class TouchedSession(Closeable):
    """A session of the native engine whose network can be touched while it runs.

    Parameters
    ----------
    network : Network
        As it is when nothing is touched.
    """

    def __init__(self, network: Network) -> None:
        self._untouched = self.network = network
        self.running = self.wanted = Touch()
        self._session = NativeEngine(network).open()

    @property
    def pending(self) -> bool:
        """Whether something is applied only with the next sample."""
        return self.wanted != self.running

    def touch(self, wanted: Touch) -> None:
        """Change thresholds now, and the rest from the next rest on.

        Raises
        ------
        InputError, NetworkError
            As `touched`; nothing is changed then.
        """
        touched(self._untouched, wanted)
        state = self._session.state_dict()
        self._run(replace(self.running, thresholds=wanted.thresholds))
        self._session.load_state(state)
        self.wanted = wanted

    def step(self, spikes: np.ndarray) -> np.ndarray:
        """Take input [*features] of one step; give the output spikes [*features] of it."""
        return self._session.step(spikes)

    def advance(self, spikes: np.ndarray) -> list[np.ndarray]:
        """As `step`; give the spikes [*features] of every layer."""
        return self._session.advance(spikes)

    def reset(self) -> None:
        """Return to rest, with everything that is wanted."""
        if self.pending:
            self._run(self.wanted)
        self._session.reset()

    @property
    def counts(self) -> Counts:
        """What has been done since the last reset."""
        return self._session.counts

    def close(self) -> None:
        """Release what is held."""
        self._session.close()

    def _run(self, touch: Touch) -> None:
        self.network, self.running = touched(self._untouched, touch), touch
        self._session = NativeEngine(self.network).open()

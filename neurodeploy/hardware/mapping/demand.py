"""What a run of a layer's neurons asks of one core, exactly; and the least that any could.

A layer has an order of its neurons, in units that stay together: a dense layer's are single
neurons; a convolution's are pixels with all channels of a block, in bands of rows, so that a run
of them is compact. A *run* is a number of units in a row of one segment of the order.

- A compartment a neuron; decays and thresholds are shared configurations.
- An input axon a neuron, outside or on the chip, with a weight other than 0 into the run; with
  ``population`` sharing, one a pixel and group of a convolution.
- Output axons are counted in `neurodeploy.hardware.mapping.packing`, which knows where targets lie.
- Synapse memory as `neurodeploy.hardware.mapping.storage` has it. Weights of 0 are left out or
  kept, whichever takes less over the run; or always kept, with an axon each, as the chip says.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass, field

import numpy as np

from neurodeploy.hardware.chips import Chip
from neurodeploy.hardware.mapping.storage import ListFormat
from neurodeploy.netx.layers import Layer
from neurodeploy.netx.neurons import Neuron

EMPTY: frozenset[Hashable] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Demand:
    """Of one run, or the sum over a core; configurations are sets, because they are shared."""

    compartments: int = 0
    input_axons: int = 0
    output_axons: int = 0
    memory_bits: int = 0
    synapses: int = 0
    compartment_configs: frozenset[Hashable] = EMPTY
    threshold_configs: frozenset[Hashable] = EMPTY
    synapse_configs: frozenset[Hashable] = EMPTY

    def __add__(self, other: Demand) -> Demand:
        return Demand(
            compartments=self.compartments + other.compartments,
            input_axons=self.input_axons + other.input_axons,
            output_axons=self.output_axons + other.output_axons,
            memory_bits=self.memory_bits + other.memory_bits,
            synapses=self.synapses + other.synapses,
            compartment_configs=self.compartment_configs | other.compartment_configs,
            threshold_configs=self.threshold_configs | other.threshold_configs,
            synapse_configs=self.synapse_configs | other.synapse_configs,
        )

    def amount(self, resource: str) -> int:
        """How much of one of the limits of a core."""
        value = getattr(self, resource)
        return len(value) if isinstance(value, frozenset) else value


@dataclass(frozen=True, kw_only=True)
class LowerBound:
    """The least that neurons of a layer ask, whichever they are.

    Parameters
    ----------
    memory_bits, input_axons : int64 array
        Of n neurons on one core, at index n, from 0 to as many as the core could hold.
    total_memory_bits : int
        Of the whole layer, on any number of cores.
    """

    memory_bits: np.ndarray
    input_axons: np.ndarray
    total_memory_bits: int


@dataclass(kw_only=True)
class LayerDemand:
    """A layer without synapses, and what all layers have in common.

    Parameters
    ----------
    layer : layer
        Of a network.
    name : str
        Of the layer.
    chip : Chip
        That is asked; it has the layer's neuron model.
    shape : tuple of int
        Features of the layer.
    """

    layer: Layer
    name: str
    chip: Chip
    shape: tuple[int, ...]
    slots: int = 1
    weight_width: int = 0
    delay_width: int = 0
    _costs: dict[tuple[int, ...], Demand] = field(default_factory=dict)
    _arranged: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        self.neurons = math.prod(self.shape)
        self.format = ListFormat.of(self.chip)
        neuron = self.layer.neuron
        assert neuron is not None
        self.state_bits = self.chip.states[neuron.kind].value or 0
        self.threshold = frozenset([neuron.threshold])
        self.decays = self._decays(neuron)

    def _decays(self, neuron: Neuron) -> np.ndarray:
        """Pairs of decays [neuron, 2]."""
        if not neuron.decays:
            return np.zeros((self.neurons, 2), np.int64)
        rows = []
        for name in neuron.decays:
            decay = np.atleast_1d(np.asarray(getattr(neuron, name), np.int64))
            rows.append(np.repeat(decay, self.neurons // len(decay)))
        return np.stack(rows, axis=1)

    @property
    def segments(self) -> list[np.ndarray]:
        """Neurons [unit, neuron of the unit], as flat features, of each part of the order."""
        return [np.arange(self.neurons)[:, None]]

    @property
    def recurrent(self) -> bool:
        """Whether neurons of the layer send to each other."""
        return self.layer.recurrent_weight is not None

    @property
    def storage(self) -> str:
        """How the synapses of the whole layer lie, for a person."""
        return ""

    def demand(self, segment: int, start: int, stop: int) -> Demand:
        """Of the run of units ``start`` to ``stop``, without output axons."""
        key = (*self._arranged, segment, start, stop)
        if key not in self._costs:
            self._costs[key] = self._demand(segment, start, stop)
        return self._costs[key]

    def _demand(self, segment: int, start: int, stop: int) -> Demand:
        neurons = self.segments[segment][start:stop].ravel()
        axons, bits, synapses, formats = self._synapses(segment, start, stop)
        return Demand(
            compartments=len(neurons),
            input_axons=axons,
            memory_bits=bits + len(neurons) * self.state_bits,
            synapses=synapses,
            compartment_configs=frozenset(map(tuple, np.unique(self.decays[neurons], axis=0))),
            threshold_configs=self.threshold,
            synapse_configs=formats,
        )

    def _synapses(
        self, segment: int, start: int, stop: int
    ) -> tuple[int, int, int, frozenset[Hashable]]:
        """Input axons, bits, synapses and formats of a run."""
        return 0, 0, 0, EMPTY

    def sources(self, segment: int, start: int, stop: int) -> np.ndarray:
        """Features before the layer that a run listens to, flat, rising."""
        return np.zeros(0, np.int64)

    def own_sources(self, segment: int, start: int, stop: int) -> np.ndarray:
        """Neurons of the layer itself that a run listens to, flat, rising."""
        return np.zeros(0, np.int64)

    def least(self) -> LowerBound:
        """The least that neurons ask."""
        number = np.arange(self._most() + 1, dtype=np.int64)
        zeros = np.zeros_like(number)
        return self._least(number * self.state_bits, zeros, self.neurons * self.state_bits)

    def least_destinations(self, most: int) -> np.ndarray:
        """Cores that each feature before the layer sends to at least, if a core holds ``most``."""
        return np.zeros(0, np.int64)

    def least_own_destinations(self, most: int) -> np.ndarray:
        """The same for each neuron of the layer itself."""
        return np.zeros(self.neurons, np.int64)

    def _most(self) -> int:
        return min(self.neurons, self.chip.known("compartments"))

    def _least(self, memory: np.ndarray, axons: np.ndarray, total: int) -> LowerBound:
        rate = float((memory[1:] / np.arange(1, len(memory))).min())
        return LowerBound(
            memory_bits=memory,
            input_axons=axons,
            total_memory_bits=max(total, math.floor(rate * self.neurons)),
        )


@dataclass(kw_only=True)
class ImageDemand(LayerDemand):
    """Neurons of an image, in blocks of channels and bands of rows; a unit is a pixel."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.arrange(self.shape[0], self.shape[1])

    def arrange(self, channels: int, rows: int) -> None:
        """Order the neurons in blocks of so many channels and bands of so many rows."""
        _, height, width = self.shape
        bands = [np.arange(top, min(top + rows, height)) for top in range(0, height, rows)]
        flat = [(band[None, :] * width + np.arange(width)[:, None]).ravel() for band in bands]
        self._pixels = np.concatenate(flat)
        self._channels = [
            np.arange(first, min(first + channels, self.shape[0]))
            for first in range(0, self.shape[0], channels)
        ]
        self._segments = [
            self._pixels[:, None] + block[None, :] * (height * width) for block in self._channels
        ]
        self._arranged = (channels, rows)

    @property
    def segments(self) -> list[np.ndarray]:
        """Neurons [unit, neuron of the unit], as flat features, of each part of the order."""
        return self._segments

"""What a run of a layer's neurons asks of one core, exactly; and the least that any could.

A layer has an order of its neurons, in units that stay together: a dense layer's are single
neurons; a convolution's are pixels with all channels of a block, in bands of rows, so that a run
of them is compact. A *run* is a number of units in a row of one segment of the order.

- A compartment a neuron; decays and thresholds are shared configurations.
- An input axon a neuron, outside or on the chip, with a weight other than 0 into the run; with
  ``population`` sharing, one a pixel and group of a convolution.
- Output axons are counted in `neurodeploy.hardware.mapping.packing`, which knows where targets lie.
- Synapse memory an input axon, in blocks with a header, rounded up to words. Weights of 0 are
  left out (each synapse then names its neuron) or kept, whichever takes less over the run.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neurodeploy.hardware.chips import Chip
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


def axon_bits(chip: Chip, synapses: Any, bits: int) -> Any:
    """Memory of the synapses of one input axon, int64, of one number of synapses or an array.

    Parameters
    ----------
    chip : Chip
        Of which block, header and word are taken.
    synapses : int or int array
        Of the axon.
    bits : int
        Of one synapse.
    """
    number = np.asarray(synapses, np.int64)
    word, header = chip.cost("word_bits", 1), chip.cost("header_bits")
    block = chip.cost("block_synapses", 2**40)
    whole, rest = np.divmod(number, block)
    full = -(-(block * bits + header) // word) * word
    last = -(-(rest * bits + header) // word) * word
    return whole * full + np.where(rest > 0, last, 0)


def weight_bits(chip: Chip, weights: np.ndarray, narrower: int = 0) -> int:
    """Bits that hold every weight, as the chip has widths.

    A power of two that all weights share is the exponent's, which a format has once; a sign takes
    a bit where both signs occur. Weights beyond the widest are truncated to it, as netx does.

    Parameters
    ----------
    chip : Chip
        With its ``weight_widths``.
    weights : int array
        Of a layer.
    narrower : int
        By how many of the chip's widths less, as if they had been quantised so.
    """
    whole = weights.astype(np.int64)
    together = int(np.bitwise_or.reduce(np.abs(whole).ravel()))
    exponent = (together & -together).bit_length() - 1 if together else 0
    low, high = int(whole.min()) >> exponent, int(whole.max()) >> exponent
    if low < 0 < high:
        needed = 1 + max((-low - 1).bit_length(), high.bit_length())
    else:
        needed = max(-low, high).bit_length()
    widths = chip.weight_widths
    place = next((at for at, width in enumerate(widths) if width >= needed), len(widths) - 1)
    return widths[max(place - narrower, 0)]


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

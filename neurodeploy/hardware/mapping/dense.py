"""What a run of a dense layer's neurons asks of one core; `demand` says how it is counted."""

from __future__ import annotations

import math
from collections.abc import Hashable

import numpy as np

from neurodeploy.hardware.chips import Chip
from neurodeploy.hardware.mapping.demand import LayerDemand, LowerBound
from neurodeploy.hardware.mapping.storage import ListFormat, matrix_bits, stored_weights
from neurodeploy.netx.layers import ComplexDense, Dense


class DenseDemand(LayerDemand):
    """A dense layer, recurrent or complex too: a matrix [neuron, axon] of synapses."""

    def __init__(
        self, layer: Dense | ComplexDense, name: str, chip: Chip, narrower: int = 0
    ) -> None:
        weights = np.stack(list(layer.forward_matrices.values()))
        if layer.recurrent_weight is not None:
            weights = np.concatenate([weights, layer.recurrent_weight[None]], axis=2)
        parts, outputs, axons = weights.shape
        width, delay = matrix_bits(layer, ListFormat.of(chip), narrower)
        super().__init__(
            layer=layer,
            name=name,
            chip=chip,
            shape=(outputs,),
            weight_width=width,
            delay_width=delay,
        )
        self._parts, self._axons = parts, axons
        present = np.zeros((outputs, axons), np.uint8)
        for part in weights:
            present += part != 0
        self._connected = present > 0
        kind = np.uint16 if parts * outputs < 2**16 else np.int32
        self._counts = np.zeros((outputs + 1, axons), kind)
        np.cumsum(present, axis=0, dtype=kind, out=self._counts[1:])
        fixed = width + delay + self.format.tag_bits
        self._dense_bits = fixed + self.format.dense_index_bits
        self._sparse_bits = fixed + self.format.index_bits

    @property
    def inputs(self) -> int:
        """Features before the layer."""
        return self._axons - (self.neurons if self.recurrent else 0)

    @property
    def storage(self) -> str:
        """How the synapses of the whole layer lie, for a person."""
        return stored_weights(self.layer, self.chip).form

    def _formats(self, start: int, stop: int) -> tuple[int, int, np.ndarray]:
        """Bits with and without weights of 0, and synapses other than 0 of each axon."""
        every = self._parts * (stop - start)
        kept = int(self.format.list_bits(every, self._dense_bits))
        if self.chip.placement.zeros_kept:
            bits = kept * self._axons
            return bits, bits, np.full(self._axons, every)
        synapses = self._counts[stop].astype(np.int64) - self._counts[start]
        dropped = int(self.format.list_bits(synapses, self._sparse_bits).sum())
        return kept * int(np.count_nonzero(synapses)), dropped, synapses

    def _synapses(
        self, segment: int, start: int, stop: int
    ) -> tuple[int, int, int, frozenset[Hashable]]:
        kept, dropped, synapses = self._formats(start, stop)
        touched = int(np.count_nonzero(synapses))
        sparse = dropped < kept
        stored = int(synapses.sum()) if sparse else touched * self._parts * (stop - start)
        format_ = ("sparse" if sparse else "dense", self.weight_width, self.delay_width)
        return touched, min(kept, dropped), stored, frozenset([format_])

    def sources(self, segment: int, start: int, stop: int) -> np.ndarray:
        """Features before the layer that a run listens to, flat, rising."""
        return np.flatnonzero(self._formats(start, stop)[2][: self.inputs])

    def own_sources(self, segment: int, start: int, stop: int) -> np.ndarray:
        """Neurons of the layer itself that a run listens to, flat, rising."""
        return np.flatnonzero(self._formats(start, stop)[2][self.inputs :])

    def least(self) -> LowerBound:
        """The least that neurons ask.

        With weights of 0 kept, a block an axon that any n neurons must have; without, one an axon
        with what is left of n neurons after all its zeros, and never less than the synapses of
        the neurons with the fewest, at the best that a block can be filled.
        """
        most = self._most()
        number = np.arange(most + 1, dtype=np.int64)
        zeros, axons = np.unique((~self._connected).sum(axis=0), return_counts=True)
        reached = np.maximum(number[:, None] - zeros, 0)
        touched = np.maximum((reached > 0) @ axons, self._fewest_axons(number))
        kept = touched * self.format.list_bits(self._parts * number, self._dense_bits)
        dropped = np.zeros(most + 1, np.int64)
        for column, many in zip(reached.T, axons, strict=True):
            dropped += many * self.format.list_bits(column, self._sparse_bits)
        filled = np.arange(1, self._parts * most + 1)
        dense, sparse = (
            float((self.format.list_bits(filled, bits) / filled).min())
            for bits in (self._dense_bits, self._sparse_bits)
        )
        fewest = int(self._connected.sum(axis=1).min())
        dropped = np.maximum(dropped, np.floor(number * (fewest * sparse)).astype(np.int64))
        total = math.floor(min(dense, sparse) * int(self._counts[-1].astype(np.int64).sum()))
        return self._least(
            np.minimum(kept, dropped) + number * self.state_bits,
            touched,
            total + self.neurons * self.state_bits,
        )

    def _fewest_axons(self, number: np.ndarray) -> np.ndarray:
        """Axons that any so many neurons have at least: of those with the fewest, one or two."""
        own = self._connected.sum(axis=1)
        one = two = int(own.min())
        if one < self._axons and self.neurons > 1:
            present = self._connected.astype(np.float32)
            both = own[:, None] + own[None, :] - present @ present.T
            np.fill_diagonal(both, np.inf)
            two = int(both.min())
        return np.select([number > 1, number > 0], [two, one], 0)

    def least_destinations(self, most: int) -> np.ndarray:
        """Cores that each feature before the layer sends to at least, if a core holds ``most``."""
        return -(-self._connected[:, : self.inputs].sum(axis=0) // most)

    def least_own_destinations(self, most: int) -> np.ndarray:
        """The same for each neuron of the layer itself."""
        if not self.recurrent:
            return super().least_own_destinations(most)
        return -(-self._connected[:, self.inputs :].sum(axis=0) // most)

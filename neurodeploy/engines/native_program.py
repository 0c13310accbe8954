"""A network laid out flat, as the native engine's kernels take it, and the room they work in."""

from __future__ import annotations

import math

import numpy as np

from neurodeploy.engines import native_kernels as kernels
from neurodeploy.engines.counts import Counts, LayerCounts, fan_out
from neurodeploy.errors import NetworkError, message
from neurodeploy.netx.network import DECAY_UNITY, Conv, Dense, Layer, Network, NeuronInput
from neurodeploy.netx.weights import weights_as_run

INPUT_SHIFT = 6
"""Weighted input, bias and threshold are shifted left by it."""

LIST_BYTES = 1 << 22
"""Room that the lists of spikes of one thread may take."""

LONGEST_CHUNK = 64
"""Most steps that a layer runs before the next layer does; kernels take no more."""


class Room:
    """What one thread writes to: its neurons' state, and scratch."""

    def __init__(self, program: Program, steps: int) -> None:
        widest = max(math.prod(shape) for shape in (program.network.input_shape, *program.shapes))
        chunk = max(1, min(steps, LONGEST_CHUNK, LIST_BYTES // (8 * widest)))
        self.lists = np.empty((2, chunk, widest), np.int32)
        self.sizes = np.zeros((2, chunk), np.int64)
        self.state = np.zeros(program.state_size, np.int32)
        self.narrow = np.empty(widest, np.int16)
        self.fired = np.empty(widest + 64, np.uint8)


class Result:
    """What all threads of a batch write to."""

    def __init__(self, program: Program, samples: int, steps: int) -> None:
        self.program = program
        self.samples, self.steps = samples, steps
        self.sent = np.zeros(program.offsets[-1] * samples * steps, np.uint8)
        self.counts = np.zeros((samples, len(program.rows), kernels.COUNTS), np.int64)

    def layers(self) -> list[np.ndarray]:
        """Spikes of every layer, [sample, *features, time]."""
        return self.program.split(self.sent, self.samples, self.steps)

    def tally(self) -> Counts:
        """What every layer and sample did."""
        return self.program.tally(self.counts, self.samples, self.steps)


class Program:
    """A network as the kernels take it."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.shapes = network.shapes
        self.names = network.names
        self.takes_current = isinstance(network.layers[0], NeuronInput)
        self.offsets = [0, *np.cumsum([math.prod(shape) for shape in self.shapes]).tolist()]
        builder = _Builder(network)
        self.rows = builder.rows
        self.state_size = builder.state_size
        self._pools = builder.pools()

    def run(self, signal: np.ndarray, result: Result, first: int, last: int) -> None:
        """Run some samples of [sample, feature, time] on this thread."""
        room = Room(self, result.steps)
        plain = np.require(signal, requirements=["C", "A", "W"])
        none = np.zeros((1, 1, 1), np.uint8 if self.takes_current else np.int32)
        spikes, currents = (none, plain) if self.takes_current else (plain, none)
        self.call(spikes, currents, 0, True, first, last, room, result.sent, result.counts)

    def call(
        self,
        spikes: np.ndarray,
        currents: np.ndarray,
        clock: int,
        ends: bool,
        first: int,
        last: int,
        room: Room,
        sent: np.ndarray,
        counts: np.ndarray,
    ) -> None:
        """Call `native_kernels.run_samples`."""
        kernels.run_samples(
            self.rows,
            *self._pools,
            spikes,
            currents,
            clock,
            ends,
            first,
            last,
            room.lists,
            room.sizes,
            room.state,
            room.narrow,
            room.fired,
            sent,
            counts,
        )

    def split(self, sent: np.ndarray, samples: int, steps: int | None) -> list[np.ndarray]:
        """One array a layer, [sample, *features, time], or [*features] without ``steps``."""
        many = samples * (steps or 1)
        return [
            sent[first * many : last * many].reshape(
                shape if steps is None else (samples, *shape, steps)
            )
            for first, last, shape in zip(
                self.offsets[:-1], self.offsets[1:], self.shapes, strict=True
            )
        ]

    def tally(self, counts: np.ndarray, samples: int, steps: int) -> Counts:
        """Counts [sample, layer, COUNTS] of the kernels as everyone takes them."""
        layers = []
        for index, name in enumerate(self.names):
            neurons = math.prod(self.shapes[index])
            macs = neurons * steps if index == 0 and self.takes_current else 0
            mine = counts[:, index]
            layers.append(
                LayerCounts(
                    name=name,
                    input_spikes=mine[:, kernels.INPUT_SPIKES],
                    output_spikes=mine[:, kernels.OUTPUT_SPIKES],
                    synops=mine[:, kernels.SYNOPS],
                    effective_synops=mine[:, kernels.EFFECTIVE_SYNOPS],
                    neuron_updates=np.full(samples, neurons * steps, np.int64),
                    macs=np.full(samples, macs, np.int64),
                )
            )
        return Counts(layers=tuple(layers), samples=samples, steps=steps)


class _Builder:
    """Lays the layers out, one after another."""

    def __init__(self, network: Network) -> None:
        self.rows = np.zeros((len(network.layers), kernels.COLUMNS), np.int64)
        self.state_size = 0
        self._weights: dict[type, list[np.ndarray]] = {np.int8: [], np.int16: [], np.int32: []}
        self._keep: list[np.ndarray] = []
        self._neurons: list[np.ndarray] = []
        self._tables: list[np.ndarray] = []
        shapes = (network.input_shape, *network.shapes)
        order = np.arange(math.prod(network.input_shape))
        for index, layer in enumerate(network.layers):
            where = f"layer {network.names[index]}"
            if not isinstance(layer, Dense | Conv | NeuronInput):
                raise NetworkError(
                    message(where, "a layer of neurons", layer.kind, "Average on the host instead.")
                )
            if isinstance(layer, NeuronInput) and index > 0:
                raise NetworkError(message(where, "an input layer first only", f"layer {index}"))
            row = self.rows[index]
            row[kernels.INPUTS] = math.prod(shapes[index])
            row[kernels.OUTPUTS] = math.prod(shapes[index + 1])
            row[kernels.TABLE] = self._place(self._tables, *_fan_out(layer, shapes[index], order))
            if isinstance(layer, Dense):
                self._dense(row, layer, order, where)
            elif isinstance(layer, Conv):
                self._conv(row, layer, shapes[index : index + 2], order, where)
            else:
                row[kernels.KIND] = kernels.INPUT
                row[kernels.SCALE] = 1 << INPUT_SHIFT
            order = self._add_neurons(row, layer, shapes[index + 1], where)
            row[kernels.STATE] = self.state_size
            self.state_size += int(row[kernels.OUTPUTS] * (3 + row[kernels.RING]))

    def pools(self) -> tuple[np.ndarray, ...]:
        """What the layers share, in the order that the kernels take it."""
        weights = (
            np.concatenate([np.zeros(0, dtype), *arrays]) for dtype, arrays in self._weights.items()
        )
        return (
            *weights,
            np.ascontiguousarray(np.concatenate(self._keep, axis=1)),
            np.ascontiguousarray(np.concatenate(self._neurons, axis=1)),
            np.concatenate(self._tables),
        )

    def _dense(self, row: np.ndarray, layer: Dense, order: np.ndarray, where: str) -> None:
        weight = np.zeros_like(layer.weight)
        if layer.weight.any():
            try:
                weight = weights_as_run(layer.weight)
            except NetworkError as error:
                raise NetworkError(f"{where}: {error}") from error
        self._delays(row, layer.delay_matrix, order)
        halved = not (weight & 1).any()
        stored = np.ascontiguousarray((weight >> halved).T[order])
        fits = stored.min() >= -128 and stored.max() <= 127
        row[kernels.KIND] = kernels.DENSE8
        row[kernels.SCALE] = 1 << (INPUT_SHIFT + halved)
        width: type = np.int8
        if not fits or row[kernels.DELAY_MODE] == kernels.SYNAPSE_DELAY:
            row[kernels.KIND] = kernels.DENSE16
            width = np.int16
        row[kernels.WEIGHT] = self._place(self._weights[width], stored.astype(width))

    def _delays(self, row: np.ndarray, delay: np.ndarray | None, order: np.ndarray) -> None:
        row[kernels.RING] = 0
        if delay is None or not delay.any():
            return
        row[kernels.RING] = 1 << int(delay.max()).bit_length()
        if (delay == delay[:, :1]).all():
            row[kernels.DELAY_MODE] = kernels.OUTPUT_DELAY
            delays = delay[:, 0]
        else:
            row[kernels.DELAY_MODE] = kernels.SYNAPSE_DELAY
            delays = delay.T[order]
        row[kernels.DELAY] = self._place(self._tables, delays.astype(np.int32))

    def _conv(
        self,
        row: np.ndarray,
        layer: Conv,
        shapes: tuple[tuple[int, ...], ...],
        order: np.ndarray,
        where: str,
    ) -> None:
        largest = np.abs(layer.weight.astype(np.int64)).reshape(len(layer.weight), -1).sum(1).max()
        if largest >= 1 << 31:
            raise NetworkError(
                message(f"{where}: weight", "kernels whose sum fits 32 bits", f"{largest}")
            )
        channels, inputs, *kernel = layer.weight.shape
        of_group = channels // layer.groups
        grouped = layer.weight.reshape(layer.groups, of_group, inputs, *kernel)
        weights = grouped.transpose(0, 2, 3, 4, 1)
        row[kernels.KIND] = kernels.CONV
        row[kernels.SCALE] = 1 << INPUT_SHIFT
        row[kernels.WEIGHT] = self._place(self._weights[np.int32], weights)
        row[[kernels.KERNEL_Y, kernels.KERNEL_X]] = kernel
        row[[kernels.STRIDE_Y, kernels.STRIDE_X]] = layer.stride
        row[[kernels.DILATION_Y, kernels.DILATION_X]] = layer.dilation
        row[[kernels.CHANNELS, kernels.HEIGHT, kernels.WIDTH]] = shapes[1]
        row[kernels.GROUP_CHANNELS] = of_group
        channel, y, x = np.unravel_index(order, shapes[0])
        places = np.empty((kernels.PLACES, len(order)), np.int32)
        places[kernels.PLACE_Y] = y + layer.padding[0]
        places[kernels.PLACE_X] = x + layer.padding[1]
        places[kernels.PLACE_WEIGHT] = channel * math.prod(kernel) * of_group
        places[kernels.PLACE_CHANNEL] = channel // inputs * of_group
        self._place(self._tables, places)

    def _add_neurons(
        self, row: np.ndarray, layer: Dense | Conv | NeuronInput, shape: tuple[int, ...], where: str
    ) -> np.ndarray:
        """Append the neurons; give the feature that each of them is.

        Those of a convolution lie [y, x, channel], so that a kernel adds contiguous values.
        """
        features = np.arange(math.prod(shape)).reshape(shape)
        order = (features.transpose(1, 2, 0) if isinstance(layer, Conv) else features).ravel()
        bias = np.zeros(1, np.int32) if isinstance(layer, NeuronInput) else layer.bias
        bias = np.zeros(1, np.int32) if bias is None else bias.astype(np.int16).astype(np.int32)
        keep = [
            (DECAY_UNITY - _by_feature(decay, shape, where)[order]) / DECAY_UNITY
            for decay in (layer.neuron.current_decay, layer.neuron.voltage_decay)
        ]
        shifted = _by_feature(bias, shape, where)[order] << INPUT_SHIFT
        row[kernels.THRESHOLD] = layer.neuron.threshold << INPUT_SHIFT
        row[kernels.NEURON] = sum(block.shape[1] for block in self._keep)
        self._keep.append(np.array(keep, np.float64))
        self._neurons.append(np.array([shifted, order], np.int32))
        return order

    @staticmethod
    def _place(pool: list[np.ndarray], *arrays: np.ndarray) -> int:
        """Append to a pool; give the offset."""
        offset = sum(block.size for block in pool)
        pool.extend(np.ascontiguousarray(array).ravel() for array in arrays)
        return offset


def _fan_out(
    layer: Layer, input_shape: tuple[int, ...], order: np.ndarray
) -> tuple[np.ndarray, ...]:
    return tuple(table.ravel()[order].astype(np.int32) for table in fan_out(layer, input_shape))


def _by_feature(value: np.ndarray | int, shape: tuple[int, ...], where: str) -> np.ndarray:
    """One value for each feature; an axis of values runs along the channels, as in Lava."""
    try:
        return np.broadcast_to(value, shape[::-1]).transpose().ravel()
    except ValueError as error:
        raise NetworkError(
            message(f"{where}: neuron", f"one decay or {shape[0]}", f"shape {np.shape(value)}")
        ) from error

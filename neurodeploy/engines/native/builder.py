"""A network laid out as the kernels take it, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from neurodeploy.engines.counts import fan_out, recurrent_fan_out
from neurodeploy.engines.native import columns as col
from neurodeploy.errors import NetworkError, message
from neurodeploy.netx.network import ComplexDense, Conv, Dense, Network, NeuronInput
from neurodeploy.netx.neurons import DECAY_UNITY, CubaNeuron, RfNeuron, SdnnNeuron
from neurodeploy.netx.weights import stored_weights

STATE_SHIFT = 6
"""Weighted input, bias and threshold of CUBA neurons and resonators are shifted left by it."""

SDNN_SHIFT = 12
"""The same of sigma-delta neurons, whose weighted input comes shifted."""

CACHE_LINE = 64
"""Bytes that memory moves at once."""


@dataclass
class Sizes:
    """How much room the layers need."""

    state: int = 0
    narrow: int = 1
    middle: int = 1
    wide: int = 1
    joined: int = 1


class Builder:
    """Lays the layers out, one after another, into ``rows``, pools and ``sizes``."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.rows = np.zeros((len(network.layers), col.COLUMNS), np.int64)
        self.sizes = Sizes()
        self._weights: dict[type, list[np.ndarray]] = {np.int8: [], np.int16: [], np.int32: []}
        self._keep: list[np.ndarray] = []
        self._neurons: list[np.ndarray] = []
        self._tables: list[np.ndarray] = []
        shapes = (network.input_shape, *network.shapes)
        order = np.arange(math.prod(network.input_shape))
        for index, name in enumerate(network.names):
            try:
                order = self._layer(index, shapes[index : index + 2], order)
            except NetworkError as error:
                raise NetworkError(f"layer {name}: {error}") from error

    def pools(self) -> tuple[np.ndarray, ...]:
        """What the layers share, in the order that the kernels take it."""
        weights = (
            aligned(np.concatenate([np.zeros(0, dtype), *arrays]))
            for dtype, arrays in self._weights.items()
        )
        return (
            *weights,
            np.pad(np.concatenate(self._keep, axis=1), ((0, 0), (0, col.LANES))),
            np.pad(np.concatenate(self._neurons, axis=1), ((0, 0), (0, col.LANES))),
            np.concatenate(self._tables),
        )

    def _layer(
        self, index: int, shapes: tuple[tuple[int, ...], ...], order: np.ndarray
    ) -> np.ndarray:
        """Lay out one layer; give the feature that each of its neurons is."""
        layer, row = self.network.layers[index], self.rows[index]
        if not isinstance(layer, Dense | ComplexDense | Conv | NeuronInput):
            raise NetworkError(
                message("type", "a layer of neurons", layer.kind, "Average on the host instead.")
            )
        if isinstance(layer, NeuronInput) and index > 0:
            raise NetworkError(message("type", "an input layer first only", "one behind others"))
        outputs = math.prod(shapes[1])
        row[col.INPUTS] = math.prod(shapes[0])
        row[col.OUTPUTS] = outputs
        row[col.ARRIVING] = outputs * (2 if isinstance(layer, ComplexDense) else 1)
        row[col.GRADED_INPUT], row[col.GRADED_OUTPUT] = self.network.graded[index : index + 2]
        row[col.TABLE] = self._place(
            self._tables, *(table.ravel()[order] for table in fan_out(layer, shapes[0]))
        )
        row[col.SCALE] = 1
        if isinstance(layer, Dense):
            self._dense(row, layer, order)
        elif isinstance(layer, ComplexDense):
            self._complex_dense(row, layer, order)
        elif isinstance(layer, Conv):
            self._conv(row, layer, shapes, order)
        else:
            row[col.KIND] = col.INPUT
        order = self._add_neurons(row, layer, shapes[1])
        row[col.STATE] = self.sizes.state + -self.sizes.state % col.LANES
        row[col.RING_AT] = 2 * outputs + row[col.ARRIVING]
        if isinstance(layer.neuron, SdnnNeuron):
            row[col.RING_AT] += outputs
        self.sizes.state = int(row[col.STATE] + row[col.RING_AT] + row[col.RING] * outputs)
        same = self.rows[:index, col.GRADED_OUTPUT] == row[col.GRADED_OUTPUT]
        row[col.SENT] = self.rows[:index, col.OUTPUTS][same].sum()
        return order

    def _dense(self, row: np.ndarray, layer: Dense, order: np.ndarray) -> None:
        matrices = [layer.weight]
        if layer.recurrent_weight is not None:
            if layer.delay is not None:
                raise NetworkError(message("delay", "none in a recurrent layer", "delays"))
            row[col.RECURRENT] = 1
            matrices.append(layer.recurrent_weight)
            tables = recurrent_fan_out(layer, (len(layer.weight),))
            row[col.BACK_TABLE] = self._place(self._tables, *tables)
            self.sizes.joined = max(self.sizes.joined, int(row[col.INPUTS] + row[col.OUTPUTS]))
        whole = np.hstack(matrices)
        stored, bits = stored_weights(*matrices) if whole.any() else (whole, 0)
        order = np.concatenate([order, np.arange(len(order), whole.shape[1])])
        wide = self._is_wide(row, stored, bits)
        self._delays(row, layer.delay_matrix, order, wide)
        self._matrix(row, (stored if wide else stored >> bits).T[order], wide)
        row[col.SHIFT] = bits

    def _complex_dense(self, row: np.ndarray, layer: ComplexDense, order: np.ndarray) -> None:
        (real, bits), (imaginary, more_bits) = map(
            stored_weights, (layer.real_weight, layer.imaginary_weight)
        )
        row[col.SHIFT], row[col.SECOND_SHIFT] = bits, more_bits
        wide = self._is_wide(row, real, bits) or self._is_wide(row, imaginary, more_bits)
        if not wide:
            real, imaginary = real >> bits, imaginary >> more_bits
        self._matrix(row, np.vstack([real, imaginary]).T[order], wide)

    @staticmethod
    def _is_wide(row: np.ndarray, stored: np.ndarray, bits: int) -> bool:
        """Whether spikes are graded, or Lava rounds sums of these weights."""
        return bool(row[col.GRADED_INPUT]) or bool((stored & ((1 << bits) - 1)).any())

    def _matrix(self, row: np.ndarray, weight: np.ndarray, wide: bool) -> None:
        """Place weights [input, output]: ``wide`` as stored, else in the narrowest exact kind."""
        row[col.WEIGHT_ROWS], sums = weight.shape
        if wide:
            row[col.KIND] = col.DENSE_WIDE
            self.sizes.wide = max(self.sizes.wide, sums * max(1, int(row[col.RING])))
            row[col.WEIGHT] = self._place(self._weights[np.int16], weight.astype(np.int16))
            return
        halved = not (weight & 1).any()
        weight = weight >> halved
        row[col.SCALE] = 1 << halved
        self.sizes.narrow = max(self.sizes.narrow, sums)
        fits = weight.min() >= -128 and weight.max() <= 127
        if fits and row[col.DELAY_MODE] != col.SYNAPSE_DELAY:
            row[col.KIND] = col.DENSE8
            row[col.WEIGHT] = self._place(self._weights[np.int8], _tiled(weight.astype(np.int8)))
        else:
            row[col.KIND] = col.DENSE16
            row[col.WEIGHT] = self._place(self._weights[np.int16], weight.astype(np.int16))

    def _delays(
        self, row: np.ndarray, delay: np.ndarray | None, order: np.ndarray, wide: bool
    ) -> None:
        if delay is None or not (wide or delay.any()):
            return
        row[col.RING] = 1 << int(delay.max()).bit_length()
        if not wide and (delay == delay[:, :1]).all():
            row[col.DELAY_MODE] = col.OUTPUT_DELAY
            delays = delay[:, 0]
        else:
            row[col.DELAY_MODE] = col.SYNAPSE_DELAY
            delays = delay.T[order]
        row[col.DELAY] = self._place(self._tables, delays)

    def _conv(
        self,
        row: np.ndarray,
        layer: Conv,
        shapes: tuple[tuple[int, ...], ...],
        order: np.ndarray,
    ) -> None:
        weight = layer.weight.astype(np.int64)
        halved = not (weight & 1).any()
        largest = np.abs(weight).reshape(len(weight), -1).sum(1).max()
        width: type = np.int32
        if row[col.GRADED_INPUT]:
            row[col.KIND], room, halved = col.CONV_WIDE, "wide", False
        elif largest >> halved < 1 << 15:
            row[col.KIND], room, width = col.CONV16, "narrow", np.int16
        elif largest < 1 << 31:
            row[col.KIND], room, halved = col.CONV32, "middle", False
        else:
            expected = "kernels whose sum fits 32 bits"
            raise NetworkError(message("weight", expected, f"{largest}"))
        row[col.SCALE] = 1 << halved
        channels, inputs, *kernel = weight.shape
        (_, height, across), of_group = shapes[1], channels // layer.groups
        padded = of_group + -of_group % col.LANES
        stride = padded if layer.groups == 1 else channels
        row[[col.POSITIONS, col.CHANNELS, col.CHANNEL_STRIDE]] = height * across, channels, stride
        sums = height * across * stride + padded
        setattr(self.sizes, room, max(getattr(self.sizes, room), sums))

        vertical, horizontal = (
            _Taps(kernel[axis], layer.stride[axis], layer.padding[axis], layer.dilation[axis])
            for axis in (0, 1)
        )
        grouped = (weight >> halved).reshape(layer.groups, of_group, inputs, *kernel)
        grouped = grouped[..., vertical.order, :][..., horizontal.order]
        weights = np.pad(grouped.transpose(0, 2, 3, 4, 1), [(0, 0)] * 4 + [(0, padded - of_group)])
        row[col.WEIGHT] = self._place(self._weights[width], weights.astype(width))

        channel, y, x = np.unravel_index(order, shapes[0])
        places = np.empty((col.PLACES, len(order)), np.int64)
        places[col.PLACE_Y], places[col.PLACE_X] = y, x
        places[col.PLACE_WEIGHT] = channel * math.prod(kernel) * padded
        places[col.PLACE_CHANNEL] = channel // inputs * of_group
        self._place(self._tables, places)

        if not row[col.GRADED_INPUT]:
            every = _sums_of_ones(layer, weight >> halved, shapes)
            row[col.ALL_SUMS] = self._place(self._weights[np.int32], every)
            self.sizes.joined = max(self.sizes.joined, len(order))

        taps = vertical.taps(shapes[0][1], height)
        rows = [[(to * across * stride, tap * kernel[1] * padded) for to, tap in of] for of in taps]
        runs = horizontal.runs(shapes[0][2], across, joined=layer.groups == 1)
        columns = [[(to * stride, tap * padded, n * padded) for to, tap, n in of] for of in runs]
        row[col.ROWS], row[col.ROW_TAPS] = self._ragged(rows, (-1, 0))
        row[col.RUNS], row[col.COLUMN_RUNS] = self._ragged(columns, (0, 0, 0))

    def _ragged(
        self, lists: Sequence[Sequence[tuple[int, ...]]], end: tuple[int, ...]
    ) -> tuple[int, int]:
        """Place lists filled up to the longest with ``end``; give offset and length."""
        longest = max(1, *(len(each) for each in lists))
        table = [[*each, *[end] * (longest - len(each))] for each in lists]
        return self._place(self._tables, np.array(table)), longest

    def _add_neurons(
        self,
        row: np.ndarray,
        layer: Dense | ComplexDense | Conv | NeuronInput,
        shape: tuple[int, ...],
    ) -> np.ndarray:
        """Append the neurons; give the feature that each of them is.

        Those of a convolution lie [y, x, channel], so that a kernel adds contiguous values.
        """
        features = np.arange(math.prod(shape)).reshape(shape)
        order = (features.transpose(1, 2, 0) if isinstance(layer, Conv) else features).ravel()
        neuron = layer.neuron
        bias = layer.bias if isinstance(layer, Dense | Conv) else None
        bias = np.zeros(1, np.int32) if bias is None else bias
        keep: tuple[np.ndarray | int, ...] = (0, 0)
        row[col.THRESHOLD] = neuron.threshold << STATE_SHIFT
        if isinstance(neuron, CubaNeuron):
            row[col.MODEL] = col.CUBA
            row[col.SCALE] <<= STATE_SHIFT
            keep = (DECAY_UNITY - neuron.current_decay, DECAY_UNITY - neuron.voltage_decay)
            bias = bias.astype(np.int16).astype(np.int32) << STATE_SHIFT
        elif isinstance(neuron, RfNeuron):
            row[col.MODEL], row[col.PHASE] = col.RESONATOR, neuron.phase
            row[col.SCALE] <<= STATE_SHIFT
            keep = neuron.decays_as_run()
        else:
            row[col.MODEL] = col.SIGMA if neuron.sigma_output else col.SIGMA_DELTA
            if isinstance(layer, NeuronInput):
                row[col.MODEL] = col.DELTA
                row[col.SCALE] <<= SDNN_SHIFT
            row[col.THRESHOLD] = neuron.threshold << SDNN_SHIFT
            bias = (bias.astype(np.int64) << SDNN_SHIFT).astype(np.int32)
        row[col.NEURON] = sum(block.shape[1] for block in self._keep)
        kept = [_by_feature(value, shape)[order] for value in keep]
        self._keep.append(np.array(kept, np.int16))
        self._neurons.append(np.array([_by_feature(bias, shape)[order], order], np.int32))
        return order

    @staticmethod
    def _place(pool: list[np.ndarray], *arrays: np.ndarray) -> int:
        """Append to a pool, tables as 32-bit integers; give the offset."""
        offset = sum(block.size for block in pool)
        for array in arrays:
            flat = np.ascontiguousarray(array).ravel()
            pool.append(flat.astype(np.int32) if flat.dtype == np.int64 else flat)
        return offset


@dataclass
class _Taps:
    """One axis of a kernel: which of its taps bring an input coordinate to which output.

    Taps lie in ``order``, such that those of neighbouring outputs are neighbours.
    """

    kernel: int
    stride: int
    padding: int
    dilation: int
    order: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.order = sorted(
            range(self.kernel), key=lambda tap: ((tap * self.dilation) % self.stride, -tap)
        )

    def taps(self, inputs: int, outputs: int) -> list[list[tuple[int, int]]]:
        """For each input, (output, place of the tap), by output."""
        return [
            sorted(
                (reach // self.stride, place)
                for place, tap in enumerate(self.order)
                for reach in [at + self.padding - tap * self.dilation]
                if reach % self.stride == 0 and 0 <= reach // self.stride < outputs
            )
            for at in range(inputs)
        ]

    def runs(self, inputs: int, outputs: int, *, joined: bool) -> list[list[tuple[int, int, int]]]:
        """For each input, (first output, place of its tap, outputs), neighbours ``joined``."""
        result: list[list[tuple[int, int, int]]] = []
        for taps in self.taps(inputs, outputs):
            runs: list[tuple[int, int, int]] = []
            for output, place in taps:
                first, start, length = runs[-1] if runs else (0, 0, 0)
                if joined and runs and (first + length, start + length) == (output, place):
                    runs[-1] = (first, start, length + 1)
                else:
                    runs.append((output, place, 1))
            result.append(runs)
        return result


def _sums_of_ones(
    layer: Conv, weight: np.ndarray, shapes: tuple[tuple[int, ...], ...]
) -> np.ndarray:
    """What arrives [y, x, channel] in a step in which every input spikes."""
    inside = np.pad(np.ones(shapes[0][1:], np.int64), [(pad, pad) for pad in layer.padding])
    _, height, across = shapes[1]
    sums = np.zeros((height, across, len(weight)), np.int64)
    for y, x in np.ndindex(*weight.shape[2:]):
        top, left = y * layer.dilation[0], x * layer.dilation[1]
        rows = slice(top, top + (height - 1) * layer.stride[0] + 1, layer.stride[0])
        columns = slice(left, left + (across - 1) * layer.stride[1] + 1, layer.stride[1])
        sums += inside[rows, columns, None] * weight[:, :, y, x].sum(1)
    return sums


def aligned(values: np.ndarray) -> np.ndarray:
    """A copy that begins at a cache line."""
    room = np.empty(values.nbytes + CACHE_LINE, np.uint8)
    copy = room[-room.ctypes.data % CACHE_LINE :][: values.nbytes].view(values.dtype)
    copy[:] = values
    return copy


def _tiled(weight: np.ndarray) -> np.ndarray:
    """Weights [input, output] as [tile, input, output], of whole tiles.

    The two halves of a tile alternate, so that 16 bits hold a weight of each; that of the first
    half is 128 up, not negative.
    """
    inputs, outputs = weight.shape
    padded = np.pad(weight, ((0, 0), (0, -outputs % col.TILE)))
    halves = padded.reshape(inputs, -1, 2, col.TILE // 2).transpose(1, 0, 3, 2).copy()
    halves[..., 0] ^= -128
    return halves


def _by_feature(value: np.ndarray | int, shape: tuple[int, ...]) -> np.ndarray:
    """One value for each feature; an axis of values runs along the channels, as in Lava."""
    try:
        return np.broadcast_to(value, shape[::-1]).transpose().ravel()
    except ValueError as error:
        raise NetworkError(
            message("neuron", f"one decay or {shape[0]}", f"shape {np.shape(value)}")
        ) from error

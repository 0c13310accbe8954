"""A network laid out as the kernels take it, layer by layer."""

from __future__ import annotations

import math

import numpy as np

from neurodeploy.engines.native.convolution_builder import Shapes, place_convolution
from neurodeploy.engines.native.layout import LANES, LAYER, TILE, DelayMode, Kind, Model
from neurodeploy.engines.native.placing import CACHE_LINE, GrowingPools, Sizes
from neurodeploy.errors import NetworkError, message
from neurodeploy.netx.layers import ComplexDense, Conv, Dense, NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron, RfNeuron, SdnnNeuron
from neurodeploy.netx.units import DECAY_SCALE
from neurodeploy.netx.weights import stored_weights

STATE_SHIFT = 6
"""Weighted input, bias and threshold of CUBA neurons and resonators are shifted left by it."""

SDNN_SHIFT = 12
"""The same of sigma-delta neurons, whose weighted input comes shifted."""


class Builder:
    """Lays the layers out, one after another, into ``layers``, ``pools`` and ``sizes``."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.layers = np.zeros(len(network.layers), LAYER)
        self.sizes = Sizes()
        self._growing = GrowingPools()
        shapes = (network.input_shape, *network.shapes)
        order = np.arange(math.prod(network.input_shape))
        for index, name in enumerate(network.names):
            try:
                order = self._layer(index, shapes[index : index + 2], order)
            except NetworkError as error:
                raise NetworkError(f"layer {name}: {error}") from error
        self.pools = self._growing.finished()

    def _layer(self, index: int, shapes: Shapes, order: np.ndarray) -> np.ndarray:
        """Lay out one layer; give the feature that each of its neurons is."""
        layer, row = self.network.layers[index], self.layers[index]
        if not isinstance(layer, Dense | ComplexDense | Conv | NeuronInput):
            raise NetworkError(
                message("type", "a layer of neurons", layer.kind, "Average on the host instead.")
            )
        if isinstance(layer, NeuronInput) and index > 0:
            raise NetworkError(message("type", "an input layer first only", "one behind others"))
        outputs = math.prod(shapes[1])
        row["inputs"], row["outputs"] = math.prod(shapes[0]), outputs
        row["arriving"] = outputs * (2 if isinstance(layer, ComplexDense) else 1)
        row["graded_input"], row["graded_output"] = self.network.graded[index : index + 2]
        row["fan_out"] = self._growing.add_tables(
            *(table.ravel()[order] for table in layer.fan_out(shapes[0]))
        )
        row["scale"] = 1
        if isinstance(layer, Dense):
            self._dense(row, layer, order)
        elif isinstance(layer, ComplexDense):
            self._complex_dense(row, layer, order)
        elif isinstance(layer, Conv):
            place_convolution(row, layer, shapes, order, self._growing, self.sizes)
        else:
            row["kind"] = Kind.INPUT
        order = self._add_neurons(row, layer, shapes[1])
        self._place_state(row, isinstance(layer.neuron, SdnnNeuron))
        same = self.layers["graded_output"][:index] == row["graded_output"]
        row["sent"] = self.layers["outputs"][:index][same].sum()
        return order

    def _place_state(self, row: np.void, third: bool) -> None:
        """Two states, what arrives, perhaps a third state, and the delay buffer."""
        outputs, state = row["outputs"], self.sizes.state
        row["state"] = state + -state % LANES
        row["delay_buffer"] = 2 * outputs + row["arriving"] + third * outputs
        end = row["state"] + row["delay_buffer"] + row["delay_steps"] * outputs
        self.sizes.state = int(end)

    def _dense(self, row: np.void, layer: Dense, order: np.ndarray) -> None:
        matrices = [layer.weight]
        if layer.recurrent_weight is not None:
            if layer.delay is not None:
                raise NetworkError(message("delay", "none in a recurrent layer", "delays"))
            row["recurrent"] = 1
            matrices.append(layer.recurrent_weight)
            tables = layer.recurrent_fan_out((len(layer.weight),))
            row["own_fan_out"] = self._growing.add_tables(*tables)
            self.sizes.grow(joined=int(row["inputs"] + row["outputs"]))
        order = np.concatenate([order, np.arange(len(order), sum(m.shape[1] for m in matrices))])
        if any(matrix.any() for matrix in matrices):
            stored, bits = stored_weights(*matrices)
        else:
            stored, bits = np.zeros((len(layer.weight), len(order)), np.int16), 0
        exact = self._needs_64_bits(row, stored, bits)
        self._delays(row, layer.delay_matrix, order, exact)
        if not exact:
            stored >>= bits
        self._matrix(row, stored, order, exact)
        row["shift"] = bits

    def _complex_dense(self, row: np.void, layer: ComplexDense, order: np.ndarray) -> None:
        (real, bits), (imaginary, more_bits) = map(
            stored_weights, (layer.real_weight, layer.imaginary_weight)
        )
        row["shift"], row["imaginary_shift"] = bits, more_bits
        exact = any(
            self._needs_64_bits(row, *stored) for stored in ((real, bits), (imaginary, more_bits))
        )
        if not exact:
            real, imaginary = real >> bits, imaginary >> more_bits
        self._matrix(row, np.vstack([real, imaginary]), order, exact)

    @staticmethod
    def _needs_64_bits(row: np.void, stored: np.ndarray, bits: int) -> bool:
        """Whether spikes are graded, or Lava rounds sums of these weights."""
        return bool(row["graded_input"]) or bool(_any_bits(stored) & ((1 << bits) - 1))

    def _matrix(self, row: np.void, weight: np.ndarray, order: np.ndarray, exact: bool) -> None:
        """Place weights [output, input]: ``exact`` as stored, else in the fewest bits."""
        if (order != np.arange(len(order))).any():
            weight = weight[:, order]
        sums, row["weight_rows"] = weight.shape
        if exact:
            row["kind"] = Kind.DENSE_ACC64
            row["weight"] = self._growing.add_weights(16, weight.T)
            self.sizes.grow(acc64=sums * max(1, int(row["delay_steps"])))
            return
        halved = not _any_bits(weight) & 1
        weight >>= halved
        row["scale"] = 1 << halved
        self.sizes.grow(acc16=sums)
        fits = weight.min() >= -128 and weight.max() <= 127
        if fits and row["delay_mode"] != DelayMode.SYNAPSE:
            row["kind"] = Kind.DENSE_WEIGHTS8
            row["weight"] = self._growing.add_weights(8, _tiled(weight.astype(np.uint8)))
        else:
            row["kind"] = Kind.DENSE_WEIGHTS16
            row["weight"] = self._growing.add_weights(16, weight.T)

    def _delays(
        self, row: np.void, delay: np.ndarray | None, order: np.ndarray, exact: bool
    ) -> None:
        if delay is None or not (exact or delay.any()):
            return
        row["delay_steps"] = 1 << int(delay.max()).bit_length()
        if not exact and (delay == delay[:, :1]).all():
            row["delay_mode"] = DelayMode.OUTPUT
            delays = delay[:, 0]
        else:
            row["delay_mode"] = DelayMode.SYNAPSE
            delays = delay.T[order]
        row["delay"] = self._growing.add_tables(delays)

    def _add_neurons(
        self,
        row: np.void,
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
        factors: tuple[np.ndarray | int, ...] = (0, 0)
        row["threshold"] = neuron.threshold << STATE_SHIFT
        if isinstance(neuron, CubaNeuron):
            row["model"] = Model.CUBA
            row["scale"] <<= STATE_SHIFT
            factors = (DECAY_SCALE - neuron.current_decay, DECAY_SCALE - neuron.voltage_decay)
            bias = bias.astype(np.int16).astype(np.int32) << STATE_SHIFT
        elif isinstance(neuron, RfNeuron):
            row["model"], row["by_phase"] = Model.RESONATOR, neuron.phase
            row["scale"] <<= STATE_SHIFT
            factors = neuron.decays_as_run()
        else:
            row["model"] = Model.SIGMA if neuron.sigma_output else Model.SIGMA_DELTA
            if isinstance(layer, NeuronInput):
                row["model"] = Model.DELTA
                row["scale"] <<= SDNN_SHIFT
            row["threshold"] = neuron.threshold << SDNN_SHIFT
            bias = (bias.astype(np.int64) << SDNN_SHIFT).astype(np.int32)
        first, second, bias = (_by_feature(value, shape)[order] for value in (*factors, bias))
        row["neuron"] = self._growing.add_neurons((first, second), bias, order)
        return order


def _any_bits(values: np.ndarray) -> int:
    """The bits that any of the values has."""
    return int(np.bitwise_or.reduce(values, axis=None))


def _tiled(weight: np.ndarray) -> np.ndarray:
    """Bytes of weights [output, input] as int8 [tile, input, output], of whole tiles.

    The two halves of a tile alternate, so that 16 bits hold a weight of each; that of the first
    half is 128 up, not negative. Rows some values longer are in other sets of the processor's
    cache where the inputs are a power of two.
    """
    outputs, inputs = weight.shape
    padded = np.pad(weight, ((0, -outputs % TILE), (0, CACHE_LINE)))
    halves = padded.reshape(-1, 2, TILE // 2, inputs + CACHE_LINE)
    pairs = halves[:, 1].astype("<u2")
    pairs <<= 8
    pairs |= halves[:, 0] ^ 128
    return pairs[..., :inputs].swapaxes(1, 2).copy().view(np.int8)


def _by_feature(value: np.ndarray | int, shape: tuple[int, ...]) -> np.ndarray:
    """One value for each feature; an axis of values runs along the channels, as in Lava."""
    try:
        return np.broadcast_to(value, shape[::-1]).transpose().ravel()
    except ValueError as error:
        raise NetworkError(
            message("neuron", f"one decay or {shape[0]}", f"shape {np.shape(value)}")
        ) from error

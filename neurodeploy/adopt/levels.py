"""One layer in integers: which scales are possible, and what it becomes at one of them.

A layer times a scale sends the same spikes: weights, bias and threshold have no unit of their own.
So the largest weight can lie at the largest level, if the threshold, the biases and the sum of all
weights then fit the chip.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from neurodeploy.adopt.floats import FloatLayer, Number
from neurodeploy.errors import InputError, NetworkError, message
from neurodeploy.netx.check import check
from neurodeploy.netx.layers import Conv, Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import STATE_LIMIT, CubaNeuron
from neurodeploy.netx.units import DECAY_SCALE, FEWEST_BITS, FULL_BITS, WEIGHT_SCALE

LARGEST_THRESHOLD = (1 << 17) - 1
LARGEST_BIAS = (1 << 12) - 1
LARGEST_SUM = STATE_LIMIT // WEIGHT_SCALE - 1
"""Of the weights of one sign of a neuron: one step cannot wrap the current."""

SCALES_TRIED = 65
NO_ERROR = 1e-12
"""Relative errors below this are those of floats."""


@dataclass(frozen=True, kw_only=True)
class Levels:
    """What weights can be: ``step * n`` with n in ``[-2**(bits - 1), 2**(bits - 1))``.

    Parameters
    ----------
    bits : int
        2 to 8.
    exponent : int
        0 to 8 - ``bits``; ``step`` is ``2 * 2**exponent``, even, as netx keeps it.
    """

    bits: int
    exponent: int

    @property
    def step(self) -> int:
        """Distance of two levels."""
        return 2 << self.exponent

    @property
    def lowest(self) -> int:
        """Lowest level."""
        return -(self.step << (self.bits - 1))

    @property
    def highest(self) -> int:
        """Highest level."""
        return -self.lowest - self.step

    def nearest(self, scaled: np.ndarray) -> np.ndarray:
        """The nearest levels of weights that have been scaled, int32."""
        levels = np.rint(scaled / self.step) * self.step
        return np.clip(levels, self.lowest, self.highest).astype(np.int32)


@dataclass(frozen=True, kw_only=True, eq=False)
class Rounded:
    """What a layer became: the layer of netx, and what its values were multiplied with."""

    layer: Conv | Dense
    scale: float


def require_bits(bits: int) -> int:
    """Return a number of bits that weights can have.

    Raises
    ------
    InputError
        They cannot.
    """
    if not isinstance(bits, (int, np.integer)) or not FEWEST_BITS <= bits <= FULL_BITS:
        raise InputError(message("bits", f"{FEWEST_BITS} to {FULL_BITS}", bits))
    return int(bits)


def round_layer(layer: FloatLayer, bits: int) -> Rounded:
    """The nearest integers of a layer, at the scale where they are nearest.

    Integers of netx in SLAYER's units, of at most so many bits, stay the integers that they are.

    Raises
    ------
    NetworkError
        No scale fits; the message names the layer.
    """
    if not layer.weight.any():
        raise NetworkError(
            message(
                f"layer {layer.name}, weight",
                "a weight other than 0",
                "zeros, which netx cannot scale",
                "Remove the layer and those behind it: they send nothing.",
            )
        )
    kept = _as_written(layer, bits)
    if kept is not None:
        return kept
    for levels, low, high in scale_ranges(layer, bits):
        for scale in _by_error(layer, levels, low, high):
            found = at_scale(layer, levels, scale)
            if fits(found):
                return Rounded(layer=found, scale=scale)
    raise no_scale(layer, bits)


def scale_ranges(layer: FloatLayer, bits: int) -> Iterator[tuple[Levels, float, float]]:
    """Levels, those with the finest threshold first, and between which scales they are worth it.

    The largest weight is about the largest level then, unless the chip's fields allow for less.
    """
    largest, limit = _largest_weight(layer), _limit(layer)
    for exponent in range(FULL_BITS - bits, -1, -1):
        levels = Levels(bits=bits, exponent=exponent)
        full = levels.highest / largest
        low, high = full / 2, min(3 * full, limit)
        if high < low and exponent == 0:
            low, high = limit / 2, limit
        if low <= high and high * largest > levels.step / 2:
            yield levels, low, high


def at_scale(layer: FloatLayer, levels: Levels, scale: float) -> Conv | Dense:
    """A layer of netx with the nearest levels at some scale."""
    return with_weights(
        layer,
        scale,
        weight=levels.nearest(layer.weight * scale),
        recurrent_weight=None
        if layer.recurrent_weight is None
        else levels.nearest(layer.recurrent_weight * scale),
    )


def with_weights(
    layer: FloatLayer,
    scale: float,
    *,
    weight: np.ndarray,
    recurrent_weight: np.ndarray | None = None,
) -> Conv | Dense:
    """A layer of netx with weights that are given; all else is the nearest at that scale."""
    neuron = CubaNeuron(
        current_decay=decay_integers(layer.current_decay),
        voltage_decay=decay_integers(layer.voltage_decay),
        threshold=_threshold(layer, scale),
    )
    bias = None if layer.bias is None else np.rint(layer.bias * scale).astype(np.int32)
    if layer.is_convolution:
        return Conv(
            weight=weight,
            neuron=neuron,
            bias=bias,
            stride=layer.stride,
            padding=layer.padding,
            dilation=layer.dilation,
            groups=layer.groups,
        )
    return Dense(
        weight=weight,
        neuron=neuron,
        bias=bias,
        recurrent_weight=recurrent_weight,
        delay=layer.delay,
    )


def decay_integers(decay: Number) -> np.ndarray:
    """The nearest decays in 4096ths, int32, one or one a neuron or channel."""
    return np.rint(np.asarray(decay) * DECAY_SCALE).astype(np.int32)


AS_WRITTEN = ("silent-layer", "slayer-bias")
"""Findings of layers that run as they are written, and fit: no scale changes them."""


def fits(layer: Conv | Dense) -> bool:
    """Whether netx and Lava run a layer as written, within the chip's fields and 24 bits."""
    inputs: tuple[int, ...] = layer.weight.shape[1:]
    if isinstance(layer, Conv):
        span = (d * (k - 1) + 1 for d, k in zip(layer.dilation, inputs[1:], strict=True))
        inputs = (inputs[0] * layer.groups, *span)
    found = check(Network(input_shape=inputs, layers=(layer,)))
    return all(finding.code in AS_WRITTEN for finding in found)


def relative_error(layer: FloatLayer, rounded: Conv | Dense) -> float:
    """Root of the summed squared errors of weights and biases, as a part of their own sum.

    All are taken in units of the threshold, as a neuron does.
    """
    threshold = rounded.neuron.threshold
    errors, sizes = 0.0, 0.0
    for name in ("weight", "recurrent_weight", "bias"):
        wanted = getattr(layer, name)
        if wanted is not None:
            wanted = wanted / layer.threshold
            errors += float(np.square(getattr(rounded, name) / threshold - wanted).sum())
            sizes += float(np.square(wanted).sum())
    return float(np.sqrt(errors / sizes))


def _threshold(layer: FloatLayer, scale: float) -> int:
    return max(1, int(np.rint(layer.threshold * scale)))


def _as_written(layer: FloatLayer, bits: int) -> Rounded | None:
    """The layer as integers of netx in SLAYER's units, if it is one of at most so many bits.

    Kernels may be odd then: netx keeps those of a convolution.
    """
    given = (layer.weight, layer.recurrent_weight, layer.bias, layer.threshold)
    scaled = [np.asarray(value) * WEIGHT_SCALE for value in given if value is not None]
    largest = max(float(np.abs(value).max()) for value in scaled)
    if largest > LARGEST_THRESHOLD or not all(map(_whole, scaled)):
        return None
    matrices = {
        name: np.rint(getattr(layer, name) * WEIGHT_SCALE).astype(np.int32)
        for name in ("weight", "recurrent_weight")
        if getattr(layer, name) is not None
    }
    found = with_weights(layer, WEIGHT_SCALE, **matrices)
    few = any(
        all((levels.nearest(matrix) == matrix).all() for matrix in matrices.values())
        for levels in (Levels(bits=bits, exponent=e) for e in range(FULL_BITS - bits + 1))
    )
    if (few or bits == FULL_BITS) and fits(found):
        return Rounded(layer=found, scale=WEIGHT_SCALE)
    return None


def _whole(values: np.ndarray) -> bool:
    """Whether they are whole numbers, but for the errors of floats."""
    whole = np.rint(values)
    return bool((abs(values - whole) <= NO_ERROR * abs(whole)).all())


def _by_error(layer: FloatLayer, levels: Levels, low: float, high: float) -> list[float]:
    """Scales in a range, the one with the smallest error first, larger ones before smaller ones.

    Powers of two are among them and, should the weights be levels of their own, those that make
    the smallest one a level.
    """
    smallest = float(np.abs(layer.weight[layer.weight != 0]).min())
    tried = {*np.geomspace(low, high, SCALES_TRIED).tolist()}
    tried |= {levels.highest / _largest_weight(layer)}
    tried |= {2.0**power for power in range(int(np.log2(low)) - 1, int(np.log2(high)) + 2)}
    tried |= {levels.step * count / smallest for count in range(1, 1 << levels.bits)}
    scales = sorted((scale for scale in tried if low <= scale <= high), reverse=True)
    errors = [relative_error(layer, at_scale(layer, levels, scale)) for scale in scales]
    order = np.argsort(np.maximum(errors, NO_ERROR), kind="stable")
    return [scales[place] for place in order]


def _largest_weight(layer: FloatLayer) -> float:
    recurrent = 0.0 if layer.recurrent_weight is None else np.abs(layer.recurrent_weight).max()
    return float(max(np.abs(layer.weight).max(), recurrent))


def _limit(layer: FloatLayer) -> float:
    """The largest scale at which threshold, biases and the sum of weights fit the chip."""
    parts = [layer.weight.reshape(len(layer.weight), -1)]
    if layer.recurrent_weight is not None:
        parts.append(layer.recurrent_weight)
    rows = np.hstack(parts)
    largest_sum = max(np.maximum(rows, 0).sum(1).max(), np.maximum(-rows, 0).sum(1).max())
    limits = [LARGEST_THRESHOLD / layer.threshold, LARGEST_SUM / float(largest_sum)]
    if layer.bias is not None and layer.bias.any():
        limits.append(LARGEST_BIAS / float(np.abs(layer.bias).max()))
    return min(limits)


def no_scale(layer: FloatLayer, bits: int) -> NetworkError:
    """What is raised where nothing fits."""
    found = f"largest weight {_largest_weight(layer):g}, threshold {layer.threshold:g}"
    if layer.bias is not None:
        found += f", largest bias {np.abs(layer.bias).max():g}"
    return NetworkError(
        message(
            f"layer {layer.name}",
            f"a scale at which weights of {bits} bits, a threshold of at most "
            f"{LARGEST_THRESHOLD} and biases of at most {LARGEST_BIAS} fit, and netx keeps them",
            found,
            "A smaller bias or threshold, more bits, or a weight above 0 may do.",
        )
    )

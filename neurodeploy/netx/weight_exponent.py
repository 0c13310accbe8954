"""SLAYER's weight-scale norm, as weights, bias and threshold.

With the norm (``lava.lib.dl.slayer.neuron.norm.WgtScaleBatchNorm``) a voltage gets
``(current + bias) / 2**exponent`` in every step, cut to a whole number. Files hold the exponent as
``neuron/weight_exp``, and netx does not read it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from neurodeploy.errors import NetworkError, message
from neurodeploy.netx.layers import Conv, Dense
from neurodeploy.netx.neurons import SdnnNeuron
from neurodeploy.netx.units import DECAY_SCALE


@dataclass(frozen=True, kw_only=True, eq=False)
class FoldedExponent:
    """A layer that gives what the norm would.

    Parameters
    ----------
    layer : Dense or Conv
        Weights and bias times ``2**weight_shift``, threshold times ``2**threshold_shift``.
    weight_shift, threshold_shift : int
        Their difference is the exponent.
    exact : bool
        No state is cut to a whole number elsewhere than in SLAYER.
    """

    layer: Dense | Conv
    weight_shift: int
    threshold_shift: int
    exact: bool


def fold_exponent(layer: Dense | Conv, exponent: int) -> FoldedExponent:
    """Fold the exponent of a norm into a layer; exactly if that can be.

    Parameters
    ----------
    layer : Dense or Conv
        As SLAYER exports it: its bias is the negative mean of the norm.
    exponent : int
        As the norm applies it.

    Raises
    ------
    NetworkError
        The layer is recurrent, or neither weights nor threshold can take the exponent: they would
        not be whole, or leave the range of a field.
    """
    if layer.recurrent_weight is not None:
        remedy = "SLAYER's norm changes what the current of a recurrent layer keeps; remove it."
        raise NetworkError(message("neuron/weight_exp", 0, exponent, remedy))
    folds = [_folded(layer, shift, exponent) for shift in _weight_shifts(layer, exponent)]
    possible = [fold for fold in folds if fold is not None]
    if not possible:
        remedy = "Train without the norm's scale (slayer.neuron.norm.MeanOnlyBatchNorm)."
        low, high, threshold = layer.weight.min(), layer.weight.max(), layer.neuron.threshold
        found = f"{exponent} with weights of {low} to {high} and a threshold of {threshold}"
        expected = "an exponent that weights or threshold can take"
        raise NetworkError(message("neuron/weight_exp", expected, found, remedy))
    return next((fold for fold in possible if fold.exact), possible[0])


def _weight_shifts(layer: Dense | Conv, exponent: int) -> range:
    """By how much weights may be shifted, the least first; the threshold is shifted by the rest.

    A sigma-delta neuron sends what it computes, so its weights take it all.
    """
    if isinstance(layer.neuron, SdnnNeuron):
        return range(-exponent, -exponent + 1)
    return range(0, -exponent - 1, -1) if exponent > 0 else range(-exponent + 1)


def _folded(layer: Dense | Conv, weight_shift: int, exponent: int) -> FoldedExponent | None:
    threshold_shift = weight_shift + exponent
    weight = _shifted(layer.weight, weight_shift)
    bias = layer.bias if layer.bias is None else _shifted(layer.bias, weight_shift)
    threshold = _shifted(np.asarray(layer.neuron.threshold), threshold_shift)
    if weight is None or threshold is None or (bias is None and layer.bias is not None):
        return None
    if (weight_shift > 0 and (weight.min() < -256 or weight.max() > 254)) or threshold >= 1 << 18:
        return None
    neuron = replace(layer.neuron, threshold=int(threshold))
    return FoldedExponent(
        layer=replace(layer, weight=weight, bias=bias, neuron=neuron),
        weight_shift=weight_shift,
        threshold_shift=threshold_shift,
        exact=_exact(layer, weight_shift, exponent),
    )


def _shifted(array: np.ndarray, shift: int) -> np.ndarray | None:
    """Times 2**shift, or None where that is not whole."""
    if shift >= 0:
        return array.astype(np.int64) << shift
    return None if (array & ((1 << -shift) - 1)).any() else array >> -shift


def _exact(layer: Dense | Conv, weight_shift: int, exponent: int) -> bool:
    """A state that forgets nothing, or everything, is never cut, so it may have any scale."""
    neuron = layer.neuron
    if isinstance(neuron, SdnnNeuron):
        return True
    current_is_whole, voltage_is_whole = (
        bool(np.isin(decay, (0, DECAY_SCALE)).all())
        for decay in (neuron.current_decay, neuron.voltage_decay)
    )
    current = current_is_whole or (weight_shift == 0 and exponent <= 0)
    return current and (voltage_is_whole or weight_shift == -exponent)

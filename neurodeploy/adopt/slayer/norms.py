"""SLAYER's norms of what reaches a neuron, as bias and exponent.

Both subtract a mean; `WgtScaleBatchNorm` divides by a power of two too. Cuba neurons take
the result of their current, sigma-delta neurons that of their sum, resonators their input.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from neurodeploy.adopt.slayer.notes import Notes
from neurodeploy.errors import NetworkError, message
from neurodeploy.netx.layers import Conv, Dense
from neurodeploy.netx.weight_exponent import fold_exponent

NORMS = ("MeanOnlyBatchNorm", "WgtScaleBatchNorm")
"""Those of ``lava.lib.dl.slayer.neuron.norm``."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Norm:
    """``(value + bias) / 2**exponent``.

    Parameters
    ----------
    bias : int64 array [channel] or [1]
        In netx's units.
    exponent : int
        As the norm applies it, within its limit.
    """

    bias: np.ndarray
    exponent: int = 0

    @property
    def does_nothing(self) -> bool:
        """Whether a value stays as it is."""
        return self.exponent == 0 and not self.bias.any()


def norm_of(norm: Any, scale: int) -> Norm:
    """What a norm does when the module is evaluated, with the mean and variance that it has kept.

    Parameters
    ----------
    norm : module or None
        As a neuron has it.
    scale : int
        ``w_scale`` of the neuron.

    Raises
    ------
    NetworkError
        It is none of SLAYER's.
    """
    if norm is None:
        return Norm(bias=np.zeros(1, np.int64))
    if not any(kind.__name__ in NORMS for kind in type(norm).__mro__):
        remedy = "Another norm is no bias, and no power of two."
        raise NetworkError(message("neuron/norm", " or ".join(NORMS), type(norm).__name__, remedy))
    with torch.no_grad():
        mean = norm.pre_hook_fx(norm.running_mean).cpu().numpy().astype(np.float64) * scale
        exponent = 0
        if hasattr(norm, "std"):
            exponent = round(float(torch.log2(norm.std(norm.running_var))))
    return Norm(bias=-np.rint(mean).astype(np.int64), exponent=exponent)


def with_norm(
    layer: Dense | Conv, norm: Norm, notes: Notes, own: np.ndarray | None = None
) -> Dense | Conv:
    """With a norm, and the bias of its neurons, as bias, weights and threshold."""
    bias = norm.bias if own is None else norm.bias + own * 2.0**norm.exponent
    if (bias != np.rint(bias)).any():
        worst = np.abs(bias - np.rint(bias)).max()
        notes.say(
            "rounded-bias",
            "bias",
            f"the neurons' bias was rounded to whole numbers, by up to {worst:.3g} of a step",
            "Round it before you evaluate the module",
        )
    if bias.any():
        whole = np.broadcast_to(np.rint(bias).astype(np.int64), (len(layer.weight),))
        layer = replace(layer, bias=whole)
        notes.say(
            "bias-step",
            "bias",
            "a bias acts from the first step in every layer, in SLAYER a step later in each",
            "Compare the module with the network on your data",
        )
    if norm.exponent == 0:
        return layer
    fold = fold_exponent(layer, norm.exponent)
    where = (
        f"the norm's division by 2**{norm.exponent} became weights times 2**{fold.weight_shift} "
        f"and a threshold times 2**{fold.threshold_shift}"
    )
    if fold.exact:
        notes.say("folded-scale", "weight", f"{where}, exactly", "Nothing is to be done")
    else:
        notes.say(
            "rounded-scale",
            "weight",
            f"{where}; states are cut to whole numbers elsewhere than in SLAYER",
            "Compare the module with the network on your data",
        )
    return fold.layer


def own_bias(block: Any, channels: int) -> np.ndarray | None:
    """Bias of sigma-delta neurons [channel], in netx's units; SLAYER does not export it."""
    if not getattr(block.neuron, "bias_is_set", False):
        return None
    bias = block.neuron.bias.detach().cpu().numpy().astype(np.float64) * block.neuron.w_scale
    by_channel = bias.reshape(channels, -1) if bias.size >= channels else bias.reshape(1, 1)
    if np.ptp(by_channel, axis=1).any():
        remedy = "netx has one bias for all neurons of a channel."
        raise NetworkError(message("neuron/bias", "one value a channel", bias.shape, remedy))
    return by_channel[:, 0]

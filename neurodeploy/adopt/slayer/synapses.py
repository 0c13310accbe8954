"""The whole weights that SLAYER's synapses multiply with, in netx's units."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from neurodeploy.adopt.slayer.notes import Notes
from neurodeploy.errors import NetworkError, message

STEP = 2
"""SLAYER quantises weights in steps of 2 (``lava.lib.dl.slayer.neuron.base``)."""

FLOAT32_ERROR = 1e-4
"""A whole weight of 9 bits is not further from one after it was divided in float32."""


def whole_weights(synapse: Any, scale: int, notes: Notes, mask: Any = None) -> np.ndarray:
    """Weights of a synapse as its forward applies them, times the scale of its neurons.

    Weight norm is resolved, and the synapse's own quantisation (``pre_hook_fx``) is applied. What
    is not whole after that is rounded to SLAYER's step, and noted.

    Parameters
    ----------
    synapse : slayer.synapse.layer.GenericLayer
        One with real weights.
    scale : int
        ``w_scale`` of the neurons behind it: what a weight of 1 is in the file.
    notes : Notes
        Takes what is rounded.
    mask : bool tensor, optional
        Of its block. SLAYER masks weights before it applies weight norm, which undoes it.

    Returns
    -------
    int64 array [output, input, height, width, 1]
    """
    with torch.no_grad():
        if hasattr(synapse, "weight_g"):
            weight = normed(synapse)
        else:
            weight = synapse.weight if mask is None else synapse.weight * mask
        hook = synapse.pre_hook_fx
        applied = weight if hook is None else hook(weight)
    exact = applied.detach().cpu().numpy().astype(np.float64) * scale
    if not np.isfinite(exact).all():
        raise NetworkError(message("weight", "finite numbers", "some that are not"))
    if (np.abs(exact - np.rint(exact)) < FLOAT32_ERROR).all():
        return np.rint(exact).astype(np.int64)
    rounded = (STEP * np.rint(exact / STEP)).astype(np.int64)
    notes.say(
        "rounded-weight",
        "weight",
        f"weights that SLAYER does not quantise were rounded to steps of {STEP}/{scale}, "
        f"by up to {np.abs(rounded - exact).max() / scale:.3g}",
        "Train with the block's own quantisation: leave pre_hook_fx out",
    )
    return rounded


def normed(synapse: Any) -> torch.Tensor:
    """Weights of a synapse with weight norm, of its present direction and length."""
    weight: torch.Tensor = torch._weight_norm(synapse.weight_v, synapse.weight_g, 0)
    return weight


def recurrent_weights(synapse: Any, scale: int, notes: Notes) -> np.ndarray:
    """The same of a recurrent synapse, which SLAYER multiplies with past its weight norm.

    Raises
    ------
    NetworkError
        Its weights are not those of its weight norm: SLAYER never computes them again, nor does
        it save them.
    """
    if hasattr(synapse, "weight_g") and not torch.equal(normed(synapse), synapse.weight):
        remedy = "Call `disable_weight_norm()` of the block's recurrent_synapse before training."
        expected = "the weights of its weight norm, which SLAYER computes once only"
        raise NetworkError(message("recurrent_synapse", expected, "others", remedy))
    return whole_weights(synapse, scale, notes)

"""Prune the synapses of a trained model and give their weights fewer bits, to be trained on.

Pruned synapses stay away and weights keep to their levels while the model is fine-tuned, so what
is exported is what was evaluated.
"""

from __future__ import annotations

import copy
import dataclasses

import torch

from neurodeploy.errors import InputError, message
from neurodeploy.model.encoder import Block
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.model.levels import FULL_BITS, WeightLevels


@torch.no_grad()
def compress(model: HybridModel, *, pruned: float = 0.0, bits: int = FULL_BITS) -> HybridModel:
    """A copy of a model with fewer synapses and coarser weights in every layer.

    Parameters
    ----------
    model : HybridModel
        Left as it is.
    pruned : float
        Share of the synapses of each layer that goes, the smallest weights first, in [0, 1).
    bits : int
        Of a weight, 2 to 8; the exponent of each layer is the one with the smallest squared
        error.

    Raises
    ------
    InputError
        A number is out of bounds.
    """
    if not 0 <= pruned < 1:
        raise InputError(message("pruned", "a share in [0, 1)", pruned))
    smaller = copy.deepcopy(model)
    for block in smaller.encoder.blocks:
        assert isinstance(block, Block)
        weight = block.synapse.weight
        gone = int(pruned * weight.numel())
        if gone:
            order = weight.abs().flatten().argsort()
            connected = torch.ones_like(weight) if block.connected is None else block.connected
            connected.view(-1)[order[:gone]] = 0
            block.connected = connected
            weight.mul_(connected)
        block.spec = dataclasses.replace(block.spec, levels=WeightLevels.nearest(weight, bits))
    return smaller

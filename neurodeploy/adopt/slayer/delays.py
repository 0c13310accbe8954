"""SLAYER's axonal delays, which are those of a layer's output, as delays of synapses.

A dense layer without bias may delay its input instead, as SLAYER exports it, to the same effect.
Any other delay goes to the synapses of the dense layer that follows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeGuard

import numpy as np

from neurodeploy.adopt.slayer.notes import Notes
from neurodeploy.errors import NetworkError, message
from neurodeploy.netx.layers import MAX_DELAY_STEPS, Dense, Layer


def with_delays(
    layers: Sequence[tuple[Layer, tuple[int, ...], np.ndarray | None]], notes: Notes
) -> list[Layer]:
    """Place the delays of all layers.

    Parameters
    ----------
    layers : sequence of (Layer, tuple of int, int array [channel] or None)
        Each without delays, the shape of what it sends, and the steps by which SLAYER delays that.
    notes : Notes
        Takes what was moved.

    Raises
    ------
    NetworkError
        netx has no place for a delay, or a sum of two is too long for it.
    """
    placed = [layer for layer, _, _ in layers]
    for index, (_, shape, delay) in enumerate(layers):
        if delay is None or not delay.any():
            continue
        notes.layer = index
        layer = placed[index]
        following = placed[index + 1] if index + 1 < len(placed) else None
        if _may_delay(layer) and (layer.bias is None or not _may_delay(following)):
            if layer.bias is not None:
                reason = f"its bias acts up to {delay.max()} steps more than in SLAYER"
                remedy = "Compare the module with the network on your data"
                notes.say("delayed-bias", "delay", reason, remedy)
            placed[index] = _delayed(layer, delay[:, None])
        elif _may_delay(following):
            placed[index + 1] = _delayed(following, np.repeat(delay, math.prod(shape[1:]))[None])
            reason = "its delays went to the synapses of the next layer, where SLAYER applies them"
            notes.say("moved-delay", "delay", reason, "Nothing is to be done")
        else:
            remedy = "Let a dense cuba or sigma-delta block follow it, or train without delays."
            kind = "no layer" if following is None else f"a layer of kind {following.kind}"
            expected = f"a dense layer behind a delayed one of kind {layer.kind}"
            raise NetworkError(message("delay", expected, kind, remedy))
    return placed


def _may_delay(layer: Layer | None) -> TypeGuard[Dense]:
    return isinstance(layer, Dense) and layer.recurrent_weight is None


def _delayed(layer: Dense, delay: np.ndarray) -> Dense:
    """With a delay [output, 1] or [1, input] more."""
    if layer.delay is None and delay.shape[1] == 1:
        total = delay[:, 0]
    else:
        before = 0 if layer.delay_matrix is None else layer.delay_matrix
        total = np.broadcast_to(before + delay, layer.weight.shape)
    if total.max() > MAX_DELAY_STEPS:
        remedy = "Train with shorter delays."
        expected = f"at most {MAX_DELAY_STEPS} steps between two layers"
        raise NetworkError(message("delay", expected, int(total.max()), remedy))
    return replace(layer, delay=total)

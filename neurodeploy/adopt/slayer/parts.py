"""What readers of blocks share: what a block became, and what they require of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurodeploy.adopt.slayer import neurons
from neurodeploy.adopt.slayer.norms import Norm, norm_of
from neurodeploy.adopt.slayer.notes import Notes
from neurodeploy.errors import NetworkError, message
from neurodeploy.netx.layers import Layer

Shape = tuple[int, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Read:
    """What a block became.

    Parameters
    ----------
    layer : Layer, optional
        None, where it only changes the shape or the time of its input.
    shape : tuple of int
        Features that it sends.
    late_steps : int
        By so many steps the layer answers later than the block; earlier, if negative.
    delay : int array [channel], optional
        Steps by which SLAYER delays what the block sends.
    """

    layer: Layer | None
    shape: Shape
    late_steps: int = 0
    delay: np.ndarray | None = None


def kind_of(block: Any) -> str:
    """Name of a block's kind: that of the first of its classes which is SLAYER's."""
    for cls in type(block).__mro__:
        if cls.__module__.startswith("lava.lib.dl.slayer.block."):
            return cls.__name__
    return type(block).__name__


def block_norm(block: Any) -> Norm:
    """What the norm of a block does."""
    return norm_of(block.neuron.norm, block.neuron.w_scale)


def require_cuba(block: Any) -> None:
    """Refuse a block of other neurons."""
    kind = neurons.kind_of(block.neuron)
    if kind != "cuba":
        remedy = f"netx has none of {kind} neurons."
        raise NetworkError(message(f"neuron of this {kind_of(block)} block", "cuba", kind, remedy))


def require_real(block: Any) -> None:
    """Refuse a block of complex weights."""
    if getattr(block.synapse, "complex", False):
        remedy = "netx has dense layers of resonators only."
        raise NetworkError(
            message(f"weights of a {kind_of(block)} block", "real", "complex", remedy)
        )


def note_later(notes: Notes) -> None:
    """Note that the layer answers a step after its block."""
    reason = "the block has no step before what follows it; a layer of netx has one"
    notes.say("step-added", "time", reason, "Read the output one step later for each such layer")


def note_earlier(notes: Notes) -> None:
    """Note that the layer answers a step before its block."""
    reason = "SLAYER sends what its input block sends a step late; netx does not"
    notes.say("step-removed", "time", reason, "Read the output one step earlier")

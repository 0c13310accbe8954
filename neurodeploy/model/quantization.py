"""Fewer synapses and coarser weights: what is trained on is what is exported.

Pruned synapses stay away and weights keep to their levels while a model is fine-tuned, so what is
exported is what was evaluated.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from neurodeploy.errors import InputError, message
from neurodeploy.model.compiling import compiled, loops_take
from neurodeploy.model.workers import share_slices
from neurodeploy.netx.magnitude import smallest
from neurodeploy.netx.units import FEWEST_BITS, FULL_BITS, WEIGHT_SCALE

if TYPE_CHECKING:
    from neurodeploy.model.hybrid import HybridModel

VALUES = 1 << 16
"""Of a piece of work."""


@dataclass(frozen=True, kw_only=True)
class WeightLevels:
    """Signed weights of a few bits, times a power of two.

    Stored weights are ``2 * 2**exponent * n`` with n in ``[-2**(bits - 1), 2**(bits - 1))``.
    With 8 bits these are SLAYER's own levels, even integers from -256 to 254.

    Parameters
    ----------
    bits : int
        2 to 8.
    exponent : int
        0 to 8 - ``bits``.
    """

    bits: int = FULL_BITS
    exponent: int = 0

    def __post_init__(self) -> None:
        if not FEWEST_BITS <= self.bits <= FULL_BITS:
            expected = f"{FEWEST_BITS} to {FULL_BITS}"
            raise InputError(message("WeightLevels.bits", expected, self.bits))
        if not 0 <= self.exponent <= FULL_BITS - self.bits:
            raise InputError(
                message("WeightLevels.exponent", f"0 to {FULL_BITS - self.bits}", self.exponent)
            )

    @classmethod
    def nearest(
        cls, weight: torch.Tensor, bits: int, times: torch.Tensor | float = 1.0
    ) -> WeightLevels:
        """The levels of so many bits with the smallest sum of squared errors.

        Parameters
        ----------
        weight : Tensor
            In SLAYER's units.
        bits : int
            2 to 8.
        times : Tensor, optional
            How often each weight occurs.
        """
        choices = [cls(bits=bits, exponent=e) for e in range(max(0, FULL_BITS - bits) + 1)]
        return min(
            choices,
            key=lambda levels: float(((levels(weight) - weight).square() * times).sum()),
        )

    @property
    def step(self) -> float:
        """Distance of two levels, in SLAYER's units."""
        return 2 * 2**self.exponent / WEIGHT_SCALE

    def __call__(self, weight: torch.Tensor) -> torch.Tensor:
        """The nearest levels, in SLAYER's units; rounding passes gradients, clamping none."""
        nearest: torch.Tensor = _Nearest.apply(weight, self.step, 2 ** (self.bits - 1))
        return nearest


class _Nearest(torch.autograd.Function):
    """SLAYER's ``quantize``, clamped; its own function, as gradients of ``clamp`` at a bound differ
    between releases of PyTorch.
    """

    @staticmethod
    def forward(ctx: Any, weight: torch.Tensor, step: float, half: int) -> torch.Tensor:
        ctx.save_for_backward(weight)
        ctx.step, ctx.half = step, half
        if loops_take(weight):
            return _in_pieces(_round, step, half, weight)
        return torch.round(weight * (1 / step)).clamp_(-half, half - 1).mul_(step)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        (weight,), step, half = ctx.saved_tensors, ctx.step, ctx.half
        if loops_take(weight):
            lowest, highest = (float(bound) / step for bound in torch.aminmax(weight.detach()))
            if -half - 0.5 <= lowest and highest < half - 0.5:
                return grads[0], None, None
            return _in_pieces(_pass, step, half, weight, grads[0]), None, None
        level = torch.round(weight * (1 / step))
        return grads[0] * ((level >= -half) & (level < half)), None, None


def _in_pieces(
    loop: Callable[..., None], step: float, half: int, *tensors: torch.Tensor
) -> torch.Tensor:
    """What a loop makes of tensors of one shape, number by number."""
    out = torch.empty(tensors[0].shape)
    flat = [tensor.detach().reshape(-1).numpy() for tensor in (*tensors, out)]
    numbers = np.float32(step), np.float32(half)

    def work(some: slice) -> None:
        loop(*numbers, *(array[some] for array in flat))

    share_slices(out.numel(), VALUES, work)
    return out


@compiled
def _round(step: float, half: float, weights: Any, out: Any) -> None:
    scale = np.float32(1) / step
    for i in range(len(out)):
        level = np.rint(weights[i] * scale)
        out[i] = min(max(level, -half), half - np.float32(1)) * step


@compiled
def _pass(step: float, half: float, weights: Any, errors: Any, out: Any) -> None:
    scale = np.float32(1) / step
    for i in range(len(out)):
        level = np.rint(weights[i] * scale)
        out[i] = errors[i] if -half <= level < half else np.float32(0)


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
    for block in smaller.encoder.layers:
        block.connected = _pruned(block.synapse.weight, block.connected, pruned)
        weights = [block.synapse.weight.flatten()]
        if block.recurrent_synapse is not None:
            own = block.recurrent_synapse.weight
            block.recurrent_connected = _pruned(own, block.recurrent_connected, pruned)
            weights.append(own.flatten())
        levels = WeightLevels.nearest(torch.cat(weights), bits)
        block.spec = replace(block.spec, levels=levels)
    return smaller


def _pruned(
    weight: torch.Tensor, connected: torch.Tensor | None, share: float
) -> torch.Tensor | None:
    """Set the smallest weights to 0; give where there are synapses, None for everywhere."""
    gone = int(share * weight.numel())
    if not gone:
        return connected
    mask = torch.ones_like(weight) if connected is None else connected
    mask[torch.from_numpy(smallest(weight.detach().cpu().numpy(), gone))] = 0
    weight.mul_(mask)
    return mask

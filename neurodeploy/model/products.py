"""Weights times spikes of a dense layer: by events where few are not 0, dense elsewhere."""

from __future__ import annotations

from typing import Any

import torch

from neurodeploy.model.events import Events
from neurodeploy.model.workers import share_slices

BREAK_EVEN = 0.25
"""Share of spikes from which on a dense product is faster than one by events."""

ROWS = 128
"""Of a piece of a dense product."""


class WeightedSpikes(torch.autograd.Function):
    """What reaches the neurons of a dense layer, one step after the spikes.

    On a CPU, and if less than `BREAK_EVEN` of the spikes are 1, sums are over lists of them, and
    equal to dense ones to the bit. Gradients of spikes are dense: errors are seldom 0.
    """

    @staticmethod
    def forward(ctx: Any, rows: torch.Tensor, weight: torch.Tensor, step: float) -> torch.Tensor:
        """Sum the weights of the inputs that spike.

        Parameters
        ----------
        rows : Tensor [time, batch, input], float32
            Spikes, 0 or 1, of any strides.
        weight : Tensor [output, input], float32
            Multiples of ``step`` by -128 to 127.
        step : float
            A power of two.

        Returns
        -------
        Tensor [time, batch, output], float32
            Sums of the spikes of the step before; 0 in the first step.
        """
        before, by_weight = rows[:-1], weight.detach()
        sums = rows.new_empty(*rows.shape[:2], len(weight))
        sums[0] = 0
        ctx.events = None
        if rows.is_cpu and float(rows.sum()) < BREAK_EVEN * rows.numel():
            ctx.events = Events.of(before)
            ctx.events.weighted(by_weight, step, sums[1:])
            ctx.save_for_backward(weight)
        else:
            before = before.contiguous()
            dense_product(before, by_weight.T, sums[1:])
            ctx.save_for_backward(weight, before)
        return sums

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Gradients of spikes and weights."""
        weight, *before = ctx.saved_tensors
        errors = grads[0][1:].contiguous()
        of_rows = of_weight = None
        if ctx.needs_input_grad[0]:
            of_rows = grads[0].new_empty(*grads[0].shape[:2], weight.shape[1])
            of_rows[-1] = 0
            dense_product(errors, weight, of_rows[:-1])
        if ctx.needs_input_grad[1]:
            if ctx.events is not None:
                of_weight = ctx.events.outer(errors)
            else:
                of_weight = torch.empty_like(weight)
                transposed = errors.flatten(0, 1).T.contiguous()
                dense_product(transposed[None], before[0].flatten(0, 1), of_weight[None])
        return of_rows, of_weight, None


def dense_product(rows: torch.Tensor, factor: torch.Tensor, out: torch.Tensor) -> None:
    """Matrix product of contiguous rows [time, batch, i] with a factor [i, o], in fixed pieces."""
    rows, factor, out = rows.detach().flatten(0, 1), factor.detach(), out.flatten(0, 1)

    def multiply(some: slice) -> None:
        torch.mm(rows[some], factor, out=out[some])

    share_slices(len(rows), ROWS, multiply)

r"""Axonal delays in whole steps that are learnt.

Weighted spikes z reach neuron i after a delay of :math:`d_i` steps,

.. math::
    z'_{i,t} = z_{i,\,t - d_i}, \qquad d_i = \mathrm{round}(\delta_i),

where the optimizer moves the real number :math:`\delta_i`. Forward only ever has whole steps, as
the chip has: at every moment of a training, what is trained is what is exported.

Backward, every pulse is a triangle of 2 R steps around it, and its slope stands in for the
derivative by the delay,

.. math::
    \frac{\partial z'_{i,t}}{\partial \delta_i} \approx
    \frac{1}{R (R + 1)} \sum_{r=1}^{R} \big(z_{i,\,t - d_i - r} - z_{i,\,t - d_i + r}\big).

Linear interpolation between neighbours would see a pulse from one step away only, and spikes are
mostly further apart.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.functional import pad

from neurodeploy.model.dynamics import time_first, time_last

REACH = 4
"""R, the steps to either side from which the gradient of a delay sees a pulse."""


class AxonalDelays(torch.nn.Module):
    """A delay for each neuron of a dense layer.

    ``delay`` is what is learnt, [neuron], in steps; it starts at a whole number, uniform from 0 to
    the largest.

    Parameters
    ----------
    neurons : int
        Of the layer.
    largest : int
        Steps that no delay exceeds.
    """

    def __init__(self, neurons: int, largest: int) -> None:
        super().__init__()
        self.largest = largest
        self.delay = torch.nn.Parameter(torch.randint(largest + 1, (neurons,)).float())

    @property
    def steps(self) -> torch.Tensor:
        """The delays that the chip has, [neuron], int64."""
        return self.delay.detach().clamp(0, self.largest).round().long()

    def forward(self, weighted: torch.Tensor) -> torch.Tensor:
        """Weighted spikes when they arrive, [batch, neuron, time]; brings ``delay`` into range."""
        with torch.no_grad():
            self.delay.clamp_(0, self.largest)
        delayed: torch.Tensor = _Delayed.apply(weighted, self.delay, self.steps)
        return delayed


class _Delayed(torch.autograd.Function):
    """Each neuron's row later by its steps, with the module's gradient."""

    @staticmethod
    def forward(
        ctx: Any, weighted: torch.Tensor, delay: torch.Tensor, steps: torch.Tensor
    ) -> torch.Tensor:
        rows = time_first(weighted)
        ctx.save_for_backward(rows, steps)
        return time_last(_at(rows, -steps, len(rows)))

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        rows, steps = ctx.saved_tensors
        direct, time = time_first(grads[0]), len(rows)
        slopes = _at(_slopes(rows), REACH - steps, time)
        of_delay = (direct * slopes).sum((0, 1)) / (REACH * (REACH + 1))
        return time_last(_at(direct, steps, time)), of_delay, None


def _slopes(rows: torch.Tensor) -> torch.Tensor:
    """R steps before less R steps after, at each step from -R on, [R + time, batch, neuron]."""
    sums = pad(rows, (0, 0, 0, 0, 2 * REACH + 1, REACH)).cumsum(0)
    before = sums[REACH : -REACH - 1] - sums[: -2 * REACH - 1]
    after = sums[2 * REACH + 1 :] - sums[REACH + 1 : -REACH]
    return before - after


def _at(rows: torch.Tensor, offsets: torch.Tensor, time: int) -> torch.Tensor:
    """Of rows [any time, batch, neuron], step t + the neuron's offset at t; 0 where none is."""
    steps = torch.arange(time, device=rows.device)[:, None] + offsets
    there = (steps >= 0) & (steps < len(rows))
    index = steps.clamp(0, len(rows) - 1)[:, None].expand(time, *rows.shape[1:])
    return rows.gather(0, index) * there[:, None]

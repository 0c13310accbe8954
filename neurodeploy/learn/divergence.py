r"""Sums of Bernoulli divergences in one compiled pass over the margins of a batch.

With :math:`x = \text{margin} / \text{temperature}`, :math:`p = \sigma(x)` and the prior's r,

.. math::
    D = p \log\frac{p}{r} + (1 - p) \log\frac{1 - p}{1 - r}, \qquad
    \frac{dD}{dx} = p\,(1 - p)\,\Big(x - \log\frac{r}{1 - r}\Big).

As operations of PyTorch, forward and backward go through memory some forty times.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from neurodeploy.model.compiling import compiled
from neurodeploy.model.dynamics import SAMPLES, time_first, time_last
from neurodeploy.model.exponential import falling_exp, log_1_plus
from neurodeploy.model.workers import share

FAR = np.float32(87)
"""Log-odds from where on the less likely has no part: e**-87 is the least that float32 holds."""


class Divergence(torch.autograd.Function):
    """Divergence of Bernoulli neurons from the prior, in nats per sample, of float32 on a CPU."""

    @staticmethod
    def forward(
        ctx: Any, margin: torch.Tensor, temperature: float, rates: torch.Tensor
    ) -> torch.Tensor:
        """Sum over neurons and steps.

        Parameters
        ----------
        margin : Tensor [batch, neuron, time], float32
            Voltage minus threshold of the readout.
        temperature : float
            Of the readout, above 0.
        rates : Tensor [time]
            r, probability of a spike of any neuron at each step.

        Returns
        -------
        Tensor [batch], float32
        """
        rows = time_first(margin.detach())
        slopes, sums = torch.empty_like(rows), rows.new_empty(rows.shape[1])
        logs = torch.stack([rates.log(), torch.log1p(-rates)]).float().numpy()
        arrays = logs, rows.numpy(), slopes.numpy(), sums.numpy()
        cold = np.float32(1 / temperature)
        share(-(-rows.shape[1] // SAMPLES), lambda piece: _diverge(piece * SAMPLES, cold, *arrays))
        ctx.save_for_backward(slopes)
        return sums

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        """Gradient of the margin."""
        (slopes,) = ctx.saved_tensors
        return time_last(slopes * grads[0][:, None]), None, None


@compiled
def _diverge(first: int, cold: float, logs: Any, margin: Any, slopes: Any, sums: Any) -> None:
    steps, batch, neurons = margin.shape
    nats = np.empty(neurons, np.float32)
    for b in range(first, min(first + SAMPLES, batch)):
        nats[:] = 0
        for t in range(steps):
            log_r, log_not_r = logs[0, t], logs[1, t]
            row, slope = margin[t, b], slopes[t, b]
            for i in range(neurons):
                x = row[i] * cold
                size = abs(x)
                odds = falling_exp(size) if size < FAR else np.float32(0)
                likely, log = np.float32(1) / (np.float32(1) + odds), log_1_plus(odds)
                unlikely = odds * likely
                log_likely = log_r if x > 0 else log_not_r
                log_unlikely = log_not_r if x > 0 else log_r
                nats[i] -= likely * (log + log_likely) + unlikely * (size + log + log_unlikely)
                slope[i] = likely * unlikely * (x - (log_r - log_not_r)) * cold
        total = 0.0
        for i in range(neurons):
            total += nats[i]
        sums[b] = total

r"""The probabilistic spiking readout whose zero-temperature limit is the exported neuron.

The readout neuron i integrates its input as the CUBA neuron on the chip does,

.. math::
    u_t = (1 - \alpha_u)\,u_{t-1} + z_t, \qquad
    v_t = (1 - \alpha_v)\,v_{t-1}(1 - s_{t-1}) + u_t,

in the chip's integers, and spikes with the probability

.. math::
    p(s_t = 1 \mid x^t, s^{t-1}) = \sigma\big((v_t - \vartheta) / \kappa\big),

a causally conditioned distribution, factorised over neurons given the past, as in
Skatchkovsky, Simeone, Jang, "Learning to Time-Decode in Spiking Neural Networks Through the
Information Bottleneck", NeurIPS 2021. For a temperature :math:`\kappa \to 0` the neuron spikes
exactly where :math:`v_t > \vartheta`, which is what netx exports.

Readout neurons may hear each other's last spikes, and their own, through learned weights R, as
those of the paper hear their own: then :math:`u_t` has :math:`R\,s_{t-1}` besides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from neurodeploy.model.compiling import compiled, loops_take
from neurodeploy.model.decays import LearntDecays, of_voltage_decay
from neurodeploy.model.dynamics import (
    SAMPLES,
    adjoint,
    integrate_and_fire,
    time_first,
    time_last,
)
from neurodeploy.model.exponential import falling_exp
from neurodeploy.model.neuron import CubaParameters
from neurodeploy.model.noise import Noise, logistic_noise
from neurodeploy.model.recurrence import SampledRecurrentSpikes
from neurodeploy.model.workers import share
from neurodeploy.netx.units import DECAY_SCALE, STATE_SCALE


class SampledSpikes(torch.autograd.Function):
    """Margin and sampled spikes of the readout, with a straight-through gradient.

    Forward is exact integer arithmetic. Backward runs the adjoint of the voltage recursion;
    through a spike it uses the derivative of the spike probability, at a temperature of
    ``gradient_width``.
    """

    @staticmethod
    def forward(
        ctx: Any,
        current: torch.Tensor,
        noise: torch.Tensor,
        threshold: float,
        factor: int,
        gradient_width: float,
        decay: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Integrate, sample, reset: see the module's equations.

        Parameters
        ----------
        current : Tensor [batch, neuron, time], float32
            Synaptic current u in SLAYER's units.
        noise : Tensor [batch, neuron, time], float32
            What is added to the voltage before it is compared with the threshold, in SLAYER's
            units; logistic noise of scale ``temperature``, or zeros.
        threshold : float
            In SLAYER's units.
        factor : int
            Decay factor, 4,096 minus the voltage decay.
        gradient_width : float
            Temperature of the sigmoid whose derivative stands in for that of a spike.
        decay : Tensor [], optional
            The voltage decay, to get a gradient.

        Returns
        -------
        margin, spikes : Tensor [batch, neuron, time], float32
            The voltage before the reset, minus the threshold, and the spikes, 0 or 1.
        """
        rows = time_first(current)
        if loops_take(rows):
            margin, spikes = torch.empty_like(rows), torch.empty_like(rows)
            numbers = threshold, factor
            arrays = rows.numpy(), noise.contiguous().numpy(), margin.numpy(), spikes.numpy()
            _by_samples(rows, lambda first: _sample(first, *numbers, *arrays))
        else:
            voltage, spikes = integrate_and_fire(rows, threshold - time_first(noise), factor)
            margin = voltage - threshold
        ctx.save_for_backward(margin, spikes)
        ctx.keep, ctx.gradient_width = factor / DECAY_SCALE, gradient_width
        ctx.threshold, ctx.learns_decay = threshold, decay is not None
        return time_last(margin), time_last(spikes)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Adjoint recursion; gradients of the current and of the decay."""
        margin, spikes = ctx.saved_tensors
        of_margin, of_spikes = time_first(grads[0]), grads[1]
        if loops_take(margin):
            out = torch.empty_like(margin)
            numbers = np.float32(ctx.keep), np.float32(1 / ctx.gradient_width)
            tensors = margin, spikes, of_margin, of_spikes.contiguous(), out
            arrays = [tensor.numpy() for tensor in tensors]
            _by_samples(margin, lambda first: _sample_adjoint(first, *numbers, *arrays))
        else:
            probability = torch.sigmoid(margin / ctx.gradient_width)
            slope = probability * (1 - probability) / ctx.gradient_width
            direct = of_margin + time_first(of_spikes) * slope
            out = adjoint(direct, ctx.keep * (1 - spikes))
        of_decay = None
        if ctx.learns_decay:
            of_decay = of_voltage_decay(out, margin + ctx.threshold, spikes)
        return time_last(out), None, None, None, None, of_decay


def _by_samples(rows: torch.Tensor, work: Callable[[int], object]) -> None:
    share(-(-rows.shape[1] // SAMPLES), lambda piece: work(piece * SAMPLES))


@compiled
def _sample(
    first: int, threshold: float, factor: int, rows: Any, noise: Any, margin: Any, spikes: Any
) -> None:
    steps, batch, neurons = rows.shape
    keep = factor / DECAY_SCALE
    level, near = np.float32(threshold), np.empty((steps, neurons), np.float32)
    for b in range(first, min(first + SAMPLES, batch)):
        state = np.zeros(neurons)
        for i in range(neurons):
            for t in range(steps):
                near[t, i] = noise[b, i, t]
        for t in range(steps):
            row, heat, above, sent = rows[t, b], near[t], margin[t, b], spikes[t, b]
            for i in range(neurons):
                now = np.trunc(state[i] * keep) + np.trunc(row[i] * float(STATE_SCALE))
                spike = now > (level - heat[i]) * float(STATE_SCALE)
                above[i] = np.float32(now / STATE_SCALE) - level
                sent[i] = 1.0 if spike else 0.0
                state[i] = 0.0 if spike else now


@compiled
def _sample_adjoint(
    first: int,
    keep: float,
    per_width: float,
    margin: Any,
    spikes: Any,
    of_margin: Any,
    of_spikes: Any,
    out: Any,
) -> None:
    steps, batch, neurons = margin.shape
    near, state = np.empty((steps, neurons), np.float32), np.empty(neurons, np.float32)
    for b in range(first, min(first + SAMPLES, batch)):
        state[:] = 0
        for i in range(neurons):
            for t in range(steps):
                near[t, i] = of_spikes[b, i, t]
        for t in range(steps):
            above, through = margin[t, b], near[t]
            for i in range(neurons):
                odds = falling_exp(abs(above[i]) * per_width)
                likely = np.float32(1) / (np.float32(1) + odds)
                through[i] *= odds * likely * likely * per_width
        for t in range(steps - 1, -1, -1):
            sent, direct, through, written = spikes[t, b], of_margin[t, b], near[t], out[t, b]
            for i in range(neurons):
                kept = keep * (np.float32(1) - sent[i]) * state[i]
                state[i] = direct[i] + through[i] + kept
                written[i] = state[i]


class Readout(torch.nn.Module):
    """Bernoulli spiking neurons, deterministic at temperature 0.

    Parameters
    ----------
    neuron : CubaParameters
        The neuron that is exported.
    gradient_floor : float
        Least width of the straight-through gradient, in SLAYER's voltage units; the width
        follows the temperature down to it, so that a cold readout still learns.
    """

    def __init__(self, neuron: CubaParameters, *, gradient_floor: float = 0.1) -> None:
        super().__init__()
        self.neuron = neuron
        self.gradient_floor = gradient_floor

    @property
    def threshold(self) -> float:
        """The quantised threshold, in SLAYER's units."""
        return self.neuron.quantised_threshold

    def forward(
        self,
        current: torch.Tensor,
        *,
        temperature: float,
        generator: Noise | None = None,
        decays: LearntDecays | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Sample the spikes of a batch.

        Parameters
        ----------
        current : Tensor [batch, neuron, time], float32
            Synaptic current u.
        temperature : float
            0 for the deterministic neuron that is exported.
        generator : torch.Generator or ShareOfNoise, optional
            Source of the sampling noise.
        decays : LearntDecays, optional
            Instead of the neuron's.

        Returns
        -------
        spikes : Tensor [batch, neuron, time], float32
            0 or 1, with a straight-through gradient; detach them for a score-function gradient.
        margin : Tensor [batch, neuron, time], float32
            Voltage minus threshold; over the temperature it is the log-odds of a spike.
        """
        noise = logistic_noise(current, temperature, generator)
        margin, spikes = SampledSpikes.apply(
            current,
            noise,
            self.threshold,
            self._factors(decays)[1],
            max(temperature, self.gradient_floor),
            None if decays is None else decays()[1],
        )
        return spikes, margin

    def with_feedback(
        self,
        arriving: torch.Tensor,
        recurrent_weight: torch.Tensor,
        bias: torch.Tensor | None,
        *,
        temperature: float,
        generator: Noise | None = None,
        decays: LearntDecays | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Sample the spikes of neurons that hear those of the step before.

        Parameters
        ----------
        arriving : Tensor [batch, neuron, time], float32
            Weighted spikes z of the layer before.
        recurrent_weight : Tensor [neuron, neuron], float32
            R, [to, from].
        bias : Tensor [neuron], float32, or None
            Added to the current.
        temperature, generator, decays
            As in `forward`.

        Returns
        -------
        spikes, margin
            As from `forward`.
        """
        margin, spikes = SampledRecurrentSpikes.apply(
            arriving,
            recurrent_weight,
            bias,
            logistic_noise(arriving, temperature, generator),
            self.threshold,
            self._factors(decays),
            max(temperature, self.gradient_floor),
            None if decays is None else decays(),
        )
        return spikes, margin

    def _factors(self, decays: LearntDecays | None) -> tuple[int, int]:
        return self.neuron.factors if decays is None else decays.factors

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
"""

from __future__ import annotations

from typing import Any

import torch

from neurodeploy.model.neuron import DECAY_SCALE, STATE_SCALE, CubaParameters


class SampledSpikes(torch.autograd.Function):
    """Voltage and sampled spikes of the readout, with a straight-through gradient.

    Forward is exact integer arithmetic carried in float64 (every product stays below 2^53).
    Backward runs the adjoint of the voltage recursion; through a spike it uses the derivative of
    the spike probability, at a temperature of ``gradient_width``.
    """

    @staticmethod
    def forward(
        ctx: Any,
        current: torch.Tensor,
        noise: torch.Tensor,
        threshold: float,
        keep: int,
        gradient_width: float,
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
        keep : int
            4,096 minus the voltage decay.
        gradient_width : float
            Temperature of the sigmoid whose derivative stands in for that of a spike.

        Returns
        -------
        voltage, spikes : Tensor [batch, neuron, time], float32
            The voltage before the reset, and the spikes, 0 or 1.
        """
        drive = (current.double() * STATE_SCALE).unbind(-1)
        level = (threshold - noise.double()).mul_(STATE_SCALE).unbind(-1)
        voltage = torch.zeros_like(drive[0])
        voltages, spikes = [], []
        for drive_t, level_t in zip(drive, level, strict=True):
            voltage = torch.trunc(voltage * keep / DECAY_SCALE) + drive_t
            spike = voltage > level_t
            voltages.append(voltage)
            spikes.append(spike)
            voltage = voltage.masked_fill(spike, 0.0)
        voltage_out = (torch.stack(voltages, -1) / STATE_SCALE).to(current.dtype)
        spikes_out = torch.stack(spikes, -1).to(current.dtype)
        ctx.save_for_backward(voltage_out, spikes_out)
        ctx.threshold, ctx.keep, ctx.gradient_width = threshold, keep, gradient_width
        return voltage_out, spikes_out

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Adjoint recursion; returns the gradient of the current."""
        grad_voltage, grad_spikes = grads
        voltage, spikes = ctx.saved_tensors
        probability = torch.sigmoid((voltage - ctx.threshold) / ctx.gradient_width)
        slope = probability * (1 - probability) / ctx.gradient_width
        direct = (grad_voltage + grad_spikes * slope).unbind(-1)
        carry = ((ctx.keep / DECAY_SCALE) * (1 - spikes)).unbind(-1)
        adjoint = torch.zeros_like(direct[0])
        adjoints = []
        for direct_t, carry_t in zip(reversed(direct), reversed(carry), strict=True):
            adjoint = direct_t + carry_t * adjoint
            adjoints.append(adjoint)
        return torch.stack(adjoints[::-1], -1), None, None, None, None


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
        return self.neuron.threshold_mantissa * 64 / STATE_SCALE

    def forward(
        self,
        current: torch.Tensor,
        *,
        temperature: float,
        generator: torch.Generator | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Sample the spikes of a batch.

        Parameters
        ----------
        current : Tensor [batch, neuron, time], float32
            Synaptic current u.
        temperature : float
            0 for the deterministic neuron that is exported.
        generator : torch.Generator, optional
            Source of the sampling noise.

        Returns
        -------
        spikes : Tensor [batch, neuron, time], float32
            0 or 1, with a straight-through gradient; detach them for a score-function gradient.
        margin : Tensor [batch, neuron, time], float32
            Voltage minus threshold; over the temperature it is the log-odds of a spike.
        """
        if temperature > 0:
            uniform = torch.rand(current.shape, generator=generator).clamp_(1e-7, 1 - 1e-7)
            noise = torch.logit(uniform).mul_(temperature)
        else:
            noise = torch.zeros_like(current)
        voltage, spikes = SampledSpikes.apply(
            current,
            noise,
            self.threshold,
            DECAY_SCALE - self.neuron.voltage_decay_steps,
            max(temperature, self.gradient_floor),
        )
        return spikes, voltage - self.threshold

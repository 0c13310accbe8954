r"""CUBA neurons that hear each other: the chip's integers forward, SLAYER's gradients back.

.. math::
    u_t = \mathrm{trunc}\big((1 - \alpha_u)\,u_{t-1}\big) + z_t + R\,s_{t-1}

with voltage and spikes as in `neurodeploy.model.dynamics`, or sampled as in
`neurodeploy.model.readout`. What arrives at a step is known only after the step before, so here is
a plain loop over time, in float64, where every product is exact.
"""

from __future__ import annotations

from typing import Any

import torch

from neurodeploy.model.decays import of_decays
from neurodeploy.model.dynamics import HiddenNeuron, time_first, time_last
from neurodeploy.netx.units import DECAY_SCALE, STATE_SCALE


class RecurrentSpikes(torch.autograd.Function):
    r"""Spikes of deterministic neurons with recurrent weights, and SLAYER's surrogate gradient.

    Backward runs the adjoints of current, voltage and recurrence. The derivative of a spike is
    that of `HiddenSpikes`, and as there the adjoint of the voltage does not see the reset.
    """

    @staticmethod
    def forward(
        ctx: Any,
        arriving: torch.Tensor,
        recurrent_weight: torch.Tensor,
        bias: torch.Tensor | None,
        neuron: HiddenNeuron,
        decays: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Integrate twice, spike, reset, step by step.

        Parameters
        ----------
        arriving : Tensor [batch, neuron, time], float32
            Weighted spikes z of the layer before, in SLAYER's units.
        recurrent_weight : Tensor [neuron, neuron], float32
            R, [to, from], in SLAYER's units.
        bias : Tensor [neuron], float32, or None
            Added to the current, in SLAYER's units.
        neuron : HiddenNeuron
            What all of them have in common.
        decays : Tensor [2], optional
            Of current and voltage, to get gradients.

        Returns
        -------
        Tensor [batch, neuron, time], float32
            0 or 1.
        """
        rows = time_first(arriving)
        level = torch.full_like(rows[:1], neuron.threshold)
        voltages, spikes = _run(rows, recurrent_weight, bias, level, neuron.factors)
        ctx.save_for_backward(voltages, spikes, recurrent_weight, bias)
        ctx.neuron, ctx.learns_decays = neuron, decays is not None
        return time_last(spikes)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Adjoint recursion; gradients of what arrives, of the recurrent weights and the bias."""
        (voltages, spikes, weight, bias), neuron = ctx.saved_tensors, ctx.neuron
        current_keep = neuron.current_factor / DECAY_SCALE
        voltage_keep = neuron.voltage_factor / DECAY_SCALE
        distances = (voltages - neuron.threshold).abs()
        slopes = neuron.height / 2 / neuron.width * torch.exp(-distances / neuron.width)
        of_spikes = time_first(grads[0])
        of_currents, of_voltages = torch.empty_like(voltages), torch.empty_like(voltages)
        of_current = of_voltage = torch.zeros_like(voltages[0])
        for t in reversed(range(len(voltages))):
            # Here of_current is still that of step t + 1, which this step's spikes reach.
            of_spike = of_spikes[t] + of_current @ weight
            of_voltage = slopes[t] * of_spike + voltage_keep * of_voltage
            of_current = of_voltage + current_keep * of_current
            of_voltages[t], of_currents[t] = of_voltage, of_current
        of_weight = torch.einsum("tbo,tbi->oi", of_currents[1:], spikes[:-1])
        of_bias = None if bias is None else of_voltages.sum((0, 1))
        of_both = None
        if ctx.learns_decays:
            of_both = of_decays(of_currents, voltages, spikes, bias, neuron.factors)
        return time_last(of_currents), of_weight, of_bias, None, of_both


class SampledRecurrentSpikes(torch.autograd.Function):
    r"""Margin and sampled spikes of a readout whose neurons hear each other, and themselves.

    A spike that was sampled at t is heard at t + 1, so that its margin is that of
    :math:`p(s_t \mid x^t, s^{t-1})`. Margins have the gradient of that, with all earlier spikes as
    they were sampled, as a log-likelihood needs it. Spikes have a straight-through gradient, which
    goes on through the spikes that they answer to. No gradient sees a reset.
    """

    @staticmethod
    def forward(
        ctx: Any,
        arriving: torch.Tensor,
        recurrent_weight: torch.Tensor,
        bias: torch.Tensor | None,
        noise: torch.Tensor,
        threshold: float,
        factors: tuple[int, int],
        gradient_width: float,
        decays: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Integrate twice, sample, reset, step by step.

        Parameters
        ----------
        arriving, recurrent_weight, bias, decays
            As in `RecurrentSpikes`.
        noise, threshold, gradient_width
            As in `neurodeploy.model.readout.SampledSpikes`.
        factors : (int, int)
            Decay factors of current and voltage, 4,096 minus the decays.

        Returns
        -------
        margin, spikes : Tensor [batch, neuron, time], float32
            The voltage before the reset, minus the threshold, and the spikes, 0 or 1.
        """
        level = threshold - time_first(noise)
        voltages, spikes = _run(time_first(arriving), recurrent_weight, bias, level, factors)
        margin = voltages - threshold
        ctx.save_for_backward(margin, spikes, recurrent_weight, bias)
        ctx.factors, ctx.threshold, ctx.gradient_width = factors, threshold, gradient_width
        ctx.learns_decays = decays is not None
        return time_last(margin), time_last(spikes)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Two adjoint recursions, of margins and of spikes; gradients as in `RecurrentSpikes`."""
        margin, spikes, weight, bias = ctx.saved_tensors
        current_keep, voltage_keep = (factor / DECAY_SCALE for factor in ctx.factors)
        probability = torch.sigmoid(margin / ctx.gradient_width)
        slopes = probability * (1 - probability) / ctx.gradient_width
        keeps = voltage_keep * (1 - spikes)
        of_margins, of_spikes = (time_first(grad) for grad in grads)
        of_currents, of_voltages = torch.empty_like(margin), torch.empty_like(margin)
        fixed_current = fixed_voltage = current = voltage = torch.zeros_like(margin[0])
        for t in reversed(range(len(margin))):
            fixed_voltage = of_margins[t] + keeps[t] * fixed_voltage
            fixed_current = fixed_voltage + current_keep * fixed_current
            # Here current is still the gradient of that of step t + 1, which hears this spike.
            voltage = slopes[t] * (of_spikes[t] + current @ weight) + keeps[t] * voltage
            current = voltage + current_keep * current
            of_voltages[t], of_currents[t] = fixed_voltage + voltage, fixed_current + current
        of_weight = torch.einsum("tbo,tbi->oi", of_currents[1:], spikes[:-1])
        of_bias = None if bias is None else of_voltages.sum((0, 1))
        of_both = None
        if ctx.learns_decays:
            voltages = margin + ctx.threshold
            of_both = of_decays(of_currents, voltages, spikes, bias, ctx.factors)
        return time_last(of_currents), of_weight, of_bias, None, None, None, None, of_both


def _run(
    arriving: torch.Tensor,
    recurrent_weight: torch.Tensor,
    bias: torch.Tensor | None,
    level: torch.Tensor,
    factors: tuple[int, int],
) -> tuple[torch.Tensor, torch.Tensor]:
    """Voltages before the reset and spikes [time, batch, neuron], float32, in SLAYER's units.

    ``level`` [time or 1, batch, neuron] is what a voltage must exceed for a spike.
    """
    rows, levels = arriving.double() * STATE_SCALE, level.double() * STATE_SCALE
    weight = recurrent_weight.double() * STATE_SCALE
    constant = 0.0 if bias is None else bias.double() * STATE_SCALE
    current_factor, voltage_factor = factors
    voltages, spikes = torch.empty_like(rows), torch.empty_like(rows)
    current = voltage = spike = torch.zeros_like(rows[0])
    for t, row in enumerate(rows):
        current = torch.trunc(current * current_factor / DECAY_SCALE) + row + spike @ weight.T
        voltage = torch.trunc(voltage * voltage_factor / DECAY_SCALE) + current + constant
        spike = (voltage > levels[min(t, len(levels) - 1)]).double()
        voltages[t], spikes[t] = voltage, spike
        voltage = voltage * (1 - spike)
    return (voltages / STATE_SCALE).float(), spikes.float()

r"""CUBA neurons that hear each other: the chip's integers forward, SLAYER's gradients back.

.. math::
    u_t = \mathrm{trunc}\big((1 - \alpha_u)\,u_{t-1}\big) + z_t + R\,s_{t-1}

with voltage and spikes as in `neurodeploy.model.dynamics`. What arrives at a step is known only
after the step before, so here is a plain loop over time, in float64, where every product is
exact.
"""

from __future__ import annotations

from typing import Any

import torch

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

        Returns
        -------
        Tensor [batch, neuron, time], float32
            0 or 1.
        """
        rows = time_first(arriving).double() * STATE_SCALE
        weight = recurrent_weight.double() * STATE_SCALE
        constant = 0.0 if bias is None else bias.double() * STATE_SCALE
        voltages, spikes = torch.empty_like(rows), torch.empty_like(rows)
        current = voltage = spike = torch.zeros_like(rows[0])
        for t, row in enumerate(rows):
            current = torch.trunc(current * neuron.current_factor / DECAY_SCALE)
            current = current + row + spike @ weight.T
            voltage = (
                torch.trunc(voltage * neuron.voltage_factor / DECAY_SCALE) + current + constant
            )
            spike = (voltage > neuron.threshold * STATE_SCALE).double()
            voltages[t], spikes[t] = voltage, spike
            voltage = voltage * (1 - spike)
        voltages, spikes = (voltages / STATE_SCALE).float(), spikes.float()
        ctx.save_for_backward(voltages, spikes, recurrent_weight)
        ctx.neuron, ctx.has_bias = neuron, bias is not None
        return time_last(spikes)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Adjoint recursion; gradients of what arrives, of the recurrent weights and the bias."""
        (voltages, spikes, weight), neuron = ctx.saved_tensors, ctx.neuron
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
        of_bias = of_voltages.sum((0, 1)) if ctx.has_bias else None
        return time_last(of_currents), of_weight, of_bias, None

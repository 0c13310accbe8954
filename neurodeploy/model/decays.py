r"""Decays of a layer's neurons that are learnt, in the chip's 4096ths.

The optimizer moves real fractions; forward has their nearest 4096ths, which are exported.
Backward, with the gradients a of what a state integrates, x the state after its reset and d its
decay,

.. math::
    \frac{\partial L}{\partial d} = -\sum_t a_t\,x_{t-1},

summed over the neurons of the layer, which share d; as everywhere, no gradient sees a reset.
Rows are [time, batch, *features].
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from neurodeploy.netx.units import DECAY_SCALE

if TYPE_CHECKING:
    from neurodeploy.model.neuron import CubaParameters


class LearntDecays(torch.nn.Module):
    """Decays of current and voltage that the neurons of a layer share.

    ``fractions`` is what is learnt, [2].

    Parameters
    ----------
    neuron : CubaParameters
        Has the decays to start from.
    """

    def __init__(self, neuron: CubaParameters) -> None:
        super().__init__()
        self.fractions = torch.nn.Parameter(
            torch.tensor([neuron.current_decay, neuron.voltage_decay])
        )

    @property
    def factors(self) -> tuple[int, int]:
        """Decay factors of current and voltage that the chip has, 4,096 minus the decays."""
        current, voltage = self.fractions.detach().double().clamp(0, 1).tolist()
        return DECAY_SCALE - round(current * DECAY_SCALE), DECAY_SCALE - round(
            voltage * DECAY_SCALE
        )

    def forward(self) -> torch.Tensor:
        """Bring ``fractions`` into their range, and give them, for gradients alone."""
        with torch.no_grad():
            self.fractions.clamp_(0, 1)
        return self.fractions


def of_current_decay(of_current: torch.Tensor, current: torch.Tensor) -> torch.Tensor:
    """Gradient of a current's decay, from that of what arrives, and the currents."""
    return -(of_current[1:] * current[:-1]).sum()


def of_voltage_decay(
    of_voltage: torch.Tensor, voltage: torch.Tensor, spikes: torch.Tensor
) -> torch.Tensor:
    """Gradient of a voltage's decay, from that of its drive, voltages before the reset, spikes."""
    return -(of_voltage[1:] * (voltage * (1 - spikes))[:-1]).sum()


def of_decays(
    of_current: torch.Tensor,
    voltage: torch.Tensor,
    spikes: torch.Tensor,
    bias: torch.Tensor | None,
    factors: tuple[int, int],
) -> torch.Tensor:
    """Both, [2], where only voltages are known: the current is what they rose by.

    Parameters
    ----------
    of_current : Tensor [time, batch, *features]
        Gradient of what arrives.
    voltage, spikes : Tensor [time, batch, *features]
        Before the reset, in SLAYER's units, and 0 or 1.
    bias : Tensor [*features], or None
        Part of the drive.
    factors : (int, int)
        Decay factors of current and voltage.
    """
    current_keep, voltage_keep = (factor / DECAY_SCALE for factor in factors)
    current = voltage.clone() if bias is None else voltage - bias
    current[1:] -= voltage_keep * (voltage * (1 - spikes))[:-1]
    of_voltage = of_current.clone()
    of_voltage[:-1] -= current_keep * of_current[1:]
    return torch.stack(
        [of_current_decay(of_current, current), of_voltage_decay(of_voltage, voltage, spikes)]
    )

"""Parameters of a current-based leaky integrate-and-fire (CUBA) neuron, as a person sets them."""

from __future__ import annotations

from dataclasses import dataclass

from neurodeploy.errors import InputError, message
from neurodeploy.netx.units import DECAY_SCALE, WEIGHT_SCALE


@dataclass(frozen=True, kw_only=True)
class CubaParameters:
    """A CUBA neuron in SLAYER's units; the chip's integers follow from them.

    Parameters
    ----------
    threshold : float
        Voltage above which the neuron spikes, in units of weight; quantised to 1/64.
    current_decay, voltage_decay : float
        Fraction lost in each time step, in [0, 1]; quantised to 1/4096.
    surrogate_width : float
        Relaxation of SLAYER's surrogate gradient as a fraction of the threshold, over 100.
    surrogate_scale : float
        Scale of SLAYER's surrogate gradient.
    """

    threshold: float = 1.0
    current_decay: float = 0.5
    voltage_decay: float = 0.1
    surrogate_width: float = 0.1
    surrogate_scale: float = 1.0

    def __post_init__(self) -> None:
        for name in ("current_decay", "voltage_decay"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise InputError(message(name, "a fraction in [0, 1] per time step", value))
        for name in ("threshold", "surrogate_width", "surrogate_scale"):
            if not getattr(self, name) > 0:
                raise InputError(message(name, "a positive number", getattr(self, name)))

    @property
    def threshold_mantissa(self) -> int:
        """``vThMant`` of netx: the threshold in integer weight units."""
        return int(self.threshold * WEIGHT_SCALE)

    @property
    def quantised_threshold(self) -> float:
        """The threshold that the chip compares with, in SLAYER's units."""
        return self.threshold_mantissa / WEIGHT_SCALE

    @property
    def current_decay_steps(self) -> int:
        """``iDecay`` of netx, 0 to 4,096."""
        return round(self.current_decay * DECAY_SCALE)

    @property
    def voltage_decay_steps(self) -> int:
        """``vDecay`` of netx, 0 to 4,096."""
        return round(self.voltage_decay * DECAY_SCALE)

    @property
    def factors(self) -> tuple[int, int]:
        """Decay factors of current and voltage, 4,096 minus the decays."""
        return DECAY_SCALE - self.current_decay_steps, DECAY_SCALE - self.voltage_decay_steps

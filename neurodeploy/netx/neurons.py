"""The neurons of netx, with the integer rules that Lava's fixed-point models follow.

Every state starts at rest (0). A *graded* spike carries a value; the others are ones. ``decays``
names the fields that may have one value for each neuron, ``states`` what a neuron remembers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurodeploy._io.reprs import ShortRepr
from neurodeploy.errors import NetworkError, message
from neurodeploy.netx.units import DECAY_SCALE

STATE_LIMIT = 1 << 23
"""Current wraps and voltage clips here: 24-bit signed state (lava.proc.lif, fixed point)."""


def integers(value: Any, where: str, ndim: int | None = None) -> np.ndarray:
    """Any array of whole numbers as int32; an error names ``where``."""
    array = np.asarray(value)
    if array.dtype.kind not in "iufb":
        raise NetworkError(message(where, "whole numbers", f"values of type {array.dtype}"))
    if array.size == 0:
        raise NetworkError(message(where, "at least one value", f"shape {array.shape}"))
    if array.dtype.kind == "b" and array.view(np.uint8).max() > 1:
        raise NetworkError(message(where, "booleans of 0 or 1", array.view(np.uint8).max()))
    if (
        array.dtype.kind == "f"
        and not (whole := np.isfinite(array) & (array == np.trunc(array))).all()
    ):
        raise NetworkError(message(where, "whole numbers", f"{array[~whole][0]}"))
    largest = max(abs(array.max().item()), abs(array.min().item()))
    if largest >= 2**31:
        raise NetworkError(message(where, "32-bit integers", f"{largest}"))
    if ndim is not None and array.ndim != ndim:
        raise NetworkError(message(where, f"{ndim} axes", f"shape {array.shape}"))
    return np.array(array, dtype=np.int32, order="C")


def within(array: np.ndarray, low: int, high: int, where: str) -> None:
    """Require every value to lie in ``low`` to ``high``, both included."""
    if array.min() < low or array.max() > high:
        found = f"{array.min()} to {array.max()}" if array.size > 1 else f"{array.item()}"
        raise NetworkError(message(where, f"{low} to {high}", found))


def one_integer(value: Any, low: int, high: int, where: str) -> int:
    """Require one whole number in ``low`` to ``high``, both included."""
    number = integers(value, where)
    if number.size != 1:
        raise NetworkError(message(where, "one value", f"shape {number.shape}"))
    within(number, low, high, where)
    return int(number.item())


def _decays(value: Any, low: int, where: str) -> np.ndarray | int:
    decay = integers(value, where)
    within(decay, low, DECAY_SCALE, where)
    if decay.size == 1:
        return int(decay.item())
    if decay.ndim != 1:
        raise NetworkError(message(where, "one value or one axis", f"shape {decay.shape}"))
    return decay


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CubaNeuron(ShortRepr):
    """Current-based leaky integrate-and-fire neurons of one layer.

    From current u, voltage v and what arrives, in every step (``lava.proc.lif``)::

        u' = trunc(u * (4096 - current_decay) / 4096) + (arriving << 6)     wrapped to 24 bits
        v' = trunc(v * (4096 - voltage_decay) / 4096) + u' + (bias << 6)    clipped to 24 bits
        spike where v' > threshold << 6, then v' = 0

    Parameters
    ----------
    current_decay, voltage_decay : int or int array [neuron] (dense) or [channel] (convolution)
        ``iDecay`` and ``vDecay`` of netx, 0 (keeps everything) to 4,096 (forgets everything).
    threshold : int
        ``vThMant`` of netx; a neuron spikes where its voltage exceeds it times 64.
    """

    current_decay: np.ndarray | int
    voltage_decay: np.ndarray | int
    threshold: int
    kind = "cuba"
    graded = False
    decays = ("current_decay", "voltage_decay")
    states = ("current", "voltage")

    def __post_init__(self) -> None:
        for name in self.decays:
            object.__setattr__(self, name, _decays(getattr(self, name), 0, name))
        threshold = one_integer(self.threshold, 0, (1 << 18) - 1, "threshold")
        object.__setattr__(self, "threshold", threshold)


@dataclass(frozen=True, kw_only=True, eq=False)
class SdnnNeuron:
    """Sigma-delta neurons: they add up what arrives and send, graded, how an activation changes.

    From sum sigma, activation a, residue and what arrives, in every step, in 32 bits that wrap
    (``lava.proc.sdn``; its exponents are those that netx sets)::

        sigma' = sigma + arriving
        a'     = max(sigma' + (bias << 12), 0)
        change = a' - a + residue
        sent   = change where |change| >= threshold << 12, else 0;  residue' = change - sent

    and ``sent >> 6`` is the spike. In an input layer a' is ``arriving << 12``.

    Parameters
    ----------
    threshold : int
        ``vThMant`` of netx.
    sigma_output : bool
        The layer sends sigma' itself, in every step.
    """

    threshold: int
    sigma_output: bool = False
    kind = "sdnn"
    graded = True
    decays = ()
    states = ("sum", "activation", "residue")

    def __post_init__(self) -> None:
        threshold = one_integer(self.threshold, 0, (1 << 19) - 1, "threshold")
        object.__setattr__(self, "threshold", threshold)
        object.__setattr__(self, "sigma_output", bool(self.sigma_output))


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RfNeuron(ShortRepr):
    """Resonate-and-fire neurons, whose state z and input are complex numbers.

    In every step (``lava.proc.rf``, ``lava.proc.rf_iz``)::

        re' = trunc(cos * re / 4096) - trunc(sin * im / 4096) + (real arriving << 6)
        im' = trunc(sin * re / 4096) + trunc(cos * im / 4096) + (imaginary arriving << 6)

    both clipped to 24 bits. With ``phase`` a neuron spikes where re' >= threshold << 6,
    im' >= 0 and im < 0; otherwise where im' >= threshold << 6, then re' = 0 and
    im' = (threshold << 6) - 1.

    Parameters
    ----------
    sin_decay, cos_decay : int or int array [neuron]
        ``sinDecay`` and ``cosDecay`` of netx, -4,096 to 4,096.
    threshold : int
        ``vThMant`` of netx.
    phase : bool
        ``RF_PHASE`` of netx, not ``RF_IZHIKEVICH``.
    """

    sin_decay: np.ndarray | int
    cos_decay: np.ndarray | int
    threshold: int
    phase: bool
    kind = "rf"
    graded = False
    decays = ("sin_decay", "cos_decay")
    states = ("real", "imaginary")

    def __post_init__(self) -> None:
        for name in self.decays:
            object.__setattr__(self, name, _decays(getattr(self, name), -DECAY_SCALE, name))
        object.__setattr__(
            self, "threshold", one_integer(self.threshold, 0, (1 << 18) - 1, "threshold")
        )
        object.__setattr__(self, "phase", bool(self.phase))

    def decays_as_run(self) -> tuple[Any, Any]:
        """Sine and cosine that Lava applies, int32, one or [neuron].

        netx turns the decays into a period and back, and Lava truncates; one may be lost
        (``lava.lib.dl.slayer.neuron.rf.neuron_params``, ``lava.proc.rf.process.RF``).
        """
        sine, cosine = self.sin_decay / DECAY_SCALE, self.cos_decay / DECAY_SCALE
        decay = 1 - np.sqrt(sine**2 + cosine**2)
        with np.errstate(divide="ignore"):
            period = 1 / (np.arctan2(sine, cosine) / 2 / np.pi)
        angle = np.pi * 2 * 1 / period
        sine, cosine = (1 - decay) * np.sin(angle), (1 - decay) * np.cos(angle)
        return np.int32(sine * DECAY_SCALE), np.int32(cosine * DECAY_SCALE)


Neuron = CubaNeuron | SdnnNeuron | RfNeuron

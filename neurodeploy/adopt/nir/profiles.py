"""What tools mean by the numbers that they write into a NIR graph.

NIR is continuous in time: a graph says neither how long a step was nor how a neuron went from one
to the next. A profile says that of one tool, as its exporter and its neurons have it (snnTorch
1.0.0, norse 1.1.0, sinabs 2.0.3, SpikingJelly 2.0.0).

============  ==============================  =============================================
profile       time constants                  a step
============  ==============================  =============================================
none          seconds; say how long a step    forward Euler; IF adds r times a spike, whole
snntorch      seconds, of steps of 1e-4       as without one
norse         seconds; say how long a step    as without one, but a spike adds all of w_in to
                                              the current of a CubaLIF
sinabs        steps                           the exact decay of a step
spikingjelly  seconds, of steps of 1e-4       forward Euler, of IF too
============  ==============================  =============================================
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from neurodeploy.adopt.nir.names import NORSE, SINABS, SNNTORCH, SPIKINGJELLY
from neurodeploy.errors import InputError, message

ASK = (
    "NIR is continuous in time: say how long a step was, with neurodeploy convert GRAPH.nir "
    f"OUTPUT.net --dt SECONDS, or --profile {SNNTORCH}, {SINABS} or {SPIKINGJELLY}, which have "
    "one of their own. verify takes both too; simulate, stream, energy and fit take OUTPUT.net."
)
ASK_NORSE = (
    "norse's modules run with dt=1e-3 unless they are told otherwise, and its graphs do not say: "
    f"neurodeploy convert GRAPH.nir OUTPUT.net --profile {NORSE} --dt 1e-3."
)


def _euler(tau: np.ndarray, step: float) -> np.ndarray:
    return step / tau


def _exact(tau: np.ndarray, step: float) -> np.ndarray:
    return -np.expm1(-step / tau)


def _whole(of: np.ndarray) -> np.ndarray:
    return np.ones_like(of)


@dataclass(frozen=True, kw_only=True)
class Step:
    """How long a step is, in the unit of the time constants, if anything says it."""

    said: float | None
    remedy: str = ASK

    @property
    def known(self) -> float:
        """The same, where something depends on it.

        Raises
        ------
        InputError
            Nothing says it.
        """
        if self.said is None:
            raise InputError(message("NIR graph", "seconds of a time step", "none", self.remedy))
        return self.said


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How the numbers of a graph become those of a step.

    Parameters
    ----------
    name : str
        Of the tool.
    dt_s : float, optional
        Seconds of a step that its exporter takes for granted.
    in_steps : bool
        Its time constants are in steps, not in seconds.
    forgotten : callable
        From time constants [neuron] and a step in their unit, the part of a state that is
        forgotten in a step, float64 [neuron].
    jump : callable
        From the part of a current that is forgotten, the part of ``w_in`` that a spike adds.
    integrated : callable
        From a step, what ``r`` of an IF neuron is multiplied with.
    unsaid : tuple of str
        Codes of `neurodeploy.adopt.nir.notes`: what its neurons may do that no graph can say.
    zero_reset : str
        What makes its neurons reset to 0 in the step of the spike.
    ask : str
        What a person can do where nothing says how long a step is.
    """

    name: str
    dt_s: float | None = None
    in_steps: bool = False
    forgotten: Callable[[np.ndarray, float], np.ndarray] = _euler
    jump: Callable[[np.ndarray], np.ndarray] = np.asarray
    integrated: Callable[[Step], float] = lambda step: 1.0
    unsaid: tuple[str, ...] = ()
    zero_reset: str = ""
    ask: str = ASK

    def step(self, dt_s: float | None) -> Step:
        """A step in the unit of the time constants.

        Raises
        ------
        InputError
            It is no positive number.
        """
        seconds = self.dt_s if dt_s is None else dt_s
        if seconds is not None and not 0 < seconds < math.inf:
            raise InputError(message("option --dt", "seconds of a step, more than 0", seconds))
        return Step(said=1.0 if self.in_steps else seconds, remedy=self.ask)


PLAIN = Profile(name="NIR")
"""Nothing is known but NIR's equations."""

PROFILES: Mapping[str, Profile] = {
    SNNTORCH: Profile(
        name="snnTorch",
        dt_s=1e-4,
        unsaid=("nir-reset",),
        zero_reset='reset_mechanism="zero", reset_delay=False',
    ),
    NORSE: Profile(name="norse", jump=_whole, ask=ASK_NORSE),
    SINABS: Profile(
        name="sinabs",
        in_steps=True,
        forgotten=_exact,
        unsaid=("nir-reset", "nir-several-spikes", "nir-tie"),
        zero_reset="reset_fn=MembraneReset()",
    ),
    SPIKINGJELLY: Profile(
        name="SpikingJelly",
        dt_s=1e-4,
        integrated=attrgetter("known"),
        unsaid=("nir-reset", "nir-tie"),
        zero_reset="v_reset=0.0",
    ),
}

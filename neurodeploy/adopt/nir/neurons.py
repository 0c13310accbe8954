"""Neurons of NIR in steps.

NIR's equations (Pedersen et al. 2024, Nature Communications 15, 8122), and what they become in a
step, for what arrives x, with a = dt/tau, a_syn = dt/tau_syn and a_mem = dt/tau_mem::

    LIF      tau dv/dt = v_leak - v + r x           v' = v + a (v_leak - v + r x)
    IF       dv/dt = r x                            v' = v + r x
    CubaLIF  tau_syn di/dt = -i + w_in x            i' = i + a_syn (w_in x - i)
             tau_mem dv/dt = v_leak - v + r i       v' = v + a_mem (v_leak - v + r i')

with a spike and a reset to 0 where v' exceeds the threshold. LI, I and CubaLI are the same without
spikes; Threshold is v' = x. `neurodeploy.adopt.nir.profiles` has where a tool does otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurodeploy.adopt.nir.profiles import Profile, Step
from neurodeploy.errors import NetworkError, message

ZERO_RESET = "netx resets to 0. Move the zero of the voltage: subtract v_reset in the source tool."


@dataclass(frozen=True, kw_only=True, eq=False)
class Dynamics:
    """What a neuron of each row of weights does in a step, float64 [row].

    Parameters
    ----------
    current_decay, voltage_decay : array [row]
        The part that is forgotten.
    gain : array [row]
        What arrives is multiplied with it.
    leak : array [row]
        Added to the voltage.
    """

    current_decay: np.ndarray
    voltage_decay: np.ndarray
    gain: np.ndarray
    leak: np.ndarray


def dynamics(name: str, node: Any, rows: int, profile: Profile, step: Step) -> Dynamics:
    """Neurons behind so many rows of weights.

    Parameters
    ----------
    name, node
        Of the graph.
    rows : int
        Neurons of a dense layer, channels of a convolution.
    profile : Profile
        Of the tool that wrote the graph.
    step : Step
        Of time, which its time constants are compared with.

    Raises
    ------
    InputError
        A time constant has no step to be compared with.
    NetworkError
        A value has no place in netx; the message names the node.
    """
    kind = type(node).__name__
    nothing, all_of_it = np.zeros(rows), np.ones(rows)
    if kind == "Threshold":
        return Dynamics(
            current_decay=all_of_it, voltage_decay=all_of_it, gain=all_of_it, leak=nothing
        )
    gain = per_row(name, "r", node.r, rows)
    if kind in ("IF", "I"):
        gain = gain * profile.integrated(step)
        return Dynamics(current_decay=all_of_it, voltage_decay=nothing, gain=gain, leak=nothing)
    leak = per_row(name, "v_leak", node.v_leak, rows)
    if kind in ("LIF", "LI"):
        decay = _forgotten(name, "tau", node.tau, rows, profile, step)
        return Dynamics(
            current_decay=all_of_it, voltage_decay=decay, gain=gain * decay, leak=leak * decay
        )
    synaptic = _forgotten(name, "tau_syn", node.tau_syn, rows, profile, step)
    membrane = _forgotten(name, "tau_mem", node.tau_mem, rows, profile, step)
    jump = per_row(name, "w_in", node.w_in, rows) * profile.jump(synaptic)
    return Dynamics(
        current_decay=synaptic,
        voltage_decay=membrane,
        gain=gain * membrane * jump,
        leak=leak * membrane,
    )


def thresholds(name: str, node: Any, rows: int) -> np.ndarray:
    """Of each row, float64 [row], above 0.

    Raises
    ------
    NetworkError
        They are not above 0, or the neurons do not go back to 0.
    """
    field = "threshold" if type(node).__name__ == "Threshold" else "v_threshold"
    found = per_row(name, field, getattr(node, field), rows)
    if (found <= 0).any():
        raise NetworkError(message(f"node {name}, {field}", "more than 0", found.min()))
    reset = getattr(node, "v_reset", None)
    if reset is not None and np.any(reset):
        first = np.ravel(reset)[np.flatnonzero(reset)[0]]
        raise NetworkError(message(f"node {name}, v_reset", 0, first, ZERO_RESET))
    return found


def per_row(name: str, field: str, value: Any, rows: int) -> np.ndarray:
    """One value a neuron, or a channel in which all are equal, float64 [row].

    Raises
    ------
    NetworkError
        There are others.
    """
    array = np.asarray(value, np.float64)
    if not np.isfinite(array).all():
        raise NetworkError(message(f"node {name}, {field}", "finite numbers", "others"))
    if array.size == 1:
        return np.full(rows, array.item())
    if array.size % rows or (array.ndim and array.shape[0] != rows):
        expected = f"one value, or {rows}"
        raise NetworkError(message(f"node {name}, {field}", expected, array.shape))
    values = array.reshape(rows, -1)
    if (values != values[:, :1]).any():
        expected = "one value a channel, which netx shares between all its neurons"
        raise NetworkError(message(f"node {name}, {field}", expected, "others"))
    return values[:, 0]


def _forgotten(
    name: str, field: str, tau: Any, rows: int, profile: Profile, step: Step
) -> np.ndarray:
    unit = step.known
    constants = per_row(name, field, tau, rows)
    forgotten = profile.forgotten(constants, unit) if (constants > 0).all() else np.full(1, np.inf)
    if not (forgotten <= 1).all():
        expected = f"time constants of at least a step, {unit:g}"
        remedy = (
            "Say the step that the author ran, with --dt. norse 1.1 writes them times the dt of "
            "its to_nir: export with dt=1."
        )
        raise NetworkError(message(f"node {name}, {field}", expected, np.min(tau), remedy))
    return forgotten

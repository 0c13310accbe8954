"""SLAYER's neurons as those of netx."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from neurodeploy.adopt.slayer.notes import Notes
from neurodeploy.errors import NetworkError, message
from neurodeploy.netx.neurons import CubaNeuron, RfNeuron, SdnnNeuron
from neurodeploy.netx.units import DECAY_SCALE

UNREACHABLE = (1 << 18) - 1
"""The largest threshold of netx, beyond what a voltage can be."""

TIES_FROM = 64
"""From this threshold on, what SLAYER adds to it is lost in its floats."""


def kind_of(neuron: Any) -> str:
    """Name of the neuron's kind, as SLAYER calls its module: ``cuba``, ``sigma_delta``, ``rf``."""
    return type(neuron).__module__.rpartition(".")[2]


def real_neuron(neuron: Any, notes: Notes) -> CubaNeuron | SdnnNeuron:
    """Neurons of layers with real weights."""
    return sigma_delta(neuron, notes) if kind_of(neuron) == "sigma_delta" else cuba(neuron, notes)


def cuba(neuron: Any, notes: Notes) -> CubaNeuron:
    """Current-based neurons.

    Raises
    ------
    NetworkError
        They send graded spikes, or have not drawn their decays yet.
    """
    _refuse_graded(neuron)
    if neuron.threshold >= TIES_FROM:
        notes.say(
            "threshold-tie",
            "neuron/threshold",
            f"SLAYER's float32 takes a voltage that equals a threshold of {TIES_FROM} or more "
            f"(here {neuron.threshold:g}) for a spike",
            "Scale weights and threshold down",
        )
    _note_scale(neuron, notes)
    return CubaNeuron(
        current_decay=_drawn(neuron, "current_decay"),
        voltage_decay=_drawn(neuron, "voltage_decay"),
        threshold=neuron.v_th_mant,
    )


def integrator(neuron: Any, dynamics: bool, notes: Notes) -> CubaNeuron:
    """Neurons of an affine block, that never spike: with dynamics, or of one step.

    Parameters
    ----------
    neuron : slayer.neuron.cuba.Neuron
    dynamics : bool
        As the block has it.
    notes : Notes
    """
    _note_scale(neuron, notes)
    decays: dict[str, Any] = {"current_decay": DECAY_SCALE, "voltage_decay": DECAY_SCALE}
    if dynamics:
        decays = {name: _drawn(neuron, name) for name in decays}
    return CubaNeuron(**decays, threshold=UNREACHABLE)


def sigma_delta(neuron: Any, notes: Notes, sigma_output: bool = False) -> SdnnNeuron:
    """Sigma-delta neurons.

    Raises
    ------
    NetworkError
        Their activation is not a rectifier, they add errors up, or have several thresholds.
    """
    probe = torch.linspace(-2.0, 2.0, 9)
    if not torch.equal(neuron.activation(probe), probe.clamp(min=0)):
        found = getattr(neuron.activation, "__name__", neuron.activation)
        raise NetworkError(message("neuron/activation", "torch.nn.functional.relu", found))
    if neuron.delta.cum_error:
        remedy = "Lava's delta keeps no error; train with cum_error=False."
        raise NetworkError(message("neuron/cum_error", False, True, remedy))
    thresholds = neuron.threshold.detach().cpu().numpy().astype(np.float64).ravel()
    thresholds = np.maximum(thresholds, 1 / neuron.delta.scale) * neuron.w_scale
    if np.ptp(thresholds) > 0:
        remedy = "netx has one for all neurons of a layer; train with shared_param=True."
        raise NetworkError(message("neuron/threshold", "one value", thresholds.size, remedy))
    _note_scale(neuron, notes)
    threshold = int(thresholds[0])
    if threshold != thresholds[0] and not sigma_output:
        notes.say(
            "rounded-threshold",
            "neuron/threshold",
            f"{thresholds[0] / neuron.w_scale:.6g} was cut to {threshold}/{neuron.w_scale}, as "
            "SLAYER exports it",
            f"Round it to steps of 1/{neuron.w_scale} before you evaluate the module",
        )
    return SdnnNeuron(threshold=threshold, sigma_output=sigma_output)


def resonator(neuron: Any, notes: Notes) -> RfNeuron:
    """Resonate-and-fire neurons, with decays that netx runs as the module does.

    netx turns decays into a period and back, and Lava cuts the result, so those are written that
    come out as they were meant, if there are some.

    Raises
    ------
    NetworkError
        They send graded spikes, or have not drawn their decays yet.
    """
    _refuse_graded(neuron)
    _note_scale(neuron, notes)
    phase = kind_of(neuron) == "rf"
    wanted = [np.atleast_1d(_drawn(neuron, name)) for name in ("sin_decay", "cos_decay")]
    sine, cosine, missed = _written_decays(*wanted)
    if missed:
        notes.say(
            "resonator-decay",
            "neuron/sin_decay, neuron/cos_decay",
            f"netx cannot run {missed} of {len(sine)} pairs of decays; each is off by 1/4096",
            "Compare the module with the network on your data",
        )
    if not phase:
        notes.say(
            "resonator-reset",
            "neuron",
            "a neuron that spikes is set just below the threshold, in SLAYER in floats",
            "Compare the module with the network on your data",
        )
    return RfNeuron(sin_decay=sine, cos_decay=cosine, threshold=neuron.v_th_mant, phase=phase)


def _written_decays(sine: np.ndarray, cosine: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Decays near the wanted ones that run as these, and how many pairs have none."""
    written_sine, written_cosine = sine.copy(), cosine.copy()
    missed = np.ones(len(sine), bool)
    for more_sine, more_cosine in ((0, 0), (0, 1), (1, 0), (1, 1)):
        tried = (
            np.minimum(sine + more_sine, DECAY_SCALE),
            np.minimum(cosine + more_cosine, DECAY_SCALE),
        )
        neuron = RfNeuron(sin_decay=tried[0], cos_decay=tried[1], threshold=0, phase=True)
        run_sine, run_cosine = neuron.decays_as_run()
        found = missed & (run_sine == sine) & (run_cosine == cosine)
        written_sine[found], written_cosine[found] = tried[0][found], tried[1][found]
        missed &= ~found
    return written_sine, written_cosine, int(missed.sum())


def _drawn(neuron: Any, name: str) -> np.ndarray:
    """A decay of SLAYER, which keeps it in 4096ths, rounded as its forward does."""
    if not neuron.shared_param and neuron.shape is None and getattr(neuron, name).numel() == 1:
        remedy = "Run the module once, or load its trained weights."
        expected = "decays that the module has drawn (shared_param=False)"
        raise NetworkError(message(f"neuron/{name}", expected, "none yet", remedy))
    if neuron.requires_grad:
        neuron.clamp()
    decay = getattr(neuron, name).detach().cpu().numpy().ravel()
    return np.rint(decay).astype(np.int64)


def _refuse_graded(neuron: Any) -> None:
    if neuron.graded_spike:
        remedy = "netx's neurons of this kind send ones."
        raise NetworkError(message("neuron/graded_spike", False, True, remedy))


def _note_scale(neuron: Any, notes: Notes) -> None:
    if neuron.w_scale & (neuron.w_scale - 1):
        notes.say(
            "scale-not-power",
            "neuron/scale",
            f"weights in steps of 1/{neuron.w_scale} are not exact in SLAYER's floats, so that it "
            "may cut a current one too low",
            "Train with a scale that is a power of two; 64 is SLAYER's own",
        )

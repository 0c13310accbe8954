"""Each tool's own step, as its source has it, in a plain loop. `test_nir_tools` runs the tools."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import nir
import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.adopt.nir.profiles import PROFILES
from neurodeploy.adopt.nir.reading import steps_of
from neurodeploy.errors import InputError, NetworkError

RNG = np.random.default_rng(3)
WEIGHT = RNG.normal(0.4, 0.6, (5, 6))
SPIKES = (RNG.random((4, 6, 60)) < 0.3).astype(np.uint8)


def graph(neurons: Any) -> Any:
    nodes = {
        "input": nir.Input(input_type={"input": np.array([6])}),
        "fc": nir.Linear(weight=WEIGHT),
        "neuron": neurons,
        "output": nir.Output(output_type={"output": np.array([5])}),
    }
    return nir.NIRGraph(nodes=nodes, edges=list(pairwise(nodes)), type_check=False)


def node(kind: str, **values: float) -> Any:
    return getattr(nir, kind)(**{name: np.full(5, value) for name, value in values.items()})


def run(step: Callable[[np.ndarray, np.ndarray, np.ndarray], Any], threshold: float) -> np.ndarray:
    """Spikes of a rule (current, voltage, arriving) -> (current, voltage), a step late."""
    current = voltage = np.zeros((4, 5))
    sent = np.zeros((4, 5, 60), np.uint8)
    for time in range(1, 60):
        current, voltage = step(current, voltage, SPIKES[..., time - 1] @ WEIGHT.T)
        fired = voltage > threshold
        voltage = np.where(fired, 0, voltage)
        sent[..., time] = fired
    return sent


END = {"v_leak": 0.0, "v_threshold": 0.6}
ALPHA, BETA = 0.7, 0.9
CASES = {
    # snntorch.export_nir: tau = dt / (1 - beta), r = tau / dt, w_in = tau_syn / dt, dt = 1e-4
    "snntorch Leaky": (
        "snntorch",
        node("LIF", tau=1e-4 / (1 - BETA), r=1 / (1 - BETA), **END),
        lambda u, v, x: (u, BETA * v + x),
    ),
    "snntorch Synaptic": (
        "snntorch",
        node(
            "CubaLIF",
            tau_syn=1e-4 / (1 - ALPHA),
            tau_mem=1e-4 / (1 - BETA),
            r=1 / (1 - BETA),
            w_in=1 / (1 - ALPHA),
            **END,
        ),
        lambda u, v, x: (ALPHA * u + x, BETA * v + ALPHA * u + x),
    ),
    # norse.torch.functional.lif.lif_step: the current jumps by what arrives, then both decay
    "norse LIFCell": (
        "norse",
        node("CubaLIF", tau_syn=4e-3, tau_mem=8e-3, r=1.0, **END),
        lambda u, v, x: (0.75 * u + x, v + (0.75 * u + x - v) / 8),
    ),
    # sinabs.layers.functional.lif: alpha = exp(-1 / tau), input times 1 - alpha, tau in steps
    "sinabs LIF": (
        "sinabs",
        node("LIF", tau=10.0, r=1.0, **END),
        lambda u, v, x: (u, np.exp(-0.1) * v + (1 - np.exp(-0.1)) * x),
    ),
    # spikingjelly nir_exchange: tau * dt; r = 1, or tau without decay_input; IF r = 1 / dt
    "spikingjelly LIFNode": (
        "spikingjelly",
        node("LIF", tau=5e-4, r=5.0, **END),
        lambda u, v, x: (u, v - v / 5 + x),
    ),
    "spikingjelly IFNode": (
        "spikingjelly",
        node("IF", r=1e4, v_threshold=0.6),
        lambda u, v, x: (u, v + x),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_profile_has_its_tools_step(case: str) -> None:
    profile, neurons, rule = CASES[case]
    dt_s = 1e-3 if profile == "norse" else None
    expected = run(rule, 0.6)
    assert 0.02 < expected.mean() < 0.9
    found = steps_of(graph(neurons), profile=PROFILES[profile], dt_s=dt_s).floats.run(SPIKES)[0]
    np.testing.assert_array_equal(found, expected)


def test_what_a_graph_cannot_say_is_said_of_its_tool() -> None:
    codes = {
        name: [
            note.code
            for note in nd.from_nir(graph(node("IF", r=1, v_threshold=1)), profile=name).notes
        ]
        for name in ("snntorch", "norse", "sinabs")
    }
    assert codes == {
        "snntorch": ["nir-reset"],
        "norse": [],
        "sinabs": ["nir-reset", "nir-several-spikes", "nir-tie"],
    }


def test_another_step_than_the_exporters_is_said() -> None:
    leaky = graph(node("LIF", tau=1e-2, r=1.0, **END))
    notes = nd.from_nir(leaky, profile="snntorch", dt_s=1e-3).notes
    assert [note.code for note in notes] == ["nir-reset", "nir-step"]
    assert "--dt 0.0001" in notes[1].remedy


def test_norses_time_constants_need_a_step_and_their_bug_is_named() -> None:
    scaled = graph(node("LIF", tau=5e-6, r=1.0, **END))
    with pytest.raises(
        InputError,
        match=r"seconds of a time step, found none\. norse's modules run with dt=1e-3 .* --dt 1e-3",
    ):
        nd.from_nir(scaled, profile="norse")
    with pytest.raises(
        InputError, match=r"--profile snntorch, sinabs or spikingjelly, .* take OUTPUT"
    ):
        nd.from_nir(scaled)
    with pytest.raises(NetworkError, match=r"norse 1\.1 writes them times the dt of its to_nir"):
        nd.from_nir(scaled, profile="norse", dt_s=1e-3)


def test_an_unknown_profile_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"--profile: expected one of snntorch.*Did you mean"):
        nd.from_nir(graph(node("IF", r=1, v_threshold=1)), profile="sntorch")

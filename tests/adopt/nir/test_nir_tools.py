"""Graphs that snnTorch, norse, sinabs and SpikingJelly write, against the modules they come from.

Optional: `make outside` runs it in an environment that has them. Every module is a float network of
the tool's own neurons; what its graph becomes in floats sends the same spikes, one step a layer
later, and what it becomes in integers nearly as many.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    snn = pytest.importorskip("snntorch", reason="make outside installs it")
    pytest.importorskip("norse", reason="make outside installs it")
    pytest.importorskip("sinabs", reason="make outside installs it")
    import nir
    import norse.torch
    import sinabs.activation
    import sinabs.layers
    import sinabs.nir
    from snntorch.export_nir import export_to_nir

import neurodeploy as nd
from neurodeploy.adopt.nir.graph import read_graph
from neurodeploy.adopt.nir.profiles import PROFILES
from neurodeploy.adopt.nir.reading import steps_of

pytestmark = pytest.mark.filterwarnings("ignore")

STEPS = 120
INPUTS, HIDDEN, OUTPUTS = 12, 20, 4


def each(count: int, value: float) -> torch.Tensor:
    return torch.full((count,), value)


def linear(outputs: int, inputs: int) -> torch.nn.Linear:
    layer = torch.nn.Linear(inputs, outputs, bias=False)
    torch.nn.init.normal_(layer.weight, 0.25, 0.5)
    return layer


@pytest.fixture
def spikes() -> np.ndarray:
    torch.manual_seed(0)
    return (np.random.default_rng(0).random((8, INPUTS, STEPS)) < 0.3).astype(np.uint8)


def step_by_step(modules: Sequence[Any], spikes: np.ndarray) -> list[np.ndarray]:
    """What every module gives, [sample, neuron, time]; norse's neurons get their state back."""
    states: list[Any] = [None] * len(modules)
    given: list[list[np.ndarray]] = [[] for _ in modules]
    for step in range(spikes.shape[-1]):
        passing = torch.from_numpy(spikes[..., step]).float()
        for place, module in enumerate(modules):
            if type(module).__module__.startswith("norse"):
                passing, states[place] = module(passing, states[place])
            else:
                passing = module(passing)
            given[place].append(passing.detach().numpy())
    return [np.stack(each, -1) for each in given]


def assert_same_spikes(
    path: Path,
    spikes: np.ndarray,
    layers: Sequence[np.ndarray],
    profile: str,
    dt_s: float | None = None,
) -> None:
    graph = read_graph(path)
    floats = steps_of(graph, profile=PROFILES[profile], dt_s=dt_s).floats.run(spikes)
    assert len(floats) == len(layers)
    for late, (found, expected) in enumerate(zip(floats, layers, strict=True), 1):
        assert expected.sum() > 500
        np.testing.assert_array_equal(found[..., late:], expected[..., :-late])
    network = nd.from_nir(path, profile=profile, dt_s=dt_s)
    sent = nd.simulate(network, spikes, "native").spikes[..., len(layers) :].sum(-1, dtype=int)
    expected = layers[-1][..., : -len(layers)].sum(-1)
    assert np.abs(sent - expected).sum() <= 0.05 * expected.sum()


LEAKY = {"init_hidden": True, "reset_mechanism": "zero", "reset_delay": False}


def snntorch_neurons(kind: str, count: int) -> Any:
    threshold = torch.ones(count)
    if kind == "Leaky":
        return snn.Leaky(beta=each(count, 0.9), threshold=threshold, **LEAKY)
    if kind == "Synaptic":
        decays = {"alpha": each(count, 0.7), "beta": each(count, 0.9)}
        return snn.Synaptic(**decays, threshold=3 * threshold, **LEAKY)
    neurons = snn.RLeaky(beta=0.9, linear_features=count, **LEAKY)
    torch.nn.init.zeros_(neurons.recurrent.bias)
    return neurons


@pytest.mark.parametrize("kind", ["Leaky", "Synaptic", "RLeaky"])
def test_snntorch(kind: str, spikes: np.ndarray, tmp_path: Path) -> None:
    last = "Leaky" if kind == "RLeaky" else kind
    modules = [
        *(linear(HIDDEN, INPUTS), snntorch_neurons(kind, HIDDEN)),
        *(linear(OUTPUTS, HIDDEN), snntorch_neurons(last, OUTPUTS)),
    ]
    given = step_by_step(modules, spikes)
    graph = export_to_nir(torch.nn.Sequential(*modules), torch.zeros(1, INPUTS), ignore_dims=[0])
    nir.write(tmp_path / "a.nir", graph)
    assert_same_spikes(tmp_path / "a.nir", spikes, given[1::2], "snntorch")


def test_norse(spikes: np.ndarray, tmp_path: Path) -> None:
    box = norse.torch.LIFBoxParameters(
        tau_mem_inv=each(HIDDEN, 200.0), v_th=each(HIDDEN, 0.3), v_leak=each(HIDDEN, 0.0)
    )
    cell = norse.torch.LIFParameters(
        tau_syn_inv=each(OUTPUTS, 200.0),
        tau_mem_inv=each(OUTPUTS, 100.0),
        v_th=each(OUTPUTS, 1.0),
        v_leak=each(OUTPUTS, 0.0),
    )
    modules = [
        *(linear(HIDDEN, INPUTS), norse.torch.LIFBoxCell(box)),
        *(linear(OUTPUTS, HIDDEN), norse.torch.LIFCell(cell)),
    ]
    given = step_by_step(modules, spikes)
    chain = norse.torch.SequentialState(*modules)
    for dt, step in ((1.0, 1e-3), (1e-3, 1e-6)):
        nir.write(tmp_path / "a.nir", norse.torch.to_nir(chain, torch.zeros(INPUTS), dt=dt))
        assert_same_spikes(tmp_path / "a.nir", spikes, given[1::2], "norse", step)


def test_norses_leaky_integrators_are_read_on_the_host(spikes: np.ndarray, tmp_path: Path) -> None:
    modules = [
        *(
            linear(HIDDEN, INPUTS),
            norse.torch.IAFCell(norse.torch.IAFParameters(each(HIDDEN, 1.0))),
        ),
        linear(OUTPUTS, HIDDEN),
        norse.torch.LIBoxCell(
            norse.torch.LIBoxParameters(tau_mem_inv=each(OUTPUTS, 50.0), v_leak=each(OUTPUTS, 0.0))
        ),
    ]
    given = step_by_step(modules, spikes)
    chain = norse.torch.SequentialState(*modules)
    nir.write(tmp_path / "a.nir", norse.torch.to_nir(chain, torch.zeros(INPUTS), dt=1.0))
    assert_same_spikes(tmp_path / "a.nir", spikes, given[1:2], "norse", 1e-3)
    converted = nd.convert(tmp_path / "a.nir", profile="norse", dt_s=1e-3)
    assert converted.readout is not None
    answer = converted.readout.decoder(STEPS).at_the_end(torch.from_numpy(given[1]))["label"]
    torch.testing.assert_close(answer, torch.from_numpy(given[3][..., -1]))


def test_sinabs(tmp_path: Path) -> None:
    torch.manual_seed(0)
    spikes = (np.random.default_rng(1).random((4, 2, 8, 8, 100)) < 0.2).astype(np.uint8)
    neuron = {
        "spike_fn": sinabs.activation.SingleSpike,
        "reset_fn": sinabs.activation.MembraneReset(),
        "num_timesteps": spikes.shape[-1],
    }
    convolution = torch.nn.Conv2d(2, 4, 3, bias=False)
    torch.nn.init.normal_(convolution.weight, 0.1, 0.3)
    network = torch.nn.Sequential(
        convolution,
        sinabs.layers.IAFSqueeze(**neuron),
        sinabs.layers.SumPool2d(2),
        torch.nn.Flatten(),
        linear(5, 36),
        sinabs.layers.LIFSqueeze(tau_mem=each(5, 10.0), spike_threshold=each(5, 1.0), **neuron),
    )
    passing = torch.from_numpy(np.moveaxis(spikes, -1, 1)).flatten(0, 1).float()
    layers = []
    for module in network:
        passing = module(passing)
        if "Squeeze" in type(module).__name__:
            sent = passing.detach().unflatten(0, (len(spikes), -1)).movedim(1, -1)
            layers.append(sent.numpy())
    graph = sinabs.nir.to_nir(network, passing.new_zeros(spikes.shape[-1], 2, 8, 8))
    graph.infer_types()
    nir.write(tmp_path / "a.nir", graph)
    assert_same_spikes(tmp_path / "a.nir", spikes, layers, "sinabs")


@pytest.mark.parametrize("kind", ["IFNode", "LIFNode", "LIFNode without decay of its input"])
def test_spikingjelly(kind: str, spikes: np.ndarray, tmp_path: Path) -> None:
    exchange = pytest.importorskip("spikingjelly.activation_based.nir_exchange")
    from spikingjelly.activation_based import functional, neuron

    def neurons() -> Any:
        if kind == "IFNode":
            return neuron.IFNode(v_threshold=1.0)
        return neuron.LIFNode(tau=5.0, v_threshold=0.6, decay_input=kind == "LIFNode")

    modules = [linear(HIDDEN, INPUTS), neurons(), linear(OUTPUTS, HIDDEN), neurons()]
    given = step_by_step(modules, spikes)
    chain = torch.nn.Sequential(*modules)
    functional.reset_net(chain)
    exchange.export_to_nir(chain, torch.zeros(1, INPUTS), tmp_path / "a.nir")
    assert_same_spikes(tmp_path / "a.nir", spikes, given[1::2], "spikingjelly")

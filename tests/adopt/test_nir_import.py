"""NIR graphs that are built here, held against their equations in a plain loop."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import neurodeploy as nd
from neurodeploy.adopt.nir_graph import read_graph
from neurodeploy.adopt.nir_import import floats_of
from neurodeploy.errors import FileFormatError, InputError, NetworkError

nir = pytest.importorskip("nir")

RNG = np.random.default_rng(11)
DT = 1e-3


def chain(shape: tuple[int, ...], *nodes: Any, outputs: int = 2) -> Any:
    named = {str(index): node for index, node in enumerate(nodes)}
    ends = {
        "input": nir.Input(input_type={"input": np.array(shape)}),
        "output": nir.Output(output_type={"output": np.array([outputs])}),
    }
    names = ["input", *named, "output"]
    edges = list(pairwise(names))
    return nir.NIRGraph(nodes={**ends, **named}, edges=edges, type_check=False)


def lif(count: int, **changes: Any) -> Any:
    values = {"tau": 8e-3, "r": 1.5, "v_leak": 0.0, "v_threshold": 1.0, **changes}
    return nir.LIF(**{name: np.full(count, value, float) for name, value in values.items()})


def affine(outputs: int, inputs: int, bias: float = 0.0) -> Any:
    weight = RNG.normal(1, 2, (outputs, inputs))
    return nir.Affine(weight=weight, bias=np.full(outputs, bias))


def euler(weight: np.ndarray, bias: Any, node: Any, spikes: np.ndarray) -> np.ndarray:
    """LIF by forward Euler, as the NIR paper writes it; a step late, as netx is."""
    voltage = np.zeros((len(spikes), len(weight)))
    sent = np.zeros((len(spikes), len(weight), spikes.shape[-1]), np.uint8)
    for step in range(spikes.shape[-1]):
        given = spikes[..., step - 1] if step else np.zeros(spikes.shape[:-1])
        drive = node.r * (given @ weight.T + bias)
        voltage = voltage + DT / node.tau * (node.v_leak - voltage + drive)
        fired = voltage > node.v_threshold
        voltage[fired] = 0
        sent[..., step] = fired
    return sent


def signal(*shape: int, steps: int = 40) -> np.ndarray:
    return (RNG.random((3, *shape, steps)) < 0.3).astype(np.uint8)


@pytest.mark.parametrize(("leak", "bias"), [(0.0, 0.0), (0.2, 0.5)])
def test_leaky_neurons_follow_the_equation(leak: float, bias: float) -> None:
    synapses, neurons = affine(4, 6, bias), lif(4, v_leak=leak)
    floats = floats_of(chain((6,), synapses, neurons), dt_s=DT)
    spikes = signal(6)
    expected = euler(synapses.weight, synapses.bias, neurons, spikes)
    assert 0 < expected.mean() < 0.9
    (found,) = floats.run(spikes)
    np.testing.assert_array_equal(found, expected)


def test_thresholds_of_each_neuron_are_folded_into_its_weights() -> None:
    synapses, neurons = affine(4, 6), lif(4)
    neurons.v_threshold = np.array([0.5, 1.0, 2.0, 4.0])
    floats = floats_of(chain((6,), synapses, neurons), dt_s=DT)
    spikes = signal(6)
    expected = euler(synapses.weight, 0, neurons, spikes)
    np.testing.assert_array_equal(floats.run(spikes)[0], expected)


@pytest.mark.parametrize("pool", ["SumPool2d", "AvgPool2d"])
def test_a_pool_is_folded_into_the_kernel_or_matrix_behind_it(pool: str) -> None:
    count = int(pool == "SumPool2d") * 4 or 1
    kernel = RNG.normal(0.5, 1, (3, 2, 3, 3))
    made = getattr(nir, pool)(
        kernel_size=np.array([2, 2]), stride=np.array([2, 2]), padding=np.array([0, 0])
    )
    conv = nir.Conv2d(
        input_shape=(4, 4),
        weight=kernel,
        stride=1,
        padding=1,
        dilation=1,
        groups=1,
        bias=np.zeros(3),
    )
    image = nir.IF(r=np.ones((3, 4, 4)), v_threshold=np.full((3, 4, 4), 1.2))
    flat = nir.Flatten(start_dim=0, end_dim=-1, input_type={"input": np.array([3, 2, 2])})
    dense = affine(2, 12)
    neurons = nir.IF(r=np.ones(2), v_threshold=np.ones(2))
    floats = floats_of(chain((2, 8, 8), made, conv, image, made, flat, dense, neurons), dt_s=DT)
    first, second = floats.layers
    assert (first.stride, first.padding) == ((2, 2), (2, 2))
    frame = torch.from_numpy(signal(2, 8, 8, steps=1)[..., 0]).double()
    pooled = torch.nn.functional.avg_pool2d(frame, 2) * count
    expected = torch.nn.functional.conv2d(pooled, torch.from_numpy(kernel), padding=1) / 1.2
    found = torch.nn.functional.conv2d(
        frame, torch.from_numpy(first.weight), stride=first.stride, padding=first.padding
    )
    torch.testing.assert_close(found, expected)
    hidden = torch.from_numpy(signal(3, 4, 4, steps=1)[..., 0]).double()
    flattened = (torch.nn.functional.avg_pool2d(hidden, 2) * count).flatten(1)
    torch.testing.assert_close(
        hidden.flatten(1) @ torch.from_numpy(second.weight).T,
        flattened @ torch.from_numpy(dense.weight).T,
    )


def recurrent_graph(**changes: Any) -> tuple[Any, Any, Any, Any]:
    forward, back = affine(5, 6), nir.Linear(weight=RNG.normal(0, 1, (5, 5)))
    values = {
        **{"tau_syn": 4e-3, "tau_mem": 8e-3, "r": 1.0, "v_leak": 0.0, "v_threshold": 1.0},
        **{"w_in": 6.0},
        **changes,
    }
    neurons = nir.CubaLIF(**{name: np.full(5, value, float) for name, value in values.items()})
    graph = chain((6,), forward, neurons, outputs=5)
    graph.nodes["back"] = back
    graph.edges += [("1", "back"), ("back", "1")]
    return graph, forward, back, neurons


def test_a_cycle_of_neurons_and_weights_is_a_recurrent_layer() -> None:
    graph, forward, back, node = recurrent_graph()
    floats = floats_of(graph, dt_s=DT)
    spikes = signal(6)
    current = voltage = np.zeros((3, 5))
    sent = np.zeros((3, 5, 40), np.uint8)
    for step in range(1, 40):
        arriving = spikes[..., step - 1] @ forward.weight.T + sent[..., step - 1] @ back.weight.T
        current = current + DT / node.tau_syn * (node.w_in * arriving - current)
        voltage = voltage + DT / node.tau_mem * (node.r * current - voltage)
        fired = voltage > node.v_threshold
        voltage = np.where(fired, 0, voltage)
        sent[..., step] = fired
    assert sent.any()
    np.testing.assert_array_equal(floats.run(spikes)[0], sent)


def test_a_file_becomes_integers_that_run_alike(tmp_path: Path) -> None:
    synapses, neurons = affine(4, 6), lif(4)
    path = tmp_path / "anything.dat"
    nir.write(path, chain((6,), synapses, neurons, outputs=4))
    converted = nd.convert(path, tmp_path / "a.net", dt_s=DT)
    assert converted.report is not None
    network = nd.read_network(tmp_path / "a.net")
    spikes = signal(6, steps=60)
    expected = euler(synapses.weight, 0, neurons, spikes)
    found = nd.simulate(network, spikes, "native").spikes
    assert np.abs(found.sum(-1).astype(int) - expected.sum(-1)).sum() <= 0.1 * expected.sum()
    fewer = nd.from_nir(path, dt_s=DT, bits=4)
    assert np.unique(fewer.layers[0].weight).size <= 16  # type: ignore[union-attr]


REFUSED = {
    "reset": (chain((6,), affine(2, 6), lif(2, v_reset=0.1)), "node 1, v_reset"),
    "tau": (chain((6,), affine(2, 6), lif(2, tau=1e-4)), "node 1, tau"),
    "threshold": (chain((6,), affine(2, 6), lif(2, v_threshold=0.0)), "node 1, v_threshold"),
    "host": (chain((6,), affine(2, 6)), "before the output, found 0. Read the rest on the host"),
    "kind": (
        chain((6,), affine(2, 6), nir.Threshold(threshold=np.ones(2)), lif(2)),
        "node 1: expected Affine",
    ),
    "not finite": (
        chain((6,), nir.Linear(weight=np.full((2, 6), np.nan)), lif(2)),
        "node 0: expected finite numbers",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_brought_over_is_refused_by_node(case: str) -> None:
    graph, said = REFUSED[case]
    with pytest.raises(NetworkError, match=said):
        floats_of(graph, dt_s=DT)


def test_a_bias_into_a_filtered_current_is_refused() -> None:
    graph, *_ = recurrent_graph()
    graph.nodes["0"].bias[:] = 1
    with pytest.raises(NetworkError, match="node 1: expected no bias into a filtered current"):
        floats_of(graph, dt_s=DT)


@pytest.mark.parametrize("dt_s", [0, -1.0, float("inf"), float("nan")])
def test_a_step_is_a_positive_time(dt_s: float) -> None:
    with pytest.raises(InputError, match="dt_s: expected seconds"):
        floats_of(chain((6,), affine(2, 6), lif(2)), dt_s=dt_s)


def test_a_graph_that_branches_is_refused() -> None:
    graph = chain((6,), affine(2, 6), lif(2))
    graph.nodes["side"] = affine(2, 2)
    graph.edges.append(("1", "side"))
    with pytest.raises(
        NetworkError, match="node 1: expected one node after it, found output, side"
    ):
        floats_of(graph, dt_s=DT)


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.nir"
    nir.write(path, chain((6,), affine(2, 6), lif(2)))
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(FileFormatError, match=r"network .*a\.nir"):
        read_graph(path)

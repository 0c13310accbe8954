"""NIR graphs that are built here, held against their equations in a plain loop."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest
import torch

import neurodeploy as nd
from neurodeploy.adopt.floats import FloatNetwork
from neurodeploy.adopt.nir.graph import read_graph
from neurodeploy.adopt.nir.reading import _sizes, steps_of
from neurodeploy.errors import FileFormatError, InputError, NetworkError

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


def in_steps(graph: Any, **options: Any) -> FloatNetwork:
    return steps_of(graph, **options).floats


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
    floats = in_steps(chain((6,), synapses, neurons), dt_s=DT)
    spikes = signal(6)
    expected = euler(synapses.weight, synapses.bias, neurons, spikes)
    assert 0 < expected.mean() < 0.9
    (found,) = floats.run(spikes)
    np.testing.assert_array_equal(found, expected)


def test_thresholds_of_each_neuron_are_folded_into_its_weights() -> None:
    synapses, neurons = affine(4, 6), lif(4)
    neurons.v_threshold = np.array([0.5, 1.0, 2.0, 4.0])
    floats = in_steps(chain((6,), synapses, neurons), dt_s=DT)
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
    floats = in_steps(chain((2, 8, 8), made, conv, image, made, flat, dense, neurons), dt_s=DT)
    first, second = floats.layers
    assert first.threshold == 1.2
    assert (first.stride, first.padding) == ((2, 2), (2, 2))
    frame = torch.from_numpy(signal(2, 8, 8, steps=1)[..., 0]).double()
    pooled = torch.nn.functional.avg_pool2d(frame, 2) * count
    expected = torch.nn.functional.conv2d(pooled, torch.from_numpy(kernel), padding=1)
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
    floats = in_steps(graph, dt_s=DT)
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
    "host": (chain((6,), affine(2, 6)), "behind the last, found 0. End with LI or I"),
    "kind": (
        chain((6,), affine(2, 6), nir.Input(input_type={"input": np.array([2])}), lif(2)),
        "expected one Input node",
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
        in_steps(graph, dt_s=DT)


@pytest.mark.parametrize("dt_s", [0, -1.0, float("inf"), float("nan")])
def test_a_step_is_a_positive_time(dt_s: float) -> None:
    with pytest.raises(InputError, match="--dt: expected seconds"):
        in_steps(chain((6,), affine(2, 6), lif(2)), dt_s=dt_s)


def test_a_graph_that_branches_is_refused() -> None:
    graph = chain((6,), affine(2, 6), lif(2))
    graph.nodes["side"] = affine(2, 2)
    graph.edges.append(("1", "side"))
    with pytest.raises(
        NetworkError, match="node 1: expected one node after it, found output, side"
    ):
        in_steps(graph, dt_s=DT)


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.nir"
    nir.write(path, chain((6,), affine(2, 6), lif(2)))
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(FileFormatError, match=r"network .*a\.nir"):
        read_graph(path)


def test_a_graph_inside_the_graph_is_unfolded() -> None:
    graph, *_ = recurrent_graph()
    inner = nir.NIRGraph(
        nodes={
            "in": nir.Input(input_type={"input": np.array([5])}),
            "lif": graph.nodes["1"],
            "w_rec": graph.nodes["back"],
            "out": nir.Output(output_type={"output": np.array([5])}),
        },
        edges=[("in", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "out")],
        type_check=False,
    )
    outer = chain((6,), graph.nodes["0"], inner, outputs=5)
    nested, flat = in_steps(outer, dt_s=DT), in_steps(graph, dt_s=DT)
    assert nested.layers[0].name == "1.lif"
    spikes = signal(6)
    assert flat.run(spikes)[0].any()
    np.testing.assert_array_equal(nested.run(spikes)[0], flat.run(spikes)[0])


def test_a_pool_behind_a_convolution_is_folded_into_its_kernel() -> None:
    kernel = RNG.normal(0.5, 1, (3, 2, 3, 3))
    conv = nir.Conv2d(
        input_shape=(9, 9),
        weight=kernel,
        stride=1,
        padding="valid",
        dilation=1,
        groups=1,
        bias=np.array([0.5, 0.0, 0.1]),
    )
    pool = nir.AvgPool2d(
        kernel_size=np.array([2, 2]), stride=np.array([2, 2]), padding=np.array([0, 0])
    )
    neurons = nir.IF(r=np.ones((3, 3, 3)), v_threshold=np.ones((3, 3, 3)))
    (layer,) = in_steps(chain((2, 9, 9), conv, pool, neurons)).layers
    frame = torch.from_numpy(signal(2, 9, 9, steps=1)[..., 0]).double()
    expected = torch.nn.functional.avg_pool2d(
        torch.nn.functional.conv2d(frame, torch.from_numpy(kernel)), 2
    )
    found = torch.nn.functional.conv2d(frame, torch.from_numpy(layer.weight), stride=layer.stride)
    torch.testing.assert_close(found, expected)
    np.testing.assert_allclose(np.asarray(layer.bias), conv.bias)


def test_a_line_is_an_image_of_height_one() -> None:
    kernel = RNG.normal(0.5, 1, (3, 2, 4))
    conv = nir.Conv1d(
        input_shape=11, weight=kernel, stride=2, padding=1, dilation=1, groups=1, bias=np.zeros(3)
    )
    neurons = nir.Threshold(threshold=np.full((3, 5), 0.7))
    floats = in_steps(chain((2, 11), conv, neurons))
    assert (floats.input_shape, floats.shapes) == ((2, 1, 11), ((3, 1, 5),))
    spikes = signal(2, 11)
    line = torch.from_numpy(np.moveaxis(spikes, -1, 1)).double().flatten(0, 1)
    sums = torch.nn.functional.conv1d(line, torch.from_numpy(kernel), stride=2, padding=1)
    expected = np.moveaxis((sums > 0.7).numpy().reshape(3, 40, 3, 5), 1, -1)
    found = floats.run(spikes[:, :, None])[0][:, :, 0]
    np.testing.assert_array_equal(found[..., 1:], expected[..., :-1])


@pytest.mark.parametrize("sample", [(), (1,)])
def test_an_axis_of_one_sample_is_no_feature(sample: tuple[int, ...]) -> None:
    threshold = nir.Threshold(threshold=np.ones(2))
    flat = in_steps(chain((*sample, 6), affine(2, 6), threshold))
    assert flat.input_shape == (6,)
    flatten = nir.Flatten(start_dim=0, end_dim=-1, input_type={"input": np.array([2, 1, 3])})
    image = in_steps(chain((*sample, 2, 1, 3), flatten, affine(2, 6), threshold))
    assert image.input_shape == (2, 1, 3)


def test_delays_before_and_behind_weights_are_those_of_synapses() -> None:
    early, late = np.array([0, 1, 2, 3, 0, 1]) * DT, np.array([2, 0, 1, 0]) * DT
    synapses, neurons = affine(4, 6), nir.Threshold(threshold=np.full(4, 0.7))
    graph = chain((6,), nir.Delay(delay=early), synapses, nir.Delay(delay=late), neurons)
    spikes = signal(6, steps=30)
    expected = np.zeros((3, 4, 30))
    for step in range(30):
        for output in range(4):
            for source in range(6):
                sent = step - 1 - round((early[source] + late[output]) / DT)
                if sent >= 0:
                    expected[:, output, step] += (
                        synapses.weight[output, source] * spikes[:, source, sent]
                    )
    found = in_steps(graph, dt_s=DT).run(spikes)[0]
    assert found.any()
    np.testing.assert_array_equal(found, expected > 0.7)


@pytest.mark.parametrize(
    ("delay", "said"),
    [(1.5e-3, "whole steps of 0.001"), (63e-3, "0 to 62 steps"), (-1e-3, "0 to 62 steps")],
)
def test_a_delay_that_netx_has_not_is_refused(delay: float, said: str) -> None:
    graph = chain((6,), nir.Delay(delay=np.full(6, delay)), affine(2, 6), lif(2))
    with pytest.raises(NetworkError, match=f"node 0, delay: expected {said}"):
        in_steps(graph, dt_s=DT)


def test_a_bias_that_passes_a_current_acts_as_it_does_once_the_current_settled() -> None:
    graph, *_ = recurrent_graph(v_threshold=1e9)
    graph.nodes["0"].bias[:] = 1
    graph.nodes["back"] = nir.Affine(weight=np.zeros((5, 5)), bias=np.full(5, 0.5))
    node = graph.nodes["1"]
    steps = steps_of(graph, dt_s=DT)
    current = voltage = 0.0
    for _ in range(2000):
        current += DT / 4e-3 * (6.0 * 1.5 - current)
        voltage += DT / 8e-3 * (node.r[0] * current - voltage)
    (layer,) = steps.floats.settled().layers
    np.testing.assert_allclose(
        np.asarray(layer.bias) / np.asarray(layer.voltage_decay), voltage, rtol=1e-6
    )
    node.v_threshold[:] = 20
    notes = nd.convert(graph, dt_s=DT).network.notes
    assert [(note.code, note.layer) for note in notes] == [("nir-settled-bias", "0-dense_rec")]


def test_a_step_is_asked_for_where_something_depends_on_it() -> None:
    threshold = nir.Threshold(threshold=np.ones(2))
    assert len(in_steps(chain((6,), affine(2, 6), threshold)).layers) == 1
    for graph in (
        chain((6,), affine(2, 6), lif(2)),
        chain((6,), nir.Delay(delay=np.ones(6)), affine(2, 6), threshold),
    ):
        with pytest.raises(
            InputError, match="NIR graph: expected seconds of a time step, found none"
        ):
            in_steps(graph)


@pytest.mark.parametrize("said", [{"a": 1}, ["x"], [np.inf], None])
def test_an_input_without_sizes_is_refused(said: object) -> None:
    with pytest.raises(NetworkError, match="node Input: expected sizes of its features"):
        _sizes(said)

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from cases import CASES, Case
from reference import reference_traces

from neurodeploy.cost.metrics import count_membrane_updates, membrane_updates
from neurodeploy.engines.counts import count
from neurodeploy.engines.native import NativeEngine
from neurodeploy.netx.layers import Average, ComplexDense, Conv, Dense, NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron, RfNeuron, SdnnNeuron

NEURON = CubaNeuron(current_decay=1024, voltage_decay=128, threshold=80)
SIGMA_DELTA = SdnnNeuron(threshold=5)
RESONATOR = RfNeuron(sin_decay=900, cos_decay=3900, threshold=60, phase=True)
FIELDS = {
    "name",
    "input_spikes",
    "output_spikes",
    "synops",
    "effective_synops",
    "graded_synops",
    "neuron_updates",
    "macs",
}


def test_a_run_counted_by_hand() -> None:
    network = Network(
        input_shape=(3,),
        layers=(
            Dense(weight=[[2, 0, 4], [0, 0, 6]], neuron=NEURON),
            Dense(weight=[[8, 8]], neuron=NEURON),
        ),
    )
    inputs = np.zeros((2, 3, 4), np.uint8)
    hidden = np.zeros((2, 2, 4), np.uint8)
    output = np.zeros((2, 1, 4), np.uint8)
    inputs[0, 0, [0, 1]] = 1  # reaches 2 neurons, 1 of them effectively
    inputs[0, 1, [3]] = 1  # 2, 0
    inputs[1, 2, [0, 1, 2]] = 1  # 2, 2
    hidden[0, 0, [2]] = 1
    hidden[1, :, [1, 2]] = 1
    output[1, 0, [3]] = 1
    counts = count(network, [inputs, hidden, output])
    assert (counts.samples, counts.steps) == (2, 4)
    first, second = counts.layers
    assert (first.name, second.name) == ("0-dense", "1-dense")
    by_sample = {
        "input_spikes": ([3, 3], [1, 4]),
        "output_spikes": ([1, 4], [0, 1]),
        "synops": ([6, 6], [1, 4]),
        "effective_synops": ([2, 6], [1, 4]),
        "graded_synops": ([0, 0], [0, 0]),
        "neuron_updates": ([8, 8], [4, 4]),
        "macs": ([0, 0], [0, 0]),
    }
    for field, expected in by_sample.items():
        for layer, values in zip(counts.layers, expected, strict=True):
            assert getattr(layer, field).tolist() == values, (layer.name, field)
            assert getattr(layer, field).dtype == np.int64
    totals = counts.totals()
    assert set(totals) == {"layers", "samples", "steps"}
    assert (totals["samples"], totals["steps"]) == (2, 4)
    assert totals["layers"][0] == {
        "name": "0-dense",
        "input_spikes": 6,
        "output_spikes": 5,
        "synops": 12,
        "effective_synops": 8,
        "graded_synops": 0,
        "neuron_updates": 16,
        "macs": 0,
    }
    assert [set(layer) for layer in totals["layers"]] == [FIELDS, FIELDS]
    assert json.loads(json.dumps(totals)) == totals


def test_input_neurons_cost_a_mac_a_feature_and_step_and_no_synop() -> None:
    network = Network(
        input_shape=(1, 2, 3),
        layers=(
            NeuronInput(neuron=NEURON),
            Dense(weight=np.full((2, 6), 4), neuron=NEURON),
            Average(outputs=1),
        ),
    )
    current = np.full((2, 1, 2, 3, 5), -7, np.int32)
    spikes = np.zeros((2, 1, 2, 3, 5), np.uint8)
    spikes[1, 0, 1, 2, :4] = 1
    hidden = np.ones((2, 2, 5), np.uint8)
    first, second, third = count(network, [current, spikes, hidden, np.zeros((2, 1, 5))]).totals()[
        "layers"
    ]
    assert first == {
        "name": "0-input",
        "input_spikes": 0,
        "output_spikes": 4,
        "synops": 0,
        "effective_synops": 0,
        "graded_synops": 0,
        "neuron_updates": 60,
        "macs": 60,
    }
    assert (second["input_spikes"], second["synops"], second["macs"]) == (4, 8, 0)
    assert (third["input_spikes"], third["synops"], third["neuron_updates"]) == (20, 0, 0)


def test_a_convolution_is_counted_where_its_spikes_fell() -> None:
    weight = np.ones((2, 1, 2, 2), int)
    weight[1, 0, 0, 0] = 0
    network = Network(input_shape=(1, 3, 3), layers=(Conv(weight=weight, neuron=NEURON),))
    inputs = np.zeros((1, 1, 3, 3, 2), np.uint8)
    inputs[0, 0, 0, 0, 0] = 1  # a corner: one output position in 2 channels, one weight 0
    inputs[0, 0, 1, 1, :] = 1  # the middle: 4 positions in 2 channels, one weight 0
    (layer,) = count(network, [inputs, np.zeros((1, 2, 2, 2, 2), np.uint8)]).layers
    assert layer.input_spikes.tolist() == [3]
    assert layer.synops.tolist() == [2 + 8 + 8]
    assert layer.effective_synops.tolist() == [1 + 7 + 7]
    assert layer.neuron_updates.tolist() == [8 * 2]


def test_no_steps_cost_nothing() -> None:
    network = Network(input_shape=(3,), layers=(Dense(weight=[[2, 4, 6]], neuron=NEURON),))
    counts = count(network, [np.zeros((1, 3, 0), np.uint8), np.zeros((1, 1, 0), np.uint8)])
    assert {field: counts.totals()["layers"][0][field] for field in FIELDS - {"name"}} == (
        dict.fromkeys(FIELDS - {"name"}, 0)
    )


def test_a_recurrent_run_counted_by_hand() -> None:
    layers = (
        Dense(weight=[[2, 0, 4], [0, 0, 6]], neuron=NEURON, recurrent_weight=[[0, 8], [0, 9]]),
        Dense(weight=[[8, 8]], neuron=NEURON),
    )
    inputs = np.zeros((2, 3, 4), np.uint8)
    hidden = np.zeros((2, 2, 4), np.uint8)
    inputs[0, 0, [0, 1]] = 1  # reaches 2 neurons, 1 of them effectively
    inputs[1, 2, [0, 1, 2]] = 1  # 2, 2
    hidden[0, 0, [2]] = 1  # back to 2 neurons, 0 effectively
    hidden[1, 1, [1, 2]] = 1  # 2, 2
    run = [inputs, hidden, np.zeros((2, 1, 4), np.uint8)]
    counts = count(Network(input_shape=(3,), layers=layers), run)
    first, second = counts.layers
    assert first.name == "0-dense_rec"
    assert first.input_spikes.tolist() == [2, 3]
    assert first.output_spikes.tolist() == [1, 2]
    assert first.synops.tolist() == [2 * 2 + 1 * 2, 3 * 2 + 2 * 2]
    assert first.effective_synops.tolist() == [2 * 1 + 1 * 0, 3 * 2 + 2 * 2]
    assert first.graded_synops.tolist() == [0, 0]
    assert second.synops.tolist() == [1, 2]
    graded = count(Network(input_shape=(3,), layers=layers, input_bits=4), run)
    # Lava reads the spikes that come back as it reads those of the input.
    assert graded.layers[0].graded_synops.tolist() == first.synops.tolist()
    assert graded.layers[1].graded_synops.tolist() == [0, 0]


def test_a_complex_run_counted_by_hand() -> None:
    layer = ComplexDense(
        real_weight=[[2, 0], [0, 0]], imaginary_weight=[[1, 3], [5, 0]], neuron=RESONATOR
    )
    inputs = np.zeros((1, 2, 3), np.uint8)
    inputs[0, 0, [0, 2]] = 1  # 4 connections, 3 of them effective
    inputs[0, 1, [1]] = 1  # 4, 1
    (counts,) = count(
        Network(input_shape=(2,), layers=(layer,)), [inputs, np.ones((1, 2, 3), np.uint8)]
    ).layers
    assert (counts.synops.item(), counts.effective_synops.item()) == (12, 7)
    assert (counts.input_spikes.item(), counts.output_spikes.item()) == (3, 6)
    assert (counts.graded_synops.item(), counts.neuron_updates.item()) == (0, 6)


def test_a_sigma_delta_run_counted_by_hand() -> None:
    network = Network(
        input_shape=(2,),
        layers=(
            NeuronInput(neuron=SIGMA_DELTA),
            Dense(weight=[[2, 0], [4, 6], [8, 0]], neuron=NEURON),
            Dense(weight=[[2, 4, 6]], neuron=SIGMA_DELTA),
        ),
    )
    current = np.full((1, 2, 3), 9, np.int32)
    changes = np.array([[[0, -700, 0], [5, 0, 1]]], np.int32)  # 3 spikes, whatever they carry
    hidden = np.array([[[0, 1, 1], [0, 0, 1], [0, 0, 0]]], np.uint8)
    output = np.array([[[0, -3, 4]]], np.int32)
    first, second, third = count(network, [current, changes, hidden, output]).layers
    assert (first.output_spikes.item(), first.synops.item(), first.macs.item()) == (3, 0, 6)
    assert first.graded_synops.item() == 0
    assert (second.synops.item(), second.effective_synops.item()) == (9, 3 + 1 + 1)
    assert second.graded_synops.item() == 9
    assert (third.synops.item(), third.graded_synops.item()) == (3, 0)
    assert third.output_spikes.item() == 2


def test_graded_synops_are_those_of_the_layer_that_takes_graded_spikes() -> None:
    layers = (
        Conv(weight=np.ones((2, 1, 2, 2)), neuron=SIGMA_DELTA),
        Dense(weight=np.ones((3, 8)), neuron=NEURON),
        Dense(weight=np.ones((1, 3)), neuron=NEURON),
    )
    for bits, expected in ((0, [0, 24, 0]), (8, [32, 24, 0])):
        network = Network(input_shape=(1, 3, 3), layers=layers, input_bits=bits)
        shapes = (network.input_shape, *network.shapes)
        run = [np.ones((1, *shape, 1), np.int32) for shape in shapes]
        counted = count(network, run).totals()["layers"]
        assert [layer["graded_synops"] for layer in counted] == expected
        assert [layer["synops"] for layer in counted] == [32, 24, 3]


def test_effective_operations_add_or_multiply() -> None:
    layers = (
        Dense(weight=[[2, 0], [4, 6]], neuron=NEURON),
        Dense(weight=[[2, 0]], neuron=NEURON),
    )
    inputs = np.zeros((3, 2, 4), np.int32)
    inputs[0, 0, :2], inputs[1, 1, 3] = 3, 1  # the third sample is silent
    hidden = np.zeros((3, 2, 4), np.uint8)
    hidden[0] = 1
    run = [inputs, hidden, np.zeros((3, 1, 4), np.uint8)]
    for bits, (acs, macs) in {0: ([4, 1, 0], [0, 0, 0]), 2: ([0, 0, 0], [4, 1, 0])}.items():
        network = Network(input_shape=(2,), layers=layers, input_bits=bits)
        first, second = count(network, run).layers
        assert (first.effective_acs.tolist(), first.effective_macs.tolist()) == (acs, macs)
        assert (second.effective_acs.tolist(), second.effective_macs.tolist()) == (
            [4, 0, 0],
            [0] * 3,
        )
        assert first.activation_sparsity.tolist() == [0, 1, 1]


def test_connections_of_a_network_count_borders_recurrence_and_zeros() -> None:
    layers = (
        NeuronInput(neuron=NEURON),
        Conv(weight=np.zeros((2, 1, 3, 3)), neuron=NEURON, padding=(1, 1)),
        Dense(weight=np.ones((3, 8)), neuron=NEURON, recurrent_weight=np.zeros((3, 3))),
        Average(outputs=3),
    )
    network = Network(input_shape=(1, 2, 2), layers=layers)
    # Each of 2 x 2 positions sees all four pixels, in two channels.
    assert network.connections == (0, 2 * 4 * 4, 24 + 9, 0)
    layers = zip(network.layers, network.shapes, strict=True)
    assert [layer.neuron_count(shape) for layer, shape in layers] == [4, 8, 3, 0]


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__)
def test_membrane_updates_are_those_of_the_rules(make: Callable[[], Case]) -> None:
    case = make()
    with NativeEngine(case.network) as engine:
        found = count_membrane_updates(engine, case.batch)
    for name, (_, states) in zip(
        case.network.names, reference_traces(case.network, case.batch), strict=True
    ):
        expected = membrane_updates(states)
        assert found[name].tolist() == expected.tolist()
        assert 0 < expected.sum() <= np.size(next(iter(states.values())))

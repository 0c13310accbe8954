"""Metrics counted by hand; `test_neurobench` compares them with NeuroBench's own code."""

from __future__ import annotations

import json

import numpy as np
import pytest

from neurodeploy.cost.metrics import (
    activation_sparsity,
    connection_sparsity,
    count_membrane_updates,
    dense_synops,
    footprint_bytes,
    layer_metrics,
    membrane_updates,
    network_metrics,
)
from neurodeploy.engines.counts import count
from neurodeploy.engines.native import NativeEngine
from neurodeploy.netx.layers import Average, ComplexDense, Conv, Dense, NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron, RfNeuron, SdnnNeuron

NEURON = CubaNeuron(current_decay=4096, voltage_decay=4096, threshold=10)
RESONATOR = RfNeuron(sin_decay=900, cos_decay=3900, threshold=60, phase=True)


def image_network() -> Network:
    weight = np.ones((2, 1, 2, 2), int)
    weight[1, 0] = [[0, 3], [0, 5]]
    layers = (
        NeuronInput(neuron=NEURON),
        Conv(weight=weight, neuron=NEURON, padding=(1, 0), bias=[1, 2]),
        Dense(weight=[[0] * 16 + [4, 6]], neuron=SdnnNeuron(threshold=3), delay=[2]),
        Average(outputs=1),
    )
    return Network(input_shape=(1, 2, 4), layers=layers)


def image_run(network: Network) -> list[np.ndarray]:
    """Two samples of three steps, in which few spike."""
    run = [np.zeros((2, *shape, 3), np.int32) for shape in (network.input_shape, *network.shapes)]
    run[0][:] = 7
    run[1][0, 0, 1, 1, :2] = 1  # two spikes at 2 x 2 positions of 2 channels, 2 weights of 0
    run[1][1, 0, 0, 3, :] = 1  # three at the right edge, at 2 x 1 positions; one channel has 0
    run[2][0, 1, 2, 1, 0] = 1  # one of weight 4
    run[2][0, 0, 0, 0, :] = 1  # three of weight 0
    run[3][1, 0, 2] = -9  # one, graded
    run[4][1, 0, 2] = -9  # averages have no neurons
    return run


def test_footprint_is_weights_biases_delays_and_states() -> None:
    network = image_network()
    found = [footprint_bytes(*each) for each in zip(network.layers, network.shapes, strict=True)]
    assert found == [8 * 2 * 3, 8 + 2 * 2 + 18 * 2 * 3, 18 + 1 + 3 * 3, 0]


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (Dense(weight=np.ones((3, 5)), neuron=NEURON, recurrent_weight=np.ones((3, 3))), 42),
        (Dense(weight=np.ones((3, 5)), neuron=NEURON, delay=np.ones((3, 5)), bias=[1]), 54),
        (
            ComplexDense(
                real_weight=np.ones((3, 5)), imaginary_weight=np.ones((3, 5)), neuron=RESONATOR
            ),
            48,
        ),
        (Dense(weight=np.ones((3, 5)), neuron=SdnnNeuron(threshold=1)), 42),
        (Average(outputs=3), 0),
    ],
    ids=lambda value: type(value).__name__,
)
def test_footprint_of_other_layers(layer: Dense | ComplexDense | Average, expected: int) -> None:
    assert footprint_bytes(layer, (3,)) == expected


def test_connection_sparsity_is_of_stored_weights() -> None:
    network = image_network()
    _, conv, dense, _ = network.layers
    assert connection_sparsity([conv]) == 2 / 8
    assert connection_sparsity([dense]) == pytest.approx(16 / 18, rel=1e-15)
    assert connection_sparsity(network.layers) == pytest.approx((2 + 16) / (8 + 18), rel=1e-15)
    assert connection_sparsity([network.layers[0], network.layers[3]]) is None
    both = Dense(weight=[[0, 1], [2, 3]], neuron=NEURON, recurrent_weight=[[0, 0], [0, 4]])
    assert connection_sparsity([both]) == 4 / 8


def test_activation_sparsity_leaves_out_the_input_and_averages() -> None:
    network = image_network()
    counts = count(network, image_run(network))
    updates = [8 * 3, 18 * 3, 1 * 3]
    by_sample = [(1 - 2 / 24, 1 - 3 / 24), (1 - 4 / 54, 1), (1, 1 - 1 / 3)]
    for layer, number, expected in zip(counts.layers, updates, by_sample, strict=False):
        assert layer.neuron_updates.tolist() == [number, number]
        assert layer.activation_sparsity.tolist() == pytest.approx(expected, rel=1e-15)
    assert np.isnan(counts.layers[3].activation_sparsity).all()
    assert activation_sparsity(counts.layers[:1]) == (48 - 5) / 48
    assert activation_sparsity(counts.layers) == (2 * sum(updates) - 5 - 4 - 1) / 162
    assert activation_sparsity(counts.layers[3:]) is None


def test_operations_of_a_layer_and_of_the_network() -> None:
    network = image_network()
    counts = count(network, image_run(network))
    # The kernel reaches 3 x 3 positions; row 0 and 2 have one row of padding.
    dense = (0, 3 * (2 * 3 * (2 + 4 + 2)), 3 * 18, 0)
    assert dense_synops(network, 3) == dense
    first, conv, last, average = layer_metrics(network, counts)
    assert (conv["effective_acs"], conv["effective_macs"]) == (2 * 6 + 3 * 4, 0)
    assert (last["effective_acs"], last["effective_macs"]) == (1, 0)
    assert [layer["dense_synops"] for layer in (first, conv, last, average)] == [
        2 * number for number in dense
    ]
    whole = network_metrics(network, counts)
    assert whole["synaptic_operations"] == {
        "effective_macs": 0.0,
        "effective_acs": (24 + 1) / 2,
        "dense": sum(dense),
    }
    assert whole["footprint_bytes"] == 48 + 120 + 28
    assert json.loads(json.dumps([first, whole])) == [first, whole]


def test_operations_of_graded_spikes_multiply() -> None:
    layers = (
        Dense(weight=[[2, 0], [4, 6]], neuron=SdnnNeuron(threshold=1)),
        Dense(weight=[[2, 0]], neuron=NEURON),
    )
    run = [np.zeros((2, 2, 4), np.int32), np.zeros((2, 2, 4), np.int32), np.zeros((2, 1, 4))]
    run[0][0, 0, :2] = 1
    run[1][0, 0, 3], run[1][0, 1, 2] = -5, 8
    for bits, expected in ((0, [(4, 0), (0, 1)]), (3, [(0, 4), (0, 1)])):
        counts = count(Network(input_shape=(2,), layers=layers, input_bits=bits), run)
        assert [
            (layer.effective_acs.tolist(), layer.effective_macs.tolist()) for layer in counts.layers
        ] == [([acs, 0], [macs, 0]) for acs, macs in expected]


def test_membrane_updates_are_changes_of_any_state_from_rest() -> None:
    states = {
        "spikes": np.ones((2, 2, 4), np.uint8),
        "current": np.array([[[0, 5, 5, 0], [0, 0, 0, 0]], [[1, 1, 1, 1], [0, 0, 0, 0]]]),
        "voltage": np.array([[[0, 0, 7, 7], [0, 0, 0, 0]], [[0, 0, 0, 0], [0, 3, 2, 2]]]),
    }
    # Neuron 0: changed in steps 1, 2, 3; neuron 1 never. Then: step 0; steps 1 and 2.
    assert membrane_updates(states).tolist() == [3, 3]
    assert membrane_updates({"voltage": states["voltage"]}).tolist() == [1, 2]


def test_membrane_updates_of_a_run_counted_by_hand() -> None:
    network = Network(
        input_shape=(2,),
        layers=(
            Dense(weight=[[4, 8], [6, 0]], neuron=NEURON),
            Dense(weight=[[20, 0]], neuron=NEURON, bias=[3]),
        ),
    )
    spikes = np.zeros((2, 2, 5), np.uint8)
    spikes[0, 0, [0, 1]] = 1  # arrives in steps 1 and 2, is forgotten in step 3
    spikes[1, :, 0] = 1  # arrives in step 1: 12 spikes at once, and leaves only a current
    with NativeEngine(network) as engine:
        found = count_membrane_updates(engine, spikes)
        sent = engine.run(spikes).layers[0]
    # Neuron 0 and 1 of the first layer: to 4 and 6 in step 1, the same in step 2, back in step 3.
    # In the second sample: current to 12 and 6 in step 1, back in step 2.
    assert found["0-dense"].tolist() == [2 + 2, 2 + 2]
    assert sent.sum((1, 2)).tolist() == [0, 1]
    # Its bias changes the voltage in step 0 for good; the spike changes it in two steps.
    assert found["1-dense"].tolist() == [1, 1 + 2]

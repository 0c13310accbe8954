from __future__ import annotations

import json

import numpy as np

from neurodeploy.netx.describe import describe_network
from neurodeploy.netx.layers import ComplexDense, Conv, Dense, NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron, RfNeuron, SdnnNeuron


def test_parameters_of_the_layers_add_up_to_those_of_the_network() -> None:
    neuron = CubaNeuron(current_decay=700, voltage_decay=300, threshold=250)
    layers = (
        Dense(weight=np.full((3, 5), 2), neuron=neuron, bias=[1, 2, 3], delay=[4, 5, 6]),
        Dense(weight=np.full((2, 3), 2), neuron=neuron),
    )
    report = describe_network(Network(input_shape=(5,), layers=layers))
    assert [layer["parameters"] for layer in report["layers"]] == [15 + 3 + 3, 6]
    assert report["parameters"] == 27


def test_findings_say_whether_lava_runs_what_is_written() -> None:
    neuron = CubaNeuron(current_decay=700, voltage_decay=300, threshold=250)
    layer = Dense(weight=[[2, 4]], neuron=neuron, bias=[5000], delay=[70])
    report = describe_network(Network(input_shape=(2,), layers=(layer,)))
    found = {finding["code"]: finding for finding in report["findings"]}
    assert {code: finding["exact"] for code, finding in found.items()} == {
        "chip-bias": True,
        "clamped-delay": False,
        "slayer-bias": True,
    }
    assert json.loads(json.dumps(report["findings"])) == report["findings"]
    for finding in report["findings"]:
        assert set(finding) >= {"code", "layer", "exact", "reason", "remedy"}


def test_layers_of_every_kind_are_described() -> None:
    sigma = SdnnNeuron(threshold=9, sigma_output=True)
    layers = (
        NeuronInput(neuron=SdnnNeuron(threshold=3), weight=5, bias=6),
        Conv(weight=np.full((2, 1, 1, 1), 4), neuron=SdnnNeuron(threshold=4), bias=[1, 2]),
        Dense(
            weight=np.full((2, 12), 2),
            neuron=CubaNeuron(current_decay=[1, 2], voltage_decay=300, threshold=250),
            recurrent_weight=[[2, 4], [0, 2]],
        ),
        ComplexDense(
            real_weight=[[2, 0], [6, 8], [0, 0]],
            imaginary_weight=[[2, -2], [6, 0], [0, 0]],
            neuron=RfNeuron(sin_decay=[7, 8, 9], cos_decay=-5, threshold=60, phase=False),
        ),
        Dense(weight=[[2, 4, 6]], neuron=sigma),
    )
    network = Network(input_shape=(1, 2, 3), layers=layers)
    report = describe_network(network)
    assert json.loads(json.dumps(report)) == report
    assert [layer["name"] for layer in report["layers"]] == list(network.names)
    delta, conv, recurrent, resonating, last = report["layers"]
    assert (delta["threshold"], delta["sigma_output"]) == (3, False)
    assert (delta["weight"], delta["bias"], delta["parameters"]) == (5, 6, 0)
    assert (conv["threshold"], conv["has_bias"], conv["parameters"]) == (4, True, 4)
    assert recurrent["kind"] == "dense_rec"
    assert recurrent["parameters"] == 24 + 4
    assert (recurrent["current_decay"], recurrent["voltage_decay"]) == ([1, 2], 300)
    assert (resonating["kind"], resonating["parameters"]) == ("dense", 12)
    assert (resonating["synapses"], resonating["nonzero_synapses"]) == (12, 6)
    assert (resonating["weight_min"], resonating["weight_max"]) == (-2, 8)
    assert (resonating["sin_decay"], resonating["cos_decay"]) == ([7, 8, 9], -5)
    assert (resonating["phase"], resonating["has_bias"]) == (False, False)
    assert (last["sigma_output"], last["max_delay_steps"]) == (True, 0)
    assert report["parameters"] == sum(layer["parameters"] for layer in report["layers"])
    assert report["latency_steps"] == 4

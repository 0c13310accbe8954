from __future__ import annotations

import numpy as np

from neurodeploy.inspection import describe_network
from neurodeploy.netx.network import CubaNeuron, Dense, Network


def test_parameters_of_the_layers_add_up_to_those_of_the_network() -> None:
    neuron = CubaNeuron(current_decay=700, voltage_decay=300, threshold=250)
    layers = (
        Dense(weight=np.full((3, 5), 2), neuron=neuron, bias=[1, 2, 3], delay=[4, 5, 6]),
        Dense(weight=np.full((2, 3), 2), neuron=neuron),
    )
    report = describe_network(Network(input_shape=(5,), layers=layers))
    assert [layer["parameters"] for layer in report["layers"]] == [15 + 3 + 3, 6]
    assert report["parameters"] == 27

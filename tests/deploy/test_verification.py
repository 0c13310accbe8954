from __future__ import annotations

import numpy as np
import pytest

from neurodeploy.deploy.verification import compare, verify
from neurodeploy.errors import InputError
from neurodeploy.netx.network import Conv, Dense, Network, NeuronInput
from neurodeploy.netx.neurons import CubaNeuron

RNG = np.random.default_rng(5)
NEURON = CubaNeuron(current_decay=1024, voltage_decay=300, threshold=70)


def test_the_first_difference_is_the_earliest_step() -> None:
    network = Network(input_shape=(2,), layers=(Dense(weight=np.eye(2) * 4, neuron=NEURON),))
    reference = np.zeros((3, 2, 6), np.uint8)
    other = reference.copy()
    other[0, 1, 5] = other[2, 0, 3] = other[1, 1, 4] = 1
    result = compare(network, ("a", [reference]), ("b", [other]))
    assert not result.exact
    (layer,) = result.layers
    assert (layer.differing, layer.first) == (3, (2, 0, 3))


def test_slayer_and_lava_agree_on_every_kind_of_layer() -> None:
    neuron = CubaNeuron(
        current_decay=RNG.integers(0, 4097, 4), voltage_decay=RNG.integers(0, 4097, 4), threshold=90
    )
    network = Network(
        input_shape=(2, 6, 5),
        layers=(
            Conv(
                weight=2 * RNG.integers(-20, 40, (4, 1, 3, 2)),
                neuron=neuron,
                stride=(2, 1),
                padding=(1, 0),
                groups=2,
                bias=RNG.integers(-5, 30, 4),
            ),
            Dense(
                weight=2 * RNG.integers(-20, 30, (6, 48)),
                neuron=NEURON,
                bias=RNG.integers(-5, 30, 6),
                delay=RNG.integers(0, 4, 6),
            ),
        ),
    )
    result = verify(network, (RNG.random((3, 2, 6, 5, 14)) < 0.3).astype(np.uint8), ["lava"])
    assert result.exact, result.layers
    assert all(layer.spikes > 0 for layer in result.layers)


def test_real_valued_input_agrees_too() -> None:
    network = Network(
        input_shape=(6,),
        layers=(
            NeuronInput(neuron=NEURON, weight=36, bias=34),
            Dense(weight=2 * RNG.integers(-20, 40, (4, 6)), neuron=NEURON),
        ),
    )
    assert verify(network, RNG.random((2, 6, 20)), ["lava"]).exact


def test_lava_is_the_reference_where_slayer_has_no_forward() -> None:
    layer = Dense(
        weight=2 * RNG.integers(-20, 40, (4, 6)),
        neuron=NEURON,
        recurrent_weight=2 * RNG.integers(-20, 20, (4, 4)),
    )
    network = Network(input_shape=(6,), layers=(layer,))
    spikes = (RNG.random((2, 6, 20)) < 0.3).astype(np.uint8)
    result = verify(network, spikes)
    assert result.exact
    assert [(layer.reference, layer.engine) for layer in result.layers] == [("lava", "native")]
    assert result.layers[0].spikes > 0
    with pytest.raises(InputError, match="engines: expected one besides lava"):
        verify(network, spikes, ["lava"])

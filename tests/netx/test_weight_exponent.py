"""SLAYER's weight-scale norm in weights and threshold, counted by hand and by SLAYER itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neurodeploy._io.lava import lava_imports
from neurodeploy.engines.registry import simulate
from neurodeploy.errors import NetworkError
from neurodeploy.netx.layers import Conv, Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron, SdnnNeuron
from neurodeploy.netx.weight_exponent import fold_exponent

with lava_imports():
    pass


def dense(threshold: int = 64, current: int = 4096, voltage: int = 0, **changes: Any) -> Dense:
    neuron = CubaNeuron(current_decay=current, voltage_decay=voltage, threshold=threshold)
    weight = np.array([[20, -8, 64], [2, 30, -16]])
    return Dense(**{"weight": weight, "neuron": neuron, **changes})


def by_hand(layer: Dense, exponent: int, spikes: np.ndarray) -> np.ndarray:
    """The rules of CUBA neurons with the norm between current and voltage."""
    neuron, sent = layer.neuron, np.zeros((len(layer.weight), spikes.shape[1]), np.uint8)
    current = np.zeros(len(layer.weight))
    voltage = np.zeros(len(layer.weight))
    bias = 0 if layer.bias is None else layer.bias
    for step in range(spikes.shape[1]):
        arriving = layer.weight @ spikes[:, step - 1] if step else 0
        current = np.trunc(current * (4096 - neuron.current_decay) / 4096) + 64 * arriving
        voltage = np.trunc(voltage * (4096 - neuron.voltage_decay) / 4096)
        voltage = voltage + np.trunc((current + 64 * bias) / 2.0**exponent)
        sent[:, step] = voltage > 64 * neuron.threshold
        voltage[sent[:, step] > 0] = 0
    return sent


@pytest.mark.parametrize("exponent", range(-3, 4))
@pytest.mark.parametrize("current", [0, 4096])
@pytest.mark.parametrize("voltage", [0, 4096, 300])
def test_an_exact_fold_sends_what_the_norm_would(exponent: int, current: int, voltage: int) -> None:
    layer = dense(current=current, voltage=voltage, bias=[-2, 4])
    fold = fold_exponent(layer, exponent)
    assert fold.threshold_shift - fold.weight_shift == exponent
    assert fold.exact == (voltage != 300 or exponent in (-1, 0, 1))
    spikes = (np.random.default_rng(0).random((3, 60)) < 0.3).astype(np.uint8)
    network = Network(input_shape=(3,), layers=(fold.layer,))
    found = simulate(network, spikes[None], "native").spikes[0]
    if fold.exact:
        np.testing.assert_array_equal(found, by_hand(layer, exponent, spikes))


@pytest.mark.parametrize("exponent", [-2, 1, 3])
def test_another_fold_is_close(exponent: int) -> None:
    layer = dense(current=1024, voltage=400)
    fold = fold_exponent(layer, exponent)
    assert (fold.exact, fold.weight_shift) == (False, 0)
    spikes = (np.random.default_rng(0).random((3, 400)) < 0.3).astype(np.uint8)
    network = Network(input_shape=(3,), layers=(fold.layer,))
    found = simulate(network, spikes[None], "native").spikes[0]
    expected = by_hand(layer, exponent, spikes)
    assert expected.sum() > 10
    assert abs(int(found.sum()) - int(expected.sum())) <= 0.05 * expected.sum()


def test_sigma_delta_neurons_take_it_in_their_weights() -> None:
    layer = Dense(weight=[[4, -8]], neuron=SdnnNeuron(threshold=3), bias=[2])
    fold = fold_exponent(layer, 1)
    assert fold.exact
    assert fold.layer.weight.tolist() == [[2, -4]]
    assert (fold.layer.bias.tolist(), fold.layer.neuron.threshold) == ([1], 3)
    with pytest.raises(NetworkError, match="weight_exp"):
        fold_exponent(layer, 3)


def test_a_convolution_is_folded_alike() -> None:
    layer = Conv(weight=np.full((1, 1, 1, 2), 6), neuron=dense().neuron)
    assert fold_exponent(layer, 2).layer.neuron.threshold == 256


def test_what_no_field_can_take_is_refused() -> None:
    wide = dense(threshold=9, weight=np.array([[254, -2, 4]]))
    with pytest.raises(NetworkError, match="a threshold of 9"):
        fold_exponent(wide, -3)
    with pytest.raises(NetworkError, match="recurrent"):
        fold_exponent(dense(recurrent_weight=[[2, 2], [2, 2]]), 1)

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small import networks, spikes

from neurodeploy.engines.registry import simulate
from neurodeploy.netx.check import check
from neurodeploy.netx.layers import ComplexDense, Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron, RfNeuron
from neurodeploy.search.pruning import anchor, hidden_layers, prune_neurons, rank_neurons

shares = st.sampled_from([0.0, 0.2, 0.5, 0.9])
NEURON = CubaNeuron(current_decay=4096, voltage_decay=4096, threshold=10)


def sent(of: Network) -> list[np.ndarray]:
    return [layer.sum((0, -1)) for layer in simulate(of, spikes(of)).layers]


def worth(of: Network, at: int) -> np.ndarray:
    after = of.layers[at + 1]
    assert isinstance(after, Dense)
    return sent(of)[at] * np.abs(after.weight).sum(0)


@settings(max_examples=40)
@given(networks)
def test_neurons_come_in_the_order_of_their_worth_and_do_the_same(of: Network) -> None:
    ordered = rank_neurons(of, sent(of))
    before, after = simulate(of, spikes(of)), simulate(ordered, spikes(of))
    np.testing.assert_array_equal(before.spikes, after.spikes)
    assert before.counts.totals() == after.counts.totals()
    for at, _ in hidden_layers(ordered):
        assert (np.diff(worth(ordered, at)) <= 0).all()
        assert sorted(worth(ordered, at)) == sorted(worth(of, at))


@settings(max_examples=60)
@given(networks, shares)
def test_a_network_without_neurons_is_the_one_where_they_reach_nobody(
    of: Network, share: float
) -> None:
    """The same output as with the outgoing weights of the dropped neurons at 0."""
    dropped = prune_neurons(of, share)
    silenced = list(of.layers)
    for at, (layer, _) in hidden_layers(of):
        gone = missing(layer, dropped.layers[at])
        kept, after = np.setdiff1d(np.arange(len(layer.weight)), gone), silenced[at + 1]
        assert len(gone) <= round(share * len(layer.weight))
        changes: dict[str, Any] = {"weight": after.weight.copy()}
        changes["weight"][:, gone] = 0
        silenced[at + 1] = dataclasses.replace(after, **changes)
        if layer.recurrent_weight is not None:
            recurrent = layer.recurrent_weight.copy()
            recurrent[:, gone] = 0
            silenced[at] = dataclasses.replace(silenced[at], recurrent_weight=recurrent)
        assert len(kept) == len(dropped.layers[at].weight)
    expected = simulate(dataclasses.replace(of, layers=tuple(silenced)), spikes(of))
    np.testing.assert_array_equal(simulate(dropped, spikes(of)).spikes, expected.spikes)
    assert not [finding for finding in check(dropped) if finding.severity == "error"]


def missing(layer: Dense, narrower: Any) -> np.ndarray:
    """Neurons that went, found by their decays, which no two share."""
    decays = layer.neuron.current_decay
    assert isinstance(decays, np.ndarray)
    left = np.atleast_1d(narrower.neuron.current_decay)
    return np.flatnonzero(~np.isin(decays, left))


def test_the_last_neurons_go_but_not_those_with_the_largest_weight() -> None:
    first = Dense(weight=[[2, 2], [4, 2], [2, 6], [2, 4], [8, 2]], neuron=NEURON)
    last = Dense(weight=[[2, 4, 6, 12, 10]], neuron=NEURON)
    dropped = prune_neurons(Network(input_shape=(2,), layers=(first, last)), 0.6)
    assert [layer.weight.tolist() for layer in dropped.layers if isinstance(layer, Dense)] == [
        [[2, 4], [8, 2]],
        [[12, 10]],
    ]


def test_a_delay_by_input_keeps_its_meaning_where_the_axes_get_equally_long() -> None:
    delay = np.array([3, 0, 1])
    layer = Dense(
        weight=[[40, 2, 30], [2, 40, 20], [2, 2, 2], [2, 2, 2]], neuron=NEURON, delay=delay
    )
    last = Dense(weight=[[40, 40, 2, 2]], neuron=NEURON)
    dropped = prune_neurons(Network(input_shape=(3,), layers=(layer, last)), 0.25)
    (narrower, _) = dropped.layers
    assert isinstance(narrower, Dense)
    assert narrower.weight.shape == (3, 3)
    np.testing.assert_array_equal(narrower.delay_matrix, np.tile(delay, (3, 1)))


def test_neurons_before_a_complex_layer_go_too() -> None:
    neuron = RfNeuron(sin_decay=100, cos_decay=3900, threshold=20, phase=True)
    rng = np.random.default_rng(0)
    layers = (
        Dense(weight=2 * rng.integers(1, 9, (6, 3)), neuron=NEURON),
        ComplexDense(
            real_weight=2 * rng.integers(1, 9, (2, 6)),
            imaginary_weight=2 * rng.integers(1, 9, (2, 6)),
            neuron=neuron,
        ),
    )
    dropped = prune_neurons(Network(input_shape=(3,), layers=layers), 0.5)
    assert dropped.shapes == ((3,), (2,))
    assert simulate(dropped, spikes(dropped)).spikes.shape == (3, 2, 12)


@pytest.mark.parametrize(
    ("matrix", "place"), [([[1, 5], [3, -9]], 1), ([[-2, -7], [0, -3]], 1), ([[0, 0]], 0)]
)
def test_the_weight_that_must_stay(matrix: list[list[int]], place: int) -> None:
    assert anchor(np.array(matrix)) == place

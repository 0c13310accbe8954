"""Connections that SANA-FE gets are ours, and it counts what we count (`make outside`)."""

from __future__ import annotations

import numpy as np
import pytest
from published_networks import LIF
from sanafe_loihi import connections, simulate

import neurodeploy as nd


def every_input_once(network: nd.Network) -> np.ndarray:
    size = int(np.prod(network.input_shape))
    return np.eye(size, dtype=np.uint8).reshape(1, *network.input_shape, size)


def sparse() -> nd.Network:
    weight = np.zeros((40, 30), int)
    weight[::7, ::5] = -2 * (LIF.threshold // 2)
    return nd.Network(input_shape=(30,), layers=(nd.Dense(weight=weight, neuron=LIF),))


@pytest.mark.parametrize(
    "how",
    [{}, {"stride": 2}, {"padding": 1}, {"dilation": 2}, {"stride": (2, 1), "padding": (1, 0)}],
)
def test_connections_of_a_convolution_are_the_synapses_that_spikes_reach(how: dict) -> None:
    layer = nd.Conv(weight=np.full((4, 2, 3, 3), 2), neuron=LIF, **how)
    network = nd.Network(input_shape=(2, 5, 6), layers=(layer,))
    pairs = connections(layer, network.input_shape, every=False)
    (counted,) = nd.simulate(network, every_input_once(network)).counts.layers
    assert len(pairs) == len(np.unique(pairs, axis=0)) == counted.synops.sum()
    assert pairs.max(axis=0).tolist() < [60, int(np.prod(network.shapes[0]))]


def test_connections_of_a_dense_layer_are_all_or_those_not_0() -> None:
    network = sparse()
    (layer,) = network.layers
    (counted,) = nd.simulate(network, every_input_once(network)).counts.layers
    every, some = (connections(layer, (30,), every=each) for each in (True, False))
    assert (len(every), len(some)) == (counted.synops.sum(), counted.effective_synops.sum())
    assert all(layer.weight[neuron, at] for at, neuron in some)


@pytest.mark.parametrize("weight", [sparse().layers[0].weight, np.full((4, 30), 60)])
def test_sanafe_counts_what_we_count(weight: np.ndarray) -> None:
    pytest.importorskip("sanafe", reason="make outside installs it")
    network = nd.Network(input_shape=(30,), layers=(nd.Dense(weight=weight, neuron=LIF),))
    spikes = every_input_once(network)
    run, placement = nd.simulate(network, spikes), nd.place(network, "loihi1")
    (counted,) = run.counts.layers
    stored_sparse = placement.layers[0].storage == "sparse"
    theirs = simulate(placement, spikes, run)
    synops = (counted.effective_synops if stored_sparse else counted.synops).sum()
    updates, sent = counted.neuron_updates.sum(), counted.output_spikes.sum()
    assert theirs.synops == synops
    assert theirs.energy_j["synapse"] == pytest.approx(
        synops * (33.6e-12 if stored_sparse else 35.5e-12)
    )
    assert theirs.energy_j["soma"] == pytest.approx(updates * 72.8e-12 + sent * 69.3e-12)

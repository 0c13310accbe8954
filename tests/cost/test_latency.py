"""The time of a step, counted by hand where one can, and its peaks and causes."""

from __future__ import annotations

import dataclasses
from importlib.metadata import distribution
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.cost.latency import latencies, latency
from neurodeploy.hardware.placement import one_chip_may_do, place
from neurodeploy.hardware.times import load_times
from neurodeploy.netx.layers import Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron

TIMES = load_times()
NEURON = CubaNeuron(current_decay=4096, voltage_decay=4096, threshold=1)


def dense(*sizes: int) -> Network:
    layers = [
        Dense(weight=np.full((outputs, inputs), 100), neuron=NEURON)
        for inputs, outputs in pairwise(sizes)
    ]
    return Network(input_shape=(sizes[0],), layers=tuple(layers))


def run(network: Network, spikes: np.ndarray) -> tuple[np.ndarray, ...]:
    return (spikes, *nd.simulate(network, spikes, "native").layers)


def test_a_step_on_one_core_is_counted_by_hand() -> None:
    network, times = dense(20, 10, 5), TIMES["loihi"]
    spikes = np.zeros((1, 20, 4), np.uint8)
    spikes[0, :7, 0] = 1
    activity = run(network, spikes)
    assert [int(layer.sum()) for layer in activity] == [7, 10, 5]  # in steps 0, 1 and 2
    placement = place(network, "loihi1")
    assert len(placement.cores) == 1
    update = 15 * times.neuron_s + times.barrier(1)
    synapse = times.synapse_s["dense"]
    steps = [
        update,
        update + 70 * synapse + 7 * times.message_in_s + 10 * (times.spike_s + times.message_out_s),
        update + 50 * synapse + 10 * times.message_in_s + 5 * times.spike_s,
        update,
    ]
    found = latency(placement, times, activity)
    assert found.step_s == pytest.approx(np.mean(steps), rel=1e-12)
    assert found.peak_step_s == pytest.approx(max(steps), rel=1e-12)
    assert found.sample_s == pytest.approx(sum(steps) + 2 * update, rel=1e-12)
    assert found.throughput_per_s == pytest.approx(1 / found.sample_s)
    assert found.static_j == pytest.approx(0.030 * found.sample_s)
    assert (found.peak_in, found.peak_out, found.cores) == (7, 5, 1)
    assert sum(found.shares.values()) == pytest.approx(1)
    assert found.bound_by == "barrier"


def test_messages_between_cores_take_the_mesh() -> None:
    network = dense(30, 2000, 1500)
    activity = run(network, np.ones((2, 30, 6), np.uint8))
    placement = place(network, "loihi1")
    assert len(placement.cores) > 4
    found = latency(placement, TIMES["loihi"], activity)
    assert found.shares["mesh"] > 0
    faster = dataclasses.replace(TIMES["loihi"], hop_s=TIMES["loihi"].hop_s / 10)
    quick = latency(placement, faster, activity)
    assert found.step_s - quick.step_s == pytest.approx(
        0.9 * found.shares["mesh"] * found.step_s, rel=1e-9
    )


def test_devices_are_those_whose_chip_holds_the_network() -> None:
    network = dense(20, 10)
    activity = run(network, np.ones((1, 20, 3), np.uint8))
    found = latencies(network, None, activity)
    assert set(found) == {"loihi", "loihi2"}
    for each in found.values():
        assert {"step_s", "sample_s", "bound_by"} <= set(each)
    assert found["loihi2"]["basis"] == "calibrated"
    wide = dense(4000, 4000, 4000, 4000)
    assert not one_chip_may_do(wide, nd.find_chip("loihi1"))


def test_the_run_that_loihi_2_is_calibrated_on_has_its_step() -> None:
    """152.84 us, lava-dl's notebook; so this says nothing of how good the model is."""
    folder = Path(
        str(distribution("lava-dl").locate_file("tests/lava/lib/dl/netx/gts/pilotnet_lif"))
    )
    network = nd.read_network(folder / "network.net")
    first = network.layers[0]
    current = (np.load(folder / "image.npy").swapaxes(0, 2) - first.bias) / first.weight  # type: ignore[union-attr]
    signal = np.repeat(current[None, ..., None], 16, axis=-1)
    layers = nd.simulate(network, signal, "native").layers
    found = latency(place(network, "loihi2"), TIMES["loihi2"], (np.zeros_like(signal), *layers))
    assert found.step_s == pytest.approx(152.84e-6, rel=1e-3)
    assert found.cores == 74

"""Messages between cores, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from small_chips import LOIHI1, NEURON, dense, smaller, weights

from neurodeploy.engines.registry import simulate
from neurodeploy.hardware.mapping.traffic import traffic
from neurodeploy.hardware.placement import place
from neurodeploy.netx.layers import Dense
from neurodeploy.netx.network import Network


def test_traffic_is_spikes_times_hops_counted_by_hand() -> None:
    chip = smaller(LOIHI1, compartments=2, cores_per_chip=4, mesh_columns=2)
    placed = place(dense(3, 2, 6), chip)
    homes = [sorted((p.layer, *p.neurons.tolist()) for p in core.parts) for core in placed.cores]
    assert homes == [[(0, 0, 1)], [(1, 0, 1)], [(1, 2, 3)], [(1, 4, 5)]]
    # Serpentine on 2 x 2: (0,0), (0,1), (1,1), (1,0); two neurons send to cores 1, 2, 3.
    flow = traffic(placed.network, placed.cores, chip)
    assert (flow.messages, flow.hops, flow.input_messages) == (6, 2 * (1 + 2 + 1), 3)
    assert flow.chip_crossings == 0
    spikes = (np.random.default_rng(0).random((4, 3, 20)) < 0.5).astype(np.uint8)
    counts = simulate(placed.network, spikes, engine="native").counts
    run = traffic(placed.network, placed.cores, chip, counts)
    mean = counts.layers[0].output_spikes.mean() / 2
    assert run.hops == pytest.approx(8 * mean)
    assert run.input_messages == pytest.approx(spikes.sum() / 4)
    two = traffic(placed.network, placed.cores, smaller(chip, cores_per_chip=2))
    assert two.chip_crossings == 4


def test_recurrent_spikes_between_cores_are_traffic() -> None:
    layer = Dense(weight=weights(0, 4, 1), recurrent_weight=weights(1, 4, 4), neuron=NEURON)
    network = Network(input_shape=(1,), layers=(layer,))
    placed = place(network, smaller(LOIHI1, compartments=2))
    assert traffic(network, placed.cores, placed.chip).messages == 4

"""What to change where a network does not fit, suggestions, and the report."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from small_chips import LOIHI1, LOIHI2, NEURON, dense, smaller, weights

from neurodeploy.hardware.advice import advise, fit_report, suggest
from neurodeploy.hardware.placement import place
from neurodeploy.netx.layers import Dense
from neurodeploy.netx.network import Network


def test_advice_is_placed_anew() -> None:
    chip = smaller(LOIHI1, cores_per_chip=5)
    network = dense(784, 600, 256)
    late = [replace(layer, delay=np.full(layer.weight.shape, 3)) for layer in network.layers]
    placed = place(replace(network, layers=tuple(late)), chip)
    changes = {change.change: change for change in advise(placed)}
    assert set(changes) >= {"weights a width narrower", "no delays", "split over 2 chips"}
    assert changes["no delays"].cores == 6
    assert changes["split over 2 chips"].fits
    last_pruned = [c for name, c in changes.items() if "prune" in name][-1]
    assert last_pruned.fits
    assert last_pruned.cores <= 5


def test_too_many_neurons_are_a_shortage_that_no_pruning_helps() -> None:
    placed = place(dense(2, 50), smaller(LOIHI1, compartments=10, cores_per_chip=4))
    assert placed.shortage == {"compartments": 1.25}
    assert [change.change for change in advise(placed)] == ["split over 2 chips"]


def test_the_report_has_all_for_json() -> None:
    report = fit_report(dense(20, 30, 10), "loihi2")
    assert report == fit_report(dense(20, 30, 10), LOIHI2)
    assert report["fits"]
    assert (report["cores"], report["bound"]) == (2, 1)  # each layer by itself
    assert report["traffic"]["messages"] == 30
    assert report["layers"][0]["memory_bits"] == 20 * 640  # 30 * 20 + 10 bits a list
    assert "output_axons" in report["unknown"]
    assert report["limits"]["memory_bits"]["source"]
    assert report["confidence"] == "inferred"
    assert [ground["basis"] for ground in report["grounds"]][:2] == ["inferred", "inferred"]
    (share,) = report["suggestions"]
    assert (share["change"], share["cores"]) == ("let layers share cores", 1)
    assert share["confidence"] == "assumed"
    assert fit_report(dense(20, 30), "loihi2")["suggestions"] == []  # one core already


def test_zeros_left_out_are_a_suggestion_where_they_are_kept() -> None:
    sparse = weights(0, 128, 512)
    sparse[:, 20:] = 0
    network = Network(input_shape=(512,), layers=(Dense(weight=sparse, neuron=NEURON),))
    placed = place(network, LOIHI2)
    assert [len(core.parts[0].neurons) for core in placed.cores] == [64, 64]
    assert [(it.cores, it.confidence) for it in suggest(placed)] == [(1, "assumed"), (1, "assumed")]
    assert suggest(place(network, LOIHI1)) == []

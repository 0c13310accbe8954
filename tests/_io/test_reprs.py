"""What a person sees of our objects is short, and a notebook's tables are escaped."""

from __future__ import annotations

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy._io.reprs import html_table
from neurodeploy.netx.layers import Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron
from neurodeploy.signals.datasets import load_digits, split

NEURON = CubaNeuron(current_decay=np.full(40, 7), voltage_decay=100, threshold=900)
NETWORK = Network(input_shape=(60,), layers=(Dense(weight=np.ones((40, 60)) * 2, neuron=NEURON),))
SPIKES = (np.random.default_rng(0).random((4, 60, 30)) < 0.9).astype(np.uint8)


def objects() -> dict[str, object]:
    run = nd.simulate(NETWORK, SPIKES, "native")
    digits = load_digits()
    return {
        "Network(60 -> 40, 2,400 parameters)": NETWORK,
        "Dense(weight=int32 [40, 60], neuron=CubaNeuron(current_decay=int32 [40], v": (
            NETWORK.layers[0]
        ),
        f"Run(1 layer, output uint8 [4, 40, 30] with {int(run.spikes.sum()):,} spikes)": run,
        "Counts(4 samples of 30 steps, layers 0-dense)": run.counts,
        "Verification(exact: native against SLAYER's": nd.verify(NETWORK, SPIKES, ["native"]),
        "Splits(train=Dataset(name='digits', images=float32 [900, 8, 8]": split(
            digits, train=900, validation=100, test=100, seed=0
        ),
        "Bundle(Network(60 -> 40, 2,400 parameters), counts decoder of label: 40, SpikeInput": (
            nd.counting_bundle(NETWORK, nd.SpikeInput(steps=30))
        ),
        "Chip(loihi1: Intel Loihi": nd.find_chip("loihi1"),
    }


def test_reprs_are_short_and_say_what_it_is() -> None:
    for said, thing in objects().items():
        assert repr(thing).startswith(said)
        assert len(repr(thing)) < 500


@pytest.mark.parametrize("place", [0, 2, 3, 4, 6])
def test_a_notebook_gets_a_table(place: int) -> None:
    thing = list(objects().values())[place]
    html = thing._repr_html_()  # type: ignore[attr-defined]
    assert html.startswith("<table><caption>")
    assert "0-dense" in html


def test_cells_are_escaped() -> None:
    table = html_table("<b>", ["<i>"], [["<script>alert(1)</script>", 3]])
    assert "<script>" not in table
    assert "<b>" not in table
    assert "<td>3</td>" in table

"""What a person sees of our objects is short, and a notebook's tables are escaped."""

from __future__ import annotations

import nir
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


def test_a_notebook_sees_how_data_are_divided() -> None:
    parts = split(load_digits(), train=900, validation=100, test=100, seed=3)
    html = parts._repr_html_()
    assert html.startswith("<table><caption>digits, 10 classes, divided with seed 3<")
    assert "<td>train</td><td>900</td><td>8 x 8</td>" in html
    assert "<td>test</td><td>100</td>" in html


def test_a_notebook_sees_all_of_a_bundle() -> None:
    bundle = nd.counting_bundle(NETWORK, nd.SpikeInput(steps=30))
    html = bundle._repr_html_()
    assert "<td>encoding</td><td>SpikeInput(steps=30" in html
    assert "<td>steps of a sample</td><td>30</td>" in html
    assert "<td>on the host</td><td>counts decoder of label: 40</td>" in html


@pytest.mark.parametrize("calibrated", [False, True])
def test_a_notebook_sees_what_rounding_did(calibrated: bool) -> None:
    neurons = nir.LIF(
        tau=np.full(3, 1e-3), r=np.full(3, 10.0), v_leak=np.zeros(3), v_threshold=np.ones(3)
    )
    weight = np.random.default_rng(0).normal(0, 1, (3, 6))
    graph = nir.NIRGraph.from_list(nir.Linear(weight=weight), neurons)
    spikes = SPIKES[:, :6] if calibrated else None
    report = nd.convert(graph, profile="snntorch", bits=5, calibrate=spikes).report
    assert report is not None
    (layer,) = report.layers
    html = report._repr_html_()
    assert html.startswith("<table><caption>Floats to integers of 5 bits<")
    assert f"<td>{layer.threshold}</td><td>{layer.weight_error:.2%}</td><td>no</td>" in html
    assert ("%</td></tr>" in html) == calibrated


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

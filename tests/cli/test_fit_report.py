"""A placement in words for people."""

from __future__ import annotations

import itertools

import numpy as np

from neurodeploy.cli.fit_report import change_rows, lines, verdict
from neurodeploy.hardware.advice import fit_report
from neurodeploy.netx.layers import Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron

NEURON = CubaNeuron(current_decay=1024, voltage_decay=512, threshold=60)


def network(*sizes: int, delay: int | None = None) -> Network:
    layers = [
        Dense(weight=np.full((after, before), 2), neuron=NEURON, delay=delay)
        for before, after in itertools.pairwise(sizes)
    ]
    return Network(input_shape=sizes[:1], layers=tuple(layers))


def test_one_core_is_a_core_and_names_are_words() -> None:
    report = fit_report(network(9, 7), "loihi2")
    text = "\n".join(lines(report) + verdict(report))
    assert text.startswith("1 core, 128 a chip; each layer in cores of its own")
    assert "_configs" not in text
    assert "_axons" not in text
    assert "Not known, so they limit nothing here: output axons, pairs of decays, " in text


def test_fits_is_said_with_what_it_rests_on() -> None:
    published = verdict(fit_report(network(9, 7), "loihi1"))
    assert published[0] == "It fits; all that was counted is published."
    inferred = verdict(fit_report(network(9, 7), "loihi2"))
    assert inferred[0] == "It fits, if what is inferred holds:"
    assert any("- neurons of a core (4,095): inferred; lava-dl, " in line for line in inferred)
    assumed = verdict(fit_report(network(9, 7, delay=3), "loihi2"))
    assert assumed[0] == "It fits, if what is assumed and inferred holds:"
    assert assumed[1].startswith("- delays are stored beside weights: assumed; ")


def test_what_does_not_fit_is_said_so() -> None:
    report = fit_report(network(5000, 3), "loihi1")
    assert verdict(report)[0] == "It does not fit on one chip; all that was counted is published."
    rows = change_rows(report["advice"])
    assert {row[-1] for row in rows} == {"published"}

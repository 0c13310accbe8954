from __future__ import annotations

import json

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import neurodeploy as nd
from neurodeploy.hardware.devices import load_devices

NEURON = nd.CubaNeuron(current_decay=1024, voltage_decay=128, threshold=80)
NETWORK = nd.Network(
    input_shape=(6,), layers=(nd.Dense(weight=np.full((4, 6), 60), neuron=NEURON),)
)
SPIKES = np.random.default_rng(0).integers(0, 2, (3, 6, 9)).astype(np.uint8)


def drawn(ax: Axes) -> list[float]:
    return [bar.get_width() for bar in ax.patches]


def test_a_report_is_a_dict_that_draws_its_bill_beside_the_equal_ann() -> None:
    run = nd.simulate(NETWORK, SPIKES)
    report = nd.cost_report(NETWORK, SPIKES, run, devices=load_devices())
    assert json.loads(json.dumps(report)) == report
    proxy = report["proxies"]["cmos45_float"]
    ax = report.plot("cmos45_float", Figure().subplots())
    who = [text.get_text() for text in ax.get_yticklabels()]
    assert who == ["this network", "equal ANN", "network, zeros skipped", "ANN, zeros skipped"]
    parts = ("chip", "traffic", "host")
    skipping, ann = proxy["zero_skipping"], proxy["ann"]
    assert drawn(ax) == pytest.approx(
        [
            *(1e6 * proxy[part] for part in parts),
            1e6 * ann["dense_j"],
            *(1e6 * skipping[part] for part in parts),
            1e6 * ann["effective_j"],
        ]
    )
    assert ax.get_xlabel() == "microjoules a sample, cmos45_float, an energy proxy"


def test_a_report_without_an_ann_draws_the_network_of_its_first_device() -> None:
    report = nd.energy_report(NETWORK, nd.simulate(NETWORK, SPIKES).counts)
    ax = report.plot(ax=Figure().subplots())
    name, proxy = next(iter(report["proxies"].items()))
    assert sum(drawn(ax)) == pytest.approx(1e6 * proxy["total"])
    assert name in ax.get_xlabel()
    with pytest.raises(nd.InputError, match=r"device: expected one of .*, found 'abacus'"):
        report.plot("abacus")

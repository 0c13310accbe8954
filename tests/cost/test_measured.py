"""A measurement stands beside the proxies, and changes none of them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from neurodeploy.cli.measured_report import measured_rows
from neurodeploy.cost.report import cost_report
from neurodeploy.engines.registry import simulate
from neurodeploy.errors import InputError
from neurodeploy.hardware.devices import load_devices
from neurodeploy.hardware.measurements import Measurement
from neurodeploy.netx.layers import Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron

NEURON = CubaNeuron(current_decay=1024, voltage_decay=128, threshold=80)
RNG = np.random.default_rng(0)
NETWORK = Network(
    input_shape=(9,), layers=(Dense(weight=2 * RNG.integers(-3, 5, (7, 9)), neuron=NEURON),)
)
SPIKES = (RNG.random((4, 9, 10)) < 0.3).astype(np.uint8)


def measured(chip: str, steps: int = 10, **fields: object) -> dict[str, Measurement]:
    board = Measurement(
        name="board",
        chip=chip,
        source="a test",
        samples=4,
        steps_per_sample=steps,
        quantities={"step_s": 4e-6, "power_w": 0.5, "static_power_w": 0.25, "vdd_power_w": 0.1},
        **fields,  # type: ignore[arg-type]
    )
    return {"board": board}


def report(**more: object) -> dict[str, object]:
    run = simulate(NETWORK, SPIKES)
    return cost_report(NETWORK, SPIKES, run, devices=load_devices(), **more)  # type: ignore[arg-type]


def test_nothing_of_the_proxies_changes() -> None:
    alone, beside = report(), report(measured=measured("loihi2"))
    assert alone.pop("measured") == {}
    assert beside.pop("measured")
    assert alone == beside
    assert json.loads(json.dumps(report(measured=measured("loihi2"))))["measured"]["board"]


@pytest.mark.parametrize(("chip", "calibrated"), [("loihi1", False), ("loihi2", True)])
def test_each_prediction_says_what_it_rests_on(chip: str, calibrated: bool) -> None:
    activity = {"syn_ops": (60, 20), "dendrite_updates": (200, 80)}
    found = report(measured=measured(chip, cores=1, activity=activity))
    rows = {row["quantity"]: row for row in found["measured"]["board"]["compared"]}  # type: ignore[index]
    device = {"loihi1": "loihi", "loihi2": "loihi2"}[chip]
    time = found["latency"][device]  # type: ignore[index]
    loihi = found["proxies"]["loihi"]  # type: ignore[index]
    step = rows["step_s"]
    assert (step["measured"], step["predicted"]) == (4e-6, time["step_s"])
    assert step["ratio"] == pytest.approx(time["step_s"] / 4e-6)
    assert (step["device"], step["calibrated"], step["derived"]) == (device, calibrated, False)
    assert rows["sample_s"]["measured"] == pytest.approx(40e-6)
    assert rows["sample_s"]["derived"]
    dynamic = rows["dynamic_energy_j"]
    assert dynamic["measured"] == pytest.approx(0.25 * 40e-6)
    assert dynamic["predicted"] == pytest.approx(loihi["chip"] + loihi["traffic"])
    # its figures are simulated ones of Loihi 1, whichever chip was measured
    assert (dynamic["figures_of"], dynamic["calibrated"]) == ("loihi1", False)
    total = rows["energy_j"]
    assert total["predicted"] == pytest.approx(dynamic["predicted"] + time["static_j"])
    assert total["calibrated"] is calibrated
    assert (rows["cores"]["predicted"], rows["cores"]["calibrated"]) == (1, calibrated)
    assert rows["dendrite_updates"]["predicted"] == 70
    assert rows["dendrite_updates"]["ratio"] == 1
    counts = simulate(NETWORK, SPIKES).counts.layers[0]
    assert rows["syn_ops"]["measured"] == 20
    assert rows["syn_ops"]["predicted"] == counts.synops.mean()
    assert "vdd_power_w" not in rows


def test_synapses_are_read_as_the_chip_stores_them() -> None:
    weight = np.zeros((400, 30), int)
    weight[:2] = 2 * RNG.integers(20, 60, (2, 30))
    network = Network(input_shape=(30,), layers=(Dense(weight=weight, neuron=NEURON),))
    spikes = np.ones((4, 30, 10), np.uint8)
    run = simulate(network, spikes)
    board = measured("loihi1", activity={"syn_ops": (3, 1)})
    found = cost_report(network, spikes, run, devices=load_devices(), measured=board)
    rows = {row["quantity"]: row for row in found["measured"]["board"]["compared"]}
    assert rows["syn_ops"]["predicted"] == 2 * 30 * 10  # lists without weights of 0


def test_what_a_person_reads_has_every_measured_quantity() -> None:
    found = report(measured=measured("loihi2"))
    rows = measured_rows(found["measured"]["board"])  # type: ignore[index]
    by_name = {row[0]: row for row in rows}
    assert by_name["step, us"][1] == "4"
    assert by_name["step, us"][-2:] == ("loihi2, calibrated, of loihi2", "yes")
    assert by_name["dynamic energy, uJ *"][-2:] == ("loihi, simulated, of loihi1", "no")
    assert by_name["vdd power, mW"] == ("vdd power, mW", "100", "", "", "", "")
    assert "dynamic power, mW *" in by_name


def test_samples_of_other_lengths_are_refused() -> None:
    expected = "measurement board: steps_per_sample: expected 10, as the run has, found 16"
    with pytest.raises(InputError, match=expected):
        report(measured=measured("loihi2", steps=16))

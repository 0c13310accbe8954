"""Parts of the validation page on cases worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
import validation
from published_networks import LIF, dense, mnist, oxford

import neurodeploy as nd

LOIHI = nd.load_devices()["loihi"]


def test_cores_are_beside_those_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = {
        "cores": 3,
        "partition": [{"layer": "first", "cores": 1}, {"layer": "second", "cores": 2}],
    }
    monkeypatch.setitem(validation.MEASURED, "two", printed)
    monkeypatch.setitem(validation.FROM_TABLES, "two", "held back")
    layers = tuple(dense(LIF, 5, (4, 4), (3, 4)))
    placement = nd.place(nd.Network(input_shape=(5,), layers=layers), "loihi2")
    rows = validation.layers_table("two", placement).splitlines()[2:]
    assert rows == ["| first | 1 | 1 |  |", "| second | 2 | 1 | differs |", "| all | 3 | 2 |  |"]
    row = validation.placements_table({"two": placement}).splitlines()[-1]
    assert row == "| two | loihi2 | 3 | 2 | 1 of 2 | held back | 2 |"


def test_time_and_energy_are_beside_what_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(validation.TIMES["loihi2"], "scale", 0.25)
    causes = {"synapses": 2e-3, "neurons": 1e-3, "traffic": 0.3e-3, "input": 9.0}
    report = {
        "proxies": {"loihi": {"causes": causes}},
        "latency": {"loihi2": {"step_s": 100e-6, "least_step_s": 55e-6, "peak_step_s": 240e-6}},
    }
    measured = {
        "dynamic_energy_per_inference_j": 3e-3,
        "total_energy_per_inference_j": 5e-3,
        "time_per_step_us": 80.0,
        "time_per_step_least_us": 50,
        "time_per_step_most_us": 200,
        "frames_per_s": 500.0,
        "steps_per_inference": 10,
        "static_power_w": 0.5,
    }
    rows = validation.pilotnet_table(report, measured).splitlines()[2:]
    assert [[cell.strip() for cell in row.split("|")[2:5]] for row in rows] == [
        ["80.000", "400.000", "+400 %"],
        ["80.000", "100.000", "+25 %"],
        ["50.000", "55.000", "+10 %"],
        ["200.000", "240.000", "+20 %"],
        ["4.000", "4.364", "+9 %"],
        ["2.000", "1.000", "-50 %"],
        ["3.000", "3.300", "+10 %"],
        ["5.000", "3.800", "-24 %"],
    ]
    assert ["calibrated" in row for row in rows] == [
        False,
        True,
        True,
        True,
        False,
        True,
        False,
        True,
    ]
    assert validation.energy_table(report).splitlines()[2] == "| synapses | 2.000 |"


def test_a_branch_costs_its_updates_and_what_its_spikes_reach() -> None:
    branch = validation.Branch(layers=2, neurons=3, steps=5)
    silent = 30 * 81e-12
    assert branch.energy_j(0, LOIHI) == pytest.approx(silent)
    assert branch.energy_j(0.5, LOIHI) == pytest.approx(silent + 45 * 23.6e-12)
    assert branch.rate_of(branch.energy_j(0.25, LOIHI), LOIHI) == pytest.approx(0.25)


def test_the_page_has_what_the_script_makes() -> None:
    """Of the parts that take no time."""
    page = (Path(__file__).parents[2] / validation.PAGE).read_text()
    measured = validation.MEASURED["keyword_spotter_loihi1"]
    assert validation.keyword_table(measured, LOIHI) in page
    placements = {
        "mnist_loihi2": nd.place(mnist(), "loihi2-2023"),
        "oxford_loihi2": nd.place(oxford(), "loihi2-2022"),
    }
    for row in validation.placements_table(placements).splitlines()[2:]:
        assert row in page


def test_every_printed_placement_is_on_the_page() -> None:
    tables = {name for name, entry in validation.MEASURED.items() if "partition" in entry}
    assert tables == set(validation.published.PRINTED) == set(validation.FROM_TABLES)

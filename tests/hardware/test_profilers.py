"""The vendor's profilers, stood in for by objects with what they are published to have."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from neurodeploy.errors import FileFormatError, InputError
from neurodeploy.hardware.measurements import Measurement, measurement_of
from neurodeploy.hardware.profilers import printed_quantities

POWER = SimpleNamespace(
    total_power=np.array([0.6, 0.8]),
    static_total_power=0.25,
    vdd_power=np.array([0.2, 0.3]),
    vddm_power=np.array([0.4, 0.45]),
    vddio_power=np.array([0.004, 0.006]),
)
TIME = SimpleNamespace(avg_time_per_step=152.84, execution_time_per_step=np.array([107.0, 201.0]))
ACTIVITY = SimpleNamespace(
    core_idx=np.arange(2),
    syn_ops=np.array([1500, 0], np.uint32),
    dendrite_updates=np.array([70, 30]),
    axon_out=np.array([5, 6]),
    spikes_in=np.array([7, 8]),
)
PROFILER = SimpleNamespace(
    execution_time=np.array([1e-4, 3e-4, 2e-4]),
    power=0.7,
    static_power=0.2,
    energy=6e-4,
    static_energy=1.2e-4,
)
STATS = SimpleNamespace(
    power={"total": 300.0, "static": 200.0, "dynamic": 100.0, "core": {"total": 30.0}},
    timePerTimestep=12.5,
)


def measured(**profilers: object) -> Measurement:
    return measurement_of(
        "board", chip="loihi2", source="a test", samples=2, steps_per_sample=8, **profilers
    )


def test_loggers_of_loihi_2_are_read_in_their_units() -> None:
    found = measured(power=POWER, time=TIME, activity=ACTIVITY)
    assert found.quantities == pytest.approx(
        {
            "power_w": 0.7,
            "static_power_w": 0.25,
            "vdd_power_w": 0.25,
            "vddm_power_w": 0.425,
            "vddio_power_w": 0.005,
            "step_s": 152.84e-6,
        }
    )
    assert found.activity == {
        "syn_ops": (1500, 0),
        "dendrite_updates": (70, 30),
        "axon_out": (5, 6),
        "spikes_in": (7, 8),
    }
    assert found.derived["dynamic_energy_j"] == pytest.approx(0.45 * 8 * 152.84e-6)


def test_the_profiler_of_lava_has_seconds_and_joules_of_the_run() -> None:
    found = measured(profiler=PROFILER).quantities
    assert found == pytest.approx(
        {
            "sample_s": 3e-4,
            "power_w": 0.7,
            "static_power_w": 0.2,
            "energy_j": 3e-4,
            "static_energy_j": 0.6e-4,
        }
    )


def test_stats_of_loihi_1_have_milliwatts_and_microseconds() -> None:
    assert measured(stats=STATS).quantities == pytest.approx(
        {"step_s": 12.5e-6, "power_w": 0.3, "static_power_w": 0.2, "dynamic_power_w": 0.1}
    )


@pytest.mark.parametrize(
    ("profilers", "said"),
    [
        ({}, "board: expected at least one profiler, found none"),
        ({"time": SimpleNamespace()}, "time: expected avg_time_per_step.*none in SimpleNamespace"),
        ({"time": SimpleNamespace(avg_time_per_step=[])}, "finite numbers, one at least"),
        ({"time": SimpleNamespace(avg_time_per_step="1 us")}, "avg_time_per_step: expected"),
        ({"time": SimpleNamespace(avg_time_per_step=0.0)}, "step_s: expected seconds of a step"),
        ({"power": POWER, "profiler": PROFILER}, "power_w: expected one profiler that gives it"),
        ({"stats": SimpleNamespace(power={"total": 1.0})}, "total, static, dynamic in mW"),
    ],
)
def test_what_a_profiler_lacks_is_said(profilers: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        measured(**profilers)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nothing\nof this kind : here\n", "lines such as 'Total Power .*none in 2 lines"),
        ("Total Power : 679 mW\n", "line 1: expected Total Power in W, found mW"),
        ("Total Power : 0.6 W\nTotal Power : 0.7 W\n", "line 2: expected Total Power of one run"),
        ("Total Power : 0.0 W\n", "line 1: expected Total Power, more than 0"),
        ("Total Power : 1e W\n", "line 1: expected Total Power, more than 0"),
    ],
)
def test_wrong_lines_are_refused(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=said):
        printed_quantities(path)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileFormatError, match=r"printed profile .*: expected text"):
        printed_quantities(path)

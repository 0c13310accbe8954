"""A person's own file of measurements: what it has, what follows, and what it refuses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from neurodeploy._io.documents import read_toml
from neurodeploy.errors import FileFormatError
from neurodeploy.hardware.measurements import (
    ACTIVITY,
    QUANTITIES,
    Measurement,
    load_measurements,
    save_measurements,
)

ROOT = Path(__file__).parents[2]
PUBLISHED = read_toml(ROOT / "neurodeploy/hardware/measured.toml", "facts")["pilotnet_lif_loihi2"]

BOARD = """\
[board]
chip = "loihi2"
source = "our board, 2 May 2026"
samples = 625
steps_per_sample = 16
step_s = 152.84e-6
power_w = 0.679234
static_power_w = 0.232078
cores = 74

[board.activity]
syn_ops = [100, 0, 25]
dendrite_updates = [10, 20, 30]
"""

PRINTED = """\
INFO: DRV:  Executing...................Done 1.54s
Throughput : 408.91 fps.
Total Power   : 0.679234 W
Dynamic Power : 0.447156 W
Static Power  : 0.232078 W
VDD Power     : 0.252728 W
VDD-M Power   : 0.422127 W
VDD-IO Power  : 0.004379 W
Total Energy per inference   : 1.661103 mJ
Dynamic Energy per inference : 1.093544 mJ
"""
"""As lava-dl's benchmark notebook of PilotNet LIF printed it."""


def read(text: str, folder: Path) -> Measurement:
    path = folder / "measured.toml"
    path.write_text(text)
    return load_measurements(path)["board"]


def test_what_follows_is_kept_apart_from_what_was_measured(tmp_path: Path) -> None:
    board = read(BOARD, tmp_path)
    assert set(board.quantities) == {"step_s", "power_w", "static_power_w"}
    assert (board.cores, board.samples) == (74, 625)
    assert board.activity == {"syn_ops": (100, 0, 25), "dendrite_updates": (10, 20, 30)}
    derived = board.derived
    assert set(derived) == {
        *("sample_s", "dynamic_power_w", "energy_j", "static_energy_j", "dynamic_energy_j")
    }
    assert derived["sample_s"] == pytest.approx(16 * 152.84e-6)
    # the notebook's own, of the same run; it multiplied more digits than it printed
    assert derived["energy_j"] == pytest.approx(PUBLISHED["total_energy_per_inference_j"], rel=1e-4)
    assert derived["dynamic_energy_j"] == pytest.approx(
        PUBLISHED["dynamic_energy_per_inference_j"], rel=1e-4
    )


def test_what_a_notebook_printed_is_read_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "run.log").write_text(PRINTED)
    head = "\n".join(BOARD.splitlines()[:5])
    board = read(f'{head}\nprofile = "run.log"\n', tmp_path)
    for name in ("total", "static", "dynamic", "vdd", "vddm", "vddio"):
        ours = f"{name}_power_w".removeprefix("total_")
        assert board.quantities[ours] == PUBLISHED[f"{name}_power_w"]
    energy = PUBLISHED["total_energy_per_inference_j"]
    assert board.quantities["energy_j"] == pytest.approx(energy)
    assert board.derived["step_s"] == pytest.approx(1e-6 * PUBLISHED["time_per_step_us"], rel=1e-4)


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    board = read(BOARD, tmp_path)
    odd = Measurement(
        name='a "board"\\',
        chip="loihi1",
        source="tab\there, \u2013 and there",
        samples=1,
        steps_per_sample=3,
        quantities={"peak_step_s": 1.25e-7},
    )
    path = tmp_path / "saved.toml"
    save_measurements(path, {each.name: each for each in (board, odd)})
    assert load_measurements(path) == {"board": board, odd.name: odd}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[board]", "other = 3\n[board]", "other: expected a table, found 3"),
        ('chip = "loihi2"', "", "board: chip: expected a value, found nothing"),
        ('chip = "loihi2"', 'chip = "loihi9"', "board: chip: expected one of loihi1, loihi2"),
        ('source = "our board, 2 May 2026"', 'source = " "', "board: source: expected a text"),
        ("samples = 625", "samples = 0", "board: samples: expected a whole number >= 1"),
        ("samples = 625", "samples = true", "board: samples: expected a whole number"),
        ("step_s = 152.84e-6", "step_us = 152.84", "board: expected only chip, .*found 'step_us'"),
        ("step_s = 152.84e-6", "step_s = nan", "board: step_s: expected a number"),
        ("step_s = 152.84e-6", "step_s = '1'", "board: step_s: expected a number"),
        ("static_power_w = 0.232078", "static_power_w = 0.7", "static_power_w: expected at most"),
        ("syn_ops = [100, 0, 25]", "syn_ops = [1]", "activity: expected as many cores"),
        ("syn_ops = [100, 0, 25]", "syn_ops = [1, 0, -1]", "syn_ops.*expected a whole"),
        ("syn_ops = [100, 0, 25]", "synops = [1, 2, 3]", "activity: expected only syn_ops"),
        ("cores = 74", 'cores = 74\nprofile = "run.log"', "step_s: expected it once, found step_s"),
        ("cores = 74", 'cores = 74\nprofile = "none.log"', "none.log: expected an existing file"),
    ],
)
def test_a_wrong_file_is_refused_by_file_table_and_field(
    old: str, new: str, said: str, tmp_path: Path
) -> None:
    assert old in BOARD
    (tmp_path / "run.log").write_text("Time per timestep : 152.84 us\n")
    with pytest.raises(FileFormatError, match=said) as caught:
        read(BOARD.replace(old, new, 1), tmp_path)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("text", ["# nothing\n", "[board]\nchip = 'loihi2'"])
def test_a_file_without_figures_is_refused(text: str, tmp_path: Path) -> None:
    head = "\nsource = 's'\nsamples = 1\nsteps_per_sample = 1\n" if "[" in text else ""
    with pytest.raises(FileFormatError, match=r"a table for each|at least one of step_s"):
        read(text + head, tmp_path)


def test_the_documented_file_is_one(tmp_path: Path) -> None:
    (tmp_path / "run.log").write_text("VDD Power     : 0.252728 W\n")
    (block,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs/measuring.md").read_text(), re.DOTALL)
    path = tmp_path / "measured.toml"
    path.write_text(block)
    (found,) = load_measurements(path).values()
    assert found.quantities["vdd_power_w"] == 0.252728
    text = (ROOT / "docs/measuring.md").read_text()
    assert all(f"`{name}`" in text for name in (*QUANTITIES, *ACTIVITY))

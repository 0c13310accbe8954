from __future__ import annotations

from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from neurodeploy.pictures.drawings import bill, cores, curves, pairs, raster, rasters
from neurodeploy.pictures.style import figure_of, save_pictures


def test_pictures_are_files_in_one_style(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    right = np.linspace(10, 90, 5)
    costs, (panel,) = figure_of(7, 3)
    bill({"ours": {"chip": 1.0, "host": 3.0}, "ANN": {"ANN": 2.0}}, "loihi", panel)
    figures = {
        "raster": rasters({"in": rng.integers(0, 2, (4, 9))}, "spikes"),
        "pairs": pairs(rng.random((2, 5, 5)), rng.random((2, 5, 5)), ["3", "7"]),
        "curves": curves(np.arange(1, 6), {"head": right}, "%", {"head": (right - 5, right + 5)}),
        "bill": costs,
    }
    save_pictures(tmp_path, figures)
    assert sorted(p.stem for p in tmp_path.iterdir()) == sorted(figures)
    assert all((tmp_path / f"{n}.png").read_bytes()[:4] == b"\x89PNG" for n in figures)
    axis = figures["curves"].axes[0]
    assert axis.get_ylim() == (0, 100)
    assert not axis.spines["top"].get_visible()
    widths = [bar.get_width() for bar in panel.patches]
    assert widths == [1.0, 3.0, 2.0]
    assert [text.get_text() for text in panel.texts] == [" 4", " 2"]


def test_a_raster_has_a_row_a_neuron_the_first_on_top_and_steps_from_one() -> None:
    spikes = np.zeros((3, 8), np.uint8)
    spikes[0, 0] = spikes[2, 7] = 1
    ax = raster(spikes, "neuron", Figure().subplots())
    (marks,) = ax.collections
    assert marks.get_offsets().tolist() == [[1, 0], [8, 2]]
    assert ax.get_ylim() == (2.5, -0.5)
    assert ax.get_xlim() == (0.5, 8.5)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time step", "neuron")


def test_silence_is_an_empty_raster() -> None:
    ax = raster(np.zeros((3, 8), np.uint8), "neuron", Figure().subplots())
    assert len(ax.collections[0].get_offsets()) == 0


def test_graded_spikes_are_coloured_by_their_value() -> None:
    spikes = np.array([[0, -7, 0], [3, 0, 0]], np.int32)
    figure = Figure()
    ax = raster(spikes, "neuron", figure.subplots())
    assert list(ax.collections[0].get_array()) == [-7, 3]
    assert ax.collections[0].get_clim() == (-7, 7)
    assert figure.axes[1].get_ylabel() == "value of the spike"


def test_a_core_is_filled_as_far_as_it_is_full() -> None:
    used = [(0, 0, "a", 0.5), (0, 1, "b", 1.0)]
    ax = cores((2, 3), used, ["a", "b"], "chip", Figure().subplots())
    *free, half, full = ax.patches
    assert len(free) == 6
    assert half.get_height() == pytest.approx(full.get_height() / 2)
    assert half.get_y() + half.get_height() == pytest.approx(full.get_y() + full.get_height())
    assert half.get_facecolor() != full.get_facecolor()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]


def test_a_persons_settings_and_axes_are_left_alone() -> None:
    before = dict(matplotlib.rcParams)
    own = Figure().subplots()
    assert raster(np.eye(4, dtype=np.uint8), "neuron", own) is own
    assert own.spines["top"].get_visible()
    new = raster(np.eye(4, dtype=np.uint8), "neuron")
    assert not new.spines["top"].get_visible()
    assert new.figure.number in plt.get_fignums()  # so that a notebook shows it
    plt.close(new.figure)
    assert dict(matplotlib.rcParams) == before

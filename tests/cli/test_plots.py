from __future__ import annotations

from pathlib import Path

import numpy as np

from neurodeploy.cli.plots import bill, curves, pairs, raster, save_pictures


def test_pictures_are_files_in_one_style(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    right = np.linspace(10, 90, 5)
    figures = {
        "raster": raster({"in": rng.integers(0, 2, (4, 9))}, "spikes"),
        "pairs": pairs(rng.random((2, 5, 5)), rng.random((2, 5, 5)), ["3", "7"]),
        "curves": curves(np.arange(1, 6), {"head": right}, "%", {"head": (right - 5, right + 5)}),
        "bill": bill({"ours": {"chip": 1.0, "host": 3.0}, "ANN": {"ANN": 2.0}}, "loihi"),
    }
    save_pictures(tmp_path, figures)
    assert sorted(p.stem for p in tmp_path.iterdir()) == sorted(figures)
    assert all((tmp_path / f"{n}.png").read_bytes()[:4] == b"\x89PNG" for n in figures)
    axis = figures["curves"].axes[0]
    assert axis.get_ylim() == (0, 100)
    assert not axis.spines["top"].get_visible()
    assert figures["raster"].axes[0].get_ylim()[0] > figures["raster"].axes[0].get_ylim()[1]
    widths = [bar.get_width() for bar in figures["bill"].axes[0].patches]
    assert widths == [1.0, 3.0, 2.0]

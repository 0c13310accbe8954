from __future__ import annotations

from pathlib import Path

import numpy as np

from neurodeploy.cli.plots import (
    Picture,
    ReportTable,
    curves,
    pairs,
    raster,
    table_figure,
    write_report,
)


def test_report_stands_alone_and_escapes(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    table = ReportTable(title="a < b", heads=("x", "y"), rows=[("1", "2")], caption="note")
    figures = {
        "raster": raster({"in": rng.integers(0, 2, (4, 9))}, "spikes"),
        "pairs": pairs(rng.random((2, 5, 5)), rng.random((2, 5, 5)), ["3", "7"]),
        "curves": curves(np.arange(1, 6), {"accuracy": np.arange(5.0)}, "%"),
        "table": table_figure(table),
    }
    pictures = [
        Picture(name=name, title=name, caption="c", figure=figure)
        for name, figure in figures.items()
    ]
    page = write_report(tmp_path, title="T", lead="L", tables=[table], pictures=pictures)
    text = page.read_text()
    assert "a &lt; b" in text
    assert text.count("data:image/png;base64,iVBOR") == 4
    assert 'src="http' not in text
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        ["report.html", *(f"{name}.png" for name in figures)]
    )
    assert all((tmp_path / f"{n}.png").read_bytes()[:4] == b"\x89PNG" for n in figures)

from __future__ import annotations

import dataclasses

from neurodeploy.report.measured import Measured
from neurodeploy.report.sections.quality import accuracy_chart


def test_a_legend_of_lines_shows_lines(measured: Measured) -> None:
    runs = [dataclasses.replace(measured, name=f"run {number}") for number in range(10)]
    spec = accuracy_chart(runs).spec
    legends = [
        channel["legend"]
        for layer in spec["layer"]
        for channel in layer["encoding"].values()
        if isinstance(channel, dict) and "legend" in channel
    ]
    assert [each["symbolType"] for each in legends] == ["stroke", "stroke"]
    band, line, _ = spec["layer"][:3]
    assert band["encoding"]["fill"] == {"field": "colour", "scale": None, "type": "nominal"}
    colours = line["encoding"]["color"]["scale"]["range"]
    assert colours == [f"var(--series-{1 + number % 8})" for number in range(10)]

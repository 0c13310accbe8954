"""Several runs side by side."""

from __future__ import annotations

from collections.abc import Sequence

from neurodeploy.report.measured import Measured
from neurodeploy.report.parts import Chart, Section, Table
from neurodeploy.report.sections.headline import figures
from neurodeploy.report.sections.quality import accuracy_chart


def compare(runs: Sequence[Measured]) -> Section | None:
    """Their numbers in one table, and their accuracy in one chart."""
    if len(runs) < 2:
        return None
    found = [{each.label: each for each in figures(run)} for run in runs]
    labels = list(dict.fromkeys(label for each in found for label in each))
    rows = [
        (
            name,
            *(f"{each[name].value} ({each[name].note})" if name in each else "" for each in found),
        )
        for name in labels
    ]
    heads = ("", *(run.name for run in runs))
    parts: list[Chart | Table] = [Table(caption="The runs in numbers", heads=heads, rows=rows)]
    if any(run.accuracy is not None for run in runs):
        parts.insert(0, accuracy_chart(runs))
    return Section(
        key="compare",
        title="Side by side",
        lead="Intervals that overlap do not say that two runs are equal, nor that they differ.",
        parts=parts,
    )

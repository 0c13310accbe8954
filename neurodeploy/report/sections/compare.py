"""Several runs side by side."""

from __future__ import annotations

from collections.abc import Sequence

from neurodeploy.report.facts import differing
from neurodeploy.report.measured import Measured
from neurodeploy.report.parts import Chart, Section, Table
from neurodeploy.report.sections.headline import figures
from neurodeploy.report.sections.quality import accuracy_chart


def compare(runs: Sequence[Measured]) -> Section | None:
    """What differs, and their numbers, in one table; their accuracy in one chart."""
    if len(runs) < 2:
        return None
    found = [{each.label: each for each in figures(run)} for run in runs]
    labels = list(dict.fromkeys(label for each in found for label in each))
    rows: list[tuple[str, ...]] = [
        (name, *(run.facts[name] for run in runs)) for name in differing([r.facts for r in runs])
    ]
    rows += [
        (
            name,
            *(f"{each[name].value} ({each[name].note})" if name in each else "" for each in found),
        )
        for name in labels
    ]
    heads = ("", *(run.name for run in runs))
    parts: list[Chart | Table] = [Table(caption="The runs in numbers", heads=heads, rows=rows)]
    if any(run.accuracy is not None for run in runs):
        parts.append(accuracy_chart(runs))
    return Section(
        key="compare",
        title="Side by side",
        lead="In what the runs differ, and what came of it. Where several things differ, none of "
        "them alone is shown to be the cause; where intervals overlap, nothing is shown.",
        parts=parts,
    )

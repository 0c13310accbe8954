"""The front of a search: numbered points, and the command that picks one."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

import altair as alt

from neurodeploy.report.parts import ACCENT, INK, QUIET, Chart, Section, Table, percent, spec_of
from neurodeploy.search.points import Point


def front(points: Sequence[Point], folder: str) -> Section:
    """Accuracy against energy of points, with intervals.

    Parameters
    ----------
    points : sequence of Point
        The front, as `load_points` reads it.
    folder : str
        Of the search, as a command takes it.
    """
    values: list[dict[str, Any]] = []
    for number, point in enumerate(points):
        score = point.confirmed or point.validation
        low, high = score.interval
        values.append(
            {
                "point": number,
                "uj": 1e6 * score.energy_j,
                "right": score.accuracy,
                "low": low,
                "high": high,
                "cores": score.cores,
                "synops": score.synops,
                "steps": point.levers.steps,
                "command": f"neurodeploy pick {shlex.quote(folder)} {number}",
            }
        )
    x = alt.X(
        "uj:Q", title="energy proxy of a sample, µJ, logarithmic", scale=alt.Scale(type="log")
    )
    axis, scale = alt.Axis(format=".0%"), alt.Scale(zero=False, nice=True)
    base = alt.Chart(alt.Data(values=values)).encode(x=x)
    y = alt.Y("right:Q", title="accuracy on samples kept aside", axis=axis, scale=scale)
    tips = [
        alt.Tooltip("point:Q", title="point"),
        alt.Tooltip("right:Q", title="right", format=".1%"),
        alt.Tooltip("low:Q", title="at least", format=".1%"),
        alt.Tooltip("high:Q", title="at most", format=".1%"),
        alt.Tooltip("uj:Q", title="µJ", format=".4g"),
        alt.Tooltip("cores:Q", title="cores"),
        alt.Tooltip("steps:Q", title="steps"),
        alt.Tooltip("command:N", title="to pick it"),
    ]
    chart = alt.layer(
        base.mark_rule(color=QUIET, strokeWidth=1.5, aria=False).encode(
            y=alt.Y("low:Q", axis=axis, scale=scale, title="accuracy on samples kept aside"),
            y2="high:Q",
        ),
        base.mark_point(filled=True, size=130, color=ACCENT, opacity=1).encode(y=y, tooltip=tips),
        base.mark_text(dx=11, dy=-9, color=INK, aria=False).encode(y=y, text="point:N"),
    )
    return Section(
        key="front",
        title="The front: accuracy against energy",
        lead="No point of the search beats one of these in energy proxy, cores and accuracy. Pick "
        "one by its number.",
        parts=[
            Chart(
                spec=spec_of(chart, 320),
                alt=f"Scatter chart of {len(values)} points: accuracy against the energy proxy of "
                f"a sample, from {min(v['uj'] for v in values):.3g} to "
                f"{max(v['uj'] for v in values):.3g} microjoules, with 95 % intervals.",
                caption="Confirmed on samples kept aside, with 95 % intervals (Wilson). The axis "
                "of accuracy does not begin at 0.",
            ),
            Table(
                caption="Points of the front",
                heads=("point", "right", "95 % interval", "µJ", "cores", "steps", "to pick it"),
                rows=[
                    (
                        f"{v['point']}",
                        percent(v["right"]),
                        f"{percent(v['low'], 0)} to {percent(v['high'], 0)}",
                        f"{v['uj']:.3g}",
                        f"{v['cores']:,}",
                        f"{v['steps']}",
                        str(v["command"]),
                    )
                    for v in values
                ],
            ),
        ],
    )

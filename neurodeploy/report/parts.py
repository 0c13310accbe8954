"""What a section of the page is made of, and how a chart becomes a checked Vega-Lite specification.

Colours are custom properties of the page's stylesheet, so that light and dark are a matter of CSS.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

INK, QUIET, LINE, PAPER = "var(--ink)", "var(--quiet)", "var(--line)", "var(--paper)"
ACCENT, COOL = "var(--accent)", "var(--cool)"
SERIES = tuple(f"var(--series-{number})" for number in range(1, 9))
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [1, 3], [10, 2], [3, 1])

STEP = "step"
"""The signal that the slider sets in every chart that has it."""

CONFIG: dict[str, Any] = {
    "background": "transparent",
    "padding": 4,
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "domainColor": QUIET,
        "tickColor": QUIET,
        "gridColor": LINE,
        "labelColor": INK,
        "titleColor": INK,
        "labelFontSize": 13,
        "titleFontSize": 13,
        "titleFontWeight": "normal",
        "titlePadding": 8,
        "labelLimit": 125,
        "tickCount": 5,
    },
    "axisX": {"grid": False},
    "axisY": {"domain": False, "ticks": False},
    "legend": {
        "labelColor": INK,
        "titleColor": INK,
        "labelFontSize": 13,
        "titleFontSize": 13,
        "titleFontWeight": "normal",
        "orient": "top",
        "direction": "horizontal",
        "columns": 2,
        "labelLimit": 200,
        "title": None,
    },
    "text": {"color": INK, "fontSize": 13},
    "title": {"color": INK, "fontSize": 14, "anchor": "start"},
}
"""One look for all charts."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table: what it shows, column heads, and rows of text, the first cell a row's head."""

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    kind: str = "table"


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart: its specification, what it shows in words, a caption, and its numbers.

    Parameters
    ----------
    spec : mapping
        Vega-Lite, as `spec_of` gives it.
    alt : str
        What a person sees in it, for one who does not.
    caption : str
        Below it.
    numbers : Table, optional
        The same, to be unfolded.
    """

    spec: dict[str, Any]
    alt: str
    caption: str
    numbers: Table | None = None
    kind: str = "chart"


@dataclass(frozen=True, kw_only=True)
class Widget:
    """A part that the page's script fills: ``player`` or ``gallery``, of the run so numbered."""

    kind: str
    run: int
    data: Any = None


@dataclass(frozen=True, kw_only=True)
class Section:
    """A section of the page; ``lead`` says what it shows in a sentence."""

    key: str
    title: str
    lead: str
    parts: Sequence[Chart | Table | Widget]
    run: str = ""


def spec_of(chart: Any, height: int = 260) -> dict[str, Any]:
    """A chart as a specification that altair has validated, as wide as the page lets it be.

    Parameters
    ----------
    chart : altair chart
    height : int
        Pixels.
    """
    fit = alt.AutoSizeParams(type="fit-x", contains="padding")
    spec: dict[str, Any] = chart.properties(
        width="container", height=height, autosize=fit
    ).to_dict()
    spec.pop("config", None)
    return spec


LINES = alt.Legend(symbolType="stroke", symbolSize=500, symbolStrokeWidth=2.5)
"""A legend that shows lines as they are drawn."""


def colour_of(place: int) -> str:
    """Of a series, counted from 0; they begin anew after the last one."""
    return SERIES[place % len(SERIES)]


def lines_by(field: str, names: Sequence[str], first: int = 0) -> dict[str, Any]:
    """How lines are told apart, by colour and dashes, from the ``first`` of both on."""
    places = range(first, first + len(names))
    colours = [colour_of(at) for at in places]
    dashes = [list(DASHES[at % len(DASHES)]) for at in places]
    scales = [alt.Scale(domain=[*names], range=each) for each in (colours, dashes)]
    return {
        "color": alt.Color(field, scale=scales[0], legend=LINES),
        "strokeDash": alt.StrokeDash(field, scale=scales[1], legend=LINES),
    }


def step_axis(steps: int, title: str = "time steps seen") -> alt.X:
    """The axis of time, from the first step to the last."""
    scale = alt.Scale(domain=[0.5, steps + 0.5], nice=False, zero=False)
    return alt.X("step:Q", title=title, scale=scale, axis=alt.Axis(tickMinStep=1, format="d"))


def cursor(step: int) -> tuple[alt.Parameter, alt.Chart]:
    """The slider's signal, and the line that it moves."""
    signal = alt.param(name=STEP, value=step)
    rule = (
        alt.Chart(alt.Data(values=[{}]))
        .mark_rule(color=ACCENT, strokeWidth=1.5, aria=False)
        .encode(x=alt.XDatum(alt.ExprRef(expr=STEP), type="quantitative"))
    )
    return signal, rule


def percent(share: float, digits: int = 1) -> str:
    """A share for a person."""
    return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"

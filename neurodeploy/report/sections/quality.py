"""How good: accuracy and error of images against time steps, and which classes are confused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from neurodeploy.report.measured import Accuracy, Measured
from neurodeploy.report.parts import (
    ACCENT,
    INK,
    PAPER,
    QUIET,
    Chart,
    Section,
    Table,
    colour_of,
    lines_by,
    percent,
    spec_of,
    step_axis,
)

MOST_CLASSES = 30
"""Of a confusion matrix that is drawn; of more, the most frequent confusions are a table."""


def quality(run: Measured) -> Section | None:
    """Accuracy against steps, reconstructions, and the confusion matrix."""
    parts: list[Chart | Table] = []
    if run.accuracy is not None:
        parts += [accuracy_chart([run]), _confusion(run, run.accuracy)]
    if run.reconstruction is not None:
        parts.append(_error_chart(run))
    if not parts:
        return None
    return Section(
        key="quality",
        title="How good the answer is, and when",
        lead="The decoder answers after every step, on the spikes that it has by then; the steps "
        "still to come are silent. Bands are 95 % intervals.",
        parts=parts,
    )


def accuracy_chart(runs: Sequence[Measured]) -> Chart:
    """Accuracy after each step, of one run or several."""
    scored = [(run, run.accuracy) for run in runs if run.accuracy is not None]
    several = len(scored) > 1
    names = [run.name for run, _ in scored]
    colours = [colour_of(at) for at in range(len(names))] if several else [ACCENT]
    values = [
        {
            "run": run.name,
            "colour": colour,
            "step": step + 1,
            "right": right,
            "low": low,
            "high": high,
        }
        for (run, found), colour in zip(scored, colours, strict=True)
        for step, (right, low, high) in enumerate(
            zip(found.by_step.tolist(), found.low.tolist(), found.high.tolist(), strict=True)
        )
    ]
    steps = max(run.steps for run, _ in scored)
    apart = lines_by("run:N", names) if several else {"color": alt.value(ACCENT)}
    fill = alt.Fill("colour:N", scale=None)
    base = alt.Chart(alt.Data(values=values)).encode(x=step_axis(steps))
    share = alt.Scale(domain=[0, 1])
    y = alt.Y("right:Q", title="right answers", scale=share, axis=alt.Axis(format=".0%"))
    tips = [
        *([alt.Tooltip("run:N", title="run")] if several else []),
        alt.Tooltip("step:Q", title="steps seen"),
        alt.Tooltip("right:Q", title="right", format=".1%"),
        alt.Tooltip("low:Q", title="at least", format=".1%"),
        alt.Tooltip("high:Q", title="at most", format=".1%"),
    ]
    band = base.mark_area(opacity=0.18, aria=False).encode(
        y=alt.Y("low:Q", scale=share, title="right answers"), y2="high:Q", fill=fill
    )
    line = base.mark_line(strokeWidth=2.5).encode(y=y, **apart)
    dots = base.mark_circle(size=45, opacity=1).encode(y=y, fill=fill, tooltip=tips)
    layers: list[Any] = [band, line, dots, *_marks(runs, scored)]
    first = scored[0][1]
    said = "; ".join(_in_words(run.name if several else "It", found) for run, found in scored)
    return Chart(
        spec=spec_of(alt.layer(*layers), 300),
        alt=f"Line chart of the share of right answers against time steps seen. {said}. "
        f"The best guess, {percent(first.guess)}, and the network's latency are marked.",
        caption=f"Share of right answers after each step, on {scored[0][0].samples:,} test "
        "samples. Dashed, across: what always naming the most frequent class gets. Dotted, "
        "upright: the network's latency, before which no input can have reached the decoder.",
        numbers=Table(
            caption="Right answers after each step",
            heads=("run, step", "right", "at least", "at most"),
            rows=[
                (f"{v['run']}, {v['step']}", *(percent(v[k]) for k in ("right", "low", "high")))
                for v in values
            ],
        ),
    )


def _in_words(who: str, found: Accuracy) -> str:
    steps = len(found.by_step)
    enough = int((found.by_step >= 0.95 * found.by_step[-1]).argmax()) + 1
    return (
        f"{who} ends at {percent(found.by_step[-1])} after {steps} steps and is within a twentieth "
        f"of that after {enough}"
    )


def _marks(
    runs: Sequence[Measured], scored: Sequence[tuple[Measured, Accuracy]]
) -> list[alt.Chart]:
    """Lines for guessing and for the latency, with their names."""
    guess = max(found.guess for _, found in scored)
    latency = sorted({run.latency_steps for run in runs})
    at_guess = alt.Chart(alt.Data(values=[{"y": guess, "name": f"best guess {guess:.0%}"}]))
    at_latency = alt.Chart(
        alt.Data(values=[{"x": steps + 0.5, "name": f"latency {steps}"} for steps in latency])
    )
    y, x = alt.Y("y:Q"), alt.X("x:Q")
    return [
        at_guess.mark_rule(color=INK, strokeDash=[6, 4], aria=False).encode(y=y),
        at_guess.mark_text(align="right", dy=-8, color=INK).encode(
            y=y, x=alt.value("width"), text="name:N"
        ),
        at_latency.mark_rule(color=QUIET, strokeDash=[2, 3], aria=False).encode(x=x),
        at_latency.mark_text(align="center", dy=-7, color=QUIET).encode(
            x=x, y=alt.value(0), text="name:N"
        ),
    ]


def _confusion(run: Measured, found: Accuracy) -> Chart | Table:
    matrix, names = found.confusion, run.classes
    wrong = [
        (int(matrix[asked, said]), names[asked], names[said])
        for asked in range(len(names))
        for said in range(len(names))
        if asked != said and matrix[asked, said]
    ]
    wrong.sort(key=lambda each: -each[0])
    worst = [(f"{asked} read as {said}", f"{number:,}") for number, asked, said in wrong[:10]]
    table = Table(caption="Most frequent confusions", heads=("confusion", "answers"), rows=worst)
    if len(names) > MOST_CLASSES:
        return table
    sums = matrix.sum(1)
    values = [
        {
            "asked": names[asked],
            "said": names[said],
            "answers": int(matrix[asked, said]),
            "share": float(matrix[asked, said] / max(sums[asked], 1)),
        }
        for asked in range(len(names))
        for said in range(len(names))
    ]
    base = alt.Chart(alt.Data(values=values)).encode(
        x=alt.X("said:N", title="read as", sort=list(names), axis=alt.Axis(labelAngle=0)),
        y=alt.Y("asked:N", title="is", sort=list(names)),
    )
    tips = [
        alt.Tooltip("asked:N", title="is"),
        alt.Tooltip("said:N", title="read as"),
        alt.Tooltip("answers:Q", title="answers"),
        alt.Tooltip("share:Q", title="of its class", format=".1%"),
    ]
    cells = base.mark_rect(color=ACCENT).encode(
        opacity=alt.Opacity(
            "share:Q", scale=alt.Scale(domain=[0, 1], range=[0.03, 1]), legend=None
        ),
        tooltip=tips,
    )
    ink = alt.condition("datum.share > 0.5", alt.value(PAPER), alt.value(INK))
    counts = base.mark_text(aria=False, fontSize=12).encode(
        text=alt.condition("datum.answers > 0", "answers:Q", alt.value("")), color=ink
    )
    said = (
        f"The most frequent confusion: {worst[0][0]}, {worst[0][1]} times."
        if worst
        else ("No class is confused with another.")
    )
    return Chart(
        spec=spec_of(alt.layer(cells, counts), 26 * len(names)),
        alt=f"Confusion matrix of {len(names)} classes, rows what it is, columns what it was read "
        f"as; {matrix.trace():,} of {matrix.sum():,} answers lie on the diagonal. {said}",
        caption="Confusion matrix: answers by what a sample is (rows) and what it was read as "
        "(columns). The stronger the colour, the larger the share of its row.",
        numbers=table if worst else None,
    )


def _error_chart(run: Measured) -> Chart:
    found = run.reconstruction
    assert found is not None
    values = [
        {"step": step + 1, "error": error, "low": low, "high": high}
        for step, (error, low, high) in enumerate(
            zip(found.by_step.tolist(), found.low.tolist(), found.high.tolist(), strict=True)
        )
    ]
    base = alt.Chart(alt.Data(values=values)).encode(x=step_axis(run.steps))
    top = 1.15 * max(found.blind, float(found.high.max()))
    scale = alt.Scale(domain=[0, top])
    y = alt.Y("error:Q", title="squared error of a pixel", scale=scale)
    tips = [
        alt.Tooltip("step:Q", title="steps seen"),
        alt.Tooltip("error:Q", title="error", format=".4f"),
        alt.Tooltip("low:Q", title="at least", format=".4f"),
        alt.Tooltip("high:Q", title="at most", format=".4f"),
    ]
    blind = alt.Chart(alt.Data(values=[{"y": found.blind, "name": "always the mean image"}]))
    chart = alt.layer(
        base.mark_area(opacity=0.18, aria=False, color=ACCENT).encode(
            y=alt.Y("low:Q", title="squared error of a pixel", scale=scale), y2="high:Q"
        ),
        base.mark_line(strokeWidth=2.5, color=ACCENT).encode(y=y),
        base.mark_point(filled=True, size=45, opacity=1, color=ACCENT).encode(y=y, tooltip=tips),
        blind.mark_rule(color=INK, strokeDash=[6, 4], aria=False).encode(y="y:Q"),
        blind.mark_text(align="right", dy=-8, color=INK).encode(
            y="y:Q", x=alt.value("width"), text="name:N"
        ),
    )
    return Chart(
        spec=spec_of(chart, 260),
        alt="Line chart of the mean squared error of a pixel against time steps seen: from "
        f"{found.by_step[0]:.4f} after the first step to {found.by_step[-1]:.4f} after the last; "
        f"always drawing the mean image has {found.blind:.4f}.",
        caption="Mean squared error of a pixel of the reconstruction after each step. Dashed: of "
        "always drawing the mean image.",
        numbers=Table(
            caption="Error after each step",
            heads=("step", "error", "at least", "at most"),
            rows=[
                (f"{v['step']}", *(f"{v[k]:.4f}" for k in ("error", "low", "high"))) for v in values
            ],
        ),
    )

"""Samples as the page's script takes them, in base64, as many as the page may hold."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np

from neurodeploy.report.measured import Measured, Sample
from neurodeploy.report.parts import (
    ACCENT,
    COOL,
    INK,
    LINES,
    QUIET,
    STEP,
    Section,
    Widget,
    cursor,
    spec_of,
)

BUDGET = 1_500_000
"""Bytes that the samples of all runs may take on the page."""

MOST_CLASSES = 12
"""Classes whose probabilities are drawn; of more, the likeliest of a sample."""


def player(run: Measured, number: int) -> Section:
    """Look at a sample, step by step."""
    return Section(
        key="player",
        title="Step by step",
        lead="Pick a sample and move through time: input, spikes, picture and answer go together.",
        parts=[Widget(kind="player", run=number)],
    )


def gallery(run: Measured, number: int) -> Section | None:
    """Originals beside reconstructions, and what was read wrongly."""
    if not run.failures and run.image_shape is None:
        return None
    wrong = ""
    if run.failures:
        wrong = f" Below are {len(run.failures)} of the samples that it read wrongly."
    return Section(
        key="gallery",
        title="Gallery, and where it fails",
        lead=f"All pictures follow the slider.{wrong} Choose one to watch it.",
        parts=[Widget(kind="gallery", run=number)],
    )


def run_data(run: Measured, budget: int = BUDGET) -> dict[str, Any]:
    """Samples, charts and names of a run for the page's script, in a number of bytes.

    Parameters
    ----------
    run : Measured
    budget : int
        Bytes of its samples: later ones of the longer list are left out beyond.
    """
    shown, failures = [list(map(_sample, each)) for each in (run.shown, run.failures)]
    while sum(map(_size, [*shown, *failures])) > budget and len(shown) + len(failures) > 1:
        (shown if len(shown) >= len(failures) else failures).pop()
    steps = min(run.steps, run.shown[0].spikes[0].shape[-1] if run.shown else run.steps)
    return {
        "name": run.name,
        "steps": steps,
        "classes": list(run.classes),
        "image": run.image_shape,
        "input": run.input_image,
        "most": MOST_CLASSES,
        "layers": [
            {"name": layer.name, "rows": len(layer.rows), "neurons": layer.neurons}
            for layer in run.layers
        ],
        "shown": shown,
        "failures": failures,
        "charts": _charts(run, steps),
    }


def _size(sample: dict[str, Any]) -> int:
    texts = [*sample["spikes"], *(v for v in sample.values() if isinstance(v, str))]
    return sum(map(len, texts))


def _sample(sample: Sample) -> dict[str, Any]:
    found: dict[str, Any] = {
        "index": sample.index,
        "spikes": [_text(np.packbits(each)) for each in sample.spikes],
        "asked": None if sample.asked is None else sample.asked.tolist(),
    }
    if sample.probabilities is not None:
        found["probabilities"] = _text(_bytes(sample.probabilities))
    if sample.original is not None and sample.images is not None:
        found["original"] = _text(_bytes(sample.original))
        found["images"] = _text(_bytes(sample.images))
    if sample.seen is not None:
        found["seen"] = _text(_bytes(sample.seen / max(int(sample.seen.max()), 1)))
    return found


def _bytes(share: np.ndarray) -> np.ndarray:
    """Numbers from 0 to 1 as bytes."""
    return (255 * np.clip(share, 0, 1)).round().astype(np.uint8)


def _text(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode("ascii")


def _charts(run: Measured, steps: int) -> dict[str, Any]:
    """Specifications whose data the script fills in."""
    charts: dict[str, Any] = {
        f"raster-{at}": _raster(layer.name, len(layer.rows), layer.neurons, steps, at, run)
        for at, layer in enumerate(run.layers)
    }
    if run.classes:
        charts["answer"] = _answer(len(run.classes))
        charts["course"] = _course(steps)
    return charts


def _time(steps: int, title: str | None) -> alt.X:
    scale = alt.Scale(domain=[0.5, steps + 0.5], nice=False, zero=False)
    axis = alt.Axis(tickMinStep=1, format="d", labels=title is not None, ticks=title is not None)
    return alt.X("t:Q", title=title, scale=scale, axis=axis)


def _raster(
    name: str, rows: int, neurons: int, steps: int, at: int, run: Measured
) -> dict[str, Any]:
    last = at == len(run.layers) - 1
    signal, rule = cursor(steps)
    ordered = "pixel, row by row" if at == 0 and run.input_image else "neuron"
    y = alt.Y(
        "n:Q",
        title=[name, ordered],
        scale=alt.Scale(domain=[-0.5, neurons - 0.5], nice=False, reverse=True),
        axis=alt.Axis(minExtent=52, maxExtent=52, tickCount=3, format="~s", titleFontSize=12),
    )
    dots = (
        alt.Chart(alt.Data(name="spikes"))
        .mark_tick(thickness=2.4, size=max(2, min(9, 150 // max(rows, 1) + 2)), aria=False)
        .encode(
            x=_time(steps, "time step" if last else None),
            y=y,
            color=alt.condition(f"datum.t <= {STEP}", alt.value(INK), alt.value("var(--faint)")),
        )
    )
    dots.mark.orient = "vertical"
    spec = spec_of(alt.layer(dots, rule).add_params(signal), 190 if last else 130)
    spec["description"] = f"Raster of the spikes of {name}: a mark where a {ordered} spikes."
    return spec


def _answer(classes: int) -> dict[str, Any]:
    signal = alt.param(name=STEP, value=1)
    base = (
        alt.Chart(alt.Data(name="said"))
        .transform_filter(f"datum.t == {STEP}")
        .encode(y=alt.Y("name:N", title=None, sort=None))
    )
    scale = alt.Scale(domain=[0, 1])
    bars = base.mark_bar(height=14).encode(
        x=alt.X("p:Q", title="probability", scale=scale, axis=alt.Axis(format=".0%")),
        color=alt.condition("datum.asked", alt.value(ACCENT), alt.value(QUIET)),
        tooltip=[alt.Tooltip("name:N", title="class"), alt.Tooltip("p:Q", format=".1%")],
    )
    words = base.mark_text(align="left", dx=6, fontSize=12, aria=False).encode(
        x=alt.X("p:Q", scale=scale),
        text=alt.condition("datum.asked", alt.value("← asked for"), alt.value("")),
    )
    left = base.transform_filter("datum.p > 0.7 && datum.asked").mark_text(
        align="right", dx=-6, fontSize=12, color="var(--paper)", aria=False, text="asked for"
    )
    words = words.transform_filter("datum.p <= 0.7")
    spec = spec_of(
        alt.layer(bars, words, left.encode(x=alt.X("p:Q", scale=scale))).add_params(signal),
        22 * (classes if classes <= 2 * MOST_CLASSES else MOST_CLASSES) + 10,
    )
    spec["description"] = "Bars of the probability of each class after the chosen step."
    return spec


def _course(steps: int) -> dict[str, Any]:
    signal, rule = cursor(steps)
    names = ["asked for", "likeliest other"]
    base = alt.Chart(alt.Data(name="course"))
    lines = base.mark_line(strokeWidth=2.5).encode(
        x=_time(steps, "time steps seen"),
        y=alt.Y(
            "p:Q",
            title="probability",
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(format=".0%", minExtent=52, maxExtent=52),
        ),
        color=alt.Color("who:N", scale=alt.Scale(domain=names, range=[ACCENT, COOL]), legend=LINES),
        strokeDash=alt.StrokeDash(
            "who:N", scale=alt.Scale(domain=names, range=[[1, 0], [5, 3]]), legend=LINES
        ),
    )
    spec = spec_of(alt.layer(lines, rule).add_params(signal), 170)
    spec["description"] = (
        "Lines of the probability of the class asked for, and of the likeliest other one, by step."
    )
    return spec


def share_of_budget(runs: Sequence[Measured]) -> int:
    """Bytes for the samples of each run."""
    return BUDGET // len(runs)

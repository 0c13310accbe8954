"""What layers send, and what their weights are."""

from __future__ import annotations

import altair as alt
import numpy as np

from neurodeploy.report.measured import Measured, Weights
from neurodeploy.report.parts import (
    COOL,
    Chart,
    Section,
    Table,
    lines_by,
    percent,
    spec_of,
    step_axis,
)


def activity(run: Measured) -> Section:
    """Spikes of each layer against time, and how they are spread over neurons."""
    return Section(
        key="activity",
        title="What the layers send",
        lead="Spikes are what costs energy on a chip. Silent neurons cost memory and say nothing.",
        parts=[_by_step(run), _by_neuron(run), _table(run)],
    )


def _by_step(run: Measured) -> Chart:
    names = [layer.name for layer in run.layers]
    values = [
        {"layer": layer.name, "step": step + 1, "rate": spikes / layer.neurons, "spikes": spikes}
        for layer in run.layers
        for step, spikes in enumerate(layer.per_step.tolist())
    ]
    chart = (
        alt.Chart(alt.Data(values=values))
        .mark_line(strokeWidth=2.5, point=alt.OverlayMarkDef(size=35, filled=True))
        .encode(
            x=step_axis(run.steps, "time step"),
            y=alt.Y(
                "rate:Q",
                title="share of neurons that spike",
                axis=alt.Axis(format="%"),
                scale=alt.Scale(zero=True),
            ),
            **lines_by("layer:N", names),
            tooltip=[
                alt.Tooltip("layer:N", title="layer"),
                alt.Tooltip("step:Q", title="step"),
                alt.Tooltip("rate:Q", title="neurons that spike", format=".2%"),
                alt.Tooltip("spikes:Q", title="spikes a sample", format=",.1f"),
            ],
        )
    )
    peaks = "; ".join(
        f"{layer.name} at most {percent(float(layer.per_step.max()) / layer.neurons)}, in step "
        f"{int(layer.per_step.argmax()) + 1}"
        for layer in run.layers
    )
    return Chart(
        spec=spec_of(chart, 260),
        alt=f"Line chart of the share of neurons that spike in each time step, a line a layer: "
        f"{peaks}.",
        caption="Share of a layer's neurons that spike in each step, mean of all samples.",
    )


def _by_neuron(run: Measured) -> Chart:
    values = []
    for layer in run.layers[1:]:
        ordered = np.sort(layer.rate)[::-1]
        picked = np.unique(np.linspace(0, len(ordered) - 1, 200).round().astype(int))
        values += [
            {"layer": layer.name, "share": (at + 1) / len(ordered), "rate": float(ordered[at])}
            for at in picked.tolist()
        ]
    names = [layer.name for layer in run.layers[1:]]
    chart = (
        alt.Chart(alt.Data(values=values))
        .mark_line(strokeWidth=2.5, interpolate="step-after")
        .encode(
            x=alt.X(
                "share:Q",
                title="neurons, busiest first",
                axis=alt.Axis(format="%"),
                scale=alt.Scale(domain=[0, 1]),
            ),
            y=alt.Y("rate:Q", title="spikes a step", scale=alt.Scale(zero=True)),
            **lines_by("layer:N", names, first=1),
            tooltip=[
                alt.Tooltip("layer:N", title="layer"),
                alt.Tooltip("share:Q", title="neurons", format=".0%"),
                alt.Tooltip("rate:Q", title="spike at least so often a step", format=".3f"),
            ],
        )
    )
    silent = "; ".join(f"{layer.name} {percent(layer.silent, 0)}" for layer in run.layers[1:])
    return Chart(
        spec=spec_of(chart, 240),
        alt="Line chart of the spikes a step of each neuron, from the busiest to the most silent, "
        f"a line a layer. Neurons that never spiked: {silent}.",
        caption="How the work is spread over neurons: firing rate, the busiest neurons first. "
        f"Never spiked on {run.samples:,} samples: {silent}.",
    )


def _table(run: Measured) -> Table:
    counted = {layer["name"]: layer for layer in run.cost["layers"]}
    rows = []
    for layer in run.layers:
        costs = counted.get(layer.name)
        each = "" if costs is None else f"{costs['synops'] / run.costed:,.0f}"
        rows.append(
            (
                layer.name,
                f"{layer.neurons:,}",
                f"{layer.per_sample:,.1f} ± {layer.spread:,.1f}",
                f"{layer.rate.mean():.4f}",
                percent(layer.silent),
                each,
            )
        )
    return Table(
        caption="Layers, per sample",
        heads=("layer", "neurons", "spikes", "rate a step", "silent", "synaptic operations"),
        rows=rows,
        note=f"Spikes with the standard deviation over samples. Operations of {run.costed:,} of "
        "the samples.",
    )


def weights(run: Measured) -> Section | None:
    """Integer weights of each layer as histograms."""
    if not run.weights:
        return None
    return Section(
        key="weights",
        title="Weights",
        lead="The integers that the chip stores. The scale of counts is logarithmic, so that rare "
        "large weights show.",
        parts=[_histogram(each) for each in run.weights],
    )


def _histogram(layer: Weights) -> Chart:
    values = [
        {"low": float(low), "high": float(high), "floor": 0.5, "count": int(count)}
        for low, high, count in zip(layer.edges[:-1], layer.edges[1:], layer.counts, strict=True)
        if count
    ]
    chart = (
        alt.Chart(alt.Data(values=values))
        .mark_bar(color=COOL, stroke="var(--paper)", strokeWidth=1)
        .encode(
            x=alt.X("low:Q", title=f"weight in {layer.name}", scale=alt.Scale(zero=False)),
            x2="high:Q",
            y=alt.Y(
                "count:Q",
                title="synapses",
                scale=alt.Scale(type="log", domainMin=0.5),
                axis=alt.Axis(format="~s"),
            ),
            y2="floor:Q",
            tooltip=[
                alt.Tooltip("low:Q", title="from"),
                alt.Tooltip("high:Q", title="to"),
                alt.Tooltip("count:Q", title="synapses", format=","),
            ],
        )
    )
    return Chart(
        spec=spec_of(chart, 180),
        alt=f"Histogram of the {layer.number:,} weights of {layer.name}, from {layer.low} to "
        f"{layer.high}; {percent(layer.zero / layer.number)} of them are 0.",
        caption=f"{layer.name}: {layer.number:,} weights from {layer.low} to {layer.high}, "
        f"{percent(layer.zero / layer.number)} of them 0.",
    )

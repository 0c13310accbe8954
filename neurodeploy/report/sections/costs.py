"""What a sample costs: energy by cause, beside the equal ANN; and where the time of a step goes."""

from __future__ import annotations

from typing import Any

import altair as alt

from neurodeploy.cost.verdict import NAMES, microjoules, traffic_microjoules
from neurodeploy.report.measured import Measured
from neurodeploy.report.parts import COOL, SERIES, Chart, Section, Table, percent, spec_of

PARTS = {"chip": "chip", "traffic": "traffic", "host": "host decoder", "ann": "equal ANN"}


def energy(run: Measured) -> Section:
    """The bill of a sample."""
    proxy = run.cost["proxies"].get(run.device)
    parts: list[Chart | Table] = []
    if proxy is not None:
        parts += [_bill(run, proxy), _causes(run, proxy)]
    parts.append(_devices(run))
    return Section(
        key="energy",
        title="What a sample costs",
        lead="Energy proxies: operations that were counted in the run times published energies of "
        "one operation. Never a measurement.",
        parts=parts,
    )


def _bill(run: Measured, proxy: dict[str, Any]) -> Chart:
    here, ann = "network", "equal ANN"
    rows = [(here, PARTS[part], proxy[part]) for part in ("chip", "traffic", "host")]
    rows.append((ann, PARTS["ann"], proxy["ann"]["dense_j"]))
    rows += [
        ("network, no zeros", PARTS[part], proxy["zero_skipping"][part])
        for part in ("chip", "traffic", "host")
    ]
    rows.append(("ANN, no zeros", PARTS["ann"], proxy["ann"]["effective_j"]))
    order = list(dict.fromkeys(row[0] for row in rows))
    values = [{"who": who, "part": part, "uj": 1e6 * joule} for who, part, joule in rows]
    chart = (
        alt.Chart(alt.Data(values=values))
        .mark_bar(height=20)
        .encode(
            y=alt.Y("who:N", sort=order, title=None, axis=alt.Axis(labelLimit=125)),
            x=alt.X("sum(uj):Q", title="µJ a sample"),
            color=alt.Color(
                "part:N", scale=alt.Scale(domain=[*PARTS.values()], range=list(SERIES[:4]))
            ),
            tooltip=[
                alt.Tooltip("who:N", title="of"),
                alt.Tooltip("part:N", title="part"),
                alt.Tooltip("uj:Q", title="µJ a sample", format=".4g"),
            ],
        )
    )
    return Chart(
        spec=spec_of(chart, 38 * len(order)),
        alt=f"Bar chart of microjoules a sample: the network {microjoules(proxy['total'])}, of "
        f"them host decoder {microjoules(proxy['host'])}, chip {microjoules(proxy['chip'])} and "
        f"traffic {microjoules(proxy['traffic'])}; the equal ANN "
        f"{microjoules(proxy['ann']['dense_j'])}.",
        caption=f"{proxy['verdict']} No zeros: products by 0 are skipped, on both sides.",
        numbers=Table(
            caption="Microjoules a sample",
            heads=("of, part", "µJ"),
            rows=[(f"{who}, {part}", microjoules(joule)) for who, part, joule in rows],
        ),
    )


def _causes(run: Measured, proxy: dict[str, Any]) -> Chart:
    found = [
        (NAMES[name], 1e6 * each["per_sample_j"], 1e6 * each["spread_j"], proxy["basis"][name])
        for name, each in proxy["per_cause"].items()
        if each["per_sample_j"]
    ]
    found.sort(key=lambda each: -each[1])
    values = [
        {
            "cause": name,
            "uj": mean,
            "low": max(mean - spread, mean / 100),
            "high": mean + spread,
            "basis": basis,
        }
        for name, mean, spread, basis in found
    ]
    names, whole = [name for name, *_ in found], alt.Axis(labelLimit=165)
    y = alt.Y("cause:N", sort=names, title=None, axis=whole)
    scale = alt.Scale(type="log", nice=True)
    base = alt.Chart(alt.Data(values=values))
    chart = alt.layer(
        base.mark_rule(strokeWidth=3, color=COOL, aria=False).encode(
            y=y, x=alt.X("low:Q", scale=scale, title="µJ a sample, log scale"), x2="high:Q"
        ),
        base.mark_point(filled=True, size=110, color=COOL, opacity=1).encode(
            y=y,
            x=alt.X("uj:Q", scale=scale, title="µJ a sample, log scale"),
            tooltip=[
                alt.Tooltip("cause:N", title="cause"),
                alt.Tooltip("uj:Q", title="µJ", format=".4g"),
                alt.Tooltip("basis:N", title="the figure is"),
            ],
        ),
    )
    said = ", ".join(f"{name} {mean:.3g}" for name, mean, *_ in found)
    return Chart(
        spec=spec_of(chart, 34 * len(found)),
        alt=f"Dot chart of microjoules a sample by cause, on a logarithmic scale: {said}.",
        caption=f"By cause on {run.device}, with the standard deviation over samples.",
    )


def _devices(run: Measured) -> Table:
    rows = [
        (
            name,
            microjoules(proxy["chip"]),
            traffic_microjoules(proxy),
            *(microjoules(proxy[part]) for part in ("host", "total")),
            microjoules(proxy["ann"]["dense_j"]),
            microjoules(proxy["zero_skipping"]["total"]),
            microjoules(proxy["ann"]["effective_j"]),
        )
        for name, proxy in run.cost["proxies"].items()
    ]
    heads = ("device", "chip", "traffic", "host", "sum", "ANN", "sum *", "ANN *")
    return Table(
        caption="Energy proxy on every device, µJ a sample",
        heads=heads,
        rows=rows,
        note=f"* Products by 0 are skipped. Counted on {run.costed:,} samples. "
        + " ".join(run.cost["assumptions"]),
    )


def timing(run: Measured) -> Section | None:
    """Where the time of a step goes, on chips that have times."""
    found = run.cost["latency"]
    if not found:
        return None
    values = [
        {"chip": name, "cause": cause, "us": 1e6 * share * time["step_s"], "share": share}
        for name, time in found.items()
        for cause, share in time["shares"].items()
    ]
    causes = list(next(iter(found.values()))["shares"])
    chart = (
        alt.Chart(alt.Data(values=values))
        .mark_bar(height=22)
        .encode(
            y=alt.Y("chip:N", title=None, sort=list(found)),
            x=alt.X("sum(us):Q", title="µs a step, mean"),
            color=alt.Color(
                "cause:N", scale=alt.Scale(domain=causes, range=list(SERIES[: len(causes)]))
            ),
            tooltip=[
                alt.Tooltip("chip:N", title="chip"),
                alt.Tooltip("cause:N", title="cause"),
                alt.Tooltip("us:Q", title="µs", format=".3g"),
                alt.Tooltip("share:Q", title="of the step", format=".1%"),
            ],
        )
    )
    said = "; ".join(
        f"{name} {1e6 * time['step_s']:.3g} µs, most of it {time['bound_by']} "
        f"({percent(time['shares'][time['bound_by']], 0)})"
        for name, time in found.items()
    )
    rows = [
        (
            name,
            f"{1e6 * time['step_s']:.3g}",
            f"{1e6 * time['peak_step_s']:.3g}",
            f"{1e3 * time['sample_s']:.3g}",
            f"{time['throughput_per_s']:,.0f}",
            microjoules(time["static_j"]),
            "" if time["with_proxy_j"] is None else microjoules(time["with_proxy_j"]),
            time["basis"],
        )
        for name, time in found.items()
    ]
    return Section(
        key="timing",
        title="Where a step's time goes",
        lead="A model of a chip's time step, with published or fitted times; no chip was here.",
        parts=[
            Chart(
                spec=spec_of(chart, 44 * len(found)),
                alt=f"Bar chart of the time of a step by cause: {said}.",
                caption=f"Mean time of a step by cause: {said}.",
            ),
            Table(
                caption="Times and static energy",
                heads=(
                    *("chip", "step, µs", "longest step, µs", "sample, ms", "samples a second"),
                    *("static µJ a sample", "static and proxy, µJ", "times are"),
                ),
                rows=rows,
                note="Without a sum, no energy of an operation of the chip is published.",
            ),
        ],
    )

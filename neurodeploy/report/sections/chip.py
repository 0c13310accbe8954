"""Where the network lies on a chip, and whether engines agree on what it does."""

from __future__ import annotations

import altair as alt

from neurodeploy.hardware.confidence import WORDS
from neurodeploy.hardware.mapping.core_map import SEVERAL
from neurodeploy.report.measured import Measured
from neurodeploy.report.parts import LINE, QUIET, SERIES, Chart, Section, Table, percent, spec_of


def placement(run: Measured) -> Section:
    """The chip as a map of cores, and what limits it."""
    fit, chip = run.chip.fit, run.chip
    used = ", ".join(f"{WORDS[name]} {share:.0%}" for name, share in fit["utilisation"].items())
    findings = " ".join(
        f"Layer {each['layer']}: {each['problem']}. {each['remedy']}" for each in fit["findings"]
    )
    verdict = "It fits." if fit["fits"] else "It does not fit on one chip."
    table = Table(
        caption="Layers on cores",
        heads=("layer", "cores", "neurons", "input axons", "output axons", "KiB", "synapses"),
        rows=[
            (
                layer["name"],
                *(f"{layer[k]:,}" for k in ("cores", "compartments", "input_axons")),
                f"{layer['output_axons']:,}",
                f"{layer['memory_bits'] / 8192:,.1f}",
                f"{layer['synapses']:,}",
            )
            for layer in fit["layers"]
        ],
        note=f"Mean use of a core: {used}. {findings}".strip(),
    )
    return Section(
        key="placement",
        title=f"Where it lies on {chip.title}",
        lead=f"{verdict} Cores in use: {fit['cores']:,} of {fit['cores_per_chip']:,} a chip; no "
        f"packing can take fewer than {fit['bound']:,}. How sure: {fit['confidence']}.",
        parts=[_map(run), table],
    )


def _map(run: Measured) -> Chart:
    chip = run.chip
    names = [layer["name"] for layer in chip.fit["layers"]]
    values = []
    for number, core in enumerate(chip.cores):
        said = ", ".join(f"{name}: {neurons:,} neurons" for name, neurons in core.layers.items())
        values.append(
            {
                "row": core.row,
                "column": core.column,
                "layer": core.holds,
                "holds": said,
                "full": core.full,
                "core": number,
            }
        )
    kinds = [*names, SEVERAL]
    empty = [
        {"row": row, "column": column} for row in range(chip.rows) for column in range(chip.columns)
    ]
    place = {
        "x": alt.X("column:O", axis=None, scale=alt.Scale(padding=0.12)),
        "y": alt.Y("row:O", axis=None, scale=alt.Scale(padding=0.12)),
    }
    chart = alt.layer(
        alt.Chart(alt.Data(values=empty))
        .mark_rect(fill=LINE, stroke=QUIET, strokeWidth=0.5, cornerRadius=3, aria=False)
        .encode(**place),
        alt.Chart(alt.Data(values=values))
        .mark_rect(cornerRadius=3)
        .encode(
            **place,
            color=alt.Color(
                "layer:N", scale=alt.Scale(domain=kinds, range=list(SERIES[1 : len(kinds) + 1]))
            ),
            tooltip=[
                alt.Tooltip("core:Q", title="core"),
                alt.Tooltip("holds:N", title="holds"),
                alt.Tooltip("full:Q", title="fullest limit", format=".0%"),
            ],
        ),
    )
    full = max((core.full for core in chip.cores), default=0.0)
    return Chart(
        spec=spec_of(chart, 26 * chip.rows),
        alt=f"Map of the {chip.rows * chip.columns:,} cores of {chip.title}: {len(chip.cores):,} "
        f"in use, the fullest to {percent(full, 0)} of its tightest limit, the others empty.",
        caption="Each square is a core, where the mesh has it; coloured ones hold neurons, pale "
        "ones are free.",
    )


def agreement(run: Measured) -> Section:
    """Where SLAYER, the native engine and Lava agree, and where they first differ."""
    found = run.agreement
    if found.result is None:
        return Section(key="agreement", title="Is it the same network?", lead=found.note, parts=[])
    result = found.result
    rows = [
        (
            f"{layer.layer}: {layer.engine} against {layer.reference}",
            f"{layer.spikes:,}",
            f"{layer.differing:,}",
            "nowhere" if layer.first is None else _place(layer.first),
        )
        for layer in result.layers
    ]
    said = "Yes, spike for spike." if result.exact else "No, or not shown."
    return Section(
        key="agreement",
        title="Is it the same network?",
        lead=f"{said} {result.compared}",
        parts=[
            Table(
                caption=f"Compared spike for spike, on {found.samples:,} samples",
                heads=("layer and engines", "spikes", "differing", "first difference"),
                rows=rows,
                note=f"The reference is {result.reference}.",
            )
        ],
    )


def _place(first: tuple[int, ...]) -> str:
    sample, *feature, step = first
    return f"sample {sample}, neuron {', '.join(map(str, feature))}, step {step + 1}"

"""What a search found, as a person sees it: the Pareto front as tables and a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from neurodeploy._io.files import atomic_path
from neurodeploy.cli.plots import ACCENT, INK, QUIET, ReportTable
from neurodeploy.model.decoder import FLOAT_BITS
from neurodeploy.netx.units import FULL_BITS
from neurodeploy.search.compression import Levers
from neurodeploy.search.outcome import Outcome
from neurodeploy.search.points import POINTS_FILE, Point
from neurodeploy.search.scoring import Score

PICTURE_FILE = "pareto.png"

PANELS: dict[str, Callable[[Score], float]] = {
    "chip": lambda score: score.chip_j,
    "host": lambda score: score.host_j,
    "chip and host": lambda score: score.energy_j,
}
"""What accuracy is drawn against."""

ROWS = 15
"""Most rows of the table; the file has all points of the front."""


def front_tables(outcome: Outcome) -> list[ReportTable]:
    """The front, evenly thinned if it is long, and the models on it."""
    front, chosen = outcome.front, outcome.plan
    shown = np.unique(np.linspace(0, len(front) - 1, ROWS).round().astype(int))
    models = list(dict.fromkeys(point.model for point in front))
    rows = [
        (f"{at} m{models.index(front[at].model)}: {_words(front[at].levers)}", *_figures(front[at]))
        for at in shown
    ]
    rows.append(
        (f"at rest: {_words(outcome.uncompressed.levers)}", *_figures(outcome.uncompressed))
    )
    hidden = f"{len(front) - len(shown)} more are in {POINTS_FILE}. " if len(front) > ROWS else ""
    ann = (
        f" The equal ANN with a linear classifier: {_micro(outcome.ann_j)} uJ."
        if outcome.ann_j
        else ""
    )
    points = ReportTable(
        title=f"Pareto front: {len(front)} of {len(outcome.points):,} points",
        heads=("point", "kept aside, %", "test, %", "chip, uJ", "host, uJ", "synops", "cores"),
        rows=rows,
        caption=(
            f"{hidden}Energy proxies of a sample on {chosen.device}, the decoder's on its host, "
            f"no measurement; cores of {chosen.chip}. Found on one half of the validation set, "
            f"confirmed on the other, in several encodings; intervals of 95 %.{ann}"
        ),
    )
    parameters = {point.model: point.parameters for point in front}
    trained = ReportTable(
        title="Models of the front",
        heads=("model", "trained with"),
        rows=[
            (f"m{at} {model}", ", ".join(f"{k} {_short(v)}" for k, v in parameters[model].items()))
            for at, model in enumerate(models)
        ],
    )
    return [points, trained]


def _words(levers: Levers) -> str:
    """What is not at rest."""
    parts = [f"{levers.steps} steps"]
    if levers.dropped:
        parts.append(f"{levers.dropped:.0%} fewer neurons")
    if set(levers.thresholds) != {1.0}:
        parts.append("threshold x" + "/".join(f"{factor:.2f}" for factor in levers.thresholds))
    if set(levers.weight_bits) != {FULL_BITS}:
        parts.append("/".join(map(str, levers.weight_bits)) + " bits")
    if set(levers.pruned) != {0.0}:
        parts.append("/".join(f"{100 * share:.0f}" for share in levers.pruned) + "% pruned")
    if levers.decoder_bits != FLOAT_BITS:
        parts.append(f"decoder of {levers.decoder_bits} bits")
    return ", ".join(parts)


def _figures(point: Point) -> tuple[str, ...]:
    score = point.confirmed
    assert score is not None
    assert point.test is not None
    return (
        _with_interval(score),
        _with_interval(point.test),
        _micro(score.chip_j),
        _micro(score.host_j),
        f"{score.synops:,.0f}",
        f"{score.cores}",
    )


def _with_interval(score: Score) -> str:
    low, high = score.interval
    return f"{100 * score.accuracy:.1f} ({100 * low:.0f}-{100 * high:.0f})"


def _micro(joule: float) -> str:
    return f"{1e6 * joule:.3g}"


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def picture(outcome: Outcome) -> Figure:
    """Accuracy against the energy proxies of chip, host and both, a panel each.

    Colour is cores, points that were not offered are pale.
    """
    figure = Figure(figsize=(13, 4.6), layout="constrained")
    panels = figure.subplots(1, len(PANELS), sharey=True)
    front = [_confirmed(point) for point in outcome.front]
    rest = _confirmed(outcome.uncompressed)
    least = min(score.interval[0] for score in [*front, rest])
    others = [p.validation for p in outcome.points if p.validation.accuracy >= least]
    for axis, (part, energy) in zip(panels, PANELS.items(), strict=True):
        shown = _panel(axis, front, rest, others, energy)
        axis.set_xlabel(f"{part}, microjoules")
    panels[0].set_ylabel("accuracy on samples kept aside in %")
    if outcome.ann_j:
        both = panels[-1]
        both.axvline(1e6 * outcome.ann_j, color=ACCENT, linestyle="--", label="equal ANN, one pass")
    title = f"Accuracy, energy proxy of a sample on {outcome.plan.device}, and cores of "
    panels[0].set_title(f"{title}{outcome.plan.chip}", loc="left")
    handles, labels = panels[-1].get_legend_handles_labels()
    colours, cores = shown.legend_elements(fmt="Pareto front, cores: {x:.0f}")
    figure.legend([*colours, *handles], [*cores, *labels], loc="outside right upper", frameon=False)
    return figure


def _panel(
    axis: Axes,
    front: Sequence[Score],
    rest: Score,
    others: Sequence[Score],
    energy: Callable[[Score], float],
) -> PathCollection:
    """Accuracy against one energy; what the front is drawn by."""

    def places(scores: Sequence[Score]) -> tuple[list[float], list[float]]:
        return [1e6 * energy(score) for score in scores], [100 * s.accuracy for s in scores]

    pale = places(others)
    axis.scatter(*pale, s=9, color=QUIET, alpha=0.6, linewidths=0, label="not offered")
    microjoules, accuracy = places(front)
    sides = np.abs(100 * np.array([score.interval for score in front]).T - accuracy)
    axis.errorbar(
        microjoules, accuracy, yerr=sides, fmt="none", ecolor=QUIET, elinewidth=1, zorder=1
    )
    shown = axis.scatter(
        microjoules,
        accuracy,
        c=[score.cores for score in front],
        s=42,
        cmap="viridis",
        edgecolors=INK,
        linewidths=0.6,
    )
    axis.scatter(
        *places([rest]),
        s=130,
        facecolors="none",
        edgecolors=ACCENT,
        linewidths=1.6,
        label=f"at rest, cores: {rest.cores}",
    )
    for number, at in enumerate(zip(microjoules, accuracy, strict=True)):
        axis.annotate(str(number), at, xytext=(5, 4), textcoords="offset points", fontsize=8)
    axis.set_xscale("log")
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=99))
    axis.xaxis.set_major_formatter("{x:g}")
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(color="#e5e7eb")
    axis.set_axisbelow(True)
    return shown


def _confirmed(point: Point) -> Score:
    assert point.confirmed is not None
    return point.confirmed


def save_picture(outcome: Outcome) -> Path:
    """Draw `picture` into the folder of the search, whole or not at all."""
    path = outcome.plan.folder / PICTURE_FILE
    with atomic_path(path) as draft:
        picture(outcome).savefig(draft, dpi=130, format="png")
    return path

"""What a search found, as a person sees it: the Pareto front as tables and a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from neurodeploy._io.files import atomic_path
from neurodeploy.cli.plots import ACCENT, INK, QUIET, ReportTable
from neurodeploy.netx.units import FULL_BITS
from neurodeploy.search.compression import Levers
from neurodeploy.search.outcome import Outcome
from neurodeploy.search.points import POINTS_FILE, Point
from neurodeploy.search.scoring import Score

PICTURE_FILE = "pareto.png"

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
        heads=("point", "valid. %", "test %", "uJ", "synops", "cores"),
        rows=rows,
        caption=(
            f"{hidden}Energy proxy of a sample on {chosen.device} with its decoder, no "
            f"measurement; cores of {chosen.chip}. Selected on validation.{ann}"
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
    return ", ".join(parts)


def _figures(point: Point) -> tuple[str, ...]:
    score = point.validation
    assert point.test is not None
    return (
        f"{100 * score.accuracy:.1f}",
        f"{100 * point.test.accuracy:.1f}",
        _micro(score.energy_j),
        f"{score.synops:,.0f}",
        f"{score.cores}",
    )


def _micro(joule: float) -> str:
    return f"{1e6 * joule:.3g}"


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def picture(outcome: Outcome) -> Figure:
    """Accuracy on validation against the energy proxy; colour is cores, dominated points pale."""
    figure = Figure(figsize=(8.5, 4.6), layout="constrained")
    axis = figure.subplots()
    front, rest = [point.validation for point in outcome.front], outcome.uncompressed.validation
    least = min(score.accuracy for score in [*front, rest])
    others = [p.validation for p in outcome.points if p.validation.accuracy >= least]
    axis.scatter(*_places(others), s=9, color=QUIET, alpha=0.6, linewidths=0, label="dominated")
    shown = axis.scatter(
        *_places(front),
        c=[score.cores for score in front],
        s=42,
        cmap="viridis",
        edgecolors=INK,
        linewidths=0.6,
    )
    axis.scatter(
        *_places([rest]),
        s=130,
        facecolors="none",
        edgecolors=ACCENT,
        linewidths=1.6,
        label=f"at rest, cores: {rest.cores}",
    )
    if outcome.ann_j:
        axis.axvline(1e6 * outcome.ann_j, color=ACCENT, linestyle="--", label="equal ANN, one pass")
    axis.set_xscale("log")
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=99))
    axis.xaxis.set_major_formatter("{x:g}")
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set(
        xlabel=f"energy proxy of a sample on {outcome.plan.device}, microjoules",
        ylabel="accuracy on validation in %",
    )
    axis.set_title(f"Accuracy, energy and cores of {outcome.plan.chip}", loc="left")
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(color="#e5e7eb")
    axis.set_axisbelow(True)
    handles, labels = axis.get_legend_handles_labels()
    colours, cores = shown.legend_elements(fmt="Pareto front, cores: {x:.0f}")
    figure.legend([*colours, *handles], [*cores, *labels], loc="outside right upper", frameon=False)
    return figure


def _places(scores: Sequence[Score]) -> tuple[list[float], list[float]]:
    """Microjoules and percent."""
    energy = [1e6 * score.energy_j for score in scores]
    return energy, [100 * score.accuracy for score in scores]


def save_picture(outcome: Outcome) -> Path:
    """Draw `picture` into the folder of the search, whole or not at all."""
    path = outcome.plan.folder / PICTURE_FILE
    with atomic_path(path) as draft:
        picture(outcome).savefig(draft, dpi=130, format="png")
    return path

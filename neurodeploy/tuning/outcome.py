"""What a search found: the Pareto front as tables and a picture, and every point as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

import neurodeploy
from neurodeploy.bundle import Bundle, load_bundle
from neurodeploy.energy import ann_equivalent, dense_macs
from neurodeploy.files import atomic_path
from neurodeploy.model.levels import FULL_BITS
from neurodeploy.report import ACCENT, INK, QUIET, Table
from neurodeploy.signals.datasets import Splits
from neurodeploy.tuning.levers import Levers
from neurodeploy.tuning.points import POINTS_FILE, Point, deployed, front_of, save_points
from neurodeploy.tuning.scoring import LABEL, Score, Target
from neurodeploy.tuning.trial import Plan, scored_on_test

PICTURE_FILE = "pareto.png"

ROWS = 15
"""Most rows of the table; the file has all points of the front."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """All points of a search, and the front among them.

    Parameters
    ----------
    plan : Plan
        What was searched.
    points : sequence of Point
        In the order in which they were found.
    front : sequence of Point
        By rising energy proxy, scored on test.
    at_rest : Point
        The first model as it was trained, scored on test.
    ann_j : float or None
        What the equal ANN would cost on the device for one sample, if it has a figure for
        multiply-accumulates: all connections of the first model once, and a linear classifier.
    """

    plan: Plan
    points: Sequence[Point]
    front: Sequence[Point]
    at_rest: Point
    ann_j: float | None

    def to_dict(self) -> dict[str, Any]:
        """The front and where the rest lies, for JSON."""
        return {
            "front": [point.to_dict() for point in self.front],
            "at_rest": self.at_rest.to_dict(),
            "ann_j": self.ann_j,
            "device": self.plan.device,
            "chip": self.plan.chip,
            "points": str(self.plan.folder / POINTS_FILE),
            "picture": str(self.plan.folder / PICTURE_FILE),
        }


def conclude(
    plan: Plan, points: Sequence[Point], splits: Splits, *, command: Sequence[str], threads: int = 1
) -> Outcome:
    """Find the front on validation, score it once on test, and write both down.

    Parameters
    ----------
    plan : Plan
        Its folder gets ``points.json`` and ``pareto.png``.
    points : sequence of Point
        At least one.
    splits : Splits
        The task's data.
    command : sequence of str
        What was asked for, for the record.
    threads : int
        Settings scored at a time.

    Raises
    ------
    NetworkError
        Lava would not run a network of the front as it is written.
    """
    front = front_of(points, plan.loss)
    for point in front:
        deployed(plan.folder, point)
    *front, at_rest = scored_on_test(plan, [*front, points[0]], splits, threads)
    outcome = Outcome(
        plan=plan,
        points=points,
        front=front,
        at_rest=at_rest,
        ann_j=_equal_ann(load_bundle(plan.folder / points[0].model), plan.target()),
    )
    notes = {
        "neurodeploy": neurodeploy.__version__,
        "command": list(command),
        "device": plan.device,
        "chip": plan.chip,
        "samples": {"validation": len(splits.validation), "test": len(splits.test)},
        "ann_j": outcome.ann_j,
        "at_rest": at_rest.to_dict(),
        "front": [point.to_dict() for point in front],
    }
    save_points(plan.folder / POINTS_FILE, points, notes)
    with atomic_path(plan.folder / PICTURE_FILE) as draft:
        picture(outcome).savefig(draft, dpi=130, format="png")
    return outcome


def _equal_ann(bundle: Bundle, target: Target) -> float | None:
    macs = dense_macs(bundle.network)
    macs += bundle.decoder.config.neurons * bundle.decoder.config.heads[LABEL]
    bills = ann_equivalent(macs, 1, {target.device.name: target.device})
    return bills[target.device.name].one_pass_j if bills else None


def tables(outcome: Outcome) -> list[Table]:
    """The front, evenly thinned if it is long, and the models on it."""
    front, chosen = outcome.front, outcome.plan
    shown = np.unique(np.linspace(0, len(front) - 1, ROWS).round().astype(int))
    models = list(dict.fromkeys(point.model for point in front))
    rows = [
        (f"{at} m{models.index(front[at].model)}: {_words(front[at].levers)}", *_figures(front[at]))
        for at in shown
    ]
    rows.append((f"at rest: {_words(outcome.at_rest.levers)}", *_figures(outcome.at_rest)))
    hidden = f"{len(front) - len(shown)} more are in {POINTS_FILE}. " if len(front) > ROWS else ""
    ann = (
        f" The equal ANN with a linear classifier: {_micro(outcome.ann_j)} uJ."
        if outcome.ann_j
        else ""
    )
    points = Table(
        title=f"Pareto front: {len(front)} of {len(outcome.points):,} points",
        heads=("point", "valid. %", "test %", "uJ", "synops", "cores"),
        rows=rows,
        caption=(
            f"{hidden}Energy proxy of a sample on {chosen.device} with its decoder, no "
            f"measurement; cores of {chosen.chip}. Selected on validation.{ann}"
        ),
    )
    parameters = {point.model: point.parameters for point in front}
    trained = Table(
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
    front, rest = [point.validation for point in outcome.front], outcome.at_rest.validation
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

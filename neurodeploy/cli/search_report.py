"""What a search found, as a person sees it: the Pareto front as tables and a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from neurodeploy.cli.tables import ReportTable
from neurodeploy.model.decoder import FLOAT_BITS
from neurodeploy.netx.units import FULL_BITS
from neurodeploy.pictures.drawings import front_legend
from neurodeploy.pictures.style import figure_of, save_pictures
from neurodeploy.search.compression import Levers
from neurodeploy.search.outcome import ENERGIES, Outcome
from neurodeploy.search.points import POINTS_FILE, Point
from neurodeploy.search.scoring import Score

PICTURE = "pareto"

ROWS = 15
"""Most rows of the table; the file has all points of the front."""


def front_tables(outcome: Outcome) -> list[ReportTable]:
    """The front, evenly thinned if it is long, and the models on it."""
    front = outcome.front
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
            f"{hidden}Energy proxies of a sample on {outcome.device}, the decoder's on its host, "
            f"no measurement; cores of {outcome.chip}. Found on one half of the validation set, "
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
    """Accuracy against the energy proxies of chip, host and both, a panel each."""
    figure, panels = figure_of(13, 4.6, columns=len(ENERGIES))
    for axis, energy in zip(panels, ENERGIES, strict=True):
        outcome.draw(energy, axis).label_outer()
        axis.tick_params(labelbottom=True)
    title = f"Accuracy, energy proxy of a sample on {outcome.device}, and cores of "
    panels[0].set_title(f"{title}{outcome.chip}", loc="left", fontsize=11)
    handles, labels = front_legend(panels[-1])
    figure.legend(handles, labels, loc="outside right upper", frameon=False)
    return figure


def save_picture(outcome: Outcome) -> Path:
    """Draw `picture` into the folder of the search, whole or not at all."""
    save_pictures(outcome.folder, {PICTURE: picture(outcome)})
    return outcome.folder / f"{PICTURE}.png"

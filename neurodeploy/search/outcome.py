"""What a search found: the Pareto front, and every point as JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

import neurodeploy
from neurodeploy._io.documents import NotNegative, fitted
from neurodeploy._io.executor import HERE, Pool
from neurodeploy._io.imports import require_one_of
from neurodeploy.cost.ann import ann_equivalent, dense_macs
from neurodeploy.deploy.bundle import Bundle
from neurodeploy.deploy.manifest import require_decoder
from neurodeploy.errors import FileFormatError, message
from neurodeploy.search.points import (
    POINTS_FILE,
    Point,
    candidates_of,
    front_of,
    point_bundle,
    points_of,
    read_points,
    save_points,
)
from neurodeploy.search.scoring import LABEL, Score, Target
from neurodeploy.search.trial import Plan, confirmed, scored_on_test

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neurodeploy.pictures.drawings import Spots


ENERGIES: dict[str, Callable[[Score], float]] = {
    "chip": lambda score: score.chip_j,
    "host": lambda score: score.host_j,
    "chip and host": lambda score: score.energy_j,
}
"""What accuracy is drawn against."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Outcome:
    """All points of a search, and the front among them.

    Parameters
    ----------
    folder : path
        Of the search.
    device, chip : str
        Whose published energies price the points, and whose cores they take.
    points : sequence of Point
        In the order in which they were found.
    front : sequence of Point
        By rising energy proxy, confirmed on samples that were kept aside, and scored on test.
    uncompressed : Point
        The first model as it was trained, confirmed and scored on test.
    ann_j : float or None
        What the equal ANN would cost on the device for one sample, if it has a figure for
        multiply-accumulates: all connections of the first model once, and a linear classifier.
    """

    folder: Path
    device: str
    chip: str
    points: Sequence[Point]
    front: Sequence[Point]
    uncompressed: Point
    ann_j: float | None

    def __repr__(self) -> str:
        return f"Outcome({len(self.front)} of {len(self.points):,} points in the front)"

    def plot(self, energy: str = "chip and host", ax: Axes | None = None) -> Axes:
        """Draw accuracy against energy: the front by its numbers, with intervals of 95 %.

        Colour is cores; the ring is the model as it was trained; what was not offered is pale. The
        accuracies of pale points are those where they were searched, the others' of samples kept
        aside.

        Parameters
        ----------
        energy : str
            Of ``chip``, ``host`` or ``chip and host``.
        ax : matplotlib Axes, optional
            Where to draw; new ones if not given.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        InputError
            There is no such energy.
        """
        from neurodeploy.pictures.drawings import front_legend
        from neurodeploy.pictures.style import axes_of

        require_one_of("energy", energy, ENERGIES)
        axis = self.draw(energy, axes_of(ax, 7, 4.6))
        axis.legend(*front_legend(axis), fontsize=8, loc="best", frameon=False)
        title = f"Energy proxy on {self.device}, cores of {self.chip}"
        axis.set_title(title, loc="left", fontsize=11)
        return axis

    def draw(self, energy: str, ax: Axes) -> Axes:
        """As `plot`, without title and legend, for several panels."""
        from neurodeploy.pictures.drawings import front

        offered = [_confirmed(point) for point in self.front]
        rest = _confirmed(self.uncompressed)
        least = min(score.interval[0] for score in [*offered, rest])
        others = [p.validation for p in self.points if p.validation.accuracy >= least]
        joules = ENERGIES[energy]
        ann_uj = 1e6 * self.ann_j if self.ann_j and energy == "chip and host" else None
        return front(
            *(_spots(scores, joules) for scores in (offered, [rest], others)),
            energy=energy,
            ann_uj=ann_uj,
            ax=ax,
        )

    def to_dict(self) -> dict[str, Any]:
        """The front and where the rest lies, for JSON."""
        return {
            "front": [point.to_dict() for point in self.front],
            "uncompressed": self.uncompressed.to_dict(),
            "ann_j": self.ann_j,
            "device": self.device,
            "chip": self.chip,
            "points": str(self.folder / POINTS_FILE),
        }


def _spots(scores: Sequence[Score], joules: Callable[[Score], float]) -> Spots:
    from neurodeploy.pictures.drawings import Spots

    intervals = np.array([score.interval for score in scores]).reshape(-1, 2)
    return Spots(
        microjoules=np.array([1e6 * joules(score) for score in scores]),
        accuracy=np.array([100 * score.accuracy for score in scores]),
        intervals=100 * intervals.T,
        cores=np.array([score.cores for score in scores]),
    )


def _confirmed(point: Point) -> Score:
    assert point.confirmed is not None
    return point.confirmed


def load_outcome(folder: str | Path) -> Outcome:
    """Read what ``neurodeploy tune`` or ``levers`` found.

    Parameters
    ----------
    folder : str or path
        Of the search.

    Raises
    ------
    FileFormatError
        It has no ``points.json``, or not one of a finished search.
    """
    path = Path(folder) / POINTS_FILE
    whole = read_points(path)
    front = points_of(whole, path, "front")
    (uncompressed,) = points_of({"uncompressed": [whole.get("uncompressed")]}, path, "uncompressed")
    if not front or any(point.confirmed is None for point in (*front, uncompressed)):
        expected = "a front whose points are confirmed"
        raise FileFormatError(message(f"points {path}", expected, f"{len(front)} that are not all"))
    said = fitted(whole, f"points {path}", _Said)
    return Outcome(
        folder=path.parent,
        device=said.device,
        chip=said.chip,
        points=points_of(whole, path, "points"),
        front=front,
        uncompressed=uncompressed,
        ann_j=said.ann_j,
    )


class _Said(msgspec.Struct):
    """What ``points.json`` says beside its points."""

    device: str
    chip: str
    ann_j: NotNegative | None


def conclude(
    plan: Plan, points: Sequence[Point], splits: Any, *, command: Sequence[str], pool: Pool = HERE
) -> Outcome:
    """Find candidates, confirm them on samples kept aside, score the front once on test.

    All are written down.

    Parameters
    ----------
    plan : Plan
        Its folder gets ``points.json``.
    points : sequence of Point
        At least one.
    splits
        The task's data.
    command : sequence of str
        What was asked for, for the record.
    pool : Pool
        Where points are scored.

    Raises
    ------
    NetworkError
        Lava would not run a network of the front as it is written.
    """
    candidates = candidates_of(points, plan.loss)
    for point in candidates:
        point_bundle(plan.folder, point, allow_import=plan.allow_import)
    *candidates, first = confirmed(plan, [*candidates, points[0]], splits, pool)
    front = front_of(candidates, plan.loss)
    *front, uncompressed = scored_on_test(plan, [*front, first], splits, pool)
    outcome = Outcome(
        folder=plan.folder,
        device=plan.device,
        chip=plan.chip,
        points=points,
        front=front,
        uncompressed=uncompressed,
        ann_j=_equal_ann(plan.load(points[0].model), plan.target()),
    )
    sources = plan.task.sources(splits)
    notes = {
        "neurodeploy": neurodeploy.__version__,
        "command": list(command),
        "device": plan.device,
        "chip": plan.chip,
        "samples": {part: len(getattr(sources, part)) for part in ("validation", "test")},
        "ann_j": outcome.ann_j,
        "uncompressed": uncompressed.to_dict(),
        "front": [point.to_dict() for point in front],
    }
    save_points(plan.folder / POINTS_FILE, points, notes)
    return outcome


def _equal_ann(bundle: Bundle, target: Target) -> float | None:
    macs = dense_macs(bundle.network)
    decoder = require_decoder(bundle.decoder).config
    macs += decoder.neurons * decoder.heads[LABEL]
    bills = ann_equivalent(macs, macs, macs, {target.device.name: target.device})
    return bills[target.device.name].dense_j if bills else None

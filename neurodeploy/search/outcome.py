"""What a search found: the Pareto front, and every point as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import neurodeploy
from neurodeploy._io.executor import HERE, Pool
from neurodeploy.cost.ann import ann_equivalent, dense_macs
from neurodeploy.deploy.bundle import Bundle
from neurodeploy.deploy.manifest import require_decoder
from neurodeploy.search.points import (
    POINTS_FILE,
    Point,
    candidates_of,
    front_of,
    point_bundle,
    save_points,
)
from neurodeploy.search.scoring import LABEL, Target
from neurodeploy.search.trial import Plan, confirmed, scored_on_test


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
        By rising energy proxy, confirmed on samples that were kept aside, and scored on test.
    uncompressed : Point
        The first model as it was trained, confirmed and scored on test.
    ann_j : float or None
        What the equal ANN would cost on the device for one sample, if it has a figure for
        multiply-accumulates: all connections of the first model once, and a linear classifier.
    """

    plan: Plan
    points: Sequence[Point]
    front: Sequence[Point]
    uncompressed: Point
    ann_j: float | None

    def to_dict(self) -> dict[str, Any]:
        """The front and where the rest lies, for JSON."""
        return {
            "front": [point.to_dict() for point in self.front],
            "uncompressed": self.uncompressed.to_dict(),
            "ann_j": self.ann_j,
            "device": self.plan.device,
            "chip": self.plan.chip,
            "points": str(self.plan.folder / POINTS_FILE),
        }


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
        plan=plan,
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

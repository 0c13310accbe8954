"""Points of a search: a model, a setting of its levers, and how good both are together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy._io.documents import read_json
from neurodeploy._io.files import atomic_path
from neurodeploy.deploy.bundle import Bundle, load_bundle
from neurodeploy.errors import FileFormatError, InputError, message
from neurodeploy.netx.check import require_exact
from neurodeploy.search.compression import Levers
from neurodeploy.search.pareto import pareto_front
from neurodeploy.search.scoring import Score, with_levers

SCHEMA_VERSION = 3
"""Of ``points.json``."""

LAYERS = 3
"""Fronts, one behind the other, whose points are candidates."""

POINTS_FILE = "points.json"
"""Holds every point of a search."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """A model with its levers set.

    Parameters
    ----------
    model : str
        Folder of its bundle, within the folder of the search.
    parameters : mapping
        What it was trained with, by the names of `neurodeploy.search.space`.
    levers : Levers
        What was changed after training.
    validation : Score
        On the part of the validation set that was searched.
    confirmed : Score, optional
        Of a candidate for the front, on the part that was kept aside.
    test : Score, optional
        Of a point of the front.
    """

    model: str
    parameters: Mapping[str, Any]
    levers: Levers
    validation: Score
    confirmed: Score | None = None
    test: Score | None = None

    def to_dict(self) -> dict[str, Any]:
        """A mapping for JSON."""
        return {
            "model": self.model,
            "parameters": dict(self.parameters),
            "levers": self.levers.to_dict(),
            "validation": self.validation.to_dict(),
            **{
                name: None if score is None else score.to_dict()
                for name, score in (("confirmed", self.confirmed), ("test", self.test))
            },
        }

    @classmethod
    def from_dict(cls, mapping: Mapping[str, Any]) -> Point:
        """Read back `to_dict`."""
        later = {
            name: None if mapping[name] is None else Score.from_dict(mapping[name])
            for name in ("confirmed", "test")
        }
        return cls(
            model=mapping["model"],
            parameters=mapping["parameters"],
            levers=Levers.from_dict(mapping["levers"]),
            validation=Score.from_dict(mapping["validation"]),
            **later,
        )


def candidates_of(points: Sequence[Point], loss: float) -> list[Point]:
    """Points for the front: those that no other one beats where it was searched, layer by layer.

    Accuracies where points were searched are too good, of those most that look best. So what only
    they beat is a candidate too.

    Parameters
    ----------
    points : sequence of Point
        At least one.
    loss : float
        Points that are less accurate than the best one by more are left out.

    Returns
    -------
    list of Point
        Of `LAYERS` fronts, each by rising energy proxy.
    """
    least = max(point.validation.accuracy for point in points) - loss
    left = [point for point in points if point.validation.accuracy >= least]
    found: list[Point] = []
    for _ in range(LAYERS):
        if left:
            scores = [point.validation for point in left]
            front = _unbeaten(scores, [score.accuracy for score in scores])
            found += [left[place] for place in front]
            left = [point for place, point in enumerate(left) if place not in front]
    return found


def front_of(points: Sequence[Point], loss: float) -> list[Point]:
    """Points that no other one beats in energy of chip and host, cores and accuracy.

    As they are where nobody searched.

    Accuracies count as what they are at least, the lower ends of their intervals.

    Parameters
    ----------
    points : sequence of Point
        At least one, and all with ``confirmed``.
    loss : float
        As in `candidates_of`.

    Returns
    -------
    list of Point
        By rising energy proxy of chip and host together.
    """
    scores = [point.confirmed for point in points if point.confirmed is not None]
    least = max(score.interval[0] for score in scores) - loss
    good = [place for place, score in enumerate(scores) if score.interval[0] >= least]
    chosen = [scores[place] for place in good]
    front = _unbeaten(chosen, [score.interval[0] for score in chosen])
    return [points[good[place]] for place in front]


def _unbeaten(scores: Sequence[Score], accuracies: Sequence[float]) -> list[int]:
    pairs = zip(scores, accuracies, strict=True)
    costs = [(s.chip_j, s.host_j, s.cores, -accuracy) for s, accuracy in pairs]
    front = pareto_front(np.array(costs)).tolist()
    return sorted(front, key=lambda place: scores[place].energy_j)


def point_bundle(folder: Path, point: Point, *, allow_import: bool = False) -> Bundle:
    """The bundle of a point, as it was scored: of so many steps as its levers say.

    Parameters
    ----------
    folder : path
        Of the search.
    point : Point
    allow_import : bool
        As in `load_bundle`.

    Raises
    ------
    FileFormatError
        The model's bundle is missing or damaged.
    NetworkError
        Lava would not run the network as it is written.
    """
    model = load_bundle(folder / point.model, allow_import=allow_import)
    picked = with_levers(model, point.levers)
    require_exact(picked.network)
    return picked


def save_points(path: Path, points: Iterable[Point], notes: Mapping[str, Any]) -> None:
    """Write points as JSON, whole or not at all, behind anything worth knowing of them."""
    whole = {
        "schema_version": SCHEMA_VERSION,
        **notes,
        "points": [point.to_dict() for point in points],
    }
    with atomic_path(path) as draft:
        draft.write_text(json.dumps(whole) + "\n")


def load_points(path: Path, key: str = "points") -> list[Point]:
    """Read the points, or the ``front``, of `save_points`.

    Raises
    ------
    FileFormatError
        The file is missing, or not what `save_points` writes.
    """
    return points_of(read_points(path), path, key)


def read_points(path: Path) -> dict[str, Any]:
    """All of what `save_points` wrote, points and notes; raises as `load_points`."""
    whole = read_json(path, "points", dict[str, Any])
    if whole.get("schema_version") != SCHEMA_VERSION:
        expected, found = f"schema version {SCHEMA_VERSION}", whole.get("schema_version")
        raise FileFormatError(message(f"points {path}", expected, found))
    return whole


def points_of(whole: Mapping[str, Any], path: Path, key: str) -> list[Point]:
    """Points of what `read_points` read; raises as `load_points`."""
    try:
        return [Point.from_dict(mapping) for mapping in whole[key]]
    except (ValueError, TypeError, KeyError, AttributeError, InputError) as error:
        raise FileFormatError(message(f"points {path}", "points of a search", error)) from error


def chosen_point(folder: Path, number: int) -> Point:
    """A point of the front by its number in the table, from 0.

    Raises
    ------
    InputError
        There is no such point.
    FileFormatError
        As `load_points`.
    """
    front = load_points(folder / POINTS_FILE, "front")
    if not 0 <= number < len(front):
        raise InputError(message("point", f"0 to {len(front) - 1}", number))
    return front[number]

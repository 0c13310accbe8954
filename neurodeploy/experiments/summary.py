"""Finished units as means and spreads, in one JSON file."""

from __future__ import annotations

import json
import math
import statistics
from pathlib import Path
from typing import Any

from neurodeploy._io.files import atomic_path
from neurodeploy.experiments.units import finished


def summarise(folder: Path) -> dict[str, dict[str, Any]]:
    """Each variant of each table over its seeds.

    Parameters
    ----------
    folder : path
        What `run_units` filled.

    Returns
    -------
    dict
        ``{table: {variant: {seeds, revisions, commands, numbers}}}``; each of the ``numbers`` has
        ``mean``, ``spread`` (the sample's standard deviation, NaN for one seed) and ``values`` in
        the order of the seeds.
    """
    return {
        table: {variant: _over_seeds(units) for variant, units in variants.items()}
        for table, variants in finished(folder).items()
    }


def _over_seeds(units: list[dict[str, Any]]) -> dict[str, Any]:
    units = sorted(units, key=lambda unit: unit["seed"])
    numbers = {}
    for name in units[0]["numbers"]:
        values = [unit["numbers"][name] for unit in units]
        spread = statistics.stdev(values) if len(values) > 1 else math.nan
        numbers[name] = {"mean": statistics.fmean(values), "spread": spread, "values": values}
    return {
        "seeds": [unit["seed"] for unit in units],
        "revisions": sorted({unit["revision"] for unit in units}),
        "commands": sorted({unit["command"] for unit in units}),
        "numbers": numbers,
    }


def write_summary(folder: Path, path: Path) -> dict[str, dict[str, Any]]:
    """Write `summarise` as JSON (NaN as null), whole or not at all, and return it."""
    summary = summarise(folder)
    with atomic_path(path) as draft:
        draft.write_text(json.dumps(_without_nan(summary), indent=1, sort_keys=True) + "\n")
    return summary


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value

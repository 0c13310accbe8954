"""Finished units as means, spreads and intervals, in one JSON file."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from neurodeploy._io.files import atomic_path
from neurodeploy.errors import FileFormatError, message
from neurodeploy.experiments.units import finished

TEST_SHARES = (
    "accuracy_sampled",
    "accuracy_zero_temperature",
    "accuracy_deployed",
    "oracle_originals",
    "oracle_deployed",
)
"""Numbers that are shares of the test set, which get an interval."""


def summarise(folder: Path) -> dict[str, dict[str, Any]]:
    """Each variant of each table over its seeds.

    Parameters
    ----------
    folder : path
        What `run_units` filled.

    Returns
    -------
    dict
        ``{table: {variant: {seeds, revisions, machines, commands, numbers}}}``; each of the
        ``numbers`` has ``mean``, ``spread`` (the sample's standard deviation, NaN for one seed) and
        ``values`` in the order of the seeds; `TEST_SHARES` have an ``interval`` too, [low, high] of
        `share_interval`, where the units say their ``test_samples``.
    """
    return {
        table: {variant: _over_seeds(units) for variant, units in variants.items()}
        for table, variants in finished(folder).items()
    }


def _over_seeds(units: list[dict[str, Any]]) -> dict[str, Any]:
    units = sorted(units, key=lambda unit: unit["seed"])
    numbers: dict[str, Any] = {}
    for name in units[0]["numbers"]:
        values = [unit["numbers"][name] for unit in units]
        spread = statistics.stdev(values) if len(values) > 1 else math.nan
        numbers[name] = {"mean": statistics.fmean(values), "spread": spread, "values": values}
    if "test_samples" in numbers:
        for name in set(TEST_SHARES) & set(numbers):
            samples = numbers["test_samples"]["mean"]
            numbers[name]["interval"] = list(share_interval(numbers[name]["values"], samples))
    machines = {json.dumps(unit["machine"], sort_keys=True) for unit in units}
    return {
        "seeds": [unit["seed"] for unit in units],
        "revisions": sorted({unit["revision"] for unit in units}),
        "machines": [json.loads(each) for each in sorted(machines)],
        "commands": sorted({unit["command"] for unit in units}),
        "numbers": numbers,
    }


def share_interval(values: Sequence[float], samples: float) -> tuple[float, float]:
    """95 % interval of an expected accuracy: over other seeds, and over other test sets.

    All seeds are asked the same test set, so that averaging over them takes away what a seed
    decides but nothing of what the test set does. The mean's deviation is the sum of both: by
    Student's t of the seeds' spread, and by Wilson's interval of one test set. Their limits are
    joined as MOVER does for sums (Zou, Donner, Statistics in Medicine 27, 2008): distances from the
    mean are added in squares. It is a little too wide, since seeds that err on different samples
    show a part of the test set's chance in their spread.

    Parameters
    ----------
    values : sequence of float
        Accuracy of each seed, in [0, 1]; of one seed, the interval is the test set's alone.
    samples : float
        Independent answers that the test set has.
    """
    from scipy.special import stdtrit

    seeds, mean = len(values), statistics.fmean(values)
    of_seeds = 0.0
    if seeds > 1:
        of_seeds = float(stdtrit(seeds - 1, 0.975)) * statistics.stdev(values) / math.sqrt(seeds)
    z = statistics.NormalDist().inv_cdf(0.975)
    centre = (mean + z * z / (2 * samples)) / (1 + z * z / samples)
    half = z * math.sqrt(mean * (1 - mean) / samples + (z / (2 * samples)) ** 2)
    half /= 1 + z * z / samples
    low = mean - math.hypot(of_seeds, mean - max(0.0, centre - half))
    high = mean + math.hypot(of_seeds, min(1.0, centre + half) - mean)
    return max(0.0, low), min(1.0, high)


def write_summary(
    folder: Path, path: Path, *, retracted: Collection[str] = ()
) -> dict[str, dict[str, Any]]:
    """Bring a file of summaries up to date, whole or not at all, and return it.

    A variant that was run in this folder replaces the one of its name; what was not run again stays
    as the file has it, so that one table can be made anew by itself.

    Parameters
    ----------
    folder : path
        What `run_units` filled.
    path : path
        JSON of `summarise`, with null for NaN; made if it is missing.
    retracted : collection of str
        ``TABLE`` or ``TABLE/VARIANT`` that are taken out.

    Raises
    ------
    FileFormatError
        The file is no summary.
    """
    summary = _read(path) if path.exists() else {}
    for table, variants in summarise(folder).items():
        summary[table] = {**summary.get(table, {}), **variants}
    for name in retracted:
        table, _, variant = name.partition("/")
        if variant:
            summary.get(table, {}).pop(variant, None)
        else:
            summary.pop(table, None)
    with atomic_path(path) as draft:
        draft.write_text(json.dumps(_without_nan(summary), indent=1, sort_keys=True) + "\n")
    return summary


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """A summary as it was written, null being NaN again."""
    try:
        summary: dict[str, dict[str, Any]] = json.loads(path.read_text())
        for variants in summary.values():
            for variant in variants.values():
                for number in variant["numbers"].values():
                    for key in ("mean", "spread"):
                        number[key] = math.nan if number[key] is None else number[key]
                    number["values"] = [math.nan if v is None else v for v in number["values"]]
    except (json.JSONDecodeError, AttributeError, KeyError, TypeError) as error:
        raise FileFormatError(message(f"summary {path}", "tables of variants", error)) from error
    return summary


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value

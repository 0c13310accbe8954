"""A measurement beside its predictions, as a person reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MEASURED_HEADS = ("quantity", "measured", "predicted", "of measured", "by", "calibrated")
"""Of the columns."""

UNITS = {"_s": ("us", 1e6), "_w": ("mW", 1e3), "_j": ("uJ", 1e6)}
"""By the end of a quantity's name: what is printed, and how many make one of its own unit."""


def measured_rows(measured: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Rows of one entry of ``measured`` of `cost_report`.

    Every predicted quantity, then those that nothing predicts. What follows from other measured
    quantities has a star.
    """
    rows: list[tuple[str, ...]] = [
        (
            _named(row["quantity"]) + " *" * row["derived"],
            _shown(row["quantity"], row["measured"]),
            _shown(row["quantity"], row["predicted"]),
            f"{row['ratio']:.3g}",
            _figures(row),
            "yes" if row["calibrated"] else "no",
        )
        for row in measured["compared"]
    ]
    predicted = {row["quantity"] for row in measured["compared"]}
    alone: list[tuple[str, ...]] = [
        (f"{_named(name)}{star}", _shown(name, value), "", "", "", "")
        for values, star in ((measured["quantities"], ""), (measured["derived"], " *"))
        for name, value in values.items()
        if name not in predicted
    ]
    return rows + alone


def _figures(row: Mapping[str, Any]) -> str:
    """Whose figures a prediction is made of, and what they are."""
    if not row["device"]:
        return row["basis"] + " in this run"
    return f"{row['device']}, {row['basis']}, of {row['figures_of']}"


def _named(quantity: str) -> str:
    for end, (unit, _) in UNITS.items():
        if quantity.endswith(end):
            return f"{quantity.removesuffix(end).replace('_', ' ')}, {unit}"
    return quantity.replace("_", " ")


def _shown(quantity: str, value: float) -> str:
    scale = next((scale for end, (_, scale) in UNITS.items() if quantity.endswith(end)), 1)
    return f"{scale * value:,.4g}"

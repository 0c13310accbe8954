"""A table as a person sees it, on a terminal or in a document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ReportTable:
    """A table of the report: title, column heads, rows of text and a caption."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""


LONGEST = 48
"""Characters of a cell that may stay in one line; more than that is prose."""


def column_widths(
    heads: Sequence[str], rows: Sequence[Sequence[str]], room: int
) -> list[int] | None:
    """How wide each column is, where all of them have so much room; None where they need more.

    Heads and prose fold at their spaces first, then other cells; those of the widest columns
    before the others. What begins with no letter is a number with its unit, and stays whole.
    """
    columns = list(zip(heads, *rows, strict=True))
    whole = [max(map(len, column)) for column in columns]
    for longest in (LONGEST, 0):
        least = [
            max(_least(head, 0), *(_least(cell, longest) for cell in cells), 0)
            for head, *cells in columns
        ]
        for limit in range(LONGEST, -1, -1):
            widths = [max(low, min(limit, high)) for low, high in zip(least, whole, strict=True)]
            if sum(widths) <= room:
                return widths
    return None


def _least(cell: str, longest: int) -> int:
    """How wide a cell must be, which folds if it is of words and longer than that."""
    folds = len(cell) > longest and cell[:1].isalpha()
    return max(map(len, cell.split())) if folds else len(cell)

"""Summaries as Markdown tables, filled into a document between marks.

A document has ``<!-- table: NAME -->`` and ``<!-- end -->`` where a table belongs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurodeploy._io.files import atomic_path
from neurodeploy.errors import FileFormatError, message


@dataclass(frozen=True, kw_only=True)
class Column:
    """One number of each variant.

    Parameters
    ----------
    number : str
        Its name in a summary.
    head : str
        Of the column.
    scale : float
        What it is multiplied by, for instance 100 for per cent.
    digits : int
        Behind the point.
    """

    number: str
    head: str
    scale: float = 1.0
    digits: int = 1

    def cell(self, numbers: Mapping[str, Any]) -> str:
        """Mean, ± half of its interval or else its spread in brackets.

        Empty where a variant has no such number.
        """
        if self.number not in numbers:
            return ""
        number = numbers[self.number]
        mean, spread = (self.scale * number[key] for key in ("mean", "spread"))
        if math.isnan(mean):
            return ""
        if "interval" in number:
            low, high = number["interval"]
            half = self.scale * (high - low) / 2
            return f"{mean:.{self.digits}f} ± {half:.{self.digits}f}"
        if math.isnan(spread):
            return f"{mean:.{self.digits}f}"
        return f"{mean:.{self.digits}f} ({spread:.{self.digits}f})"


def markdown_table(variants: Mapping[str, Any], head: str, columns: Sequence[Column]) -> str:
    """A Markdown table with a row for each variant, {name: of `summarise`}, and its seeds.

    A column that no variant has a number for is left out.
    """
    columns = [
        column
        for column in columns
        if any(column.number in variant["numbers"] for variant in variants.values())
    ]
    lines = [
        f"| {head} | " + " | ".join(column.head for column in columns) + " | seeds |",
        "|---|" + "---:|" * (len(columns) + 1),
    ]
    for name, variant in variants.items():
        cells = [column.cell(variant["numbers"]) for column in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {len(variant['seeds'])} |")
    return "\n".join(lines)


def fill(document: Path, tables: Mapping[str, str]) -> None:
    """Replace what is between the marks of a document; whole or not at all.

    Raises
    ------
    FileFormatError
        The document has no marks for a table.
    """
    text = document.read_text(encoding="utf-8")
    for name, rows in tables.items():
        mark = re.compile(rf"<!-- table: {re.escape(name)} -->\n.*?<!-- end -->", re.DOTALL)
        parts = mark.split(text)
        if len(parts) != 2:
            found = f"{len(parts) - 1}"
            raise FileFormatError(message(f"document {document}", f"one mark for {name}", found))
        before, after = parts
        text = f"{before}<!-- table: {name} -->\n{rows}\n<!-- end -->{after}"
    with atomic_path(document) as draft:
        draft.write_text(text, encoding="utf-8")

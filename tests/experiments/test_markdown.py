from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from neurodeploy.errors import FileFormatError
from neurodeploy.experiments.markdown import Column, fill, markdown_table


def variant(seeds: int, **numbers: tuple[float, float]) -> dict[str, Any]:
    entries = {name: {"mean": mean, "spread": spread} for name, (mean, spread) in numbers.items()}
    return {"seeds": list(range(seeds)), "numbers": entries}


def test_a_table_has_means_spreads_and_gaps() -> None:
    variants = {
        "one": variant(3, accuracy=(0.9512, 0.0049), spikes=(0.02, 0.001)),
        "two": variant(1, accuracy=(0.5, math.nan)),
        "three": variant(1, accuracy=(math.nan, math.nan)),
        "four": variant(3, accuracy=(0.9712, 0.0049)),
    }
    variants["four"]["numbers"]["accuracy"]["interval"] = [0.951, 0.983]
    columns = [
        Column(number="accuracy", head="accuracy, %", scale=100),
        Column(number="spikes", head="spikes", digits=3),
        Column(number="energy", head="that nobody has"),
    ]
    assert markdown_table(variants, "kind", columns).splitlines() == [
        "| kind | accuracy, % | spikes | seeds |",
        "|---|---:|---:|---:|",
        "| one | 95.1 (0.5) | 0.020 (0.001) | 3 |",
        "| two | 50.0 |  | 1 |",
        "| three |  |  | 1 |",
        "| four | 97.1 ± 1.6 |  | 3 |",
    ]


def test_tables_are_filled_in_between_marks_again_and_again(tmp_path: Path) -> None:
    document = tmp_path / "d.md"
    document.write_text("a\n<!-- table: x -->\n<!-- end -->\nb\n<!-- table: y -->\n<!-- end -->\nc")
    for rows in ("| 1 |\n| 2 |", r"| \1 |"):
        fill(document, {"x": rows})
        assert document.read_text() == (
            f"a\n<!-- table: x -->\n{rows}\n<!-- end -->\nb\n<!-- table: y -->\n<!-- end -->\nc"
        )


def test_a_document_without_the_mark_stays_as_it_is(tmp_path: Path) -> None:
    document = tmp_path / "d.md"
    document.write_text("<!-- table: x -->\n<!-- end -->\n")
    with pytest.raises(FileFormatError, match="one mark for z, found 0"):
        fill(document, {"x": "| 1 |", "z": "| 2 |"})
    assert document.read_text() == "<!-- table: x -->\n<!-- end -->\n"

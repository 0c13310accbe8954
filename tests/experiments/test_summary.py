from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from neurodeploy.experiments.summary import summarise, write_summary
from neurodeploy.experiments.units import Unit, run_units


@pytest.fixture
def results(tmp_path: Path) -> Path:
    values = {("a", 0): 1.0, ("a", 1): 3.0, ("a", 2): 8.0, ("b", 5): math.nan}
    run_units(
        [
            Unit(table="t", variant=name, seed=seed, run=lambda _, value=value: {"x": value})
            for (name, seed), value in values.items()
        ],
        tmp_path / "results",
    )
    return tmp_path / "results"


def test_mean_and_spread_over_seeds(results: Path) -> None:
    found = summarise(results)["t"]["a"]
    assert found["seeds"] == [0, 1, 2]
    assert found["numbers"]["x"]["values"] == [1.0, 3.0, 8.0]
    assert found["numbers"]["x"]["mean"] == 4.0
    assert found["numbers"]["x"]["spread"] == pytest.approx(math.sqrt(13))


def test_the_file_is_json_that_everyone_reads(results: Path, tmp_path: Path) -> None:
    write_summary(results, tmp_path / "results.json")
    text = (tmp_path / "results.json").read_text()
    assert "NaN" not in text
    read = json.loads(text)["t"]
    assert read["b"]["numbers"]["x"] == {"mean": None, "spread": None, "values": [None]}
    assert read["a"]["numbers"]["x"]["mean"] == 4.0

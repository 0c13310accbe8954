"""Runs of a table: kept once finished, never repeated."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from neurodeploy.errors import FileFormatError
from neurodeploy.experiments.units import Unit, finished, run_units


class Work:
    """Counts how often each unit runs; one of them may fail."""

    def __init__(self, failing: str = "") -> None:
        self.failing = failing
        self.runs: list[str] = []

    def units(self, variants: int = 3, seeds: int = 2) -> Iterator[Unit]:
        for seed in range(seeds):
            for variant in range(variants):
                name = f"v{variant}"

                def run(folder: Path, name: str = name, seed: int = seed) -> Mapping[str, float]:
                    self.runs.append(f"{name}/{seed}")
                    if self.runs[-1] == self.failing:
                        raise KeyboardInterrupt
                    return {"value": 10.0 * seed}

                yield Unit(table="table", variant=name, seed=seed, run=run)


def test_an_interrupted_table_goes_on_where_it_stopped(tmp_path: Path) -> None:
    work = Work(failing="v1/1")
    with pytest.raises(KeyboardInterrupt):
        run_units(work.units(), tmp_path)
    assert work.runs == ["v0/0", "v1/0", "v2/0", "v0/1", "v1/1"]
    again = Work()
    run_units(again.units(), tmp_path)
    assert again.runs == ["v1/1", "v2/1"]
    run_units(again.units(), tmp_path)
    assert again.runs == ["v1/1", "v2/1"]


def test_a_unit_says_where_it_came_from(tmp_path: Path) -> None:
    run_units(Work().units(), tmp_path)
    unit = finished(tmp_path)["table"]["v2"][1]
    assert unit["seed"] == 1
    assert unit["numbers"]["value"] == 10.0
    assert unit["numbers"]["cpu_s"] >= 0
    assert unit["revision"]
    assert unit["command"]


@pytest.mark.parametrize("text", ["{", "{}", "[1]", json.dumps({"seed": 1, "numbers": {}})])
def test_a_damaged_result_is_named(tmp_path: Path, text: str) -> None:
    run_units(Work().units(), tmp_path)
    (tmp_path / "table" / "v1" / "1.json").write_text(text)
    with pytest.raises(FileFormatError, match=r"v1/1\.json"):
        finished(tmp_path)

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.errors import FileFormatError
from neurodeploy.experiments.markdown import Column, markdown_table
from neurodeploy.experiments.summary import share_interval, summarise, write_summary
from neurodeploy.experiments.units import Unit, machine, run_units


@pytest.fixture
def results(tmp_path: Path, git: Callable[..., str]) -> Path:
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
    assert found["machines"] == [machine()]
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


def test_accuracies_of_a_test_set_have_intervals(tmp_path: Path, git: Callable[..., str]) -> None:
    def unit(seed: int, accuracy: float) -> Unit:
        numbers = {"accuracy_deployed": accuracy, "accuracy_validation": 0.5, "test_samples": 500.0}
        return Unit(table="t", variant="a", seed=seed, run=lambda folder: numbers)

    run_units([unit(0, 0.96), unit(1, 0.98)], tmp_path / "results")
    numbers = summarise(tmp_path / "results")["t"]["a"]["numbers"]
    low, high = share_interval([0.96, 0.98], 500)
    assert numbers["accuracy_deployed"]["interval"] == [low, high]
    assert "interval" not in numbers["accuracy_validation"]


def test_an_interval_of_one_seed_is_wilsons() -> None:
    """8 of 10 right: 0.4902 to 0.9433 (Wilson, JASA 22, 1927; statsmodels 0.14 gives the same)."""
    assert share_interval([0.8], 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    low, high = share_interval([1.0], 500)
    assert low == pytest.approx(1 / (1 + 1.96**2 / 500), rel=1e-4)
    assert high == 1


def test_an_interval_of_seeds_that_differ_is_students() -> None:
    """With an endless test set only seeds are left: t of 2 degrees is 4.3027."""
    low, high = share_interval([0.4, 0.5, 0.6], 1e12)
    assert high - 0.5 == pytest.approx(4.3027 * 0.1 / math.sqrt(3), rel=1e-4)
    assert 0.5 - low == pytest.approx(high - 0.5, rel=1e-6)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Seeds and test sets drawn at random: of 2,000 intervals some 95 % or a little more hold."""
    rng = np.random.default_rng(0)
    truth, samples, held = 0.9, 200, 0
    for _ in range(2000):
        hardness = rng.random(samples)  # the same samples for every seed
        seeds = truth + 0.02 * rng.standard_normal(3)
        values = [float((hardness < each).mean()) for each in seeds]
        low, high = share_interval(values, samples)
        held += low <= truth <= high
    assert 0.94 < held / 2000 < 0.99


def test_what_was_not_run_again_stays(results: Path, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    write_summary(results, path)
    before = json.loads(path.read_text())
    again = Unit(table="t", variant="a", seed=0, run=lambda folder: {"x": 7.0})
    other = Unit(table="u", variant="c", seed=0, run=lambda folder: {"x": 9.0})
    run_units([again, other], tmp_path / "again")
    summary = write_summary(tmp_path / "again", path)
    after = json.loads(path.read_text())
    assert after["t"]["b"] == before["t"]["b"]
    assert after["t"]["a"]["numbers"]["x"]["values"] == [7.0]
    assert after["u"]["c"]["numbers"]["x"]["values"] == [9.0]
    assert math.isnan(summary["t"]["b"]["numbers"]["x"]["mean"])
    assert "| b |  | 1 |" in markdown_table(summary["t"], "t", [Column(number="x", head="x")])
    write_summary(tmp_path / "again", path, retracted=["u", "t/b", "never/was"])
    left = json.loads(path.read_text())
    assert list(left) == ["t"]
    assert list(left["t"]) == ["a"]


@pytest.mark.parametrize("text", ["{", "[]", '{"t": {"a": {}}}', '{"t": 1}'])
def test_a_file_that_is_no_summary_stays(results: Path, tmp_path: Path, text: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(text)
    with pytest.raises(FileFormatError, match="expected tables of variants"):
        write_summary(results, path)
    assert path.read_text() == text

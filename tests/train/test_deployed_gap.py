"""Both rows of a model are of one training, and the page has their table."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import deployed_gap
import pytest
import results

import neurodeploy as nd

SMALL = dataclasses.replace(
    nd.task("digits"),
    train=128,
    hidden=(8,),
    readout=6,
    heads=("label",),
    training=nd.TrainConfig(epochs=1),
)


def test_every_unit_has_a_name_of_its_own() -> None:
    names = [unit.name for unit in deployed_gap.units(Path("data"), 2)]
    assert len(set(names)) == len(names) == 2 * 2 * len(deployed_gap.tasks(Path("data")))
    assert names[:2] == ["deployed/fashion-mnist/0", "deployed/fashion-mnist, decoder tuned/0"]


def test_both_rows_are_of_one_training(tmp_path: Path) -> None:
    plain, tuned = (tmp_path / name / "0" for name in ("digits", "digits, decoder tuned"))
    first = deployed_gap.gap(SMALL, tuned=False)(plain)
    trained = tmp_path / "models/digits/0/best.safetensors"
    written = trained.stat().st_mtime_ns
    second = deployed_gap.gap(SMALL, tuned=True)(tuned)
    assert trained.stat().st_mtime_ns == written
    assert second["disagreement"] != first["disagreement"]


@pytest.mark.parametrize("number", [column.number for column in results.COLUMNS["deployed"]])
def test_the_table_shows_what_is_measured(number: str, tmp_path: Path) -> None:
    assert number in deployed_gap.gap(SMALL, tuned=False)(tmp_path / "digits/0")


@pytest.mark.parametrize("name", results.COLUMNS)
def test_the_page_has_a_place_for_every_table_that_is_run(name: str) -> None:
    page = (Path(__file__).parents[2] / "docs/results.md").read_text()
    summary = (Path(__file__).parents[2] / "docs/results.json").read_text()
    assert page.count(f"<!-- table: {name} -->") == 1 or f'"{name}":' not in summary

"""Every recording is tested once, and every unit says how many there are."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from neurodeploy.experiments.folds import folded, pooled
from neurodeploy.experiments.units import Unit
from neurodeploy.tasks.recorded import RecordedTask
from neurodeploy.tasks.registry import task


def test_folds_are_seeds_and_test_everything_once(corpora: Path) -> None:
    chosen = task("nmnist").in_folder(corpora)
    assert isinstance(chosen, RecordedTask)
    folds = list(folded(dataclasses.replace(chosen, folds=4)))
    assert [each.training.seed for each in folds] == [0, 1, 2, 3]
    tested = np.concatenate([each.splits().test.spikes.places for each in folds])
    assert np.array_equal(np.sort(tested), np.arange(32))


def test_a_pooled_unit_counts_all_recordings(corpora: Path, tmp_path: Path) -> None:
    chosen = task("nmnist").in_folder(corpora)
    assert isinstance(chosen, RecordedTask)
    one = Unit(
        table="nmnist",
        variant="x",
        seed=3,
        run=lambda folder: {"accuracy_deployed": 0.5, "test_samples": 8},
    )
    both = pooled(one, chosen)
    assert (both.name, both.run(tmp_path)) == (
        one.name,
        {"accuracy_deployed": 0.5, "test_samples": 32},
    )

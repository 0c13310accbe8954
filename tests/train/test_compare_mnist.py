"""Which encoders the comparison has, and that those without spikes stop early."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import compare_mnist
import pytest
import results

import neurodeploy as nd
from neurodeploy.experiments import GreyTask, grey_model

SMALL = dataclasses.replace(
    nd.task("digits"), train=128, hidden=(16,), readout=8, decoder_hidden=16, heads=("label",)
)


def test_every_unit_has_a_name_of_its_own_and_its_table_columns() -> None:
    units = list(compare_mnist.units(2))
    names = [unit.name for unit in units]
    assert len(set(names)) == len(names)
    assert {unit.table for unit in units} - {"base"} <= set(results.COLUMNS)
    assert {"beta-grey/0.01/1", "beta-lstm/0.01/1"} <= set(names)


def test_an_encoder_that_does_not_spike_sees_what_the_spiking_one_is_made_of() -> None:
    grey = GreyTask.of(compare_mnist.TASK)
    for name in ("train", "shift_px", "distortion", "readout", "beta", "prior", "encoding"):
        assert getattr(grey, name) == getattr(compare_mnist.TASK, name)


def test_it_stops_once_validation_gets_no_better(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(compare_mnist, "ANN_EPOCHS", 30)
    monkeypatch.setattr(compare_mnist, "ANN_PATIENCE", 1)
    task = GreyTask.of(SMALL.trained_with(learning_rate=0.1, anneal_fraction=0.0))
    found = compare_mnist.without_spikes(task, grey_model)(tmp_path)
    assert 0 < found["accuracy_validation"] <= 1
    epochs = len((tmp_path / "metrics.jsonl").read_text().splitlines())
    assert epochs < 30

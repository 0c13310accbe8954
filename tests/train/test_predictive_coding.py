"""What the decoders of the table see, and what they may at most know."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import predictive_coding
import pytest

import neurodeploy as nd

FEW = dataclasses.replace(
    predictive_coding.TASK, delta=1, train=4, train_steps=20, validation=2, test=2, test_steps=40
)


def test_every_unit_has_a_name_of_its_own() -> None:
    names = [unit.name for unit in predictive_coding.units(2, [1])]
    assert len(set(names)) == len(names) == 2 * len(predictive_coding.READERS) + 3  # no seeds
    assert "predictive-coding/+1 last step, encoder without memory/1" in names


def test_the_encoder_integrates_and_its_control_does_not() -> None:
    neuron, control = predictive_coding.TASK.neuron, predictive_coding.WITHOUT_MEMORY
    assert max(neuron.current_decay, neuron.voltage_decay) < 1
    assert (control.current_decay, control.voltage_decay) == (1, 1)
    assert dataclasses.replace(neuron, current_decay=1.0, voltage_decay=1.0) == control


@pytest.mark.parametrize("reader", predictive_coding.READERS)
def test_each_is_trained_and_measured(reader: str, tmp_path: Path) -> None:
    task = dataclasses.replace(FEW, **predictive_coding.READERS[reader])
    found = predictive_coding.vdib(task.trained_with(epochs=1))(tmp_path)
    assert 0 <= found["accuracy_deployed"] <= 1
    assert nd.load_bundle(tmp_path / "bundle", allow_import=True).decoder.config.window_steps == 5


def test_what_is_ideal_is_between_chance_and_all(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(predictive_coding, "TASK", FEW)
    for window in (None, 1):
        found = predictive_coding.ideal(1, window)(tmp_path)
        assert 1 / FEW.blobs.pairs < found["accuracy_deployed"] < 1
    assert predictive_coding.same_again(1)(tmp_path)["accuracy_deployed"] < 1
    assert predictive_coding.same_again(0)(tmp_path)["accuracy_deployed"] == 1

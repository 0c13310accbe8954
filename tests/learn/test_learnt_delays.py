"""Delays that are learnt solve what no network of neurons without memory can."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from interval_training import FORGETFUL, assert_engines_agree, model, trained

from neurodeploy.learn.adam import parameter_groups
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.model.specs import DenseSpec

pytestmark = pytest.mark.usefixtures("one_thread")


def with_delays(delay_steps: int) -> HybridModel:
    return model(DenseSpec(neurons=16, neuron=FORGETFUL, delay_steps=delay_steps))


def test_delays_move_by_whole_steps_and_tell_intervals_apart(tmp_path: Path) -> None:
    without, made = with_delays(0), with_delays(12)
    delays = made.encoder.layers[0].delay
    assert delays is not None
    before = delays.steps
    assert trained(without, tmp_path / "without", delay_rate=30.0) < 0.6  # chance is 0.5
    assert trained(made, tmp_path / "with", delay_rate=30.0) > 0.95
    assert (delays.steps - before).abs().median() > 1
    assert_engines_agree(made)


def test_delays_have_a_learning_rate_of_their_own(tmp_path: Path) -> None:
    made = with_delays(12)
    before = {name: p.detach().clone() for name, p in made.named_parameters()}
    trained(made, tmp_path, delay_rate=0.0)
    for name, parameter in made.named_parameters():
        if parameter.requires_grad:
            assert torch.equal(parameter, before[name]) == name.endswith("delay"), name


def test_every_parameter_is_in_one_group() -> None:
    made = with_delays(12)
    common, delays = parameter_groups(made, 7.0)
    assert (common["times"], delays["times"]) == (1.0, 7.0)
    assert [len(each) for each in delays["params"]] == [16]
    together = {id(each) for each in (*common["params"], *delays["params"])}
    assert together == {id(each) for each in made.parameters()}
    assert len(common["params"]) + 1 == len(together)
    assert len(parameter_groups(with_delays(0), 7.0)) == 1

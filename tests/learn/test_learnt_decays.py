"""Decays that are learnt tell intervals apart that those of the start cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from interval_training import assert_engines_agree, model, trained

from neurodeploy.model.hybrid import HybridModel
from neurodeploy.model.neuron import CubaParameters
from neurodeploy.model.specs import DenseSpec

pytestmark = pytest.mark.usefixtures("one_thread")

FORGETS_NOTHING = CubaParameters(current_decay=1.0, voltage_decay=0.0, surrogate_width=0.5)
"""Adds up what arrives, whenever it does, until it spikes."""


def with_decays(learnt: bool) -> HybridModel:
    return model(DenseSpec(neurons=32, neuron=FORGETS_NOTHING, learn_decays=learnt))


def test_decays_move_and_tell_intervals_apart(tmp_path: Path) -> None:
    of: dict[str, Any] = {"apart": (2, 10), "epochs": 30}
    fixed, made = with_decays(False), with_decays(True)
    block = made.encoder.layers[0]
    assert block.factors == fixed.encoder.layers[0].factors == (0, 4096)
    assert trained(fixed, tmp_path / "fixed", **of) < 0.6  # chance is 0.5
    assert trained(made, tmp_path / "learnt", **of) > 0.95
    current_factor, voltage_factor = block.factors
    assert current_factor > 100
    assert voltage_factor < 4000
    assert_engines_agree(made)

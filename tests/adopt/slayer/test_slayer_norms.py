"""SLAYER's norms become biases, weights and thresholds.

With a bias a module and its network differ in one documented thing: SLAYER has the step between
layers behind the neuron, so that a bias acts one step less in each layer. `adopt_module` runs the
module's own blocks in both orders; in the chip's, nothing may differ where a fold is exact.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import torch
from slayer_modules import BLOCKS, NORMS, Blocks, cuba, normed, spikes

from neurodeploy.adopt.adopted import Adopted
from neurodeploy.adopt.slayer.module import adopt_module
from neurodeploy.errors import NetworkError

C = BLOCKS.cuba
MEAN, SCALE = NORMS.MeanOnlyBatchNorm, NORMS.WgtScaleBatchNorm


def adopt(*blocks: Any, shape: tuple[int, ...] = (20,)) -> tuple[Adopted, int, int]:
    """The network, and where it differs from the blocks in SLAYER's order and in the chip's."""
    signal = spikes(3, *shape, 60)
    module = normed(Blocks(*blocks), signal)
    adopted = adopt_module(module, input_shape=shape, signal=signal)
    note = adopted.notes[-1]
    assert note.code in ("differs", "compared")
    sent, *differ = (int(each) for each in re.findall(r"\d+", note.reason))
    assert sent > 100
    return adopted, differ[0], differ[1] if len(differ) > 1 else 0


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def test_a_mean_is_a_bias() -> None:
    adopted, plain, in_order = adopt(
        C.Dense(cuba(norm=MEAN), 20, 30, weight_scale=3),
        C.Dense(cuba(norm=MEAN), 30, 10, weight_scale=3),
    )
    assert (plain > 0, in_order) == (True, 0)
    assert [note.code for note in adopted.notes] == ["bias-step", "bias-step", "differs"]


def test_a_mean_of_channels_is_a_bias_of_channels() -> None:
    _, _, in_order = adopt(
        C.Conv(cuba(norm=MEAN), 2, 6, 3, weight_scale=3),
        C.Flatten(),
        C.Dense(cuba(norm=MEAN), 6 * 36, 10, weight_scale=3),
        shape=(2, 8, 8),
    )
    assert in_order == 0


def test_delays_behind_a_bias_go_to_the_next_layer() -> None:
    module = [
        C.Dense(cuba(norm=MEAN), 20, 30, weight_scale=3, delay=True),
        C.Dense(cuba(), 30, 10, weight_scale=3),
    ]
    adopted, _, in_order = adopt(*module)
    assert in_order == 0
    assert adopted.network.layers[0].delay is None
    if module[0].delay.delay.floor().any():
        assert adopted.network.layers[1].delay is not None


@pytest.mark.parametrize("norm", [MEAN, SCALE])
def test_a_recurrent_block_may_have_a_norm_if_its_current_keeps_nothing(norm: Any) -> None:
    _, _, in_order = adopt(C.Recurrent(cuba(norm=norm, current_decay=1.0), 20, 30, weight_scale=3))
    assert in_order == 0


def test_a_norm_that_changes_what_a_current_keeps_is_refused() -> None:
    with pytest.raises(NetworkError, match="keep the current after the norm"):
        adopt(C.Recurrent(cuba(norm=MEAN), 20, 30, weight_scale=3))


def test_a_scale_is_folded_exactly_where_nothing_is_kept() -> None:
    neuron = cuba(norm=SCALE, current_decay=1.0, voltage_decay=1.0)
    _, _, in_order = adopt(C.Dense(neuron, 20, 30, weight_scale=12))
    assert in_order == 0


def test_a_scale_that_rounds_is_noted_with_what_it_changes() -> None:
    adopted, _, in_order = adopt(C.Dense(cuba(norm=SCALE), 20, 30, weight_scale=9))
    codes = [note.code for note in adopted.notes]
    assert "rounded-scale" in codes
    assert not adopted.exact
    assert in_order < 20


@pytest.mark.parametrize("norm", [MEAN, SCALE])
def test_norms_of_sigma_delta_neurons_are_exact(norm: Any) -> None:
    neuron = {"threshold": 0.1, "activation": torch.nn.functional.relu}
    block = BLOCKS.sigma_delta
    _, _, in_order = adopt(
        block.Input(dict(neuron)), block.Dense({**neuron, "norm": norm}, 20, 30, weight_scale=2)
    )
    assert in_order == 0


def test_other_norms_are_refused_by_name() -> None:
    module = Blocks(C.Dense(cuba(norm=torch.nn.Identity), 4, 4))
    with pytest.raises(NetworkError, match="found Identity"):
        adopt_module(module)


def test_a_mean_before_resonators_is_refused() -> None:
    neuron = {"threshold": 1.0, "period": 7, "decay": 0.05, "norm": MEAN}
    module = normed(Blocks(BLOCKS.rf.Dense(neuron, 20, 30, weight_scale=2)), spikes(3, 20, 60))
    with pytest.raises(NetworkError, match="no bias"):
        adopt_module(module)


def test_an_untrained_scale_is_what_the_norm_applies() -> None:
    """Without a variance SLAYER multiplies by 8, the most that it can."""
    module = Blocks(C.Dense(cuba(norm=SCALE), 20, 30, weight_scale=0.5)).eval()
    signal = spikes(3, 20, 60)
    adopted = adopt_module(module, signal=signal)
    layer = adopted.network.layers[0]
    weight = np.rint(module.blocks[0].synapse.weight.detach().numpy().reshape(30, 20) * 32) * 2
    scaled = layer.weight / np.where(weight == 0, 1, weight)
    assert set(np.unique(scaled[weight != 0] * 64 / layer.neuron.threshold)) == {8.0}

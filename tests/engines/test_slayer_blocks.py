"""The native engine runs what SLAYER's blocks export as SLAYER's own forward runs them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from neurodeploy._io.lava import lava_imports
from neurodeploy.engines.native import NativeEngine
from neurodeploy.netx.network import Network
from neurodeploy.netx.read import read_network

with lava_imports():
    from lava.lib.dl import slayer


def exported(blocks: Sequence[Any], path: Path) -> Network:
    with h5py.File(path, "w") as file:
        layers = file.create_group("layer")
        for index, block in enumerate(blocks):
            block.export_hdf5(layers.create_group(str(index)))
    return read_network(path)


@torch.no_grad()
def forward(blocks: Sequence[Any], signal: torch.Tensor) -> list[np.ndarray]:
    outputs = []
    for block in blocks:
        signal = block(signal)
        outputs.append(signal.numpy())
    return outputs


def cuba(**changes: Any) -> dict[str, Any]:
    return {"threshold": 1.0, "current_decay": 0.3, "voltage_decay": 0.1, **changes}


def dense() -> list[Any]:
    block = slayer.block.cuba.Dense
    return [block(cuba(), 20, 30, weight_scale=2), block(cuba(), 30, 10, weight_scale=2)]


def delayed() -> list[Any]:
    block = slayer.block.cuba.Dense(cuba(), 20, 30, weight_scale=2, delay=True)
    block.delay.delay.data = torch.randint(0, 5, block.delay.delay.shape).float()
    return [block]


def recurrent() -> list[Any]:
    block = slayer.block.cuba.Recurrent
    return [block(cuba(), 20, 30, weight_scale=2), block(cuba(), 30, 10, weight_scale=2)]


def resonating() -> list[Any]:
    """With decays that come out of netx as they went in; it turns most cosines down by one."""
    neuron = {"threshold": 1.0, "period": 7, "decay": 0.05}
    return [slayer.block.rf.Dense(neuron, 20, 30, weight_scale=2)]


@pytest.mark.parametrize("make", [dense, delayed, recurrent, resonating])
def test_spiking_blocks_agree_in_every_spike(make: Any, tmp_path: Path) -> None:
    torch.manual_seed(0)
    blocks = make()
    spikes = (torch.rand(3, 20, 60) < 0.2).float()
    expected = forward(blocks, spikes)
    run = NativeEngine(exported(blocks, tmp_path / "a.net")).run(spikes.numpy())
    for found, wanted in zip(run.layers, expected, strict=True):
        assert wanted.sum() > 100
        np.testing.assert_array_equal(found, wanted)


def test_convolutions_agree_in_every_spike(tmp_path: Path) -> None:
    """SLAYER sends the spikes of an input block a step late, unlike Lava."""
    torch.manual_seed(0)
    conv = slayer.block.cuba.Conv
    blocks = [
        slayer.block.cuba.Input(cuba(), weight=1, bias=0),
        conv(cuba(), 2, 6, 3, stride=2, padding=1, weight_scale=2),
        conv(cuba(), 6, 4, 2, groups=2, weight_scale=3),
    ]
    image = torch.rand(2, 2, 9, 8, 1).expand(-1, -1, -1, -1, 40).contiguous()
    expected = forward(blocks, image)
    network = exported(blocks, tmp_path / "a.net")
    run = NativeEngine(network).run(blocks[0].pre_hook_fx(image).numpy())
    for found, wanted in zip(run.layers, expected, strict=True):
        assert wanted.sum() > 100
        np.testing.assert_array_equal(found[..., :-1], wanted[..., 1:])


def test_sigma_delta_blocks_agree_in_every_value(tmp_path: Path) -> None:
    """SLAYER has no step between layers, so layer k answers k steps earlier than in Lava."""
    torch.manual_seed(0)
    neuron = {"threshold": 0.1, "activation": torch.nn.functional.relu}
    block = slayer.block.sigma_delta
    blocks = [
        block.Input(dict(neuron)),
        block.Dense(dict(neuron), 20, 30, weight_scale=2),
        block.Dense(dict(neuron), 30, 15, weight_scale=2),
        block.Output(dict(neuron), 15, 5, weight_scale=2),
    ]
    walk = (0.1 * torch.randn(2, 20, 40)).cumsum(-1)
    expected = forward(blocks, walk)
    network = exported(blocks, tmp_path / "a.net")
    run = NativeEngine(network).run(blocks[0].pre_hook_fx(walk).numpy())
    scales = [1 << 12] * 3 + [1 << 18]
    for late, (found, wanted) in enumerate(zip(run.layers, expected, strict=True)):
        on_time = wanted[..., : wanted.shape[-1] - late] * scales[late]
        assert np.count_nonzero(on_time) > 100
        np.testing.assert_array_equal(found[..., late:], on_time)

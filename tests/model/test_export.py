from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from neurodeploy.engines.lava import LavaEngine
from neurodeploy.errors import NetworkError
from neurodeploy.model.encoder import Encoder
from neurodeploy.model.export import export_network
from neurodeploy.model.specs import ConvSpec, DenseSpec
from neurodeploy.netx.check import check
from neurodeploy.netx.layers import MAX_DELAY_STEPS
from neurodeploy.netx.read import read_network
from neurodeploy.netx.write import write_network


@pytest.mark.parametrize("shape", [(9,), (2, 7, 6)])
def test_training_forward_file_and_lava_agree_spike_for_spike(
    shape: tuple[int, ...], tmp_path: Path
) -> None:
    torch.manual_seed(1)
    first = (
        DenseSpec(neurons=11, bias=True, delay_steps=4)
        if len(shape) == 1
        else ConvSpec(channels=4, kernel_size=3, padding=1, stride=2, groups=2, bias=True)
    )
    encoder = Encoder(shape, [first, DenseSpec(neurons=6, bias=True)])
    with torch.no_grad():
        for block in encoder.blocks:
            block.bias.uniform_(-0.1, 0.3)
            if block.delay is not None:
                block.delay.delay.uniform_(0.6, 4)
            block.synapse.weight.add_(0.1)
    spikes = (np.random.default_rng(0).random((4, *shape, 15)) < 0.4).astype(np.uint8)
    with torch.no_grad():
        trained = encoder(torch.from_numpy(spikes).float(), temperature=0.0)
    write_network(export_network(encoder), tmp_path / "n.net")
    with LavaEngine(read_network(tmp_path / "n.net")) as engine:
        run = engine.run(spikes)
    for expected, found in zip([*trained.hidden, trained.spikes], run.layers, strict=True):
        assert expected.sum() > 0
        np.testing.assert_array_equal(found, expected.numpy())


def test_a_matrix_that_lava_would_change_is_not_exported() -> None:
    encoder = Encoder((3,), [DenseSpec(neurons=2)])
    with torch.no_grad():
        encoder.blocks[0].synapse.weight.fill_(-4.0)
    with pytest.raises(NetworkError, match="layer 0-dense, weight: netx changes 6 weights"):
        export_network(encoder)


def test_the_longest_delay_of_training_is_one_that_netx_keeps() -> None:
    encoder = Encoder((3,), [DenseSpec(neurons=2, delay_steps=62)])
    (block,) = encoder.layers
    assert block.delay is not None
    block.delay.delay.data[:] = 70.0
    network = export_network(encoder)
    (layer,) = network.layers
    assert layer.delay_matrix is not None
    assert layer.delay_matrix.tolist() == [[MAX_DELAY_STEPS] * 3] * 2
    assert layer.arrays["delay"].tolist() == [62, 62]
    assert check(network) == []


def test_a_silent_layer_is_not_exported() -> None:
    encoder = Encoder((3,), [DenseSpec(neurons=2)])
    with torch.no_grad():
        encoder.blocks[0].synapse.weight.zero_()
    with pytest.raises(NetworkError, match="all-zero"):
        export_network(encoder)

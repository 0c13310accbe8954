"""Files as their authors have them: without an input layer, with pools, of another kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from neurodeploy.engines.registry import simulate
from neurodeploy.errors import FileFormatError, InputError
from neurodeploy.netx.layers import Conv, Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron
from neurodeploy.netx.read import read_network
from neurodeploy.netx.write import write_network

NEURON = CubaNeuron(current_decay=4096, voltage_decay=100, threshold=25)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A strided convolution and a dense layer, and no input layer before them."""
    network = Network(
        input_shape=(2, 6, 7),
        layers=(
            Conv(weight=np.full((3, 2, 2, 3), 30), neuron=NEURON, stride=(2, 1)),
            Dense(weight=np.full((4, 45), 2), neuron=NEURON),
        ),
    )
    path = tmp_path / "bare.net"
    write_network(network, path)
    with h5py.File(path, "a") as file:
        layers = file["layer"]
        del layers["0"]
        for index in range(1, 4):
            layers.move(str(index), str(index - 1))
    return path


def pooled(path: Path, height: int, declared: tuple[int, ...]) -> Path:
    """A pool of 2 x 2 over 2 channels, as SLAYER exports it."""
    with h5py.File(path, "w") as file:
        file["layer/0/type"] = np.array([b"input"])
        file["layer/0/shape"] = [2, height, 4]
        pool = file.create_group("layer/1")
        pool["type"] = np.array([b"pool"])
        pool["shape"] = declared
        pool["weight"] = np.full((1, 1, 2, 2), 64.0)
        for name, value in (("kernelSize", 2), ("stride", 2), ("padding", 0), ("dilation", 1)):
            pool[name] = [value, value]
        for name, value in (("iDecay", 4096), ("vDecay", 4096), ("vThMant", 64), ("refDelay", 1)):
            pool[f"neuron/{name}"] = value
        pool["neuron/type"] = b"CUBA"
    return path


def test_the_shape_that_a_file_does_not_say_can_be_given(bare: Path) -> None:
    network = read_network(bare, input_shape=(2, 6, 7))
    assert (network.input_shape, network.shapes) == ((2, 6, 7), ((3, 3, 5), (4,)))
    assert not network.notes


def test_without_it_the_error_says_which_shapes_are_possible(bare: Path) -> None:
    with pytest.raises(FileFormatError, match="--input-shape") as raised:
        read_network(bare)
    assert "(2, 6 to 7, 7)" in str(raised.value)


def test_a_shape_that_makes_another_one_than_the_file_says_is_a_finding(bare: Path) -> None:
    with pytest.raises(FileFormatError, match="layer 2"):  # the dense layer does not fit
        read_network(bare, input_shape=(2, 9, 7))
    network = read_network(bare, input_shape=(2, 7, 7))
    assert network.shapes[0] == (3, 3, 5)


@pytest.mark.parametrize("shape", [(0, 2, 3), (2, 3), (1.5,), (), (2, -1, 3)])
def test_what_is_no_shape_is_refused(bare: Path, shape: Any) -> None:
    with pytest.raises(InputError, match="input shape: expected"):
        read_network(bare, input_shape=shape)


def test_the_shape_of_the_file_is_not_overruled(tmp_path: Path) -> None:
    path = pooled(tmp_path / "a.net", 6, (2, 3, 2))
    assert read_network(path, input_shape=(2, 6, 4)).input_shape == (2, 6, 4)
    with pytest.raises(InputError, match=r"expected \(2, 6, 4\), as in"):
        read_network(path, input_shape=(2, 4, 6))


def test_a_pool_of_even_sizes_is_the_convolution_that_it_is(tmp_path: Path) -> None:
    network = read_network(pooled(tmp_path / "a.net", 6, (2, 3, 2)))
    spikes = (np.random.default_rng(1).random((3, 2, 6, 4, 9)) < 0.3).astype(np.uint8)
    sums = torch.nn.functional.avg_pool2d(
        torch.from_numpy(spikes).double().movedim(-1, 1).flatten(0, 1), 2, divisor_override=1
    )
    # SLAYER's pool: a spike where more than one of the four arrives, a step later
    expected = (sums > 1).unflatten(0, (3, 9)).movedim(1, -1).numpy()
    found = simulate(network, spikes, "native").spikes
    assert (found[..., 1:] == expected[..., :-1]).all()
    assert found.any()


def test_a_pool_that_rounds_up_is_refused_with_the_reason(tmp_path: Path) -> None:
    path = pooled(tmp_path / "a.net", 7, (2, 4, 2))
    with pytest.raises(FileFormatError, match="SLAYER rounds up") as raised:
        read_network(path)
    assert "layer 1, type pool" in str(raised.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"version https://git-lfs.github.com/spec/v1\nsize 1\n", "git lfs pull"),
        (b"\x80\x04\x95junk", "never read"),
    ],
)
def test_files_of_other_kinds_are_named_with_the_next_step(
    tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "a.net"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=said):
        read_network(path)


def test_a_nir_graph_is_sent_to_convert(tmp_path: Path) -> None:
    path = tmp_path / "a.net"
    with h5py.File(path, "w") as file:
        file.create_group("node")
    with pytest.raises(FileFormatError, match=r"neurodeploy convert GRAPH\.nir OUTPUT\.net --dt"):
        read_network(path)

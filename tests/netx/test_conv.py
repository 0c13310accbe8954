from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from small_layers import NEURON, conv

from neurodeploy.errors import NetworkError
from neurodeploy.netx.layers import Conv
from neurodeploy.netx.network import Network


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"stride": (0, 1)}, "stride"),
        ({"padding": (0, -1)}, "padding"),
        ({"dilation": (1, 0)}, "dilation"),
        ({"stride": (1, 2, 3)}, "stride"),
        ({"groups": 0}, "groups"),
        ({"groups": 3}, "groups"),
        ({"groups": [1, 2]}, "groups"),
        ({"weight": np.ones((2, 2))}, "weight"),
    ],
)
def test_impossible_convolutions_are_refused(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(NetworkError, match=field):
        conv(4, 2, 3, 3, **changes)


def test_one_number_stands_for_height_and_width() -> None:
    layer = conv(1, 1, 2, 2, stride=2, padding=3, dilation=[4])
    assert (layer.stride, layer.padding, layer.dilation) == ((2, 2), (3, 3), (4, 4))


@pytest.mark.parametrize("kernel", [(1, 1), (3, 2)])
@pytest.mark.parametrize("stride", [(1, 1), (2, 3)])
@pytest.mark.parametrize("padding", [(0, 0), (2, 1)])
@pytest.mark.parametrize("dilation", [(1, 1), (2, 3)])
def test_shape_of_a_convolution_is_where_its_kernel_fits(
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
) -> None:
    layer = conv(4, 1, *kernel, stride=stride, padding=padding, dilation=dilation, groups=2)
    sizes = []
    for axis, size in enumerate((7, 9)):
        reach = dilation[axis] * (kernel[axis] - 1)
        padded = size + 2 * padding[axis]
        sizes.append(len([at for at in range(0, padded, stride[axis]) if at + reach < padded]))
    assert layer.output_shape((2, 7, 9)) == (4, *sizes)


@pytest.mark.parametrize("shape", [(2, 2), (2,), (1, 9, 9), (3, 9, 9), (2, 2, 9), (2, 9, 1)])
def test_a_convolution_refuses_another_input(shape: tuple[int, ...]) -> None:
    with pytest.raises(NetworkError, match="input of the layer"):
        conv(1, 2, 3, 2).output_shape(shape)


def test_the_delay_of_a_convolution_is_validated() -> None:
    layer = Conv(weight=np.ones((1, 1, 1, 1)), neuron=NEURON, delay=3)
    assert Network(input_shape=(1, 3, 3), layers=(layer,)).parameters == 2
    with pytest.raises(NetworkError, match="delay"):
        Conv(weight=np.ones((1, 1, 1, 1)), neuron=NEURON, delay=[0.5])


def reached(layer: Conv, present: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Kernel positions that each input feeds: the gradient of a sum of PyTorch's convolution."""
    image = torch.zeros((1, *shape), dtype=torch.float64, requires_grad=True)
    kernels = torch.from_numpy(present.astype(np.float64))
    options = (layer.stride, layer.padding, layer.dilation, layer.groups)
    torch.nn.functional.conv2d(image, kernels, None, *options).sum().backward()
    assert image.grad is not None
    return image.grad[0].numpy().astype(np.int64)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"padding": (1, 2)},
        {"stride": (2, 3)},
        {"dilation": (2, 1)},
        {"groups": 2},
        {"stride": (3, 1), "padding": (2, 1), "dilation": (1, 2), "groups": 2},
        {"stride": (4, 4)},
    ],
    ids=str,
)
def test_fan_out_of_a_convolution_is_what_a_spike_reaches(options: dict[str, Any]) -> None:
    shape = (4, 5, 6)
    weight = np.random.default_rng(0).integers(-1, 2, (6, 4 // options.get("groups", 1), 3, 2))
    assert (weight == 0).any()
    layer = Conv(weight=weight, neuron=NEURON, **options)
    connections, effective = layer.fan_out(shape)
    np.testing.assert_array_equal(connections, reached(layer, np.ones_like(weight), shape))
    np.testing.assert_array_equal(effective, reached(layer, weight != 0, shape))


def test_fan_out_with_stride_groups_and_padding_by_hand() -> None:
    """Kernels of 2 positions, every third pixel on: pixels 0 and 3 at first, 1 and 4 at second."""
    weight = np.array([[0, 1], [2, 3], [4, 0], [5, 0]]).reshape(4, 1, 1, 2)
    layer = Conv(weight=weight, neuron=NEURON, stride=(1, 3), groups=2)
    assert layer.output_shape((2, 1, 6)) == (4, 1, 2)
    connections, effective = layer.fan_out((2, 1, 6))
    assert connections.tolist() == [[[2, 2, 0, 2, 2, 0]]] * 2
    assert effective.tolist() == [[[1, 2, 0, 1, 2, 0]], [[2, 0, 0, 2, 0, 0]]]
    assert layer.synapses((2, 1, 6)) == (16, 10)
    padded = Conv(weight=np.ones((3, 1, 1, 2)), neuron=NEURON, padding=(0, 1))
    assert padded.fan_out((1, 1, 2))[0].tolist() == [[[6, 6]]]


def test_a_spike_at_the_edge_has_fewer_connections() -> None:
    layer = Conv(weight=np.ones((1, 1, 3, 3)), neuron=NEURON)
    connections, _ = layer.fan_out((1, 5, 5))
    assert connections[0].tolist() == [
        [1, 2, 3, 2, 1],
        [2, 4, 6, 4, 2],
        [3, 6, 9, 6, 3],
        [2, 4, 6, 4, 2],
        [1, 2, 3, 2, 1],
    ]

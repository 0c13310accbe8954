from __future__ import annotations

from typing import Any

import numpy as np
import pytest
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


def convolve(layer: Conv, kernels: np.ndarray, image: np.ndarray) -> np.ndarray:
    """One output at a time, straight from the definition."""
    outputs, per_group, height, width = kernels.shape
    pad_y, pad_x = layer.padding
    padded = np.pad(image, ((0, 0), (pad_y, pad_y), (pad_x, pad_x)))
    result = np.zeros(layer.output_shape(image.shape), np.int64)
    for channel, row, column in np.ndindex(result.shape):
        group = channel // (outputs // layer.groups)
        for inner, y, x in np.ndindex(per_group, height, width):
            result[channel, row, column] += (
                kernels[channel, inner, y, x]
                * padded[
                    group * per_group + inner,
                    row * layer.stride[0] + y * layer.dilation[0],
                    column * layer.stride[1] + x * layer.dilation[1],
                ]
            )
    return result


def reached(layer: Conv, present: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Outputs that a single spike at each input position reaches."""
    counts = np.zeros(shape, np.int64)
    for position in np.ndindex(shape):
        image = np.zeros(shape, np.int64)
        image[position] = 1
        counts[position] = np.count_nonzero(convolve(layer, present, image))
    return counts


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
    np.testing.assert_array_equal(effective, reached(layer, np.abs(weight), shape))


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

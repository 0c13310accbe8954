"""Convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurodeploy.errors import NetworkError, message
from neurodeploy.netx.layers.base import LayerBase, checked_bias, given, require_decays
from neurodeploy.netx.neurons import CubaNeuron, SdnnNeuron, integers


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Conv(LayerBase):
    """A convolution layer over [channel, height, width] features.

    Parameters
    ----------
    weight : int array [output channel, input channel / groups, height, width]
        Kernels, as PyTorch and SLAYER orient them.
    neuron : CubaNeuron or SdnnNeuron
        Dynamics of its neurons.
    stride, padding, dilation : (int, int)
        Along height and width.
    groups : int
        Blocked connections between channels.
    bias : int array [output channel], optional
        As in `Dense`.
    delay : int array, optional
        Kept because a file may hold one; Lava ignores it, and so does every engine.
    """

    weight: np.ndarray
    neuron: CubaNeuron | SdnnNeuron
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1
    bias: np.ndarray | None = None
    delay: np.ndarray | None = None

    kind = "conv"

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", integers(self.weight, "weight", ndim=4))
        for name, least in (("stride", 1), ("padding", 0), ("dilation", 1)):
            pair = integers(getattr(self, name), name).ravel()
            if pair.size not in (1, 2) or pair.min() < least:
                raise NetworkError(
                    message(name, f"(height, width), each at least {least}", pair.tolist())
                )
            object.__setattr__(self, name, (int(pair[0]), int(pair[-1])))
        groups = integers(self.groups, "groups")
        if groups.size != 1 or groups.min() < 1 or self.weight.shape[0] % groups.item():
            raise NetworkError(
                message("groups", f"a divisor of {self.weight.shape[0]} channels", groups.tolist())
            )
        object.__setattr__(self, "groups", int(groups.item()))
        if self.bias is not None:
            object.__setattr__(self, "bias", checked_bias(self.bias, self.weight.shape[0]))
        if self.delay is not None:
            object.__setattr__(self, "delay", integers(self.delay, "delay"))
        require_decays(self.neuron, self.weight.shape[0], "channels")

    @property
    def forward_matrices(self) -> dict[str, np.ndarray]:
        """Kernels, by field."""
        return {"weight": self.weight}

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All integers that the layer stores, but those of its neurons: weights, biases, delays."""
        return self.matrices | given(bias=self.bias, delay=self.delay)

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape [channel, height, width] of the layer's features.

        Raises
        ------
        NetworkError
            The input is not [channel, height, width], has other channels than the kernels, or
            is smaller than a kernel.
        """
        channels = self.weight.shape[1] * self.groups
        if len(input_shape) != 3 or input_shape[0] != channels:
            raise NetworkError(
                message("input of the layer", f"({channels}, height, width)", input_shape)
            )
        height, width = convolved(
            input_shape[1:], self.weight.shape[2:], self.stride, self.padding, self.dilation
        )
        if height < 1 or width < 1:
            raise NetworkError(
                message("input of the layer", f"at least {self.weight.shape[2:]}", input_shape)
            )
        return (self.weight.shape[0], height, width)

    def fan_out(self, input_shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Connections of each input feature: all, and those with a weight other than 0.

        Fewer at the edge of the image, and where a stride leaves features out.

        Parameters
        ----------
        input_shape : (int, int, int)
            Features before the layer, [channel, height, width].

        Returns
        -------
        connections, effective : int64 array [*input_shape]
        """
        return (
            self._reached(np.ones(self.weight.shape, np.int64), input_shape),
            self._reached((self.weight != 0).astype(np.int64), input_shape),
        )

    def _reached(self, present: np.ndarray, input_shape: tuple[int, ...]) -> np.ndarray:
        """Scatter each kernel position back from every output position."""
        _, height, width = self.output_shape(input_shape)
        (pad_y, pad_x), (step_y, step_x) = self.padding, self.stride
        padded = np.zeros(
            (input_shape[0], input_shape[1] + 2 * pad_y, input_shape[2] + 2 * pad_x), np.int64
        )
        outputs, inputs, kernel_y, kernel_x = present.shape
        by_input = present.reshape(self.groups, outputs // self.groups, inputs, kernel_y, kernel_x)
        from_channel = by_input.sum(1).reshape(-1, kernel_y, kernel_x)
        for y in range(kernel_y):
            for x in range(kernel_x):
                top, left = y * self.dilation[0], x * self.dilation[1]
                padded[
                    :,
                    top : top + (height - 1) * step_y + 1 : step_y,
                    left : left + (width - 1) * step_x + 1 : step_x,
                ] += from_channel[:, y, x, None, None]
        return padded[:, pad_y : pad_y + input_shape[1], pad_x : pad_x + input_shape[2]]


def convolved(
    sides: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
) -> tuple[int, int]:
    """Height and width of what a convolution makes of an image, as PyTorch counts them."""
    height, width = (
        (size + 2 * pad - dilate * (taps - 1) - 1) // step + 1
        for size, taps, step, pad, dilate in zip(
            sides, kernel, stride, padding, dilation, strict=True
        )
    )
    return height, width

"""Kernels and pools, and how one behind the other become one kernel.

Where the first has stride s and dilation d and the second dilation d', tap a of the first and tap b
of the second are tap ``d a + s d' b`` of the whole, whose stride is the product of both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodeploy.errors import NetworkError, message
from neurodeploy.netx.layers.conv import convolved

Pair = tuple[int, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class Window:
    """Taps over an image, and where they are laid.

    Parameters
    ----------
    taps : float64 array [output channel, input channel / groups, height, width]
        Of a convolution; of a pool ``[1, 1, height, width]``, the same for every channel.
    stride, padding, dilation : (int, int)
        Along height and width.
    """

    taps: np.ndarray
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)

    @property
    def geometry(self) -> dict[str, Pair]:
        """All but the taps, by name."""
        return {"stride": self.stride, "padding": self.padding, "dilation": self.dilation}

    def sizes(self, before: Pair) -> Pair:
        """Height and width behind it."""
        height, width = convolved(
            before, self.taps.shape[2:], self.stride, self.padding, self.dilation
        )
        return height, width


def as_one(name: str, first: Window, second: Window, before: Pair) -> Window:
    """A pool and a convolution, in either order, as one convolution.

    Parameters
    ----------
    name : str
        Of the second node, for errors.
    first, second : Window
        One of them is a pool.
    before : (int, int)
        Height and width before the first.

    Raises
    ------
    NetworkError
        The second is padded where one kernel would read features.
    """
    between = first.sizes(before)
    spans = [
        dilation * (size - 1) + 1
        for dilation, size in zip(first.dilation, first.taps.shape[2:], strict=True)
    ]
    for axis in (0, 1):
        reached = between[axis] * first.stride[axis] - first.padding[axis]
        overlaps = spans[axis] > first.stride[axis] + first.padding[axis]
        if second.padding[axis] and (overlaps or reached < before[axis]):
            expected = f"0, or a pool that divides {before} before it"
            raise NetworkError(message(f"node {name}, padding", expected, second.padding))
    steps = [s * d for s, d in zip(first.stride, second.dilation, strict=True)]
    channels = np.broadcast_shapes(first.taps.shape[:2], second.taps.shape[:2])
    kernel = second.taps.shape[2:]
    sizes = [span + step * (n - 1) for span, step, n in zip(spans, steps, kernel, strict=True)]
    taps = np.zeros((*channels, *sizes))
    for row, column in np.ndindex(*kernel):
        rows, columns = (
            slice(step * at, step * at + span, dilation)
            for step, at, span, dilation in zip(
                steps, (row, column), spans, first.dilation, strict=True
            )
        )
        taps[:, :, rows, columns] += first.taps * second.taps[:, :, row, column, None, None]
    return Window(
        taps=taps,
        stride=(first.stride[0] * second.stride[0], first.stride[1] * second.stride[1]),
        padding=(
            first.padding[0] + first.stride[0] * second.padding[0],
            first.padding[1] + first.stride[1] * second.padding[1],
        ),
    )

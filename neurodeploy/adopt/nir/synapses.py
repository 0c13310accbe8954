"""What is multiplied between two layers of neurons, folded into one matrix or one kernel."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from neurodeploy.adopt.float_run import synapse_matrices
from neurodeploy.adopt.floats import FloatLayer
from neurodeploy.adopt.nir.neurons import per_row
from neurodeploy.adopt.nir.profiles import Step
from neurodeploy.adopt.nir.windows import Pair, Window, as_one
from neurodeploy.errors import NetworkError, message
from neurodeploy.netx.layers.dense import MAX_DELAY_STEPS

PART_OF_A_STEP = 1e-4
"""A delay in float32 seconds may be so far from a whole number of steps."""


class Synapses:
    """Takes the nodes between two layers of neurons one after another.

    Parameters
    ----------
    shape : tuple of int
        Of the features before the first node.
    step : Step
        Of time, which delays are counted in.
    """

    def __init__(self, shape: tuple[int, ...], step: Step) -> None:
        self.shape = shape
        self._before = shape
        self._step = step
        self._pool: Window | None = None
        self._window: Window | None = None
        self._groups = 1
        self._matrix: np.ndarray | None = None
        self._offset: np.ndarray | None = None
        self._delays: list[np.ndarray] = []

    def take(self, name: str, node: Any) -> None:
        """Pass one node.

        Raises
        ------
        NetworkError
            It cannot be folded into one matrix or kernel; the message names it.
        """
        kind = type(node).__name__
        take = {
            "Affine": self._affine,
            "Linear": self._affine,
            "Conv1d": self._conv,
            "Conv2d": self._conv,
            "Scale": self._scale,
            "Flatten": self._flatten,
            "SumPool2d": self._take_pool,
            "AvgPool2d": self._take_pool,
            "Delay": self._delay,
        }
        if kind not in take:
            expected = f"{', '.join(take)}, or neurons"
            raise NetworkError(message(f"node {name}", expected, kind))
        take[kind](name, node)

    def folded(self, name: str) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
        """Weights, what is added to each sum, and the rest of a `FloatLayer`.

        Parameters
        ----------
        name : str
            Of the neurons that are reached.

        Raises
        ------
        NetworkError
            Nothing is multiplied before them, or a convolution is delayed.
        """
        rest: dict[str, Any] = {}
        if self._matrix is None and len(self.shape) == 1 and self._window is None:
            self._matrix = self._unpooled(np.eye(self.shape[0]))
        if self._matrix is not None:
            weight = self._matrix
        elif self._window is not None:
            weight = self._window.taps
            rest = {**self._window.geometry, "groups": self._groups}
        elif self._pool is not None:
            taps = self._pool.taps
            weight = np.broadcast_to(taps, (self.shape[0], 1, *taps.shape[2:]))
            rest = {**self._pool.geometry, "groups": self.shape[0]}
        else:
            raise NetworkError(message(f"node {name}", "weights before it", "none"))
        if self._delays:
            if weight.ndim > 2:
                expected = "no Delay before it, for Lava ignores those of convolutions"
                raise NetworkError(message(f"node {name}", expected, "one"))
            rest["delay"] = _summed(name, self._delays, weight.shape)
        offset = 0.0 if self._offset is None else self._offset
        return weight, np.broadcast_to(offset, (len(weight),)), rest

    def _affine(self, name: str, node: Any) -> None:
        matrix = _numbers(name, node.weight)
        if len(self.shape) > 1:
            remedy = "Put a Flatten node before it."
            raise NetworkError(message(f"node {name}", "a vector", self.shape, remedy))
        if matrix.ndim != 2 or matrix.shape[1] != self.shape[0]:
            expected = f"weights [output, {self.shape[0]}]"
            raise NetworkError(message(f"node {name}", expected, matrix.shape))
        if self._window is not None:
            raise NetworkError(message(f"node {name}", "neurons after a convolution", "none"))
        bias = _numbers(name, getattr(node, "bias", np.zeros(len(matrix))))
        if self._matrix is None:
            matrix = self._unpooled(matrix)
        else:
            if self._delays:
                raise NetworkError(message(f"node {name}", "neurons after a Delay", "weights"))
            offset = 0.0 if self._offset is None else self._offset
            bias = bias + matrix @ np.broadcast_to(offset, (matrix.shape[1],))
            matrix = matrix @ self._matrix
        self._matrix, self._offset, self.shape = matrix, bias, (len(matrix),)

    def _conv(self, name: str, node: Any) -> None:
        kernel = _numbers(name, node.weight)
        line = kernel.ndim == 3
        if line:
            kernel = kernel[:, :, None]
        groups = int(node.groups)
        fits = len(self.shape) == 3 and self.shape[0] == kernel.shape[1] * groups
        if self._window is not None or self._matrix is not None or not fits:
            expected = f"features of {kernel.shape[1] * groups} channels, behind neurons"
            raise NetworkError(message(f"node {name}", expected, self.shape))
        dilation = _pair(name, "dilation", node.dilation, line)
        window = Window(
            taps=kernel,
            stride=_pair(name, "stride", node.stride, line),
            padding=_padding(name, node.padding, line, kernel.shape[2:], dilation),
            dilation=dilation,
        )
        sizes = window.sizes(_sides(self.shape))
        if min(sizes) < 1:
            found = f"a kernel of {kernel.shape[2:]} for {_sides(self.shape)}"
            raise NetworkError(message(f"node {name}", "a kernel that fits", found))
        if self._pool is not None:
            window, self._pool = as_one(name, self._pool, window, _sides(self._before)), None
        self._window, self._groups = window, groups
        self._offset = _numbers(name, node.bias)
        self.shape = (len(kernel), *sizes)

    def _take_pool(self, name: str, node: Any) -> None:
        if len(self.shape) != 3 or self._pool is not None or self._matrix is not None:
            expected = "features (channel, height, width), and one pool"
            raise NetworkError(message(f"node {name}", expected, self.shape))
        height, width = _pair(name, "kernel_size", node.kernel_size)
        average = type(node).__name__ == "AvgPool2d"
        pool = Window(
            taps=np.full((1, 1, height, width), 1 / (height * width) if average else 1.0),
            stride=_pair(name, "stride", node.stride),
            padding=_pair(name, "padding", node.padding),
        )
        sizes = pool.sizes(_sides(self.shape))
        if min(sizes) < 1:
            found = f"a pool of {(height, width)} for {_sides(self.shape)}"
            raise NetworkError(message(f"node {name}", "a pool that fits", found))
        if self._window is None:
            self._pool = pool
        else:
            self._window = as_one(name, self._window, pool, _sides(self._before))
            if self._offset is not None:
                self._offset = self._offset * pool.taps.sum()
        self.shape = (self.shape[0], *sizes)

    def _scale(self, name: str, node: Any) -> None:
        scale = _numbers(name, node.scale)
        if self._window is not None:
            rows = per_row(name, "scale", scale, self.shape[0])
            taps = self._window.taps * rows[:, None, None, None]
            self._window = Window(taps=taps, **self._window.geometry)
        elif len(self.shape) == 1:
            rows = per_row(name, "scale", scale, self.shape[0])
            matrix = self._unpooled(np.eye(len(rows))) if self._matrix is None else self._matrix
            self._matrix = matrix * rows[:, None]
        else:
            raise NetworkError(message(f"node {name}", "weights before it", "none"))
        if self._offset is not None:
            self._offset = self._offset * rows

    def _flatten(self, name: str, node: Any) -> None:
        if self._window is not None:
            raise NetworkError(message(f"node {name}", "neurons before it", "weights"))
        self.shape = (math.prod(self.shape),)

    def _delay(self, name: str, node: Any) -> None:
        if self._window is not None or self._pool is not None:
            raise NetworkError(message(f"node {name}", "neurons before it", "a convolution"))
        unit = self._step.known
        delay = np.asarray(node.delay, np.float64) / unit
        steps = np.rint(delay)
        if not np.isfinite(delay).all() or (abs(delay - steps) > PART_OF_A_STEP).any():
            expected = f"whole steps of {unit:g}"
            raise NetworkError(message(f"node {name}, delay", expected, node.delay))
        if steps.min() < 0 or steps.max() > MAX_DELAY_STEPS:
            expected = f"0 to {MAX_DELAY_STEPS} steps, which netx has"
            raise NetworkError(message(f"node {name}, delay", expected, steps.max()))
        features = math.prod(self.shape)
        if steps.size not in (1, features):
            expected = f"one value, or {features}"
            raise NetworkError(message(f"node {name}, delay", expected, steps.shape))
        values = np.broadcast_to(steps.astype(np.int64).ravel(), (features,))
        self._delays.append(values[None] if self._matrix is None else values[:, None])

    def _unpooled(self, matrix: np.ndarray) -> np.ndarray:
        """A matrix over pooled features, over those before the pool."""
        if self._pool is None:
            return matrix
        taps = self._pool.taps
        layer = FloatLayer(
            name="pool",
            weight=np.broadcast_to(taps, (self._before[0], 1, *taps.shape[2:])),
            current_decay=1.0,
            voltage_decay=1.0,
            threshold=1.0,
            stride=self._pool.stride,
            padding=self._pool.padding,
            groups=self._before[0],
        )
        ((_, pooled),) = synapse_matrices(layer, self._before)
        self._pool = None
        return np.asarray((pooled @ matrix.T).T)


def _summed(name: str, delays: list[np.ndarray], shape: tuple[int, int]) -> np.ndarray:
    """Delays of all synapses [output, input]."""
    steps = np.zeros(shape, np.int64)
    for delay in delays:
        steps += delay
    if steps.max() > MAX_DELAY_STEPS:
        expected = f"delays of at most {MAX_DELAY_STEPS} steps before it"
        raise NetworkError(message(f"node {name}", expected, steps.max()))
    return steps


def _sides(shape: tuple[int, ...]) -> Pair:
    return shape[1], shape[2]


def _numbers(name: str, values: Any) -> np.ndarray:
    array = np.asarray(values, np.float64)
    if not np.isfinite(array).all():
        raise NetworkError(message(f"node {name}", "finite numbers", "others"))
    return array


def _pair(name: str, field: str, value: Any, line: bool = False) -> Pair:
    """A value along height and width; a line has a width alone."""
    numbers = np.ravel(value)
    if numbers.dtype.kind not in "iuf" or numbers.size not in (1, 2 - line):
        expected = "one number" if line else "(height, width)"
        raise NetworkError(message(f"node {name}, {field}", expected, value))
    if line:
        return (0 if field == "padding" else 1), int(numbers[0])
    return int(numbers[0]), int(numbers[-1])


def _padding(name: str, value: Any, line: bool, kernel: tuple[int, ...], dilation: Pair) -> Pair:
    """Padding in numbers, or in words, as PyTorch has them."""
    word = value.decode() if isinstance(value, bytes) else value
    if isinstance(word, str) and word == "valid":
        return (0, 0)
    if isinstance(word, str) and word == "same" and all(size % 2 for size in kernel):
        height, width = (d * (size - 1) // 2 for d, size in zip(dilation, kernel, strict=True))
        return height, width
    return _pair(name, "padding", value, line)

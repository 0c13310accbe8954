"""NIR stages -> layers in floats, by forward Euler.

NIR is continuous in time (Pedersen et al. 2024, Nature Communications 15, 8122). With a step dt its
equations become, for what arrives x::

    LIF      tau dv/dt = v_leak - v + r x           v' = v + dt/tau (v_leak - v + r x)
    IF       dv/dt = r x                            v' = v + r x, a step being the unit of time
    CubaLIF  tau_syn di/dt = -i + w_in x            i' = i + dt/tau_syn (w_in x - i)
             tau_mem dv/dt = v_leak - v + r i       v' = v + dt/tau_mem (v_leak - v + r i')

with a spike and a reset to 0 where v' exceeds the threshold. IF graphs of sinabs and others mean a
weight to be added whole for a spike, so dt does not scale it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from neurodeploy.adopt.floats import FloatLayer, FloatNetwork
from neurodeploy.adopt.nir_graph import Stage, stages_of
from neurodeploy.errors import InputError, NetworkError, message
from neurodeploy.netx.layers.conv import convolved

ZERO_RESET = "netx resets to 0. Move the zero of the voltage: subtract v_reset in the source tool."


def floats_of(graph: Any, *, dt_s: float, input_shape: Sequence[int] | None = None) -> FloatNetwork:
    """A NIR graph in steps.

    Parameters
    ----------
    graph : nir.NIRGraph
        From `neurodeploy.adopt.nir_graph.read_graph`.
    dt_s : float
        Seconds of a step.
    input_shape : sequence of int, optional
        Instead of what the graph's input node says.

    Returns
    -------
    FloatNetwork
        One step of latency a layer; NIR has none.

    Raises
    ------
    InputError
        ``dt_s`` is no positive number.
    NetworkError
        A node cannot be brought to netx; the message names it.
    """
    if not 0 < dt_s < math.inf:
        raise InputError(message("dt_s", "seconds of a step, more than 0", dt_s))
    stages = stages_of(graph)
    name = next(name for name, node in graph.nodes.items() if type(node).__name__ == "Input")
    shape = tuple(input_shape or np.ravel(graph.nodes[name].input_type["input"]).tolist())
    entry, layers = shape, []
    for stage in stages:
        layer, shape = _layer(stage, shape, dt_s)
        layers.append(layer)
    return FloatNetwork(input_shape=entry, layers=tuple(layers))


def _layer(
    stage: Stage, before: tuple[int, ...], dt_s: float
) -> tuple[FloatLayer, tuple[int, ...]]:
    synapses = _Synapses(before)
    for name, node in stage.nodes:
        synapses.take(name, node)
    name, neuron = stage.neuron
    weight, offset = synapses.weight(name)
    after = synapses.shape
    count = len(weight)
    current_decay, voltage_decay, gain, leak = _dynamics(name, neuron, count, dt_s)
    threshold = _per_row(name, "v_threshold", neuron.v_threshold, count)
    if (threshold <= 0).any():
        raise NetworkError(message(f"node {name}, v_threshold", "more than 0", threshold.min()))
    if np.any(neuron.v_reset):
        found = np.ravel(neuron.v_reset)[np.flatnonzero(neuron.v_reset)[0]]
        raise NetworkError(message(f"node {name}, v_reset", 0, found, ZERO_RESET))
    steady = np.asarray(current_decay, np.float64)
    if offset.any() and (steady < 1).any():
        remedy = "netx adds a bias to the voltage, not to the current. Remove it before export."
        raise NetworkError(
            message(f"node {name}", "no bias into a filtered current", "one", remedy)
        )
    scale = gain / threshold
    bias = (offset * gain + leak) / threshold
    recurrent = None
    if stage.recurrent is not None:
        back, node = stage.recurrent
        if np.any(getattr(node, "bias", 0)):
            remedy = "Add it to the bias of the layer's own Affine."
            raise NetworkError(message(f"node {back}, bias", 0, "another one", remedy))
        if weight.ndim != 2 or node.weight.shape != (count, count):
            expected = f"weights ({count}, {count}) of a dense layer"
            raise NetworkError(message(f"node {back}", expected, node.weight.shape))
        recurrent = np.asarray(node.weight, np.float64) * scale[:, None]
    layer = FloatLayer(
        name=name,
        weight=weight * scale.reshape(-1, *[1] * (weight.ndim - 1)),
        current_decay=current_decay,
        voltage_decay=voltage_decay,
        threshold=1.0,
        bias=bias if bias.any() else None,
        recurrent_weight=recurrent,
        **synapses.geometry,
    )
    return layer, after


def _dynamics(name: str, node: Any, count: int, dt_s: float) -> tuple[Any, Any, Any, Any]:
    """Decays, what a weighted sum is multiplied with, and what leaks into the voltage a step."""
    gain = _per_row(name, "r", node.r, count)
    if type(node).__name__ == "IF":
        return 1.0, 0.0, gain, np.zeros(count)
    leak = _per_row(name, "v_leak", node.v_leak, count)
    if type(node).__name__ == "LIF":
        decay = _rate(name, "tau", node.tau, count, dt_s)
        return 1.0, _plain(decay), gain * decay, leak * decay
    synaptic = _rate(name, "tau_syn", node.tau_syn, count, dt_s)
    membrane = _rate(name, "tau_mem", node.tau_mem, count, dt_s)
    gain = gain * membrane * synaptic * _per_row(name, "w_in", node.w_in, count)
    return _plain(synaptic), _plain(membrane), gain, leak * membrane


def _rate(name: str, field: str, tau: Any, count: int, dt_s: float) -> np.ndarray:
    rate = dt_s / _per_row(name, field, tau, count)
    if not ((rate > 0) & (rate <= 1)).all():
        expected = f"time constants of at least a step, {dt_s} s"
        remedy = "Choose a shorter step; tau is in the tool's own unit of time."
        raise NetworkError(message(f"node {name}, {field}", expected, np.min(tau), remedy))
    return rate


def _per_row(name: str, field: str, value: Any, count: int) -> np.ndarray:
    """One value a neuron, or a channel in which all are equal, float64 [count]."""
    array = np.asarray(value, np.float64)
    if not np.isfinite(array).all():
        raise NetworkError(message(f"node {name}, {field}", "finite numbers", "others"))
    if array.size == 1:
        return np.full(count, array.item())
    if array.size % count or (array.ndim and array.shape[0] != count):
        expected = f"one value, or {count}"
        raise NetworkError(message(f"node {name}, {field}", expected, array.shape))
    rows = array.reshape(count, -1)
    if (rows != rows[:, :1]).any():
        expected = "one value a channel, which netx shares between all its neurons"
        raise NetworkError(message(f"node {name}, {field}", expected, "others"))
    return rows[:, 0]


def _plain(values: np.ndarray) -> Any:
    return float(values[0]) if (values == values[0]).all() else values


class _Synapses:
    """What is multiplied between two layers of neurons, folded into one matrix or kernel."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.geometry: dict[str, Any] = {}
        self._pool: tuple[int, int] | None = None
        self._pooled = shape
        self._pool_weight = 1.0
        self._weight: np.ndarray | None = None
        self._offset: np.ndarray | None = None

    def take(self, name: str, node: Any) -> None:
        """Pass one node."""
        kind = type(node).__name__
        take = {
            "Affine": self._affine,
            "Linear": self._affine,
            "Conv2d": self._conv,
            "Scale": self._scale,
            "Flatten": self._flatten,
            "SumPool2d": self._take_pool,
            "AvgPool2d": self._take_pool,
        }.get(kind)
        if take is None:
            expected = "Affine, Linear, Conv2d, Scale, Flatten, SumPool2d, AvgPool2d or neurons"
            raise NetworkError(message(f"node {name}", expected, kind))
        take(name, node)

    def weight(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Weights and what is added to each sum, once the neurons ``name`` are reached."""
        if self._weight is None and self._pool is None and len(self.shape) == 1:
            self._weight = np.eye(self.shape[0])
        if self._weight is None:
            remedy = "Pools are folded into the weights that follow them."
            raise NetworkError(message(f"node {name}", "weights before it", "none", remedy))
        count = len(self._weight)
        offset = np.zeros(count) if self._offset is None else self._offset
        return self._weight, np.broadcast_to(offset, (count,))

    def _affine(self, name: str, node: Any) -> None:
        matrix = _numbers(name, node.weight)
        if len(self.shape) > 1 and not (self._pool is None and matrix.shape[1:] == self.shape):
            remedy = "Put a Flatten node before it."
            raise NetworkError(message(f"node {name}", "a vector", self.shape, remedy))
        if self._pool is not None:
            matrix = self._unpooled(matrix)
        bias = _numbers(name, getattr(node, "bias", np.zeros(len(matrix))))
        if self._weight is not None:
            if self._weight.ndim != 2:
                raise NetworkError(message(f"node {name}", "neurons after a convolution", "none"))
            bias = bias + matrix @ np.broadcast_to(
                0.0 if self._offset is None else self._offset, (matrix.shape[1],)
            )
            matrix = matrix @ self._weight
        self._weight, self._offset, self.shape = matrix, bias, (len(matrix),)

    def _conv(self, name: str, node: Any) -> None:
        if self._weight is not None or len(self.shape) != 3:
            expected = "a convolution of (channel, height, width), behind neurons or the input"
            raise NetworkError(message(f"node {name}", expected, self.shape))
        kernel = _numbers(name, node.weight)
        stride, padding, dilation = (
            _pair(name, field, getattr(node, field)) for field in ("stride", "padding", "dilation")
        )
        pool = self._pool or (1, 1)
        if pool != (1, 1):
            if dilation != (1, 1):
                raise NetworkError(message(f"node {name}, dilation", "1 after a pool", dilation))
            kernel = np.kron(kernel, np.ones(pool)) * self._pool_weight
        size = convolved(self.shape[1:], node.weight.shape[2:], stride, padding, dilation)
        self.geometry = {
            "stride": (stride[0] * pool[0], stride[1] * pool[1]),
            "padding": (padding[0] * pool[0], padding[1] * pool[1]),
            "dilation": dilation,
            "groups": int(node.groups),
        }
        self._weight, self._offset = kernel, _numbers(name, node.bias)
        self.shape = (len(kernel), *size)

    def _scale(self, name: str, node: Any) -> None:
        scale = _numbers(name, node.scale)
        if self._weight is None and len(self.shape) == 1:
            self._weight = np.eye(self.shape[0])
        if self._weight is None:
            raise NetworkError(message(f"node {name}", "weights before it", "none"))
        rows = _per_row(name, "scale", scale, len(self._weight))
        self._weight = self._weight * rows.reshape(-1, *[1] * (self._weight.ndim - 1))
        self._offset = None if self._offset is None else self._offset * rows

    def _flatten(self, name: str, node: Any) -> None:
        if self._weight is not None:
            raise NetworkError(message(f"node {name}", "neurons before it", "weights"))
        self.shape = (math.prod(self.shape),)

    def _take_pool(self, name: str, node: Any) -> None:
        kernel, stride, padding = (
            _pair(name, field, getattr(node, field))
            for field in ("kernel_size", "stride", "padding")
        )
        fits = len(self.shape) == 3 and not any(
            size % step for size, step in zip(self.shape[1:], kernel, strict=True)
        )
        if self._weight is not None or self._pool is not None or not fits or any(padding):
            expected = "a pool of neurons, whose kernel divides height and width, without padding"
            raise NetworkError(message(f"node {name}", expected, f"{kernel} of {self.shape}"))
        if kernel != stride:
            raise NetworkError(message(f"node {name}, stride", f"its kernel {kernel}", stride))
        average = type(node).__name__ == "AvgPool2d"
        self._pool, self._pool_weight = kernel, 1 / math.prod(kernel) if average else 1.0
        self.shape = (
            self.shape[0],
            self.shape[1] // kernel[0],
            self.shape[2] // kernel[1],
        )
        self._pooled = self.shape

    def _unpooled(self, matrix: np.ndarray) -> np.ndarray:
        """A matrix over pooled features, over those before the pool."""
        assert self._pool is not None
        images = matrix.reshape(len(matrix), *self._pooled)
        spread = np.kron(images, np.ones((1, 1, *self._pool))) * self._pool_weight
        return spread.reshape(len(matrix), -1)


def _numbers(name: str, values: Any) -> np.ndarray:
    array = np.asarray(values, np.float64)
    if not np.isfinite(array).all():
        raise NetworkError(message(f"node {name}", "finite numbers", "others"))
    return array


def _pair(name: str, field: str, value: Any) -> tuple[int, int]:
    if isinstance(value, str):
        remedy = "Give it in numbers."
        raise NetworkError(message(f"node {name}, {field}", "(height, width)", value, remedy))
    pair = np.broadcast_to(np.ravel(value), (2,))
    return int(pair[0]), int(pair[1])

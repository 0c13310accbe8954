"""A network as netx means it: the one in-memory truth that every other part takes.

Everything is an integer, in the units of the chip. Features keep SLAYER's order,
``(channel, height, width)`` or ``(neuron,)``; a dense layer after a convolution reads the
features flattened in that order.

The dynamics of every neuron, for integer states u and v that start at rest (0), as Lava's
fixed-point models compute them::

    u' = trunc(u * (4096 - current_decay) / 4096) + (weighted input << 6)   wrapped to 24 bits
    v' = trunc(v * (4096 - voltage_decay) / 4096) + u' + (bias << 6)        clipped to 24 bits
    spike where v' > threshold << 6, then v' = 0

Spikes of time step t reach the neurons of the next layer at t + 1, later by the delay.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurodeploy.errors import NetworkError, message

DECAY_UNITY = 1 << 12
"""A decay that forgets everything in one step; 12 bits on the chip."""

MAX_DELAY_STEPS = 62
"""Longest delay that netx keeps; it clamps longer ones."""


def _integers(value: Any, where: str, ndim: int | None = None) -> np.ndarray:
    array = np.asarray(value)
    if array.dtype.kind not in "iufb":
        raise NetworkError(message(where, "whole numbers", f"values of type {array.dtype}"))
    if array.size == 0:
        raise NetworkError(message(where, "at least one value", f"shape {array.shape}"))
    if not np.isfinite(array).all() or (array != np.trunc(array)).any():
        wrong = array[~(np.isfinite(array) & (array == np.trunc(array)))]
        raise NetworkError(message(where, "whole numbers", f"{wrong[0]}"))
    if np.abs(array.astype(np.float64)).max() >= 2**31:
        raise NetworkError(message(where, "32-bit integers", f"{np.abs(array).max()}"))
    if ndim is not None and array.ndim != ndim:
        raise NetworkError(message(where, f"{ndim} axes", f"shape {array.shape}"))
    return np.array(array, dtype=np.int32, order="C")


def _within(array: np.ndarray, low: int, high: int, where: str) -> None:
    if array.min() < low or array.max() > high:
        found = f"{array.min()} to {array.max()}" if array.size > 1 else f"{array.item()}"
        raise NetworkError(message(where, f"{low} to {high}", found))


@dataclass(frozen=True, kw_only=True, eq=False)
class CubaNeuron:
    """Current-based leaky integrate-and-fire neurons of one layer.

    Parameters
    ----------
    current_decay, voltage_decay : int or int array [neuron] (dense) or [channel] (convolution)
        ``iDecay`` and ``vDecay`` of netx, 0 (keeps everything) to 4,096 (forgets everything).
    threshold : int
        ``vThMant`` of netx; a neuron spikes where its voltage exceeds it times 64.
    """

    current_decay: np.ndarray | int
    voltage_decay: np.ndarray | int
    threshold: int

    def __post_init__(self) -> None:
        for name in ("current_decay", "voltage_decay"):
            decay = _integers(getattr(self, name), name)
            _within(decay, 0, DECAY_UNITY, name)
            if decay.size == 1:
                object.__setattr__(self, name, int(decay.item()))
            elif decay.ndim == 1:
                object.__setattr__(self, name, decay)
            else:
                raise NetworkError(message(name, "one value or one axis", f"shape {decay.shape}"))
        threshold = _integers(self.threshold, "threshold")
        if threshold.size != 1:
            raise NetworkError(message("threshold", "one value", f"shape {threshold.shape}"))
        _within(threshold, 0, (1 << 18) - 1, "threshold")
        object.__setattr__(self, "threshold", int(threshold.item()))


@dataclass(frozen=True, kw_only=True, eq=False)
class Dense:
    """A fully connected layer.

    Parameters
    ----------
    weight : int array [output, input]
        Synaptic weights.
    neuron : CubaNeuron
        Dynamics of its neurons.
    bias : int array [output], optional
        Added, times 64, to the voltage in every step, from the first.
    delay : int, or int array [output], [input] or [output, input], optional
        Steps that a spike takes in addition to the one step between layers; netx clamps them
        to 62, and so do we when we run. One axis of length ``output`` delays all inputs of a
        neuron, as netx reads an axonal delay that SLAYER exports; that reading wins where both
        lengths are equal.
    """

    weight: np.ndarray
    neuron: CubaNeuron
    bias: np.ndarray | None = None
    delay: np.ndarray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", _integers(self.weight, "weight", ndim=2))
        outputs, inputs = self.weight.shape
        if self.bias is not None:
            bias = _integers(self.bias, "bias", ndim=1)
            if bias.shape not in ((outputs,), (1,)):
                raise NetworkError(message("bias", f"shape ({outputs},)", f"shape {bias.shape}"))
            object.__setattr__(self, "bias", np.broadcast_to(bias, (outputs,)).copy())
        if self.delay is not None:
            delay = _integers(self.delay, "delay")
            _within(delay, 0, 2**31 - 1, "delay")
            if delay.shape not in ((), (outputs,), (inputs,), (outputs, inputs)):
                raise NetworkError(
                    message(
                        "delay",
                        f"shape (), ({outputs},), ({inputs},) or ({outputs}, {inputs})",
                        f"shape {delay.shape}",
                    )
                )
            object.__setattr__(self, "delay", delay)
        _match_decays(self.neuron, outputs, "neurons")

    @property
    def kind(self) -> str:
        """Name of the layer type in netx."""
        return "dense"

    @property
    def delay_matrix(self) -> np.ndarray | None:
        """Delay of every synapse in steps as it runs, clamped, [output, input], or None."""
        if self.delay is None:
            return None
        per_row = self.delay.ndim == 1 and self.delay.shape[0] == self.weight.shape[0]
        delay = self.delay[:, None] if per_row else self.delay
        return np.broadcast_to(np.minimum(delay, MAX_DELAY_STEPS), self.weight.shape)

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of the layer's features; the input is flattened.

        Raises
        ------
        NetworkError
            The input has another number of features than the weight matrix has columns.
        """
        features = math.prod(input_shape)
        if features != self.weight.shape[1]:
            raise NetworkError(
                message(
                    "weight",
                    f"[output, {features}] for the {features} features before the layer",
                    f"shape {self.weight.shape}",
                )
            )
        return (self.weight.shape[0],)


@dataclass(frozen=True, kw_only=True, eq=False)
class Conv:
    """A convolution layer over [channel, height, width] features.

    Parameters
    ----------
    weight : int array [output channel, input channel / groups, height, width]
        Kernels, as PyTorch and SLAYER orient them.
    neuron : CubaNeuron
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
    neuron: CubaNeuron
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1
    bias: np.ndarray | None = None
    delay: np.ndarray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", _integers(self.weight, "weight", ndim=4))
        for name, least in (("stride", 1), ("padding", 0), ("dilation", 1)):
            pair = _integers(getattr(self, name), name).ravel()
            if pair.size not in (1, 2) or pair.min() < least:
                raise NetworkError(
                    message(name, f"(height, width), each at least {least}", pair.tolist())
                )
            object.__setattr__(self, name, (int(pair[0]), int(pair[-1])))
        groups = _integers(self.groups, "groups")
        if groups.size != 1 or groups.min() < 1 or self.weight.shape[0] % groups.item():
            raise NetworkError(
                message("groups", f"a divisor of {self.weight.shape[0]} channels", groups.tolist())
            )
        object.__setattr__(self, "groups", int(groups.item()))
        if self.bias is not None:
            bias = _integers(self.bias, "bias", ndim=1)
            channels = self.weight.shape[0]
            if bias.shape not in ((channels,), (1,)):
                raise NetworkError(message("bias", f"shape ({channels},)", f"shape {bias.shape}"))
            object.__setattr__(self, "bias", np.broadcast_to(bias, (channels,)).copy())
        if self.delay is not None:
            object.__setattr__(self, "delay", _integers(self.delay, "delay"))
        _match_decays(self.neuron, self.weight.shape[0], "channels")

    @property
    def kind(self) -> str:
        """Name of the layer type in netx."""
        return "conv"

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
        height, width = (
            (size + 2 * pad - dilate * (kernel - 1) - 1) // step + 1
            for size, pad, dilate, kernel, step in zip(
                input_shape[1:],
                self.padding,
                self.dilation,
                self.weight.shape[2:],
                self.stride,
                strict=True,
            )
        )
        if height < 1 or width < 1:
            raise NetworkError(
                message("input of the layer", f"at least {self.weight.shape[2:]}", input_shape)
            )
        return (self.weight.shape[0], height, width)


@dataclass(frozen=True, kw_only=True, eq=False)
class NeuronInput:
    """An input layer with neurons: a real-valued signal becomes current, then spikes.

    The current is ``weight * signal + bias``. It adds no step of latency.

    Parameters
    ----------
    neuron : CubaNeuron
        Dynamics of its neurons.
    weight, bias : int
        Of the affine map.
    """

    neuron: CubaNeuron
    weight: int = 64
    bias: int = 0

    def __post_init__(self) -> None:
        for name in ("weight", "bias"):
            value = _integers(getattr(self, name), name)
            if value.size != 1:
                raise NetworkError(message(name, "one value", f"shape {value.shape}"))
            object.__setattr__(self, name, int(value.item()))

    @property
    def kind(self) -> str:
        """Name of the layer type in netx."""
        return "input"

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the signal."""
        return input_shape


@dataclass(frozen=True, kw_only=True, eq=False)
class Average:
    """Groups of neurons averaged, as older files end with; no chip runs it.

    Parameters
    ----------
    outputs : int
        Number of groups.
    """

    outputs: int

    @property
    def kind(self) -> str:
        """Name of the layer type in netx."""
        return "average"

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """One feature a group.

        Raises
        ------
        NetworkError
            The features do not divide into the groups.
        """
        if self.outputs < 1 or math.prod(input_shape) % self.outputs:
            raise NetworkError(
                message("shape", f"a divisor of {math.prod(input_shape)} features", self.outputs)
            )
        return (self.outputs,)


Layer = Dense | Conv | NeuronInput | Average


def stored_parameters(layer: Layer) -> int:
    """Number of weights, biases and delays that a layer stores."""
    if not isinstance(layer, Dense | Conv):
        return 0
    arrays = (layer.weight, layer.bias, layer.delay)
    return sum(array.size for array in arrays if array is not None)


def _match_decays(neuron: CubaNeuron, count: int, what: str) -> None:
    for name in ("current_decay", "voltage_decay"):
        decay = getattr(neuron, name)
        if isinstance(decay, np.ndarray) and decay.shape != (count,):
            raise NetworkError(
                message(f"neuron/{name}", f"one value or {count} {what}", f"shape {decay.shape}")
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """Layers in order, and the shape of what goes in.

    Parameters
    ----------
    input_shape : sequence of int
        Features of the input, ``(neuron,)`` or ``(channel, height, width)``.
    layers : sequence of layers
        At least one.

    Raises
    ------
    NetworkError
        There is no layer, or a layer does not fit the one before; the message names the layer.
    """

    input_shape: tuple[int, ...]
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        shape: Sequence[int] = tuple(int(n) for n in self.input_shape)
        object.__setattr__(self, "input_shape", shape)
        object.__setattr__(self, "layers", tuple(self.layers))
        if not shape or min(shape) < 1:
            raise NetworkError(message("input_shape", "positive sizes", shape))
        if not self.layers:
            raise NetworkError(message("network", "at least one layer", "none"))
        _ = self.shapes

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shape of the features after each layer."""
        shapes: list[tuple[int, ...]] = []
        for name, layer in zip(self.names, self.layers, strict=True):
            try:
                shapes.append(layer.output_shape(shapes[-1] if shapes else self.input_shape))
            except NetworkError as error:
                raise NetworkError(f"layer {name}: {error}") from error
        return tuple(shapes)

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each layer: its place, from 0, and its kind."""
        return tuple(f"{index}-{layer.kind}" for index, layer in enumerate(self.layers))

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Features that come out."""
        return self.shapes[-1]

    @property
    def latency_steps(self) -> int:
        """Steps before an input spike can change the output, without delays: one a synapse layer.

        Outputs are not shifted by it: column t of the output is what the last layer sends in
        step t, as SLAYER's forward has it.
        """
        return sum(isinstance(layer, Dense | Conv) for layer in self.layers)

    @property
    def parameters(self) -> int:
        """Number of stored weights, biases and delays."""
        return sum(stored_parameters(layer) for layer in self.layers)

"""A network as netx means it: the one in-memory truth that every other part takes.

Everything is an integer, in the units of the chip. Features keep SLAYER's order,
``(channel, height, width)`` or ``(neuron,)``; a dense layer after a convolution reads the
features flattened in that order.

Spikes of time step t reach the neurons of the next layer, and through recurrent weights those
of their own, at t + 1, later by the delay. `neurodeploy.netx.neurons` has what neurons do then.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurodeploy.errors import NetworkError, message
from neurodeploy.netx.neurons import (
    CubaNeuron,
    Neuron,
    RfNeuron,
    SdnnNeuron,
    integers,
    one_integer,
    within,
)

MAX_DELAY_STEPS = 62
"""Longest delay that netx keeps; it clamps longer ones."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Dense:
    """A fully connected layer, recurrent if it has recurrent weights.

    Parameters
    ----------
    weight : int array [output, input]
        Synaptic weights.
    neuron : CubaNeuron or SdnnNeuron
        Dynamics of its neurons.
    recurrent_weight : int array [output, output], optional
        Of the synapses [to, from] between its own neurons.
    bias : int array [output], optional
        Added in every step, from the first, as the neuron says.
    delay : int, or int array [output], [input] or [output, input], optional
        Steps that a spike takes in addition to the one step between layers; netx clamps them
        to 62, and so do we when we run. One axis of length ``output`` delays all inputs of a
        neuron, as netx reads an axonal delay that SLAYER exports; that reading wins where both
        lengths are equal.
    """

    weight: np.ndarray
    neuron: CubaNeuron | SdnnNeuron
    recurrent_weight: np.ndarray | None = None
    bias: np.ndarray | None = None
    delay: np.ndarray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", integers(self.weight, "weight", ndim=2))
        outputs, inputs = self.weight.shape
        if self.recurrent_weight is not None:
            recurrent = _square(self.recurrent_weight, outputs, "recurrent_weight")
            object.__setattr__(self, "recurrent_weight", recurrent)
        if self.bias is not None:
            object.__setattr__(self, "bias", _bias(self.bias, outputs))
        if self.delay is not None:
            delay = integers(self.delay, "delay")
            within(delay, 0, 2**31 - 1, "delay")
            if delay.shape not in ((), (outputs,), (inputs,), (outputs, inputs)):
                raise NetworkError(
                    message(
                        "delay",
                        f"shape (), ({outputs},), ({inputs},) or ({outputs}, {inputs})",
                        f"shape {delay.shape}",
                    )
                )
            object.__setattr__(self, "delay", delay)
        _match(self.neuron, outputs, "neurons")

    @property
    def kind(self) -> str:
        """Name of the layer type in netx."""
        return "dense" if self.recurrent_weight is None else "dense_rec"

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
        return _dense_shape(self.weight, input_shape)


@dataclass(frozen=True, kw_only=True, eq=False)
class ComplexDense:
    """A fully connected layer with complex weights and resonate-and-fire neurons.

    Parameters
    ----------
    real_weight, imaginary_weight : int array [output, input]
        Synaptic weights; at least one of each is not 0, as netx demands.
    neuron : RfNeuron
        Dynamics of its neurons.
    """

    real_weight: np.ndarray
    imaginary_weight: np.ndarray
    neuron: RfNeuron

    def __post_init__(self) -> None:
        for name in ("real_weight", "imaginary_weight"):
            object.__setattr__(self, name, integers(getattr(self, name), name, ndim=2))
        if self.real_weight.shape != self.imaginary_weight.shape:
            raise NetworkError(
                message(
                    "imaginary_weight",
                    f"shape {self.real_weight.shape}, as real_weight",
                    f"shape {self.imaginary_weight.shape}",
                )
            )
        _match(self.neuron, len(self.real_weight), "neurons")

    @property
    def kind(self) -> str:
        """Name of the layer type in netx."""
        return "dense"

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of the layer's features; the input is flattened.

        Raises
        ------
        NetworkError
            The input has another number of features than the matrices have columns.
        """
        return _dense_shape(self.real_weight, input_shape)


@dataclass(frozen=True, kw_only=True, eq=False)
class Conv:
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
            object.__setattr__(self, "bias", _bias(self.bias, self.weight.shape[0]))
        if self.delay is not None:
            object.__setattr__(self, "delay", integers(self.delay, "delay"))
        _match(self.neuron, self.weight.shape[0], "channels")

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
    """An input layer with neurons: a real-valued signal arrives at them, and they spike.

    What arrives is ``weight * signal + bias``, without its fraction. It adds no step of latency.

    Parameters
    ----------
    neuron : CubaNeuron or SdnnNeuron
        Dynamics of its neurons.
    weight, bias : int
        Of the affine map.
    """

    neuron: CubaNeuron | SdnnNeuron
    weight: int = 64
    bias: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.neuron, SdnnNeuron) and self.neuron.sigma_output:
            found = "True; netx sends the changes of an input"
            raise NetworkError(message("neuron/sigma_output", False, found))
        for name in ("weight", "bias"):
            value = integers(getattr(self, name), name)
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


Layer = Dense | ComplexDense | Conv | NeuronInput | Average


def stored_parameters(layer: Layer) -> int:
    """Number of weights, biases and delays that a layer stores."""
    names = ("weight", "recurrent_weight", "real_weight", "imaginary_weight", "bias", "delay")
    arrays = (getattr(layer, name, None) for name in names)
    return sum(array.size for array in arrays if isinstance(array, np.ndarray))


def _square(value: Any, size: int, where: str) -> np.ndarray:
    matrix = integers(value, where, ndim=2)
    if matrix.shape != (size, size):
        raise NetworkError(message(where, f"shape ({size}, {size})", f"shape {matrix.shape}"))
    return matrix


def _bias(value: Any, count: int) -> np.ndarray:
    bias = integers(value, "bias", ndim=1)
    if bias.shape not in ((count,), (1,)):
        raise NetworkError(message("bias", f"shape ({count},)", f"shape {bias.shape}"))
    return np.broadcast_to(bias, (count,)).copy()


def _dense_shape(weight: np.ndarray, input_shape: tuple[int, ...]) -> tuple[int, ...]:
    features = math.prod(input_shape)
    if features != weight.shape[1]:
        raise NetworkError(
            message(
                "weight",
                f"[output, {features}] for the {features} features before the layer",
                f"shape {weight.shape}",
            )
        )
    return (weight.shape[0],)


def _match(neuron: Neuron, count: int, what: str) -> None:
    for name in neuron.decays:
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
    input_bits : int
        Message bits of input spikes (netx: ``input_message_bits``, which its file does not hold);
        0 for ones, 1 to 24 for graded spikes.

    Raises
    ------
    NetworkError
        There is no layer, or a layer does not fit the one before; the message names the layer.
    """

    input_shape: tuple[int, ...]
    layers: tuple[Layer, ...]
    input_bits: int = 0

    def __post_init__(self) -> None:
        shape: Sequence[int] = tuple(int(n) for n in self.input_shape)
        object.__setattr__(self, "input_shape", shape)
        object.__setattr__(self, "layers", tuple(self.layers))
        object.__setattr__(self, "input_bits", one_integer(self.input_bits, 0, 24, "input_bits"))
        if not shape or min(shape) < 1:
            raise NetworkError(message("input_shape", "positive sizes", shape))
        if not self.layers:
            raise NetworkError(message("network", "at least one layer", "none"))
        if self.input_bits and isinstance(self.layers[0], NeuronInput):
            found = f"{self.input_bits} before an input layer, which takes real values"
            raise NetworkError(message("input_bits", 0, found))
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
    def graded(self) -> tuple[bool, ...]:
        """Whether spikes carry values: those of the input, then those of each layer."""
        layers = (not isinstance(layer, Average) and layer.neuron.graded for layer in self.layers)
        return (self.input_bits > 0, *layers)

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
        return sum(isinstance(layer, Dense | ComplexDense | Conv) for layer in self.layers)

    @property
    def parameters(self) -> int:
        """Number of stored weights, biases and delays."""
        return sum(stored_parameters(layer) for layer in self.layers)

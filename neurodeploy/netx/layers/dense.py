"""Fully connected layers: with recurrent synapses, delays, or complex weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurodeploy.errors import NetworkError, message
from neurodeploy.netx.layers.base import LayerBase, checked_bias, given, require_decays
from neurodeploy.netx.neurons import CubaNeuron, RfNeuron, SdnnNeuron, integers, within

MAX_DELAY_STEPS = 62
"""Longest delay that netx keeps; it clamps longer ones."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Dense(LayerBase):
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

    flattens = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", integers(self.weight, "weight", ndim=2))
        outputs, inputs = self.weight.shape
        if self.recurrent_weight is not None:
            recurrent = _square(self.recurrent_weight, outputs, "recurrent_weight")
            object.__setattr__(self, "recurrent_weight", recurrent)
        if self.bias is not None:
            object.__setattr__(self, "bias", checked_bias(self.bias, outputs))
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
        require_decays(self.neuron, outputs, "neurons")

    @property
    def kind(self) -> str:
        """Name of the layer type in netx."""
        return "dense" if self.recurrent_weight is None else "dense_rec"

    @property
    def forward_matrices(self) -> dict[str, np.ndarray]:
        """Weights of the synapses from the layer before, by field."""
        return {"weight": self.weight}

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All integers that the layer stores, but those of its neurons: weights, biases, delays."""
        return self.matrices | given(bias=self.bias, delay=self.delay)

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


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ComplexDense(LayerBase):
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

    kind = "dense"
    flattens = True

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
        require_decays(self.neuron, len(self.real_weight), "neurons")

    @property
    def forward_matrices(self) -> dict[str, np.ndarray]:
        """Weights of the synapses from the layer before, by field."""
        return {"real_weight": self.real_weight, "imaginary_weight": self.imaginary_weight}

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of the layer's features; the input is flattened.

        Raises
        ------
        NetworkError
            The input has another number of features than the matrices have columns.
        """
        return _dense_shape(self.real_weight, input_shape)


def _square(value: Any, size: int, where: str) -> np.ndarray:
    matrix = integers(value, where, ndim=2)
    if matrix.shape != (size, size):
        raise NetworkError(message(where, f"shape ({size}, {size})", f"shape {matrix.shape}"))
    return matrix


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

"""A spiking network in floats: what other tools' networks become before they become integers.

Time is the chip's: steps, and spikes of step t reach the next layer, and through recurrent weights
their own, at t + 1. So a float network and the `neurodeploy.netx.network.Network` that it becomes
can be compared spike for spike. `neurodeploy.adopt.float_run` has how it runs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from neurodeploy._io.reprs import ShortRepr
from neurodeploy.adopt.float_run import run_layer
from neurodeploy.errors import NetworkError, message
from neurodeploy.netx.layers.conv import convolved

Number = float | np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FloatLayer(ShortRepr):
    """Synapses and leaky integrate-and-fire neurons of one layer.

    From current u, voltage v and the weighted sum of the spikes that arrive, in every step::

        u' = u * (1 - current_decay) + arriving + current_bias
        v' = v * (1 - voltage_decay) + u' + bias
        spike where v' > threshold, then v' = 0

    as `neurodeploy.netx.neurons.CubaNeuron` has it in integers.

    Parameters
    ----------
    name : str
        Where it came from, such as the name of a node.
    weight : float64 array [output, input]
        Of a dense layer; of a convolution [output channel, input channel / groups, height, width].
    current_decay, voltage_decay : float, or float64 array [neuron] or [channel]
        What is forgotten in a step, 0 (nothing) to 1 (everything).
    threshold : float
        Of all neurons, above 0.
    bias : float64 array [output] or [output channel], optional
        Added to the voltage in every step.
    current_bias : float64 array [output] or [output channel], optional
        Added to the current in every step.
    recurrent_weight : float64 array [output, output], optional
        Of the synapses [to, from] between neurons of a dense layer.
    delay : int array [output, input], optional
        Steps that spikes take to a dense layer besides the one between layers.
    stride, padding, dilation : (int, int)
        Of a convolution, along height and width.
    groups : int
        Of a convolution.

    Raises
    ------
    NetworkError
        A value is out of its bounds or of another shape; the message names the layer.
    """

    name: str
    weight: np.ndarray
    current_decay: Number
    voltage_decay: Number
    threshold: float
    bias: np.ndarray | None = None
    current_bias: np.ndarray | None = None
    recurrent_weight: np.ndarray | None = None
    delay: np.ndarray | None = None
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1

    def __post_init__(self) -> None:
        axes = np.ndim(self.weight)
        if axes not in (2, 4) or np.size(self.weight) == 0:
            found = f"shape {np.shape(self.weight)}"
            raise self._error("weight", "[output, input] or [output, input, height, width]", found)
        outputs = len(self.weight)
        self._require("weight", np.shape(self.weight))
        self._require("threshold", ())
        if not self.threshold > 0:
            raise self._error("threshold", "a number above 0", self.threshold)
        for name in ("current_decay", "voltage_decay"):
            decay = getattr(self, name)
            self._require(name, (), (1,), (outputs,))
            if np.min(decay) < 0 or np.max(decay) > 1:
                found = f"{np.min(decay)} to {np.max(decay)}"
                raise self._error(name, "0 (keeps everything) to 1 (forgets everything)", found)
        for name in ("bias", "current_bias"):
            if getattr(self, name) is not None:
                self._require(name, (outputs,))
        if self.is_convolution and (self.recurrent_weight is not None or self.delay is not None):
            raise self._error("convolution", "no recurrent weights and no delays", "some")
        if self.recurrent_weight is not None:
            self._require("recurrent_weight", (outputs, outputs))
        if self.delay is not None:
            self._require("delay", np.shape(self.weight))
            if self.delay.dtype.kind not in "iu" or self.delay.min() < 0:
                raise self._error("delay", "whole numbers of steps, 0 or more", "others")

    @property
    def is_convolution(self) -> bool:
        """Whether it reads [channel, height, width] features; a dense layer reads a vector."""
        return self.weight.ndim == 4

    def settled(self) -> FloatLayer:
        """With no bias of the current: it acts at once, as much as it does once that settled."""
        if self.current_bias is None:
            return self
        acts = self.current_bias / np.where(self.current_bias == 0, 1.0, self.current_decay)
        bias = acts if self.bias is None else acts + self.bias
        return replace(self, bias=bias, current_bias=None)

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of the layer's features.

        Raises
        ------
        NetworkError
            The layer does not fit this input.
        """
        outputs, inputs = self.weight.shape[:2]
        if not self.is_convolution:
            if np.prod(input_shape) != inputs:
                expected = f"{np.prod(input_shape)} inputs, of features {input_shape}"
                raise self._error("weight", expected, f"shape {self.weight.shape}")
            return (outputs,)
        if len(input_shape) != 3 or input_shape[0] != inputs * self.groups:
            expected = f"kernels for features {input_shape}"
            found = f"shape {self.weight.shape} in {self.groups} groups"
            raise self._error("weight", expected, found)
        sides = convolved(
            input_shape[1:], self.weight.shape[2:], self.stride, self.padding, self.dilation
        )
        if min(sides) < 1:
            found = f"kernels of {self.weight.shape[2:]} for features {input_shape}"
            raise self._error("weight", "kernels that fit into the features", found)
        return (outputs, *sides)

    def _require(self, name: str, *shapes: tuple[int, ...]) -> None:
        """Demand finite numbers in one of some shapes."""
        value = np.asarray(getattr(self, name))
        if value.shape not in shapes:
            expected = " or ".join(f"shape {shape}" for shape in shapes)
            raise self._error(name, expected, f"shape {value.shape}")
        if value.dtype.kind not in "iuf" or not np.isfinite(value).all():
            raise self._error(name, "finite numbers", "NaN, infinity or no numbers")
        object.__setattr__(self, name, value if name == "delay" else value.astype(np.float64)[()])

    def _error(self, field: str, expected: object, found: object) -> NetworkError:
        return NetworkError(message(f"layer {self.name}, {field}", expected, found))


@dataclass(frozen=True, kw_only=True, eq=False)
class FloatNetwork:
    """Layers in order, and the shape of what goes in.

    Parameters
    ----------
    input_shape : tuple of int
        ``(neuron,)`` or ``(channel, height, width)``.
    layers : tuple of FloatLayer
        At least one.

    Raises
    ------
    NetworkError
        There is no layer, or a layer does not fit the one before; the message names the layer.
    """

    input_shape: tuple[int, ...]
    layers: tuple[FloatLayer, ...]

    def __post_init__(self) -> None:
        if not self.layers:
            raise NetworkError(message("network", "at least one layer", "none"))
        _ = self.shapes

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shape of the features after each layer."""
        shapes: list[tuple[int, ...]] = []
        for layer in self.layers:
            shapes.append(layer.output_shape(shapes[-1] if shapes else self.input_shape))
        return tuple(shapes)

    def settled(self) -> FloatNetwork:
        """With each layer as `FloatLayer.settled` has it, which netx can do."""
        return replace(self, layers=tuple(layer.settled() for layer in self.layers))

    def run(self, spikes: np.ndarray, latency_steps: int = 1) -> tuple[np.ndarray, ...]:
        """Run a batch, each sample from rest, in float64.

        Work falls with the number of spikes.

        Parameters
        ----------
        spikes : array [sample, *features, time]
            0 or 1; any real values, as a current.
        latency_steps : int
            From layer to layer: 1 on the chip, 0 by equations that know none.

        Returns
        -------
        tuple of uint8 arrays [sample, *features, time]
            Spikes of every layer; column t is what it sends in step t.

        Raises
        ------
        NetworkError
            The features are not those of the input.
        """
        sent = np.asarray(spikes)
        if sent.shape[1:-1] != self.input_shape or sent.ndim < 3:
            expected = f"[sample, {', '.join(map(str, self.input_shape))}, time]"
            raise NetworkError(message("input", expected, list(sent.shape)))
        layers: list[np.ndarray] = []
        for layer in self.layers:
            sent = run_layer(layer, sent, latency_steps)
            layers.append(sent)
        return tuple(layers)

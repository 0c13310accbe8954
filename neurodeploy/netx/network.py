"""A network as netx means it: the one in-memory truth that every other part takes.

Everything is an integer, in the units of the chip. Features keep SLAYER's order,
``(channel, height, width)`` or ``(neuron,)``; a dense layer after a convolution reads the
features flattened in that order.

Spikes of time step t reach the neurons of the next layer, and through recurrent weights those
of their own, at t + 1, later by the delay. `neurodeploy.netx.neurons` has what neurons do then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neurodeploy._io.reprs import html_table, sizes
from neurodeploy.errors import NetworkError, message
from neurodeploy.netx.findings import Finding
from neurodeploy.netx.layers import Layer
from neurodeploy.netx.neurons import one_integer


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
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
    notes : sequence of Finding
        What its file or module says that is not in it; `neurodeploy.netx.check` repeats them.

    Raises
    ------
    NetworkError
        There is no layer, or a layer does not fit the one before; the message names the layer.
    """

    input_shape: tuple[int, ...]
    layers: tuple[Layer, ...]
    input_bits: int = 0
    notes: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        shape: Sequence[int] = tuple(int(n) for n in self.input_shape)
        object.__setattr__(self, "input_shape", shape)
        object.__setattr__(self, "layers", tuple(self.layers))
        object.__setattr__(self, "notes", tuple(self.notes))
        object.__setattr__(self, "input_bits", one_integer(self.input_bits, 0, 24, "input_bits"))
        if not shape or min(shape) < 1:
            raise NetworkError(message("input_shape", "positive sizes", shape))
        if not self.layers:
            raise NetworkError(message("network", "at least one layer", "none"))
        if self.input_bits and self.layers[0].takes_real_values:
            found = f"{self.input_bits} before an input layer, which takes real values"
            raise NetworkError(message("input_bits", 0, found))
        _ = self.shapes

    def __repr__(self) -> str:
        shapes = " -> ".join(map(sizes, (self.input_shape, *self.shapes)))
        return f"Network({shapes}, {self.parameters:,} parameters)"

    def _repr_html_(self) -> str:
        rows = [
            (name, sizes(shape), f"{layer.parameters:,}")
            for name, shape, layer in zip(self.names, self.shapes, self.layers, strict=True)
        ]
        return html_table(repr(self), ("layer", "features", "parameters"), rows)

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
        neurons = (layer.neuron for layer in self.layers)
        return (self.input_bits > 0, *(each is not None and each.graded for each in neurons))

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
        return sum(layer.has_synapses for layer in self.layers)

    @property
    def parameters(self) -> int:
        """Number of stored weights, biases and delays."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def connections(self) -> tuple[int, ...]:
        """Connections of each layer, recurrent ones too, and those with weight 0."""
        before = (self.input_shape, *self.shapes[:-1])
        layers = zip(self.layers, before, strict=True)
        return tuple(layer.synapses(shape)[0] for layer, shape in layers)

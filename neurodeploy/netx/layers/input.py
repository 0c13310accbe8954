"""Input layers with neurons."""

from __future__ import annotations

from dataclasses import dataclass

from neurodeploy.errors import NetworkError, message
from neurodeploy.netx.layers.base import LayerBase
from neurodeploy.netx.neurons import CubaNeuron, SdnnNeuron, integers


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NeuronInput(LayerBase):
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

    kind = "input"
    takes_real_values = True

    def __post_init__(self) -> None:
        if isinstance(self.neuron, SdnnNeuron) and self.neuron.sigma_output:
            found = "True; netx sends the changes of an input"
            raise NetworkError(message("neuron/sigma_output", False, found))
        for name in ("weight", "bias"):
            value = integers(getattr(self, name), name)
            if value.size != 1:
                raise NetworkError(message(name, "one value", f"shape {value.shape}"))
            object.__setattr__(self, name, int(value.item()))

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the signal."""
        return input_shape

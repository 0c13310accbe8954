"""What a person says of a layer of the encoder; `neurodeploy.model.encoder` makes it."""

from __future__ import annotations

from dataclasses import dataclass, field

from neurodeploy.errors import InputError, message
from neurodeploy.model.neuron import CubaParameters
from neurodeploy.model.quantization import WeightLevels
from neurodeploy.netx.layers import MAX_DELAY_STEPS


@dataclass(frozen=True, kw_only=True)
class DenseSpec:
    """A fully connected layer of CUBA neurons.

    Parameters
    ----------
    neurons : int
        Number of neurons.
    neuron : CubaParameters
        Their parameters.
    weight_scale : float
        Scale of the initial weights over PyTorch's default for a convolution.
    bias : bool
        Learn a bias current for each neuron.
    learn_decays : bool
        Learn the decays of current and voltage that all neurons share, from those of ``neuron``.
    delay_steps : int
        Learn an axonal delay for each neuron, in whole steps, of at most so many; up to 62. They
        start anywhere from 0 to there. 0 is a layer without delays.
    levels : WeightLevels
        Values that a weight may take.
    """

    neurons: int
    neuron: CubaParameters = field(default_factory=CubaParameters)
    weight_scale: float = 2.0
    bias: bool = False
    learn_decays: bool = False
    delay_steps: int = 0
    levels: WeightLevels = field(default_factory=WeightLevels)

    def __post_init__(self) -> None:
        if self.neurons < 1:
            raise InputError(message("DenseSpec.neurons", "at least 1", self.neurons))
        if not 0 <= self.delay_steps <= MAX_DELAY_STEPS:
            expected = f"0 to {MAX_DELAY_STEPS}, as many as netx has"
            raise InputError(message("DenseSpec.delay_steps", expected, self.delay_steps))


@dataclass(frozen=True, kw_only=True)
class RecurrentSpec:
    """A fully connected layer whose neurons are connected among each other, too.

    Spikes of step t reach the neurons of their own layer at t + 1, as they reach the next layer.
    As the readout, its neurons hear the spikes that they sampled. netx ignores delays of such a
    layer, so there are none.

    Parameters
    ----------
    neurons : int
        Number of neurons.
    neuron, weight_scale, bias, learn_decays, levels
        As in `DenseSpec`; scale and levels are those of both kinds of weights.
    """

    neurons: int
    neuron: CubaParameters = field(default_factory=CubaParameters)
    weight_scale: float = 2.0
    bias: bool = False
    learn_decays: bool = False
    levels: WeightLevels = field(default_factory=WeightLevels)

    def __post_init__(self) -> None:
        if self.neurons < 1:
            raise InputError(message("RecurrentSpec.neurons", "at least 1", self.neurons))


@dataclass(frozen=True, kw_only=True)
class ConvSpec:
    """A convolution layer of CUBA neurons over [channel, height, width] features.

    Parameters
    ----------
    channels : int
        Output channels.
    kernel_size, stride, padding, dilation : int
        Geometry, the same in height and width.
    groups : int
        Blocked connections between channels.
    neuron, weight_scale, bias, learn_decays, levels
        As in `DenseSpec`; one bias for a channel. Lava ignores delays of a convolution, so
        there are none.
    """

    channels: int
    kernel_size: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    groups: int = 1
    neuron: CubaParameters = field(default_factory=CubaParameters)
    weight_scale: float = 2.0
    bias: bool = False
    learn_decays: bool = False
    levels: WeightLevels = field(default_factory=WeightLevels)

    def __post_init__(self) -> None:
        for name in ("channels", "kernel_size", "stride", "dilation", "groups"):
            if getattr(self, name) < 1:
                raise InputError(message(f"ConvSpec.{name}", "at least 1", getattr(self, name)))
        if self.padding < 0:
            raise InputError(message("ConvSpec.padding", "at least 0", self.padding))
        if self.channels % self.groups:
            raise InputError(
                message("ConvSpec.groups", f"a divisor of {self.channels} channels", self.groups)
            )

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, int, int]:
        """[channel, height, width] after the layer.

        Raises
        ------
        InputError
            The input is not [channel, height, width], its channels do not divide into the
            groups, or it is smaller than a kernel.
        """
        if len(input_shape) != 3 or input_shape[0] % self.groups:
            expected = f"[channel, height, width], channels divisible by {self.groups}"
            raise InputError(message("input of a ConvSpec", expected, list(input_shape)))
        height, width = (
            (size + 2 * self.padding - self.dilation * (self.kernel_size - 1) - 1) // self.stride
            + 1
            for size in input_shape[1:]
        )
        if height < 1 or width < 1:
            expected = f"at least as large as a kernel of {self.kernel_size}"
            raise InputError(message("input of a ConvSpec", expected, list(input_shape)))
        return (self.channels, height, width)


LayerSpec = DenseSpec | ConvSpec | RecurrentSpec
"""Any of them."""

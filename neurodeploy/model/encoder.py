"""The spiking encoder: SLAYER's synapses and neurons, timed as the chip times them.

A block delays its input by one step *before* the synapse, then applies the axonal delay of each
neuron, then the neuron. Stock SLAYER blocks shift after the neuron, which differs from Lava as
soon as a neuron has a bias; in this order the two agree spike for spike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch.nn.functional import conv2d, linear

from neurodeploy._io.quiet import suppress_output
from neurodeploy.errors import InputError, message
from neurodeploy.model.dynamics import Current, HiddenSpikes, time_last
from neurodeploy.model.neuron import DECAY_SCALE, CubaParameters
from neurodeploy.model.quantization import WeightLevels
from neurodeploy.model.readout import Noise, Readout

with suppress_output():
    from lava.lib.dl import slayer
    from lava.lib.dl.slayer.neuron.cuba import SCALE_RHO_MULT, TAU_RHO_MULT

MAX_DELAY_STEPS = 62

MAX_HIDDEN_THRESHOLD = 64
"""From here on SLAYER's float32 spike test takes a voltage equal to the threshold for a spike."""


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
    bias, delays : bool
        Learn a bias current, or an axonal delay of 0 to 62 steps, for each neuron.
    levels : WeightLevels
        Values that a weight may take.
    """

    neurons: int
    neuron: CubaParameters = field(default_factory=CubaParameters)
    weight_scale: float = 2.0
    bias: bool = False
    delays: bool = False
    levels: WeightLevels = field(default_factory=WeightLevels)

    def __post_init__(self) -> None:
        if self.neurons < 1:
            raise InputError(message("DenseSpec.neurons", "at least 1", self.neurons))


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
    neuron, weight_scale, bias, levels
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


class EncoderOutput(NamedTuple):
    """What the encoder says.

    ``spikes`` and ``margin`` are [batch, neuron, time]; ``hidden`` holds the spikes of each
    hidden layer, [batch, *features, time].
    """

    spikes: torch.Tensor
    margin: torch.Tensor
    hidden: list[torch.Tensor]


class Block(torch.nn.Module):
    """One layer: one step of transport, synapse, axonal delay, bias and CUBA neuron.

    ``connected``, if it is not None, is 0 where a synapse was pruned, in the weight's shape.

    Parameters
    ----------
    spec : DenseSpec or ConvSpec
        The layer.
    input_shape : sequence of int
        Features of the layer before, without batch and time.
    """

    def __init__(self, spec: DenseSpec | ConvSpec, input_shape: Sequence[int]) -> None:
        super().__init__()
        self.spec = spec
        self.input_shape = tuple(input_shape)
        neuron = spec.neuron
        self.neuron = slayer.neuron.cuba.Neuron(
            threshold=neuron.threshold,
            current_decay=neuron.current_decay,
            voltage_decay=neuron.voltage_decay,
            tau_grad=neuron.surrogate_width,
            scale_grad=neuron.surrogate_scale,
        )
        if isinstance(spec, DenseSpec):
            features = int(torch.tensor(self.input_shape).prod())
            self.synapse = slayer.synapse.Dense(
                features, spec.neurons, weight_scale=spec.weight_scale
            )
            self.shape: tuple[int, ...] = (spec.neurons,)
            delays = spec.delays
        else:
            self.shape = spec.output_shape(self.input_shape)
            geometry = {
                name: getattr(spec, name)
                for name in ("kernel_size", "stride", "padding", "dilation", "groups")
            }
            self.synapse = slayer.synapse.Conv(
                self.input_shape[0], spec.channels, weight_scale=spec.weight_scale, **geometry
            )
            delays = False
        self.register_buffer("connected", None)
        self.bias = (
            torch.nn.Parameter(torch.zeros(self.shape[0], *[1] * len(self.shape)))
            if spec.bias
            else None
        )
        self.delay = _delay_at_zero(self.shape[0]) if delays else None

    @property
    def weight(self) -> torch.Tensor:
        """The weights that the chip has, in SLAYER's units and SLAYER's shape."""
        weight = self.synapse.weight
        return self.spec.levels(weight if self.connected is None else weight * self.connected)

    def dendrite(self, spikes: torch.Tensor) -> torch.Tensor:
        """Weighted spikes as they reach the neurons, [batch, *features, time]."""
        rows = spikes.movedim(-1, 0)
        arriving = torch.cat([torch.zeros_like(rows[:1]), rows[:-1]])
        if isinstance(self.spec, DenseSpec):
            weighted = linear(arriving.flatten(2), self.weight.flatten(1))
        else:
            synapse = self.synapse
            geometry = (synapse.stride[:2], synapse.padding[:2], synapse.dilation[:2])
            flat = conv2d(
                arriving.flatten(0, 1), self.weight[..., 0], None, *geometry, synapse.groups
            )
            weighted = flat.unflatten(0, arriving.shape[:2])
        dendrite = time_last(weighted)
        return self.delay(dendrite) if self.delay is not None else dendrite

    def current(self, spikes: torch.Tensor) -> torch.Tensor:
        """Synaptic current plus bias, what the voltage integrates, [batch, *features, time]."""
        keep = DECAY_SCALE - self.spec.neuron.current_decay_steps
        current = Current.apply(self.dendrite(spikes), keep)
        return current if self.bias is None else current + self.neuron.quantize_8bit(self.bias)

    def forward(self, spikes: torch.Tensor) -> torch.Tensor:
        """Spikes of the deterministic neurons, with SLAYER's surrogate gradient."""
        neuron = self.spec.neuron
        return HiddenSpikes.apply(
            self.current(spikes),
            neuron.quantised_threshold,
            DECAY_SCALE - neuron.voltage_decay_steps,
            self.neuron.tau_rho * TAU_RHO_MULT,
            self.neuron.scale_rho * SCALE_RHO_MULT,
        )


def _delay_at_zero(neurons: int) -> torch.nn.Module:
    """SLAYER's delay, given its shape now and not by the first batch, so that it can be loaded."""
    delay = slayer.axon.Delay(max_delay=MAX_DELAY_STEPS)
    delay.delay.data = torch.zeros(neurons)
    delay.init = True
    return delay


class Encoder(torch.nn.Module):
    """Hidden layers of deterministic neurons and a probabilistic readout.

    Parameters
    ----------
    input_shape : sequence of int
        Features of the input spikes, without batch and time: ``(784,)`` or
        ``(channels, height, width)``.
    layers : sequence of DenseSpec or ConvSpec
        All layers; the last one is the readout and must be dense.
    gradient_floor : float
        LowerBound width of the readout's straight-through gradient.

    Raises
    ------
    InputError
        There is no layer, the last one is not dense, a layer does not fit the one before, or a
        hidden threshold is too large for SLAYER to be exact.
    """

    def __init__(
        self,
        input_shape: Sequence[int],
        layers: Sequence[DenseSpec | ConvSpec],
        *,
        gradient_floor: float = 0.1,
    ) -> None:
        super().__init__()
        if not layers or not isinstance(layers[-1], DenseSpec):
            raise InputError(
                message("Encoder.layers", "at least one layer, the last one a DenseSpec", layers)
            )
        for spec in layers[:-1]:
            if spec.neuron.threshold >= MAX_HIDDEN_THRESHOLD:
                raise InputError(
                    message(
                        "threshold of a hidden layer",
                        f"less than {MAX_HIDDEN_THRESHOLD}, where SLAYER is exact",
                        spec.neuron.threshold,
                    )
                )
        self.input_shape = tuple(input_shape)
        blocks: list[Block] = []
        for spec in layers:
            blocks.append(Block(spec, blocks[-1].shape if blocks else self.input_shape))
        self.blocks = torch.nn.ModuleList(blocks)
        self.readout = Readout(layers[-1].neuron, gradient_floor=gradient_floor)

    @property
    def layers(self) -> list[Block]:
        """The blocks, the readout's last."""
        return [block for block in self.blocks if isinstance(block, Block)]

    @property
    def neurons(self) -> int:
        """Number of readout neurons."""
        return int(self.blocks[-1].shape[0])

    def forward(
        self,
        spikes: torch.Tensor,
        *,
        temperature: float,
        generator: Noise | None = None,
    ) -> EncoderOutput:
        """Encode a batch.

        Parameters
        ----------
        spikes : Tensor [batch, *features, time], float32
            Input spikes, 0 or 1. Each sample starts from rest.
        temperature : float
            Of the readout; 0 is the network that is exported, spike for spike.
        generator : torch.Generator or ShareOfNoise, optional
            Source of the readout's sampling noise.

        Returns
        -------
        EncoderOutput
            Readout spikes and margins, and hidden spikes, as many steps as the input.
        """
        if tuple(spikes.shape[1:-1]) != self.input_shape:
            raise InputError(
                message(
                    "encoder input",
                    f"[batch, {', '.join(map(str, self.input_shape))}, time]",
                    list(spikes.shape),
                )
            )
        hidden: list[torch.Tensor] = []
        for block in self.layers[:-1]:
            spikes = block(spikes)
            hidden.append(spikes)
        current = self.layers[-1].current(spikes)
        out, margin = self.readout(current, temperature=temperature, generator=generator)
        return EncoderOutput(out, margin, hidden)

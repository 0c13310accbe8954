"""The spiking encoder: SLAYER's synapses and neurons, timed as the chip times them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch

from neurodeploy.errors import InputError, message
from neurodeploy.model.block import Block
from neurodeploy.model.noise import Noise
from neurodeploy.model.readout import Readout
from neurodeploy.model.specs import ConvSpec, LayerSpec

MAX_HIDDEN_THRESHOLD = 64
"""From here on SLAYER's float32 spike test takes a voltage equal to the threshold for a spike."""


class EncoderOutput(NamedTuple):
    """What the encoder says.

    ``spikes`` and ``margin`` are [batch, neuron, time]; ``hidden`` holds the spikes of each
    hidden layer, [batch, *features, time].
    """

    spikes: torch.Tensor
    margin: torch.Tensor
    hidden: list[torch.Tensor]


class Encoder(torch.nn.Module):
    """Hidden layers of deterministic neurons and a probabilistic readout.

    Parameters
    ----------
    input_shape : sequence of int
        Features of the input spikes, without batch and time: ``(784,)`` or
        ``(channels, height, width)``.
    layers : sequence of DenseSpec, ConvSpec or RecurrentSpec
        All layers; the last one is the readout and not a ConvSpec.
    gradient_floor : float
        Least width of the readout's straight-through gradient.

    Raises
    ------
    InputError
        There is no layer, the last one is a ConvSpec, a layer does not fit the one before, or a
        hidden threshold is too large for SLAYER to be exact.
    """

    def __init__(
        self,
        input_shape: Sequence[int],
        layers: Sequence[LayerSpec],
        *,
        gradient_floor: float = 0.1,
    ) -> None:
        super().__init__()
        if not layers or isinstance(layers[-1], ConvSpec):
            raise InputError(
                message(
                    "Encoder.layers",
                    "at least one layer, the last one a DenseSpec or a RecurrentSpec",
                    layers,
                    "Convolutions are hidden layers; the readout is fully connected.",
                )
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
    def identity(self) -> dict[str, Any]:
        """What it is, apart from the values of its parameters, as JSON."""
        return {
            "input_shape": list(self.input_shape),
            "gradient_floor": self.readout.gradient_floor,
            "layers": {str(index): block.identity for index, block in enumerate(self.layers)},
        }

    @property
    def neurons(self) -> int:
        """Number of readout neurons."""
        return self.layers[-1].shape[0]

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
        hidden, draw = self.heard(spikes)
        out, margin = draw(temperature=temperature, generator=generator)
        return EncoderOutput(out, margin, hidden)

    def heard(
        self, spikes: torch.Tensor
    ) -> tuple[list[torch.Tensor], Callable[..., tuple[torch.Tensor, torch.Tensor]]]:
        """What does not depend on chance: spikes of the hidden layers, and what draws a readout.

        Each call of the second, with a temperature and a generator, gives other spikes and margins
        [batch, neuron, time] of the same input.
        """
        hidden: list[torch.Tensor] = []
        for block in self.layers[:-1]:
            spikes = block(spikes)
            hidden.append(spikes)
        last = self.layers[-1]
        recurrent = last.recurrent_weight
        if recurrent is None:
            return hidden, partial(self.readout, last.current(spikes), decays=last.decays)
        given = last.dendrite(spikes), recurrent, last.bias_by_neuron
        return hidden, partial(self.readout.with_feedback, *given, decays=last.decays)

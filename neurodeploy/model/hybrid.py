"""Spiking encoder and host decoder as one module, to be trained together."""

from __future__ import annotations

from typing import NamedTuple

import torch

from neurodeploy.errors import InputError, message
from neurodeploy.model.decoder import Decoder
from neurodeploy.model.encoder import Encoder, EncoderOutput
from neurodeploy.model.noise import Noise
from neurodeploy.model.windows import every_window


class HybridOutput(NamedTuple):
    """Answers ``{head: [batch, outputs]}`` and what the encoder said."""

    answers: dict[str, torch.Tensor]
    encoded: EncoderOutput


class HybridModel(torch.nn.Module):
    """The encoder's spikes, read by the decoder at the end of the sample.

    Parameters
    ----------
    encoder : Encoder
        Runs on the chip.
    decoder : Decoder
        Runs on the host; it must read as many neurons as the encoder has.
    """

    def __init__(self, encoder: Encoder, decoder: Decoder) -> None:
        super().__init__()
        if decoder.config.neurons != encoder.neurons:
            raise InputError(
                message(
                    "HybridModel.decoder",
                    f"{encoder.neurons} neurons, as the encoder's readout has",
                    decoder.config.neurons,
                )
            )
        self.encoder = encoder
        self.decoder = decoder

    def read(self, spikes: torch.Tensor) -> dict[str, torch.Tensor]:
        """Answers {head: [batch, outputs]} to readout spikes [batch, neuron, time]."""
        return self.decoder.at_the_end(spikes)

    def forward(
        self,
        spikes: torch.Tensor,
        *,
        temperature: float,
        generator: Noise | None = None,
    ) -> HybridOutput:
        """Encode [batch, *features, time] and decode what the readout sent."""
        encoded = self.encoder(spikes, temperature=temperature, generator=generator)
        return HybridOutput(self.read(encoded.spikes), encoded)


class StreamingModel(HybridModel):
    """The encoder's spikes, read by the decoder at every step."""

    def read(self, spikes: torch.Tensor) -> dict[str, torch.Tensor]:
        """Answers {head: [batch, time, outputs]} to readout spikes [batch, neuron, time]."""
        windows = every_window(spikes, self.decoder.config.window_steps)
        answers = self.decoder(windows.flatten(0, 1))
        return {name: logits.unflatten(0, windows.shape[:2]) for name, logits in answers.items()}

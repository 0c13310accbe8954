"""Spiking encoder and host decoder as one module, to be trained together."""

from __future__ import annotations

from typing import NamedTuple

import torch

from neurodeploy.errors import InputError, message
from neurodeploy.model.decoder import Decoder, window_at
from neurodeploy.model.encoder import Encoder, EncoderOutput


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

    def forward(
        self,
        spikes: torch.Tensor,
        *,
        temperature: float,
        generator: torch.Generator | None = None,
    ) -> HybridOutput:
        """Encode [batch, *features, time] and decode the last window."""
        encoded = self.encoder(spikes, temperature=temperature, generator=generator)
        last = window_at(encoded.spikes, spikes.shape[-1] - 1, self.decoder.config.window_steps)
        return HybridOutput(self.decoder(last), encoded)

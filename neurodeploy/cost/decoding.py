"""What a decoder multiplies when it reads the spikes of a run, zeros skipped, and in 8 bits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from neurodeploy.model.decoder import Decoder
from neurodeploy.model.eight_bits import eight_bit_decoder
from neurodeploy.model.macs import LayerMacs, layer_macs
from neurodeploy.model.windows import window_at


@torch.no_grad()
def measured(decoder: Decoder, spikes: np.ndarray) -> dict[str, Any]:
    """The fields of `DecoderWork`, of output spikes [sample, neuron, time].

    What is neither a linear layer nor a convolution counts in full.
    """
    sent = torch.from_numpy(spikes).float()
    decoder = decoder.in_floats
    window = window_at(sent, sent.shape[-1] - 1, decoder.config.window_steps)
    layers = layer_macs(decoder, window)
    effective = sum(float(layer.effective.mean()) for layer in layers.values())
    ever = float((sent != 0).any(-1).double().mean())
    own = Decoder(replace(decoder.config, window_steps=1))
    return {
        "effective_macs": effective + _others(decoder, layers),
        "eight_bits": _eight_bits(decoder, window),
        "ann_macs": own.macs,
        "ann_effective_macs": _effective(own, layers, ever),
        "ann_weights": sum(tensor.numel() for tensor in own.parameters()),
    }


def _others(decoder: Decoder, layers: Mapping[str, LayerMacs]) -> int:
    """Multiply-accumulates that no layer of `layer_macs` has."""
    return max(0, decoder.macs - sum(layer.dense for layer in layers.values()))


def _effective(own: Decoder, trained: Mapping[str, LayerMacs], ever: float) -> float:
    """Effective multiply-accumulates of the equal ANN's decoder.

    Layers that read the readout have as many zeros as it has neurons that never spiked; the
    others as many as those of the network's decoder.
    """
    layers = layer_macs(own, torch.ones(1, own.config.neurons, 1))
    shares = {name: layer.effective_share for name, layer in trained.items()}
    shares |= dict.fromkeys(_first(own, layers), ever)
    effective = sum(layer.dense * shares.get(name, 1.0) for name, layer in layers.items())
    return effective + _others(own, layers)


def _first(decoder: Decoder, layers: Mapping[str, LayerMacs]) -> list[str]:
    """Layers that read the readout: the reader's first, or the heads, if it multiplies nothing."""
    if not any(True for _ in decoder.reader.parameters()):
        return list(layers)
    return [name for name in layers if name.startswith("reader.")][:1]


def _eight_bits(decoder: Decoder, window: torch.Tensor) -> dict[str, dict[str, float]]:
    coarse_decoder = eight_bit_decoder(decoder)
    if coarse_decoder is None:
        return {}
    answers, coarse = decoder(window), coarse_decoder(window)
    return {head: _compared(answers[head], coarse[head]) for head in answers}


def _compared(exact: torch.Tensor, coarse: torch.Tensor) -> dict[str, float]:
    difference, size = (each.double().norm() for each in (coarse - exact, exact))
    same = (exact.argmax(1) == coarse.argmax(1)).double().mean()
    return {"error": float(difference / size) if size else 0.0, "same": float(same)}

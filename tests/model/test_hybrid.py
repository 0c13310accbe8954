"""Encoder and decoder as one module."""

from __future__ import annotations

import pytest
import torch

from neurodeploy.errors import InputError
from neurodeploy.model.decoder import Decoder, DecoderConfig, window_at
from neurodeploy.model.encoder import DenseSpec, Encoder
from neurodeploy.model.hybrid import HybridModel


def model(*, window_steps: int, kind: str = "linear", neurons: int = 12) -> HybridModel:
    torch.manual_seed(0)
    encoder = Encoder((6,), [DenseSpec(neurons=5), DenseSpec(neurons=12)])
    heads = {"image": 6, "label": 3}
    decoder = DecoderConfig(
        kind=kind, neurons=neurons, window_steps=window_steps, heads=heads, hidden=7
    )
    return HybridModel(encoder, Decoder(decoder))


SPIKES = (torch.rand(3, 6, 10, generator=torch.Generator().manual_seed(1)) < 0.6).float()


@pytest.mark.parametrize("window_steps", [1, 4, 10, 13])
@pytest.mark.parametrize("temperature", [0.0, 0.5])
def test_answers_are_the_decoders_on_the_last_window(window_steps: int, temperature: float) -> None:
    hybrid = model(window_steps=window_steps)
    generator = torch.Generator().manual_seed(2)
    answers, encoded = hybrid(SPIKES, temperature=temperature, generator=generator)
    alone = hybrid.encoder(
        SPIKES, temperature=temperature, generator=torch.Generator().manual_seed(2)
    )
    assert torch.equal(encoded.spikes, alone.spikes)
    assert torch.equal(encoded.margin, alone.margin)
    assert alone.spikes.any()
    last = window_at(alone.spikes, 9, window_steps)
    assert last.shape == (3, 12, window_steps)
    expected = hybrid.decoder(last)
    assert answers.keys() == {"image", "label"}
    assert all(torch.equal(answers[name], expected[name]) for name in expected)


@pytest.mark.parametrize("kind", ["linear", "mlp", "conv", "rate"])
def test_the_answer_trains_both(kind: str) -> None:
    hybrid = model(window_steps=9, kind=kind)
    answers, _ = hybrid(SPIKES, temperature=0.4, generator=torch.Generator().manual_seed(3))
    sum((logits**2).sum() for logits in answers.values()).backward()
    for parameter in hybrid.parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None
            assert torch.isfinite(parameter.grad).all()
            assert parameter.grad.any()


def test_decoder_must_fit_the_encoder() -> None:
    with pytest.raises(InputError, match=r"HybridModel\.decoder: expected 12 neurons.*found 5"):
        model(window_steps=3, neurons=5)

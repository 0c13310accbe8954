"""Encoder and decoder as one module."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from neurodeploy.deploy.bundle import Bundle, load_bundle, save_bundle
from neurodeploy.deploy.stream import stream_answers
from neurodeploy.errors import InputError
from neurodeploy.learn.objective import stream_loss
from neurodeploy.model.decoder import READERS, Decoder, DecoderConfig
from neurodeploy.model.encoder import Encoder
from neurodeploy.model.export import export_network
from neurodeploy.model.hybrid import HybridModel, StreamingModel
from neurodeploy.model.specs import DenseSpec
from neurodeploy.model.windows import window_at
from neurodeploy.signals.encode import RateEncoding

KINDS = sorted(READERS)


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


@pytest.mark.parametrize("kind", KINDS)
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


def streaming(*, window_steps: int, kind: str) -> StreamingModel:
    """The parameters of the decoder are few-bit fractions, so that most sums have no rounding."""
    made = model(window_steps=window_steps, kind=kind)
    with torch.no_grad():
        for parameter in made.decoder.parameters():
            parameter.mul_(64).round_().div_(64)
    return StreamingModel(made.encoder, made.decoder)


def tolerance(kind: str) -> float:
    """Sums of fractions are exact in any order; a GRU's sigmoids round, each to 2**-24."""
    return 1e-6 if kind == "recurrent" else 0.0


@pytest.mark.parametrize("window_steps", [1, 4, 13])
@pytest.mark.parametrize("kind", KINDS)
def test_a_streaming_model_answers_each_window(kind: str, window_steps: int) -> None:
    made = streaming(window_steps=window_steps, kind=kind)
    answers, encoded = made(SPIKES, temperature=0.5, generator=torch.Generator().manual_seed(2))
    assert {name: tuple(logits.shape) for name, logits in answers.items()} == {
        "image": (3, 10, 6),
        "label": (3, 10, 3),
    }
    for step in range(10):
        expected = made.decoder(window_at(encoded.spikes, step, window_steps))
        for name, logits in answers.items():
            torch.testing.assert_close(
                logits[:, step], expected[name], rtol=0, atol=tolerance(kind)
            )


@pytest.mark.parametrize("window_steps", [1, 4, 13])
def test_its_last_answer_is_the_hybrid_models(window_steps: int) -> None:
    made = streaming(window_steps=window_steps, kind="mlp")
    at_the_end, _ = HybridModel(made.encoder, made.decoder)(SPIKES, temperature=0.0)
    always, _ = made(SPIKES, temperature=0.0)
    assert all(torch.equal(always[name][:, -1], logits) for name, logits in at_the_end.items())


@pytest.mark.parametrize("kind", KINDS)
def test_it_answers_as_its_bundle_does_on_an_engine_step_by_step(kind: str, tmp_path: Path) -> None:
    made = streaming(window_steps=4, kind=kind)
    save_bundle(
        Bundle(
            network=export_network(made.encoder),
            decoder=made.decoder,
            encoding=RateEncoding(steps=10),
            notes={},
        ),
        tmp_path / "bundle",
    )
    bundle = load_bundle(tmp_path / "bundle")
    with torch.no_grad():
        answers, encoded = made(SPIKES, temperature=0.0)
    assert encoded.spikes.any()
    streamed = list(stream_answers(bundle, SPIKES.numpy().astype(np.uint8)))
    assert [(one.sample, one.step) for one in streamed] == [
        (s, t) for s in range(3) for t in range(10)
    ]
    for one in streamed:
        np.testing.assert_array_equal(
            one.output.spikes, encoded.spikes[one.sample, :, one.step].numpy()
        )
        for name, logits in one.logits.items():
            expected = answers[name][one.sample, one.step].numpy()
            np.testing.assert_allclose(logits, expected, rtol=0, atol=tolerance(kind))


def test_an_answer_at_every_step_trains_both() -> None:
    made = streaming(window_steps=4, kind="mlp")
    answers, _ = made(SPIKES, temperature=0.4, generator=torch.Generator().manual_seed(3))
    heads = sum(logits.square().sum() for logits in answers.values())
    (stream_loss(answers["label"], torch.ones(3, 10, dtype=torch.int64)).sum() + heads).backward()
    for parameter in made.parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None
            assert parameter.grad.any()

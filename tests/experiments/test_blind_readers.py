"""Each control sees what it says and no more, and learns from it."""

from __future__ import annotations

import pytest
import torch

from neurodeploy.experiments.blind_readers import DeepCounts, LastStep, ShuffledTimes
from neurodeploy.model.decoder import Decoder, DecoderConfig

WINDOW = (torch.rand(20, 3, 8, generator=torch.Generator().manual_seed(0)) < 0.4).float()


def reader(kind: type[torch.nn.Module]) -> torch.nn.Module:
    torch.manual_seed(1)
    config = DecoderConfig(kind=kind, neurons=3, window_steps=8, heads={"label": 2}, hidden=16)
    return Decoder(config).reader


def test_counts_do_not_depend_on_times() -> None:
    counts = reader(DeepCounts)
    torch.testing.assert_close(counts(WINDOW), counts(WINDOW.flip(2)))
    assert not torch.equal(counts(WINDOW), counts(WINDOW[:, [1, 0, 2]]))


def test_silence_has_a_gradient() -> None:
    silence = torch.zeros(2, 3, 8, requires_grad=True)
    reader(DeepCounts)(silence).sum().backward()
    assert silence.grad is not None
    assert silence.grad.isfinite().all()


def test_the_last_step_is_all_that_is_seen() -> None:
    last = reader(LastStep)
    other = WINDOW.clone()
    other[..., :-1] = 1 - other[..., :-1]
    assert torch.equal(last(WINDOW), last(other))
    assert not torch.equal(last(WINDOW), last(1 - WINDOW))


def test_shuffled_times_keep_counts_only() -> None:
    shuffled = reader(ShuffledTimes)
    one = torch.zeros(4000, 3, 8)
    one[:, :, 0] = 1
    other = one.flip(2)
    torch.testing.assert_close(shuffled(one).mean(0), shuffled(other).mean(0), atol=0.02, rtol=0)
    assert not torch.equal(shuffled(one), shuffled(one))


@pytest.mark.parametrize("kind", [DeepCounts, LastStep, ShuffledTimes])
def test_each_is_a_reader_that_a_bundle_can_name(kind: type[torch.nn.Module]) -> None:
    config = DecoderConfig(kind=kind, neurons=3, window_steps=8, heads={"label": 2})
    assert config.foreign == f"neurodeploy.experiments.blind_readers:{kind.__name__}"

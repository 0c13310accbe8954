"""Decoders learnt from the spikes of a network that stays as it is."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from small import TASK

from neurodeploy.deploy.bundle import Bundle, decode
from neurodeploy.engines.registry import simulate
from neurodeploy.errors import InputError
from neurodeploy.search.decoders import Retrained, retrained
from neurodeploy.search.trial import samples
from neurodeploy.signals.datasets import Splits


def accuracy(bundle: Bundle, splits: Splits) -> float:
    spikes, labels = samples(TASK.sources(splits).validation, (0,))
    run = simulate(bundle.network, spikes)
    answers = decode(bundle, torch.from_numpy(run.spikes))["label"].argmax(1).numpy()
    return float((answers == labels).mean())


@pytest.mark.parametrize(
    ("decoder", "macs"),
    [(Retrained(kind="counts"), 12 * 10), (Retrained(kind="rate", hidden=7), 7 * 22)],
)
def test_another_decoder_reads_the_same_spikes(
    decoder: Retrained, macs: int, bundle: Bundle, splits: Splits
) -> None:
    found = retrained(TASK, bundle, splits, decoder, epochs=80)
    assert found.network is bundle.network
    assert found.decoder.macs == macs < bundle.decoder.macs
    assert not any(parameter.requires_grad for parameter in found.decoder.parameters())
    assert found.notes["decoder"] == {"kind": decoder.kind, "learnt_epochs": 80}
    assert accuracy(found, splits) > 0.2  # of 10 classes, from counts of a net of two epochs


def test_it_is_the_same_each_time_and_leaves_the_random_numbers_alone(
    bundle: Bundle, splits: Splits
) -> None:
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    one, two = (
        retrained(TASK, bundle, splits, Retrained(kind="linear"), epochs=1) for _ in range(2)
    )
    assert torch.equal(before, torch.random.get_rng_state())
    for name, tensor in one.decoder.state_dict().items():
        assert torch.equal(tensor, two.decoder.state_dict()[name])


def test_fewer_steps_of_a_bundle_are_what_is_learnt_from(bundle: Bundle, splits: Splits) -> None:
    short = dataclasses.replace(bundle, steps=3)
    found = retrained(TASK, short, splits, Retrained(kind="linear"), epochs=1)
    (head,) = found.decoder.heads.values()
    torch.manual_seed(TASK.training.seed)
    fresh = torch.nn.Linear(12 * 8, 10)
    window = np.arange(12 * 8).reshape(12, 8)
    silent = window[:, 3:].ravel()
    assert torch.equal(head.weight[:, silent], fresh.weight[:, silent])
    assert not torch.equal(head.weight, fresh.weight)


def test_an_answer_that_the_task_does_not_learn_is_refused(bundle: Bundle, splits: Splits) -> None:
    images = dataclasses.replace(TASK, heads=("image",))
    with pytest.raises(InputError, match=r"head label of the bundle: expected one of \['image'\]"):
        retrained(images, bundle, splits, Retrained(kind="linear"))

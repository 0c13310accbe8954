"""A decoder learns what its spikes say, and says when it cannot."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from neurodeploy.errors import InputError
from neurodeploy.learn.data import Batch
from neurodeploy.learn.decoder_fit import fit_decoder
from neurodeploy.learn.objective import ConstantRate, Objective, class_loss
from neurodeploy.model.decoder import Decoder, DecoderConfig

OBJECTIVE = Objective(heads={"label": (class_loss, 1.0)}, beta=0.0, prior=ConstantRate(0.1))


def decoder() -> Decoder:
    torch.manual_seed(0)
    return Decoder(
        DecoderConfig(kind="linear", neurons=4, window_steps=3, heads={"label": 4}, hidden=8)
    )


def test_it_learns_which_neuron_spoke_from_every_epoch_that_it_is_given() -> None:
    learning, asked = decoder(), []

    def batches(epoch: int) -> Iterator[Batch]:
        asked.append(epoch)
        spikes = torch.eye(4).unsqueeze(2).expand(4, 4, 3)
        yield Batch(spikes, {"label": torch.arange(4)})

    fit_decoder(*(learning, learning.at_the_end, OBJECTIVE, batches), epochs=40, learning_rate=0.1)
    assert asked == list(range(40))
    answers = learning.at_the_end(torch.eye(4).unsqueeze(2).expand(4, 4, 3))["label"]
    assert answers.argmax(1).tolist() == [0, 1, 2, 3]


def test_a_loss_that_is_no_number_is_refused() -> None:
    learning = decoder()
    spikes = torch.full((1, 4, 3), torch.inf)
    batch = Batch(spikes, {"label": torch.tensor([0])})
    with pytest.raises(InputError, match="decoder linear, epoch 0: expected a finite log-loss"):
        fit_decoder(
            *(learning, learning.at_the_end, OBJECTIVE, lambda _: [batch]),
            epochs=1,
            learning_rate=0.1,
        )

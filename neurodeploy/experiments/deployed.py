"""What is lost or won where sampled spikes become deployed ones; a decoder that learns those."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from neurodeploy.experiments.measure import (
    TEST_SEED,
    deployed_batches,
    in_order,
    independent_answers,
)
from neurodeploy.learn.data import Batch
from neurodeploy.learn.decoder_fit import fit_decoder
from neurodeploy.learn.objective import NO_LABEL
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.tasks.base import Task

DRAWS = 10
"""Of the readout's coins, for each sample of the test part."""

LEARNING_RATE = 5e-4
"""Of a decoder that has learnt from sampled spikes already."""


@torch.no_grad()
def measure_gap(
    task: Task[Any], splits: Any, model: HybridModel, *, draws: int = DRAWS
) -> dict[str, float]:
    """Answers to sampled spikes beside those of the exported network, on the test part.

    Parameters
    ----------
    task : Task
        What the model was trained for.
    splits
        Its data.
    model : HybridModel
        Trained.
    draws : int
        How often each sample is drawn, at the last temperature of the training; at least 2.

    Returns
    -------
    dict of str to float
        Of the head ``label``: ``accuracy_deployed`` on the native engine; ``accuracy_sampled``, the
        mean of all draws; ``gap``, sampled less deployed; ``gap_absolute``, the mean over draws of
        its size. ``disagreement``: share of the answers that are another one deployed than in a
        draw; ``disagreement_draws``: the same between a draw and the next, which is chance alone.
        ``test_samples`` as of `measure`.
    """
    generator = torch.Generator().manual_seed(TEST_SEED)
    right: list[np.ndarray] = []
    asked: list[np.ndarray] = []
    apart = apart_draws = 0
    for batch, sent in deployed_batches(model.encoder, in_order(task.sources(splits).test)):
        label = batch.targets["label"].view(len(batch.spikes), -1)
        wanted = label != NO_LABEL
        _, draw = model.encoder.heard(batch.spikes)
        drawn = [
            draw(temperature=task.training.temperature_end, generator=generator)[0]
            for _ in range(draws)
        ]
        deployed, *sampled = (
            model.read(spikes)["label"].argmax(-1).view_as(label)
            for spikes in (torch.from_numpy(sent).float(), *drawn)
        )
        every = torch.stack([deployed, *sampled])
        right.append((every == label).sum(2).numpy())
        asked.append(wanted.sum(1).numpy())
        apart += sum(int((each != deployed)[wanted].sum()) for each in sampled)
        pairs = itertools.pairwise(sampled)
        apart_draws += sum(int((one != other)[wanted].sum()) for one, other in pairs)
    answers = np.concatenate(asked)
    by_sample = np.concatenate(right, 1)
    total = int(answers.sum())
    deployed_share, *shares = by_sample.sum(1) / total
    return {
        "accuracy_deployed": float(deployed_share),
        "accuracy_sampled": float(np.mean(shares)),
        "gap": float(np.mean(shares) - deployed_share),
        "gap_absolute": float(np.abs(np.array(shares) - deployed_share).mean()),
        "disagreement": apart / (draws * total),
        "disagreement_draws": apart_draws / ((draws - 1) * total),
        "test_samples": independent_answers(by_sample[0], answers),
    }


def tuned_on_deployed(
    task: Task[Any], splits: Any, model: HybridModel, *, epochs: int = 1
) -> HybridModel:
    """A copy whose decoder has learnt on from what the exported encoder sends.

    The encoder stays as it is. Only training data are seen.

    Parameters
    ----------
    task : Task
        Its data, losses and seed.
    splits
        The data.
    model : HybridModel
        Trained.
    epochs : int
        Over the training data; other batches than those of the training.
    """
    tuned = copy.deepcopy(model)
    source, training = task.sources(splits).train, task.training

    def sent(epoch: int) -> Iterator[Batch]:
        batches = source.shuffled(training.batch_size, training.seed, training.epochs + epoch)
        for batch, spikes in deployed_batches(tuned.encoder, batches):
            yield Batch(torch.from_numpy(spikes).float(), batch.targets)

    with torch.random.fork_rng():
        torch.manual_seed(training.seed)
        fit_decoder(
            *(tuned.decoder, tuned.read, task.objective(), sent),
            epochs=epochs,
            learning_rate=LEARNING_RATE,
        )
    return tuned

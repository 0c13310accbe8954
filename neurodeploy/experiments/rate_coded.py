"""The usual way, as baselines: SLAYER networks with one output neuron a class, read by counts."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import torch

from neurodeploy._io.lava import lava_imports
from neurodeploy.experiments.measure import deployed_batches, in_order
from neurodeploy.learn.data import Source
from neurodeploy.learn.threads import on_threads
from neurodeploy.model.encoder import Encoder
from neurodeploy.model.specs import DenseSpec
from neurodeploy.signals.datasets import Splits
from neurodeploy.tasks.image import ImageTask

with lava_imports():
    from lava.lib.dl import slayer

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Of output spikes [batch, class, time] and labels [batch]: a scalar."""


def run_spike_rate(
    task: ImageTask, splits: Splits, *, true_rate: float, false_rate: float
) -> dict[str, float]:
    """Train towards hand-made target rates with ``slayer.loss.SpikeRate``; classify by counts.

    Same data, hidden layers, neurons, learning rate and number of epochs as the task; all neurons
    are deterministic, with SLAYER's surrogate gradient.

    Parameters
    ----------
    task : ImageTask
        What it is compared with.
    splits : Splits
        Its data.
    true_rate, false_rate : float
        Spikes per step that the right class and the others should send; lava-dl's tutorials have
        0.2 and 0.03.

    Returns
    -------
    dict of str to float
        ``accuracy_deployed`` on the native engine and ``spikes_per_neuron_step`` of the output, on
        the test set of ``test_samples``, and ``accuracy_validation``, after the last epoch.
    """
    return _run(task, splits, slayer.loss.SpikeRate(true_rate, false_rate, reduction="sum"))


def run_counting(task: ImageTask, splits: Splits, *, scale: float) -> dict[str, float]:
    """The same network, trained with the cross-entropy of its output counts.

    Parameters
    ----------
    task, splits
        As for `run_spike_rate`.
    scale : float
        Logits of a spike more.

    Returns
    -------
    dict of str to float
        As of `run_spike_rate`.
    """

    def loss(spikes: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(scale * spikes.sum(-1), labels)

    return _run(task, splits, loss)


def _run(task: ImageTask, splits: Splits, loss: Loss) -> dict[str, float]:
    training = task.training
    torch.manual_seed(training.seed)
    spec = DenseSpec(neurons=1, neuron=task.neuron, weight_scale=task.weight_scale)
    sizes = (*task.widths, splits.train.classes)
    encoder = Encoder(
        task.input_shape(splits), [dataclasses.replace(spec, neurons=n) for n in sizes]
    )
    optimizer = torch.optim.Adam(encoder.parameters(), lr=training.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, training.epochs)
    sources = task.sources(splits)
    with on_threads(1):
        for epoch in range(training.epochs):
            for batch in sources.train.shuffled(training.batch_size, training.seed, epoch):
                spikes = batch.spikes
                for block in encoder.blocks:
                    spikes = block(spikes)
                optimizer.zero_grad()
                loss(spikes, batch.targets["label"]).backward()
                torch.nn.utils.clip_grad_norm_(encoder.parameters(), training.clip_norm)
                optimizer.step()
            schedule.step()
    accuracy, rate = _deployed(encoder, sources.test)
    return {
        "accuracy_deployed": accuracy,
        "accuracy_validation": _deployed(encoder, sources.validation)[0],
        "spikes_per_neuron_step": rate,
        "test_samples": float(len(sources.test)),
    }


def _deployed(encoder: Encoder, source: Source) -> tuple[float, float]:
    """Accuracy of the exported network's counts, and its spikes per output neuron and step."""
    right = spikes = chances = 0
    for batch, sent in deployed_batches(encoder, in_order(source)):
        right += int((sent.sum(-1).argmax(1) == batch.targets["label"].numpy()).sum())
        spikes, chances = spikes + int(sent.sum()), chances + sent.size
    return right / len(source), spikes / chances

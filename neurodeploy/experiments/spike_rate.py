"""The usual way, as a baseline: a SLAYER network trained towards hand-made target rates."""

from __future__ import annotations

import dataclasses

import torch

from neurodeploy._io.lava import lava_imports
from neurodeploy.experiments.measure import deployed_batches
from neurodeploy.learn.threads import on_threads
from neurodeploy.model.encoder import Encoder
from neurodeploy.model.specs import DenseSpec
from neurodeploy.signals.datasets import Splits
from neurodeploy.tasks.image import ImageTask

with lava_imports():
    from lava.lib.dl import slayer

TRUE_RATE, FALSE_RATE = 0.2, 0.03
"""Spikes per step that the right class and the others should send (lava-dl's tutorials)."""


def run_spike_rate(task: ImageTask, splits: Splits) -> dict[str, float]:
    """Train with ``slayer.loss.SpikeRate``, one output neuron a class, and classify by counts.

    Same data, hidden layers, neurons, learning rate and number of epochs as the task; all neurons
    are deterministic, with SLAYER's surrogate gradient.

    Parameters
    ----------
    task : ImageTask
        What it is compared with.
    splits : Splits
        Its data.

    Returns
    -------
    dict of str to float
        ``accuracy_deployed`` on the native engine and ``spikes_per_neuron_step`` of the output,
        on the test set, after the last epoch.
    """
    training = task.training
    torch.manual_seed(training.seed)
    spec = DenseSpec(neurons=1, neuron=task.neuron, weight_scale=task.weight_scale)
    sizes = (*task.widths, splits.train.classes)
    encoder = Encoder(
        task.input_shape(splits), [dataclasses.replace(spec, neurons=n) for n in sizes]
    )
    loss = slayer.loss.SpikeRate(TRUE_RATE, FALSE_RATE, reduction="sum")
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
    right = spikes_sent = chances = 0
    for batch, sent in deployed_batches(encoder, sources.test):
        right += int((sent.sum(-1).argmax(1) == batch.targets["label"].numpy()).sum())
        spikes_sent, chances = spikes_sent + int(sent.sum()), chances + sent.size
    return {
        "accuracy_deployed": right / len(sources.test),
        "spikes_per_neuron_step": spikes_sent / chances,
    }

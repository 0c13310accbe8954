"""Ordinary networks that see a whole recording at once, as a frame: learnt and measured alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from neurodeploy.experiments.units import Run
from neurodeploy.learn.data import Source
from neurodeploy.tasks.recorded import RecordedTask

LEARNING_RATE, SMOOTHING = 4e-3, 0.05

Frame = Callable[[torch.Tensor], torch.Tensor]
"""Spikes [batch, *features, time] as a network sees them."""


def run_on_frames(
    task: RecordedTask,
    network: Callable[[tuple[int, ...], int], torch.nn.Module],
    frame: Frame,
    *,
    epochs: int,
) -> Run:
    """A run that trains a network on frames of spikes, changed as their task changes them.

    AdamW with one cycle of the learning rate, on smoothed labels. Its last epoch is measured, on
    the test part alone.

    Parameters
    ----------
    task : RecordedTask
        Its recordings, their changes in training, batch size and seed.
    network : callable
        Makes it, of the features of the spikes and the number of classes.
    frame : callable
        What it sees.
    epochs : int
    """

    def run(_: Any) -> Mapping[str, float]:
        splits = task.splits()
        sources, training = task.sources(splits), task.training
        torch.manual_seed(training.seed)
        learnt = network(task.input_shape(splits), task.heads_of(splits)["label"])
        optimiser = torch.optim.AdamW(learnt.parameters(), weight_decay=1e-3)
        batches = -(-len(sources.train) // training.batch_size)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, LEARNING_RATE, total_steps=epochs * batches
        )
        for epoch in range(epochs):
            for batch in sources.train.shuffled(training.batch_size, training.seed, epoch):
                loss = torch.nn.functional.cross_entropy(
                    learnt(frame(batch.spikes)), batch.targets["label"], label_smoothing=SMOOTHING
                )
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
        learnt.eval()

        @torch.no_grad()
        def accuracy(source: Source) -> float:
            right = sum(
                int((learnt(frame(batch.spikes)).argmax(1) == batch.targets["label"]).sum())
                for batch in source.ordered(training.batch_size, 0)
            )
            return right / len(source)

        return {"accuracy_deployed": accuracy(sources.test), "test_samples": len(sources.test)}

    return run

"""An ordinary CNN that sees the spikes of a whole recording as a picture: what they would allow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from neurodeploy.experiments.units import Run
from neurodeploy.learn.data import Source
from neurodeploy.tasks.recorded import RecordedTask

LEARNING_RATE, SMOOTHING, DROPOUT = 4e-3, 0.05, 0.4
CHANNELS = (24, 48, 96)


def run_spike_cnn(task: RecordedTask, *, epochs: int) -> Run:
    """A run that trains a CNN on the spikes of sounds, changed as their task changes them.

    The bands of its hearing are rows of the picture, what features a band has its channels, and
    steps its columns. Three convolutions of 3 x 3 with batch norm and pooling, dropout, a linear
    layer; AdamW with one cycle of the learning rate. Its last epoch is measured, on the test part
    alone.

    Parameters
    ----------
    task : RecordedTask
        Its recordings and hearing, their changes in training, batch size and seed.
    epochs : int
    """
    bands = task.reading.hearing.bands

    def picture(spikes: torch.Tensor) -> torch.Tensor:
        return spikes.unflatten(1, (-1, bands))

    def run(_: Any) -> Mapping[str, float]:
        splits = task.splits()
        sources, training = task.sources(splits), task.training
        torch.manual_seed(training.seed)
        features, classes = task.input_shape(splits)[0], task.heads_of(splits)["label"]
        cnn = _cnn(features // bands, bands, task.steps, classes)
        optimiser = torch.optim.AdamW(cnn.parameters(), weight_decay=1e-3)
        batches = -(-len(sources.train) // training.batch_size)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, LEARNING_RATE, total_steps=epochs * batches
        )
        for epoch in range(epochs):
            for batch in sources.train.shuffled(training.batch_size, training.seed, epoch):
                loss = torch.nn.functional.cross_entropy(
                    cnn(picture(batch.spikes)), batch.targets["label"], label_smoothing=SMOOTHING
                )
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
        cnn.eval()

        @torch.no_grad()
        def accuracy(source: Source) -> float:
            right = sum(
                int((cnn(picture(batch.spikes)).argmax(1) == batch.targets["label"]).sum())
                for batch in source.ordered(training.batch_size, 0)
            )
            return right / len(source)

        return {"accuracy_deployed": accuracy(sources.test), "test_samples": len(sources.test)}

    return run


def _cnn(channels: int, bands: int, steps: int, classes: int) -> torch.nn.Sequential:
    layers: list[torch.nn.Module] = []
    for inputs, outputs in zip((channels, *CHANNELS), CHANNELS, strict=False):
        layers += [
            torch.nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
            torch.nn.BatchNorm2d(outputs),
            torch.nn.ReLU(),
            torch.nn.MaxPool2d(2),
        ]
    pooled = (bands // 2 ** len(CHANNELS)) * (steps // 2 ** len(CHANNELS))
    layers += [
        torch.nn.Flatten(),
        torch.nn.Dropout(DROPOUT),
        torch.nn.Linear(CHANNELS[-1] * pooled, classes),
    ]
    return torch.nn.Sequential(*layers)

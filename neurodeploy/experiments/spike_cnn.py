"""An ordinary CNN that sees the spikes of a whole recording as a picture: what they would allow."""

from __future__ import annotations

import torch

from neurodeploy.experiments.frames import run_on_frames
from neurodeploy.experiments.units import Run
from neurodeploy.tasks.recorded import RecordedTask

DROPOUT = 0.4
CHANNELS = (24, 48, 96)


def run_spike_cnn(task: RecordedTask, *, epochs: int) -> Run:
    """`run_on_frames` of a CNN on the spikes of sounds.

    The bands of its hearing are rows of the picture, what features a band has its channels, and
    steps its columns. Three convolutions of 3 x 3 with batch norm and pooling, dropout, a linear
    layer.

    Parameters
    ----------
    task : RecordedTask
        Its recordings and hearing.
    epochs : int
    """
    bands = task.reading.hearing.bands

    def network(shape: tuple[int, ...], classes: int) -> torch.nn.Module:
        return _cnn(shape[0] // bands, bands, task.steps, classes)

    def picture(spikes: torch.Tensor) -> torch.Tensor:
        return spikes.unflatten(1, (-1, bands))

    return run_on_frames(task, network, picture, epochs=epochs)


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

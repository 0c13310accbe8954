"""A LeNet-class classifier that judges reconstructed images; it never sees a spike.

The paper reads the quality of a reconstruction from the accuracy of a LeNet on it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from neurodeploy.learn.data import shift_images
from neurodeploy.signals.datasets import Dataset


class LeNet(torch.nn.Module):
    """Two convolutions with pooling and two dense layers, for square grey images.

    Parameters
    ----------
    side_px : int
        Height and width of the images, divisible by 4.
    classes : int
        Number of classes.
    """

    def __init__(self, side_px: int, classes: int) -> None:
        super().__init__()
        self.body = torch.nn.Sequential(
            torch.nn.Conv2d(1, 16, 5, padding=2),
            torch.nn.MaxPool2d(2),
            torch.nn.ReLU(),
            torch.nn.Conv2d(16, 32, 5, padding=2),
            torch.nn.MaxPool2d(2),
            torch.nn.ReLU(),
            torch.nn.Flatten(),
            torch.nn.Linear(32 * (side_px // 4) ** 2, 128),
            torch.nn.ReLU(),
            torch.nn.Dropout(0.3),
            torch.nn.Linear(128, classes),
        )
        self.to(memory_format=torch.channels_last)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Class logits [batch, class] of images [batch, height, width]."""
        grey = images[:, None].contiguous(memory_format=torch.channels_last)
        logits: torch.Tensor = self.body(grey)
        return logits


def train_oracle(
    dataset: Dataset,
    *,
    steps: int = 800,
    seed: int = 0,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> LeNet:
    """Train a classifier on original images, shifted by up to one pixel.

    Parameters
    ----------
    dataset : Dataset
        Training images.
    steps, seed : int
        Gradient steps of 64 images, and randomness of the training.
    report : function of (steps done, steps in all)
        Called after every step.
    """
    torch.manual_seed(seed)
    model = LeNet(dataset.images.shape[-1], dataset.classes)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    rng = np.random.default_rng(seed)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for step in range(steps):
        picked = rng.choice(len(dataset), 64, replace=False)
        images = torch.from_numpy(shift_images(dataset.images[picked], 1, rng))
        labels = torch.from_numpy(dataset.labels[picked])
        loss = torch.nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        report(step + 1, steps)
    return model.eval()


@torch.no_grad()
def oracle_accuracy(oracle: LeNet, images: np.ndarray, labels: np.ndarray) -> float:
    """Share of images [sample, height, width], float32, that the oracle reads as their label."""
    predicted = oracle(torch.from_numpy(images)).argmax(1).numpy()
    return float((predicted == labels).mean())

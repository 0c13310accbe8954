"""Labelled images as batches of input spikes and targets, deterministic by seed and epoch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch

from neurodeploy.signals.datasets import Dataset
from neurodeploy.signals.encode import Encoding


class Batch(NamedTuple):
    """Input spikes [batch, feature, time] and targets ``{head: [batch, ...]}``."""

    spikes: torch.Tensor
    targets: dict[str, torch.Tensor]


class ImageSource:
    """Images, encoded anew in each epoch; the targets are ``image`` and ``label``.

    Parameters
    ----------
    dataset : Dataset
        Images [sample, height, width] in [0, 1] and labels.
    encoding : Encoding
        Images to spikes.
    shift_px : int
        Largest random translation of an image, for training.
    """

    def __init__(self, dataset: Dataset, encoding: Encoding, *, shift_px: int = 0) -> None:
        self.dataset = dataset
        self.encoding = encoding
        self.shift_px = shift_px

    def __len__(self) -> int:
        return len(self.dataset.labels)

    def shuffled(self, batch_size: int, seed: int, epoch: int) -> Iterator[Batch]:
        """Batches of one training epoch, in an order and with noise set by seed and epoch."""
        rng = np.random.default_rng([seed, epoch])
        yield from self._batches(rng.permutation(len(self)), batch_size, rng, self.shift_px)

    def ordered(self, batch_size: int, seed: int) -> Iterator[Batch]:
        """All samples once, in order and unshifted; the spikes depend on the seed alone."""
        yield from self._batches(np.arange(len(self)), batch_size, np.random.default_rng(seed), 0)

    def _batches(
        self, order: np.ndarray, batch_size: int, rng: np.random.Generator, shift_px: int
    ) -> Iterator[Batch]:
        for start in range(0, len(order), batch_size):
            picked = order[start : start + batch_size]
            images = shift_images(self.dataset.images[picked], shift_px, rng)
            flat = images.reshape(len(picked), -1)
            yield Batch(
                torch.from_numpy(self.encoding(flat, rng)).float(),
                {
                    "image": torch.from_numpy(flat),
                    "label": torch.from_numpy(self.dataset.labels[picked]),
                },
            )


def shift_images(images: np.ndarray, shift_px: int, rng: np.random.Generator) -> np.ndarray:
    """Translate each image by up to ``shift_px`` pixels along both axes, filling with 0.

    Parameters
    ----------
    images : ndarray [sample, height, width], float32
    shift_px : int
        0 returns the images as they are.
    rng : numpy.random.Generator
        Source of the shifts.
    """
    if shift_px == 0:
        return images
    height, width = images.shape[1:]
    padded = np.pad(images, ((0, 0), (shift_px, shift_px), (shift_px, shift_px)))
    rows, columns = rng.integers(0, 2 * shift_px + 1, (2, len(images), 1, 1))
    sample = np.arange(len(images))[:, None, None]
    return padded[sample, rows + np.arange(height)[:, None], columns + np.arange(width)]

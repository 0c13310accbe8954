"""Batches of input spikes and targets, deterministic by seed and epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch

from neurodeploy._io.digest import digest
from neurodeploy.errors import InputError, message
from neurodeploy.signals.datasets import Dataset
from neurodeploy.signals.distort import Distortion
from neurodeploy.signals.encode import Encoding
from neurodeploy.signals.jitter import Jitter
from neurodeploy.signals.packed import PackedSpikes
from neurodeploy.signals.voices import Voices

UNDISTORTED, UNMOVED = Distortion(), Jitter()


class Batch(NamedTuple):
    """Input spikes [batch, *features, time] and targets ``{head: [batch, ...]}``."""

    spikes: torch.Tensor
    targets: dict[str, torch.Tensor]

    def to(self, device: torch.device) -> Batch:
        """The same on a device."""
        targets = {head: target.to(device) for head, target in self.targets.items()}
        return Batch(self.spikes.to(device), targets)


class Source(Protocol):
    """Where batches come from.

    The next batch may be made on another thread while one is used, so each has its own memory.
    """

    @property
    def identity(self) -> Mapping[str, Any]:
        """What its batches are made of, in JSON's types: digests of the data, and the settings."""

    def __len__(self) -> int:
        """Samples of an epoch."""

    def shuffled(self, batch_size: int, seed: int, epoch: int) -> Iterator[Batch]:
        """Batches of one training epoch, set by seed and epoch."""

    def ordered(self, batch_size: int, seed: int) -> Iterator[Batch]:
        """All samples once, in order; the spikes depend on the seed alone."""


class SpikeSource:
    """Spikes that are there already, with their targets.

    Parameters
    ----------
    spikes : ndarray or PackedSpikes [sample, *features, time], uint8
        0 or 1.
    targets : mapping of str to ndarray [sample, ...]
        What each head should answer.
    jitter : Jitter or Voices
        Random changes of the spikes, for training.

    Raises
    ------
    InputError
        A target has another number of samples.
    """

    def __init__(
        self,
        spikes: np.ndarray | PackedSpikes,
        targets: Mapping[str, np.ndarray],
        jitter: Jitter | Voices = UNMOVED,
    ) -> None:
        for head, target in targets.items():
            if len(target) != len(spikes):
                raise InputError(message(f"targets {head}", f"{len(spikes)} samples", len(target)))
        self.spikes = spikes
        self.targets = dict(targets)
        self.jitter = jitter

    @cached_property
    def identity(self) -> dict[str, Any]:
        """Digests of the spikes and of each target, and the changes for training."""
        spikes = self.spikes
        return {
            "samples": len(self),
            "spikes": spikes.digest() if isinstance(spikes, PackedSpikes) else digest(spikes),
            "targets": {head: digest(np.asarray(each)) for head, each in self.targets.items()},
            "jitter": asdict(self.jitter),
        }

    def __len__(self) -> int:
        return len(self.spikes)

    def shuffled(self, batch_size: int, seed: int, epoch: int) -> Iterator[Batch]:
        """Batches of one training epoch, in an order set by seed and epoch."""
        rng = np.random.default_rng([seed, epoch])
        order = rng.permutation(len(self))
        for picked in _pieces(order, batch_size):
            yield self._batch(self.jitter(self.spikes[picked], rng), picked)

    def ordered(self, batch_size: int, seed: int) -> Iterator[Batch]:
        """All samples once, in order and as they are; nothing depends on the seed."""
        for picked in _pieces(np.arange(len(self)), batch_size):
            yield self._batch(self.spikes[picked], picked)

    def _batch(self, spikes: np.ndarray, picked: np.ndarray) -> Batch:
        targets = {head: torch.from_numpy(each[picked]) for head, each in self.targets.items()}
        return Batch(torch.from_numpy(spikes).float(), targets)


class ImageSource:
    """Images, encoded anew in each epoch; the targets are ``image`` and ``label``.

    Parameters
    ----------
    dataset : Dataset
        Images [sample, height, width] in [0, 1] and labels.
    encoding : Encoding
        Images to spikes.
    shape : tuple of int, optional
        Features of the spikes, such as (1, height, width); all pixels in a row if not given.
    shift_px : int
        Largest random translation of an image, for training.
    distortion : Distortion
        Other random changes of an image, for training.
    mirrored : bool
        Half of the images, at random, are mirrored left to right in training: for things that look
        the same from either side.
    """

    def __init__(
        self,
        dataset: Dataset,
        encoding: Encoding,
        *,
        shape: tuple[int, ...] | None = None,
        shift_px: int = 0,
        distortion: Distortion = UNDISTORTED,
        mirrored: bool = False,
    ) -> None:
        self.dataset = dataset
        self.encoding = encoding
        self.shape = shape or (dataset.images[0].size,)
        self.shift_px = shift_px
        self.distortion = distortion
        self.mirrored = mirrored

    @cached_property
    def identity(self) -> dict[str, Any]:
        """Digests of images and labels, the encoding, and the changes for training."""
        return {
            "samples": len(self),
            "images": digest(self.dataset.images),
            "labels": digest(self.dataset.labels),
            "encoding": self.encoding.to_dict(),
            "shift_px": self.shift_px,
            "distortion": asdict(self.distortion),
            **({"mirrored": True} if self.mirrored else {}),
        }

    def __len__(self) -> int:
        return len(self.dataset.labels)

    def shuffled(self, batch_size: int, seed: int, epoch: int) -> Iterator[Batch]:
        """Batches of one training epoch, in an order and with noise set by seed and epoch."""
        rng = np.random.default_rng([seed, epoch])
        order = rng.permutation(len(self))
        for picked in _pieces(order, batch_size):
            images = self.distortion(self.dataset.images[picked], rng)
            if self.mirrored:
                images = mirror_images(images, rng)
            yield self._batch(shift_images(images, self.shift_px, rng), picked, rng)

    def ordered(self, batch_size: int, seed: int) -> Iterator[Batch]:
        """All samples once, in order and as they are; the spikes depend on the seed alone."""
        rng = np.random.default_rng(seed)
        for picked in _pieces(np.arange(len(self)), batch_size):
            yield self._batch(self.dataset.images[picked], picked, rng)

    def _batch(self, images: np.ndarray, picked: np.ndarray, rng: np.random.Generator) -> Batch:
        flat = images.reshape(len(picked), -1)
        return Batch(
            torch.from_numpy(self.encoding(flat, rng)).float().unflatten(1, self.shape),
            {
                "image": torch.from_numpy(flat),
                "label": torch.from_numpy(self.dataset.labels[picked]),
            },
        )


def _pieces(order: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """So many of an order at a time, the last time what is left."""
    for start in range(0, len(order), size):
        yield order[start : start + size]


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


def mirror_images(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Mirror each image left to right, or not, with equal probability.

    Parameters
    ----------
    images : ndarray [sample, height, width], float32
        They stay as they are.
    rng : numpy.random.Generator
        Source of the choice.
    """
    chosen = rng.random(len(images)) < 0.5
    return np.where(chosen[:, None, None], images[:, :, ::-1], images)

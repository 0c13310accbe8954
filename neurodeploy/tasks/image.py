"""Images from the spikes of an encoder: reconstructed, classified, or both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from neurodeploy.errors import InputError, message
from neurodeploy.learn.objective import HeadLoss, class_loss, pixel_loss
from neurodeploy.learn.sources import ImageSource
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.signals.datasets import Splits, load, split
from neurodeploy.signals.distort import Distortion
from neurodeploy.signals.encode import Encoding
from neurodeploy.tasks.base import Sources, Task

IMAGE_HEADS = {"image": pixel_loss, "label": class_loss}


@dataclass(frozen=True, kw_only=True)
class ImageTask(Task):
    """Reconstruct or classify images, or both; the decoder sees the whole sample.

    Parameters
    ----------
    dataset : str
        Name in `DATASETS`.
    train, validation, test : int
        Samples of each part.
    split_seed : int
        Of the permutation that divides them.
    encoding : Encoding
        Pixels to spikes.
    heads : tuple of str
        What the decoder answers: ``image``, ``label``, or both.
    class_weight : float
        The class loss counts so many times beside the pixel loss.
    shift_px : int
        Random translation in training.
    distortion : Distortion
        Other random changes of images in training.

    And everything that `Task` has.
    """

    dataset: str
    train: int
    validation: int
    test: int
    split_seed: int = 0
    encoding: Encoding
    heads: tuple[str, ...] = ("image", "label")
    class_weight: float = 20.0
    shift_px: int = 0
    distortion: Distortion = field(default_factory=Distortion)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.heads or not set(self.heads) <= set(IMAGE_HEADS):
            raise InputError(message("heads", "image, label or both", self.heads))

    @property
    def signal(self) -> Encoding:
        """Pixels to spikes."""
        return self.encoding

    @property
    def window_steps(self) -> int:
        """The whole sample."""
        return self.encoding.steps

    def splits(self) -> Splits:
        """The data, divided once by the recorded seed."""
        return split(
            load(self.dataset),
            train=self.train,
            validation=self.validation,
            test=self.test,
            seed=self.split_seed,
        )

    def sources(self, splits: Splits) -> Sources:
        """Images, encoded anew in each epoch."""
        return Sources(
            ImageSource(
                splits.train, self.encoding, shift_px=self.shift_px, distortion=self.distortion
            ),
            ImageSource(splits.validation, self.encoding),
            ImageSource(splits.test, self.encoding),
        )

    def input_shape(self, splits: Splits) -> tuple[int, ...]:
        """All pixels in a row."""
        return (splits.train.images[0].size,)

    def heads_of(self, splits: Splits) -> Mapping[str, int]:
        """Pixels and classes."""
        sizes = {"image": splits.train.images[0].size, "label": splits.train.classes}
        return {head: sizes[head] for head in self.heads}

    def losses(self) -> Mapping[str, tuple[HeadLoss, float]]:
        """Pixel or class log-loss, or both."""
        weights = {"image": 1.0, "label": self.class_weight}
        return {head: (IMAGE_HEADS[head], weights[head]) for head in self.heads}

    def notes(self) -> Mapping[str, Any]:
        """Dataset and split."""
        return {"dataset": self.dataset, "split_seed": self.split_seed}

    def model(self, splits: Splits) -> HybridModel:
        """An untrained model; the image head starts at the mean training image."""
        model = super().model(splits)
        if "image" in self.heads:
            start_at_the_mean(model.decoder.heads["image"], splits.train.images)
        return model


@torch.no_grad()
def start_at_the_mean(head: torch.nn.Module, images: np.ndarray) -> None:
    """Let an affine head begin with the mean of images [sample, height, width] in [0, 1]."""
    assert isinstance(head, torch.nn.Linear)
    mean = torch.from_numpy(images.mean(0).ravel()).clamp(0.005, 0.995)
    head.bias.copy_(torch.logit(mean))
    head.weight.mul_(0.1)


def input_spikes(chosen: ImageTask, images: np.ndarray, seed: int) -> np.ndarray:
    """Encode images [sample, height, width] to spikes uint8 [sample, pixel, time]."""
    return chosen.encoding(images.reshape(len(images), -1), np.random.default_rng(seed))

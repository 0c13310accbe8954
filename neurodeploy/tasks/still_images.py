"""What tasks with still images for an answer share: reconstructed, classified, or both."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch

from neurodeploy.errors import InputError, message
from neurodeploy.learn.objective import HeadLoss, class_loss, pixel_loss
from neurodeploy.signals.datasets import Dataset, Splits, split
from neurodeploy.tasks.base import Task

if TYPE_CHECKING:
    from neurodeploy.model.hybrid import HybridModel

StillSplits = TypeVar("StillSplits")

HEADS = {"image": pixel_loss, "label": class_loss}


@dataclass(frozen=True, kw_only=True)
class StillImageTask(Task[StillSplits]):
    """Reconstruct or classify images of a dataset, or both, from whatever was made of them.

    Parameters
    ----------
    dataset : str or Dataset
        Name in `DATASETS`, or images of one's own.
    train, validation, test : int
        Samples of each part; without a number for ``train`` it is what the others leave.
    split_seed : int
        Of the permutation that divides them.
    heads : tuple of str
        What the decoder answers: ``image``, ``label``, or both.
    class_weight : float
        The class loss counts so many times beside the pixel loss.

    And everything that `Task` has.
    """

    dataset: str | Dataset
    train: int | None
    validation: int
    test: int | None
    split_seed: int = 0
    heads: tuple[str, ...] = ("image", "label")
    class_weight: float = 20.0

    def __post_init__(self) -> None:
        if not self.heads or not set(self.heads) <= set(HEADS):
            raise InputError(message("heads", "image, label or both", self.heads))

    @abstractmethod
    def classes_of(self, splits: StillSplits) -> int:
        """Number of classes."""

    @abstractmethod
    def training_images(self, splits: StillSplits) -> np.ndarray | None:
        """Images [sample, height, width] of the training part, None where they are not known."""

    def divided(self, images: Dataset) -> Splits:
        """A dataset in three parts, by the recorded seed."""
        return split(
            images,
            train=self.train,
            validation=self.validation,
            test=self.test,
            seed=self.split_seed,
        )

    def heads_of(self, splits: StillSplits) -> Mapping[str, int]:
        """Pixels, where still images are known, and classes."""
        sizes = {"label": self.classes_of(splits)}
        images = self.training_images(splits)
        if images is not None:
            sizes["image"] = images[0].size
        return {head: sizes[head] for head in self.heads}

    def losses(self) -> Mapping[str, tuple[HeadLoss, float]]:
        """Pixel or class log-loss, or both."""
        weights = {"image": 1.0, "label": self.class_weight}
        return {head: (HEADS[head], weights[head]) for head in self.heads}

    def notes(self) -> Mapping[str, Any]:
        """Dataset and split: what must be the same for a test set to stay unseen."""
        dataset = self.dataset.name if isinstance(self.dataset, Dataset) else self.dataset
        names = ("split_seed", "train", "validation", "test")
        return {"dataset": dataset, **{name: getattr(self, name) for name in names}}

    def model(self, splits: StillSplits) -> HybridModel:
        """An untrained model; the image head starts at the mean training image."""
        model = super().model(splits)
        images = self.training_images(splits)
        if "image" in self.heads and images is not None:
            _start_at_the_mean(model.decoder.heads["image"], images)
        return model


@torch.no_grad()
def _start_at_the_mean(head: torch.nn.Module, images: np.ndarray) -> None:
    assert isinstance(head, torch.nn.Linear)
    mean = torch.from_numpy(images.mean(0).ravel()).clamp(0.005, 0.995)
    head.bias.copy_(torch.logit(mean))
    head.weight.mul_(0.1)

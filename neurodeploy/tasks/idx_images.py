"""Images in IDX files of a person's folder: MNIST, Fashion-MNIST, KMNIST, EMNIST."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from neurodeploy.errors import FileFormatError, InputError, message
from neurodeploy.signals.corpora.layouts import IDX_IMAGES
from neurodeploy.signals.datasets import Dataset, Splits, split_official
from neurodeploy.signals.sources.images import read_images
from neurodeploy.tasks.image import ImageTask

TRAIN = ("*train-images*",)
TEST = ("*t10k-images*", "*test-images*")


@dataclass(frozen=True, kw_only=True)
class IdxTask(ImageTask):
    """Images of a folder, with their official test part.

    Parameters
    ----------
    train, validation, test : int
        Samples of each part; without a number, ``train`` and ``test`` are all that there are.
    data_dir : path, optional
        Folder of the files, or of all data; the environment variable ``NEURODEPLOY_DATA``'s if not
        given.

    And everything that `ImageTask` has.
    """

    dataset: str | Dataset = "idx-images"
    train: int | None = None
    validation: int = 5000
    test: int | None = None
    data_dir: Path | None = None

    def in_folder(self, data_dir: Path) -> IdxTask:
        """The task with its images in another folder."""
        return replace(self, data_dir=data_dir)

    def splits(self) -> Splits:
        """The official test part; train and validation drawn from the rest by the recorded seed."""
        folder = IDX_IMAGES.find(self.data_dir)
        train, test = (_read(folder, patterns) for patterns in (TRAIN, TEST))
        classes = max(int(part[1].max()) for part in (train, test)) + 1
        return split_official(
            *(
                Dataset(name=folder.name, images=images, labels=labels, classes=classes)
                for images, labels in (train, test)
            ),
            train=self.train,
            validation=self.validation,
            test=self.test,
            seed=self.split_seed,
        )


def _read(folder: Path, patterns: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Images float32 in [0, 1] and labels int64 of the one file that fits."""
    found = sorted(path for pattern in patterns for path in folder.glob(pattern))
    expected = f"one file {' or '.join(patterns)}"
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        remedy = "Put the four files of one set into a folder of their own."
        raise InputError(message(f"data {folder}", expected, names, remedy))
    images, labels = read_images(found[0])
    if labels is None:
        raise FileFormatError(message(f"images {found[0]}", "labels beside them", "none"))
    return images.astype(np.float32) / 255, labels.astype(np.int64)

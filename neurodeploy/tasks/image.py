"""Images from the spikes of an encoder: reconstructed, classified, or both."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from neurodeploy.errors import InputError, message
from neurodeploy.learn.data import ImageSource
from neurodeploy.model.specs import ConvSpec
from neurodeploy.signals.datasets import Splits, load
from neurodeploy.signals.distort import Distortion
from neurodeploy.signals.encode import Encoding, SpikeInput
from neurodeploy.tasks.base import Sources, Task
from neurodeploy.tasks.still_images import StillImageTask


@dataclass(frozen=True, kw_only=True)
class ImageTask(StillImageTask[Splits]):
    """Images that are encoded pixel by pixel; the decoder sees the whole sample.

    Parameters
    ----------
    encoding : Encoding
        Pixels to spikes.
    shift_px : int
        Random translation in training.
    distortion : Distortion
        Other random changes of images in training.
    mirrored : bool
        Half of the images are mirrored left to right in training.

    And everything that `StillImageTask` and `Task` have.
    """

    encoding: Encoding
    shift_px: int = 0
    distortion: Distortion = field(default_factory=Distortion)
    mirrored: bool = False

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
        return self.divided(load(self.dataset))

    def sources(self, splits: Splits) -> Sources:
        """Images, encoded anew in each epoch."""
        shape = self.input_shape(splits)
        return Sources(
            ImageSource(
                splits.train,
                self.encoding,
                shape=shape,
                shift_px=self.shift_px,
                distortion=self.distortion,
                mirrored=self.mirrored,
            ),
            ImageSource(splits.validation, self.encoding, shape=shape),
            ImageSource(splits.test, self.encoding, shape=shape),
        )

    def input_shape(self, splits: Splits) -> tuple[int, ...]:
        """[1, height, width] before a convolution, else all pixels in a row."""
        image = splits.train.images[0]
        return (1, *image.shape) if isinstance(self.layers()[0], ConvSpec) else (image.size,)

    def training_images(self, splits: Splits) -> np.ndarray:
        """Images of the training part."""
        return splits.train.images

    def with_signal(self, signal: Encoding) -> ImageTask:
        """The task with its pixels encoded in another way.

        Raises
        ------
        InputError
            It encodes no pixels: it takes spikes as they come.
        """
        if isinstance(signal, SpikeInput):
            expected, found = "an encoding of pixels", f"{signal}, for spikes as they come"
            raise InputError(message(f"encoding for task {self.name}", expected, found))
        return replace(self, encoding=signal)

    def classes_of(self, splits: Splits) -> int:
        """Classes of the dataset."""
        return splits.train.classes


def input_spikes(chosen: Task[Any], images: np.ndarray, seed: int) -> np.ndarray:
    """Encode images as an `ImageTask` does.

    Parameters
    ----------
    chosen : ImageTask
    images : float32 array [sample, height, width]
        In [0, 1].
    seed : int
        Of the encoding's noise.

    Returns
    -------
    uint8 array [sample, pixel, time]

    Raises
    ------
    InputError
        The task does not encode images; take the spikes of its `sources`.
    """
    if not isinstance(chosen, ImageTask):
        raise InputError(message("input_spikes, task", "an ImageTask", type(chosen).__name__))
    return chosen.encoding(images.reshape(len(images), -1), np.random.default_rng(seed))

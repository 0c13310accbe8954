"""Which samples a person can look at: some of each class, and some that were read wrongly."""

from __future__ import annotations

from collections import Counter

import numpy as np

from neurodeploy.learn.objective import NO_LABEL
from neurodeploy.report.measured import Sample
from neurodeploy.report.pieces import Piece
from neurodeploy.report.tally import rows_of

MOST_STEPS = 200
"""Steps of a sample that can be looked at, the first ones."""


class Picked:
    """Takes samples while pieces pass.

    Parameters
    ----------
    shown, failures : int
        At most so many of each kind.
    classes : int
        Number of classes; 0 where none is asked for.
    input_image : (height, width), optional
        Of the input, where it is an image.
    """

    def __init__(
        self, shown: int, failures: int, classes: int, input_image: tuple[int, int] | None
    ) -> None:
        self.shown: list[Sample] = []
        self.failures: list[Sample] = []
        self._most, self._failures = shown, failures
        self._each = max(1, shown // classes) if classes else shown
        self._taken: Counter[int] = Counter()
        self._input_image = input_image
        self._passed = 0

    def add(self, piece: Piece) -> None:
        """Look at the samples of a piece."""
        asked = piece.asked
        right = None if asked is None else piece.right[:, -1]
        for at in range(len(piece)):
            label = -1 if asked is None else int(asked[at, -1])
            if len(self.shown) < self._most and self._taken[label] < self._each:
                self._taken[label] += 1
                self.shown.append(self._sample(piece, at))
            failed = right is not None and label != NO_LABEL and not right[at]
            if failed and len(self.failures) < self._failures:
                self.failures.append(self._sample(piece, at))
        self._passed += len(piece)

    def _sample(self, piece: Piece, at: int) -> Sample:
        activity = [each[at].reshape(-1, each.shape[-1])[:, :MOST_STEPS] for each in piece.activity]
        asked, original, drawn = piece.asked, None, None
        if piece.draws:
            drawn = piece.images(np.s_[at : at + 1])[0, :MOST_STEPS]
            original = np.asarray(piece.targets["image"][at]).ravel()
        return Sample(
            index=self._passed + at,
            spikes=tuple(each[rows_of(len(each))] != 0 for each in activity),
            asked=None if asked is None else asked[at, :MOST_STEPS],
            probabilities=None if asked is None else softmax(piece.answers["label"][at]),
            original=original,
            images=drawn,
            seen=None if self._input_image is None else so_far(activity[0], self._input_image),
        )


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities of classes [step, class], of the steps that can be looked at."""
    logits = logits[:MOST_STEPS].astype(np.float64)
    odds = np.exp(logits - logits.max(-1, keepdims=True))
    share: np.ndarray = (odds / odds.sum(-1, keepdims=True)).astype(np.float32)
    return share


def so_far(spikes: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Spikes [feature, step] up to each step as pixels, uint8 [step, pixel]; channels summed."""
    image = (spikes != 0).reshape(-1, shape[0] * shape[1], spikes.shape[-1]).sum(0)
    return np.minimum(image.cumsum(1).T, 255).astype(np.uint8)

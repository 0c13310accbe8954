"""Sums over pieces of the test part: accuracy by step, errors of images, activity of layers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from neurodeploy.experiments.measure import independent_answers
from neurodeploy.learn.objective import NO_LABEL
from neurodeploy.netx.network import Network
from neurodeploy.report.intervals import Z, wilson
from neurodeploy.report.measured import Accuracy, Layer, Reconstruction
from neurodeploy.report.pieces import Piece

MOST_ROWS = 256
"""Neurons of a layer that a raster shows."""


class Tally:
    """Sums over pieces; their spikes are not kept.

    Parameters
    ----------
    network : Network
        That runs.
    classes : int
        Number of classes; 0 where none is asked for.
    """

    def __init__(self, network: Network, classes: int) -> None:
        self.names = ("input", *network.names)
        self.sizes = [math.prod(shape) for shape in (network.input_shape, *network.shapes)]
        self.samples = 0
        self._classes = classes
        self._rate = [np.zeros(size) for size in self.sizes]
        self._step: list[np.ndarray] = []
        self._sample: list[list[np.ndarray]] = [[] for _ in self.sizes]
        self._right: list[np.ndarray] = []
        self._asked: list[np.ndarray] = []
        self._confusion = np.zeros((classes, classes), np.int64)
        self._error: list[np.ndarray] = []
        self._drawn: list[np.ndarray] = []

    def add(self, piece: Piece) -> None:
        """Count a piece."""
        flat = [np.asarray(each).reshape(len(piece), -1, each.shape[-1]) for each in piece.activity]
        by_step = [np.count_nonzero(each, 1) for each in flat]
        if not self._step:
            self._step = [np.zeros(each.shape[1]) for each in by_step]
        for at, (spikes, steps) in enumerate(zip(flat, by_step, strict=True)):
            self._rate[at] += np.count_nonzero(spikes, (0, 2)) / spikes.shape[2]
            self._step[at] += steps.sum(0)
            self._sample[at].append(steps.sum(1))
        self.samples += len(piece)
        self._add_classes(piece)
        if piece.draws:
            originals = piece.targets["image"].reshape(len(piece), 1, -1)
            self._error.append(np.square(piece.images() - originals).mean(2))
            self._drawn.append(originals[:, 0])

    def _add_classes(self, piece: Piece) -> None:
        asked = piece.asked
        if asked is None:
            return
        self._right.append(piece.right)
        self._asked.append(asked)
        at = np.s_[:] if piece.targets["label"].ndim == 2 else np.s_[:, -1:]
        wanted, said = asked[at], piece.answers["label"].argmax(-1)[at]
        counted = wanted != NO_LABEL
        np.add.at(self._confusion, (wanted[counted], said[counted]), 1)

    def layers(self) -> tuple[Layer, ...]:
        """What the input and each layer sent."""
        sums = [np.concatenate(each) for each in self._sample]
        return tuple(
            Layer(
                name=name,
                neurons=size,
                rows=rows_of(size),
                per_step=self._step[at] / self.samples,
                per_sample=float(sums[at].mean()),
                spread=float(sums[at].std()),
                rate=self._rate[at] / self.samples,
            )
            for at, (name, size) in enumerate(zip(self.names, self.sizes, strict=True))
        )

    def accuracy(self, streaming: bool) -> Accuracy | None:
        """How often the class is right: at the end, or over all steps of a stream."""
        if not self._right:
            return None
        right, asked = np.concatenate(self._right), np.concatenate(self._asked)
        wanted = asked != NO_LABEL
        by_step = right.sum(0) / np.maximum(wanted.sum(0), 1)
        low, high = wilson(by_step, wanted.sum(0))
        if streaming:
            value = float(right.sum() / max(wanted.sum(), 1))
            answers = independent_answers(right.sum(1), wanted.sum(1))
        else:
            value, answers = float(by_step[-1]), float(len(right))
        ends = wilson(value, answers)
        frequent = int(self._confusion.sum(1).max()) / max(int(self._confusion.sum()), 1)
        return Accuracy(
            value=value,
            interval=(float(ends[0]), float(ends[1])),
            answers=answers,
            by_step=by_step,
            low=low,
            high=high,
            guess=float(frequent),
            confusion=self._confusion,
        )

    def reconstruction(self) -> Reconstruction | None:
        """How far images are from the originals."""
        if not self._error:
            return None
        error, originals = np.concatenate(self._error), np.concatenate(self._drawn)
        mean = error.mean(0)
        half = Z * error.std(0) / math.sqrt(len(error))
        return Reconstruction(
            by_step=mean,
            low=mean - half,
            high=mean + half,
            blind=float(np.square(originals - originals.mean(0)).mean()),
        )


def rows_of(neurons: int) -> np.ndarray:
    """Neurons of a layer that a raster shows: all, or evenly chosen."""
    if neurons <= MOST_ROWS:
        return np.arange(neurons)
    return np.unique(np.linspace(0, neurons - 1, MOST_ROWS).round().astype(int))


def all_of(pieces: Sequence[Piece]) -> tuple[np.ndarray, ...]:
    """The activity of pieces, one after another."""
    return tuple(
        np.concatenate([piece.activity[at] for piece in pieces])
        for at in range(len(pieces[0].activity))
    )

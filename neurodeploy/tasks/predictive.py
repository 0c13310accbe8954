"""Predictive coding: say at every step where two moving blobs are, were, or will be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch

from neurodeploy.errors import InputError, message
from neurodeploy.learn.data import Batch, SpikeSource
from neurodeploy.learn.objective import NO_LABEL, HeadLoss, stream_loss
from neurodeploy.signals.blobs import MovingBlobs
from neurodeploy.signals.encode import SpikeInput
from neurodeploy.tasks.base import Sources, Task


class BlobSplits(NamedTuple):
    """Spikes [sample, input, time] and pairs [sample, time] of validation and test."""

    validation: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class BlobTask(Task[BlobSplits]):
    """The paper's streaming task: the pair of blobs at step t + ``delta``, at every step.

    The answer of a chip comes as many steps after the input as it has synapse layers, so step t
    is the step whose input the readout has just got: the decoder is asked for the pair of
    ``len(hidden) + 1 - delta`` steps ago.

    Parameters
    ----------
    blobs : MovingBlobs
        The signal.
    delta : int
        0: now; negative: before; positive: a prediction.
    window_steps : int
        Steps that the decoder sees, tau in the paper.
    train, validation, test : int
        Sequences of an epoch, which are fresh in each, and of the other parts, which stay.
    train_steps, test_steps : int
        Their length; validation is as long as test.
    data_seed : int
        Of validation and test.

    And everything that `Task` has.
    """

    streaming: ClassVar[bool] = True

    blobs: MovingBlobs = field(default_factory=MovingBlobs)
    delta: int = 0
    window_steps: int = 5
    train: int = 1000
    validation: int = 20
    test: int = 20
    train_steps: int = 100
    test_steps: int = 1000
    data_seed: int = 0

    def __post_init__(self) -> None:
        if self._behind < 0:
            raise InputError(message("delta", f"at most {len(self.hidden) + 1}", self.delta))
        if min(self.train_steps, self.test_steps) <= self._behind:
            found = min(self.train_steps, self.test_steps)
            raise InputError(message("steps", f"more than {self._behind}", found))

    @property
    def signal(self) -> SpikeInput:
        """Spikes, as the blobs send them."""
        return SpikeInput(steps=self.test_steps)

    def splits(self) -> BlobSplits:
        """Validation and test sequences."""
        rng = np.random.default_rng(self.data_seed)
        validation = self.blobs.sample(self.validation, self.test_steps, rng)
        test = self.blobs.sample(self.test, self.test_steps, rng)
        return BlobSplits(
            validation=(validation[0], self.labels(validation[1])),
            test=(test[0], self.labels(test[1])),
        )

    def labels(self, positions: np.ndarray) -> np.ndarray:
        """What should be answered at each step, int64 [sample, time].

        Parameters
        ----------
        positions : int64 [sample, time, 2]
            Of both blobs.
        """
        pairs = self.blobs.pair_index(positions)
        labels = np.full_like(pairs, NO_LABEL)
        labels[:, self._behind :] = pairs[:, : pairs.shape[1] - self._behind]
        return labels

    @property
    def _behind(self) -> int:
        return len(self.hidden) + 1 - self.delta

    def sources(self, splits: BlobSplits) -> Sources:
        """Fresh sequences to train on, the same ones to validate and test."""
        validation, test = (
            SpikeSource(spikes, {"label": labels})
            for spikes, labels in (splits.validation, splits.test)
        )
        return Sources(FreshBlobs(self), validation, test)

    def input_shape(self, splits: BlobSplits) -> tuple[int, ...]:
        """A neuron for each position."""
        return (self.blobs.inputs,)

    def heads_of(self, splits: BlobSplits) -> Mapping[str, int]:
        """All pairs of positions."""
        return {"label": self.blobs.pairs}

    def losses(self) -> Mapping[str, tuple[HeadLoss, float]]:
        """Log-loss of the pair, summed over steps."""
        return {"label": (stream_loss, 1.0)}

    def notes(self) -> Mapping[str, Any]:
        """The signal, and which step is asked for."""
        return {"dataset": "moving blobs", "data_seed": self.data_seed, "delta": self.delta}


class FreshBlobs:
    """Training sequences of a `BlobTask`, other ones in each epoch."""

    def __init__(self, task: BlobTask) -> None:
        self.task = task

    @property
    def identity(self) -> dict[str, Any]:
        """The signal, and what is asked of it."""
        task = self.task
        asked = {"samples": task.train, "steps": task.train_steps, "behind": task._behind}
        return {"blobs": repr(task.blobs), **asked}

    def __len__(self) -> int:
        return self.task.train

    def shuffled(self, batch_size: int, seed: int, epoch: int) -> Iterator[Batch]:
        """Batches of one epoch, drawn by seed and epoch."""
        yield from self._batches(batch_size, np.random.default_rng([seed, epoch]))

    def ordered(self, batch_size: int, seed: int) -> Iterator[Batch]:
        """As many sequences, drawn by the seed alone."""
        yield from self._batches(batch_size, np.random.default_rng(seed))

    def _batches(self, batch_size: int, rng: np.random.Generator) -> Iterator[Batch]:
        task = self.task
        for start in range(0, task.train, batch_size):
            count = min(batch_size, task.train - start)
            spikes, positions = task.blobs.sample(count, task.train_steps, rng)
            labels = torch.from_numpy(task.labels(positions))
            yield Batch(torch.from_numpy(spikes).float(), {"label": labels})

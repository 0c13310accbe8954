"""Recordings of a corpus in a person's folder, classified: speech, events, spike trains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy.errors import FileFormatError, InputError, message, shortened
from neurodeploy.learn.data import UNMOVED, SpikeSource
from neurodeploy.learn.objective import HeadLoss, class_loss
from neurodeploy.signals.arguments import whole_number
from neurodeploy.signals.corpora.corpus import Corpus, Opened
from neurodeploy.signals.encode import SpikeInput
from neurodeploy.signals.jitter import Jitter
from neurodeploy.signals.packed import PackedSpikes, pack
from neurodeploy.signals.recordings import Grid
from neurodeploy.signals.sources.find import Reading
from neurodeploy.signals.voices import Voices
from neurodeploy.tasks.base import Sources, Task

NOTED = (
    *("steps", "dt_s", "held_out", "fold", "folds"),
    *("validation_share", "test_share", "split_seed"),
)
"""What a bundle notes of how its data are divided and laid on steps."""

TEST_ORDER = 0
"""Seed of the order of the test part, the same for every task."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RecordedPart:
    """Some recordings.

    Parameters
    ----------
    spikes : PackedSpikes [sample, *features, time]
    labels : int64 array [sample]
    """

    spikes: PackedSpikes
    labels: np.ndarray

    def source(self, jitter: Jitter | Voices = UNMOVED) -> SpikeSource:
        """Batches of the part."""
        return SpikeSource(self.spikes, {"label": self.labels}, jitter)


@dataclass(frozen=True, kw_only=True, eq=False)
class RecordedSplits:
    """Three parts of a corpus, and the names of its classes in order."""

    train: RecordedPart
    validation: RecordedPart
    test: RecordedPart
    classes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RecordedTask(Task[RecordedSplits]):
    """Tell recordings apart; the decoder sees all steps.

    The test part is the official one, or one speaker, whom training has never heard, or one fold
    of a cross-validation. The validation part is drawn from the rest. The test part is in an order
    of chance, so that its first samples speak for all of it.

    Parameters
    ----------
    corpus : Corpus
        Where recordings come from, and how they become spikes.
    steps : int
        Time steps of a sample; what comes later is cut off.
    dt_s : float
        Seconds of a step.
    data_dir : path, optional
        Folder of the corpus, or of all data; the environment variable ``NEURODEPLOY_DATA``'s if
        not given.
    held_out : str, optional
        The speaker whose recordings are the test part, in place of the official one.
    fold : int, optional
        The part of a cross-validation that is the test part, from 0, in place of the official one.
    folds : int
        How many such parts there are; all recordings, the official ones too, are divided by chance.
    validation_share, test_share : float
        Of the recordings that are not for the test, those to validate; and of all, those to test
        where a corpus has no official part.
    split_seed : int
        Of the permutations that draw them.
    jitter : Jitter or Voices
        Random changes of spikes in training.

    And everything that `Task` has.
    """

    corpus: Corpus
    steps: int
    dt_s: float
    data_dir: Path | None = None
    held_out: str | None = None
    fold: int | None = None
    folds: int = 5
    validation_share: float = 0.1
    test_share: float = 0.1
    split_seed: int = 0
    jitter: Jitter | Voices = field(default_factory=Jitter)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("validation_share", "test_share"):
            if not 0 < getattr(self, name) < 1:
                raise InputError(message(f"task, {name}", "in (0, 1)", getattr(self, name)))
        whole_number("task, folds", self.folds, least=2)
        whole_number("task, split_seed", self.split_seed, least=0)
        if self.fold is not None:
            whole_number("task, fold", self.fold, least=0, most=self.folds - 1)
            if self.held_out is not None:
                expected = "a speaker held_out or a fold"
                raise InputError(message("task, test part", expected, "both"))

    @property
    def signal(self) -> SpikeInput:
        """The recordings, binned."""
        return SpikeInput(steps=self.steps)

    @property
    def grid(self) -> Grid:
        """The time axis."""
        return Grid(steps=self.steps, dt_s=self.dt_s)

    @property
    def reading(self) -> Reading:
        """As the corpus is read."""
        return self.corpus.reading

    @property
    def window_steps(self) -> int:
        """The whole sample."""
        return self.steps

    def in_folder(self, data_dir: Path) -> RecordedTask:
        """The task with its data in another folder."""
        return replace(self, data_dir=data_dir)

    def as_noted(self, notes: Mapping[str, Any]) -> RecordedTask:
        """The task with the steps and the test part that a bundle was trained with."""
        if "dataset" in notes and notes["dataset"] != self.corpus.name:
            expected = f"{shortened(notes['dataset'])}, which the bundle was trained on"
            raise InputError(message("option --data", expected, self.corpus.name))
        try:
            return replace(self, **{name: notes[name] for name in NOTED if name in notes})
        except TypeError as error:
            raise InputError(message("bundle, notes", "a split of recordings", error)) from error

    def splits(self) -> RecordedSplits:
        """The corpus, divided as described; spikes that were made before come from the cache."""
        opened = self.corpus.open(self.data_dir)
        labels, classes = numbered(opened.recordings.labels, opened.recordings.names)
        spikes = pack(opened.recordings, self.grid)
        rng = np.random.default_rng(self.split_seed)
        test = self._test(opened, rng)
        rest = rng.permutation(np.flatnonzero(~test))
        validated = max(1, round(self.validation_share * len(rest)))
        parts = {
            "train": np.sort(rest[validated:]),
            "validation": np.sort(rest[:validated]),
            "test": np.random.default_rng(TEST_ORDER).permutation(np.flatnonzero(test)),
        }
        if not len(parts["test"]):
            where, found = f"data of {self.corpus.name}, test part", f"none of {len(labels)}"
            raise InputError(message(where, "at least one recording", found, "Add some."))
        made = {
            part: RecordedPart(spikes=spikes.at(chosen), labels=labels[chosen])
            for part, chosen in parts.items()
        }
        return RecordedSplits(**made, classes=classes)

    def _test(self, opened: Opened, rng: np.random.Generator) -> np.ndarray:
        """Which recordings are for the test, bool [recording]."""
        if self.held_out is not None:
            speakers = [*(opened.speakers or ())]
            if self.held_out not in speakers:
                known = ", ".join(sorted({str(each) for each in speakers})) or "no speakers"
                raise InputError(message("task, held_out", f"one of {known}", self.held_out))
            return np.array([speaker == self.held_out for speaker in speakers])
        count = len(opened.recordings.names)
        if self.fold is not None:
            return rng.permutation(count) % self.folds == self.fold
        if opened.test is not None:
            return opened.test
        chosen = rng.permutation(count)[: max(1, round(self.test_share * count))]
        return np.isin(np.arange(count), chosen)

    def sources(self, splits: RecordedSplits) -> Sources:
        """The recordings, jittered for the training."""
        return Sources(
            splits.train.source(self.jitter), splits.validation.source(), splits.test.source()
        )

    def input_shape(self, splits: RecordedSplits) -> tuple[int, ...]:
        """Features of the recordings."""
        return splits.train.spikes.shape[1:-1]

    def heads_of(self, splits: RecordedSplits) -> Mapping[str, int]:
        """One answer: the class."""
        return {"label": len(splits.classes)}

    def losses(self) -> Mapping[str, tuple[HeadLoss, float]]:
        """Class log-loss."""
        return {"label": (class_loss, 1.0)}

    def notes(self) -> Mapping[str, Any]:
        """Corpus, grid and split: what must be the same for a test set to stay unseen."""
        left_out = ("fold", "folds") if self.fold is None else ()
        noted = {name: getattr(self, name) for name in NOTED if name not in left_out}
        return {"dataset": self.corpus.name, **noted}


def numbered(
    labels: Sequence[str | None], names: Sequence[str]
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels as numbers from 0, int64 [recording], and what each number stands for.

    Whole numbers are ordered as such, other labels as texts.

    Raises
    ------
    FileFormatError
        A recording has no label.
    """
    known = [label for label in labels if label is not None]
    if len(known) < len(labels):
        name = names[next(i for i, label in enumerate(labels) if label is None)]
        remedy = "Put the files of each class into a folder of its name."
        raise FileFormatError(message(f"recording {name}", "a label", "none", remedy))
    whole = all(label.isdecimal() for label in known)
    classes = sorted(set(known), key=(lambda label: (int(label), label)) if whole else None)
    places = {label: place for place, label in enumerate(classes)}
    return np.array([places[label] for label in known]), tuple(classes)

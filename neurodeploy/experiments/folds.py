"""Cross-validation: units whose test parts are together all recordings of a corpus."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path

from neurodeploy.experiments.units import Unit
from neurodeploy.tasks.recorded import RecordedTask


def folded(task: RecordedTask) -> Iterator[RecordedTask]:
    """A task with each of its folds in turn as the test part, the number of the fold its seed."""
    for fold in range(task.folds):
        yield dataclasses.replace(task, fold=fold).trained_with(seed=fold)


def pooled(one: Unit, task: RecordedTask) -> Unit:
    """A unit of several that together test every recording once: so many have been asked."""

    def run(folder: Path) -> Mapping[str, float]:
        recordings = task.corpus.open(task.data_dir).recordings
        return {**one.run(folder), "test_samples": len(recordings.names)}

    return dataclasses.replace(one, run=run)

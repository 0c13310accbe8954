"""Both directions of a recording are there, in one part, with equal counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neurodeploy.experiments.direction import DirectionTask
from neurodeploy.signals.corpora.spoken_digits import SpokenDigits
from neurodeploy.tasks.recorded import RecordedTask

TASK = RecordedTask(corpus=SpokenDigits(), steps=15, dt_s=0.02, hidden=(8,), readout=4)


def test_each_recording_is_there_both_ways(corpora: Path) -> None:
    task = TASK.in_folder(corpora)
    digits, ways = task.splits(), DirectionTask.of(task).splits()
    for part in ("train", "validation", "test"):
        was, both = getattr(digits, part), getattr(ways, part)
        count = len(was.labels)
        assert both.labels.tolist() == [0] * count + [1] * count
        forward, backward = np.split(both.spikes[np.arange(2 * count)], 2)
        assert np.array_equal(forward, was.spikes[np.arange(count)])
        assert np.array_equal(backward, forward[..., ::-1])
        assert np.array_equal(forward.sum(-1), backward.sum(-1))
    assert DirectionTask.of(task).heads_of(ways) == {"label": 2}

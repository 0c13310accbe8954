"""Forward or backward? A question that no count of input spikes can answer."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from neurodeploy.signals.packed import PackedSpikes
from neurodeploy.tasks.recorded import RecordedPart, RecordedSplits, RecordedTask


@dataclass(frozen=True, kw_only=True)
class DirectionTask(RecordedTask):
    """Tell whether a recording runs forward or backward: both have the same counts of spikes."""

    @classmethod
    def of(cls, task: RecordedTask) -> DirectionTask:
        """The question of another task's recordings."""
        return cls(**{each.name: getattr(task, each.name) for each in fields(task)})

    def splits(self) -> RecordedSplits:
        """Each recording of the corpus both ways, in the part where it was."""
        splits = super().splits()
        return RecordedSplits(
            train=_both_ways(splits.train),
            validation=_both_ways(splits.validation),
            test=_both_ways(splits.test),
            classes=("forward", "backward"),
        )


def _both_ways(part: RecordedPart) -> RecordedPart:
    spikes = part.spikes[np.arange(len(part.spikes))]
    both = np.concatenate([spikes, spikes[..., ::-1]])
    bits, places = np.packbits(both, axis=-1), np.arange(len(both))
    packed = PackedSpikes(bits=bits, steps=part.spikes.steps, places=places)
    return RecordedPart(spikes=packed, labels=np.repeat([0, 1], len(spikes)))

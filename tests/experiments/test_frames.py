"""A network learns from frames of a task's spikes, the same from the same seed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from neurodeploy.experiments.frames import run_on_frames
from neurodeploy.tasks.recorded import RecordedTask
from neurodeploy.tasks.registry import task

pytestmark = pytest.mark.usefixtures("one_thread")


def test_it_learns_what_frames_say(corpora: Path) -> None:
    """From which end a row of pixels lights up."""
    chosen = task("nmnist").in_folder(corpora)
    assert isinstance(chosen, RecordedTask)
    small = dataclasses.replace(chosen, steps=4, dt_s=0.02).trained_with(batch_size=8)

    def network(shape: tuple[int, ...], classes: int) -> torch.nn.Module:
        return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.LazyLinear(classes))

    found, again = (
        run_on_frames(small, network, lambda spikes: spikes, epochs=20)(None) for _ in range(2)
    )
    assert found["accuracy_deployed"] > 0.8
    assert found == again

"""The CNN learns from the spikes that a task gives, the same from the same seed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from neurodeploy.experiments.spike_cnn import run_spike_cnn
from neurodeploy.tasks.recorded import RecordedTask
from neurodeploy.tasks.registry import task

pytestmark = pytest.mark.usefixtures("one_thread")


def test_it_reads_what_it_never_heard(corpora: Path) -> None:
    chosen = task("new-voices").in_folder(corpora)
    assert isinstance(chosen, RecordedTask)
    small = dataclasses.replace(chosen, steps=16).trained_with(batch_size=4)
    found, again = (run_spike_cnn(small, epochs=6)(None) for _ in range(2))
    assert found["accuracy_deployed"] > 0.6
    assert found == again
    assert found["test_samples"] == 30

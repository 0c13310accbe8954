"""Tasks that stream, reconstruct only, or see images of events; untrained models do."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from neurodeploy.learn.objective import NO_LABEL
from neurodeploy.model.specs import ConvSpec
from neurodeploy.report.gather import gather
from neurodeploy.report.measured import Agreement, Measured
from neurodeploy.report.page import render
from neurodeploy.report.pieces import run_pieces
from neurodeploy.signals.encode import LevelEncoding
from neurodeploy.tasks.base import Task
from neurodeploy.tasks.predictive import BlobTask
from neurodeploy.tasks.shipped import DIGITS

NOT_COMPARED = Agreement(samples=0, note="Nothing was compared.")


def untrained(task: Task[Any]) -> Measured:
    splits = task.splits()
    bundle = task.bundle(task.model(splits))
    pieces = run_pieces(bundle, task.sources(splits).test, samples=6, seed=1, engine="native")
    return gather(
        bundle, task, splits, pieces, name="x", commands=["made here"], agreement=NOT_COMPARED
    )


def test_a_stream_is_asked_at_every_step() -> None:
    task = BlobTask(hidden=(8,), readout=6, validation=2, test=4, test_steps=30, train=2)
    found = untrained(task)
    assert found.accuracy is not None
    asked = found.shown[0].asked
    assert asked is not None
    assert asked[0] == NO_LABEL != asked[-1]
    # Nothing is asked for before the answer can be known, so nothing is said of these steps.
    assert (found.accuracy.low[0], found.accuracy.high[0]) == (0, 1)
    assert found.accuracy.confusion.sum() == sum(
        int((s.asked != NO_LABEL).sum()) for s in found.shown if s.asked is not None
    )
    assert "Most frequent confusions" in render([found])


def test_reconstructions_alone_have_no_accuracy() -> None:
    found = untrained(dataclasses.replace(DIGITS, heads=("image",)))
    assert found.accuracy is None
    assert found.reconstruction is not None
    page = render([found])
    assert "Nothing was compared." in page
    assert "pixel error" in page
    assert "Confusion matrix" not in page


def test_an_input_image_accumulates_in_its_own_order() -> None:
    conv = ConvSpec(channels=2, kernel_size=3, stride=2, padding=1)
    task = dataclasses.replace(
        DIGITS, hidden=(conv,), heads=("label",), encoding=LevelEncoding(steps=6, levels=6)
    )
    found = untrained(task)
    assert found.input_image == (8, 8)
    sample = found.shown[0]
    assert sample.seen is not None
    np.testing.assert_array_equal(sample.seen, sample.spikes[0].cumsum(1).T)
    assert found.reconstruction is None
    assert pytest.approx(1) == found.shown[0].probabilities[-1].sum()  # type: ignore[index]

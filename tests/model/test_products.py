"""The layer's product is the same by events and dense, forward and back."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch.nn.functional import linear

from neurodeploy.model import products
from neurodeploy.model.events import Events
from neurodeploy.model.products import BREAK_EVEN, WeightedSpikes
from neurodeploy.model.workers import workers


def gradients(rows: torch.Tensor, weight: torch.Tensor, by_torch: bool) -> list[torch.Tensor]:
    """Weighted spikes, and gradients of spikes and weights, of this product or of PyTorch's."""
    rows, weight = rows.clone().requires_grad_(), weight.clone().requires_grad_()
    if by_torch:
        sums = linear(torch.cat([torch.zeros_like(rows[:1]), rows[:-1]]), weight)
    else:
        sums = WeightedSpikes.apply(rows, weight, 1 / 32)
    errors = torch.randn(sums.shape, generator=torch.Generator().manual_seed(2))
    return [sums.detach(), *torch.autograd.grad((sums * errors).sum(), (rows, weight))]


@pytest.mark.parametrize("rate", [0.0, 0.1, BREAK_EVEN - 0.02, BREAK_EVEN + 0.02, 1.0])
@pytest.mark.parametrize("steps", [1, 2, 30])
def test_sums_and_gradients_are_pytorchs(rate: float, steps: int) -> None:
    generator = torch.Generator().manual_seed(0)
    rows = (torch.rand(steps, 6, 200, generator=generator) < rate).float()
    weight = torch.randint(-128, 128, (90, 200), generator=generator) / 32
    (sums, *found), (expected, *others) = (gradients(rows, weight, dense) for dense in (0, 1))
    assert torch.equal(sums, expected)
    for one, other in zip(found, others, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_density_chooses_how(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = []

    def listed(rows: torch.Tensor) -> Events:
        counted.append(float(rows.mean()))
        return Events.of(rows)

    monkeypatch.setattr(products, "Events", SimpleNamespace(of=listed))
    for share in (0.2, 0.3):
        rows = torch.zeros(3, 1, 10)
        rows[..., : round(10 * share)] = 1
        WeightedSpikes.apply(rows, torch.zeros(2, 10), 1.0)
    assert counted == [pytest.approx(0.2)]


def test_dense_products_are_the_same_on_any_number_of_threads() -> None:
    rows = (torch.rand(9, 50, 70) < 0.5).float()
    weight = torch.randint(-128, 128, (40, 70)) / 32
    found = []
    for threads in (1, 2, 4):
        with workers(threads):
            found.append(gradients(rows, weight, False))
    for other in found[1:]:
        assert all(torch.equal(one, two) for one, two in zip(found[0], other, strict=True))

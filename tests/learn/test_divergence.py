"""The compiled divergence beside PyTorch's operations in float64."""

from __future__ import annotations

import pytest
import torch

from neurodeploy.learn.divergence import Divergence
from neurodeploy.learn.objective import ConstantRate, Prior, information_bound
from neurodeploy.model.workers import workers


class Rising(Prior):
    """More spikes from step to step."""

    def rates(self, steps: int) -> torch.Tensor:
        return torch.linspace(0.01, 0.7, steps, dtype=torch.float64)


def margins(batch: int, neurons: int, steps: int) -> torch.Tensor:
    """Of the layout that the readout gives, from near the threshold to far from it."""
    generator = torch.Generator().manual_seed(neurons)
    rows = torch.randn(steps, batch, neurons, generator=generator)
    return (rows * torch.logspace(-3, 2, neurons)).movedim(0, -1)


@pytest.mark.parametrize("prior", [ConstantRate(0.02), Rising()])
@pytest.mark.parametrize("temperature", [0.05, 0.4, 3.0])
@pytest.mark.parametrize("shape", [(1, 1, 1), (6, 37, 9), (4, 256, 30)])
def test_it_is_pytorchs_as_far_as_rounding_goes(
    prior: Prior, temperature: float, shape: tuple[int, int, int]
) -> None:
    """Sums of up to 7,680 divergences; a slope is at most 1 / 4 of the log-odds' excess."""
    margin = margins(*shape).requires_grad_()
    exact = margin.detach().double().requires_grad_()
    weights = torch.rand(len(margin), generator=torch.Generator().manual_seed(0))
    found = Divergence.apply(margin, temperature, prior.rates(shape[-1]))
    expected = information_bound(exact, temperature, prior)
    torch.testing.assert_close(found.double(), expected, rtol=1e-6, atol=1e-6)
    (found * weights).sum().backward()
    (expected * weights).sum().backward()
    assert margin.grad is not None
    assert exact.grad is not None
    tolerance = 1e-6 / temperature
    torch.testing.assert_close(margin.grad.double(), exact.grad, rtol=1e-5, atol=tolerance)


def test_an_objective_in_float32_on_a_cpu_takes_it() -> None:
    margin = margins(6, 37, 9)
    found = information_bound(margin, 0.4, ConstantRate(0.1))
    expected = Divergence.apply(margin, 0.4, ConstantRate(0.1).rates(9))
    assert torch.equal(found, expected)


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_change_no_bit(threads: int) -> None:
    def everything() -> tuple[torch.Tensor, torch.Tensor]:
        margin = margins(9, 37, 9).requires_grad_()
        found = Divergence.apply(margin, 0.4, Rising().rates(9))
        found.sum().backward()
        assert margin.grad is not None
        return found.detach(), margin.grad

    alone = everything()
    with workers(threads):
        together = everything()
    assert all(torch.equal(one, two) for one, two in zip(alone, together, strict=True))

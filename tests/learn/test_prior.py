from __future__ import annotations

import math

import pytest
import torch

from neurodeploy.errors import InputError
from neurodeploy.learn.objective import ConstantRate, Prior, information_bound


class EarlySpikes(Prior):
    """Fewer spikes from step to step."""

    def rates(self, steps: int) -> torch.Tensor:
        return 0.4 / (1 + torch.arange(steps))


def test_a_rate_that_changes_prices_each_step_by_its_own() -> None:
    margin = torch.randn(3, 5, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = sum(
        information_bound(margin[..., t : t + 1], 0.5, ConstantRate(0.4 / (1 + t)))
        for t in range(7)
    )
    torch.testing.assert_close(information_bound(margin, 0.5, EarlySpikes()), expected)


@pytest.mark.parametrize("rate", [0, 1, -0.1, 1.5, math.nan])
def test_a_rate_is_a_probability(rate: float) -> None:
    with pytest.raises(InputError, match=r"ConstantRate.rate: expected a rate in \(0, 1\)"):
        ConstantRate(rate)

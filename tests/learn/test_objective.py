"""The information bottleneck's terms against explicit sums."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.errors import InputError
from neurodeploy.learn.objective import (
    NO_LABEL,
    ConstantRate,
    Objective,
    Prior,
    class_loss,
    information_bound,
    log_likelihood,
    pixel_loss,
    stream_loss,
)

EPSILON = 2.0**-52
LOG_ODDS = st.floats(-30, 30)
PRIORS = st.floats(0.01, 0.99)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def bernoulli_divergence(log_odds: float, prior: float) -> float:
    p, q = sigmoid(log_odds), sigmoid(-log_odds)
    return p * math.log(p / prior) + q * math.log(q / (1 - prior))


def rounding(terms: int, largest_log: float) -> float:
    """Bound on the error of a sum of ``terms``, each of a dozen roundings of up to this size."""
    return 32 * terms * EPSILON * (1 + largest_log)


@settings(deadline=None, max_examples=150)
@given(st.lists(LOG_ODDS, min_size=6, max_size=6), PRIORS, st.sampled_from([0.05, 0.4, 1.0, 3.0]))
def test_bound_is_the_sum_of_divergences(
    values: list[float], prior: float, temperature: float
) -> None:
    log_odds = torch.tensor(values, dtype=torch.float64).reshape(2, 1, 3)
    found = information_bound(log_odds * temperature, temperature, ConstantRate(prior))
    assert found.shape == (2,)
    for sample in range(2):
        expected = sum(bernoulli_divergence(x, prior) for x in log_odds[sample].flatten().tolist())
        assert abs(float(found[sample]) - expected) <= rounding(3, 30 + abs(math.log(0.01)))


@settings(deadline=None, max_examples=150)
@given(LOG_ODDS, PRIORS)
def test_bound_vanishes_only_at_the_prior(log_odds: float, prior: float) -> None:
    """Pinsker: a divergence is at least 2 (p - r)^2, so it is 0 only where p is r."""
    tolerance = rounding(1, 35)
    at_prior = torch.full((1, 1, 1), math.log(prior / (1 - prior)), dtype=torch.float64)
    assert abs(float(information_bound(at_prior, 1.0, ConstantRate(prior)))) <= tolerance
    found = information_bound(torch.full_like(at_prior, log_odds), 1.0, ConstantRate(prior))
    assert float(found) >= 2 * (sigmoid(log_odds) - prior) ** 2 - tolerance


@settings(deadline=None, max_examples=150)
@given(LOG_ODDS, PRIORS, st.sampled_from([0.05, 0.4, 3.0]))
def test_bound_pulls_towards_the_prior(log_odds: float, prior: float, temperature: float) -> None:
    margin = torch.full((1, 1, 1), log_odds * temperature, dtype=torch.float64).requires_grad_()
    information_bound(margin, temperature, ConstantRate(prior)).sum().backward()
    excess = log_odds - math.log(prior / (1 - prior))
    expected = sigmoid(log_odds) * sigmoid(-log_odds) * excess / temperature
    assert margin.grad is not None
    tolerance = rounding(1, 35) / temperature
    assert abs(float(margin.grad) - expected) <= tolerance
    if abs(expected) > tolerance:
        assert math.copysign(1, float(margin.grad)) == math.copysign(1, excess)


def test_bound_stays_finite_far_from_the_threshold() -> None:
    margin = torch.tensor([[[-2048.0, 2048.0]]], requires_grad=True)
    bound = information_bound(margin, 0.05, ConstantRate(0.05))
    assert bound.item() == pytest.approx(-math.log(0.95) - math.log(0.05), rel=1e-6)
    bound.sum().backward()
    assert margin.grad is not None
    assert margin.grad.tolist() == [[[0, 0]]]


def test_bound_at_temperature_zero_by_hand() -> None:
    """Two spikes and three silences, at r = 1/4; a voltage at the threshold does not spike."""
    margin = torch.tensor([[[0.5, -0.25, 0.0]], [[-1.0, 2.0, -3.0]], [[-1.0, -1.0, -1.0]]])
    found = information_bound(margin, 0.0, ConstantRate(0.25))
    spike, silence = math.log(4), math.log(4 / 3)
    expected = [spike + 2 * silence, spike + 2 * silence, 3 * silence]
    assert found.tolist() == pytest.approx(expected, rel=1e-6)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.floats(0.1, 3), min_size=6, max_size=6), st.integers(0, 63), PRIORS)
def test_bound_at_temperature_zero_is_the_limit(
    sizes: list[float], spikes: int, prior: float
) -> None:
    """At log-odds of 0.1 / 0.002 = 50 and more a neuron is certain to 50 exp(-50)."""
    signs = [1 if spikes >> i & 1 else -1 for i in range(6)]
    margin = torch.tensor([s * x for s, x in zip(signs, sizes, strict=True)], dtype=torch.float64)
    margin = margin.reshape(1, 2, 3)
    cold, cool = (information_bound(margin, t, ConstantRate(prior)) for t in (0.0, 0.002))
    torch.testing.assert_close(cold, cool, rtol=1e-12, atol=1e-12)


def test_bound_at_temperature_zero_is_the_likelihood_of_the_spikes_under_the_prior() -> None:
    margin = torch.randn(3, 5, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    prior = torch.distributions.Bernoulli(EarlySpikes().rates(7).double())
    expected = -prior.log_prob((margin > 0).double()).sum((1, 2))
    torch.testing.assert_close(information_bound(margin, 0.0, EarlySpikes()), expected)


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


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.tuples(LOG_ODDS, st.booleans()), min_size=6, max_size=6),
    st.sampled_from([0.05, 1.0, 3.0]),
)
def test_likelihood_is_the_sum_of_log_probabilities(
    draws: list[tuple[float, bool]], temperature: float
) -> None:
    log_odds = torch.tensor([x for x, _ in draws], dtype=torch.float64).reshape(2, 3, 1)
    spikes = torch.tensor([float(s) for _, s in draws], dtype=torch.float64).reshape(2, 3, 1)
    found = log_likelihood(spikes, log_odds * temperature, temperature)
    assert found.shape == (2,)
    for sample in range(2):
        pairs = draws[3 * sample : 3 * sample + 3]
        expected = sum(math.log(sigmoid(x if spike else -x)) for x, spike in pairs)
        assert abs(float(found[sample]) - expected) <= rounding(3, 30)


def test_likelihood_is_normalised() -> None:
    margin = torch.tensor([[[0.3, -1.0], [2.0, 0.0]]], dtype=torch.float64)
    patterns = torch.tensor(list(itertools.product([0.0, 1.0], repeat=4)), dtype=torch.float64)
    total = log_likelihood(patterns.reshape(-1, 2, 2), margin.expand(16, 2, 2), 0.7).exp().sum()
    assert abs(float(total) - 1) <= 16 * rounding(4, 3)


def test_pixel_loss_is_the_bernoulli_log_loss() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(4, 9, generator=generator, dtype=torch.float64) * 3
    image = torch.rand(4, 9, generator=generator, dtype=torch.float64)
    found = pixel_loss(logits, image)
    p = 1 / (1 + np.exp(-logits.numpy()))
    expected = -(image.numpy() * np.log(p) + (1 - image.numpy()) * np.log(1 - p)).sum(1)
    assert found.shape == (4,)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-10)


def test_class_loss_is_the_categorical_log_loss() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(5, 3, generator=generator, dtype=torch.float64)
    label = torch.tensor([0, 2, 1, 1, 0])
    found = class_loss(logits, label)
    weights = np.exp(logits.numpy())
    expected = -np.log(weights[np.arange(5), label.numpy()] / weights.sum(1))
    assert found.shape == (5,)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)


def test_stream_loss_by_hand() -> None:
    """Probabilities of the labels are 3/4 and 1/5 in one sample, 7/8 in the other."""
    logits = torch.tensor(
        [
            [[0.0, math.log(3.0)], [9.0, -9.0], [0.0, math.log(4.0)]],
            [[math.log(7.0), 0.0], [5.0, 0.0], [0.0, 5.0]],
            [[1.0, 0.0], [0.0, 1.0], [2.0, 0.0]],
        ]
    )
    label = torch.tensor([[1, NO_LABEL, 0], [0, NO_LABEL, NO_LABEL], [NO_LABEL] * 3])
    expected = [-math.log(3 / 4 * 1 / 5), -math.log(7 / 8), 0.0]
    assert stream_loss(logits, label).tolist() == pytest.approx(expected, rel=1e-6)


def test_a_step_without_a_label_teaches_nothing() -> None:
    logits = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    label = torch.tensor([[0, NO_LABEL, 2, NO_LABEL, 1], [NO_LABEL, 1, 1, 0, NO_LABEL]])
    stream_loss(logits, label).sum().backward()
    assert logits.grad is not None
    assert torch.equal(logits.grad.abs().sum(2) > 0, label != NO_LABEL)


def test_stream_loss_of_labelled_steps_is_the_sum_of_class_losses() -> None:
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(4, 6, 5, generator=generator, dtype=torch.float64)
    label = torch.randint(0, 5, (4, 6), generator=generator)
    steps = [class_loss(logits[:, step], label[:, step]) for step in range(6)]
    torch.testing.assert_close(
        stream_loss(logits, label), torch.stack(steps).sum(0), rtol=1e-14, atol=0
    )


def test_log_loss_is_the_weighted_sum_over_heads() -> None:
    objective = Objective(
        heads={"image": (pixel_loss, 0.5), "label": (class_loss, 20.0)},
        beta=0.1,
        prior=ConstantRate(0.2),
    )
    answers = {"image": torch.zeros(3, 4), "label": torch.zeros(3, 8), "unused": torch.ones(3, 1)}
    targets = {"image": torch.rand(3, 4), "label": torch.tensor([0, 1, 2])}
    expected = 0.5 * 4 * math.log(2) + 20 * math.log(8)
    assert objective.log_loss(answers, targets).tolist() == pytest.approx([expected] * 3)


def test_objective_prices_information_at_its_own_prior() -> None:
    objective = Objective(heads={"label": (class_loss, 1.0)}, beta=0.1, prior=ConstantRate(0.2))
    margin = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(
        objective.information(margin, 0.3), information_bound(margin, 0.3, ConstantRate(0.2))
    )


@pytest.mark.parametrize("beta", [-1, math.nan, math.inf])
def test_beta_is_a_number_of_at_least_0(beta: float) -> None:
    with pytest.raises(InputError, match=rf"Objective\.beta: expected .* found {beta}"):
        Objective(heads={"label": (class_loss, 1.0)}, beta=beta, prior=ConstantRate(0.5))

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from digit_training import trainer
from one_neuron import (
    DEVIATIONS,
    bias_gradient,
    estimate,
    exact_gradient,
    one_neuron,
    outcomes,
    standard_error,
)

from neurodeploy.errors import InputError
from neurodeploy.learn.estimators import Estimator, EstimatorState, ScoreFunction, TrainingBatch
from neurodeploy.learn.objective import log_likelihood
from neurodeploy.learn.parameter_baselines import ParameterBaselines

pytestmark = pytest.mark.usefixtures("one_thread")

BASELINE = 1.25
BIAS_NAME = "blocks.0.bias"


def test_equal_baselines_are_the_score_function(tmp_path: Path) -> None:
    """Of a network with a hidden layer, where each parameter's baseline is that of the cost."""
    training = trainer(tmp_path)
    source, model = training.train_source, training.model
    batch = next(iter(source.shuffled(32, 0, 0)))

    def gradients(estimator: Estimator, state: EstimatorState) -> dict[str, torch.Tensor]:
        model.zero_grad()
        given = TrainingBatch(*batch, 0.4, torch.Generator().manual_seed(3))
        loss, _ = estimator(model, training.objective, given, state)
        loss.backward()
        named = model.encoder.named_parameters()
        return {name: each.grad for name, each in named if each.grad is not None}

    each = {
        name: torch.stack([torch.ones_like(value), torch.full_like(value, BASELINE)])
        for name, value in model.encoder.named_parameters()
        if value.requires_grad
    }
    found = gradients(ParameterBaselines(), each)
    expected = gradients(ScoreFunction(), {"baseline": torch.tensor(BASELINE)})
    assert found.keys() == expected.keys() == each.keys()
    for name, gradient in expected.items():
        assert gradient.abs().max() > 0, name
        size = gradient.abs().max().item()
        torch.testing.assert_close(found[name], gradient, rtol=0, atol=1e-4 * size, msg=name)


def test_each_parameter_has_a_baseline_of_its_own(tmp_path: Path) -> None:
    """Against what the score of each sample says, by PyTorch from one graph of the batch."""
    training = trainer(tmp_path)
    model, rows = training.model, 3
    batch = next(iter(training.train_source.shuffled(rows, 0, 0)))
    learnt = {n: each for n, each in model.encoder.named_parameters() if each.requires_grad}
    random = torch.Generator().manual_seed(1)
    baselines = {
        name: 5 * torch.rand(each.shape, generator=random) for name, each in learnt.items()
    }

    def noise() -> torch.Generator:
        return torch.Generator().manual_seed(3)

    encoded = model.encoder(batch.spikes, temperature=0.4, generator=noise())
    sampled = encoded.spikes.detach()
    cost = training.objective.log_loss(model.read(sampled), batch.targets)
    information = training.objective.information(encoded.margin, 0.4)
    costs = (cost + training.objective.beta * information).detach()
    likely = log_likelihood(sampled, encoded.margin, 0.4)
    expected = dict(
        zip(
            learnt,
            torch.autograd.grad(
                training.objective.beta * information.mean(), [*learnt.values()], retain_graph=True
            ),
            strict=True,
        )
    )
    for row in range(rows):
        scores = torch.autograd.grad(likely[row], [*learnt.values()], retain_graph=True)
        for name, score in zip(learnt, scores, strict=True):
            expected[name] = expected[name] + (costs[row] - baselines[name]) * score / rows
    state = {name: torch.stack([torch.ones_like(b), b]) for name, b in baselines.items()}
    model.zero_grad()
    given = TrainingBatch(*batch, 0.4, noise())
    ParameterBaselines()(model, training.objective, given, state)[0].backward()
    for name, each in learnt.items():
        size = expected[name].abs().max().item()
        torch.testing.assert_close(each.grad, expected[name], rtol=0, atol=1e-4 * size, msg=name)


def best_baseline() -> float:
    """Of the neuron's bias over three steps, by enumeration."""
    every = outcomes(3)
    square = sum(o.probability * o.score**2 for o in every)
    return sum(o.probability * o.cost * o.score**2 for o in every) / square


def test_what_is_remembered_are_the_two_means() -> None:
    rows, state = 2000, {}
    estimate(one_neuron(3), ParameterBaselines(), 3, rows, state=state)
    means = state[BIAS_NAME]
    for found, power in zip(means.flatten().tolist(), (0, 1), strict=True):
        values = [(o.probability, o.cost**power * o.score**2) for o in outcomes(3)]
        mean = sum(p * value for p, value in values)
        spread = math.sqrt(sum(p * (value - mean) ** 2 for p, value in values) / rows)
        assert abs(found - mean) <= DEVIATIONS * spread


def test_the_gradient_is_exact_and_means_run_over_batches() -> None:
    rows, model, estimator = 2000, one_neuron(3), ParameterBaselines(momentum=0.75)
    first: EstimatorState = {}
    estimate(model, ParameterBaselines(), 3, rows, seed=1, state=first)
    second: EstimatorState = {}
    estimate(model, ParameterBaselines(), 3, rows, seed=2, state=second)
    state = dict(first)
    estimate(model, estimator, 3, rows, seed=2, state=state)
    spread = standard_error(3, best_baseline(), rows)
    assert abs(exact_gradient(3)) > DEVIATIONS * spread
    # A baseline that is somewhat away changes the spread in second order: under 10 %.
    assert abs(bias_gradient(model) - exact_gradient(3)) <= 1.1 * DEVIATIONS * spread
    torch.testing.assert_close(state[BIAS_NAME], 0.75 * first[BIAS_NAME] + 0.25 * second[BIAS_NAME])


@pytest.mark.parametrize("momentum", [-0.1, 1.1, math.nan])
def test_momentum_is_a_share(momentum: float) -> None:
    with pytest.raises(InputError, match=r"ParameterBaselines\.momentum: expected in \[0, 1\]"):
        ParameterBaselines(momentum=momentum)

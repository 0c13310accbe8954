"""Gradients through sampled spikes against an expectation that can be enumerated.

`one_neuron` has the model and its outcomes.
"""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from one_neuron import (
    BETA,
    BIAS,
    DEVIATIONS,
    OBJECTIVE,
    PRIOR,
    TEMPERATURE,
    THRESHOLD,
    bias_gradient,
    estimate,
    exact_gradient,
    one_neuron,
    outcomes,
    standard_error,
)

from neurodeploy.errors import InputError
from neurodeploy.learn.estimators import (
    Estimator,
    EstimatorState,
    LeaveOneOut,
    Pathwise,
    ScoreFunction,
    TrainingBatch,
)
from neurodeploy.model.decoder import Decoder, DecoderConfig
from neurodeploy.model.encoder import Encoder
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.model.neuron import CubaParameters
from neurodeploy.model.specs import RecurrentSpec

SAMPLES = 20_000
ESTIMATORS = (Pathwise(), ScoreFunction(), LeaveOneOut())


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("steps", [1, 3])
def test_enumeration_is_a_distribution_with_the_gradient_that_it_says(steps: int) -> None:
    assert sum(o.probability for o in outcomes(steps)) == pytest.approx(1, abs=1e-12)
    assert sum(o.probability * o.score for o in outcomes(steps)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("baseline", [0.0, 3.0])
def test_score_function_is_the_exact_gradient_whatever_the_baseline(
    steps: int, baseline: float
) -> None:
    model = one_neuron(steps)
    estimate(model, ScoreFunction(), steps, SAMPLES, state={"baseline": torch.tensor(baseline)})
    spread = standard_error(steps, baseline, SAMPLES)
    exact = exact_gradient(steps)
    assert abs(exact) > DEVIATIONS * spread  # else the bound below says little
    assert abs(bias_gradient(model) - exact) <= DEVIATIONS * spread + 1e-5  # float32 sums


@pytest.mark.parametrize("steps", [1, 3])
def test_score_function_with_its_running_baseline(steps: int) -> None:
    """The first baseline is the batch's own mean cost, which costs a share 1 / samples."""
    model, state = one_neuron(steps), {}
    estimate(model, ScoreFunction(), steps, SAMPLES, seed=1, state=state)
    first = bias_gradient(model)
    estimate(model, ScoreFunction(), steps, SAMPLES, seed=2, state=state)
    mean_cost = sum(o.probability * o.cost for o in outcomes(steps))
    tolerance = DEVIATIONS * standard_error(steps, mean_cost, SAMPLES)
    for gradient in (first, bias_gradient(model)):
        # The baseline's own deviation multiplies a mean score near 0: second order, under 10 %.
        assert abs(gradient - exact_gradient(steps)) <= 1.1 * tolerance + 1e-4


def test_good_baseline_lessens_the_variance() -> None:
    mean_cost = sum(o.probability * o.cost for o in outcomes(3))

    def spread(baseline: float) -> float:
        model = one_neuron(3)
        gradients = []
        for seed in range(60):
            estimate(model, ScoreFunction(), 3, 50, seed, {"baseline": torch.tensor(baseline)})
            gradients.append(bias_gradient(model))
        return float(torch.tensor(gradients).std())

    near, far = spread(mean_cost), spread(10.0)
    assert near < far / 2
    # 60 draws give a standard deviation to within 5 / sqrt(2 * 60) = 46 %.
    assert near == pytest.approx(standard_error(3, mean_cost, 50), rel=0.46)
    assert far == pytest.approx(standard_error(3, 10.0, 50), rel=0.46)


def test_baseline_is_a_running_mean_of_the_cost() -> None:
    model, estimator, state = one_neuron(3), ScoreFunction(momentum=0.75), {}
    _, first = estimate(model, estimator, 3, 100, seed=1, state=state)
    cost = first.log_loss + BETA * first.information_nats
    assert float(state["baseline"]) == pytest.approx(cost, rel=1e-5)
    _, second = estimate(model, estimator, 3, 100, seed=2, state=state)
    newer = second.log_loss + BETA * second.information_nats
    assert float(state["baseline"]) == pytest.approx(0.75 * cost + 0.25 * newer, rel=1e-5)
    assert newer != pytest.approx(cost, rel=1e-3)


def leave_one_out_error(steps: int, samples: int, rows: int) -> float:
    """Standard error of the gradient of `LeaveOneOut` over so many rows, by enumeration."""
    draws = []
    for drawn in itertools.product(outcomes(steps), repeat=samples):
        total = sum(o.cost for o in drawn)
        scored = [
            (o.cost - (total - o.cost) / (samples - 1)) * o.score + BETA * o.information_slope
            for o in drawn
        ]
        draws.append((math.prod(o.probability for o in drawn), math.fsum(scored) / samples))
    mean = sum(p * g for p, g in draws)
    assert mean == pytest.approx(exact_gradient(steps), rel=1e-9)  # unbiased, on paper too
    return math.sqrt(sum(p * (g - mean) ** 2 for p, g in draws) / rows)


@pytest.mark.parametrize(("steps", "samples"), [(1, 2), (3, 2), (3, 3)])
def test_leave_one_out_is_the_exact_gradient(steps: int, samples: int) -> None:
    model, state = one_neuron(steps), {}
    estimate(model, LeaveOneOut(samples=samples), steps, SAMPLES, state=state)
    spread, exact = leave_one_out_error(steps, samples, SAMPLES), exact_gradient(steps)
    assert abs(exact) > DEVIATIONS * spread
    assert abs(bias_gradient(model) - exact) <= DEVIATIONS * spread + 1e-5
    assert state == {}


def test_leave_one_out_knows_what_each_input_costs() -> None:
    """At as many readouts, where inputs cost differently, one baseline for all is the worse one."""
    targets = (0.0, 20.0)

    def spread(estimator: Estimator, rows: int, state: EstimatorState) -> float:
        gradients = []
        for seed in range(60):
            model = one_neuron(3)
            estimate(model, estimator, 3, rows, seed, dict(state), targets)
            gradients.append(bias_gradient(model))
        return float(torch.tensor(gradients).std())

    _, terms = estimate(one_neuron(3), ScoreFunction(), 3, SAMPLES, targets=targets)
    mean_cost = terms.log_loss + BETA * terms.information_nats
    scored = spread(ScoreFunction(momentum=1.0), 100, {"baseline": torch.tensor(mean_cost)})
    assert spread(LeaveOneOut(samples=4), 25, {}) < scored / 2


@pytest.mark.parametrize("samples", [1, 0, -2, 2.5, True])
def test_leave_one_out_needs_another_sample(samples: int) -> None:
    with pytest.raises(InputError, match=r"LeaveOneOut\.samples: expected at least 2"):
        LeaveOneOut(samples=samples)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
def test_decoder_gradient_is_the_expected_one(estimator: Estimator) -> None:
    model = one_neuron(3)
    estimate(model, estimator, 3, SAMPLES)
    found = model.decoder.heads["y"].weight.grad.flatten().tolist()
    for i, gradient in enumerate(found):
        pairs = [(o.probability, o.error_slopes[i]) for o in outcomes(3)]
        mean = sum(p * g for p, g in pairs)
        spread = math.sqrt(sum(p * (g - mean) ** 2 for p, g in pairs) / SAMPLES)
        assert abs(gradient - mean) <= DEVIATIONS * spread + 1e-5


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
def test_terms_are_means_over_the_batch(estimator: Estimator) -> None:
    loss, terms = estimate(one_neuron(3), estimator, 3, SAMPLES)
    every = outcomes(3)
    for found, values in (
        (terms.information_nats, [o.information for o in every]),
        (terms.log_loss, [o.cost - BETA * o.information for o in every]),
    ):
        mean = sum(o.probability * value for o, value in zip(every, values, strict=True))
        square = sum(o.probability * value**2 for o, value in zip(every, values, strict=True))
        spread = math.sqrt((square - mean**2) / SAMPLES)
        assert abs(found - mean) <= DEVIATIONS * spread + 1e-5
    assert 0 < terms.firing_rate < 1
    if estimator == Pathwise():
        cost = terms.log_loss + BETA * terms.information_nats
        assert loss.item() == pytest.approx(cost, rel=1e-5)


@pytest.mark.parametrize("steps", [1, 3])
def test_pathwise_is_finite_and_the_relaxed_gradient(steps: int) -> None:
    """At one step: slope of the probability times the decoder's slope at the sampled spike."""
    model = one_neuron(steps)
    _, terms = estimate(model, Pathwise(), steps, SAMPLES)
    assert math.isfinite(bias_gradient(model))
    assert bias_gradient(model) != 0
    if steps == 1:
        x = (BIAS - THRESHOLD) / TEMPERATURE
        p = 1 / (1 + math.exp(-x))
        slope = p * (1 - p) / TEMPERATURE
        decoder_slope = 2 * (1.5 * terms.firing_rate + 0.25 - 1.0) * 1.5
        pull = BETA * slope * (x - math.log(PRIOR / (1 - PRIOR)))
        expected = slope * decoder_slope + pull
        assert bias_gradient(model) == pytest.approx(expected, rel=1e-4)


def test_pathwise_remembers_nothing() -> None:
    state: EstimatorState = {}
    estimate(one_neuron(3), Pathwise(), 3, 10, state=state)
    assert state == {}


def test_estimators_are_values() -> None:
    assert ScoreFunction(momentum=0.5) == ScoreFunction(momentum=0.5) != ScoreFunction()
    assert repr(ScoreFunction(momentum=0.5)) == "ScoreFunction(momentum=0.5)"


@pytest.mark.parametrize("momentum", [-0.1, 1.1, math.nan])
def test_momentum_is_a_share(momentum: float) -> None:
    with pytest.raises(InputError, match=r"ScoreFunction\.momentum: expected in \[0, 1\]"):
        ScoreFunction(momentum=momentum)


def test_a_readout_that_hears_itself_is_sampled_as_it_runs() -> None:
    neuron = CubaParameters(threshold=THRESHOLD, current_decay=1.0, voltage_decay=1.0)
    encoder = Encoder((1,), [RecurrentSpec(neurons=1, neuron=neuron, bias=True)])
    decoder = Decoder(DecoderConfig(kind="linear", neurons=1, window_steps=6, heads={"y": 1}))
    rates = []
    for feedback in (0.0, -1.5):
        with torch.no_grad():
            encoder.blocks[0].bias.fill_(1.5)
            encoder.blocks[0].recurrent_synapse.weight.fill_(feedback)
        torch.manual_seed(0)
        noise = torch.Generator().manual_seed(0)
        batch = TrainingBatch(torch.zeros(500, 1, 6), {"y": torch.zeros(500)}, 0.1, noise)
        for estimator in (LeaveOneOut(), Pathwise()):
            _, terms = estimator(HybridModel(encoder, decoder), OBJECTIVE, batch, {})
            rates.append(terms.firing_rate)
    free, also_free, held, also_held = rates
    assert free == pytest.approx(also_free, abs=0.02)
    assert held == pytest.approx(also_held, abs=0.02)
    assert held < 0.7 * free

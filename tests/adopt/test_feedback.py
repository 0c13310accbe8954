import numpy as np
import pytest

from neurodeploy.adopt import feedback
from neurodeploy.adopt.levels import Levels

LEVELS = Levels(bits=3, exponent=0)


def correlated(rng: np.random.Generator, synapses: int = 40) -> np.ndarray:
    """Moments of inputs that fire together."""
    arrived = rng.poisson(1.0, (500, 6)) @ rng.uniform(0, 1, (6, synapses))
    return feedback.damped(arrived.T @ arrived)


def rounded(scaled: np.ndarray, moments: np.ndarray) -> np.ndarray:
    return feedback.round_with_feedback(scaled, LEVELS, *feedback.carriers(moments))


def test_without_correlation_it_is_plain_rounding() -> None:
    rng = np.random.default_rng(0)
    scaled = rng.normal(0, 4, (5, 12))
    moments = np.diag(rng.uniform(1, 2, 12))
    np.testing.assert_array_equal(rounded(scaled, moments), LEVELS.nearest(scaled))
    np.testing.assert_array_equal(
        feedback.descend(LEVELS.nearest(scaled), scaled, LEVELS, moments), LEVELS.nearest(scaled)
    )


def test_two_inputs_that_always_fire_together_keep_their_sum() -> None:
    scaled = np.array([[0.9, 0.9], [0.4, 0.4]])
    moments = feedback.damped(np.ones((2, 2)))
    assert LEVELS.nearest(scaled).sum(1).tolist() == [0, 0]
    assert rounded(scaled, moments).sum(1).tolist() == [2, 0]


def test_errors_fall_by_feedback_and_by_descent() -> None:
    rng = np.random.default_rng(1)
    moments, scaled = correlated(rng), rng.normal(0, 2.5, (8, 40))
    nearest, fed_back = LEVELS.nearest(scaled), rounded(scaled, moments)
    steps = [
        nearest,
        feedback.descend(nearest, scaled, LEVELS, moments),
        fed_back,
        feedback.descend(fed_back, scaled, LEVELS, moments),
    ]
    errors = [feedback.error(step, scaled, moments) for step in steps]
    assert errors[0] > 2 * errors[1]
    assert errors[0] > 3 * errors[2]
    assert errors[2] >= errors[3]
    for step in steps:
        assert set(np.unique(step)) <= set(range(LEVELS.lowest, LEVELS.highest + 1, LEVELS.step))


def test_descent_ends_where_no_single_step_is_better(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feedback, "SWEEPS", 100)
    rng = np.random.default_rng(2)
    moments, scaled = correlated(rng, 10), rng.normal(0, 2.5, (3, 10))
    found = feedback.descend(LEVELS.nearest(scaled), scaled, LEVELS, moments)
    best = feedback.error(found, scaled, moments)
    for place in np.ndindex(found.shape):
        for step in (-LEVELS.step, LEVELS.step):
            moved = found.copy()
            moved[place] += step
            if LEVELS.lowest <= moved[place] <= LEVELS.highest:
                assert feedback.error(moved, scaled, moments) >= best


def test_the_error_is_that_of_the_voltages() -> None:
    rng = np.random.default_rng(3)
    arrived, wanted, found = rng.normal(size=(9, 4)), rng.normal(size=(2, 4)), np.ones((2, 4))
    by_hand = ((arrived @ (found - wanted).T) ** 2).sum()
    assert feedback.error(found, wanted, arrived.T @ arrived) == pytest.approx(by_hand)


def test_inputs_that_never_fire_can_be_inverted() -> None:
    for moments in (np.zeros((3, 3)), np.diag([0.0, 2.0, 0.0])):
        order, spread = feedback.carriers(feedback.damped(moments))
        assert sorted(order.tolist()) == [0, 1, 2]
        assert np.isfinite(spread).all()

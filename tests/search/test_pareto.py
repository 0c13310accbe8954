from __future__ import annotations

import numpy as np
import optuna
from hypothesis import given
from hypothesis import strategies as st

from neurodeploy.search.pareto import pareto_front

costs = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=25
)


def dominates(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return one != other and all(mine <= its for mine, its in zip(one, other, strict=True))


@given(costs)
def test_the_front_is_what_nothing_dominates(points: list[tuple[int, ...]]) -> None:
    front = pareto_front(np.array(points, float)).tolist()
    expected = {
        at
        for at, point in enumerate(points)
        if not any(dominates(other, point) for other in points) and points.index(point) == at
    }
    assert set(front) == expected
    assert len(front) == len(expected)
    assert [points[at] for at in front] == sorted(points[at] for at in front)


def test_optuna_finds_the_same_front() -> None:
    points = np.random.default_rng(0).random((200, 3)).round(1)
    study = optuna.create_study(directions=["minimize"] * 3)
    for values in points:
        study.add_trial(optuna.create_trial(values=values))
    best = {tuple(trial.values) for trial in study.best_trials}
    assert {tuple(points[at]) for at in pareto_front(points)} == best
    assert len(best) > 3

"""The sentence on a bill, and the numbers in it."""

from __future__ import annotations

from typing import Any

import pytest

from neurodeploy.cost.verdict import LEVER, microjoules, times, verdict


def proxy(dense_j: float, effective_j: float, device: str = "arm") -> dict[str, Any]:
    causes = {"synapses": 1e-6, "neurons": 1e-6, "host": 98e-6}
    return {
        "total": 100e-6,
        "per_cause": {name: {"per_sample_j": value} for name, value in causes.items()},
        "zero_skipping": {"total": 4e-6},
        "ann": {"device": device, "dense_j": dense_j, "effective_j": effective_j},
    }


def test_it_names_what_dominates_and_who_wins_dense_and_zero_skipping() -> None:
    said = verdict("loihi", proxy(25e-6, 8e-6))
    assert said == (
        "On loihi 98.0 % of 100.00 uJ a sample are the host decoder; the equal ANN on arm costs "
        "1/4 of that, and 2 times as much where both skip zeros." + LEVER
    )
    assert "the equal ANN costs as much, and" in verdict("x", proxy(103e-6, 0.0, device="x"))


def test_only_a_decoder_that_is_most_of_a_bill_is_called_too_large() -> None:
    paid = proxy(25e-6, 8e-6)
    paid["per_cause"] = {"synapses": paid["per_cause"]["host"]}
    assert verdict("x", paid).endswith("where both skip zeros.")


def test_a_bill_of_nothing_and_an_ann_of_nothing_divide_by_nothing() -> None:
    assert verdict("x", {**proxy(1, 1), "total": 0.0}) == "On x nothing is charged."
    assert verdict("x", proxy(0, 0)).endswith("; the equal ANN multiplies nothing." + LEVER)


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [(2, 1, "2 times as much"), (1, 3, "1/3 of that"), (1.04, 1, "as much"), (0, 1, "nothing")],
)
def test_times(one: float, other: float, said: str) -> None:
    assert times(one, other) == said


@pytest.mark.parametrize(
    ("joule", "said"), [(0, "0.00"), (3.958e-3, "3,958"), (22.14e-6, "22.14"), (4e-8, "0.0400")]
)
def test_microjoules(joule: float, said: str) -> None:
    assert microjoules(joule) == said

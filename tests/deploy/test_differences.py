"""What is counted of two arrays of spikes, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from neurodeploy.deploy.differences import best_shift, delayed, difference


def spikes(*rows: str) -> np.ndarray:
    """One sample, a row a neuron."""
    return np.array([[[int(step) for step in row] for row in rows]], np.uint8)


def test_spikes_that_either_side_lacks_are_told_apart() -> None:
    expected, found = spikes("11010", "00000"), spikes("10011", "01000")
    counted = difference("last", ("a", expected), ("b", found))
    assert (counted.spikes, counted.engine_spikes) == (3, 4)
    assert (counted.differing, counted.missing, counted.added) == (3, 1, 2)
    assert (counted.counts_differing, counted.counts_apart) == (1, 1 / 3)
    assert (counted.samples, counted.same_largest) == (1, 1)
    assert counted.first == (0, 0, 1)


def test_graded_spikes_may_differ_in_their_value_alone() -> None:
    counted = difference("last", ("a", np.array([[[3, 0, 2]]])), ("b", np.array([[[3, 1, 5]]])))
    assert (counted.differing, counted.missing, counted.added) == (2, 0, 1)


def test_another_largest_count_is_another_answer() -> None:
    expected = np.concatenate([spikes("110", "100"), spikes("100", "111")])
    found = np.concatenate([spikes("100", "110"), spikes("110", "111")])
    assert difference("last", ("a", expected), ("b", found)).same_largest == 1


def test_silence_has_no_counts_to_be_a_part_of() -> None:
    silent = spikes("000")
    counted = difference("last", ("a", silent), ("b", silent))
    assert (counted.counts_apart, counted.differing, counted.first) == (None, 0, None)


@pytest.mark.parametrize(
    ("steps", "row"), [(-1, "11010"), (0, "11010"), (1, "01101"), (2, "00110")]
)
def test_silence_comes_before_what_is_delayed(steps: int, row: str) -> None:
    np.testing.assert_array_equal(delayed(spikes("11010"), steps), spikes(row))


def test_what_was_delayed_is_compared() -> None:
    early, late = spikes("11010"), spikes("01101")
    counted = difference("last", ("a", early), ("b", late), late_steps=1)
    assert (counted.differing, counted.late_steps, counted.later_steps) == (0, 1, 1)
    assert difference("last", ("a", late), ("b", early), late_steps=-1).differing == 0
    wrong = difference("last", ("a", early), ("b", late), late_steps=2)
    assert (wrong.late_steps, wrong.shift_steps, wrong.later_steps) == (2, 1, 1)
    same = difference("last", ("a", early), ("b", early), late_steps=1)
    assert (same.differing > 0, same.shift_steps) == (True, 0)


@pytest.mark.parametrize(
    ("expected", "found", "shift"),
    [
        ("1000", "0100", 1),
        ("0010", "1000", -2),
        ("1100", "0101", None),
        ("1000", "0110", None),
        ("0001", "0000", None),
        ("0110", "0110", 0),
    ],
)
def test_the_smallest_shift_that_explains_everything(
    expected: str, found: str, shift: int | None
) -> None:
    assert best_shift(spikes(expected, "0000"), spikes(found, "0000")) == shift


def test_a_shift_of_other_neurons_explains_nothing() -> None:
    assert best_shift(spikes("1000", "0000"), spikes("0000", "0100")) is None

from __future__ import annotations

import re

import numpy as np
import pytest

from neurodeploy.engines.layout import in_layout
from neurodeploy.errors import InputError

DVS = (2, 5, 7)


def spikes(*shape: int) -> np.ndarray:
    return np.arange(np.prod(shape)).reshape(shape) % 2


@pytest.mark.parametrize(
    ("shape", "features"),
    [
        ((3, 2, 5, 7, 9), DVS),
        ((3, 70, 9), DVS),
        ((3, 70, 1, 1, 9), (70,)),
        ((3, 1, 1, 70, 9), (70,)),
        ((3, 5, 7, 9), (1, 5, 7)),
    ],
)
def test_the_order_of_values_stays(shape: tuple[int, ...], features: tuple[int, ...]) -> None:
    given = spikes(*shape)
    found = in_layout(given, features, "input")
    assert found.shape == (3, *features, 9)
    np.testing.assert_array_equal(found.ravel(), given.ravel())


@pytest.mark.parametrize(
    ("shape", "features"),
    [
        ((3, 5, 7, 2, 9), DVS),
        ((3, 5, 2, 7, 9), DVS),
        ((3, 7, 5, 2, 9), DVS),
        ((3, 2, 5, 9, 7), DVS),
        ((9, 3, 2, 5, 7), DVS),
        ((9, 3, 70), (70,)),
        ((3, 9, 70), (70,)),
    ],
)
def test_a_permutation_is_named_with_the_call_that_repairs_it(
    shape: tuple[int, ...], features: tuple[int, ...]
) -> None:
    given = spikes(*shape)
    with pytest.raises(InputError, match="input: expected") as raised:
        in_layout(given, features, "input")
    calls = re.findall(
        r"np\.(?:moveaxis|transpose)\(spikes, .*?\)(?= or|\.| where)", str(raised.value)
    )
    repaired = [eval(call, {"np": np, "spikes": given}) for call in calls]
    assert (3, *features, 9) in [array.shape for array in repaired]
    for array in repaired:
        assert in_layout(array, features, "input") is array


def test_a_flat_network_takes_no_image() -> None:
    with pytest.raises(InputError, match=r"spikes\.reshape\(3, 70, 9\)"):
        in_layout(spikes(3, *DVS, 9), (70,), "input")


def test_an_image_of_other_sides_is_not_reshaped() -> None:
    with pytest.raises(InputError, match="other lengths"):
        in_layout(spikes(3, 1, 10, 7, 9), DVS, "input")


@pytest.mark.parametrize("shape", [(3, 6, 9), (3, 9), (9,), (3, 2, 5, 9)])
def test_another_number_of_values_is_left_to_others(shape: tuple[int, ...]) -> None:
    given = spikes(*shape)
    assert in_layout(given, DVS, "input") is given

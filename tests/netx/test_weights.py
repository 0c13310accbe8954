"""`weights_as_run` against the functions that netx and Lava apply."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from neurodeploy.errors import NetworkError
from neurodeploy.netx.weights import stored_weights, weights_as_run
from neurodeploy.quiet import hushed

with hushed():
    from lava.lib.dl.netx.utils import optimize_weight_bits
    from lava.utils.weightutils import clip_weights, determine_sign_mode, truncate_weights


def through_lava(weight: np.ndarray) -> tuple[np.ndarray, int]:
    """Stored weights, and the shift of each sum, as netx and Lava's Dense make them in turn."""
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(divide="ignore"):
        scaled, bits, exponent, _ = optimize_weight_bits(weight.copy())
    sign_mode = determine_sign_mode(scaled)
    stored = truncate_weights(clip_weights(scaled, sign_mode, num_bits=8), sign_mode, bits)
    return stored, -exponent


def refused(weight: np.ndarray) -> bool:
    low, high = weight.min(), weight.max()
    return low == high == 0 or (low >= 0 and high > 255) or (high <= 0 and low < -256)


@st.composite
def matrices(draw: st.DrawFn) -> np.ndarray:
    """Small matrices with a common factor, of one sign or both."""
    factor = draw(st.sampled_from([1, 2, 4, 8]))
    low, high = sorted(draw(st.tuples(st.integers(-300, 300), st.integers(-300, 300))))
    assume(low // factor < high // factor)
    values = st.integers(-(-low // factor), high // factor)
    assume(-(-low // factor) <= high // factor)
    shape = draw(array_shapes(min_dims=2, max_dims=2, max_side=3))
    return draw(arrays(np.int32, shape, elements=values)) * factor


@settings(max_examples=300, deadline=None)
@given(matrices())
@example(np.array([[255, 1]], np.int32))
@example(np.array([[-256, 254]], np.int32))
@example(np.array([[-256, -1]], np.int32))
@example(np.array([[-3, 0]], np.int32))
@example(np.array([[-1, 0]], np.int32))
@example(np.array([[-16, -1]], np.int32))
@example(np.array([[300, -1]], np.int32))
@example(np.array([[1, -300]], np.int32))
def test_they_are_what_lava_makes_of_the_file(weight: np.ndarray) -> None:
    assume(not refused(weight))
    lavas, shift = through_lava(weight)
    stored, scale_bits = stored_weights(weight)
    np.testing.assert_array_equal(stored, lavas)
    assert scale_bits == shift
    if (lavas % (1 << shift)).any():
        with pytest.raises(NetworkError, match="sums Lava does not round"):
            weights_as_run(weight)
        return
    as_run = weights_as_run(weight)
    assert as_run.dtype == np.int32
    np.testing.assert_array_equal(as_run, np.right_shift(lavas, shift))


@settings(max_examples=100, deadline=None)
@given(arrays(np.int32, (3, 3), elements=st.integers(-128, 127)))
def test_even_weights_in_range_with_a_positive_one_stay(half: np.ndarray) -> None:
    assume(half.max() > 0)
    np.testing.assert_array_equal(weights_as_run(2 * half), 2 * half)


@pytest.mark.parametrize(
    ("weight", "said"),
    [
        ([[0, 0]], "all-zero"),
        ([[256, 0]], "0 to 256"),
        ([[300, 1]], "1 to 300"),
        ([[-257, -1]], "-257 to -1"),
        ([[-300, 0]], "-300 to 0"),
    ],
)
def test_what_netx_cannot_scale_is_refused(weight: list[list[int]], said: str) -> None:
    with pytest.raises(NetworkError, match=f"weight: .*{said}"):
        weights_as_run(np.array(weight))


def test_the_matrix_given_is_left_alone() -> None:
    weight = np.array([[-300, 299]])
    assert weights_as_run(weight).tolist() == [[-256, 254]]
    assert weight.tolist() == [[-300, 299]]

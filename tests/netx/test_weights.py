"""`stored_weights` against the functions that netx and Lava apply."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from neurodeploy._io.lava import lava_imports
from neurodeploy.errors import NetworkError
from neurodeploy.netx.weights import stored_weights

with lava_imports():
    from lava.lib.dl.netx.utils import optimize_weight_bits
    from lava.utils.weightutils import clip_weights, determine_sign_mode, truncate_weights


def through_lava(weight: np.ndarray, recurrent: np.ndarray | None = None) -> tuple[Any, int]:
    """Stored weights, and the shift of each sum, as netx and Lava's Dense make them in turn."""
    parts = [weight] if recurrent is None else [weight, recurrent]
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(divide="ignore"):
        scaled, bits, exponent, _ = optimize_weight_bits(np.hstack(parts))
    stored = []
    for part in np.split(scaled, [weight.shape[1]], axis=1)[: len(parts)]:
        sign_mode = determine_sign_mode(part)
        clipped = clip_weights(part, sign_mode, num_bits=8)
        stored.append(truncate_weights(clipped, sign_mode, bits))
    return np.hstack(stored), -exponent


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
    assert stored.dtype == np.int16
    np.testing.assert_array_equal(stored, lavas)
    assert scale_bits == shift


def random_part(rng: np.random.Generator, outputs: int, inputs: int, factor: int) -> np.ndarray:
    """Both signs, or one, or nothing but zeros; small, full, or too large for the synapse."""
    low, high = rng.choice([(-1, 1), (-1, 0), (0, 1), (0, 0)], p=[0.5, 0.2, 0.2, 0.1])
    size = rng.choice([3, 40, 128, 256, 320]) // factor
    return rng.integers(low * size, high * size + 1, (outputs, inputs)) * factor


def test_recurrent_weights_are_scaled_with_the_others_and_truncated_alone() -> None:
    rng = np.random.default_rng(0)
    changed, signs = 0, set()
    for _ in range(5000):
        (outputs, inputs), factor = rng.integers(1, 4, 2), rng.choice([1, 1, 2, 8])
        weight = random_part(rng, outputs, inputs, factor)
        recurrent = random_part(rng, outputs, outputs, factor)
        whole = np.hstack([weight, recurrent])
        if refused(whole):
            with pytest.raises(NetworkError, match="weight: "):
                stored_weights(weight, recurrent)
            continue
        lavas, shift = through_lava(weight, recurrent)
        stored, scale_bits = stored_weights(weight, recurrent)
        np.testing.assert_array_equal(stored, lavas, err_msg=f"{weight} {recurrent}")
        assert scale_bits == shift
        changed += bool((stored != whole << scale_bits).any())
        signs.add((*np.sign([weight.min(), weight.max(), recurrent.min(), recurrent.max()]),))
    assert changed > 500
    assert len(signs) >= 30


@pytest.mark.parametrize(
    ("weight", "recurrent", "stored", "bits"),
    [
        ([[2, -4]], [[6]], [[64, -128, 192]], 5),  # 6 << 5 is the most that stays below 254
        ([[0, 0]], [[2]], [[0, 0, 128]], 6),
        ([[2, 4]], [[0]], [[64, 128, 0]], 5),
        ([[-128]], [[2]], [[-254, 4]], 1),  # -256 by itself does not fit 8 bits without a sign
        ([[3]], [[-255]], [[0, 0]], 0),  # Lava shifts the bits out of matrices of one sign
    ],
)
def test_recurrent_weights_worked_by_hand(
    weight: Any, recurrent: Any, stored: Any, bits: int
) -> None:
    pair = np.array(weight), np.array(recurrent)
    lavas, shift = through_lava(*pair)
    assert (lavas.tolist(), shift) == (stored, bits)
    found, scale_bits = stored_weights(*pair)
    assert (found.tolist(), scale_bits) == (stored, bits)


EVEN = st.integers(-128, 127).map(lambda half: 2 * half)


@settings(max_examples=100, deadline=None)
@given(arrays(np.int32, (3, 3), elements=EVEN), st.none() | arrays(np.int32, (3, 3), elements=EVEN))
def test_even_weights_in_range_with_a_positive_one_stay(
    weight: np.ndarray, recurrent: np.ndarray | None
) -> None:
    parts = [weight] if recurrent is None else [weight, recurrent]
    assume(all(part.max() > 0 for part in parts))
    stored, scale_bits = stored_weights(weight, recurrent)
    np.testing.assert_array_equal(stored, np.hstack(parts).astype(np.int64) << scale_bits)


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
        stored_weights(np.array(weight))
    left, right = np.array(weight)[:, :1], np.array(weight)[:, 1:]
    with pytest.raises(NetworkError, match=f"weight: .*{said}"):
        stored_weights(left, right)


def test_the_matrices_given_are_left_alone() -> None:
    weight, recurrent = np.array([[-300, 299]]), np.array([[-301]])
    stored, scale_bits = stored_weights(weight)
    assert (stored.tolist(), scale_bits) == ([[-256, 254]], 0)
    stored_weights(weight, recurrent)
    assert (weight.tolist(), recurrent.tolist()) == ([[-300, 299]], [[-301]])

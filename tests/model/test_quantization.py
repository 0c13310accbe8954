"""Trained weights take the chip's values and no others."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neurodeploy._io.lava import lava_imports
from neurodeploy.errors import InputError
from neurodeploy.model.quantization import VALUES, WeightLevels
from neurodeploy.netx.units import WEIGHT_SCALE

with lava_imports():
    from lava.lib.dl import slayer

SETS = [(bits, exponent) for bits in range(2, 9) for exponent in range(9 - bits)]
LEVELS = st.sampled_from(SETS).map(lambda pair: WeightLevels(bits=pair[0], exponent=pair[1]))
WEIGHTS = st.lists(
    st.one_of(
        st.floats(-6, 6, width=32),
        st.integers(-300, 300).map(lambda n: n / WEIGHT_SCALE),  # levels, and halfway between
    ),
    min_size=1,
    max_size=30,
)


def values(levels: WeightLevels) -> np.ndarray:
    """Every stored weight of a set, from its definition."""
    half = 2 ** (levels.bits - 1)
    return 2 * 2**levels.exponent * np.arange(-half, half)


def stored(levels: WeightLevels, weights: list[float]) -> np.ndarray:
    """What a chip would hold of these weights."""
    scaled: np.ndarray = levels(torch.tensor(weights)).double().numpy() * WEIGHT_SCALE
    return scaled


def test_there_are_28_sets() -> None:
    assert len(SETS) == 7 + 6 + 5 + 4 + 3 + 2 + 1


@pytest.mark.parametrize(("bits", "exponent"), SETS)
def test_every_set_is_of_even_integers_that_a_chip_can_store(bits: int, exponent: int) -> None:
    levels = WeightLevels(bits=bits, exponent=exponent)
    asked = np.arange(-2400, 2401) / (8 * WEIGHT_SCALE)
    found = np.unique(stored(levels, asked.tolist()))
    assert found.tolist() == values(levels).tolist()
    assert len(found) == 2**bits
    assert found.min() >= -256
    assert found.max() <= 254
    assert (found % 2 == 0).all()
    assert np.unique(np.diff(found)).tolist() == [levels.step * WEIGHT_SCALE]


@given(LEVELS, WEIGHTS)
def test_a_weight_goes_to_the_nearest_level(levels: WeightLevels, weights: list[float]) -> None:
    found = stored(levels, weights)
    assert set(found) <= set(values(levels))
    asked = np.array(weights) * WEIGHT_SCALE
    least = np.abs(asked[:, None] - values(levels)).min(1)
    assert np.abs(found - asked).tolist() == least.tolist()


@given(LEVELS, WEIGHTS)
def test_levels_stay_where_they_are(levels: WeightLevels, weights: list[float]) -> None:
    once = levels(torch.tensor(weights))
    assert torch.equal(levels(once), once)


@given(WEIGHTS)
def test_eight_bits_are_slayers_own(weights: list[float]) -> None:
    neuron = slayer.neuron.cuba.Neuron(threshold=1.0, current_decay=0.5, voltage_decay=0.1)
    results = []
    for function in (WeightLevels(), neuron.quantize_8bit):
        weight = torch.tensor(weights, requires_grad=True)
        quantised = function(weight)
        (quantised * torch.arange(1.0, 1 + len(weights))).sum().backward()
        results.append((quantised.detach(), weight.grad))
    assert WeightLevels() == WeightLevels(bits=8, exponent=0)
    (ours, gradient), (theirs, slayers_gradient) = results
    assert torch.equal(ours, theirs)
    steps = ours * WEIGHT_SCALE
    free = (steps > -256) & (steps < 254)  # at a bound, PyTorch's releases disagree
    assert torch.equal(gradient[free], slayers_gradient[free])


def test_rounding_passes_the_gradient_and_clamping_none() -> None:
    levels = WeightLevels(bits=3, exponent=2)  # steps of 8 from -32 to 24
    weight = torch.tensor([-40.0, -32.0, -3.0, 11.0, 24.0, 27.0, 30.0]) / WEIGHT_SCALE
    weight.requires_grad_()
    levels(weight).sum().backward()
    assert (levels(weight) * WEIGHT_SCALE).tolist() == [-32, -32, 0, 8, 24, 24, 24]
    assert weight.grad is not None
    assert weight.grad.tolist() == [0, 1, 1, 1, 1, 1, 0]  # 27 is rounded to 24, 30 to 32


@pytest.mark.parametrize("bits", [-1, 0, 1, 9, 16])
def test_bits_are_two_to_eight(bits: int) -> None:
    with pytest.raises(InputError, match=rf"WeightLevels\.bits: expected 2 to 8, found {bits}"):
        WeightLevels(bits=bits)


@pytest.mark.parametrize(("bits", "exponent"), [(8, 1), (8, -1), (2, 7), (4, 5), (7, 2)])
def test_the_exponent_leaves_weights_within_eight_bits(bits: int, exponent: int) -> None:
    with pytest.raises(InputError, match=rf"exponent: expected 0 to {8 - bits}, found {exponent}"):
        WeightLevels(bits=bits, exponent=exponent)


@pytest.mark.parametrize(("bits", "exponent"), [(8, 0), (3, 5)])
def test_the_loops_say_what_pytorch_says_elsewhere(bits: int, exponent: int) -> None:
    """Every number is a multiple of 2**-20 below 16, which float32 holds."""
    levels, generator = WeightLevels(bits=bits, exponent=exponent), torch.Generator().manual_seed(0)
    drawn = torch.randint(-(2**23), 2**23, (2, VALUES + 77), generator=generator) / 2**20
    weight, errors = drawn.float()
    elsewhere = weight.double().requires_grad_()
    weight.requires_grad_()
    found, expected = levels(weight), levels(elsewhere)
    assert torch.equal(found.double(), expected)
    found.backward(errors)
    expected.backward(errors.double())
    assert weight.grad is not None
    assert elsewhere.grad is not None
    assert torch.equal(weight.grad.double(), elsewhere.grad)
    assert 0 < int((weight.grad == 0).sum()) < weight.numel()

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.errors import InputError
from neurodeploy.model.delays import REACH, AxonalDelays
from neurodeploy.model.specs import DenseSpec


def late(row: torch.Tensor, steps: int) -> torch.Tensor:
    """A row [time] later by so many steps, earlier if negative."""
    out = torch.zeros_like(row)
    for t in range(len(row)):
        if 0 <= t - steps < len(row):
            out[t] = row[t - steps]
    return out


def delays_of(values: list[float], largest: int = 62) -> AxonalDelays:
    made = AxonalDelays(len(values), largest)
    made.delay.data[:] = torch.tensor(values)
    return made


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(0, 62), min_size=1, max_size=4), st.integers(1, 9), st.integers(0, 999))
def test_rows_and_gradients_are_those_of_the_sums_written_out(
    values: list[float], time: int, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    made = delays_of(values)
    weighted = torch.randn((2, len(values), time), generator=generator).requires_grad_()
    given = torch.randn((2, len(values), time), generator=generator)
    found = made(weighted)
    of_weighted, of_delay = torch.autograd.grad(found, (weighted, made.delay), given)
    for i, steps in enumerate(made.steps.tolist()):
        assert abs(steps - values[i]) <= 0.5
        slope = torch.tensor(0.0)
        for b in range(2):
            row, direct = weighted[b, i].detach(), given[b, i]
            assert torch.equal(found[b, i], late(row, steps))
            assert torch.equal(of_weighted[b, i], late(direct, -steps))
            for by in range(1, REACH + 1):
                slope += (direct * (late(row, steps + by) - late(row, steps - by))).sum()
        expected = slope / (REACH * (REACH + 1))
        # Sums of at most 2 * 9 * 2 * REACH products of a few units in float32.
        assert float(of_delay[i]) == pytest.approx(float(expected), abs=1e-4)


@pytest.mark.parametrize("wanted", [-3, -1, 1, 3])
def test_a_step_against_the_gradient_is_a_step_towards_where_the_pulse_is_wanted(
    wanted: int,
) -> None:
    made = delays_of([8.0])
    pulse = torch.zeros(1, 1, 30)
    pulse[..., 5] = 1
    made(pulse)[0, 0, 5 + 8 + wanted].neg().backward()
    assert made.delay.grad is not None
    assert float(-made.delay.grad) * wanted > 0


def test_delays_start_at_whole_steps_of_all_lengths() -> None:
    torch.manual_seed(0)
    made = AxonalDelays(200, 5)
    assert set(made.delay.tolist()) == {0, 1, 2, 3, 4, 5}


def test_delays_come_back_into_their_range() -> None:
    made = delays_of([-3.0, 2.4, 2.6, 9.0], largest=6)
    assert made.steps.tolist() == [0, 2, 3, 6]
    made(torch.zeros(1, 4, 3))
    assert made.delay.tolist() == pytest.approx([0.0, 2.4, 2.6, 6.0])


@pytest.mark.parametrize("steps", [-1, 63])
def test_delays_that_netx_lacks_are_refused(steps: int) -> None:
    with pytest.raises(InputError, match=r"DenseSpec\.delay_steps: expected 0 to 62"):
        DenseSpec(neurons=2, delay_steps=steps)

"""Sums over lists of spikes equal dense products, to the bit or as far as float sums go."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurodeploy.model.event_loops import ADDED, LINE, NEAR_INPUTS, NEAR_ROWS, SAMPLES
from neurodeploy.model.events import Events
from neurodeploy.model.registers import LANES
from neurodeploy.model.workers import workers


def some_spikes(steps: int, batch: int, features: int, rate: float = 0.1) -> torch.Tensor:
    """Rows [time, batch, feature] of spikes."""
    generator = torch.Generator().manual_seed(steps + batch + features)
    return (torch.rand(steps, batch, features, generator=generator) < rate).float()


def some_levels(outputs: int, inputs: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(outputs)
    return torch.randint(-128, 128, (outputs, inputs), generator=generator).float()


SHAPES = [
    (1, 1, 1, 1),
    (7, SAMPLES + 1, 3, 5),
    (5, 3 * SAMPLES, LINE + 70, LANES + 9),
    (NEAR_ROWS + 3, 2, 20, 2 * LANES),
    (2, SAMPLES, 2 * NEAR_INPUTS + 5, LANES + 3),
]


@pytest.mark.parametrize(("steps", "batch", "features", "outputs"), SHAPES)
def test_events_are_the_spikes_of_each_sample_and_step(
    steps: int, batch: int, features: int, outputs: int
) -> None:
    rows = some_spikes(steps, batch, features)
    for same in (rows, rows.permute(1, 2, 0).contiguous().permute(2, 0, 1)):
        events = Events.of(same)
        for t in range(steps):
            for b in range(batch):
                listed = events.inputs[events.starts[b, t] : events.starts[b, t + 1]]
                assert listed.tolist() == rows[t, b].nonzero().flatten().tolist()


@pytest.mark.parametrize(("steps", "batch", "features", "outputs"), SHAPES)
@pytest.mark.parametrize("threads", [1, 3])
def test_products_are_dense_ones(
    steps: int, batch: int, features: int, outputs: int, threads: int
) -> None:
    rows, levels = some_spikes(steps, batch, features), some_levels(outputs, features)
    errors = torch.randn(steps, batch, outputs)
    sums = torch.empty(steps, batch, outputs)
    with workers(threads):
        events = Events.of(rows)
        events.weighted(levels / 32, 1 / 32, sums)
        gradient = events.outer(errors)
    assert torch.equal(sums, rows @ (levels / 32).T)
    dense = errors.flatten(0, 1).double().T @ rows.flatten(0, 1).double()
    torch.testing.assert_close(gradient.double(), dense, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("steps", "batch", "features", "outputs"), SHAPES)
@pytest.mark.parametrize("threads", [1, 3])
def test_weights_of_any_value_are_added(
    steps: int, batch: int, features: int, outputs: int, threads: int
) -> None:
    rows, weight = some_spikes(steps, batch, features), torch.randn(outputs, features)
    sums, alone = torch.empty(2, steps, batch, outputs)
    Events.of(rows).added(weight, alone)
    with workers(threads):
        Events.of(rows).added(weight, sums)
    torch.testing.assert_close(sums, rows @ weight.T, rtol=1e-5, atol=1e-5)
    assert torch.equal(sums, alone)


def test_they_are_counted_where_all_inputs_of_a_sample_spike() -> None:
    rows = torch.zeros(2, 3, 21)
    rows[:, 1] = 1
    rows[0, 2, 5] = 1
    assert len(Events.of(rows)) == 43


@pytest.mark.parametrize("level", [-128, 127])
@pytest.mark.parametrize("spikes", [ADDED - 1, ADDED, ADDED + 1, 1000])
def test_the_largest_sums_are_exact(level: int, spikes: int) -> None:
    rows = torch.zeros(1, 1, 1000)
    rows[..., :spikes] = 1
    sums = torch.empty(1, 1, 2)
    Events.of(rows).weighted(torch.full((2, 1000), float(level)), 1.0, sums)
    assert sums.flatten().tolist() == [level * spikes] * 2


def test_the_number_of_threads_changes_no_bit() -> None:
    rows, errors = some_spikes(30, 33, 200), torch.randn(30, 33, 150)
    gradients = []
    for threads in (1, 2, 5):
        with workers(threads):
            gradients.append(Events.of(rows).outer(errors).numpy())
    assert all(np.array_equal(gradients[0], other) for other in gradients[1:])

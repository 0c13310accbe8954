"""An affine layer that is trained says and learns what PyTorch's does, on any number of threads."""

from __future__ import annotations

import copy

import pytest
import torch

from neurodeploy.model import affine
from neurodeploy.model.affine import WEIGHTS, Linear
from neurodeploy.model.events import Events
from neurodeploy.model.workers import workers

SIZES = [(1, 1, 1), (5, 37, 11), (8, 3000, 900), (3, WEIGHTS + 7, 2)]


def learnt(layer: torch.nn.Linear, batch: int) -> list[torch.Tensor]:
    """Output, and gradients of input, weight and bias."""
    generator = torch.Generator().manual_seed(1)
    rows = torch.randn(layer.in_features, batch, generator=generator).T.requires_grad_()
    out = layer(rows)
    out.backward(torch.randn(out.shape, generator=generator))
    gradients = [rows.grad, layer.weight.grad, layer.bias.grad]
    assert all(gradient is not None for gradient in gradients)
    return [out.detach(), *(gradient for gradient in gradients if gradient is not None)]


@pytest.mark.parametrize(("batch", "inputs", "outputs"), SIZES)
def test_it_is_pytorchs_as_far_as_sums_go(batch: int, inputs: int, outputs: int) -> None:
    torch.manual_seed(0)
    layer, other = Linear(inputs, outputs), torch.nn.Linear(inputs, outputs)
    other.load_state_dict(layer.state_dict())
    for one, two in zip(learnt(layer, batch), learnt(other, batch), strict=True):
        torch.testing.assert_close(one, two, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_change_no_bit(threads: int, one_thread: None) -> None:
    torch.manual_seed(0)
    layer, other = Linear(3000, 900), Linear(3000, 900)
    other.load_state_dict(layer.state_dict())
    alone = learnt(layer, 8)
    with workers(threads):
        together = learnt(other, 8)
    assert all(torch.equal(one, two) for one, two in zip(alone, together, strict=True))


def test_the_first_layer_computes_no_gradient_of_its_input() -> None:
    layer = Linear(4, 2)
    layer(torch.ones(3, 4)).sum().backward()
    assert layer.weight.grad is not None
    assert layer.weight.grad.tolist() == [[3.0] * 4] * 2


def test_what_is_not_trained_is_pytorchs_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(affine, "share", None)
    layer, rows = Linear(4, 2), torch.ones(3, 4)
    with torch.no_grad():
        layer(rows)
    Linear(4, 2).requires_grad_(False)(rows)
    with pytest.raises(TypeError):
        layer(rows)


@pytest.mark.parametrize("threads", [1, 3])
def test_few_spikes_are_listed_once_for_output_and_gradient(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    layer, other = Linear(2000, 300), torch.nn.Linear(2000, 300)
    other.load_state_dict(layer.state_dict())
    listed: list[Events] = []
    made = Events.of
    monkeypatch.setattr(Events, "of", lambda rows: listed.append(made(rows)) or listed[-1])
    found = []
    for each in (layer, other):
        rows = (torch.rand(9, 2000, generator=torch.Generator().manual_seed(2)) < 0.1).float()
        rows.requires_grad_()
        with workers(threads):
            out = each(rows)
            out.square().sum().backward()
        assert rows.grad is not None
        assert each.weight.grad is not None
        assert each.bias.grad is not None
        found.append([out.detach(), rows.grad, each.weight.grad, each.bias.grad])
    for one, two in zip(*found, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-5, atol=1e-4)
    assert len(listed) == 1


NOT_FEW_SPIKES = {
    "half and one and a half": [0.5, 1.5],
    "minus one": [-1.0, 1.0, 1.0],
    "two halves": [0.5, 0.5],
    "many": [1.0] * 40,
    "not a number": [float("nan")],
}


@pytest.mark.parametrize("values", NOT_FEW_SPIKES.values(), ids=NOT_FEW_SPIKES)
def test_what_is_not_few_spikes_is_multiplied(values: list[float]) -> None:
    torch.manual_seed(0)
    layer, rows = Linear(100, 3), torch.zeros(1, 100)
    rows[0, : len(values)] = torch.tensor(values)
    expected = torch.nn.functional.linear(rows, layer.weight, layer.bias)
    torch.testing.assert_close(layer(rows), expected, equal_nan=True)


def test_spikes_of_another_type_are_multiplied() -> None:
    layer = Linear(100, 3).double()
    rows = torch.zeros(2, 100, dtype=torch.float64)
    rows[0, 3] = 1
    torch.testing.assert_close(layer(rows)[0], layer.weight[:, 3] + layer.bias)


@torch.no_grad()
def test_one_row_of_few_spikes_uses_their_weights_alone() -> None:
    torch.manual_seed(0)
    layer, row = Linear(200, 7), torch.zeros(1, 200)
    row[0, [3, 77, 150]] = torch.tensor([1.0, 2.0, 1.0])
    expected = torch.nn.functional.linear(row, layer.weight, layer.bias)
    layer.weight[:, row[0] == 0] = torch.nan
    torch.testing.assert_close(layer(row), expected)
    torch.testing.assert_close(layer(torch.zeros(1, 200)), layer.bias[None])
    row[:] = 1
    assert layer(row).isnan().all()


@torch.no_grad()
def test_weights_that_changed_are_used_at_once() -> None:
    layer, row = Linear(200, 7), torch.zeros(1, 200)
    row[0, 3] = 1
    layer(row)
    layer.weight += 1
    torch.testing.assert_close(layer(row)[0], layer.weight[:, 3] + layer.bias)
    layer.load_state_dict(Linear(200, 7).state_dict())
    torch.testing.assert_close(layer(row)[0], layer.weight[:, 3] + layer.bias)
    other = copy.deepcopy(layer)
    other.weight.zero_()
    torch.testing.assert_close(other(row)[0], layer.bias)
    other.weight.data = torch.ones(7, 200)
    torch.testing.assert_close(other(row)[0], layer.bias + 1)
    layer.double()
    torch.testing.assert_close(layer(row.double())[0], layer.weight[:, 3] + layer.bias)

"""Our Adam learns what PyTorch's learns, and each goes on from the other's state."""

from __future__ import annotations

import inspect
import sys

import pytest
import torch

from neurodeploy.errors import TrainingError
from neurodeploy.learn.adam import VALUES, Adam
from neurodeploy.model.workers import workers

SHAPES = [(3,), (5, 7, 1), (VALUES + 11,)]


def learnt(
    kind: type[torch.optim.Adam], steps: int, start: dict | None = None, **more: float
) -> list:
    """Parameters after so many steps, and the optimizer's state; the second has no gradient."""
    generator = torch.Generator().manual_seed(0)
    parameters = [torch.randn(shape, generator=generator) for shape in SHAPES]
    parameters = [torch.nn.Parameter(parameter) for parameter in parameters]
    optimizer = kind(parameters, lr=0.01, **more)
    if start is not None:
        optimizer.load_state_dict(start)
    for _ in range(steps):
        for parameter in parameters[::2]:
            parameter.grad = torch.randn(parameter.shape, generator=generator)
        for group in optimizer.param_groups:
            group["lr"] *= 0.9
        optimizer.step()
    return [[parameter.detach() for parameter in parameters], optimizer.state_dict()]


def test_it_is_pytorchs_adam_as_far_as_rounding_goes() -> None:
    for (found, state), (expected, other) in zip(
        (learnt(Adam, 12), learnt(Adam, 3, learnt(torch.optim.Adam, 4)[1])),
        (learnt(torch.optim.Adam, 12), learnt(torch.optim.Adam, 3, learnt(Adam, 4)[1])),
        strict=True,
    ):
        for one, two in zip(found, expected, strict=True):
            torch.testing.assert_close(one, two, rtol=1e-5, atol=1e-6)
        assert state["state"].keys() == other["state"].keys() == {0, 2}
        for index, moments in state["state"].items():
            assert moments.keys() == other["state"][index].keys()
            assert moments["step"] == other["state"][index]["step"]


@pytest.mark.parametrize("norm", [0.0, 0.1, 30.0, 1e4])
def test_it_clips_as_pytorch_does(norm: float) -> None:
    """The gradients' own norm, of some 66,000 values, is 257 at first and a tenth of it then."""
    generator = torch.Generator().manual_seed(0)
    ours = [torch.nn.Parameter(torch.randn(shape, generator=generator)) for shape in SHAPES]
    theirs = [torch.nn.Parameter(parameter.detach().clone()) for parameter in ours]
    one, two = Adam(ours, lr=0.01, clip_norm=norm), torch.optim.Adam(theirs, lr=0.01)
    for size in (1.0, 0.1):
        for parameter, other in zip(ours, theirs, strict=True):
            parameter.grad = size * torch.randn(parameter.shape, generator=generator)
            other.grad = parameter.grad.clone()
        one.step()
        torch.nn.utils.clip_grad_norm_(theirs, norm)
        two.step()
        for parameter, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(parameter, other, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("threads", [2, 4])
def test_threads_change_no_bit(threads: int) -> None:
    alone = learnt(Adam, 5, clip_norm=1.0)[0]
    with workers(threads):
        together = learnt(Adam, 5, clip_norm=1.0)[0]
    assert all(torch.equal(one, two) for one, two in zip(alone, together, strict=True))


def test_a_closure_gives_the_gradients_and_the_loss() -> None:
    parameter = torch.nn.Parameter(torch.tensor([3.0]))
    optimizer = Adam([parameter], lr=0.1, clip_norm=1.0)

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        squared = parameter.square().sum()
        squared.backward()
        return squared

    assert float(optimizer.step(loss).detach()) == 9
    assert float(parameter.detach()) == pytest.approx(2.9, rel=1e-6)


def test_elsewhere_it_is_pytorchs_own() -> None:
    parameter = torch.nn.Parameter(torch.ones(2, 3).t())  # not contiguous, as much as elsewhere
    other = torch.nn.Parameter(torch.ones(3, 2))
    for each, optimizer in (
        (parameter, Adam([parameter], lr=0.1, clip_norm=1.0)),
        (other, torch.optim.Adam([other], lr=0.1)),
    ):
        each.grad = torch.full_like(each, 0.1)
        optimizer.step()
    assert torch.equal(parameter, other)
    parameter.grad = torch.full_like(parameter, float("nan"))
    with pytest.raises(TrainingError, match="norm of gradients"):
        Adam([parameter], lr=0.1, clip_norm=1.0).step()


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_a_gradient_that_is_no_number_moves_nothing(wrong: float) -> None:
    parameters = [torch.nn.Parameter(torch.ones(3)) for _ in range(2)]
    parameters[0].grad, parameters[1].grad = torch.tensor([0.0, wrong, 0.0]), torch.ones(3)
    with pytest.raises(TrainingError, match="norm of gradients: expected a finite number"):
        Adam(parameters, lr=0.1, clip_norm=1.0).step()
    assert all(bool((parameter == 1).all()) for parameter in parameters)


def test_it_starts_without_torch_compile(monkeypatch: pytest.MonkeyPatch) -> None:
    state = learnt(torch.optim.Adam, 1)[1]
    for name in ("add_param_group", "zero_grad", "state_dict", "load_state_dict"):
        imported_once = inspect.unwrap(getattr(torch.optim.Adam, name))
        monkeypatch.delattr(imported_once, "__dynamo_disable", raising=False)
    monkeypatch.setitem(sys.modules, "torch._dynamo", None)
    learnt(Adam, 1, state)
    Adam([torch.nn.Parameter(torch.zeros(1))], lr=0.01).zero_grad()
    with pytest.raises(ImportError):
        learnt(torch.optim.Adam, 1)

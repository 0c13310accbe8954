"""Adam with clipped gradients in one pass over memory, on all threads of a training."""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np
import torch

from neurodeploy.errors import TrainingError, message
from neurodeploy.model.compiling import compiled
from neurodeploy.model.delays import AxonalDelays
from neurodeploy.model.workers import share, share_slices

VALUES = 1 << 17
"""Of a piece of work."""

LANES = 64
"""Sums of squares side by side."""

TINY = 1e-6
"""Added to the norm of gradients, as by PyTorch."""


def parameter_groups(model: torch.nn.Module, delay_rate: float) -> list[dict[str, Any]]:
    """A model's parameters, delays apart; ``times`` is a group's learning rate over the common one.

    Parameters
    ----------
    model : Module
        What is trained.
    delay_rate : float
        ``times`` of delays.
    """
    delays = [part.delay for part in model.modules() if isinstance(part, AxonalDelays)]
    apart = {id(delay) for delay in delays}
    groups = [{"params": [p for p in model.parameters() if id(p) not in apart], "times": 1.0}]
    return [*groups, {"params": delays, "times": delay_rate}] if delays else groups


class Adam(torch.optim.Adam):
    """PyTorch's Adam, with its state, as far as rounding goes.

    PyTorch's goes through all parameters and moments seven times and more for each step. Here that
    is one compiled loop for a parameter on a CPU; if one is elsewhere, all are PyTorch's.

    Parameters
    ----------
    parameters : iterable of Parameter
        Float32, contiguous.
    lr : float
        Learning rate; the rest is PyTorch's default.
    clip_norm : float
        Gradients whose norm, over all parameters, is larger are scaled down to it.
    """

    # PyTorch wraps these to keep torch.compile out, and imports it for that: a second or more.
    add_param_group = inspect.unwrap(torch.optim.Adam.add_param_group)
    zero_grad = inspect.unwrap(torch.optim.Adam.zero_grad)
    state_dict = inspect.unwrap(torch.optim.Adam.state_dict)
    load_state_dict = inspect.unwrap(torch.optim.Adam.load_state_dict)

    def __init__(self, parameters: Any, lr: float, clip_norm: float = math.inf) -> None:
        super().__init__(parameters, lr=lr)
        self.clip_norm = clip_norm

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Take a step against the gradients that there are.

        Raises
        ------
        TrainingError
            Their norm, which is to be clipped, is no finite number; nothing was moved.
        """
        with torch.enable_grad():
            loss = None if closure is None else closure()
        groups = self.param_groups
        learnt = [(p, group) for group in groups for p in group["params"] if p.grad is not None]
        if not all(p.is_cpu and p.is_contiguous() for p, _ in learnt):
            if self.clip_norm < math.inf:
                parameters = [p for p, _ in learnt]
                _require_finite(float(torch.nn.utils.clip_grad_norm_(parameters, self.clip_norm)))
            super().step()
            return loss
        scale = 1.0
        if self.clip_norm < math.inf:
            norm = math.sqrt(sum(_square(p.grad) for p, _ in learnt if p.grad is not None))
            _require_finite(norm)
            scale = min(1.0, self.clip_norm / (norm + TINY))
        for parameter, group in learnt:
            state = self.state[parameter]
            if not state:
                state["step"] = torch.tensor(0.0)
                state["exp_avg"] = torch.zeros_like(parameter)
                state["exp_avg_sq"] = torch.zeros_like(parameter)
            state["step"] += 1
            _move(parameter, state, group, scale)
        return loss


def _require_finite(norm: float) -> None:
    if not math.isfinite(norm):
        remedy = "Lower the learning rate; the checkpoint holds the last whole epoch."
        raise TrainingError(message("training, norm of gradients", "a finite number", norm, remedy))


def _square(gradient: torch.Tensor) -> float:
    """Of the norm, as a sum of pieces."""
    values = gradient.flatten().numpy()
    squares = np.empty(-(-len(values) // VALUES))
    share(len(squares), lambda piece: _add_squares(values, piece, squares))
    return float(squares.sum())


def _move(
    parameter: torch.Tensor, state: dict[str, Any], group: dict[str, Any], scale: float
) -> None:
    assert parameter.grad is not None
    (beta1, beta2), steps = group["betas"], float(state["step"])
    of_variance = math.sqrt(1 - beta2**steps)
    numbers = [
        np.float32(number)
        for number in (
            scale,
            1 - beta1,
            beta2,
            1 - beta2,
            1 / of_variance,
            group["eps"],
            group["lr"] / (1 - beta1**steps),
        )
    ]
    arrays = [
        tensor.flatten().numpy()
        for tensor in (parameter, parameter.grad, state["exp_avg"], state["exp_avg_sq"])
    ]

    def move(some: slice) -> None:
        _adam(*numbers, *(array[some] for array in arrays))

    share_slices(parameter.numel(), VALUES, move)


@compiled
def _add_squares(values: Any, piece: int, squares: Any) -> None:
    some = values[piece * VALUES : (piece + 1) * VALUES]
    sums = np.zeros(LANES, np.float32)
    for start in range(0, len(some) - LANES + 1, LANES):
        row = some[start : start + LANES]
        for i in range(LANES):
            sums[i] += row[i] * row[i]
    for value in some[len(some) - len(some) % LANES :]:
        sums[0] += value * value
    squares[piece] = sums.sum()


@compiled
def _adam(
    scale: float,
    new: float,
    old_square: float,
    new_square: float,
    correction: float,
    epsilon: float,
    rate: float,
    values: Any,
    gradients: Any,
    means: Any,
    squares: Any,
) -> None:
    for i in range(len(values)):
        gradient = gradients[i] * scale
        mean = means[i] + new * (gradient - means[i])
        square = squares[i] * old_square + new_square * gradient * gradient
        means[i], squares[i] = mean, square
        values[i] -= rate * mean / (np.sqrt(square) * correction + epsilon)

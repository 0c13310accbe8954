"""Affine layers of a decoder, whose products all threads of a training share.

Of what arrives from a window of spikes, few are not 0: products go through lists of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from neurodeploy.model.compiling import loops_take
from neurodeploy.model.events import Events
from neurodeploy.model.products import BREAK_EVEN
from neurodeploy.model.workers import share

WEIGHTS = 1 << 20
"""Of a piece of work: smaller products cost more a weight, larger ones leave threads idle."""


FEW = 1 / 32
"""Share of inputs that are not 0 below which it is faster to pick their weights than to use all."""


class Linear(torch.nn.Linear):
    """PyTorch's, whose products are shared while it is trained on a CPU.

    One row of spikes, as a stream has it, uses the weights of those alone, from a copy in which
    those of an input lie side by side.
    """

    _turned: tuple[torch.Tensor, int, torch.Tensor] | None = None

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Map [batch, input] to [batch, output]."""
        learning = torch.is_grad_enabled() and self.weight.requires_grad
        if rows.is_cpu and learning:
            trained: torch.Tensor = _Affine.apply(rows, self.weight, self.bias)
            return trained
        if rows.is_cpu and len(rows) == 1:
            active = rows[0].nonzero().flatten()
            if len(active) < FEW * rows.shape[1]:
                mapped: torch.Tensor = rows[:, active] @ self._by_input()[active]
                return mapped if self.bias is None else mapped.add_(self.bias)
        return super().forward(rows)

    def _by_input(self) -> torch.Tensor:
        """Weights [input, output], turned again whenever they have changed."""
        weight = self.weight.detach()
        if self._turned is not None:
            of, version, turned = self._turned
            if of.data_ptr() == weight.data_ptr() and version == weight._version:
                return turned
        self._turned = weight, weight._version, weight.T.contiguous()
        return self._turned[2]


class _Affine(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, rows: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor
    ) -> torch.Tensor:
        of, by, add = rows.detach().contiguous(), weight.detach().T, bias.detach()
        out = rows.new_empty(len(rows), len(weight))
        ctx.events = _few_spikes(of)
        if ctx.events is not None:
            ctx.save_for_backward(weight)
            ctx.events.added(weight.detach(), out[None])
            return out.add_(add)
        ctx.save_for_backward(weight, of)

        def to_outputs(some: slice) -> None:
            torch.addmm(add[some], of, by[:, some], out=out[:, some])

        _share_columns((out, len(by), to_outputs))
        return out

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        weight, *dense = (saved.detach() for saved in ctx.saved_tensors)
        errors = grads[0].contiguous()
        products = []
        if ctx.events is not None:
            of_weight = ctx.events.outer(errors[None])
        else:
            of_weight = torch.empty_like(weight)

            def to_weights(some: slice) -> None:
                torch.mm(errors[:, some].T, dense[0], out=of_weight[some])

            products.append((errors, weight.shape[1], to_weights))
        of_rows = None
        if ctx.needs_input_grad[0]:
            of_rows = errors.new_empty(len(errors), weight.shape[1])

            def to_rows(some: slice) -> None:
                torch.mm(errors, weight[:, some], out=of_rows[:, some])

            products.append((of_rows, len(weight), to_rows))
        _share_columns(*products)
        return of_rows, of_weight, errors.sum(0)


def _few_spikes(rows: torch.Tensor) -> Events | None:
    """Lists of them, if all are 0 or 1, and so few 1 that lists are faster."""
    total = float(rows.sum())
    few = total < BREAK_EVEN * rows.numel()
    if not loops_take(rows) or not few or float(rows.amax()) > 1:
        return None
    events = Events.of(rows[None])
    return events if len(events) == total else None


def _share_columns(*products: tuple[torch.Tensor, int, Callable[[slice], None]]) -> None:
    """Compute the columns of each product, of which each takes so many weights, in pieces."""
    pieces = []
    for columns, weights, multiply in products:
        width = max(1, WEIGHTS // weights)
        for start in range(0, columns.shape[1], width):
            pieces.append(partial(multiply, slice(start, start + width)))
    share(len(pieces), lambda piece: pieces[piece]())

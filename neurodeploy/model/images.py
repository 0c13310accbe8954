"""Weights times spikes of a convolution, in pieces that all threads of a training share."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch.nn.functional import conv2d

from neurodeploy.model.workers import share_slices

IMAGES = 64
"""Of a piece on a CPU: what belongs to so many stays in a core's cache."""


class Geometry(NamedTuple):
    """How a kernel moves over an image, each along height and width; and groups of channels."""

    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    groups: int


class WeightedImages(torch.autograd.Function):
    """What reaches the neurons of a convolution, one step after the spikes.

    The gradient of the weights is the sum of what each piece gives, in their order, so that it does
    not depend on the number of threads.
    """

    @staticmethod
    def forward(
        ctx: Any, rows: torch.Tensor, weight: torch.Tensor, geometry: Geometry
    ) -> torch.Tensor:
        """Convolve the spikes of the step before.

        Parameters
        ----------
        rows : Tensor [time, batch, channel, height, width], float32
            Spikes, 0 or 1, of any strides.
        weight : Tensor [output channel, channel of a group, height, width], float32
        geometry : Geometry

        Returns
        -------
        Tensor [time, batch, output channel, height, width], float32
            Sums of the spikes of the step before; 0 in the first step.
        """
        before = rows.detach()[:-1].flatten(0, 1).contiguous()
        kernel = weight.detach()
        shape = conv2d(before[:1], kernel, None, *geometry).shape[1:]
        sums = rows.new_empty(*rows.shape[:2], *shape)
        sums[0] = 0
        out = sums[1:].flatten(0, 1)

        def convolve(some: slice) -> None:
            out[some] = conv2d(before[some], kernel, None, *geometry)

        share_slices(len(before), _piece(before), convolve)
        ctx.save_for_backward(before, weight)
        ctx.geometry = geometry
        return sums

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Gradients of spikes and weights."""
        before, kernel = (saved.detach() for saved in ctx.saved_tensors)
        geometry: Geometry = ctx.geometry
        steps, batch = grads[0].shape[:2]
        errors = grads[0].detach()[1:].flatten(0, 1).contiguous()
        size = _piece(before)
        wanted = [*ctx.needs_input_grad[:2], False]
        of_rows = before.new_empty(steps, batch, *before.shape[1:]) if wanted[0] else None
        partial = kernel.new_zeros(-(-len(before) // size), *kernel.shape) if wanted[1] else None
        if of_rows is not None:
            of_rows[-1] = 0

        def turn_back(some: slice) -> None:
            of_some, of_kernel, _ = torch.ops.aten.convolution_backward(
                errors[some],
                before[some],
                kernel,
                None,
                geometry.stride,
                geometry.padding,
                geometry.dilation,
                False,
                (0, 0),
                geometry.groups,
                wanted,
            )
            if of_rows is not None:
                of_rows[:-1].flatten(0, 1)[some] = of_some
            if partial is not None:
                partial[some.start // size] = of_kernel

        share_slices(len(before), size, turn_back)
        return of_rows, None if partial is None else partial.sum(0), None


def _piece(images: torch.Tensor) -> int:
    """Images of a piece of work; elsewhere than on a CPU all of them are one."""
    return IMAGES if images.is_cpu else max(1, len(images))

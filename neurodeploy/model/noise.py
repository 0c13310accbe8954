"""Noise that makes coins of the readout's neurons, the same however a batch is shared."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True, kw_only=True)
class ShareOfNoise:
    """The noise of some rows of a batch, as the whole batch draws it.

    Parameters
    ----------
    generator : torch.Generator
        What the whole batch draws from.
    start : int
        The first of the rows.
    rows : int
        Of the whole batch.
    """

    generator: torch.Generator
    start: int
    rows: int


Noise = torch.Generator | ShareOfNoise
"""Where the readout's sampling noise comes from."""


def row_by_row(noise: Noise, rows: int) -> list[ShareOfNoise]:
    """What each of so many rows will draw as one of a batch, to be drawn again by itself.

    Parameters
    ----------
    noise : torch.Generator or ShareOfNoise
        The batch's, which has yet to draw.
    rows : int
        Of the batch, or of the share of it.
    """
    if isinstance(noise, torch.Generator):
        noise = ShareOfNoise(generator=noise, start=0, rows=rows)
    before = noise.generator.get_state()
    alone = []
    for row in range(rows):
        generator = torch.Generator()
        generator.set_state(before)
        alone.append(ShareOfNoise(generator=generator, start=noise.start + row, rows=noise.rows))
    return alone


def uniform(shape: torch.Size, noise: Noise | None) -> torch.Tensor:
    """Numbers in [0, 1) for [batch, neuron, time], drawn on the CPU so that all devices agree."""
    if isinstance(noise, ShareOfNoise):
        whole = torch.rand((noise.rows, *shape[1:]), generator=noise.generator)
        return whole[noise.start : noise.start + shape[0]]
    return torch.rand(shape, generator=noise)


def logistic_noise(like: torch.Tensor, temperature: float, noise: Noise | None) -> torch.Tensor:
    """What makes a comparison with a threshold a coin of log-odds ``margin / temperature``.

    Parameters
    ----------
    like : Tensor [batch, neuron, time]
        Of the shape and device that are wanted.
    temperature : float
        Scale of the logistic distribution; at 0 there is no noise.
    noise : torch.Generator or ShareOfNoise, optional
        Source of the randomness.
    """
    if temperature <= 0:
        return torch.zeros_like(like)
    drawn = uniform(like.shape, noise).clamp_(1e-7, 1 - 1e-7)
    return drawn.logit_().mul_(temperature).to(like.device)

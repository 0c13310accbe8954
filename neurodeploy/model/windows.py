"""Windows of readout spikes: what a decoder sees after each step."""

from __future__ import annotations

import torch


def window_at(spikes: torch.Tensor, step: int, window_steps: int) -> torch.Tensor:
    """The window that a decoder sees once step ``step`` has been received.

    It holds the last ``window_steps`` steps. While fewer have been received, they stand at its
    beginning and the rest is silent, so that a step keeps its place as the window fills.

    Parameters
    ----------
    spikes : Tensor [batch, neuron, time]
        Readout spikes; steps after ``step`` are not looked at.
    step : int
        Index of the last step received, from 0.
    window_steps : int
        Length of the window.

    Returns
    -------
    Tensor [batch, neuron, step]
        ``window_steps`` long.
    """
    received = spikes[..., max(0, step + 1 - window_steps) : step + 1]
    return torch.nn.functional.pad(received, (0, window_steps - received.shape[-1]))


def every_window(spikes: torch.Tensor, window_steps: int) -> torch.Tensor:
    """`window_at` for every step.

    Parameters
    ----------
    spikes : Tensor [batch, neuron, time]
        Readout spikes.
    window_steps : int
        Length of the window.

    Returns
    -------
    Tensor [batch, time, neuron, step]
    """
    filling = min(window_steps - 1, spikes.shape[-1])
    windows = [window_at(spikes, step, window_steps).unsqueeze(1) for step in range(filling)]
    if spikes.shape[-1] >= window_steps:
        windows.append(spikes.unfold(-1, window_steps, 1).movedim(2, 1))
    return torch.cat(windows, 1)

"""A SLAYER module's own forward, beside the network that was made of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from neurodeploy.adopt.adopted import Adopted
from neurodeploy.engines.registry import simulate

STATES = (
    *("current_state", "voltage_state", "real_state", "imag_state"),
    *("pre_state", "residual_state", "error_state", "spike_state"),
)
"""Where SLAYER's neurons keep what they remember from one call to the next."""


def differing(
    module: torch.nn.Module, blocks: Sequence[Any], adopted: Adopted, signal: np.ndarray
) -> tuple[int, int, int]:
    """Count where the outputs of module and network differ, after their shift in time.

    Parameters
    ----------
    module : torch.nn.Module
        Whose own forward runs, evaluated and from rest; it stays as it is.
    blocks : sequence of modules
        Its blocks.
    adopted : Adopted
        What was made of it.
    signal : array [sample, *features, time]
        Input of the module.

    Returns
    -------
    spikes, differing, differing_on_time : int
        Values other than 0 that the module sends; where the network sends others; and where it
        sends others than the blocks do if the step between layers stands before their neurons,
        as in Lava. The last is 0 if nothing but that step is different.
    """
    whole = adopted.network.input_bits > 0
    given = np.rint(signal * adopted.input_scale).astype(np.int64) if whole else signal
    found = simulate(adopted.network, given, "native").spikes
    with _at_rest(module):
        expected = _output(module(torch.from_numpy(signal.astype(np.float32))))
    with _at_rest(module):
        on_time = _output(_chip_order(blocks, torch.from_numpy(signal.astype(np.float32))))
    late = adopted.late_steps
    steps = found.shape[-1] - abs(late)
    shifted = found[..., max(late, 0) :][..., :steps]
    first = expected[..., max(-late, 0) :][..., :steps] * adopted.output_scale
    return (
        int(np.count_nonzero(expected)),
        int((shifted.reshape(first.shape) != first).sum()),
        int((found.reshape(on_time.shape) != on_time * adopted.output_scale).sum()),
    )


def _output(sent: Any) -> np.ndarray:
    """Spikes of a forward, which may return more beside them."""
    tensor = sent[0] if isinstance(sent, tuple | list) else sent
    array: np.ndarray = tensor.detach().cpu().numpy()
    return array


def _chip_order(blocks: Sequence[Any], sent: torch.Tensor) -> torch.Tensor:
    """What the blocks send if the step between layers stands before their neurons."""
    for block in blocks:
        if hasattr(block, "synapse") or hasattr(block, "input_synapse"):
            sent = torch.nn.functional.pad(sent, (1, 0))[..., :-1]
        shifts = getattr(block, "delay_shift", None)
        if shifts is not None:
            block.delay_shift = False
        try:
            out = block(sent)
        finally:
            if shifts is not None:
                block.delay_shift = shifts
        sent = out[0] if isinstance(out, tuple) else out
    return sent


@contextlib.contextmanager
def _at_rest(module: torch.nn.Module) -> Iterator[None]:
    """Evaluate a module that remembers nothing, and leave it as it was."""
    training = [(each, each.training) for each in module.modules()]
    kept = [
        (each, name, getattr(each, name))
        for each in module.modules()
        for name in (*STATES, "delay_buffer")
        if hasattr(each, name)
    ]
    for each, name, value in kept:
        setattr(each, name, None if name == "delay_buffer" else torch.zeros(1, device=value.device))
    try:
        with torch.no_grad():
            module.eval()
            yield
    finally:
        for each, name, value in kept:
            setattr(each, name, value)
        for each, mode in training:
            each.training = mode

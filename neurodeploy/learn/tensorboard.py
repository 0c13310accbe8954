"""Metrics for TensorBoard, if the person has it."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path

INSTALLED = importlib.util.find_spec("tensorboard") is not None


def show_in_tensorboard(folder: Path, metrics: Mapping[str, float]) -> None:
    """Add an epoch's numbers to the event files of a folder; nothing without TensorBoard.

    Parameters
    ----------
    folder : path
        Made if need be.
    metrics : mapping of str to float
        ``epoch`` and anything measured in it.
    """
    if not INSTALLED:
        return
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(folder)) as writer:
        for name, value in metrics.items():
            writer.add_scalar(name, value, int(metrics["epoch"]))

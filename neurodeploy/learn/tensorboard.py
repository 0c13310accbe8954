"""Metrics for TensorBoard, if the person has it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

INSTALLED = importlib.util.find_spec("tensorboard") is not None


@contextmanager
def tensorboard(folder: Path) -> Iterator[Callable[[Mapping[str, float]], None]]:
    """What adds an epoch's numbers to an event file of a folder; nothing without TensorBoard.

    Parameters
    ----------
    folder : path
        It and the file are made with the first epoch.

    Yields
    ------
    function of a mapping of str to float
        ``epoch`` and anything measured in it; TensorBoard sees them at once.
    """
    with ExitStack() as stack:

        @cache
        def writer() -> SummaryWriter:
            from torch.utils.tensorboard import SummaryWriter

            return stack.enter_context(SummaryWriter(str(folder)))

        def show(metrics: Mapping[str, float]) -> None:
            if not INSTALLED:
                return
            for name, value in metrics.items():
                writer().add_scalar(name, value, int(metrics["epoch"]))
            writer().flush()

        yield show

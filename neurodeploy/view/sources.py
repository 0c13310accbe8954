"""Where the steps of a page come from: samples again and again, or lines while they come."""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from neurodeploy.deploy.parts import ChipPart
from neurodeploy.deploy.steps import InputStep, array_steps
from neurodeploy.view.truth import Truth

Steps = Iterator["InputStep | None"]
"""Steps; None where none has come yet."""

WAITING_STEPS = 64
"""Lines that are read ahead; then whoever sends them waits."""

PATIENCE_S = 0.1
"""How long a step is waited for before something else is done."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """What a page plays.

    Parameters
    ----------
    title : str
        What a person reads.
    steps : function
        Steps from the beginning.
    shared : bool
        Whether there is only one beginning: one page plays it at a time.
    truth : Truth
        What its samples really are, where somebody knows.
    """

    title: str
    steps: Callable[[], Steps]
    shared: bool = False
    truth: Truth = field(default_factory=Truth)


def of_samples(
    part: ChipPart, spikes: np.ndarray, title: str, truth: Truth | None = None
) -> Source:
    """Samples [sample, *features, time], and again from the first one."""

    def steps() -> Steps:
        return array_steps(part, itertools.cycle(spikes))

    return Source(title=title, steps=steps, truth=truth or Truth())


def of_lines(lines: Iterator[InputStep], title: str) -> Source:
    """Steps that come when they come."""
    coming = _read_ahead(lines)
    return Source(title=title, steps=lambda: coming, shared=True)


def _read_ahead(lines: Iterator[InputStep]) -> Steps:
    waiting: queue.Queue[InputStep | Exception | None] = queue.Queue(WAITING_STEPS)

    def fill() -> None:
        try:
            for step in lines:
                waiting.put(step)
            waiting.put(None)
        except Exception as error:  # said where the steps are taken
            waiting.put(error)

    threading.Thread(target=fill, name="view-lines", daemon=True).start()
    return _Coming(waiting)


class _Coming:
    """What a thread reads, or None after a while; an end stays one."""

    def __init__(self, waiting: queue.Queue[InputStep | Exception | None]) -> None:
        self._waiting = waiting
        self._ended = False

    def __iter__(self) -> Steps:
        return self

    def __next__(self) -> InputStep | None:
        if self._ended:
            raise StopIteration
        try:
            item = self._waiting.get(timeout=PATIENCE_S)
        except queue.Empty:
            return None
        self._ended = not isinstance(item, InputStep)
        if item is None:
            raise StopIteration
        if isinstance(item, Exception):
            raise item
        return item

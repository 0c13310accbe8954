"""The network's side of a stream: steps of samples through a session, in order and counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from neurodeploy.deploy.parts import ChipPart
from neurodeploy.deploy.steps import InputStep, StepOutput
from neurodeploy.engines.base import Session
from neurodeploy.errors import InputError, NeurodeployError, message

Received = Callable[[Session, list[np.ndarray]], np.ndarray]
"""What the host receives [neuron] of a step: of a session, and the spikes of every layer."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sent:
    """A step on its way to the host.

    Parameters
    ----------
    name : int or str
        Of the sample, as its source gave it.
    output : StepOutput
        Spikes of every layer.
    received : array [neuron]
        What the host reads.
    last : bool
        Whether the sample ends with it.
    taken_s : float
        When its input was taken, of `time.perf_counter`.
    network_s : float
        Seconds that the network took.
    """

    name: int | str
    output: StepOutput
    received: np.ndarray
    last: bool
    taken_s: float
    network_s: float


class ChipSide:
    """Takes steps, gives what the network sends, and says which sample and step was wrong.

    Parameters
    ----------
    session : Session
        At rest.
    part : ChipPart
        What runs.
    steps : int
        That a sample has at least, unless its last one says that it is; 1 where nobody knows.
    received : function
        What the host gets of a step.
    """

    def __init__(self, session: Session, part: ChipPart, steps: int, received: Received) -> None:
        self._session, self._part, self._steps = session, part, steps
        self._received = received
        self._name: int | str | None = None
        self._sample, self._step = -1, 0
        self._ended = True
        self._spared = -1
        self.run, self.left_out = 0, 0

    @property
    def where(self) -> str:
        """The sample and step that are at work, or come next, for errors."""
        if self._ended:
            return f"sample {self._sample + 1}, step 0"
        return f"sample {self._name!r}, step {self._step}"

    @property
    def samples(self) -> int:
        """Samples that have begun."""
        return self._sample + 1

    def spare(self, sample: int) -> None:
        """Leave out what is still to come of a sample: its answer is final."""
        self._spared = sample

    def stream(self, steps: Iterable[InputStep]) -> Iterator[Sent]:
        """Run steps until there are no more.

        Raises
        ------
        NeurodeployError
            What the source, the session or the order of steps is wrong about, with the sample and
            the step.
        """
        coming = iter(steps)
        while True:
            try:
                given = next(coming)
            except StopIteration:
                break
            except Exception as error:  # a person's source may fail in any way
                raise self.named(error, "a step of the source") from error
            sent = self.take(given)
            if sent is not None:
                yield sent
        self.end()

    def take(self, given: InputStep) -> Sent | None:
        """Run a step; None for one that is left out: after a final answer, or past the bundle's.

        Raises
        ------
        NeurodeployError
            As `stream`.
        """
        taken_s = time.perf_counter()
        self._place(given)
        limit = self._part.step_limit
        if self._sample == self._spared or (limit is not None and self._step >= limit):
            self.left_out += 1
            self._count(given)
            return None
        try:
            layers = self._session.advance(given.spikes)
            received = self._received(self._session, layers)
        except Exception as error:  # so may a person's engine
            raise self.named(error, "a step of the network") from error
        last = given.last or (limit is not None and self._step == limit - 1)
        sent = Sent(
            name=self._name if self._name is not None else self._sample,
            output=StepOutput(
                sample=self._sample, step=self._step, input=given.spikes.copy(), layers=layers
            ),
            received=received,
            last=last,
            taken_s=taken_s,
            network_s=time.perf_counter() - taken_s,
        )
        self.run += 1
        self._count(given)
        return sent

    def end(self) -> None:
        """Say that nothing follows.

        Raises
        ------
        InputError
            The sample is not whole.
        """
        self._require_whole("the end of the source")

    def named(self, error: Exception, expected: str) -> NeurodeployError:
        """An error of ours that begins with the sample and the step."""
        return named(error, self.where, expected)

    def _place(self, given: InputStep) -> None:
        """Find out which step of which sample this is, and begin one from rest."""
        another = given.sample is not None and given.sample != self._name
        if given.reset or another or (self._ended and given.sample is None):
            if not given.reset:
                self._require_whole("another sample")
            self._begin(given)
        elif self._ended:
            remedy = "Another sample has another name, or begins with a reset."
            where = f"sample {self._name!r}, step {self._step}"
            raise InputError(message(where, "nothing after the last step", "a step", remedy))
        if given.step is not None and given.step != self._step:
            raise InputError(message(self.where, f"step {self._step}", f"step {given.step}"))

    def _begin(self, given: InputStep) -> None:
        self._sample += 1
        self._name = self._sample if given.sample is None else given.sample
        self._step, self._ended = 0, False
        try:
            self._session.reset()
        except Exception as error:  # a session of a closed engine
            raise self.named(error, "a session at rest") from error

    def _require_whole(self, found: str) -> None:
        if not self._ended and self._step < self._steps:
            remedy = 'Mark the last step of a shorter sample by "last", or "reset" to leave it.'
            raise InputError(message(self.where, f"{self._steps} steps", found, remedy))

    def _count(self, given: InputStep) -> None:
        self._step += 1
        self._ended = given.last


def named(error: Exception, where: str, expected: str) -> NeurodeployError:
    """An error of ours that begins with a place, of any error."""
    if isinstance(error, NeurodeployError):
        return type(error)(f"{where}: {error}")
    return InputError(message(where, expected, f"{type(error).__name__}: {error}"))

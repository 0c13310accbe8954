"""A source of input steps, through a session of an engine, to the host's answers, step by step.

Whatever comes, comes this way: arrays, event files, iterators, lines of standard input or of a
socket, and the requests of the service.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import chain

import numpy as np

from neurodeploy.deploy.answers import make_reader, received_by, rule_of
from neurodeploy.deploy.buffer import Buffer, run_ahead
from neurodeploy.deploy.chip_side import ChipSide
from neurodeploy.deploy.host_side import Answer, HostSide
from neurodeploy.deploy.parts import ChipPart, Deployed, chip_part
from neurodeploy.deploy.policies import BLOCK, require_policy
from neurodeploy.deploy.rules import COUNTS, FIRST_SPIKE, SPIKES, VOLTAGE
from neurodeploy.deploy.steps import InputStep, array_steps
from neurodeploy.engines.base import Engine, Session
from neurodeploy.engines.registry import DEFAULT_ENGINE, open_engine
from neurodeploy.errors import InputError, message
from neurodeploy.netx.network import Network

QUEUE_STEPS = 64
"""That wait for a slow host, where nobody says how many."""


@dataclass(frozen=True, kw_only=True)
class StreamCounts:
    """What became of the steps of a stream, so far.

    Parameters
    ----------
    samples : int
        That have begun.
    run : int
        Steps that the network ran.
    left_out : int
        Steps that it did not: after a final answer, or more than the bundle takes.
    dropped : int
        Of those it ran, steps that the host never received, by the policy.
    answered : int
        Answers given.
    """

    samples: int = 0
    run: int = 0
    left_out: int = 0
    dropped: int = 0
    answered: int = 0


class Stream:
    """A network or bundle that answers while its input still comes.

    Parameters
    ----------
    deployed : Network or Bundle
        What runs, each sample from rest. A bundle with fewer steps than its encoding takes the
        first ones of each sample.
    engine : str or Engine
        By name; or one that is open and holds the network, which is left open.
    rule : str, optional
        How output spikes are read, instead of the bundle's decoder: ``counts`` of each neuron so
        far, ``first-spike``, ``voltage`` of the output neurons, or ``spikes``, which answers
        nothing. A network alone is read by its counts; a bundle without a decoder gives its spikes.
    wanted : function of the step index
        Which steps are answered, besides the last one of a sample; all by default.
    stop_at : float, optional
        Confidence from which an answer is final: the rest of its sample is not run.
    policy : str
        With a host that is slower than the network: ``block`` holds the network back, and with it
        the source; ``drop-oldest`` and ``latest`` drop steps that wait for the host, and count
        them. The network runs every step all the same.
    queue_steps : int, optional
        Steps that may wait for the host; 64, or with ``block`` none: a step is run when its answer
        is asked for.
    steps : int, optional
        That a sample has at least, unless its last step says that it is; the bundle's if not
        given, and nothing is known of a network's.

    Raises
    ------
    InputError
        It is neither network nor bundle, or there is no such engine, rule or policy.
    """

    def __init__(
        self,
        deployed: Deployed,
        engine: str | Engine = DEFAULT_ENGINE,
        *,
        rule: str | None = None,
        wanted: Callable[[int], bool] = lambda step: True,
        stop_at: float | None = None,
        policy: str = BLOCK,
        queue_steps: int | None = None,
        steps: int | None = None,
    ) -> None:
        self.deployed, self.part = deployed, chip_part(deployed)
        if not isinstance(engine, str) and not hasattr(engine, "open"):
            raise InputError(message("engine", "a name or an Engine", f"a {type(engine).__name__}"))
        self.engine, self.rule = engine, rule_of(deployed, rule)
        self.wanted, self.stop_at = wanted, stop_at
        if stop_at is not None and not 0 < stop_at <= 1:
            raise InputError(message("stream, stop_at", "a confidence, 0 to 1", stop_at))
        if stop_at is not None and self.rule == SPIKES:
            remedy = f"A rule answers: {COUNTS}, {FIRST_SPIKE} or {VOLTAGE}."
            raise InputError(message("stream, stop_at", "answers", "spikes alone", remedy))
        self.policy = require_policy(policy)
        least = 0 if policy == BLOCK else 1
        if queue_steps is not None and queue_steps < least:
            raise InputError(message("stream, queue_steps", f"at least {least}", queue_steps))
        self.queue_steps = queue_steps if queue_steps is not None else least * QUEUE_STEPS
        known: int = getattr(deployed, "steps", 1)
        self.steps = known if steps is None else steps
        self._live: _Live | None = None

    @property
    def counts(self) -> StreamCounts:
        """What became of the steps of the latest `answers`."""
        return StreamCounts() if self._live is None else self._live.counts

    def sides(self, session: Session) -> tuple[ChipSide, HostSide]:
        """Both sides of a stream through a session at rest, for who moves the steps himself.

        Raises
        ------
        InputError
            The rule reads what the session does not record.
        """
        received = received_by(self.rule, self.part.network, session)
        chip = ChipSide(session, self.part, self.steps, received)
        return chip, HostSide(make_reader(self.deployed, self.rule), self.wanted, self.stop_at)

    def answers(
        self, source: np.ndarray | Iterable[np.ndarray] | Iterable[InputStep]
    ) -> Iterator[Answer]:
        """Answers as they form.

        Parameters
        ----------
        source : array [sample, *features, time], or iterable
            Of samples [*features, time], or of steps: `InputStep`, from an iterator of one's own
            or from `neurodeploy.deploy.lines.line_steps`.

        Raises
        ------
        NeurodeployError
            Of anything that is wrong with the source, the network, the order of the steps or the
            decoder; it names the sample and the step. Answers before it have been given.
        """
        with _running(self.engine, self.part.network) as engine, engine.open() as session:
            chip, host = self.sides(session)
            buffer: Buffer | None = None
            sending = chip.stream(_steps(self.part, source))
            if self.queue_steps:
                buffer = Buffer(self.queue_steps, self.policy)
                sending = run_ahead(sending, buffer)
            self._live = _Live(chip, host, buffer)
            try:
                for sent in sending:
                    answer = host.read(sent)
                    if answer is not None:
                        if answer.final:
                            chip.spare(answer.sample)
                        yield answer
            finally:
                sending.close()  # type: ignore[attr-defined]


@dataclass(frozen=True)
class _Live:
    chip: ChipSide
    host: HostSide
    buffer: Buffer | None

    @property
    def counts(self) -> StreamCounts:
        return StreamCounts(
            samples=self.chip.samples,
            run=self.chip.run,
            left_out=self.chip.left_out,
            dropped=0 if self.buffer is None else self.buffer.dropped,
            answered=self.host.answered,
        )


def stream_answers(
    deployed: Deployed,
    samples: Iterable[np.ndarray],
    engine: str | Engine = DEFAULT_ENGINE,
    *,
    rule: str | None = None,
    wanted: Callable[[int], bool] = lambda step: True,
) -> Iterator[Answer]:
    """Stream samples through what is deployed and yield its answer as it forms.

    A step is run when its answer is asked for, so a slow reader holds the engine back and nothing
    piles up. `Stream` has other sources, and other policies.

    Parameters
    ----------
    deployed, engine, rule, wanted
        As in `Stream`.
    samples : iterable of arrays [*features, time]
        Input spikes; taken one by one.

    Raises
    ------
    InputError
        It is neither network nor bundle, no engine or no rule, or a sample does not fit.
    """
    return Stream(deployed, engine, rule=rule, wanted=wanted).answers(samples)


def _steps(
    part: ChipPart, source: np.ndarray | Iterable[np.ndarray] | Iterable[InputStep]
) -> Iterator[InputStep]:
    """Steps of samples or of steps, by what comes first."""
    coming = iter(source)
    for first in coming:
        rest: Iterator = chain([first], coming)
        yield from rest if isinstance(first, InputStep) else array_steps(part, rest)


def _running(engine: str | Engine, network: Network) -> AbstractContextManager[Engine]:
    return open_engine(engine, network) if isinstance(engine, str) else nullcontext(engine)

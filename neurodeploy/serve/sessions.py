"""Sessions of clients, each a stream of its own, and what runs their steps on threads."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from neurodeploy.deploy.bundle import Bundle
from neurodeploy.deploy.host_side import Answer
from neurodeploy.deploy.steps import InputStep
from neurodeploy.deploy.stream import Stream
from neurodeploy.engines.base import Engine
from neurodeploy.engines.counts import Counts
from neurodeploy.engines.registry import open_engine
from neurodeploy.errors import EngineError, InputError, NeurodeployError, message
from neurodeploy.serve.limits import ServiceLimits
from neurodeploy.serve.metrics import Metrics

T = TypeVar("T")


class Refused(Exception):
    """A request that is not run, with a status of HTTP and when to try again."""

    def __init__(self, status: int, said: str, *, retry_s: float | None = None) -> None:
        super().__init__(said)
        self.status, self.retry_s = status, retry_s


class Fault(Exception):
    """What failed is ours: the decoder or the engine, not the request."""


class ServedSession:
    """A stream that one client moves, step by step."""

    def __init__(self, stream: Stream, engine: Engine) -> None:
        self._session = engine.open()
        self._chip, self._host = stream.sides(self._session)
        self._in_use = threading.Lock()
        self.used_s = time.monotonic()

    @property
    def busy(self) -> bool:
        """Whether a request is running its steps."""
        return self._in_use.locked()

    def run(self, steps: Iterable[InputStep]) -> tuple[list[Answer | None], Counts]:
        """Run steps; an answer for each, None where it was left out, and counts of the sample.

        Raises
        ------
        InputError
            A step is none of this network, or out of order.
        Refused
            Another request is running steps of this session.
        Fault
            The decoder failed.
        """
        if not self._in_use.acquire(blocking=False):
            raise Refused(409, "session: expected one request at a time, found another running")
        try:
            answers = [self._step(step) for step in steps]
            return answers, self._session.counts
        finally:
            self.used_s = time.monotonic()
            self._in_use.release()

    def close(self) -> None:
        """Release what it holds."""
        self._session.close()

    def _step(self, step: InputStep) -> Answer | None:
        try:
            sent = self._chip.take(step)
        except EngineError as error:
            raise Fault(str(error)) from error
        if sent is None:
            return None
        try:
            answer = self._host.read(sent)
        except NeurodeployError as error:
            raise Fault(str(error)) from error
        if answer is not None and answer.final:
            self._chip.spare(answer.sample)
        return answer


class Sessions:
    """A bundle on one engine, its sessions by name, and the threads that run them.

    Parameters
    ----------
    bundle : Bundle
    limits : ServiceLimits
    engine : str
        By name; one whose sessions are independent.

    Raises
    ------
    InputError
        A session of the engine ends another one.
    """

    def __init__(self, bundle: Bundle, limits: ServiceLimits, engine: str) -> None:
        self.bundle, self.limits = bundle, limits
        self._engine = open_engine(engine, bundle.network)
        _require_independent(self._engine)
        self.metrics = Metrics(lambda: len(self))
        self._open: dict[str, ServedSession] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(limits.workers, thread_name_prefix="serve")
        self._waiting = 0

    def __len__(self) -> int:
        """Return how many are open."""
        return len(self._open)

    async def work(self, run: Callable[[], T]) -> T:
        """Run on a thread, so that nobody else waits for it.

        Raises
        ------
        Refused
            Too many wait already.
        """
        if self._waiting >= self.limits.waiting:
            said = f"service: expected at most {self.limits.waiting} requests waiting, found more"
            raise Refused(503, said, retry_s=1)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, run)
        finally:
            self._waiting -= 1

    def run_sample(
        self, steps: Sequence[InputStep], *, every_step: bool, stop_at: float | None
    ) -> tuple[list[Answer], Counts]:
        """Run a whole sample in a session of its own; the last answer, or all, and counts.

        Raises
        ------
        InputError, Fault
            As `ServedSession.run`.
        """
        every = every_step or stop_at is not None
        stream = Stream(self.bundle, self._engine, wanted=lambda _: every, stop_at=stop_at)
        session = ServedSession(stream, self._engine)
        try:
            found, counts = session.run(steps)
        finally:
            session.close()
        answers = [answer for answer in found if answer is not None]
        self._count(counts.steps, len(answers))
        return answers, counts

    def open(self) -> str:
        """Open a session; its name, which only who opened it knows.

        Raises
        ------
        Refused
            As many are open as may be.
        """
        self.expire()
        session = ServedSession(Stream(self.bundle, self._engine), self._engine)
        with self._lock:
            if len(self._open) < self.limits.sessions:
                name = secrets.token_urlsafe(16)
                self._open[name] = session
                self.metrics.opened.inc()
                return name
        session.close()
        said = f"sessions: expected at most {self.limits.sessions} open, found as many"
        raise Refused(429, said, retry_s=1)

    def run(self, name: str, steps: Iterable[InputStep]) -> tuple[list[Answer | None], Counts]:
        """Run steps of a session.

        Raises
        ------
        Refused
            There is no such session, or it is at work.
        InputError, Fault
            As `ServedSession.run`.
        """
        session = self._open.get(name)
        if session is None:
            raise Refused(404, "session: expected one that is open, found none of that name")
        answers, counts = session.run(steps)
        answered = sum(answer is not None for answer in answers)
        self._count(answered, answered)
        return answers, counts

    def close(self, name: str, reason: str = "asked") -> None:
        """Close a session.

        Raises
        ------
        Refused
            There is none of that name.
        """
        with self._lock:
            session = self._open.pop(name, None)
        if session is None:
            raise Refused(404, "session: expected one that is open, found none of that name")
        session.close()
        self.metrics.closed.labels(reason).inc()

    def expire(self) -> None:
        """Close the sessions that nobody used for so long."""
        oldest = time.monotonic() - self.limits.idle_s
        for name, session in list(self._open.items()):
            if session.used_s < oldest and not session.busy:
                try:
                    self.close(name, "idle")
                except Refused:  # its client closed it meanwhile
                    continue

    def end(self) -> None:
        """End the threads, close all sessions and the engine."""
        self._pool.shutdown()
        for name in list(self._open):
            self.close(name, "shutdown")
        self._engine.close()

    def _count(self, steps: int, answers: int) -> None:
        self.metrics.steps.inc(steps)
        self.metrics.answers.inc(answers)


def _require_independent(engine: Engine) -> None:
    silence = np.zeros(engine.network.input_shape, np.uint8)
    try:
        with engine.open() as first, engine.open() as second:
            for session in (first, second, first):
                session.step(silence)
    except EngineError as error:
        engine.close()
        expected = "an engine with sessions beside one another, such as native"
        raise InputError(message(f"engine {engine.name}", expected, error)) from error

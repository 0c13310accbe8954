"""What clients of a service may take. Nothing here imports what the service needs."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields

from neurodeploy._io.limits import MIB
from neurodeploy.errors import InputError, message


@dataclass(frozen=True, kw_only=True)
class ServiceLimits:
    """The most of everything.

    Parameters
    ----------
    head_s : float
        Seconds in which the request line and headers arrive.
    body_bytes : int
        Of the body of a request, counted before it is parsed.
    body_s : float
        Seconds in which it arrives.
    steps : int
        Of a request.
    answer_values : int
        Numbers of all answers to a request: the outputs of all heads after each step, or without
        a decoder the output neurons.
    sessions : int
        Open at a time, those of WebSockets too.
    idle_s : float
        Seconds after which a session that nobody used is closed.
    requests_per_s : float
        Of a client; a WebSocket's messages are read no faster.
    burst : int
        Requests of a client at once.
    waiting : int
        Requests that wait for a thread, of all clients.
    connections : int
        Open at a time.
    shutdown_s : float
        Seconds in which running requests end when the service does.
    workers : int
        Threads that run steps; as many as there are cores for us if 0.
    """

    head_s: float = 10.0
    body_bytes: int = MIB
    body_s: float = 10.0
    steps: int = 1000
    answer_values: int = 200_000
    sessions: int = 64
    idle_s: float = 60.0
    requests_per_s: float = 1000.0
    burst: int = 1000
    waiting: int = 64
    connections: int = 256
    shutdown_s: float = 10.0
    workers: int = 0

    def __post_init__(self) -> None:
        if self.workers == 0:
            object.__setattr__(self, "workers", len(os.sched_getaffinity(0)))
        for field in fields(self):
            if not getattr(self, field.name) > 0:
                where = f"limit {field.name}"
                raise InputError(message(where, "more than 0", getattr(self, field.name)))

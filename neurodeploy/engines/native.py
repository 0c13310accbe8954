"""Our engine: bit-exact with Lava, spike for spike in every layer, and event-driven.

It runs every layer of `Network` but `Average`. Three things it does where Lava cannot follow: it
runs an all-zero dense matrix, as silence; it needs no compilation; a session can be copied.
"""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from neurodeploy.engines import native_kernels as kernels
from neurodeploy.engines.base import Closing, Run, StepOutput, check_input
from neurodeploy.engines.counts import Counts
from neurodeploy.engines.native_program import Program, Result, Room
from neurodeploy.errors import InputError, message
from neurodeploy.netx.network import Network


class NativeEngine(Closing):
    """Runs a network with compiled kernels on the CPU.

    Parameters
    ----------
    network : Network
        What runs.
    threads : int, optional
        Threads that share the samples of a batch; as many as there are cores for us if left out.
        One sample, and a session, use one.

    Raises
    ------
    NetworkError
        The network has a layer that no neurons run, or one that Lava leaves undefined.
    """

    name = "native"

    def __init__(self, network: Network, *, threads: int | None = None) -> None:
        self.network = network
        self.threads = len(os.sched_getaffinity(0)) if threads is None else max(1, threads)
        self._program = Program(network)
        self._pool: ThreadPoolExecutor | None = None

    def run(self, spikes: np.ndarray) -> Run:
        """Run a batch, each sample from rest.

        Parameters
        ----------
        spikes : array [sample, *features, time]
            0 or 1 (or real values, for a network that begins with input neurons).

        Returns
        -------
        Run

        Raises
        ------
        InputError
            The spikes do not fit the network.
        """
        signal = check_input(self.network, spikes)
        samples, steps = signal.shape[0], signal.shape[-1]
        signal = signal.reshape(samples, -1, steps)
        result = Result(self._program, samples, steps)
        shares = min(self.threads, samples)
        bounds = [samples * share // shares for share in range(shares + 1)]
        others = [
            self._workers().submit(self._program.run, signal, result, first, last)
            for first, last in itertools.pairwise(bounds[1:])
        ]
        self._program.run(signal, result, 0, bounds[1])
        for other in others:
            other.result()
        return Run(layers=tuple(result.layers()), counts=result.tally())

    def stream(self, samples: Iterable[np.ndarray]) -> Iterator[StepOutput]:
        """Run samples one after another, each from rest; yield each step as it is done.

        Parameters
        ----------
        samples : iterable of arrays [*features, time]
            Of any lengths; the next one is taken when the one before has been read.
        """
        with self.open() as session:
            for sample, features in enumerate(samples):
                signal = check_input(self.network, np.asarray(features)[None])[0]
                session.reset()
                for step in range(signal.shape[-1]):
                    arrived = signal[..., step]
                    layers = session.advance(arrived)
                    yield StepOutput(sample=sample, step=step, input=arrived, layers=layers)

    def open(self) -> NativeSession:
        """Start a session at rest; any number of them may be open."""
        return NativeSession(self._program)

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def _workers(self) -> ThreadPoolExecutor:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.threads - 1, thread_name_prefix="native")
        return self._pool


class NativeSession(Closing):
    """One time step at a time, from rest."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._room = Room(program, steps=1)
        inputs = math.prod(program.network.input_shape)
        self._spikes = np.zeros((1, inputs, 1), np.uint8)
        self._currents = np.zeros((1, inputs, 1), np.int32)
        self._counts = np.zeros((1, len(program.rows), kernels.COUNTS), np.int64)
        self._clock = 0

    def step(self, spikes: np.ndarray) -> np.ndarray:
        """Take input [*features] of one step; give the output spikes, uint8 [*features]."""
        program = self._program
        sent = self._send(spikes)
        return sent[program.offsets[-2] :].reshape(program.shapes[-1])

    def advance(self, spikes: np.ndarray) -> list[np.ndarray]:
        """As `step`, but give the spikes of every layer."""
        return self._program.split(self._send(spikes), samples=1, steps=None)

    def reset(self) -> None:
        """Return to rest."""
        self._room.state[:] = 0
        self._counts[:] = 0
        self._clock = 0

    def copy(self) -> NativeSession:
        """A session in the same state, which goes its own way from here."""
        twin = NativeSession(self._program)
        twin.load_state(self.state_dict())
        return twin

    def state_dict(self) -> dict[str, np.ndarray]:
        """Everything that `load_state` needs to go on from here in a session of this network."""
        return {
            "state": self._room.state.copy(),
            "counts": self._counts.copy(),
            "clock": np.array(self._clock),
        }

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on where `state_dict` was taken.

        Raises
        ------
        InputError
            The state is of another network.
        """
        for name, mine in self.state_dict().items():
            if name not in state or state[name].shape != mine.shape:
                found = state[name].shape if name in state else "none"
                raise InputError(message(f"state, {name}", f"shape {mine.shape}", found))
        self._room.state[:] = state["state"]
        self._counts[:] = state["counts"]
        self._clock = int(state["clock"])

    @property
    def counts(self) -> Counts:
        """What has been done since the last reset, as one sample."""
        return self._program.tally(self._counts.copy(), 1, self._clock)

    def close(self) -> None:
        """Nothing is held."""

    def _send(self, spikes: np.ndarray) -> np.ndarray:
        program = self._program
        if not self._take_plain(spikes):
            signal = check_input(program.network, np.asarray(spikes)[None, ..., None])
            kept = self._spikes if signal.dtype == np.uint8 else self._currents
            kept[0, :, 0] = signal.ravel()
        sent = np.zeros(program.offsets[-1], np.uint8)
        program.call(
            self._spikes, self._currents, self._clock, False, 0, 1, self._room, sent, self._counts
        )
        self._clock += 1
        return sent

    def _take_plain(self, spikes: np.ndarray) -> bool:
        """Take valid uint8 spikes without a detour; say whether these are such."""
        program = self._program
        return (
            isinstance(spikes, np.ndarray)
            and spikes.dtype == np.uint8
            and spikes.shape == program.network.input_shape
            and not program.takes_current
            and spikes.flags.carray
            and bool(kernels.take_spikes(spikes.reshape(-1), self._spikes))
        )

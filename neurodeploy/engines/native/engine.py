"""Our engine: bit-exact with Lava, spike for spike in every layer, and event-driven.

It runs every layer of `Network` but `Average`. Three things it does where Lava cannot follow: it
runs an all-zero dense matrix, as silence; it needs no compilation; a session can be copied.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from neurodeploy.engines.base import BatchRunner, Closeable, Run, check_input
from neurodeploy.engines.counts import Counts
from neurodeploy.engines.native.layout import TALLY, Sent
from neurodeploy.engines.native.opened import OpenedPrograms
from neurodeploy.engines.native.program import Program, Result, Workspace
from neurodeploy.errors import InputError, message
from neurodeploy.netx.network import Network

_OPENED = OpenedPrograms()

SHARES = 8
"""Parts of a batch for each thread, which takes one when it has done another."""


class NativeEngine(BatchRunner, Closeable):
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
        self._program = _OPENED.program(network)
        self._pool: ThreadPoolExecutor | None = None

    def run_batch(self, spikes: np.ndarray) -> Run:
        """Run a batch [sample, *features, time] on all threads."""
        spikes = check_input(self.network, spikes)
        samples, steps = spikes.shape[0], spikes.shape[-1]
        given = self._program.given(spikes.reshape(samples, -1, steps))
        result = Result(self._program, samples, steps)
        shares = min(self.threads, samples)
        size = samples if shares == 1 else -(-samples // (SHARES * shares))
        firsts = iter(range(0, samples, size))

        def work() -> None:
            with self._program.workspace(steps) as workspace:
                workspace.take(given, result.sent, result.tallies)
                for first in firsts:
                    workspace.run(first, min(first + size, samples))

        others = [self._workers().submit(work) for _ in range(shares - 1)]
        work()
        for other in others:
            if not other.cancel():
                other.result()
        return Run(layers=tuple(result.layers()), counts=result.counts())

    def probe(self, spikes: np.ndarray, layers: Iterable[str]) -> dict[str, dict[str, np.ndarray]]:
        """Run a batch, each sample from rest, and record what some layers remember.

        Parameters
        ----------
        spikes : array [sample, *features, time]
            As in `run`.
        layers : iterable of str
            Names of layers, as in ``network.names``.

        Returns
        -------
        dict of str to dict of str to array [sample, *features, time]
            For each layer its ``spikes`` and, after each step, its states, int32: ``current`` and
            ``voltage`` of CUBA neurons (after the reset, where they spike); ``sum``,
            ``activation`` and ``residue`` of sigma-delta ones; ``real`` and ``imaginary`` of
            resonators.

        Raises
        ------
        InputError
            The network has no such layer, or the spikes do not fit it.
        """
        names = self.network.names
        probed = list(layers)
        for name in probed:
            if name not in names:
                raise InputError(message("layers", f"of {list(names)}", name))
        spikes = check_input(self.network, spikes)
        traces: dict[str, list[dict[str, np.ndarray]]] = {name: [] for name in probed}
        with self.open() as session:
            for sample in spikes:
                session.reset()
                for step in range(spikes.shape[-1]):
                    sent = session.advance_checked(sample[..., step])
                    for name in probed:
                        spikes_now = {"spikes": sent[names.index(name)]}
                        traces[name].append(spikes_now | session.states(name))
        return {name: _by_sample(steps, len(spikes)) for name, steps in traces.items()}

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


def _by_sample(steps: Sequence[Mapping[str, np.ndarray]], samples: int) -> dict[str, np.ndarray]:
    """Arrays [*features] of each step of each sample -> [sample, *features, time]."""
    return {
        name: np.moveaxis(
            np.stack([step[name] for step in steps]).reshape(samples, -1, *steps[0][name].shape),
            1,
            -1,
        )
        for name in steps[0]
    }


class NativeSession(Closeable):
    """One time step at a time, from rest."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._workspace = Workspace(program, chunk=1)
        inputs = math.prod(program.network.input_shape)
        dtype = np.int32 if program.takes_numbers else np.uint8
        self._input = np.zeros((1, inputs, 1), dtype)
        self._features = self._input.reshape(program.network.input_shape)
        self._sent = program.nothing_sent(1)
        self._tallies = np.zeros((1, len(program.layers)), TALLY)
        self._workspace.take(program.given(self._input), self._sent, self._tallies)
        self._clock = 0

    def step(self, spikes: np.ndarray) -> np.ndarray:
        """Take input [*features] of one step; give the output spikes [*features]."""
        self._take(spikes)
        return self._program.last_of(self._sent)

    def advance(self, spikes: np.ndarray) -> list[np.ndarray]:
        """As `step`; give the spikes [*features] of every layer."""
        self._take(spikes)
        return self._layers()

    def advance_checked(self, spikes: np.ndarray) -> list[np.ndarray]:
        """As `advance`, for what `check_input` gave."""
        self._run(spikes)
        return self._layers()

    def states(self, layer: str) -> dict[str, np.ndarray]:
        """What the neurons of a named layer remember now, int32 [*features]; as in `probe`."""
        return self._program.states(self._workspace.state, self._program.network.names.index(layer))

    def reset(self) -> None:
        """Return to rest."""
        self._workspace.state[:] = 0
        self._tallies[:] = 0
        self._clock = 0

    def copy(self) -> NativeSession:
        """A session in the same state, which goes its own way from here."""
        twin = NativeSession(self._program)
        twin.load_state(self.state_dict())
        return twin

    def state_dict(self) -> dict[str, np.ndarray]:
        """Everything that `load_state` needs to go on from here in a session of this network."""
        return {
            "state": self._workspace.state.copy(),
            "counts": self._tallies.copy(),
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
        self._workspace.state[:] = state["state"]
        self._tallies[:] = state["counts"]
        self._clock = int(state["clock"])

    @property
    def counts(self) -> Counts:
        """What has been done since the last reset, as one sample."""
        return self._program.counts(self._tallies, 1, self._clock)

    def close(self) -> None:
        """Nothing is held."""

    def _layers(self) -> list[np.ndarray]:
        sent = Sent(*(spikes.copy() for spikes in self._sent))
        return self._program.split(sent, samples=1, steps=None)

    def _take(self, spikes: np.ndarray) -> None:
        plain = (
            isinstance(spikes, np.ndarray)
            and spikes.dtype == self._features.dtype == np.uint8
            and spikes.shape == self._features.shape
        )
        if not (plain and self._run(spikes)):
            network = self._program.network
            self._run(check_input(network, np.asarray(spikes)[None, ..., None])[0, ..., 0])

    def _run(self, spikes: np.ndarray) -> bool:
        """Run a step of [*features], unless these are no spikes; say whether it was run."""
        self._features[:] = spikes
        for sent in self._sent:
            sent.fill(0)
        done = self._workspace.run(0, 1, clock=self._clock, from_rest=False)
        self._clock += done
        return done

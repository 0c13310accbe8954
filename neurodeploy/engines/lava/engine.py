"""Lava's CPU simulator, the reference.

A network is compiled once and runs any number of samples. After the last step of a sample, one
process of ours writes rest (0) into the current, the voltage and the synaptic buffer of every
layer through Lava's own RefPorts, so that each sample starts as in a network that was just
compiled, with biases and delays too, and the order of samples cannot matter. The dynamics are
Lava's alone.
"""

from __future__ import annotations

import threading

import numpy as np

from neurodeploy.engines.base import (
    BatchRunner,
    Closeable,
    Run,
    check_input,
    spike_types,
)
from neurodeploy.engines.counts import Counts, count
from neurodeploy.engines.lava.runtime import LavaRuntime
from neurodeploy.errors import EngineError, message
from neurodeploy.netx.check import require_runnable
from neurodeploy.netx.network import Network


class LavaEngine(BatchRunner, Closeable):
    """Runs a network on Lava's fixed-point process models; threads take turns, batch by batch.

    Parameters
    ----------
    network : Network
        What runs.
    timeout_s : float
        Longest wait for one step before the simulator counts as hung.

    Raises
    ------
    NetworkError
        netx cannot run the network.
    EngineError
        Lava did not start, hung, or one of its processes died.
    """

    name = "lava"

    def __init__(self, network: Network, *, timeout_s: float = 120.0) -> None:
        require_runnable(network)
        self.network = network
        self.timeout_s = timeout_s
        self._runtime: LavaRuntime | None = None
        self.sessions_begun = 0
        self._in_use = threading.RLock()

    def run_batch(self, spikes: np.ndarray) -> Run:
        """Run a batch [sample, *features, time] through one compiled network."""
        spikes = check_input(self.network, spikes)
        with self._in_use:
            return self._run_batch(spikes)

    def _run_batch(self, spikes: np.ndarray) -> Run:
        samples, steps = spikes.shape[0], spikes.shape[-1]
        by_step = np.moveaxis(spikes, -1, 1).reshape(-1, *self.network.input_shape)
        last = np.arange(len(by_step)) % steps == steps - 1
        shapes = self.network.shapes
        sent = [
            np.empty((len(by_step), *shape), dtype)
            for shape, dtype in zip(shapes, spike_types(self.network), strict=True)
        ]
        for index, outputs in enumerate(self._at_rest().advance(by_step, last)):
            for record, output in zip(sent, outputs, strict=True):
                record[index] = output
        layers = tuple(
            np.ascontiguousarray(np.moveaxis(record.reshape(samples, steps, *shape), 1, -1))
            for record, shape in zip(sent, shapes, strict=True)
        )
        return Run(layers=layers, counts=count(self.network, (spikes, *layers)))

    def open(self) -> LavaSession:
        """Start a session at rest; it ends the one before, and any run ends it."""
        self._at_rest()
        return LavaSession(self)

    def advance(self, spikes: np.ndarray, *, rest_after: bool) -> list[np.ndarray]:
        """Run one step of checked spikes [*features]; give those of every layer."""
        with self._in_use:
            return self._started().step(spikes, rest_after=rest_after)

    def close(self) -> None:
        """Stop Lava and all its processes."""
        self.sessions_begun += 1
        if self._runtime is not None:
            self._runtime.stop()
            self._runtime = None

    def rest(self) -> None:
        """Return to rest, by one silent step whose output is dropped."""
        self.advance(np.zeros(self.network.input_shape, np.int32), rest_after=True)

    def _at_rest(self) -> LavaRuntime:
        self.sessions_begun += 1
        if not self._started().at_rest:
            self.rest()
        return self._started()

    def _started(self) -> LavaRuntime:
        if self._runtime is None or not self._runtime.alive:
            self._runtime = LavaRuntime(self.network, self.timeout_s)
        return self._runtime


class LavaSession(Closeable):
    """One time step at a time through Lava."""

    def __init__(self, engine: LavaEngine) -> None:
        self._engine = engine
        self._number = engine.sessions_begun
        self._activity: list[list[np.ndarray]] = []

    def step(self, spikes: np.ndarray) -> np.ndarray:
        """Take input [*features] of one step; give the output spikes [*features]."""
        return self.advance(spikes)[-1]

    def advance(self, spikes: np.ndarray) -> list[np.ndarray]:
        """As `step`; give the spikes [*features] of every layer."""
        self._require_current()
        network = self._engine.network
        spikes = check_input(network, np.asarray(spikes)[None, ..., None])[0, ..., 0]
        outputs = self._engine.advance(spikes, rest_after=False)
        self._activity.append([spikes, *outputs])
        types = spike_types(network)
        return [sent.astype(kind) for sent, kind in zip(outputs, types, strict=True)]

    def reset(self) -> None:
        """Return to rest."""
        self._require_current()
        self._engine.rest()
        self._activity = []

    def _require_current(self) -> None:
        if self._engine.sessions_begun != self._number:
            found = "one that was ended by a run, by another session or by close"
            remedy = "Open another one: engine.open()."
            raise EngineError(message("session of lava", "the engine's latest", found, remedy))

    @property
    def counts(self) -> Counts:
        """What has been done since the last reset, as one sample."""
        network = self._engine.network
        if not self._activity:
            shapes = (network.input_shape, *network.shapes)
            return count(network, [np.zeros((1, *shape, 0), np.uint8) for shape in shapes])
        return count(
            network, [np.stack(steps, -1)[None] for steps in zip(*self._activity, strict=True)]
        )

    def close(self) -> None:
        """Nothing is held; the engine returns to rest before it is used again."""

"""Lava's CPU simulator, the reference.

A network is compiled once and runs any number of samples. After the last step of a sample, one
process of ours writes rest (0) into the current, the voltage and the synaptic buffer of every
layer through Lava's own RefPorts, so that each sample starts as in a network that was just
compiled, with biases and delays too, and the order of samples cannot matter. The dynamics are
Lava's alone.
"""

from __future__ import annotations

import contextlib
import signal
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy.engines.base import Closing, Run, Running, StepOutput, check_input, spike_types
from neurodeploy.engines.counts import Counts, count
from neurodeploy.engines.lava_processes.processes import (
    Injector,
    Rest,
    injector,
    recorder,
    run_config,
)
from neurodeploy.errors import EngineError, message
from neurodeploy.netx.check import require_runnable
from neurodeploy.netx.network import Network, NeuronInput
from neurodeploy.netx.write import write_network
from neurodeploy.quiet import hushed

with hushed():
    from lava.lib.dl import netx
    from lava.magma.core.run_conditions import RunSteps

STEPS_AHEAD = 32
"""Input steps sent before their output is read; half of what the channels hold."""


class LavaEngine(Running, Closing):
    """Runs a network on Lava's fixed-point process models.

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
        self._runtime: _LavaRuntime | None = None

    def run_batch(self, spikes: np.ndarray) -> Run:
        """Run a batch [sample, *features, time] through one compiled network."""
        signal_in = check_input(self.network, spikes)
        steps = signal_in.shape[-1]
        stream = np.moveaxis(signal_in, -1, 1).reshape(-1, *self.network.input_shape)
        last = np.arange(len(stream)) % steps == steps - 1
        shapes = self.network.shapes
        sent = [
            np.empty((len(stream), *shape), dtype)
            for shape, dtype in zip(shapes, spike_types(self.network), strict=True)
        ]
        for index, outputs in enumerate(self._at_rest().advance(stream, last)):
            for record, output in zip(sent, outputs, strict=True):
                record[index] = output
        layers = tuple(
            np.ascontiguousarray(np.moveaxis(record.reshape(len(signal_in), steps, *shape), 1, -1))
            for record, shape in zip(sent, shapes, strict=True)
        )
        return Run(layers=layers, counts=count(self.network, (signal_in, *layers)))

    def stream(self, samples: Iterable[np.ndarray]) -> Iterator[StepOutput]:
        """Run samples one after another; yield each step as soon as Lava has computed it.

        Parameters
        ----------
        samples : iterable of arrays [*features, time]
            Of any lengths; the next one is taken when the one before has been read.
        """
        for sample, features in enumerate(samples):
            stream = np.moveaxis(check_input(self.network, np.asarray(features)[None])[0], -1, 0)
            last = np.arange(len(stream)) == len(stream) - 1
            for step, layers in enumerate(self._at_rest().advance(stream, last)):
                yield StepOutput(sample=sample, step=step, input=stream[step], layers=layers)

    def open(self) -> LavaSession:
        """Start a session at rest; it ends the one before, and any run ends it."""
        self._at_rest()
        return LavaSession(self)

    def advance(self, features: np.ndarray, *, rest_after: bool) -> list[np.ndarray]:
        """Run one step of input [*features]; give the spikes [*features] of every layer."""
        (outputs,) = self._started().advance(features[None], np.array([rest_after]))
        return outputs

    def close(self) -> None:
        """Stop Lava and all its processes."""
        if self._runtime is not None:
            self._runtime.stop()
            self._runtime = None

    def rest(self) -> None:
        """Return to rest, by one silent step whose output is dropped."""
        self.advance(np.zeros(self.network.input_shape, np.int32), rest_after=True)

    def _at_rest(self) -> _LavaRuntime:
        if not self._started().at_rest:
            self.rest()
        return self._started()

    def _started(self) -> _LavaRuntime:
        if self._runtime is None or not self._runtime.alive:
            self._runtime = _LavaRuntime(self.network, self.timeout_s)
        return self._runtime


class LavaSession(Closing):
    """One time step at a time through Lava."""

    def __init__(self, engine: LavaEngine) -> None:
        self._engine = engine
        self._activity: list[list[np.ndarray]] = []

    def step(self, spikes: np.ndarray) -> np.ndarray:
        """Take input [*features] of one step; give the output spikes [*features]."""
        network = self._engine.network
        arrived = check_input(network, np.asarray(spikes)[None, ..., None])[0, ..., 0]
        outputs = self._engine.advance(arrived, rest_after=False)
        self._activity.append([arrived, *outputs])
        return outputs[-1].astype(spike_types(network)[-1])

    def reset(self) -> None:
        """Return to rest."""
        self._engine.rest()
        self._activity = []

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


class _LavaRuntime:
    """One compiled network with its channels to us; dies as a whole."""

    def __init__(self, network: Network, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "network.net"
            write_network(network, path)
            with hushed():
                self._net = netx.hdf5.Network(
                    net_config=str(path), input_message_bits=network.input_bits
                )
            self._net.net_config.f.close()
        blocks = self._net.layers
        first = blocks[0]
        entry = first.neuron.a_in if isinstance(network.layers[0], NeuronInput) else first.inp
        self.at_rest = True
        self._takes_vector = len(entry.shape) == 1
        self._input: Injector = injector(entry.shape)
        self._input.out_port.connect(entry)
        self._due: Injector = injector((1,))
        states = _state_variables(blocks)
        rest = Rest(states)
        self._due.out_port.connect(rest.due)
        self._recorders = []
        for block in blocks:
            tap = recorder(block.out.shape)
            block.out.connect(tap.in_port)
            self._recorders.append(tap)
        with _interrupts_deferred():
            try:
                self._net.create_runtime(run_cfg=run_config(len(states)))
            except Exception as error:
                raise EngineError(
                    message("Lava", "the network to compile", f"{type(error).__name__}: {error}")
                ) from error
            self._runtime = self._net._runtime
            self._actors = list(self._runtime._messaging_infrastructure.actors)
            self._kill = weakref.finalize(self, _kill_actors, self._actors, self._runtime)

    @property
    def alive(self) -> bool:
        return self._kill.alive

    def advance(self, stream: np.ndarray, rest_after: np.ndarray) -> Iterator[list[np.ndarray]]:
        """Run steps of input [step, *features]; yield each step's spikes of every layer.

        Lava has features the other way round, [width, height, channel].
        """
        total, sent = len(stream), 0
        finished = self.at_rest = False
        try:
            self._net.run(condition=RunSteps(total, blocking=False))
            for received in range(total):
                while sent < min(total, received + STEPS_AHEAD):
                    features = stream[sent].ravel() if self._takes_vector else stream[sent].T
                    self._input.send(features.astype(np.int32))
                    self._due.send(np.array([rest_after[sent]], np.int32))
                    sent += 1
                yield [self._receive(tap).T for tap in self._recorders]
            services = self._runtime.service_to_runtime
            self._wait(lambda: all(port.probe() for port in services), lambda: time.sleep(1e-4))
            self._net.wait()
            finished, self.at_rest = True, bool(rest_after[-1])
        finally:
            if not finished:
                self._kill()

    def stop(self) -> None:
        """Ask Lava to stop; kill what does not."""
        if not self.alive:
            return
        stopper = threading.Thread(target=self._net.stop, daemon=True)
        stopper.start()
        stopper.join(timeout=10)
        self._kill()

    def _receive(self, tap: Any) -> np.ndarray:
        port = tap.out_port.external_pipe_csp_recv_port
        if not port.probe():
            arrived = threading.Event()
            port.observer = arrived.set
            self._wait(port.probe, lambda: arrived.wait(0.2))
            port.observer = None
        return np.asarray(port.recv())

    def _wait(self, ready: Callable[[], bool], pause: Callable[[], object]) -> None:
        deadline = time.monotonic() + self.timeout_s
        while not ready():
            pause()
            if any(not actor._is_done and actor.exitcode is not None for actor in self._actors):
                raise EngineError(
                    message("Lava", "all its processes running", "one of them died"),
                )
            if time.monotonic() > deadline:
                raise EngineError(
                    message(
                        "Lava",
                        f"an answer within {self.timeout_s:g} s",
                        "none",
                        "Raise timeout_s if the network is that large.",
                    )
                )


def _state_variables(blocks: Sequence[Any]) -> list[Any]:
    """Whatever a block remembers, which is 0 at rest."""
    neurons = ("u", "v", "sigma", "act", "residue", "real", "imag")
    synapses = ("synapse", "synapse_rec", "real_synapse", "imag_synapse")
    variables = []
    for block in blocks:
        variables += [getattr(block.neuron, name, None) for name in neurons]
        for synapse in (getattr(block, name, None) for name in synapses):
            variables += [getattr(synapse, name, None) for name in ("a_buff", "a_buf")]
    return [variable for variable in variables if variable is not None]


@contextlib.contextmanager
def _interrupts_deferred() -> Iterator[None]:
    """Hold Ctrl-C back while Lava forks; its processes inherit the handler and ignore it.

    A blocked signal mask does not do: another thread may take the signal, and the resource
    tracker of multiprocessing unblocks it when it starts.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    interrupted: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: interrupted.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if interrupted:
            signal.raise_signal(signal.SIGINT)


def _kill_actors(actors: Sequence[Any], runtime: Any) -> None:
    """End every process of a runtime, whatever state it is in."""
    for actor in actors:
        if not actor._is_done and actor.is_alive():
            actor.kill()
    for actor in actors:
        if not actor._is_done:
            actor.join()
    runtime._is_started = runtime._is_running = False
    with contextlib.suppress(Exception):
        runtime._messaging_infrastructure.smm.shutdown()

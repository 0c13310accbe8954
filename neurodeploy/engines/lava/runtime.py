"""One compiled network in Lava's own processes, with channels to us, from its start to its end."""

from __future__ import annotations

import contextlib
import itertools
import signal
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy._io.lava import lava_imports
from neurodeploy._io.quiet import suppress_output
from neurodeploy.engines.lava.processes.processes import (
    Injector,
    Rest,
    injector,
    recorder,
    run_config,
)
from neurodeploy.errors import EngineError, message
from neurodeploy.netx.network import Network
from neurodeploy.netx.write import write_network

with lava_imports():
    from lava.lib.dl import netx
    from lava.magma.core.run_conditions import RunSteps

STEPS_AHEAD = 32
"""Input steps sent before their output is read; half of what the channels hold."""


class LavaRuntime:
    """One compiled network with its channels to us; dies as a whole."""

    def __init__(self, network: Network, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "network.net"
            write_network(network, path)
            with suppress_output():
                self._net = netx.hdf5.Network(
                    net_config=str(path), input_message_bits=network.input_bits
                )
            self._net.net_config.f.close()
        blocks = self._net.layers
        first = blocks[0]
        entry = first.neuron.a_in if network.layers[0].takes_real_values else first.inp
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
            self._kill = weakref.finalize(
                self, _kill_actors, self._actors, self._runtime, self._pipes()
            )

    @property
    def alive(self) -> bool:
        """Whether Lava can still be asked."""
        return self._kill.alive

    def _pipes(self) -> list[Any]:
        """Our ends of the channels, each of which has a thread in this process."""
        ours = [each.in_port.external_pipe_csp_send_port for each in (self._input, self._due)]
        return ours + [tap.out_port.external_pipe_csp_recv_port for tap in self._recorders]

    def advance(self, by_step: np.ndarray, rest_after: np.ndarray) -> Iterator[list[np.ndarray]]:
        """Run input [step, *features]; yield each step's spikes of every layer.

        Lava has features the other way round, [width, height, channel].
        """
        total, sent = len(by_step), 0
        finished = self.at_rest = False
        try:
            self._net.run(condition=RunSteps(total, blocking=False))
            for received in range(total):
                while sent < min(total, received + STEPS_AHEAD):
                    spikes = by_step[sent].ravel() if self._takes_vector else by_step[sent].T
                    self._input.send(spikes.astype(np.int32))
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


def _kill_actors(actors: Sequence[Any], runtime: Any, pipes: Sequence[Any]) -> None:
    """End every process of a runtime, whatever state it is in, and our threads that hear them."""
    for actor in actors:
        if not actor._is_done and actor.is_alive():
            actor.kill()
    for actor in actors:
        if not actor._is_done:
            actor.join()
    runtime._is_started = runtime._is_running = False
    builders = runtime._executable.proc_builders.values()
    theirs = [ports for each in builders for ports in each.csp_ports.values()]
    for port in (*pipes, *runtime._open_ports, *itertools.chain(*theirs)):
        port.join()
    with contextlib.suppress(Exception):
        runtime._messaging_infrastructure.smm.shutdown()

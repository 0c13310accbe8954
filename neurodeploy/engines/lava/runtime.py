"""One compiled network in Lava's own processes, with channels to us, from its start to its end."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from neurodeploy.engines.lava.processes.processes import Door, run_config
from neurodeploy.engines.lava.starting import Running, netx_process
from neurodeploy.netx.network import Network

STEPS_AHEAD = 32
"""Input steps sent before their output is read; half of what the channels hold."""

STEPS_AT_ONCE = 64
"""That a session starts Lava for; what is not used of them goes by in silence."""


class LavaRuntime:
    """One compiled network with its channels to us; dies as a whole."""

    def __init__(self, network: Network, timeout_s: float) -> None:
        process = netx_process(network)
        blocks = process.layers
        first = blocks[0]
        entry = first.neuron.a_in if network.layers[0].takes_real_values else first.inp
        self.at_rest = True
        self._open_steps = 0
        self._silence = np.zeros(network.input_shape, np.int32)
        self._takes_vector = len(entry.shape) == 1
        self._shapes = [block.out.shape for block in blocks]
        self._ends = np.cumsum([math.prod(shape) for shape in self._shapes])[:-1]
        states = _state_variables(blocks)
        self._door = Door(entry, [block.out for block in blocks], states)
        self._running = Running(process, run_config(len(blocks), len(states)), self, timeout_s)
        self._running.ports += [self._told, self._heard]

    @property
    def alive(self) -> bool:
        """Whether Lava can still be asked."""
        return self._running.kill.alive

    @property
    def _told(self) -> Any:
        """Our end of the channel to Lava; a thread in this process serves it."""
        return self._door.told.external_pipe_csp_send_port

    @property
    def _heard(self) -> Any:
        """Our end of the channel from Lava; a thread in this process serves it."""
        return self._door.heard.external_pipe_csp_recv_port

    def advance(self, by_step: np.ndarray, rest_after: np.ndarray) -> Iterator[list[np.ndarray]]:
        """Run input [step, *features]; yield each step's spikes of every layer.

        Lava has features the other way round, [width, height, channel].
        """
        self._end_open_steps()
        total, sent = len(by_step), 0
        done = self.at_rest = False
        try:
            self._running.begin(total)
            for received in range(total):
                while sent < min(total, received + STEPS_AHEAD):
                    self._send(by_step[sent], bool(rest_after[sent]))
                    sent += 1
                yield self._receive()
            self._running.finish()
            done, self.at_rest = True, bool(rest_after[-1])
        finally:
            if not done:
                self._running.kill()

    def step(self, spikes: np.ndarray, *, rest_after: bool) -> list[np.ndarray]:
        """Run one step of input [*features]; its spikes of every layer.

        Lava is started for `STEPS_AT_ONCE`, which takes as long as for one, and waits for input.
        """
        done = False
        try:
            if not self._open_steps:
                self._running.begin(STEPS_AT_ONCE)
                self._open_steps = STEPS_AT_ONCE
            self._send(spikes, rest_after)
            outputs = self._receive()
            self._open_steps -= 1
            if not self._open_steps:
                self._running.finish()
            done, self.at_rest = True, rest_after
        finally:
            if not done:
                self._running.kill()
        return outputs

    def stop(self) -> None:
        """Ask Lava to stop; kill what does not, or still waits for steps of a session."""
        if self._open_steps:
            self._running.kill()
        self._running.stop()

    def _send(self, spikes: np.ndarray, rest_after: bool) -> None:
        row = (spikes if self._takes_vector else spikes.T).ravel()
        self._told.send(np.append(row, rest_after).astype(np.int32))

    def _end_open_steps(self) -> None:
        """Let the steps that Lava was started for go by in silence, to rest."""
        while self._open_steps:
            self.step(self._silence, rest_after=True)

    def _receive(self) -> list[np.ndarray]:
        """Spikes of every layer in one step."""
        port = self._heard
        if not port.probe():
            arrived = threading.Event()
            port.observer = arrived.set
            self._running.wait(port.probe, lambda: arrived.wait(0.2))
            port.observer = None
        rows = np.split(port.recv(), self._ends)
        return [row.reshape(shape).T for row, shape in zip(rows, self._shapes, strict=True)]


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

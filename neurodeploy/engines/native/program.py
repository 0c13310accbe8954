"""A network ready to run, and the room that the kernels work in."""

from __future__ import annotations

import math

import numpy as np

from neurodeploy.engines.counts import Counts, LayerCounts
from neurodeploy.engines.native import columns as col
from neurodeploy.engines.native.builder import Builder, aligned
from neurodeploy.engines.native.kernels import run_samples
from neurodeploy.netx.network import Network, NeuronInput

LIST_BYTES = 1 << 22
"""Room that the lists of spikes of one thread may take."""

STATES = {
    col.CUBA: {"current": 0, "voltage": 1},
    col.DELTA: {"activation": 1, "residue": 3},
    col.SIGMA_DELTA: {"sum": 0, "activation": 1, "residue": 3},
    col.SIGMA: {"sum": 0},
    col.RESONATOR: {"real": 0, "imaginary": 1},
}
"""What neurons of each model remember, and where in the state of their layer."""

LONGEST_CHUNK = 64
"""Most steps that a layer runs before the next layer does; kernels take no more."""


class Room:
    """What one thread writes to: its neurons' state, and scratch."""

    def __init__(self, program: Program, steps: int) -> None:
        sizes = program.sizes
        widest = max(math.prod(shape) for shape in (program.network.input_shape, *program.shapes))
        chunk = max(1, min(steps, LONGEST_CHUNK, LIST_BYTES // (8 * widest)))
        self.state = aligned(np.zeros(sizes.state + col.LANES, np.int32))[: sizes.state]
        self.spikes = (
            np.empty((2, chunk, widest + 1), np.int32),
            np.empty((2, chunk, widest if any(program.network.graded) else 1), np.int32),
            np.zeros((2, chunk), np.int64),
        )
        self.scratch = (
            np.empty(col.TILE, np.int32),
            np.empty(sizes.narrow, np.int16),
            np.empty(sizes.middle, np.int32),
            np.empty(sizes.wide, np.int64),
            np.empty((chunk, widest // 64 + 1), np.uint64),
            np.empty(sizes.joined, np.int32),
        )
        self.bits = np.empty(64, np.uint64)


class Result:
    """What all threads of a batch write to."""

    def __init__(self, program: Program, samples: int, steps: int) -> None:
        self.program = program
        self.samples, self.steps = samples, steps
        self.sent = tuple(
            np.zeros(width * samples * steps, dtype)
            for width, dtype in zip(program.widths, (np.uint8, np.int32), strict=True)
        )
        self.counts = np.zeros((samples, len(program.rows), col.COUNTS), np.int64)

    def layers(self) -> list[np.ndarray]:
        """Spikes of every layer, [sample, *features, time]."""
        return self.program.split(self.sent, self.samples, self.steps)

    def tally(self) -> Counts:
        """What every layer and sample did."""
        return self.program.tally(self.counts, self.samples, self.steps)


class Program:
    """A network as the kernels take it."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.shapes = network.shapes
        self.takes_numbers = isinstance(network.layers[0], NeuronInput) or network.input_bits > 0
        builder = Builder(network)
        self.rows, self.sizes = builder.rows, builder.sizes
        self._pools = builder.pools()
        graded = self.rows[:, col.GRADED_OUTPUT] != 0
        outputs = self.rows[:, col.OUTPUTS]
        self.widths = int(outputs[~graded].sum()), int(outputs[graded].sum())

    def run(self, signal: np.ndarray, result: Result, first: int, last: int) -> None:
        """Run some samples of [sample, feature, time] on this thread."""
        room = Room(self, result.steps)
        plain = np.require(signal, requirements=["C", "A", "W"])
        none = np.zeros((1, 1, 1), np.uint8 if self.takes_numbers else np.int32)
        signals = (none, plain) if self.takes_numbers else (plain, none)
        self.call(signals, 0, True, (first, last), room, result.sent, result.counts)

    def call(
        self,
        signals: tuple[np.ndarray, np.ndarray],
        clock: int,
        ends: bool,
        samples: tuple[int, int],
        room: Room,
        sent: tuple[np.ndarray, ...],
        counts: np.ndarray,
    ) -> None:
        """Call `run_samples`."""
        run_samples(
            self.rows,
            self._pools,
            *signals,
            clock,
            ends,
            *samples,
            *room.spikes,
            room.state,
            room.scratch,
            room.bits,
            *sent,
            counts,
        )

    def split(
        self, sent: tuple[np.ndarray, ...], samples: int, steps: int | None
    ) -> list[np.ndarray]:
        """One array a layer, [sample, *features, time], or [*features] without ``steps``."""
        many = samples * (steps or 1)
        layers = []
        for row, shape in zip(self.rows, self.shapes, strict=True):
            first = row[col.SENT] * many
            mine = sent[row[col.GRADED_OUTPUT]][first : first + row[col.OUTPUTS] * many]
            layers.append(mine.reshape(shape if steps is None else (samples, *shape, steps)))
        return layers

    def states(self, state: np.ndarray, index: int) -> dict[str, np.ndarray]:
        """What the neurons of a layer remember, by name, int32 [*features]."""
        row, shape = self.rows[index], self.shapes[index]
        outputs = int(row[col.OUTPUTS])
        order = self._pools[4][1, row[col.NEURON] : row[col.NEURON] + outputs]
        found = {}
        for name, place in STATES[int(row[col.MODEL])].items():
            first = row[col.STATE] + place * outputs
            found[name] = np.empty(outputs, np.int32)
            found[name][order] = state[first : first + outputs]
            found[name] = found[name].reshape(shape)
        return found

    def tally(self, counts: np.ndarray, samples: int, steps: int) -> Counts:
        """Counts [sample, layer, COUNTS] of the kernels as everyone takes them."""
        layers = []
        for index, (name, row) in enumerate(zip(self.network.names, self.rows, strict=True)):
            neurons, mine = int(row[col.OUTPUTS]), counts[:, index]
            macs = neurons * steps if row[col.KIND] == col.INPUT else 0
            layers.append(
                LayerCounts(
                    name=name,
                    input_spikes=mine[:, col.INPUT_SPIKES],
                    output_spikes=mine[:, col.OUTPUT_SPIKES],
                    synops=mine[:, col.SYNOPS],
                    effective_synops=mine[:, col.EFFECTIVE_SYNOPS],
                    graded_synops=mine[:, col.SYNOPS] * row[col.GRADED_INPUT],
                    neuron_updates=np.full(samples, neurons * steps, np.int64),
                    macs=np.full(samples, macs, np.int64),
                )
            )
        return Counts(layers=tuple(layers), samples=samples, steps=steps)

"""A network ready to run, and the arrays that the kernels work in."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from neurodeploy.engines.counts import Counts, LayerCounts
from neurodeploy.engines.native.arguments import Arguments
from neurodeploy.engines.native.builder import Builder
from neurodeploy.engines.native.layout import (
    CLOCK,
    FIRST_SAMPLE,
    FROM_REST,
    GIVEN_AT,
    LANES,
    LAST_SAMPLE,
    LAYERS_AT,
    LISTS_AT,
    POOLS_AT,
    SCRATCH_AT,
    SENT_AT,
    STATE_AT,
    TALLIES_AT,
    TALLY,
    TILE,
    Given,
    Kind,
    Lists,
    Model,
    Scratch,
    Sent,
)
from neurodeploy.engines.native.loading import kernel
from neurodeploy.engines.native.placing import aligned
from neurodeploy.netx.layers import NeuronInput
from neurodeploy.netx.network import Network

LIST_BYTES = 1 << 22
"""Room that the lists of spikes of one thread may take."""

STATES = {
    Model.CUBA: {"current": 0, "voltage": 1},
    Model.DELTA: {"activation": 1, "residue": 3},
    Model.SIGMA_DELTA: {"sum": 0, "activation": 1, "residue": 3},
    Model.SIGMA: {"sum": 0},
    Model.RESONATOR: {"real": 0, "imaginary": 1},
}
"""What neurons of each model remember, and where in the state of their layer."""

LONGEST_CHUNK = 64
"""Most steps that a layer runs before the next layer does; kernels take no more."""


NO_SPIKES, NO_NUMBERS = np.zeros((1, 1, 1), np.uint8), np.zeros((1, 1, 1), np.int32)
"""In `Given`, for the one of its arrays that nothing arrives in."""


class Workspace:
    """What one thread writes to: its neurons' state, lists of spikes, and scratch.

    Parameters
    ----------
    program : Program
    chunk : int
        Most steps that a layer runs before the next one does.
    """

    def __init__(self, program: Program, chunk: int) -> None:
        sizes, widest = program.sizes, program.widest
        self._kernel = kernel()
        self.state = aligned(sizes.state + LANES, np.int32)[: sizes.state]
        self.lists = Lists(
            indices=np.empty((2, chunk, widest + 1), np.int32),
            values=np.empty((2, chunk, widest if any(program.network.graded) else 1), np.int32),
            sizes=np.zeros((2, chunk), np.int64),
        )
        self.scratch = Scratch(
            tile=np.empty(TILE, np.int32),
            acc16=np.empty(sizes.acc16, np.int16),
            acc32=np.empty(sizes.acc32, np.int32),
            acc64=np.empty(sizes.acc64, np.int64),
            ones=np.empty((chunk, widest // 64 + 1), np.uint64),
            bits=np.empty(64, np.uint64),
            joined=np.empty(sizes.joined, np.int32),
        )
        self.arguments = Arguments()
        self.arguments.place(LAYERS_AT, program.layers)
        self.arguments.place(POOLS_AT, *program.pools)
        self.arguments.place(SCRATCH_AT, *self.scratch)
        self.arguments.place(STATE_AT, self.state)
        self.arguments.place(LISTS_AT, *self.lists)

    def take(self, given: Given, sent: Sent, tallies: np.ndarray) -> None:
        """Set what comes in, and where results go; the caller keeps it while `run` is called."""
        self.arguments.place(GIVEN_AT, *given)
        self.arguments.place(SENT_AT, *sent)
        self.arguments.place(TALLIES_AT, tallies)

    def run(self, first: int, last: int, *, clock: int = 0, from_rest: bool = True) -> bool:
        """Run samples ``first`` to ``last`` (exclusive) of what was taken.

        Parameters
        ----------
        first, last : int
        clock : int
            Steps since rest.
        from_rest : bool
            Each sample starts from rest. Otherwise the state goes on.

        Returns
        -------
        bool
            Whether it was done: not if the state goes on and spikes are not 0 and 1.
        """
        numbers = self.arguments.numbers
        numbers[CLOCK], numbers[FROM_REST] = clock, from_rest
        numbers[FIRST_SAMPLE], numbers[LAST_SAMPLE] = first, last
        return self._kernel(self.arguments.address) == 0


class Result:
    """What all threads of a batch write to."""

    def __init__(self, program: Program, samples: int, steps: int) -> None:
        self.program = program
        self.samples, self.steps = samples, steps
        self.sent = program.nothing_sent(samples * steps)
        self.tallies = np.zeros((samples, len(program.layers)), TALLY)

    def layers(self) -> list[np.ndarray]:
        """Spikes of every layer, [sample, *features, time]."""
        return self.program.split(self.sent, self.samples, self.steps)

    def counts(self) -> Counts:
        """What every layer and sample did."""
        return self.program.counts(self.tallies, self.samples, self.steps)


class Program:
    """A network as the kernels take it."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.shapes = network.shapes
        self.widest = max(math.prod(shape) for shape in (network.input_shape, *self.shapes))
        self.takes_numbers = isinstance(network.layers[0], NeuronInput) or network.input_bits > 0
        builder = Builder(network)
        self.layers, self.sizes, self.pools = builder.layers, builder.sizes, builder.pools
        graded, outputs = self.layers["graded_output"] != 0, self.layers["outputs"]
        self._widths = int(outputs[~graded].sum()), int(outputs[graded].sum())
        self._last = self._place_of(-1)
        self._idle: dict[int, list[Workspace]] = defaultdict(list)

    @property
    def nbytes(self) -> int:
        """Memory of the weights, as the network has them and as the kernels do."""
        matrices = (m for layer in self.network.layers for m in layer.arrays.values())
        return sum(array.nbytes for array in (*matrices, *self.pools))

    @contextmanager
    def workspace(self, steps: int) -> Iterator[Workspace]:
        """A workspace for runs of so many steps, which nobody else has meanwhile."""
        chunk = max(1, min(steps, LONGEST_CHUNK, LIST_BYTES // (8 * self.widest)))
        idle = self._idle[chunk]
        try:
            workspace = idle.pop()
        except IndexError:
            workspace = Workspace(self, chunk)
        yield workspace
        idle.append(workspace)

    def given(self, spikes: np.ndarray) -> Given:
        """What arrives, [sample, feature, time]."""
        spikes = np.require(spikes, requirements=["C", "A"])
        return Given(NO_SPIKES, spikes) if self.takes_numbers else Given(spikes, NO_NUMBERS)

    def nothing_sent(self, times: int) -> Sent:
        """Zeros for the spikes of every layer, for so many samples times steps."""
        ones, graded = self._widths
        return Sent(np.zeros(ones * times, np.uint8), np.zeros(graded * times, np.int32))

    def last_of(self, sent: Sent) -> np.ndarray:
        """A copy of what the last layer has sent in one step, [*features]."""
        graded, first, outputs = self._last
        return sent[graded][first : first + outputs].copy().reshape(self.shapes[-1])

    def split(self, sent: Sent, samples: int, steps: int | None) -> list[np.ndarray]:
        """One array a layer, [sample, *features, time], or [*features] without ``steps``."""
        times = samples * (steps or 1)
        layers = []
        for index, shape in enumerate(self.shapes):
            graded, first, outputs = self._place_of(index)
            mine = sent[graded][first * times : (first + outputs) * times]
            layers.append(mine.reshape(shape if steps is None else (samples, *shape, steps)))
        return layers

    def states(self, state: np.ndarray, index: int) -> dict[str, np.ndarray]:
        """What the neurons of a layer remember, by name, int32 [*features]."""
        row, shape = self.layers[index], self.shapes[index]
        outputs = row["outputs"]
        order = self.pools.order[row["neuron"] :][:outputs]
        found = {}
        for name, place in STATES[Model(row["model"])].items():
            found[name] = np.empty(outputs, np.int32)
            found[name][order] = state[row["state"] + place * outputs :][:outputs]
            found[name] = found[name].reshape(shape)
        return found

    def counts(self, tallies: np.ndarray, samples: int, steps: int) -> Counts:
        """Tallies [sample, layer] of the kernels as everyone takes them."""
        layers = []
        for index, (name, row) in enumerate(zip(self.network.names, self.layers, strict=True)):
            updates, tally = int(row["outputs"]) * steps, tallies[:, index]
            macs = updates if row["kind"] == Kind.INPUT else 0
            layers.append(
                LayerCounts(
                    name=name,
                    **{field: tally[field].copy() for field in TALLY.names or ()},
                    graded_synops=tally["synops"] * row["graded_input"],
                    neuron_updates=np.full(samples, updates, np.int64),
                    macs=np.full(samples, macs, np.int64),
                )
            )
        return Counts(layers=tuple(layers), samples=samples, steps=steps)

    def _place_of(self, index: int) -> tuple[int, int, int]:
        """Of the spikes of a layer: which array of `Sent`, from where on, how many a step."""
        row = self.layers[index]
        return int(row["graded_output"]), int(row["sent"]), int(row["outputs"])

"""How far is the native engine from what one core of this machine can do?

python benchmarks/limit.py

The limit is the time in which a core adds up the weights that the spikes of the run reach, and
does nothing else: the longer of reading those bytes and adding them.

- Reading: the bytes that are touched, at the rate at which a core reads all weights through,
  again and again, in order, from the cache they fit in.
- Adding: the rows that the spikes choose, in the order in which the engine meets them, into sums
  of 16 bits that stay in registers, 128 neurons at a time. It is the fastest form we found: in
  memory, eight rows a pass, sums take 1.4 times as long.

Spikes of the last step are not in it, because no later step needs them. Left out, so that the
limit is lower than what any such engine reaches: neurons, finding out who spiked, writing
spikes, counting. A second limit adds the neurons' state, moved at the rate at which a core reads
so much: current, voltage and sum of every neuron in every step, each read and written in 32
bits; their arithmetic is still free.

It is a limit for adding weights spike by spike. Dense products on matrix units do another
kind of work and are not bound by it.
"""

from __future__ import annotations

import statistics
from typing import Any

import numba as nb
import numpy as np
from llvmlite import ir
from networks import BATCH, STEPS, benchmark_network, benchmark_spikes
from numba.extending import intrinsic
from timing import alternating, machine

from neurodeploy.engines.native import NativeEngine
from neurodeploy.netx.layers import Dense

ROUNDS = 31
LANES = 128
"""Neurons whose sums are in registers."""

READS, STATE_READS = 100, 1000
"""Times that all weights, and all state, are read in one measurement."""

STATE_BYTES = 24
"""Current, voltage and sum of a neuron, each read and written."""

compiled: Any = nb.njit(nogil=True, boundscheck=False, error_model="numpy")


@intrinsic
def sum_columns(
    typing: Any, weights: Any, rows: Any, sums: Any, column: Any, outputs: Any
) -> tuple[Any, Any]:
    """Sums of the LANES columns from ``column`` on, over some rows of int8 [row, outputs]."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        matrix, listed, target = (
            context.make_array(kind)(context, builder, value)
            for kind, value in zip(signature.args[:3], arguments[:3], strict=True)
        )
        first, width = arguments[3:]
        size = builder.extract_value(listed.shape, 0)
        stored, wide = (ir.VectorType(ir.IntType(bits), LANES) for bits in (8, 16))
        start = builder.gep(matrix.data, [first])
        before, loop, after = (
            builder.block,
            builder.append_basic_block(),
            builder.append_basic_block(),
        )
        none, one = size.type(0), size.type(1)
        builder.cbranch(builder.icmp_signed(">", size, none), loop, after)

        builder.position_at_end(loop)
        index, total = builder.phi(size.type), builder.phi(wide)
        row = builder.sext(builder.load(builder.gep(listed.data, [index])), size.type)
        place = builder.gep(start, [builder.mul(row, width)])
        found = builder.load(builder.bitcast(place, stored.as_pointer()), align=1)
        total_now = builder.add(total, builder.sext(found, wide))
        following = builder.add(index, one)
        index.add_incoming(none, before)
        index.add_incoming(following, loop)
        total.add_incoming(wide(None), before)
        total.add_incoming(total_now, loop)
        builder.cbranch(builder.icmp_signed("<", following, size), loop, after)

        builder.position_at_end(after)
        result = builder.phi(wide)
        result.add_incoming(wide(None), before)
        result.add_incoming(total_now, loop)
        place = builder.bitcast(builder.gep(target.data, [first]), wide.as_pointer())
        builder.store(result, place, align=1)
        return context.get_dummy_value()

    return nb.void(weights, rows, sums, nb.int64, nb.int64), code


@compiled
def add_rows(weights, rows, bounds, sums):  # type: ignore[no-untyped-def]
    """Sum the rows of each list, ``rows[bounds[k]:bounds[k + 1]]``; ``sums`` keeps the last."""
    for k in range(bounds.size - 1):
        listed = rows[bounds[k] : bounds[k + 1]]
        for column in range(0, sums.size, LANES):
            sum_columns(weights, listed, sums, min(column, sums.size - LANES), sums.size)


@compiled
def read_through(words, times):  # type: ignore[no-untyped-def]
    """Read every word so many times."""
    seen = np.uint64(0)
    for _ in range(times):
        for k in range(words.size):
            seen ^= words[k]
    return seen


def spike_lists(spikes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Who spikes, list by list, and where the lists begin; one a sample and step but the last."""
    lists = spikes[..., :-1].transpose(0, 2, 1).reshape(-1, spikes.shape[1])
    bounds = np.concatenate([[0], np.cumsum(lists.sum(1, dtype=np.int64))])
    return np.nonzero(lists)[1].astype(np.int32), bounds


def measure(rate_of_input: float) -> None:
    """Measure and print, for one density of the input."""
    network, batch = benchmark_network(), benchmark_spikes(rate_of_input)
    engine = NativeEngine(network, threads=1)
    activity = (batch, *engine.run(batch).layers)
    weights = [
        np.ascontiguousarray((layer.weight // 2).T.astype(np.int8))
        for layer in network.layers
        if isinstance(layer, Dense)
    ]
    lists = [spike_lists(spikes) for spikes in activity[:-1]]
    sums = [np.zeros(matrix.shape[1], np.int16) for matrix in weights]

    def add() -> None:
        for matrix, (rows, bounds), total in zip(weights, lists, sums, strict=True):
            add_rows(matrix.ravel(), rows, bounds, total)

    words = np.concatenate([matrix.ravel() for matrix in weights]).view(np.uint64)
    neurons = sum(map(len, sums))
    state = np.ones(neurons * STATE_BYTES // 8, np.uint64)
    times = alternating(
        [
            lambda: engine.run(batch),
            add,
            lambda: read_through(words, READS),
            lambda: read_through(state, STATE_READS),
        ],
        ROUNDS,
    )
    for matrix, (rows, bounds), total in zip(weights, lists, sums, strict=True):
        assert (total == matrix[rows[bounds[-2] :]].sum(0, dtype=np.int16)).all()

    run, adding, reading, moving = map(statistics.median, zip(*times, strict=True))
    touched = sum(int(layer.synops.sum()) for layer in engine.run(batch[..., :-1]).counts.layers)
    rate, state_rate = words.nbytes * READS / reading, state.nbytes * STATE_READS / moving
    limit = max(touched / rate, adding)
    moved = BATCH * STEPS * state.nbytes / state_rate
    ms = 1e3 / BATCH
    print(f"{rate_of_input:.0%} input; ms a sample")
    print(f"weights touched: {touched / BATCH / 1e6:.3f} million")
    print(f"reading them: {touched / rate * ms:.4f} at {rate / 1e9:.0f} GB/s")
    print(f"adding them: {adding * ms:.4f} at {touched / adding / 1e9:.0f} thousand million/s")
    print(f"moving the neurons' state: {moved * ms:.4f} at {state_rate / 1e9:.0f} GB/s")
    print(f"native: {run * ms:.4f}")
    print(f"limit: {limit * ms:.4f}; native takes x{run / limit:.2f}")
    print(
        f"limit with state: {(limit + moved) * ms:.4f}; native takes x{run / (limit + moved):.2f}"
    )


def main() -> None:
    """At 10 % and at 2 % input."""
    print(machine())
    print(f"784-600-256, batch of {BATCH}, {STEPS} steps, one thread")
    for rate in (0.1, 0.02):
        measure(rate)


if __name__ == "__main__":
    main()

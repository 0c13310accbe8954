"""What does it cost to count spikes and synaptic operations?

python benchmarks/counts.py

Counting is part of every run and cannot be switched off, so we time the function that counts
alone, over the lists of spikes that a run gives it, sample by sample and layer by layer, against
the whole run. Both are on one thread.
"""

from __future__ import annotations

import numba as nb
import numpy as np
from networks import BATCH, STEPS, benchmark_network, benchmark_spikes
from timing import machine, paired

from neurodeploy.engines.native import NativeEngine
from neurodeploy.engines.native.layout import TALLY
from neurodeploy.engines.native.spikes import count_arrivals

PAIRS, REPEATS = 15, 20


@nb.njit(nogil=True, boundscheck=False, error_model="numpy")
def count_often(every, effective, lists, sizes, counts, repeats):  # type: ignore[no-untyped-def]
    """Count so many times what arrives in a layer, from lists [sample, step, feature]."""
    for _ in range(repeats):
        for sample in range(len(lists)):
            count_arrivals(every, effective, lists[sample], sizes[sample], STEPS, counts)


def spike_lists(spikes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Who spikes, and how many do, in each step of [sample, feature, time]."""
    by_step = spikes.transpose(0, 2, 1)
    lists = np.argsort(1 - by_step, axis=-1, kind="stable").astype(np.int32)
    return lists, by_step.sum(-1, dtype=np.int64)


def main() -> None:
    """Measure and print."""
    network, batch = benchmark_network(), benchmark_spikes()
    engine = NativeEngine(network, threads=1)
    run = engine.run(batch)
    arrivals = []
    for layer, spikes in zip(network.layers, (batch, *run.layers[:-1]), strict=True):
        tables = layer.fan_out(spikes.shape[1:-1])
        arrivals.append((*(table.astype(np.int32) for table in tables), *spike_lists(spikes)))

    def count(repeats: int = REPEATS) -> list[np.ndarray]:
        counts = [np.zeros((), TALLY)[()] for _ in arrivals]
        for arrived, mine in zip(arrivals, counts, strict=True):
            count_often(*arrived, mine, repeats)
        return counts

    synops = [layer.synops.sum() for layer in run.counts.layers]
    assert [mine["synops"] for mine in count(1)] == synops
    whole, counting, ratio = paired(lambda: engine.run(batch), count, PAIRS)
    print(machine())
    print(f"784-600-256, batch of {BATCH}, {STEPS} steps, 10 % input, one thread")
    print(f"whole run: {whole / BATCH * 1e3:.4f} ms a sample")
    print(f"counting: {counting / REPEATS / BATCH * 1e3:.4f} ms; {ratio / REPEATS:.1%} of the run")


if __name__ == "__main__":
    main()

"""Does a run's peak memory depend on how many samples there are?

python benchmarks/memory.py

A fresh process for each number of samples runs them batch by batch, from an iterator, keeps
nothing of a run but the number of its spikes, and reads its own peak when it is done.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the starting process stays small: a child may inherit its peak
    import numpy as np


FEW, MANY = 1_000, 10_000


def batches(samples: int) -> Iterator[np.ndarray]:
    """Random batches, made when they are asked for."""
    from networks import BATCH, benchmark_spikes

    for first in range(0, samples, BATCH):
        yield benchmark_spikes(samples=min(BATCH, samples - first), seed=first)


def measure(samples: int) -> None:
    """Run, then print this process's peak in MB, and the spikes."""
    from networks import benchmark_network

    from neurodeploy.engines.native import NativeEngine

    with NativeEngine(benchmark_network()) as engine:
        spikes = sum(int(run.spikes.sum()) for run in engine.run(batches(samples)))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, spikes)


def peak_mb(samples: int) -> float:
    """Peak of a fresh process that runs so many samples."""
    command = [sys.executable, __file__, str(samples)]
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    peak, spikes = answer.split()
    print(f"{samples:,} samples: peak {float(peak):.1f} MB, {int(spikes):,} output spikes")
    return float(peak)


def main() -> None:
    """Measure and print."""
    few, many = peak_mb(FEW), peak_mb(MANY)
    print(f"difference: {many - few:.1f} MB")


if __name__ == "__main__":
    if len(sys.argv) == 2:
        measure(int(sys.argv[1]))
    else:
        main()

"""Lava engines opened, run and closed again and again: what stays.

Usage: python campaign/openings.py [--times 200]

After each the threads, processes, open files and shared segments of this process are counted, and
its memory is measured. Exit code 1 if a count grows.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import os
import sys
import threading
from pathlib import Path

import numpy as np
from good_networks import networks

from neurodeploy.engines.lava import LavaEngine

WARM = 10
"""Openings after which nothing may grow."""


def left() -> dict[str, int]:
    """What is counted."""
    return {
        "threads": threading.active_count(),
        "processes": len(multiprocessing.active_children()),
        "files": len([*Path("/proc/self/fd").iterdir()]),
        "segments": len([*Path("/dev/shm").iterdir()]),
    }


def resident_mb() -> float:
    """Memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    """Open, run, close, count; print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=200)
    times = parser.parse_args().times
    network = networks()[0]
    spikes = np.ones((1, *network.input_shape, 4), np.uint8)
    expected = None
    counted, memory = [], []
    for _ in range(times):
        engine = LavaEngine(network)
        said = engine.run(spikes).spikes
        engine.close()
        expected = said if expected is None else expected
        assert (said == expected).all()
        del engine
        gc.collect()
        counted.append(left())
        memory.append(resident_mb())
    first, last = counted[min(WARM, times) - 1], counted[-1]
    said_of = {"times": times, "after_10": first, "at_the_end": last}
    grown = (memory[-1] - memory[min(WARM, times) - 1]) / max(1, times - WARM)
    sys.stdout.write(json.dumps({**said_of, "grown_mb_an_opening": round(grown, 3)}) + "\n")
    sys.exit(any(last[name] > first[name] for name in first))


if __name__ == "__main__":
    main()

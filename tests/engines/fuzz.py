"""Native against Lava on any number of random networks; too long for CI.

python tests/engines/fuzz.py --networks 3000 --record runs/fuzz.jsonl

Each finished seed is kept in the record and not run again; the last line says how many agreed.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from pathlib import Path

import numpy as np
from random_networks import flat_before_dense, random_network, random_signal
from rich.console import Console
from rich.progress import track

from neurodeploy.engines.base import Run
from neurodeploy.engines.lava import LavaEngine
from neurodeploy.engines.native import NativeEngine
from neurodeploy.netx.network import Network

SAMPLES, STEPS = 4, 30


def network_of(seed: int) -> tuple[Network, np.ndarray]:
    """A network that netx runs, with input."""
    rng = np.random.default_rng(seed)
    longest = 62 if seed % 8 == 0 else 5
    network = random_network(rng, most=16, longest_delay=longest, large=seed % 3 == 0)
    network = flat_before_dense(network)
    return network, random_signal(rng, network, SAMPLES, STEPS)


def differences(mine: Run, lavas: Run) -> list[str]:
    """Layers and counts that are not the same."""
    wrong = []
    for index, (found, expected) in enumerate(zip(mine.layers, lavas.layers, strict=True)):
        if not np.array_equal(found, expected):
            wrong.append(f"layer {index}: {int((found != expected).sum())} spikes")
    if mine.counts.totals() != lavas.counts.totals():
        wrong.append("counts")
    return wrong


def main() -> None:
    """Run what the record lacks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, required=True)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--record", type=Path, required=True)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    arguments.record.parent.mkdir(parents=True, exist_ok=True)
    arguments.record.touch()
    done = [json.loads(line) for line in arguments.record.read_text().splitlines()]
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.networks)
    left = sorted(set(seeds) - {unit["seed"] for unit in done})
    for seed in track(left, console=Console(stderr=True), disable=not sys.stderr.isatty()):
        network, signal = network_of(seed)
        with LavaEngine(network) as lava:
            expected = lava.run(signal)
        wrong = differences(NativeEngine(network).run(signal), expected)
        spikes = sum(int(np.count_nonzero(layer)) for layer in expected.layers)
        done.append({"seed": seed, "wrong": wrong, "spikes": spikes})
        with arguments.record.open("a") as record:
            record.write(json.dumps(done[-1]) + "\n")
    failed = [unit for unit in done if unit["wrong"]]
    print(
        f"{len(done) - len(failed)} of {len(done)} networks agree in every layer and count, "
        f"{sum(unit['spikes'] for unit in done)} spikes; differing: {failed}"
    )


if __name__ == "__main__":
    main()

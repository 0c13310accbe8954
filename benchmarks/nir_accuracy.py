"""What does a spiking CNN of another tool lose as integers? Floats, rounded, calibrated.

python benchmarks/nir_accuracy.py DATA_DIR

The network is `nir/cnn_sinabs.nir` of Pedersen et al. 2024 (IF neurons, N-MNIST, trained in
sinabs); DATA_DIR holds it and N-MNIST recordings in their official layout, `nmnist/Train` and
`nmnist/Test`. A seed says which training recordings calibrate; accuracy is that of the test
recordings and, for there are more, of all other training recordings. Counts are output spikes of a
recording and class; totals are those of all recordings. Finished rows are kept in runs/results.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

import neurodeploy as nd
from neurodeploy.adopt.floats import FloatNetwork
from neurodeploy.adopt.integers import to_integers
from neurodeploy.adopt.nir.graph import read_graph
from neurodeploy.adopt.nir.reading import steps_of
from neurodeploy.experiments import (
    RESULTS,
    Column,
    Unit,
    markdown_table,
    run_script,
    script_parser,
)
from neurodeploy.experiments.summary import summarise

TABLE = "nir-accuracy"
STEPS, STEP_US, SIDE = 300, 1000, 34
BATCH = 50
MAKES = ("rounded", "calibrated")
COLUMNS = (
    Column(number="test", head="test, %", scale=100),
    Column(number="held_out", head="held out, %", scale=100, digits=2),
    Column(number="held_out_low", head="95 % from", scale=100),
    Column(number="held_out_high", head="to", scale=100),
    Column(number="same_answer", head="answers as floats, %", scale=100),
    Column(number="counts", head="counts different, %", scale=100),
    Column(number="totals", head="totals different, %", scale=100),
    Column(number="wall_s", head="s", digits=0),
)


@cache
def float_network(path: Path) -> FloatNetwork:
    """The graph in steps; its IF neurons have no time constant."""
    return steps_of(read_graph(path), dt_s=STEP_US * 1e-6).floats


@cache
def recordings(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Spikes [sample, polarity, y, x, time], a bit a step, and labels of all recordings."""
    files = sorted(folder.glob("*/*.bin"), key=lambda path: path.stem)
    spikes = np.zeros((len(files), 2, SIDE, SIDE, (STEPS + 7) // 8), np.uint8)
    for place, path in enumerate(files):
        x, y, high, middle, low = np.fromfile(path, np.uint8).reshape(-1, 5).astype(int).T
        step = ((high & 127) << 16 | middle << 8 | low) // STEP_US
        kept = step < STEPS
        dense = np.zeros((2, SIDE, SIDE, STEPS), np.uint8)
        dense[high[kept] >> 7, y[kept], x[kept], step[kept]] = 1
        spikes[place] = np.packbits(dense, axis=-1)
    return spikes, np.array([int(path.parent.name) for path in files])


def batches(packed: np.ndarray) -> Iterator[np.ndarray]:
    """Spikes, some recordings at a time."""
    for first in range(0, len(packed), BATCH):
        yield np.unpackbits(packed[first : first + BATCH], axis=-1, count=STEPS)


def count(network: FloatNetwork | nd.Network, packed: np.ndarray) -> np.ndarray:
    """Output spikes [sample, class]."""
    if isinstance(network, FloatNetwork):
        sent = (network.run(spikes)[-1] for spikes in batches(packed))
    else:
        sent = (nd.simulate(network, spikes).spikes for spikes in batches(packed))
    return np.concatenate([spikes.sum(-1, dtype=np.int64) for spikes in sent])


@cache
def counted_in_floats(data: Path, split: str) -> np.ndarray:
    """Output spikes [sample, class] of what the others are compared with."""
    return count(
        float_network(data / "nir/cnn_sinabs.nir"), recordings(data / f"nmnist/{split}")[0]
    )


@dataclass(frozen=True, kw_only=True)
class Row:
    """One way to convert; ``calibrating`` recordings are never among those that are counted."""

    data: Path
    calibrating: int
    seed: int

    def run(self, make: str, bits: int, _: Path) -> Mapping[str, float]:
        """Convert, run and compare."""
        packed, labels = recordings(self.data / "nmnist/Train")
        order = np.random.default_rng(self.seed).permutation(len(packed))
        chosen, others = np.split(order, [self.calibrating])
        network = float_network(self.data / "nir/cnn_sinabs.nir")
        made: FloatNetwork | nd.Network
        match make:
            case "floats":
                made = in_fewer_bits(network, bits)
            case "rounded":
                made = to_integers(network, bits=bits).network
            case _:
                spikes = np.unpackbits(packed[chosen], axis=-1, count=STEPS)
                made = to_integers(network, bits=bits, calibrate=spikes).network
        test, test_labels = recordings(self.data / "nmnist/Test")
        counts = count(made, packed[others])
        expected = counted_in_floats(self.data, "Train")[others]
        right = int((counts.argmax(1) == labels[others]).sum())
        interval = binomtest(right, len(others)).proportion_ci(method="wilson")
        return {
            "test": float((count(made, test).argmax(1) == test_labels).mean()),
            "held_out": right / len(others),
            "held_out_low": float(interval.low),
            "held_out_high": float(interval.high),
            "same_answer": float((counts.argmax(1) == expected.argmax(1)).mean()),
            "counts": float(np.abs(counts - expected).sum() / expected.sum()),
            "totals": float(np.abs(counts.sum(0) - expected.sum(0)).sum() / expected.sum()),
        }


def in_fewer_bits(network: FloatNetwork, bits: int) -> FloatNetwork:
    """The same in floats, but for weights of so many bits: what counts do if hardly anything is."""
    layers = []
    for layer in network.layers:
        step = np.abs(layer.weight).max() / (1 << (bits - 1))
        layers.append(replace(layer, weight=np.rint(layer.weight / step) * step))
    return replace(network, layers=tuple(layers))


def main() -> None:
    """Measure what is missing, and print the table."""
    parser = script_parser(seeds=3)
    parser.add_argument("data", type=Path, metavar="DATA_DIR")
    parser.add_argument("--calibrating", type=int, default=200, help="training recordings")
    arguments = parser.parse_args()
    for needed in ("nir/cnn_sinabs.nir", "nmnist/Train", "nmnist/Test"):
        if not (arguments.data / needed).exists():
            sys.exit(f"{arguments.data}: there is no {needed}, which this measures.")
    rows = {
        "floats": ("floats", 32),
        "floats, weights of 16 bits": ("floats", 16),
        **{f"{bits} bits, {make}": (make, bits) for bits in (8, 4, 3) for make in MAKES},
    }
    units = (
        Unit(
            table=TABLE,
            variant=name,
            seed=seed,
            run=partial(
                Row(data=arguments.data, calibrating=arguments.calibrating, seed=seed).run, *row
            ),
        )
        for name, row in rows.items()
        for seed in range(1 if row[0] == "floats" else arguments.seeds)
    )
    run_script(units, arguments)
    found = summarise(RESULTS)[TABLE]
    print(markdown_table({name: found[name] for name in rows}, "network", COLUMNS))


if __name__ == "__main__":
    main()

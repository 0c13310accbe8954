"""Does one neuron of a NIR graph send what others recorded of it, on a Loihi too?

python benchmarks/nir_recordings.py DATA_DIR

DATA_DIR holds `nir/lif_norse.nir` of Pedersen et al. 2024, which the paper runs in steps of 0.1 ms,
and its recordings: columns of input, voltage and spikes. The exact solution is not a step late.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

import neurodeploy as nd

DT_S = 1e-4
RECORDINGS = {
    "a Loihi": ("lif_lava_loihi_fixed.csv", 0),
    "Lava, fixed point": ("lif_lava_cpu_fixed.csv", 0),
    "the exact solution": ("lif_exact.csv", 1),
}
"""File, and steps by which netx is later."""


def main() -> None:
    """Convert the neuron, run each input, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("data", type=Path, metavar="DATA_DIR")
    folder = parser.parse_args().data / "nir"
    for needed in ("lif_norse.nir", *(file for file, _ in RECORDINGS.values())):
        if not (folder / needed).exists():
            sys.exit(f"{folder}: there is no {needed}, which this measures.")
    network = nd.from_nir(folder / "lif_norse.nir", profile="norse", dt_s=DT_S)
    print("| recorded of | steps | input spikes | spikes | that differ | steps late |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, (file, late) in RECORDINGS.items():
        columns = np.loadtxt(folder / file, delimiter=",") != 0
        given, sent = (columns[None, None, :, column].astype(np.uint8) for column in (0, 2))
        result = nd.verify(network, given, ["native"], against=sent, late_steps=late)
        counts = (len(columns), given.sum(), result.compared_spikes, result.differing, late)
        print(f"| {name} | {' | '.join(map(str, counts))} |")


if __name__ == "__main__":
    main()

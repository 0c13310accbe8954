"""How soon commands answer, and what our imports add to PyTorch's.

python benchmarks/startup.py

Whole processes, in turn. The median of each, and of its ratio to ``import torch`` in the same
round; an empty Python says how fast the machine starts anything at all.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Callable

from timing import machine, seconds

ROUNDS = 7
TORCH = "import torch"
ANSWER = ["-m", "neurodeploy"]

PROCESSES: dict[str, list[str]] = {
    "empty Python": ["-c", "pass"],
    TORCH: ["-c", TORCH],
    "import neurodeploy": ["-c", "import neurodeploy"],
    "import neurodeploy.tasks": ["-c", "import neurodeploy.tasks"],
    "all of neurodeploy.tasks": ["-c", "from neurodeploy.tasks import *; task('mnist')"],
    "answer: --version": [*ANSWER, "--version"],
    "answer: a task with a typo": [*ANSWER, "train", "digit"],
    "answer: an engine with a typo": [*ANSWER, "demo", "--engine", "nativ"],
    "answer: a chip with a typo": [*ANSWER, "fit", __file__, "--chip", "loihi"],
    "answer: a number out of range": [*ANSWER, "train", "digits", "--lr", "-1"],
    "answer: a missing file": [*ANSWER, "simulate", "none.net", "--input", "none.npy"],
    "answer: a folder under a file": [*ANSWER, "train", "digits", "--out", f"{__file__}/runs"],
}


def process(arguments: list[str]) -> Callable[[], object]:
    """Start Python with some arguments, and wait for its end."""
    return lambda: subprocess.run([sys.executable, *arguments], capture_output=True, check=False)


def main() -> None:
    """Print a row for each process."""
    print(machine())
    for arguments in PROCESSES.values():
        process(arguments)()
    rounds = [
        {name: seconds(process(arguments)) for name, arguments in PROCESSES.items()}
        for _ in range(ROUNDS)
    ]
    print(f"{'process':32} {'median s':>9} {'least s':>9} {'of import torch':>16}")
    for name in PROCESSES:
        times = [each[name] for each in rounds]
        ratio = statistics.median(each[name] / each[TORCH] for each in rounds)
        print(f"{name:32} {statistics.median(times):9.2f} {min(times):9.2f} {ratio:16.2f}")


if __name__ == "__main__":
    main()

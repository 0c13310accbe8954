"""Read hostile files by the hundred thousand; every part that is finished is kept.

Usage: python campaign/run.py [--inputs 200000] [--only NAME ...] [--workers 2]
       python campaign/run.py --show NAME INDEX OUTPUT

Results are in runs/campaign/hostile, a file a part of 500 mutants; start it again to go on. The
last lines say what was tried and what was found, and so does docs/reliability.md after `python
campaign/table.py`. Exit code 1 if anything but our own errors came out.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from hostile import READ, REFUSED, outcomes, show
from rich.console import Console
from rich.progress import Progress
from shares import SHARES

from neurodeploy._io.files import atomic_path
from neurodeploy.engines.native.loading import kernel

FOLDER = Path("runs/campaign/hostile")
PART = 500


def main() -> None:
    """Run the parts that are missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=200_000)
    parser.add_argument("--only", nargs="*", choices=SHARES)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--show", nargs=3, metavar=("NAME", "INDEX", "OUTPUT"))
    given = parser.parse_args()
    if given.show:
        name, index, output = given.show
        show(name, int(index), Path(output))
        return
    kernel()  # compiled before memory is short
    parts = [part for part in planned(given.inputs, given.only) if not _file(*part).exists()]
    with ProcessPoolExecutor(given.workers) as pool, Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("parts of 500", total=len(parts))
        for _ in as_completed([pool.submit(run, *part) for part in parts]):
            bar.advance(task)
    found = report(kept())
    sys.exit(1 if found else 0)


def planned(inputs: int, only: list[str] | None = None) -> Iterator[tuple[str, int, int]]:
    """(name, first index, count) of every part; each kind of file by its share of all inputs."""
    whole = sum(SHARES.values())
    for name, share in SHARES.items():
        if not only or name in only:
            wanted = max(1, inputs * share // whole)
            for first in range(0, wanted, PART):
                yield name, first, min(PART, wanted - first)


def run(name: str, first: int, count: int) -> None:
    """Run one part and keep what came of it."""
    warnings.simplefilter("ignore")
    counts: Counter[str] = Counter()
    found: list[tuple[int, str]] = []
    for index, said in outcomes(name, first, count):
        counts[said if said in (READ, REFUSED) else "found"] += 1
        if said not in (READ, REFUSED):
            found.append((index, said))
    file = _file(name, first, count)
    with atomic_path(file) as draft:
        draft.write_text(json.dumps({"name": name, "counts": counts, "found": found}) + "\n")


def kept() -> list[dict[str, Any]]:
    """Every part that is finished."""
    return [json.loads(path.read_text()) for path in sorted(FOLDER.glob("*/*.json"))]


def report(parts: list[dict[str, Any]]) -> list[tuple[str, int, str]]:
    """Print what was tried, kind by kind, and return what was found."""
    totals: dict[str, Counter[str]] = {}
    found: list[tuple[str, int, str]] = []
    for part in parts:
        totals.setdefault(part["name"], Counter()).update(part["counts"])
        found += [(part["name"], index, said) for index, said in part["found"]]
    console = Console()
    for name, counts in totals.items():
        said = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(counts.items()))
        console.print(f"{name}: {counts.total():,} ({said})", highlight=False)
    for name, index, said in found:
        console.print(f"{name} {index}: {said}", markup=False, highlight=False)
    return found


def _file(name: str, first: int, count: int) -> Path:
    return FOLDER / name.replace(" ", "-") / f"{first:06d}-{count}.json"


if __name__ == "__main__":
    main()

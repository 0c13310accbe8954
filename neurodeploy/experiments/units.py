"""Runs of a table as units on disk: kept once finished, so that a table fills up over time."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.progress import Progress

from neurodeploy._io.executor import HERE, Pool
from neurodeploy._io.files import atomic_path
from neurodeploy.errors import FileFormatError, message

Run = Callable[[Path], Mapping[str, float]]
"""Does the work of a unit in a folder of its own, and gives its numbers by name."""


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One run of a table.

    Parameters
    ----------
    table, variant : str
        Where its numbers belong.
    seed : int
        Of everything random in it.
    run : Run
        Does the work.
    """

    table: str
    variant: str
    seed: int
    run: Run

    @property
    def name(self) -> str:
        """Path of the unit below a results folder."""
        return f"{self.table}/{self.variant}/{self.seed}"


def run_units(
    units: Iterable[Unit],
    folder: Path,
    *,
    pool: Pool = HERE,
    progress: Progress | None = None,
) -> None:
    """Run what is not finished yet and keep the result of each, with the time that it took.

    Parameters
    ----------
    units : iterable of Unit
        All of the table.
    folder : path
        Results go to ``TABLE/VARIANT/SEED.json``, checkpoints to ``TABLE/VARIANT/SEED/``.
    pool : Pool
        Where they run. What a worker did that died is done again by another one.
    progress : rich Progress, optional
        Shows which unit is done.
    """
    folder = folder.absolute()
    every = list(units)
    missing = [unit for unit in every if not _result(folder, unit).exists()]
    bar = progress or Progress(disable=True)
    task = bar.add_task("units", total=len(every), completed=len(every) - len(missing))
    jobs = ((unit, partial(_timed, unit.run, folder / unit.name)) for unit in missing)
    for unit, done in pool.completed(jobs):
        kept = {
            "seed": unit.seed,
            "revision": revision(),
            "command": " ".join(sys.argv),
            "numbers": done.result(),
        }
        with atomic_path(_result(folder, unit)) as draft:
            draft.write_text(json.dumps(kept))
        bar.update(task, advance=1, description=unit.name, line=unit.name)


def _timed(run: Run, folder: Path) -> dict[str, float]:
    """The numbers of a run, and how long it took."""
    wall_s, cpu_s = time.monotonic(), time.process_time()
    numbers = dict(run(folder))
    numbers["wall_s"] = time.monotonic() - wall_s
    numbers["cpu_s"] = time.process_time() - cpu_s
    return numbers


def _result(folder: Path, unit: Unit) -> Path:
    return folder / f"{unit.name}.json"


def finished(folder: Path) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Every finished unit, {table: {variant: [unit, ...]}}, in the order of names and seeds.

    Raises
    ------
    FileFormatError
        A file there is no result of ours.
    """
    tables: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for path in sorted(folder.glob("*/*/*.json")):
        try:
            unit = json.loads(path.read_text())
            unit["numbers"], unit["seed"], unit["revision"], unit["command"]
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise FileFormatError(message(f"result {path}", "a finished unit", error)) from error
        table, variant = path.parts[-3:-1]
        tables.setdefault(table, {}).setdefault(variant, []).append(unit)
    return tables


def revision() -> str:
    """The git revision of the working directory, with ``+`` where files have changed since."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty=+"], capture_output=True, text=True, check=False
    )
    return described.stdout.strip() or "unknown"

"""Runs of a table as units on disk: kept once finished, so that a table fills up over time.

A unit runs committed code only, and its result says which, and on what machine.
"""

from __future__ import annotations

import json
import os
import platform
import shlex
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
from neurodeploy.errors import FileFormatError, InputError, message

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

    Raises
    ------
    InputError
        The working directory is in no git checkout, tracked files in it have changes that are not
        committed, or another revision was checked out since this call; what was finished is kept.
    """
    folder = folder.absolute()
    every = list(units)
    missing = [unit for unit in every if not _result(folder, unit).exists()]
    bar = progress or Progress(disable=True)
    task = bar.add_task("units", total=len(every), completed=len(every) - len(missing))
    at = _committed() if missing else ""
    jobs = ((unit, partial(_recorded, unit, folder, at)) for unit in missing)
    for unit, done in pool.completed(jobs):
        kept = {**done.result(), "command": command()}
        with atomic_path(_result(folder, unit)) as draft:
            draft.write_text(json.dumps(kept))
        bar.update(task, advance=1, description=unit.name, line=unit.name)


def _recorded(unit: Unit, folder: Path, at: str) -> dict[str, Any]:
    """Run a unit where it is to run: its numbers, how long it took, of which code, on what."""
    _require_revision(unit, at)
    wall_s, cpu_s = time.monotonic(), time.process_time()
    numbers = dict(unit.run(folder / unit.name))
    numbers["wall_s"] = time.monotonic() - wall_s
    numbers["cpu_s"] = time.process_time() - cpu_s
    _require_revision(unit, at)
    return {"seed": unit.seed, "revision": at, "machine": machine(), "numbers": numbers}


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
            for name in ("numbers", "seed", "revision", "machine", "command"):
                unit[name]
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            remedy = "Delete it, and its script runs it again."
            where, expected = f"result {path}", "a finished unit"
            raise FileFormatError(message(where, expected, error, remedy)) from error
        table, variant = path.parts[-3:-1]
        tables.setdefault(table, {}).setdefault(variant, []).append(unit)
    return tables


def revision() -> str:
    """The git revision of the working directory, with ``+`` where tracked files have changed since.

    "unknown" outside of a checkout, or without git.
    """
    command = ["git", "describe", "--always", "--abbrev=12", "--dirty=+"]
    try:
        described = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "unknown"
    return described.stdout.strip() or "unknown"


def _committed() -> str:
    """The revision, where code is what it says."""
    found = revision()
    if found == "unknown":
        remedy = "Start the script where it is checked out; a result without a revision is none."
        raise InputError(message("working directory", "a git checkout", "none", remedy))
    if found.endswith("+"):
        remedy = "Commit first; untracked files do not count."
        expected = "no uncommitted changes of tracked files"
        raise InputError(message("git checkout", expected, f"some since {found[:-1]}", remedy))
    return found


def _require_revision(unit: Unit, at: str) -> None:
    if (found := revision()) != at:
        remedy = "Its result is not kept: commit or undo changes, and start the script again."
        raise InputError(message(f"unit {unit.name}", f"revision {at} all along", found, remedy))


def command() -> str:
    """The command line as it was typed, with the last name of a path of this machine."""
    return shlex.join(Path(word).name if Path(word).is_absolute() else word for word in sys.argv)


def machine() -> dict[str, str | int]:
    """What this process runs on: the processor's name, how many, and PyTorch's threads."""
    import torch

    named = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    for line in cpuinfo.read_text().splitlines() if cpuinfo.exists() else ():
        if line.startswith("model name"):
            named = line.split(":", 1)[1].strip()
            break
    return {
        "processor": named,
        "processors": os.cpu_count() or 1,
        "threads": torch.get_num_threads(),
    }

"""The command line of a script that fills tables of results."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Iterable
from pathlib import Path

from neurodeploy._io.progress import progress_bar
from neurodeploy.experiments.units import Unit, run_units

RESULTS = Path("runs/results")
"""Where finished runs are kept, below the working directory."""


def script_parser(*, seeds: int) -> argparse.ArgumentParser:
    """Options that such scripts share: ``--share``, ``--seeds`` and ``--table``.

    Parameters
    ----------
    seeds : int
        How many, if nothing else is asked for.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--share", default="0/1", help="place/processes, to use several cores")
    parser.add_argument("--seeds", type=int, default=seeds)
    parser.add_argument("--table", nargs="*", default=[], help="these only")
    return parser


def run_script(units: Iterable[Unit], share: str = "0/1", tables: Collection[str] = ()) -> None:
    """Run this process's share of the units into `RESULTS`, with a progress bar.

    Parameters
    ----------
    units : iterable of Unit
        All that the script describes.
    share : str
        As ``--share``.
    tables : collection of str
        As ``--table``; without any, all are run.
    """
    place, processes = map(int, share.split("/"))
    wanted = [unit for unit in units if not tables or unit.table in tables]
    with progress_bar() as progress:
        run_units(wanted, RESULTS, share=(place, processes), progress=progress)

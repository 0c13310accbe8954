"""The command line of a script that fills tables of results."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from neurodeploy._io.executor import open_pool
from neurodeploy._io.progress import progress_bar
from neurodeploy.experiments.units import Unit, run_units

RESULTS = Path("runs/results")
"""Where finished runs are kept, below the working directory."""


def script_parser(*, seeds: int) -> argparse.ArgumentParser:
    """Options that such scripts share: ``--workers``, ``--cluster``, ``--seeds``, ``--table``.

    Parameters
    ----------
    seeds : int
        How many, if nothing else is asked for.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=1, help="processes of this machine")
    parser.add_argument("--cluster", help="address of a Dask scheduler instead")
    parser.add_argument("--seeds", type=int, default=seeds)
    parser.add_argument("--table", nargs="*", default=[], help="these only")
    return parser


def run_script(units: Iterable[Unit], given: argparse.Namespace) -> None:
    """Run units into `RESULTS`, with a progress bar.

    Parameters
    ----------
    units : iterable of Unit
        All that the script describes; without ``--table`` all are run.
    given : Namespace
        What the `script_parser` read; one process runs the units in their order.
    """
    wanted = [unit for unit in units if not given.table or unit.table in given.table]
    with (
        open_pool(workers=given.workers, cluster=given.cluster) as pool,
        progress_bar() as progress,
    ):
        run_units(wanted, RESULTS, pool=pool, progress=progress)

"""The entry point, and what this machine has.

Exit code 0 for success, 1 where a comparison found a difference or a network does not fit, 2 for
the user's mistake, 130 after Ctrl-C, 141 where nobody reads on, as of any program in a pipe.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import typer

from neurodeploy._version import __version__

from neurodeploy.cli import training, encoding, running, verifying, streaming, serving  # noqa: F401  # isort: skip, the order of --help
from neurodeploy.cli import viewing, reporting  # noqa: F401  # isort: skip, the same
from neurodeploy.cli import converting, costs, search, bundles, new  # noqa: F401  # isort: skip, the same
from neurodeploy.cli.app import app, command, print_json, print_table
from neurodeploy.cli.arguments import JsonOption
from neurodeploy.cli.doctor import diagnose, python_problem
from neurodeploy.errors import NeurodeployError

E = TypeVar("E", bound=BaseException)


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"neurodeploy {__version__}\n")
        raise typer.Exit


@app.callback()
def neurodeploy(
    version: Annotated[
        bool,
        typer.Option("--version", help="Which one it is.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Take a spiking network from training to a neuromorphic chip."""


@command("everything that is installed")
def doctor(as_json: JsonOption = False) -> None:
    """Say what is here, what is missing, and what to do."""
    checks = diagnose()
    if as_json:
        print_json({"checks": [vars(check) for check in checks]})
    else:
        rows = [(check.name, check.status, check.found, check.remedy) for check in checks]
        print_table("neurodeploy doctor", ("what", "status", "found", "remedy"), rows)
    if any(check.status == "missing" for check in checks):
        raise typer.Exit(1)


def _terminate(*_: Any) -> None:
    raise SystemExit(143)


def main(run: Callable[[], Any] = app) -> None:
    """Entry point: one clear line and exit code 2 for a person's mistake, no traceback."""
    if problem := python_problem():
        sys.stderr.write(f"error: {problem}\n")
        raise SystemExit(2)
    signal.signal(signal.SIGTERM, _terminate)
    try:
        _flushing(run)
    except NeurodeployError as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(2) from None
    except (SystemExit, KeyboardInterrupt, BrokenPipeError) as ending:
        if interrupt := _cause(ending, KeyboardInterrupt):
            sys.stderr.write(": ".join(("\ninterrupted", *map(str, interrupt.args))) + "\n")
            raise SystemExit(130) from None
        if _cause(ending, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(141) from None
        raise


def _flushing(run: Callable[[], Any]) -> None:
    """Run, and learn now whether somebody has read what was printed."""
    try:
        run()
    finally:
        sys.stdout.flush()


def _cause(ending: BaseException | None, kind: type[E]) -> E | None:
    """What ended it, also where typer or rich made an exit code of it."""
    while ending is not None:
        if isinstance(ending, kind):
            return ending
        ending = ending.__cause__ or ending.__context__
    return None

"""The entry point, and what this machine has.

Exit code 0 for success, 1 where a comparison found a difference or a network does not fit, 2 for
the user's mistake.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from typing import Any

import typer

from neurodeploy.cli import training, running, costs, search, new  # noqa: F401  # isort: skip, the order of --help
from neurodeploy.cli.app import JsonOption, app, print_json, print_table
from neurodeploy.cli.doctor import diagnose, python_problem
from neurodeploy.errors import NeurodeployError


@app.command()
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
        run()
    except NeurodeployError as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        raise SystemExit(130) from None

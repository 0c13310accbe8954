"""Where the steps of a stream come from: a file, lines, events or a task; checked while parsed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neurodeploy._io.files import require_file
from neurodeploy.cli.arguments import given, positive, require_shape, tasks
from neurodeploy.cli.input_arguments import one_source
from neurodeploy.deploy.policies import POLICIES, require_policy
from neurodeploy.errors import FileFormatError, InputError, message
from neurodeploy.signals.sources.units import UNIT_NAMES, require_unit

STANDARD_INPUT = Path("-")

OF_A_TASK = 10
"""Test samples, where nobody says how many: each is answered or drawn step by step."""


def file_or_lines(path: Path) -> Path:
    """The check of a file that is read, or of standard input."""
    return path if path == STANDARD_INPUT else require_file(path, "input")


def _existing(path: Path) -> Path:
    if not path.exists():
        raise FileFormatError(message(f"events {path}", "a file or a folder", "no such file"))
    return path


def _source(context: typer.Context, data: str | None) -> str | None:
    names = {"input_file": "--input", "listen": "--listen", "events": "--events"}
    said = [option for name, option in names.items() if context.params.get(name) is not None]
    if len(said) > 1 or (said and data is not None):
        given_too = [*said, *(["--data"] if data is not None else [])]
        where = "options --input, --listen, --events and --data"
        raise InputError(message(where, "one of them", " and ".join(given_too)))
    return None if said else one_source(context, data)


def _confidence(value: float) -> float:
    if not 0 < value <= 1:
        raise InputError(message("option --stop-at", "a confidence, more than 0 to 1", value))
    return value


StreamInputOption = Annotated[
    Path | None,
    typer.Option(
        "--input",
        help="Spikes, .npy, \\[batch, *features, time]; or - for lines of JSON on standard input.",
        callback=given(file_or_lines),
        is_eager=True,
    ),
]
ListenOption = Annotated[
    int | None,
    typer.Option(
        help="Instead: a port of loopback, where one connection sends lines of JSON.",
        min=1,
        max=65535,
        is_eager=True,
    ),
]
EventsOption = Annotated[
    Path | None,
    typer.Option(
        "--events",
        help="Instead: a file or a folder of events, as `encode` takes it.",
        callback=given(_existing),
        is_eager=True,
    ),
]
StreamDataOption = Annotated[
    str | None,
    typer.Option(
        "--data",
        help="Instead: test samples of a task, or of the bundle's task in a folder of data; by "
        "default of the bundle's task.",
        callback=_source,
        autocompletion=tasks,
    ),
]
DtOption = Annotated[
    float | None,
    typer.Option(
        "--dt",
        help="Seconds of a step, for --events.",
        callback=positive("option --dt", "seconds"),
    ),
]
UnitOption = Annotated[
    str | None,
    typer.Option(
        "--time-unit",
        help=f"Of the times in CSV and structured arrays: {', '.join(UNIT_NAMES)}.",
        callback=require_unit,
    ),
]
CameraOption = Annotated[
    str | None,
    typer.Option(
        "--shape", help="C,H,W of a camera, if --events do not say it.", callback=require_shape
    ),
]
StepsOption = Annotated[
    int | None,
    typer.Option(
        "--steps", help="Steps of a sample of lines or events; the bundle's by default.", min=1
    ),
]
PolicyOption = Annotated[
    str,
    typer.Option(
        "--policy",
        help=f"With a host slower than the network: {', '.join(POLICIES)}.",
        callback=require_policy,
        autocompletion=lambda: list(POLICIES),
    ),
]
QueueOption = Annotated[
    int | None,
    typer.Option(
        "--queue", help="Steps that may wait for the host; 64, or none with block.", min=1
    ),
]
StopAtOption = Annotated[
    float | None,
    typer.Option(
        "--stop-at",
        help="Confidence, up to 1, from which an answer is final and the rest is not run.",
        callback=given(_confidence),
    ),
]
StallOption = Annotated[
    float | None,
    typer.Option(
        "--stall-s",
        help="Longest wait for the next line; for ever by default.",
        callback=positive("option --stall-s", "seconds"),
    ),
]
EveryOption = Annotated[int, typer.Option(help="Answer after every so many steps.", min=1)]

"""The command that makes spikes of a signal in a person's own files: encode."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from neurodeploy.cli.app import command, notes, out, print_json
from neurodeploy.cli.arguments import (
    JsonOption,
    output_file,
    positive,
    require_apart,
    require_shape,
    shape_of,
)
from neurodeploy.errors import FileFormatError, InputError, message
from neurodeploy.signals.sources.units import UNIT_NAMES, ZERO, require_start, require_unit
from neurodeploy.tasks.registry import require_task


def _source(path: Path) -> Path:
    if not path.exists():
        raise FileFormatError(message(f"source {path}", "a file or a folder", "no such file"))
    return path


def _require_deltas(text: str | None) -> str | None:
    """The check of deltas, which stay as they were typed."""
    _deltas_of(text)
    return text


def _deltas_of(text: str | None) -> tuple[float, ...] | None:
    """Numbers of more than 0, or None where nothing was given."""
    if text is None:
        return None
    try:
        numbers = tuple(float(word) for word in text.split(","))
    except ValueError:
        numbers = ()
    if not numbers or not all(0 < number < math.inf for number in numbers):
        expected = "a number of more than 0, or one for each channel: 0.5,10"
        raise InputError(message("option --delta", expected, repr(text)))
    return numbers


def _optional_task(name: str | None) -> str | None:
    return None if name is None else require_task(name)


def _optional_output(path: Path | None) -> Path | None:
    return None if path is None else output_file(path)


@command()
def encode(
    source: Annotated[
        Path,
        typer.Argument(
            help="Events (N-MNIST, CSV, structured .npy, AEDAT, EVT), images (IDX), sound (WAV), "
            "samples of channels (CSV) or spike trains (SHD, SSC): a file, or a folder of them.",
            callback=_source,
        ),
    ],
    output: Annotated[
        Path,
        typer.Argument(help="Spikes, .npy, \\[sample, *features, time].", callback=output_file),
    ],
    steps: Annotated[int, typer.Option(help="Time steps of a sample.", min=1)],
    dt: Annotated[
        float | None,
        typer.Option(
            "--dt",
            help="Seconds of a step; images have none.",
            callback=positive("option --dt", "seconds"),
        ),
    ] = None,
    shape: Annotated[
        str | None,
        typer.Option(
            "--shape", help="C,H,W of a camera, if its files do not say it.", callback=require_shape
        ),
    ] = None,
    time_unit: Annotated[
        str | None,
        typer.Option(
            "--time-unit",
            help=f"Of the times in CSV and structured arrays: {', '.join(UNIT_NAMES)}.",
            callback=require_unit,
        ),
    ] = None,
    delta: Annotated[
        str | None,
        typer.Option(
            "--delta",
            help="CSV files hold samples of channels, and this is how far one moves for a spike: "
            "one number, or D,D,... for each channel.",
            callback=_require_deltas,
        ),
    ] = None,
    start: Annotated[
        str,
        typer.Option(
            help="Step 0 begins at time zero of a table, or at its first event.",
            callback=require_start,
        ),
    ] = ZERO,
    task: Annotated[
        str | None,
        typer.Option(help="Encode as this task does.", callback=_optional_task),
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(help="Where labels go, .npy.", callback=_optional_output)
    ] = None,
    samples: Annotated[int | None, typer.Option(help="The first so many.", min=1)] = None,
    seed: Annotated[int, typer.Option(help="Of an encoding that draws.", min=0)] = 0,
    as_json: JsonOption = False,
) -> None:
    """Make spikes, as the other commands take them, of a signal in your own files."""
    require_apart(output, source, labels)
    if labels is not None:
        require_apart(labels, source)
    from neurodeploy.signals.recordings import Grid
    from neurodeploy.signals.sources.find import Reading, open_source, options_of
    from neurodeploy.signals.sources.writing import write_spikes

    said: dict[str, Any] = {
        "time_unit": time_unit,
        "shape": shape_of(shape),
        "delta": _deltas_of(delta),
    }
    said = {name: value for name, value in said.items() if value is not None}
    typed = [f"--{name.replace('_', '-')}" for name in said]
    typed += ["--dt"] * (dt is not None) + ["--start"] * (start != ZERO)
    reading = Reading()
    if task is not None:
        from neurodeploy.tasks import task as find_task

        chosen = find_task(task)
        reading, dt = chosen.reading, dt or chosen.grid.dt_s
    reading = replace(reading, start=start, seed=seed, **said)
    grid = Grid(steps=steps, dt_s=dt)
    recordings = open_source(source, reading, steps)
    for option in typed:
        if option not in options_of(recordings.words):
            notes().print(f"{option} says nothing of {recordings.words}", markup=False)
    written = write_spikes(recordings, grid, output, labels=labels, samples=samples)
    if as_json:
        print_json(written.to_dict())
    else:
        out().print(f"{output}: {written}", markup=False, highlight=False, soft_wrap=True)

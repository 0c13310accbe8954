"""Arguments that say where input spikes come from, checked before anything is loaded."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from neurodeploy.cli.arguments import file_of, tasks
from neurodeploy.errors import InputError, message
from neurodeploy.signals.corpora.layouts import LAYOUTS
from neurodeploy.tasks.registry import TASKS, require_task


def folder_of(data: str) -> Path | None:
    """The folder that ``--data`` names, or None where it names a task."""
    return None if data in TASKS or not Path(data).is_dir() else Path(data)


def task_of(data: str) -> str:
    """The task that ``--data`` names, whose folder is found if it reads one."""
    there = Path(data).exists()
    if there or os.sep in data:
        remedy = "Spikes of a file: --input. Make them: neurodeploy encode." if there else ""
        found = f"the file {data}" if there else f"no folder {data}"
        raise InputError(message("option --data", "a task or a folder", found, remedy))
    if data in LAYOUTS:
        LAYOUTS[data].find(None)
    try:
        return require_task(data)
    except InputError as error:
        raise InputError(f"option --data: no folder {data}, and {error}") from error


def of_own_task(task: str) -> str:
    """What to do where data are of a task that somebody wrote; nothing where there is no task."""
    return f"The module of its task is not imported unasked: --data {task}." if task else ""


def one_source(context: typer.Context, data: str | None) -> str | None:
    """Spikes come from a file; or from a task, by default the bundle's, which a folder is for."""
    if context.params.get("input_file") is not None:
        if data is not None:
            raise InputError(message("options --input and --data", "one of them", "both"))
        return None
    if data is not None and folder_of(data) is None:
        return task_of(data)
    task = context.params["network"].task
    if task not in TASKS:
        found, remedy = "neither, and no bundle of a task of ours", of_own_task(task)
        raise InputError(message("options --input and --data", "one of them", found, remedy))
    if task in LAYOUTS:
        LAYOUTS[task].find(data)
    elif data is not None:
        expected = f"a bundle of a task that reads a folder: {', '.join(LAYOUTS)}"
        raise InputError(message(f"option --data {data}", expected, f"one of {task}"))
    return data or str(task)


TrafficInputOption = Annotated[
    Path | None,
    typer.Option(
        "--input", help="Spikes of a run, for the traffic, .npy.", callback=file_of("input")
    ),
]
FileOption = Annotated[
    Path | None,
    typer.Option(
        "--input",
        help="Spikes, .npy, \\[batch, *features, time].",
        callback=file_of("input"),
        is_eager=True,
    ),
]
DataOption = Annotated[
    str | None,
    typer.Option(
        "--data",
        help="Instead: test samples of a task, or of the bundle's task in a folder of data; by "
        "default of the bundle's task.",
        callback=one_source,
        autocompletion=tasks,
    ),
]
SamplesOption = Annotated[
    int | None,
    typer.Option(help="So many, at most; else all of a file, and some of a task.", min=1),
]
EncodingSeedOption = Annotated[int, typer.Option("--seed", help="Of their encoding.", min=0)]
AgainstOption = Annotated[
    Path | None,
    typer.Option(
        help="Output spikes of your training forward, .npy, to compare with; or a NIR graph, which "
        "is run in floats.",
        callback=file_of("reference"),
    ),
]
LateOption = Annotated[
    int | None,
    typer.Option(
        "--late",
        metavar="STEPS",
        help="The spikes of --against are early by so many: as NIR's equations are, one a layer.",
    ),
]

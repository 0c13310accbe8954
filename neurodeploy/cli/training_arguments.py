"""Arguments of the commands that train, checked before anything is loaded."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from neurodeploy._io.files import require_file, require_writable
from neurodeploy._io.imports import require_name
from neurodeploy.cli.arguments import file_of, given, not_negative, positive
from neurodeploy.cli.runs import require_run_name, run_folder, trained_checkpoint
from neurodeploy.errors import InputError, message
from neurodeploy.model.reader_names import ENTRY_POINTS, READER_NAMES

DEVICES = re.compile(r"cpu|mps|cuda(:\d+)?")


def _compute_device(name: str) -> str:
    if not DEVICES.fullmatch(name):
        raise InputError(message("option --device", "cpu, cuda, cuda:0 or mps", repr(name)))
    return name


def _decoder(name: str) -> str:
    return require_name("option --decoder", name, dict.fromkeys(READER_NAMES), ENTRY_POINTS)


def _decoders() -> list[str]:
    return list(READER_NAMES)


def _run(context: typer.Context, folder: Path | None) -> Path | None:
    """The folder of a training that is given or named; None where what it changes names it."""
    task, name = context.params["task"], context.params.get("name")
    if folder is not None and name is not None:
        raise InputError(message("options --name and --out", "one of them", "both"))
    if name is not None:
        folder = run_folder(task, name)
    if folder is None:
        require_writable(run_folder(task, "default").parent)
        return None
    return require_writable(folder)


def _checkpoint(context: typer.Context, path: Path | None) -> Path:
    if path is None:
        return trained_checkpoint(context.params["task"], context.params.get("name"))
    return require_file(path, "checkpoint")


EpochsOption = Annotated[int | None, typer.Option(help="Instead of the task's own.", min=1)]
RateOption = Annotated[
    float | None,
    typer.Option("--lr", help="Learning rate.", callback=positive("option --lr", "a rate")),
]
BatchSizeOption = Annotated[int | None, typer.Option(help="Samples of a gradient step.", min=1)]
BetaOption = Annotated[
    float | None,
    typer.Option(
        help="Weight of a nat of information (KL).",
        callback=not_negative("option --beta"),
    ),
]
SeedOption = Annotated[int | None, typer.Option(help="Of everything random in training.", min=0)]
BudgetOption = Annotated[
    float | None,
    typer.Option(
        help="Stop after so many seconds; run again to go on.",
        callback=not_negative("option --budget-s"),
    ),
]
ReadoutOption = Annotated[
    int | None, typer.Option(help="Readout neurons, instead of the task's own number.", min=1)
]
DecoderOption = Annotated[
    str | None,
    typer.Option(
        help=f"Instead of the task's own: {', '.join(READER_NAMES)}, or package.module:Name.",
        callback=given(_decoder),
        autocompletion=_decoders,
    ),
]
ThreadsOption = Annotated[int | None, typer.Option(help="That training runs on.", min=1)]
ComputeDeviceOption = Annotated[
    str,
    typer.Option(
        "--device", help="That training runs on: cpu, cuda, cuda:1.", callback=_compute_device
    ),
]
StartOption = Annotated[
    Path | None,
    typer.Option(
        "--from", help="Fine-tune the weights of this checkpoint.", callback=file_of("checkpoint")
    ),
]
NAME_HELP = (
    "Of the run, in runs/TASK/NAME; by default made of what makes it another training than the "
    "task's own, such as lr0.001-seed3."
)
NameOption = Annotated[
    str | None,
    typer.Option("--name", help=NAME_HELP, callback=given(require_run_name), is_eager=True),
]
RunOption = Annotated[
    Path | None,
    typer.Option("--out", help="Folder of the run, instead of runs/TASK/NAME.", callback=_run),
]
TrainedNameOption = Annotated[
    str | None,
    typer.Option(
        "--name",
        help="Of the run in runs/TASK; by default the one that was trained last.",
        callback=given(require_run_name),
        is_eager=True,
    ),
]
CheckpointOption = Annotated[
    Path | None, typer.Option(help="Another checkpoint of `train`.", callback=_checkpoint)
]

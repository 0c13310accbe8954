"""Every argument of the commands, with the check that it passes before anything is loaded.

A check runs while the command line is parsed. It imports neither numpy nor anything slower, so
that a typo, a missing file or a folder that cannot be written is answered at once. Names complete
in a shell.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from neurodeploy._io.executor import require_distributed
from neurodeploy._io.files import require_file, require_writable
from neurodeploy._io.hdf5_process import start_reader
from neurodeploy._io.limits import DEFAULT, MIB, Limits
from neurodeploy.cli.runs import (
    default_name,
    require_run_name,
    run_folder,
    trained_checkpoint,
)
from neurodeploy.deploy.manifest import read_manifest
from neurodeploy.deploy.rules import require_rule
from neurodeploy.engines.registry import ENGINES, require_engine
from neurodeploy.errors import InputError, message
from neurodeploy.hardware.names import chip_names, device_names, require_chip, require_device
from neurodeploy.tasks.registry import TASKS, require_task

TASK_HELP = "mnist, digits (small and quick), or your own as package.module:NAME."
DEVICES = re.compile(r"cpu|mps|cuda(:\d+)?")


def _given(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The check of an argument that need not be given."""

    def callback(value: Any) -> Any:
        return None if value is None else check(value)

    return callback


def file_of(what: str) -> Callable[[Any], Any]:
    """The check of a file that is read."""
    return _given(lambda path: require_file(path, what))


def _network(path: Path) -> Path:
    checked = _bundle(path) if path.is_dir() else require_file(path, "network")
    start_reader()  # it is ready when the command has loaded what it needs
    return checked


def require_shape(text: str | None) -> str | None:
    """The check of a shape, which stays as it was typed."""
    shape_of(text)
    return text


def shape_of(text: str | None) -> tuple[int, ...] | None:
    """C,H,W as sizes, or None where nothing was given."""
    if text is None:
        return None
    sizes = [int(size) if size.strip().isdecimal() else 0 for size in text.split(",")]
    if len(sizes) not in (1, 3) or min(sizes) < 1:
        raise InputError(message("shape", "C,H,W or N, such as 2,34,34", repr(text)))
    return tuple(sizes)


def _limits(mebibytes: str | Limits) -> Limits:
    if isinstance(mebibytes, Limits):
        return mebibytes
    if not mebibytes.isdecimal() or int(mebibytes) < 1:
        expected = "whole MiB of at least 1, such as 2048"
        raise InputError(message("option --max-memory", expected, repr(mebibytes)))
    return Limits(memory_bytes=int(mebibytes) * MIB)


def _bundle(path: Path) -> Path:
    read_manifest(path)
    return path


def output_file(path: Path) -> Path:
    """The check of a file that is written."""
    if path.is_dir():
        raise InputError(message(f"output {path}", "a file", "a folder"))
    require_writable(path.absolute().parent)
    return path


def _engines(names: list[str] | None) -> list[str] | None:
    return [require_engine(name) for name in names] if names else None


def _chip(context: typer.Context, name: str | None) -> str | None:
    return None if name is None else require_chip(name, context.params.get("chips"))


def _device(context: typer.Context, name: str) -> str:
    return require_device(name, context.params.get("devices"))


def _compute_device(name: str) -> str:
    if not DEVICES.fullmatch(name):
        raise InputError(message("option --device", "cpu, cuda, cuda:0 or mps", repr(name)))
    return name


def positive(option: str, expected: str) -> Callable[[Any], Any]:
    """The check of a number of more than 0."""

    def check(value: float) -> float:
        if not 0 < value < math.inf:
            raise InputError(message(option, f"{expected}, more than 0", value))
        return value

    return _given(check)


def _one_source(context: typer.Context, data: str | None) -> str | None:
    """Spikes come from a file or from a task."""
    if (context.params.get("input_file") is None) == (data is None):
        found = "neither" if data is None else "both"
        raise InputError(message("options --input and --data", "one of them", found))
    return None if data is None else require_task(data)


def _run(context: typer.Context, folder: Path | None) -> Path:
    """The folder of a training, which is given, named, or named by its options."""
    options, name = context.params, context.params.get("name")
    if folder is None:
        folder = run_folder(options["task"], name or default_name(options))
    elif name is not None:
        raise InputError(message("options --name and --out", "one of them", "both"))
    return require_writable(folder)


def _checkpoint(context: typer.Context, path: Path | None) -> Path:
    if path is None:
        return trained_checkpoint(context.params["task"], context.params.get("name"))
    return require_file(path, "checkpoint")


def _workers(number: int) -> int:
    if number > 1:
        require_distributed()
    return number


def _cluster(context: typer.Context, address: str | None) -> str | None:
    if address is not None:
        require_distributed()
        if context.params.get("workers", 1) > 1:
            raise InputError(message("options --workers and --cluster", "one of them", "both"))
    return address


def _tasks() -> list[str]:
    return list(TASKS)


def _engine_names() -> list[str]:
    return list(ENGINES)


def _chip_names() -> list[str]:
    return chip_names()


def _device_names() -> list[str]:
    return device_names()


NetworkArgument = Annotated[
    Path, typer.Argument(help="A netx .net file or a bundle folder.", callback=_network)
]
InputShapeOption = Annotated[
    str | None,
    typer.Option(
        "--input-shape",
        help="C,H,W of the input, where the file does not say it.",
        callback=require_shape,
    ),
]
MaxMemoryOption = Annotated[
    Limits,
    typer.Option(
        "--max-memory",
        metavar="MIB",
        parser=_limits,
        help="MiB that reading the file, and running a sample, may take.",
        show_default=str(DEFAULT.memory_bytes // MIB),
    ),
]
TaskArgument = Annotated[
    str, typer.Argument(help=TASK_HELP, callback=require_task, autocompletion=_tasks)
]
TaskOption = Annotated[
    str,
    typer.Option("--task", help=TASK_HELP, callback=require_task, autocompletion=_tasks),
]

InputOption = Annotated[
    Path,
    typer.Option(
        "--input",
        help="Spikes, .npy, \\[batch, *features, time], 0 or 1.",
        callback=file_of("input"),
    ),
]
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
        help=f"Instead: test samples of a task: {TASK_HELP}",
        callback=_one_source,
        autocompletion=_tasks,
    ),
]
RuleOption = Annotated[
    str | None,
    typer.Option(
        help="How output spikes answer, instead of a decoder: counts, first-spike or voltage.",
        callback=_given(require_rule),
    ),
]
SamplesOption = Annotated[int, typer.Option(help="So many of them, at most.", min=1)]
EncodingSeedOption = Annotated[int, typer.Option("--seed", help="Of their encoding.", min=0)]
AgainstOption = Annotated[
    Path | None,
    typer.Option(
        help="Output spikes of your training forward, .npy, to compare with.",
        callback=file_of("reference"),
    ),
]

ENGINE_HELP = (
    "native (fast), lava (reference), slayer (training's arithmetic), or your own: "
    "package.module:Class."
)
EngineOption = Annotated[
    str,
    typer.Option(
        "--engine", help=ENGINE_HELP, callback=require_engine, autocompletion=_engine_names
    ),
]
EnginesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--engine",
        help="Engines to compare; lava and native by default.",
        callback=_engines,
        autocompletion=_engine_names,
    ),
]
AllowImportOption = Annotated[
    bool,
    typer.Option(
        "--allow-import", help="Import the decoder's own class, which the bundle names; trust it."
    ),
]

ChipsOption = Annotated[
    Path | None,
    typer.Option(
        help="A TOML table of further chips.", callback=file_of("chip table"), is_eager=True
    ),
]
DevicesOption = Annotated[
    Path | None,
    typer.Option(
        help="A TOML table of further devices.", callback=file_of("device table"), is_eager=True
    ),
]
ChipOption = Annotated[
    str,
    typer.Option(
        help="loihi1, loihi2, or one of your own table.",
        callback=_chip,
        autocompletion=_chip_names,
    ),
]
TrafficChipOption = Annotated[
    str | None,
    typer.Option(
        help="A chip of `fit`, for the traffic.",
        callback=_chip,
        autocompletion=_chip_names,
    ),
]
DeviceOption = Annotated[
    str,
    typer.Option(
        help="Whose published energies price a point.",
        callback=_device,
        autocompletion=_device_names,
    ),
]
StepTimeOption = Annotated[
    float | None,
    typer.Option(
        help="Seconds of a time step, such as 10e-6, for the latency.",
        callback=positive("step time", "seconds"),
    ),
]

FolderOption = Annotated[
    Path, typer.Option("--out", help="Folder for what is written.", callback=require_writable)
]
OutputOption = Annotated[
    Path,
    typer.Option("--output", help="Where the output spikes go, .npy.", callback=output_file),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]

EpochsOption = Annotated[int | None, typer.Option(help="Instead of the task's own.", min=1)]
RateOption = Annotated[
    float | None,
    typer.Option("--lr", help="Learning rate.", callback=positive("option --lr", "a rate")),
]
BatchSizeOption = Annotated[int | None, typer.Option(help="Samples of a gradient step.", min=1)]
BetaOption = Annotated[
    float | None, typer.Option(help="Weight of a nat of information (KL).", min=0)
]
SeedOption = Annotated[int | None, typer.Option(help="Of everything random in training.", min=0)]
BudgetOption = Annotated[
    float | None, typer.Option(help="Stop after so many seconds; run again to go on.", min=0)
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
    "Of the run, in runs/TASK/NAME; by default made of the options that change the training, "
    "such as lr0.001-seed3."
)
NameOption = Annotated[
    str | None,
    typer.Option("--name", help=NAME_HELP, callback=_given(require_run_name), is_eager=True),
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
        callback=_given(require_run_name),
        is_eager=True,
    ),
]
CheckpointOption = Annotated[
    Path | None, typer.Option(help="Another checkpoint of `train`.", callback=_checkpoint)
]

WorkersOption = Annotated[
    int,
    typer.Option(
        help="Processes of this machine that work.", min=1, callback=_workers, is_eager=True
    ),
]
ClusterOption = Annotated[
    str | None,
    typer.Option(
        help="Instead: address of a Dask scheduler, whose workers see the same folders.",
        callback=_cluster,
    ),
]

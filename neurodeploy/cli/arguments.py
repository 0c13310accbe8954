"""Every argument of the commands, with the check that it passes before anything is loaded.

A check runs while the command line is parsed. It imports neither numpy nor anything slower, so
that a typo, a missing file or a folder that cannot be written is answered at once. Names complete
in a shell.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from neurodeploy._io.executor import require_distributed
from neurodeploy._io.files import require_file, require_writable
from neurodeploy._io.limits import DEFAULT, MIB, Limits
from neurodeploy.deploy.rules import require_rule
from neurodeploy.engines.board import require_board
from neurodeploy.engines.registry import BOARD_ENGINES, ENGINES, require_engine
from neurodeploy.errors import InputError, message
from neurodeploy.hardware.names import chip_names, device_names, require_chip, require_device
from neurodeploy.signals.corpora.layouts import LAYOUTS, VARIABLE
from neurodeploy.tasks.registry import TASKS, require_task

TASK_HELP = (
    f"{', '.join(TASKS)} (digits is small and quick; those from {next(iter(LAYOUTS))} on read a "
    "folder of yours), or your own as package.module:NAME."
)


def given(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The check of an argument that need not be given."""

    def callback(value: Any) -> Any:
        return None if value is None else check(value)

    return callback


def file_of(what: str) -> Callable[[Any], Any]:
    """The check of a file that is read."""
    return given(lambda path: require_file(path, what))


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


def output_file(path: Path) -> Path:
    """The check of a file that is written."""
    if str(path) == "-":
        raise InputError(message("output -", "the name of a file", "standard output"))
    if path.is_dir():
        raise InputError(message(f"output {path}", "a file", "a folder"))
    if path.exists() and not path.is_file():
        remedy = "It is written beside its place and moved there, which would replace the device."
        raise InputError(message(f"output {path}", "a file", "a device or a pipe", remedy))
    require_writable(path.absolute().parent)
    return path


def require_apart(output: Path, *others: Path | None) -> None:
    """Refuse an output that would replace a file that is read or written by the same command.

    Nothing of a folder that is read is replaced; a new file there is not refused.
    """
    target = output.resolve()
    for other in others:
        if other is None:
            continue
        inside = other.is_dir() and target.exists() and target.is_relative_to(other.resolve())
        if inside or target == other.resolve():
            found = f"a part of {other}" if inside else "the source or another output"
            raise InputError(message(f"output {output}", "a file of its own", found))


def _engine(name: str) -> str:
    """The check of an engine, and of the board of one that needs it."""
    if require_engine(name) in BOARD_ENGINES:
        require_board()
    return name


def _engines(names: list[str] | None) -> list[str] | None:
    return [_engine(name) for name in names] if names else None


def _chip(context: typer.Context, name: str | None) -> str | None:
    return None if name is None else require_chip(name, context.params.get("chips"))


def _device(context: typer.Context, name: str) -> str:
    return require_device(name, context.params.get("devices"))


def positive(option: str, expected: str) -> Callable[[Any], Any]:
    """The check of a number of more than 0."""

    def check(value: float) -> float:
        if not 0 < value < math.inf:
            raise InputError(message(option, f"{expected}, more than 0", value))
        return value

    return given(check)


def not_negative(option: str) -> Callable[[Any], Any]:
    """The check of a number of at least 0."""

    def check(value: float) -> float:
        if not 0 <= value < math.inf:
            raise InputError(message(option, "a finite number of at least 0", value))
        return value

    return given(check)


def _data_dir(context: typer.Context, folder: Path | None) -> Path | None:
    """The folder that a task reads, found if the task is one of ours."""
    task = context.params["task"]
    if task in LAYOUTS:
        LAYOUTS[task].find(folder)
    elif task in TASKS and folder is not None:
        expected = f"a task that reads a folder: {', '.join(LAYOUTS)}"
        raise InputError(message("option --data-dir", expected, f"task {task}"))
    return folder


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


def tasks() -> list[str]:
    """Names of our tasks, for a shell."""
    return list(TASKS)


def _engine_names() -> list[str]:
    return list(ENGINES)


def _chip_names() -> list[str]:
    return chip_names()


def _device_names() -> list[str]:
    return device_names()


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
    str,
    typer.Argument(help=TASK_HELP, callback=require_task, autocompletion=tasks, is_eager=True),
]
TaskOption = Annotated[
    str,
    typer.Option(
        "--task", help=TASK_HELP, callback=require_task, autocompletion=tasks, is_eager=True
    ),
]
DataDirOption = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        help=f"Folder of the task's data, or of all data; {VARIABLE} names it once.",
        callback=_data_dir,
    ),
]

RuleOption = Annotated[
    str | None,
    typer.Option(
        help="How output spikes answer, instead of a decoder: counts, first-spike or voltage; or "
        "spikes, and nothing answers.",
        callback=given(require_rule),
    ),
]
ENGINE_HELP = (
    "native (fast), lava (reference), slayer (training's arithmetic), loihi (a board), or your "
    "own: package.module:Class."
)
EngineOption = Annotated[
    str,
    typer.Option("--engine", help=ENGINE_HELP, callback=_engine, autocompletion=_engine_names),
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
        help="loihi1, loihi2, loihi2-2022, loihi2-2023, or one of your own table.",
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
MeasuredOption = Annotated[
    Path | None,
    typer.Option(
        "--measured",
        help="A TOML file of what you measured of this network, to stand beside the proxies.",
        callback=file_of("file of measurements"),
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

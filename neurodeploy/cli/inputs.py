"""Where a command's input spikes come from: a file, or the test part of a task."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from neurodeploy._io.files import load_array
from neurodeploy.cli.app import TASK_HELP
from neurodeploy.errors import InputError, message

if TYPE_CHECKING:
    from neurodeploy.deploy.bundle import Bundle

FileOption = Annotated[
    Path | None, typer.Option("--input", help="Spikes, .npy, \\[batch, *features, time].")
]
DataOption = Annotated[
    str | None, typer.Option("--data", help=f"Instead: test samples of a task: {TASK_HELP}")
]
SamplesOption = Annotated[int, typer.Option(help="So many of them, at most.", min=1)]
SeedOption = Annotated[int, typer.Option(help="Of their encoding.")]


def input_spikes(
    file: Path | None, data: str | None, samples: int, seed: int, bundle: Bundle | None
) -> np.ndarray:
    """Spikes of a file, or test samples of a task, encoded as the bundle says if there is one.

    Raises
    ------
    InputError
        Not one of both is given, there is no such task, or it cannot be encoded so.
    FileFormatError
        The file cannot be read.
    """
    if (file is None) == (data is None):
        found = "neither" if file is None else "both"
        raise InputError(message("options --input and --data", "one of them", found))
    if file is not None:
        return load_array(file, "input")
    from neurodeploy.tasks import collect, task

    chosen = task(str(data))
    if bundle is not None:
        chosen = chosen.with_signal(bundle.encoding)
    batch = collect(chosen.sources(chosen.splits()).test, seed, samples)
    return batch.spikes.numpy().astype(np.uint8)

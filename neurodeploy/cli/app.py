"""What all commands share: the application, its options, and how a report is printed."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table as RichTable

if TYPE_CHECKING:
    from neurodeploy.deploy.parts import ChipPart

app = typer.Typer(
    help="Take a spiking network from training to a neuromorphic chip.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
out = Console()
notes = Console(stderr=True)

NetworkArgument = Annotated[Path, typer.Argument(help="A netx .net file or a bundle folder.")]
InputOption = Annotated[
    Path, typer.Option("--input", help="Spikes, .npy, \\[batch, *features, time], 0 or 1.")
]
EngineOption = Annotated[
    str,
    typer.Option(
        "--engine",
        help="native (fast), lava (reference), slayer (training's arithmetic), or your own: "
        "package.module:Class.",
    ),
]
AllowImportOption = Annotated[
    bool,
    typer.Option(
        "--allow-import", help="Import the decoder's own class, which the bundle names; trust it."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
FolderOption = Annotated[Path, typer.Option("--out", help="Folder for what is written.")]
TASK_HELP = "mnist, digits (small and quick), or your own as package.module:NAME."
TaskArgument = Annotated[str, typer.Argument(help=TASK_HELP)]
TaskOption = Annotated[str, typer.Option("--task", help=TASK_HELP)]


def first_steps(part: ChipPart, spikes: np.ndarray) -> np.ndarray:
    """The steps of spikes [..., time] that a bundle takes, and a note where it leaves some out."""
    taken, given = part.first_steps(spikes), spikes.shape[-1]
    if taken.shape[-1] < given:
        said = f"The bundle is of {part.step_limit} steps: the first ones of {given} are run."
        notes.print(said, highlight=False)
    return taken


def print_json(value: Any) -> None:
    """One JSON value and a line end on standard output."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def value_rows(mapping: dict[str, Any]) -> list[tuple[str, str]]:
    """Rows of a table of numbers."""
    return [(name, f"{value:.4g}") for name, value in mapping.items()]


def print_table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table; the first column to the left, the others to the right."""
    table = RichTable(title=title, title_justify="left", header_style="bold")
    for index, head in enumerate(heads):
        table.add_column(head, justify="left" if index == 0 else "right")
    for row in rows:
        table.add_row(*row)
    out.print(table)


def print_layers(report: dict[str, Any]) -> None:
    """The counts of each layer of an energy or simulation report."""
    fields = ("input_spikes", "output_spikes", "synops", "effective_synops", "neuron_updates")
    rows = [
        (layer["name"], *(f"{layer[field]:,}" for field in fields)) for layer in report["layers"]
    ]
    heads = ("layer", *(field.replace("_", " ") for field in fields))
    print_table(f"{report['samples']} samples of {report['steps']} steps, totals", heads, rows)

"""What all commands share: the application, how a command begins, and how a report is printed."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from neurodeploy.cli.tables import column_widths

if TYPE_CHECKING:
    import numpy as np
    from rich.console import Console

    from neurodeploy.deploy.parts import ChipPart

ENDLESS = 10_000
"""Columns of what is no terminal."""

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def command(loads: str = "") -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a command, which imports what it needs when it runs and not before.

    Its arguments have been checked by then, as `neurodeploy.cli.arguments` says.

    Parameters
    ----------
    loads : str
        What takes long to import, said on standard error before it begins; arguments of the
        command in braces are filled in.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def run(**given: Any) -> None:
            if loads:
                say_loading(loads.format(**given))
            function(**given)

        return app.command()(run)

    return register


def say_loading(what: str) -> None:
    """On standard error, before what takes long to import."""
    sys.stderr.write(f"loading {what} ...\n")
    sys.stderr.flush()


@contextlib.contextmanager
def resumable(saved: Callable[[], str]) -> Iterator[None]:
    """Let Ctrl-C say what was saved, and that the same command goes on."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"{saved()}. To go on: {shlex.join(typed())}") from None


def typed() -> list[str]:
    """The command as it was typed, with the program by its name; it does not begin anew."""
    return ["neurodeploy", *(word for word in sys.argv[1:] if word != "--fresh")]


def retyped() -> str:
    """The same in a line, for the record."""
    return shlex.join(map(without_machine, typed()))


def without_machine(word: str) -> str:
    """A word of a command, of a path of this machine only its last name."""
    return Path(word).name if Path(word).is_absolute() else word


def out() -> Console:
    """Standard output, for results; in a pipe or a file lines are as long as they need to be."""
    from rich.console import Console

    endless = not (sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit())
    return Console(width=ENDLESS if endless else None)


@functools.cache
def notes() -> Console:
    """Standard error, for everything else."""
    from rich.console import Console

    return Console(stderr=True)


def first_steps(part: ChipPart, spikes: np.ndarray) -> np.ndarray:
    """The steps of spikes [..., time] that a bundle takes, and a note where it leaves some out."""
    taken, given = part.first_steps(spikes), spikes.shape[-1]
    if taken.shape[-1] < given:
        said = f"The bundle is of {part.step_limit} steps: the first ones of {given} are run."
        notes().print(said, highlight=False)
    return taken


def print_json(value: Any) -> None:
    """One JSON value and a line end on standard output."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def print_table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table; the first column to the left, the others to the right.

    Where it is too wide even with its words folded, each row becomes lines of its own, so that no
    number and no name is cut.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title, style="italic"), title_justify="left", header_style="bold")
    widths = column_widths(heads, rows, out().width - 3 * len(heads) - 1)
    if widths is not None:
        for index, (head, width) in enumerate(zip(heads, widths, strict=True)):
            table.add_column(head, justify="left" if index == 0 else "right", width=width)
        for row in rows:
            table.add_row(*map(Text, row))
        out().print(table)
        return
    out().print(title, style="italic", markup=False, highlight=False)
    for name, *values in rows:
        out().print(name, style="bold", markup=False, highlight=False)
        for head, value in zip(heads[1:], values, strict=True):
            if value:
                out().print(f"  {head}: {value}", markup=False, highlight=False)


def print_findings(findings: Iterable[dict[str, Any]]) -> None:
    """What `check` found, what is said of several layers once."""
    said: dict[tuple[str, ...], list[str]] = {}
    for finding in findings:
        words = tuple(finding[name] for name in ("severity", "field", "reason", "remedy"))
        said.setdefault(words, []).append(finding["layer"])
    for (severity, field, reason, remedy), layers in said.items():
        where = f"layer {layers[0]}" if len(layers) == 1 else f"layers {', '.join(layers)}"
        text = f"{severity}: {where}, {field}: {reason}. {remedy}."
        out().print(text, markup=False, highlight=False, soft_wrap=True)


def print_layers(report: dict[str, Any]) -> None:
    """The counts of each layer of an energy or simulation report."""
    fields = ("input_spikes", "output_spikes", "synops", "effective_synops", "neuron_updates")
    rows = [
        (layer["name"], *(f"{layer[field]:,}" for field in fields)) for layer in report["layers"]
    ]
    heads = ("layer", *(field.replace("_", " ") for field in fields))
    size = f"{counted(report['samples'], 'sample')} of {counted(report['steps'], 'step')}"
    print_table(f"{size}, totals", heads, rows)


def counted(number: int, what: str) -> str:
    """A number with its noun, one or several."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"

"""The arguments of `convert`, checked as those of `neurodeploy.cli.arguments` are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neurodeploy._io.files import require_file
from neurodeploy.adopt.nir.names import PROFILE_NAMES, require_profile
from neurodeploy.cli.arguments import file_of, output_file, positive


def _source(text: str) -> str:
    """A file, or the name of a module, which is looked for when it is imported."""
    file, _, name = text.rpartition(":")
    if name and file.endswith(".py"):
        require_file(file, "module")
    elif not file:
        require_file(text, "network")
    return text


def _profile(name: str | None) -> str | None:
    return None if name is None else require_profile(name)


NetworkSourceArgument = Annotated[
    str,
    typer.Argument(
        metavar="INPUT",
        help="A NIR graph, a netx file, or model.py:Net, a module of SLAYER blocks.",
        callback=_source,
    ),
]
ConvertedArgument = Annotated[
    Path,
    typer.Argument(
        metavar="OUTPUT", help="A netx file, or a NIR graph: GRAPH.nir.", callback=output_file
    ),
]
StepSecondsOption = Annotated[
    float | None,
    typer.Option(
        "--dt",
        help="Seconds of a time step, such as 1e-4; NIR is continuous in time.",
        callback=positive("option --dt", "seconds"),
    ),
]
ProfileOption = Annotated[
    str | None,
    typer.Option(
        help=f"The tool that wrote a NIR graph: {', '.join(PROFILE_NAMES)}.",
        callback=_profile,
    ),
]
WeightsOption = Annotated[
    Path | None,
    typer.Option(
        help="Of a module: a state_dict of PyTorch (never unpickled), or safetensors.",
        callback=file_of("weights"),
    ),
]
CalibrateOption = Annotated[
    Path | None,
    typer.Option(
        help="Spikes, .npy, \\[batch, *features, time], on which floats become integers, or a "
        "module runs beside the network.",
        callback=file_of("calibrate"),
    ),
]
BitsOption = Annotated[
    int | None,
    typer.Option(help="Of a weight with its sign, where floats become integers.", min=2, max=8),
]

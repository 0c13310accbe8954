"""The command that shows a bundle at work on a live page: view."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neurodeploy._io.limits import DEFAULT
from neurodeploy.cli.app import command, first_steps
from neurodeploy.cli.arguments import (
    AllowImportOption,
    DeviceOption,
    MaxMemoryOption,
)
from neurodeploy.cli.input_arguments import EncodingSeedOption, SamplesOption
from neurodeploy.cli.network_arguments import ServedArgument
from neurodeploy.cli.stream_arguments import (
    OF_A_TASK,
    STANDARD_INPUT,
    ListenOption,
    StreamDataOption,
    StreamInputOption,
)

if TYPE_CHECKING:
    from neurodeploy.deploy.bundle import Bundle
    from neurodeploy.view.sources import Source

LOOPBACK = "127.0.0.1"


@command("the view")
def view(
    network: ServedArgument,
    input_file: StreamInputOption = None,
    data: StreamDataOption = None,
    listen: ListenOption = None,
    samples: SamplesOption = None,
    seed: EncodingSeedOption = 1,
    device: DeviceOption = "loihi",
    port: Annotated[int, typer.Option(help="0 for any that is free.", min=0, max=65535)] = 8001,
    open_browser: Annotated[
        bool, typer.Option("--open/--no-browser", help="Open the page in a browser.")
    ] = False,
    allow_import: AllowImportOption = False,
    limits: MaxMemoryOption = DEFAULT,
) -> None:
    """Show a bundle at work on a page of this machine, and touch it, until Ctrl-C.

    The page plays input, spikes, answer and energy step by step on the native engine.
    """
    import torch

    from neurodeploy.deploy.bundle import load_bundle
    from neurodeploy.hardware.devices import load_devices
    from neurodeploy.serve.limits import ServiceLimits
    from neurodeploy.serve.server import address_of, bind, run_server
    from neurodeploy.view.app import create_view

    torch.set_num_threads(1)  # the service's threads are the cores' already
    loaded = load_bundle(network, allow_import=allow_import, limits=limits)
    source = _source(loaded, input_file, listen, data, samples, seed)
    with bind(LOOPBACK, port) as listening:
        app = create_view(loaded, source, load_devices(), device)
        url = address_of(listening)

        def ready() -> None:
            sys.stdout.write(f"viewing {network.path} on {url} (Ctrl-C ends it)\n")
            sys.stdout.flush()
            if open_browser:
                import webbrowser

                webbrowser.open(url)

        run_server(app, listening, ServiceLimits(), ready)
    sys.stdout.write("the view has ended\n")


def _source(
    bundle: Bundle,
    input_file: Path | None,
    listen: int | None,
    data: str | None,
    samples: int | None,
    seed: int,
) -> Source:
    import numpy as np

    from neurodeploy._io.arrays import load_array
    from neurodeploy.cli.inputs import task_samples
    from neurodeploy.deploy.lines import each_connection, line_steps, listen_on
    from neurodeploy.deploy.parts import chip_part
    from neurodeploy.engines.base import check_input
    from neurodeploy.view.sources import of_lines, of_samples
    from neurodeploy.view.truth import Truth, truth_of

    part = chip_part(bundle)
    if listen is not None:
        lines = each_connection(part.network, listen_on(listen))
        return of_lines(lines, f"lines on {LOOPBACK}:{listen}")
    if input_file == STANDARD_INPUT:
        return of_lines(line_steps(part.network, sys.stdin), "lines of standard input")
    truth = Truth()
    if input_file is not None:
        spikes, title = load_array(input_file, "input")[:samples], str(input_file)
    else:
        batch, splits = task_samples(str(data), samples or OF_A_TASK, seed, part, bundle.heads)
        spikes, title = batch.spikes.numpy().astype(np.uint8), f"test samples of {data}"
        targets = {head: target.numpy() for head, target in batch.targets.items()}
        truth = truth_of(splits, targets)
    check_input(part.network, spikes, f"input {input_file or data}")
    return of_samples(part, first_steps(part, spikes), title, truth)

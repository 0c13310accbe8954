"""The command that serves a bundle to others: serve."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from neurodeploy._io.limits import DEFAULT, MIB
from neurodeploy.cli.app import command
from neurodeploy.cli.arguments import (
    AllowImportOption,
    EngineOption,
    MaxMemoryOption,
    file_of,
    positive,
)
from neurodeploy.cli.network_arguments import ServedArgument
from neurodeploy.engines.registry import DEFAULT_ENGINE
from neurodeploy.serve.access import TOKEN_VARIABLE, read_token, require_access
from neurodeploy.serve.limits import ServiceLimits

LOOPBACK = "127.0.0.1"
USUAL = ServiceLimits()


def _host(context: typer.Context, host: str) -> str:
    require_access(host, read_token(context.params.get("token_file")))
    return host


@command("the service")
def serve(
    bundle: ServedArgument,
    port: Annotated[int, typer.Option(help="0 for any that is free.", min=0, max=65535)] = 8000,
    token_file: Annotated[
        Path | None,
        typer.Option(
            help=f"A file with the token that requests carry; else {TOKEN_VARIABLE}.",
            callback=file_of("token"),
            is_eager=True,
        ),
    ] = None,
    host: Annotated[
        str,
        typer.Option(help="An address; one that others reach needs a token.", callback=_host),
    ] = LOOPBACK,
    engine: EngineOption = DEFAULT_ENGINE,
    sessions: Annotated[int, typer.Option(help="Open at a time.", min=1)] = USUAL.sessions,
    rate: Annotated[
        float,
        typer.Option(
            help="Requests, or messages of a WebSocket, a second of a client.",
            callback=positive("option --rate", "requests a second"),
        ),
    ] = USUAL.requests_per_s,
    max_body: Annotated[int, typer.Option(help="KiB of a request.", min=1)] = USUAL.body_bytes
    // 1024,
    max_steps: Annotated[int, typer.Option(help="Steps of a request.", min=1)] = USUAL.steps,
    idle_s: Annotated[
        float,
        typer.Option(
            help="Seconds until a session that nobody uses is closed.",
            callback=positive("option --idle-s", "seconds"),
        ),
    ] = USUAL.idle_s,
    workers: Annotated[int, typer.Option(help="Threads; 0 for one a core.", min=0)] = 0,
    allow_import: AllowImportOption = False,
    limits: MaxMemoryOption = DEFAULT,
) -> None:
    """Answer over HTTP and WebSocket until SIGTERM or Ctrl-C; /openapi.json says how."""
    import torch

    from neurodeploy.deploy.bundle import load_bundle
    from neurodeploy.serve.app import create_app
    from neurodeploy.serve.server import address_of, bind, run_server

    service = replace(
        USUAL,
        sessions=sessions,
        requests_per_s=rate,
        burst=max(1, round(rate)),
        body_bytes=min(max_body * 1024, 1024 * MIB),
        steps=max_steps,
        idle_s=idle_s,
        workers=workers,
    )
    torch.set_num_threads(1)  # the service's threads are the cores' already
    loaded = load_bundle(bundle, allow_import=allow_import, limits=limits)
    with bind(host, port) as listening:
        app = create_app(loaded, service, token=read_token(token_file), engine=engine)
        url = address_of(listening)

        def ready() -> None:
            sys.stdout.write(f"serving {bundle.path} on {url}\n")
            sys.stdout.flush()

        run_server(app, listening, service, ready)

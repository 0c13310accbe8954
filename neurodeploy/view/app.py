"""The service of a bundle with a page on top of it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from fastapi import FastAPI, WebSocket
from starlette.responses import Response

from neurodeploy.deploy.bundle import Bundle
from neurodeploy.deploy.steps import InputStep
from neurodeploy.errors import InputError, message
from neurodeploy.hardware.devices import Device
from neurodeploy.serve.app import create_app
from neurodeploy.serve.limits import ServiceLimits
from neurodeploy.serve.replies import refusal
from neurodeploy.view.frames import hello
from neurodeploy.view.page import FASTEST, STEPS_PER_S, Page
from neurodeploy.view.player import Player
from neurodeploy.view.sources import Source

MOST_PAGES = 8
"""Open at a time."""

FILES = {"/": ("page.html", "text/html"), "/page.css": ("page.css", "text/css")} | {
    "/page.js": ("page.js", "text/javascript")
}
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:",
    "Cache-Control": "no-store",
}


def create_view(
    bundle: Bundle,
    source: Source,
    devices: Mapping[str, Device],
    device: str,
    limits: ServiceLimits | None = None,
) -> FastAPI:
    """Make the service of a bundle, with a page of it at ``/``.

    Parameters
    ----------
    bundle : Bundle
    source : Source
        What the page plays.
    devices : mapping of str to Device
        From `load_devices`.
    device : str
        Whose published energies price what runs; one that is ``spiking``.
    limits : ServiceLimits, optional
        What clients may take.

    Raises
    ------
    InputError
        The device has no figures for spikes.
    """
    priced = devices[device]
    if not priced.spiking:
        raise InputError(message(f"device {device}", "one with figures for spikes", "none"))
    host = devices[priced.host]
    table = {device: priced, priced.host: host}
    app = create_app(bundle, limits)
    places = threading.Semaphore(1 if source.shared else MOST_PAGES)
    pace = FASTEST if source.shared else STEPS_PER_S
    _warm_up(bundle, table)
    for path, (name, kind) in FILES.items():
        _add_file(app, path, name, kind)

    @app.websocket("/view")
    async def view(socket: WebSocket) -> None:
        if not places.acquire(blocking=False):
            expected = f"at most {1 if source.shared else MOST_PAGES} open"
            await socket.send_denial_response(refusal(503, message("pages", expected, "more")))
            return
        player = Player(bundle, source, table)
        try:
            await socket.accept()
            greeting = hello(bundle, source, priced, host)
            await Page(socket, player, app.state.sessions, pace).run(greeting)
        finally:
            player.close()
            places.release()

    return app


def _warm_up(bundle: Bundle, devices: Mapping[str, Device]) -> None:
    """Run a silent step, so that a page does not wait for what is loaded once."""
    silence = InputStep(spikes=np.zeros(bundle.network.input_shape, np.uint8))
    player = Player(bundle, Source(title="", steps=lambda: iter([silence])), devices)
    player.step()
    player.close()


def _add_file(app: FastAPI, path: str, name: str, kind: str) -> None:
    text = (Path(__file__).parent / name).read_text()

    @app.get(path, include_in_schema=False)
    async def file() -> Response:
        return Response(text, media_type=kind, headers=HEADERS)

"""The process that serves: a socket, uvicorn, and an orderly end."""

from __future__ import annotations

import logging
import signal
import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from neurodeploy.errors import InputError, message
from neurodeploy.serve.heads import heads_within
from neurodeploy.serve.limits import ServiceLimits

BACKLOG = 128


def bind(host: str, port: int) -> socket.socket:
    """Listen on an address; port 0 is any that is free.

    Raises
    ------
    InputError
        The address cannot be had.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as error:
        where = f"host {host}, port {port}"
        raise InputError(message(where, "an address that is free", error)) from error


def address_of(listening: socket.socket) -> str:
    """The URL of a socket."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def server_config(app: FastAPI, limits: ServiceLimits) -> uvicorn.Config:
    """How uvicorn serves it."""
    return uvicorn.Config(
        app,
        http=heads_within(limits.head_s),
        ws="websockets-sansio",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws_max_size=limits.body_bytes,
        limit_concurrency=limits.connections,
        timeout_graceful_shutdown=max(1, round(limits.shutdown_s)),
    )


def run_server(
    app: FastAPI, listening: socket.socket, limits: ServiceLimits, ready: Callable[[], None]
) -> None:
    """Serve until SIGTERM or SIGINT; then running requests end, and sockets are closed.

    Parameters
    ----------
    app : FastAPI
    listening : socket
        Of `bind`; it is closed.
    limits : ServiceLimits
    ready : function
        Called when connections are accepted and a signal ends the service in order.
    """
    logging.getLogger("uvicorn.error").addFilter(_is_no_refusal)
    server = uvicorn.Server(server_config(app, limits))

    def end(*_: object) -> None:
        server.should_exit = True

    # uvicorn has handlers of its own while it serves, and raises what it caught again afterwards.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    ready()
    server.run(sockets=[listening])


def _is_no_refusal(record: logging.LogRecord) -> bool:
    """Whether it is not what uvicorn logs of each handshake that we answer with a refusal."""
    return "without completing handshake" not in record.getMessage()

"""Lines of steps from standard input, or from a socket of this machine, in bounded memory."""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

from neurodeploy.deploy.steps import InputStep, LineReader
from neurodeploy.errors import InputError, message
from neurodeploy.netx.network import Network

LOOPBACK = "127.0.0.1"
CHUNK = 1 << 16


class HasDescriptor(Protocol):
    """An open file, pipe or socket."""

    def fileno(self) -> int:
        """Its descriptor."""


def line_steps(
    network: Network, source: HasDescriptor, *, stall_s: float | None = None
) -> Iterator[InputStep]:
    """Steps of lines of JSON, as `neurodeploy.deploy.steps` says them, until the source ends.

    Parameters
    ----------
    network : Network
        Whose input they are.
    source : open file, pipe or socket
        Read by its descriptor; nothing of it may have been read into a buffer.
    stall_s : float, optional
        Longest wait for more; for ever if not given.

    Raises
    ------
    InputError
        A line is no step or too long, the source ends within one, or it stalls.
    """
    reader = LineReader(network)
    for number, line in enumerate(_lines(source, reader.longest, stall_s), 1):
        yield reader.read(line, f"line {number}")


def listen_on(port: int) -> socket.socket:
    """Listen on a port of loopback, for whoever sends steps.

    Raises
    ------
    InputError
        The port cannot be had.
    """
    try:
        return socket.create_server((LOOPBACK, port), backlog=1)
    except (OSError, OverflowError) as error:
        raise InputError(message(_port(port), "a port that is free", error)) from error


def accept_one(port: int, *, stall_s: float | None = None) -> socket.socket:
    """Wait on a port of loopback for the one connection that sends steps.

    Raises
    ------
    InputError
        The port cannot be had, or nobody connects within ``stall_s``.
    """
    with listen_on(port) as server:
        server.settimeout(stall_s)
        try:
            connection, _ = server.accept()
        except TimeoutError as error:
            expected = f"a connection within {stall_s:g} s"
            raise InputError(message(_port(port), expected, "none")) from error
    connection.setblocking(True)
    return connection


def each_connection(network: Network, server: socket.socket) -> Iterator[InputStep]:
    """Steps of one connection after another, each from rest; raises as `line_steps`."""
    while True:
        connection, _ = server.accept()
        with connection:
            for number, step in enumerate(line_steps(network, connection)):
                yield step if number else replace(step, reset=True)


def _port(port: int) -> str:
    return f"port {port} of {LOOPBACK}"


def _lines(source: HasDescriptor, longest: int, stall_s: float | None) -> Iterator[bytes]:
    kept = bytearray()
    number = 1
    for chunk in _chunks(source, stall_s):
        kept += chunk
        *whole, rest = kept.split(b"\n")
        for line in whole:
            if line.strip():
                yield bytes(_short(line, longest, number))
            number += 1
        kept = _short(rest, longest, number)
    if kept.strip():
        yield bytes(kept)


def _short(line: bytearray, longest: int, number: int) -> bytearray:
    if len(line) > longest:
        expected = f"at most {longest} bytes, which hold every feature"
        raise InputError(message(f"line {number}", expected, f"{len(line)} and more"))
    return line


def _chunks(source: HasDescriptor, stall_s: float | None) -> Iterator[bytes]:
    descriptor = source.fileno()
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    while True:
        if not waiting.poll(None if stall_s is None else 1000 * stall_s):
            raise InputError(message("source", f"a step within {stall_s:g} s", "none"))
        try:
            chunk = os.read(descriptor, CHUNK)
        except OSError as error:
            raise InputError(message("source", "more steps, or its end", error)) from error
        if not chunk:
            return
        yield chunk

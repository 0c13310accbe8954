"""Steps over a WebSocket: each message is a line of `neurodeploy.deploy.steps`, each reply its
answer.
"""

from __future__ import annotations

import asyncio
import contextlib

import msgspec
from fastapi import WebSocket, WebSocketDisconnect
from starlette.websockets import WebSocketState

from neurodeploy.deploy.steps import LineReader
from neurodeploy.errors import NeurodeployError, message
from neurodeploy.serve.guard import client_of
from neurodeploy.serve.messages import ErrorReply
from neurodeploy.serve.rate import Rates
from neurodeploy.serve.replies import refusal
from neurodeploy.serve.sessions import Fault, Refused, Sessions

# Codes of RFC 6455 and its registry.
NORMAL, WRONG_KIND, WRONG_CONTENT, POLICY = 1000, 1003, 1007, 1008
TOO_LARGE, OUR_FAULT, LATER = 1009, 1011, 1013

LEFT_OUT = msgspec.json.encode({"left_out": True}).decode()
"""The reply to a step that is not run: after a final answer, or past the bundle's steps."""


class _Closed(Exception):
    """Why we close a socket: a code, and a sentence that is sent before it."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(said)
        self.code = code


async def stream_steps(socket: WebSocket, sessions: Sessions, rates: Rates) -> None:
    """Run the steps that a client sends until either ends it."""
    try:
        name = await sessions.work(sessions.open)
    except Refused as error:
        await socket.send_denial_response(refusal(error.status, str(error), error.retry_s))
        return
    try:
        await socket.accept()
        await _steps(socket, name, sessions, rates)
    except WebSocketDisconnect:
        pass
    except _Closed as closed:
        await _close(socket, closed)
    finally:
        with contextlib.suppress(Refused):  # it was idle, and closed for that
            sessions.close(name, "socket")


async def _steps(socket: WebSocket, name: str, sessions: Sessions, rates: Rates) -> None:
    reader = LineReader(sessions.bundle.network)
    number = 0
    while True:
        while wait := rates.wait_s(client_of(socket.scope)):
            await asyncio.sleep(wait)
        number += 1
        where = f"message {number}"
        line = await _next(socket, where, sessions.limits.idle_s)
        longest = min(reader.longest, sessions.limits.body_bytes)
        if len(line) > longest:
            said = message(where, f"at most {longest} characters", len(line))
            raise _Closed(TOO_LARGE, said)

        def run(line: str = line, where: str = where) -> str:
            (answer,), _ = sessions.run(name, [reader.read(line, where)])
            return LEFT_OUT if answer is None else msgspec.json.encode(answer.to_dict()).decode()

        try:
            text = await sessions.work(run)
        except Refused as error:
            raise _Closed(LATER if error.status == 503 else POLICY, str(error)) from error
        except Fault as error:
            sessions.metrics.faults.inc()
            raise _Closed(OUR_FAULT, str(error)) from error
        except NeurodeployError as error:
            raise _Closed(WRONG_CONTENT, str(error)) from error
        await socket.send_text(text)


async def _next(socket: WebSocket, where: str, idle_s: float) -> str:
    try:
        received = await asyncio.wait_for(socket.receive(), idle_s)
    except asyncio.TimeoutError as error:
        said = message(where, f"a step within {idle_s:g} s", "none")
        raise _Closed(POLICY, said) from error
    if received["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(received.get("code", NORMAL))
    text: str | None = received.get("text")
    if text is None:
        raise _Closed(WRONG_KIND, message(where, "text, a line of JSON", "bytes"))
    return text


async def _close(socket: WebSocket, closed: _Closed) -> None:
    if socket.application_state != WebSocketState.CONNECTED:
        return
    try:
        await socket.send_text(msgspec.json.encode(ErrorReply(str(closed))).decode())
        await socket.close(closed.code)
    except (WebSocketDisconnect, RuntimeError):  # it was gone already
        return

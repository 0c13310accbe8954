"""Connections that send half a head, or a handshake that is none, end; uvicorn would wait on."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


def heads_within(seconds: float) -> type[asyncio.Protocol]:
    """The protocol of a connection whose request line and headers must come within so long.

    Parameters
    ----------
    seconds : float
        From when the connection is made, and from the first byte of each further request.
    """

    class TimelyHeads(H11Protocol):
        late: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self.wait()

        def data_received(self, data: bytes) -> None:
            before = self.scope
            super().data_received(data)
            if self.scope is not before:
                self.stop_waiting()
            elif self.late is None and self.conn.their_state is h11.IDLE:
                self.wait()

        def handle_websocket_upgrade(self, event: h11.Request) -> None:
            super().handle_websocket_upgrade(event)
            upgraded: Any = self.transport.get_protocol()
            if upgraded.conn.handshake_exc is not None:
                self.send_400_response("Invalid WebSocket handshake.")

        def connection_lost(self, exc: Exception | None) -> None:
            self.stop_waiting()
            super().connection_lost(exc)

        def wait(self) -> None:
            self.late = self.loop.call_later(seconds, self.transport.close)

        def stop_waiting(self) -> None:
            if self.late is not None:
                self.late.cancel()
                self.late = None

    return TimelyHeads

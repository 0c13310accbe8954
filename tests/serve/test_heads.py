"""A head that does not come in time, or is none, ends its connection, and nothing else does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from small_service import small_bundle

from neurodeploy.serve.app import create_app
from neurodeploy.serve.limits import ServiceLimits
from neurodeploy.serve.server import server_config

HEAD = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
WAIT_S = 0.3
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bytes]]


def served(talk: Talk) -> bytes:
    """What a client says that it heard."""

    async def run() -> bytes:
        from uvicorn.server import ServerState

        limits = ServiceLimits(workers=1, head_s=WAIT_S)
        config = server_config(create_app(small_bundle(), limits), limits)
        config.load()
        state = ServerState()
        server = await asyncio.get_running_loop().create_server(
            lambda: config.http_protocol_class(config=config, server_state=state, app_state={}),
            "127.0.0.1",
            0,
        )
        async with server:
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            heard = await asyncio.wait_for(talk(reader, writer), 10)
            writer.close()
            return heard

    return asyncio.run(run())


@pytest.mark.parametrize("sent", [b"", HEAD])
def test_half_a_head_is_waited_for_so_long(sent: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(sent)
        return await reader.read()

    assert served(talk) == b""


def test_so_is_half_of_the_next_one() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(HEAD + b"\r\n")
        first = await reader.readuntil(b"}")
        writer.write(HEAD)
        return first[:12] + await reader.read()

    assert served(talk) == b"HTTP/1.1 200"


def test_whoever_sends_heads_in_time_may_take_longer() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        heard = b""
        for _ in range(2):
            writer.write(HEAD)
            await asyncio.sleep(WAIT_S / 2)
            writer.write(b"\r\n")
            heard += (await reader.readuntil(b"}"))[:12]
            await asyncio.sleep(WAIT_S)
        return heard

    assert served(talk) == 2 * b"HTTP/1.1 200"


@pytest.mark.parametrize("broken", [b"Host: 127\xae0.0.1", b"X\x7f: 1", b"A: \x01"])
def test_a_handshake_that_cannot_be_read_is_refused(broken: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"GET /v1/stream HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\n")
        writer.write(b"Host: 127.0.0.1\r\nSec-WebSocket-Version: 13\r\n" + broken + b"\r\n\r\n")
        return await reader.read()

    assert served(talk).startswith(b"HTTP/1.1 400 ")

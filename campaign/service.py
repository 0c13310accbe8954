"""Requests of the service, sent as bytes to a server of this process."""

from __future__ import annotations

import base64
import json
import socket
import struct
import threading
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from good_networks import a_bundle
from mutants import change_document

from neurodeploy.errors import InputError

SESSION = b"SESSION"
"""In a request, where the name of a session that was just opened goes."""

HEADERS = b"\r\nHost: 127.0.0.1\r\nConnection: close\r\n"

CLOSE = 8
"""The kind of a frame that ends a WebSocket."""

INTERNAL_ERROR = 1011
"""The code that a WebSocket is closed with when the service fails."""

END = b"\x81\x83\0\0\0\0end"
"""A frame that is no step: the service says so, and closes."""

WAIT_S = 0.2
"""What the service gives a client that says nothing, or half of something."""

SILENCE_S = 1.0
"""After which no more will be heard."""


def requests() -> list[bytes]:
    """One of each kind that has a body."""
    features = a_bundle().network.input_shape[0]
    spikes = [[0, features - 1], [], [1]]
    return [
        _post(b"/v1/answers", {"spikes": spikes, "every_step": True}),
        _post(b"/v1/answers", {"spikes": spikes, "stop_at": 0.9}),
        _post(b"/v1/sessions/" + SESSION + b"/steps", {"spikes": spikes, "reset": True}),
        _post(b"/v1/sessions/" + SESSION + b"/steps", {"spikes": spikes, "last": True}),
        b"DELETE /v1/sessions/" + SESSION + b" HTTP/1.1" + HEADERS + b"\r\n",
    ]


def conversations() -> list[bytes]:
    """A WebSocket's handshake and the frames that follow."""
    head = b"GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
    head += b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
    head += base64.b64encode(bytes(16)) + b"\r\n\r\n"
    steps: list[Any] = [{"spikes": [0]}, {"spikes": [], "reset": True}, {"spikes": [1]}]
    return [head + b"".join(_frame(json.dumps(step).encode()) for step in steps) + END]


def body_wise(content: bytes, rng: np.random.Generator) -> bytes:
    """A request with another body, and the length of that."""
    head, _, body = content.partition(b"\r\n\r\n")
    if not body:
        return content
    changed = json.dumps(change_document(json.loads(body), rng)).encode("utf-8", "surrogatepass")
    lines = [line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length")]
    return b"\r\n".join([*lines, b"Content-Length: %d" % len(changed), b"", changed])


def frame_wise(content: bytes, rng: np.random.Generator) -> bytes:
    """A conversation in which one message says something else, or a frame is of another kind."""
    head, _, rest = content.partition(b"\r\n\r\n")
    messages = [*_payloads(rest.removesuffix(END), masked=True)]
    at = int(rng.integers(0, len(messages)))
    changed = json.dumps(change_document(json.loads(messages[at][1]), rng))
    kind = 0x81 if rng.random() < 0.7 else int(rng.integers(0, 256))
    frames = [_frame(payload) for _, payload in messages]
    frames[at] = _frame(changed.encode("utf-8", "surrogatepass"), kind)
    return head + b"\r\n\r\n" + b"".join(frames) + END


def ask(content: bytes) -> None:
    """Send a request; raise InputError where it is refused.

    Raises
    ------
    AssertionError
        The answer is none of HTTP, or says that the service failed.
    """
    if SESSION in content:
        opened = _heard(_post(b"/v1/sessions", None))
        name = json.loads(opened.partition(b"\r\n\r\n")[2])["session"]
        content = content.replace(SESSION, name.encode())
    heard = _heard(content)
    if not heard:
        raise InputError("the connection was closed")
    assert heard.startswith(b"HTTP/1.1 "), heard[:80]
    status = int(heard[9:12])
    assert status < 500 or status == 501, heard[:300]
    if status == 101:
        _require_no_failure(heard.partition(b"\r\n\r\n")[2])
    elif status >= 300:
        raise InputError(f"refused with {status}")


def _require_no_failure(frames: bytes) -> None:
    answered = False
    for kind, payload in _payloads(frames, masked=False):
        closed = kind & 0x0F == CLOSE
        assert not (closed and int.from_bytes(payload[:2], "big") == INTERNAL_ERROR), payload
        answered = answered or not (closed or payload.startswith(b'{"error"'))
    if not answered:
        raise InputError("the WebSocket was closed")


def _heard(content: bytes) -> bytes:
    """All that comes back until the service closes, or is silent."""
    heard = b""
    with socket.create_connection(("127.0.0.1", _port()), timeout=SILENCE_S) as client:
        try:
            head, end, frames = content.partition(b"\r\n\r\n")
            if b"websocket" in head:  # its frames follow the answer to the handshake
                client.sendall(head + end)
                heard, content = client.recv(1 << 16), frames
            client.sendall(content)
            while not _closed(heard) and (part := client.recv(1 << 16)):
                heard += part
        except TimeoutError:
            assert heard, "no answer"
        except (ConnectionResetError, BrokenPipeError):
            pass
    return heard


def _closed(heard: bytes) -> bool:
    frames = heard.partition(b"\r\n\r\n")[2] if heard.startswith(b"HTTP/1.1 101") else b""
    return any(kind & 0x0F == CLOSE for kind, _ in _payloads(frames, masked=False))


@cache
def _port() -> int:
    """Of a server that runs in a thread of this process, for as long as it lives."""
    import uvicorn

    from neurodeploy.serve.app import create_app
    from neurodeploy.serve.limits import ServiceLimits
    from neurodeploy.serve.server import bind, server_config

    limits = ServiceLimits(
        workers=1,
        requests_per_s=1e6,
        burst=10**6,
        sessions=100_000,
        head_s=WAIT_S,
        body_s=WAIT_S,
        idle_s=WAIT_S,
    )
    app = create_app(a_bundle(), limits)
    listening = bind("127.0.0.1", 0)
    server = uvicorn.Server(server_config(app, limits))
    threading.Thread(target=server.run, args=([listening],), daemon=True).start()
    port: int = listening.getsockname()[1]
    return port


def _post(path: bytes, document: object) -> bytes:
    body = b"" if document is None else json.dumps(document).encode()
    head = b"POST " + path + b" HTTP/1.1" + HEADERS + b"Content-Type: application/json\r\n"
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def _frame(payload: bytes, kind: int = 0x81) -> bytes:
    """A frame of a client, with a mask of zeros."""
    if len(payload) < 126:
        length = bytes([0x80 | len(payload)])
    elif len(payload) < 1 << 16:
        length = struct.pack(">BH", 0x80 | 126, len(payload))
    else:
        length = struct.pack(">BQ", 0x80 | 127, len(payload))
    return bytes([kind]) + length + bytes(4) + payload


def _payloads(frames: bytes, *, masked: bool) -> Iterator[tuple[int, bytes]]:
    """(first byte, payload) of each whole frame."""
    while len(frames) >= 2:
        length, at = frames[1] & 0x7F, 2
        if length == 126:
            length, at = int.from_bytes(frames[2:4], "big"), 4
        elif length == 127:
            length, at = int.from_bytes(frames[2:10], "big"), 10
        at += 4 * masked
        yield frames[0], frames[at : at + length]
        frames = frames[at + length :]

"""Replies as JSON, errors among them."""

from __future__ import annotations

import math
from typing import Any

import msgspec
from starlette.responses import Response

from neurodeploy.serve.messages import ErrorReply

JSON = "application/json"


def reply(value: Any, status: int = 200) -> Response:
    """A value, or bytes that are JSON already."""
    body = value if isinstance(value, bytes) else msgspec.json.encode(value)
    return Response(body, status, media_type=JSON)


def refusal(status: int, said: str, retry_s: float | None = None) -> Response:
    """Why a request was not run, over HTTP or as the answer to a WebSocket's handshake."""
    headers = {} if retry_s is None else {"Retry-After": str(math.ceil(retry_s))}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status in (408, 413):
        headers["Connection"] = "close"
    return Response(msgspec.json.encode(ErrorReply(said)), status, headers, JSON)

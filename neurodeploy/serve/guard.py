"""What every request passes first: origin, token and rate; and where each is counted."""

from __future__ import annotations

import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from neurodeploy.errors import message
from neurodeploy.serve.access import is_loopback, is_own_page, may_ask
from neurodeploy.serve.metrics import Metrics
from neurodeploy.serve.rate import Rates
from neurodeploy.serve.replies import refusal

OPEN_TO_ALL = ("/healthz",)
"""Answered without a token, and however often."""


class Guard:
    """Middleware that refuses before anything of a request is read."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, rates: Rates, token: str | None) -> None:
        self.app, self.metrics, self.rates, self.token = app, metrics, rates, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on and count."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def noting(sent: Message) -> None:
            nonlocal status
            status = sent.get("status", status)
            await send(sent)

        refused = self._refused(scope)
        if refused is not None:
            reason, code, said, retry_s = refused
            self.metrics.refused.labels(reason).inc()
            await refusal(code, said, retry_s)(scope, receive, noting)
        else:
            await self.app(scope, receive, noting)
        route = getattr(scope.get("route"), "path", "other")
        self.metrics.requests.labels(route, str(status or "websocket")).inc()
        if scope["type"] == "http":
            self.metrics.seconds.labels(route).observe(time.perf_counter() - began)

    def _refused(self, scope: Scope) -> tuple[str, int, str, float | None] | None:
        headers = dict(scope["headers"])
        origin, host = headers.get(b"origin", b""), headers.get(b"host", b"")
        if not is_own_page(origin, host, self.token):
            expected, found = (
                "a name of this machine, and no page of another",
                f"{host!r}, {origin!r}",
            )
            return "origin", 403, message("headers host and origin", expected, found), None
        if scope["path"] in OPEN_TO_ALL:
            return None
        if not may_ask(self.token, headers.get(b"authorization", b"")):
            said = message("header authorization", "Bearer and the token", "none or another")
            return "token", 401, said, None
        wait = self.rates.wait_s(client_of(scope))
        if wait:
            expected = f"at most {self.rates.per_s:g} requests a second"
            return "rate", 429, message("client", expected, "more"), wait
        return None


def client_of(scope: Scope) -> Any:
    """Whose rate counts: an address; on this machine a connection, since all have one address."""
    client = scope.get("client")
    return client if client is None or is_loopback(client[0]) else client[0]

"""The application: a bundle's routes, to be served alone or as a part of another one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI, Request, WebSocket
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from neurodeploy.deploy.bundle import Bundle
from neurodeploy.deploy.steps import InputStep, features_of
from neurodeploy.engines.registry import DEFAULT_ENGINE
from neurodeploy.errors import NeurodeployError, message
from neurodeploy.serve import messages, openapi
from neurodeploy.serve.guard import Guard
from neurodeploy.serve.limits import ServiceLimits
from neurodeploy.serve.rate import Rates
from neurodeploy.serve.replies import JSON, refusal, reply
from neurodeploy.serve.sessions import Fault, Refused, Sessions
from neurodeploy.serve.websocket import stream_steps

API_VERSION = "1"
"""Of the routes below /v1."""


def create_app(
    bundle: Bundle,
    limits: ServiceLimits | None = None,
    *,
    token: str | None = None,
    engine: str = DEFAULT_ENGINE,
) -> FastAPI:
    """Make the service of a bundle.

    Parameters
    ----------
    bundle : Bundle
        What answers.
    limits : ServiceLimits, optional
        What clients may take.
    token : str, optional
        That every request carries as ``Authorization: Bearer TOKEN``, but those of ``/healthz``.
    engine : str
        By name; one whose sessions are independent, such as ``native``.

    Returns
    -------
    FastAPI
        Its sessions are ``app.state.sessions``. When its lifespan ends they are closed; who puts
        its router into another application calls ``app.state.sessions.end()``.

    Raises
    ------
    InputError
        There is no such engine, or a session of it ends another.
    """
    limits = limits or ServiceLimits()
    sessions = Sessions(bundle, limits, engine)
    rates = Rates(limits.requests_per_s, limits.burst)
    app = FastAPI(
        title="neurodeploy",
        version=API_VERSION,
        description="Spikes to answers of one bundle.",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.sessions = sessions
    requests = messages.Requests(bundle, limits)
    _add_state(app, sessions)
    _add_answers(app, sessions, requests)
    _add_sessions(app, sessions, requests)

    @app.websocket("/v1/stream")
    async def stream(socket: WebSocket) -> None:
        await stream_steps(socket, sessions, rates)

    _add_errors(app, sessions)
    app.add_middleware(Guard, metrics=sessions.metrics, rates=rates, token=token)
    describe = app.openapi
    app.openapi = lambda: dict(  # type: ignore[method-assign]
        openapi.described(describe(), requests, token=token is not None)
    )
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    sessions: Sessions = app.state.sessions

    async def expire() -> None:
        while True:
            await asyncio.sleep(min(1.0, sessions.limits.idle_s))
            sessions.expire()

    expiring = asyncio.create_task(expire())
    yield
    expiring.cancel()
    await asyncio.get_running_loop().run_in_executor(None, sessions.end)


def _add_state(app: FastAPI, sessions: Sessions) -> None:
    bundle = sessions.bundle
    network = bundle.network
    served = messages.BundleReply(
        input_shape=list(network.input_shape),
        output_shape=list(network.output_shape),
        layers={
            name: list(shape) for name, shape in zip(network.names, network.shapes, strict=True)
        },
        heads=dict(bundle.heads),
        steps=bundle.steps,
        latency_steps=network.latency_steps,
        task=str(bundle.notes.get("task", "")),
        graded_input=messages.takes_values(bundle),
    )

    @app.get("/healthz", responses=openapi.responses(messages.HealthReply, 200))
    async def health() -> Response:
        """Whether the service runs."""
        return reply(messages.HealthReply("ok", len(sessions)))

    @app.get(
        "/metrics",
        response_class=Response,
        responses={
            **openapi.responses(None, 200),
            200: {"description": "Counters.", "content": {"text/plain": {}}},
        },
    )
    async def metrics() -> Response:
        """Counters, for Prometheus."""
        text = sessions.metrics.text()
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")

    @app.get("/v1/bundle", responses=openapi.responses(messages.BundleReply, 200))
    async def bundle_served() -> Response:
        """What is served: shapes, heads, steps and latency."""
        return reply(served)


def _add_answers(app: FastAPI, sessions: Sessions, requests: messages.Requests) -> None:
    @app.post(
        "/v1/answers",
        responses=openapi.responses(messages.SampleReply, 200, *openapi.OF_A_BODY),
        openapi_extra=openapi.takes(requests.sample),
    )
    async def answers(request: Request) -> Response:
        """Run a whole sample from rest; its last answer, and those of every step if asked for."""
        body = await _body(request, sessions.limits)

        def run() -> Response:
            given: Any = requests.read(body, requests.sample)
            if given.every_step:
                requests.require_answers(len(given.spikes))
            found, counts = sessions.run_sample(
                _steps(sessions, given, last=True),
                every_step=given.every_step,
                stop_at=given.stop_at,
            )
            said = [answer.to_dict() for answer in found]
            every = said if given.every_step else None
            return reply({"answer": said[-1], "answers": every, "counts": counts.totals()})

        return await sessions.work(run)


def _add_sessions(app: FastAPI, sessions: Sessions, requests: messages.Requests) -> None:
    @app.post(
        "/v1/sessions",
        status_code=201,
        responses=openapi.responses(messages.SessionReply, 201, 500, 503),
    )
    async def open_session() -> Response:
        """Open a session at rest; it is closed when nobody used it for so many seconds."""
        name = await sessions.work(sessions.open)
        return reply(messages.SessionReply(name, sessions.limits.idle_s), 201)

    @app.post(
        "/v1/sessions/{session}/steps",
        responses=openapi.responses(messages.StepsReply, 200, 404, 409, *openapi.OF_A_BODY),
        openapi_extra=openapi.takes(requests.steps),
    )
    async def run_steps(session: str, request: Request) -> Response:
        """Run the next steps of a session; an answer for each that is run."""
        body = await _body(request, sessions.limits)

        def run() -> Response:
            given: Any = requests.read(body, requests.steps)
            steps = _steps(sessions, given, last=given.last, reset=given.reset)
            found, counts = sessions.run(session, steps)
            said = [answer.to_dict() for answer in found if answer is not None]
            return reply({"answers": said, "counts": counts.totals()})

        return await sessions.work(run)

    @app.delete(
        "/v1/sessions/{session}",
        status_code=204,
        responses=openapi.responses(None, 204, 404, 422),
    )
    async def close_session(session: str) -> Response:
        """Close a session."""
        sessions.close(session)
        return Response(status_code=204)


def _add_errors(app: FastAPI, sessions: Sessions) -> None:
    async def wrong(request: Request, error: Exception) -> Response:
        return refusal(422, str(error))

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        sessions.metrics.refused.labels(str(error.status)).inc()
        return refusal(error.status, str(error), error.retry_s)

    async def fault(request: Request, error: Exception) -> Response:
        sessions.metrics.faults.inc()
        said = str(error) if isinstance(error, Fault) else "service: failed; its log says why"
        return refusal(500, said)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        where = f"{request.method} {request.url.path}"
        answer = refusal(
            error.status_code, message(where, "a route of /openapi.json", error.detail)
        )
        answer.headers.update(error.headers or {})
        return answer

    async def gone(request: Request, error: Exception) -> Response:
        return refusal(408, message("body", "all of it", "a client that left"))

    app.add_exception_handler(NeurodeployError, wrong)
    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(ClientDisconnect, gone)
    app.add_exception_handler(Fault, fault)
    app.add_exception_handler(Exception, fault)
    app.add_exception_handler(HTTPException, http)


async def _body(request: Request, limits: ServiceLimits) -> bytes:
    """A body of bounded size that came in time, as bytes.

    Raises
    ------
    Refused
        It is too large, too slow or not JSON by its type.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        raise Refused(415, message("header content-type", JSON, kind or "none"))
    try:
        return await asyncio.wait_for(_bounded(request, limits.body_bytes), limits.body_s)
    except asyncio.TimeoutError as error:
        expected = f"all of it within {limits.body_s:g} s"
        raise Refused(408, message("body", expected, "less")) from error


async def _bounded(request: Request, most: int) -> bytes:
    body = bytearray()
    said = request.headers.get("content-length", "0")
    length = int(said) if said.isdecimal() else 0
    async for chunk in request.stream():
        body += chunk
        if max(len(body), length) > most:
            raise Refused(413, message("body", f"at most {most} bytes", "more"))
    return bytes(body)


def _steps(sessions: Sessions, given: Any, *, last: bool, reset: bool = False) -> list[InputStep]:
    """The steps of a request, all checked before the first one is run."""
    network, values = sessions.bundle.network, getattr(given, "values", None)
    steps = len(given.spikes)
    if values is not None and len(values) != steps:
        expected = f"one list for each of {steps} steps"
        raise Refused(422, message("body, values", expected, len(values)))
    return [
        InputStep(
            spikes=features_of(
                network, places, None if values is None else values[step], f"body, step {step}"
            ),
            reset=reset and step == 0,
            last=last and step == steps - 1,
        )
        for step, places in enumerate(given.spikes)
    ]

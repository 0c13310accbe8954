"""The description of the service: what each route takes and gives, with the bundle's bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from neurodeploy.serve.messages import REPLIES, ErrorReply, Requests

JSON = "application/json"
REASONS = {
    401: "No token, or another one.",
    403: "A page of somebody else, or a name that is not this machine's.",
    404: "No such session.",
    405: "Another method.",
    408: "The body did not come in time.",
    409: "Another request is running steps of this session.",
    413: "The body is too large.",
    415: "The body is no application/json.",
    422: "The body is not what is asked for, or the network does not take it.",
    429: "Too many requests, or sessions.",
    500: "Our fault: the decoder or the engine failed.",
    503: "Too many requests are waiting.",
}
ALWAYS = (401, 403, 429)
OF_A_BODY = (408, 413, 415, 422, 500, 503)


def _of(kind: type) -> dict[str, Any]:
    return {JSON: {"schema": {"$ref": f"#/components/schemas/{kind.__name__}"}}}


def responses(gives: type | None, status: int, *errors: int) -> dict[int | str, dict[str, Any]]:
    """What a route gives, and which refusals."""
    good: dict[str, Any] = {"description": "Done."}
    if gives is not None:
        good["content"] = _of(gives)
    refused: dict[int | str, dict[str, Any]] = {
        code: {"description": REASONS[code], "content": _of(ErrorReply)}
        for code in (*ALWAYS, *errors)
    }
    return {status: good, **refused}


def takes(kind: type) -> dict[str, Any]:
    """The body that a route takes."""
    return {"requestBody": {"required": True, "content": _of(kind)}}


def described(schema: dict[str, Any], requests: Requests, *, token: bool) -> Mapping[str, Any]:
    """A description with the bodies in it, and the token where one is needed."""
    kinds = (*REPLIES, requests.sample, requests.steps)
    _, components = msgspec.json.schema_components(
        kinds, ref_template="#/components/schemas/{name}"
    )
    schema.setdefault("components", {})["schemas"] = components
    if token:
        schema["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        for path, methods in schema["paths"].items():
            for method in methods.values():
                method["security"] = [] if path == "/healthz" else [{"token": []}]
    return schema

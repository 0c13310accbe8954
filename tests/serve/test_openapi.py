"""The description holds against the service: examples that schemathesis makes of it, always the
same ones.
"""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from small_service import FEATURES, TestClient, client_of, small_bundle

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis

pytestmark = pytest.mark.filterwarnings("ignore")

HERE = {"host": "127.0.0.1"}
CLIENT = client_of(small_bundle(), requests_per_s=1e6, burst=10**6, sessions=10**6)


async def app(scope: Any, receive: Any, send: Any) -> None:
    """The service, which schemathesis would start and end for each example."""
    if scope["type"] == "lifespan":
        raise RuntimeError("none")
    await CLIENT.app(scope, receive, send)


SCHEMA = schemathesis.openapi.from_asgi("/openapi.json", app, headers=HERE)


@SCHEMA.parametrize()
@settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_operation_is_as_described(case: schemathesis.Case) -> None:
    case.call_and_validate(headers=HERE)


def test_the_bodies_have_the_bounds_of_the_bundle(client: TestClient) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    feature = schemas["SampleRequest"]["properties"]["spikes"]["items"]["items"]
    assert (feature["minimum"], feature["maximum"]) == (0, FEATURES - 1)
    assert schemas["StepsRequest"]["additionalProperties"] is False

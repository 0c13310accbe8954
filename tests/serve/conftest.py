"""A small bundle as a service, in this process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from small_service import TestClient, client_of, small_bundle

import neurodeploy as nd


@pytest.fixture
def bundle() -> nd.Bundle:
    return small_bundle()


@pytest.fixture
def client(bundle: nd.Bundle) -> Iterator[TestClient]:
    with client_of(bundle) as client:
        yield client

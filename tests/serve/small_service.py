"""A small bundle as a service, in this process."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch

import neurodeploy as nd
from neurodeploy.serve.app import create_app
from neurodeploy.serve.limits import ServiceLimits

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette prefers a package that it does not need
    from starlette.testclient import TestClient as TestClient
    from starlette.testclient import WebSocketDenialResponse as DenialResponse  # noqa: F401

FEATURES, STEPS = 8, 6


def small_bundle() -> nd.Bundle:
    torch.manual_seed(5)
    rng = np.random.default_rng(5)
    neuron = nd.CubaNeuron(current_decay=1000, voltage_decay=500, threshold=64)
    layers = (
        nd.Dense(weight=2 * rng.integers(-20, 60, (10, FEATURES)), neuron=neuron),
        nd.Dense(weight=2 * rng.integers(-20, 40, (5, 10)), neuron=neuron),
    )
    config = nd.DecoderConfig(
        kind="mlp", neurons=5, window_steps=STEPS, heads={"label": 3, "image": 4}, hidden=7
    )
    return nd.Bundle(
        network=nd.Network(input_shape=(FEATURES,), layers=layers),
        decoder=nd.Decoder(config).eval().requires_grad_(False),
        encoding=nd.SpikeInput(steps=STEPS),
        notes={"task": "small"},
    )


def samples(number: int, seed: int = 0) -> np.ndarray:
    """Spikes uint8 [sample, feature, time]."""
    rng = np.random.default_rng(seed)
    return (rng.random((number, FEATURES, STEPS)) < 0.5).astype(np.uint8)


def places(sample: np.ndarray) -> list[list[int]]:
    """A sample [feature, time] as a request has it."""
    return [np.flatnonzero(column).tolist() for column in sample.T]


def client_of(bundle: nd.Bundle, token: str | None = None, **limits: Any) -> TestClient:
    app = create_app(bundle, ServiceLimits(workers=2, **limits), token=token)
    return TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)

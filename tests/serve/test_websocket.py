"""Steps over a WebSocket: the protocol of lines, and how each kind of mistake ends it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from small_service import STEPS, DenialResponse, TestClient, client_of, places, samples
from starlette.websockets import WebSocketDisconnect

import neurodeploy as nd

STREAM = "ws://127.0.0.1/v1/stream"


def test_every_step_is_answered_as_a_batch_run_says(client: TestClient, bundle: nd.Bundle) -> None:
    batch = samples(3, seed=9)
    run = nd.simulate(bundle, batch)
    with client.websocket_connect(STREAM) as socket:
        for number, sample in enumerate(batch):
            for step, spikes in enumerate(places(sample)):
                line = {"sample": f"s{number}", "step": step, "spikes": spikes}
                socket.send_text(json.dumps(line))
                answer = socket.receive_json()
                assert (answer["sample"], answer["step"]) == (f"s{number}", step)
                expected = np.flatnonzero(run.spikes[number, :, step])
                assert answer["spikes"] == expected.tolist()


def test_two_sockets_do_not_mix(client: TestClient, bundle: nd.Bundle) -> None:
    batch = samples(2, seed=2)
    run = nd.simulate(bundle, batch)
    with client.websocket_connect(STREAM) as a, client.websocket_connect(STREAM) as b:
        for step in range(STEPS):
            for number, socket in enumerate((a, b)):
                socket.send_text(json.dumps({"spikes": places(batch[number])[step]}))
            for number, socket in enumerate((a, b)):
                expected = np.flatnonzero(run.spikes[number, :, step])
                assert socket.receive_json()["spikes"] == expected.tolist()


WRONG: dict[str, tuple[Callable[[Any], None], int, str]] = {
    "feature": (lambda s: s.send_text('{"spikes": [99]}'), 1007, "features 0 to 7, found 99"),
    "rubbish": (lambda s: s.send_text("hello"), 1007, "message 1: expected one JSON object"),
    "order": (lambda s: s.send_text('{"spikes": [], "step": 4}'), 1007, "step 0, found step 4"),
    "bytes": (lambda s: s.send_bytes(b"\0"), 1003, "a line of JSON, found bytes"),
    "length": (lambda s: s.send_text(" " * 100_000), 1009, "at most"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_said_and_closes_the_socket(client: TestClient, name: str) -> None:
    send, code, said = WRONG[name]
    with client.websocket_connect(STREAM) as socket:
        send(socket)
        assert said in socket.receive_json()["error"]
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()
    assert closed.value.code == code
    assert client.get("/healthz").json()["sessions"] == 0


def test_an_idle_socket_is_closed(bundle: nd.Bundle) -> None:
    with client_of(bundle, idle_s=0.1) as client, client.websocket_connect(STREAM) as socket:
        assert "a step within 0.1 s" in socket.receive_json()["error"]


def test_steps_after_the_last_are_left_out(client: TestClient) -> None:
    with client.websocket_connect(STREAM) as socket:
        socket.send_text('{"sample": 1, "spikes": [1], "last": true}')
        assert socket.receive_json()["final"]
        socket.send_text('{"sample": 1, "spikes": [1]}')
        assert "expected nothing after the last step" in socket.receive_json()["error"]


def test_the_door_holds_for_sockets_too(bundle: nd.Bundle) -> None:
    with client_of(bundle, "0123456789abcdef", sessions=1) as client:
        with (
            pytest.raises(DenialResponse) as denied,
            client.websocket_connect(STREAM),
        ):
            pass
        assert denied.value.status_code == 401
        right = {"authorization": "Bearer 0123456789abcdef"}
        with client.websocket_connect(STREAM, headers=right):
            with (
                pytest.raises(DenialResponse) as full,
                client.websocket_connect(STREAM, headers=right),
            ):
                pass
            assert full.value.status_code == 429

"""What the service answers is what the bundle says, spike for spike; the rest is refused."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from small_service import FEATURES, STEPS, TestClient, client_of, places, samples, small_bundle

import neurodeploy as nd


def spikes_of(answers: list[dict[str, Any]], neurons: int) -> np.ndarray:
    """Output spikes [neuron, time] of answers of every step."""
    found = np.zeros((neurons, len(answers)), np.uint8)
    for step, answer in enumerate(answers):
        found[answer["spikes"], step] = 1
    return found


def test_a_sample_is_answered_as_a_batch_run_and_its_stream_say(
    client: TestClient, bundle: nd.Bundle
) -> None:
    batch = samples(4)
    run = nd.simulate(bundle, batch)
    assert run.spikes.any()
    streamed = list(nd.stream_answers(bundle, batch))
    for number, sample in enumerate(batch):
        said = client.post("/v1/answers", json={"spikes": places(sample), "every_step": True})
        assert said.status_code == 200
        body = said.json()
        np.testing.assert_array_equal(spikes_of(body["answers"], 5), run.spikes[number])
        for answer, expected in zip(
            body["answers"], streamed[number * STEPS : (number + 1) * STEPS], strict=True
        ):
            assert answer["logits"]["label"] == expected.logits["label"].tolist()
        assert body["answer"] == body["answers"][-1]
        counted = [layer.output_spikes[number] for layer in run.counts.layers]
        assert [layer["output_spikes"] for layer in body["counts"]["layers"]] == counted
        alone = client.post("/v1/answers", json={"spikes": places(sample)}).json()
        assert (alone["answer"], alone["answers"]) == (body["answer"], None)


def test_sessions_of_many_clients_at_once_are_independent_and_right(
    client: TestClient, bundle: nd.Bundle
) -> None:
    batch = samples(12, seed=3)
    run = nd.simulate(bundle, batch)

    def follow(number: int) -> np.ndarray:
        name = client.post("/v1/sessions").json()["session"]
        found = []
        for step in range(STEPS):
            body = {"spikes": places(batch[number])[step : step + 1], "last": step == STEPS - 1}
            found += client.post(f"/v1/sessions/{name}/steps", json=body).json()["answers"]
        assert client.delete(f"/v1/sessions/{name}").status_code == 204
        return spikes_of(found, 5)

    with ThreadPoolExecutor(8) as pool:
        for number, found in enumerate(pool.map(follow, range(12))):
            np.testing.assert_array_equal(found, run.spikes[number])


def test_a_session_goes_on_resets_and_begins_the_next_sample(client: TestClient) -> None:
    first, second = (places(sample) for sample in samples(2, seed=4))
    name = client.post("/v1/sessions").json()["session"]
    steps = f"/v1/sessions/{name}/steps"
    client.post(steps, json={"spikes": second[:2]})
    reset = client.post(steps, json={"spikes": first, "reset": True, "last": True}).json()
    again = client.post(steps, json={"spikes": first}).json()
    assert reset["answers"][0]["sample"] == 1
    assert again["answers"][0]["sample"] == 2
    assert [a["spikes"] for a in again["answers"]] == [a["spikes"] for a in reset["answers"]]
    assert again["counts"] == reset["counts"]


def test_an_early_answer_spares_the_rest(client: TestClient, bundle: nd.Bundle) -> None:
    (sample,) = samples(1)
    every = list(nd.stream_answers(bundle, [sample]))
    chosen = next(a for a in every if a.confidence is not None)
    body = {"spikes": places(sample), "stop_at": chosen.confidence, "every_step": True}
    said = client.post("/v1/answers", json=body).json()
    assert said["answer"]["step"] == chosen.step < STEPS - 1
    assert said["answer"]["final"]
    assert said["counts"]["steps"] == chosen.step + 1


def test_what_is_served_is_said(client: TestClient) -> None:
    said = client.get("/v1/bundle").json()
    assert said["heads"] == {"label": 3, "image": 4}
    assert (said["steps"], said["latency_steps"], said["task"]) == (STEPS, 2, "small")
    assert client.get("/healthz").json() == {"status": "ok", "sessions": 0}


WRONG: dict[str, tuple[Any, str]] = {
    "no JSON": (b'{"spikes": [[1]', "Input data was truncated"),
    "not UTF-8": (b'{"spikes": [[\xff]]}', "expected a SampleRequest"),
    "deep": (b'{"spikes": ' + b"[" * 100_000, "expected a SampleRequest"),
    "no field": (b"{}", "missing required field `spikes`"),
    "unknown field": (b'{"spikes": [[1]], "x": 1}', "unknown field `x`"),
    "no steps": (b'{"spikes": []}', "length >= 1"),
    "past the features": (b'{"spikes": [[1], [8]]}', "<= 7 - at `$.spikes[1][0]`"),
    "negative": (b'{"spikes": [[-1]]}', ">= 0"),
    "twice": (b'{"spikes": [[1], [2, 2]]}', "step 1, spikes: expected each feature once"),
    "no number": (b'{"spikes": [[NaN]]}', "expected a SampleRequest"),
    "too many steps": (json.dumps({"spikes": [[]] * 1001}).encode(), "length <= 1000"),
    "values where none are": (b'{"spikes": [[1]], "values": [[2]]}', "unknown field `values`"),
    "stop_at": (b'{"spikes": [[1]], "stop_at": 2}', "<= 1"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_body_is_refused_with_where(client: TestClient, name: str) -> None:
    body, expected = WRONG[name]
    said = client.post("/v1/answers", content=body, headers={"content-type": "application/json"})
    assert said.status_code == 422
    assert expected in said.json()["error"]


def test_a_whole_number_may_be_written_with_a_point(client: TestClient) -> None:
    said = client.post("/v1/answers", json={"spikes": [[1.0, 3], [2.0]]})
    assert said.json() == client.post("/v1/answers", json={"spikes": [[1, 3], [2]]}).json()
    assert client.post("/v1/answers", json={"spikes": [[1.5]]}).status_code == 422


def test_other_refusals_are_json_too(client: TestClient) -> None:
    assert client.get("/v1/answers").status_code == 405
    assert "error" in client.get("/v1/answers").json()
    assert client.get("/nowhere").status_code == 404
    assert client.post("/v1/answers", content=b"x").status_code == 415
    assert client.delete("/v1/sessions/none").status_code == 404
    said = client.post("/v1/sessions/none/steps", json={"spikes": [[]]})
    assert (said.status_code, said.json()["error"][:8]) == (404, "session:")


def test_a_body_is_bounded_before_it_is_parsed(bundle: nd.Bundle) -> None:
    with client_of(bundle, body_bytes=100) as client:
        typed = {"content-type": "application/json"}
        said = client.post("/v1/answers", content=b"[" * 101, headers=typed)
        assert (said.status_code, "at most 100 bytes" in said.json()["error"]) == (413, True)
        chunks = (b"[" * 60 for _ in range(10))
        assert client.post("/v1/answers", content=chunks, headers=typed).status_code == 413


def test_a_body_that_does_not_come_is_not_waited_for(bundle: nd.Bundle) -> None:
    app = client_of(bundle, body_s=0.05).app
    scope = {
        **{"type": "http", "method": "POST", "path": "/v1/answers", "query_string": b""},
        **{"client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "scheme": "http"},
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
    }
    sent: list[Any] = []

    async def never() -> Any:
        await asyncio.sleep(60)

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, never, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 408


def test_a_reply_is_bounded_too(bundle: nd.Bundle) -> None:
    with client_of(bundle, answer_values=7 * 4) as client:  # 7 outputs in both heads
        whole = {"spikes": [[1]] * 5}
        assert client.post("/v1/answers", json=whole).status_code == 200
        said = client.post("/v1/answers", json={**whole, "every_step": True})
        assert (said.status_code, "at most 4 steps" in said.json()["error"]) == (422, True)
        path = f"/v1/sessions/{client.post('/v1/sessions').json()['session']}/steps"
        assert client.post(path, json=whole).status_code == 422
        assert client.post(path, json={"spikes": [[1]] * 4}).status_code == 200


def test_sessions_are_limited_and_expire(bundle: nd.Bundle) -> None:
    with client_of(bundle, sessions=2, idle_s=0.3) as client:
        names = [client.post("/v1/sessions").json()["session"] for _ in range(2)]
        full = client.post("/v1/sessions")
        assert (full.status_code, full.headers["retry-after"]) == (429, "1")
        time.sleep(0.4)
        assert client.post("/v1/sessions").status_code == 201
        gone = client.post(f"/v1/sessions/{names[0]}/steps", json={"spikes": [[]]})
        assert gone.status_code == 404
        assert 'sessions_closed_total{reason="idle"} 2.0' in client.get("/metrics").text


def test_a_client_that_asks_too_often_waits(bundle: nd.Bundle) -> None:
    with client_of(bundle, requests_per_s=0.001, burst=3) as client:
        said = [client.get("/v1/bundle").status_code for _ in range(5)]
        assert said == [200, 200, 200, 429, 429]
        assert client.get("/healthz").status_code == 200


def test_only_who_has_the_token_asks(bundle: nd.Bundle) -> None:
    token = "0123456789abcdef"
    with client_of(bundle, token) as client:
        assert client.get("/v1/bundle").status_code == 401
        assert client.get("/v1/bundle", headers={"authorization": "Bearer x"}).status_code == 401
        right = {"authorization": f"Bearer {token}"}
        assert client.get("/v1/bundle", headers=right).status_code == 200
        assert client.get("/healthz").status_code == 200
        assert client.get("/openapi.json", headers=right).json()["paths"]["/v1/bundle"]["get"][
            "security"
        ] == [{"token": []}]


def test_a_page_of_somebody_else_does_not_ask(client: TestClient) -> None:
    foreign = {"origin": "http://elsewhere.example"}
    assert client.post("/v1/sessions", headers=foreign).status_code == 403
    assert client.get("/v1/bundle", headers={"host": "elsewhere.example"}).status_code == 403
    assert client.get("/v1/bundle", headers={"origin": "http://127.0.0.1"}).status_code == 200


def test_a_decoder_that_fails_is_our_fault_and_the_next_request_is_answered() -> None:
    bundle = small_bundle()
    forward = bundle.decoder.forward
    with client_of(bundle) as client:
        body = {"spikes": places(samples(1)[0])}

        def fail(window: Any) -> Any:
            raise ZeroDivisionError("of a person")

        bundle.decoder.forward = fail  # type: ignore[method-assign]
        said = client.post("/v1/answers", json=body)
        assert said.status_code == 500
        assert "sample 0, step 5: expected an answer of the decoder" in said.json()["error"]
        bundle.decoder.forward = forward  # type: ignore[method-assign]
        assert client.post("/v1/answers", json=body).status_code == 200


def test_a_shorter_bundle_takes_the_first_steps(bundle: nd.Bundle) -> None:
    short = dataclasses.replace(bundle, steps=4)
    (sample,) = samples(1)
    with client_of(short) as client:
        body = {"spikes": places(sample), "every_step": True}
        assert len(client.post("/v1/answers", json=body).json()["answers"]) == 4
        name = client.post("/v1/sessions").json()["session"]
        said = client.post(f"/v1/sessions/{name}/steps", json={"spikes": places(sample)})
        assert [a["final"] for a in said.json()["answers"]] == [False, False, False, True]


def test_a_bundle_without_a_decoder_serves_its_spikes(bundle: nd.Bundle) -> None:
    (sample,) = samples(1)
    sent = nd.simulate(bundle, sample[None]).spikes[0]
    assert sent.any()
    alone = dataclasses.replace(bundle, decoder=None)
    with client_of(alone, answer_values=5 * STEPS) as client:  # 5 output neurons
        assert client.get("/v1/bundle").json()["heads"] == {}
        body = {"spikes": places(sample), "every_step": True}
        answers = client.post("/v1/answers", json=body).json()["answers"]
        np.testing.assert_array_equal(spikes_of(answers, 5), sent)
        assert [(a["logits"], a["label"]) for a in answers] == [({}, None)] * STEPS
        steps = f"/v1/sessions/{client.post('/v1/sessions').json()['session']}/steps"
        followed = client.post(steps, json={"spikes": places(sample)}).json()["answers"]
        np.testing.assert_array_equal(spikes_of(followed, 5), sent)
        assert client.post(steps, json={"spikes": [[1]] * (STEPS + 1)}).status_code == 422
        early = client.post("/v1/answers", json={"spikes": places(sample), "stop_at": 0.5})
        assert (early.status_code, "spikes alone" in early.json()["error"]) == (422, True)


def test_graded_input_has_values() -> None:
    neuron = nd.CubaNeuron(current_decay=1000, voltage_decay=500, threshold=64)
    layer = nd.Dense(weight=np.full((2, FEATURES), 4), neuron=neuron)
    network = nd.Network(input_shape=(FEATURES,), layers=(layer,), input_bits=6)
    with client_of(nd.counting_bundle(network, nd.SpikeInput(steps=STEPS))) as client:
        signal = np.zeros((1, FEATURES, 3), np.int32)
        signal[0, [1, 5], [0, 1]] = 30, -20
        body = {"spikes": [[1], [5], []], "values": [[30], [-20], []], "every_step": True}
        said = client.post("/v1/answers", json=body).json()
        expected = nd.simulate(network, signal).spikes[0]
        np.testing.assert_array_equal(spikes_of(said["answers"], 2), expected)
        for values in ([[30], [-20]], [[30], [], []], [[0.5], [1], []], [[999], [1], []]):
            wrong = client.post("/v1/answers", json={**body, "values": values})
            assert wrong.status_code == 422, wrong.text


def test_an_engine_whose_sessions_end_one_another_is_refused() -> None:
    class Alone:
        name = "alone"
        current: Any = None

        def __init__(self, network: nd.Network) -> None:
            self.network = network

        def open(self) -> Any:
            return _Session(self)

        def run(self, spikes: Any) -> Any: ...
        def run_batch(self, spikes: Any) -> Any: ...
        def close(self) -> None: ...
        def __enter__(self) -> Any: ...
        def __exit__(self, *error: object) -> None: ...

    class _Session:
        def __init__(self, engine: Any) -> None:
            self.engine, engine.current = engine, self

        def step(self, spikes: Any) -> None:
            if self.engine.current is not self:
                raise nd.EngineError("another session began")

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *error: object) -> None: ...

    from neurodeploy.serve.app import create_app

    with pytest.raises(nd.InputError, match="engine alone: expected an engine with sessions besi"):
        create_app(small_bundle(), engine=Alone)  # type: ignore[arg-type]

"""Answers: what was heard, how sure, what was missed, and when no more is needed."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
import torch
from bundles import make, spikes

from neurodeploy.deploy.bundle import Bundle
from neurodeploy.deploy.run import simulate
from neurodeploy.deploy.stream import Stream, StreamCounts, stream_answers
from neurodeploy.errors import InputError
from neurodeploy.model.decoder import window_at

SAMPLES = spikes(4)
STEPS = SAMPLES.shape[-1]


@pytest.fixture
def bundle() -> Bundle:
    return make()


def test_nothing_is_heard_until_the_first_spike(bundle: Bundle) -> None:
    run = simulate(bundle, SAMPLES).spikes
    heard = run.any(1).cumsum(-1) > 0
    assert not heard.all()
    assert heard.any()
    for answer in stream_answers(bundle, SAMPLES):
        assert answer.heard == heard[answer.sample, answer.step]
        assert (answer.label is None) == (answer.confidence is None) == (not answer.heard)


def test_confidence_is_the_softmax_of_the_label(bundle: Bundle) -> None:
    *_, last = stream_answers(bundle, SAMPLES)
    expected = torch.softmax(torch.from_numpy(last.logits["label"]), 0)
    assert last.label == int(expected.argmax())
    assert last.confidence == pytest.approx(float(expected.max()), rel=1e-6)  # of float32
    assert last.to_dict()["spikes"] == np.flatnonzero(last.output.spikes).tolist()


def test_the_last_step_is_final_and_times_are_of_this_step(bundle: Bundle) -> None:
    began = time.perf_counter()
    answers = list(stream_answers(bundle, SAMPLES))
    took = time.perf_counter() - began
    assert [a.final for a in answers] == [*[False] * (STEPS - 1), True] * 4
    for answer in answers:
        times = answer.times
        assert 0 < times.network_s + times.decoder_s <= times.age_s <= took


def test_the_last_step_is_answered_whether_it_was_asked_for_or_not(bundle: Bundle) -> None:
    answers = list(stream_answers(bundle, SAMPLES, wanted=lambda step: step == 1))
    assert [answer.step for answer in answers] == [1, STEPS - 1] * 4


def test_a_sure_answer_spares_the_rest_of_its_sample(bundle: Bundle) -> None:
    every = list(stream_answers(bundle, SAMPLES))
    level = sorted(a.confidence for a in every if a.confidence is not None)[8]
    expected, over = [], set()
    for answer in every:
        if answer.sample not in over:
            expected.append((answer.sample, answer.step))
            if (answer.confidence or 0) >= level:
                over.add(answer.sample)
    stream = Stream(bundle, stop_at=level)
    found = list(stream.answers(SAMPLES))
    assert [(a.sample, a.step) for a in found] == expected
    assert len(found) < len(every)
    assert stream.counts == StreamCounts(
        samples=4, run=len(found), left_out=len(every) - len(found), dropped=0, answered=len(found)
    )


@pytest.mark.parametrize("policy", ["drop-oldest", "latest"])
def test_a_slow_host_misses_steps_that_are_counted_and_silent(bundle: Bundle, policy: str) -> None:
    batch = np.repeat(SAMPLES, 8, axis=0)
    run = simulate(bundle, batch).spikes
    stream = Stream(bundle, policy=policy, queue_steps=3)
    received = np.zeros_like(run)
    answers = []
    for answer in stream.answers(batch):
        np.testing.assert_array_equal(answer.output.spikes, run[answer.sample, :, answer.step])
        received[answer.sample, :, answer.step] = answer.output.spikes
        window = window_at(
            torch.from_numpy(received[answer.sample][None]).float(), answer.step, STEPS
        )
        with torch.no_grad():
            expected = bundle.decoder(window)["label"][0].numpy()
        np.testing.assert_array_equal(answer.logits["label"], expected)
        answers.append(answer)
        time.sleep(0.0005)
    counts = stream.counts
    assert (counts.run, counts.samples) == (len(batch) * STEPS, len(batch))
    assert counts.dropped == counts.run - len(answers) > 0
    seen: dict[int, int] = {}
    for answer in answers:
        seen[answer.sample] = seen.get(answer.sample, 0) + 1
        assert answer.missed == answer.step + 1 - seen[answer.sample]


def test_block_with_a_queue_loses_nothing(bundle: Bundle) -> None:
    stream = Stream(bundle, queue_steps=2)
    ahead = [(a.sample, a.step, a.output.spikes.tolist()) for a in stream.answers(SAMPLES)]
    pulled = stream_answers(bundle, SAMPLES)
    assert ahead == [(a.sample, a.step, a.output.spikes.tolist()) for a in pulled]
    assert stream.counts.dropped == 0


@pytest.mark.parametrize("queue", [0, 4])
def test_a_decoder_that_raises_is_told_at_which_step(
    bundle: Bundle, queue: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    forward = bundle.decoder.forward

    def failing(window: Any) -> Any:
        calls.append(window)
        if len(calls) == STEPS + 3:
            raise KeyError("weights")
        return forward(window)

    monkeypatch.setattr(bundle.decoder, "forward", failing)
    answers = []
    with pytest.raises(InputError, match=r"sample 1, step 2: expected an answer .* KeyError"):
        answers.extend(Stream(bundle, queue_steps=queue).answers(SAMPLES))
    assert len(calls) == STEPS + 3


def test_an_answer_that_is_no_number_is_refused(bundle: Bundle) -> None:
    with torch.no_grad():
        bundle.decoder.heads["label"].bias[0] = float("nan")
    with pytest.raises(InputError, match="sample 0, step 0, answer label: expected finite"):
        next(stream_answers(bundle, SAMPLES))


def test_what_is_no_choice_is_refused(bundle: Bundle) -> None:
    for options, said in (
        ({"policy": "drop"}, "policy: expected one of block"),
        ({"policy": "latest", "queue_steps": 0}, "queue_steps: expected at least 1"),
        ({"stop_at": 1.5}, "stop_at: expected a confidence"),
    ):
        with pytest.raises(InputError, match=said):
            Stream(bundle, **options)  # type: ignore[arg-type]

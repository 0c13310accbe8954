"""Samples in band: what begins, ends and interrupts one, and what a source may not do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from bundles import make, spikes

from neurodeploy.deploy.run import simulate
from neurodeploy.deploy.steps import InputStep
from neurodeploy.deploy.stream import Stream
from neurodeploy.engines.registry import open_engine
from neurodeploy.errors import EngineError, InputError

BUNDLE = make()
SAMPLES = spikes(3)
STEPS = SAMPLES.shape[-1]
SILENCE = np.zeros(5, np.uint8)


def whole(name: int | str | None, sample: np.ndarray, **marks: Any) -> Iterator[InputStep]:
    for step in range(sample.shape[-1]):
        yield InputStep(spikes=sample[:, step], sample=name, step=step, **marks)


def outputs(source: Any, **options: Any) -> dict[tuple[int | str, int], list[int]]:
    answers = Stream(BUNDLE, **options).answers(source)
    return {(answer.name, answer.step): answer.output.spikes.tolist() for answer in answers}


def test_steps_of_named_samples_are_the_batch() -> None:
    source = (
        step for name, sample in zip("abc", SAMPLES, strict=True) for step in whole(name, sample)
    )
    found = outputs(source)
    run = simulate(BUNDLE, SAMPLES).spikes
    assert run.any()
    for number, name in enumerate("abc"):
        for step in range(STEPS):
            assert found[name, step] == run[number, :, step].tolist()


def test_a_reset_leaves_a_sample_and_begins_from_rest() -> None:
    first, second = SAMPLES[:2]
    source = [
        *list(whole(None, first))[:3],
        InputStep(spikes=second[:, 0], reset=True),
        *(InputStep(spikes=second[:, step]) for step in range(1, STEPS)),
    ]
    found = outputs(source)
    run = simulate(BUNDLE, SAMPLES[1:2]).spikes[0]
    assert [found[1, step] for step in range(STEPS)] == run.T.tolist()


def test_samples_without_names_are_numbered_by_their_last_steps() -> None:
    source = [InputStep(spikes=SILENCE, last=step % 2 == 1) for step in range(6)]
    assert list(outputs(source)) == [(n, s) for n in range(3) for s in range(2)]


LIES: dict[str, tuple[list[InputStep], str]] = {
    "shape": (
        [*list(whole("a", SAMPLES[0]))[:2], InputStep(spikes=np.zeros(4, np.uint8), sample="a")],
        r"sample 'a', step 2: input: expected \[batch, 5, time\]",
    ),
    "value": (
        [InputStep(spikes=SILENCE), InputStep(spikes=SILENCE + 2)],
        "sample 0, step 1: input: expected only the values 0 and 1",
    ),
    "not a number": (
        [InputStep(spikes=np.full(5, np.nan))],
        "sample 0, step 0: input: expected only the values 0 and 1",
    ),
    "order": (
        [InputStep(spikes=SILENCE, step=0), InputStep(spikes=SILENCE, step=2)],
        "sample 0, step 1: expected step 1, found step 2",
    ),
    "twice": (
        [InputStep(spikes=SILENCE, step=0), InputStep(spikes=SILENCE, step=0)],
        "sample 0, step 1: expected step 1, found step 0",
    ),
    "mid-sample": (
        list(whole("a", SAMPLES[0]))[:3],
        "sample 'a', step 3: expected 7 steps, found the end of the source",
    ),
    "another": (
        [*list(whole("a", SAMPLES[0]))[:3], *whole("b", SAMPLES[1])],
        "sample 'a', step 3: expected 7 steps, found another sample",
    ),
    "after the last": (
        [InputStep(spikes=SILENCE, sample=4, last=True), InputStep(spikes=SILENCE, sample=4)],
        "sample 4, step 1: expected nothing after the last step",
    ),
}


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("queue", [0, 4])
def test_a_source_that_lies_is_told_at_which_step(lie: str, queue: int) -> None:
    source, said = LIES[lie]
    answers = Stream(BUNDLE, queue_steps=queue).answers(source)
    with pytest.raises(InputError, match=said):
        list(answers)


def test_a_source_that_raises_is_told_after_the_answers_before_it() -> None:
    def failing() -> Iterator[InputStep]:
        yield from list(whole("a", SAMPLES[0]))[:2]
        raise OSError("the cable is out")

    answers = Stream(BUNDLE).answers(failing())
    assert [next(answers).step, next(answers).step] == [0, 1]
    with pytest.raises(InputError, match=r"sample 'a', step 2: .* OSError: the cable is out"):
        next(answers)


def test_an_engine_that_fails_keeps_its_kind_of_error() -> None:
    class Dying:
        def open(self) -> Any:
            return self

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *error: object) -> None: ...
        def reset(self) -> None: ...
        def advance(self, spikes: np.ndarray) -> Any:
            raise EngineError("Lava died")

    with pytest.raises(EngineError, match="sample 0, step 0: Lava died"):
        next(Stream(BUNDLE, Dying()).answers(SAMPLES))  # type: ignore[arg-type]


def test_a_network_alone_may_end_anywhere_unless_its_steps_are_said() -> None:
    source = [InputStep(spikes=SILENCE)] * 3
    assert len(list(Stream(BUNDLE.network).answers(source))) == 3
    with pytest.raises(InputError, match="expected 5 steps"):
        list(Stream(BUNDLE.network, steps=5).answers(source))


@pytest.mark.parametrize("engine", ["native", "lava", "slayer"])
def test_every_engine_streams_what_it_runs(engine: str) -> None:
    with open_engine(engine, BUNDLE.network) as running:
        run = running.run(SAMPLES)
        for answer in Stream(BUNDLE, running).answers(SAMPLES):
            for sent, layer in zip(answer.output.layers, run.layers, strict=True):
                np.testing.assert_array_equal(sent, layer[answer.sample, ..., answer.step])

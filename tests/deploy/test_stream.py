from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pytest
import torch

from neurodeploy.deploy.stream import StreamingDecoder, stream_answers
from neurodeploy.engines.base import StepOutput
from neurodeploy.errors import InputError
from neurodeploy.model.decoder import Decoder, DecoderConfig, window_at


@pytest.fixture
def decoder() -> Decoder:
    torch.manual_seed(0)
    return Decoder(DecoderConfig(kind="linear", neurons=3, window_steps=4, heads={"y": 2}))


class Echo:
    """An engine whose output is its input, and which says how far it was driven."""

    def __init__(self) -> None:
        self.steps_run = 0

    def stream(self, samples: Iterable[np.ndarray]) -> Iterator[StepOutput]:
        for index, sample in enumerate(samples):
            for step in range(sample.shape[-1]):
                self.steps_run += 1
                column = sample[:, step]
                yield StepOutput(sample=index, step=step, input=column, layers=[column])


def test_the_streamed_window_is_the_one_of_the_batch(decoder: Decoder) -> None:
    spikes = (np.random.default_rng(1).random((3, 9)) < 0.5).astype(np.uint8)
    reader = StreamingDecoder(decoder)
    whole = torch.from_numpy(spikes[None]).float()
    for step in range(9):
        reader.push(spikes[:, step])
        expected = decoder(window_at(whole, step, 4))["y"][0].detach().numpy()
        np.testing.assert_array_equal(reader.answer()["y"], expected)


def test_answers_carry_sample_and_step_and_samples_do_not_mix(decoder: Decoder) -> None:
    rng = np.random.default_rng(2)
    samples = [(rng.random((3, steps)) < 0.5).astype(np.uint8) for steps in (5, 2)]
    both = list(stream_answers(Echo(), decoder, samples))
    alone = list(stream_answers(Echo(), decoder, samples[1:]))
    assert [(a.sample, a.step) for a in both] == [(0, t) for t in range(5)] + [(1, 0), (1, 1)]
    for first, second in zip(both[5:], alone, strict=True):
        np.testing.assert_array_equal(first.logits["y"], second.logits["y"])


def test_a_slow_reader_holds_the_engine_back(decoder: Decoder) -> None:
    engine = Echo()
    answers = stream_answers(engine, decoder, [np.zeros((3, 100), np.uint8)])
    next(answers)
    assert engine.steps_run == 1


def test_only_wanted_steps_are_answered(decoder: Decoder) -> None:
    sample = np.zeros((3, 6), np.uint8)
    answers = stream_answers(Echo(), decoder, [sample], wanted=lambda step: step % 2 == 1)
    assert [a.step for a in answers] == [1, 3, 5]


def test_another_number_of_neurons_is_refused(decoder: Decoder) -> None:
    with pytest.raises(InputError, match=r"\[3\], found \[5\]"):
        StreamingDecoder(decoder).push(np.zeros(5))

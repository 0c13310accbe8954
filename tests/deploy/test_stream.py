from __future__ import annotations

import dataclasses
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import pytest
import torch

from neurodeploy.deploy.answers import StreamingDecoder
from neurodeploy.deploy.bundle import Bundle, decode
from neurodeploy.deploy.run import simulate
from neurodeploy.deploy.stream import stream_answers
from neurodeploy.errors import InputError
from neurodeploy.model.decoder import Decoder, DecoderConfig
from neurodeploy.model.windows import window_at
from neurodeploy.netx.layers import Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron
from neurodeploy.signals.encode import SpikeInput


@pytest.fixture
def decoder() -> Decoder:
    torch.manual_seed(0)
    return Decoder(DecoderConfig(kind="linear", neurons=3, window_steps=4, heads={"y": 2}))


@pytest.fixture
def bundle(decoder: Decoder) -> Bundle:
    neuron = CubaNeuron(current_decay=1024, voltage_decay=300, threshold=70)
    network = Network(input_shape=(3,), layers=(Dense(weight=90 * np.eye(3), neuron=neuron),))
    return Bundle(network=network, decoder=decoder, encoding=SpikeInput(steps=4))


class Echo:
    """An engine and its session, whose output is its input; it says how far it was driven."""

    def __init__(self) -> None:
        self.steps_run = 0

    def open(self) -> AbstractContextManager[Echo]:
        return nullcontext(self)

    def reset(self) -> None:
        pass

    def advance(self, spikes: np.ndarray) -> list[np.ndarray]:
        self.steps_run += 1
        return [spikes]


def test_the_streamed_window_is_the_one_of_the_batch(decoder: Decoder) -> None:
    spikes = (np.random.default_rng(1).random((3, 9)) < 0.5).astype(np.uint8)
    reader = StreamingDecoder(decoder)
    whole = torch.from_numpy(spikes[None]).float()
    for step in range(9):
        reader.push(spikes[:, step])
        expected = decoder(window_at(whole, step, 4))["y"][0].detach().numpy()
        np.testing.assert_array_equal(reader.answer()["y"], expected)


def test_answers_carry_sample_and_step_and_samples_do_not_mix(bundle: Bundle) -> None:
    rng = np.random.default_rng(2)
    samples = [(rng.random((3, steps)) < 0.5).astype(np.uint8) for steps in (5, 2)]
    both = list(stream_answers(bundle, samples, Echo()))
    alone = list(stream_answers(bundle, samples[1:], Echo()))
    assert [(a.sample, a.step) for a in both] == [(0, t) for t in range(5)] + [(1, 0), (1, 1)]
    for first, second in zip(both[5:], alone, strict=True):
        np.testing.assert_array_equal(first.logits["y"], second.logits["y"])


def test_a_slow_reader_holds_the_engine_back(bundle: Bundle) -> None:
    engine = Echo()
    answers = stream_answers(bundle, [np.zeros((3, 100), np.uint8)], engine)
    next(answers)
    assert engine.steps_run == 1


def test_only_wanted_steps_are_answered(bundle: Bundle) -> None:
    sample = np.zeros((3, 6), np.uint8)
    answers = stream_answers(bundle, [sample], Echo(), wanted=lambda step: step % 2 == 1)
    assert [a.step for a in answers] == [1, 3, 5]


def test_another_number_of_neurons_is_refused(decoder: Decoder) -> None:
    with pytest.raises(InputError, match=r"\[3\], found \[5\]"):
        StreamingDecoder(decoder).push(np.zeros(5))


def test_a_bundle_of_fewer_steps_streams_the_first_ones_of_any_engine(bundle: Bundle) -> None:
    short = dataclasses.replace(bundle, steps=3)
    spikes = (np.random.default_rng(3).random((2, 3, 4)) < 0.7).astype(np.uint8)
    assert len(list(stream_answers(short, spikes, Echo()))) == 2 * 3
    last = [answer for answer in stream_answers(short, spikes) if answer.step == 2]
    whole = decode(short, torch.from_numpy(simulate(short, spikes).spikes))["y"]
    found = [answer.logits["y"] for answer in last]
    np.testing.assert_allclose(found, whole.detach().numpy(), rtol=0, atol=1e-6)  # of a batch


def test_what_is_no_bundle_or_engine_is_refused_before_anything_runs(bundle: Bundle) -> None:
    with pytest.raises(InputError, match="a Network or a Bundle, found a Decoder"):
        stream_answers(bundle.decoder, [])  # type: ignore[arg-type]
    with pytest.raises(InputError, match="engine: expected a name or an Engine, found a Decoder"):
        stream_answers(bundle, [], bundle.decoder)  # type: ignore[arg-type]

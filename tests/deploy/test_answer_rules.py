"""Answers without a decoder, held against what the spikes themselves say."""

from __future__ import annotations

import numpy as np
import pytest
from bundles import make, spikes

from neurodeploy.deploy.answers import READERS
from neurodeploy.deploy.rules import require_rule
from neurodeploy.deploy.stream import stream_answers
from neurodeploy.engines.registry import open_engine, simulate
from neurodeploy.errors import InputError
from neurodeploy.netx.layers import Conv, Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron, SdnnNeuron

RNG = np.random.default_rng(3)
NEURON = CubaNeuron(current_decay=1000, voltage_decay=500, threshold=64)


@pytest.fixture(scope="module")
def network() -> Network:
    layers = (
        Dense(weight=2 * RNG.integers(-20, 60, (12, 10)), neuron=NEURON),
        Dense(weight=2 * RNG.integers(-20, 40, (4, 12)), neuron=NEURON),
    )
    return Network(input_shape=(10,), layers=layers)


@pytest.fixture(scope="module")
def signal() -> np.ndarray:
    return (RNG.random((5, 10, 16)) < 0.3).astype(np.uint8)


def said(network: Network, signal: np.ndarray, rule: str | None) -> np.ndarray:
    """[sample, neuron, step]."""
    answers = list(stream_answers(network, signal, "native", rule=rule))
    assert [answer.step for answer in answers] == [*range(16)] * 5
    logits = np.stack([answer.logits["label"] for answer in answers])
    return logits.reshape(5, 16, -1).swapaxes(1, 2)


@pytest.mark.parametrize("rule", [None, "counts"])
def test_counts_so_far(network: Network, signal: np.ndarray, rule: str | None) -> None:
    run = simulate(network, signal, "native").spikes
    assert run.any()
    np.testing.assert_array_equal(said(network, signal, rule), run.cumsum(-1))


def test_the_first_spike(network: Network, signal: np.ndarray) -> None:
    run = simulate(network, signal, "native").spikes.astype(bool)
    first = np.where(run.any(-1), run.argmax(-1) + 1, np.inf)
    seen = first[..., None] <= np.arange(1, 17)
    expected = np.where(seen, 1 / first[..., None], 0).astype(np.float32)
    found = said(network, signal, "first-spike")
    np.testing.assert_array_equal(found, expected)
    answers = found[..., -1].argmax(-1)
    assert (first[np.arange(5), answers] == first.min(-1)).all()


def test_the_voltage_is_that_of_a_probe(network: Network, signal: np.ndarray) -> None:
    with open_engine("native", network) as engine:
        voltage = engine.probe(signal, ["1-dense"])["1-dense"]["voltage"]  # type: ignore[attr-defined]
    np.testing.assert_array_equal(said(network, signal, "voltage"), voltage / 64)
    outputs = stream_answers(network, signal, rule="voltage")
    spikes_too = np.stack([answer.output.spikes for answer in outputs])
    run = simulate(network, signal, "native").spikes
    np.testing.assert_array_equal(spikes_too.reshape(5, 16, 4).swapaxes(1, 2), run)


def test_a_rule_may_read_a_bundle_too() -> None:
    bundle, signal = make(), spikes()
    answers = list(stream_answers(bundle, signal, rule="counts"))
    run = simulate(bundle.network, signal, "native").spikes
    np.testing.assert_array_equal(answers[-1].logits["label"], run[-1].sum(-1))
    by_decoder = next(iter(stream_answers(bundle, signal)))
    assert set(by_decoder.logits) == set(bundle.decoder.config.heads)


def test_an_image_is_read_neuron_by_neuron() -> None:
    layer = Conv(weight=np.full((2, 1, 2, 2), 40), neuron=NEURON)
    image = Network(input_shape=(1, 3, 3), layers=(layer,))
    signal = np.ones((1, 1, 3, 3, 6), np.uint8)
    *_, last = stream_answers(image, signal)
    run = simulate(image, signal, "native").spikes
    np.testing.assert_array_equal(last.logits["label"], run[0].sum(-1).ravel())


def test_a_reader_forgets_a_sample() -> None:
    for make_reader in READERS.values():
        reader = make_reader(3)
        reader.push(np.array([0, 1, 0]))
        first = reader.answer()
        reader.reset()
        assert not any(said.any() for said in reader.answer().values())
        reader.push(np.array([0, 1, 0]))
        np.testing.assert_equal(reader.answer(), first)


def test_what_cannot_be_read_is_said(network: Network, signal: np.ndarray) -> None:
    with pytest.raises(InputError, match="Did you mean first-spike"):
        require_rule("first_spike")
    with pytest.raises(InputError, match="answer voltage: expected an engine that records"):
        next(iter(stream_answers(network, signal, "slayer", rule="voltage")))
    sums = Dense(weight=np.full((2, 10), 2), neuron=SdnnNeuron(threshold=1))
    graded = Network(input_shape=(10,), layers=(sums,))
    with pytest.raises(InputError, match="CUBA neurons in the last layer"):
        next(iter(stream_answers(graded, signal, rule="voltage")))

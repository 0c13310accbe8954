"""What is touched changes what it should, in exact integers, and putting it back restores it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from viewed import FEATURES, samples, viewed_bundle

import neurodeploy as nd
from neurodeploy.engines.native import NativeEngine
from neurodeploy.view.touching import Touch, TouchedSession, touched, unit_of


def conv_network() -> nd.Network:
    rng = np.random.default_rng(1)
    neuron = nd.CubaNeuron(current_decay=900, voltage_decay=300, threshold=20)
    conv = nd.Conv(
        weight=2 * rng.integers(-5, 25, (3, 1, 3, 3)),
        neuron=neuron,
        padding=(1, 1),
        bias=np.array([3, 2, 1]),
    )
    dense = nd.Dense(weight=2 * rng.integers(-5, 20, (4, 48)), neuron=neuron)
    return nd.Network(input_shape=(1, 4, 4), layers=(conv, dense))


def recurrent_network() -> nd.Network:
    rng = np.random.default_rng(4)
    layer = nd.Dense(
        weight=2 * rng.integers(-10, 40, (6, FEATURES)),
        neuron=nd.CubaNeuron(current_decay=900, voltage_decay=300, threshold=0),
        recurrent_weight=2 * rng.integers(-5, 20, (6, 6)),
        bias=np.full(6, 4),
    )
    return nd.Network(input_shape=(FEATURES,), layers=(layer,))


def test_a_silenced_neuron_never_spikes_and_only_what_follows_it_changes() -> None:
    network, spikes = viewed_bundle().network, samples(8)
    before = nd.simulate(network, spikes)
    busiest = int(before.layers[0].sum((0, 2)).argmax())
    after = nd.simulate(touched(network, Touch(silenced=frozenset({(0, busiest)}))), spikes)
    assert before.layers[0][:, busiest].any()
    assert not after.layers[0][:, busiest].any()
    others = np.delete(np.arange(10), busiest)
    np.testing.assert_array_equal(after.layers[0][:, others], before.layers[0][:, others])
    masked = network.layers[1].weight.copy()
    masked[:, busiest] = 0
    outgoing = replace(
        network, layers=(network.layers[0], replace(network.layers[1], weight=masked))
    )
    np.testing.assert_array_equal(after.spikes, nd.simulate(outgoing, spikes).spikes)
    assert (after.spikes != before.spikes).any()


def test_a_silenced_neuron_with_bias_and_recurrence_at_threshold_0_is_silent() -> None:
    network = touched(recurrent_network(), Touch(silenced=frozenset({(0, 2)})))
    run = nd.simulate(network, samples(4))
    assert not run.spikes[:, 2].any()
    assert run.spikes[:, 1].any()


def test_a_convolution_is_silenced_by_the_channel() -> None:
    network = conv_network()
    spikes = samples(4).reshape(4, 1, 4, 4, -1)
    assert unit_of(network, 0, 20) == (0, 1)
    run = nd.simulate(touched(network, Touch(silenced=frozenset({(0, 1)}))), spikes)
    before = nd.simulate(network, spikes).layers[0]
    assert before[:, 1].any()
    assert not run.layers[0][:, 1].any()
    np.testing.assert_array_equal(run.layers[0][:, [0, 2]], before[:, [0, 2]])


def test_a_threshold_is_applied_at_once_and_states_go_on() -> None:
    network, spikes = viewed_bundle().network, samples(1)[0]
    raised = Touch(thresholds={0: 150})
    session = TouchedSession(network)
    expected = NativeEngine(network).open()
    for step in range(3):
        session.advance(spikes[:, step])
        expected.advance(spikes[:, step])
    session.touch(raised)
    assert not session.pending
    later = NativeEngine(touched(network, raised)).open()
    later.load_state(expected.state_dict())
    for step in range(3, 6):
        for one, other in zip(
            session.advance(spikes[:, step]), later.advance(spikes[:, step]), strict=True
        ):
            np.testing.assert_array_equal(one, other)
    assert session.counts.totals() == later.counts.totals()


def test_silence_waits_for_rest_and_putting_back_restores() -> None:
    network, spikes = viewed_bundle().network, samples(1)[0]
    session = TouchedSession(network)

    def run() -> np.ndarray:
        session.reset()
        return np.stack([session.advance(column)[0] for column in spikes.T], -1)

    before = run()
    busiest = int(before.sum(1).argmax())
    session.reset()
    session.touch(Touch(silenced=frozenset({(0, busiest)}), thresholds={1: 3}))
    assert session.pending
    assert session.network.layers[1].neuron.threshold == 3
    first = np.stack([session.advance(column)[0] for column in spikes.T], -1)
    np.testing.assert_array_equal(first, before)
    assert not run()[busiest].any()
    assert not session.pending
    session.touch(Touch())
    np.testing.assert_array_equal(run(), before)


@pytest.mark.parametrize(
    ("touch", "said"),
    [
        (Touch(thresholds={7: 1}), "layer: expected 0 to 1, found 7"),
        (Touch(thresholds={0: -1}), "threshold: expected 0 to"),
        (Touch(thresholds={0: 1 << 20}), "threshold: expected 0 to"),
    ],
)
def test_what_cannot_be_is_an_error_and_changes_nothing(touch: Touch, said: str) -> None:
    session = TouchedSession(viewed_bundle().network)
    with pytest.raises(nd.NeurodeployError, match=said):
        session.touch(touch)
    assert session.wanted == session.running == Touch()
    with pytest.raises(nd.InputError, match="expected neurons 0 to 9, found 10"):
        unit_of(session.network, 0, 10)

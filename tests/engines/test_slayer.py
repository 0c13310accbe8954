"""SLAYER's arithmetic worked by hand, what it refuses, and where Lava differs from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cases import (
    REFUSED,
    Case,
    cases_of,
    current_wraps,
    inhibitory_or_nothing,
    only_inhibitory,
    voltage_clips,
)
from reference import as_written, reference

from neurodeploy.engines.slayer import SlayerEngine
from neurodeploy.errors import InputError, NetworkError
from neurodeploy.netx.layers import Average, Conv, Dense, Layer, NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron, SdnnNeuron

FORGETFUL = CubaNeuron(current_decay=4096, voltage_decay=4096, threshold=9)
"""Spikes where what arrives in a step, and the bias, are more than 9."""

WEIGHT = np.array([[4, 6, -2], [10, 0, -8]])
DENSE = Dense(weight=WEIGHT, neuron=FORGETFUL)


def spikes(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 2, shape).astype(np.uint8)


def a_step_later(arriving: np.ndarray) -> np.ndarray:
    return np.pad(arriving, ((0, 0), (0, 0), (1, 0)))[..., :-1]


def engine_of(*layers: Layer, **options: Any) -> SlayerEngine:
    return SlayerEngine(Network(input_shape=(3,), layers=layers, **options))


def test_a_neuron_without_memory_compares_what_arrives() -> None:
    batch = spikes(4, 3, 9)
    first, second = (
        engine_of(
            Dense(weight=WEIGHT, neuron=FORGETFUL, bias=[1, -1]),
            Dense(weight=[[10, 10]], neuron=FORGETFUL, delay=2),
        )
        .run(batch)
        .layers
    )
    arriving = a_step_later(np.einsum("oi,bit->bot", WEIGHT, batch))
    assert (first.dtype, second.dtype) == (np.uint8, np.uint8)
    np.testing.assert_array_equal(first, arriving + np.array([[1], [-1]]) > 9)
    late = np.pad(first, ((0, 0), (0, 0), (3, 0)))[..., :-3]
    np.testing.assert_array_equal(second, late.any(1, keepdims=True))
    assert 0 < second.sum() < second.size / 2


def test_spikes_of_the_input_may_carry_values() -> None:
    batch = spikes(4, 3, 9) * np.random.default_rng(1).integers(-7, 8, (4, 3, 9))
    found = engine_of(DENSE, input_bits=3).run(batch).spikes
    np.testing.assert_array_equal(found, a_step_later(np.einsum("oi,bit->bot", WEIGHT, batch)) > 9)
    assert 0 < found.sum() < found.size


def test_sessions_do_not_disturb_each_other_or_a_run() -> None:
    slow = CubaNeuron(current_decay=100, voltage_decay=50, threshold=40)
    engine = engine_of(Dense(weight=WEIGHT, neuron=slow))
    batch = spikes(2, 3, 12)
    expected = engine.run(batch).spikes
    assert 0 < expected.sum() < expected.size
    one, other = engine.open(), engine.open()
    for step in range(12):
        np.testing.assert_array_equal(one.step(batch[0, :, step]), expected[0, :, step])
        np.testing.assert_array_equal(other.step(batch[1, :, step]), expected[1, :, step])
        np.testing.assert_array_equal(engine.run(batch).spikes, expected)


# --- what it does not run ----------------------------------------------------------------------


@pytest.mark.parametrize("make", REFUSED["slayer"], ids=lambda make: make.__name__)
def test_what_slayer_does_not_run_is_refused_by_name_at_construction(
    make: Callable[[], Case],
) -> None:
    with pytest.raises(NetworkError) as refused:
        SlayerEngine(make().network)
    assert str(refused.value) == REFUSED["slayer"][make]


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ((Average(outputs=1),), "layer 0-average.*found average"),
        ((DENSE, NeuronInput(neuron=FORGETFUL)), "layer 1-input: expected an input layer first"),
    ],
    ids=["average", "input after a layer"],
)
def test_other_layers_are_refused_by_name(layers: tuple[Layer, ...], said: str) -> None:
    with pytest.raises(NetworkError, match=said):
        engine_of(*layers)


def test_sigma_delta_convolutions_are_refused_by_name() -> None:
    layer = Conv(weight=np.ones((1, 1, 2, 2)), neuron=SdnnNeuron(threshold=5))
    with pytest.raises(NetworkError, match="layer 0-conv, neuron: expected CUBA, found SdnnNeuron"):
        SlayerEngine(Network(input_shape=(1, 3, 3), layers=(layer,)))


def test_other_input_is_refused() -> None:
    with pytest.raises(InputError, match="input"):
        engine_of(DENSE).run(np.full((1, 3, 4), 2))


# --- where Lava does something else: docs/differences.md ----------------------------------------

DIFFERENT_IN_LAVA = {
    only_inhibitory: "netx changes the weights",
    inhibitory_or_nothing: "netx changes the weights",
    current_wraps: "states have 24 bits",
    voltage_clips: "states have 24 bits",
}


@pytest.mark.parametrize("make", cases_of("slayer"), ids=lambda make: make.__name__)
def test_it_differs_from_lava_only_for_the_listed_reasons(make: Callable[[], Case]) -> None:
    case = make()
    found = SlayerEngine(case.network).run(case.batch).layers
    lavas = reference(case.network, case.batch)
    agrees = all(map(np.array_equal, found, lavas))
    assert agrees == (make not in DIFFERENT_IN_LAVA)
    removed = {
        "netx changes the weights": {"store": as_written},
        "states have 24 bits": {"bits": 40},
    }
    options: Any = removed.get(DIFFERENT_IN_LAVA.get(make, ""), {})
    for mine, theirs in zip(found, reference(case.network, case.batch, **options), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize(("threshold", "spikes_in_slayer"), [(64 * 64 - 2, 0), (64 * 64, 1)])
def test_voltage_at_a_threshold_of_64_is_a_spike_in_float32(
    threshold: int, spikes_in_slayer: int
) -> None:
    """The voltage reaches the threshold exactly, which is no spike in Lava."""
    weight = np.full((1, 64), 64)
    weight[0, 0] += threshold - 64 * 64
    quick = CubaNeuron(current_decay=4096, voltage_decay=4096, threshold=threshold)
    network = Network(input_shape=(64,), layers=(Dense(weight=weight, neuron=quick),))
    batch = np.zeros((1, 64, 4), np.uint8)
    batch[0, :, 1] = 1
    assert SlayerEngine(network).run(batch).spikes.sum() == spikes_in_slayer
    assert reference(network, batch)[0].sum() == 0

"""Networks that were opened before: the same program, unless anything of them has changed."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from neurodeploy.engines.native import NativeEngine
from neurodeploy.engines.native.opened import OpenedPrograms
from neurodeploy.netx.layers import Conv, Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron


def network(seed: int = 0, outputs: int = 30, bias: int = 0, **neuron: Any) -> Network:
    rng = np.random.default_rng(seed)
    settings = {"current_decay": 2048, "voltage_decay": 410, "threshold": 30} | neuron
    layer = Dense(
        weight=2 * rng.integers(-30, 30, (outputs, 40)),
        bias=np.full(outputs, bias),
        neuron=CubaNeuron(**settings),
    )
    return Network(input_shape=(40,), layers=(layer,))


def test_an_equal_network_gets_the_same_program() -> None:
    opened = OpenedPrograms()
    assert opened.program(network()) is opened.program(network())


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 1},
        {"outputs": 31},
        {"bias": 2},
        {"threshold": 31},
        {"current_decay": np.arange(30)},
    ],
)
def test_any_other_one_gets_its_own(other: dict[str, Any]) -> None:
    opened = OpenedPrograms()
    assert opened.program(network()) is not opened.program(network(**other))


@pytest.mark.parametrize("place", [(0, 0), (0, 1), (17, 23), (29, 39)])
def test_a_weight_changed_in_place_is_seen(place: tuple[int, int]) -> None:
    """Before the change, in an engine that stays open; after it, in a new one; then back again."""
    mine, spikes = network(), np.ones((1, 40, 5), np.uint8)
    before = NativeEngine(mine)
    was = before.run(spikes).counts.layers[0].effective_synops.item()
    weight = mine.layers[0].weight
    assert weight[place]
    kept, weight[place] = weight[place], 0
    assert NativeEngine(mine).run(spikes).counts.layers[0].effective_synops.item() == was - 5
    assert before.run(spikes).counts.layers[0].effective_synops.item() == was
    weight[place] = kept
    assert NativeEngine(mine).run(spikes).counts.layers[0].effective_synops.item() == was


def test_any_array_of_a_layer_counts() -> None:
    opened, mine = OpenedPrograms(), network(current_decay=np.arange(30), bias=1)
    layer = mine.layers[0]
    found = [opened.program(mine)]
    for array in (layer.bias, layer.neuron.current_decay):
        array[7] += 1
        found.append(opened.program(mine))
    assert len(set(map(id, found))) == 3


def test_settings_of_a_layer_count() -> None:
    opened, weight = OpenedPrograms(), np.full((2, 1, 3, 3), 2)
    neuron = CubaNeuron(current_decay=0, voltage_decay=0, threshold=1)
    found = {
        id(opened.program(Network(input_shape=(1, 9, 9), layers=(layer,))))
        for layer in (
            Conv(weight=weight, neuron=neuron),
            Conv(weight=weight, neuron=neuron, stride=2),
            Conv(weight=weight, neuron=neuron, padding=1),
        )
    }
    assert len(found) == 3


def test_those_used_last_are_kept() -> None:
    first, second, third = (network(seed) for seed in range(3))
    opened = OpenedPrograms()
    opened.most_bytes = 2 * opened.program(first).nbytes
    one, two = opened.program(first), opened.program(second)
    opened.program(first)
    opened.program(third)
    assert opened.program(first) is one
    assert opened.program(second) is not two


def test_one_too_large_is_not_kept() -> None:
    opened = OpenedPrograms(most_bytes=100)
    assert opened.program(network()) is not opened.program(network())


def test_threads_get_what_they_asked_for() -> None:
    networks = [network(seed) for seed in range(4)]
    opened = OpenedPrograms()
    opened.most_bytes = 3 * opened.program(networks[0]).nbytes

    def ask(turn: int) -> bool:
        mine = networks[turn % 4]
        return np.array_equal(
            opened.program(copy.copy(mine)).network.layers[0].weight, mine.layers[0].weight
        )

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(ask, range(200)))

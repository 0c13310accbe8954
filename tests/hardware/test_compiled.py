"""Placements on Loihi 2 against those that Intel's compiler printed, row by row.

The tables are in `neurodeploy/hardware/measured.toml`, with their sources; the networks are in
`train/published_networks.py`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import published_networks as published
import pytest
from published_networks import LIF, SDNN, dense, mnist, oxford, pilotnet_sdnn, weights, yolo

from neurodeploy._io.documents import read_toml
from neurodeploy.hardware import chips
from neurodeploy.hardware.chips import Chip, find_chip
from neurodeploy.hardware.mapping.packing import exceeded
from neurodeploy.hardware.mapping.traffic import traffic
from neurodeploy.hardware.placement import Placement, place
from neurodeploy.netx.layers import Dense, NeuronInput
from neurodeploy.netx.network import Network

MEASURED = read_toml(Path(chips.__file__).with_name("measured.toml"), "measurements")
LOIHI2 = find_chip("loihi2")


def rows(placed: Placement) -> list[tuple[int, ...]]:
    """Mean words and input axons of a core, rounded down as printed, and cores, by layer."""
    return [
        (
            layer.memory_bits // 64 // layer.cores,
            layer.input_axons // layer.cores,
            layer.cores,
        )
        for layer in placed.layers
    ]


def printed(name: str, *keys: str) -> list[tuple[int, ...]]:
    return [tuple(row[key] for key in keys) for row in MEASURED[name]["partition"]]


def cores(name: str) -> list[int]:
    return [row[0] for row in printed(name, "cores")]


@pytest.fixture(scope="module")
def pilotnet_lif() -> Placement:
    return place(published.pilotnet_lif(), LOIHI2)


def test_pilotnet_lif_is_placed_as_the_compiler_did(pilotnet_lif: Placement) -> None:
    """Words, input axons and cores of every layer; the input's axon is the host's."""
    expected = printed("pilotnet_lif_loihi2", "synapses", "axon_in", "cores")
    assert rows(pilotnet_lif)[1:] == expected[1:]
    assert pilotnet_lif.layers[0].cores == expected[0][2]
    assert len(pilotnet_lif.cores) == MEASURED["pilotnet_lif_loihi2"]["cores"]
    assert pilotnet_lif.fits


def test_the_stripes_of_pilotnet_are_those_printed(pilotnet_lif: Placement) -> None:
    widest = [
        max(len(core.parts[0].neurons) for core in pilotnet_lif.cores if core.parts[0].layer == at)
        for at in range(6)
    ]
    assert widest == [row[0] for row in printed("pilotnet_lif_loihi2", "neurons_per_core")[:6]]


def test_pilotnet_sdnn_is_placed_as_the_compiler_did() -> None:
    placed = place(pilotnet_sdnn(), LOIHI2)
    assert rows(placed) == printed("pilotnet_sdnn_loihi2", "synapses", "axon_in", "cores")
    assert len(placed.cores) == MEASURED["pilotnet_sdnn_loihi2"]["cores"]
    (encoder,) = placed.findings
    assert (encoder.layer, encoder.blocking) == ("0-input", False)
    assert "the host does" in encoder.problem


def other(**costs: int) -> Chip:
    """Loihi 2 with other costs."""
    known = LOIHI2.costs
    changed = {
        name: msgspec.structs.replace(known[name], value=each) for name, each in costs.items()
    }
    return replace(LOIHI2, costs={**LOIHI2.costs, **changed})


@pytest.mark.parametrize(
    "costs",
    [
        {"dense_index_bits": 11},
        {"dense_index_bits": 13},
        {"word_bits": 32},
        {"word_bits": 128},
        {"header_bits": 1},
        {"header_bits": 17},
    ],
)
def test_other_costs_of_lists_do_not_give_the_printed_words(
    costs: dict[str, int], pilotnet_lif: Placement
) -> None:
    """What is inferred is determined: the index and the word exactly, the header to 2 to 16."""
    networks = {
        "pilotnet_lif_loihi2": pilotnet_lif.network,
        "pilotnet_sdnn_loihi2": pilotnet_sdnn(),
    }
    words = {name: [row[0] for row in printed(name, "synapses")] for name in networks}

    def given(chip: Chip) -> dict[str, list[int]]:
        return {name: [row[0] for row in rows(place(it, chip))] for name, it in networks.items()}

    assert given(other(header_bits=2)) == words
    assert given(other(**costs)) != words


def test_what_the_host_encodes_arrives_from_outside_the_mesh() -> None:
    layers = (NeuronInput(neuron=SDNN), *dense(SDNN, 5, (3, 4)))
    placed = place(Network(input_shape=(5,), layers=layers), LOIHI2)
    flow = traffic(placed.network, placed.cores, LOIHI2)
    assert (len(placed.cores), flow.messages, flow.input_messages) == (1, 0, 5)


def test_mnist_has_the_printed_cores() -> None:
    assert [layer.cores for layer in place(mnist(), LOIHI2).layers] == cores("mnist_loihi2")


def test_oxford_is_within_a_core_of_the_printed_ones() -> None:
    """The compiler put the first layer on 3 cores; the rule does not say why."""
    placed = place(oxford(), LOIHI2)
    assert len(placed.cores) == MEASURED["oxford_loihi2"]["cores"] - 1
    assert placed.layers[1].cores == cores("oxford_loihi2")[1]


def test_convolutions_too_large_for_a_core_have_the_printed_cores() -> None:
    placed = place(yolo(), LOIHI2)
    assert [layer.cores for layer in placed.layers] == cores("yolo_kp_loihi2")
    assert (len(placed.cores), placed.chips, placed.fits) == (574, 5, False)


def test_every_part_is_within_the_limits_and_every_neuron_once(pilotnet_lif: Placement) -> None:
    for at, shape in enumerate(pilotnet_lif.network.shapes):
        parts = [core.parts[0] for core in pilotnet_lif.cores if core.parts[0].layer == at]
        neurons = np.concatenate([part.neurons for part in parts])
        assert sorted(neurons.tolist()) == list(range(int(np.prod(shape))))
    assert all(exceeded(LOIHI2, core.used) is None for core in pilotnet_lif.cores)


def test_rows_are_halved_where_a_column_is_too_large() -> None:
    shape = (8, 1000, 3)
    image = Network(input_shape=shape, layers=(NeuronInput(neuron=LIF),))
    assert [len(core.parts[0].neurons) for core in place(image, LOIHI2).cores] == [4000] * 6


def test_zeros_are_kept_unless_they_are_to_be_left_out() -> None:
    weight = np.zeros((100, 2560), int)
    weight[:, ::20] = weights(3, 100, 128)
    network = Network(input_shape=(2560,), layers=(Dense(weight=weight, neuron=LIF),))
    assert len(place(network, LOIHI2).cores) == 12
    assert len(place(network, LOIHI2.without_zeros()).cores) == 1


def test_a_layer_that_cannot_be_cut_is_a_finding() -> None:
    wide = Network(input_shape=(20000,), layers=(Dense(weight=np.full((2, 20000), 2), neuron=LIF),))
    (finding,) = place(wide, LOIHI2).findings
    assert finding.resource == "input_axons"
    assert "a neuron asks 20,000 input axons, a core has 16,000" in finding.problem

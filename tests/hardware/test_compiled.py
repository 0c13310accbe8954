"""Placements on Loihi 2 against those that Intel's compilers printed, row by row.

The tables are in `neurodeploy/hardware/measured.toml`, with their sources; the networks are in
`train/published_networks.py`.
"""

from __future__ import annotations

import math
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
from neurodeploy.hardware.mapping.compiled import cuts
from neurodeploy.hardware.mapping.dense import DenseDemand
from neurodeploy.hardware.mapping.packing import exceeded
from neurodeploy.hardware.mapping.traffic import traffic
from neurodeploy.hardware.placement import Placement, place
from neurodeploy.netx.layers import Dense, NeuronInput
from neurodeploy.netx.network import Network

MEASURED = read_toml(Path(chips.__file__).with_name("measured.toml"), "measurements")
LOIHI2, LATER = find_chip("loihi2-2022"), find_chip("loihi2-2023")


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


def fullest(placed: Placement) -> list[tuple[float, ...]]:
    """Percent of neurons, words and input axons of the fullest core of each layer, as printed."""
    found = []
    for at in range(len(placed.layers)):
        used = [core.used for core in placed.cores if core.parts[0].layer == at]
        shares = [
            max(demand.amount(name) / placed.chip.known(name) for demand in used)
            for name in ("compartments", "memory_bits", "input_axons")
        ]
        found.append(tuple(round(100 * share, 2) for share in shares))
    return found


def tried(layer: Dense, chip: Chip) -> list[int]:
    """Words of the fullest part of each cut."""
    demand = DenseDemand(layer, "layer", chip)
    return [max(part.memory_bits for part in parts) // 64 for _, parts in cuts(demand, chip)]


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
        {"header_bits": 0},
        {"header_bits": 13},
    ],
)
def test_other_costs_of_lists_do_not_give_the_printed_words(
    costs: dict[str, int], pilotnet_lif: Placement
) -> None:
    """What is inferred is determined: the index and the word exactly, the header to 1 to 12."""
    networks = {
        "pilotnet_lif_loihi2": pilotnet_lif.network,
        "pilotnet_sdnn_loihi2": pilotnet_sdnn(),
        "oxford_loihi2": oxford(),
    }
    words = {name: [row[0] for row in printed(name, "synapses")] for name in networks}

    def given(chip: Chip) -> dict[str, list[int]]:
        return {name: [row[0] for row in rows(place(it, chip))] for name, it in networks.items()}

    assert given(other(header_bits=1)) == words
    assert given(other(header_bits=12)) == words
    assert given(other(**costs)) != words


def test_what_the_host_encodes_arrives_from_outside_the_mesh() -> None:
    layers = (NeuronInput(neuron=SDNN), *dense(SDNN, 5, (3, 4)))
    placed = place(Network(input_shape=(5,), layers=layers), LOIHI2)
    flow = traffic(placed.network, placed.cores, LOIHI2)
    assert (len(placed.cores), flow.messages, flow.input_messages) == (1, 0, 5)


@pytest.mark.parametrize("name", ["pilotnet_lif_loihi2", "pilotnet_sdnn_loihi2", "oxford_loihi2"])
def test_each_cut_that_is_tried_has_the_printed_words(name: str) -> None:
    dense_layers = [x for x in published.PRINTED[name]().layers if isinstance(x, Dense)]
    rows = [row for row in MEASURED[name]["partition"] if row["layer"].endswith("-dense")]
    for layer, row in zip(dense_layers, rows, strict=True):
        *over, last = tried(layer, LOIHI2)
        assert over == row.get("violations", [])
        assert last <= LOIHI2.known("memory_bits") // 64


def test_oxford_is_placed_as_the_compiler_did() -> None:
    placed = place(oxford(), LOIHI2)
    assert rows(placed) == printed("oxford_loihi2", "synapses", "axon_in", "cores")
    parts = [len(core.parts[0].neurons) for core in placed.cores]
    assert parts == [127, 127, 2, 127, 73]


@pytest.mark.parametrize("rule", ["from 4,096", "from the layer", "into equal parts"])
def test_other_cuts_do_not_give_the_printed_words(rule: str) -> None:
    """Of 12,000 words: PilotNet's largest dense layer has its cores, Oxford's first has not."""

    def number(neurons: int, axons: int, bits: int) -> int:
        size, parts = 4096 if rule == "from 4,096" else neurons, 1
        while (words := axons * -(-(min(size, neurons) * (12 + bits) + 10) // 64)) > 12000:
            excess = math.ceil(words / 12000)
            parts *= excess
            size = {
                "from 4,096": size // excess,
                "from the layer": math.ceil(size / excess),
                "into equal parts": math.ceil(neurons / parts),
            }[rule]
        return math.ceil(neurons / size)

    assert (number(100, 2560, 3), number(100, 2560, 4)) == (12, 12)
    assert number(256, 200, 8) + number(200, 256, 8) == 4


def test_mnist_is_placed_as_the_later_compiler_did() -> None:
    """Neurons, words and input axons of a core, cores, and how often it cut."""
    placed = place(mnist(), LATER)
    keys = ("neurons_percent", "synapses_percent", "axon_in_percent")
    assert fullest(placed) == printed("mnist_loihi2", *keys)
    assert [layer.cores for layer in placed.layers] == cores("mnist_loihi2")
    first = placed.network.layers[0]
    assert isinstance(first, Dense)
    assert len(tried(first, LATER)) == MEASURED["mnist_loihi2"]["cuts"]


def test_yolo_is_placed_as_the_later_compiler_did() -> None:
    placed = place(yolo(), LATER)
    assert [layer.cores for layer in placed.layers] == cores("yolo_kp_loihi2")
    assert (len(placed.cores), placed.chips, placed.fits) == (574, 5, False)
    words = [row[1:2] for row in fullest(placed)]
    assert words == printed("yolo_kp_loihi2", "synapses_percent")


def test_without_a_date_each_is_within_a_core_of_what_was_printed() -> None:
    undated = {name: len(place(it(), "loihi2").cores) for name, it in published.PRINTED.items()}
    assert undated.pop("oxford_loihi2") == MEASURED["oxford_loihi2"]["cores"] - 1
    assert undated == {name: MEASURED[name]["cores"] for name in undated}


def test_the_words_of_the_later_compiler_are_not_those_of_the_first() -> None:
    assert [layer.cores for layer in place(mnist(), LOIHI2).layers] == [6, 1, 1]


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

"""Networks on cores: every neuron once, within all limits, near the bound; what does not fit."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from small_chips import LOIHI1, LOIHI2, NEURON, PACKED2, dense, smaller, weights

from neurodeploy.hardware.advice import advise
from neurodeploy.hardware.chips import Chip
from neurodeploy.hardware.mapping.core_map import core_map
from neurodeploy.hardware.mapping.dense import DenseDemand
from neurodeploy.hardware.mapping.packing import exceeded
from neurodeploy.hardware.mapping.storage import ListFormat
from neurodeploy.hardware.placement import Placement, place
from neurodeploy.netx.layers import Average, Conv, Dense, NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import SdnnNeuron
from neurodeploy.netx.read import read_network


def check(placed: Placement) -> None:
    """Every neuron once, no core over a limit, sources and output axons counted anew."""
    network, chip = placed.network, placed.chip
    parts = [part for core in placed.cores for part in core.parts]
    shapes = network.shapes
    for at, shape in enumerate(shapes):
        neurons = np.concatenate([p.neurons for p in parts if p.layer == at])
        assert sorted(neurons.tolist()) == list(range(math.prod(shape)))
    for core in placed.cores:
        assert exceeded(chip, core.used) is None
        for part in core.parts:
            layer = network.layers[part.layer]
            if isinstance(layer, Dense) and not chip.placement.zeros_kept:
                connected = (layer.weight[part.neurons] != 0).any(axis=0)
                assert part.sources.tolist() == np.flatnonzero(connected).tolist()
    for part in parts:
        following = [p for p in parts if p.layer == part.layer + 1]
        slots = 1
        if following and isinstance(network.layers[part.layer + 1], Conv):
            slots = chip.cost("population_slots", 1) if chip.sharing == "population" else 1
        sent = slots * sum(len(np.intersect1d(part.neurons, p.sources)) for p in following)
        own = [p.own_sources for p in parts if p.layer == part.layer]
        sent += sum(len(np.intersect1d(part.neurons, sources)) for sources in own)
        assert sent <= part.demand.output_axons
    assert len(placed.cores) >= placed.bound >= 1


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Small networks, some with an image, recurrence, zeros, delays."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    density = draw(st.sampled_from([0.2, 0.8, 1.0]))

    def sparse(*shape: int) -> np.ndarray:
        return 2 * rng.integers(-20, 20, shape) * (rng.random(shape) < density)

    layers: list[Dense | Conv | NeuronInput] = []
    shape: tuple[int, ...] = (draw(st.integers(1, 12)),)
    if draw(st.booleans()):
        shape = (draw(st.integers(1, 3)), draw(st.integers(3, 8)), draw(st.integers(3, 8)))
    start = shape
    if draw(st.booleans()):
        layers.append(NeuronInput(neuron=NEURON))
    if len(shape) == 3:
        for _ in range(draw(st.integers(1, 2))):
            stride, padding = draw(st.integers(1, 2)), draw(st.integers(0, 1))
            filters = draw(st.integers(1, 6))
            kernel = min(3, *(size + 2 * padding for size in shape[1:]))
            layer = Conv(
                weight=sparse(filters, shape[0], kernel, kernel),
                neuron=NEURON,
                stride=stride,
                padding=padding,
            )
            layers.append(layer)
            shape = layer.output_shape(shape)
    for _ in range(draw(st.integers(0 if layers else 1, 3))):
        size = draw(st.integers(1, 40))
        back = sparse(size, size) if draw(st.booleans()) else None
        weight = sparse(size, math.prod(shape))
        delay = rng.integers(0, 5, weight.shape) if draw(st.booleans()) else None
        layers.append(Dense(weight=weight, neuron=NEURON, recurrent_weight=back, delay=delay))
        shape = (size,)
    return Network(input_shape=start, layers=tuple(layers))


@settings(max_examples=60)
@given(
    network=networks(),
    whole=st.sampled_from([LOIHI1, LOIHI2, PACKED2]),
    compartments=st.integers(8, 40),
    memory=st.integers(6, 60),
    axons=st.integers(150, 400),
)
def test_every_neuron_is_placed_once_and_no_core_is_over_a_limit(
    network: Network, whole: Chip, compartments: int, memory: int, axons: int
) -> None:
    chip = smaller(
        whole,
        compartments=compartments,
        memory_bits=2048 * memory,
        input_axons=axons,
        output_axons=axons,
    )
    placed = place(network, chip)
    if not any(finding.blocking for finding in placed.findings):
        check(placed)
    again = place(network, chip)
    first, second = (
        [[(p.layer, p.neurons.tolist()) for p in core.parts] for core in each.cores]
        for each in (placed, again)
    )
    assert first == second


def partitions(items: list[int]) -> Iterator[list[list[int]]]:
    if not items:
        yield []
        return
    for rest in partitions(items[1:]):
        yield [[items[0]], *rest]
        for at in range(len(rest)):
            yield [*rest[:at], [items[0], *rest[at]], *rest[at + 1 :]]


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), words=st.integers(6, 24), density=st.floats(0.1, 1.0))
def test_the_bound_is_below_the_best_of_all_packings(seed: int, words: int, density: float) -> None:
    rng = np.random.default_rng(seed)
    matrix = weights(seed, 6, 5) * (rng.random((6, 5)) < density)
    matrix[:, 0] = 2
    chip = smaller(LOIHI1, memory_bits=64 * words)
    layer = DenseDemand(Dense(weight=matrix, neuron=NEURON), "x", chip)

    def fits(neurons: list[int]) -> bool:
        chosen = matrix[neurons]
        bits = [
            int(ListFormat.of(chip).list_bits(count, layer.weight_width + index).sum())
            for count, index in (
                (np.where((chosen != 0).any(0), len(neurons), 0), 0),
                ((chosen != 0).sum(0), 10),
            )
        ]
        return min(bits) <= chip.known("memory_bits")

    best = min(len(each) for each in partitions(list(range(6))) if all(map(fits, each)))
    network = Network(input_shape=(5,), layers=(Dense(weight=matrix, neuron=NEURON),))
    placed = place(network, chip)
    assert placed.bound <= best <= len(placed.cores)


def large_networks(recordings: Path) -> dict[str, Network]:
    recurrent = [
        Dense(
            weight=weights(at, 1024, before), recurrent_weight=weights(9, 1024, 1024), neuron=NEURON
        )
        for at, before in enumerate((700, 1024))
    ]
    readout = Dense(weight=weights(5, 20, 1024), neuron=NEURON)
    return {
        "pilotnet_lif": read_network(recordings / "gts" / "pilotnet_lif" / "network.net"),
        "ntidigits": read_network(recordings / "gts" / "ntidigits" / "ntidigits.net"),
        "demo": dense(784, 600, 256),
        "dense_2048": dense(2312, 2048, 2048, 1024, 10),
        "recurrent_1024": Network(input_shape=(700,), layers=(*recurrent, readout)),
    }


@pytest.mark.parametrize(
    ("name", "chip"),
    [
        ("pilotnet_lif", LOIHI1),
        *(
            (name, chip)
            for name in ("ntidigits", "demo", "recurrent_1024")
            for chip in (LOIHI1, PACKED2)
        ),
        ("dense_2048", LOIHI1),
    ],
)
def test_cores_are_within_a_tenth_of_the_bound(name: str, chip: Chip, recordings: Path) -> None:
    network = large_networks(recordings)[name]
    placed = place(network, chip)
    assert len(placed.cores) <= 1.1 * placed.bound
    if isinstance(network.layers[-1], Average):
        placed = replace(placed, network=replace(network, layers=network.layers[:-1]))
    check(placed)


def test_the_demo_is_packed_as_well_as_can_be() -> None:
    placed = place(dense(784, 600, 256), LOIHI1)
    assert (len(placed.cores), placed.bound, placed.tightest) == (6, 6, "memory_bits")
    assert placed.fits
    assert advise(placed) == []
    layer_by_layer = math.ceil(600 / 142) + math.ceil(256 / 192)  # as many as a core takes of each
    assert layer_by_layer == 7


def test_a_layer_that_no_core_takes_leaves_the_others_bounded() -> None:
    layers = (
        Conv(weight=weights(0, 2, 1, 3, 3), neuron=NEURON),
        Dense(weight=weights(1, 3, 2), neuron=NEURON),
    )
    network = Network(input_shape=(1, 3, 3), layers=layers)
    placed = place(network, smaller(LOIHI1, memory_bits=192))
    assert [finding.layer for finding in placed.findings] == ["0-conv"]
    assert placed.findings[0].resource == "memory_bits"
    assert (len(placed.cores), placed.bound) == (1, 1)


def test_a_neuron_that_the_chip_lacks_does_not_fit() -> None:
    layers = (
        Dense(weight=weights(0, 4, 3), neuron=SdnnNeuron(threshold=5)),
        Dense(weight=weights(0, 2, 4), neuron=NEURON),
    )
    network = Network(input_shape=(3,), layers=layers)
    placed = place(network, LOIHI1)
    assert not placed.fits
    assert "neuron sdnn does not run on loihi1" in str(placed.findings[0])
    assert [layer.name for layer in placed.layers] == ["1-dense"]
    assert advise(placed) == []
    assert place(network, LOIHI2).fits


def test_graded_input_and_an_average_within() -> None:
    layers = (Dense(weight=weights(0, 4, 3), neuron=NEURON), Average(outputs=2))
    placed = place(Network(input_shape=(3,), layers=layers), LOIHI1)
    assert placed.fits
    assert "left out" in placed.findings[0].remedy
    within = (*layers, Dense(weight=weights(0, 4, 2), neuron=NEURON))
    assert not place(Network(input_shape=(3,), layers=within), LOIHI1).fits
    graded = Network(input_shape=(3,), layers=layers[:1], input_bits=8)
    assert "graded" in place(graded, LOIHI1).findings[0].problem
    assert place(graded, LOIHI2).fits


def test_too_many_inputs_of_a_neuron_are_named_with_the_limit() -> None:
    placed = place(dense(5000, 3), LOIHI1)
    assert not placed.fits
    finding = placed.findings[0]
    assert finding.resource == "input_axons"
    assert "asks 5,000 input axons, a core has 4,096" in finding.problem
    assert placed.cores == ()
    assert (placed.bound, placed.tightest) == (0, "")
    change = next(c for c in advise(placed) if "50%" in c.change)
    assert change.fits  # half of the inputs of each neuron


def test_synapses_of_the_chip_are_limited_where_that_is_known() -> None:
    placed = place(dense(10, 10), smaller(LOIHI2, synapses_per_chip=60))
    assert placed.chips == 2


def test_a_placement_draws_every_core_in_use_and_what_it_holds() -> None:
    network = dense(20, 30, 1500, 3)
    placed = place(network, LOIHI1)
    ax = placed.plot(Figure().subplots())
    *_, legend = ax.get_legend().get_texts()
    assert legend.get_text() in {"2-dense", "several layers"}
    pale, filled = ax.patches[:128], ax.patches[128:]
    assert len({patch.get_xy() for patch in pale}) == 128
    assert len(filled) == len(placed.cores) > 1
    uses = core_map(placed.cores, network.names, LOIHI1)
    heights = [patch.get_height() / pale[0].get_height() for patch in filled]
    assert heights == pytest.approx([use.full for use in uses])
    neurons: Counter[str] = sum((Counter(use.layers) for use in uses), Counter())
    assert neurons == dict(zip(network.names, (30, 1500, 3), strict=True))
    assert f"{len(placed.cores)} of 128 cores a chip" in ax.get_title(loc="left")

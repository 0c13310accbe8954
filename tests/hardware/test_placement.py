"""Networks on cores: counted by hand, against nengo-loihi's accounting, and against the bound."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.engines.registry import simulate
from neurodeploy.hardware.advice import advise, fit_report, suggest
from neurodeploy.hardware.chips import Chip, find_chip
from neurodeploy.hardware.mapping.conv import ConvDemand
from neurodeploy.hardware.mapping.dense import DenseDemand
from neurodeploy.hardware.mapping.packing import exceeded
from neurodeploy.hardware.mapping.storage import ListFormat
from neurodeploy.hardware.mapping.traffic import traffic
from neurodeploy.hardware.placement import Placement, place
from neurodeploy.netx.layers import Average, ComplexDense, Conv, Dense, NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron, RfNeuron, SdnnNeuron
from neurodeploy.netx.read import read_network

NEURON = CubaNeuron(current_decay=1024, voltage_decay=512, threshold=60)
LOIHI1, LOIHI2 = find_chip("loihi1"), find_chip("loihi2")
PACKED2 = LOIHI2.packed()


def weights(seed: int, *shape: int) -> np.ndarray:
    """Even weights of eight bits, none of them 0."""
    rng = np.random.default_rng(seed)
    return 2 * rng.integers(1, 128, shape) * rng.choice([-1, 1], shape)


def dense(*sizes: int) -> Network:
    layers = [
        Dense(weight=weights(at, after, before), neuron=NEURON)
        for at, (before, after) in enumerate(itertools.pairwise(sizes))
    ]
    return Network(input_shape=(sizes[0],), layers=tuple(layers))


def smaller(chip: Chip, **limits: int | None) -> Chip:
    """The chip with other limits and costs."""
    parts = {"limits": dict(chip.limits), "costs": dict(chip.costs)}
    for name, value in limits.items():
        part = parts["limits" if name in chip.limits else "costs"]
        part[name] = replace(part[name], value=value)
    return replace(chip, **parts)


# --- nengo-loihi 1.0.0: numbers that its classes give, run by themselves ---------------------


@pytest.mark.parametrize(
    ("size", "blocks", "bits", "fits"),
    [
        (512, 1, 2359296, False),
        (256, 2, 1179648, False),
        (170, 3, 783360, True),
        (128, 4, 589824, True),
        (102, 5, 456960, True),
        (85, 6, 391680, True),
        (73, 7, 359744, True),
    ],
)
def test_how_many_neurons_can_be_fully_connected(
    size: int, blocks: int, bits: int, fits: bool
) -> None:
    """The question and answers of forum.nengo.ai/t/706, and `Synapse.bits` for the same."""
    one = DenseDemand(Dense(weight=weights(0, size, size), neuron=NEURON), "x", LOIHI1)
    demand = one.demand(0, 0, size)
    assert blocks * demand.memory_bits == bits
    assert (bits <= LOIHI1.known("memory_bits")) == fits


@pytest.mark.parametrize(
    ("shape", "filters", "kernel", "stride", "index", "bits", "axons", "synapses"),
    [
        ((2, 5, 5), 4, 3, 1, 6, 10048, 25, 648),
        ((3, 9, 11), 8, 3, 2, 8, 10688, 99, 600),
        ((4, 8, 8), 16, 5, 1, 8, 435200, 64, 25600),
        ((1, 20, 20), 2, 3, 1, 10, 5120, 400, 216),  # lists again for bases from 256 on
    ],
)
def test_a_shared_convolution_is_that_of_nengo_loihi(
    shape: tuple[int, int, int],
    filters: int,
    kernel: int,
    stride: int,
    index: int,
    bits: int,
    axons: int,
    synapses: int,
) -> None:
    """`conv2d_loihi_weights` in `Synapse.set_population_weights`, which chose the index bits."""
    layer = Conv(weight=weights(1, filters, shape[0], kernel, kernel), neuron=NEURON, stride=stride)
    chip = smaller(LOIHI1, index_bits=index)
    conv = ConvDemand(layer, "x", chip, (shape, layer.output_shape(shape)))
    demand = conv.demand(0, 0, len(conv.segments[0]))
    assert (demand.memory_bits, demand.input_axons, demand.synapses) == (bits, axons, synapses)


@pytest.mark.parametrize(("neurons", "blocks"), [(400, 1), (1000, 1), (1100, 2), (2000, 2)])
def test_a_layer_takes_as_many_cores_as_nengo_loihi_has_blocks(neurons: int, blocks: int) -> None:
    """Ensembles of its ``test_split_ensembles``, ``test_interchip_helpers`` and its documentation.

    `Model.utilization_summary` there has 97.7 % of the compartments for 1,000.
    """
    placed = place(dense(1, neurons), LOIHI1)
    assert len(placed.cores) == blocks
    if neurons == 1000:
        assert f"{placed.utilisation['compartments']:.1%}" == "97.7%"


def test_what_nengo_loihi_refuses_is_beyond_a_core() -> None:
    """The cases of its ``test_validate_block``."""
    compartments = DenseDemand(Dense(weight=weights(0, 1200, 3), neuron=NEURON), "x", LOIHI1)
    assert exceeded(LOIHI1, compartments.demand(0, 0, 1200)) == "compartments"
    axons = DenseDemand(Dense(weight=weights(0, 10, 5000), neuron=NEURON), "x", LOIHI1)
    assert exceeded(LOIHI1, axons.demand(0, 0, 10)) == "input_axons"
    memory = DenseDemand(Dense(weight=weights(0, 600, 500), neuron=NEURON), "x", LOIHI1)
    assert memory.demand(0, 0, 600).memory_bits == 2720000
    assert exceeded(LOIHI1, memory.demand(0, 0, 600)) == "memory_bits"


# --- demands by hand -------------------------------------------------------------------------


def test_a_sparse_layer_leaves_its_zeros_out() -> None:
    matrix = np.zeros((100, 3), int)
    matrix[::10, 0] = 2  # 10 synapses; axon 1 has one, axon 2 none
    matrix[5, 1] = 4
    layer = DenseDemand(Dense(weight=matrix, neuron=NEURON), "x", LOIHI1)
    demand = layer.demand(0, 0, 100)
    # 2 bits and 10 of index: 10 * 12 + 10 -> 192 and 12 + 10 -> 64; dense: 138 -> 192 and 128.
    assert (demand.input_axons, demand.synapses, demand.memory_bits) == (2, 11, 192 - 64 + 64 + 64)
    assert layer.storage == "sparse"
    assert layer.sources(0, 0, 100).tolist() == [0, 1]
    assert layer.sources(0, 1, 6).tolist() == [1]


def test_delays_take_bits_of_every_synapse() -> None:
    plain, late = (
        DenseDemand(Dense(weight=weights(0, 64, 2), neuron=NEURON, delay=delay), "x", LOIHI1)
        for delay in (None, np.array([[0, 9]] * 64))
    )
    assert late.delay_width == 4
    assert plain.demand(0, 0, 64).memory_bits == 2 * 576
    assert late.demand(0, 0, 64).memory_bits == 2 * 832  # 64 * 12 + 10 -> 13 words


def test_recurrent_and_complex_layers_have_both_matrices() -> None:
    both = Dense(weight=weights(0, 4, 3), recurrent_weight=weights(1, 4, 4), neuron=NEURON)
    layer = DenseDemand(both, "x", LOIHI1)
    assert layer.demand(0, 0, 4).input_axons == 7
    assert layer.sources(0, 0, 4).tolist() == [0, 1, 2]
    assert layer.own_sources(0, 0, 4).tolist() == [0, 1, 2, 3]
    neuron = RfNeuron(sin_decay=100, cos_decay=4000, threshold=50, phase=True)
    parts = ComplexDense(
        real_weight=weights(0, 5, 3), imaginary_weight=weights(1, 5, 3), neuron=neuron
    )
    demand = DenseDemand(parts, "x", LOIHI2).demand(0, 0, 5)
    # A list an axon: 10 synapses of 8 bits and 12 of index, and a header of 16: 4 words.
    assert (demand.synapses, demand.memory_bits) == (30, 3 * 4 * 64)


def test_loihi_2_keeps_a_kernel_once() -> None:
    layer = Conv(weight=weights(0, 4, 2, 3, 3), neuron=NEURON, padding=1)
    conv = ConvDemand(layer, "x", LOIHI2, ((2, 8, 8), (4, 8, 8)))
    whole = conv.demand(0, 0, 64)
    assert whole.memory_bits == 2 * 9 * 64  # 4 channels of 8 bits and a header: a word
    assert (whole.synapses, whole.input_axons) == (4 * 2 * 9, 1)
    alone = replace(LOIHI2, sharing="none")
    conv = ConvDemand(layer, "x", alone, ((2, 8, 8), (4, 8, 8)))
    assert conv.demand(0, 0, 64).synapses == 2 * 4 * (3 * 8 - 2) ** 2


def test_output_axons_are_one_a_neuron_and_part_and_two_to_a_convolution() -> None:
    chip = smaller(LOIHI1, compartments=4)
    placed = place(dense(3, 5, 8), chip)
    assert placed.layers[0].output_axons == 5 * 2
    assert placed.layers[1].output_axons == 0
    image = Network(
        input_shape=(1, 4, 4),
        layers=(
            NeuronInput(neuron=NEURON),
            Conv(weight=weights(0, 2, 1, 3, 3), neuron=NEURON),
        ),
    )
    placed = place(image, LOIHI1)
    assert len(placed.cores) == 1
    assert placed.layers[0].output_axons == 16 * 2


def test_configurations_of_a_core_are_shared_by_its_layers() -> None:
    decays = np.arange(40) * 10
    neuron = CubaNeuron(current_decay=decays, voltage_decay=512, threshold=60)
    network = Network(input_shape=(3,), layers=(Dense(weight=weights(0, 40, 3), neuron=neuron),))
    placed = place(network, LOIHI1)  # 40 pairs of decays, 32 a core
    assert [core.used.compartments for core in placed.cores] == [32, 8]
    assert place(network, LOIHI2).cores[0].used.amount("compartment_configs") == 40


# --- placements ------------------------------------------------------------------------------


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


@pytest.mark.parametrize("chip", [LOIHI1, PACKED2], ids=["loihi1", "loihi2"])
@pytest.mark.parametrize(
    "name", ["pilotnet_lif", "ntidigits", "demo", "dense_2048", "recurrent_1024"]
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


# --- traffic, advice, what does not fit ------------------------------------------------------


def test_traffic_is_spikes_times_hops_counted_by_hand() -> None:
    chip = smaller(LOIHI1, compartments=2, cores_per_chip=4, mesh_columns=2)
    placed = place(dense(3, 2, 6), chip)
    homes = [sorted((p.layer, *p.neurons.tolist()) for p in core.parts) for core in placed.cores]
    assert homes == [[(0, 0, 1)], [(1, 0, 1)], [(1, 2, 3)], [(1, 4, 5)]]
    # Serpentine on 2 x 2: (0,0), (0,1), (1,1), (1,0); two neurons send to cores 1, 2, 3.
    flow = traffic(placed.network, placed.cores, chip)
    assert (flow.messages, flow.hops, flow.input_messages) == (6, 2 * (1 + 2 + 1), 3)
    assert flow.chip_crossings == 0
    spikes = (np.random.default_rng(0).random((4, 3, 20)) < 0.5).astype(np.uint8)
    counts = simulate(placed.network, spikes, engine="native").counts
    run = traffic(placed.network, placed.cores, chip, counts)
    mean = counts.layers[0].output_spikes.mean() / 2
    assert run.hops == pytest.approx(8 * mean)
    assert run.input_messages == pytest.approx(spikes.sum() / 4)
    two = traffic(placed.network, placed.cores, smaller(chip, cores_per_chip=2))
    assert two.chip_crossings == 4


def test_recurrent_spikes_between_cores_are_traffic() -> None:
    layer = Dense(weight=weights(0, 4, 1), recurrent_weight=weights(1, 4, 4), neuron=NEURON)
    network = Network(input_shape=(1,), layers=(layer,))
    placed = place(network, smaller(LOIHI1, compartments=2))
    assert traffic(network, placed.cores, placed.chip).messages == 4


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


def test_advice_is_placed_anew() -> None:
    chip = smaller(LOIHI1, cores_per_chip=5)
    network = dense(784, 600, 256)
    late = [replace(layer, delay=np.full(layer.weight.shape, 3)) for layer in network.layers]
    placed = place(replace(network, layers=tuple(late)), chip)
    changes = {change.change: change for change in advise(placed)}
    assert set(changes) >= {"weights a width narrower", "no delays", "split over 2 chips"}
    assert changes["no delays"].cores == 6
    assert changes["split over 2 chips"].fits
    last_pruned = [c for name, c in changes.items() if "prune" in name][-1]
    assert last_pruned.fits
    assert last_pruned.cores <= 5


def test_too_many_neurons_are_a_shortage_that_no_pruning_helps() -> None:
    placed = place(dense(2, 50), smaller(LOIHI1, compartments=10, cores_per_chip=4))
    assert placed.shortage == {"compartments": 1.25}
    assert [change.change for change in advise(placed)] == ["split over 2 chips"]


def test_synapses_of_the_chip_are_limited_where_that_is_known() -> None:
    placed = place(dense(10, 10), smaller(LOIHI2, synapses_per_chip=60))
    assert placed.chips == 2


def test_the_report_has_all_for_json() -> None:
    report = fit_report(dense(20, 30, 10), "loihi2")
    assert report == fit_report(dense(20, 30, 10), LOIHI2)
    assert report["fits"]
    assert (report["cores"], report["bound"]) == (2, 1)  # each layer by itself
    assert report["traffic"]["messages"] == 30
    assert report["layers"][0]["memory_bits"] == 20 * 640  # 30 * 20 + 16 bits a list
    assert "output_axons" in report["unknown"]
    assert report["limits"]["memory_bits"]["source"]
    assert report["confidence"] == "inferred"
    assert [ground["basis"] for ground in report["grounds"]][:2] == ["inferred", "inferred"]
    (share,) = report["suggestions"]
    assert (share["change"], share["cores"]) == ("let layers share cores", 1)
    assert share["confidence"] == "assumed"


def test_zeros_left_out_are_a_suggestion_where_they_are_kept() -> None:
    sparse = weights(0, 128, 512)
    sparse[:, 20:] = 0
    network = Network(input_shape=(512,), layers=(Dense(weight=sparse, neuron=NEURON),))
    placed = place(network, LOIHI2)
    assert len(placed.cores) == 2
    assert [(it.cores, it.confidence) for it in suggest(placed)] == [(1, "assumed"), (1, "assumed")]
    assert suggest(place(network, LOIHI1)) == []

"""What a run of neurons asks of a core: by hand, and as nengo-loihi 1.0 counts it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_chips import LOIHI1, LOIHI2, NEURON, dense, smaller, weights

from neurodeploy.hardware.mapping.conv import ConvDemand
from neurodeploy.hardware.mapping.dense import DenseDemand
from neurodeploy.hardware.mapping.packing import exceeded
from neurodeploy.hardware.placement import place
from neurodeploy.netx.layers import ComplexDense, Conv, Dense, NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron, RfNeuron


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

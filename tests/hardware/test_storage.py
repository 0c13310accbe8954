"""How weights are stored: nengo-loihi's numbers, printed words of a compiler, and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from neurodeploy.hardware.chips import Chip, find_chip
from neurodeploy.hardware.mapping.dense import DenseDemand
from neurodeploy.hardware.mapping.storage import ListFormat, stored_weights, weight_bits
from neurodeploy.netx.layers import ComplexDense, Conv, Dense, NeuronInput
from neurodeploy.netx.neurons import CubaNeuron, RfNeuron

NEURON = CubaNeuron(current_decay=1024, voltage_decay=512, threshold=60)
LOIHI1, LOIHI2 = find_chip("loihi1"), find_chip("loihi2")


@pytest.mark.parametrize(
    ("bits", "expected"),
    [
        (8, [0, 64, 64, 128, 576, 576, 640, 1152, 5440, 9216]),  # 8-bit weights, dense
        (8 + 10, [0, 64, 128, 192, 1152, 1216, 1280, 2432, 11392, 19456]),  # and 10-bit indices
        (4 + 6, [0, 64, 128, 128, 640, 704, 768, 1408, 6592, 11264]),  # 4-bit weights and delays
        (6 + 3 + 2 + 6, [0, 64, 128, 192, 1088, 1152, 1216, 2304, 10816, 18432]),  # tags too
    ],
)
def test_bits_of_a_list_are_those_of_nengo_loihi(bits: int, expected: list[int]) -> None:
    """`SynapseConfig.bits_per_axon` of 1.0.0, with ``n_synapses`` 63 as it always sets it."""
    numbers = [0, 1, 6, 7, 63, 64, 65, 128, 600, 1024]
    assert ListFormat.of(LOIHI1).list_bits(numbers, bits).tolist() == expected


@pytest.mark.parametrize(
    ("neurons", "bits", "words"),
    [(100, 3, 24), (17, 3, 5), (100, 4, 26), (17, 4, 5), (50, 4, 13), (50, 6, 15), (10, 5, 3)],
)
def test_lists_of_dense_layers_have_the_words_that_the_compiler_printed(
    neurons: int, bits: int, words: int
) -> None:
    """PilotNet's tables: words by lists, 61,440 / 2,560, 12,800 / 2,560, 1,300 / 100 and so on."""
    assert ListFormat.of(LOIHI2).list_bits(neurons, 12 + bits) == 64 * words


@pytest.mark.parametrize(
    ("channels", "bits", "lists", "words"),
    [
        (24, 5, 27, 81),
        (24, 6, 27, 81),
        (36, 4, 216, 864),
        (36, 5, 216, 864),
        (48, 4, 324, 1620),
        (64, 4, 432, 2160),
        (64, 5, 432, 2592),
        (64, 4, 576, 2880),
    ],
)
def test_kernels_have_the_words_that_the_compiler_printed(
    channels: int, bits: int, lists: int, words: int
) -> None:
    """The convolutions of PilotNet's two tables."""
    assert lists * ListFormat.of(LOIHI2).kernel_bits(channels, bits) == 64 * words


@pytest.mark.parametrize(
    ("values", "bits"),
    [
        ([-2, 2], 2),  # -1 and 1 times two
        ([2, 4, 6], 2),  # one sign: 1, 2, 3 times two
        ([-8, 6], 3),  # -4 and 3 times two
        ([-8, 8], 2),  # -1 and 1 times eight
        ([-64, 62], 6),
        ([-128, 126], 8),  # 7 bits, a width that Loihi lacks
        ([-256, 254], 8),
        ([255], 8),
        ([-254, 253], 8),  # 9 bits: truncated, as netx does
        ([0], 1),
    ],
)
def test_bits_of_a_weight(values: list[int], bits: int) -> None:
    assert weight_bits(LOIHI1.weight_widths, [np.array(values)]) == bits


def test_matrices_of_a_layer_share_one_width() -> None:
    assert weight_bits(LOIHI1.weight_widths, [np.array([2, 4]), np.array([-30])]) == 5


def test_a_pruned_layer_is_stored_sparse_and_a_full_one_dense() -> None:
    """By hand, in a memory of any width: 64 neurons take an index of 6 bits."""
    full = np.full((64, 10), 2)
    full[0] = -4  # -2 and 1: two bits
    pruned = np.where(np.arange(64)[:, None] % 16 == 0, full, 0)
    dense, sparse = (
        stored_weights(Dense(weight=weight, neuron=NEURON)) for weight in (full, pruned)
    )
    assert (dense.form, dense.entries, dense.bits) == ("dense", 640, 640 * 2)
    assert (sparse.form, sparse.entries, sparse.entry_bits) == ("sparse", 40, 2 + 6)
    assert sparse.bits == sparse.words == 40 * 8
    assert sparse.lists == dense.lists == 10


def test_lists_of_a_chip_are_in_its_words() -> None:
    matrix = np.zeros((100, 3), int)
    matrix[::10, 0], matrix[5, 1] = 2, 4
    stored = stored_weights(Dense(weight=matrix, neuron=NEURON), LOIHI1)
    # 2 bits and 10 of index: 10 * 12 + 10 -> 3 words, 12 + 10 -> 1; dense: 2 + 2 words more.
    assert (stored.form, stored.lists, stored.entries) == ("sparse", 2, 11)
    assert (stored.words, stored.bits) == (4, 256)


def test_all_matrices_and_delays_of_a_layer_are_stored() -> None:
    both = Dense(weight=np.full((4, 3), 2), recurrent_weight=np.full((4, 4), 6), neuron=NEURON)
    assert stored_weights(both).entries == 28
    assert stored_weights(both).weight_bits == 2
    late = Dense(weight=np.full((4, 3), 2), neuron=NEURON, delay=np.full((4, 3), 9))
    assert (stored_weights(late).delay_bits, stored_weights(late).bits) == (4, 12 * 5)
    neuron = RfNeuron(sin_decay=100, cos_decay=4000, threshold=50, phase=True)
    parts = ComplexDense(
        real_weight=np.full((5, 3), 2), imaginary_weight=np.full((5, 3), 2), neuron=neuron
    )
    assert stored_weights(parts).entries == 30
    assert stored_weights(NeuronInput(neuron=NEURON)).bits == 0


def test_a_convolution_stores_its_kernels_once() -> None:
    layer = Conv(weight=np.full((6, 2, 3, 3), 2), neuron=NEURON, groups=2)
    stored = stored_weights(layer)
    assert (stored.form, stored.lists, stored.entries, stored.bits) == ("kernel", 36, 108, 108)
    # On Loihi 2 a list reaches the 3 channels of a group: blocks of 2 and 1, a word each.
    assert stored_weights(layer, LOIHI2).words == 36 * 2


def test_a_chip_that_keeps_zeros_stores_them() -> None:
    matrix = np.zeros((30, 5), int)
    matrix[:3, :2] = [[2], [-4], [2]]
    layer = Dense(weight=matrix, neuron=NEURON)
    kept, dropped = stored_weights(layer, LOIHI2), stored_weights(layer, LOIHI2.without_zeros())
    assert (kept.form, kept.lists, kept.entries) == ("dense", 5, 150)
    assert kept.words == 5 * 7  # 30 * 14 + 16 bits
    assert (dropped.form, dropped.lists, dropped.entries, dropped.words) == ("sparse", 2, 6, 2)


@pytest.mark.parametrize("chip", [LOIHI1, LOIHI2, LOIHI2.without_zeros()])
@pytest.mark.parametrize("density", [0.05, 0.4, 1.0])
def test_a_core_that_holds_a_layer_stores_what_is_said_of_it(chip: Chip, density: float) -> None:
    rng = np.random.default_rng(1)
    matrix = 2 * rng.integers(-60, 60, (50, 40)) * (rng.random((50, 40)) < density)
    layer = Dense(weight=matrix, neuron=NEURON)
    demand = DenseDemand(layer, "x", chip).demand(0, 0, 50)
    stored = stored_weights(layer, chip)
    assert (demand.memory_bits, demand.synapses, demand.input_axons) == (
        stored.bits,
        stored.entries,
        stored.lists,
    )

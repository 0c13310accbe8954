"""The memory model, counted by hand on a network of a few synapses."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurodeploy.cost.memory import access_j, memory_joules, products_j
from neurodeploy.cost.report import cost_report, energy_proxies, stored_by_device
from neurodeploy.deploy.bundle import Bundle
from neurodeploy.engines.registry import simulate
from neurodeploy.hardware.devices import load_devices
from neurodeploy.model.decoder import Decoder, DecoderConfig
from neurodeploy.netx.layers import Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron
from neurodeploy.signals.encode import SpikeInput

NAME = "sram45_integer"
DEVICE = load_devices()[NAME]
NEURON = CubaNeuron(current_decay=1024, voltage_decay=128, threshold=80)


@pytest.mark.parametrize(
    ("bits", "size_bytes", "joules"),
    [
        # Horowitz, ISSCC 2014: 10, 20 and 100 pJ for 64 bits of a cache of 8 KB, 32 KB and 1 MB.
        (64, 8 * 1024, 10e-12),
        (64, 32 * 1024, 20e-12),
        (64, 1024 * 1024, 100e-12),
        (8, 1024 * 1024, 12.5e-12),
        (24, 0, 3.75e-12),
        # Half way in the logarithm of the size: the geometric mean. Beyond, on the same line.
        (64, 16 * 1024, (10 * 20) ** 0.5 * 1e-12),
        (64, 32 * 1024 * 1024, 500e-12),
    ],
)
def test_an_access_costs_by_size_and_width(bits: int, size_bytes: int, joules: float) -> None:
    assert access_j(DEVICE, bits, size_bytes) == pytest.approx(joules, rel=1e-9)


def test_a_larger_memory_never_costs_less() -> None:
    costs = [access_j(DEVICE, 64, size) for size in 2 ** np.arange(0, 30)]
    assert (np.diff(costs) >= 0).all()


def test_products_read_weights_and_activations_and_skip_zeros_in_the_cheaper_order() -> None:
    # 8 bits of the smallest memory: 1.25 pJ; of a sum of 32 bits, read and written: 10 pJ.
    product = 0.3e-12 + 12.5e-12
    for effective, by_output in ((900, True), (20, False)):
        dense_j, effective_j = products_j(DEVICE, 1000, effective, 2**20)
        assert dense_j == pytest.approx(1000 * (product + 1.25e-12), rel=1e-9)
        expected = 1000 * 1.25e-12 if by_output else effective * 10e-12
        assert effective_j == pytest.approx(effective * product + expected, rel=1e-9)
    plain = load_devices()["cmos45_integer"]
    assert products_j(plain, 1000, 20, 2**20) == pytest.approx((1000 * 0.3e-12, 20 * 0.3e-12))


def test_weights_of_fewer_bits_lie_in_a_smaller_memory_and_more_are_8() -> None:
    dense_j, _ = products_j(DEVICE, 10, 0, 1 << 20, weight_bits=2)
    product_j = DEVICE.constants["mac"].value_j + access_j(DEVICE, 2, 1 << 18)
    assert dense_j == pytest.approx(10 * (product_j + access_j(DEVICE, 8, 0)), rel=1e-12)
    assert products_j(DEVICE, 10, 5, 99, 32) == products_j(DEVICE, 10, 5, 99)


def run_of(network: Network) -> tuple[np.ndarray, np.ndarray]:
    spikes = (np.random.default_rng(2).random((3, *network.input_shape, 10)) < 0.4).astype(np.uint8)
    return spikes, simulate(network, spikes)


def test_what_a_run_reads_and_writes_counted_by_hand() -> None:
    weight = np.array([[64, 8, 32, 16], [-64, 48, 16, 2]])
    recurrent = np.array([[2, 64], [64, 2]])
    layer = Dense(weight=weight, recurrent_weight=recurrent, neuron=NEURON)
    network = Network(input_shape=(4,), layers=(layer,))
    _, run = run_of(network)
    (stored,) = stored_by_device(network, load_devices())[NAME]
    (counted,) = run.counts.layers
    assert counted.output_spikes.any()
    found = memory_joules(DEVICE, network, run.counts, [stored])
    bit_j = 10e-12 / 64  # all of it lies in the smallest memory
    assert stored.form == "dense"
    np.testing.assert_allclose(found["weights"][0], counted.synops * stored.entry_bits * bit_j)
    # A sum of 24 bits read and written a synop; an update does so with the sum and two states.
    bits = counted.synops * 48 + counted.neuron_updates * 3 * 48
    np.testing.assert_allclose(found["states"][0], bits * bit_j)
    # 2 bits name one of 4 inputs, 1 bit one of 2 neurons; each is written and read.
    bits = counted.input_spikes * 2 * 2 + counted.output_spikes * 2 * 1
    np.testing.assert_allclose(found["queues"][0], bits * bit_j)


def test_the_proxy_adds_memory_to_arithmetic_and_host_and_ann_pay_theirs() -> None:
    rng = np.random.default_rng(0)
    layer = Dense(weight=2 * rng.integers(-9, 10, (6, 20)), neuron=NEURON)
    network = Network(input_shape=(20,), layers=(layer,))
    torch.manual_seed(0)
    config = DecoderConfig(kind="linear", neurons=6, window_steps=10, heads={"label": 3})
    bundle = Bundle(network=network, decoder=Decoder(config), encoding=SpikeInput(steps=10))
    spikes, run = run_of(network)
    proxies = energy_proxies(bundle, run.counts, devices=load_devices())
    plain, memory = proxies["cmos45_integer"], proxies[NAME]
    for cause in ("synapses", "neurons"):
        assert memory.causes[cause] == plain.causes[cause]
    added = sum(memory.causes[cause] for cause in ("weights", "states", "queues")) / 3
    assert added > 0
    assert memory.bill.chip == pytest.approx(plain.bill.chip + added)
    host_j, _ = products_j(DEVICE, 180, 180, 180 + 3)
    assert memory.bill.host == pytest.approx(host_j)
    report = cost_report(bundle, spikes, run, devices=load_devices())
    ann = report["ann"]
    assert ann["weights"] == 6 * 20 + 6 * 3 + 3
    expected = products_j(DEVICE, ann["dense_macs"], ann["effective_macs"], ann["weights"])
    beside = report["proxies"][NAME]["ann"]
    assert (beside["dense_j"], beside["effective_j"]) == expected
    assert beside["break_even_rate"] is None

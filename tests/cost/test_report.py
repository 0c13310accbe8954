"""The whole report of a run: what comes together in it, and what it says is left out."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from neurodeploy.cost.hops import hops_per_spike
from neurodeploy.cost.host import Host
from neurodeploy.cost.latency import answer_time
from neurodeploy.cost.metrics import count_membrane_updates
from neurodeploy.cost.report import cost_report, energy_report, stored_by_device
from neurodeploy.deploy.bundle import Bundle
from neurodeploy.engines.base import Run
from neurodeploy.engines.counts import Counts
from neurodeploy.engines.native import NativeEngine
from neurodeploy.engines.registry import simulate
from neurodeploy.errors import InputError, NetworkError
from neurodeploy.hardware.chips import find_chip
from neurodeploy.hardware.devices import load_devices
from neurodeploy.hardware.mapping.traffic import traffic
from neurodeploy.hardware.placement import Placement, place
from neurodeploy.model.decoder import Decoder, DecoderConfig
from neurodeploy.netx.layers import Conv, Dense, NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron, SdnnNeuron
from neurodeploy.signals.encode import SpikeInput

NEURON = CubaNeuron(current_decay=1024, voltage_decay=128, threshold=80)


def wide_network() -> Network:
    """Three layers that take several cores of Loihi 1."""
    rng = np.random.default_rng(0)
    layers = (
        Dense(weight=2 * rng.integers(-3, 5, (1500, 20)), neuron=NEURON),
        Dense(weight=2 * rng.integers(-3, 5, (600, 1500)), neuron=NEURON),
        Dense(weight=2 * rng.integers(-3, 5, (10, 600)), neuron=NEURON),
    )
    return Network(input_shape=(20,), layers=layers)


def spikes(network: Network) -> np.ndarray:
    shape = (3, *network.input_shape, 8)
    return (np.random.default_rng(1).random(shape) < 0.3).astype(np.uint8)


def bundle_of(network: Network, kind: str = "rate", outputs: int = 3, steps: int = 8) -> Bundle:
    """With a decoder of hidden width 5."""
    (neurons,) = network.output_shape
    config = DecoderConfig(
        kind=kind, neurons=neurons, window_steps=steps, heads={"label": outputs}, hidden=5
    )
    return Bundle(network=network, decoder=Decoder(config), encoding=SpikeInput(steps=steps))


@pytest.fixture(scope="module")
def network() -> Network:
    return wide_network()


@pytest.fixture(scope="module")
def run(network: Network) -> Run:
    return simulate(network, spikes(network))


@pytest.fixture(scope="module")
def counts(run: Run) -> Counts:
    return run.counts


@pytest.fixture(scope="module")
def placement(network: Network) -> Placement:
    return place(network, find_chip("loihi1"))


def test_hops_of_each_layer_add_up_to_the_traffic_of_the_run(
    network: Network, counts: Counts, placement: Placement
) -> None:
    per_spike = hops_per_spike(placement)
    assert per_spike.shape == (3,)
    assert (per_spike[:2] > 1).all()
    assert per_spike[2] == 0  # the last layer sends to the host
    sent = np.array([layer.output_spikes for layer in counts.layers])
    assert sent.any(1).all()
    flow = traffic(network, placement.cores, placement.chip, counts)
    assert (per_spike[:, None] * sent).sum() / 3 == pytest.approx(flow.hops, rel=1e-12)


def test_the_report_holds_every_part(network: Network, run: Run, placement: Placement) -> None:
    counts = run.counts
    devices = load_devices()
    with NativeEngine(network) as engine:
        updates = count_membrane_updates(engine, spikes(network))
    bundle = bundle_of(network)
    report = cost_report(
        bundle,
        spikes(network),
        run,
        devices=devices,
        placement=placement,
        step_time_s=2e-6,
        membrane_updates=updates,
    )
    assert json.loads(json.dumps(report)) == report
    assert {"layers", "samples", "steps", "proxies"} <= set(report)
    assert (report["samples"], report["steps"]) == (3, 8)
    host = report["host"]
    assert (host["macs_per_sample"], host["footprint_bytes"]) == (10 * 5 + 5 * 3, 4 * 73)
    assert 0 < host["effective_macs_per_sample"] <= host["macs_per_sample"]
    assert set(host["eight_bits"]) == {"label"}
    for layer, counted in zip(report["layers"], counts.layers, strict=True):
        assert layer.items() >= counted.totals().items()
        assert layer["membrane_updates"] == updates[layer["name"]].sum()
        assert 0 < layer["membrane_updates"] <= layer["neuron_updates"]
        assert 0 < layer["connection_sparsity"] < layer["activation_sparsity"] < 1
    assert (
        report["metrics"]["membrane_updates"]
        == sum(layer["membrane_updates"] for layer in report["layers"]) / 3
    )
    plain = energy_report(bundle, counts, devices=devices)["proxies"]
    hops = report["traffic"]["hops_per_sample"]
    loihi = report["proxies"]["loihi"]
    assert loihi["causes"].pop("traffic") == pytest.approx(3 * hops * 3.5e-12, rel=1e-12)
    assert loihi["causes"] == plain["loihi"]["causes"]
    assert loihi["traffic"] == pytest.approx(hops * 3.5e-12, rel=1e-12)
    assert loihi["total"] == pytest.approx(loihi["chip"] + loihi["traffic"] + loihi["host"])
    assert loihi["total"] == pytest.approx(loihi["per_sample_j"], rel=1e-12)
    assert report["proxies"]["spinnaker"].items() >= plain["spinnaker"].items()
    assert report["traffic"] == {
        "chip": "loihi1",
        "cores": len(placement.cores),
        "hops_per_sample": hops,
    }
    assert report["answer"]["seconds"] == (8 + 3) * 2e-6


def test_static_energy_has_its_proxy_beside_it_where_there_is_one(
    network: Network, run: Run
) -> None:
    report = cost_report(network, spikes(network), run, devices=load_devices())
    loihi, loihi2 = (report["latency"][name] for name in ("loihi", "loihi2"))
    proxy = report["proxies"]["loihi"]["total"]
    assert proxy > 0
    assert loihi["with_proxy_j"] == pytest.approx(proxy + loihi["static_j"])
    assert loihi2["static_j"] > 0
    assert loihi2["with_proxy_j"] is None


def test_hops_say_which_chip_they_are_of(network: Network, run: Run) -> None:
    """Loihi's figures price the hops of whichever chip was asked for."""
    given = network, spikes(network), run
    devices = load_devices()
    for chip, said in (("loihi1", False), ("loihi2", True)):
        report = cost_report(*given, devices=devices, placement=place(network, find_chip(chip)))
        assert report["proxies"]["loihi"]["hops_of"] == report["traffic"]["chip"] == chip
        assert report["proxies"]["spinnaker"]["hops_of"] is None
        words = "The hops are those of loihi2; loihi prices them at figures of loihi1."
        assert (words in report["assumptions"]) is said
    assert cost_report(*given, devices=devices)["proxies"]["loihi"]["hops_of"] is None


def test_the_equal_ann_is_beside_the_network(network: Network, run: Run) -> None:
    bundle = bundle_of(network, kind="linear")
    report = cost_report(bundle, spikes(network), run, devices=load_devices())
    ann, macs = report["ann"], 20 * 1500 + 1500 * 600 + 600 * 10
    # Its decoder reads 10 values; the network's reads 10 neurons in 8 steps.
    assert ann["network"]["dense_macs"] == macs
    assert ann["decoder"]["dense_macs"] == 10 * 3
    assert ann["dense_macs"] == macs + 30
    assert report["host"]["macs_per_sample"] == 8 * 30
    assert ann["effective_macs"] < ann["dense_macs"]
    assert ann["synops_per_connection_step"] == sum(
        layer["synops"] for layer in report["layers"]
    ) / (3 * 8 * macs)
    logic = {"cmos45_float", "cmos45_integer", "sram45_integer"}
    assert set(ann["proxies"]) == {*logic, "cpu", "gpu", "arm"}
    for device, on, mac_j, precision in (
        ("cmos45_float", "cmos45_float", 4.6e-12, "32-bit floating point"),
        ("cmos45_integer", "cmos45_integer", 0.3e-12, "8-bit integers"),
        ("loihi", "arm", 0.9e-9, "not said"),
    ):
        proxy = report["proxies"][device]
        equal = proxy["ann"]
        assert (equal["device"], equal["precision"]) == (on, precision)
        assert equal["dense_macs"] == ann["dense_macs"]
        assert equal["dense_j"] == pytest.approx((macs + 30) * mac_j, rel=1e-12)
        assert equal["effective_j"] == pytest.approx(ann["effective_macs"] * mac_j, rel=1e-12)
        # The decoder, at the same price, in both bills.
        assert proxy["host"] == pytest.approx(8 * 30 * mac_j, rel=1e-12)
        skipped = report["host"]["effective_macs_per_sample"]
        assert proxy["zero_skipping"]["host"] == pytest.approx(skipped * mac_j, rel=1e-12)
        assert proxy["zero_skipping"]["chip"] == proxy["chip"]
        assert proxy["verdict"].startswith(f"On {device} ")
    entry = report["proxies"]["cmos45_float"]
    cheaper = entry["chip"] < macs * 4.6e-12
    assert cheaper == (ann["synops_per_connection_step"] < entry["ann"]["break_even_rate"])


def test_a_network_without_synapses_has_no_rate() -> None:
    network = Network(input_shape=(4,), layers=(NeuronInput(neuron=NEURON),))
    signal = np.full((2, 4, 5), 1.5)
    report = cost_report(network, signal, simulate(network, signal), devices=load_devices())
    assert report["ann"]["synops_per_connection_step"] is None
    assert report["ann"]["dense_macs"] == 0
    proxy = report["proxies"]["cmos45_float"]
    assert proxy["ann"]["break_even_rate"] is None
    assert proxy["verdict"].endswith("the equal ANN multiplies nothing.")
    assert report["answer"]["steps"] == 5
    assert report["metrics"]["connection_sparsity"] is None


def test_an_answer_takes_steps_and_seconds_only_where_a_step_has_some() -> None:
    layers = (
        NeuronInput(neuron=NEURON),
        Conv(weight=np.ones((1, 1, 2, 2)), neuron=NEURON),
        Dense(weight=np.ones((2, 4)), neuron=NEURON),
    )
    network = Network(input_shape=(1, 3, 3), layers=layers)
    assert answer_time(network, 20) == {
        "sample_steps": 20,
        "network_steps": 2,
        "steps": 22,
        "step_time_s": None,
        "seconds": None,
    }
    assert answer_time(network, 20, 0.5)["seconds"] == 11.0
    for wrong in (0.0, -1e-6, float("nan"), float("inf")):
        with pytest.raises(InputError, match="step time: expected seconds, more than 0"):
            answer_time(network, 20, wrong)


@pytest.mark.parametrize(("kept", "form"), [(0.05, "sparse"), (1.0, "dense")])
def test_energy_charges_what_fit_stores(kept: float, form: str) -> None:
    """The same pruned layer was 21 times dearer in `energy` than what `fit` said is stored."""
    rng = np.random.default_rng(7)
    weight = 2 * rng.integers(1, 9, (64, 128)) * (rng.random((64, 128)) < kept)
    network = Network(input_shape=(128,), layers=(Dense(weight=weight, neuron=NEURON),))
    counts = simulate(network, spikes(network)).counts
    placed = place(network, find_chip("loihi1"))
    assert [layer.storage for layer in placed.layers] == [form]
    (layer,) = counts.layers
    charged = layer.effective_synops if form == "sparse" else layer.synops
    report = energy_report(network, counts)["proxies"]
    for device, synop_j in (("loihi", 23.6e-12), ("cmos45_integer", 0.1e-12)):
        expected = charged.sum() * synop_j
        assert report[device]["causes"]["synapses"] == pytest.approx(expected, rel=1e-12)
    assert stored_by_device(network, load_devices())["loihi"][0].form == form


def test_what_is_left_out_is_said(network: Network, run: Run, placement: Placement) -> None:
    def said(deployed: Network | Bundle = network, **options: Any) -> str:
        report = cost_report(deployed, spikes(network), run, devices=load_devices(), **options)
        return "\n".join(report["assumptions"])

    assert "Not a measurement" in said()
    assert "Traffic between cores is left out: no chip is given." in said()
    assert "decoder answers" not in said()
    assert "host: arm, cmos45_float, cmos45_integer, sram45_integer." in said(bundle_of(network))
    flow = said(placement=placement)
    assert "on loihi1" in flow
    assert "for want of a figure: spinnaker, spinnaker2, cmos45_float, cmos45_integer, " in flow


def test_traffic_of_what_a_chip_cannot_run_is_refused() -> None:
    layers = (Dense(weight=np.ones((2, 4)), neuron=SdnnNeuron(threshold=3)),)
    placement = place(Network(input_shape=(4,), layers=layers), find_chip("loihi1"))
    with pytest.raises(NetworkError, match=r"chip loihi1: .*neuron sdnn does not run on loihi1"):
        hops_per_spike(placement)


@pytest.mark.parametrize(
    ("kind", "macs", "biases"), [("linear", 6 * 4 * 5, 5), ("rate", 6 * 5 + 5 * 5, 5 + 5)]
)
def test_the_host_holds_a_decoder_of_float32(kind: str, macs: int, biases: int) -> None:
    network = Network(input_shape=(2,), layers=(Dense(weight=np.ones((6, 2)), neuron=NEURON),))
    bundle = bundle_of(network, kind, outputs=5, steps=4)
    host = Host.of(bundle, 4)
    assert (host.macs_per_sample, host.footprint_bytes) == (macs, 4 * (macs + biases))
    assert Host.of(network, 4) == Host()


def test_a_run_of_a_bundle_never_leaves_its_decoder_out() -> None:
    """The proxies of the network alone were 75 times less than those of the demo's table."""
    network = Network(input_shape=(2,), layers=(Dense(weight=np.ones((6, 2)), neuron=NEURON),))
    bundle = bundle_of(network, "mlp", outputs=5, steps=8)
    counts = simulate(network, spikes(network)).counts
    macs = 8 * 6 * 5 + 5 * 5
    mac_j = load_devices()["arm"].constants["mac"].value_j
    alone = energy_report(network, counts)["proxies"]["loihi"]["per_sample_j"]
    whole = energy_report(bundle, counts)["proxies"]["loihi"]["per_sample_j"]
    assert whole - alone == pytest.approx(macs * mac_j, rel=1e-9)
    assert whole > 10 * alone

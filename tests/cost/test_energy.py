import json
import math
from typing import get_args

import numpy as np
import pytest

from neurodeploy.cost.ann import ann_equivalent, break_even_rate, dense_macs
from neurodeploy.cost.energy import CAUSES
from neurodeploy.cost.energy import price as price_stored
from neurodeploy.cost.report import energy_report
from neurodeploy.deploy.bundle import Bundle
from neurodeploy.engines.counts import Counts, LayerCounts, count
from neurodeploy.errors import FileFormatError, InputError
from neurodeploy.hardware.devices import DEVICE_TABLE, EnergyBasis, load_devices
from neurodeploy.model.decoder import Decoder, DecoderConfig
from neurodeploy.netx.layers import Conv, Dense, NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron
from neurodeploy.signals.encode import SpikeInput

ARITHMETIC = tuple(
    cause for cause in CAUSES if cause not in ("weights", "states", "queues", "traffic")
)

OWN = """
[toy]
title = "A toy chip"
host = "toyhost"
notes = "For tests."
synop = { value_j = 2.0, unit = "J", year = 2001, source = "Nobody", basis = "simulated" }
neuron_update = { value_j = 3.0, unit = "J", year = 2002, source = "Nobody", basis = "measured" }
hop = { value_j = 5.0, unit = "J", year = 2007, source = "Nobody", basis = "assumed" }

[toyhost]
title = "A toy host"
mac = { value_j = 7.0, unit = "J", year = 2003, source = "Nobody", basis = "assumed" }

[toylogic]
title = "Toy logic"
ac = { value_j = 11.0, unit = "J", year = 2004, source = "Nobody", basis = "assumed" }
neuron_update = { value_j = 0, unit = "J", year = 2005, source = "Nobody", basis = "assumed" }
mac = { value_j = 13.0, unit = "J", year = 2006, source = "Nobody", basis = "measured" }
"""


SRAM = (
    '{size_bytes = 64, value_j = 1, unit = "J", year = 2001, source = "Nobody", basis = "assumed"}'
)


def layer(name, synops, updates, macs=(0, 0), graded=(0, 0)):
    def array(values):
        return np.array(values, dtype=np.int64)

    return LayerCounts(
        name=name,
        input_spikes=array([17, 19]),
        output_spikes=array([23, 29]),
        synops=array(synops),
        effective_synops=array([1, 2]),
        graded_synops=array(graded),
        neuron_updates=array(updates),
        macs=array(macs),
    )


def price(counts, *, devices, host_macs_per_sample=0, hops=None, sparse=(False, False, False)):
    """Where each device stores layers as said, all of them dense if nothing is."""
    flags = dict.fromkeys(devices, np.array(sparse[: len(counts.layers)]))
    return price_stored(
        counts, devices=devices, host_macs_per_sample=host_macs_per_sample, sparse=flags, hops=hops
    )


@pytest.fixture
def counts():
    layers = (
        layer("0-input", (0, 0), (5, 5), macs=(6, 6)),
        layer("1-dense", (10, 30), (4, 4)),
        layer("2-dense", (100, 40), (8, 8), graded=(60, 20)),
    )
    return Counts(layers=layers, samples=2, steps=9)


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(OWN)
    return path


def test_a_proxy_is_the_sum_counted_by_hand(counts, own):
    proxy = price(counts, devices=load_devices(own), host_macs_per_sample=50)["toy"]
    # Synops 110 and 70, of them graded 60 and 20 (a chip with synapses asks the same for both),
    # updates 17 each, input MACs 6 each (priced by the host), decoder 50 each.
    assert proxy.causes == {
        "synapses": 100 * 2.0,
        "graded_synapses": 80 * 2.0,
        "neurons": 34 * 3.0,
        "input": 12 * 7.0,
        "host": 100 * 7.0,
    }
    first, second = (synops * 2.0 + 17 * 3.0 + 56 * 7.0 for synops in (110, 70))
    assert proxy.energy_j == first + second == 1246.0
    assert proxy.per_sample_j == 623.0
    assert proxy.sample.worst_j == first == 663.0
    assert proxy.sample.spread_j == 40.0
    assert proxy.bill.to_dict() == {"total": 623.0, "chip": 273.0, "traffic": 0.0, "host": 350.0}
    assert proxy.basis == {
        "synapses": "simulated",
        "graded_synapses": "simulated",
        "neurons": "measured",
        "input": "assumed",
        "host": "assumed",
    }


def test_a_layer_that_is_stored_sparse_is_charged_for_what_is_stored(counts, own):
    devices = load_devices(own)
    dense, sparse = (
        price(counts, devices=devices, sparse=flags)
        for flags in ((False, False, False), (False, True, True))
    )
    # Of 40 plain synops 3 are effective; of 140 with graded spikes, 3, and all of them multiply.
    assert sparse["toy"].joules[1].sum(1).tolist()[:2] == [3 * 2.0, 0.0]
    assert sparse["toylogic"].joules[2].sum(1).tolist()[:2] == [0.0, 3 * 13.0]
    np.testing.assert_array_equal(sparse["toy"].joules[0], dense["toy"].joules[0])
    assert sparse["toy"].causes["neurons"] == dense["toy"].causes["neurons"]


def test_logic_prices_synapses_as_additions_and_multiplies_graded_spikes(counts, own):
    devices = load_devices(own)
    assert devices["toylogic"].host == "toylogic"
    proxy = price(counts, devices=devices, host_macs_per_sample=50)["toylogic"]
    assert proxy.causes == {
        "synapses": 100 * 11.0,
        "graded_synapses": 80 * 13.0,
        "neurons": 0.0,
        "input": 12 * 13.0,
        "host": 100 * 13.0,
    }
    assert (proxy.basis["synapses"], proxy.basis["graded_synapses"]) == ("assumed", "measured")


@pytest.mark.parametrize(
    ("has", "expected"),
    [
        ("synop", "synop"),
        ("synop mac", "synop"),
        ("ac mac", "mac"),
        ("ac", "ac"),
    ],
)
def test_a_graded_synop_is_a_synop_or_a_mac_or_else_an_addition(own, counts, has, expected):
    values = {"synop": 2.0, "ac": 11.0, "mac": 13.0, "neuron_update": 3.0}
    rows = "".join(
        f'{name} = {{ value_j = {values[name]}, unit = "J", year = 2001, source = "Nobody", '
        'basis = "assumed" }\n'
        for name in (*has.split(), "neuron_update")
    )
    own.write_text(f'{OWN}\n[mine]\ntitle = "Mine"\nhost = "toyhost"\n{rows}')
    devices = load_devices(own)
    assert devices["mine"].graded_synapse == devices["mine"].constants[expected]
    causes = price(counts, devices=devices)["mine"].causes
    assert causes["graded_synapses"] == 80 * values[expected]
    assert causes["synapses"] == 100 * values[has.split()[0]]


def test_loihi_at_its_published_figures(counts):
    proxy = price(counts, devices=load_devices())["loihi"]
    assert proxy.causes["synapses"] == pytest.approx(100 * 23.6e-12, rel=1e-12)
    assert proxy.causes["graded_synapses"] == pytest.approx(80 * 23.6e-12, rel=1e-12)
    assert proxy.causes["neurons"] == pytest.approx(34 * 81e-12, rel=1e-12)
    assert proxy.causes["input"] == pytest.approx(12 * 0.9e-9, rel=1e-12)
    assert proxy.causes["host"] == 0.0
    assert proxy.basis["synapses"] == "simulated"


def test_a_device_without_figures_for_spikes_has_no_proxy(counts):
    proxies = price(counts, devices=load_devices())
    logic = {"cmos45_float", "cmos45_integer", "sram45_integer"}
    assert set(proxies) == {"loihi", "spinnaker", "spinnaker2", *logic}


def test_totals_add_up_on_every_device(counts):
    for proxy in price(counts, devices=load_devices(), host_macs_per_sample=1234).values():
        assert tuple(proxy.causes) == ARITHMETIC
        assert proxy.energy_j == math.fsum(proxy.causes.values())
        assert proxy.per_sample_j * counts.samples == pytest.approx(proxy.energy_j, rel=1e-12)
        # Of two samples, the worst is one standard deviation over the mean.
        sample = proxy.sample
        assert sample.worst_j == pytest.approx(sample.per_sample_j + sample.spread_j, rel=1e-12)
        entry = proxy.to_dict()
        by_layer = math.fsum(2 * layer["per_sample_j"] for layer in entry["layers"])
        assert by_layer + entry["causes"]["host"] == pytest.approx(proxy.energy_j, rel=1e-12)


def test_traffic_is_priced_where_there_are_hops_and_a_figure(counts, own):
    devices = load_devices(own)
    hops = np.array([[0.0, 0.0], [1.5, 2.0], [0.5, 0.0]])
    proxies = price(counts, devices=devices, hops=hops)
    assert set(proxies["toy"].causes) == {*ARITHMETIC, "traffic"}
    assert proxies["toy"].causes["traffic"] == 4.0 * 5.0
    assert proxies["toy"].basis["traffic"] == "assumed"
    assert proxies["loihi"].causes["traffic"] == pytest.approx(4 * 3.5e-12, rel=1e-12)
    assert "traffic" not in proxies["toylogic"].causes
    without = price(counts, devices=devices)["toy"]
    assert "traffic" not in without.causes
    assert proxies["toy"].energy_j == without.energy_j + 20.0
    conv, dense = proxies["toy"].to_dict()["layers"][1:]
    assert (conv["causes"]["traffic"], dense["causes"]["traffic"]) == (17.5, 2.5)


def test_a_proxy_by_cause_and_by_layer_counted_by_hand(counts, own):
    entry = price(counts, devices=load_devices(own), host_macs_per_sample=50)["toy"].to_dict()
    assert entry["per_cause"] == {
        "synapses": {"per_sample_j": 100.0, "spread_j": 0.0, "worst_j": 100.0},
        "graded_synapses": {"per_sample_j": 80.0, "spread_j": 40.0, "worst_j": 120.0},
        "neurons": {"per_sample_j": 51.0, "spread_j": 0.0, "worst_j": 51.0},
        "input": {"per_sample_j": 42.0, "spread_j": 0.0, "worst_j": 42.0},
        "host": {"per_sample_j": 350.0, "spread_j": 0.0, "worst_j": 350.0},
    }
    first, second, third = entry["layers"]
    assert first == {
        "name": "0-input",
        "per_sample_j": 57.0,
        "spread_j": 0.0,
        "worst_j": 57.0,
        "causes": {"synapses": 0.0, "graded_synapses": 0.0, "neurons": 30.0, "input": 84.0},
    }
    # Synops 10 and 30 of 2 J, 4 updates of 3 J; then 100 and 40, and 8 updates.
    assert (second["per_sample_j"], second["spread_j"], second["worst_j"]) == (52.0, 20.0, 72.0)
    assert (third["per_sample_j"], third["spread_j"], third["worst_j"]) == (164.0, 60.0, 224.0)


def test_every_shipped_figure_says_where_it_comes_from():
    devices = load_devices()
    assert "loihi2" not in devices
    for name, device in devices.items():
        assert device.name == name
        assert device.title
        assert device.notes
        assert device.constants
        for constant in device.constants.values():
            assert 0 < constant.value_j < 1e-6
            assert constant.unit.startswith("J per ")
            assert 2010 <= constant.year <= 2030
            assert len(constant.source) > 20
            assert constant.basis in get_args(EnergyBasis)


def test_shipped_sums_are_sums():
    integer, real = (load_devices()[name].constants for name in ("cmos45_integer", "cmos45_float"))
    assert real["mac"].value_j == pytest.approx(3.7e-12 + real["ac"].value_j)
    assert real["neuron_update"].value_j == pytest.approx(2 * real["mac"].value_j)
    assert integer["mac"].value_j == pytest.approx(0.2e-12 + integer["ac"].value_j)
    assert integer["neuron_update"].value_j == pytest.approx(2 * (3.1e-12 + 0.1e-12))


def test_an_own_table_adds_a_device_and_replaces_one_as_a_whole(tmp_path, own):
    shipped = load_devices()
    assert set(load_devices(own)) == set(shipped) | {"toy", "toyhost", "toylogic"}
    path = tmp_path / "other.toml"
    path.write_text(OWN.replace("[toy]", "[loihi]"))
    replaced = load_devices(path)
    assert replaced["loihi"].title == "A toy chip"
    assert replaced["loihi"].constants["synop"].value_j == 2.0
    assert replaced["spinnaker"] == shipped["spinnaker"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("value_j = 2.0, ", "", ("toy", "synop", "value_j", "nothing")),
        ('unit = "J", year = 2001', "year = 2001", ("toy", "synop", "unit", "nothing")),
        ("year = 2003, ", "", ("toyhost", "mac", "year", "nothing")),
        ('source = "Nobody", basis = "measured" }', 'basis = "measured" }', ("source",)),
        (', basis = "simulated"', "", ("toy", "synop", "basis", "nothing")),
        ('title = "A toy host"', "", ("toyhost", "title", "nothing")),
        ('title = "A toy host"', 'title = " "', ("toyhost", "title", "' '")),
        ("value_j = 3.0", "value_j = -3.0", ("toy", "neuron_update", "value_j", "-3.0")),
        ("value_j = 3.0", "value_j = inf", ("value_j", "inf")),
        ("value_j = 3.0", "value_j = true", ("value_j", "True")),
        ("value_j = 3.0", 'value_j = "3"', ("value_j", "'3'")),
        ("year = 2001", "year = 20.01", ("toy", "year", "20.01")),
        ('"simulated"', '"guessed"', ("toy", "synop", "basis", "measured", "'guessed'")),
        ('"simulated"', "[1]", ("basis", "[1]")),
        ('notes = "For tests."', 'note = "For tests."', ("toy", "'note'")),
        ('unit = "J", year = 2001', 'units = "J", year = 2001', ("toy", "synop", "'units'")),
        ('host = "toyhost"', 'host = "nowhere"', ("toy", "host", "'nowhere'")),
        ('host = "toyhost"', 'host = "loihi"', ("loihi", "mac", "host of toy")),
        ("\nac = {", "\nsynop = {value_j = 1, unit = 'J', year = 2001, source = 'x', "
         "basis = 'assumed'}\nac = {", ("toylogic", "one of synop and ac")),
        ("[toyhost]", "[toyhost]\nneuron_update = 1", ("toyhost", "neuron_update", "a table", "1")),
        ('host = "toyhost"', 'chip = "loihi9"', ("toy", "chip", "loihi1", "'loihi9'")),
        ("[toy]\n", f"[toy]\nsram = [{SRAM}]\n", ("toy", "no sram without synapses and mac")),
        ("[toylogic]\n", f"[toylogic]\nsram = [{SRAM}]\n", ("toylogic", "two rising sizes")),
        ("[toylogic]\n", f"[toylogic]\nsram = [{SRAM}, {SRAM}]\n",
         ("toylogic", "sram", "two rising sizes")),
        ("[toylogic]\n", f"[toylogic]\nsram = [{SRAM}, {{size_bytes = 99}}]\n",
         ("toylogic", "sram[1].value_j", "nothing")),
        ("[toy]", "toy9 = 4\n[toy]", ("toy9", "a table", "4")),
        ("[toy]", "[empty]\ntitle = 'x'\n[toy]", ("empty", "at least one", "a table of title")),
        ('title = "A toy host"', "title = 'x'\nhop = {value_j = 1, unit = 'J', year = 2001, "
         "source = 'x', basis = 'assumed'}", ("toyhost", "no hop without synop or ac")),
    ],
)  # fmt: skip
def test_a_bad_table_is_refused_by_file_device_and_field(own, old, new, words):
    assert OWN.count(old) >= 1
    own.write_text(OWN.replace(old, new, 1))
    with pytest.raises(FileFormatError) as caught:
        load_devices(own)
    for word in (*words, "expected", "found"):
        assert word in str(caught.value)
    assert str(DEVICE_TABLE if "host of toy" in words else own) in str(caught.value)


@pytest.mark.parametrize("gone", ["synop", "neuron_update"])
def test_spikes_need_a_figure_for_synapses_and_for_neurons(own, gone):
    lines = OWN.splitlines()
    lines.remove(next(line for line in lines if line.startswith(f"{gone} =")))
    own.write_text("\n".join(lines))
    with pytest.raises(FileFormatError, match=rf"device toy: .*{gone}.*found a table of"):
        load_devices(own)


def test_a_table_that_is_no_file_or_no_toml_is_refused(tmp_path):
    with pytest.raises(FileFormatError, match=r"gone\.toml: expected an existing file"):
        load_devices(tmp_path / "gone.toml")
    with pytest.raises(FileFormatError, match="a folder"):
        load_devices(tmp_path)
    path = tmp_path / "bad.toml"
    path.write_text("[toy\n")
    with pytest.raises(FileFormatError, match=r"bad\.toml: expected TOML"):
        load_devices(str(path))
    path.write_bytes(b"\x89HDF\r\n\xff")
    with pytest.raises(FileFormatError, match=r"bad\.toml: expected TOML"):
        load_devices(path)


def test_numbers_that_cannot_be_are_refused(counts):
    devices = load_devices()
    with pytest.raises(InputError, match="host_macs_per_sample: expected 0 or more, found -1"):
        price(counts, devices=devices, host_macs_per_sample=-1)
    with pytest.raises(InputError, match="at least one sample, found 0"):
        price(Counts(layers=(), samples=0, steps=3), devices=devices)
    with pytest.raises(InputError, match="host of loihi: expected 'arm' with mac"):
        price(counts, devices={"loihi": devices["loihi"]})
    with pytest.raises(InputError, match=r"hops: expected 0 or more, found -0\.5"):
        price(counts, devices=devices, hops=np.full((3, 2), -0.5))
    for effective in (-1, 4):
        with pytest.raises(InputError, match=f"expected 0 to 3, found {effective}"):
            ann_equivalent(3, effective, 3, devices)


def network():
    neuron = CubaNeuron(current_decay=1024, voltage_decay=128, threshold=80)
    rng = np.random.default_rng(5)
    return Network(
        input_shape=(2, 5, 6),
        layers=(
            NeuronInput(neuron=neuron),
            Conv(weight=rng.integers(-9, 9, (3, 2, 3, 3)), neuron=neuron, padding=(0, 1)),
            Dense(weight=rng.integers(-1, 2, (4, 54)), neuron=neuron),
        ),
    )


def test_dense_macs_counts_every_connection_once():
    # Conv: 3 x 6 outputs a channel, of which two columns miss a third of the kernel to padding.
    conv = 3 * 2 * 3 * (4 * 9 + 2 * 6)
    assert dense_macs(network()) == conv + 4 * 54 == 1080


def test_a_network_that_always_fires_costs_as_many_synops_as_the_dense_ann_macs():
    net, steps = network(), 7
    activity = [np.ones((1, *shape, steps), np.uint8) for shape in (net.input_shape, *net.shapes)]
    synops = sum(each.synops.item() for each in count(net, activity).layers)
    assert synops == steps * dense_macs(net)


def test_the_ann_pays_every_product_or_those_that_are_not_by_zero(own):
    devices = load_devices(own)
    proxies = ann_equivalent(1080, 7, 1080, devices)
    assert set(proxies) == {name for name in devices if "mac" in devices[name].constants}
    assert "loihi" not in proxies
    assert proxies["toyhost"].dense_j == 1080 * 7.0
    assert proxies["toyhost"].effective_j == 7 * 7.0
    assert proxies["toylogic"].dense_j == 1080 * 13.0
    assert proxies["toylogic"].basis == "measured"


def bundle_of_50_host_macs():
    neuron = CubaNeuron(current_decay=1024, voltage_decay=128, threshold=80)
    layers = (
        NeuronInput(neuron=neuron),
        Dense(weight=np.ones((4, 6)), neuron=neuron),
        Dense(weight=np.ones((5, 4)), neuron=neuron),
    )
    config = DecoderConfig(kind="rate", neurons=5, window_steps=9, heads={"label": 5}, hidden=5)
    return Bundle(
        network=Network(input_shape=(6,), layers=layers),
        decoder=Decoder(config),
        encoding=SpikeInput(steps=9),
    )


def test_the_report_is_the_json_that_was_agreed(counts, own):
    bundle = bundle_of_50_host_macs()
    report = energy_report(bundle, counts, devices=load_devices(own))
    assert json.loads(json.dumps(report)) == report
    assert list(report) == ["layers", "samples", "steps", "host", "proxies"]
    assert report["host"] == {
        "macs_per_sample": 50,
        "weights": 50 + 5 + 5,
        "weight_bits": 32,
        "footprint_bytes": 4 * (50 + 5 + 5),
    }
    assert (report["samples"], report["steps"]) == (2, 9)
    assert report["layers"][1] == {
        "name": "1-dense",
        "input_spikes": 36,
        "output_spikes": 52,
        "synops": 40,
        "effective_synops": 3,
        "graded_synops": 0,
        "neuron_updates": 8,
        "macs": 0,
    }
    toy = report["proxies"]["toy"]
    assert set(toy) == {
        *("total", "chip", "traffic", "host"),
        *("energy_j", "per_sample_j", "spread_j", "worst_j"),
        *("causes", "basis", "per_cause", "layers"),
    }
    figures = [toy[key] for key in ("energy_j", "per_sample_j", "spread_j", "worst_j")]
    assert figures == [1246.0, 623.0, 40.0, 663.0]
    assert toy["causes"] == {
        "synapses": 200.0,
        "graded_synapses": 160.0,
        "neurons": 102.0,
        "input": 84.0,
        "host": 700.0,
    }
    alone = energy_report(bundle.network, counts)["proxies"]["loihi"]
    assert (alone["causes"]["host"], alone["host"]) == (0, 0)
    assert alone["per_sample_j"] < energy_report(bundle, counts)["proxies"]["loihi"]["per_sample_j"]


def test_a_report_of_something_else_is_refused(counts):
    other = Network(input_shape=(6,), layers=bundle_of_50_host_macs().network.layers[:2])
    with pytest.raises(InputError, match="counts: expected of a run of layers"):
        energy_report(other, counts)
    with pytest.raises(InputError, match="a Network or a Bundle, found a Counts"):
        energy_report(counts, counts)


# --- where a network costs as much as the ANN --------------------------------------------------


def dense_pair(*, input_bits=0, threshold=80):
    neuron = CubaNeuron(current_decay=1024, voltage_decay=128, threshold=threshold)
    layers = (
        Dense(weight=np.ones((4, 6)), neuron=neuron, recurrent_weight=np.zeros((4, 4))),
        Dense(weight=np.ones((2, 4)), neuron=neuron),
    )
    return Network(input_shape=(6,), layers=layers, input_bits=input_bits)


def priced(ac, mac, update, tmp_path):
    rows = {"ac": ac, "mac": mac, "neuron_update": update}
    path = tmp_path / "priced.toml"
    path.write_text(
        '[mine]\ntitle = "Mine"\n'
        + "".join(
            f'{name} = {{ value_j = {value}, unit = "J", year = 2001, source = "x", '
            'basis = "assumed" }\n'
            for name, value in rows.items()
        )
    )
    return load_devices(path)["mine"]


def test_the_break_even_rate_counted_by_hand(tmp_path):
    device = priced(2.0, 32.0, 3.0, tmp_path)
    # 48 connections and 6 neurons: 10 * rate * 48 * 2 + 10 * 6 * 3 = 48 * 32.
    assert break_even_rate(dense_pair(), 10, device) == (48 * 32 - 180) / 960
    # Graded spikes of the input multiply, at 40 connections: 10 * rate * (40 * 32 + 8 * 2) + 180.
    graded = break_even_rate(dense_pair(input_bits=3), 10, device)
    assert graded == (48 * 32 - 180) / (10 * (40 * 32 + 16))


def test_neurons_of_an_input_layer_and_its_macs_are_in_the_break_even_rate(tmp_path):
    device = priced(2.0, 32.0, 0.25, tmp_path)
    macs, spikes = 1080, 2 * 7 * 1080
    updates = 7 * (60 + 54 + 4)
    expected = (macs * 32 - updates * 0.25 - 7 * 60 * 32) / spikes
    assert break_even_rate(network(), 7, device) == pytest.approx(expected, rel=1e-12)


def test_at_the_break_even_rate_the_bill_is_that_of_the_ann(tmp_path):
    net, steps = dense_pair(), 8
    device = priced(2.0, 8.0, 1.0, tmp_path)
    rate = break_even_rate(net, steps, device)
    assert rate == 0.4375
    rng = np.random.default_rng(0)
    run = [rng.random((1, *shape, steps)) < rate for shape in (net.input_shape, *net.shapes)]
    counts = count(net, run)
    measured = sum(layer.synops.item() for layer in counts.layers) / (steps * dense_macs(net))
    (proxy,) = price(counts, devices={"mine": device}).values()
    ann = ann_equivalent(dense_macs(net), 0, 0, {"mine": device})["mine"].dense_j
    above = (measured - rate) * steps * dense_macs(net) * 2.0
    assert proxy.energy_j == pytest.approx(ann + above, rel=1e-12)
    assert above != 0


@pytest.mark.parametrize(
    ("figures", "steps", "expected"),
    [
        ((2.0, 10.0, 8.0), 10, 0.0),  # neurons cost just as much
        ((2.0, 10.0, 8.1), 10, None),  # and more
        ((0.0, 10.0, 1.0), 10, None),  # spikes are free
        ((2.0, 10.0, 0.0), 0, None),  # nothing runs
    ],
)
def test_there_may_be_no_break_even_rate(figures, steps, expected, tmp_path):
    assert break_even_rate(dense_pair(), steps, priced(*figures, tmp_path)) == expected


@pytest.mark.parametrize("name", ["loihi", "spinnaker", "arm"])
def test_a_device_of_one_class_has_no_break_even_rate(name):
    assert break_even_rate(dense_pair(), 5, load_devices()[name]) is None

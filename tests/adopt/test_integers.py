import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.adopt.floats import FloatLayer, FloatNetwork
from neurodeploy.adopt.integers import to_integers
from neurodeploy.adopt.levels import AS_WRITTEN
from neurodeploy.engines.registry import simulate
from neurodeploy.errors import InputError, NetworkError
from neurodeploy.netx.check import check
from neurodeploy.netx.layers import Conv, Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron
from neurodeploy.netx.read import read_network
from neurodeploy.netx.write import write_network

INTEGRATE = {"current_decay": 1.0, "voltage_decay": 0.0}
"""Neurons without a leak, whose integers are never truncated."""


def changed(network: Network) -> list[str]:
    """Codes of what netx, Lava or the chip would not run as it is written."""
    return [each.code for each in check(network) if each.code not in AS_WRITTEN]


def network(*layers: FloatLayer, shape: tuple[int, ...]) -> FloatNetwork:
    return FloatNetwork(input_shape=shape, layers=layers)


def dense(weight: np.ndarray, **fields) -> FloatLayer:
    return FloatLayer(name="lif1", weight=weight, **({"threshold": 1.0} | INTEGRATE | fields))


def random_layer(rng: np.random.Generator, **fields) -> FloatLayer:
    return dense(rng.normal(0.05, 0.3, (8, 12)), **fields)


def in_floats(layer: Dense | Conv, name: str) -> FloatLayer:
    """Integers of netx in SLAYER's units."""
    geometry = {}
    if isinstance(layer, Conv):
        names = ("stride", "padding", "dilation", "groups")
        geometry = {field: getattr(layer, field) for field in names}
    recurrent = layer.recurrent_weight
    return FloatLayer(
        name=name,
        weight=layer.weight / 64,
        current_decay=np.asarray(layer.neuron.current_decay) / 4096,
        voltage_decay=np.asarray(layer.neuron.voltage_decay) / 4096,
        threshold=layer.neuron.threshold / 64,
        bias=None if layer.bias is None else layer.bias / 64,
        recurrent_weight=None if recurrent is None else recurrent / 64,
        delay=layer.delay,
        **geometry,
    )


@st.composite
def integer_layers(draw: st.DrawFn) -> Dense | Conv:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    outputs, inputs = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    decays = draw(
        st.sampled_from([(4096, 0), (4096, 4096), (1000, 37), (rng.integers(0, 4097, outputs), 5)])
    )
    neuron = CubaNeuron(
        current_decay=decays[0],
        voltage_decay=decays[1],
        threshold=draw(st.integers(1, 131071)),
    )
    fields = {"neuron": neuron}
    if draw(st.booleans()):
        fields["bias"] = rng.integers(-4095, 4096, outputs)
    if draw(st.booleans()):
        kernel = rng.integers(-256, 256, (outputs, inputs, 2, 3))
        kernel[0, 0, 0, 0] = draw(st.integers(1, 255))
        return Conv(weight=kernel, stride=(1, 2), padding=(1, 1), **fields)
    weight = 2 * rng.integers(-128, 128, (outputs, inputs))
    weight[0, 0] = 2 * draw(st.integers(1, 127))
    if draw(st.booleans()):
        fields["recurrent_weight"] = 2 * rng.integers(-50, 50, (outputs, outputs))
        fields["recurrent_weight"][0, 0] = 2
    elif draw(st.booleans()):
        fields["delay"] = rng.integers(0, 63, (outputs, inputs))
    return Dense(weight=weight, **fields)


@given(integer_layers())
@settings(max_examples=100)
def test_integers_stay_what_they_are(layer: Dense | Conv) -> None:
    inputs = layer.weight.shape[1]
    shape = (inputs,) if layer.weight.ndim == 2 else (inputs, 4, 5)
    conversion = to_integers(network(in_floats(layer, "lif1"), shape=shape))
    (found,) = conversion.network.layers
    assert type(found) is type(layer)
    assert found.arrays.keys() == layer.arrays.keys()
    for name, array in layer.arrays.items():
        np.testing.assert_array_equal(getattr(found, name), array)
    for name in ("threshold", "current_decay", "voltage_decay"):
        np.testing.assert_array_equal(getattr(found.neuron, name), getattr(layer.neuron, name))
    (said,) = conversion.report.layers
    assert (said.name, said.scale, said.weight_error) == ("lif1", 64, 0)
    assert (said.current_decay_error, said.voltage_decay_error) == (0, 0)


@given(st.integers(0, 2**32 - 1), st.integers(2, 8))
@settings(max_examples=25)
def test_levels_of_another_unit_are_found(seed: int, bits: int) -> None:
    rng = np.random.default_rng(seed)
    levels = rng.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), (6, 20))
    levels[0, :2] = 1, 2 ** (bits - 1) - 1
    unit = rng.uniform(0.001, 10)
    layer = dense(levels * unit, threshold=40 * unit)
    conversion = to_integers(network(layer, shape=(20,)), bits=bits)
    (found,), (said,) = conversion.network.layers, conversion.report.layers
    step = found.weight[0, 0]
    np.testing.assert_array_equal(found.weight, levels * step)
    assert found.neuron.threshold == 40 * step
    assert said.weight_error < 1e-9
    assert said.weight_bits <= bits


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=10)
def test_floats_and_integers_spike_alike_where_nothing_is_rounded(seed: int) -> None:
    rng = np.random.default_rng(seed)
    kernel = rng.integers(-5, 9, (3, 2, 3, 3)) * 0.25
    first = replace(dense(kernel, threshold=2.5), padding=(1, 1), stride=(2, 2))
    weight = rng.integers(-6, 12, (7, 27)) * 0.125
    second = dense(
        weight,
        bias=rng.integers(-2, 4, 7) * 0.125,
        recurrent_weight=rng.integers(-3, 3, (7, 7)) * 0.125,
    )
    last = dense(rng.integers(-4, 8, (4, 7)) * 0.5, delay=rng.integers(0, 5, (4, 7)))
    floats = network(first, second, last, shape=(2, 5, 5))
    spikes = rng.integers(0, 2, (4, 2, 5, 5, 40), dtype=np.uint8)
    conversion = to_integers(floats)
    run = simulate(conversion.network, spikes)
    for wanted, sent in zip(floats.run(spikes), run.layers, strict=True):
        assert wanted.any()
        np.testing.assert_array_equal(wanted, sent)


@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("threshold", [0.01, 1.0, 50.0, 1000.0])
def test_netx_and_the_chip_keep_what_comes_out(bits: int, threshold: float, tmp_path) -> None:
    rng = np.random.default_rng(bits)
    layers = (
        dense(rng.normal(0, 0.2, (6, 2, 3, 3)), threshold=threshold, bias=rng.normal(0, 0.1, 6)),
        dense(rng.normal(0, 0.2, (30, 6 * 36)), threshold=threshold),
        dense(
            rng.normal(0, 0.2, (8, 30)),
            threshold=threshold,
            voltage_decay=0.03,
            recurrent_weight=rng.normal(0, 0.05, (8, 8)),
        ),
    )
    conversion = to_integers(network(*layers, shape=(2, 8, 8)), bits=bits)
    assert changed(conversion.network) == []
    assert all(layer.weight_bits <= bits for layer in conversion.report.layers)
    write_network(conversion.network, tmp_path / "a.net")
    again = read_network(tmp_path / "a.net")
    for mine, its in zip(conversion.network.layers, again.layers, strict=True):
        for name, array in mine.arrays.items():
            np.testing.assert_array_equal(array, its.arrays[name])


def test_more_bits_lose_less() -> None:
    floats = network(random_layer(np.random.default_rng(0)), shape=(12,))
    errors = [to_integers(floats, bits=bits).report.layers[0].weight_error for bits in range(2, 9)]
    assert errors == sorted(errors, reverse=True)
    assert 0.1 < errors[1] < 0.5
    assert errors[-1] < 0.01


def test_scale_gives_way_to_a_large_threshold_and_a_large_bias() -> None:
    weight = np.array([[1.0, -0.5], [0.25, 0.75]])
    for fields, part in ({"threshold": 1e4}, "threshold"), ({"bias": np.full(2, 100.0)}, "bias"):
        layer = to_integers(network(dense(weight, **fields), shape=(2,))).network.layers[0]
        found = layer.neuron.threshold if part == "threshold" else layer.bias
        limit = 131071 if part == "threshold" else 4095
        assert limit / 2 < np.max(found) <= limit
        unit = layer.weight[0, 0]
        np.testing.assert_allclose(layer.weight, weight * unit, atol=1)
        np.testing.assert_allclose(np.max(found) / unit, np.max(fields[part]), rtol=0.02)


def test_current_of_one_step_cannot_wrap() -> None:
    layer = dense(np.full((2, 3000), 1.0) * [[1.0], [0.99]], threshold=100.0)
    found = to_integers(network(layer, shape=(3000,))).network
    assert changed(found) == []
    assert int(found.layers[0].weight.sum(1).max()) << 6 > (1 << 22)


def test_decays_are_the_nearest_and_their_error_is_said() -> None:
    layer = random_layer(
        np.random.default_rng(0),
        current_decay=np.linspace(0, 1, 8),
        voltage_decay=0.0004,
    )
    conversion = to_integers(network(layer, shape=(12,)))
    neuron, said = conversion.network.layers[0].neuron, conversion.report.layers[0]
    assert neuron.voltage_decay == 2
    assert said.voltage_decay_error == pytest.approx(2 / 4096 - 0.0004)
    assert abs(said.current_decay_error) <= 0.5 / 4096
    assert (np.abs(neuron.current_decay / 4096 - layer.current_decay) <= 0.5 / 4096).all()


@pytest.mark.parametrize(
    ("fields", "silent"),
    [
        ({"threshold": 3.1, "voltage_decay": 1.0}, True),
        ({"threshold": 2.9, "voltage_decay": 1.0}, False),
        ({"threshold": 5.9, "voltage_decay": 0.5}, False),
        ({"threshold": 6.1, "voltage_decay": 0.5}, True),
        ({"threshold": 11.9, "voltage_decay": 0.5, "current_decay": 0.5}, False),
        ({"threshold": 12.1, "voltage_decay": 0.5, "current_decay": 0.5}, True),
        ({"threshold": 1000.0}, False),
        ({"threshold": 3.1, "voltage_decay": 1.0, "bias": np.array([0.25])}, False),
        ({"threshold": 100.0, "bias": np.array([-3.25])}, True),
    ],
)
def test_a_threshold_that_cannot_be_reached_is_said(fields: dict, silent: bool) -> None:
    floats = network(dense(np.array([[1.0, 2.0, -1.0]]), **fields), shape=(3,))
    conversion = to_integers(floats)
    assert conversion.report.layers[0].silent == silent
    always = np.ones((1, 3, 2000), np.uint8)
    always[0, 2] = 0
    assert simulate(conversion.network, always).spikes.any() != silent
    assert floats.run(always)[0].any() != silent


def test_weights_that_are_all_negative_are_kept_by_netx() -> None:
    weight = -np.random.default_rng(0).uniform(0.1, 1, (3, 4))
    layer = dense(weight, bias=np.full(3, 2.0))
    for bits in range(3, 9):
        assert changed(to_integers(network(layer, shape=(4,)), bits=bits).network) == []
    with pytest.raises(NetworkError, match=r"layer lif1: expected a scale .* weight above 0"):
        to_integers(network(layer, shape=(4,)), bits=2)


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (dense(np.zeros((2, 3))), "layer lif1, weight: expected a weight other than 0"),
        (dense(np.full((2, 3), 0.1), bias=np.array([0.0, 1e4])), "largest bias 10000"),
        (dense(np.full((2, 3), 0.1), threshold=1e6), "threshold 1e\\+06"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(layer: FloatLayer, said: str) -> None:
    with pytest.raises(NetworkError, match=said) as error:
        to_integers(network(layer, shape=(3,)))
    assert str(error.value).startswith("layer lif1")


@pytest.mark.parametrize("bits", [1, 9, 0, 4.5, "8"])
def test_bits_are_2_to_8(bits) -> None:
    floats = network(random_layer(np.random.default_rng(0)), shape=(12,))
    with pytest.raises(InputError, match="bits: expected 2 to 8"):
        to_integers(floats, bits=bits)


def test_the_report_is_json() -> None:
    floats = network(random_layer(np.random.default_rng(0)), shape=(12,))
    report = json.loads(json.dumps(to_integers(floats, bits=5).report.to_dict()))
    assert report["bits"] == 5
    assert report["loses_most"] is None
    assert report["layers"][0]["name"] == "lif1"
    assert report["layers"][0]["weight_bits"] <= 5
    assert report["layers"][0]["spikes"] is None

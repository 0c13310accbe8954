from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from neurodeploy.engines.base import check_input, spike_types
from neurodeploy.engines.registry import simulate
from neurodeploy.errors import InputError
from neurodeploy.netx.layers import Average, ComplexDense, Dense, Layer, NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron, RfNeuron, SdnnNeuron

NEURON = CubaNeuron(current_decay=1024, voltage_decay=128, threshold=80)


def spiking(*shape: int, bits: int = 0) -> Network:
    return Network(
        input_shape=shape,
        layers=(Dense(weight=np.ones((2, int(np.prod(shape)))), neuron=NEURON),),
        input_bits=bits,
    )


def real(*shape: int, weight: int = 76, bias: int = 64) -> Network:
    layers: tuple[Layer, ...] = (NeuronInput(neuron=NEURON, weight=weight, bias=bias),)
    return Network(input_shape=shape, layers=layers)


def batch(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 2, shape).astype(np.uint8)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, bool])
def test_spikes_of_any_number_type_become_uint8(dtype: type) -> None:
    spikes = batch(2, 6, 5)
    checked = check_input(spiking(6), spikes.astype(dtype))
    assert checked.dtype == np.uint8
    np.testing.assert_array_equal(checked, spikes)


def test_an_image_may_come_flattened() -> None:
    spikes = batch(2, 2, 3, 4, 5)
    flat = spikes.reshape(2, 24, 5)
    np.testing.assert_array_equal(check_input(spiking(2, 3, 4), spikes), spikes)
    np.testing.assert_array_equal(check_input(spiking(2, 3, 4), flat), spikes)
    np.testing.assert_array_equal(check_input(spiking(24), flat[:, :, None, None]), flat)
    current = check_input(real(2, 3, 4, weight=1, bias=0), flat)
    np.testing.assert_array_equal(current, spikes)
    values = spikes * np.int32(-5)
    flat_values = check_input(spiking(2, 3, 4, bits=3), values.reshape(2, 24, 5))
    np.testing.assert_array_equal(flat_values, values)


@pytest.mark.parametrize(
    "network",
    [spiking(2, 3, 4), spiking(2, 3, 4, bits=3), real(2, 3, 4)],
    ids=["spikes", "graded", "real"],
)
@pytest.mark.parametrize(
    "shape",
    [(2, 3, 4, 5), (24,), (24, 5), (2, 25, 5), (2, 4, 3, 2, 5), (2, 6, 4, 5), (0, 2, 3, 4, 5), ()],
)
def test_another_shape_is_refused(network: Network, shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"here: .*expected .*2, 3, 4") as raised:
        check_input(network, np.zeros(shape), where="here")
    assert ", ".join(map(str, shape)) in str(raised.value)


@pytest.mark.parametrize(
    ("value", "found"), [(2, "2"), (-1, "-1"), (0.5, "0.5"), (np.nan, "NaN"), (np.inf, "inf")]
)
def test_only_0_and_1_are_spikes(value: float, found: str) -> None:
    spikes = batch(2, 6, 5).astype(np.float64)
    spikes[1, 2, 3] = value
    with pytest.raises(InputError, match=f"input: .*{found}"):
        check_input(spiking(6), spikes)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_real_and_graded_signals_are_finite(value: float) -> None:
    signal = np.zeros((2, 6, 5))
    signal[1, 2, 3] = value
    for network, expected in ((real(6), "finite numbers"), (spiking(6, bits=24), "whole numbers")):
        with pytest.raises(InputError, match=expected):
            check_input(network, signal)


@pytest.mark.parametrize("signal", [np.full((2, 6, 5), "1"), np.full((2, 6, 5), 1j)])
def test_texts_and_complex_numbers_are_no_signal(signal: Any) -> None:
    for network in (spiking(6), spiking(6, bits=3), real(6)):
        with pytest.raises(InputError):
            check_input(network, signal)


def test_a_real_signal_becomes_current_rounded_toward_zero() -> None:
    signal = np.array([-1, -0.51, 0, 0.013, 0.99, 1]).reshape(1, 6, 1)
    current = check_input(real(6, weight=10, bias=3), signal)
    assert current.dtype == np.int32
    assert current.ravel().tolist() == [-7, -2, 3, 3, 12, 13]


def test_lists_are_taken_too() -> None:
    assert check_input(spiking(2), [[[0, 1], [1, 1]]]).tolist() == [[[0, 1], [1, 1]]]  # type: ignore[arg-type]


def test_what_comes_in_is_left_alone() -> None:
    spikes = batch(2, 6, 5).astype(np.float64)
    before = spikes.copy()
    check_input(spiking(6), spikes)
    check_input(real(6), spikes)
    check_input(spiking(6, bits=3), spikes)
    np.testing.assert_array_equal(spikes, before)


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.float32])
def test_graded_spikes_of_any_number_type_become_int32(dtype: type) -> None:
    values = np.array([-31, -1, 0, 1, 30, 31], dtype).reshape(1, 6, 1)
    checked = check_input(spiking(6, bits=5), values)
    assert checked.dtype == np.int32
    assert checked.ravel().tolist() == [-31, -1, 0, 1, 30, 31]


def test_spikes_are_graded_too() -> None:
    spikes = batch(2, 6, 5)
    for dtype in (np.uint8, bool):
        checked = check_input(spiking(6, bits=1), spikes.astype(dtype))
        assert checked.dtype == np.int32
        np.testing.assert_array_equal(checked, spikes)


@pytest.mark.parametrize("bits", [1, 5, 24])
def test_graded_spikes_have_bits_and_a_sign(bits: int) -> None:
    most = (1 << bits) - 1
    signal = np.array([-most, most]).reshape(1, 2, 1)
    assert check_input(spiking(2, bits=bits), signal).ravel().tolist() == [-most, most]
    for wrong in (most + 1, -most - 1, 2**31, -(2**31), 2**40, 0.5):
        with pytest.raises(InputError, match=f"input: expected whole numbers of {bits} bits"):
            check_input(spiking(2, bits=bits), np.array([0, wrong]).reshape(1, 2, 1))


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32, np.int64])
def test_the_least_number_of_a_type_has_no_positive_one(dtype: Any) -> None:
    signal = np.full((1, 1, 1), np.iinfo(dtype).min, dtype)
    with pytest.raises(InputError, match="whole numbers of 5 bits"):
        check_input(spiking(1, bits=5), signal)


@pytest.mark.parametrize("value", [2.0**31, -(2.0**31), 1e300])
def test_current_of_more_than_32_bits_is_refused(value: float) -> None:
    signal = np.array([0, value]).reshape(1, 2, 1)
    with pytest.raises(
        InputError, match="here: expected finite numbers that fit 32 bits as current"
    ):
        check_input(real(2, weight=1, bias=0), signal, where="here")


def test_current_of_32_bits_is_exact() -> None:
    most = 2**31 - 1
    signal = np.array([-most, most], np.float64).reshape(1, 2, 1)
    assert check_input(real(2, weight=1, bias=0), signal).ravel().tolist() == [-most, most]
    halves = np.array([2.0**30, 2.0**30 - 0.5]).reshape(1, 2, 1)
    assert check_input(real(2, weight=2, bias=-1), halves).ravel().tolist() == [most, most - 1]


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int16, np.uint16, np.int32, np.float32])
def test_current_of_whole_numbers_does_not_wrap_in_their_type(dtype: Any) -> None:
    signal = np.array([0, 1, 100, 127], dtype).reshape(1, 4, 1)
    current = check_input(real(4, weight=7000, bias=-9), signal)
    assert current.ravel().tolist() == [-9, 6991, 699_991, 888_991]


def test_spikes_of_sigma_delta_layers_are_int32() -> None:
    weight = np.ones((2, 2))
    resonator = RfNeuron(sin_decay=900, cos_decay=3900, threshold=60, phase=True)
    layers = (
        NeuronInput(neuron=SdnnNeuron(threshold=1)),
        Dense(weight=weight, neuron=NEURON),
        Dense(weight=weight, neuron=SdnnNeuron(threshold=1)),
        ComplexDense(real_weight=weight, imaginary_weight=weight, neuron=resonator),
        Average(outputs=1),
    )
    types = [np.int32, np.uint8, np.int32, np.uint8, np.uint8]
    assert spike_types(Network(input_shape=(2,), layers=layers)) == types
    assert spike_types(spiking(2, bits=8)) == [np.uint8]


def test_a_run_draws_the_spikes_of_a_layer() -> None:
    network = Network(
        input_shape=(2, 3),
        layers=(
            Dense(weight=np.full((4, 6), 60), neuron=NEURON),
            Dense(weight=np.full((2, 4), 60), neuron=NEURON),
        ),
    )
    run = simulate(network, batch(2, 2, 3, 9))
    for layer, name in enumerate(network.names):
        ax = run.plot(1, name, Figure().subplots())
        drawn = {(int(x) - 1, int(y)) for x, y in ax.collections[0].get_offsets().tolist()}
        spikes = run.layers[layer][1]
        assert drawn == {(int(step), int(neuron)) for neuron, step in np.argwhere(spikes)}
        assert drawn
        assert ax.get_ylabel() == f"neuron of {name}"
    assert run.plot(ax=Figure().subplots()).get_ylabel() == "neuron of 1-dense"
    with pytest.raises(
        InputError, match="layer: expected one of 0-dense, 1-dense, found '2-dense'"
    ):
        run.plot(layer="2-dense")
    with pytest.raises(InputError, match="sample: expected 0 to 1, found 2"):
        run.plot(2)

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neurodeploy.engines.base import check_input
from neurodeploy.errors import InputError
from neurodeploy.netx.network import CubaNeuron, Dense, Layer, Network, NeuronInput

NEURON = CubaNeuron(current_decay=1024, voltage_decay=128, threshold=80)


def spiking(*shape: int) -> Network:
    return Network(
        input_shape=shape,
        layers=(Dense(weight=np.ones((2, int(np.prod(shape)))), neuron=NEURON),),
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


def test_an_image_may_come_flattened_and_a_vector_as_an_image() -> None:
    spikes = batch(2, 2, 3, 4, 5)
    flat = spikes.reshape(2, 24, 5)
    np.testing.assert_array_equal(check_input(spiking(2, 3, 4), spikes), spikes)
    np.testing.assert_array_equal(check_input(spiking(2, 3, 4), flat), spikes)
    np.testing.assert_array_equal(check_input(spiking(24), spikes), flat)
    current = check_input(real(2, 3, 4, weight=1, bias=0), flat)
    np.testing.assert_array_equal(current, spikes)


@pytest.mark.parametrize("network", [spiking(2, 3, 4), real(2, 3, 4)], ids=["spikes", "real"])
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
def test_a_real_signal_is_finite(value: float) -> None:
    signal = np.zeros((2, 6, 5))
    signal[1, 2, 3] = value
    with pytest.raises(InputError, match="finite numbers"):
        check_input(real(6), signal)


@pytest.mark.parametrize("signal", [np.full((2, 6, 5), "1"), np.full((2, 6, 5), 1j)])
def test_texts_and_complex_numbers_are_no_signal(signal: Any) -> None:
    for network in (spiking(6), real(6)):
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
    np.testing.assert_array_equal(spikes, before)

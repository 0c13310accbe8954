from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from neurodeploy._io.lava import lava_imports
from neurodeploy.errors import NetworkError
from neurodeploy.netx.neurons import CubaNeuron, RfNeuron, SdnnNeuron

with lava_imports():
    from lava.lib.dl.slayer.neuron.rf import neuron_params
    from lava.proc.rf.process import RF
    from lava.proc.rf_iz.process import RF_IZ


def cuba(**changes: Any) -> CubaNeuron:
    return CubaNeuron(**{"current_decay": 1024, "voltage_decay": 128, "threshold": 80, **changes})


def resonator(**changes: Any) -> RfNeuron:
    plain = {"sin_decay": 900, "cos_decay": 3900, "threshold": 60, "phase": True}
    return RfNeuron(**{**plain, **changes})


def test_decays_and_thresholds_become_plain_integers() -> None:
    one = cuba(current_decay=np.array([5.0]), voltage_decay=np.int64(6), threshold=[7])
    assert (one.current_decay, one.voltage_decay, one.threshold) == (5, 6, 7)
    assert {type(one.current_decay), type(one.voltage_decay), type(one.threshold)} == {int}
    other = resonator(sin_decay=[-5.0], cos_decay=np.int64(6), threshold=[7], phase=np.bool_(False))
    assert (other.sin_decay, other.cos_decay, other.threshold, other.phase) == (-5, 6, 7, False)
    assert {type(other.sin_decay), type(other.cos_decay), type(other.threshold)} == {int}
    assert type(other.phase) is bool
    third = SdnnNeuron(threshold=np.array([8.0]), sigma_output=np.bool_(True))
    assert (third.threshold, third.sigma_output) == (8, True)
    assert (type(third.threshold), type(third.sigma_output)) == (int, bool)


@pytest.mark.parametrize("field", ["current_decay", "voltage_decay"])
@pytest.mark.parametrize("value", [-1, 4097, 5000, 0.5, [0, 4097], [[1, 2]], [], "x", None])
def test_decays_are_12_bits_and_unity(field: str, value: Any) -> None:
    with pytest.raises(NetworkError, match=field):
        cuba(**{field: value})


@pytest.mark.parametrize("value", [0, 4096, [0, 4096]])
def test_both_ends_of_the_decays_are_allowed(value: Any) -> None:
    made = cuba(current_decay=value, voltage_decay=value)
    assert np.array_equal(made.current_decay, value)
    assert np.array_equal(made.voltage_decay, value)


@pytest.mark.parametrize("field", ["sin_decay", "cos_decay"])
@pytest.mark.parametrize("value", [-4097, 4097, 0.5, [0, -4097], [[1, 2]], [], "x", None])
def test_sines_and_cosines_are_12_bits_unity_and_a_sign(field: str, value: Any) -> None:
    with pytest.raises(NetworkError, match=field):
        resonator(**{field: value})


@pytest.mark.parametrize("field", ["sin_decay", "cos_decay"])
@pytest.mark.parametrize("value", [-4096, 4096, [-4096, 4096]])
def test_both_ends_of_sines_and_cosines_are_allowed(field: str, value: Any) -> None:
    other = {"sin_decay": 0, "cos_decay": 0}
    assert np.array_equal(getattr(resonator(**{**other, field: value}), field), value)


@pytest.mark.parametrize(
    ("make", "bits"),
    [(cuba, 18), (SdnnNeuron, 19), (resonator, 18)],
    ids=["CUBA", "SDNN", "RF"],
)
def test_thresholds_have_bits(make: Any, bits: int) -> None:
    for threshold in (0, (1 << bits) - 1):
        assert make(threshold=threshold).threshold == threshold
    for wrong in (-1, 1 << bits, 1.5, [1, 2], "x"):
        with pytest.raises(NetworkError, match="threshold"):
            make(threshold=wrong)


def test_only_sigma_delta_spikes_carry_values() -> None:
    made = [cuba(), SdnnNeuron(threshold=1), SdnnNeuron(threshold=1, sigma_output=True)]
    assert [neuron.graded for neuron in (*made, resonator())] == [False, True, True, False]


def test_a_sigma_delta_neuron_sends_changes_unless_told_otherwise() -> None:
    assert SdnnNeuron(threshold=1).sigma_output is False


def test_a_neuron_keeps_no_reference_to_what_it_was_given() -> None:
    decays = np.array([1, 2], np.int32)
    made, other = cuba(current_decay=decays), resonator(sin_decay=decays)
    decays[:] = 9
    assert np.asarray(made.current_decay).tolist() == [1, 2]
    assert np.asarray(other.sin_decay).tolist() == [1, 2]


def lavas(neuron: RfNeuron) -> RF:
    """The process that netx builds, from decays as its file holds them."""
    fields = {
        "sinDecay": np.asarray(neuron.sin_decay)[()],
        "cosDecay": np.asarray(neuron.cos_decay)[()],
        "vThMant": neuron.threshold,
    }
    with np.errstate(divide="ignore"):
        built = neuron_params(fields)
    return (RF if neuron.phase else RF_IZ)(
        shape=(np.size(neuron.sin_decay),),
        vth=neuron.threshold,
        period=built["period"],
        alpha=built["decay"],
        state_exp=6,
        decay_bits=12,
    )


DECAY = st.integers(-4096, 4096)
PAIRS = st.tuples(DECAY, DECAY) | st.tuples(DECAY, st.just(0)) | st.tuples(st.just(0), DECAY)


@settings(max_examples=500)
@given(st.lists(PAIRS, min_size=1, max_size=9), st.booleans())
@example([(0, 0)], True)
@example([(0, -1)], True)
@example([(0, 4096), (0, -4096), (4096, 0), (-4096, 0), (4096, 4096), (-4096, -4096)], False)
def test_decays_as_run_are_what_lava_holds(pairs: list[tuple[int, int]], phase: bool) -> None:
    sines, cosines = np.array(pairs).T
    neuron = resonator(sin_decay=sines, cos_decay=cosines, phase=phase)
    process = lavas(neuron)
    for name, found in zip(("sin_decay", "cos_decay"), neuron.decays_as_run(), strict=True):
        assert found.dtype == np.int32
        assert np.shape(found) == np.shape(getattr(neuron, name))
        np.testing.assert_array_equal(found, getattr(process, name).init)
        assert np.abs(found - np.asarray(getattr(neuron, name))).max() <= 1


def test_every_decay_alone_is_what_lava_holds() -> None:
    for sine, cosine in np.random.default_rng(0).integers(-4096, 4097, (500, 2)):
        neuron = resonator(sin_decay=sine, cos_decay=cosine)
        process = lavas(neuron)
        assert neuron.decays_as_run() == (process.sin_decay.init, process.cos_decay.init)


def test_the_way_through_a_period_loses_one() -> None:
    sines, cosines = np.random.default_rng(0).integers(1, 2900, (2, 1000))
    as_run = resonator(sin_decay=sines, cos_decay=cosines).decays_as_run()
    lost = np.array([sines, cosines]) - as_run
    assert set(np.unique(lost)) == {0, 1}

import json
from dataclasses import replace

import numpy as np
import pytest

from neurodeploy.adopt import calibration
from neurodeploy.adopt.floats import FloatLayer, FloatNetwork
from neurodeploy.adopt.integers import to_integers
from neurodeploy.adopt.levels import AS_WRITTEN
from neurodeploy.engines.registry import simulate
from neurodeploy.errors import InputError
from neurodeploy.netx.check import check
from neurodeploy.netx.network import Network

STEPS = 60


def changed(network: Network) -> list[str]:
    """Codes of what netx, Lava or the chip would not run as it is written."""
    return [each.code for each in check(network) if each.code not in AS_WRITTEN]


def layered(seed: int = 0, **neuron) -> FloatNetwork:
    """A convolution, a dense and a recurrent layer; weights of a neuron lean to one side."""
    rng = np.random.default_rng(seed)
    neuron = {"current_decay": 1.0, "voltage_decay": 0.0} | neuron
    return FloatNetwork(
        input_shape=(2, 6, 6),
        layers=(
            FloatLayer(
                name="conv",
                weight=rng.normal(0.03, 0.12, (4, 2, 3, 3)),
                threshold=0.5,
                padding=(1, 1),
                stride=(2, 2),
                **neuron,
            ),
            FloatLayer(
                name="dense",
                weight=rng.normal(0.04, 0.15, (12, 36)),
                threshold=1.0,
                bias=rng.normal(0, 0.01, 12),
                **neuron,
            ),
            FloatLayer(
                name="recurrent",
                weight=rng.normal(0.1, 0.2, (5, 12)),
                recurrent_weight=rng.normal(-0.05, 0.1, (5, 5)),
                threshold=1.0,
                **neuron,
            ),
        ),
    )


def drawn(samples: int, seed: int) -> np.ndarray:
    """Inputs of which some are more active than others, differently in each sample."""
    rng = np.random.default_rng(seed)
    rates = rng.uniform(0, 0.4, (samples, 2, 6, 6, 1)) * rng.integers(0, 2, (samples, 1, 6, 6, 1))
    return (rng.random((samples, 2, 6, 6, STEPS)) < rates).astype(np.uint8)


def different(floats: FloatNetwork, network: Network, spikes: np.ndarray) -> float:
    """Of all layers, as a part of the spikes in floats."""
    wanted = [sent.sum(-1, dtype=int) for sent in floats.run(spikes)]
    found = [sent.sum(-1, dtype=int) for sent in simulate(network, spikes).layers]
    off = sum(np.abs(a - b).sum() for a, b in zip(wanted, found, strict=True))
    return float(off / sum(each.sum() for each in wanted))


@pytest.mark.parametrize("neuron", [{}, {"current_decay": 0.5, "voltage_decay": 0.05}])
@pytest.mark.parametrize("bits", [3, 4])
def test_less_is_lost_on_other_samples_than_by_rounding(bits: int, neuron: dict) -> None:
    floats, others = layered(**neuron), drawn(40, seed=1)
    rounded = to_integers(floats, bits=bits)
    calibrated = to_integers(floats, bits=bits, calibrate=drawn(40, seed=2))
    assert changed(calibrated.network) == []
    assert all(layer.weight_bits <= bits for layer in calibrated.report.layers)
    before = different(floats, rounded.network, others)
    assert different(floats, calibrated.network, others) < before


def together(shape: tuple[int, ...], samples: int, seed: int) -> np.ndarray:
    """Inputs that fire together, a few groups of them, the same ones for every seed."""
    member = np.random.default_rng(0).uniform(0, 0.25, (*shape, 4))
    rng = np.random.default_rng(seed)
    active = rng.random((samples, 4, STEPS)) < rng.uniform(0.1, 0.6, (samples, 4, 1))
    rates = np.tensordot(active.astype(float), member, axes=(1, -1))
    rates = np.moveaxis(rates, 1, -1)
    return (rng.random(rates.shape) < rates).astype(np.uint8)


@pytest.mark.parametrize(
    ("shape", "weight", "geometry"),
    [((200,), (10, 200), {}), ((16, 5, 5), (6, 8, 3, 3), {"groups": 2})],
)
def test_inputs_that_fire_together_make_good_what_each_loses(
    shape: tuple[int, ...], weight: tuple[int, ...], geometry: dict
) -> None:
    rng = np.random.default_rng(1)
    layer = FloatLayer(
        name="lif1",
        weight=rng.normal(0.02, 0.1, weight),
        current_decay=1.0,
        voltage_decay=0.0,
        threshold=5.0,
        **geometry,
    )
    floats, others = FloatNetwork(input_shape=shape, layers=(layer,)), together(shape, 30, seed=1)
    rounded = to_integers(floats, bits=3)
    calibrated = to_integers(floats, bits=3, calibrate=together(shape, 30, seed=2))
    before = different(floats, rounded.network, others)
    assert different(floats, calibrated.network, others) < 0.5 * before


def test_the_report_counts_what_differs() -> None:
    floats, spikes = layered(), drawn(10, seed=3)
    conversion = to_integers(floats, bits=3, calibrate=spikes)
    wanted = floats.run(spikes)
    sent = simulate(conversion.network, spikes).layers
    before = [spikes, *wanted[:-1]]
    own = {}
    for place, said in enumerate(conversion.report.layers):
        alone = Network(
            input_shape=before[place].shape[1:-1], layers=(conversion.network.layers[place],)
        )
        counts, found, by_itself = (
            each.sum(-1, dtype=int)
            for each in (wanted[place], sent[place], simulate(alone, before[place]).spikes)
        )
        assert said.spikes is not None
        assert said.spikes.float_spikes == counts.sum() > 0
        assert said.spikes.integer_spikes == found.sum()
        assert said.spikes.different == np.abs(found - counts).sum() / counts.sum()
        assert said.spikes.own == np.abs(by_itself - counts).sum() / counts.sum()
        own[said.name] = said.spikes.own
    assert conversion.report.loses_most == max(own, key=lambda name: own[name])
    assert json.loads(json.dumps(conversion.report.to_dict()))["loses_most"] in own


def test_integers_stay_what_they_are() -> None:
    rng = np.random.default_rng(0)
    layer = replace(layered().layers[1], weight=rng.integers(-20, 30, (12, 72)) / 32, bias=None)
    floats = FloatNetwork(input_shape=(2, 6, 6), layers=(layer,))
    conversion = to_integers(floats, calibrate=drawn(5, seed=0))
    np.testing.assert_array_equal(conversion.network.layers[0].weight, layer.weight * 64)
    (said,) = conversion.report.layers
    assert said.spikes is not None
    assert (said.spikes.different, said.spikes.own) == (0, 0)
    assert said.spikes.float_spikes > 0
    assert conversion.report.loses_most is None


def test_without_a_spike_it_rounds_and_says_so() -> None:
    floats = layered()
    floats = replace(floats, layers=tuple(replace(each, bias=None) for each in floats.layers))
    nothing = np.zeros((2, 2, 6, 6, 10), np.uint8)
    conversion, rounded = to_integers(floats, calibrate=nothing), to_integers(floats)
    for mine, its in zip(conversion.network.layers, rounded.network.layers, strict=True):
        np.testing.assert_array_equal(mine.weight, its.weight)
    for layer in conversion.report.layers:
        assert layer.spikes is not None
        assert (layer.spikes.float_spikes, layer.spikes.integer_spikes) == (0, 0)
        assert layer.spikes.different is layer.spikes.own is None


def test_a_layer_that_never_spikes_stays_silent() -> None:
    floats = layered()
    last = replace(floats.layers[2], threshold=1000.0, voltage_decay=1.0)
    conversion = to_integers(
        replace(floats, layers=(*floats.layers[:2], last)), bits=4, calibrate=drawn(5, seed=0)
    )
    said = conversion.report.layers[2]
    assert said.silent
    assert said.spikes is not None
    assert (said.spikes.integer_spikes, said.spikes.different) == (0, None)


def test_many_synapses_are_rounded_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "SYNAPSES_AT_ONCE", 10)
    floats, others = layered(), drawn(20, seed=1)
    rounded = to_integers(floats, bits=3)
    calibrated = to_integers(floats, bits=3, calibrate=drawn(20, seed=2))
    assert different(floats, calibrated.network, others) < different(
        floats, rounded.network, others
    )


@pytest.mark.parametrize(
    "spikes",
    [
        np.zeros((1, 2, 6, 5, 3), np.uint8),
        np.zeros((2, 6, 6, 3), np.uint8),
        np.full((1, 2, 6, 6, 3), 2),
        np.full((1, 2, 6, 6, 3), np.nan),
    ],
)
def test_what_are_no_spikes_for_the_network_is_refused(spikes: np.ndarray) -> None:
    with pytest.raises(InputError, match="calibrate"):
        to_integers(layered(), calibrate=spikes)

from __future__ import annotations

import dataclasses
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small import network, networks, spikes

from neurodeploy.engines.registry import simulate
from neurodeploy.errors import InputError, NetworkError
from neurodeploy.model.quantization import WeightLevels
from neurodeploy.netx.check import require_exact
from neurodeploy.netx.layers import Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron
from neurodeploy.netx.read import read_network
from neurodeploy.netx.write import write_network
from neurodeploy.search.compression import (
    Levers,
    compress_network,
    prune,
    quantise,
    scale_thresholds,
    uncompressed,
)
from neurodeploy.search.pruning import anchor

shares = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.8, 0.95, 0.999])
bits = st.integers(2, 8)
factors = st.sampled_from([0.01, 0.5, 0.8, 1.0, 1.3, 2.0])


def one_layer(*rows: list[int]) -> Network:
    neuron = CubaNeuron(current_decay=4096, voltage_decay=4096, threshold=10)
    return Network(input_shape=(len(rows[0]),), layers=(Dense(weight=rows, neuron=neuron),))


def pairs(before: Network, after: Network) -> list[tuple[np.ndarray, np.ndarray]]:
    """Every matrix, before and after."""
    return [
        (one.matrices[name], two.matrices[name])
        for one, two in zip(before.layers, after.layers, strict=True)
        for name in one.matrices
    ]


@st.composite
def settings_of(draw: st.DrawFn, of: Network) -> Levers:
    layers = len(of.layers)
    return Levers(
        thresholds=tuple(draw(factors) for _ in range(layers)),
        dropped=draw(shares),
        weight_bits=tuple(draw(bits) for _ in range(layers)),
        pruned=tuple(draw(shares) for _ in range(layers)),
        steps=draw(st.integers(1, 12)),
    )


@given(networks, shares)
def test_pruning_takes_exactly_the_smallest(of: Network, share: float) -> None:
    pruned = prune(of, [share] * len(of.layers))
    for before, after in pairs(of, pruned):
        asked = min(round(share * before.size), before.size - 1)
        assert (after == 0).sum() == max(asked, (before == 0).sum())
        kept = after != 0
        np.testing.assert_array_equal(after[kept], before[kept])
        gone = np.abs(before[~kept])
        others = np.abs(np.delete(before.ravel(), anchor(before)))
        if gone.size:
            assert gone.max() <= np.sort(others)[gone.size - 1]
    for once, twice in pairs(pruned, prune(pruned, [share] * len(of.layers))):
        np.testing.assert_array_equal(once, twice)


def test_of_equal_weights_the_first_go() -> None:
    (layer,) = prune(one_layer([2, -2, 4, 2]), [0.5]).layers
    assert layer.matrices["weight"].tolist() == [[0, 0, 4, 2]]


@given(networks, bits)
def test_rounded_weights_are_levels_that_slayer_trains(of: Network, number: int) -> None:
    rounded = quantise(of, [number] * len(of.layers))
    for before, after in pairs(of, rounded):
        wanted = torch.from_numpy(before / 64)
        choices = [
            levels(wanted)
            for levels in (WeightLevels(bits=number, exponent=e) for e in range(8 - number + 1))
        ]
        best = min(choices, key=lambda choice: float((choice - wanted).square().sum()))
        expected = (64 * best).numpy().astype(int)
        if expected.ravel()[anchor(before)] > 0:
            np.testing.assert_array_equal(after, expected)
        assert after.ravel()[anchor(before)] > 0
    for once, twice in pairs(rounded, quantise(rounded, [number] * len(of.layers))):
        np.testing.assert_array_equal(once, twice)


def test_the_step_with_the_smallest_error_is_taken() -> None:
    """Two bits: -2, -1, 0 or 1 steps. 8 is worth a step of 8, though -2 and 4 are lost."""
    (layer,) = quantise(one_layer([8, 8, -16, -2], [8, 4, 8, 0]), [2]).layers
    assert layer.matrices["weight"].tolist() == [[8, 8, -16, 0], [8, 0, 8, 0]]


def test_a_lonely_positive_weight_stays_positive() -> None:
    (layer,) = quantise(one_layer([2, -200, -200, -200]), [2]).layers
    assert layer.matrices["weight"].tolist() == [[128, -256, -256, -256]]
    (layer,) = prune(one_layer([2, -200, -200, -200]), [0.9]).layers
    assert layer.matrices["weight"].tolist() == [[2, 0, 0, 0]]


@given(networks, factors)
def test_thresholds_are_scaled_and_rounded(of: Network, factor: float) -> None:
    scaled = scale_thresholds(of, [factor] * len(of.layers))
    for before, after in zip(of.layers, scaled.layers, strict=True):
        assert isinstance(before, Dense)
        assert isinstance(after, Dense)
        assert after.neuron.threshold == max(1, round(before.neuron.threshold * factor))
        assert after.weight is not before.weight or after.weight.base is before.weight.base


def test_a_threshold_that_does_not_fit_is_refused() -> None:
    with pytest.raises(NetworkError, match="threshold"):
        scale_thresholds(one_layer([2, 4]), [1e6])


@settings(max_examples=40)
@given(st.data())
def test_what_is_exported_is_what_was_evaluated(data: st.DataObject) -> None:
    of = data.draw(networks)
    pulled = compress_network(of, data.draw(settings_of(of)))
    require_exact(pulled)
    with TemporaryDirectory() as folder:
        write_network(pulled, Path(folder, "pulled.net"))
        exported = read_network(Path(folder, "pulled.net"))
    batch = spikes(of)
    evaluated, deployed = simulate(pulled, batch), simulate(exported, batch)
    for one, two in zip(evaluated.layers, deployed.layers, strict=True):
        np.testing.assert_array_equal(one, two)
    assert evaluated.counts.totals() == deployed.counts.totals()


@settings(max_examples=20)
@given(networks)
def test_at_rest_nothing_changes(of: Network) -> None:
    same = compress_network(of, uncompressed(of, 12))
    for before, after in pairs(of, same):
        np.testing.assert_array_equal(before, after)
    np.testing.assert_array_equal(
        simulate(of, spikes(of)).spikes, simulate(same, spikes(of)).spikes
    )


def test_levers_are_read_back() -> None:
    levers = Levers(
        thresholds=(0.5, 1.25), dropped=0.3, weight_bits=(4, 7), pruned=(0.1, 0.6), steps=9
    )
    assert Levers.from_dict(levers.to_dict()) == levers


def test_a_network_that_netx_changes_is_refused() -> None:
    with pytest.raises(NetworkError, match="netx"):
        require_exact(one_layer([300, -2]))
    with pytest.raises(NetworkError, match="all-zero"):
        require_exact(one_layer([0, 0]))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("thresholds", (1.0,)),
        ("thresholds", (1.0, 0.0)),
        ("thresholds", (1.0, float("nan"))),
        ("thresholds", (1.0, float("inf"))),
        ("dropped", 1.0),
        ("dropped", -0.1),
        ("weight_bits", (8, 9)),
        ("weight_bits", (1, 8)),
        ("weight_bits", (8, 4.5)),
        ("pruned", (0.5, 1.0)),
        ("pruned", (-0.1, 0.5)),
        ("pruned", (0.5, 0.5, 0.5)),
    ],
)
def test_levers_out_of_range_are_refused(name: str, values: object) -> None:
    of = next(each for each in map(network, range(99)) if len(each.layers) == 2)
    with pytest.raises(InputError, match=name):
        compress_network(of, dataclasses.replace(uncompressed(of, 5), **{name: values}))

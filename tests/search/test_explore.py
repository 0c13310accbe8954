from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from optuna.distributions import FloatDistribution, IntDistribution
from small import TASK, network

from neurodeploy._io.executor import open_pool
from neurodeploy.deploy.bundle import Bundle
from neurodeploy.netx.layers import Average, Dense, NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron
from neurodeploy.search.compression import Levers, compress_network, uncompressed
from neurodeploy.search.explore import explore, lever_space, levers_of
from neurodeploy.search.scoring import Scorer, find_target
from neurodeploy.search.trial import samples
from neurodeploy.signals.datasets import Splits


@pytest.fixture(scope="module")
def scorer(bundle: Bundle, splits: Splits) -> Scorer:
    spikes, labels = samples(TASK.sources(splits).validation, (0,))
    return Scorer(bundle, spikes, labels, find_target("cmos45_integer", "loihi1"))


def moved(levers: Levers, rest: Levers) -> int:
    """How many levers are not at rest."""
    count = 0
    for name, value in levers.to_dict().items():
        still = rest.to_dict()[name]
        if isinstance(value, list):
            count += sum(one != other for one, other in zip(value, still, strict=True))
        else:
            count += value != still
    return count


def test_first_at_rest_then_each_lever_alone_then_together(scorer: Scorer, bundle: Bundle) -> None:
    reports: list[int] = []
    found = explore(scorer, 70, report=reports.append)
    rest = uncompressed(bundle.network, 8, 8)
    settings = list(found)
    assert settings[0] == rest
    alone = 3 * 9 - 2  # of nine levers; the middle of a threshold's range is at rest
    assert [moved(levers, rest) for levers in settings[1 : 1 + alone]] == [1] * alone
    assert min(moved(levers, rest) for levers in settings[1 + alone : 48]) > 1
    assert reports == [50, 20]
    assert 50 < len(found) <= 70
    for levers in settings[::20]:
        assert found[levers] == scorer(levers)


def test_the_same_seed_finds_the_same_on_any_number_of_threads(scorer: Scorer) -> None:
    with open_pool(threads=2) as pool:
        one, two = explore(scorer, 60, seed=4), explore(scorer, 60, seed=4, pool=pool)
    assert one == two
    assert list(one) == list(two)
    assert list(explore(scorer, 60, seed=5)) != list(one)


def test_what_costs_more_accuracy_than_may_be_given_up_does_not_guide_the_search(
    scorer: Scorer,
) -> None:
    """The later half of the settings loses less where less may be lost."""
    strict, lavish = (
        np.mean([score.accuracy for score in list(explore(scorer, 200, loss=loss).values())[100:]])
        for loss in (0.05, 1.0)
    )
    assert strict > lavish


def test_the_range_of_every_lever_is_valid() -> None:
    for of in map(network, range(30)):
        space = lever_space(of, 12)
        rest = uncompressed(of, 12)
        for end in ("low", "high"):
            values = {name: getattr(each, end) for name, each in space.items()}
            levers = levers_of(values, rest)
            assert compress_network(of, levers).output_shape == of.output_shape
            assert levers.steps == {"low": of.latency_steps + 1, "high": 12}[end]
        for each in space.values():
            assert isinstance(each, FloatDistribution | IntDistribution)


def test_layers_without_synapses_have_no_levers() -> None:
    neuron = CubaNeuron(current_decay=4096, voltage_decay=4096, threshold=10)
    layers = (
        NeuronInput(neuron=neuron),
        Dense(weight=[[2, 4], [6, 8]], neuron=neuron),
        Average(outputs=1),
    )
    of = Network(input_shape=(2,), layers=layers)
    assert set(lever_space(of, 5)) == {"steps", "thresholds 1", "weight_bits 1", "pruned 1"}
    levers = levers_of({"thresholds 1": 2.0, "pruned 1": 0.5, "steps": 3}, uncompressed(of, 5))
    expected = dataclasses.replace(
        uncompressed(of, 5), thresholds=(1.0, 2.0, 1.0), pruned=(0.0, 0.5, 0.0), steps=3
    )
    assert levers == expected
    assert compress_network(of, levers).shapes == of.shapes

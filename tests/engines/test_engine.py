"""What every engine does: the same tests for each of them, or for one with ``--engine``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import CASES, Case, cases_of
from counting import assert_counted
from reference import as_written, reference

from neurodeploy.engines.base import Engine, spike_types
from neurodeploy.engines.registry import BOARD_ENGINES, ENGINES, open_engine
from neurodeploy.errors import InputError, NetworkError
from neurodeploy.netx.layers import Conv, Dense, NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron
from neurodeploy.netx.read import read_network

pytestmark = [
    pytest.mark.filterwarnings("ignore:Found max delay of 70:UserWarning"),  # netx clamps it
    pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning"),  # netx, largest weight 0
]


SIMULATED = [name for name in ENGINES if name not in BOARD_ENGINES]
"""test_loihi.py has what needs a board."""

LAVAS_RULES: dict[str, Any] = {}
TRAININGS_RULES = {"bits": 40, "store": as_written}
RULES = {"lava": LAVAS_RULES, "native": LAVAS_RULES, "slayer": TRAININGS_RULES}
"""SLAYER's states have no 24 bits, and its weights are those that were trained."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    chosen = metafunc.config.getoption("engine")
    engines = [chosen] if chosen else SIMULATED
    if "case" in metafunc.fixturenames:
        pairs = [(engine, make) for engine in engines for make in cases_of(engine)]
        ids = [f"{engine}-{make.__name__}" for engine, make in pairs]
        metafunc.parametrize(
            ("engine_name", "case"), pairs, indirect=["case"], ids=ids, scope="module"
        )
    elif "engine_name" in metafunc.fixturenames:
        metafunc.parametrize("engine_name", engines, scope="module")


@pytest.fixture(scope="module")
def case(request: pytest.FixtureRequest) -> Case:
    return request.param()


@pytest.fixture(scope="module")
def engine(engine_name: str, case: Case) -> Iterator[Engine]:
    with open_engine(engine_name, case.network) as running:
        yield running


def test_it_follows_the_rules_exactly(case: Case, engine: Engine) -> None:
    run = engine.run(case.batch)
    expected = reference(case.network, case.batch, **RULES[engine.name])
    types = spike_types(case.network)
    for found, wanted, dtype in zip(run.layers, expected, types, strict=True):
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, wanted)
        assert 0 < np.count_nonzero(wanted) < wanted.size
    assert run.spikes is run.layers[-1]


def test_counts_are_those_of_the_spikes(case: Case, engine: Engine) -> None:
    run = engine.run(case.batch)
    assert_counted(run.counts, case.network, (case.batch, *run.layers))


def test_the_order_of_samples_does_not_matter(case: Case, engine: Engine) -> None:
    order = np.roll(np.arange(len(case.batch)), 1)
    for straight, rolled in zip(
        engine.run(case.batch).layers, engine.run(case.batch[order]).layers, strict=True
    ):
        np.testing.assert_array_equal(straight[order], rolled)


def test_batches_from_an_iterator_run_when_they_are_asked_for(case: Case, engine: Engine) -> None:
    taken = []

    def batches() -> Iterator[np.ndarray]:
        for batch in (case.batch[:1], case.batch[1:2, ..., :9]):
            taken.append(len(taken))
            yield batch

    runs = engine.run(batches())
    assert taken == []
    for index, (run, batch) in enumerate(zip(runs, batches(), strict=False)):
        assert index in taken
        np.testing.assert_array_equal(run.spikes, engine.run(batch).spikes)


def test_a_session_steps_through_what_run_runs(case: Case, engine: Engine) -> None:
    expected = engine.run(case.batch[:1])
    with engine.open() as session:
        for attempt in range(2):
            for step in range(case.batch.shape[-1]):
                out = session.step(case.batch[0, ..., step])
                assert out.dtype == expected.spikes.dtype
                np.testing.assert_array_equal(out, expected.spikes[0, ..., step], str(attempt))
            assert session.counts.totals() == expected.counts.totals()
            session.reset()
            assert session.counts.totals()["steps"] == 0
        session.step(case.batch[0, ..., 0])
    np.testing.assert_array_equal(engine.run(case.batch[:1]).spikes, expected.spikes)


def test_a_session_gives_the_spikes_of_every_layer(case: Case, engine: Engine) -> None:
    run = engine.run(case.batch[:1])
    with engine.open() as session:
        for step in range(case.batch.shape[-1]):
            for sent, layer in zip(
                session.advance(case.batch[0, ..., step]), run.layers, strict=True
            ):
                assert sent.dtype == layer.dtype
                np.testing.assert_array_equal(sent, layer[0, ..., step])
        assert session.counts.totals() == run.counts.totals()


def test_a_wrong_input_is_refused_and_does_not_disturb(case: Case, engine: Engine) -> None:
    expected = engine.run(case.batch[:1]).spikes
    with pytest.raises(InputError):
        engine.run(np.full(case.batch[:1].shape, np.nan))
    with pytest.raises(InputError):
        engine.run(case.batch[:1, ..., :0])
    np.testing.assert_array_equal(engine.run(case.batch[:1]).spikes, expected)


@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__)
def test_states_leave_24_bits_where_the_case_says_so(make: Callable[[], Case]) -> None:
    case = make()
    bounded = reference(case.network, case.batch)
    unbounded = reference(case.network, case.batch, bits=40)
    assert case.overflows != all(map(np.array_equal, bounded, unbounded))


# --- recorded runs that lava-dl installs beside itself ------------------------------------------


def recorded(recordings: Path, name: str) -> np.ndarray:
    return np.load(recordings / "gts" / f"{name}.npy")


def run_once(engine_name: str, network: Network, batch: np.ndarray) -> np.ndarray:
    with open_engine(engine_name, network) as engine:
        return engine.run(batch).spikes


def test_recorded_dense_layer(engine_name: str, recordings: Path) -> None:
    weight = recorded(recordings, "dense/weight")
    layer = Dense(
        weight=weight, neuron=CubaNeuron(current_decay=4096, voltage_decay=415, threshold=6)
    )
    network = Network(input_shape=weight.shape[1:], layers=(layer,))
    found = run_once(engine_name, network, recorded(recordings, "dense/in")[None, :, :500])
    expected = recorded(recordings, "dense/out")[None, :, :500]
    assert expected.sum() > 100
    np.testing.assert_array_equal(found, expected)


def test_recorded_input_neurons(engine_name: str, recordings: Path) -> None:
    tiny = read_network(recordings / "tiny.net")
    first = tiny.layers[0]
    assert isinstance(first, NeuronInput)
    current = recorded(recordings, "tinynet/input_bias").transpose(2, 1, 0)
    image = (current - first.bias) / first.weight
    network = Network(input_shape=tiny.input_shape, layers=(first,))
    found = run_once(engine_name, network, np.repeat(image[None, ..., None], 15, -1))
    np.testing.assert_array_equal(found, recorded(recordings, "tinynet/input")[..., 1:])


@pytest.mark.parametrize(
    ("index", "before", "after"), [(1, "input", "layer1"), (2, "layer1", "output")]
)
def test_recorded_convolutions(
    engine_name: str, recordings: Path, index: int, before: str, after: str
) -> None:
    # SLAYER recorded them, and there bias acts one step later than in Lava. So it comes here
    # through a synapse from one more channel that always spikes, which is that step later.
    layer = read_network(recordings / "tiny.net").layers[index]
    assert isinstance(layer, Conv)
    from_clock = np.zeros((len(layer.weight), 1, *layer.weight.shape[2:]), np.int32)
    assert layer.bias is not None
    from_clock[:, 0, 0, 0] = layer.bias
    clocked: Any = dataclasses.replace(
        layer, weight=np.concatenate([layer.weight, from_clock], axis=1), bias=None
    )
    arrived = recorded(recordings, f"tinynet/{before}")[..., 1:]
    clock = np.ones((1, 1, *arrived.shape[2:]))
    network = Network(input_shape=(arrived.shape[1] + 1, *arrived.shape[2:4]), layers=(clocked,))
    found = run_once(engine_name, network, np.concatenate([arrived, clock], axis=1))
    expected = recorded(recordings, f"tinynet/{after}")[..., : found.shape[-1]]
    assert expected.sum() > 50
    np.testing.assert_array_equal(found, expected)


def test_recorded_sigma_delta_pilotnet(engine_name: str, recordings: Path) -> None:
    """One frame through nine layers; its answer, in the ninth step, is the recorded one."""
    network = read_network(recordings / "gts" / "pilotnet_sdnn" / "network.net")
    frame = recorded(recordings, "pilotnet_sdnn/input").transpose(2, 1, 0, 3)
    expected = recorded(recordings, "pilotnet_sdnn/output")
    steps = expected.shape[-1]
    spikes = np.zeros((1, *frame.shape[:3], steps))
    spikes[0] = frame / 64
    if engine_name == "slayer":
        with pytest.raises(NetworkError, match="layer 0-input, neuron: expected CUBA"):
            open_engine(engine_name, network)
        return
    found = run_once(engine_name, network, spikes)
    assert np.count_nonzero(expected) > 2
    np.testing.assert_array_equal(found[0], expected)

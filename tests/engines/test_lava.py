"""Lava against the exact rules, written once more in plain numpy, and against recorded runs."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodeploy.engines.counts import count
from neurodeploy.engines.lava import LavaEngine
from neurodeploy.errors import EngineError, InputError, NetworkError
from neurodeploy.netx.network import Average, Conv, CubaNeuron, Dense, Layer, Network, NeuronInput
from neurodeploy.netx.read import read_network
from neurodeploy.netx.weights import weights_as_run
from neurodeploy.quiet import hushed

with hushed():
    from lava.lib.dl import netx

pytestmark = [
    pytest.mark.filterwarnings("ignore:Found max delay of 70:UserWarning"),  # netx clamps it
    pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning"),  # netx, largest weight 0
]

RECORDED = Path(netx.__file__).parents[4] / "tests" / "lava" / "lib" / "dl" / "netx"


# The exact rules ------------------------------------------------------------------------------


def decayed(state: np.ndarray, decay: np.ndarray) -> np.ndarray:
    return np.sign(state) * (np.abs(state) * (4096 - decay) // 4096)


def through_synapses(layer: Layer, spikes: np.ndarray) -> np.ndarray:
    """What the neurons of a layer receive, [*features, time], for what was sent before it."""
    steps = spikes.shape[-1]
    if isinstance(layer, NeuronInput):
        return spikes
    shape = layer.output_shape(spikes.shape[:-1])
    arrived = np.zeros((*shape, steps), np.int64)
    if isinstance(layer, Dense):
        weight, flat = weights_as_run(layer.weight).astype(np.int64), spikes.reshape(-1, steps)
        delay = np.zeros_like(weight) if layer.delay_matrix is None else layer.delay_matrix
        for (row, column), later in np.ndenumerate(delay):
            for step in range(1 + later, steps):
                arrived[row, step] += weight[row, column] * flat[column, step - 1 - later]
        return arrived
    assert isinstance(layer, Conv)
    (pad_y, pad_x), (step_y, step_x) = layer.padding, layer.stride
    padded = np.pad(spikes.astype(np.int64), ((0, 0), (pad_y, pad_y), (pad_x, pad_x), (0, 0)))
    outputs, inner, height, width = layer.weight.shape
    for channel, row, column in np.ndindex(shape):
        first = channel // (outputs // layer.groups) * inner
        top, left = row * step_y, column * step_x
        field = padded[
            first : first + inner,
            top : top + layer.dilation[0] * (height - 1) + 1 : layer.dilation[0],
            left : left + layer.dilation[1] * (width - 1) + 1 : layer.dilation[1],
        ]
        sums = (layer.weight[channel].astype(np.int64)[..., None] * field).sum((0, 1, 2))
        arrived[channel, row, column, 1:] = sums[:-1]
    return arrived


def by_feature(values: Any, shape: tuple[int, ...]) -> np.ndarray:
    """One value, or one a neuron or channel, for every feature."""
    values = np.asarray(values, np.int64)
    return values if values.ndim == 0 else values.reshape(-1, *[1] * (len(shape) - 1))


def reference(network: Network, batch: np.ndarray, bits: int = 24) -> list[np.ndarray]:
    """Spikes of each layer, [sample, *features, time]."""
    limit = 1 << (bits - 1)
    results: list[list[np.ndarray]] = [[] for _ in network.layers]
    for sample in batch:
        sent = sample
        for layer, shape, kept in zip(network.layers, network.shapes, results, strict=True):
            assert not isinstance(layer, Average)
            if isinstance(layer, NeuronInput):
                sent = np.trunc(layer.weight * sent + layer.bias).astype(np.int64)
            arrived = through_synapses(layer, sent)
            current_decay = by_feature(layer.neuron.current_decay, shape)
            voltage_decay = by_feature(layer.neuron.voltage_decay, shape)
            bias = by_feature(getattr(layer, "bias", 0) if _biased(layer) else 0, shape)
            u, v = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
            sent = np.zeros((*shape, sample.shape[-1]), np.uint8)
            for step in range(sample.shape[-1]):
                u = decayed(u, current_decay) + (arrived[..., step] << 6)
                u = np.where(u > limit, u - 2 * limit, np.where(u <= -limit, u + 2 * limit, u))
                v = decayed(v, voltage_decay) + u + (bias << 6)
                v = np.clip(v, 1 - limit, limit - 1)
                fires = v > layer.neuron.threshold << 6
                v = np.where(fires, 0, v)
                sent[..., step] = fires
            kept.append(sent)
    return [np.stack(kept) for kept in results]


def _biased(layer: Layer) -> bool:
    return isinstance(layer, Dense | Conv) and layer.bias is not None


# Networks that stress one thing each ----------------------------------------------------------


@dataclasses.dataclass
class Case:
    """A network, samples for it, and whether its state leaves 24 bits."""

    network: Network
    batch: np.ndarray
    overflows: bool = False


def neuron(**changes: Any) -> CubaNeuron:
    return CubaNeuron(**{"current_decay": 700, "voltage_decay": 300, "threshold": 250, **changes})


def spikes(*shape: int, seed: int = 1, rate: float = 0.4) -> np.ndarray:
    return (np.random.default_rng(seed).random(shape) < rate).astype(np.uint8)


def even(*shape: int, low: int = -60, high: int = 90, seed: int = 2) -> np.ndarray:
    return 2 * np.random.default_rng(seed).integers(low, high, shape)


def dense_stack() -> Case:
    layers = (
        Dense(weight=even(9, 7), neuron=neuron()),
        Dense(weight=even(5, 9, seed=3), neuron=neuron(current_decay=4095, voltage_decay=1)),
        Dense(weight=even(2, 5, seed=4), neuron=neuron(threshold=90)),
    )
    return Case(Network(input_shape=(7,), layers=layers), spikes(4, 7, 25))


def biased() -> Case:
    layers = (
        Dense(weight=even(6, 5), neuron=neuron(), bias=[9, -30, 120, 1, 0, 251]),
        Dense(weight=even(3, 6, seed=3), neuron=neuron(), bias=[40]),
    )
    return Case(Network(input_shape=(5,), layers=layers), spikes(4, 5, 25, rate=0.2))


def delayed() -> Case:
    layers = (
        Dense(weight=even(3, 4), neuron=neuron(threshold=100), delay=[0, 3, 7], bias=[5, 0, 20]),
        Dense(
            weight=even(3, 3, seed=3), neuron=neuron(threshold=60), delay=even(3, 3, low=0, high=4)
        ),
        Dense(weight=even(2, 3, seed=4), neuron=neuron(threshold=60), delay=[1, 0, 2]),
    )
    return Case(Network(input_shape=(4,), layers=layers), spikes(3, 4, 20))


def delayed_longer_than_netx_keeps() -> Case:
    layers = (Dense(weight=even(2, 2), neuron=neuron(threshold=30), delay=[[70, 0], [61, 62]]),)
    return Case(Network(input_shape=(2,), layers=layers), spikes(2, 2, 80))


def convolutions() -> Case:
    layers = (
        Conv(
            weight=even(4, 2, 3, 2),
            neuron=neuron(current_decay=[0, 900, 2000, 4096], voltage_decay=[4096, 0, 10, 500]),
            stride=(1, 2),
            padding=(2, 1),
            bias=[3, -8, 60, 0],
        ),
        Conv(weight=even(6, 2, 2, 2, seed=3), neuron=neuron(), groups=2, dilation=(2, 1)),
        Dense(weight=even(3, 6 * 5 * 2, seed=4), neuron=neuron(threshold=900)),
    )
    return Case(Network(input_shape=(2, 5, 4), layers=layers), spikes(3, 2, 5, 4, 15))


def strided() -> Case:
    layer = Conv(weight=even(2, 1, 2, 3), neuron=neuron(), stride=(2, 3), padding=(0, 2))
    return Case(Network(input_shape=(1, 6, 7), layers=(layer,)), spikes(2, 1, 6, 7, 12))


def input_neurons() -> Case:
    layers = (
        NeuronInput(
            neuron=neuron(current_decay=3000, voltage_decay=123, threshold=80), weight=76, bias=-9
        ),
        Conv(weight=even(3, 2, 2, 2), neuron=neuron()),
        Dense(weight=even(4, 3 * 3 * 2, seed=3), neuron=neuron()),
    )
    image = np.random.default_rng(5).random((3, 2, 4, 3, 1)) * 1.5 - 0.2
    return Case(Network(input_shape=(2, 4, 3), layers=layers), np.repeat(image, 20, -1))


def only_inhibitory() -> Case:
    """No weight is positive: netx changes them. The bias makes it spike all the same."""
    weight = np.array([[-256, -2, -8], [-60, -254, -4], [-2, -2, -130]])
    assert (weights_as_run(weight) != weight).any()
    layers = (Dense(weight=weight, neuron=neuron(current_decay=4096), bias=[90, 120, 100]),)
    return Case(Network(input_shape=(3,), layers=layers), spikes(4, 3, 30, rate=0.3))


def inhibitory_or_nothing() -> Case:
    weight = np.array([[-200, 0, -8], [0, 0, -3], [-99, -2, 0]])
    assert (weights_as_run(weight) != weight).any()
    layers = (Dense(weight=weight, neuron=neuron(current_decay=4096), bias=[50, 21, 70]),)
    return Case(Network(input_shape=(3,), layers=layers), spikes(4, 3, 30, rate=0.3))


def decays_at_their_ends() -> Case:
    ends = neuron(current_decay=[0, 0, 4096, 4096], voltage_decay=[0, 4096, 0, 4096], threshold=700)
    layers = (Dense(weight=even(4, 5, low=-80), neuron=ends),)
    return Case(Network(input_shape=(5,), layers=layers), spikes(3, 5, 40))


def current_wraps() -> Case:
    weight = np.concatenate([np.full((1, 600), 254), np.full((1, 600), -256), even(2, 600)])
    layers = (Dense(weight=weight, neuron=neuron(current_decay=0, threshold=1000)),)
    return Case(Network(input_shape=(600,), layers=layers), spikes(2, 600, 20), overflows=True)


def voltage_clips() -> Case:
    """Half of the inputs drive far below the floor; the others, later, back up."""
    weight = np.concatenate([np.full((2, 300), -256), np.full((2, 300), 254)], axis=1)
    calm = neuron(current_decay=4096, voltage_decay=[0, 50], threshold=1000)
    batch = np.zeros((2, 600, 20), np.uint8)
    batch[:, :300, :4] = 1
    batch[:, 300:, 6:] = spikes(2, 300, 14)
    layers = (Dense(weight=weight, neuron=calm),)
    return Case(Network(input_shape=(600,), layers=layers), batch, overflows=True)


CASES: list[Callable[[], Case]] = [
    dense_stack,
    biased,
    delayed,
    delayed_longer_than_netx_keeps,
    convolutions,
    strided,
    input_neurons,
    only_inhibitory,
    inhibitory_or_nothing,
    decays_at_their_ends,
    current_wraps,
    voltage_clips,
]


@pytest.fixture(scope="module", params=CASES, ids=lambda make: make.__name__)
def case(request: pytest.FixtureRequest) -> Case:
    return request.param()


@pytest.fixture(scope="module")
def engine(case: Case) -> Iterator[LavaEngine]:
    with LavaEngine(case.network, timeout_s=60) as running:
        yield running


def test_lava_follows_the_rules_exactly(case: Case, engine: LavaEngine) -> None:
    run = engine.run(case.batch)
    expected = reference(case.network, case.batch)
    assert len(run.layers) == len(expected)
    for found, wanted in zip(run.layers, expected, strict=True):
        assert found.dtype == np.uint8
        np.testing.assert_array_equal(found, wanted)
        assert 0 < wanted.mean() < 1
    assert run.spikes is run.layers[-1]
    unbounded = reference(case.network, case.batch, bits=40)
    same = all(np.array_equal(a, b) for a, b in zip(expected, unbounded, strict=True))
    assert same == (not case.overflows)


def test_counts_are_those_of_the_spikes(case: Case, engine: LavaEngine) -> None:
    run = engine.run(case.batch)
    expected = count(case.network, [case.batch, *run.layers])
    assert run.counts.totals() == expected.totals()
    assert run.counts.samples == len(case.batch)
    assert run.counts.steps == case.batch.shape[-1]


def test_the_order_of_samples_does_not_matter(case: Case, engine: LavaEngine) -> None:
    order = np.roll(np.arange(len(case.batch)), 1)
    for straight, rolled in zip(
        engine.run(case.batch).layers, engine.run(case.batch[order]).layers, strict=True
    ):
        np.testing.assert_array_equal(straight[order], rolled)


def test_a_session_steps_through_what_run_runs(case: Case, engine: LavaEngine) -> None:
    expected = engine.run(case.batch[:1])
    with engine.open() as session:
        for attempt in range(2):
            for step in range(case.batch.shape[-1]):
                out = session.step(case.batch[0, ..., step])
                assert out.dtype == np.uint8
                np.testing.assert_array_equal(out, expected.spikes[0, ..., step], str(attempt))
            assert session.counts.totals() == expected.counts.totals()
            session.reset()
            assert session.counts.totals()["steps"] == 0
        session.step(case.batch[0, ..., 0])
    np.testing.assert_array_equal(engine.run(case.batch[:1]).spikes, expected.spikes)


def test_a_stream_is_the_run_step_by_step(case: Case, engine: LavaEngine) -> None:
    shorter = [case.batch[0], case.batch[1][..., :7]]
    outputs = list(engine.stream(shorter))
    steps = case.batch.shape[-1]
    assert [(out.sample, out.step) for out in outputs] == [
        *((0, step) for step in range(steps)),
        *((1, step) for step in range(7)),
    ]
    run = engine.run(case.batch[:2])
    for out in outputs:
        for sent, layer in zip(out.layers, run.layers, strict=True):
            np.testing.assert_array_equal(sent, layer[out.sample, ..., out.step])
        np.testing.assert_array_equal(out.spikes, run.spikes[out.sample, ..., out.step])


# Recorded runs that lava-dl installs beside itself --------------------------------------------


def recorded(name: str) -> np.ndarray:
    return np.load(RECORDED / "gts" / f"{name}.npy")


def run_once(network: Network, batch: np.ndarray) -> np.ndarray:
    with LavaEngine(network, timeout_s=60) as engine:
        return engine.run(batch).spikes


def test_recorded_dense_layer() -> None:
    weight = recorded("dense/weight")
    steps = 500
    layer = Dense(
        weight=weight, neuron=CubaNeuron(current_decay=4096, voltage_decay=415, threshold=6)
    )
    network = Network(input_shape=weight.shape[1:], layers=(layer,))
    found = run_once(network, recorded("dense/in")[None, :, :steps])
    expected = recorded("dense/out")[None, :, :steps]
    assert expected.sum() > 100
    np.testing.assert_array_equal(found, expected)


def test_recorded_input_neurons() -> None:
    tiny = read_network(RECORDED / "tiny.net")
    first = tiny.layers[0]
    assert isinstance(first, NeuronInput)
    current = recorded("tinynet/input_bias").transpose(2, 1, 0)
    image = (current - first.bias) / first.weight
    network = Network(input_shape=tiny.input_shape, layers=(first,))
    found = run_once(network, np.repeat(image[None, ..., None], 15, -1))
    np.testing.assert_array_equal(found, recorded("tinynet/input")[..., 1:])


@pytest.mark.parametrize(
    ("index", "before", "after"), [(1, "input", "layer1"), (2, "layer1", "output")]
)
def test_recorded_convolutions(index: int, before: str, after: str) -> None:
    # SLAYER recorded them, and there bias acts one step later than in Lava. So it comes here
    # through a synapse from one more channel that always spikes, which is that step later.
    layer = read_network(RECORDED / "tiny.net").layers[index]
    assert isinstance(layer, Conv)
    from_clock = np.zeros((len(layer.weight), 1, *layer.weight.shape[2:]), np.int32)
    assert layer.bias is not None
    from_clock[:, 0, 0, 0] = layer.bias
    clocked = dataclasses.replace(
        layer, weight=np.concatenate([layer.weight, from_clock], axis=1), bias=None
    )
    arrived = recorded(f"tinynet/{before}")[..., 1:]
    clock = np.ones((1, 1, *arrived.shape[2:]))
    network = Network(input_shape=(arrived.shape[1] + 1, *arrived.shape[2:4]), layers=(clocked,))
    found = run_once(network, np.concatenate([arrived, clock], axis=1))
    expected = recorded(f"tinynet/{after}")[..., : found.shape[-1]]
    assert expected.sum() > 50
    np.testing.assert_array_equal(found, expected)


# Processes ------------------------------------------------------------------------------------


@pytest.fixture
def nothing_left() -> Iterator[Callable[[], None]]:
    """No process of ours remains, during the test when asked, and after it."""
    before = set(multiprocessing.active_children())

    def check() -> None:
        left = set(multiprocessing.active_children()) - before
        assert not left, left

    yield check
    check()


@pytest.fixture
def small() -> Case:
    return biased()


def runtime_processes(engine: LavaEngine) -> list[int]:
    assert engine._runtime is not None
    return [actor.pid for actor in engine._runtime._actors]


def test_closing_leaves_no_process(small: Case, nothing_left: Callable[[], None]) -> None:
    engine = LavaEngine(small.network)
    engine.close()
    first = engine.run(small.batch)
    assert runtime_processes(engine)
    engine.close()
    nothing_left()
    np.testing.assert_array_equal(engine.run(small.batch).spikes, first.spikes)
    engine.close()
    engine.close()


def test_an_engine_that_is_dropped_leaves_no_process(
    small: Case, nothing_left: Callable[[], None]
) -> None:
    engine = LavaEngine(small.network)
    engine.open()
    del engine
    nothing_left()


def test_a_stream_that_is_left_leaves_no_process(
    small: Case, nothing_left: Callable[[], None]
) -> None:
    engine = LavaEngine(small.network)
    stream = engine.stream(iter(small.batch))
    next(stream)
    stream.close()
    nothing_left()
    np.testing.assert_array_equal(
        engine.run(small.batch).layers[0], reference(small.network, small.batch)[0]
    )
    engine.close()


@pytest.mark.parametrize("which", [0, -1])
def test_a_process_that_dies_ends_the_run_and_the_next_one_works(
    small: Case, nothing_left: Callable[[], None], which: int
) -> None:
    with LavaEngine(small.network, timeout_s=60) as engine:
        before = engine.run(small.batch)
        os.kill(runtime_processes(engine)[which], signal.SIGKILL)
        began = time.monotonic()
        with pytest.raises(EngineError, match="one of them died"):
            engine.run(small.batch)
        assert time.monotonic() - began < 20
        nothing_left()
        np.testing.assert_array_equal(engine.run(small.batch).spikes, before.spikes)


def test_a_process_that_hangs_ends_the_run_in_time(
    small: Case, nothing_left: Callable[[], None]
) -> None:
    with LavaEngine(small.network, timeout_s=1) as engine:
        before = engine.run(small.batch)
        os.kill(runtime_processes(engine)[-1], signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(EngineError, match=r"an answer within 1 s.*timeout_s"):
            engine.run(small.batch)
        assert time.monotonic() - began < 10
        nothing_left()
        engine.timeout_s = 60
        np.testing.assert_array_equal(engine.run(small.batch).spikes, before.spikes)


def test_a_wrong_input_does_not_disturb_the_engine(small: Case) -> None:
    with LavaEngine(small.network, timeout_s=60) as engine:
        before = engine.run(small.batch)
        processes = runtime_processes(engine)
        with pytest.raises(InputError):
            engine.run(small.batch[:, :4])
        with pytest.raises(InputError):
            engine.run(2 * small.batch)
        with pytest.raises(InputError):
            engine.open().step(small.batch[0])
        np.testing.assert_array_equal(engine.run(small.batch).spikes, before.spikes)
        assert runtime_processes(engine) == processes


def test_a_network_that_netx_cannot_run_is_refused_at_once(
    nothing_left: Callable[[], None],
) -> None:
    layer = Dense(weight=[[2, 4]], neuron=neuron())
    silent = Dense(weight=[[0]], neuron=neuron())
    for layers, said in (((layer, silent), "1-dense"), ((layer, Average(outputs=1)), "average")):
        with pytest.raises(NetworkError, match=said):
            LavaEngine(Network(input_shape=(2,), layers=layers))


@pytest.mark.parametrize("steps", [1, 31, 32, 33, 64, 65, 200])
def test_any_number_of_steps_fits_the_channels(small_engine: LavaEngine, steps: int) -> None:
    batch = spikes(2, 5, steps, seed=steps)
    np.testing.assert_array_equal(
        small_engine.run(batch).spikes, reference(small_engine.network, batch)[-1]
    )


@pytest.fixture(scope="module")
def small_engine() -> Iterator[LavaEngine]:
    with LavaEngine(biased().network, timeout_s=60) as running:
        yield running


NEURON = CubaNeuron(current_decay=700, voltage_decay=300, threshold=250)

INTERRUPTED = """
import sys
import numpy as np
from neurodeploy.engines.lava import LavaEngine
from neurodeploy.netx.network import CubaNeuron, Dense, Network

NEURON = CubaNeuron(current_decay=700, voltage_decay=300, threshold=250)

neuron = CubaNeuron(current_decay=1000, voltage_decay=300, threshold=100)
layer = Dense(weight=2 * np.arange(18).reshape(3, 6), neuron=neuron)
engine = LavaEngine(Network(input_shape=(6,), layers=(layer,)))
if sys.argv[1] == "running":
    engine.open()
print("ready", flush=True)
engine.run(np.ones((1, 6, 100_000), np.uint8))
"""


def processes_of_group(group: int) -> list[str]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, process_group = stat.read_text().rsplit(")", 1)[1].split()[:3]
        except OSError:
            continue
        if int(process_group) == group and state != "Z":
            found.append(stat.parent.name)
    return found


@pytest.mark.parametrize(("when", "wait_s"), [("running", 0), ("compiling", 1.0)])
def test_an_interrupt_ends_it_quietly_and_completely(when: str, wait_s: float) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, when],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(wait_s)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=30)
        deadline = time.monotonic() + 10
        while processes_of_group(process.pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert processes_of_group(process.pid) == []
    finally:
        if processes_of_group(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert process.returncode == -signal.SIGINT
    assert said.count("Traceback") == 1, said
    assert said.endswith("KeyboardInterrupt\n")


@pytest.mark.parametrize("shape", [(2, 3, 4), (4, 6)])
def test_an_image_goes_straight_into_a_dense_layer(shape: tuple[int, ...]) -> None:
    weight = 2 * np.random.default_rng(2).integers(-60, 90, (5, 24))
    layer = Dense(weight=weight, neuron=NEURON)
    batch = np.random.default_rng(1).integers(0, 2, (2, 24, 12)).astype(np.uint8)
    with LavaEngine(Network(input_shape=(24,), layers=(layer,))) as engine:
        flat = engine.run(batch).spikes
    with LavaEngine(Network(input_shape=shape, layers=(layer,))) as engine:
        found = engine.run(batch.reshape(2, *shape, 12)).spikes
    np.testing.assert_array_equal(found, flat)


def test_input_neurons_of_two_axes_are_refused() -> None:
    network = Network(
        input_shape=(4, 6),
        layers=(NeuronInput(neuron=NEURON), Dense(weight=np.full((2, 24), 4), neuron=NEURON)),
    )
    with pytest.raises(NetworkError, match=r"netx cannot flatten \(4, 6\)"):
        LavaEngine(network)


@pytest.mark.parametrize("how", ["error", "abandoned"])
def test_a_session_that_was_not_closed_does_not_leak_into_the_next_run(how: str) -> None:
    weight = 2 * np.random.default_rng(2).integers(-20, 90, (3, 6))
    neuron = CubaNeuron(current_decay=10, voltage_decay=10, threshold=300)
    batch = np.random.default_rng(1).integers(0, 2, (1, 6, 10)).astype(np.uint8)
    with LavaEngine(
        Network(input_shape=(6,), layers=(Dense(weight=weight, neuron=neuron),))
    ) as engine:
        expected = engine.run(batch).spikes
        if how == "error":
            with pytest.raises(ZeroDivisionError), engine.open() as session:  # noqa: PT012
                session.step(batch[0, :, 0])
                raise ZeroDivisionError
        else:
            engine.open().step(batch[0, :, 0])
        np.testing.assert_array_equal(engine.run(batch).spikes, expected)

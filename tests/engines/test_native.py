"""The native engine against plain numpy, against Lava, and against recordings from lava-dl."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from comparing import assert_same, assert_same_counts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_networks import (
    flat_before_dense,
    not_all_zero,
    random_cuba,
    random_network,
    random_signal,
)
from reference import reference, reference_traces

from neurodeploy.engines.counts import count
from neurodeploy.engines.lava import LavaEngine
from neurodeploy.engines.native import NativeEngine
from neurodeploy.errors import InputError, NetworkError
from neurodeploy.netx.layers import Average, Conv, Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron
from neurodeploy.netx.read import read_network
from neurodeploy.signals.datasets import load_mnist


def seeded(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


many = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@many
@given(seed=st.integers(0, 2**32 - 1), samples=st.integers(1, 4), steps=st.integers(1, 75))
def test_equals_plain_numpy_and_counts(seed: int, samples: int, steps: int) -> None:
    rng = seeded(seed)
    network = random_network(rng, most=24, large=True)
    signal = random_signal(rng, network, samples, steps)
    with NativeEngine(network, threads=2) as engine:
        run = engine.run(signal)
    assert_same(run.layers, reference(network, signal))
    assert_same_counts(run.counts, count(network, (signal, *run.layers)))


@many
@given(seed=st.integers(0, 2**32 - 1))
def test_wide_layers_equal_plain_numpy(seed: int) -> None:
    """Many spikes at once: rows in groups of eight and the limits of 16-bit sums."""
    rng = seeded(seed)
    inputs, outputs = int(rng.integers(200, 700)), int(rng.integers(1, 70))
    weight = not_all_zero(rng, (outputs, inputs))
    layer = Dense(weight=weight, neuron=random_cuba(rng, outputs))
    network = Network(input_shape=(inputs,), layers=(layer,))
    signal = (rng.random((2, inputs, 6)) < rng.choice([0.1, 0.5, 1])).astype(np.uint8)
    assert_same(NativeEngine(network, threads=1).run(signal).layers, reference(network, signal))


@settings(max_examples=50, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1))
def test_steps_copies_and_split_batches_equal_a_run(seed: int) -> None:
    rng = seeded(seed)
    network = random_network(rng, most=16)
    signal = random_signal(rng, network, 3, 20)
    engine = NativeEngine(network)
    run = engine.run(signal)
    assert_same(engine.run(signal[1:]).layers, [layer[1:] for layer in run.layers])
    with engine.open() as session:
        for sample in range(3):
            session.reset()
            for t in range(8):
                assert (session.step(signal[sample, ..., t]) == run.spikes[sample, ..., t]).all()
            twin = session.copy()
            for t in range(8, 20):
                assert (session.step(signal[sample, ..., t]) == run.spikes[sample, ..., t]).all()
            for t in range(8, 20):
                assert (twin.step(signal[sample, ..., t]) == run.spikes[sample, ..., t]).all()
            one = slice(sample, sample + 1)
            expected = count(network, (signal[one], *(layer[one] for layer in run.layers)))
            assert_same_counts(session.counts, expected)
            assert_same_counts(twin.counts, expected)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1))
def test_probes_equal_plain_numpy(seed: int) -> None:
    rng = seeded(seed)
    network = random_network(rng, most=10)
    signal = random_signal(rng, network, 2, 15)
    found = NativeEngine(network).probe(signal, network.names)
    for name, (spikes, states) in zip(
        network.names, reference_traces(network, signal), strict=True
    ):
        assert (found[name]["spikes"] == spikes).all()
        for state in set(found[name]) - {"spikes"}:
            assert (found[name][state] == states[state]).all(), (name, state)


def test_a_probe_of_no_layer_is_refused() -> None:
    network = dense_network(np.array([[2, -4]]))
    with pytest.raises(InputError, match="1-dense"):
        NativeEngine(network).probe(np.ones((1, 2, 3), np.uint8), ["1-dense"])


def test_counts_of_a_fresh_session_are_zero() -> None:
    network = dense_network(np.array([[2, -4]]))
    session = NativeEngine(network).open()
    empty = [np.zeros((1, *shape, 0), np.uint8) for shape in (network.input_shape, (1,))]
    assert_same_counts(session.counts, count(network, empty))


# --- Lava ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_equals_lava(seed: int) -> None:
    """Eight samples each; `fuzz.py` runs thousands of networks."""
    rng = seeded(1000 + seed)
    longest = 62 if seed % 8 == 0 else 5
    network = flat_before_dense(random_network(rng, most=12, longest_delay=longest))
    signal = random_signal(rng, network, 8, 25)
    with LavaEngine(network) as lava:
        expected = lava.run(signal)
    run = NativeEngine(network).run(signal)
    assert_same(run.layers, expected.layers)
    assert_same_counts(run.counts, expected.counts)


def test_equals_lava_where_sums_leave_32_bits_and_biases_leave_16() -> None:
    """Conv sums near 2^23 through neurons that forget nothing, and a bias beyond int16."""
    keeps = CubaNeuron(current_decay=0, voltage_decay=np.array([0, 1]), threshold=131_071)
    weight = np.array([2**22 + 12_345, -(2**22) - 777]).reshape(2, 1, 1, 1)
    conv = Conv(weight=weight, neuron=keeps, bias=np.array([40_000, -40_000]))
    second = Conv(weight=weight[:1].repeat(2, 1) * 2, neuron=random_cuba(seeded(1), 1, 0))
    network = Network(input_shape=(1, 2, 2), layers=(conv, second))
    signal = random_signal(seeded(3), network, 2, 40) | (seeded(4).random((2, 1, 2, 2, 40)) < 0.5)
    with LavaEngine(network) as lava:
        expected = lava.run(signal)
    assert expected.layers[0].any()
    assert_same(NativeEngine(network).run(signal).layers, expected.layers)


# --- recordings that come with lava-dl ---------------------------------------------------------


def recorded(recordings: Path, name: str) -> np.ndarray:
    """Of pilotnet_lif, [*features, time]; recorded images lie [width, height, channel, time]."""
    values = np.load(recordings / "gts" / "pilotnet_lif" / f"{name}.npy")
    return values.transpose(2, 1, 0, 3) if values.ndim == 4 else values


PILOTNET = ["input", *(f"conv-{i}" for i in range(5)), *(f"fc-{i}" for i in range(3))]


@pytest.mark.parametrize("index", range(1, len(PILOTNET)))
def test_layers_of_pilotnet_equal_what_loihi_recorded(index: int, recordings: Path) -> None:
    """Current, voltage and spikes, fed with the recorded spikes of the layer before.

    The recording resets voltages every 17 steps, layer by layer one step later; it holds
    the refractory counter (128) instead of the voltage where a neuron spikes.
    """
    network = read_network(recordings / "gts" / "pilotnet_lif" / "network.net")
    shape = network.shapes[index - 1]
    layer = Network(input_shape=shape, layers=(network.layers[index],))
    arriving = recorded(recordings, PILOTNET[index - 1]).astype(np.uint8)
    name = PILOTNET[index]
    spikes, u, v = (recorded(recordings, file) for file in (name, f"{name}-u", f"{name}-v"))
    (only,) = layer.names
    neurons = math.prod(layer.output_shape)
    assert spikes.any()
    with NativeEngine(layer).open() as session:
        for t in range(spikes.shape[-1]):
            if t in (index, index + 17):
                rest = session.state_dict()
                rest["state"][neurons : 2 * neurons] = 0
                session.load_state(rest)
            sent = session.step(arriving[..., t])
            states = session.states(only)
            assert (sent == spikes[..., t]).all(), t
            assert (states["current"] == u[..., t]).all(), t
            assert (states["voltage"] == np.where(spikes[..., t], 0, v[..., t])).all(), t


def sums_of(network: Network, frame: np.ndarray, steps: int = 20) -> list[np.ndarray]:
    """What sigma-delta layers behind the input have added up, for a frame that stands still."""
    signal = np.repeat(frame[None, ..., None] / 64, steps, axis=-1)
    probes = NativeEngine(network).probe(signal, network.names)
    return [probes[name]["sum"][0] for name in network.names[1:]]


def sdnn_recording(recordings: Path, name: str) -> np.ndarray:
    values = np.load(recordings / "gts" / "pilotnet_sdnn" / f"{name}.npy")
    return values.transpose(2, 1, 0, 3)


def test_sigma_delta_pilotnet_adds_up_what_loihi_recorded(recordings: Path) -> None:
    network = read_network(recordings / "gts" / "pilotnet_sdnn" / "network.net")
    network = Network(input_shape=network.input_shape, layers=network.layers[:3])
    sums = sums_of(network, sdnn_recording(recordings, "input")[..., 0])
    for found, name in zip(sums, ("sigma1", "sigma2"), strict=True):
        np.testing.assert_array_equal(found, sdnn_recording(recordings, name))


def test_square_sigma_delta_pilotnet_adds_up_what_loihi_recorded(recordings: Path) -> None:
    network = read_network(recordings / "gts" / "pilotnet_sdnn" / "square_network.net")
    sums = sums_of(network, sdnn_recording(recordings, "input")[:, :33, :33, 0])
    for index, found in enumerate(sums, 1):
        expected = sdnn_recording(recordings, f"sigma{index}_square")
        np.testing.assert_array_equal(found, expected)


def digits(steps: int) -> tuple[np.ndarray, np.ndarray]:
    """As lava-dl's MNIST network takes them, -1 to 1; [sample, feature, time], and labels."""
    dataset = load_mnist()
    chosen = seeded(0).permutation(len(dataset.images))[:60]
    images = 2 * dataset.images[chosen].reshape(60, -1, 1) - 1
    return np.repeat(images, steps, axis=-1), dataset.labels[chosen]


def test_the_mnist_network_of_lava_dl_reads_digits(recordings: Path) -> None:
    """Its last layer never spikes: the answer is in the voltages."""
    network = read_network(recordings / "mnist.net")
    signal, labels = digits(32)
    last = network.names[-1]
    voltage = NativeEngine(network).probe(signal, [last])[last]["voltage"]
    assert (voltage[..., -1].argmax(1) == labels).mean() > 0.98


@pytest.mark.parametrize("name", ["mnist", "tiny"])
def test_networks_of_lava_dl_run_the_same_on_lava(name: str, recordings: Path) -> None:
    network = read_network(recordings / f"{name}.net")
    signal = digits(20)[0][:3] if name == "mnist" else seeded(1).random((3, 3, 16, 16, 20))
    with LavaEngine(network) as lava:
        expected = lava.run(signal)
    assert all(layer.any() for layer in expected.layers[:3])
    assert_same(NativeEngine(network).run(signal).layers, expected.layers)


def test_ntidigits_equals_its_recording(recordings: Path) -> None:
    """Axonal delays over 3,000 steps; column t of the recording is our column t - 1."""
    network = read_network(recordings / "gts" / "ntidigits" / "ntidigits.net")
    network = Network(input_shape=network.input_shape, layers=network.layers[:-1])
    signal = np.load(recordings / "gts" / "ntidigits" / "input.npy")
    expected = np.load(recordings / "gts" / "ntidigits" / "output.npy")
    run = NativeEngine(network).run(signal[None])
    assert expected.sum() > 20_000
    assert (run.spikes[0, :, :-1] == expected[:, 1:]).all()


# --- refusals and edges ------------------------------------------------------------------------


def dense_network(weight: np.ndarray) -> Network:
    neuron = CubaNeuron(current_decay=1024, voltage_decay=410, threshold=7)
    return Network(input_shape=weight.shape[1:], layers=(Dense(weight=weight, neuron=neuron),))


def test_average_is_refused_by_name() -> None:
    network = dense_network(np.ones((4, 3), int))
    network = Network(input_shape=(3,), layers=(*network.layers, Average(outputs=2)))
    with pytest.raises(NetworkError, match="1-average"):
        NativeEngine(network)


def test_kernels_whose_sum_lava_cannot_hold_are_refused() -> None:
    neuron = CubaNeuron(current_decay=1024, voltage_decay=410, threshold=7)
    conv = Conv(weight=np.full((1, 2, 1, 1), 2**30), neuron=neuron)
    with pytest.raises(NetworkError, match="0-conv"):
        NativeEngine(Network(input_shape=(2, 3, 3), layers=(conv,)))


def test_all_zero_weights_are_silence() -> None:
    run = NativeEngine(dense_network(np.zeros((2, 3), int))).run(np.ones((1, 3, 5), np.uint8))
    assert not run.spikes.any()
    assert run.counts.layers[0].synops[0] == 3 * 5 * 2
    assert run.counts.layers[0].effective_synops[0] == 0


@pytest.mark.parametrize("dtype", [np.bool_, np.int64, np.float32])
def test_any_dtype_and_layout_of_valid_spikes(dtype: type) -> None:
    network = dense_network(np.array([[200, -4, 60]]))
    signal: np.ndarray = (seeded(2).random((5, 9, 3)) < 0.5).astype(dtype)
    plain = NativeEngine(network).run(np.ascontiguousarray(signal.transpose(0, 2, 1)))
    signal.flags.writeable = False
    assert (NativeEngine(network).run(signal.transpose(0, 2, 1)).spikes == plain.spikes).all()
    assert plain.spikes.any()
    with NativeEngine(network).open() as session:
        steps = [session.step(row) for row in signal[0]]
    assert (np.stack(steps, -1) == plain.spikes[0]).all()


@pytest.mark.parametrize("wrong", [np.full(3, 2, np.uint8), np.zeros(4, np.uint8)])
def test_a_session_refuses_what_is_no_step(wrong: np.ndarray) -> None:
    session = NativeEngine(dense_network(np.array([[200, -4, 60]]))).open()
    with pytest.raises(InputError):
        session.step(wrong)
    assert session.counts.steps == 0


def test_a_state_of_another_network_is_refused() -> None:
    state = NativeEngine(dense_network(np.ones((2, 3), int))).open().state_dict()
    with pytest.raises(InputError, match="state"):
        NativeEngine(dense_network(np.ones((5, 3), int))).open().load_state(state)

"""The native engine against plain numpy, against Lava, and against recordings from lava-dl."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import lava.proc.lif.models as lava_wheel
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neurodeploy.engines.counts import Counts, count
from neurodeploy.engines.lava import LavaEngine
from neurodeploy.engines.native import NativeEngine
from neurodeploy.errors import InputError, NetworkError
from neurodeploy.netx.network import Average, Conv, CubaNeuron, Dense, Layer, Network, NeuronInput
from neurodeploy.netx.read import read_network
from neurodeploy.netx.weights import stored_weights, weights_as_run

RECORDINGS = Path(lava_wheel.__file__).parents[3] / "tests" / "lava" / "lib" / "dl" / "netx" / "gts"
DECAYS = (0, 1, 2, 410, 1024, 2048, 4095, 4096)


# --- plain numpy, one step at a time ---------------------------------------------------------


def int32(values: np.ndarray) -> np.ndarray:
    return (values + 2**31) % 2**32 - 2**31


def decayed(state: np.ndarray, decay: np.ndarray) -> np.ndarray:
    return np.sign(state) * (np.abs(state) * (4096 - decay) // 4096)


def per_feature(value: np.ndarray | int, shape: tuple[int, ...]) -> np.ndarray:
    axes = (-1,) + (1,) * (len(shape) - 1)
    return np.broadcast_to(np.asarray(value, np.int64).reshape(axes), shape)


def neurons(
    layer: Dense | Conv | NeuronInput, arriving: np.ndarray, bias: np.ndarray | int
) -> np.ndarray:
    """[sample, *features, time] of what arrives -> spikes."""
    shape = arriving.shape[1:-1]
    decay_u = per_feature(layer.neuron.current_decay, shape)
    decay_v = per_feature(layer.neuron.voltage_decay, shape)
    u = v = np.zeros(arriving.shape[:-1], np.int64)
    spikes = np.zeros(arriving.shape, np.uint8)
    for t in range(arriving.shape[-1]):
        u = int32(decayed(u, decay_u) + int32(arriving[..., t] << 6))
        u = u - (u > 2**23) * 2**24 + (u <= -(2**23)) * 2**24
        v = int32(decayed(v, decay_v) + u + (per_feature(bias, shape) << 6))
        v = np.clip(v, 1 - 2**23, 2**23 - 1)
        spikes[..., t] = v > layer.neuron.threshold << 6
        v = np.where(spikes[..., t], 0, v)
    return spikes


def dense_sums(layer: Dense, spikes: np.ndarray) -> np.ndarray:
    weight = weights_as_run(layer.weight) if layer.weight.any() else layer.weight
    delays = layer.delay_matrix
    delays = np.zeros(weight.shape, int) if delays is None else delays
    sums = np.zeros((len(spikes), len(weight), spikes.shape[-1]), np.int64)
    for t in range(spikes.shape[-1]):
        for o, i in np.ndindex(*weight.shape):
            source = t - 1 - delays[o, i]
            if source >= 0:
                sums[:, o, t] += int(weight[o, i]) * spikes[:, i, source]
    return sums


def conv_sums(layer: Conv, spikes: np.ndarray) -> np.ndarray:
    (pad_y, pad_x), (step_y, step_x) = layer.padding, layer.stride
    padded = np.pad(spikes, ((0, 0), (0, 0), (pad_y, pad_y), (pad_x, pad_x), (1, 0)))
    padded = padded[..., :-1].astype(np.int64)
    channels, height, width = layer.output_shape(spikes.shape[1:-1])
    sums = np.zeros((len(spikes), channels, height, width, spikes.shape[-1]), np.int64)
    inputs = layer.weight.shape[1]
    for o, c, ky, kx in np.ndindex(*layer.weight.shape):
        channel = o // (channels // layer.groups) * inputs + c
        top, left = ky * layer.dilation[0], kx * layer.dilation[1]
        rows = slice(top, top + (height - 1) * step_y + 1, step_y)
        columns = slice(left, left + (width - 1) * step_x + 1, step_x)
        sums[:, o] += int(layer.weight[o, c, ky, kx]) * padded[:, channel, rows, columns]
    return (sums + 2**23) % 2**24 - 2**23


def reference(network: Network, signal: np.ndarray) -> list[np.ndarray]:
    layers = [signal]
    for layer in network.layers:
        arrived = layers[-1]
        if isinstance(layer, NeuronInput):
            current = np.trunc(layer.weight * arrived + layer.bias).astype(np.int64)
            layers.append(neurons(layer, current, 0))
            continue
        flat = arrived.reshape(len(arrived), -1, arrived.shape[-1])
        assert isinstance(layer, Dense | Conv)
        sums = conv_sums(layer, arrived) if isinstance(layer, Conv) else dense_sums(layer, flat)
        layers.append(neurons(layer, sums, 0 if layer.bias is None else layer.bias))
    return layers[1:]


# --- random networks -------------------------------------------------------------------------


def random_neuron(rng: np.random.Generator, size: int, threshold: int | None = None) -> CubaNeuron:
    """Decays at their limits too, of the layer or of each neuron."""
    decays = [
        rng.choice(DECAYS, size) if rng.random() < 0.4 else int(rng.choice(DECAYS))
        for _ in range(2)
    ]
    thresholds = (0, 1, 63, 80, 1000, 20_000, 131_071)
    return CubaNeuron(
        current_decay=decays[0],
        voltage_decay=decays[1],
        threshold=int(rng.choice(thresholds)) if threshold is None else threshold,
    )


def random_weight(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    kind = rng.integers(7)
    if kind == 0:
        return rng.integers(-256, 256, shape)
    if kind == 1:
        return 2 * rng.integers(-128, 128, shape)
    if kind == 2:
        return -rng.integers(1, 257, shape)
    if kind == 3:
        return rng.integers(1, 256, shape)
    if kind == 4:
        return rng.choice([-256, 254], shape)
    if kind == 5:
        return rng.integers(-20, 21, shape) * (rng.random(shape) < 0.3) + (rng.random() < 0.5)
    return 2 * rng.integers(-9, 12, shape)


def lava_rounds_sums(weight: np.ndarray) -> bool:
    stored, scale_bits = stored_weights(weight)
    return bool((stored & ((1 << scale_bits) - 1)).any())


def random_bias(rng: np.random.Generator, size: int) -> np.ndarray | None:
    return rng.integers(-4096, 4096, size) if rng.random() < 0.5 else None


def random_delay(
    rng: np.random.Generator, shape: tuple[int, int], longest: int
) -> np.ndarray | None:
    kinds: tuple[tuple[int, ...] | None, ...] = (None, (), shape[:1], shape[1:], shape)
    kind = kinds[rng.integers(len(kinds))]
    return None if kind is None else rng.integers(0, longest + 1, kind)


def random_dense(rng: np.random.Generator, inputs: int, most: int, longest_delay: int) -> Dense:
    outputs = int(rng.integers(1, most + 1))
    weight = random_weight(rng, (outputs, inputs))
    while not weight.any() or lava_rounds_sums(weight):
        weight = random_weight(rng, (outputs, inputs))
    return Dense(
        weight=weight,
        neuron=random_neuron(rng, outputs),
        bias=random_bias(rng, outputs),
        delay=random_delay(rng, (outputs, inputs), longest_delay),
    )


def random_conv(rng: np.random.Generator, shape: tuple[int, ...], large: bool) -> Conv:
    groups = int(rng.choice([g for g in (1, 2, 3) if shape[0] % g == 0]))
    channels = groups * int(rng.integers(1, 4))
    kernel = [int(rng.integers(1, min(3, size) + 1)) for size in shape[1:]]
    dilation = [
        int(rng.integers(1, 3)) if 2 * (k - 1) + 1 <= size else 1
        for k, size in zip(kernel, shape[1:], strict=True)
    ]
    weight = random_weight(rng, (channels, shape[0] // groups, *kernel))
    return Conv(
        weight=weight * (2**17 + 1 if large else 1),
        neuron=random_neuron(rng, channels),
        bias=random_bias(rng, channels),
        stride=(int(rng.integers(1, 4)), int(rng.integers(1, 4))),
        padding=(int(rng.integers(0, 3)), int(rng.integers(0, 3))),
        dilation=(dilation[0], dilation[1]),
        groups=groups,
    )


def random_network(
    rng: np.random.Generator, *, most: int = 64, longest_delay: int = 62, large: bool = False
) -> Network:
    image = rng.random() < 0.5
    shape: tuple[int, ...] = (int(rng.integers(1, most + 1)),)
    if image:
        shape = tuple(int(rng.integers(low, 7)) for low in (1, 2, 2))
    network_input = shape
    layers: list[Layer] = []
    if rng.random() < 0.3:
        layers.append(
            NeuronInput(
                neuron=random_neuron(rng, shape[0]),
                weight=int(rng.choice([1, 64, -3, 2**20])),
                bias=int(rng.integers(-300, 300)),
            )
        )
    for _ in range(int(rng.integers(1, 4))):
        layer: Layer
        if len(shape) == 3 and rng.random() < 0.7:
            layer = random_conv(rng, shape, large and rng.random() < 0.3)
        else:
            layer = random_dense(rng, math.prod(shape), most, longest_delay)
        layers.append(layer)
        shape = layer.output_shape(shape)
    return Network(input_shape=network_input, layers=tuple(layers))


def random_signal(
    rng: np.random.Generator, network: Network, samples: int, steps: int
) -> np.ndarray:
    shape = (samples, *network.input_shape, steps)
    if isinstance(network.layers[0], NeuronInput):
        return np.round(rng.normal(0, 30, shape), 2)
    return (rng.random(shape) < rng.choice([0.02, 0.3, 1.0])).astype(np.uint8)


def assert_same(found: Sequence[np.ndarray], expected: Sequence[np.ndarray]) -> None:
    for index, (mine, theirs) in enumerate(zip(found, expected, strict=True)):
        assert mine.dtype == np.uint8
        assert mine.shape == theirs.shape, f"layer {index}"
        wrong = np.argwhere(mine != theirs)
        assert not len(wrong), f"layer {index}: {len(wrong)} wrong, first {wrong[:1]}"


def assert_same_counts(found: Counts, expected: Counts) -> None:
    assert (found.samples, found.steps) == (expected.samples, expected.steps)
    for mine, theirs in zip(found.layers, expected.layers, strict=True):
        assert mine.totals() == theirs.totals()
        for field in ("input_spikes", "output_spikes", "synops", "effective_synops"):
            assert (getattr(mine, field) == getattr(theirs, field)).all(), (mine.name, field)
        assert (mine.neuron_updates == theirs.neuron_updates).all()
        assert (mine.macs == theirs.macs).all()


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
    weight = random_weight(rng, (outputs, inputs))
    weight[0, 0] = weight[0, 0] or 1
    layer = Dense(weight=weight, neuron=random_neuron(rng, outputs))
    network = Network(input_shape=(inputs,), layers=(layer,))
    signal = (rng.random((2, inputs, 6)) < rng.choice([0.1, 0.5, 1])).astype(np.uint8)
    shifted = np.pad(signal, ((0, 0), (0, 0), (1, 0)))[..., :-1].astype(np.int64)
    sums = np.einsum("oi,bit->bot", weights_as_run(weight).astype(np.int64), shifted)
    assert_same(NativeEngine(network, threads=1).run(signal).layers, [neurons(layer, sums, 0)])


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


def test_stream_yields_every_layer_of_every_step() -> None:
    rng = seeded(5)
    network = random_network(rng, most=16)
    signal = random_signal(rng, network, 3, 12)
    engine = NativeEngine(network)
    run = engine.run(signal)
    outputs = list(engine.stream(signal))
    assert [(out.sample, out.step) for out in outputs] == [
        (s, t) for s in range(3) for t in range(12)
    ]
    for out in outputs:
        expected = [layer[out.sample, ..., out.step] for layer in run.layers]
        assert_same(out.layers, expected)


def test_counts_of_a_fresh_session_are_zero() -> None:
    network = dense_network(np.array([[2, -4]]))
    session = NativeEngine(network).open()
    empty = [np.zeros((1, *shape, 0), np.uint8) for shape in (network.input_shape, (1,))]
    assert_same_counts(session.counts, count(network, empty))


# --- Lava ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(24))
def test_equals_lava(seed: int) -> None:
    rng = seeded(1000 + seed)
    network = random_network(rng, most=12, longest_delay=(62 if seed % 4 == 0 else 5))
    if isinstance(network.layers[0], Dense):  # netx wants a vector before a dense layer
        flat = (math.prod(network.input_shape),)
        network = Network(input_shape=flat, layers=network.layers)
    signal = random_signal(rng, network, 3, 25)
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
    second = Conv(weight=weight[:1].repeat(2, 1) * 2, neuron=random_neuron(seeded(1), 1, 0))
    network = Network(input_shape=(1, 2, 2), layers=(conv, second))
    signal = random_signal(seeded(3), network, 2, 40) | (seeded(4).random((2, 1, 2, 2, 40)) < 0.5)
    with LavaEngine(network) as lava:
        expected = lava.run(signal)
    assert expected.layers[0].any()
    assert_same(NativeEngine(network).run(signal).layers, expected.layers)


# --- recordings that come with lava-dl ---------------------------------------------------------


def recorded(name: str) -> np.ndarray:
    """Of pilotnet_lif, [*features, time]; recorded images lie [width, height, channel, time]."""
    values = np.load(RECORDINGS / "pilotnet_lif" / f"{name}.npy")
    return values.transpose(2, 1, 0, 3) if values.ndim == 4 else values


def in_state_order(features: np.ndarray) -> np.ndarray:
    return (features.transpose(1, 2, 0) if features.ndim == 3 else features).ravel()


PILOTNET = ["input", *(f"conv-{i}" for i in range(5)), *(f"fc-{i}" for i in range(3))]


@pytest.mark.parametrize("index", range(1, len(PILOTNET)))
def test_layers_of_pilotnet_equal_what_loihi_recorded(index: int) -> None:
    """Current, voltage and spikes, fed with the recorded spikes of the layer before.

    The recording resets voltages every 17 steps, layer by layer one step later; it holds
    the refractory counter (128) instead of the voltage where a neuron spikes.
    """
    network = read_network(RECORDINGS / "pilotnet_lif" / "network.net")
    shape = network.shapes[index - 1]
    layer = Network(input_shape=shape, layers=(network.layers[index],))
    arriving = recorded(PILOTNET[index - 1]).astype(np.uint8)
    name = PILOTNET[index]
    spikes, u, v = recorded(name), recorded(f"{name}-u"), recorded(f"{name}-v")
    neurons = math.prod(layer.output_shape)
    assert spikes.any()
    with NativeEngine(layer).open() as session:
        for t in range(spikes.shape[-1]):
            if t in (index, index + 17):
                rest = session.state_dict()
                rest["state"][neurons : 2 * neurons] = 0
                session.load_state(rest)
            sent = session.step(arriving[..., t])
            state = session.state_dict()["state"]
            voltage = np.where(spikes[..., t], 0, v[..., t])
            assert (sent == spikes[..., t]).all(), t
            assert (state[:neurons] == in_state_order(u[..., t])).all(), t
            assert (state[neurons : 2 * neurons] == in_state_order(voltage)).all(), t


def test_ntidigits_equals_its_recording() -> None:
    """Axonal delays over 3,000 steps; column t of the recording is our column t - 1."""
    network = read_network(RECORDINGS / "ntidigits" / "ntidigits.net")
    network = Network(input_shape=network.input_shape, layers=network.layers[:-1])
    signal = np.load(RECORDINGS / "ntidigits" / "input.npy")
    expected = np.load(RECORDINGS / "ntidigits" / "output.npy")
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


def test_a_matrix_whose_sums_lava_rounds_is_refused_by_name() -> None:
    neuron = CubaNeuron(current_decay=700, voltage_decay=300, threshold=250)
    layer = Dense(weight=[[-128, -128, -1], [0, -2, -3]], neuron=neuron)
    with pytest.raises(NetworkError, match=r"layer 0-dense.*does not round"):
        NativeEngine(Network(input_shape=(3,), layers=(layer,)))

"""The rules of every layer and neuron in plain numpy, one step at a time, in 64 bits.

Of neurodeploy it reads the fields of layers and neurons, no rule. Two things come from lava-dl and
lava-nc themselves, because they are floating-point work of theirs: what netx makes of a dense
weight matrix and of a resonator's decays. `test_engine` holds the whole against Lava.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable

import numpy as np

from neurodeploy._io.lava import lava_imports
from neurodeploy.netx.layers import Average, ComplexDense, Conv, Dense, Layer, NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron, RfNeuron, SdnnNeuron

with lava_imports():
    from lava.lib.dl.netx.utils import optimize_weight_bits
    from lava.lib.dl.slayer.neuron.rf import neuron_params
    from lava.proc.rf.process import RF
    from lava.utils.weightutils import clip_weights, determine_sign_mode, truncate_weights

States = dict[str, np.ndarray]
Stored = tuple[list[np.ndarray], int]
"""Matrices [output, input] as synapses hold them, and by how many bits a sum is shifted back."""


def int32(values: np.ndarray) -> np.ndarray:
    return (values + 2**31) % 2**32 - 2**31


def scaled(state: np.ndarray, factor: np.ndarray | int) -> np.ndarray:
    """state * factor / 4096, toward zero."""
    product = state * factor
    return np.sign(product) * (np.abs(product) // 4096)


def by_feature(value: np.ndarray | int, shape: tuple[int, ...]) -> np.ndarray:
    axes = (-1,) + (1,) * (len(shape) - 1)
    return np.broadcast_to(np.asarray(value, np.int64).reshape(axes), shape)


# --- weights ------------------------------------------------------------------------------------


def as_lava_stores(*parts: np.ndarray) -> Stored:
    """The matrices of one layer in Lava's synapses, made by Lava; all zero is silence."""
    whole = np.hstack(parts).astype(np.int64)
    if not whole.any():
        return as_written(*parts)
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(divide="ignore"):
        scaled, bits, exponent, _ = optimize_weight_bits(whole)
    stored = []
    for part in np.split(scaled, [parts[0].shape[1]], axis=1)[: len(parts)]:
        sign_mode = determine_sign_mode(part)
        clipped = clip_weights(part, sign_mode, num_bits=8)
        stored.append(truncate_weights(clipped, sign_mode, bits).astype(np.int64))
    return stored, -exponent


def as_written(*parts: np.ndarray) -> Stored:
    """The matrices of one layer as its file has them, and as training had them."""
    return [part.astype(np.int64) for part in parts], 0


# --- synapses: what arrives, [sample, *features, time] -----------------------------------------


def dense_sums(
    stored: np.ndarray, bits: int, delays: np.ndarray | None, spikes: np.ndarray
) -> np.ndarray:
    """Lava's Dense, or DelayDense, which rounds the sum of each delay by itself."""
    flat = spikes.reshape(len(spikes), -1, spikes.shape[-1]).astype(np.int64)
    steps = flat.shape[-1]
    sums = np.zeros((len(flat), len(stored), steps + 64), np.int64)
    if delays is None:
        sums[..., 1 : steps + 1] = int32(np.einsum("oi,bit->bot", stored, flat)) >> bits
        return sums[..., :steps]
    for delay in np.unique(delays):
        chosen = np.where(delays == delay, stored, 0)[None, :, :, None]
        products = int32(chosen * flat[:, None])
        sums[..., 1 + delay : steps + 1 + delay] += products.sum(2) >> bits
    return int32(sums[..., :steps])


def delays_of(layer: Dense) -> np.ndarray | None:
    """Of each synapse; one axis is of the outputs if it fits them, and netx keeps 62 steps."""
    if layer.delay is None:
        return None
    outputs = len(layer.weight)
    delay = layer.delay[:, None] if layer.delay.shape == (outputs,) else layer.delay
    return np.broadcast_to(np.minimum(delay, 62), layer.weight.shape)


def conv_sums(layer: Conv, spikes: np.ndarray) -> np.ndarray:
    (pad_y, pad_x), (step_y, step_x) = layer.padding, layer.stride
    padded = np.pad(spikes, ((0, 0), (0, 0), (pad_y, pad_y), (pad_x, pad_x), (1, 0)))
    padded = padded[..., :-1].astype(np.int64)
    channels, inputs, kernel_y, kernel_x = layer.weight.shape
    height = len(range(layer.dilation[0] * (kernel_y - 1), padded.shape[2], step_y))
    width = len(range(layer.dilation[1] * (kernel_x - 1), padded.shape[3], step_x))
    sums = np.zeros((len(spikes), channels, height, width, spikes.shape[-1]), np.int64)
    for o, c, ky, kx in np.ndindex(*layer.weight.shape):
        channel = o // (channels // layer.groups) * inputs + c
        top, left = ky * layer.dilation[0], kx * layer.dilation[1]
        rows = slice(top, top + (height - 1) * step_y + 1, step_y)
        columns = slice(left, left + (width - 1) * step_x + 1, step_x)
        sums[:, o] += int(layer.weight[o, c, ky, kx]) * padded[:, channel, rows, columns]
    wrapped = (sums + 2**23) % 2**24 - 2**23
    return np.where(np.abs(sums) >= 2**31, 0, wrapped)  # as x86 casts floats that do not fit


# --- neurons: states and what arrives in a step -> what is sent --------------------------------


def cuba(neuron: CubaNeuron, bias: np.ndarray, bits: int) -> Callable[..., np.ndarray]:
    limit = 1 << (bits - 1)

    def step(states: States, arriving: np.ndarray) -> np.ndarray:
        shape = arriving.shape[1:]
        u = scaled(states["current"], 4096 - by_feature(neuron.current_decay, shape))
        u = int32(u + int32(arriving << 6)) if bits == 24 else u + (arriving << 6)
        u = u - (u > limit) * 2 * limit + (u <= -limit) * 2 * limit
        v = scaled(states["voltage"], 4096 - by_feature(neuron.voltage_decay, shape)) + u
        v += by_feature(bias.astype(np.int16), shape) << 6
        v = np.clip(int32(v) if bits == 24 else v, 1 - limit, limit - 1)
        spikes = v > neuron.threshold << 6
        states.update(current=u, voltage=np.where(spikes, 0, v))
        return spikes

    return step


def delta(neuron: SdnnNeuron, states: States, activation: np.ndarray) -> np.ndarray:
    change = int32(int32(activation - states["activation"]) + states["residue"])
    sent = np.where(int32(np.abs(change)) >= neuron.threshold << 12, change, 0)
    states.update(activation=activation, residue=int32(change - sent))
    return sent >> 6


def sdnn(neuron: SdnnNeuron, bias: np.ndarray, is_input: bool) -> Callable[..., np.ndarray]:
    def step(states: States, arriving: np.ndarray) -> np.ndarray:
        if is_input:
            return delta(neuron, states, int32(arriving << 12))
        states["sum"] = int32(states["sum"] + int32(arriving))
        if neuron.sigma_output:
            return states["sum"]
        shifted = int32(by_feature(bias, arriving.shape[1:]) << 12)
        return delta(neuron, states, np.maximum(int32(states["sum"] + shifted), 0))

    return step


def decays_in_lava(neuron: RfNeuron) -> tuple[np.ndarray, np.ndarray]:
    """Sine and cosine of the process that netx builds from the fields of the file."""
    fields = {"sinDecay": neuron.sin_decay, "cosDecay": neuron.cos_decay, "vThMant": 0}
    with np.errstate(divide="ignore"):
        built = neuron_params(fields)
    process = RF(
        shape=(np.size(neuron.sin_decay),),
        vth=0,
        period=built["period"],
        alpha=built["decay"],
        state_exp=6,
        decay_bits=12,
    )
    return tuple(np.asarray(v.init, np.int64) for v in (process.sin_decay, process.cos_decay))


def resonator(neuron: RfNeuron) -> Callable[..., np.ndarray]:
    sine, cosine = decays_in_lava(neuron)
    threshold, limit = neuron.threshold << 6, (1 << 23) - 1

    def step(states: States, arriving: np.ndarray) -> np.ndarray:
        half = arriving.shape[1] // 2
        real, imaginary = states["real"], states["imaginary"]
        shifted = int32(arriving << 6)
        new_real = scaled(real, cosine) - scaled(imaginary, sine) + shifted[:, :half]
        new_imaginary = scaled(real, sine) + scaled(imaginary, cosine) + shifted[:, half:]
        new_real = np.clip(new_real, -limit, limit)
        new_imaginary = np.clip(new_imaginary, -limit, limit)
        if neuron.phase:
            spikes = (new_real >= threshold) & (new_imaginary >= 0) & (imaginary < 0)
        else:
            spikes = new_imaginary >= threshold
            new_real = np.where(spikes, 0, new_real)
            new_imaginary = np.where(spikes, threshold - 1, new_imaginary)
        states.update(real=new_real, imaginary=new_imaginary)
        return spikes

    return step


STATES = {
    CubaNeuron: ("current", "voltage"),
    SdnnNeuron: ("sum", "activation", "residue"),
    RfNeuron: ("real", "imaginary"),
}


# --- layers and networks -----------------------------------------------------------------------


def sends_values(layer: Layer) -> bool:
    return not isinstance(layer, Average) and isinstance(layer.neuron, SdnnNeuron)


def arrivals(layer: Layer, spikes: np.ndarray, store: Callable[..., Stored]) -> np.ndarray:
    """Without recurrent ones; real above imaginary ones along the neurons of a complex layer."""
    if isinstance(layer, NeuronInput):
        return np.trunc(layer.weight * spikes + layer.bias).astype(np.int64)
    if isinstance(layer, Conv):
        return conv_sums(layer, spikes)
    if isinstance(layer, ComplexDense):
        parts = [store(layer.real_weight), store(layer.imaginary_weight)]
        return np.hstack([dense_sums(stored, bits, None, spikes) for (stored,), bits in parts])
    assert isinstance(layer, Dense)
    (stored, *_), bits = store(*matrices(layer))
    return dense_sums(stored, bits, delays_of(layer), spikes)


def matrices(layer: Dense) -> list[np.ndarray]:
    recurrent = layer.recurrent_weight
    return [layer.weight] if recurrent is None else [layer.weight, recurrent]


def run_layer(
    layer: Layer,
    spikes: np.ndarray,
    *,
    graded_input: bool,
    bits: int,
    store: Callable[..., Stored],
) -> tuple[np.ndarray, States]:
    """Spikes of a layer, and each of its states, [sample, *features, time]."""
    assert not isinstance(layer, Average)
    arriving = arrivals(layer, spikes, store)
    shape, steps = arriving.shape[1:-1], spikes.shape[-1]
    if isinstance(layer, ComplexDense):
        shape = (shape[0] // 2,)
    bias = getattr(layer, "bias", None)
    bias = np.zeros(1, np.int64) if bias is None or isinstance(layer, NeuronInput) else bias
    neuron = layer.neuron
    if isinstance(neuron, CubaNeuron):
        step = cuba(neuron, np.asarray(bias, np.int64), bits)
    elif isinstance(neuron, SdnnNeuron):
        step = sdnn(neuron, np.asarray(bias, np.int64), isinstance(layer, NeuronInput))
    else:
        step = resonator(neuron)
    states = {name: np.zeros((len(spikes), *shape), np.int64) for name in STATES[type(neuron)]}
    recurrent = isinstance(layer, Dense) and layer.recurrent_weight is not None
    if recurrent:
        (_, stored), shift = store(*matrices(layer))
    sent = np.zeros((len(spikes), *shape, steps), np.int32 if sends_values(layer) else np.uint8)
    traces = {name: np.zeros(sent.shape, np.int64) for name in states}
    back: np.ndarray | int = 0
    for t in range(steps):
        sent[..., t] = step(states, arriving[..., t] + back)
        if recurrent:
            values = sent[..., t].astype(np.int64) if graded_input else sent[..., t] != 0
            back = int32(np.einsum("oi,bi->bo", stored, values.astype(np.int64))) >> shift
        for name, state in states.items():
            traces[name][..., t] = state
    return sent, traces


def reference(
    network: Network,
    spikes: np.ndarray,
    bits: int = 24,
    store: Callable[..., Stored] = as_lava_stores,
) -> list[np.ndarray]:
    """Spikes of each layer, [sample, *features, time].

    ``bits`` have the states of CUBA neurons; ``store`` says what synapses hold of dense weights.
    """
    return [sent for sent, _ in reference_traces(network, spikes, bits, store)]


def reference_traces(
    network: Network,
    spikes: np.ndarray,
    bits: int = 24,
    store: Callable[..., Stored] = as_lava_stores,
) -> list[tuple[np.ndarray, States]]:
    """Spikes and states of each layer."""
    results: list[tuple[np.ndarray, States]] = []
    graded = network.input_bits > 0
    for layer in network.layers:
        results.append(run_layer(layer, spikes, graded_input=graded, bits=bits, store=store))
        spikes, graded = results[-1][0], sends_values(layer)
    return results

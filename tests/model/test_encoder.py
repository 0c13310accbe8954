"""The encoder at temperature 0 follows the chip's exact rules, spike for spike."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy._io.lava import lava_imports
from neurodeploy.errors import InputError
from neurodeploy.model.block import Block
from neurodeploy.model.encoder import Encoder
from neurodeploy.model.neuron import CubaParameters
from neurodeploy.model.specs import ConvSpec, DenseSpec

with lava_imports():
    from lava.lib.dl import slayer

SLOW = CubaParameters(threshold=0.8, current_decay=0.2, voltage_decay=0.05)
FAST = CubaParameters(threshold=0.5, current_decay=1.0, voltage_decay=1.0)
ODD = CubaParameters(threshold=0.61, current_decay=1234 / 4096, voltage_decay=77 / 4096)
KEEPS = CubaParameters(threshold=1.3, current_decay=0.5, voltage_decay=0.0)

NETWORKS = {
    "dense": ((6,), [DenseSpec(neurons=7, neuron=SLOW), DenseSpec(neurons=5, neuron=ODD)]),
    "dense with bias": (
        (6,),
        [
            DenseSpec(neurons=7, neuron=ODD, bias=True),
            DenseSpec(neurons=6, neuron=SLOW, bias=True),
            DenseSpec(neurons=5, neuron=KEEPS, bias=True),
        ],
    ),
    "dense with delays": (
        (6,),
        [DenseSpec(neurons=7, neuron=SLOW, delay_steps=9), DenseSpec(neurons=5, delay_steps=4)],
    ),
    "dense with bias and delays": (
        (6,),
        [
            DenseSpec(neurons=7, neuron=KEEPS, bias=True, delay_steps=7),
            DenseSpec(neurons=5, neuron=ODD, bias=True, delay_steps=5),
        ],
    ),
    "one layer": ((4,), [DenseSpec(neurons=3, neuron=FAST, bias=True)]),
    "conv": (
        (2, 6, 5),
        [
            ConvSpec(channels=3, kernel_size=3, stride=2, padding=1, neuron=SLOW),
            DenseSpec(neurons=5),
        ],
    ),
    "conv with groups and bias": (
        (4, 5, 5),
        [
            ConvSpec(channels=6, kernel_size=2, groups=2, neuron=ODD, bias=True),
            ConvSpec(channels=4, kernel_size=3, padding=2, groups=2, neuron=SLOW, bias=True),
            DenseSpec(neurons=5, bias=True),
        ],
    ),
    "conv with dilation": (
        (1, 7, 6),
        [
            ConvSpec(channels=2, kernel_size=2, dilation=2, stride=2, neuron=FAST),
            DenseSpec(neurons=4, neuron=SLOW),
        ],
    ),
    "mixed": (
        (2, 6, 6),
        [
            ConvSpec(channels=3, kernel_size=3, padding=1, neuron=ODD, bias=True),
            ConvSpec(channels=4, kernel_size=2, stride=2, neuron=SLOW),
            DenseSpec(neurons=8, neuron=KEEPS, bias=True, delay_steps=7),
            DenseSpec(neurons=5, neuron=SLOW, delay_steps=5),
        ],
    ),
}


def whole(values: torch.Tensor) -> np.ndarray:
    """Trained weights or biases as the chip's even integers."""
    return np.clip(2 * np.rint(values.detach().double().numpy() * 32), -256, 254).astype(np.int64)


def kept(state: np.ndarray, decay: float) -> np.ndarray:
    keep = 4096 - round(decay * 4096)
    return np.sign(state) * (np.abs(state) * keep // 4096)


def naive_dense(weights: np.ndarray, spikes: np.ndarray) -> np.ndarray:
    return np.einsum("of,bft->bot", weights, spikes.reshape(len(spikes), -1, spikes.shape[-1]))


def naive_conv(weights: np.ndarray, spikes: np.ndarray, spec: ConvSpec) -> np.ndarray:
    """Cross-correlation, one output position at a time."""
    pad = spec.padding
    padded = np.pad(spikes, ((0, 0), (0, 0), (pad, pad), (pad, pad), (0, 0)))
    reach = spec.dilation * (spec.kernel_size - 1)
    rows = range(0, padded.shape[2] - reach, spec.stride)
    columns = range(0, padded.shape[3] - reach, spec.stride)
    out = np.zeros((len(spikes), spec.channels, len(rows), len(columns), spikes.shape[-1]), int)
    inputs_of_group = spikes.shape[1] // spec.groups
    outputs_of_group = spec.channels // spec.groups
    for channel in range(spec.channels):
        first = channel // outputs_of_group * inputs_of_group
        for (i, row), (j, column) in itertools.product(enumerate(rows), enumerate(columns)):
            for k, y, x in np.ndindex(inputs_of_group, spec.kernel_size, spec.kernel_size):
                source = padded[:, first + k, row + y * spec.dilation, column + x * spec.dilation]
                out[:, channel, i, j] += weights[channel, k, y, x] * source
    return out


def naive_block(block: Block, spikes: np.ndarray) -> np.ndarray:
    """One layer by the exact rules: transport, synapse, delay of a row, u, v, spike."""
    spec = block.spec
    arriving = np.zeros_like(spikes)
    arriving[..., 1:] = spikes[..., :-1]
    weights = whole(block.synapse.weight)[..., 0]
    if isinstance(spec, ConvSpec):
        weighted = naive_conv(weights, arriving, spec)
    else:
        weighted = naive_dense(weights[..., 0, 0], arriving)
    if block.delay is not None:
        delayed = np.zeros_like(weighted)
        for i, steps in enumerate(np.rint(block.delay.delay.detach().numpy()).astype(int)):
            delayed[:, i, steps:] = weighted[:, i, : max(0, weighted.shape[-1] - steps)]
        weighted = delayed
    bias = 0 if block.bias is None else whole(block.bias)[..., 0]
    u = v = np.zeros(weighted.shape[:-1], int)
    out = np.zeros_like(weighted)
    for t in range(weighted.shape[-1]):
        u = kept(u, spec.neuron.current_decay) + (weighted[..., t] << 6)
        v = kept(v, spec.neuron.voltage_decay) + u + (bias << 6)
        assert max(abs(u).max(), abs(v).max()) < 2**23  # neither wraps nor clips
        out[..., t] = v > int(spec.neuron.threshold * 64) << 6
        v = np.where(out[..., t] > 0, 0, v)
    return out


def stirred(
    input_shape: Sequence[int], layers: Sequence[DenseSpec | ConvSpec], seed: int
) -> Encoder:
    """An encoder with weights, biases and delays off their initial values."""
    torch.manual_seed(seed)
    encoder = Encoder(input_shape, layers)
    with torch.no_grad():
        for block in encoder.blocks:
            fan_in = block.synapse.weight[0].numel()
            block.synapse.weight.uniform_(-1, 1.2).mul_(3 / fan_in**0.5)
            if block.bias is not None:
                block.bias.uniform_(-0.2, 0.3)
            if block.delay is not None:
                block.delay.delay.uniform_(0, block.delay.largest)
    return encoder


def noise(input_shape: Sequence[int], seed: int, batch: int = 3, steps: int = 24) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand((batch, *input_shape, steps), generator=generator) < 0.3).float()


def assert_exact(encoder: Encoder, spikes: torch.Tensor) -> list[np.ndarray]:
    out = encoder(spikes, temperature=0.0)
    expected = spikes.numpy().astype(np.int64)
    layers = []
    for block, found in zip(encoder.blocks, [*out.hidden, out.spikes], strict=True):
        expected = naive_block(block, expected)
        assert np.array_equal(found.detach().numpy(), expected)
        layers.append(expected)
    return layers


@pytest.mark.parametrize("name", NETWORKS)
def test_cold_encoder_follows_the_exact_rules(name: str) -> None:
    input_shape, specs = NETWORKS[name]
    for layer in assert_exact(stirred(input_shape, specs, seed=0), noise(input_shape, seed=1)):
        assert 0.02 < layer.mean() < 0.98  # else there is little to agree on


@st.composite
def dense_specs(draw: st.DrawFn) -> DenseSpec:
    decay = st.one_of(st.sampled_from([0.0, 1.0]), st.integers(0, 4096).map(lambda n: n / 4096))
    return DenseSpec(
        neurons=draw(st.integers(1, 5)),
        neuron=CubaParameters(
            threshold=draw(st.floats(0.02, 4)),
            current_decay=draw(decay),
            voltage_decay=draw(decay),
        ),
        bias=draw(st.booleans()),
        learn_decays=draw(st.booleans()),
        delay_steps=draw(st.sampled_from([0, 1, 6])),
    )


@settings(deadline=None, max_examples=40)
@given(
    st.lists(dense_specs(), min_size=1, max_size=3),
    st.integers(1, 5),
    st.integers(1, 16),
    st.integers(0, 2**16),
)
def test_any_dense_encoder_follows_the_exact_rules(
    specs: list[DenseSpec], features: int, steps: int, seed: int
) -> None:
    assert_exact(stirred((features,), specs, seed), noise((features,), seed, 2, steps))


def test_dense_layer_flattens_an_image() -> None:
    encoder = stirred((2, 3, 4), [DenseSpec(neurons=5)], seed=2)
    flat = Encoder((24,), [DenseSpec(neurons=5)])
    flat.load_state_dict(encoder.state_dict())
    spikes = noise((2, 3, 4), seed=3)
    image, vector = encoder(spikes, temperature=0.0), flat(spikes.flatten(1, 3), temperature=0.0)
    assert torch.equal(image.spikes, vector.spikes)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_a_layer_is_a_step_of_latency(layers: int) -> None:
    encoder = Encoder((3,), [DenseSpec(neurons=3, neuron=FAST)] * layers)
    with torch.no_grad():
        for block in encoder.blocks:
            block.synapse.weight.fill_(1.0)
    out = encoder(torch.ones(1, 3, 8), temperature=0.0)
    for latency, spikes in enumerate([*out.hidden, out.spikes], start=1):
        assert not spikes[..., :latency].any()
        assert spikes[..., latency:].all()


def test_bias_acts_in_every_layer_from_the_first_step() -> None:
    encoder = Encoder((3,), [DenseSpec(neurons=2, neuron=FAST, bias=True)] * 2)
    with torch.no_grad():
        for block in encoder.blocks:
            block.synapse.weight.zero_()
            block.bias.fill_(0.75)
    out = encoder(torch.zeros(1, 3, 4), temperature=0.0)
    assert out.hidden[0].all()
    assert out.spikes.all()


@pytest.mark.parametrize("delay", [0, 1, 4, 62])
def test_delay_comes_on_top_of_the_latency(delay: int) -> None:
    encoder = Encoder((1,), [DenseSpec(neurons=2, neuron=FAST, delay_steps=62)])
    block = encoder.blocks[0]
    with torch.no_grad():
        block.synapse.weight.fill_(1.0)
        block.delay.delay.copy_(torch.tensor([0.0, float(delay)]))
    spikes = torch.zeros(1, 1, 70)
    spikes[..., 0] = 1
    out = encoder(spikes, temperature=0.0).spikes[0]
    assert out[0].nonzero().flatten().tolist() == [1]
    assert out[1].nonzero().flatten().tolist() == [1 + delay]


@pytest.mark.parametrize("name", ["dense", "conv"])
def test_stock_slayer_blocks_give_the_same_spikes_without_bias_and_delay(name: str) -> None:
    input_shape, specs = NETWORKS[name]
    encoder = stirred(input_shape, specs, seed=4)
    spikes = noise(input_shape, seed=5)
    out = encoder(spikes, temperature=0.0)
    x = spikes
    for block, found in zip(encoder.blocks, [*out.hidden, out.spikes], strict=True):
        spec = block.spec
        neuron = {
            "threshold": spec.neuron.threshold,
            "current_decay": spec.neuron.current_decay,
            "voltage_decay": spec.neuron.voltage_decay,
        }
        if isinstance(spec, ConvSpec):
            geometry = {"stride": spec.stride, "padding": spec.padding, "delay_shift": True}
            stock = slayer.block.cuba.Conv(
                neuron, x.shape[1], spec.channels, spec.kernel_size, **geometry
            )
        else:
            x = x.flatten(1, -2)
            stock = slayer.block.cuba.Dense(neuron, x.shape[1], spec.neurons, delay_shift=True)
        stock.synapse.weight.data = block.synapse.weight.data
        x = stock(x)
        assert x.any()
        assert torch.equal(found, x)


def test_samples_do_not_meet_and_start_from_rest() -> None:
    input_shape, specs = NETWORKS["mixed"]
    encoder = stirred(input_shape, specs, seed=6)
    spikes = noise(input_shape, seed=7)
    together = encoder(spikes, temperature=0.0).spikes
    for i in (2, 0, 1):
        assert torch.equal(encoder(spikes[i : i + 1], temperature=0.0).spikes[0], together[i])


@pytest.mark.parametrize("name", ["dense with bias and delays", "mixed"])
def test_output_never_looks_ahead(name: str) -> None:
    input_shape, specs = NETWORKS[name]
    encoder = stirred(input_shape, specs, seed=8)
    spikes = noise(input_shape, seed=9)
    other = spikes.clone()
    other[..., 11:] = 1 - other[..., 11:]
    first, second = (encoder(x, temperature=0.0).margin for x in (spikes, other))
    latency = len(specs)
    assert torch.equal(first[..., : 11 + latency], second[..., : 11 + latency])
    assert not torch.equal(first, second)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("temperature", [0.0, 0.3])
def test_gradients_reach_every_parameter(name: str, temperature: float) -> None:
    input_shape, specs = NETWORKS[name]
    encoder = stirred(input_shape, specs, seed=10)
    generator = torch.Generator().manual_seed(0)
    out = encoder(noise(input_shape, seed=11), temperature=temperature, generator=generator)
    (torch.randn(out.spikes.shape, generator=generator) * out.spikes).sum().backward()
    trained = {name: p for name, p in encoder.named_parameters() if p.requires_grad}
    kinds = {name.rsplit(".", 1)[1] for name in trained}
    wanted = {"weight"}
    wanted |= {"bias"} if any(spec.bias for spec in specs) else set()
    wanted |= {"delay"} if any(getattr(spec, "delay_steps", 0) for spec in specs) else set()
    assert kinds == wanted
    for parameter in trained.values():
        assert parameter.grad is not None
        assert torch.isfinite(parameter.grad).all()
        assert parameter.grad.any()


def test_shapes() -> None:
    layers = [
        ConvSpec(channels=4, kernel_size=3, stride=2, padding=1),
        ConvSpec(channels=5, kernel_size=2, dilation=2),
        DenseSpec(neurons=7),
        DenseSpec(neurons=3),
    ]
    encoder = Encoder((2, 9, 8), layers)
    out = encoder(torch.zeros(2, 2, 9, 8, 6), temperature=0.1)
    assert encoder.neurons == 3
    assert out.spikes.shape == out.margin.shape == (2, 3, 6)
    expected = [(2, 4, 5, 4, 6), (2, 5, 3, 2, 6), (2, 7, 6)]
    assert [tuple(hidden.shape) for hidden in out.hidden] == expected
    assert [block.shape for block in encoder.blocks] == [(4, 5, 4), (5, 3, 2), (7,), (3,)]
    assert Encoder((2,), [DenseSpec(neurons=1)])(torch.zeros(1, 2, 3), temperature=0).hidden == []


def test_gradient_floor_reaches_the_readout() -> None:
    assert Encoder((2,), [DenseSpec(neurons=1)], gradient_floor=0.25).readout.gradient_floor == 0.25


@pytest.mark.parametrize(
    "layers",
    [
        [],
        [ConvSpec(channels=1, kernel_size=1)],
        [DenseSpec(neurons=2), ConvSpec(channels=1, kernel_size=1)],
    ],
)
def test_readout_is_no_convolution(layers: list[DenseSpec | ConvSpec]) -> None:
    with pytest.raises(InputError, match=r"Encoder\.layers: expected at least one layer"):
        Encoder((1, 4, 4), layers)


@pytest.mark.parametrize("input_shape", [(4,), (4, 4)])
def test_convolution_wants_an_image(input_shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"ConvSpec: expected \[channel, height, width\]"):
        Encoder(input_shape, [ConvSpec(channels=1, kernel_size=1), DenseSpec(neurons=1)])


@pytest.mark.parametrize("shape", [(2, 3, 5), (2, 4), (4, 5), (2, 1, 4, 5), (5,)])
def test_wrong_input_shape(shape: tuple[int, ...]) -> None:
    encoder = Encoder((4,), [DenseSpec(neurons=2)])
    with pytest.raises(InputError, match=r"encoder input: expected \[batch, 4, time\], found"):
        encoder(torch.zeros(shape), temperature=0.0)


@pytest.mark.parametrize("name", ["current_decay", "voltage_decay"])
@pytest.mark.parametrize("value", [-0.001, 1.001, math.nan, math.inf])
def test_decay_is_a_fraction(name: str, value: float) -> None:
    with pytest.raises(InputError, match=f"{name}: expected a fraction"):
        CubaParameters(**{name: value})


@pytest.mark.parametrize("name", ["threshold", "surrogate_width", "surrogate_scale"])
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan])
def test_parameter_is_positive(name: str, value: float) -> None:
    with pytest.raises(InputError, match=f"{name}: expected a positive number"):
        CubaParameters(**{name: value})


@settings(max_examples=100)
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.001, 1000))
def test_integers_are_those_that_slayer_exports(du: float, dv: float, threshold: float) -> None:
    parameters = CubaParameters(current_decay=du, voltage_decay=dv, threshold=threshold)
    neuron = slayer.neuron.cuba.Neuron(threshold=threshold, current_decay=du, voltage_decay=dv)
    exported = neuron.device_params
    assert parameters.threshold_mantissa == exported["vThMant"]
    assert parameters.current_decay_steps == exported["iDecay"]
    assert parameters.voltage_decay_steps == exported["vDecay"]


def test_specs_refuse_sizes_under_one() -> None:
    with pytest.raises(InputError, match=r"DenseSpec\.neurons"):
        DenseSpec(neurons=0)
    for name in ("channels", "kernel_size", "stride", "dilation", "groups"):
        with pytest.raises(InputError, match=rf"ConvSpec\.{name}"):
            ConvSpec(**{"channels": 1, "kernel_size": 1, name: 0})


@pytest.mark.parametrize(
    ("change", "input_shape", "said"),
    [
        ({"kernel_size": 6}, (2, 4, 4), "as large as a kernel of 6"),
        ({"kernel_size": 5}, (2, 4, 4), "as large as a kernel of 5"),
        ({"groups": 3}, (2, 4, 4), "divisible by 3"),
    ],
)
def test_geometry_that_does_not_fit_is_refused(
    change: dict[str, int], input_shape: tuple[int, ...], said: str
) -> None:
    layers = [ConvSpec(**{"channels": 3, "kernel_size": 2, **change}), DenseSpec(neurons=2)]
    with pytest.raises(InputError, match=said):
        Encoder(input_shape, layers)


@pytest.mark.parametrize("change", [{"groups": 2}, {"padding": -1}])
def test_impossible_convolutions_are_refused(change: dict[str, int]) -> None:
    with pytest.raises(InputError, match=f"ConvSpec.{next(iter(change))}"):
        ConvSpec(channels=3, kernel_size=2, **change)


def test_hidden_thresholds_beyond_slayers_exactness_are_refused() -> None:
    large, small = CubaParameters(threshold=64.0), CubaParameters(threshold=63.9)
    readout = DenseSpec(neurons=2, neuron=large)
    Encoder((3,), [DenseSpec(neurons=2, neuron=small), readout])
    with pytest.raises(InputError, match="threshold of a hidden layer"):
        Encoder((3,), [DenseSpec(neurons=2, neuron=large), readout])

"""Recurrent layers: training, netx file, native engine, Lava and SLAYER say the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from stirring import noise, stirred, trained_spikes

from neurodeploy._io.lava import lava_imports
from neurodeploy.engines.lava import LavaEngine
from neurodeploy.engines.registry import simulate
from neurodeploy.errors import InputError, NetworkError
from neurodeploy.model.block import Block
from neurodeploy.model.export import export_network
from neurodeploy.model.neuron import CubaParameters
from neurodeploy.model.quantization import WeightLevels
from neurodeploy.model.specs import ConvSpec, DenseSpec, LayerSpec, RecurrentSpec
from neurodeploy.netx.read import read_network
from neurodeploy.netx.write import write_network

with lava_imports():
    from lava.lib.dl import slayer

pytestmark = pytest.mark.usefixtures("one_thread")

SLOW = CubaParameters(threshold=0.8, current_decay=0.2, voltage_decay=0.05)
ODD = CubaParameters(threshold=0.61, current_decay=1234 / 4096, voltage_decay=77 / 4096)
COARSE = WeightLevels(bits=4, exponent=2)

NETWORKS: dict[str, tuple[tuple[int, ...], list[LayerSpec]]] = {
    "one": ((6,), [RecurrentSpec(neurons=7, neuron=ODD), DenseSpec(neurons=4)]),
    "bias": ((6,), [RecurrentSpec(neurons=7, neuron=SLOW, bias=True), DenseSpec(neurons=4)]),
    "coarse": ((6,), [RecurrentSpec(neurons=7, neuron=ODD, levels=COARSE), DenseSpec(neurons=4)]),
    "between": (
        (2, 5, 4),
        [
            ConvSpec(channels=3, kernel_size=2, neuron=SLOW),
            RecurrentSpec(neurons=8, bias=True),
            RecurrentSpec(neurons=5, neuron=SLOW),
            DenseSpec(neurons=4, neuron=ODD, bias=True),
        ],
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("seed", range(4))
def test_training_and_native_agree_spike_for_spike(name: str, seed: int) -> None:
    encoder = stirred(NETWORKS[name], seed, -0.7)
    spikes = noise(encoder.input_shape, seed)
    run = simulate(export_network(encoder), spikes, engine="native")
    for found, expected in zip(run.layers, trained_spikes(encoder, spikes), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("name", "seed"), [("bias", 0), ("coarse", 1), ("between", 2)])
def test_training_file_and_lava_agree_spike_for_spike(name: str, seed: int, tmp_path: Path) -> None:
    encoder = stirred(NETWORKS[name], seed, -0.7)
    spikes = noise(encoder.input_shape, seed, steps=15)
    write_network(export_network(encoder), tmp_path / "n.net")
    with LavaEngine(read_network(tmp_path / "n.net")) as engine:
        run = engine.run(spikes)
    for found, expected in zip(run.layers, trained_spikes(encoder, spikes), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("seed", range(3))
def test_slayers_block_gives_the_same_spikes_without_bias(seed: int) -> None:
    """It shifts by a step after the neuron, which without a bias is the same."""
    encoder = stirred(NETWORKS["one"], seed, -0.7)
    block = encoder.layers[0]
    neuron = {
        "threshold": ODD.threshold,
        "current_decay": ODD.current_decay,
        "voltage_decay": ODD.voltage_decay,
    }
    stock = slayer.block.cuba.Recurrent(neuron, 6, 7, delay_shift=True)
    stock.input_synapse.weight.data = block.synapse.weight.data
    stock.recurrent_synapse.weight.data = block.recurrent_synapse.weight.data
    spikes = torch.from_numpy(noise((6,), seed)).float()
    expected = stock(spikes)
    assert expected.any()
    assert torch.equal(block(spikes), expected)


def test_own_spikes_arrive_a_step_later() -> None:
    """One input spike goes round a ring of three neurons."""
    fast = CubaParameters(threshold=0.5, current_decay=1.0, voltage_decay=1.0)
    block = Block(RecurrentSpec(neurons=3, neuron=fast), (1,))
    with torch.no_grad():
        block.synapse.weight.copy_(torch.tensor([1.0, 0, 0]).reshape(3, 1, 1, 1, 1))
        ring = torch.tensor([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]])
        block.recurrent_synapse.weight.copy_(ring.reshape(3, 3, 1, 1, 1))
    spikes = torch.zeros(1, 1, 8)
    spikes[..., 0] = 1
    sent = block(spikes)[0].nonzero().tolist()
    assert sorted(sent, key=lambda at: at[1]) == [[(t - 1) % 3, t] for t in range(1, 8)]


class Surrogate(torch.autograd.Function):
    """A spike above the threshold, with SLAYER's derivative."""

    @staticmethod
    def forward(ctx: Any, voltage: torch.Tensor, theta: float, w: float, h: float) -> torch.Tensor:
        ctx.save_for_backward(voltage)
        ctx.numbers = theta, w, h
        return (voltage > theta).to(voltage)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (voltage,), (theta, w, h) = ctx.saved_tensors, ctx.numbers
        return grads[0] * h / (2 * w) * torch.exp(-(voltage - theta).abs() / w), None, None, None


@pytest.mark.parametrize("seed", range(3))
def test_gradients_are_those_of_autograd_through_real_numbers(seed: int) -> None:
    """With decays of 1/2 and few steps no integer loses a fraction, so both are the same."""
    half = CubaParameters(threshold=1.0, current_decay=0.5, voltage_decay=0.5, surrogate_width=0.01)
    torch.manual_seed(seed)
    block = Block(RecurrentSpec(neurons=5, neuron=half, bias=True), (4,))
    with torch.no_grad():
        for weight in (block.synapse.weight, block.recurrent_synapse.weight, block.bias):
            weight.copy_(torch.randint(-32, 48, weight.shape) / 32)
    parameters = (block.synapse.weight, block.recurrent_synapse.weight, block.bias)
    spikes = torch.from_numpy(noise((4,), seed, steps=5)).float().requires_grad_()
    factor = torch.randn(3, 5, 5)
    found = block(spikes)
    gradients = torch.autograd.grad((found * factor).sum(), (spikes, *parameters))

    inputs, forward, back, bias = (
        tensor.detach().double().requires_grad_() for tensor in (spikes, *parameters)
    )
    # As SLAYER's neuron holds them; the dynamics' own tests compare these with its gradients.
    width = block.neuron.tau_rho * slayer.neuron.cuba.TAU_RHO_MULT
    height = block.neuron.scale_rho * slayer.neuron.cuba.SCALE_RHO_MULT
    current = voltage = sent = torch.zeros(3, 5, dtype=torch.float64)
    steps = []
    for t in range(5):
        arriving = inputs[..., t - 1] if t else torch.zeros(3, 4, dtype=torch.float64)
        current = current / 2 + arriving @ forward.flatten(1).T + sent @ back.flatten(1).T
        rest = voltage - (voltage * sent).detach()  # the adjoint does not see the reset
        voltage = rest / 2 + current + bias.flatten()
        sent = Surrogate.apply(voltage, 1.0, width, height)
        steps.append(sent)
    expected = torch.stack(steps, -1)
    assert torch.equal(found.double(), expected)
    assert 0 < expected.mean() < 1
    references = torch.autograd.grad((expected * factor).sum(), (inputs, forward, back, bias))
    for one, other in zip(gradients, references, strict=True):
        assert other.any()
        torch.testing.assert_close(one.double(), other, rtol=1e-4, atol=1e-6)


def test_recurrent_weights_learn_within_an_encoder() -> None:
    encoder = stirred(NETWORKS["between"], 0, -0.7)
    spikes = torch.from_numpy(noise(encoder.input_shape, 0)).float()
    out = encoder(spikes, temperature=0.3, generator=torch.Generator().manual_seed(0))
    out.spikes.sum().backward()
    for name, parameter in encoder.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, name
            assert parameter.grad.any(), name


def test_a_recurrent_layer_has_neurons() -> None:
    with pytest.raises(InputError, match=r"RecurrentSpec\.neurons: expected at least 1, found 0"):
        RecurrentSpec(neurons=0)


def test_recurrent_weights_that_lava_would_change_are_not_exported() -> None:
    encoder = stirred(NETWORKS["one"], 0, -0.7)
    with torch.no_grad():
        encoder.layers[0].recurrent_synapse.weight.fill_(-4.0)
    with pytest.raises(NetworkError, match="layer 0-dense_rec, recurrent_weight: netx changes"):
        export_network(encoder)

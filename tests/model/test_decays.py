"""Decays that are learnt: 4096ths in every forward and in the file, gradients by autograd."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from neurodeploy.engines.lava import LavaEngine
from neurodeploy.engines.registry import simulate
from neurodeploy.model.block import Block
from neurodeploy.model.decays import LearntDecays
from neurodeploy.model.encoder import Encoder
from neurodeploy.model.export import export_network
from neurodeploy.model.neuron import CubaParameters
from neurodeploy.model.specs import ConvSpec, DenseSpec, LayerSpec, RecurrentSpec
from neurodeploy.netx.read import read_network
from neurodeploy.netx.write import write_network

pytestmark = pytest.mark.usefixtures("one_thread")

HALF = CubaParameters(threshold=1.0, current_decay=0.5, voltage_decay=0.5)
KINDS: dict[str, LayerSpec] = {
    "dense": DenseSpec(neurons=5, neuron=HALF, bias=True, learn_decays=True),
    "conv": ConvSpec(channels=3, kernel_size=2, neuron=HALF, bias=True, learn_decays=True),
    "recurrent": RecurrentSpec(neurons=5, neuron=HALF, bias=True, learn_decays=True),
}


def noise(shape: tuple[int, ...], steps: int = 20) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return (torch.rand((3, *shape, steps), generator=generator) < 0.4).float()


def stirred(layers: list[LayerSpec], seed: int = 0) -> Encoder:
    torch.manual_seed(seed)
    encoder = Encoder((1, 3, 3), layers)
    with torch.no_grad():
        for block in encoder.layers:
            block.synapse.weight.copy_(torch.randint(-24, 48, block.synapse.weight.shape) / 32)
            if block.recurrent_synapse is not None:
                shape = block.recurrent_synapse.weight.shape
                block.recurrent_synapse.weight.copy_(torch.randint(-32, 32, shape) / 32)
            block.bias.copy_(torch.randint(-4, 8, block.bias.shape) / 32)
    return encoder


@pytest.mark.parametrize("readout", ["dense", "recurrent"])
@pytest.mark.parametrize("hidden", KINDS)
def test_training_file_and_engines_agree_spike_for_spike(
    hidden: str, readout: str, tmp_path: Path
) -> None:
    encoder = stirred([KINDS[hidden], KINDS[readout]])
    fractions = ((0.3, 0.071), (0.217, 0.003))
    with torch.no_grad():
        for block, values in zip(encoder.layers, fractions, strict=True):
            block.decays.fractions.copy_(torch.tensor(values))  # type: ignore[union-attr]
    network = export_network(encoder)
    found = [(layer.neuron.current_decay, layer.neuron.voltage_decay) for layer in network.layers]
    assert found == [tuple(round(4096 * value) for value in values) for values in fractions]
    spikes = noise((1, 3, 3))
    with torch.no_grad():
        cold = encoder(spikes, temperature=0.0)
    sent = spikes.numpy().astype(np.uint8)
    write_network(network, tmp_path / "n.net")
    with LavaEngine(read_network(tmp_path / "n.net")) as lava:
        runs = simulate(network, sent, engine="native"), lava.run(sent)
    for run in runs:
        for layer, expected in zip(run.layers, (*cold.hidden, cold.spikes), strict=True):
            assert 0.02 < expected.mean() < 0.98
            np.testing.assert_array_equal(layer, expected.numpy())


def real_numbers(
    block: Block, spikes: torch.Tensor, sent: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Currents' and voltages' decays [2] and voltages before the reset, by autograd."""
    decays = block.decays.fractions.detach().double().requires_grad_()  # type: ignore[union-attr]
    with torch.no_grad():
        arriving = block.dendrite(spikes).double()
        bias, own = block.bias_by_neuron, block.recurrent_weight
        assert bias is not None
        if own is not None:
            arriving[..., 1:] += torch.einsum("oi,bit->bot", own, sent[..., :-1])
    u = v = torch.zeros_like(arriving[..., 0])
    voltages = []
    for t in range(arriving.shape[-1]):
        u = (1 - decays[0]) * u + arriving[..., t]
        v = (1 - decays[1]) * v + u + bias
        voltages.append(v)
        v = v * (1 - sent[..., t])
    return decays, torch.stack(voltages, -1)


@pytest.mark.parametrize("kind", ["dense", "recurrent"])
def test_gradients_of_margins_are_those_of_autograd(kind: str) -> None:
    """With decays of 1/2 and few steps no integer loses a fraction, so both are the same."""
    encoder = stirred([KINDS[kind]])
    (block,) = encoder.layers
    spikes = noise((1, 3, 3), steps=5)
    out = encoder(spikes, temperature=0.4, generator=torch.Generator().manual_seed(2))
    decays, voltages = real_numbers(block, spikes, out.spikes.detach())
    torch.testing.assert_close(out.margin.double(), voltages - 1, rtol=0, atol=0)
    factor = torch.randn_like(out.margin)
    assert block.decays is not None
    (found,) = torch.autograd.grad((out.margin * factor).sum(), block.decays.fractions)
    (expected,) = torch.autograd.grad((voltages * factor).sum(), decays)
    assert expected.all()
    torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_hidden_spikes_are_those_of_autograd(kind: str) -> None:
    """The adjoint of a hidden voltage does not see the reset, so nothing is asked after one."""
    quiet = stirred([KINDS[kind], KINDS["dense"]]).layers[0]
    with torch.no_grad():
        quiet.synapse.weight.mul_(0.25)
        assert quiet.bias is not None
        quiet.bias.zero_()
        if quiet.recurrent_synapse is not None:  # else spikes have a gradient that goes round
            quiet.recurrent_synapse.weight.zero_()
    spikes = noise((1, 3, 3), steps=4)
    out = quiet(spikes)
    factor = torch.randn_like(out)
    factor[out.cumsum(-1) > 0] = 0
    assert quiet.decays is not None
    (found,) = torch.autograd.grad((out * factor).sum(), quiet.decays.fractions)
    sent = torch.zeros_like(out)
    decays, voltages = real_numbers(quiet, spikes, sent)
    neuron = quiet.hidden_neuron
    slope = neuron.height / 2 / neuron.width * torch.exp(-(voltages - 1).abs() / neuron.width)
    (expected,) = torch.autograd.grad((voltages * slope.detach() * factor).sum(), decays)
    assert expected.all()
    torch.testing.assert_close(found.double(), expected, rtol=1e-3, atol=1e-6)


def test_a_step_on_decays_lowers_the_loss() -> None:
    """Margins that should be larger: the layer learns to forget less."""
    encoder = stirred([KINDS["dense"], KINDS["dense"]])
    optimizer = torch.optim.Adam(
        [p for name, p in encoder.named_parameters() if "fractions" in name], lr=0.02
    )
    losses = []
    for _ in range(20):
        loss = -encoder(noise((1, 3, 3)), temperature=0.0).margin.mean()
        losses.append(float(loss.detach()))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] < losses[0]


def test_decays_come_back_into_their_range() -> None:
    made = LearntDecays(HALF)
    with torch.no_grad():
        made.fractions.copy_(torch.tensor([-0.5, 1.5]))
    assert made.factors == (4096, 0)
    assert made().tolist() == [0, 1]


def test_decays_start_as_the_neurons() -> None:
    odd = CubaParameters(current_decay=1234 / 4096, voltage_decay=77 / 4096)
    assert LearntDecays(odd).factors == odd.factors == (4096 - 1234, 4096 - 77)
    assert Block(DenseSpec(neurons=2, neuron=odd), (3,)).decays is None

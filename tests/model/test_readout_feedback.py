"""Readouts whose neurons hear each other: training, native engine and Lava say the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from stirring import noise, stirred, trained_spikes

from neurodeploy.engines.lava import LavaEngine
from neurodeploy.engines.registry import simulate
from neurodeploy.learn.objective import log_likelihood
from neurodeploy.model.encoder import Encoder
from neurodeploy.model.export import export_network
from neurodeploy.model.neuron import CubaParameters
from neurodeploy.model.quantization import WeightLevels
from neurodeploy.model.specs import ConvSpec, DenseSpec, LayerSpec, RecurrentSpec
from neurodeploy.netx.read import read_network
from neurodeploy.netx.write import write_network

pytestmark = pytest.mark.usefixtures("one_thread")

ODD = CubaParameters(threshold=0.61, current_decay=1234 / 4096, voltage_decay=77 / 4096)
HALF = CubaParameters(threshold=1.0, current_decay=0.5, voltage_decay=0.5)
COARSE = WeightLevels(bits=4, exponent=2)

NETWORKS: dict[str, tuple[tuple[int, ...], list[LayerSpec]]] = {
    "alone": ((6,), [RecurrentSpec(neurons=5, neuron=ODD, bias=True)]),
    "delays before": (
        (6,),
        [DenseSpec(neurons=9, delay_steps=5), RecurrentSpec(neurons=5, neuron=ODD)],
    ),
    "recurrent before": (
        (2, 5, 4),
        [
            ConvSpec(channels=3, kernel_size=2),
            RecurrentSpec(neurons=7, neuron=ODD),
            RecurrentSpec(neurons=5, bias=True, levels=COARSE),
        ],
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("seed", range(3))
def test_training_and_native_agree_spike_for_spike(name: str, seed: int) -> None:
    encoder = stirred(NETWORKS[name], seed, -0.8)
    spikes = noise(encoder.input_shape, seed)
    run = simulate(export_network(encoder), spikes, engine="native")
    for found, expected in zip(run.layers, trained_spikes(encoder, spikes), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", NETWORKS)
def test_training_file_and_lava_agree_spike_for_spike(name: str, tmp_path: Path) -> None:
    encoder = stirred(NETWORKS[name], 1, -0.8)
    spikes = noise(encoder.input_shape, 1, steps=15)
    write_network(export_network(encoder), tmp_path / "n.net")
    with LavaEngine(read_network(tmp_path / "n.net")) as engine:
        run = engine.run(spikes)
    for found, expected in zip(run.layers, trained_spikes(encoder, spikes), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_its_neurons_hear_what_they_sampled() -> None:
    """Margins are those of the chip's integers, fed with the spikes that were sampled."""
    encoder = stirred(NETWORKS["alone"], 0, -0.8)
    (block,) = encoder.layers
    spikes = torch.from_numpy(noise((6,), 0)).float()
    out = encoder(spikes, temperature=0.3, generator=torch.Generator().manual_seed(0))
    cold = encoder(spikes, temperature=0.0)
    assert not torch.equal(out.spikes, cold.spikes)
    own, bias = block.recurrent_weight, block.bias_by_neuron
    assert own is not None
    assert bias is not None
    matrices = block.weight.flatten(1), own, bias
    forward, back, constant = (np.rint(64 * m.detach().numpy()).astype(int) for m in matrices)
    sampled, inputs = out.spikes.detach().numpy().astype(int), spikes.numpy().astype(int)
    u = v = np.zeros((3, 5), int)
    for t in range(24):
        arriving = 0 if t == 0 else inputs[..., t - 1] @ forward.T + sampled[..., t - 1] @ back.T
        u = np.sign(u) * (abs(u) * (4096 - 1234) // 4096) + 64 * arriving
        v = np.sign(v) * (abs(v) * (4096 - 77) // 4096) + u + 64 * constant
        found = np.rint((out.margin[..., t].detach().double().numpy() + 39 / 64) * 4096)
        np.testing.assert_array_equal(found, v)
        v = np.where(sampled[..., t], 0, v)


def test_without_weights_it_is_the_dense_readout() -> None:
    encoder = stirred(NETWORKS["alone"], 2, -0.8)
    dense = Encoder((6,), [DenseSpec(neurons=5, neuron=ODD, bias=True)])
    dense.load_state_dict(encoder.state_dict(), strict=False)
    with torch.no_grad():
        encoder.layers[0].recurrent_synapse.weight.zero_()
    spikes = torch.from_numpy(noise((6,), 3)).float()
    found, gradients = [], []
    for made in (encoder, dense):
        generator = torch.Generator().manual_seed(1)
        out = made(spikes, temperature=0.3, generator=generator)
        weights = torch.randn(2, *out.spikes.shape, generator=generator)
        (weights[0] * out.spikes + weights[1] * out.margin).sum().backward()
        found.append((out.spikes, out.margin))
        gradients.append((made.layers[0].synapse.weight.grad, made.layers[0].bias.grad))
    for one, other in zip(*found, strict=True):
        assert torch.equal(one, other)
    for one, other in zip(*gradients, strict=True):
        assert other.any()
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)  # sums in another order


def real_numbers(
    encoder: Encoder, inputs: torch.Tensor, sampled: torch.Tensor, *, through: bool
) -> tuple[torch.Tensor, torch.Tensor, tuple[torch.Tensor, ...]]:
    """Margins and spikes that the sampled spikes give, by autograd; ``through`` the feedback."""
    (block,) = encoder.layers
    parameters = block.synapse.weight, block.recurrent_synapse.weight, block.bias
    leaves = tuple(p.detach().double().requires_grad_() for p in parameters)
    forward, back, bias = (leaf.flatten(1) for leaf in leaves)
    width = encoder.readout.gradient_floor
    u = v = heard = torch.zeros(len(inputs), len(back), dtype=torch.float64)
    margins, spikes = [], []
    for t in range(inputs.shape[-1]):
        arriving = inputs[..., t - 1].double() @ forward.T if t else 0.0
        u = u / 2 + arriving + heard @ back.T
        v = v / 2 + u + bias[:, 0]
        soft = torch.sigmoid((v - 1) / width)
        spike = sampled[..., t] + soft - soft.detach()
        margins.append(v - 1)
        spikes.append(spike)
        v = v * (1 - sampled[..., t])
        heard = spike if through else sampled[..., t].double()
    return torch.stack(margins, -1), torch.stack(spikes, -1), leaves


@pytest.mark.parametrize("seed", range(3))
def test_gradients_are_those_of_autograd_through_real_numbers(seed: int) -> None:
    """With decays of 1/2 and few steps no integer loses a fraction, so both are the same.

    The score function needs the likelihood of spikes that are as they were sampled; spikes
    themselves answer to what they hear.
    """
    torch.manual_seed(seed)
    encoder = Encoder((4,), [RecurrentSpec(neurons=5, neuron=HALF, bias=True)], gradient_floor=0.5)
    (block,) = encoder.layers
    parameters = block.synapse.weight, block.recurrent_synapse.weight, block.bias
    with torch.no_grad():
        for weight in parameters:
            weight.copy_(torch.randint(-32, 48, weight.shape) / 32)
    spikes = torch.from_numpy(noise((4,), seed, steps=5)).float()
    out = encoder(spikes, temperature=0.4, generator=torch.Generator().manual_seed(seed))
    sampled, factor = out.spikes.detach(), torch.randn(3, 5, 5)
    assert 0 < sampled.mean() < 1

    margins, _, fixed = real_numbers(encoder, spikes, sampled, through=False)
    torch.testing.assert_close(out.margin.double(), margins, rtol=0, atol=0)
    likelihood = log_likelihood(sampled, out.margin, 0.4).sum()
    _, ours, answering = real_numbers(encoder, spikes, sampled, through=True)
    for found, expected, leaves in (
        (likelihood, log_likelihood(sampled.double(), margins, 0.4).sum(), fixed),
        ((out.spikes * factor).sum(), (ours * factor).sum(), answering),
    ):
        gradients = torch.autograd.grad(found, parameters, retain_graph=True)
        references = torch.autograd.grad(expected, leaves)
        for one, other in zip(gradients, references, strict=True):
            assert other.any()
            torch.testing.assert_close(one.double(), other, rtol=1e-4, atol=1e-5)


def test_probabilities_of_all_that_can_be_sampled_sum_to_one() -> None:
    """Of two neurons in three steps, by how often each of 64 outcomes comes."""
    torch.manual_seed(0)
    encoder = Encoder((1,), [RecurrentSpec(neurons=2, neuron=HALF)])
    (block,) = encoder.layers
    with torch.no_grad():
        block.synapse.weight.fill_(1.0)
        block.recurrent_synapse.weight.copy_(
            torch.tensor([[-1.0, 0.5], [0.75, -0.5]]).reshape(2, 2, 1, 1, 1)
        )
        generator = torch.Generator().manual_seed(0)
        out = encoder(torch.ones(40_000, 1, 3), temperature=0.5, generator=generator)
        likelihood = log_likelihood(out.spikes, out.margin, 0.5).exp()
    codes = (out.spikes.flatten(1) @ 2.0 ** torch.arange(6)).long()
    total = 0.0
    for code in codes.unique().tolist():
        chance, share = likelihood[codes == code], float((codes == code).float().mean())
        assert float(chance.max() - chance.min()) < 1e-6
        # Six standard deviations of a share of 40,000.
        assert abs(float(chance[0]) - share) < 6 * (float(chance[0]) / 40_000) ** 0.5
        total += float(chance[0])
    assert total == pytest.approx(1, abs=0.01)  # outcomes too rare to have come

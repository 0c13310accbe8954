"""Compiled dynamics equal SLAYER's, forward to the bit and backward as far as rounding goes."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy._io.lava import lava_imports
from neurodeploy.model import dynamics
from neurodeploy.model.block import SCALE_RHO_MULT, TAU_RHO_MULT, Block
from neurodeploy.model.dynamics import (
    CHUNK,
    HiddenNeuron,
    HiddenSpikes,
    adjoint,
    integrate,
    time_first,
    time_last,
)
from neurodeploy.model.neuron import CubaParameters
from neurodeploy.model.specs import ConvSpec, DenseSpec

with lava_imports():
    from lava.lib.dl import slayer


def whole_weights(shape: tuple[int, ...], seed: int, scale: float = 1.0) -> torch.Tensor:
    """What sums of weights are: multiples of 1/32."""
    generator = torch.Generator().manual_seed(seed)
    return torch.round(torch.randn(shape, generator=generator) * 32 * scale) / 32


def slayer_neuron(parameters: CubaParameters) -> torch.nn.Module:
    return slayer.neuron.cuba.Neuron(
        threshold=parameters.threshold,
        current_decay=parameters.current_decay,
        voltage_decay=parameters.voltage_decay,
        tau_grad=parameters.surrogate_width,
        scale_grad=parameters.surrogate_scale,
    )


def ours(arriving: torch.Tensor, parameters: CubaParameters) -> torch.Tensor:
    neuron = slayer_neuron(parameters)
    numbers = HiddenNeuron(
        current_factor=4096 - parameters.current_decay_steps,
        voltage_factor=4096 - parameters.voltage_decay_steps,
        threshold=parameters.quantised_threshold,
        width=neuron.tau_rho * TAU_RHO_MULT,
        height=neuron.scale_rho * SCALE_RHO_MULT,
    )
    return HiddenSpikes.apply(arriving, None, numbers)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 4096),
    st.integers(0, 4096),
    st.floats(0.1, 40),
    st.integers(1, 40),
    st.integers(0, 2**16),
)
def test_spikes_and_gradients_are_slayers(
    current_decay: int, voltage_decay: int, threshold: float, steps: int, seed: int
) -> None:
    parameters = CubaParameters(
        threshold=threshold,
        current_decay=current_decay / 4096,
        voltage_decay=voltage_decay / 4096,
        surrogate_width=0.01,
    )
    arriving = whole_weights((2, 5, steps), seed, 1 + threshold)
    weights = torch.randn(arriving.shape, generator=torch.Generator().manual_seed(seed))
    gradients = []
    for forward in (slayer_neuron(parameters), lambda signal: ours(signal, parameters)):
        signal = arriving.clone().requires_grad_()
        spikes = forward(signal)
        (spikes * weights).sum().backward()
        gradients.append((spikes.detach(), signal.grad))
    (expected, expected_gradient), (found, found_gradient) = gradients
    assert torch.equal(found, expected)
    torch.testing.assert_close(found_gradient, expected_gradient, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    ("spec", "features"),
    [
        (DenseSpec(neurons=7, bias=True), (2, 3, 4)),
        (ConvSpec(channels=4, kernel_size=3, stride=2, padding=1, groups=2), (2, 6, 5)),
        (ConvSpec(channels=3, kernel_size=2, dilation=2, bias=True), (2, 6, 5)),
    ],
)
def test_sums_and_their_gradients_are_those_of_slayers_synapse(
    spec: DenseSpec | ConvSpec, features: tuple[int, ...]
) -> None:
    torch.manual_seed(0)
    block = Block(spec, features)
    block.synapse.pre_hook_fx = block.neuron.quantize_8bit
    spikes = (torch.rand(3, *features, 9) < 0.4).float().requires_grad_()
    arriving = torch.nn.functional.pad(spikes, (1, 0))[..., :-1]
    expected = block.synapse(arriving.flatten(1, 3) if isinstance(spec, DenseSpec) else arriving)
    found = block.dendrite(spikes)
    assert torch.equal(found, expected)
    weights = torch.randn(expected.shape)
    inputs = (spikes, block.synapse.weight)
    for one, other in zip(
        torch.autograd.grad((found * weights).sum(), inputs),
        torch.autograd.grad((expected * weights).sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("neurons", [1, 7, CHUNK, CHUNK + 5])
def test_the_loops_say_what_pytorch_says_elsewhere(
    neurons: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, carry = whole_weights((12, 1, neurons), 0), torch.rand(12, 1, neurons)

    def everything() -> list[torch.Tensor]:
        return [integrate(rows, 3000), adjoint(rows, carry), adjoint(rows, carry[:1])]

    compiled = everything()
    monkeypatch.setattr(dynamics, "loops_take", lambda rows: False)
    for one, other in zip(compiled, everything(), strict=True):
        assert torch.equal(one, other)


def test_time_first_copies_only_what_is_not_so() -> None:
    rows = torch.rand(5, 2, 3)
    assert time_first(time_last(rows)).data_ptr() == rows.data_ptr()
    other = torch.rand(2, 3, 5)
    assert torch.equal(time_last(time_first(other)), other)

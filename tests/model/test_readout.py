"""The readout at temperature 0 is the exported neuron; above, a Bernoulli neuron."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy._io.lava import lava_imports
from neurodeploy.model import dynamics, readout
from neurodeploy.model.neuron import CubaParameters
from neurodeploy.model.noise import ShareOfNoise, uniform
from neurodeploy.model.readout import Readout

with lava_imports():
    from lava.lib.dl import slayer

FAILURE = 1e-9  # chance that a correct readout fails a statistical test, were its seed drawn anew

DECAYS = st.one_of(
    st.sampled_from([0.0, 1.0, 1 / 4096, 4095 / 4096, 0.5, 0.1]), st.floats(0, 1, width=32)
)
# SLAYER's float32 comparison loses its epsilon from a threshold of 64 on, so stay below.
THRESHOLDS = st.one_of(st.integers(1, 63 * 64).map(lambda n: n / 64), st.floats(0.001, 63))


@st.composite
def cases(draw: st.DrawFn) -> tuple[CubaParameters, np.ndarray]:
    """Parameters and the dendrite input [batch, neuron, time] in integer weight units."""
    parameters = CubaParameters(
        threshold=draw(THRESHOLDS), current_decay=draw(DECAYS), voltage_decay=draw(DECAYS)
    )
    shape = (draw(st.integers(1, 2)), draw(st.integers(1, 3)), draw(st.integers(1, 20)))
    size = math.prod(shape)
    largest = draw(st.sampled_from([2, 64, 600]))  # 20 steps of 600 stay within 24 bits
    flat = draw(st.lists(st.integers(-largest, largest), min_size=size, max_size=size))
    return parameters, np.array(flat).reshape(shape)


def divided_toward_zero(value: int, divisor: int) -> int:
    quotient = abs(value) // divisor
    return quotient if value >= 0 else -quotient


def naive_neuron(
    weighted: list[int], parameters: CubaParameters
) -> tuple[list[int], list[int], list[int]]:
    """The chip's recursion for one neuron: currents, voltages before reset, and spikes."""
    keep_u = 4096 - round(parameters.current_decay * 4096)
    keep_v = 4096 - round(parameters.voltage_decay * 4096)
    level = int(parameters.threshold * 64) << 6
    u = v = 0
    currents, voltages, spikes = [], [], []
    for z in weighted:
        u = divided_toward_zero(u * keep_u, 4096) + (z << 6)
        v = divided_toward_zero(v * keep_v, 4096) + u
        currents.append(u)
        voltages.append(v)
        spikes.append(int(v > level))
        if v > level:
            v = 0
    return currents, voltages, spikes


def slayer_neuron(parameters: CubaParameters) -> torch.nn.Module:
    return slayer.neuron.cuba.Neuron(
        threshold=parameters.threshold,
        current_decay=parameters.current_decay,
        voltage_decay=parameters.voltage_decay,
    )


def margins(*values: float, samples: int, threshold: float = 1.0) -> torch.Tensor:
    """Currents [sample, neuron, 1] that give these margins in the first step."""
    return (torch.tensor(values) + threshold).reshape(1, -1, 1).expand(samples, -1, 1).contiguous()


@settings(deadline=None, max_examples=150)
@given(cases())
def test_cold_readout_is_slayers_neuron_and_the_chips_integers(
    case: tuple[CubaParameters, np.ndarray],
) -> None:
    parameters, weighted = case
    dendrite = torch.from_numpy(weighted / 64).float()
    current, _ = slayer_neuron(parameters).dynamics(dendrite)
    spikes, margin = Readout(parameters)(current, temperature=0.0)
    assert torch.equal(spikes, slayer_neuron(parameters)(dendrite))
    level = parameters.threshold_mantissa << 6
    for sample, neuron in np.ndindex(weighted.shape[:2]):
        expected = naive_neuron(weighted[sample, neuron].tolist(), parameters)
        assert (current[sample, neuron] * 4096).tolist() == expected[0]
        assert (margin[sample, neuron].double() * 4096 + level).tolist() == expected[1]
        assert spikes[sample, neuron].tolist() == expected[2]


@pytest.mark.parametrize("threshold", [1 / 64, 1.0, 63.0, 64.0, 1000.0])
def test_spikes_only_above_the_threshold(threshold: float) -> None:
    readout = Readout(CubaParameters(threshold=threshold))
    at = torch.tensor([threshold, threshold + 1 / 4096, threshold - 1 / 4096]).reshape(1, 3, 1)
    spikes, margin = readout(at, temperature=0.0)
    assert spikes.flatten().tolist() == [0, 1, 0]
    assert margin.flatten().tolist() == [0, 1 / 4096, -1 / 4096]


@pytest.mark.parametrize(("asked", "used"), [(1.0, 1.0), (0.99, 63 / 64), (0.3, 19 / 64)])
def test_threshold_is_the_exported_one(asked: float, used: float) -> None:
    parameters = CubaParameters(threshold=asked)
    assert Readout(parameters).threshold == used == parameters.threshold_mantissa / 64


def test_first_spike_has_the_probability_of_the_margin() -> None:
    samples, values = 100_000, (-1.5, -0.25, 0.0, 0.125, 1.0)
    bound = math.sqrt(math.log(2 / FAILURE) / (2 * samples))  # Hoeffding
    readout = Readout(CubaParameters(threshold=1.0))
    for seed, temperature in enumerate((0.05, 0.4, 2.0)):
        generator = torch.Generator().manual_seed(seed)
        spikes, margin = readout(
            margins(*values, samples=samples), temperature=temperature, generator=generator
        )
        assert margin[0].flatten().tolist() == list(values)
        for frequency, value in zip(spikes.mean((0, 2)).tolist(), values, strict=True):
            expected = 1 / (1 + math.exp(-value / temperature))
            assert abs(frequency - expected) <= bound + 2e-7  # the uniform noise is clamped


def test_margin_over_temperature_is_the_log_odds_given_the_past() -> None:
    generator = torch.Generator().manual_seed(7)
    current = torch.randn(500, 4, 50, generator=generator).mul(64).round().div(64)
    spikes, margin = Readout(CubaParameters(threshold=1.0, voltage_decay=0.25))(
        current, temperature=0.7, generator=generator
    )
    surprise = spikes.double() - torch.sigmoid(margin.double() / 0.7)
    bound = math.sqrt(math.log(2 / FAILURE) / (2 * spikes.numel()))  # Azuma: widths of 1
    assert 0.1 < spikes.mean().item() < 0.9
    assert abs(float(surprise.mean())) <= bound
    after_spike = spikes[..., :-1] > 0  # a voltage is reset by its own, sampled, spike
    assert torch.equal(margin[..., 1:][after_spike] + 1.0, current[..., 1:][after_spike])


def test_colder_is_closer_to_the_deterministic_neuron() -> None:
    generator = torch.Generator().manual_seed(3)
    current = torch.randn(100, 5, 40, generator=generator)
    readout = Readout(CubaParameters(threshold=1.0))
    cold, margin = readout(current, temperature=0.0)
    differing = []
    for temperature in (3.0, 1.0, 0.3, 0.1, 0.03):
        warm, _ = readout(current, temperature=temperature, generator=generator)
        differing.append(float((warm != cold).float().mean()))
    assert all(hot > 1.2 * colder for hot, colder in itertools.pairwise(differing))
    # Noise is at most logit(1 - 1e-7) = 16.2 temperatures: below the least margin it is no noise.
    least = float(margin.abs()[margin != 0].min())
    decided = margin != 0
    almost, _ = readout(current, temperature=least / 17, generator=generator)
    first = decided.logical_not().cumsum(-1) == 0  # a margin of 0 is a coin toss
    assert torch.equal(almost[first], cold[first])
    assert float(first.float().mean()) > 0.9


def test_generator_alone_decides_the_samples() -> None:
    readout = Readout(CubaParameters())
    current = margins(0.1, -0.2, samples=50)

    def sample(seed: int, ambient: int) -> torch.Tensor:
        torch.manual_seed(ambient)
        generator = torch.Generator().manual_seed(seed)
        return readout(current, temperature=1.0, generator=generator)[0]

    assert torch.equal(sample(1, ambient=0), sample(1, ambient=99))
    assert not torch.equal(sample(1, ambient=0), sample(2, ambient=0))


def shares(rows: int, cuts: list[int], seed: int) -> list[tuple[int, int, ShareOfNoise]]:
    """First row, end and noise of each share, every share with a generator of its own."""
    edges = sorted({0, rows, *(cut % rows for cut in cuts)})
    return [
        (
            start,
            stop,
            ShareOfNoise(generator=torch.Generator().manual_seed(seed), start=start, rows=rows),
        )
        for start, stop in itertools.pairwise(edges)
    ]


@given(
    st.integers(1, 9),
    st.lists(st.integers(0, 8), max_size=4),
    st.integers(1, 3),
    st.integers(1, 6),
    st.integers(0, 99),
)
def test_shares_of_the_noise_put_together_are_the_whole(
    rows: int, cuts: list[int], neurons: int, steps: int, seed: int
) -> None:
    whole_from = torch.Generator().manual_seed(seed)
    parts = shares(rows, cuts, seed)
    for _ in range(2):  # the second batch too: every generator has gone as far
        whole = uniform(torch.Size((rows, neurons, steps)), whole_from)
        assert whole.shape == (rows, neurons, steps)
        drawn = [
            uniform(torch.Size((stop - start, neurons, steps)), noise)
            for start, stop, noise in parts
        ]
        assert torch.equal(torch.cat(drawn), whole)
        for _, _, noise in parts:
            assert torch.equal(noise.generator.get_state(), whole_from.get_state())


def test_shares_of_a_batch_spike_as_the_whole_batch() -> None:
    current = torch.randn(7, 4, 20, generator=torch.Generator().manual_seed(0))
    readout = Readout(CubaParameters())
    whole, margin = readout(current, temperature=0.7, generator=torch.Generator().manual_seed(3))
    assert 0.05 < float(whole.mean()) < 0.95
    for start, stop, noise in shares(7, [1, 4], seed=3):
        spikes, share_of_margin = readout(current[start:stop], temperature=0.7, generator=noise)
        assert torch.equal(spikes, whole[start:stop])
        assert torch.equal(share_of_margin, margin[start:stop])


def test_noise_without_a_generator_is_pytorchs_own() -> None:
    torch.manual_seed(4)
    drawn = uniform(torch.Size((3, 2)), None)
    torch.manual_seed(4)
    assert torch.equal(drawn, torch.rand(3, 2))


def test_cold_readout_draws_nothing() -> None:
    generator = torch.Generator().manual_seed(0)
    before = generator.get_state()
    Readout(CubaParameters())(torch.ones(1, 2, 3), temperature=0.0, generator=generator)
    assert torch.equal(generator.get_state(), before)


def explicit_voltage_gradient(weights: np.ndarray, spikes: np.ndarray, keep: float) -> np.ndarray:
    """Gradient of sum(weights * v) for given spikes, from dv_t/du_j term by term."""
    steps = len(weights)
    gradient = np.zeros(steps)
    for j in range(steps):
        factor = 1.0
        for t in range(j, steps):
            gradient[j] += weights[t] * factor
            factor *= keep * (1 - spikes[t])
    return gradient


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from([0.0, 0.5, 1.0]),
    st.integers(1, 8).flatmap(
        lambda steps: st.tuples(
            st.lists(st.integers(-128, 128), min_size=steps, max_size=steps),
            st.lists(st.integers(-20, 20), min_size=steps, max_size=steps),
        )
    ),
    st.sampled_from([0.0, 1.0]),
)
def test_voltage_gradient_is_the_linear_recursion_exactly(
    decay: float, series: tuple[list[int], list[int]], temperature: float
) -> None:
    """All factors are dyadic, so that even float32 has no rounding."""
    current = (torch.tensor(series[0]) / 64).reshape(1, 1, -1).requires_grad_()
    weights = torch.tensor(series[1], dtype=torch.float32)
    readout = Readout(CubaParameters(threshold=0.5, voltage_decay=decay))
    generator = torch.Generator().manual_seed(0)
    spikes, margin = readout(current, temperature=temperature, generator=generator)
    (weights * margin).sum().backward()
    expected = explicit_voltage_gradient(
        weights.double().numpy(), spikes.detach().numpy()[0, 0], 1 - decay
    )
    assert current.grad is not None
    assert current.grad[0, 0].tolist() == expected.tolist()


@pytest.mark.parametrize("decay", [1 / 4096, 0.1, 0.77, 4095 / 4096])
def test_voltage_gradient_at_any_decay(decay: float) -> None:
    generator = torch.Generator().manual_seed(5)
    current = torch.randn(2, 3, 20, generator=generator, dtype=torch.float64).requires_grad_()
    weights = torch.randn(2, 3, 20, generator=generator, dtype=torch.float64)
    parameters = CubaParameters(threshold=1.0, voltage_decay=decay)
    spikes, margin = Readout(parameters)(current, temperature=0.0)
    assert 0.02 < spikes.mean().item() < 0.9
    (weights * margin).sum().backward()
    assert current.grad is not None
    keep = 1 - round(decay * 4096) / 4096
    for sample, neuron in np.ndindex(2, 3):
        expected = explicit_voltage_gradient(
            weights[sample, neuron].numpy(), spikes[sample, neuron].detach().numpy(), keep
        )
        found = current.grad[sample, neuron].numpy()
        np.testing.assert_allclose(found, expected, rtol=0, atol=20 * 20 * 2**-52 * 20)


def bell(margin: float, width: float) -> float:
    """Derivative of sigmoid(margin / width) by margin."""
    p = 1 / (1 + math.exp(-margin / width))
    return p * (1 - p) / width


def test_straight_through_gradient_of_three_steps_by_hand() -> None:
    """v = 0.5, then 0.25 + 1 (a spike), then 0.75 from rest; the reset cuts the way back."""
    current = torch.tensor([[[0.5, 1.0, 0.75]]], dtype=torch.float64, requires_grad=True)
    readout = Readout(CubaParameters(threshold=1.0, voltage_decay=0.5), gradient_floor=0.25)
    spikes, margin = readout(current, temperature=0.0)
    assert spikes.flatten().tolist() == [0, 1, 0]
    assert margin.flatten().tolist() == [-0.5, 0.25, -0.25]
    (torch.tensor([2.0, -3.0, 5.0]) * spikes).sum().backward()
    third = 5 * bell(-0.25, 0.25)
    second = -3 * bell(0.25, 0.25)
    first = 2 * bell(-0.5, 0.25) + 0.5 * second
    assert current.grad is not None
    assert current.grad.flatten().tolist() == pytest.approx([first, second, third], rel=1e-6)


@pytest.mark.parametrize(("samples", "neurons"), [(1, 1), (6, 37), (4, 130)])
@pytest.mark.parametrize("temperature", [0.0, 0.3])
def test_the_loops_say_what_pytorch_says_elsewhere(
    samples: int, neurons: int, temperature: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = torch.Generator().manual_seed(samples)
    current = torch.randn(samples, neurons, 20, generator=drawn).mul(64).round().div(64)
    weights = torch.randn(2, samples, neurons, 20, generator=drawn)
    cell = Readout(CubaParameters(threshold=0.5, voltage_decay=0.2))

    def everything() -> list[torch.Tensor]:
        given, noise = current.clone().requires_grad_(), torch.Generator().manual_seed(1)
        said = cell(given, temperature=temperature, generator=noise)
        (torch.stack(said) * weights).sum().backward()
        assert given.grad is not None
        return [*said, given.grad]

    *compiled, gradient = everything()
    for module in (dynamics, readout):
        monkeypatch.setattr(module, "loops_take", lambda rows: False)
    *expected, other = everything()
    assert all(torch.equal(one, two) for one, two in zip(compiled, expected, strict=True))
    torch.testing.assert_close(gradient, other, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("temperature", "floor", "width"),
    [(0.0, 0.1, 0.1), (0.05, 0.1, 0.1), (0.4, 0.1, 0.4), (0.0, 0.7, 0.7)],
)
def test_gradient_width_follows_the_temperature_down_to_its_floor(
    temperature: float, floor: float, width: float
) -> None:
    current = margins(-0.25, 0.0, 0.5, samples=1).requires_grad_()
    readout = Readout(CubaParameters(threshold=1.0), gradient_floor=floor)
    generator = torch.Generator().manual_seed(0)
    spikes, _ = readout(current, temperature=temperature, generator=generator)
    spikes.sum().backward()
    assert current.grad is not None
    expected = [bell(margin, width) for margin in (-0.25, 0.0, 0.5)]
    assert current.grad.flatten().tolist() == pytest.approx(expected, rel=1e-4)

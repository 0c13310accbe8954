"""Each finding on a network that has it, and its run held against what is written."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from neurodeploy.engines.registry import simulate
from neurodeploy.netx.check import check
from neurodeploy.netx.findings import FINDING_KINDS, Finding
from neurodeploy.netx.layers import Average, ComplexDense, Conv, Dense, Layer, NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron, RfNeuron, SdnnNeuron

STEPS = 90
SIGMA = SdnnNeuron(threshold=5, sigma_output=True)


def cuba(threshold: int = 20) -> CubaNeuron:
    return CubaNeuron(current_decay=4096, voltage_decay=4096, threshold=threshold)


def dense(*weight: int, neuron: Any = None, **changes: Any) -> Dense:
    return Dense(weight=[weight], neuron=neuron or cuba(), **changes)


def kernel(*weight: int, **changes: Any) -> Conv:
    """A convolution that covers all of its image, so that it is one neuron."""
    shaped = np.array(weight).reshape(1, 1, 1, -1)
    return Conv(**{"weight": shaped, "neuron": cuba(), **changes})


def network(*layers: Layer, shape: tuple[int, ...] = (2,)) -> Network:
    return Network(input_shape=shape, layers=layers)


IMAGE = (1, 1, 2)
RESONATOR = RfNeuron(sin_decay=900, cos_decay=3900, threshold=4, phase=True)

RUNS = {
    "clamped-delay": network(dense(30, -2, delay=[70])),
    "ignored-delay": network(kernel(30, -2, delay=np.array([3])), shape=IMAGE),
    "changed-weight": network(dense(300, -2, neuron=cuba(260))),
    "wrapped-bias": network(dense(2, 4, neuron=cuba(30_000), bias=[40_000])),
    "wrapping-current": network(dense(*[254] * 600), shape=(600,)),
    "chip-threshold": network(dense(2, 4, neuron=cuba(131_072), bias=[4095])),
    "chip-bias": network(dense(2, 4, neuron=cuba(5000), bias=[5000])),
    "chip-kernel": network(kernel(999, -999, neuron=cuba(900)), shape=IMAGE),
    "silent-layer": network(dense(30, 10, -2, neuron=cuba(40)), shape=(3,)),
    "slayer-bias": network(dense(30, -2, bias=[3])),
}
"""Networks of one CUBA neuron with one finding, that run."""

OTHERS = {
    "average-layer": network(dense(2, 4), Average(outputs=1)),
    "slayer-input": network(NeuronInput(neuron=cuba()), dense(2, 4)),
    "late-input": network(dense(2, 4), NeuronInput(neuron=cuba())),
    "input-axes": network(NeuronInput(neuron=cuba()), dense(2, 4), shape=(1, 2)),
    "sigma-bias": network(dense(2, 4, neuron=SIGMA, bias=[1])),
    "recurrent-delay": network(dense(2, 4, recurrent_weight=[[2]], delay=[1])),
    "unscalable-weight": network(dense(0, 0)),
    "recurrent-ones": network(dense(2, 4, neuron=SdnnNeuron(threshold=5), recurrent_weight=[[2]])),
    "changed-decay": network(
        ComplexDense(real_weight=[[2, 4]], imaginary_weight=[[2, 4]], neuron=RESONATOR)
    ),
}


OF_FILES = {"ignored-field", "training-field", "no-neuron", "short-sample"}
"""What only a file or an input can have: test_unused.py, and test_verification.py."""


def test_every_kind_is_shown_here() -> None:
    assert {*RUNS, *OTHERS, *OF_FILES} == set(FINDING_KINDS)
    for kind in FINDING_KINDS.values():
        assert kind.meaning
        assert not (kind.severity == "error" and kind.exact)


@pytest.mark.parametrize("code", [*RUNS, *OTHERS])
def test_a_finding_is_what_its_kind_says(code: str) -> None:
    found = {finding.code: finding for finding in check({**RUNS, **OTHERS}[code])}
    assert set(found) - {"slayer-bias", "slayer-input", "silent-layer"} <= {code}
    finding = found[code]
    kind = FINDING_KINDS[code]
    assert (finding.code, finding.severity, finding.exact) == (code, kind.severity, kind.exact)
    assert set(asdict(finding)) >= {"code", "layer", "exact", "reason", "remedy"}
    assert Finding(**asdict(finding)) == finding


def as_written(layer: Any, spikes: np.ndarray) -> list[int]:
    """Spikes of one neuron that forgets everything in each step, by the rules of CUBA neurons."""
    weight = layer.weight.ravel().astype(int)
    delay = 0 if layer.delay is None else int(layer.delay.ravel()[0])
    bias = 0 if layer.bias is None else int(layer.bias[0])
    sent = []
    for step in range(spikes.shape[-1]):
        at = step - 1 - delay
        arriving = int(weight @ spikes[:, at]) if at >= 0 else 0
        current = ((arriving * 64) + 2**23) % 2**24 - 2**23
        voltage = min(max(current + bias * 64, -(2**23)), 2**23 - 1)
        sent.append(int(voltage > layer.neuron.threshold * 64))
    return sent


@pytest.mark.parametrize("code", RUNS)
def test_a_run_is_what_is_written_where_a_finding_is_exact(code: str) -> None:
    found = RUNS[code]
    spikes = (np.random.default_rng(0).random((*found.input_shape, STEPS)) < 0.5).astype(np.uint8)
    spikes[..., 20:30] = 1
    expected = as_written(found.layers[0], spikes.reshape(-1, STEPS))
    run = simulate(found, spikes[None], engine="native")
    same = run.spikes.ravel().tolist() == expected
    assert same == FINDING_KINDS[code].exact
    assert any(expected) == (code not in ("chip-threshold", "silent-layer"))

"""The end of a graph that the host reads, held against its equations in a plain loop."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import nir
import numpy as np
import pytest
import torch

import neurodeploy as nd
from neurodeploy.errors import NetworkError

DT = 1e-3
RNG = np.random.default_rng(5)
STEPS = 25


def graph(*nodes: Any, inputs: int = 6) -> Any:
    names = ["input", *(str(place) for place in range(len(nodes))), "output"]
    ends = (
        nir.Input(input_type={"input": np.array([inputs])}),
        nir.Output(output_type={"output": np.array([3])}),
    )
    named = dict(zip(names, (ends[0], *nodes, ends[1]), strict=True))
    return nir.NIRGraph(nodes=named, edges=list(pairwise(names)), type_check=False)


HIDDEN = (
    nir.Linear(weight=RNG.normal(0.5, 1, (4, 6))),
    nir.IF(r=np.ones(4), v_threshold=np.ones(4)),
)
READS = nir.Affine(weight=RNG.normal(size=(3, 4)), bias=RNG.normal(size=3))
TAUS = np.array([5e-3, 20e-3, 1.0])
ENDS = {
    "I": nir.I(r=np.array([1.0, 2.0, 0.5])),
    "LI": nir.LI(tau=TAUS, r=np.array([1.0, 2.0, 0.5]), v_leak=np.array([0.0, 0.3, -1.0])),
    "CubaLI": nir.CubaLI(
        tau_syn=np.array([4e-3, 8e-3, 2e-3]),
        tau_mem=TAUS,
        r=np.ones(3),
        v_leak=np.array([0.0, 0.3, -1.0]),
        w_in=np.array([1.0, 4.0, 2.0]),
    ),
}


def held(kind: str, spikes: np.ndarray) -> np.ndarray:
    """What the integrators hold after the last step, by forward Euler."""
    node = ENDS[kind]
    current = voltage = np.zeros((len(spikes), 3))
    for step in range(spikes.shape[-1]):
        arriving = spikes[..., step] @ READS.weight.T + READS.bias
        if kind == "I":
            voltage = voltage + node.r * arriving
        elif kind == "LI":
            voltage = voltage + DT / node.tau * (node.v_leak - voltage + node.r * arriving)
        else:
            current = current + DT / node.tau_syn * (node.w_in * arriving - current)
            voltage = voltage + DT / node.tau_mem * (node.v_leak - voltage + node.r * current)
    return voltage


@pytest.mark.parametrize("kind", ENDS)
def test_a_decoder_says_what_the_integrators_hold(kind: str) -> None:
    converted = nd.convert(graph(*HIDDEN, READS, ENDS[kind]), dt_s=DT)
    assert converted.to_dict()["host"] == ["2", "3"]
    assert [each.code for each in converted.network.notes] == ["nir-host"]
    encoding = nd.SpikeInput(steps=STEPS)
    bundle = converted.bundle(encoding)
    spikes = (RNG.random((5, 4, STEPS)) < 0.3).astype(np.float32)
    found = bundle.decoder.at_the_end(torch.from_numpy(spikes))["label"].numpy()
    np.testing.assert_allclose(found, held(kind, spikes), rtol=1e-5, atol=1e-5)
    assert bundle.network is converted.network


def test_a_graph_without_such_an_end_answers_by_counts() -> None:
    converted = nd.convert(graph(*HIDDEN), dt_s=DT)
    assert converted.readout is None
    assert converted.bundle(nd.SpikeInput(steps=STEPS)).decoder.config.kind == "counts"


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        ((HIDDEN[0], ENDS["I"]), "behind the last, found none"),
        ((*HIDDEN, READS), "behind the last, found 2"),
        (
            (*HIDDEN, READS, ENDS["I"], READS, nir.IF(r=np.ones(3), v_threshold=np.ones(3))),
            "node 3",
        ),
    ],
)
def test_integrators_stand_behind_the_last_neurons(nodes: Any, said: str) -> None:
    with pytest.raises(NetworkError, match=said):
        nd.convert(graph(*nodes), dt_s=DT)

"""A graph in its own time, against NIR's equations in a plain loop; and integers against it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.errors import InputError

DT = 1e-3
RNG = np.random.default_rng(7)
SPIKES = (RNG.random((6, 5, 60)) < 0.4).astype(np.uint8)


def graph(*nodes: Any) -> Any:
    named = {str(place): node for place, node in enumerate(nodes)}
    ends = (
        nir.Input(input_type={"input": np.array([5])}),
        nir.Output(output_type={"output": np.array([3])}),
    )
    named = {"input": ends[0], **named, "output": ends[1]}
    return nir.NIRGraph(nodes=named, edges=list(pairwise(named)), type_check=False)


def affine(outputs: int, inputs: int, bias: float = 0.0) -> Any:
    return nir.Affine(weight=RNG.normal(0.5, 1, (outputs, inputs)), bias=np.full(outputs, bias))


def cuba(count: int) -> Any:
    values = {"tau_syn": 4e-3, "tau_mem": 8e-3, "r": 1.0, "v_leak": 0.1, "v_threshold": 0.3}
    return nir.CubaLIF(w_in=np.ones(count), **{n: np.full(count, v) for n, v in values.items()})


def whole(*neurons: int) -> Any:
    """Neurons that add up whole numbers, so that integers can be what floats are."""
    sizes = pairwise((5, *neurons))
    return graph(
        *(
            node
            for before, count in sizes
            for node in (
                nir.Linear(weight=RNG.integers(-3, 6, (count, before)).astype(float)),
                nir.IF(r=np.ones(count), v_threshold=np.full(count, 4.0)),
            )
        )
    )


def in_its_own_time(layers: list[tuple[Any, Any]], spikes: np.ndarray) -> list[np.ndarray]:
    """CubaLIF by forward Euler; a spike reaches the next layer in the step in which it is sent."""
    sizes = [len(weights.weight) for weights, _ in layers]
    current = [np.zeros((len(spikes), size)) for size in sizes]
    voltage = [np.zeros((len(spikes), size)) for size in sizes]
    sent = [np.zeros((len(spikes), size, spikes.shape[-1]), np.uint8) for size in sizes]
    for step in range(spikes.shape[-1]):
        passing = spikes[..., step]
        for at, (weights, node) in enumerate(layers):
            arriving = passing @ weights.weight.T + weights.bias
            current[at] += DT / node.tau_syn * (node.w_in * arriving - current[at])
            voltage[at] += DT / node.tau_mem * (node.v_leak - voltage[at] + node.r * current[at])
            fired = voltage[at] > node.v_threshold
            voltage[at][fired] = 0
            sent[at][..., step] = passing = fired
    return sent


def test_floats_follow_the_equations_in_the_graphs_own_time() -> None:
    """A bias passes the current, and none acts before its layer is reached."""
    layers = [(affine(7, 5, 0.2), cuba(7)), (affine(3, 7, 0.4), cuba(3))]
    floats = nd.nir_floats(graph(*(node for layer in layers for node in layer)), dt_s=DT)
    found, expected = floats.run(SPIKES), in_its_own_time(layers, SPIKES)
    assert floats.late_steps == (1, 2)
    for one, other in zip(found, expected, strict=True):
        assert 0.02 < other.mean() < 0.9
        np.testing.assert_array_equal(one, other)


def test_integers_that_are_the_floats_are_equal_a_step_a_layer_later(tmp_path: Path) -> None:
    path = tmp_path / "whole.nir"
    nir.write(path, whole(6, 4, 3))
    network = nd.from_nir(path)
    result = nd.verify(network, SPIKES, ["native"], against=nd.nir_floats(path))
    assert result.exact
    assert result.verdict == "exact, 3 steps later"
    assert [layer.late_steps for layer in result.layers] == [1, 2, 3]
    assert all(layer.spikes > 0 for layer in result.layers)
    assert result.compared.startswith("native against the floats of whole.nir, in 0-dense, ")


def test_rounding_is_seen_and_said_in_counts() -> None:
    rounded = graph(affine(7, 5), cuba(7), affine(3, 7), cuba(3))
    network = nd.from_nir(rounded, dt_s=DT, bits=2)
    floats = nd.nir_floats(rounded, dt_s=DT)
    result = nd.verify(network, SPIKES, ["native"], against=floats)
    assert (result.exact, result.verdict) == (False, "not exact")
    output = result.layers[-1]
    counts = nd.simulate(network, SPIKES).spikes.sum(-1, dtype=int)
    wanted = floats.run(SPIKES)[-1][..., :-2].sum(-1, dtype=int)  # the last steps come too late
    assert output.same_largest == (counts.argmax(1) == wanted.argmax(1)).sum()
    assert output.counts_apart == np.abs(counts - wanted).sum() / wanted.sum() > 0
    assert f"Of 6 samples {output.same_largest} have the same largest count" in result.compared
    assert f"counts differ by {100 * (output.counts_apart or 0):.2g} %." in result.compared


def test_what_the_graph_cannot_say_is_part_of_the_verification() -> None:
    read = whole(3)
    network = nd.from_nir(read)
    assert network.notes == ()
    floats = nd.nir_floats(read, profile="sinabs")
    result = nd.verify(network, SPIKES, ["native"], against=floats)
    assert result.exact
    assert [(found.code, found.layer) for found in result.findings] == [
        ("nir-reset", "0-dense"),
        ("nir-several-spikes", "0-dense"),
        ("nir-tie", "0-dense"),
    ]
    noted = nd.from_nir(read, profile="sinabs")
    assert nd.verify(noted, SPIKES, ["native"], against=floats).findings == result.findings


def test_a_graph_of_another_network_is_refused() -> None:
    network = nd.from_nir(whole(6, 3))
    with pytest.raises(InputError, match=r"the floats: expected all 2 layers .*, found 1 layers"):
        nd.verify(network, SPIKES, ["native"], against=nd.nir_floats(whole(3)))
    with pytest.raises(InputError, match=r"the floats: expected \[sample, .*\[6, 6, 60\]"):
        nd.verify(network, SPIKES, ["native"], against=nd.nir_floats(whole(5, 3)))
    with pytest.raises(
        InputError, match=r"late_steps .*: expected none, for the floats, which say"
    ):
        nd.verify(network, SPIKES, ["native"], against=nd.nir_floats(whole(6, 3)), late_steps=2)

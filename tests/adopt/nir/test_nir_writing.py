"""Networks as NIR graphs: the same integers come back, and the graph does what they do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.adopt.nir.reading import steps_of
from neurodeploy.errors import InputError, NetworkError
from neurodeploy.netx.layers import Conv, Dense, Layer
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron, SdnnNeuron

DECAY = st.sampled_from((0, 1, 37, 2048, 4095, 4096))


@st.composite
def neurons(draw: st.DrawFn, rows: int) -> CubaNeuron:
    decays: dict[str, Any] = {}
    for name in ("current_decay", "voltage_decay"):
        several = draw(st.booleans())
        values = [draw(DECAY) for _ in range(rows if several else 1)]
        decays[name] = np.array(values) if several else values[0]
    return CubaNeuron(threshold=draw(st.integers(1, 1000)), **decays)


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """A convolution or none, then one or two dense layers."""
    rng = np.random.default_rng(draw(st.integers(0, 1000)))

    def weights(*shape: int) -> np.ndarray:
        return (
            2 * rng.integers(-128, 128, shape) | (np.arange(np.prod(shape)).reshape(shape) == 0) * 2
        )

    def bias(rows: int) -> np.ndarray | None:
        return rng.integers(-40, 40, rows) if draw(st.booleans()) else None

    layers: list[Layer] = []
    shape: tuple[int, ...] = (5,)
    if draw(st.booleans()):
        shape = (2, 5, 4)
        conv = Conv(
            weight=weights(3, 2, 2, 2),
            neuron=draw(neurons(3)),
            bias=bias(3),
            stride=(draw(st.integers(1, 2)), 1),
            padding=(draw(st.integers(0, 1)), 1),
        )
        layers.append(conv)
    features = int(np.prod(layers[0].output_shape(shape) if layers else shape))
    for inputs, outputs in ((features, 4), (4, 3)):
        recurrent = draw(st.booleans())
        delay = rng.integers(0, 4, inputs) if not recurrent and inputs != outputs else None
        dense = Dense(
            weight=weights(outputs, inputs),
            neuron=draw(neurons(outputs)),
            bias=bias(outputs),
            recurrent_weight=weights(outputs, outputs) if recurrent else None,
            delay=delay,
        )
        layers.append(dense)
    return Network(input_shape=shape, layers=tuple(layers))


def assert_same_integers(found: Network, expected: Network) -> None:
    assert (found.input_shape, found.names) == (expected.input_shape, expected.names)
    for one, other in zip(found.layers, expected.layers, strict=True):
        for name in ("weight", "recurrent_weight", "bias"):
            mine, theirs = getattr(one, name, None), getattr(other, name, None)
            if name == "bias" and theirs is not None and not theirs.any():
                theirs = None
            np.testing.assert_array_equal(mine, theirs)
        if isinstance(one, Dense):
            mine, theirs = (
                np.zeros(1) if layer.delay_matrix is None else layer.delay_matrix
                for layer in (one, other)
            )
            assert (mine == theirs).all()
        for name in ("current_decay", "voltage_decay", "threshold"):
            mine, theirs = getattr(one.neuron, name), getattr(other.neuron, name)
            assert np.all(np.asarray(mine) == np.asarray(theirs))


@given(networks(), st.sampled_from((1e-4, 1e-3, 0.7)))
def test_the_same_integers_come_back(network: Network, dt_s: float) -> None:
    graph = nd.to_nir(network, dt_s=dt_s)
    assert_same_integers(nd.from_nir(graph), network)


def test_a_file_says_its_step_and_what_nir_cannot_say(tmp_path: Path) -> None:
    layer = Dense(
        weight=np.full((3, 5), 26),
        neuron=CubaNeuron(current_decay=1000, voltage_decay=100, threshold=90),
    )
    network = Network(input_shape=(5,), layers=(layer,))
    path = tmp_path / "a.nir"
    nd.convert(network, path, dt_s=1e-3)
    metadata = nir.read(path).metadata
    assert (float(metadata["dt_s"]), int(metadata["latency_steps"])) == (1e-3, 1)
    assert "integers / 64" in metadata["arithmetic"]
    nd.convert(path, tmp_path / "a.net")
    assert_same_integers(nd.read_network(tmp_path / "a.net"), network)
    spikes = (np.random.default_rng(0).random((3, 5, 50)) < 0.4).astype(np.uint8)
    (floats,) = steps_of(nir.read(path)).floats.run(spikes)
    sent = nd.simulate(network, spikes, "native").spikes
    assert sent.any()
    np.testing.assert_array_equal(floats, sent)


def test_a_step_is_needed(tmp_path: Path) -> None:
    layer = Dense(
        weight=np.full((3, 5), 26),
        neuron=CubaNeuron(current_decay=0, voltage_decay=0, threshold=9),
    )
    with pytest.raises(
        InputError, match=r"seconds of a time step, found none.* say how long a step is, with --dt"
    ):
        nd.convert(Network(input_shape=(5,), layers=(layer,)), tmp_path / "a.nir")
    assert not any(tmp_path.iterdir())


CUBA = CubaNeuron(current_decay=4096, voltage_decay=100, threshold=25)
REFUSED = {
    "sigma-delta": (
        Dense(weight=np.full((2, 3), 4), neuron=SdnnNeuron(threshold=4)),
        "layer 0-dense: expected a dense or convolutional layer of CUBA",
    ),
    "delays": (
        Dense(weight=np.full((2, 3), 4), neuron=CUBA, delay=np.array([[1, 2, 3], [1, 2, 4]])),
        "layer 0-dense, delay: expected one delay for all synapses of an input",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_nir_has_no_node_for_is_refused(case: str) -> None:
    layer, said = REFUSED[case]
    with pytest.raises(NetworkError, match=said):
        nd.to_nir(Network(input_shape=(3,), layers=(layer,)), dt_s=1e-3)

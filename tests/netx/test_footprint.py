"""What a network is said to take is no less than what it takes, and not many times as much."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from neurodeploy.engines.native.engine import NativeEngine
from neurodeploy.netx.describe import describe_network
from neurodeploy.netx.footprint import run_bytes
from neurodeploy.netx.layers import Conv, Dense, Layer
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron

NEURON = CubaNeuron(current_decay=0, voltage_decay=0, threshold=1)


def weights(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).integers(-5, 5, shape, np.int32)


def made(*input_shape: int, layer: Layer) -> Network:
    return Network(input_shape=input_shape, layers=(layer,))


WIDE: dict[str, Callable[[], Network]] = {
    "many inputs": lambda: made(60_000, layer=Dense(weight=weights(1, 60_000), neuron=NEURON)),
    "many neurons": lambda: made(1, layer=Dense(weight=weights(100_000, 1), neuron=NEURON)),
    "many weights": lambda: made(1000, layer=Dense(weight=weights(1000, 1000), neuron=NEURON)),
    "recurrent": lambda: made(
        1,
        layer=Dense(weight=weights(900, 1), recurrent_weight=weights(900, 900), neuron=NEURON),
    ),
    "delays": lambda: made(
        600,
        layer=Dense(
            weight=weights(600, 600), delay=np.arange(360_000).reshape(600, 600), neuron=NEURON
        ),
    ),
    "a large image": lambda: made(
        1, 400, 400, layer=Conv(weight=weights(4, 1, 3, 3), neuron=NEURON)
    ),
    "padding": lambda: made(
        1, 4, 4, layer=Conv(weight=weights(1, 1, 3, 3), padding=(300, 300), neuron=NEURON)
    ),
    "a long image": lambda: made(1, 1, 8000, layer=Conv(weight=weights(1, 1, 1, 2), neuron=NEURON)),
    "a long kernel": lambda: made(
        1, 1, 600, layer=Conv(weight=weights(1, 1, 1, 300), neuron=NEURON)
    ),
}


@pytest.fixture(scope="module")
def compiled() -> None:
    """Compiling the kernels takes memory once, whatever the network."""
    with NativeEngine(made(2, layer=Dense(weight=weights(2, 2), neuron=NEURON))) as engine:
        engine.run_batch(np.ones((1, 2, 2), np.uint8))


@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize("case", WIDE)
def test_a_wide_layer_takes_no_more_than_is_said(case: str) -> None:
    network = WIDE[case]()
    spikes = np.ones((1, *network.input_shape, 2), np.uint8)
    gc.collect()
    tracemalloc.start()
    try:
        describe_network(network)
        with NativeEngine(network) as engine:
            engine.run_batch(spikes)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak <= run_bytes(network) <= 8 * peak


def test_a_size_that_no_machine_has_is_a_number() -> None:
    layer = Conv(weight=weights(1, 1, 2, 2), padding=(10**6, 10**6), neuron=NEURON)
    assert run_bytes(made(1, 4, 4, layer=layer)) > 10**13

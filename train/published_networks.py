"""Networks whose placements on Loihi 2 Intel's compilers printed, and the run of one of them.

PilotNet LIF is the network itself, from lava-dl's wheel, with a frame that lies beside it; the
others have the shapes and bits of theirs. `neurodeploy/hardware/measured.toml` has the sources.
"""

from importlib.metadata import distribution
from pathlib import Path

import numpy as np

import neurodeploy as nd

LIF = nd.CubaNeuron(current_decay=1024, voltage_decay=512, threshold=60)
SDNN = nd.SdnnNeuron(threshold=6)


def recorded(folder: str) -> Path:
    """A folder of the networks with recorded runs that lava-dl's wheel installs."""
    return Path(str(distribution("lava-dl").locate_file("tests/lava/lib/dl/netx/gts"))) / folder


def pilotnet_lif() -> nd.Network:
    """Of lava-dl's wheel."""
    return nd.read_network(recorded("pilotnet_lif") / "network.net")


def pilotnet_frame(network: nd.Network, steps: int) -> np.ndarray:
    """The wheel's frame, held as the bias of the input layer, float64 [1, *features, time]."""
    current = np.load(recorded("pilotnet_lif") / "image.npy").swapaxes(0, 2)
    first = network.layers[0]
    assert isinstance(first, nd.NeuronInput)
    signal = (current - first.bias) / first.weight
    return np.repeat(signal[None, ..., None], steps, axis=-1)


def weights(bits: int, *shape: int) -> np.ndarray:
    """Even weights that need so many bits."""
    values = np.full(shape, 2)
    values.flat[0] = -(2**bits)
    return values


def convolutions(
    neuron: nd.CubaNeuron | nd.SdnnNeuron, shape: tuple[int, ...], *rows: tuple
) -> list[nd.Conv]:
    """Rows of output channels, bits, kernel, strides and paddings [height, width]."""
    layers, channels = [], shape[0]
    for outputs, bits, kernel, stride, padding in rows:
        weight = weights(bits, outputs, channels, kernel, kernel)
        layers.append(nd.Conv(weight=weight, neuron=neuron, stride=stride, padding=padding))
        channels = outputs
    return layers


def dense(
    neuron: nd.CubaNeuron | nd.SdnnNeuron, inputs: int, *rows: tuple[int, int]
) -> list[nd.Dense]:
    """Rows of neurons and bits."""
    layers = []
    for outputs, bits in rows:
        layers.append(nd.Dense(weight=weights(bits, outputs, inputs), neuron=neuron))
        inputs = outputs
    return layers


def pilotnet_sdnn() -> nd.Network:
    """The shapes and bits of lava-dl's tutorial network, which is not in its wheel."""
    shape = (3, 66, 200)
    kernels = convolutions(
        SDNN,
        shape,
        (24, 6, 3, 2, 0),
        (36, 5, 3, 2, 0),
        (48, 4, 3, 2, 0),
        (64, 5, 3, (2, 1), (1, 0)),
        (64, 4, 3, 1, 0),
    )
    matrices = dense(SDNN, 2560, (100, 4), (50, 6), (10, 5), (1, 4))
    return nd.Network(input_shape=shape, layers=(nd.NeuronInput(neuron=SDNN), *kernels, *matrices))


def mnist() -> nd.Network:
    """Its shapes and bits."""
    return nd.Network(input_shape=(784,), layers=tuple(dense(LIF, 784, (128, 8), (64, 8), (10, 8))))


def oxford() -> nd.Network:
    """Its shapes and bits."""
    return nd.Network(input_shape=(200,), layers=tuple(dense(LIF, 200, (256, 8), (200, 7))))


def yolo() -> nd.Network:
    """Its shapes; the weights are not public, and the bits are those of its printed words."""
    half = [(16, 6, 3, 2, 1), (32, 6, 3, 2, 1), (64, 5, 3, 2, 1), (128, 5, 3, 2, 1)]
    rest = [(256, 5, 3, 1, 1), (256, 4, 3, 2, 1), (512, 5, 3, 1, 1)]
    rows = half + rest + [(256, 5, 1, 1, 0), (512, 5, 3, 1, 1), (48, 6, 1, 1, 0)]
    shape = (3, 448, 448)
    return nd.Network(input_shape=shape, layers=tuple(convolutions(SDNN, shape, *rows)))


PRINTED = {
    "pilotnet_lif_loihi2": pilotnet_lif,
    "pilotnet_sdnn_loihi2": pilotnet_sdnn,
    "oxford_loihi2": oxford,
    "mnist_loihi2": mnist,
    "yolo_kp_loihi2": yolo,
}
"""By the name of its table in ``measured.toml``."""

"""How fast is the native engine on a convolutional network? Against Lava on lava-dl's PilotNet.

python benchmarks/pilotnet.py

The network and the image come with lava-dl, as does what a Loihi chip recorded of them: five
convolutions and four dense layers behind 66 x 200 input neurons in three channels, of which nine
in ten spike. One sample, the image held for as many steps as the recording has, from rest; both
engines get the same, and Lava is compiled before.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from timing import machine, paired

from neurodeploy._io.lava import lava_imports
from neurodeploy.engines.lava import LavaEngine
from neurodeploy.engines.native import NativeEngine
from neurodeploy.netx.layers import NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.netx.read import read_network

with lava_imports():
    import lava.proc.lif.models as lava_wheel

FOLDER = Path(lava_wheel.__file__).parents[3] / "tests/lava/lib/dl/netx/gts/pilotnet_lif"
PAIRS = 5
RESET = 17
"""Step at which the recording resets its neurons, as we do not."""


def recorded(name: str) -> np.ndarray:
    """Features of lava-dl, [width, height, channel, ...], in our order."""
    values: np.ndarray = np.load(FOLDER / f"{name}.npy")
    return values.swapaxes(0, 2)


def image_as_input(network: Network, steps: int) -> np.ndarray:
    """The sample [1, *features, time] that the input layer turns into the recorded current."""
    first = network.layers[0]
    assert isinstance(first, NeuronInput)
    signal = (recorded("image") - first.bias) / first.weight
    return np.repeat(signal[None, ..., None], steps, axis=-1)


def main() -> None:
    """Measure and print."""
    network = read_network(FOLDER / "network.net")
    input_spikes = recorded("input")
    steps = input_spikes.shape[-1]
    signal = image_as_input(network, steps)
    engine = NativeEngine(network)
    run = engine.run(signal)
    assert (run.layers[0][0, ..., :RESET] == input_spikes[..., :RESET]).all()
    with LavaEngine(network) as lava:
        reference = lava.run(signal)
        for name, mine, its in zip(network.names, run.layers, reference.layers, strict=True):
            assert (mine == its).all(), name
        native, compiled, ratio = paired(
            lambda: engine.run(signal), lambda: lava.run(signal), PAIRS
        )
    spikes = sum(int(layer.sum()) for layer in run.layers)
    print(machine())
    print(f"PilotNet, one sample of {steps} steps: all {spikes:,} spikes of its layers are equal")
    print(f"native: {native * 1e3:.1f} ms")
    print(f"Lava, compiled: {compiled * 1e3:.0f} ms; native is x{ratio:.0f} faster")


if __name__ == "__main__":
    main()

"""Network -> netx HDF5, as lava-dl's own export lays it out."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from neurodeploy.files import atomic_path
from neurodeploy.netx.network import Average, Conv, CubaNeuron, Dense, Layer, Network, NeuronInput


def write_network(network: Network, path: Path | str) -> None:
    """Write a network that `read_network` and ``lava.lib.dl.netx.hdf5.Network`` read back equal.

    Parameters
    ----------
    network : Network
        What is written.
    path : path
        File, usually ``*.net``; whole or not at all.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    with atomic_path(path) as draft, h5py.File(draft, "w") as file:
        groups = file.create_group("layer")

        def add(kind: str, shape: tuple[int, ...]) -> h5py.Group:
            group = groups.create_group(str(len(groups)))
            group.create_dataset("type", (1,), "S10", [kind.encode("ascii")])
            group.create_dataset("shape", data=np.array(shape))
            return group

        if not isinstance(network.layers[0], NeuronInput):
            add("input", network.input_shape)
        shape = network.input_shape
        for layer, after in zip(network.layers, network.shapes, strict=True):
            if isinstance(layer, Dense) and len(shape) > 1:
                add("flatten", (int(np.prod(shape)),))
            _write_layer(add(layer.kind, after), layer)
            shape = after


def _write_layer(group: h5py.Group, layer: Layer) -> None:
    if isinstance(layer, Average):
        return
    group.create_dataset("weight", data=layer.weight)
    if layer.bias is not None:
        group.create_dataset("bias", data=layer.bias)
    if isinstance(layer, Dense):
        group.create_dataset("inFeatures", data=layer.weight.shape[1])
        group.create_dataset("outFeatures", data=layer.weight.shape[0])
    if isinstance(layer, Dense | Conv) and layer.delay is not None:
        group.create_dataset("delay", data=layer.delay)
    if isinstance(layer, Conv):
        group.create_dataset("inChannels", data=layer.weight.shape[1] * layer.groups)
        group.create_dataset("outChannels", data=layer.weight.shape[0])
        group.create_dataset("kernelSize", data=np.array(layer.weight.shape[2:]))
        for name in ("stride", "padding", "dilation"):
            group.create_dataset(name, data=np.array(getattr(layer, name)))
        group.create_dataset("groups", data=layer.groups)
    _write_neuron(group.create_group("neuron"), layer.neuron)


def _write_neuron(group: h5py.Group, neuron: CubaNeuron) -> None:
    group.create_dataset("type", data="CUBA")
    group.create_dataset("iDecay", data=neuron.current_decay)
    group.create_dataset("vDecay", data=neuron.voltage_decay)
    group.create_dataset("vThMant", data=neuron.threshold)
    group.create_dataset("refDelay", data=1)
    group.create_dataset("gradedSpike", data=False)

"""Network -> netx HDF5, as lava-dl's own export lays it out."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from neurodeploy._io.files import atomic_path
from neurodeploy.netx.network import Average, ComplexDense, Conv, Dense, Layer, Network, NeuronInput
from neurodeploy.netx.neurons import CubaNeuron, Neuron, SdnnNeuron
from neurodeploy.netx.read import INPUT_BITS


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
        if network.input_bits:
            groups.attrs[INPUT_BITS] = network.input_bits

        def add(kind: str, shape: tuple[int, ...]) -> h5py.Group:
            group = groups.create_group(str(len(groups)))
            group.create_dataset("type", (1,), "S10", [kind.encode("ascii")])
            group.create_dataset("shape", data=np.array(shape))
            return group

        if not isinstance(network.layers[0], NeuronInput):
            add("input", network.input_shape)
        shape = network.input_shape
        for layer, after in zip(network.layers, network.shapes, strict=True):
            if isinstance(layer, Dense | ComplexDense) and len(shape) > 1:
                add("flatten", (int(np.prod(shape)),))
            _write_layer(add(layer.kind, after), layer)
            shape = after


def _write_layer(group: h5py.Group, layer: Layer) -> None:
    if isinstance(layer, Average):
        return
    if isinstance(layer, ComplexDense):
        group.create_dataset("weight/real", data=layer.real_weight)
        group.create_dataset("weight/imag", data=layer.imaginary_weight)
    else:
        group.create_dataset("weight", data=layer.weight)
        if layer.bias is not None:
            group.create_dataset("bias", data=layer.bias)
    if isinstance(layer, Dense):
        group.create_dataset("inFeatures", data=layer.weight.shape[1])
        group.create_dataset("outFeatures", data=layer.weight.shape[0])
        if layer.recurrent_weight is not None:
            group.create_dataset("weight_rec", data=layer.recurrent_weight)
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


def _write_neuron(group: h5py.Group, neuron: Neuron) -> None:
    group.create_dataset("vThMant", data=neuron.threshold)
    if isinstance(neuron, CubaNeuron):
        group.create_dataset("type", data=np.bytes_("CUBA"))
        group.create_dataset("iDecay", data=neuron.current_decay)
        group.create_dataset("vDecay", data=neuron.voltage_decay)
        group.create_dataset("refDelay", data=1)
        group.create_dataset("gradedSpike", data=False)
    elif isinstance(neuron, SdnnNeuron):
        group.create_dataset("type", data=np.bytes_("SDNN"))
        group.create_dataset("activation", data=np.bytes_("relu"))
        if neuron.sigma_output:
            group.create_dataset("sigma_output", data=True)
    else:
        group.create_dataset(
            "type", data=np.bytes_("RF_PHASE" if neuron.phase else "RF_IZHIKEVICH")
        )
        group.create_dataset("sinDecay", data=neuron.sin_decay)
        group.create_dataset("cosDecay", data=neuron.cos_decay)

"""Network -> netx HDF5, as lava-dl's own export lays it out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from neurodeploy._io.files import atomic_path
from neurodeploy.netx.layers import Average, ComplexDense, Conv, Dense, Layer, NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron, Neuron, RfNeuron, SdnnNeuron
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

        if not network.layers[0].takes_real_values:
            add("input", network.input_shape)
        shape = network.input_shape
        for layer, after in zip(network.layers, network.shapes, strict=True):
            if layer.flattens and len(shape) > 1:
                add("flatten", (int(np.prod(shape)),))
            _write_layer(add(layer.kind, after), layer)
            shape = after


def _write_layer(group: h5py.Group, layer: Layer) -> None:
    match layer:
        case Average():
            return
        case ComplexDense():
            parts = {"weight/real": layer.real_weight, "weight/imag": layer.imaginary_weight}
            _write_given(group, parts)
        case NeuronInput():
            _write_given(group, {"weight": layer.weight, "bias": layer.bias})
        case Dense():
            outputs, inputs = layer.weight.shape
            _write_given(
                group,
                {
                    "weight": layer.weight,
                    "bias": layer.bias,
                    "inFeatures": inputs,
                    "outFeatures": outputs,
                    "weight_rec": layer.recurrent_weight,
                    "delay": layer.delay,
                },
            )
        case Conv():
            outputs, inputs, *kernel = layer.weight.shape
            _write_given(
                group,
                {
                    "weight": layer.weight,
                    "bias": layer.bias,
                    "delay": layer.delay,
                    "inChannels": inputs * layer.groups,
                    "outChannels": outputs,
                    "kernelSize": kernel,
                    "stride": layer.stride,
                    "padding": layer.padding,
                    "dilation": layer.dilation,
                    "groups": layer.groups,
                },
            )
    _write_neuron(group.create_group("neuron"), layer.neuron)


def _write_given(group: h5py.Group, fields: Mapping[str, Any]) -> None:
    """Write fields in their order, but those that are None."""
    for name, value in fields.items():
        if value is not None:
            group.create_dataset(name, data=np.asarray(value))


def _write_neuron(group: h5py.Group, neuron: Neuron) -> None:
    fields: dict[str, Any]
    match neuron:
        case CubaNeuron():
            fields = {
                "type": np.bytes_("CUBA"),
                "iDecay": neuron.current_decay,
                "vDecay": neuron.voltage_decay,
                "refDelay": 1,
                "gradedSpike": False,
            }
        case SdnnNeuron():
            fields = {
                "type": np.bytes_("SDNN"),
                "activation": np.bytes_("relu"),
                "sigma_output": neuron.sigma_output or None,
            }
        case RfNeuron():
            fields = {
                "type": np.bytes_("RF_PHASE" if neuron.phase else "RF_IZHIKEVICH"),
                "sinDecay": neuron.sin_decay,
                "cosDecay": neuron.cos_decay,
            }
    _write_given(group, {"vThMant": neuron.threshold, **fields})

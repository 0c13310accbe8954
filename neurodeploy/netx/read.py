"""netx HDF5 -> Network, every field validated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from neurodeploy._io.files import require_file
from neurodeploy.errors import FileFormatError, NetworkError, message
from neurodeploy.netx.layers import Average, ComplexDense, Conv, Dense, Layer, NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron, RfNeuron, SdnnNeuron

NO_NEURON = CubaNeuron(current_decay=0, voltage_decay=4096, threshold=1 << 17)
"""What netx gives a dense layer without a neuron description: an integrator of one step."""


RESONATORS = ("RF_PHASE", "RF_IZHIKEVICH")
"""Types of resonate-and-fire neurons, as SLAYER exports them."""

INPUT_BITS = "input_message_bits"
"""Attribute of the group ``layer`` where we keep `Network.input_bits`; netx has no place for it."""


def read_network(path: Path | str) -> Network:
    """Read a netx HDF5 file (``.net``), as lava-dl exports it, older versions included.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    Network
        With features in SLAYER's order.

    Raises
    ------
    FileFormatError
        The file is missing, truncated, a field is missing or not valid, or the layers do not
        fit each other; the message names layers as the file numbers them.
    """
    path = require_file(path, "network")
    try:
        with h5py.File(path, "r") as file:
            return _network(file, f"network {path}")
    except (OSError, RuntimeError, KeyError, TypeError, ValueError, UnicodeError) as error:
        raise FileFormatError(
            message(f"network {path}", "a whole netx HDF5 file", f"{error}")
        ) from error


def _network(file: h5py.File, where: str) -> Network:
    if not isinstance(file.get("layer"), h5py.Group):
        raise FileFormatError(message(where, "a group 'layer'", sorted(file.keys())))
    groups = file["layer"]
    if len(groups) == 0:
        raise FileFormatError(message(f"{where}, layer", "at least one layer", "none"))
    expected = [str(index) for index in range(len(groups))]
    if sorted(groups, key=lambda key: (len(key), key)) != expected:
        raise FileFormatError(
            message(f"{where}, layer", f"groups named 0 to {len(groups) - 1}", sorted(groups))
        )
    input_shape: tuple[int, ...] | None = None
    layers: list[Layer] = []
    places: list[str] = []
    for index in expected:
        fields = _Fields(groups, where).inside(index, f"layer {index}")
        kind = fields.text("type")
        if kind == "input":
            input_shape = fields.shape("shape")
            if "neuron" in fields.group:
                layers.append(
                    fields.build(
                        NeuronInput,
                        neuron=fields.neuron(),
                        weight=fields.value("weight", 64),
                        bias=fields.value("bias", 0),
                    )
                )
        elif kind in ("dense", "dense_rec"):
            layers.append(_dense(fields, recurrent=kind == "dense_rec"))
        elif kind == "conv":
            layers.append(_conv(fields))
        elif kind == "average":
            layers.append(Average(outputs=math.prod(fields.shape("shape"))))
        elif kind != "flatten":
            raise FileFormatError(
                message(
                    f"{fields.where}, type",
                    "input, flatten, dense, dense_rec, conv or average",
                    kind,
                    "This layer type is not supported.",
                )
            )
        places += [fields.where] * (len(layers) - len(places))
    if not layers:
        raise FileFormatError(message(f"{where}, layer", "a layer that computes", "none"))
    input_shape = _features(input_shape, layers, where)
    _require_fit(input_shape, layers, places)
    try:
        return Network(
            input_shape=input_shape,
            layers=tuple(layers),
            input_bits=groups.attrs.get(INPUT_BITS, 0),
        )
    except NetworkError as error:
        raise FileFormatError(f"{where}, {error}") from error


def _features(
    input_shape: tuple[int, ...] | None, layers: Sequence[Layer], where: str
) -> tuple[int, ...]:
    """Features of the input: before a dense layer, (n, 1, 1) and (1, 1, n) are a vector too."""
    first = next((layer for layer in layers if layer.has_synapses), None)
    if input_shape is None:
        if first is None or not first.flattens:
            expected = "an input layer with a shape before a convolution"
            raise FileFormatError(message(where, expected, "none"))
        return (next(iter(first.forward_matrices.values())).shape[1],)
    longer = tuple(size for size in input_shape if size > 1)
    return longer if len(longer) == 1 and (first is None or first.flattens) else input_shape


def _require_fit(shape: tuple[int, ...], layers: Sequence[Layer], places: Sequence[str]) -> None:
    """Name the layer as the file numbers it if it does not fit the one before."""
    for layer, place in zip(layers, places, strict=True):
        try:
            shape = layer.output_shape(shape)
        except NetworkError as error:
            raise FileFormatError(f"{place}, {error}") from error


def _dense(fields: _Fields, recurrent: bool) -> Dense | ComplexDense:
    if isinstance(fields.group.get("weight"), h5py.Group):
        if recurrent:
            remedy = "netx drops the recurrent weights of a complex layer."
            raise FileFormatError(message(f"{fields.where}, type", "dense", "dense_rec", remedy))
        return _complex_dense(fields)
    return fields.build(
        Dense,
        weight=fields.matrix("weight"),
        neuron=fields.neuron() if "neuron" in fields.group else NO_NEURON,
        recurrent_weight=fields.matrix("weight_rec") if recurrent else None,
        bias=fields.optional_vector("bias"),
        delay=fields.value("delay") if "delay" in fields.group else None,
    )


def _complex_dense(fields: _Fields) -> ComplexDense:
    fields.require_zero("bias", "delay")
    return fields.build(
        ComplexDense,
        real_weight=fields.matrix("weight/real"),
        imaginary_weight=fields.matrix("weight/imag"),
        neuron=fields.resonator(),
    )


def _conv(fields: _Fields) -> Conv:
    weight = fields.value("weight")
    if weight.ndim == 5 and weight.shape[4] == 1:
        weight = weight[..., 0]
    return fields.build(
        Conv,
        weight=weight,
        neuron=fields.neuron(),
        stride=fields.value("stride"),
        padding=fields.value("padding"),
        dilation=fields.value("dilation"),
        groups=fields.value("groups"),
        bias=fields.optional_vector("bias"),
        delay=fields.optional_vector("delay"),
    )


class _Fields:
    """The datasets of one layer, read with errors that name file, layer and field."""

    def __init__(self, group: Any, where: str) -> None:
        if not isinstance(group, h5py.Group):
            raise FileFormatError(message(where, "a group", "a dataset"))
        self.group = group
        self.where = where

    def value(self, name: str, default: Any = None) -> Any:
        if name not in self.group:
            if default is not None:
                return default
            raise FileFormatError(
                message(self.where, f"a field '{name}'", f"only {sorted(self.group.keys())}")
            )
        try:
            field = self.group[name]
            if isinstance(field, h5py.Dataset):
                return np.asarray(field[()])
        except (KeyError, TypeError, OSError, ValueError) as error:
            raise FileFormatError(message(f"{self.where}, {name}", "values", error)) from error
        raise FileFormatError(message(f"{self.where}, {name}", "values", "a group"))

    def optional_vector(self, name: str) -> np.ndarray | None:
        return self.value(name).ravel() if name in self.group else None

    def text(self, name: str) -> str:
        value = self.value(name)
        raw = value.ravel()[0] if value.size == 1 else value
        if isinstance(raw, bytes):
            return raw.decode("ascii", "replace")
        if isinstance(raw, str):
            return raw
        raise FileFormatError(message(f"{self.where}, {name}", "one text", f"{value.dtype}"))

    def shape(self, name: str) -> tuple[int, ...]:
        value = self.value(name).ravel()
        if value.dtype.kind not in "iu" or value.size == 0 or value.min() < 1:
            raise FileFormatError(message(f"{self.where}, {name}", "positive sizes", value))
        return tuple(int(size) for size in value)

    def matrix(self, name: str) -> np.ndarray:
        outputs = math.prod(self.shape("shape"))
        weight = self.value(name)
        if weight.ndim == 1 and weight.size % outputs == 0:
            weight = weight.reshape(outputs, -1)
        if weight.ndim != 2 or weight.shape[0] != outputs:
            raise FileFormatError(
                message(f"{self.where}, {name}", f"shape ({outputs}, input)", f"{weight.shape}")
            )
        return weight

    def neuron(self) -> CubaNeuron | SdnnNeuron:
        fields = self.inside("neuron", "neuron")
        kind = fields.text("type")
        fields.require_zero("gradedSpike", "wgtExp", "messageBits")
        if kind == "SDNN":
            if "activation" in fields.group and fields.text("activation") != "relu":
                found = fields.text("activation")
                raise FileFormatError(message(f"{fields.where}, activation", "relu", found))
            return fields.build(
                SdnnNeuron,
                threshold=fields.value("vThMant"),
                sigma_output="sigma_output" in fields.group,
            )
        if kind not in ("CUBA", "LOIHI"):
            remedy = "RF needs complex weights." if kind in RESONATORS else "netx has no such one."
            expected = "CUBA, LOIHI or SDNN"
            raise FileFormatError(message(f"{fields.where}, type", expected, kind, remedy))
        return fields.build(
            CubaNeuron,
            current_decay=fields.value("iDecay"),
            voltage_decay=fields.value("vDecay"),
            threshold=fields.value("vThMant"),
        )

    def resonator(self) -> RfNeuron:
        fields = self.inside("neuron", "neuron")
        kind = fields.text("type")
        fields.require_zero("gradedSpike", "wgtExp", "messageBits")
        if kind not in RESONATORS:
            remedy = "Complex weights need resonate-and-fire neurons."
            expected = " or ".join(RESONATORS)
            raise FileFormatError(message(f"{fields.where}, type", expected, kind, remedy))
        return fields.build(
            RfNeuron,
            sin_decay=fields.value("sinDecay"),
            cos_decay=fields.value("cosDecay"),
            threshold=fields.value("vThMant"),
            phase=kind == "RF_PHASE",
        )

    def require_zero(self, *names: str) -> None:
        for name in names:
            if name in self.group:
                value = self.value(name)
                if value.dtype.kind not in "biuf" or value.any():
                    raise FileFormatError(
                        message(f"{self.where}, {name}", 0, value, "netx does not follow it.")
                    )

    def inside(self, name: str, called: str) -> _Fields:
        try:
            group = self.group[name]
        except KeyError as error:
            raise FileFormatError(
                message(f"{self.where}, {called}", f"a group '{name}'", "none")
            ) from error
        return _Fields(group, f"{self.where}, {called}")

    def build(self, make: Any, **fields: Any) -> Any:
        try:
            return make(**fields)
        except NetworkError as error:
            raise FileFormatError(f"{self.where}, {error}") from error

"""netx HDF5 -> Network, every field validated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from neurodeploy.errors import FileFormatError, NetworkError, message
from neurodeploy.files import require_file
from neurodeploy.netx.network import Average, Conv, CubaNeuron, Dense, Layer, Network, NeuronInput

NO_NEURON = CubaNeuron(current_decay=0, voltage_decay=4096, threshold=1 << 17)
"""What netx gives a dense layer without a neuron description: an integrator of one step."""


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
        The file is missing, truncated, or a field is missing or not valid.
    NetworkError
        The layers do not fit each other.
    """
    path = require_file(path, "network")
    try:
        with h5py.File(path, "r") as file:
            return _network(file, f"network {path}")
    except (OSError, RuntimeError) as error:
        raise FileFormatError(
            message(f"network {path}", "a whole netx HDF5 file", f"{error}")
        ) from error
    except NetworkError as error:
        raise NetworkError(f"network {path}: {error}") from error


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
    for index in expected:
        fields = _Fields(groups[index], f"{where}, layer {index}")
        kind = fields.text("type")
        if kind == "input":
            input_shape = _vector_or_image(fields.shape("shape"))
            if "neuron" in fields.group:
                layers.append(
                    NeuronInput(
                        neuron=fields.neuron(),
                        weight=fields.value("weight", 64),
                        bias=fields.value("bias", 0),
                    )
                )
        elif kind == "dense":
            layer = _dense(fields)
            layers.append(layer)
            input_shape = input_shape or (layer.weight.shape[1],)
        elif kind == "conv":
            layers.append(_conv(fields))
        elif kind == "average":
            layers.append(Average(outputs=int(np.prod(fields.shape("shape")))))
        elif kind != "flatten":
            raise FileFormatError(
                message(
                    f"{fields.where}, type",
                    "input, flatten, dense, conv or average",
                    kind,
                    "This layer type is not supported.",
                )
            )
    if input_shape is None:
        raise FileFormatError(
            message(where, "an input layer with a shape before a convolution", "none")
        )
    return Network(input_shape=input_shape, layers=tuple(layers))


def _vector_or_image(shape: tuple[int, ...]) -> tuple[int, ...]:
    """SLAYER writes a vector of n neurons as (n, 1, 1) or (1, 1, n) too."""
    longer = [size for size in shape if size > 1]
    return tuple(longer) if len(longer) == 1 else shape


def _dense(fields: _Fields) -> Dense:
    outputs = int(np.prod(fields.shape("shape")))
    if "weight" in fields.group and isinstance(fields.group["weight"], h5py.Group):
        raise FileFormatError(
            message(f"{fields.where}, weight", "real weights", "complex ones", "Not supported.")
        )
    weight = fields.value("weight")
    if weight.ndim == 1 and weight.size % outputs == 0:
        weight = weight.reshape(outputs, -1)
    if weight.ndim != 2 or weight.shape[0] != outputs:
        raise FileFormatError(
            message(f"{fields.where}, weight", f"shape ({outputs}, input)", f"shape {weight.shape}")
        )
    neuron = fields.neuron() if "neuron" in fields.group else NO_NEURON
    return fields.build(
        Dense,
        weight=weight,
        neuron=neuron,
        bias=fields.optional_vector("bias"),
        delay=fields.value("delay") if "delay" in fields.group else None,
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
        if not isinstance(self.group[name], h5py.Dataset):
            raise FileFormatError(message(f"{self.where}, {name}", "values", "a group"))
        return np.asarray(self.group[name][()])

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

    def neuron(self) -> CubaNeuron:
        fields = _Fields(self.value_group("neuron"), f"{self.where}, neuron")
        kind = fields.text("type")
        if kind not in ("CUBA", "LOIHI"):
            raise FileFormatError(
                message(f"{fields.where}, type", "CUBA or LOIHI", kind, "Not supported yet.")
            )
        for name in ("gradedSpike", "wgtExp"):
            if name in fields.group and fields.value(name).any():
                raise FileFormatError(
                    message(f"{fields.where}, {name}", 0, fields.value(name), "netx ignores it.")
                )
        return fields.build(
            CubaNeuron,
            current_decay=fields.value("iDecay"),
            voltage_decay=fields.value("vDecay"),
            threshold=fields.value("vThMant"),
        )

    def value_group(self, name: str) -> h5py.Group:
        if name not in self.group:
            raise FileFormatError(
                message(self.where, f"a group '{name}'", f"only {sorted(self.group.keys())}")
            )
        return self.group[name]

    def build(self, make: Any, **fields: Any) -> Any:
        try:
            return make(**fields)
        except NetworkError as error:
            raise FileFormatError(f"{self.where}, {error}") from error

"""netx HDF5 -> Network, every field validated, used, or reported."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from numbers import Integral
from pathlib import Path

import h5py

from neurodeploy._io.files import require_file
from neurodeploy._io.signature import file_kind
from neurodeploy.errors import FileFormatError, InputError, NetworkError, message
from neurodeploy.netx.fields import Fields
from neurodeploy.netx.findings import Finding
from neurodeploy.netx.groups import NO_NEURON, read_conv, read_dense, read_input, read_pool
from neurodeploy.netx.layers import Average, Conv, Layer
from neurodeploy.netx.network import Network
from neurodeploy.netx.unused import unused_findings

INPUT_BITS = "input_message_bits"
"""Attribute of the group ``layer`` where we keep `Network.input_bits`; netx has no place for it."""


def read_network(path: Path | str, *, input_shape: Sequence[int] | None = None) -> Network:
    """Read a netx HDF5 file (``.net``), as lava-dl exports it, older versions included.

    Parameters
    ----------
    path : path
        The file.
    input_shape : sequence of int, optional
        ``(channel, height, width)`` or ``(neuron,)`` of a file that does not say it, because it
        begins with a convolution and no input layer. netx takes it as ``(width, height, channel)``.

    Returns
    -------
    Network
        With features in SLAYER's order. Its ``notes`` say which fields of the file are not run.

    Raises
    ------
    FileFormatError
        The file is missing, truncated, of another kind, a field is missing or not valid, or the
        layers do not fit each other; the message names layers as the file numbers them.
    InputError
        ``input_shape`` is not one, or the file says another.
    """
    path = require_file(path, "network")
    where = f"network {path}"
    given = None if input_shape is None else require_shape(input_shape)
    try:
        with h5py.File(path, "r") as file:
            if isinstance(file.get("layer"), h5py.Group):
                return _network(file, where, given)
    except (OSError, RuntimeError, KeyError, TypeError, ValueError, UnicodeError) as error:
        if file_kind(path).key in ("netx", "hdf5"):
            raise FileFormatError(message(where, "a whole netx HDF5 file", f"{error}")) from error
    kind = file_kind(path)
    raise FileFormatError(message(where, "a netx HDF5 file", kind.words, kind.remedy))


def require_shape(shape: Sequence[int]) -> tuple[int, ...]:
    """A shape of features, (neuron,) or (channel, height, width).

    Raises
    ------
    InputError
        It is none.
    """
    sizes = tuple(shape)
    if len(sizes) not in (1, 3) or not all(isinstance(n, Integral) and n > 0 for n in sizes):
        expected = "(channel, height, width) or (neuron,), whole numbers of at least 1"
        raise InputError(message("input shape", expected, shape))
    return tuple(map(int, sizes))


def _network(file: h5py.File, where: str, given: tuple[int, ...] | None) -> Network:
    groups = file["layer"]
    layers: list[Layer] = []
    notes = [*_beside_the_layers(file)]
    entry = shape = given
    for index in _order(groups, where):
        fields = Fields(groups, where).inside(index, f"layer {index}")
        kind = fields.text("type")
        if kind == "input":
            entry = shape = _agreed(fields.shape(), given, fields.where)
        layer = _layer(fields, kind, shape)
        name = f"file layer {index}"
        if layer is not None:
            name = f"{len(layers)}-{layer.kind}"
            if shape is None:
                entry = shape = _input_of(layer, fields)
            shape = _after(layer, shape, fields.where)
            notes += _shape_findings(fields, name, shape)
            if layer.neuron is NO_NEURON:
                notes.append(_no_neuron(name))
            layers.append(layer)
        notes += unused_findings(fields, name, layer)
    if not layers or entry is None:
        raise FileFormatError(message(f"{where}, layer", "a layer that computes", "none"))
    try:
        return Network(
            input_shape=_vector(entry, layers),
            layers=tuple(layers),
            input_bits=groups.attrs.get(INPUT_BITS, 0),
            notes=tuple(notes),
        )
    except NetworkError as error:
        raise FileFormatError(f"{where}, {error}") from error


def _order(groups: h5py.Group, where: str) -> list[str]:
    if len(groups) == 0:
        raise FileFormatError(message(f"{where}, layer", "at least one layer", "none"))
    expected = [str(index) for index in range(len(groups))]
    if sorted(groups, key=lambda key: (len(key), key)) != expected:
        raise FileFormatError(
            message(f"{where}, layer", f"groups named 0 to {len(groups) - 1}", sorted(groups))
        )
    return expected


def _beside_the_layers(file: h5py.File) -> Iterator[Finding]:
    for name in file:
        if name != "layer" and not (name == "simulation" and _steps_of_1(file[name])):
            reason = "nothing is known to use it"
            yield Finding.of("ignored-field", "file", name, reason, "Remove it if it says nothing")


def _steps_of_1(simulation: h5py.Group) -> bool:
    """Whether it says nothing but the length of a sample (slayerPytorch), in steps of 1."""
    said = dict(simulation.attrs) | {name: field[()] for name, field in simulation.items()}
    return set(said) <= {"Ts", "tSample"} and said.get("Ts", 1) == 1


def _layer(fields: Fields, kind: str, shape: tuple[int, ...] | None) -> Layer | None:
    """What a group computes; None for a flatten, and for an input without neurons."""
    match kind:
        case "input":
            return read_input(fields)
        case "flatten":
            fields.value("shape", ())
            return None
        case "dense" | "dense_rec":
            return read_dense(fields, kind)
        case "conv":
            return read_conv(fields)
        case "pool":
            return read_pool(fields, _known(shape, fields))
        case "average":
            return Average(outputs=math.prod(fields.shape()))
    raise FileFormatError(
        message(
            f"{fields.where}, type",
            "input, flatten, dense, dense_rec, conv, pool or average",
            kind,
            "This layer type is not supported.",
        )
    )


def _known(shape: tuple[int, ...] | None, fields: Fields) -> tuple[int, ...]:
    if shape is None:
        raise FileFormatError(
            message(fields.where, "an input layer with a shape before it", "none")
        )
    return shape


def _agreed(
    declared: tuple[int, ...], given: tuple[int, ...] | None, where: str
) -> tuple[int, ...]:
    """The shape of the input, as a person gave it, if it is as large as the file says."""
    if given is None:
        return declared
    if math.prod(given) != math.prod(declared) or (len(declared) > 1 and given != declared):
        raise InputError(message("input shape", f"{declared}, as in {where}", given))
    return given


def _input_of(layer: Layer, fields: Fields) -> tuple[int, ...]:
    """Features of the input of a file without an input layer: a dense layer tells their number."""
    if layer.flattens:
        return (next(iter(layer.forward_matrices.values())).shape[1],)
    remedy = "Give it: --input-shape C,H,W, or read_network(path, input_shape=(C, H, W))."
    if isinstance(layer, Conv) and "shape" in fields:
        remedy += f" {_possible(layer, fields.shape())} gives the shape that the layer declares."
    expected = "an input layer with a shape before a convolution"
    raise FileFormatError(message(fields.where, expected, "none", remedy))


def _possible(layer: Conv, declared: tuple[int, ...]) -> str:
    """Sizes of the input from which a convolution makes the shape that a file declares."""
    sizes = []
    for size, pad, dilate, kernel, step in zip(
        declared[-2:],
        layer.padding,
        layer.dilation,
        layer.weight.shape[2:],
        layer.stride,
        strict=True,
    ):
        least = (size - 1) * step - 2 * pad + dilate * (kernel - 1) + 1
        sizes.append(f"{least}" if step == 1 else f"{least} to {least + step - 1}")
    return f"({layer.weight.shape[1] * layer.groups}, {', '.join(sizes)})"


def _after(layer: Layer, shape: tuple[int, ...], where: str) -> tuple[int, ...]:
    """Features after a layer; it is named as the file numbers it if it does not fit."""
    try:
        return layer.output_shape(shape)
    except NetworkError as error:
        raise FileFormatError(f"{where}, {error}") from error


def _shape_findings(fields: Fields, name: str, made: tuple[int, ...]) -> Iterator[Finding]:
    declared = fields.shape() if "shape" in fields else made
    if math.prod(declared) != math.prod(made):
        reason = f"the file says {declared}, and the layer makes {made}"
        yield Finding.of("ignored-field", name, "shape", reason, "Check the shape of the input")


def _no_neuron(name: str) -> Finding:
    return Finding.of(
        "no-neuron",
        name,
        "neuron",
        "the file describes none, and netx takes integrators of one step that never spike",
        "Read their voltage, or export the layer with neurons",
    )


def _vector(shape: tuple[int, ...], layers: Sequence[Layer]) -> tuple[int, ...]:
    """Before a dense layer, (n, 1, 1) and (1, 1, n) are a vector too."""
    first = next((layer for layer in layers if layer.has_synapses), None)
    longer = tuple(size for size in shape if size > 1)
    return longer if len(longer) == 1 and (first is None or first.flattens) else shape

"""netx HDF5 -> Network, every field validated, used, or reported."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from numbers import Integral
from pathlib import Path

import numpy as np

from neurodeploy._io.files import require_file
from neurodeploy._io.hdf5 import Group, Node, read_hdf5
from neurodeploy._io.limits import DEFAULT, Limits
from neurodeploy._io.signature import file_kind, hdf5_kind, is_hdf5
from neurodeploy.errors import FileFormatError, InputError, NetworkError, message
from neurodeploy.netx.fields import Fields
from neurodeploy.netx.findings import Finding
from neurodeploy.netx.footprint import run_bytes
from neurodeploy.netx.groups import NO_NEURON, read_conv, read_dense, read_input, read_pool
from neurodeploy.netx.layers import Average, Conv, Layer
from neurodeploy.netx.network import Network
from neurodeploy.netx.unused import unused_findings

INPUT_BITS = "input_message_bits"
"""Attribute of the group ``layer`` where we keep `Network.input_bits`; netx has no place for it."""


def read_network(
    path: Path | str, *, input_shape: Sequence[int] | None = None, limits: Limits = DEFAULT
) -> Network:
    """Read a netx HDF5 file (``.net``), as lava-dl exports it, older versions included.

    Parameters
    ----------
    path : path
        The file.
    input_shape : sequence of int, optional
        ``(channel, height, width)`` or ``(neuron,)`` of a file that does not say it, because it
        begins with a convolution and no input layer. netx takes it as ``(width, height, channel)``.
    limits : Limits
        Of what reading the file and running the network may take; a file from anywhere is read
        within them, or refused.

    Returns
    -------
    Network
        With features in SLAYER's order. Its ``notes`` say which fields of the file are not run.

    Raises
    ------
    FileFormatError
        The file is missing, truncated, of another kind, a field is missing or not valid, the
        layers do not fit each other, or it exceeds the limits; the message names layers as the
        file numbers them.
    InputError
        ``input_shape`` is not one, or the file says another.
    """
    path = require_file(path, "network")
    where = f"network {path}"
    given = None if input_shape is None else require_shape(input_shape)
    root = read_hdf5(path, "network", limits) if is_hdf5(path) else None
    layers = root and root.fields.get("layer")
    if root is None or not isinstance(layers, Group):
        kind = file_kind(path) if root is None else hdf5_kind(root)
        raise FileFormatError(message(where, "a netx HDF5 file", kind.words, kind.remedy))
    try:
        network = _network(root, layers, where, given, limits)
    except (ArithmeticError, LookupError, MemoryError, TypeError, ValueError) as error:
        found = f"fields that do not fit it ({error})"
        raise FileFormatError(message(where, "a netx network", found)) from error
    limits.require_memory(run_bytes(network), f"{where}, to run")
    return network


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


def _network(
    root: Group, groups: Group, where: str, given: tuple[int, ...] | None, limits: Limits
) -> Network:
    layers: list[Layer] = []
    notes = [*_beside_the_layers(root)]
    entry = shape = given
    for index in _order(groups, where):
        fields = Fields(groups, where).inside(index, f"layer {index}")
        kind = fields.text("type")
        if kind == "input":
            entry = shape = _agreed(fields.shape(), given, fields.where)
        layer = _layer(fields, kind, shape, limits)
        name = f"file layer {index}"
        if layer is not None:
            name = f"{len(layers)}-{layer.kind}"
            if shape is None:
                entry = shape = _input_of(layer, fields)
            shape = _after(layer, shape, fields.where)
            notes += _shape_findings(fields, name, shape, given)
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
            input_bits=_input_bits(groups, where),
            notes=tuple(notes),
        )
    except NetworkError as error:
        raise FileFormatError(f"{where}, {error}") from error


def _input_bits(groups: Group, where: str) -> int:
    bits = groups.attributes.get(INPUT_BITS, np.array(0))
    if not isinstance(bits, np.ndarray) or bits.size != 1:
        raise FileFormatError(message(f"{where}, layer, input_bits", "one number", bits))
    return bits.item()


def _order(groups: Group, where: str) -> list[str]:
    names = groups.fields
    if not names:
        raise FileFormatError(message(f"{where}, layer", "at least one layer", "none"))
    expected = [str(index) for index in range(len(names))]
    if sorted(names, key=lambda key: (len(key), key)) != expected:
        raise FileFormatError(
            message(f"{where}, layer", f"groups named 0 to {len(names) - 1}", sorted(names))
        )
    return expected


def _beside_the_layers(root: Group) -> Iterator[Finding]:
    for name, found in root.fields.items():
        if name != "layer" and not (name == "simulation" and _steps_of_1(found)):
            reason = "nothing is known to use it"
            yield Finding.of("ignored-field", "file", name, reason, "Remove it if it says nothing")


def _steps_of_1(simulation: Node) -> bool:
    """Whether it says nothing but the length of a sample (slayerPytorch), in steps of 1."""
    if not isinstance(simulation, Group):
        return False
    said = {**simulation.attributes, **simulation.fields}
    steps = said.get("Ts", np.array(1))
    return (
        {*said} <= {"Ts", "tSample"} and isinstance(steps, np.ndarray) and bool(np.all(steps == 1))
    )


def _layer(
    fields: Fields, kind: str, shape: tuple[int, ...] | None, limits: Limits
) -> Layer | None:
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
            return read_pool(fields, _known(shape, fields), limits)
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
    if isinstance(layer, Conv) and "shape" in fields and len(fields.shape()) == 3:
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


def _shape_findings(
    fields: Fields, name: str, made: tuple[int, ...], given: tuple[int, ...] | None
) -> Iterator[Finding]:
    """What a layer declares is what it makes, unless a person gave another input."""
    declared = fields.shape() if "shape" in fields else made
    if math.prod(declared) == math.prod(made) and (len(declared) != len(made) or declared == made):
        return
    if given is None:
        expected = f"{made}, which the layer makes of its input"
        raise FileFormatError(message(f"{fields.where}, shape", expected, declared))
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

"""Anything that holds a network -> a network of netx, and a file of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodeploy._io.files import require_file
from neurodeploy._io.hdf5_process import one_reader
from neurodeploy._io.limits import DEFAULT, Limits
from neurodeploy._io.signature import file_kind
from neurodeploy.errors import FileFormatError, InputError, message
from neurodeploy.netx.check import check
from neurodeploy.netx.network import Network
from neurodeploy.netx.read import read_network
from neurodeploy.netx.write import write_network

if TYPE_CHECKING:
    from neurodeploy.adopt.nir.readout import Readout
    from neurodeploy.adopt.report import Report
    from neurodeploy.deploy.bundle import Bundle
    from neurodeploy.signals.encode import Encoding

SAID_BY_CHECK = ("bias-step",)
"""Codes of notes on a module that `check` says of every network in its own words."""

NIR_SUFFIX = ".nir"
"""Of an output that becomes a NIR graph."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Converted:
    """A network that was made elsewhere, in the integers of netx.

    Parameters
    ----------
    source : str
        What it was, in words.
    network : Network
        Its ``notes`` say how it differs from what its author ran.
    report : Report, optional
        What rounding did, layer by layer, where floats became integers.
    readout : Readout, optional
        What its source has behind the last spiking layer, for the host.
    """

    source: str
    network: Network
    report: Report | None = None
    readout: Readout | None = None

    def bundle(self, encoding: Encoding) -> Bundle:
        """The network with its host decoder: its own readout, or else the counts of its spikes.

        Parameters
        ----------
        encoding : Encoding
            Of its input; `SpikeInput` where spikes come as they are.

        Raises
        ------
        InputError
            The last layer is not one row of neurons.
        """
        from neurodeploy.deploy.bundle import Bundle, counting_bundle

        if self.readout is None:
            return counting_bundle(self.network, encoding)
        decoder = self.readout.decoder(encoding.steps)
        return Bundle(network=self.network, decoder=decoder, encoding=encoding)

    def to_dict(self) -> dict[str, Any]:
        """A mapping for JSON."""
        return {
            "source": self.source,
            "input_shape": list(self.network.input_shape),
            "output_shape": list(self.network.output_shape),
            "latency_steps": self.network.latency_steps,
            "layers": list(self.network.names),
            "findings": [asdict(finding) for finding in check(self.network)],
            "host": None if self.readout is None else list(self.readout.nodes),
            "rounding": None if self.report is None else self.report.to_dict(),
        }


def convert(
    source: Any,
    output: Path | str | None = None,
    *,
    dt_s: float | None = None,
    profile: str | None = None,
    input_shape: Sequence[int] | None = None,
    weights: Path | str | None = None,
    calibrate: np.ndarray | None = None,
    bits: int | None = None,
    limits: Limits = DEFAULT,
) -> Converted:
    """Convert a network that was made elsewhere, and write it.

    Parameters
    ----------
    source : path, str, torch.nn.Module, nir.NIRGraph or Network
        A NIR graph or a netx file; ``model.py:Net`` or ``package.module:Net``, a module of SLAYER
        blocks by name; or one of these objects itself. Files are known by their content.
    output : path, optional
        Where the netx file goes, whole or not at all; a name that ends with ``.nir`` gets a NIR
        graph.
    dt_s : float, optional
        Seconds of a time step of a NIR graph, which is continuous in time. Not needed where a
        profile or the graph says it.
    profile : str, optional
        The tool that wrote a NIR graph: ``snntorch``, ``norse``, ``sinabs`` or ``spikingjelly``.
    input_shape : sequence of int, optional
        ``(channel, height, width)`` or ``(neuron,)``, where the source does not say it.
    weights : path, optional
        Of a module by name: a state_dict of PyTorch, read without unpickling, or safetensors.
    calibrate : array [sample, *features, time], optional
        Spikes on which a NIR graph's floats become integers; or on which a module runs beside the
        network, and a note says whether they send the same.
    bits : int, optional
        Of a weight with its sign, 2 to 8, where floats become integers; 8 by default.
    limits : Limits
        Of what reading a file and running its network may take.

    Returns
    -------
    Converted

    Raises
    ------
    InputError
        An argument does not belong to this kind of source, or is not valid.
    FileFormatError
        A file is missing, damaged, or of a kind that holds no spiking network.
    NetworkError
        netx has nothing that does what a part of it does; the message names it.
    MissingPackageError
        ``nir``, or lava-dl for a SLAYER module, is not installed.
    """
    given: dict[str, Any] = {
        name: value
        for name, value in {
            "dt_s": dt_s,
            "profile": profile,
            "input_shape": input_shape,
            "weights": weights,
            "calibrate": calibrate,
            "bits": bits,
        }.items()
        if value is not None
    }
    to_graph = output is not None and Path(output).suffix == NIR_SUFFIX
    with one_reader():
        kind = _kind_of(source, limits)
        if to_graph and kind is NIR:
            raise InputError(message("output", "a netx file, for a NIR graph", output))
        step = given.pop("dt_s", None) if to_graph else None
        _require_used(given, kind)
        converted = kind.read(source, limits, **given)
    if output is not None and to_graph:
        from neurodeploy.adopt.nir.writing import write_nir

        write_nir(converted.network, output, dt_s=step)
    elif output is not None:
        write_network(converted.network, output)
    return converted


def from_slayer(
    module: Any,
    *,
    input_shape: Sequence[int] | None = None,
    signal: np.ndarray | None = None,
) -> Network:
    """The network of netx that does what a module of SLAYER blocks does.

    It is what the module gives when it is evaluated, from rest. The module stays as it is.

    Parameters
    ----------
    module : torch.nn.Module
        With ``blocks`` of ``lava.lib.dl.slayer.block`` that run one after the other; or a
        sequence of such blocks.
    input_shape : sequence of int, optional
        ``(channel, height, width)`` or ``(neuron,)``. Needed if the module begins with a
        convolution or a pool, and its input block has not run yet.
    signal : array [sample, *features, time], optional
        The module runs on it beside the network, and a note says whether they send the same.

    Returns
    -------
    Network
        Its ``notes`` say where it differs from the module: ``nd.verify(network, spikes,
        against=module)`` shows whether that matters.

    Raises
    ------
    MissingPackageError
        lava-dl is not installed.
    InputError
        The module has no blocks, or the shape of its input is not known.
    NetworkError
        netx has nothing that does what a block does; the message names it, and says why.
    """
    return _from_module(module, DEFAULT, input_shape=input_shape, calibrate=signal).network


def from_nir(
    graph: Any,
    *,
    dt_s: float | None = None,
    profile: str | None = None,
    input_shape: Sequence[int] | None = None,
    calibrate: np.ndarray | None = None,
    bits: int = 8,
    limits: Limits = DEFAULT,
) -> Network:
    """The network of netx that does in steps what a NIR graph does in continuous time.

    Parameters
    ----------
    graph : nir.NIRGraph or path
        Or a file of one.
    dt_s, profile, input_shape, calibrate, bits, limits : optional
        As in `convert`.

    Returns
    -------
    Network
        Its ``notes`` say what the graph cannot say. `convert` gives the same one, with a report of
        what rounding did and the host's part of the graph.

    Raises
    ------
    MissingPackageError
        ``nir`` is not installed.
    InputError, FileFormatError, NetworkError
        As `convert`.
    """
    return _from_nir(
        graph,
        limits,
        dt_s=dt_s,
        profile=profile,
        input_shape=input_shape,
        calibrate=calibrate,
        bits=bits,
    ).network


@dataclass(frozen=True)
class _Kind:
    """A kind of source: what it is called, which options it has, and how it is read."""

    words: str
    options: frozenset[str]
    read: Callable[..., Converted]


def _from_network(source: Network, limits: Limits) -> Converted:
    return Converted(source="a Network", network=source)


def _from_netx(
    source: Path | str, limits: Limits, *, input_shape: Sequence[int] | None = None
) -> Converted:
    network = read_network(source, input_shape=input_shape, limits=limits)
    return Converted(source="a netx file", network=network)


def _from_module(
    source: Any,
    limits: Limits,
    *,
    input_shape: Sequence[int] | None = None,
    weights: Path | str | None = None,
    calibrate: np.ndarray | None = None,
) -> Converted:
    from neurodeploy.adopt.slayer.module import adopt_module
    from neurodeploy.adopt.slayer.weights import load_module

    module = load_module(source, weights) if isinstance(source, str) else source
    adopted = adopt_module(module, input_shape=input_shape, signal=calibrate)
    notes = tuple(note for note in adopted.notes if note.code not in SAID_BY_CHECK)
    return Converted(
        source="a module of SLAYER blocks", network=replace(adopted.network, notes=notes)
    )


def _from_nir(
    source: Any,
    limits: Limits,
    *,
    dt_s: float | None = None,
    profile: str | None = None,
    input_shape: Sequence[int] | None = None,
    calibrate: np.ndarray | None = None,
    bits: int = 8,
) -> Converted:
    from neurodeploy.adopt.integers import to_integers
    from neurodeploy.adopt.nir.floats import nir_floats
    from neurodeploy.adopt.nir.notes import host_note

    read = nir_floats(source, dt_s=dt_s, profile=profile, input_shape=input_shape, limits=limits)
    made = to_integers(read.steps.floats, bits=bits, calibrate=calibrate)
    names, readout = made.network.names, read.steps.readout
    notes = [*read.notes(names)]
    if readout is not None:
        notes.append(host_note(names, ", ".join(readout.nodes)))
    return Converted(
        source="a NIR graph",
        network=replace(made.network, notes=tuple(notes)),
        report=made.report,
        readout=readout,
    )


NETWORK = _Kind("a Network", frozenset(), _from_network)
NETX = _Kind("a netx file", frozenset({"input_shape"}), _from_netx)
MODULE = _Kind(
    "a module of SLAYER blocks",
    frozenset({"input_shape", "weights", "calibrate"}),
    _from_module,
)
NIR = _Kind(
    "a NIR graph",
    frozenset({"dt_s", "profile", "input_shape", "calibrate", "bits"}),
    _from_nir,
)


def _kind_of(source: Any, limits: Limits) -> _Kind:
    if isinstance(source, Network):
        return NETWORK
    if isinstance(source, str) and ":" in source and not Path(source).exists():
        return MODULE
    if isinstance(source, str | Path):
        path = require_file(source, "network")
        found = file_kind(path, limits)
        if found.key not in ("netx", "nir"):
            expected = "a netx file, a NIR graph, or model.py:Net"
            raise FileFormatError(message(f"network {path}", expected, found.words, found.remedy))
        return NETX if found.key == "netx" else NIR
    return NIR if type(source).__name__ == "NIRGraph" else MODULE


def _require_used(given: Mapping[str, Any], kind: _Kind) -> None:
    for name in given:
        if name not in kind.options:
            option = "--" + name.removesuffix("_s").replace("_", "-")
            expected = f"none for {kind.words}"
            raise InputError(message(f"option {option}", expected, given[name]))

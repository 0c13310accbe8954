"""A NIR graph as one row of stages: what is multiplied, then the neurons that it reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy._io.files import require_file
from neurodeploy._io.hdf5 import Group, Node, read_hdf5
from neurodeploy._io.limits import DEFAULT, Limits
from neurodeploy._io.signature import hdf5_kind
from neurodeploy.errors import FileFormatError, MissingPackageError, NetworkError, message

NEURONS = ("IF", "LIF", "CubaLIF", "Threshold")
INTEGRATORS = ("I", "LI", "CubaLI")
RECURRENT = ("Affine", "Linear")
INSTALL = "pip install 'neurodeploy[nir]'"

Named = tuple[str, Any]
"""The name of a node, and the node."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Neurons, and the nodes between them and the neurons before.

    Parameters
    ----------
    nodes : tuple of (name, node)
        In the order in which spikes pass them.
    neuron : (name, node)
        One of `NEURONS`; in the last stage, maybe one of `INTEGRATORS`, which send no spikes.
    recurrent : (name, node), optional
        An Affine or Linear node from the neurons back to themselves.
    """

    nodes: tuple[Named, ...]
    neuron: Named
    recurrent: Named | None


def package() -> Any:
    """The module ``nir``.

    Raises
    ------
    MissingPackageError
        It is not installed.
    """
    try:
        import nir
    except ImportError as error:
        raise MissingPackageError(f"NIR graphs need the package nir: {INSTALL}") from error
    return nir


def read_graph(source: Any, limits: Limits = DEFAULT) -> Any:
    """A NIR graph, of a file if it is a path; ``nir`` gets its arrays and never the file.

    Raises
    ------
    MissingPackageError
        ``nir`` is not installed.
    FileFormatError
        The file is damaged, exceeds the limits, or holds a node that ``nir`` does not know.
    """
    nir = package()
    if not isinstance(source, str | Path):
        return source
    path = require_file(source, "network")
    where = f"network {path}"
    root = read_hdf5(path, "network", limits)
    node = root.fields.get("node")
    if not isinstance(node, Group):
        raise FileFormatError(message(where, "a NIR graph", hdf5_kind(root).words))
    try:
        # we check shapes ourselves; graphs of older releases fail the check of this one
        return nir.dict2NIRNode(_plain(node, where) | {"type_check": False})
    except FileFormatError:
        raise
    except Exception as error:  # nir asserts, and takes what it finds for what it expects
        said = f"{type(error).__name__}: {error}"
        raise FileFormatError(message(where, "a whole NIR graph", said)) from error


def _plain(node: Node, where: str) -> Any:
    """A tree as ``nir.read`` hands it on: scalars are no arrays, and one text is a str."""
    if isinstance(node, Group):
        return {name: _plain(each, f"{where}, {name}") for name, each in node.fields.items()}
    if not isinstance(node, np.ndarray):
        raise FileFormatError(message(where, "values", node))
    value = node[()]
    return value.decode("utf-8") if isinstance(value, np.bytes_) else value


def stages_of(graph: Any) -> list[Stage]:
    """The stages from the input to the output; graphs inside the graph are unfolded.

    Raises
    ------
    NetworkError
        The graph branches otherwise than by recurrence, or does not end with neurons; the message
        names the node.
    """
    nodes, edges = _unfolded(graph)
    kinds = {name: type(node).__name__ for name, node in nodes.items()}
    back = _recurrence(edges, kinds)
    after = _after(nodes, edges, back)
    passed: list[Named] = []
    stages: list[Stage] = []
    for name in _way(after, kinds):
        if kinds[name] in NEURONS or kinds[name] in INTEGRATORS:
            loops = [(each, nodes[each]) for each, of in back.items() if of == name]
            if len(loops) > 1:
                found = ", ".join(each for each, _ in loops)
                raise NetworkError(message(f"node {name}", "one recurrent node", found))
            stages.append(
                Stage(
                    nodes=tuple(passed),
                    neuron=(name, nodes[name]),
                    recurrent=loops[0] if loops else None,
                )
            )
            passed = []
        else:
            passed.append((name, nodes[name]))
    left = sorted(nodes.keys() - set(_way(after, kinds)) - back.keys() - set(_ends(kinds)))
    if left:
        expected = "all nodes on one way from input to output"
        raise NetworkError(message("NIR graph", expected, f"{', '.join(left)} beside it"))
    _require_neurons(stages, passed)
    return stages


def _require_neurons(stages: Sequence[Stage], left: Sequence[Named]) -> None:
    spiking = [type(stage.neuron[1]).__name__ in NEURONS for stage in stages]
    if left or not any(spiking):
        last = left[-1][0] if left else "none"
        expected = f"neurons ({', '.join(NEURONS)}), and {', '.join(INTEGRATORS)} behind the last"
        remedy = "End with LI or I, which the host reads, or read the rest on the host."
        raise NetworkError(message("NIR graph", expected, last, remedy))
    if not all(spiking[:-1]):
        stage = stages[spiking.index(False)]
        expected = f"{', '.join(INTEGRATORS)} only as the last neurons, which the host reads"
        raise NetworkError(message(f"node {stage.neuron[0]}", expected, "neurons behind it"))
    last_stage = stages[-1]
    if not spiking[-1] and last_stage.recurrent is not None:
        found = f"{last_stage.recurrent[0]} back to it"
        raise NetworkError(message(f"node {last_stage.neuron[0]}", "nothing recurrent", found))


def _unfolded(graph: Any) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Nodes and edges without graphs as nodes; theirs are named ``graph.node``."""
    nodes: dict[str, Any] = {}
    edges = [(str(source), str(target)) for source, target in graph.edges]
    for name, node in graph.nodes.items():
        if type(node).__name__ != "NIRGraph":
            nodes[name] = node
            continue
        inner, between = _unfolded(node)
        first, last = (
            f"{name}.{_only(kind, {n: type(each).__name__ for n, each in inner.items()}, name)}"
            for kind in ("Input", "Output")
        )
        nodes |= {f"{name}.{each}": of for each, of in inner.items()}
        edges = [
            (last if source == name else source, first if target == name else target)
            for source, target in edges
        ]
        edges += [(f"{name}.{source}", f"{name}.{target}") for source, target in between]
        for end in (first, last):
            del nodes[end]
            into = [source for source, target in edges if target == end]
            out = [target for source, target in edges if source == end]
            edges = [edge for edge in edges if end not in edge]
            edges += [(source, target) for source in into for target in out]
    return nodes, edges


def _after(
    nodes: Mapping[str, Any], edges: Sequence[tuple[str, str]], back: Mapping[str, str]
) -> dict[str, list[str]]:
    """Which nodes follow a node, besides those that lead back."""
    after: dict[str, list[str]] = {name: [] for name in nodes}
    for source, target in edges:
        if source not in nodes or target not in nodes:
            missing = source if source not in nodes else target
            raise NetworkError(message(f"edge {source} -> {target}", "two nodes", f"no {missing}"))
        if source not in back and target not in back:
            after[source].append(target)
    return after


def _way(after: Mapping[str, list[str]], kinds: Mapping[str, str]) -> list[str]:
    """The nodes between input and output, in order."""
    name = _only("Input", kinds)
    way: list[str] = []
    while True:
        if len(after[name]) != 1:
            found = ", ".join(after[name]) or "none"
            raise NetworkError(message(f"node {name}", "one node after it", found))
        (name,) = after[name]
        if kinds[name] == "Output":
            return way
        if name in way:
            expected = "a way to the output, or a loop of neurons and one Affine or Linear"
            raise NetworkError(message(f"node {name}", expected, "a loop"))
        way.append(name)


def _recurrence(edges: Sequence[tuple[str, str]], kinds: Mapping[str, str]) -> dict[str, str]:
    """Affine or Linear nodes that lead from neurons back to the same ones."""
    into = {name: {source for source, target in edges if target == name} for name in kinds}
    out = {name: {target for source, target in edges if source == name} for name in kinds}
    neurons = (*NEURONS, *INTEGRATORS)
    return {
        name: next(iter(out[name]))
        for name, kind in kinds.items()
        if kind in RECURRENT
        and len(out[name]) == 1
        and into[name] == out[name]
        and kinds.get(next(iter(out[name]))) in neurons
    }


def _ends(kinds: Mapping[str, str]) -> list[str]:
    return [name for name, kind in kinds.items() if kind in ("Input", "Output")]


def _only(kind: str, kinds: Mapping[str, str], where: str = "") -> str:
    names = [name for name, found in kinds.items() if found == kind]
    if len(names) != 1:
        found = ", ".join(names) or "none"
        place = f"NIR graph {where}".rstrip()
        raise NetworkError(message(place, f"one {kind} node", found))
    return names[0]

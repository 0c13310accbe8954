"""A NIR graph as one row of stages: what is multiplied, then the neurons that it reaches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurodeploy._io.files import require_file
from neurodeploy.errors import FileFormatError, MissingPackageError, NetworkError, message

NEURONS = ("IF", "LIF", "CubaLIF")
RECURRENT = ("Affine", "Linear")
INSTALL = "pip install 'neurodeploy[nir]'"


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Neurons, and the nodes between them and the neurons before.

    Parameters
    ----------
    nodes : tuple of (name, node)
        In the order in which spikes pass them.
    neuron : (name, node)
        An IF, LIF or CubaLIF node.
    recurrent : (name, node), optional
        An Affine or Linear node from the neurons back to themselves.
    """

    nodes: tuple[tuple[str, Any], ...]
    neuron: tuple[str, Any]
    recurrent: tuple[str, Any] | None


def read_graph(source: Any) -> Any:
    """A NIR graph, of a file if it is a path.

    Raises
    ------
    MissingPackageError
        ``nir`` is not installed.
    FileFormatError
        The file is damaged, or holds a node that ``nir`` does not know.
    """
    try:
        import nir
    except ImportError as error:
        raise MissingPackageError(f"NIR graphs need the package nir: {INSTALL}") from error
    if not isinstance(source, str | Path):
        return source
    path = require_file(source, "network")
    try:
        return nir.read(path)
    except Exception as error:  # nir asserts, and what h5py raises is not listed anywhere
        said = f"{type(error).__name__}: {error}"
        raise FileFormatError(message(f"network {path}", "a whole NIR graph", said)) from error


def stages_of(graph: Any) -> list[Stage]:
    """The stages from the input to the output.

    Raises
    ------
    NetworkError
        The graph branches otherwise than by recurrence, or does not end with neurons; the message
        names the node.
    """
    nodes: Mapping[str, Any] = graph.nodes
    kinds = {name: type(node).__name__ for name, node in nodes.items()}
    back = _recurrence(graph.edges, kinds)
    after: dict[str, list[str]] = {name: [] for name in nodes}
    for source, target in graph.edges:
        if source not in nodes or target not in nodes:
            missing = source if source not in nodes else target
            raise NetworkError(message(f"edge {source} -> {target}", "two nodes", f"no {missing}"))
        if source not in back and target not in back:
            after[source].append(target)
    name = _only("Input", kinds)
    passed: list[tuple[str, Any]] = []
    stages: list[Stage] = []
    seen = {name}
    while kinds[name] != "Output":
        if len(after[name]) != 1:
            found = ", ".join(after[name]) or "none"
            raise NetworkError(message(f"node {name}", "one node after it", found))
        (name,) = after[name]
        if name in seen:
            expected = "a way to the output, or a loop of neurons and one Affine or Linear"
            raise NetworkError(message(f"node {name}", expected, "a loop"))
        seen.add(name)
        if kinds[name] in NEURONS:
            loops = [(each, nodes[each]) for each, of in back.items() if of == name]
            if len(loops) > 1:
                found = ", ".join(each for each, _ in loops)
                raise NetworkError(message(f"node {name}", "one recurrent node", found))
            recurrent = loops[0] if loops else None
            stages.append(
                Stage(nodes=tuple(passed), neuron=(name, nodes[name]), recurrent=recurrent)
            )
            passed = []
        elif kinds[name] != "Output":
            passed.append((name, nodes[name]))
    left = sorted(nodes.keys() - seen - back.keys())
    if left:
        expected = "all nodes on one way from input to output"
        raise NetworkError(message("NIR graph", expected, f"{', '.join(left)} beside it"))
    if passed or not stages:
        last = passed[-1][0] if passed else "the input"
        expected = f"neurons ({', '.join(NEURONS)}) before the output"
        raise NetworkError(message("NIR graph", expected, last, "Read the rest on the host."))
    return stages


def _recurrence(edges: Any, kinds: Mapping[str, str]) -> dict[str, str]:
    """Affine or Linear nodes that lead from neurons back to the same ones."""
    into = {name: {source for source, target in edges if target == name} for name in kinds}
    out = {name: {target for source, target in edges if source == name} for name in kinds}
    return {
        name: next(iter(out[name]))
        for name, kind in kinds.items()
        if kind in RECURRENT
        and len(out[name]) == 1
        and into[name] == out[name]
        and kinds.get(next(iter(out[name]))) in NEURONS
    }


def _only(kind: str, kinds: Mapping[str, str]) -> str:
    names = [name for name, found in kinds.items() if found == kind]
    if len(names) != 1:
        found = ", ".join(names) or "none"
        raise NetworkError(message("NIR graph", f"one {kind} node", found))
    return names[0]

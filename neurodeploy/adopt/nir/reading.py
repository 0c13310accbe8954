"""NIR graphs -> layers in floats, a step at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurodeploy.adopt.floats import FloatLayer, FloatNetwork
from neurodeploy.adopt.nir.graph import INTEGRATORS, Stage, stages_of
from neurodeploy.adopt.nir.neurons import dynamics, thresholds
from neurodeploy.adopt.nir.profiles import PLAIN, Profile, Step
from neurodeploy.adopt.nir.readout import Readout
from neurodeploy.adopt.nir.synapses import Synapses
from neurodeploy.errors import NetworkError, message


@dataclass(frozen=True, kw_only=True, eq=False)
class Steps:
    """A graph in steps.

    Parameters
    ----------
    floats : FloatNetwork
        Its spiking layers; one step of latency a layer, which NIR has not.
    readout : Readout, optional
        What stands behind the last of them.
    """

    floats: FloatNetwork
    readout: Readout | None


def steps_of(
    graph: Any,
    *,
    dt_s: float | None = None,
    profile: Profile = PLAIN,
    input_shape: Sequence[int] | None = None,
) -> Steps:
    """A NIR graph in steps.

    Parameters
    ----------
    graph : nir.NIRGraph
        From `neurodeploy.adopt.nir.graph.read_graph`.
    dt_s : float, optional
        Seconds of a step; of the profile, or of the graph if neurodeploy wrote it, if not given.
    profile : Profile
        Of the tool that wrote it.
    input_shape : sequence of int, optional
        Instead of what the graph's input node says.

    Raises
    ------
    InputError
        ``dt_s`` is no positive number; or it is needed, and nothing says it.
    NetworkError
        A node cannot be brought to netx; the message names it.
    """
    step = profile.step(_recorded(graph) if dt_s is None else dt_s)
    stages = stages_of(graph)
    (entry,) = (node for node in graph.nodes.values() if type(node).__name__ == "Input")
    shape = tuple(input_shape or _sizes(entry.input_type["input"]))
    first = [*stages[0].nodes, stages[0].neuron][0]
    shape = _features(shape, type(first[1]).__name__)
    entered, layers, readout = shape, list[FloatLayer](), None
    for stage in stages:
        synapses = Synapses(shape, step)
        for name, node in stage.nodes:
            synapses.take(name, node)
        if type(stage.neuron[1]).__name__ in INTEGRATORS:
            readout = _readout(stage, synapses, profile, step)
            break
        layers.append(_layer(stage, synapses, profile, step))
        shape = synapses.shape
    floats = FloatNetwork(input_shape=entered, layers=tuple(layers))
    return Steps(floats=floats, readout=readout)


def _sizes(said: Any) -> tuple[int, ...]:
    """Sizes of the input of a graph.

    Raises
    ------
    NetworkError
        They are none.
    """
    try:
        return tuple(int(size) for size in np.ravel(said))
    except (TypeError, ValueError, OverflowError) as error:
        raise NetworkError(message("node Input", "sizes of its features", said)) from error


def _features(shape: tuple[int, ...], first: str) -> tuple[int, ...]:
    """Features (channel, height, width) or (neuron,), for a first node of that kind.

    Some exporters keep an axis of one sample. A line is an image of height one.
    """
    if shape[0] == 1 and (len(shape) == 4 or (len(shape) == 2 and first != "Conv1d")):
        return shape[1:]
    return (shape[0], 1, shape[1]) if len(shape) == 2 else shape


def _recorded(graph: Any) -> float | None:
    """The step that `neurodeploy.adopt.nir.writing` wrote down."""
    recorded = dict(graph.metadata or {}).get("dt_s")
    return None if recorded is None else float(recorded)


def _layer(stage: Stage, synapses: Synapses, profile: Profile, step: Step) -> FloatLayer:
    name, node = stage.neuron
    weight, offset, rest = synapses.folded(name)
    rows = len(weight)
    neuron = dynamics(name, node, rows, profile, step)
    threshold = thresholds(name, node, rows)
    same = (threshold == threshold[0]).all()
    scale = neuron.gain if same else neuron.gain / threshold
    recurrent = None
    if stage.recurrent is not None:
        back, weights = stage.recurrent
        if weight.ndim != 2 or np.shape(weights.weight) != (rows, rows):
            expected = f"weights ({rows}, {rows}) of a dense layer"
            raise NetworkError(message(f"node {back}", expected, np.shape(weights.weight)))
        recurrent = np.asarray(weights.weight, np.float64) * scale[:, None]
        offset = offset + np.asarray(getattr(weights, "bias", 0.0), np.float64)
    offset = np.asarray(offset * scale)
    if (neuron.current_decay[offset != 0] == 0).any():
        expected = "no bias into a current that never decays"
        raise NetworkError(message(f"node {name}", expected, "one"))
    filtered = bool((neuron.current_decay[offset != 0] < 1).any())
    leak = neuron.leak / (1 if same else threshold)
    bias = leak if filtered else leak + offset
    return FloatLayer(
        name=name,
        weight=weight * scale.reshape(-1, *[1] * (weight.ndim - 1)),
        current_decay=_plain(neuron.current_decay),
        voltage_decay=_plain(neuron.voltage_decay),
        threshold=float(threshold[0]) if same else 1.0,
        bias=bias if bias.any() else None,
        current_bias=offset if filtered else None,
        recurrent_weight=recurrent,
        **rest,
    )


def _readout(stage: Stage, synapses: Synapses, profile: Profile, step: Step) -> Readout:
    name, node = stage.neuron
    weight, offset, rest = synapses.folded(name)
    if weight.ndim != 2 or rest:
        expected = "weights [output, neuron] without delays before it"
        raise NetworkError(message(f"node {name}", expected, "others"))
    return Readout(
        nodes=(*(each for each, _ in stage.nodes), name),
        weight=weight,
        offset=offset,
        dynamics=dynamics(name, node, len(weight), profile, step),
    )


def _plain(values: np.ndarray) -> Any:
    return float(values[0]) if (values == values[0]).all() else values

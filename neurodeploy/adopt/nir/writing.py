"""Networks -> NIR graphs, in SLAYER's units: the chip's integers over 64.

What NIR has no words for is written into the graph's metadata: ``dt_s``, seconds of a step of
forward Euler; ``latency_steps``, one step a layer, which NIR has not; ``arithmetic``, that weights
are integers over 64 and states are cut to whole numbers. `neurodeploy.adopt.nir.reading` gives the
same integers back.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy._io.files import atomic_path
from neurodeploy.adopt.nir.graph import package
from neurodeploy.adopt.nir.profiles import Profile
from neurodeploy.errors import NetworkError, message
from neurodeploy.netx.layers import Conv, Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron
from neurodeploy.netx.units import DECAY_SCALE, WEIGHT_SCALE

FOREVER = 2.0**40
"""Steps of a time constant that stands for none, where NIR must have one."""

ARITHMETIC = (
    "weights, biases and thresholds are integers / 64, decays integers / 4096; states are truncated"
)

NETX = Profile(
    name="netx", ask="NIR is continuous in time: say how long a step is, with --dt 1e-3."
)
"""What reads back what is written: NIR's equations in steps of forward Euler."""


def to_nir(network: Network, *, dt_s: float | None) -> Any:
    """A network as a NIR graph.

    Layers of neurons that forget their current at once are LIF, those that forget nothing of
    their voltage IF, all others CubaLIF. Recurrent weights are a Linear node from the neurons
    back to themselves, delays a Delay node.

    Parameters
    ----------
    network : Network
        Of dense and convolutional layers of CUBA neurons.
    dt_s : float
        Seconds of a time step.

    Returns
    -------
    nir.NIRGraph
        For forward Euler with that step; `neurodeploy.from_nir` gives the same integers back.

    Raises
    ------
    MissingPackageError
        ``nir`` is not installed.
    InputError
        ``dt_s`` is no positive number.
    NetworkError
        NIR has nothing that does what a layer does; the message names it.
    """
    nir = package()
    step = NETX.step(dt_s).known
    nodes: dict[str, Any] = {
        "input": nir.Input(input_type={"input": np.array(network.input_shape)})
    }
    edges: list[tuple[str, str]] = []
    shape, last = network.input_shape, "input"

    def follow(name: str, node: Any) -> None:
        nonlocal last
        nodes[name] = node
        edges.append((last, name))
        last = name

    for name, layer, after in zip(network.names, network.layers, network.shapes, strict=True):
        if not isinstance(layer, Dense | Conv) or not isinstance(layer.neuron, CubaNeuron):
            expected = "a dense or convolutional layer of CUBA neurons"
            found = layer.kind if layer.neuron is None else f"{layer.kind} of {layer.neuron.kind}"
            raise NetworkError(message(f"layer {name}", expected, found))
        if isinstance(layer, Conv):
            _require_no_delay(name, layer.delay)
            follow(f"{name}.weight", _conv(nir, layer, shape))
        else:
            if len(shape) > 1:
                flat = nir.Flatten(input_type={"input": np.array(shape)}, start_dim=0, end_dim=-1)
                follow(f"{name}.flat", flat)
            if layer.delay_matrix is not None and layer.delay_matrix.any():
                follow(f"{name}.delay", nir.Delay(delay=_delay(name, layer) * step))
            follow(f"{name}.weight", _dense(nir, layer))
        follow(f"{name}.neuron", _neuron(nir, layer, after, step))
        if isinstance(layer, Dense) and layer.recurrent_weight is not None:
            back = f"{name}.recurrent"
            nodes[back] = nir.Linear(weight=layer.recurrent_weight / WEIGHT_SCALE)
            edges += [(last, back), (back, last)]
        shape = after
    follow("output", nir.Output(output_type={"output": np.array(shape)}))
    return nir.NIRGraph(
        nodes=nodes,
        edges=edges,
        metadata={
            "dt_s": step,
            "latency_steps": network.latency_steps,
            "arithmetic": ARITHMETIC,
        },
    )


def write_nir(network: Network, path: Path | str, *, dt_s: float | None) -> None:
    """Write `to_nir` to a file, whole or not at all.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    graph = to_nir(network, dt_s=dt_s)
    with atomic_path(Path(path)) as draft:
        package().write(draft, graph)


def _rows(value: Any, rows: int) -> np.ndarray:
    return np.broadcast_to(np.asarray(value, np.float64), (rows,))


def _bias(layer: Dense | Conv) -> np.ndarray:
    rows = len(layer.weight)
    return _rows(0 if layer.bias is None else layer.bias, rows) / WEIGHT_SCALE


def _decays(layer: Dense | Conv) -> tuple[np.ndarray, np.ndarray]:
    """What each row forgets in a step of its current and its voltage, float64 [row]."""
    assert isinstance(layer.neuron, CubaNeuron)
    rows = len(layer.weight)
    current, voltage = layer.neuron.current_decay, layer.neuron.voltage_decay
    return _rows(current, rows) / DECAY_SCALE, _rows(voltage, rows) / DECAY_SCALE


def _filters(layer: Dense | Conv) -> bool:
    """Whether some neuron keeps a part of its current."""
    return bool((_decays(layer)[0] < 1).any())


def _dense(nir: Any, layer: Dense) -> Any:
    weight = layer.weight / WEIGHT_SCALE
    if _filters(layer) or layer.bias is None:
        return nir.Linear(weight=weight)
    return nir.Affine(weight=weight, bias=_bias(layer))


def _conv(nir: Any, layer: Conv, shape: tuple[int, ...]) -> Any:
    return nir.Conv2d(
        input_shape=shape[1:],
        weight=layer.weight / WEIGHT_SCALE,
        stride=layer.stride,
        padding=layer.padding,
        dilation=layer.dilation,
        groups=layer.groups,
        bias=np.zeros(len(layer.weight)) if _filters(layer) else _bias(layer),
    )


def _neuron(nir: Any, layer: Dense | Conv, shape: tuple[int, ...], step: float) -> Any:
    """The neurons of a layer; a bias that would pass a filtered current leaks into the voltage."""
    rows = len(layer.weight)
    current, voltage = _decays(layer)
    membrane = _steps(voltage)

    def each(values: Any) -> np.ndarray:
        """Of every neuron, from those of every row."""
        column = _rows(values, rows).reshape(rows, *[1] * (len(shape) - 1))
        return np.broadcast_to(column, shape).copy()

    ends = {
        "v_threshold": each(layer.neuron.threshold / WEIGHT_SCALE),
        "v_reset": each(0.0),
    }
    if _filters(layer):
        synaptic = _steps(current)
        return nir.CubaLIF(
            tau_syn=each(synaptic * step),
            tau_mem=each(membrane * step),
            r=each(membrane),
            w_in=each(synaptic),
            v_leak=each(_bias(layer) * membrane),
            **ends,
        )
    if not voltage.any():
        return nir.IF(r=each(1.0), **ends)
    return nir.LIF(tau=each(membrane * step), r=each(membrane), v_leak=each(0.0), **ends)


def _steps(decay: np.ndarray) -> np.ndarray:
    """Time constants in steps."""
    return 1 / np.maximum(decay, 1 / FOREVER)


def _delay(name: str, layer: Dense) -> np.ndarray:
    """Steps of each input, float64 [input]."""
    delay = layer.delay_matrix
    assert delay is not None
    if (delay != delay[:1]).any():
        expected = "one delay for all synapses of an input"
        remedy = "A Delay node delays spikes, and not synapses."
        raise NetworkError(message(f"layer {name}, delay", expected, "several", remedy))
    return delay[0].astype(np.float64)


def _require_no_delay(name: str, delay: Any) -> None:
    if delay is not None and np.any(delay):
        raise NetworkError(message(f"layer {name}, delay", "none of a convolution", "some"))

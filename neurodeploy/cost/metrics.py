"""Counts under NeuroBench's names: footprint, sparsities, synaptic operations, membrane updates.

NeuroBench 2.3 (Yik et al., The NeuroBench framework for benchmarking neuromorphic computing
algorithms and systems, Nature Communications 16, 2025) has it all in ``neurobench.metrics``;
``tests/cost/test_neurobench.py`` holds ours equal to it, on equal networks. These are the same:

* *connection sparsity*: weights of 0 over weights, a kernel once (it rounds to 4 places);
* *activation sparsity*: neurons that sent no spike over neurons, over all layers and steps; the
  input is no layer;
* *synaptic operations*: ``effective_acs`` and ``effective_macs`` by spikes that are not 0 and
  weights that are not 0; ``dense`` by all inputs and weights in every step. At the edge of an
  image, padding is no input. Biases are none.

These are not:

* It takes a layer's step for accumulates where every input is 0, 1 or -1, and for
  multiply-accumulates otherwise. We go by the layer: graded spikes always multiply.
* It counts a layer that reads a real-valued signal by its weights. Our input layers scale each
  value once: ``macs`` of the counts, apart from ``effective_macs``.
* ``synops`` of the counts, by spikes that are not 0 and all weights, it does not have.
* *footprint*: the bytes of all parameters and buffers, which ours are too, but with the precision
  that Lava declares instead of that of the tensors that happen to hold them.
* *membrane updates*: steps after which a neuron's membrane potential is another one than before.
  Ours look at every state of the neuron, current too, and start from rest, where it counts the
  first step of every neuron.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodeploy.engines.counts import Counts, LayerCounts
from neurodeploy.netx.layers import Layer
from neurodeploy.netx.network import Network

if TYPE_CHECKING:
    from neurodeploy.engines.native import NativeEngine

WEIGHT_BYTES, BIAS_BYTES, DELAY_BYTES = 1, 2, 1
"""Weights of 8 bits; biases of 13 and an exponent of 3, or of 16; delays of 6, for 62 steps.
As ``lava.proc.lif.models``, ``lava.proc.sdn.models`` and netx declare them."""

STATE_BYTES = 3
"""Of each state of a neuron, 24 bits."""


def footprint_bytes(layer: Layer, shape: tuple[int, ...]) -> int:
    """Bytes of a layer with features [*shape]: weights, biases, delays, and states of neurons.

    Of a sigma-delta layer three states, whether it uses them or not. Left out: decays and
    thresholds, mostly one a layer, and what is under way: sums that arrive, and delayed spikes.
    """
    other = {"bias": BIAS_BYTES, "delay": DELAY_BYTES}
    parameters = sum(
        array.size * other.get(name, WEIGHT_BYTES) for name, array in layer.arrays.items()
    )
    states = 0 if layer.neuron is None else len(layer.neuron.states)
    return parameters + states * STATE_BYTES * layer.neuron_count(shape)


def connection_sparsity(layers: Iterable[Layer]) -> float | None:
    """Part of the stored weights that are 0; None without any."""
    weights = [matrix for layer in layers for matrix in layer.matrices.values()]
    size = sum(matrix.size for matrix in weights)
    zeros = size - sum(map(np.count_nonzero, weights))
    return zeros / size if size else None


def activation_sparsity(layers: Iterable[LayerCounts]) -> float | None:
    """Part of the neuron updates of a batch that sent no spike; None without any."""
    counted = [layer for layer in layers if layer.neuron_updates.any()]
    updates = sum(int(layer.neuron_updates.sum()) for layer in counted)
    spikes = sum(int(layer.output_spikes.sum()) for layer in counted)
    return (updates - spikes) / updates if counted else None


def dense_synops(network: Network, steps: int) -> tuple[int, ...]:
    """Synaptic operations of each layer for one sample, if every input spiked in every step."""
    return tuple(steps * number for number in network.connections)


def membrane_updates(states: Mapping[str, np.ndarray]) -> np.ndarray:
    """Steps after which any state of a neuron is another one than before, int64 [sample].

    A chip that works by events could skip the others. A neuron that spikes step by step from the
    same state is one of them, though its spikes are not free.

    Parameters
    ----------
    states : mapping of str to array [sample, *features, time]
        After each step, from rest: of one layer, as `NativeEngine.probe` gives them. ``spikes``
        among them are no state.
    """
    traces = [trace for name, trace in states.items() if name != "spikes"]
    changed = np.any([np.diff(trace, prepend=0) != 0 for trace in traces], axis=0)
    count: np.ndarray = changed.reshape(len(changed), -1).sum(1)
    return count


def count_membrane_updates(engine: NativeEngine, spikes: np.ndarray) -> dict[str, np.ndarray]:
    """`membrane_updates` of every layer with neurons, by name, int64 [sample].

    Runs the batch [sample, *features, time] step by step, beside `NativeEngine.run`, which does
    not look at states; one sample's are kept at a time.
    """
    names = engine.network.names
    probed = (engine.probe(sample[None], names) for sample in spikes)
    by_sample = [{name: membrane_updates(layer[name]) for name in names} for layer in probed]
    return {name: np.concatenate([each[name] for each in by_sample]) for name in names}


def layer_metrics(network: Network, counts: Counts) -> list[dict[str, Any]]:
    """Metrics of each layer, for JSON; operations are totals over the batch, as in the counts."""
    dense = dense_synops(network, counts.steps)
    return [
        {
            "footprint_bytes": footprint_bytes(layer, shape),
            "connection_sparsity": connection_sparsity([layer]),
            "activation_sparsity": activation_sparsity([counted]),
            "effective_acs": int(counted.effective_acs.sum()),
            "effective_macs": int(counted.effective_macs.sum()),
            "dense_synops": synops * counts.samples,
        }
        for layer, shape, counted, synops in zip(
            network.layers, network.shapes, counts.layers, dense, strict=True
        )
    ]


def network_metrics(network: Network, counts: Counts) -> dict[str, Any]:
    """Metrics of the whole network as NeuroBench reports them, for JSON.

    ``synaptic_operations`` are means of a sample.
    """
    acs = sum(int(layer.effective_acs.sum()) for layer in counts.layers)
    macs = sum(int(layer.effective_macs.sum()) for layer in counts.layers)
    return {
        "footprint_bytes": sum(map(footprint_bytes, network.layers, network.shapes)),
        "connection_sparsity": connection_sparsity(network.layers),
        "activation_sparsity": activation_sparsity(counts.layers),
        "synaptic_operations": {
            "effective_macs": macs / counts.samples,
            "effective_acs": acs / counts.samples,
            "dense": sum(dense_synops(network, counts.steps)),
        },
    }

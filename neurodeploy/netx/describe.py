"""What is in a network, as one mapping."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

import numpy as np

from neurodeploy.netx.check import check
from neurodeploy.netx.layers import Conv, Dense, Layer, NeuronInput
from neurodeploy.netx.network import Network


def describe_network(network: Network) -> dict[str, Any]:
    """Layers, shapes, sizes and findings of a network, for JSON.

    Parameters
    ----------
    network : Network
        Any network.

    Returns
    -------
    dict
        ``findings`` are those of `neurodeploy.netx.check.check`, with every field of `Finding`.
    """
    shapes = (network.input_shape, *network.shapes)
    return {
        "input_shape": list(network.input_shape),
        "output_shape": list(network.output_shape),
        "latency_steps": network.latency_steps,
        "parameters": network.parameters,
        "layers": [
            {"name": name, **_describe_layer(layer, before, after)}
            for name, layer, before, after in zip(
                network.names, network.layers, shapes[:-1], shapes[1:], strict=True
            )
        ],
        "findings": [asdict(finding) for finding in check(network)],
    }


def _describe_layer(
    layer: Layer, before: tuple[int, ...], after: tuple[int, ...]
) -> dict[str, Any]:
    connections, effective = layer.synapses(before)
    entry: dict[str, Any] = {
        "kind": layer.kind,
        "output_shape": list(after),
        "neurons": layer.neuron_count(after),
        "synapses": connections,
        "nonzero_synapses": effective,
        "parameters": layer.parameters,
    }
    if layer.neuron is not None:
        for field in fields(layer.neuron):
            entry[field.name] = np.asarray(getattr(layer.neuron, field.name)).tolist()
    if layer.has_synapses:
        weights = np.concatenate([matrix.ravel() for matrix in layer.matrices.values()])
        entry["weight_min"], entry["weight_max"] = int(weights.min()), int(weights.max())
        entry["has_bias"] = "bias" in layer.arrays
    match layer:
        case NeuronInput():
            entry |= {"weight": layer.weight, "bias": layer.bias}
        case Dense():
            entry["max_delay_steps"] = 0 if layer.delay is None else int(layer.delay.max())
        case Conv():
            entry["kernel_size"] = list(layer.weight.shape[2:])
            for name in ("stride", "padding", "dilation"):
                entry[name] = list(getattr(layer, name))
            entry["groups"] = layer.groups
    return entry

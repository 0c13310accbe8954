"""What is in a network, as one mapping."""

from __future__ import annotations

import math
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from neurodeploy.engines.counts import synapses
from neurodeploy.netx.check import check
from neurodeploy.netx.network import (
    Average,
    ComplexDense,
    Conv,
    Dense,
    Layer,
    Network,
    NeuronInput,
    stored_parameters,
)


def describe_network(network: Network) -> dict[str, Any]:
    """Layers, shapes, sizes and findings of a network, for JSON.

    Parameters
    ----------
    network : Network
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
    connections, effective = synapses(layer, before, after)
    entry: dict[str, Any] = {
        "kind": layer.kind,
        "output_shape": list(after),
        "neurons": 0 if isinstance(layer, Average) else math.prod(after),
        "synapses": connections,
        "nonzero_synapses": effective,
        "parameters": stored_parameters(layer),
    }
    if isinstance(layer, Average):
        return entry
    for field in fields(layer.neuron):
        entry[field.name] = np.asarray(getattr(layer.neuron, field.name)).tolist()
    if isinstance(layer, NeuronInput):
        return {**entry, "weight": layer.weight, "bias": layer.bias}
    if isinstance(layer, ComplexDense):
        weight = np.stack([layer.real_weight, layer.imaginary_weight])
    elif isinstance(layer, Dense) and layer.recurrent_weight is not None:
        weight = np.hstack([layer.weight, layer.recurrent_weight])
    else:
        weight = layer.weight
    entry |= {
        "weight_min": int(weight.min()),
        "weight_max": int(weight.max()),
        "has_bias": getattr(layer, "bias", None) is not None,
    }
    if isinstance(layer, Dense):
        entry["max_delay_steps"] = 0 if layer.delay is None else int(layer.delay.max())
    if isinstance(layer, Conv):
        entry |= {
            "kernel_size": list(layer.weight.shape[2:]),
            "stride": list(layer.stride),
            "padding": list(layer.padding),
            "dilation": list(layer.dilation),
            "groups": layer.groups,
        }
    return entry

"""What a run really did: spikes, synaptic operations, neuron updates, by layer and sample.

A synaptic operation is one spike that arrives at one synapse. ``synops`` counts every
connection of the layer, ``effective_synops`` only those with a weight other than 0. At the edge
of an image a spike has fewer connections, and is counted so. ``graded_synops`` are those of
``synops`` that multiply, because their spike is graded. In an input layer with neurons, a
real-valued sample costs one multiply-accumulate a feature and step, and no synaptic operation.
``neuron_updates`` are all neurons in all steps. `neurodeploy.cost.metrics` has what NeuroBench
reports.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurodeploy._io.reprs import ShortRepr, html_table
from neurodeploy.netx.network import Network


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LayerCounts(ShortRepr):
    """Counts of one layer; every array is int64 [sample]."""

    name: str
    input_spikes: np.ndarray
    output_spikes: np.ndarray
    synops: np.ndarray
    effective_synops: np.ndarray
    graded_synops: np.ndarray
    neuron_updates: np.ndarray
    macs: np.ndarray

    @property
    def effective_macs(self) -> np.ndarray:
        """Effective synaptic operations that multiply, int64 [sample].

        All spikes that arrive at a layer are graded, or none of them.
        """
        return np.where(self.graded_synops > 0, self.effective_synops, 0)

    @property
    def effective_acs(self) -> np.ndarray:
        """Effective synaptic operations that only add, int64 [sample]."""
        return self.effective_synops - self.effective_macs

    @property
    def activation_sparsity(self) -> np.ndarray:
        """Part of the neuron updates that sent no spike, float64 [sample]; NaN without neurons."""
        updates = np.where(self.neuron_updates > 0, self.neuron_updates, np.nan)
        return 1 - self.output_spikes / updates

    def totals(self) -> dict[str, Any]:
        """Sums over the samples, for JSON."""
        return {
            "name": self.name,
            **{
                field: int(getattr(self, field).sum())
                for field in (
                    "input_spikes",
                    "output_spikes",
                    "synops",
                    "effective_synops",
                    "graded_synops",
                    "neuron_updates",
                    "macs",
                )
            },
        }


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Counts:
    """Counts of a run, layer by layer, and its size."""

    layers: tuple[LayerCounts, ...]
    samples: int
    steps: int

    def __repr__(self) -> str:
        names = ", ".join(layer.name for layer in self.layers)
        return f"Counts({self.samples} samples of {self.steps} steps, layers {names})"

    def _repr_html_(self) -> str:
        fields = ("input_spikes", "output_spikes", "synops", "effective_synops", "neuron_updates")
        rows = [
            (layer["name"], *(f"{layer[field]:,}" for field in fields))
            for layer in self.totals()["layers"]
        ]
        heads = ("layer", *(field.replace("_", " ") for field in fields))
        return html_table(f"{self.samples} samples of {self.steps} steps, totals", heads, rows)

    def totals(self) -> dict[str, Any]:
        """``layers`` as totals over the batch, ``samples`` and ``steps`` of a sample, for JSON."""
        return {
            "layers": [layer.totals() for layer in self.layers],
            "samples": self.samples,
            "steps": self.steps,
        }


def count(network: Network, activity: Sequence[np.ndarray]) -> Counts:
    """Count a run from what every layer sent.

    Parameters
    ----------
    network : Network
        What ran.
    activity : sequence of arrays [sample, *features, time]
        The input, then the spikes of each layer.

    Returns
    -------
    Counts
    """
    samples, steps = activity[0].shape[0], activity[0].shape[-1]
    shapes = (network.input_shape, *network.shapes)
    layers = []
    for index, (name, layer) in enumerate(zip(network.names, network.layers, strict=True)):
        arrived = _spikes_by_feature(activity[index])
        sent = _spikes_by_feature(activity[index + 1])
        real_input = layer.takes_real_values
        every, effective = layer.fan_out(shapes[index])
        back, effective_back = layer.recurrent_fan_out(shapes[index + 1])
        synops = arrived @ every.ravel() + sent @ back.ravel()
        updates = layer.neuron_count(shapes[index + 1]) * steps
        layers.append(
            LayerCounts(
                name=name,
                input_spikes=np.zeros(samples, np.int64) if real_input else arrived.sum(1),
                output_spikes=sent.sum(1),
                synops=synops,
                effective_synops=arrived @ effective.ravel() + sent @ effective_back.ravel(),
                graded_synops=synops if network.graded[index] else np.zeros(samples, np.int64),
                neuron_updates=np.full(samples, updates, np.int64),
                macs=np.full(samples, updates if real_input else 0, np.int64),
            )
        )
    return Counts(layers=tuple(layers), samples=samples, steps=steps)


def _spikes_by_feature(activity: np.ndarray) -> np.ndarray:
    return np.count_nonzero(activity, axis=-1).reshape(activity.shape[0], -1).astype(np.int64)

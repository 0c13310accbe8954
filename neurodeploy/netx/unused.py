"""Fields of a netx file that nothing here runs: harmless by their value, or a finding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from neurodeploy.netx.fields import Fields
from neurodeploy.netx.findings import Finding
from neurodeploy.netx.layers import Layer

ONLY_TRAINING = ("neuron/tauRho", "neuron/scaleRho")
"""Shape of the surrogate gradient (slayerPytorch): no spike depends on them."""

HARMLESS: Mapping[str, Callable[[Any], Any]] = {
    "neuron/refDelay": lambda layer: 1,
    "neuron/theta": lambda layer: layer.neuron.threshold << 6,
    "neuron/weight_exp": lambda layer: 0,
    "neuron/gradedSpike": lambda layer: 0,
    "neuron/wgtExp": lambda layer: 0,
    "neuron/messageBits": lambda layer: 0,
    "inFeatures": lambda layer: layer.matrices[next(iter(layer.matrices))].shape[1],
    "outFeatures": lambda layer: layer.matrices[next(iter(layer.matrices))].shape[0],
    "inChannels": lambda layer: layer.weight.shape[1] * layer.groups,
    "outChannels": lambda layer: layer.weight.shape[0],
    "kernelSize": lambda layer: layer.weight.shape[2:],
}
"""What a field may say without changing a run; `refDelay` 1 is no refractory step at all, and
theta is the threshold above the 6 bits of a weight, in older files of SLAYER."""

REASONS = {
    "neuron/refDelay": "netx has no refractory steps",
    "neuron/theta": "netx takes vThMant for the threshold",
    "neuron/weight_exp": "netx ignores the exponent of SLAYER's weight-scale norm",
}
"""Why it matters, where more can be said than that nothing uses it."""


def unused_findings(fields: Fields, name: str, layer: Layer | None) -> Iterator[Finding]:
    """What a file says of a layer that is not run.

    Parameters
    ----------
    fields : Fields
        Of the layer, after it was read.
    name : str
        Of the layer in the network.
    layer : Layer, optional
        What was made of it.
    """
    left = set(fields.left())
    if shaping := sorted(left & {*ONLY_TRAINING}):
        yield Finding.of(
            "training-field",
            name,
            ", ".join(shaping),
            "shapes the gradient in training; no spike depends on it",
            "Nothing needs to be done",
        )
    for field in sorted(left - {*ONLY_TRAINING}):
        value = _value(fields, field)
        if layer is None or field not in HARMLESS or not _equal(value, HARMLESS[field], layer):
            reason = REASONS.get(field, "nothing is known to use it")
            yield Finding.of(
                "ignored-field",
                name,
                field,
                f"the file says {_short(value)}, which is not run: {reason}",
                "Compare with your training forward: neurodeploy verify --against",
            )


def _value(fields: Fields, field: str) -> Any:
    stored = fields.found(field)
    return stored[()] if isinstance(stored, np.ndarray) else "what is no array"


def _equal(value: Any, harmless: Callable[[Any], Any], layer: Layer) -> bool:
    try:
        expected = np.asarray(harmless(layer))
    except (AttributeError, StopIteration):
        return False
    found = np.asarray(value)
    if found.dtype.kind not in "biuf" or found.size not in (1, expected.size):
        return False
    return bool((found.ravel() == expected.ravel()).all())


def _short(value: Any) -> str:
    text = " ".join(str(np.asarray(value)).split())
    return text if len(text) <= 40 else f"{text[:37]}..."

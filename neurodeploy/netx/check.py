"""Will netx and Lava take a network, and will they do what it says?

An *error* means that it does not run. A *warning* means that it runs, but not as written, or not
as SLAYER trained it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from neurodeploy.errors import NetworkError
from neurodeploy.netx.network import (
    MAX_DELAY_STEPS,
    Average,
    Conv,
    Dense,
    Layer,
    Network,
    NeuronInput,
)
from neurodeploy.netx.weights import stored_weights

STATE_LIMIT = 1 << 23
"""Current wraps and voltage clips here: 24-bit signed state (lava.proc.lif, fixed point)."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that a person should know before deploying.

    ``severity`` is ``error`` or ``warning``; ``layer`` and ``field`` say where.
    """

    severity: str
    layer: str
    field: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.severity}: layer {self.layer}, {self.field}: {self.reason}. {self.remedy}"


def check(network: Network) -> list[Finding]:
    """Everything worth knowing about a network before Lava gets it, errors first.

    Parameters
    ----------
    network : Network
        Any network.

    Returns
    -------
    list of Finding
        Empty if netx and Lava run it exactly as it is written.
    """
    findings: list[Finding] = []
    shapes = (network.input_shape, *network.shapes)
    for index, (name, layer) in enumerate(zip(network.names, network.layers, strict=True)):
        for severity, field, reason, remedy in _layer_findings(index, layer, shapes[index]):
            findings.append(
                Finding(severity=severity, layer=name, field=field, reason=reason, remedy=remedy)
            )
    return sorted(findings, key=lambda finding: finding.severity)


def require_runnable(network: Network) -> None:
    """Raise for the first error that `check` finds.

    Raises
    ------
    NetworkError
        netx or Lava would fail on this network.
    """
    for finding in check(network):
        if finding.severity == "error":
            raise NetworkError(str(finding))


def _layer_findings(
    index: int, layer: Layer, input_shape: tuple[int, ...]
) -> Iterator[tuple[str, str, str, str]]:
    if isinstance(layer, Average):
        yield "error", "type", "netx has no average layer", "Average on the host instead"
        return
    if isinstance(layer, NeuronInput) and index > 0:
        yield "error", "type", "an input layer is not the first", "Remove it"
    if layer.neuron.threshold >= 1 << 17:
        yield (
            "warning",
            "neuron/threshold",
            f"{layer.neuron.threshold} does not fit the chip's 17 bits",
            "Use at most 131071; a simulator takes it",
        )
    if isinstance(layer, NeuronInput):
        if len(input_shape) not in (1, 3):
            yield "error", "shape", f"netx cannot flatten {input_shape}", "Use one or three axes"
        return
    if layer.bias is not None and (layer.bias.min() < -4096 or layer.bias.max() > 4095):
        yield (
            "warning",
            "bias",
            f"{layer.bias.min()} to {layer.bias.max()} does not fit the chip's 13 bits",
            "Keep biases in -4096 to 4095",
        )
    if isinstance(layer, Dense):
        yield from _dense_findings(layer)
        yield from _overflow(layer)
        return
    if layer.delay is not None:
        yield "warning", "delay", "Lava ignores the delays of a convolution", "Remove them"
    if layer.weight.min() < -256 or layer.weight.max() > 255:
        yield (
            "warning",
            "weight",
            f"{layer.weight.min()} to {layer.weight.max()} does not fit the chip's 8 bits and sign",
            "Keep weights in -256 to 255; a simulator takes them",
        )
    yield from _overflow(layer)


def _dense_findings(layer: Dense) -> Iterator[tuple[str, str, str, str]]:
    try:
        stored, scale_bits = stored_weights(layer.weight)
    except NetworkError as error:
        yield "error", "weight", f"netx cannot scale it: {error}", "Rescale or remove the layer"
        return
    changed = stored != layer.weight.astype(np.int64) << scale_bits
    if changed.any():
        where = tuple(int(i) for i in np.argwhere(changed)[0])
        yield (
            "warning",
            "weight",
            f"netx changes {int(changed.sum())} weights, first {layer.weight[where]} at {where} "
            f"to {stored[where] / (1 << scale_bits):g}",
            "Weights that are even, in -256 to 254, and some of them positive, stay as they are",
        )
    if layer.delay is not None and layer.delay.max() > MAX_DELAY_STEPS:
        yield (
            "warning",
            "delay",
            f"{layer.delay.max()} steps are clamped to {MAX_DELAY_STEPS}",
            f"Train with delays of at most {MAX_DELAY_STEPS}",
        )


def _overflow(layer: Dense | Conv) -> Iterator[tuple[str, str, str, str]]:
    """If every input spiked in one step from rest, would the current leave its 24 bits?"""
    rows = layer.weight.reshape(layer.weight.shape[0], -1).astype(np.int64)
    worst = max(np.maximum(rows, 0).sum(1).max(), np.maximum(-rows, 0).sum(1).max()) << 6
    if worst >= STATE_LIMIT:
        yield (
            "warning",
            "weight",
            f"one step with all inputs active adds {worst} to a current that wraps at "
            f"{STATE_LIMIT}, which SLAYER does not model",
            "Use smaller weights, or verify on your data",
        )

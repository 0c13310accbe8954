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
    ComplexDense,
    Conv,
    Dense,
    Layer,
    Network,
    NeuronInput,
)
from neurodeploy.netx.neurons import CubaNeuron, SdnnNeuron
from neurodeploy.netx.weights import stored_weights

_Found = tuple[str, str, str, str]  # severity, field, reason, remedy

RECURRENT = "recurrent_weight"

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
        largest = (1 << network.input_bits) - 1 if index == 0 and network.input_bits else 1
        for severity, field, reason, remedy in _layer_findings(
            index, layer, shapes[index], largest
        ):
            findings.append(
                Finding(severity=severity, layer=name, field=field, reason=reason, remedy=remedy)
            )
    return sorted(findings, key=lambda finding: finding.severity)


def require_exact(network: Network) -> None:
    """Raise if Lava would not run a network as it is written.

    Raises
    ------
    NetworkError
        netx refuses it, or changes its weights.
    """
    for finding in check(network):
        if finding.severity == "error" or finding.reason.startswith("netx changes"):
            raise NetworkError(str(finding))


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
    index: int, layer: Layer, input_shape: tuple[int, ...], largest: int
) -> Iterator[_Found]:
    """``largest`` is the largest value of a spike that arrives, as far as it is known."""
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
    if isinstance(layer, ComplexDense):
        for field in ("real_weight", "imaginary_weight"):
            yield from _stored(field, getattr(layer, field), None)
        return
    if layer.bias is not None:
        yield from _bias_findings(layer.bias, layer.neuron)
    if isinstance(layer, Dense):
        yield from _dense_findings(layer)
    else:
        yield from _conv_findings(layer)
    if isinstance(layer.neuron, CubaNeuron):
        yield from _overflow(layer, largest)


def _bias_findings(bias: np.ndarray, neuron: CubaNeuron | SdnnNeuron) -> Iterator[_Found]:
    if isinstance(neuron, SdnnNeuron):
        if neuron.sigma_output:
            yield "error", "bias", "Lava's Sigma takes none", "Remove it"
    elif bias.min() < -4096 or bias.max() > 4095:
        yield (
            "warning",
            "bias",
            f"{bias.min()} to {bias.max()} does not fit the chip's 13 bits",
            "Keep biases in -4096 to 4095",
        )


def _conv_findings(layer: Conv) -> Iterator[_Found]:
    if layer.delay is not None:
        yield "warning", "delay", "Lava ignores the delays of a convolution", "Remove them"
    if layer.weight.min() < -256 or layer.weight.max() > 255:
        yield (
            "warning",
            "weight",
            f"{layer.weight.min()} to {layer.weight.max()} does not fit the chip's 8 bits and sign",
            "Keep weights in -256 to 255; a simulator takes them",
        )


def _dense_findings(layer: Dense) -> Iterator[_Found]:
    yield from _stored("weight", layer.weight, layer.recurrent_weight)
    if layer.delay is None:
        return
    if layer.recurrent_weight is not None:
        yield (
            "error",
            "delay",
            "netx runs the delays of a recurrent layer without its weight exponent, or not at all",
            "Remove them",
        )
    elif layer.delay.max() > MAX_DELAY_STEPS:
        yield (
            "warning",
            "delay",
            f"{layer.delay.max()} steps are clamped to {MAX_DELAY_STEPS}",
            f"Train with delays of at most {MAX_DELAY_STEPS}",
        )


def _stored(field: str, weight: np.ndarray, recurrent: np.ndarray | None) -> Iterator[_Found]:
    try:
        stored, scale_bits = stored_weights(weight, recurrent)
    except NetworkError as error:
        yield "error", field, f"netx cannot scale it: {error}", "Rescale or remove the layer"
        return
    parts = [(field, weight)] if recurrent is None else [(field, weight), (RECURRENT, recurrent)]
    for name, part in parts:
        mine, stored = np.split(stored, [part.shape[1]], axis=1)
        changed = mine != part.astype(np.int64) << scale_bits
        if changed.any():
            where = tuple(int(i) for i in np.argwhere(changed)[0])
            yield (
                "warning",
                name,
                f"netx changes {int(changed.sum())} weights, first {part[where]} at {where} "
                f"to {mine[where] / (1 << scale_bits):g}",
                "Weights that are even, in -256 to 254, and some of them positive in this matrix, "
                "stay as they are",
            )


def _overflow(layer: Dense | Conv, largest: int) -> Iterator[_Found]:
    """If all spikes came in one step from rest, would the current leave its 24 bits?"""
    rows = layer.weight.reshape(layer.weight.shape[0], -1).astype(np.int64) * largest
    if isinstance(layer, Dense) and layer.recurrent_weight is not None:
        rows = np.hstack([rows, layer.recurrent_weight])
    worst = max(np.maximum(rows, 0).sum(1).max(), np.maximum(-rows, 0).sum(1).max()) << 6
    if worst >= STATE_LIMIT:
        yield (
            "warning",
            "weight",
            f"one step with all inputs active adds {worst} to a current that wraps at "
            f"{STATE_LIMIT}, which SLAYER does not model",
            "Use smaller weights, or verify on your data",
        )

"""Will netx and Lava take a network, and will they do what it says?

`neurodeploy.netx.findings` lists all that can be found. An *error* means that it does not run. A
*warning* means that it runs, but perhaps not as written (``exact`` says so), not as SLAYER trained
it, or not on the chip.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurodeploy.errors import NetworkError
from neurodeploy.netx.findings import Finding
from neurodeploy.netx.layers import (
    MAX_DELAY_STEPS,
    ComplexDense,
    Conv,
    Dense,
    Layer,
    NeuronInput,
)
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import STATE_LIMIT, CubaNeuron, RfNeuron, SdnnNeuron
from neurodeploy.netx.reach import silent_layers
from neurodeploy.netx.weights import stored_weights

_Found = tuple[str, str, str, str]  # code, field, reason, remedy


def check(network: Network) -> list[Finding]:
    """Everything worth knowing about a network before Lava gets it, errors first.

    Parameters
    ----------
    network : Network
        Any network.

    Returns
    -------
    list of Finding
        Those of the network itself, and its ``notes``. Empty if netx and Lava run it exactly as it
        is written, SLAYER too, it is within the chip's fields, and it is what its author made.
    """
    return _errors_first([*network.notes, *_findings(network)])


def _errors_first(findings: list[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: finding.severity)


def _findings(network: Network) -> list[Finding]:
    """Those of the network itself, errors first."""
    findings: list[Finding] = []
    before = (network.input_shape, *network.shapes[:-1])
    silent = silent_layers(network)
    for index, (name, layer) in enumerate(zip(network.names, network.layers, strict=True)):
        largest = (1 << network.input_bits) - 1 if index == 0 and network.input_bits else 1
        said = [*_layer_findings(index, layer, before[index], largest), *_slayer_findings(layer)]
        if layer.recurrent_weight is not None and not network.graded[index]:
            said += _recurrence_findings(layer)
        if index in silent:
            said.append(_silent(silent[index]))
        findings += [
            Finding.of(code, name, field, reason, remedy) for code, field, reason, remedy in said
        ]
    return _errors_first(findings)


def require_exact(network: Network) -> None:
    """Raise for the first finding with which Lava would not run what is written.

    Notes of where the network came from do not count: they tell it from another one.

    Raises
    ------
    NetworkError
        netx or Lava refuses the network, or changes or ignores a part of it.
    """
    for finding in _findings(network):
        if not finding.exact:
            raise NetworkError(str(finding))


def require_runnable(network: Network) -> None:
    """Raise for the first error that `check` finds.

    Raises
    ------
    NetworkError
        netx or Lava would fail on this network.
    """
    for finding in _findings(network):
        if finding.severity == "error":
            raise NetworkError(str(finding))


def _layer_findings(
    index: int, layer: Layer, input_shape: tuple[int, ...], largest: int
) -> Iterator[_Found]:
    """``largest`` is the largest value of a spike that arrives, as far as it is known."""
    if layer.neuron is None:
        yield "average-layer", "type", "netx has no average layer", "Average on the host instead"
        return
    if layer.takes_real_values:
        if index > 0:
            yield "late-input", "type", "an input layer is not the first", "Remove it"
        if len(input_shape) not in (1, 3):
            reason = f"netx cannot flatten {input_shape}"
            yield "input-axes", "shape", reason, "Use one or three axes"
    if layer.neuron.threshold >= 1 << 17:
        yield (
            "chip-threshold",
            "neuron/threshold",
            f"{layer.neuron.threshold} does not fit the chip's 17 bits",
            "Use at most 131071; a simulator takes it",
        )
    match layer:
        case ComplexDense():
            yield from _resonator_findings(layer.neuron)
            for field, matrix in layer.matrices.items():
                yield from _stored({field: matrix})
        case Dense():
            yield from _bias_findings(layer)
            yield from _stored(layer.matrices)
            yield from _delay_findings(layer)
            yield from _overflow(layer, largest)
        case Conv():
            yield from _bias_findings(layer)
            yield from _kernel_findings(layer)
            yield from _overflow(layer, largest)


def _slayer_findings(layer: Layer) -> Iterator[_Found]:
    """Where SLAYER's own forward differs from what is written, though Lava runs that."""
    bias = getattr(layer, "bias", None)
    if isinstance(layer, NeuronInput):
        late = ", and sends its spikes a step later" if layer.neuron.kind == "cuba" else ""
        yield (
            "slayer-input",
            "type",
            f"SLAYER's input block rounds the signal to 1/32{late}; Lava does not",
            "Compare with your training forward: neurodeploy verify --against",
        )
    elif bias is not None and np.any(bias) and isinstance(layer.neuron, CubaNeuron):
        yield (
            "slayer-bias",
            "bias",
            "it acts from the first step, in SLAYER's forward from the second",
            "Compare with your training forward: neurodeploy verify --against",
        )


def _silent(reached: int) -> _Found:
    return (
        "silent-layer",
        "neuron/threshold",
        "no neuron can ever spike: with every excitatory input active in every step the voltage "
        f"stays at or below {reached / 64:.6g} times 64",
        "Lower the threshold, or read the voltage instead of spikes",
    )


def _recurrence_findings(layer: Layer) -> Iterator[_Found]:
    """Of a recurrent layer whose input is not graded."""
    if layer.neuron is not None and layer.neuron.graded:
        yield (
            "recurrent-ones",
            "recurrent_weight",
            "Lava reads the graded spikes that come back as ones, as it reads those of the input",
            "Give the layer graded input, or other neurons",
        )


def _resonator_findings(neuron: RfNeuron) -> Iterator[_Found]:
    for name, run in zip(neuron.decays, neuron.decays_as_run(), strict=True):
        written = np.asarray(getattr(neuron, name))
        changed = written != run
        if changed.any():
            yield (
                "changed-decay",
                f"neuron/{name}",
                f"netx changes {int(changed.sum())} decays by up to "
                f"{int(np.abs(written - run).max())}",
                "Use the values of `RfNeuron.decays_as_run`, if those stay as they are",
            )


def _bias_findings(layer: Dense | Conv) -> Iterator[_Found]:
    bias, neuron = layer.bias, layer.neuron
    if bias is None:
        return
    if isinstance(neuron, SdnnNeuron):
        if neuron.sigma_output:
            yield "sigma-bias", "bias", "Lava's Sigma takes none", "Remove it"
    elif bias.min() < -(1 << 15) or bias.max() >= 1 << 15:
        reason = f"{bias.min()} to {bias.max()} wraps in Lava's 16 bits"
        yield "wrapped-bias", "bias", reason, "Keep biases in -4096 to 4095, as the chip does"
    elif bias.min() < -4096 or bias.max() > 4095:
        reason = f"{bias.min()} to {bias.max()} does not fit the chip's 13 bits"
        yield "chip-bias", "bias", reason, "Keep biases in -4096 to 4095"


def _kernel_findings(layer: Conv) -> Iterator[_Found]:
    if layer.delay is not None and layer.delay.any():
        reason = "Lava ignores the delays of a convolution"
        yield "ignored-delay", "delay", reason, "Remove them"
    if layer.weight.min() < -256 or layer.weight.max() > 255:
        yield (
            "chip-kernel",
            "weight",
            f"{layer.weight.min()} to {layer.weight.max()} does not fit the chip's 8 bits and sign",
            "Keep weights in -256 to 255; a simulator takes them",
        )


def _delay_findings(layer: Dense) -> Iterator[_Found]:
    if layer.delay is None:
        return
    if layer.recurrent_weight is not None:
        yield (
            "recurrent-delay",
            "delay",
            "netx runs the delays of a recurrent layer without its weight exponent, or not at all",
            "Remove them",
        )
    elif layer.delay.max() > MAX_DELAY_STEPS:
        yield (
            "clamped-delay",
            "delay",
            f"{layer.delay.max()} steps are clamped to {MAX_DELAY_STEPS}",
            f"Train with delays of at most {MAX_DELAY_STEPS}",
        )


def _stored(matrices: dict[str, np.ndarray]) -> Iterator[_Found]:
    """``matrices`` are scaled as one, by field; recurrent weights are the second."""
    try:
        stored, scale_bits = stored_weights(*matrices.values())
    except NetworkError as error:
        reason = f"netx cannot scale it: {error}"
        yield "unscalable-weight", next(iter(matrices)), reason, "Rescale or remove the layer"
        return
    for field, matrix in matrices.items():
        mine, stored = np.split(stored, [matrix.shape[1]], axis=1)
        changed = mine != matrix.astype(np.int64) << scale_bits
        if changed.any():
            where = tuple(int(i) for i in np.argwhere(changed)[0])
            yield (
                "changed-weight",
                field,
                f"netx changes {int(changed.sum())} weights, first {matrix[where]} at {where} "
                f"to {mine[where] / (1 << scale_bits):g}",
                "Weights that are even, in -256 to 254, and some of them positive in this matrix, "
                "stay as they are",
            )


def _overflow(layer: Dense | Conv, largest: int) -> Iterator[_Found]:
    """If all spikes came in one step from rest, would the current leave its 24 bits?"""
    if not isinstance(layer.neuron, CubaNeuron):
        return
    rows = layer.weight.reshape(layer.weight.shape[0], -1).astype(np.int64) * largest
    if layer.recurrent_weight is not None:
        rows = np.hstack([rows, layer.recurrent_weight])
    worst = max(np.maximum(rows, 0).sum(1).max(), np.maximum(-rows, 0).sum(1).max()) << 6
    if worst >= STATE_LIMIT:
        yield (
            "wrapping-current",
            "weight",
            f"one step with all inputs active adds {worst} to a current that wraps at "
            f"{STATE_LIMIT}, which SLAYER does not model",
            "Use smaller weights, or verify on your data",
        )

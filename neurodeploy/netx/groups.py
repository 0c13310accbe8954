"""One group of a netx file -> one layer."""

from __future__ import annotations

import math

import numpy as np

from neurodeploy._io.hdf5 import Group
from neurodeploy._io.limits import Limits
from neurodeploy.errors import FileFormatError, NetworkError, message
from neurodeploy.netx.fields import Fields
from neurodeploy.netx.footprint import BYTES_PER_WEIGHT
from neurodeploy.netx.layers import ComplexDense, Conv, Dense, NeuronInput
from neurodeploy.netx.neurons import CubaNeuron, RfNeuron, SdnnNeuron

NO_NEURON = CubaNeuron(current_decay=0, voltage_decay=4096, threshold=1 << 17)
"""What netx gives a dense layer without a neuron description: an integrator of one step."""

RESONATORS = ("RF_PHASE", "RF_IZHIKEVICH")
"""Types of resonate-and-fire neurons, as SLAYER exports them."""

UNUSED_IF_ZERO = ("gradedSpike", "wgtExp", "messageBits")
"""Fields of a neuron that netx ignores, or fails on; a file may only say 0."""


def read_input(fields: Fields) -> NeuronInput | None:
    """The neurons of an input layer, or None where it has none."""
    if "neuron" not in fields:
        return None
    layer: NeuronInput = fields.build(
        NeuronInput,
        neuron=_neuron(fields),
        weight=fields.value("weight", 64),
        bias=fields.value("bias", 0),
    )
    return layer


def read_dense(fields: Fields, kind: str) -> Dense | ComplexDense:
    """A dense layer, recurrent (``dense_rec``) or complex."""
    complex_weights = isinstance(fields.found("weight"), Group)
    if complex_weights and kind == "dense_rec":
        remedy = "netx drops the recurrent weights of a complex layer."
        raise FileFormatError(message(f"{fields.where}, type", "dense", kind, remedy))
    if complex_weights:
        fields.require_zero("bias", "delay")
        layer: Dense | ComplexDense = fields.build(
            ComplexDense,
            real_weight=fields.matrix("weight/real"),
            imaginary_weight=fields.matrix("weight/imag"),
            neuron=_resonator(fields),
        )
        return layer
    layer = fields.build(
        Dense,
        weight=fields.matrix("weight"),
        neuron=_neuron(fields) if "neuron" in fields else NO_NEURON,
        recurrent_weight=fields.matrix("weight_rec") if kind == "dense_rec" else None,
        bias=fields.optional_vector("bias"),
        delay=fields.value("delay") if "delay" in fields else None,
    )
    return layer


def read_conv(fields: Fields) -> Conv:
    """A convolution; kernels of older files have a last axis of 1."""
    weight = fields.value("weight")
    if weight.ndim == 5 and weight.shape[4] == 1:
        weight = weight[..., 0]
    layer: Conv = fields.build(
        Conv,
        weight=weight,
        neuron=_neuron(fields),
        stride=fields.value("stride"),
        padding=fields.value("padding"),
        dilation=fields.value("dilation"),
        groups=fields.value("groups"),
        bias=fields.optional_vector("bias"),
        delay=fields.optional_vector("delay"),
    )
    return layer


def read_pool(fields: Fields, before: tuple[int, ...], limits: Limits) -> Conv:
    """A pool as the convolution of each channel by itself that it is, where its sizes are even.

    Parameters
    ----------
    fields : Fields
        Of a group of type ``pool``, as SLAYER exports it; netx itself has no such layer.
    before : tuple of int
        Features (channel, height, width) that it reads.
    limits : Limits
        Of the weights, which are one kernel a channel.

    Raises
    ------
    FileFormatError
        It exceeds the limits, or SLAYER's pool rounds a size up that the kernel does not divide,
        which no convolution does.
    """
    if len(before) != 3:
        raise FileFormatError(
            message(f"{fields.where}, type", "a pool after (channel, height, width)", before)
        )
    weight = np.asarray(fields.value("weight")).reshape(-1)
    sizes = fields.shape("kernelSize")
    kernel = (sizes[0], sizes[-1])
    if weight.size != math.prod(kernel):
        expected = f"{math.prod(kernel)} values, of a kernel {kernel}"
        raise FileFormatError(message(f"{fields.where}, weight", expected, weight.size))
    limits.require_memory(BYTES_PER_WEIGHT * before[0] * weight.size, fields.where)
    layer: Conv = fields.build(
        Conv,
        weight=np.broadcast_to(weight.reshape(1, 1, *kernel), (before[0], 1, *kernel)),
        neuron=_neuron(fields),
        stride=fields.value("stride"),
        padding=fields.value("padding"),
        dilation=fields.value("dilation"),
        groups=before[0],
        delay=fields.optional_vector("delay"),
    )
    declared = fields.shape()
    try:
        made = layer.output_shape(before)
    except NetworkError as error:
        raise FileFormatError(f"{fields.where}, {error}") from error
    if declared != made:
        raise FileFormatError(
            message(
                f"{fields.where}, type pool",
                f"sizes that the kernel divides, {made} of {before}",
                f"{declared}: SLAYER rounds up",
                "Train with even sizes: pad the input, or pool by another kernel.",
            )
        )
    return layer


def _neuron(layer: Fields) -> CubaNeuron | SdnnNeuron:
    fields = layer.inside("neuron")
    kind = fields.text("type")
    fields.require_zero(*UNUSED_IF_ZERO)
    if kind == "SDNN":
        if "activation" in fields and fields.text("activation") != "relu":
            found = fields.text("activation")
            raise FileFormatError(message(f"{fields.where}, activation", "relu", found))
        fields.value("sigma_output", False)  # netx asks whether it is there, not what it says
        sdnn: SdnnNeuron = fields.build(
            SdnnNeuron,
            threshold=fields.value("vThMant"),
            sigma_output="sigma_output" in fields,
        )
        return sdnn
    if kind not in ("CUBA", "LOIHI"):
        remedy = "RF needs complex weights." if kind in RESONATORS else "netx has no such one."
        expected = "CUBA, LOIHI or SDNN"
        raise FileFormatError(message(f"{fields.where}, type", expected, kind, remedy))
    cuba: CubaNeuron = fields.build(
        CubaNeuron,
        current_decay=fields.value("iDecay"),
        voltage_decay=fields.value("vDecay"),
        threshold=fields.value("vThMant"),
    )
    return cuba


def _resonator(layer: Fields) -> RfNeuron:
    fields = layer.inside("neuron")
    kind = fields.text("type")
    fields.require_zero(*UNUSED_IF_ZERO)
    if kind not in RESONATORS:
        remedy = "Complex weights need resonate-and-fire neurons."
        expected = " or ".join(RESONATORS)
        raise FileFormatError(message(f"{fields.where}, type", expected, kind, remedy))
    neuron: RfNeuron = fields.build(
        RfNeuron,
        sin_decay=fields.value("sinDecay"),
        cos_decay=fields.value("cosDecay"),
        threshold=fields.value("vThMant"),
        phase=kind == "RF_PHASE",
    )
    return neuron

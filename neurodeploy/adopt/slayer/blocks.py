"""One block of SLAYER as a layer of netx, by its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from neurodeploy.adopt.slayer import neurons
from neurodeploy.adopt.slayer.ends import (
    read_affine,
    read_average,
    read_flatten,
    read_input,
    read_output,
)
from neurodeploy.adopt.slayer.norms import norm_of, own_bias, with_norm
from neurodeploy.adopt.slayer.notes import Notes
from neurodeploy.adopt.slayer.parts import (
    Read,
    Shape,
    block_norm,
    kind_of,
    note_later,
    require_cuba,
    require_real,
)
from neurodeploy.adopt.slayer.synapses import recurrent_weights, whole_weights
from neurodeploy.errors import NetworkError, message
from neurodeploy.netx.layers import ComplexDense, Conv, Dense, Layer
from neurodeploy.netx.units import DECAY_SCALE


def read_block(block: Any, shape: Shape, notes: Notes) -> Read:
    """Make the layer of a block.

    Parameters
    ----------
    block : module
        A block of ``lava.lib.dl.slayer.block``, or a subclass.
    shape : tuple of int
        Features that reach it.
    notes : Notes
        Takes what is worth knowing of it.

    Raises
    ------
    NetworkError
        netx has nothing that does what the block does; the message says why.
    """
    kind = kind_of(block)
    if kind not in READERS:
        reason, remedy = REFUSED.get(kind, ("is not a block of SLAYER that netx knows", ""))
        raise NetworkError(message("block", ", ".join(READERS), f"{kind}, which {reason}", remedy))
    _require_neuron(block)
    forward = type(block).forward
    if not forward.__module__.startswith("lava.lib.dl.slayer."):
        notes.say(
            "own-forward",
            "block",
            f"{type(block).__name__} has a forward of its own, which is not looked into",
            "Compare the module with the network on your data",
        )
    return READERS[kind](block, shape, notes)


def _require_neuron(block: Any) -> None:
    neuron = getattr(block, "neuron", None)
    kind = None if neuron is None else neurons.kind_of(neuron)
    if kind not in (None, "cuba", "sigma_delta", "rf", "rf_iz"):
        remedy = "Train with cuba, sigma_delta, rf or rf_iz blocks."
        found = f"{kind}, whose threshold or decay adapts"
        raise NetworkError(message("neuron", "a neuron that netx has", found, remedy))


def _dense(block: Any, shape: Shape, notes: Notes) -> Read:
    scale = block.neuron.w_scale
    if getattr(block.synapse, "complex", False):
        return _resonating(block, shape, notes)
    weight = whole_weights(block.synapse, scale, notes, block.mask)[..., 0]
    neuron = neurons.real_neuron(block.neuron, notes)
    if len(shape) == 3 and weight.shape[2:] == (1, 1) and shape[1:] != (1, 1):
        # SLAYER's dense synapse slides over an image that was not flattened.
        return _sent(block, Conv(weight=weight, neuron=neuron), shape, notes)
    layer = Dense(weight=weight.reshape(len(weight), -1), neuron=neuron)
    return _sent(block, layer, shape, notes)


def _resonating(block: Any, shape: Shape, notes: Notes) -> Read:
    neuron, scale = block.neuron, block.neuron.w_scale
    parts = []
    for name in ("real", "imag"):
        norm = norm_of(getattr(neuron, f"{name}_norm"), scale)
        weight = whole_weights(getattr(block.synapse, name), scale, notes, block.mask)
        weight = weight.reshape(len(weight), -1)
        if norm.bias.any():
            remedy = "netx's resonators have no bias; train without a norm."
            raise NetworkError(message(f"{name}_norm", "no mean", "one", remedy))
        if norm.exponent:
            weight = _scaled_resonance(weight, norm.exponent, f"{name}_norm")
        parts.append(weight)
    layer = ComplexDense(
        real_weight=parts[0], imaginary_weight=parts[1], neuron=neurons.resonator(neuron, notes)
    )
    return _sent(block, layer, shape, notes)


def _scaled_resonance(weight: np.ndarray, exponent: int, where: str) -> np.ndarray:
    scaled = weight * 2.0**-exponent
    if (scaled != np.rint(scaled)).any() or scaled.min() < -256 or scaled.max() > 254:
        remedy = "The weights cannot take its scale; train without a norm."
        raise NetworkError(message(where, "no scale", f"2**{exponent}", remedy))
    return scaled.astype(np.int64)


def _recurrent(block: Any, shape: Shape, notes: Notes) -> Read:
    require_cuba(block)
    scale = block.neuron.w_scale
    weight = whole_weights(block.input_synapse, scale, notes)
    back = recurrent_weights(block.recurrent_synapse, scale, notes)
    norm = block_norm(block)
    neuron = neurons.cuba(block.neuron, notes)
    if not norm.does_nothing and not np.all(np.asarray(neuron.current_decay) == DECAY_SCALE):
        remedy = "SLAYER's recurrent blocks keep the current after the norm; leave the norm out."
        raise NetworkError(message("norm of a recurrent block", "none", "one", remedy))
    layer = Dense(
        weight=weight.reshape(len(weight), -1),
        neuron=neuron,
        recurrent_weight=back.reshape(len(back), -1),
    )
    notes.say(
        "persistent-state",
        "neuron",
        "the module keeps the states of its recurrent neurons from one call to the next of the "
        "same batch size; the network starts every sample from rest",
        "Compare with a module that was just made and loaded",
    )
    return _sent(block, with_norm(layer, norm, notes), shape, notes)


def _conv(block: Any, shape: Shape, notes: Notes) -> Read:
    require_real(block)
    synapse, neuron = block.synapse, block.neuron
    layer = Conv(
        weight=whole_weights(synapse, neuron.w_scale, notes)[..., 0],
        neuron=neurons.real_neuron(block.neuron, notes),
        stride=synapse.stride[:2],
        padding=synapse.padding[:2],
        dilation=synapse.dilation[:2],
        groups=synapse.groups,
    )
    for name in layer.neuron.decays:
        if np.ndim(getattr(layer.neuron, name)):
            notes.say(
                "decay-axis",
                f"neuron/{name}",
                "decays of channels run along the channels, as on a GPU; on a CPU the module "
                "lays them along the width",
                "Compare with the module on a GPU",
            )
    return _sent(block, layer, shape, notes)


def _pool(block: Any, shape: Shape, notes: Notes) -> Read:
    """As a convolution of each channel by itself; SLAYER lays channels below each other."""
    require_real(block)
    synapse = block.synapse
    kernel, stride = tuple(synapse.kernel_size[:2]), tuple(synapse.stride[:2])
    simple = (*synapse.padding[:2], *(each - 1 for each in synapse.dilation[:2])) == (0, 0, 0, 0)
    if kernel != stride or not simple:
        found = (
            f"kernel {kernel}, stride {stride}, padding {tuple(synapse.padding[:2])}, dilation "
            f"{tuple(synapse.dilation[:2])}"
        )
        remedy = "SLAYER's other pools mix channels; use a convolution."
        expected = "kernel = stride, no padding, no dilation"
        raise NetworkError(message("pool", expected, found, remedy))
    if len(shape) != 3 or shape[1] % kernel[0] or shape[2] % kernel[1]:
        remedy = (
            "SLAYER pads below and to the right, which no convolution of netx does; pad the "
            "input, or choose sizes that divide."
        )
        expected = f"height and width that kernel {kernel} divides"
        raise NetworkError(message("input of the pool", expected, shape, remedy))
    weight = whole_weights(synapse, block.neuron.w_scale, notes)[..., 0]
    layer = Conv(
        weight=np.repeat(weight, shape[0], axis=0),
        neuron=neurons.real_neuron(block.neuron, notes),
        stride=stride,
        groups=shape[0],
    )
    return _sent(block, layer, shape, notes)


def _sent(block: Any, layer: Layer, shape: Shape, notes: Notes) -> Read:
    """With what stands behind the neurons of a block: a step, and delays."""
    if isinstance(layer, Dense | Conv) and layer.recurrent_weight is None:
        layer = with_norm(layer, block_norm(block), notes, own_bias(block, len(layer.weight)))
    late_steps = 0 if block.delay_shift else 1
    if late_steps:
        note_later(notes)
    delay = None
    if block.delay is not None:
        if not block.delay.init:
            remedy = "Run the module once, or load its trained weights."
            expected = "delays that the module has drawn"
            raise NetworkError(message("delay", expected, "none yet", remedy))
        steps = block.delay.delay.detach().cpu().numpy() / block.delay.sampling_time
        delay = np.clip(steps, 0, block.delay.max_delay).astype(np.int64)
    return Read(layer=layer, shape=layer.output_shape(shape), late_steps=late_steps, delay=delay)


READERS: Mapping[str, Callable[[Any, Shape, Notes], Read]] = {
    "Input": read_input,
    "Flatten": read_flatten,
    "Average": read_average,
    "Affine": read_affine,
    "Dense": _dense,
    "Recurrent": _recurrent,
    "Conv": _conv,
    "Pool": _pool,
    "Output": read_output,
}
"""What reads each kind of block."""

REFUSED: Mapping[str, tuple[str, str]] = {
    "ConvT": ("spreads spikes out, as no layer of netx does", "Use a convolution."),
    "Unpool": ("spreads spikes out, as no layer of netx does", "Use a convolution."),
    "KWTA": (
        "scales its neurons by each other, which its export leaves out",
        "Use a recurrent one.",
    ),
    "TimeDecimation": ("changes the length of time", "Bin the input instead."),
}
"""Why the others cannot be read, and what to do."""

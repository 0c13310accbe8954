"""Blocks at the ends of a network: what a signal enters by, and what is read of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from neurodeploy.adopt.slayer import neurons
from neurodeploy.adopt.slayer.norms import Norm, with_norm
from neurodeploy.adopt.slayer.notes import Notes
from neurodeploy.adopt.slayer.parts import (
    Read,
    Shape,
    block_norm,
    note_earlier,
    note_later,
    require_cuba,
)
from neurodeploy.adopt.slayer.synapses import whole_weights
from neurodeploy.errors import NetworkError, message
from neurodeploy.netx.layers import Dense, NeuronInput


def read_input(block: Any, shape: Shape, notes: Notes) -> Read:
    """A signal, at neurons or not."""
    if block.neuron is None:
        return Read(layer=None, shape=shape)  # SLAYER 0.6.0 cannot run one with a step
    kind = neurons.kind_of(block.neuron)
    if kind not in ("cuba", "sigma_delta"):
        remedy = "netx's input has one real signal; let a dense block read it."
        raise NetworkError(message("neuron of an input block", "cuba or sigma_delta", kind, remedy))
    if kind == "cuba" and not block_norm(block).does_nothing:
        remedy = "netx's input has one bias, before the current; leave the norm out."
        raise NetworkError(message("norm of an input block", "none", "one", remedy))
    weight, bias = (_input_value(block, name) for name in ("weight", "bias"))
    weight = block.neuron.w_scale if weight is None else weight
    rest = f", and netx drops the fraction of {weight} times it" if weight % 32 else ""
    notes.say(
        "rounded-signal",
        "input",
        f"SLAYER rounds the signal to steps of 2/{block.neuron.w_scale}, within "
        f"{-256 / block.neuron.w_scale:g} to {254 / block.neuron.w_scale:g}{rest}",
        "Give the network the rounded signal: `block.pre_hook_fx(signal)`",
    )
    make = neurons.cuba if kind == "cuba" else neurons.sigma_delta
    layer = NeuronInput(
        neuron=make(block.neuron, notes), weight=weight, bias=0 if bias is None else bias
    )
    late_steps = -1 if kind == "cuba" and block.delay_shift else 0
    if late_steps:
        note_earlier(notes)
    return Read(layer=layer, shape=shape, late_steps=late_steps)


def _input_value(block: Any, name: str) -> int | None:
    value = getattr(block, name)
    if value is None:
        return None
    return round(float(block.pre_hook_fx(value.detach())) * block.neuron.w_scale)


def read_flatten(block: Any, shape: Shape, notes: Notes) -> Read:
    """Features as one vector."""
    return Read(layer=None, shape=(math.prod(shape),))


def read_average(block: Any, shape: Shape, notes: Notes) -> Read:
    """Left to the host."""
    notes.say(
        "host-average",
        "block",
        f"no chip averages; the network ends with the {math.prod(shape)} neurons before it",
        f"Average on the host: spikes.reshape(sample, {block.num_outputs}, -1, time).mean(2)",
    )
    return Read(layer=None, shape=(block.num_outputs,))


def read_affine(block: Any, shape: Shape, notes: Notes) -> Read:
    """A voltage, or a weighted sum, that is read."""
    require_cuba(block)
    weight = whole_weights(block.synapse, block.neuron.w_scale, notes, block.mask)
    neuron = neurons.integrator(block.neuron, block.dynamics, notes)
    layer = Dense(weight=weight.reshape(len(weight), -1), neuron=neuron)
    norm = block_norm(block) if block.dynamics else Norm(bias=np.zeros(1, np.int64))
    if norm.exponent:
        remedy = "Use slayer.neuron.norm.MeanOnlyBatchNorm before a voltage that is read."
        raise NetworkError(message("norm of an affine block", "no scale", norm.exponent, remedy))
    scale = block.neuron.s_scale
    notes.say(
        "voltage-output",
        "neuron",
        f"the block sends its voltage; the layer keeps {scale} times that, and no spike comes",
        "Read it: `nd.open_engine('native', network).probe(spikes, [layer])[layer]['voltage']`",
    )
    note_later(notes)
    return Read(layer=with_norm(layer, norm, notes), shape=(len(weight),), late_steps=1)


def read_output(block: Any, shape: Shape, notes: Notes) -> Read:
    """Sums of sigma-delta neurons."""
    weight = whole_weights(block.synapse, block.neuron.w_scale, notes)
    neuron = neurons.sigma_delta(block.neuron, notes, sigma_output=True)
    layer = Dense(weight=weight.reshape(len(weight), -1), neuron=neuron)
    note_later(notes)
    return Read(layer=layer, shape=(len(weight),), late_steps=1)
